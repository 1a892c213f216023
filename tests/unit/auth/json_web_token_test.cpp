// The examples of RFC 7515 and RFC 7519, the rules, and the attacks that RFC 8725 warns of.
#include "auth/json_web_token.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "tests/unit/auth/keys.h"

namespace marmoset::auth {
namespace {

// RFC 7515 A.1 to A.3: one payload, three signatures. RFC 7519 3.1 has the first, too.
constexpr std::string_view kPayload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
constexpr std::string_view kHs256Secret =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
constexpr std::string_view kHs256Signature = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr std::string_view kRs256Signature =
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
    "O8W2Fp5jujGbds9uJdbF9CU"
    "Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_"
    "eSN9383LcOLn6_d"
    "O--xi12jzDwusC-"
    "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig"
    "cN_IoypGlUPQGe77Rw";
constexpr std::string_view kEs256Signature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
constexpr std::string_view kHs256Header = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9";
constexpr std::string_view kRs256Header = "eyJhbGciOiJSUzI1NiJ9";
constexpr std::string_view kEs256Header = "eyJhbGciOiJFUzI1NiJ9";

std::string join(std::string_view header, std::string_view payload, std::string_view signature) {
    return std::string(header).append(".").append(payload).append(".").append(signature);
}

TokenKeySet set_of(Result<std::shared_ptr<const TokenKey>> key) {
    TokenKeySet set;
    EXPECT_TRUE(key) << (key ? "" : key.error().text);
    if (key) set.add(key.take());
    return set;
}
TokenKeySet secret_set(std::string_view secret = "0123456789abcdef0123456789abcdef", std::string id = {}) {
    return set_of(TokenKey::shared_secret(secret, std::move(id)));
}

Claims claims_of(const char* user) {
    Claims claims;
    claims.user = user;
    claims.expires = 2000;
    return claims;
}

TokenRules at(int64_t now) {
    TokenRules rules;
    rules.now = now;
    return rules;
}

/// What is wrong with a token of these JSON texts, rightly signed with the key of secret_set().
TokenFault fault_of(std::string_view header, std::string_view payload, const TokenRules& rules,
                    std::string_view secret = "0123456789abcdef0123456789abcdef") {
    const auto key = TokenKey::shared_secret(secret);
    std::string text = base64url_encode(as_bytes(header)) + "." + base64url_encode(as_bytes(payload));
    text += "." + base64url_encode(as_bytes(*(*key)->sign(text)));
    return verify_token(text, secret_set(), rules).fault;
}
TokenFault fault_of(std::string_view payload, const TokenRules& rules = at(1000)) {
    return fault_of(R"({"alg":"HS256"})", payload, rules);
}

TEST(JsonWebToken, ExampleWithHs256) {  // RFC 7515 A.1, RFC 7519 3.1
    const auto keys = secret_set(*base64url_decode(kHs256Secret));
    const auto check = verify_token(join(kHs256Header, kPayload, kHs256Signature), keys, at(1300819379));
    ASSERT_TRUE(check) << fault_name(check.fault);
    EXPECT_EQ("joe", check.claims.issuer);
    EXPECT_EQ(1300819380, check.claims.expires);
    EXPECT_TRUE(json_is_true(json_object_get(check.payload.get(), "http://example.com/is_root")));
    EXPECT_EQ(TokenFault::Expired,
              verify_token(join(kHs256Header, kPayload, kHs256Signature), keys, at(1300819380)).fault);
}

TEST(JsonWebToken, ExamplesWithRs256AndEs256) {  // RFC 7515 A.2, A.3
    const auto keys = TokenKeySet::parse(test::kPublishedKeys);
    ASSERT_TRUE(keys) << keys.error().text;
    EXPECT_EQ(2u, keys->size());
    for (const auto& token :
         {join(kRs256Header, kPayload, kRs256Signature), join(kEs256Header, kPayload, kEs256Signature)})
        EXPECT_EQ(TokenFault::None, verify_token(token, *keys, at(1300819379)).fault) << token;
    // The signature of one algorithm under the header of another.
    EXPECT_EQ(TokenFault::Signature,
              verify_token(join(kRs256Header, kPayload, kEs256Signature), *keys, at(1)).fault);
    EXPECT_EQ(TokenFault::Signature,
              verify_token(join(kEs256Header, kPayload, kRs256Signature), *keys, at(1)).fault);
}

TEST(JsonWebToken, UnsecuredTokensAreRefused) {  // RFC 7519 6.1
    const auto keys = secret_set();
    EXPECT_EQ(TokenFault::Algorithm,
              verify_token(join("eyJhbGciOiJub25lIn0", kPayload, ""), keys, at(1)).fault);
    for (const char* algorithm : {"none", "None", "NONE", "nOnE", "", "HS256 ", "hs256", "HS384", "RS256"}) {
        const std::string header = std::string(R"({"alg":")") + algorithm + "\"}";
        EXPECT_EQ(TokenFault::Algorithm, fault_of(header, "{\"exp\":2000}", at(1000))) << algorithm;
        EXPECT_EQ(TokenFault::Algorithm,
                  verify_token(join(base64url_encode(as_bytes(header)), kPayload, ""), keys, at(1)).fault);
    }
    EXPECT_EQ(TokenFault::Algorithm, fault_of("{}", "{\"exp\":2000}", at(1000)));
}

TEST(JsonWebToken, APublicKeyIsNoSharedSecret) {  // RFC 8725 2.1, key confusion
    const auto keys = set_of(TokenKey::from_pem(test::kRsaPublic));
    // Signed by HMAC with the text of the public key, which everybody has.
    const auto forged = TokenKey::shared_secret(test::kRsaPublic);
    const auto token = make_token(**forged, claims_of("root"));
    EXPECT_EQ(TokenFault::Algorithm, verify_token(*token, keys, at(1000)).fault);
}

TEST(JsonWebToken, AnyChangedCharacterIsNoticed) {
    const auto key = TokenKey::shared_secret("0123456789abcdef0123456789abcdef");
    const std::string token = *make_token(**key, claims_of("foo"));
    const auto keys = secret_set();
    ASSERT_TRUE(verify_token(token, keys, at(1000)));
    for (size_t i = 0; i < token.size(); ++i) {
        std::string other = token;
        other[i] = other[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(verify_token(other, keys, at(1000))) << i;
        other[i] = static_cast<char>(token[i] ^ 0x20);  // the other case
        EXPECT_FALSE(verify_token(other, keys, at(1000))) << i;
    }
    for (const std::string& other :
         {token.substr(0, token.size() - 1), token + "A", token + "=", token + ".", token + ".x",
          token.substr(0, token.rfind('.')), token.substr(0, token.rfind('.') + 1), " " + token})
        EXPECT_FALSE(verify_token(other, keys, at(1000))) << other;
    EXPECT_EQ(TokenFault::Signature,
              verify_token(token, secret_set("0123456789abcdef0123456789abcdeg"), at(1000)).fault);
}

TEST(JsonWebToken, Times) {
    EXPECT_EQ(TokenFault::None, fault_of(R"({"exp":1001})"));
    EXPECT_EQ(TokenFault::Expired, fault_of(R"({"exp":1000})"));
    EXPECT_EQ(TokenFault::Expired, fault_of(R"({"exp":999.9})"));
    EXPECT_EQ(TokenFault::Expired, fault_of("{}"));
    EXPECT_EQ(TokenFault::None, fault_of(R"({"exp":2000,"nbf":1000})"));
    EXPECT_EQ(TokenFault::NotYetValid, fault_of(R"({"exp":2000,"nbf":1001})"));
    TokenRules rules = at(1000);
    rules.leeway = 60;
    EXPECT_EQ(TokenFault::None, fault_of(R"({"exp":941,"nbf":1060})", rules));
    EXPECT_EQ(TokenFault::Expired, fault_of(R"({"exp":940})", rules));
    EXPECT_EQ(TokenFault::NotYetValid, fault_of(R"({"exp":2000,"nbf":1061})", rules));
    rules.expires = false;
    EXPECT_EQ(TokenFault::None, fault_of("{}", rules));
    EXPECT_EQ(TokenFault::Expired, fault_of(R"({"exp":940})", rules));
    for (const char* date : {"\"2000\"", "true", "null", "0", "-1", "1e300", "99999999999999", "[2000]"})
        EXPECT_EQ(TokenFault::Malformed, fault_of(std::string(R"({"exp":)") + date + "}")) << date;
}

TEST(JsonWebToken, IssuerAndAudience) {
    TokenRules rules = at(1000);
    rules.issuer = "file+totp";
    EXPECT_EQ(TokenFault::None, fault_of(R"({"exp":2000,"iss":"file+totp"})", rules));
    EXPECT_EQ(TokenFault::None, fault_of(R"({"exp":2000,"iss":"totp+other+file"})", rules));
    for (const char* issuer : {"file", "totp", "filetotp", "file+tot", "xfile+totp", ""})
        EXPECT_EQ(TokenFault::Issuer, fault_of(std::string(R"({"exp":2000,"iss":")") + issuer + "\"}", rules))
            << issuer;
    EXPECT_EQ(TokenFault::Issuer, fault_of(R"({"exp":2000})", rules));
    rules.issuer.clear();
    rules.audience = "us";
    EXPECT_EQ(TokenFault::None, fault_of(R"({"exp":2000,"aud":"us"})", rules));
    EXPECT_EQ(TokenFault::None, fault_of(R"({"exp":2000,"aud":["them","us"]})", rules));
    for (const char* audience : {"\"them\"", "\"\"", "[]", "\"usa\"", "\"u\"", "[\"us,them\"]", "null"})
        EXPECT_EQ(TokenFault::Audience,
                  fault_of(std::string(R"({"exp":2000,"aud":)") + audience + "}", rules))
            << audience;
    EXPECT_EQ(TokenFault::Malformed, fault_of(R"({"exp":2000,"aud":{"us":1}})", rules));
}

TEST(JsonWebToken, Headers) {
    const auto with = [](const char* header) { return fault_of(header, R"({"exp":2000})", at(1000)); };
    EXPECT_EQ(TokenFault::None, with(R"({"alg":"HS256","typ":"JWT"})"));
    EXPECT_EQ(TokenFault::None, with(R"({"alg":"HS256","typ":"at+jwt"})"));
    EXPECT_EQ(TokenFault::Malformed, with(R"({"alg":"HS256","typ":"logout+jwt"})"));
    EXPECT_EQ(TokenFault::Algorithm, with(R"({"alg":"HS256","crit":["exp"],"exp":1})"));  // RFC 7515 4.1.11
    EXPECT_EQ(TokenFault::Algorithm, with(R"({"alg":"HS256","crit":[]})"));
    EXPECT_EQ(TokenFault::Malformed, with(R"({"alg":["HS256"]})"));
    EXPECT_EQ(TokenFault::Malformed, with(R"({"alg":"none","alg":"HS256"})"));  // which one?
    EXPECT_EQ(TokenFault::Malformed, with(R"(["HS256"])"));
    EXPECT_EQ(TokenFault::Malformed, with("HS256"));
    // A key that comes along proves nothing.
    EXPECT_EQ(TokenFault::Signature, fault_of(R"({"alg":"HS256","jwk":{"kty":"oct","k":"eHh4"}})",
                                              R"({"exp":2000})", at(1000), "xxx"));
}

TEST(JsonWebToken, KeysByName) {
    TokenKeySet keys = secret_set("the first secret, thirty-two byt", "1");
    keys.add(TokenKey::shared_secret("another secret, of as many bytes", "2").take());
    const auto token = [](const char* secret, const char* id) {
        return *make_token(**TokenKey::shared_secret(secret, id), claims_of("foo"));
    };
    const auto fault = [&](const std::string& text) { return verify_token(text, keys, at(1000)).fault; };
    EXPECT_EQ(TokenFault::None, fault(token("the first secret, thirty-two byt", "1")));
    EXPECT_EQ(TokenFault::None, fault(token("another secret, of as many bytes", "2")));
    EXPECT_EQ(TokenFault::None, fault(token("another secret, of as many bytes", "")));
    EXPECT_EQ(TokenFault::Signature, fault(token("another secret, of as many bytes", "1")));
    EXPECT_EQ(TokenFault::UnknownKey, fault(token("another secret, of as many bytes", "3")));
    EXPECT_EQ(TokenFault::Algorithm, verify_token(token("x", ""), TokenKeySet(), at(1000)).fault);
}

TEST(JsonWebToken, NamesAndRoles) {
    const auto claims = [](const char* payload) {
        const auto key = TokenKey::shared_secret("0123456789abcdef0123456789abcdef");
        return verify_token(*sign_token(**key, payload), secret_set(), at(1000)).claims;
    };
    EXPECT_EQ("a",
              claims(R"({"exp":2000,"user":"a","preferred_username":"b","name":"c","username":"d"})").user);
    EXPECT_EQ("b", claims(R"({"exp":2000,"preferred_username":"b","name":"c","username":"d"})").user);
    EXPECT_EQ("c", claims(R"({"exp":2000,"name":"c","username":"d"})").user);
    EXPECT_EQ("d", claims(R"({"exp":2000,"username":"d"})").user);
    EXPECT_EQ("users", claims(R"({"exp":2000,"roles":"users"})").group());
    const Claims list =
        claims(R"({"exp":2000,"roles":["users","admins"],"home":"/h","status":"activated","jti":"7"})");
    EXPECT_EQ((std::vector<std::string>{"users", "admins"}), list.roles);
    EXPECT_EQ("users", list.group());
    EXPECT_EQ("/h", list.home);
    EXPECT_EQ("activated", list.status);
    EXPECT_EQ("7", list.id);
    EXPECT_EQ("", claims(R"({"exp":2000})").group());
    EXPECT_EQ(TokenFault::Malformed, fault_of(R"({"exp":2000,"user":7})"));
    EXPECT_EQ(TokenFault::Malformed, fault_of(R"({"exp":2000,"user":"a","user":"b"})"));
    EXPECT_EQ(TokenFault::Malformed, fault_of(R"({"exp":2000,"user":"a\u0000b"})"));
    EXPECT_EQ(TokenFault::Malformed, fault_of(R"({"exp":2000,"roles":[1]})"));
}

TEST(JsonWebToken, HasLimits) {
    TokenRules rules = at(1000);
    rules.largest = 64;
    EXPECT_EQ(TokenFault::TooLarge, verify_token(std::string(65, 'a'), secret_set(), rules).fault);
    EXPECT_EQ(TokenFault::Malformed, verify_token(std::string(64, 'a'), secret_set(), rules).fault);
    const std::string deep = std::string(20, '[') + std::string(20, ']');
    EXPECT_EQ(TokenFault::Malformed, fault_of("{\"exp\":2000,\"x\":" + deep + "}"));
    std::string roles = "\"a\"";
    for (int i = 0; i < 64; ++i)
        roles += ",\"a\"";
    EXPECT_EQ(TokenFault::Malformed, fault_of("{\"exp\":2000,\"roles\":[" + roles + "]}"));
}

TEST(JsonWebToken, ATokenOfOuistitisForm) {
    const auto key = TokenKey::shared_secret("secret");
    EXPECT_TRUE((*key)->is_weak());
    Claims claims;
    claims.user = "foo";
    claims.home = "/home/foo";
    claims.status = "activated";
    claims.roles = {"users"};
    claims.expires = 1700000000;
    claims.issuer = "file";
    const std::string token = *make_token(**key, claims);
    const size_t dot = token.find('.');
    EXPECT_EQ(R"({"alg": "HS256", "typ": "JWT"})", base64url_decode(token.substr(0, dot)));
    EXPECT_EQ(
        R"({"user": "foo", "home": "/home/foo", "status": "activated", "roles": "users", "exp": 1700000000, "iss": "file"})",
        base64url_decode(token.substr(dot + 1, token.rfind('.') - dot - 1)));
    EXPECT_TRUE(verify_token(token, secret_set("secret"), at(1699999999)));
}

TEST(JsonWebToken, WhatIsMadeCanBeRead) {
    Claims claims;
    claims.user = "Jäsøn \"Doe\"";
    claims.roles = {"a", "b"};
    claims.expires = 2000;
    claims.not_before = 500;
    claims.issued_at = 600;
    claims.subject = "sub";
    claims.audience = {"x", "y"};
    claims.id = "id";
    claims.nonce = "n";
    claims.authorized_party = "p";
    for (const char* pem : {test::kRsaPrivate, test::kEcPrivate, test::kEcPrivateSec1}) {
        const auto key = TokenKey::from_pem(pem, "k\"1");
        ASSERT_TRUE(key) << key.error().text;
        const auto token = make_token(**key, claims);
        ASSERT_TRUE(token) << token.error().text;
        const auto check = verify_token(*token, set_of(TokenKey::from_pem(pem, "k\"1")), at(1000));
        ASSERT_TRUE(check) << fault_name(check.fault);
        EXPECT_EQ(claims.user, check.claims.user);
        EXPECT_EQ(claims.roles, check.claims.roles);
        EXPECT_EQ(claims.audience, check.claims.audience);
        EXPECT_EQ("id", check.claims.id);
        EXPECT_EQ("n", check.claims.nonce);
        EXPECT_EQ("p", check.claims.authorized_party);
        EXPECT_EQ(600, check.claims.issued_at);
    }
    claims.user = "\xff";
    EXPECT_FALSE(make_token(**TokenKey::shared_secret("s"), claims));
}

TEST(JsonWebToken, IssuersInParts) {
    EXPECT_TRUE(issuer_satisfies("a+b", "a"));
    EXPECT_TRUE(issuer_satisfies("a+b", "b+a"));
    EXPECT_TRUE(issuer_satisfies("https://id.example/x+y", "https://id.example/x+y"));
    EXPECT_FALSE(issuer_satisfies("ab", "a"));
    EXPECT_FALSE(issuer_satisfies("a", "a+b"));
    EXPECT_FALSE(issuer_satisfies("", "a"));
}

}  // namespace
}  // namespace marmoset::auth
