// authrpc without a server: who may change which users, in both layouts of the database, what is answered,
// what is logged.
#include "tests/unit/jsonrpc/authrpc.h"

namespace marmoset::authrpc {
namespace {

// ouistiti took whoever asked for root.
TEST_P(AuthrpcTest, NobodyMayChangeAnything) {
    Connection nobody = session();
    Connection alice = session("alice", "users");
    for (Connection* connection : {&nobody, &alice}) {
        EXPECT_EQ(denied_,
                  call(&Service::adduser, *connection, R"({"user":"eve","passwd":"x","group":"root"})"));
        EXPECT_EQ(refused(0, "incomplete command"), call(&Service::rmuser, *connection, R"({"user":"bob"})"));
        for (const Method method : {&Service::listusers, &Service::listgroups, &Service::moduser}) {
            EXPECT_EQ(R"(error {"code":403,"message":"permission denied"})",
                      call(method, *connection, R"({"user":"alice","group":"root"})"));
        }
    }
    EXPECT_EQ(refused(0, "incomplete command"),
              call(&Service::passwd, nobody, R"({"user":"boss","new":"x","confirm":"x"})"));
    EXPECT_EQ(wrong_, call(&Service::passwd, nobody, R"({"user":"boss","old":"y","new":"x","confirm":"x"})"));
    EXPECT_EQ(refused(0, "incomplete command"),
              call(&Service::passwd, alice, R"({"new":"x","confirm":"x"})"));
    // Another one's, even with its password.
    EXPECT_EQ(denied_,
              call(&Service::passwd, alice, R"({"user":"bob","old":"builder","new":"x","confirm":"x"})"));
    EXPECT_EQ(denied_, call(&Service::rmuser, alice, R"({"user":"bob","passwd":"builder"})"));
    EXPECT_EQ(wrong_, call(&Service::rmuser, nobody, R"({"user":"bob","passwd":"x"})"));
    EXPECT_TRUE(is_password("boss", "secret"));
    EXPECT_TRUE(is_password("bob", "builder"));
    EXPECT_EQ(3u, store()->list("", 10)->size());
    EXPECT_EQ("users", (*store()->find("alice"))->group);
    EXPECT_NE(std::string::npos, log_.find("authrpc: 192.0.2.1: alice may not: adduser\n"));
    EXPECT_NE(std::string::npos, log_.find("authrpc: 192.0.2.1: nobody may not: moduser\n"));
}

TEST_P(AuthrpcTest, OnesOwnPassword) {
    Connection alice = session("alice", "users");
    EXPECT_EQ(refused(0, "confirm new password"),
              call(&Service::passwd, alice, R"({"old":"wonder","new":"land","confirm":"lend"})"));
    EXPECT_EQ(refused(0, "confirm new password"),
              call(&Service::passwd, alice, R"({"old":"wonder","new":"land"})"));
    EXPECT_EQ(wrong_, call(&Service::passwd, alice, R"({"old":"x","new":"land","confirm":"land"})"));
    EXPECT_TRUE(is_password("alice", "wonder"));
    EXPECT_EQ(done_, call(&Service::passwd, alice, R"({"old":"wonder","new":"land","confirm":"land"})"));
    EXPECT_TRUE(is_password("alice", "land"));
    EXPECT_EQ(done_,
              call(&Service::passwd, alice, R"({"user":"alice","old":"land","new":"2","confirm":"2"})"));
    // Without a session: name and old password.
    Connection nobody = session();
    EXPECT_EQ(done_,
              call(&Service::passwd, nobody, R"({"user":"bob","old":"builder","new":"3","confirm":"3"})"));
    EXPECT_TRUE(is_password("bob", "3"));
    EXPECT_EQ(std::string::npos, log_.find("builder"));
    EXPECT_NE(std::string::npos, log_.find("authrpc: 192.0.2.1: bob changed the password of bob\n"));
    EXPECT_EQ(0u, call(&Service::passwd, nobody, R"({"user":"bob","old":"3","new":"a\nb","confirm":"a\nb"})")
                      .find(R"({"code":0,"data":"a password is)"));
}

TEST_P(AuthrpcTest, AReapprovingUserBecomesActiveByANewPassword) {
    add("again", "old", "root", "", auth::UserStatus::Reapproving);
    Connection connection = session("again", "reapproving");
    EXPECT_NE(std::string::npos, call(&Service::whoami, connection).find(R"("group":"reapproving")"));
    EXPECT_EQ(done_, call(&Service::passwd, connection, R"({"old":"old","new":"n","confirm":"n"})"));
    EXPECT_EQ(auth::UserStatus::Activated, (*store()->find("again"))->status);
    // An administrator's choice of one does not.
    change("again", [](auth::User& user) { user.status = auth::UserStatus::Reapproving; });
    Connection boss = session("boss", "root");
    EXPECT_EQ(R"({"algorithm":"SHA-256","group":"root","message":"password changed"})",
              call(&Service::passwd, boss, R"({"user":"again","new":"m","confirm":"m"})"));
    EXPECT_EQ(auth::UserStatus::Reapproving, (*store()->find("again"))->status);
}

TEST_P(AuthrpcTest, AnAdministratorAddsChangesRemoves) {
    Connection boss = session("boss", "root");
    EXPECT_EQ(R"({"message":"user added"})",
              call(&Service::adduser, boss, R"({"user":"eve","passwd":"apple"})"));
    EXPECT_EQ(R"({"message":"user added"})",
              call(&Service::adduser, boss,
                   R"({"user":"dan","passwd":"$y$x","group":"lions","home":"/d","status":"reapproving"})"));
    EXPECT_TRUE(is_password("eve", "apple"));
    EXPECT_TRUE(is_password("dan", "$y$x"));
    EXPECT_EQ("users", (*store()->find("eve"))->group);
    EXPECT_EQ(R"(error {"code":409,"message":"there is a user eve already"})",
              call(&Service::adduser, boss, R"({"user":"eve","passwd":"x"})"));
    EXPECT_EQ(refused(0, "incomplete command"), call(&Service::adduser, boss, R"({"user":"x"})"));
    EXPECT_EQ(0u, call(&Service::adduser, boss, R"({"user":"a:b","passwd":"x"})").find(R"({"code":0)"));
    EXPECT_EQ(0u,
              call(&Service::adduser, boss, R"({"user":"a","passwd":"x","status":"root"})").find("error"));
    EXPECT_EQ(
        R"({"group":"tigers","home":"","message":"user changed","status":"activated","user":"dan"})",
        call(&Service::moduser, boss, R"({"user":"dan","group":"tigers","home":"","status":"activated"})"));
    EXPECT_EQ(R"({"group":"tigers","home":"/e","message":"user changed","status":"activated","user":"dan"})",
              call(&Service::moduser, boss, R"({"user":"dan","home":"/e"})"));
    EXPECT_TRUE(is_password("dan", "$y$x"));
    EXPECT_EQ(R"(error {"code":404,"message":"there is no such user"})",
              call(&Service::moduser, boss, R"({"user":"nobody","home":"/e"})"));
    EXPECT_EQ(
        0u, call(&Service::moduser, boss, R"({"user":"dan","home":"a:b"})").find(R"(error {"code":-32602)"));
    EXPECT_EQ(0u,
              call(&Service::moduser, boss, R"({"user":"dan","group":""})").find(R"(error {"code":-32602)"));
    EXPECT_EQ(R"({"algorithm":"SHA-256","group":"tigers","home":"/e","message":"password changed"})",
              call(&Service::passwd, boss, R"({"user":"dan","new":"z","confirm":"z"})"));
    EXPECT_EQ(R"({"message":"user removed"})", call(&Service::rmuser, boss, R"({"user":"dan"})"));
    EXPECT_EQ(wrong_, call(&Service::rmuser, boss, R"({"user":"dan"})"));
    EXPECT_EQ(wrong_, call(&Service::passwd, boss, R"({"user":"dan","new":"z","confirm":"z"})"));
    EXPECT_NE(std::string::npos,
              log_.find("authrpc: 192.0.2.1: boss added the user dan of the group lions\n"));
    EXPECT_NE(std::string::npos, log_.find("authrpc: 192.0.2.1: boss removed the user dan\n"));
    EXPECT_EQ(std::string::npos, log_.find("apple"));
}

TEST_P(AuthrpcTest, Lists) {
    Connection boss = session("boss", "root");
    EXPECT_EQ(
        R"({"more":true,"users":[{"algorithm":"SHA-256","group":"users","home":"/alice","status":"activated","user":"alice"},)"
        R"({"algorithm":"SHA-256","group":"users","home":"","status":"activated","user":"bob"}]})",
        call(&Service::listusers, boss, R"({"limit":2})"));
    EXPECT_EQ(
        R"({"more":false,"users":[{"algorithm":"SHA-256","group":"root","home":"","status":"activated","user":"boss"}]})",
        call(&Service::listusers, boss, R"({"after":"bob","limit":2})"));
    EXPECT_NE(
        std::string::npos,
        call(&Service::listgroups, boss).find(R"({"group":"root","users":1},{"group":"users","users":2})"));
    for (const char* params : {R"({"limit":0})", R"({"limit":1001})", R"({"after":1})"})
        EXPECT_EQ(0u, call(&Service::listusers, boss, params).find(R"(error {"code":-32602)")) << params;
}

TEST_P(AuthrpcTest, TheLastAdministratorStays) {
    Connection boss = session("boss", "root");
    const std::string why = "the last active user of the group root";
    EXPECT_EQ(refused(409, why), call(&Service::rmuser, boss, R"({"user":"boss"})"));
    for (const char* params :
         {R"({"user":"boss","group":"users"})", R"({"user":"boss","status":"repudiated"})"})
        EXPECT_EQ(R"(error {"code":409,"message":")" + why + "\"}", call(&Service::moduser, boss, params));
    Connection nobody = session();
    EXPECT_EQ(refused(409, why), call(&Service::rmuser, nobody, R"({"user":"boss","passwd":"secret"})"));
    EXPECT_EQ(R"({"message":"user added"})",
              call(&Service::adduser, boss, R"({"user":"heir","passwd":"x","group":"root"})"));
    EXPECT_EQ(R"({"message":"user removed"})", call(&Service::rmuser, boss, R"({"user":"boss"})"));
}

TEST_P(AuthrpcTest, OneMayRemoveOneselfWithThePassword) {
    Connection alice = session("alice", "users");
    EXPECT_EQ(wrong_, call(&Service::rmuser, alice, R"({"user":"alice","passwd":"x"})"));
    EXPECT_EQ(R"({"message":"user removed"})",
              call(&Service::rmuser, alice, R"({"user":"alice","passwd":"wonder"})"));
    EXPECT_FALSE(*store()->find("alice"));
}

TEST_P(AuthrpcTest, APasswordForDigestStaysOne) {
    change("alice", [](auth::User& user) {
        user.password = *auth::make_password({auth::PasswordForm::RealmHash, DigestAlgorithm::Md5, "lab", 0},
                                             "alice", "wonder");
    });
    start("");
    Connection alice = session("alice", "users");
    EXPECT_EQ(done_, call(&Service::passwd, alice, R"({"old":"wonder","new":"n","confirm":"n"})"));
    EXPECT_EQ(0u, (*store()->find("alice"))->password.find("$a1$realm=lab$"));
    EXPECT_TRUE(is_password("alice", "n"));
    // All others get the strong form.
    Connection bob = session("bob", "users");
    EXPECT_EQ(done_, call(&Service::passwd, bob, R"({"old":"builder","new":"n","confirm":"n"})"));
    EXPECT_EQ(0u, (*store()->find("bob"))->password.find("$y$"));
}

}  // namespace
}  // namespace marmoset::authrpc
