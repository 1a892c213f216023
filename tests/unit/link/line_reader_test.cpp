// Lines out of a byte stream: cut at every place, line ends of both kinds, the limit, the unfinished last
// one.
#include "link/line_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace marmoset::link {
namespace {

using Lines = std::vector<std::string>;

LineReader::Status take(LineReader& reader, std::string_view data, Lines& lines) {
    reader.feed(as_bytes(data));
    Bytes line;
    LineReader::Status status;
    while ((status = reader.next(line)) == LineReader::Status::Line)
        lines.emplace_back(as_text(line));
    return status;
}

TEST(LineReader, CutAnywhere) {
    const std::string stream = "one\n\nthree\r\n\r\nfi\rve\r\r\nlast";
    const Lines expected = {"one", "", "three", "", "fi\rve\r"};
    for (size_t first = 0; first <= stream.size(); ++first) {
        for (size_t second = first; second <= stream.size(); ++second) {
            LineReader reader(100);
            Lines lines;
            take(reader, stream.substr(0, first), lines);
            take(reader, stream.substr(first, second - first), lines);
            EXPECT_EQ(take(reader, stream.substr(second), lines), LineReader::Status::NeedMore);
            EXPECT_EQ(lines, expected) << first << ", " << second;
            EXPECT_EQ(as_text(reader.unfinished()), "last");
        }
    }
}

TEST(LineReader, LinesOfOneFeedStayValid) {
    LineReader reader(100);
    Lines none;
    take(reader, "on", none);
    reader.feed(as_bytes("e\ntwo\nth"));
    Bytes one, two, three;
    ASSERT_EQ(reader.next(one), LineReader::Status::Line);
    ASSERT_EQ(reader.next(two), LineReader::Status::Line);
    ASSERT_EQ(reader.next(three), LineReader::Status::NeedMore);
    EXPECT_EQ(as_text(one), "one");
    EXPECT_EQ(as_text(two), "two");
}

TEST(LineReader, TheLimitIsOfALineWithoutItsEnd) {
    const std::string most(10, 'x');
    for (const std::string end : {"\n", "\r\n"}) {
        for (size_t cut = 0; cut <= most.size() + end.size(); ++cut) {
            const std::string good = most + end;
            const std::string bad = "x" + good;
            LineReader reader(10), refusing(10);
            Lines lines;
            take(reader, good.substr(0, cut), lines);
            EXPECT_EQ(take(reader, good.substr(cut), lines), LineReader::Status::NeedMore);
            EXPECT_EQ(lines, Lines{most});
            take(refusing, bad.substr(0, cut), lines);
            EXPECT_EQ(take(refusing, bad.substr(cut), lines), LineReader::Status::TooLong);
            EXPECT_EQ(take(refusing, "fine\n", lines), LineReader::Status::TooLong);
            EXPECT_EQ(lines, Lines{most});
        }
    }
}

TEST(LineReader, ALineThatNeverEndsIsNotKept) {
    LineReader reader(1000);
    Lines lines;
    size_t fed = 0;
    while (take(reader, std::string(100, 'x'), lines) == LineReader::Status::NeedMore && fed < 100000)
        fed += 100;
    EXPECT_EQ(fed, 1000u);
    EXPECT_TRUE(reader.unfinished().empty());
}

TEST(LineReader, WhoStopsInBetweenFeedsTheRestAgain) {
    LineReader reader(100);
    reader.feed(as_bytes("one\ntwo\nth"));
    Bytes line;
    ASSERT_EQ(reader.next(line), LineReader::Status::Line);
    const std::string rest(as_text(reader.untaken()));
    EXPECT_EQ(rest, "two\nth");
    Lines lines;
    take(reader, rest, lines);
    take(reader, "ree\n", lines);
    EXPECT_EQ(lines, (Lines{"two", "three"}));
}

}  // namespace
}  // namespace marmoset::link
