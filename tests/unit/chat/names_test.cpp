// Names: what is left of what a client asked for, cut between characters.
#include <gtest/gtest.h>

#include "utils/websocket_chat/names.h"

namespace chat {
namespace {

TEST(CutUtf8, LeavesWholeCharacters) {
    EXPECT_EQ(cut_utf8("abc", 3), "abc");
    EXPECT_EQ(cut_utf8("abc", 2), "ab");
    EXPECT_EQ(cut_utf8("äöü", 5), "äö");
    EXPECT_EQ(cut_utf8("äöü", 4), "äö");
    EXPECT_EQ(cut_utf8("a🦫b", 4), "a");
    EXPECT_EQ(cut_utf8("a🦫b", 5), "a🦫");
    EXPECT_EQ(cut_utf8("🦫", 3), "");
    EXPECT_EQ(cut_utf8("", 0), "");
}

TEST(CleanName, EndsAtSpaceNewlineAndNul) {
    EXPECT_EQ(clean_name("bob more"), "bob");
    EXPECT_EQ(clean_name("bob\nmore"), "bob");
    EXPECT_EQ(clean_name(std::string_view("bob\0more", 8)), "bob");
    EXPECT_EQ(clean_name(" bob"), "");
}

TEST(CleanName, LosesWhatDoesNotShow) {
    EXPECT_EQ(clean_name("b\ro\tb\x7f"), "bob");
    EXPECT_EQ(clean_name("b\u200bo\u202eb\ufeff"), "bob");
    EXPECT_EQ(clean_name("b\u00a0o\u3000b"), "bob");
    EXPECT_EQ(clean_name("\u3164"), "");
    EXPECT_EQ(clean_name("\U000e0041"), "");
    EXPECT_EQ(clean_name("Ülo-Öö.🦫!"), "Ülo-Öö.🦫!");
}

TEST(CleanName, LosesWhatIsNoUtf8) {
    EXPECT_EQ(clean_name("b\xffo\xc3"), "bo");
    EXPECT_EQ(clean_name("b\xc0\x80o"), "bo");
    EXPECT_EQ(clean_name("b\xed\xa0\x80o"), "bo");
    EXPECT_EQ(clean_name("b\xf4\x90\x80\x80o"), "bo");
}

TEST(CleanName, HasThirtyBytesAtMost) {
    EXPECT_EQ(clean_name(std::string(100, 'x')), std::string(30, 'x'));
    EXPECT_EQ(clean_name(std::string(29, 'x') + "ä"), std::string(29, 'x'));
    EXPECT_EQ(clean_name(std::string(28, 'x') + "ä"), std::string(28, 'x') + "ä");
    EXPECT_EQ(clean_name("\u200b" + std::string(30, 'x')), std::string(30, 'x'));
}

TEST(CleanName, IsNotThatOfNobody) {
    EXPECT_EQ(clean_name("-"), "");
    EXPECT_EQ(clean_name("--"), "--");
}

TEST(IsName, IsWhatStaysAsItIs) {
    EXPECT_TRUE(is_name("bob"));
    EXPECT_FALSE(is_name(""));
    EXPECT_FALSE(is_name("-"));
    EXPECT_FALSE(is_name("bob more"));
    EXPECT_FALSE(is_name(std::string(31, 'x')));
}

TEST(NameOfUser, IsAsNearAsCanBe) {
    EXPECT_EQ(name_of_user("bob"), "bob");
    EXPECT_EQ(name_of_user("Bob Builder"), "Bob_Builder");
    EXPECT_EQ(name_of_user("a\xff\u202e"), "a__");
    EXPECT_EQ(name_of_user(std::string(40, 'x')), std::string(30, 'x'));
    EXPECT_EQ(name_of_user("-"), "_");
}

TEST(Numbered, FitsIntoThirtyBytes) {
    EXPECT_EQ(numbered("bob", 1), "bob001");
    EXPECT_EQ(numbered("bob", 999), "bob999");
    EXPECT_EQ(numbered(std::string(30, 'x'), 42), std::string(27, 'x') + "042");
    EXPECT_EQ(numbered(std::string(26, 'x') + "ää", 7), std::string(26, 'x') + "007");
}

TEST(RoomName, IsShortPrintableUtf8) {
    EXPECT_TRUE(is_room_name(""));
    EXPECT_TRUE(is_room_name("kitchen/old one"));
    EXPECT_TRUE(is_room_name(std::string(64, 'x')));
    EXPECT_FALSE(is_room_name(std::string(65, 'x')));
    EXPECT_FALSE(is_room_name("a\nb"));
    EXPECT_FALSE(is_room_name("a\xff"));
    EXPECT_FALSE(is_room_name("a\u0085"));
}

TEST(Colour, IsSixHexadecimalDigits) {
    std::string colour = "before";
    for (const char* bad : {"", "#", "#12345", "#1234567", "112233", "#12345g", "#äää", "-"}) {
        EXPECT_FALSE(take_colour(bad, colour)) << bad;
        EXPECT_EQ(colour, "before");
    }
    EXPECT_TRUE(take_colour("#09aFfA", colour));
    EXPECT_EQ(colour, "#09affa");
}

}  // namespace
}  // namespace chat
