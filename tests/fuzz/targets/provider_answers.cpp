// What a provider of sign-ins answers. In: a text as the bytes of an HTTP response, as a discovery document,
// as the answer of a token endpoint, as claims, as a URL, as the query a browser brings back. Responses are
// read whole and in pieces, with the same outcome and within their limits; documents that are taken hold
// nothing that was not checked; what is sent on because of them is one line.
#include <algorithm>

#include "auth/openid_connect.h"
#include "auth/user.h"
#include "base/json.h"
#include "http/response_reader.h"
#include "http/url.h"
#include "modules/auth/claims.h"
#include "tests/fuzz/support/fuzz.h"

namespace marmoset::fuzz {
namespace {

constexpr size_t kLargest = 4096;
constexpr std::string_view kIssuer = "https://id.example";

using State = http::ResponseReader::State;

std::string outcome(http::ResponseReader& reader, State state) {
    std::string text = std::to_string(static_cast<int>(state)) + " " + std::to_string(reader.status()) + " " +
                       reader.content_type() + "\n" + (reader.error() ? reader.error() : "") + "\n";
    const std::string body = reader.take_body();
    require(body.size() <= kLargest, "a body within its limit");
    return state == State::Bad ? text : text + body;
}

std::string read_whole(Bytes data) {
    const auto copy = exact(data);
    http::ResponseReader reader(kLargest);
    State state = reader.feed(copy);
    if (state == State::More) state = reader.end();
    return outcome(reader, state);
}

void check_response(Bytes data) {
    const std::string whole = read_whole(data);
    for (uint64_t salt = 0; salt < 2; ++salt) {
        http::ResponseReader reader(kLargest);
        State state = State::More;
        for (const auto& piece : Pieces(data, salt).cut(data)) {
            state = reader.feed(piece);
            if (state != State::More) break;
        }
        if (state == State::More) state = reader.end();
        require_equal(outcome(reader, state), whole, "a response in pieces");
    }
}

bool is_one_line(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void check_url(std::string_view text) {
    const auto url = http::parse_url(text);
    if (auth::is_provider_url(text)) {
        require(is_one_line(text), "a URL without spaces");
        // Not every host and port is one that can be connected to; no other place is.
        if (url) {
            require(url->secure || url->host == "localhost" || url->host == "127.0.0.1" || url->host == "::1",
                    "in the clear to this machine alone");
        }
    }
    if (!url) return;
    require(url->port != 0 && !url->host.empty(), "somewhere to connect to");
    require(is_one_line(url->target) && url->target.front() == '/', "a target that is one word");
    const auto again = http::parse_url(std::string(url->scheme()) + "://" + url->authority() + url->target);
    require(again && again->host == url->host && again->port == url->port && again->target == url->target,
            "a URL written again");
}

void check_provider(std::string_view text) {
    const auto provider = auth::parse_openid_provider(text, kIssuer);
    if (!provider) return;
    require(provider->issuer == kIssuer, "the issuer that was asked");
    for (const std::string* url :
         {&provider->authorization_endpoint, &provider->token_endpoint, &provider->jwks_uri})
        require(auth::is_provider_url(*url), "a checked endpoint");
    for (const std::string* url : {&provider->userinfo_endpoint, &provider->end_session_endpoint})
        require(url->empty() || auth::is_provider_url(*url), "a checked endpoint");
    const auth::OpenIdClient client{"us", "secret", "https://our.example/back", "openid"};
    const std::string location = auth::authorization_url(*provider, client, {"s", "n", "v"});
    require(is_one_line(location), "a Location of one line");
}

void check_tokens(std::string_view text) {
    for (const bool openid : {true, false}) {
        const auto tokens = auth::parse_token_response(text, openid);
        if (!tokens) {
            require(tokens.error().text.find_first_of("\r\n") == std::string::npos, "an error of one line");
            continue;
        }
        require(is_one_line(tokens->access_token), "a token for a header field");
        require(!(openid ? tokens->id_token : tokens->access_token).empty(), "the token that was asked for");
    }
}

void check_back(std::string_view query) {
    auth::OpenIdProvider provider;
    provider.issuer = kIssuer;
    const auth::OpenIdAttempt attempt{"the-state", "n", "v"};
    const auto code = auth::parse_authorization_response(query, provider, attempt);
    if (!code) return;
    require(!code->empty(), "a code");
    require(query.find("the-state") != std::string_view::npos || query.find('%') != std::string_view::npos,
            "an answer to our question");
    const auth::OpenIdClient client{"us", "secret", "https://our.example/back", "openid"};
    require(is_one_line(auth::token_request(provider, client, attempt, *code).body), "a form of one line");
}

void check_claims(std::string_view text) {
    const auto claims = Json::parse(as_bytes(text));
    if (!claims) return;
    auth_module::ClaimRules rules;
    rules.name = "a.b";
    rules.group = "g";
    rules.groups = {{"staff", "users"}};
    for (const char* name : {"a.b", "email", "preferred_username"}) {
        rules.name = name;
        const auto user = auth_module::user_of_claims(claims->get(), rules);
        if (!user) continue;
        require(auth::is_valid_user_name(user->name), "a name that can be one");
        require(user->group.empty() || user->group == "users", "a group of the rules");
        require(auth_module::find_claim(claims->get(), name) != nullptr, "a claim that is there");
    }
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset::fuzz;
    const marmoset::Bytes bytes(data, size);
    const std::string_view text = marmoset::as_text(bytes);
    check_response(bytes);
    check_url(text);
    check_provider(text);
    check_tokens(text);
    check_back(text);
    check_claims(text);
    return 0;
}
