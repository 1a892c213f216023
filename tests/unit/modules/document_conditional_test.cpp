// RFC 9110 13: preconditions, in their order.

#include <gtest/gtest.h>

#include <utility>

#include "modules/document/conditional.h"

namespace marmoset::document {
namespace {

constexpr std::string_view kTag = "\"abc-5\"";
constexpr int64_t kModified = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr int64_t kNow = kModified + 1000;
constexpr const char* kSame = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* kAfter = "Sun, 06 Nov 1994 08:49:38 GMT";

http::Request request(std::initializer_list<std::pair<const char*, const char*>> headers) {
    http::Request made;
    for (const auto& [name, value] : headers)
        made.headers.push_back({name, value});
    return made;
}

Precondition check(std::initializer_list<std::pair<const char*, const char*>> headers) {
    const http::Request made = request(headers);
    return check_preconditions(RequestFields(made), {kTag, kModified}, kNow);
}

bool is_current(const char* if_range, int64_t now = kNow) {
    const http::Request made = request({{"Range", "bytes=0-"}, {"If-Range", if_range}});
    return range_is_current(RequestFields(made), {kTag, kModified}, now);
}

TEST(Conditional, PassesWithoutConditions) {
    EXPECT_EQ(Precondition::Passed, check({}));
    EXPECT_EQ(Precondition::Passed, check({{"Host", "x"}, {"Range", "bytes=0-"}, {"If-Rangf", "\"x\""}}));
}

TEST(Conditional, IfNoneMatchComparesWeakly) {
    EXPECT_EQ(Precondition::NotModified, check({{"If-None-Match", "\"abc-5\""}}));
    EXPECT_EQ(Precondition::NotModified, check({{"if-none-match", "W/\"abc-5\""}}));
    EXPECT_EQ(Precondition::NotModified, check({{"If-None-Match", "*"}}));
    EXPECT_EQ(Precondition::Passed, check({{"If-None-Match", "\"abc-6\""}}));
    EXPECT_EQ(Precondition::Passed, check({{"If-None-Match", "\"ABC-5\""}}));
    EXPECT_EQ(Precondition::Passed, check({{"If-None-Match", "abc-5"}}));
    EXPECT_EQ(Precondition::Passed, check({{"If-None-Match", "\"abc-5"}}));
}

TEST(Conditional, ListsOfTags) {
    EXPECT_EQ(Precondition::NotModified, check({{"If-None-Match", "\"x\", \"y,z\" ,W/\"abc-5\""}}));
    EXPECT_EQ(Precondition::NotModified, check({{"If-None-Match", "\"x\""}, {"If-None-Match", "\"abc-5\""}}));
    EXPECT_EQ(
        Precondition::NotModified,
        check({{"If-None-Match", "\"x\""}, {"If-None-Match", "\"y\""}, {"If-None-Match", "\"abc-5\""}}));
    // The comma and the tag after it are inside of one tag.
    EXPECT_EQ(Precondition::Passed, check({{"If-None-Match", "\"x,abc-5\""}}));
    EXPECT_EQ(Precondition::Passed, check({{"If-Match", "\"x\", \"abc-5\""}}));
}

TEST(Conditional, IfMatchComparesStrongly) {
    EXPECT_EQ(Precondition::Passed, check({{"If-Match", "\"abc-5\""}}));
    EXPECT_EQ(Precondition::Passed, check({{"If-Match", "*"}}));
    EXPECT_EQ(Precondition::Failed, check({{"If-Match", "W/\"abc-5\""}}));
    EXPECT_EQ(Precondition::Failed, check({{"If-Match", "\"x\""}}));
    EXPECT_EQ(Precondition::Failed, check({{"If-Match", "nonsense"}}));
}

TEST(Conditional, Dates) {
    EXPECT_EQ(Precondition::NotModified, check({{"If-Modified-Since", kSame}}));
    EXPECT_EQ(Precondition::NotModified, check({{"If-Modified-Since", kAfter}}));
    EXPECT_EQ(Precondition::Passed, check({{"If-Modified-Since", kBefore}}));
    EXPECT_EQ(Precondition::NotModified, check({{"If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT"}}));
    EXPECT_EQ(Precondition::NotModified, check({{"If-Modified-Since", "Sun Nov  6 08:49:37 1994"}}));
    EXPECT_EQ(Precondition::Passed, check({{"If-Modified-Since", "yesterday"}}));
    EXPECT_EQ(Precondition::Passed, check({{"If-Unmodified-Since", kSame}}));
    EXPECT_EQ(Precondition::Passed, check({{"If-Unmodified-Since", kAfter}}));
    EXPECT_EQ(Precondition::Failed, check({{"If-Unmodified-Since", kBefore}}));
    EXPECT_EQ(Precondition::Passed, check({{"If-Unmodified-Since", "1994"}}));
}

// RFC 9110 13.2.2
TEST(Conditional, OrderOfEvaluation) {
    EXPECT_EQ(Precondition::Failed, check({{"If-None-Match", "\"abc-5\""}, {"If-Match", "\"x\""}}));
    EXPECT_EQ(Precondition::NotModified, check({{"If-None-Match", "\"abc-5\""}, {"If-Match", "\"abc-5\""}}));
    EXPECT_EQ(Precondition::Passed, check({{"If-Match", "\"abc-5\""}, {"If-Unmodified-Since", kBefore}}));
    EXPECT_EQ(Precondition::Failed, check({{"If-Match", "\"x\""}, {"If-Unmodified-Since", kAfter}}));
    EXPECT_EQ(Precondition::Passed, check({{"If-None-Match", "\"x\""}, {"If-Modified-Since", kAfter}}));
    EXPECT_EQ(Precondition::NotModified,
              check({{"If-None-Match", "\"abc-5\""}, {"If-Modified-Since", kBefore}}));
    EXPECT_EQ(Precondition::Failed, check({{"If-Unmodified-Since", kBefore}, {"If-None-Match", "*"}}));
}

TEST(Conditional, IfRange) {
    EXPECT_TRUE(is_current("\"abc-5\""));
    EXPECT_FALSE(is_current("W/\"abc-5\""));
    EXPECT_FALSE(is_current("\"x\""));
    EXPECT_FALSE(is_current("*"));
    EXPECT_TRUE(is_current(kSame));
    EXPECT_FALSE(is_current(kAfter));
    EXPECT_FALSE(is_current(kBefore));
    EXPECT_FALSE(is_current("never"));
    const http::Request none = request({{"Range", "bytes=0-"}});
    EXPECT_TRUE(range_is_current(RequestFields(none), {kTag, kModified}, kNow));
}

TEST(Conditional, ADateOfThisSecondIsNoStrongValidator) {
    EXPECT_FALSE(is_current(kSame, kModified));
    EXPECT_TRUE(is_current(kSame, kModified + 1));
}

TEST(Conditional, FindsTheFieldsOfARequest) {
    const http::Request made = request({{"RANGE", "bytes=1-"},
                                        {"ACCEPT-ENCODING", "br"},
                                        {"accept-encoding", "gzip"},
                                        {"Accept-Languages", "x"}});
    const RequestFields fields(made);
    EXPECT_EQ("bytes=1-", fields.range);
    EXPECT_EQ("br, gzip", fields.accept_encoding);
    EXPECT_EQ("", fields.if_match);
}

TEST(Conditional, TwoOfWhatIsNoListMeanNothing) {
    const char* const date = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (const char* name : {"If-Modified-Since", "If-Unmodified-Since", "If-Range"}) {
        const http::Request made = request({{name, date}, {name, date}, {name, date}});
        const RequestFields fields(made);
        const std::string all = std::string(date) + ", " + date + ", " + date;
        EXPECT_EQ(all, std::string(fields.if_modified_since) + std::string(fields.if_unmodified_since) +
                           std::string(fields.if_range));
    }
}

TEST(Conditional, TwoRangeFieldsAreNone) {
    EXPECT_EQ("", RequestFields(request({{"Range", "bytes=1-"}, {"Range", "bytes=2-"}})).range);
}

}  // namespace
}  // namespace marmoset::document
