#include "auth/digest_access.h"

#include <algorithm>

#include "base/hex.h"
#include "base/text.h"

namespace marmoset::auth {

namespace {

struct KnownAlgorithm {
    DigestAlgorithm algorithm;
    std::string_view name;
};
constexpr KnownAlgorithm kAlgorithms[] = {
    {DigestAlgorithm::Md5, "MD5"},
    {DigestAlgorithm::Sha256, "SHA-256"},
    {DigestAlgorithm::Sha512_256, "SHA-512-256"},
    {DigestAlgorithm::Sha512, "SHA-512"},
};

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), to_lower);
    return result;
}

bool is_hex(std::string_view text, size_t size) {
    return text.size() == size &&
           std::all_of(text.begin(), text.end(), [](char c) { return hex_value(c) >= 0; });
}

std::string hex_digest(DigestAlgorithm algorithm, std::initializer_list<std::string_view> parts) {
    return hex_encode(digest(algorithm, parts));
}

Error refused(const char* why) {
    return Error{why};
}

// RFC 7616 3.4.4 and 3.4: username, or username* for what is no ASCII, but not both, and no username* with a
// hash.
Result<void> read_name(const AuthScheme& field, DigestCredentials& out) {
    const std::string* plain = field.find("username");
    const std::string* extended = field.find("username*");
    const std::string* hashed = field.find("userhash");
    if ((plain != nullptr) == (extended != nullptr))
        return refused("Digest needs one of username and username*");
    if (hashed && !equal_caseless(*hashed, "true") && !equal_caseless(*hashed, "false"))
        return refused("userhash is true or false");
    out.userhash = hashed && equal_caseless(*hashed, "true");
    if (plain) {
        out.username = out.userhash ? lower(*plain) : *plain;
    } else {
        const auto name = decode_ext_value(*extended);
        if (!name || out.userhash) return refused("username* is UTF-8 in percent-encoding, and no hash");
        out.username = *name;
    }
    if (out.userhash && !is_hex(out.username, digest_size(out.algorithm) * 2))
        return refused("with userhash the username is a hash in hex");
    return {};
}

Result<void> take(const AuthScheme& field, const char* name, std::string& out) {
    const std::string* value = field.find(name);
    if (!value) return Error{std::string("Digest needs ") + name};
    out = *value;
    return {};
}

// RFC 7616 3.4.3 A2 = method ":" uri for qop=auth; in the server's own proof the method is empty (3.5).
std::string response_of(const DigestCredentials& credentials, std::string_view method, std::string_view ha1) {
    const DigestAlgorithm algorithm = credentials.algorithm;
    std::string first = hex_encode(ha1);
    if (credentials.session)
        first = hex_digest(algorithm, {first, ":", credentials.nonce, ":", credentials.cnonce});
    const std::string second = hex_digest(algorithm, {method, ":", credentials.uri});
    return hex_digest(algorithm, {first, ":", credentials.nonce, ":", credentials.nc, ":", credentials.cnonce,
                                  ":auth:", second});
}

}  // namespace

std::string digest_algorithm_name(DigestAlgorithm algorithm, bool session) {
    for (const KnownAlgorithm& known : kAlgorithms) {
        if (known.algorithm == algorithm) return std::string(known.name) + (session ? "-sess" : "");
    }
    return {};
}

std::optional<DigestAlgorithmName> parse_digest_algorithm(std::string_view name) {
    constexpr std::string_view kSession = "-sess";
    const bool session =
        name.size() > kSession.size() && equal_caseless(name.substr(name.size() - kSession.size()), kSession);
    if (session) name.remove_suffix(kSession.size());
    for (const KnownAlgorithm& known : kAlgorithms) {
        if (equal_caseless(name, known.name)) return DigestAlgorithmName{known.algorithm, session};
    }
    return std::nullopt;
}

std::string format_digest_challenge(const DigestChallenge& challenge) {
    AuthSchemeWriter writer("Digest");
    writer.quoted("realm", challenge.realm);
    if (!challenge.domain.empty()) writer.quoted("domain", challenge.domain);
    writer.quoted("qop", "auth");
    writer.token("algorithm", digest_algorithm_name(challenge.algorithm, challenge.session));
    writer.quoted("nonce", challenge.nonce);
    if (!challenge.opaque.empty()) writer.quoted("opaque", challenge.opaque);
    if (challenge.stale) writer.token("stale", "true");
    writer.token("charset", "UTF-8");
    if (challenge.userhash) writer.token("userhash", "true");
    return writer.take();
}

Result<DigestCredentials> parse_digest_credentials(const AuthScheme& field) {
    if (!field.is("Digest")) return refused("no Digest credentials");
    DigestCredentials out;
    if (const std::string* name = field.find("algorithm")) {
        const auto known = parse_digest_algorithm(*name);
        if (!known) return refused("the algorithm is not one of ours");
        out.algorithm = known->algorithm;
        out.session = known->session;
    }
    const std::string* qop = field.find("qop");
    if (!qop) return refused("Digest without qop is not accepted: it does not protect from replay");
    if (equal_caseless(*qop, "auth-int")) return refused("qop=auth-int is not accepted, qop=auth is");
    if (*qop != "auth") return refused("qop is auth");
    if (auto name = read_name(field, out); !name) return name.error();
    for (const auto& [name, value] : {std::pair{"realm", &out.realm},
                                      {"nonce", &out.nonce},
                                      {"uri", &out.uri},
                                      {"response", &out.response},
                                      {"cnonce", &out.cnonce}}) {
        if (auto taken = take(field, name, *value); !taken) return taken.error();
    }
    if (const std::string* opaque = field.find("opaque")) out.opaque = *opaque;
    const std::string* count = field.find("nc");
    if (!count || !is_hex(*count, 8)) return refused("nc is eight hexadecimal digits");
    out.nc = *count;
    for (const char c : out.nc)
        out.nonce_count = out.nonce_count << 4 | static_cast<uint32_t>(hex_value(c));
    if (out.nonce_count == 0) return refused("nc counts from 1");
    if (!is_hex(out.response, digest_size(out.algorithm) * 2))
        return refused("the response is a hash in hex");
    out.response = lower(out.response);
    return out;
}

std::string digest_userhash(DigestAlgorithm algorithm, std::string_view user, std::string_view realm) {
    return hex_digest(algorithm, {user, ":", realm});
}

std::string digest_response(const DigestCredentials& credentials, std::string_view method,
                            std::string_view ha1) {
    return response_of(credentials, method, ha1);
}

bool verify_digest_response(const DigestCredentials& credentials, std::string_view method,
                            std::string_view ha1) {
    return equal_constant_time(response_of(credentials, method, ha1), credentials.response);
}

std::string digest_authentication_info(const DigestCredentials& credentials, std::string_view ha1,
                                       std::string_view next_nonce) {
    std::string info = "qop=auth, rspauth=\"" + response_of(credentials, {}, ha1) + "\"";
    AuthSchemeWriter rest("");
    rest.quoted("cnonce", credentials.cnonce);
    rest.token("nc", credentials.nc);
    if (!next_nonce.empty()) rest.quoted("nextnonce", next_nonce);
    return info + "," + rest.take();
}

}  // namespace marmoset::auth
