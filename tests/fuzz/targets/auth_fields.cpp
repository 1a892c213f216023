// Authorization and WWW-Authenticate. In: a field's value. What is taken means the same when it is written
// again, alone or in a list; Basic, Digest and ext-values hold what their grammars say, and go the way back.
#include <algorithm>

#include "auth/auth_params.h"
#include "auth/digest_access.h"
#include "base/base32.h"
#include "base/base64.h"
#include "base/text.h"
#include "base/utf8_sequence.h"
#include "tests/fuzz/support/fuzz.h"

namespace marmoset::fuzz {
namespace {

using auth::AuthParam;
using auth::AuthScheme;

/// What a scheme means: names without case, values however they were quoted.
std::string meaning(const AuthScheme& scheme) {
    std::string text = scheme.scheme + " <" + scheme.token68 + ">";
    for (const AuthParam& param : scheme.params)
        text += "\n" + param.name + "=" + std::to_string(param.value.size()) + ":" + param.value;
    return text;
}

std::string written(const AuthScheme& scheme) {
    if (scheme.params.empty()) return scheme.scheme + (scheme.token68.empty() ? "" : " " + scheme.token68);
    auth::AuthSchemeWriter writer(scheme.scheme);
    for (const AuthParam& param : scheme.params)
        writer.quoted(param.name, param.value);
    return writer.take();
}

void check_parts(const AuthScheme& scheme) {
    require(is_token(scheme.scheme), "a scheme is a token");
    require(scheme.token68.empty() || scheme.params.empty(), "a token or parameters, not both");
    require(scheme.params.size() <= auth::kMostAuthParams, "the number of parameters");
    for (size_t i = 0; i < scheme.params.size(); ++i) {
        const AuthParam& param = scheme.params[i];
        require(is_token(param.name), "a parameter's name is a token");
        require(param.quoted || is_token(param.value), "an unquoted value is a token");
        require(param.value.find_first_of("\r\n") == std::string::npos, "no value has a line end");
        require(scheme.find(param.name) == &param.value, "a name stands once");
    }
}

/// A tab may stand in a quoted string, and the writer leaves it out.
bool has_tab(const AuthScheme& scheme) {
    return std::any_of(scheme.params.begin(), scheme.params.end(),
                       [](const AuthParam& param) { return param.value.find('\t') != std::string::npos; });
}

void check_basic(const AuthScheme& scheme) {
    const auto basic = auth::parse_basic(scheme);
    if (!basic) return;
    require(basic->user.find(':') == std::string::npos, "a user has no colon");
    require(is_utf8_without_controls(basic->user + basic->password), "Basic credentials are text");
    std::string token = base64_encode(as_bytes(basic->user + ":" + basic->password));
    std::string given = scheme.token68;
    for (std::string* text : {&token, &given})
        text->erase(std::min(text->find('='), text->size()));
    require_equal(token, given, "Basic credentials, encoded again");
}

void check_digest(const AuthScheme& scheme) {
    const auto parsed = auth::parse_digest_credentials(scheme);
    if (!parsed) return;
    require(parsed->nonce_count > 0, "counts begin with 1");
    require(parsed->response.size() == digest_size(parsed->algorithm) * 2, "the response's size");
    const std::string ha1 = digest(parsed->algorithm, {"user:realm:password"});
    auth::DigestCredentials right = *parsed;
    right.response = auth::digest_response(right, "GET", ha1);
    require(auth::verify_digest_response(right, "GET", ha1), "the right response");
    require(parsed->response == right.response || !auth::verify_digest_response(*parsed, "GET", ha1),
            "another response");
    require(!auth::verify_digest_response(right, "HEAD", ha1), "another method");
    auth::DigestCredentials other = right;
    other.uri += "x";
    require(!auth::verify_digest_response(other, "GET", ha1), "another target");
    other = right;
    other.nonce += "x";
    require(!auth::verify_digest_response(other, "GET", ha1), "another nonce");
}

void check_field(std::string_view text) {
    const auto credentials = auth::parse_credentials(text);
    const auto challenges = auth::parse_challenges(text);
    if (challenges) {
        for (const AuthScheme& scheme : *challenges)
            check_parts(scheme);
    }
    if (!credentials) return;
    check_parts(*credentials);
    check_basic(*credentials);
    check_digest(*credentials);
    require(challenges && challenges->size() == 1, "credentials are a list of one");
    require_equal(meaning(*credentials), meaning(challenges->front()), "credentials as a list of one");
    if (has_tab(*credentials)) return;
    const std::string again = written(*credentials);
    const auto read = auth::parse_credentials(again);
    require(static_cast<bool>(read), "credentials as we write them");
    require_equal(meaning(*credentials), meaning(*read), "credentials, written and read again");
    const auto both = auth::parse_challenges(again + ", Next a=b,, " + again);
    require(both && both->size() == 3, "a list of three");
    require_equal(meaning(*read), meaning(both->at(0)), "the first of three");
    require_equal(meaning(*read), meaning(both->at(2)), "the last of three");
}

void check_codes(std::string_view text) {
    require(base64_decode(base64_encode(as_bytes(text))) == text, "base64 there and back");
    require(base64url_decode(base64url_encode(as_bytes(text))) == text, "base64url there and back");
    require(base32_decode(base32_encode(as_bytes(text))) == text, "base32 there and back");
    if (const auto data = base64_decode(text))
        require_equal(text, base64_encode(as_bytes(*data)), "one text a content");
    if (const auto data = base64url_decode(text))
        require_equal(text, base64url_encode(as_bytes(*data)), "one text a content");
    if (const auto data = base32_decode(text))
        require(base32_decode(base32_encode(as_bytes(*data))) == data, "base32 again");
    const auto back = auth::decode_ext_value(auth::encode_ext_value(text));
    require(back.has_value() == is_utf8_without_controls(text), "an ext-value holds text");
    require(!back || *back == text, "an ext-value there and back");
    if (const auto value = auth::decode_ext_value(text)) {
        require(is_utf8_without_controls(*value), "a decoded ext-value is text");
        require(auth::decode_ext_value(auth::encode_ext_value(*value)) == value, "an ext-value again");
    }
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    const auto bytes = exact({data, size});
    check_field(as_text(bytes));
    check_codes(as_text(bytes));
    return 0;
}
