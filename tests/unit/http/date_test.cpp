// Dates of HTTP against the C library's calendar and RFC 9110's examples.
#include "http/date.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>
#include <string>

namespace marmoset::http {
namespace {

constexpr int64_t kExample = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr int64_t kNow = 1767225600;     // Thu, 01 Jan 2026 00:00:00 GMT

std::string formatted(int64_t seconds) {
    char out[kDateSize + 1];
    out[kDateSize] = '\x7e';
    format_date(seconds, out);
    EXPECT_EQ(out[kDateSize], '\x7e');
    return {out, kDateSize};
}

TEST(Date, ReadsTheThreeFormsOfRfc9110) {  // 5.6.7
    EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT", kNow), kExample);
    EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow), kExample);
    EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994", kNow), kExample);
    EXPECT_EQ(parse_date("Wed Nov 16 08:49:37 1994", kNow), kExample + 10 * 86400);
    EXPECT_EQ(formatted(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(Date, WritesWhatTheCLibraryWrites) {
    for (int64_t seconds = -62167219200; seconds <= 253402300799; seconds += 86400 * 97 + 3607) {
        char expected[64];
        const time_t time = seconds;
        std::tm parts{};
        ASSERT_NE(gmtime_r(&time, &parts), nullptr);
        static const char* const kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static const char* const kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        std::snprintf(expected, sizeof expected, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[parts.tm_wday],
                      parts.tm_mday, kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                      parts.tm_sec);
        ASSERT_EQ(formatted(seconds), expected);
        ASSERT_EQ(parse_date(expected, kNow), seconds) << expected;
    }
}

TEST(Date, KnowsLeapDays) {
    EXPECT_EQ(formatted(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
    EXPECT_EQ(formatted(951868799), "Tue, 29 Feb 2000 23:59:59 GMT");
    EXPECT_EQ(formatted(951868800), "Wed, 01 Mar 2000 00:00:00 GMT");
    EXPECT_EQ(formatted(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
    EXPECT_EQ(parse_date("Tue, 29 Feb 2000 00:00:00 GMT", kNow), 951782400);
    EXPECT_EQ(parse_date("Mon, 29 Feb 1900 00:00:00 GMT", kNow), std::nullopt);
    EXPECT_EQ(parse_date("Sun, 29 Feb 2026 00:00:00 GMT", kNow), std::nullopt);
    EXPECT_EQ(parse_date("Thu, 29 Feb 2024 00:00:00 GMT", kNow), 1709164800);
    EXPECT_EQ(parse_date("Tue, 30 Jun 2015 23:59:60 GMT", kNow), 1435708800);  // a leap second
}

TEST(Date, KeepsToFourDigitsOfYear) {
    EXPECT_EQ(formatted(INT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
    EXPECT_EQ(formatted(INT64_MIN), "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST(Date, PutsTwoDigitYearsAtMostFiftyYearsAhead) {
    const auto year_of = [](std::string_view date, int64_t now) {
        const auto seconds = parse_date(date, now);
        return seconds ? formatted(*seconds).substr(12, 4) : "none";
    };
    EXPECT_EQ(year_of("Thursday, 01-Jan-26 00:00:00 GMT", kNow), "2026");
    EXPECT_EQ(year_of("Friday, 31-Dec-99 00:00:00 GMT", kNow), "1999");
    EXPECT_EQ(year_of("Wednesday, 01-Jan-75 00:00:00 GMT", kNow), "2075");
    EXPECT_EQ(year_of("Wednesday, 01-Jan-76 00:00:00 GMT", kNow), "2076");  // exactly 50 years
    EXPECT_EQ(year_of("Wednesday, 01-Jan-76 00:00:01 GMT", kNow), "1976");
    EXPECT_EQ(year_of("Wednesday, 01-Jan-77 00:00:00 GMT", kNow), "1977");
    EXPECT_EQ(year_of("Sunday, 29-Feb-76 00:00:00 GMT", kNow), "1976");
    EXPECT_EQ(year_of("Sunday, 29-Feb-75 00:00:00 GMT", kNow), "none");
    const int64_t near_2100 = 4086806400;  // 2099-07-04
    EXPECT_EQ(year_of("Sunday, 04-Jul-05 00:00:00 GMT", near_2100), "2105");
    EXPECT_EQ(year_of("Sunday, 04-Jul-70 00:00:00 GMT", near_2100), "2070");
    EXPECT_EQ(year_of("Sunday, 04-Jul-70 00:00:00 GMT", 0), "1970");
    EXPECT_EQ(year_of("Sunday, 04-Jul-94 00:00:00 GMT", 0), "1994");
    EXPECT_EQ(year_of("Sunday, 04-Jul-94 00:00:00 GMT", INT64_MAX), "9994");
}

TEST(Date, RefusesEverythingElse) {
    for (std::string_view text : {"",
                                  "0",
                                  "now",
                                  "784111777",
                                  "Sun, 06 Nov 1994 08:49:37",
                                  "Sun, 06 Nov 1994 08:49:37 UTC",
                                  "Sun, 06 Nov 1994 08:49:37 +0000",
                                  "Sun, 06 Nov 1994 08:49:37 GMT ",
                                  " Sun, 06 Nov 1994 08:49:37 GMT",
                                  "Sun, 6 Nov 1994 08:49:37 GMT",
                                  "Sun, 06 Nov 94 08:49:37 GMT",
                                  "Sun, 06-Nov-1994 08:49:37 GMT",
                                  "sun, 06 Nov 1994 08:49:37 GMT",
                                  "Sun, 06 nov 1994 08:49:37 GMT",
                                  "Xun, 06 Nov 1994 08:49:37 GMT",
                                  "Sun, 06 Now 1994 08:49:37 GMT",
                                  "Sun, 00 Nov 1994 08:49:37 GMT",
                                  "Sun, 31 Nov 1994 08:49:37 GMT",
                                  "Sun, 32 Jan 1994 08:49:37 GMT",
                                  "Sun, 06 Nov 1994 24:49:37 GMT",
                                  "Sun, 06 Nov 1994 08:60:37 GMT",
                                  "Sun, 06 Nov 1994 08:49:61 GMT",
                                  "Sun, 06 Nov 1994 8:49:37 GMT",
                                  "Sun, 06 Nov 1994 08.49.37 GMT",
                                  "Sun,06 Nov 1994 08:49:37 GMT",
                                  "Sun, 06  Nov 1994 08:49:37 GMT",
                                  "Sun, 06 Nov 19940 08:49:37 GMT",
                                  "Sun, -6 Nov 1994 08:49:37 GMT",
                                  "Sunday, 06-Nov-94 08:49:37",
                                  "Sunday, 06 Nov 94 08:49:37 GMT",
                                  "Someday, 06-Nov-94 08:49:37 GMT",
                                  "Sund, 06-Nov-94 08:49:37 GMT",
                                  ", 06-Nov-94 08:49:37 GMT",
                                  "Sunday, 06-Nov-1994 08:49:37 GMT",
                                  "Sunday, 31-Nov-94 08:49:37 GMT",
                                  "Sun Nov 6 08:49:37 1994",
                                  "Sun Nov  6 08:49:37 1994 GMT",
                                  "Sun Nov  0 08:49:37 1994",
                                  "Sun Nov   6 08:49:37 1994",
                                  "Sun Nov 32 08:49:37 1994",
                                  "Sun Nov  6 08:49:37 94",
                                  "Sun Nov  6 08:49 1994"}) {
        EXPECT_EQ(parse_date(text, kNow), std::nullopt) << text;
    }
}

TEST(Date, RefusesEveryCutOfAGoodDate) {
    for (std::string_view text :
         {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
        for (size_t size = 0; size < text.size(); ++size) {
            EXPECT_EQ(parse_date(text.substr(0, size), kNow), std::nullopt) << text.substr(0, size);
        }
    }
}

}  // namespace
}  // namespace marmoset::http
