#include "tls/mbedtls/server_identity.h"

#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/version.h>

#include <algorithm>
#include <cstring>

#include "log/logger.h"
#include "tls/mbedtls/error.h"
#include "tls/mbedtls/random.h"
#include "tls/server_file.h"
#include "tls/server_name.h"

namespace marmoset::tls::mbedtls {

namespace {

constexpr int kDnsNameTag = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2;  // RFC 5280 4.2.1.6
constexpr int kLongestChain = 8;

bool same(const mbedtls_x509_buf& one, const mbedtls_x509_buf& other) {
    return one.len == other.len && std::memcmp(one.p, other.p, one.len) == 0;
}

// mbedTLS wants the NUL behind PEM counted.
size_t parsed_size(const std::string& content) {
    return content.size() + (is_pem(content) ? 1 : 0);
}

int parse_key(mbedtls_pk_context& key, const std::string& content) {
    const auto* data = reinterpret_cast<const unsigned char*>(content.c_str());
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_parse_key(&key, data, parsed_size(content), nullptr, 0, random_bytes, nullptr);
#else
    return mbedtls_pk_parse_key(&key, data, parsed_size(content), nullptr, 0);
#endif
}

int check_pair(const mbedtls_pk_context& certificate, const mbedtls_pk_context& key) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    return mbedtls_pk_check_pair(&certificate, &key, random_bytes, nullptr);
#else
    return mbedtls_pk_check_pair(&certificate, &key);
#endif
}

}  // namespace

Result<void> parse_certificates(const std::string& file, mbedtls_x509_crt& into) {
    const auto content = read_server_file(file);
    if (!content) return content.error();
    const int status = mbedtls_x509_crt_parse(&into, reinterpret_cast<const unsigned char*>(content->c_str()),
                                              parsed_size(*content));
    if (status == MBEDTLS_ERR_PEM_NO_HEADER_FOOTER_PRESENT || into.version == 0)
        return Error{file + ": no certificate in it"};
    if (status < 0) return Error{file + ": " + error_text(status)};
    if (status > 0) return Error{file + ": " + std::to_string(status) + " certificates are malformed"};
    return {};
}

ServerIdentity::ServerIdentity() {
    mbedtls_x509_crt_init(&chain_);
    mbedtls_pk_init(&key_);
}

ServerIdentity::~ServerIdentity() {
    mbedtls_x509_crt_free(&chain_);
    mbedtls_pk_free(&key_);
}

bool ServerIdentity::load(const ServerOptions::KeyPair& pair, OptionFault& fault) {
    if (auto parsed = parse_certificates(pair.certificate_file, chain_); !parsed) {
        fault = {"crtfile", parsed.error().text};
        return false;
    }
    auto content = read_server_file(pair.key_file);
    if (!content) {
        fault = {"keyfile", content.error().text};
        return false;
    }
    int status = parse_key(key_, *content);
    explicit_bzero(content->data(), content->size());
    if (status != 0) {
        const bool encrypted = status == MBEDTLS_ERR_PK_PASSWORD_REQUIRED;
        const bool none = status == MBEDTLS_ERR_PK_KEY_INVALID_FORMAT;
        fault = {"keyfile", pair.key_file + ": " +
                                (encrypted ? "the key is encrypted; a server needs one without a password"
                                 : none    ? "no private key in it"
                                           : error_text(status))};
        return false;
    }
    status = check_pair(chain_.pk, key_);
    if (status != 0) {
        fault = {"keyfile",
                 pair.key_file + ": the key does not belong to the certificate " + pair.certificate_file};
        return false;
    }
    if (mbedtls_x509_time_is_past(&chain_.valid_to) != 0)
        log::warning("{}: the certificate has expired", pair.certificate_file);
    if (mbedtls_x509_time_is_future(&chain_.valid_from) != 0)
        log::warning("{}: the certificate is not valid yet", pair.certificate_file);
    read_names();
    return true;
}

// RFC 6125 6.4.4: the common name counts where there is no name of the proper kind.
void ServerIdentity::read_names() {
    for (const mbedtls_x509_sequence* name = &chain_.subject_alt_names; name && name->buf.p;
         name = name->next) {
        if ((name->buf.tag & (MBEDTLS_ASN1_TAG_CLASS_MASK | MBEDTLS_ASN1_TAG_VALUE_MASK)) == kDnsNameTag)
            names_.emplace_back(reinterpret_cast<const char*>(name->buf.p), name->buf.len);
    }
    for (const mbedtls_x509_name* part = &chain_.subject; names_.empty() && part; part = part->next) {
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &part->oid) == 0)
            names_.emplace_back(reinterpret_cast<const char*>(part->val.p), part->val.len);
    }
}

void ServerIdentity::complete(const mbedtls_x509_crt& authorities) {
    mbedtls_x509_crt* last = &chain_;
    while (last->next)
        last = last->next;
    for (int length = 0; length < kLongestChain; ++length) {
        if (same(last->issuer_raw, last->subject_raw)) return;
        const mbedtls_x509_crt* issuer = &authorities;
        while (issuer && !(issuer->raw.p && same(issuer->subject_raw, last->issuer_raw)))
            issuer = issuer->next;
        if (!issuer || same(issuer->issuer_raw, issuer->subject_raw)) return;
        if (mbedtls_x509_crt_parse_der(&chain_, issuer->raw.p, issuer->raw.len) != 0) return;
        last = last->next;
    }
}

bool ServerIdentity::serves(std::string_view name) const {
    return std::any_of(names_.begin(), names_.end(),
                       [name](const std::string& own) { return server_name_matches(own, name); });
}

}  // namespace marmoset::tls::mbedtls
