// JSON Web Tokens. In: a token as it comes; or, behind a first byte 'S', a header and a payload on two lines,
// which are signed rightly. A token is taken when a key of ours made its signature and the rules say so, and
// then only.
#include <jansson.h>

#include <algorithm>

#include "auth/json_web_token.h"
#include "base/base64.h"
#include "base/text.h"
#include "tests/fuzz/support/fuzz.h"
#include "tests/unit/auth/keys.h"

namespace marmoset::fuzz {
namespace {

using auth::TokenFault;

constexpr int64_t kNow = 1000000;
constexpr int64_t kLeeway = 60;
constexpr unsigned kDeepest = 8;

struct Keys {
    std::shared_ptr<const auth::TokenKey> shared =
        auth::TokenKey::shared_secret("a secret of thirty-two bytes now").take();
    auth::TokenKeySet set;

    Keys() {
        set = auth::TokenKeySet::parse(auth::test::kPublishedKeys).take();
        set.add(shared);
    }
};

auth::TokenRules rules() {
    auth::TokenRules rules;
    rules.now = kNow;
    rules.leeway = kLeeway;
    rules.issuer = "a+b";
    rules.audience = "us";
    return rules;
}

/// One JSON object, read by jansson alone.
class Reference {
  public:
    explicit Reference(std::string_view text) {
        json_error_t error;
        value_ = json_loadb(text.data(), text.size(), JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    }
    Reference(const Reference&) = delete;
    Reference& operator=(const Reference&) = delete;
    ~Reference() { json_decref(value_); }

    bool is_object() const { return json_is_object(value_) && depth(value_) <= kDeepest; }
    const json_t* get(const char* name) const { return json_object_get(value_, name); }
    /// Absent, null or a text without NUL.
    bool text(const char* name) const {
        const json_t* value = get(name);
        if (value == nullptr || json_is_null(value)) return true;
        return json_is_string(value) && string(value).find('\0') == std::string::npos;
    }
    static std::string string(const json_t* value) {
        return json_is_string(value) ? std::string(json_string_value(value), json_string_length(value))
                                     : std::string();
    }
    std::string string(const char* name) const { return string(get(name)); }
    /// A text or a list of them; `out` holds them.
    bool texts(const char* name, std::vector<std::string>& out) const {
        const json_t* value = get(name);
        if (value == nullptr || json_is_null(value)) return true;
        if (json_is_string(value)) return out.push_back(string(value)), true;
        for (size_t i = 0; i < json_array_size(value); ++i) {
            if (!json_is_string(json_array_get(value, i))) return false;
            out.push_back(string(json_array_get(value, i)));
        }
        return json_is_array(value) && out.size() <= 64;
    }
    bool date(const char* name, double& out) const {
        const json_t* value = get(name);
        out = json_number_value(value);
        return value == nullptr || (json_is_number(value) && out >= 1 && out <= 253402300800.0);
    }

  private:
    static unsigned depth(const json_t* value) {
        unsigned deepest = 0;
        const char* key = nullptr;
        json_t* member = nullptr;
        size_t index = 0;
        json_object_foreach(const_cast<json_t*>(value), key, member) deepest =
            std::max(deepest, depth(member));
        json_array_foreach(value, index, member) deepest = std::max(deepest, depth(member));
        return deepest + (json_is_object(value) || json_is_array(value) ? 1 : 0);
    }

    json_t* value_;
};

bool good_header(const Reference& header) {
    if (!header.is_object() || header.get("crit") != nullptr || header.string("alg") != "HS256") return false;
    if (!header.text("alg") || !header.text("kid") || !header.text("typ")) return false;
    const std::string type = header.string("typ");
    const std::string_view known[] = {"", "jwt", "at+jwt", "application/jwt", "application/at+jwt"};
    return std::any_of(std::begin(known), std::end(known),
                       [&](std::string_view one) { return equal_caseless(type, one); });
}

bool good_payload(const Reference& payload) {
    if (!payload.is_object()) return false;
    // Of the names the first that is there counts, and the others are not looked at.
    for (const char* name : {"user", "preferred_username", "name", "username"}) {
        if (!payload.text(name)) return false;
        if (!payload.string(name).empty()) break;
    }
    for (const char* name : {"home", "status", "iss", "sub", "jti", "nonce", "azp"}) {
        if (!payload.text(name)) return false;
    }
    std::vector<std::string> roles, audience;
    double expires = 0, not_before = 0, issued_at = 0;
    if (!payload.texts("roles", roles) || !payload.texts("aud", audience) || !payload.date("exp", expires) ||
        !payload.date("nbf", not_before) || !payload.date("iat", issued_at))
        return false;
    if (payload.get("exp") == nullptr || static_cast<int64_t>(expires) + kLeeway <= kNow) return false;
    if (payload.get("nbf") != nullptr && static_cast<int64_t>(not_before) - kLeeway > kNow) return false;
    const std::string issuer = "+" + payload.string("iss") + "+";
    return issuer.find("+a+") != std::string::npos && issuer.find("+b+") != std::string::npos &&
           std::find(audience.begin(), audience.end(), "us") != audience.end();
}

void check_signed(const Keys& keys, std::string_view header, std::string_view payload) {
    std::string token = base64url_encode(as_bytes(header)) + "." + base64url_encode(as_bytes(payload));
    token += "." + base64url_encode(as_bytes(*keys.shared->sign(token)));
    const auto check = auth::verify_token(token, keys.set, rules());
    const bool good = good_header(Reference(header)) && good_payload(Reference(payload));
    require(static_cast<bool>(check) == good, "a signed token is taken when the rules say so");
    if (!good) return;
    // Taken: any other character anywhere makes it another's.
    const size_t at = Random(as_bytes(payload)).below(token.size());
    token[at] = token[at] == 'A' ? 'B' : 'A';
    require(!auth::verify_token(token, keys.set, rules()), "a changed token");
    if (check.claims.user.find('\0') != std::string::npos) return;
    const auto again = auth::make_token(*keys.shared, check.claims);
    require(again && auth::verify_token(*again, keys.set, rules()), "its claims, signed again");
}

void check_raw(const Keys& keys, std::string_view token) {
    const auto check = auth::verify_token(token, keys.set, rules());
    if (!check) {
        require(check.payload.get() == nullptr && check.claims.user.empty(), "a refused token tells nothing");
        return;
    }
    const size_t dot = token.rfind('.');
    const auto signature = base64url_decode(token.substr(dot + 1));
    require(signature && *signature == *keys.shared->sign(token.substr(0, dot)),
            "the signature is the key's");
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    static const Keys keys;
    const auto bytes = exact({data, size});
    const std::string_view text = as_text(bytes);
    if (!text.starts_with('S')) {
        check_raw(keys, text);
        return 0;
    }
    const size_t line = text.find('\n');
    const std::string_view payload =
        line == std::string_view::npos ? std::string_view() : text.substr(line + 1);
    check_signed(keys, text.substr(1, line == std::string_view::npos ? line : line - 1), payload);
    return 0;
}
