// Commands of plain clients and of those who speak lines.
#include <gtest/gtest.h>

#include "utils/websocket_chat/commands.h"

namespace chat {
namespace {

using Kind = Command::Kind;

TEST(PlainCommand, TakesOuistitisThree) {
    Command command = parse_plain("WSHello alice");
    EXPECT_EQ(command.kind, Kind::Hello);
    EXPECT_EQ(command.name, "alice");
    command = parse_plain("WSWhois alice\n");
    EXPECT_EQ(command.kind, Kind::Whois);
    EXPECT_EQ(command.name, "alice");
    command = parse_plain("WSPrivate alice two words\nand a line");
    EXPECT_EQ(command.kind, Kind::Private);
    EXPECT_EQ(command.name, "alice");
    EXPECT_EQ(command.text, "two words\nand a line");
}

TEST(PlainCommand, EndsNamesAtSpaceNewlineAndNul) {
    using namespace std::literals;
    EXPECT_EQ(parse_plain("WSHello  alice more"sv).name, "alice");
    EXPECT_EQ(parse_plain("WSHello alice\nmore"sv).name, "alice");
    EXPECT_EQ(parse_plain("WSHello alice\0more"sv).name, "alice");
    EXPECT_EQ(parse_plain("WSPrivate alice\0more"sv).text, "more");
    EXPECT_EQ(parse_plain("WSPrivate alice"sv).text, "");
    for (const std::string_view nameless :
         {"WSHello"sv, "WSHello "sv, "WSHello   "sv, "WSHello\n"sv, "WSHello\0"sv}) {
        EXPECT_EQ(parse_plain(nameless).kind, Kind::Hello);
        EXPECT_EQ(parse_plain(nameless).name, "");
    }
}

TEST(PlainCommand, LeavesEverythingElse) {
    for (const std::string_view text : {"", "WS", "WSHelloalice", "wshello alice", " WSHello alice",
                                        "WSWelcome alice", "WSNames", "hello"}) {
        EXPECT_EQ(parse_plain(text).kind, Kind::Say) << text;
        EXPECT_EQ(parse_plain(text).text, text);
    }
}

TEST(Line, Hello) {
    Command command = parse_line("hello alice #112233 whatever\nnothing");
    EXPECT_EQ(command.kind, Kind::Hello);
    EXPECT_EQ(command.name, "alice");
    EXPECT_EQ(command.colour, "#112233");
    for (const char* nameless : {"hello", "hello ", "hello -", "hello\n"}) {
        command = parse_line(nameless);
        EXPECT_EQ(command.kind, Kind::Hello);
        EXPECT_EQ(command.name, "");
        EXPECT_EQ(command.colour, "");
    }
    EXPECT_EQ(parse_line("hello - #112233").colour, "#112233");
}

TEST(Line, Say) {
    Command command = parse_line("say 7\ntext\nof two lines");
    EXPECT_EQ(command.kind, Kind::Say);
    EXPECT_EQ(command.tag, "7");
    EXPECT_EQ(command.text, "text\nof two lines");
    command = parse_line("say\n say 7");
    EXPECT_EQ(command.tag, "");
    EXPECT_EQ(command.text, " say 7");
    EXPECT_EQ(parse_line("say 7").text, "");
    EXPECT_EQ(parse_line("say " + std::string(32, 't') + "\nx").kind, Kind::Say);
    EXPECT_EQ(parse_line("say " + std::string(33, 't') + "\nx").kind, Kind::Bad);
}

TEST(Line, Private) {
    Command command = parse_line("private bob 7\ntext");
    EXPECT_EQ(command.kind, Kind::Private);
    EXPECT_EQ(command.name, "bob");
    EXPECT_EQ(command.tag, "7");
    EXPECT_EQ(command.text, "text");
    command = parse_line("private - 7\ntext");
    EXPECT_EQ(command.kind, Kind::Bad);
    EXPECT_EQ(command.tag, "7");
}

TEST(Line, WhoisAndNames) {
    EXPECT_EQ(parse_line("whois bob").kind, Kind::Whois);
    EXPECT_EQ(parse_line("whois bob").name, "bob");
    EXPECT_EQ(parse_line("whois").kind, Kind::Bad);
    EXPECT_EQ(parse_line("names").kind, Kind::Names);
}

TEST(Line, RefusesTheRest) {
    using namespace std::literals;
    for (const std::string_view bad :
         {""sv, "\n"sv, " "sv, "WSHello alice"sv, "Say\nx"sv, "saying\nx"sv, "hello a\0b"sv}) {
        EXPECT_EQ(parse_line(bad).kind, Kind::Bad) << bad;
        EXPECT_NE(parse_line(bad).text, "");
    }
}

}  // namespace
}  // namespace chat
