// Settings in one argument: a value alone, or keys and values.
#include "jsonrpc/settings_text.h"

#include <gtest/gtest.h>

namespace marmoset::jsonrpc {
namespace {

constexpr std::string_view kKeys[] = {"dir", "write", "timeout"};

Result<SettingsText> parse(std::string_view text) {
    return SettingsText::parse(text, "dir", kKeys);
}

TEST(SettingsText, AValueAlone) {
    EXPECT_EQ("/var/lib/x.db", parse(" /var/lib/x.db ")->text("dir"));
    EXPECT_EQ("/a=b;c", parse("/a=b;c")->text("dir"));
    EXPECT_EQ("x.db", parse("x.db")->text("dir"));
    EXPECT_FALSE(parse("")->has("dir"));
}

TEST(SettingsText, KeysAndValues) {
    const auto settings = parse(" dir = /var/lib/x ;write=yes;; timeout=5;");
    ASSERT_TRUE(settings);
    EXPECT_EQ("/var/lib/x", settings->text("dir"));
    bool write = false;
    uint64_t timeout = 1;
    ASSERT_TRUE(settings->read("write", write));
    ASSERT_TRUE(settings->read("timeout", timeout, 1, 60));
    EXPECT_TRUE(write);
    EXPECT_EQ(5u, timeout);
    std::string text = "as it was";
    ASSERT_TRUE(parse("write=no")->read("dir", text));
    EXPECT_EQ("as it was", text);
    ASSERT_TRUE(parse("dir=")->read("dir", text));
    EXPECT_EQ("", text);
}

TEST(SettingsText, WhatIsWrong) {
    EXPECT_EQ("there is no setting «timeuot», but «timeout»", parse("timeuot=5").error().text);
    EXPECT_EQ("there is no setting «password»", parse("password=x").error().text);
    EXPECT_EQ("«dir» stands twice", parse("dir=a;dir=b").error().text);
    EXPECT_EQ("«more» is no key=value", parse("dir=a;more").error().text);
    bool write = false;
    uint64_t timeout = 1;
    EXPECT_EQ("write is yes or no", parse("write=1")->read("write", write).error().text);
    for (const char* wrong : {"timeout=", "timeout=0", "timeout=61", "timeout=-1", "timeout=5s"})
        EXPECT_EQ("timeout is a number from 1 to 60",
                  parse(wrong)->read("timeout", timeout, 1, 60).error().text)
            << wrong;
    EXPECT_EQ(1u, timeout);
}

}  // namespace
}  // namespace marmoset::jsonrpc
