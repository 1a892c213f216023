// OpenID Connect's texts: discovery, the way to the provider and back, ID tokens.
#include "auth/openid_connect.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/percent.h"
#include "tests/unit/auth/keys.h"

namespace marmoset::auth {
namespace {

constexpr const char* kIssuer = "https://id.example";
constexpr const char* kDiscovery = R"({"issuer": "https://id.example",
    "authorization_endpoint": "https://id.example/auth", "token_endpoint": "https://id.example/token",
    "jwks_uri": "https://id.example/keys", "userinfo_endpoint": "https://id.example/me",
    "code_challenge_methods_supported": ["plain", "S256"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"]})";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const size_t at = text.find(from);
    EXPECT_NE(std::string::npos, at) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

OpenIdProvider provider() {
    return parse_openid_provider(kDiscovery, kIssuer).take();
}
OpenIdClient client() {
    return {"our site", "s3cret:&", "https://our.example/back", "openid profile"};
}
const OpenIdAttempt kAttempt = {"the-state", "the-nonce", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"};

TEST(OpenIdConnect, Discovery) {
    EXPECT_EQ("https://id.example/.well-known/openid-configuration",
              openid_discovery_url("https://id.example"));
    EXPECT_EQ("https://id.example/a/.well-known/openid-configuration",
              openid_discovery_url("https://id.example/a/"));
    const auto found = parse_openid_provider(kDiscovery, kIssuer);
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_EQ("https://id.example/auth", found->authorization_endpoint);
    EXPECT_EQ("https://id.example/token", found->token_endpoint);
    EXPECT_EQ("https://id.example/keys", found->jwks_uri);
    EXPECT_EQ("https://id.example/me", found->userinfo_endpoint);
    EXPECT_EQ("", found->end_session_endpoint);
    EXPECT_FALSE(found->secret_in_body);
    EXPECT_FALSE(found->names_itself);
}

TEST(OpenIdConnect, DocumentsThatAreNoProviders) {
    for (const char* issuer : {"https://id.example/", "https://ID.example", "https://evil.example", ""})
        EXPECT_FALSE(parse_openid_provider(kDiscovery, issuer)) << issuer;
    for (const char* url : {"http://id.example/token", "ftp://id.example/token", "/token", "",
                            "https:///token", "https://a@b/token", "https://id.example/to ken",
                            "https://id.example/#token", "http://localhost.evil/token", "javascript:x"}) {
        EXPECT_FALSE(parse_openid_provider(replaced(kDiscovery, "https://id.example/token", url), kIssuer))
            << url;
        EXPECT_EQ(std::string_view(url).empty(),
                  static_cast<bool>(
                      parse_openid_provider(replaced(kDiscovery, "https://id.example/me", url), kIssuer)))
            << url;
    }
    for (const char* url : {"http://127.0.0.1:8080/token", "http://localhost/token", "http://[::1]:1/token",
                            "https://id.example:444/t?x=y"})
        EXPECT_TRUE(parse_openid_provider(replaced(kDiscovery, "https://id.example/token", url), kIssuer))
            << url;
    EXPECT_FALSE(parse_openid_provider(replaced(kDiscovery, "\"S256\"", "\"S512\""), kIssuer));
    EXPECT_FALSE(parse_openid_provider(replaced(kDiscovery, "\"token_endpoint\"", "\"other\""), kIssuer));
    EXPECT_FALSE(parse_openid_provider(replaced(kDiscovery, "\"https://id.example/keys\"", "7"), kIssuer));
    for (const char* text : {"", "[]", "{}", "{"})
        EXPECT_FALSE(parse_openid_provider(text, kIssuer)) << text;
    EXPECT_FALSE(parse_openid_provider(std::string(kLargestProviderAnswer, ' ') + kDiscovery, kIssuer));
}

TEST(OpenIdConnect, Pkce) {  // RFC 7636 appendix B
    EXPECT_EQ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", pkce_challenge(kAttempt.verifier));
    const OpenIdAttempt one = begin_openid_attempt(), other = begin_openid_attempt();
    EXPECT_EQ(43u, one.verifier.size());
    EXPECT_GE(one.state.size(), 22u);
    EXPECT_NE(one.state, other.state);
    EXPECT_NE(one.nonce, other.nonce);
    EXPECT_NE(one.verifier, other.verifier);
    EXPECT_NE(one.state, one.nonce);
}

TEST(OpenIdConnect, TheWayToTheProvider) {
    const std::string url = authorization_url(provider(), client(), kAttempt);
    EXPECT_EQ(
        "https://id.example/"
        "auth?response_type=code&client_id=our%20site&redirect_uri=https%3A%2F%2Four.example%2Fback"
        "&scope=openid%20profile&state=the-state&nonce=the-nonce"
        "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
        url);
    OpenIdProvider with_query = provider();
    with_query.authorization_endpoint += "?tenant=1";
    EXPECT_EQ(0u, authorization_url(with_query, client(), kAttempt)
                      .find("https://id.example/auth?tenant=1&response_type=code&"));
}

std::string answer(std::string_view query, const OpenIdProvider& from = provider()) {
    const auto code = parse_authorization_response(query, from, kAttempt);
    return code ? *code : "(" + code.error().text + ")";
}

TEST(OpenIdConnect, TheWayBack) {
    EXPECT_EQ("a+b/c", answer("state=the-state&code=a%2Bb%2Fc&session_state=x"));
    EXPECT_EQ("x", answer("code=x&iss=https%3A%2F%2Fid.example&state=the-state"));
    for (const char* query : {"code=x", "code=x&state=", "code=x&state=the-stat", "code=x&state=the-states",
                              "code=x&state=The-state"})
        EXPECT_EQ("(the provider's answer is to no question of ours)", answer(query)) << query;
    for (const char* query : {"state=the-state", "state=the-state&code="})
        EXPECT_EQ("(the provider's answer has no code)", answer(query)) << query;
    for (const char* query : {"state=the-state&code=x&code=y", "state=the-state&state=the-state&code=x"})
        EXPECT_EQ("(a parameter of the provider's answer stands twice)", answer(query)) << query;
    EXPECT_EQ("(the answer is another provider's)",
              answer("state=the-state&code=x&iss=https%3A%2F%2Fevil.example"));
    EXPECT_EQ("(the provider's answer is malformed)", answer("state=the-state&code=%zz"));
    EXPECT_EQ("(the provider refuses: access_denied)",
              answer("state=the-state&error=access_denied&error_description=x"));
    EXPECT_EQ("(the provider refuses: for no reason that can be told)",
              answer("state=the-state&error=%3Cscript%3E"));
    OpenIdProvider named = provider();
    named.names_itself = true;  // RFC 9207
    EXPECT_EQ("(the answer is another provider's)", answer("state=the-state&code=x", named));
    const OpenIdAttempt none;
    EXPECT_FALSE(parse_authorization_response("code=x&state=", provider(), none));
}

TEST(OpenIdConnect, TheExchange) {
    const TokenRequest request = token_request(provider(), client(), kAttempt, "co/de");
    EXPECT_EQ(
        "grant_type=authorization_code&code=co%2Fde&redirect_uri=https%3A%2F%2Four.example%2Fback"
        "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        request.body);
    EXPECT_EQ("Basic b3VyJTIwc2l0ZTpzM2NyZXQlM0ElMjY=", request.authorization);  // our%20site:s3cret%3A%26
    OpenIdClient open = client();
    open.secret.clear();
    const TokenRequest of_public = token_request(provider(), open, kAttempt, "x");
    EXPECT_EQ("", of_public.authorization);
    EXPECT_NE(std::string::npos, of_public.body.find("&client_id=our%20site"));
    EXPECT_EQ(std::string::npos, of_public.body.find("client_secret"));
    OpenIdProvider post =
        parse_openid_provider(replaced(kDiscovery, "\"client_secret_basic\", ", ""), kIssuer).take();
    EXPECT_NE(std::string::npos,
              token_request(post, client(), kAttempt, "x").body.find("&client_secret=s3cret%3A%26"));
}

TEST(OpenIdConnect, TokenResponses) {
    const auto fine = parse_token_response(
        R"({"token_type": "bearer", "id_token": "a.b.c", "access_token": "t", "expires_in": 60})");
    ASSERT_TRUE(fine) << fine.error().text;
    EXPECT_EQ("a.b.c", fine->id_token);
    EXPECT_EQ("t", fine->access_token);
    EXPECT_EQ(60, fine->expires_in);
    for (const char* text :
         {"", "[]", "{}", R"({"id_token": "x"})", R"({"token_type": "Bearer"})",
          R"({"token_type": "mac", "id_token": "x"})", R"({"token_type": "Bearer", "id_token": 7})",
          R"({"token_type": "Bearer", "id_token": "x", "expires_in": -1})"})
        EXPECT_FALSE(parse_token_response(text)) << text;
    const auto refused =
        parse_token_response(R"({"error": "invalid_grant", "token_type": "Bearer", "id_token": "x"})");
    ASSERT_FALSE(refused);
    EXPECT_EQ("the provider refuses: invalid_grant", refused.error().text);
}

TEST(OpenIdConnect, TokenResponsesOfOAuth2Alone) {
    const auto fine = parse_token_response(R"({"access_token": "abc.~", "token_type": "bearer"})", false);
    ASSERT_TRUE(fine) << fine.error().text;
    EXPECT_EQ("abc.~", fine->access_token);
    for (const char* text :
         {R"({"token_type": "bearer"})", R"({"access_token": "", "token_type": "bearer"})",
          R"({"access_token": "a"})", R"({"access_token": "a\r\nX: y", "token_type": "bearer"})",
          R"({"access_token": "a b", "token_type": "bearer"})"})
        EXPECT_FALSE(parse_token_response(text, false)) << text;
    EXPECT_FALSE(parse_token_response(R"({"access_token": "abc", "token_type": "bearer"})"));
}

TEST(OpenIdConnect, AProviderWithoutAnIssuer) {
    OpenIdProvider plain = provider();
    plain.issuer.clear();
    EXPECT_EQ("x", answer("code=x&state=the-state", plain));
    EXPECT_EQ("x", answer("code=x&state=the-state&iss=https%3A%2F%2Fid.example", plain));
    OpenIdClient nothing_asked = client();
    nothing_asked.scope.clear();
    EXPECT_EQ(std::string::npos, authorization_url(plain, nothing_asked, kAttempt).find("scope"));
}

TEST(OpenIdConnect, IdTokens) {  // OpenID Connect Core 3.1.3.7
    const auto key = TokenKey::from_pem(test::kEcPrivate).take();
    TokenKeySet keys;
    keys.add(TokenKey::from_pem(test::kEcPublic).take());
    const auto check = [&](const std::function<void(Claims&)>& change,
                           const OpenIdAttempt& attempt = kAttempt) {
        Claims claims;
        claims.issuer = kIssuer;
        claims.subject = "248289761001";
        claims.audience = {"our site"};
        claims.nonce = "the-nonce";
        claims.expires = 2000;
        claims.issued_at = 1000;
        change(claims);
        return verify_id_token(*make_token(*key, claims), keys, provider(), client(), attempt, 1000, 10);
    };
    const auto fault = [&](const std::function<void(Claims&)>& change) { return check(change).fault; };
    const auto as_is = [](Claims&) {};
    EXPECT_EQ(TokenFault::None, fault(as_is));
    EXPECT_EQ("248289761001", check(as_is).claims.user);
    EXPECT_EQ("jane", check([](Claims& claims) { claims.user = "jane"; }).claims.user);
    EXPECT_EQ(TokenFault::Issuer, fault([](Claims& claims) { claims.issuer = "https://id.example/"; }));
    EXPECT_EQ(TokenFault::Issuer, fault([](Claims& claims) { claims.issuer = "https://id.example+x"; }));
    EXPECT_EQ(TokenFault::Issuer, fault([](Claims& claims) { claims.issuer.clear(); }));
    EXPECT_EQ(TokenFault::Audience, fault([](Claims& claims) { claims.audience = {"another"}; }));
    EXPECT_EQ(TokenFault::Audience, fault([](Claims& claims) { claims.audience.clear(); }));
    EXPECT_EQ(TokenFault::Audience, fault([](Claims& claims) { claims.audience = {"our site", "another"}; }));
    EXPECT_EQ(TokenFault::None, fault([](Claims& claims) {
                  claims.audience = {"our site", "another"};
                  claims.authorized_party = "our site";
              }));
    EXPECT_EQ(TokenFault::Audience, fault([](Claims& claims) { claims.authorized_party = "another"; }));
    EXPECT_EQ(TokenFault::Nonce, fault([](Claims& claims) { claims.nonce = "the-nonc"; }));
    EXPECT_EQ(TokenFault::Nonce, fault([](Claims& claims) { claims.nonce.clear(); }));
    EXPECT_EQ(TokenFault::Nonce, check([](Claims& claims) { claims.nonce.clear(); }, OpenIdAttempt{}).fault);
    EXPECT_EQ(TokenFault::Expired, fault([](Claims& claims) { claims.expires = 990; }));
    EXPECT_EQ(TokenFault::Expired, fault([](Claims& claims) { claims.expires = 0; }));
    EXPECT_EQ(TokenFault::NotYetValid, fault([](Claims& claims) { claims.issued_at = 1011; }));
    EXPECT_EQ(TokenFault::Malformed, fault([](Claims& claims) { claims.issued_at = 0; }));
    EXPECT_EQ(TokenFault::Malformed, fault([](Claims& claims) { claims.subject.clear(); }));
    EXPECT_EQ(nullptr, check([](Claims& claims) { claims.nonce.clear(); }).payload.get());
}

TEST(Percent, FormsThereAndBack) {
    std::string form;
    append_form_field(form, "a b", "c&d=e+f");
    append_form_field(form, "ä", "");
    EXPECT_EQ("a%20b=c%26d%3De%2Bf&%C3%A4=", form);
    const auto fields = parse_form(form, 2);
    ASSERT_TRUE(fields);
    EXPECT_EQ((std::pair<std::string, std::string>("a b", "c&d=e+f")), fields->at(0));
    EXPECT_EQ("ä", fields->at(1).first);
    EXPECT_FALSE(parse_form(form, 1));
    EXPECT_EQ("a b", parse_form("x=a+b&&y", 2)->at(0).second);
    EXPECT_EQ("a+b", percent_decode("a+b"));
    for (const char* wrong : {"%", "%4", "%4g", "a%"})
        EXPECT_FALSE(percent_decode(wrong)) << wrong;
}

}  // namespace
}  // namespace marmoset::auth
