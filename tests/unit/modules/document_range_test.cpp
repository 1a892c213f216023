// RFC 9110 14: Range values against sizes.

#include <gtest/gtest.h>

#include <string>

#include "modules/document/range.h"

namespace marmoset::document {
namespace {

using Ranges = std::vector<ByteRange>;

/// "200", "416", or the ranges as "offset+size offset+size".
std::string parsed(std::string_view value, uint64_t size) {
    Ranges ranges;
    switch (parse_ranges(value, size, ranges)) {
        case RangeVerdict::Whole:
            return "200";
        case RangeVerdict::Unsatisfiable:
            return "416";
        case RangeVerdict::Partial:
            break;
    }
    std::string text;
    for (const ByteRange& range : ranges) {
        text += (text.empty() ? "" : " ") + std::to_string(range.offset) + "+" + std::to_string(range.size);
    }
    return text;
}

TEST(Range, ReadsOneRange) {
    EXPECT_EQ("0+500", parsed("bytes=0-499", 10000));
    EXPECT_EQ("500+500", parsed("bytes=500-999", 10000));
    EXPECT_EQ("9500+500", parsed("bytes=-500", 10000));
    EXPECT_EQ("9500+500", parsed("bytes=9500-", 10000));
    EXPECT_EQ("0+1", parsed("bytes=0-0", 10000));
    EXPECT_EQ("9999+1", parsed("bytes=9999-9999", 10000));
    EXPECT_EQ("0+10000", parsed("bytes=0-", 10000));
}

TEST(Range, CutsAtTheEnd) {
    EXPECT_EQ("10+90", parsed("bytes=10-1000", 100));
    EXPECT_EQ("0+100", parsed("bytes=-1000", 100));
    EXPECT_EQ("0+100", parsed("bytes=0-18446744073709551615", 100));
    EXPECT_EQ("0+100", parsed("bytes=0-99999999999999999999999", 100));
    EXPECT_EQ("0+100", parsed("bytes=-99999999999999999999999", 100));
}

TEST(Range, IsUnsatisfiableOutside) {
    EXPECT_EQ("416", parsed("bytes=100-", 100));
    EXPECT_EQ("416", parsed("bytes=100-200", 100));
    EXPECT_EQ("416", parsed("bytes=99999999999999999999999-", 100));
    EXPECT_EQ("416", parsed("bytes=-0", 100));
    EXPECT_EQ("416", parsed("bytes=0-", 0));
    EXPECT_EQ("416", parsed("bytes=-0", 0));
    EXPECT_EQ("416", parsed("bytes=100-,200-300", 100));
}

TEST(Range, ASuffixOfNothingIsAllOfIt) {
    EXPECT_EQ("200", parsed("bytes=-1", 0));
    EXPECT_EQ("200", parsed("bytes=0-,-1", 0));
}

TEST(Range, LeavesOutWhatIsUnsatisfiable) {
    EXPECT_EQ("0+2", parsed("bytes=0-1,500-600,-0", 100));
}

TEST(Range, IgnoresWhatItCannotRead) {
    for (const char* value : {"",
                              "bytes",
                              "bytes=",
                              "bytes=,",
                              "bytes=a-b",
                              "bytes=5",
                              "bytes=-",
                              "bytes=5-3",
                              "bytes=--5",
                              "bytes=1-2-3",
                              "bytes=0x1-2",
                              "bytes=1-2;3-4",
                              "bytes=0-1,x",
                              "bytes=0-1,7-3",
                              "items=0-1",
                              "octets=0-1",
                              "bytes 0-1",
                              "=0-1",
                              "bytes=+1-2",
                              "bytes=1.0-2",
                              "bytes=*",
                              "bytes=*-5",
                              "bytes==0-1"}) {
        EXPECT_EQ("200", parsed(value, 1000)) << value;
    }
}

TEST(Range, IsNotParticularAboutCaseAndSpace) {
    EXPECT_EQ("0+2", parsed("Bytes=0-1", 1000));
    EXPECT_EQ("0+2 500+10", parsed("bytes= 0-1 ,, 500-509 ,", 1000));
}

TEST(Range, ReadsTheStarOfOuistiti) {
    EXPECT_EQ("5+95", parsed("bytes=5-*", 100));
}

TEST(Range, KeepsTheOrderOfTheRequest) {
    EXPECT_EQ("5000+10 0+10 2000+10", parsed("bytes=5000-5009,0-9,2000-2009", 10000));
}

TEST(Range, JoinsWhatOverlapsOrIsClose) {
    EXPECT_EQ("0+100", parsed("bytes=0-49,50-99", 10000));
    EXPECT_EQ("0+100", parsed("bytes=0-60,40-99", 10000));
    EXPECT_EQ("0+100", parsed("bytes=0-9,90-99", 10000));      // a gap of 80
    EXPECT_EQ("0+10 91+9", parsed("bytes=0-9,91-99", 10000));  // a gap of 81
    EXPECT_EQ("0+10000", parsed("bytes=0-,0-,0-,0-", 10000));
    EXPECT_EQ("5+10", parsed("bytes=5-14,7-8", 10000));
}

TEST(Range, JoinsAcrossAnotherRange) {
    // The third one reaches both of the others: one range stands where the first was.
    EXPECT_EQ("9000+10 0+1010", parsed("bytes=9000-9009,0-9,1000-1009,5-1004", 10000));
    EXPECT_EQ("0+3000", parsed("bytes=0-999,2000-2999,1000-1999", 10000));
}

TEST(Range, SendsTheWholeForTooManyRanges) {
    std::string value = "bytes=0-0";
    for (size_t i = 1; i < kMaxRanges; ++i)
        value += "," + std::to_string(i * 1000) + "-" + std::to_string(i * 1000);
    Ranges ranges;
    EXPECT_EQ(RangeVerdict::Partial, parse_ranges(value, 1000000, ranges));
    EXPECT_EQ(kMaxRanges, ranges.size());
    EXPECT_EQ("200", parsed(value + ",999999-", 1000000));
}

TEST(Range, NeverSendsMoreThanTheFile) {
    for (const char* value :
         {"bytes=0-,-1000,1-,5-900", "bytes=-1,-2,-3,-4,-1000", "bytes=0-499,500-,200-700"}) {
        Ranges ranges;
        ASSERT_EQ(RangeVerdict::Partial, parse_ranges(value, 1000, ranges)) << value;
        uint64_t sum = 0;
        for (const ByteRange& range : ranges)
            sum += range.size;
        EXPECT_LE(sum, 1000u) << value;
    }
}

}  // namespace
}  // namespace marmoset::document
