// Tokens of sessions and tickets: what they say, and that neither is taken for the other.
#include "modules/auth/tokens.h"

#include <gtest/gtest.h>

#include "tests/unit/auth/keys.h"

namespace marmoset::auth_module {
namespace {

constexpr int64_t kNow = 1'800'000'000;

Settings settings(const std::string& secret = std::string(32, 's')) {
    Settings settings;
    settings.secret = secret;
    settings.issuer = "house";
    settings.session_seconds = 600;
    return settings;
}

auth::User alice() {
    auth::User user;
    user.name = "alice";
    user.password = "stored";
    user.group = "users";
    user.home = "al";
    return user;
}

TEST(AuthTokens, ASessionSaysWhoAndHowLong) {
    const Tokens tokens = Tokens::make(settings()).take();
    const std::string token = tokens.issue(alice(), tokens.account_mark(alice()), kNow).take();
    EXPECT_NE(token, *tokens.issue(alice(), tokens.account_mark(alice()), kNow));
    auth::TokenFault fault = auth::TokenFault::None;
    const auto session = tokens.verify(token, kNow, fault);
    ASSERT_TRUE(session);
    EXPECT_EQ(session->user, "alice");
    EXPECT_EQ(session->group, "users");
    EXPECT_EQ(session->home, "al");
    EXPECT_EQ(session->expires, kNow + 600);
    EXPECT_EQ(session->id, session_id(token));
    EXPECT_EQ(session->mark, tokens.account_mark(alice()));
    EXPECT_FALSE(tokens.verify(token, kNow + 600, fault));
    EXPECT_EQ(fault, auth::TokenFault::Expired);
    EXPECT_FALSE(Tokens::make(settings(std::string(32, 't'))).take().verify(token, kNow, fault));
    EXPECT_EQ(fault, auth::TokenFault::Signature);
}

TEST(AuthTokens, AMarkIsOfOneAccountAsItIs) {
    const Tokens tokens = Tokens::make(settings()).take();
    auth::User changed = alice();
    changed.password = "another";
    EXPECT_NE(tokens.account_mark(alice()), tokens.account_mark(changed));
    for (std::string auth::User::*field : {&auth::User::group, &auth::User::home}) {
        auth::User moved = alice();
        moved.*field = "others";
        EXPECT_NE(tokens.account_mark(alice()), tokens.account_mark(moved));
        moved.*field = alice().*field + std::string(1, '\0');  // no two accounts run together
        EXPECT_NE(tokens.account_mark(alice()), tokens.account_mark(moved));
    }
    auth::User shut_out = alice();
    shut_out.status = auth::UserStatus::Repudiated;
    EXPECT_NE(tokens.account_mark(alice()), tokens.account_mark(shut_out));
    auth::User renamed = alice();
    renamed.name = "alicia";
    EXPECT_NE(tokens.account_mark(alice()), tokens.account_mark(renamed));
}

TEST(AuthTokens, WhomOnlyAProviderKnows) {
    Settings wanted = settings();
    wanted.audience = "house";
    const Tokens tokens = Tokens::make(wanted).take();
    auth::TokenFault fault = auth::TokenFault::None;
    const auto session = tokens.verify(tokens.issue(alice(), "", kNow).take(), kNow, fault);
    ASSERT_TRUE(session);
    EXPECT_EQ(session->user, "alice");
    EXPECT_EQ(session->mark, "");
}

TEST(AuthTokens, ATicketContinuesItsSession) {
    const Tokens tokens = Tokens::make(settings()).take();
    auth::TokenFault fault = auth::TokenFault::None;
    const std::string token = tokens.issue(alice(), tokens.account_mark(alice()), kNow).take();
    const Session session = *tokens.verify(token, kNow, fault);
    const std::string ticket = tokens.issue_ticket(session, kNow).take();
    const auto continued = tokens.verify_ticket(ticket, kNow + Tokens::kTicketSeconds - 1, fault);
    ASSERT_TRUE(continued);
    EXPECT_EQ(continued->user, "alice");
    EXPECT_EQ(continued->group, "users");
    EXPECT_EQ(continued->home, "al");
    EXPECT_EQ(continued->expires, session.expires);
    EXPECT_EQ(continued->id, session.id);
    EXPECT_EQ(continued->mark, session.mark);
    EXPECT_FALSE(continued->ticket.empty());
    EXPECT_NE(continued->ticket,
              tokens.verify_ticket(*tokens.issue_ticket(session, kNow), kNow, fault)->ticket);
    EXPECT_FALSE(tokens.verify_ticket(ticket, kNow + Tokens::kTicketSeconds, fault));
}

TEST(AuthTokens, NeitherIsTakenForTheOther) {
    const Tokens tokens = Tokens::make(settings()).take();
    auth::TokenFault fault = auth::TokenFault::None;
    const std::string token = tokens.issue(alice(), tokens.account_mark(alice()), kNow).take();
    const std::string ticket = tokens.issue_ticket(*tokens.verify(token, kNow, fault), kNow).take();
    EXPECT_FALSE(tokens.verify(ticket, kNow, fault));
    EXPECT_FALSE(tokens.verify_ticket(token, kNow, fault));
}

TEST(AuthTokens, OfOthersTheClaimsCount) {
    Settings strict = settings();
    strict.audience = "us";
    const Tokens tokens = Tokens::make(settings()).take();
    const Tokens for_us = Tokens::make(strict).take();
    const auto key = auth::TokenKey::shared_secret(settings().secret).take();
    auth::Claims claims;
    claims.user = "eve";
    claims.roles = {"guests"};
    claims.expires = kNow + 60;
    claims.issuer = "house+street";
    const auto accepted = [&](const Tokens& by) {
        auth::TokenFault fault = auth::TokenFault::None;
        return by.verify(*auth::make_token(*key, claims), kNow, fault).has_value();
    };
    EXPECT_TRUE(accepted(tokens));
    EXPECT_FALSE(accepted(for_us));
    claims.audience = {"them", "us"};
    EXPECT_TRUE(accepted(for_us));
    EXPECT_FALSE(accepted(tokens));  // it is for somebody, and that is not us
    claims.audience.clear();
    claims.status = "repudiated";
    EXPECT_FALSE(accepted(tokens));
    claims.status = "activated";
    EXPECT_TRUE(accepted(tokens));
    claims.issuer = "street";
    EXPECT_FALSE(accepted(tokens));
}

TEST(AuthTokens, NamesOfOthersGoIntoLogsAndHeaders) {
    const Tokens tokens = Tokens::make(settings()).take();
    const auto key = auth::TokenKey::shared_secret(settings().secret).take();
    const auto accepted = [&](const std::string& user, const std::string& group, const std::string& home) {
        auth::Claims claims;
        claims.user = user;
        claims.roles = {group};
        claims.home = home;
        claims.expires = kNow + 60;
        claims.issuer = "house+street";
        auth::TokenFault fault = auth::TokenFault::None;
        return tokens.verify(*auth::make_token(*key, claims), kNow, fault).has_value();
    };
    EXPECT_TRUE(accepted("eve.with.a.long.address@mail.of.some.place.example", "guests", "eve"));
    for (const char* bad : {"a\r\nX-Injected: 1", "a\tb", "\x7f", "\x1b[2J"}) {
        EXPECT_FALSE(accepted(bad, "guests", "eve")) << bad;
        EXPECT_FALSE(accepted("eve", bad, "eve")) << bad;
        EXPECT_FALSE(accepted("eve", "guests", bad)) << bad;
    }
    EXPECT_FALSE(accepted(std::string(256, 'e'), "guests", "eve"));
}

TEST(AuthTokens, OwnOnesAreToldFromTheirHeader) {
    Settings more = settings();
    more.foreign_key = auth::TokenKey::from_pem(auth::test::kEcPrivate).take();
    const Tokens tokens = Tokens::make(more).take();
    auth::Claims claims;
    claims.user = "eve";
    claims.expires = kNow + 60;
    claims.issuer = "house+street";
    const std::string theirs = *auth::make_token(*more.foreign_key, claims);
    auth::TokenFault fault = auth::TokenFault::None;
    EXPECT_TRUE(tokens.verify(theirs, kNow, fault));
    EXPECT_FALSE(tokens.verify_own(theirs, kNow, fault));
    EXPECT_EQ(fault, auth::TokenFault::Algorithm);
    const std::string ours = tokens.issue(alice(), tokens.account_mark(alice()), kNow).take();
    EXPECT_TRUE(tokens.verify_own(ours, kNow, fault));
    EXPECT_FALSE(tokens.verify_own(ours + "A", kNow, fault));
    EXPECT_NE(fault, auth::TokenFault::Algorithm);
}

TEST(AuthTokens, ASessionIsNamedByWhatIsSigned) {
    // Of ES256 each signature (r, s) has a twin (r, n - s): the same token, and so the same session.
    EXPECT_EQ(session_id("head.payload.signature"), session_id("head.payload.twin"));
    EXPECT_NE(session_id("head.payload.signature"), session_id("head.other.signature"));
    EXPECT_NE(session_id("head.payload.signature"), session_id("tail.payload.signature"));
}

}  // namespace
}  // namespace marmoset::auth_module
