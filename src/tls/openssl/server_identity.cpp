#include "tls/openssl/server_identity.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>

#include "log/logger.h"
#include "tls/openssl/error.h"
#include "tls/server_file.h"
#include "tls/server_name.h"

namespace marmoset::tls::openssl {

namespace {

constexpr int kLongestChain = 8;

// Nobody sits at a server to type a password.
int no_password(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

OwnedKey parse_key(const std::string& content, bool& encrypted) {
    const OwnedBio bio = bio_of(content);
    ERR_clear_error();
    return OwnedKey(is_pem(content) ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, &encrypted)
                                    : d2i_PrivateKey_bio(bio.get(), nullptr));
}

bool is_self_issued(const X509* certificate) {
    return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
}

bool same(const ASN1_STRING* string, const unsigned char* data, unsigned size) {
    return static_cast<unsigned>(ASN1_STRING_length(string)) == size &&
           std::memcmp(ASN1_STRING_get0_data(string), data, size) == 0;
}

std::string text_of(const ASN1_STRING* string) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
            static_cast<size_t>(ASN1_STRING_length(string))};
}

}  // namespace

Result<void> parse_certificates(const std::string& file, STACK_OF(X509) * into) {
    const auto content = read_server_file(file);
    if (!content) return content.error();
    const OwnedBio bio = bio_of(*content);
    ERR_clear_error();
    int count = 0;
    if (!is_pem(*content)) {
        X509* const certificate = d2i_X509_bio(bio.get(), nullptr);
        if (certificate) {
            sk_X509_push(into, certificate);
            ++count;
        }
    }
    while (is_pem(*content)) {
        X509* const certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
        if (!certificate) break;
        sk_X509_push(into, certificate);
        ++count;
    }
    const unsigned long error = ERR_peek_last_error();
    const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    if (is_pem(*content) && error != 0 && !at_end) return Error{file + ": " + take_error()};
    ERR_clear_error();
    if (count == 0) return Error{file + ": no certificate in it"};
    return {};
}

bool ServerIdentity::load(const ServerOptions::KeyPair& pair, OptionFault& fault) {
    chain_.reset(sk_X509_new_null());
    if (auto parsed = parse_certificates(pair.certificate_file, chain_.get()); !parsed) {
        fault = {"crtfile", parsed.error().text};
        return false;
    }
    certificate_.reset(sk_X509_shift(chain_.get()));
    auto content = read_server_file(pair.key_file);
    if (!content) {
        fault = {"keyfile", content.error().text};
        return false;
    }
    bool encrypted = false;
    key_ = parse_key(*content, encrypted);
    OPENSSL_cleanse(content->data(), content->size());
    if (!key_) {
        const unsigned long error = ERR_peek_last_error();
        const bool none = !is_pem(*content) || ERR_GET_REASON(error) == PEM_R_NO_START_LINE || error == 0;
        fault = {"keyfile", pair.key_file + ": " +
                                (encrypted ? "the key is encrypted; a server needs one without a password"
                                 : none    ? "no private key in it"
                                           : take_error())};
        ERR_clear_error();
        return false;
    }
    if (X509_check_private_key(certificate_.get(), key_.get()) != 1) {
        ERR_clear_error();
        fault = {"keyfile",
                 pair.key_file + ": the key does not belong to the certificate " + pair.certificate_file};
        return false;
    }
    if (X509_cmp_current_time(X509_get0_notAfter(certificate_.get())) < 0)
        log::warning("{}: the certificate has expired", pair.certificate_file);
    if (X509_cmp_current_time(X509_get0_notBefore(certificate_.get())) > 0)
        log::warning("{}: the certificate is not valid yet", pair.certificate_file);
    read_names();
    return true;
}

// RFC 6125 6.4.4: the common name counts where there is no name of the proper kind.
void ServerIdentity::read_names() {
    auto* const names = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate_.get(), NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS) names_.push_back(text_of(name->d.dNSName));
    }
    GENERAL_NAMES_free(names);
    const X509_NAME* const subject = X509_get_subject_name(certificate_.get());
    for (int i = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); names_.empty() && i >= 0; i = -1)
        names_.push_back(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i))));
}

void ServerIdentity::complete(const STACK_OF(X509) * authorities) {
    for (int length = 0; length < kLongestChain; ++length) {
        const int count = sk_X509_num(chain_.get());
        const X509* const last = count > 0 ? sk_X509_value(chain_.get(), count - 1) : certificate_.get();
        if (is_self_issued(last)) return;
        X509* issuer = nullptr;
        for (int i = 0; i < sk_X509_num(authorities) && !issuer; ++i) {
            X509* const each = sk_X509_value(authorities, i);
            if (X509_NAME_cmp(X509_get_subject_name(each), X509_get_issuer_name(last)) == 0) issuer = each;
        }
        if (!issuer || is_self_issued(issuer)) return;
        X509_up_ref(issuer);
        sk_X509_push(chain_.get(), issuer);
    }
}

bool ServerIdentity::serves(std::string_view name) const {
    return std::any_of(names_.begin(), names_.end(),
                       [name](const std::string& own) { return server_name_matches(own, name); });
}

// RFC 6960 4.1.1: numbers are an issuer's own, so they mean nothing without it.
bool ServerIdentity::is_about(OCSP_CERTID* id, const STACK_OF(X509) * authorities) const {
    ASN1_OCTET_STRING* name_hash = nullptr;
    ASN1_OCTET_STRING* key_hash = nullptr;
    ASN1_OBJECT* algorithm = nullptr;
    ASN1_INTEGER* serial = nullptr;
    OCSP_id_get0_info(&name_hash, &algorithm, &key_hash, &serial, id);
    const EVP_MD* const digest = EVP_get_digestbyobj(algorithm);
    if (!digest || ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate_.get())) != 0) return false;
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    const X509_NAME* const name = X509_get_issuer_name(certificate_.get());
    if (X509_NAME_digest(name, digest, hash, &size) != 1 || !same(name_hash, hash, size)) return false;
    bool known = false;
    for (const STACK_OF(X509) * stack : {static_cast<const STACK_OF(X509)*>(chain_.get()), authorities}) {
        for (int i = 0; i < sk_X509_num(stack); ++i) {
            const X509* const issuer = sk_X509_value(stack, i);
            if (X509_NAME_cmp(X509_get_subject_name(issuer), name) != 0) continue;
            if (X509_pubkey_digest(issuer, digest, hash, &size) == 1 && same(key_hash, hash, size))
                return true;
            known = true;
        }
    }
    return !known;
}

bool ServerIdentity::staple(const OCSP_BASICRESP* response, std::string_view der,
                            const STACK_OF(X509) * authorities) {
    auto* const basic = const_cast<OCSP_BASICRESP*>(response);
    for (int i = 0; i < OCSP_resp_count(basic); ++i) {
        auto* const id = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(OCSP_resp_get0(basic, i)));
        if (!is_about(id, authorities)) continue;
        stapled_ = der;
        return true;
    }
    return false;
}

}  // namespace marmoset::tls::openssl
