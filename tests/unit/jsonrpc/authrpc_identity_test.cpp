// authrpc without a server: who one is, by the session at the gate and by auth; its settings.
#include "tests/unit/jsonrpc/authrpc.h"

namespace marmoset::authrpc {
namespace {

TEST_P(AuthrpcTest, SignsIn) {
    Connection connection = session();
    EXPECT_EQ(R"({"administrator":false,"group":"","home":"","source":null,"status":"","user":""})",
              call(&Service::whoami, connection));
    EXPECT_EQ(R"({"algorithm":"SHA-256","group":"users","home":"/alice","user":"alice"})",
              call(&Service::auth, connection, R"({"user":"alice","passwd":"wonder"})"));
    EXPECT_EQ(
        R"({"administrator":false,"group":"users","home":"/alice","source":"auth","status":"activated","user":"alice"})",
        call(&Service::whoami, connection));
    EXPECT_EQ(R"({"algorithm":"SHA-256","group":"root","user":"boss"})",
              call(&Service::auth, connection, R"({"user":"boss","passwd":"secret"})"));
    // A failure leaves the connection as it was.
    EXPECT_EQ(wrong_, call(&Service::auth, connection, R"({"user":"alice","passwd":"x"})"));
    EXPECT_EQ(
        R"({"administrator":true,"group":"root","home":"","source":"auth","status":"activated","user":"boss"})",
        call(&Service::whoami, connection));
    call(&Service::signout, connection);
    EXPECT_NE(std::string::npos, call(&Service::whoami, connection).find(R"("source":null)"));
}

TEST_P(AuthrpcTest, RefusalsTellNothing) {
    add("shut", "out", "root", "", auth::UserStatus::Repudiated);
    add("empty", "x", "users");
    change("empty", [](auth::User& user) { user.password.clear(); });
    Connection connection = session();
    for (const char* params : {R"({"user":"nobody","passwd":"x"})", R"({"user":"shut","passwd":"out"})",
                               R"({"user":"empty","passwd":"x"})", R"({"user":"alice' --","passwd":"x"})"})
        EXPECT_EQ(wrong_, call(&Service::auth, connection, params)) << params;
    for (const char* params :
         {"{}", R"({"user":"alice"})", R"({"passwd":"x"})", R"({"user":"","passwd":"x"})"})
        EXPECT_EQ(refused(0, "incomplete command"), call(&Service::auth, connection, params)) << params;
    EXPECT_EQ(0u,
              call(&Service::auth, connection, R"({"user":7,"passwd":"x"})").find(R"(error {"code":-32602)"));
}

TEST_P(AuthrpcTest, TheSessionAndTheDatabaseBothSayWhoIsAdministrator) {
    const auto is_administrator = [this](const char* user, const char* group) {
        Connection connection = session(user, group);
        return call(&Service::whoami, connection).find(R"("administrator":true)") != std::string::npos;
    };
    EXPECT_TRUE(is_administrator("boss", "root"));
    EXPECT_FALSE(is_administrator("boss", "users"));  // of another store, where that is somebody else
    EXPECT_FALSE(is_administrator("alice", "root"));  // the session began before the change
    EXPECT_FALSE(is_administrator("stranger", "root"));
    add("again", "x", "root", "", auth::UserStatus::Reapproving);
    EXPECT_FALSE(is_administrator("again", "root"));
    EXPECT_FALSE(is_administrator("again", "reapproving"));
    add("shut", "x", "root", "", auth::UserStatus::Repudiated);
    EXPECT_FALSE(is_administrator("shut", "root"));
    start("foreign=yes");
    EXPECT_TRUE(is_administrator("stranger", "root"));
    EXPECT_FALSE(is_administrator("stranger", "users"));
    EXPECT_FALSE(is_administrator("alice", "root"));
    EXPECT_FALSE(is_administrator("shut", "root"));
    start("group=users");
    EXPECT_TRUE(is_administrator("alice", "users"));
    EXPECT_FALSE(is_administrator("boss", "root"));
}

TEST_P(AuthrpcTest, APasswordEndsWhatWasSignedInWithTheOldOne) {
    Connection one = session(), other = session();
    call(&Service::auth, one, R"({"user":"boss","passwd":"secret"})");
    call(&Service::auth, other, R"({"user":"boss","passwd":"secret"})");
    EXPECT_EQ(done_, call(&Service::passwd, one, R"({"new":"fresh","confirm":"fresh"})"));
    EXPECT_NE(std::string::npos, call(&Service::whoami, one).find(R"("user":"boss")"));
    EXPECT_NE(std::string::npos, call(&Service::whoami, other).find(R"("source":null)"));
    EXPECT_EQ(denied_, call(&Service::adduser, other, R"({"user":"eve","passwd":"x"})"));
}

TEST_P(AuthrpcTest, WhoIsShutOutLosesItAtOnce) {
    Connection connection = session();
    add("second", "x", "root");
    call(&Service::auth, connection, R"({"user":"second","passwd":"x"})");
    EXPECT_NE(std::string::npos, call(&Service::whoami, connection).find(R"("administrator":true)"));
    change("second", [](auth::User& user) { user.group = "users"; });
    EXPECT_NE(std::string::npos, call(&Service::whoami, connection).find(R"("administrator":false)"));
    change("second", [](auth::User& user) { user.status = auth::UserStatus::Repudiated; });
    EXPECT_NE(std::string::npos, call(&Service::whoami, connection).find(R"("source":null)"));
}

// A code is good once, and which were used the gate alone knows.
TEST_P(AuthrpcTest, APasswordIsNotEnoughForOneWithASecondFactor) {
    start("failures=50");
    change("boss", [](auth::User& user) { user.totp_key = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"; });
    Connection nobody = session();
    EXPECT_EQ(wrong_, call(&Service::auth, nobody, R"({"user":"boss","passwd":"secret"})"));
    EXPECT_EQ(wrong_, call(&Service::auth, nobody, R"({"user":"boss","passwd":"x"})"));
    EXPECT_EQ(wrong_,
              call(&Service::passwd, nobody, R"({"user":"boss","old":"secret","new":"x","confirm":"x"})"));
    EXPECT_EQ(wrong_, call(&Service::rmuser, nobody, R"({"user":"boss","passwd":"secret"})"));
    EXPECT_EQ(denied_, call(&Service::adduser, nobody, R"({"user":"eve","passwd":"x"})"));
    EXPECT_NE(std::string::npos, log_.find("boss: a password without the second factor\n"));
    // Nor with a session of somebody else, be it one of that name.
    Connection alice = session("alice", "users"), other = session("boss", "guests");
    EXPECT_EQ(wrong_, call(&Service::auth, alice, R"({"user":"boss","passwd":"secret"})"));
    EXPECT_EQ(wrong_, call(&Service::auth, other, R"({"user":"boss","passwd":"secret"})"));
    EXPECT_TRUE(is_password("boss", "secret"));
    // At the gate it was asked for.
    Connection boss = session("boss", "root");
    EXPECT_NE(std::string::npos, call(&Service::whoami, boss).find(R"("administrator":true)"));
    EXPECT_EQ(done_, call(&Service::passwd, boss, R"({"old":"secret","new":"fresh","confirm":"fresh"})"));
    EXPECT_EQ(0u,
              call(&Service::auth, boss, R"({"user":"boss","passwd":"fresh"})").find(R"({"group":"root")"));
}

TEST_P(AuthrpcTest, ASecondFactorThatComesLaterEndsWhatAPasswordDid) {
    Connection connection = session();
    call(&Service::auth, connection, R"({"user":"boss","passwd":"secret"})");
    change("boss", [](auth::User& user) { user.totp_key = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"; });
    EXPECT_NE(std::string::npos, call(&Service::whoami, connection).find(R"("source":null)"));
}

// Switched off: ouistiti's own files have a table for it.
TEST_P(AuthrpcTest, AFactorThatIsOffIsNotAskedFor) {
    change("boss", [](auth::User& user) {
        user.totp_key = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
        user.factors_off = {"TOTP"};
    });
    const bool keeps = !(*store()->find("boss"))->factors_off.empty();
    Connection nobody = session();
    const std::string answer = call(&Service::auth, nobody, R"({"user":"boss","passwd":"secret"})");
    EXPECT_EQ(keeps, answer.starts_with(R"({"algorithm")")) << answer;
    EXPECT_EQ(!GetParam(), keeps);
}

TEST_P(AuthrpcTest, SigningInMayBeTheGatesAlone) {
    start("signin=no");
    const std::string closed = refused(403, "sign in at the gate");
    Connection nobody = session(), alice = session("alice", "users");
    EXPECT_EQ(closed, call(&Service::auth, nobody, R"({"user":"boss","passwd":"secret"})"));
    EXPECT_EQ(closed, call(&Service::auth, nobody, R"({"user":"nobody","passwd":"x"})"));
    EXPECT_EQ(closed, call(&Service::auth, alice, R"({"user":"boss","passwd":"secret"})"));
    EXPECT_EQ(closed,
              call(&Service::passwd, nobody, R"({"user":"bob","old":"builder","new":"x","confirm":"x"})"));
    EXPECT_EQ(closed, call(&Service::rmuser, nobody, R"({"user":"bob","passwd":"builder"})"));
    EXPECT_TRUE(is_password("bob", "builder"));
    EXPECT_EQ(done_, call(&Service::passwd, alice, R"({"old":"wonder","new":"land","confirm":"land"})"));
    EXPECT_EQ(wrong_, call(&Service::passwd, alice, R"({"old":"wonder","new":"x","confirm":"x"})"));
    EXPECT_EQ(R"({"message":"user removed"})",
              call(&Service::rmuser, alice, R"({"user":"alice","passwd":"land"})"));
}

INSTANTIATE_TEST_SUITE_P(Layouts, AuthrpcTest, testing::Bool(),
                         [](const auto& info) { return std::string(info.param ? "Ouistiti" : "Server"); });

TEST(AuthrpcSettings, AreChecked) {
    EXPECT_EQ("/x/y.db", parse_settings("/x/y.db")->dbname);
    EXPECT_EQ("root", parse_settings("/x/y.db")->group);
    const auto settings =
        parse_settings("dbname=x;type=Digest;realm=lab;algorithm=md5;group=admins;failures=3");
    ASSERT_TRUE(settings);
    EXPECT_EQ(auth::PasswordForm::RealmHash, settings->recipe.form);
    EXPECT_EQ("lab", settings->recipe.realm);
    EXPECT_EQ("admins", settings->group);
    EXPECT_EQ(3u, settings->throttle.failures);
    for (const char* wrong : {"", "dbname=", "dbname=x;type=Digest", "dbname=x;algorithm=rot13", "group=root",
                              "dbname=x;failures=0", "dbname=x;signin=maybe", "dbname=x;foreign=maybe",
                              "dbname=x;type=Other", "dbname=x;group="})
        EXPECT_FALSE(parse_settings(wrong)) << wrong;
}

}  // namespace
}  // namespace marmoset::authrpc
