// Chunks and what parts them, byte by byte and whole: content comes out, doubt is refused.
#include "http/chunked.h"

#include <gtest/gtest.h>

#include <string>

namespace marmoset::http {
namespace {

using Status = ChunkedDecoder::Status;

struct Decoded {
    Status status = Status::More;
    std::string content;
    size_t used = 0;
};

/// Feeds `body` in pieces of `step` bytes.
Decoded decode(std::string_view body, size_t step, const ChunkedDecoder::Limits& limits = {1000, 1000}) {
    ChunkedDecoder decoder;
    Decoded result;
    while (result.used < body.size() && result.status == Status::More) {
        size_t used = 0;
        result.status = decoder.feed(
            as_bytes(body.substr(result.used, step)), limits,
            [](void* context, Bytes piece) { static_cast<std::string*>(context)->append(as_text(piece)); },
            &result.content, used);
        result.used += used;
    }
    return result;
}

TEST(Chunked, ContentComesOutWhateverTheCut) {
    const std::string body =
        "5\r\nhello\r\n00a;x=\"y;\";z\r\n0123456789\r\n1 \t;a\r\n!\r\n000;last\r\nX: y\r\nZ:\r\n\r\n";
    const std::string next = "GET / HTTP/1.1\r\n";
    for (size_t step = 1; step <= body.size() + next.size(); ++step) {
        const Decoded result = decode(body + next, step);
        EXPECT_EQ(Status::Complete, result.status) << step;
        EXPECT_EQ("hello0123456789!", result.content) << step;
        EXPECT_EQ(body.size(), result.used) << step;
    }
}

TEST(Chunked, DoubtIsRefused) {
    for (std::string_view bad : {"\r\n",
                                 "g\r\n",
                                 "-1\r\nx",
                                 "+1\r\nx",
                                 "0x1\r\nx",
                                 " 1\r\nx",
                                 "1 \r\nx",
                                 "1\t\r\nx",
                                 "1\nx",
                                 "1\rx",
                                 "1 2\r\n",
                                 "10000000000000000\r\n",
                                 "ffffffffffffffffff\r\n",
                                 "1;a\nx\r\n",
                                 "1;a\rb\r\n",
                                 "1;\x7f\r\n",
                                 "1;\x01\r\n",
                                 "1\r\nxy",
                                 "1\r\nx\n",
                                 "1\r\nx\r0",
                                 "0\r\n\n",
                                 "0\n\r\n",
                                 "0\r\n\rX",
                                 "0\r\n: y\r\n",
                                 "0\r\n y\r\n",
                                 "0\r\nX y\r\n",
                                 "0\r\nX\r\n",
                                 "0\r\nX: a\n",
                                 "0\r\nX: a\rb",
                                 "0\r\nX: a\r\n b\r\n"}) {
        for (size_t step : {size_t{1}, bad.size()})
            EXPECT_EQ(Status::Bad, decode(bad, step).status) << bad << " by " << step;
    }
    EXPECT_EQ(Status::Bad, decode(std::string_view("1;\0", 3), 3).status);
}

TEST(Chunked, ContentHasALimit) {
    EXPECT_EQ(Status::Complete, decode("5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n", 1, {8, 9}).status);
    const Decoded result = decode("5\r\nhello\r\n4\r\n", 1, {8, 9});
    EXPECT_EQ(Status::TooLarge, result.status);
    EXPECT_EQ("hello", result.content);
    EXPECT_EQ(Status::TooLarge, decode("ffffffffffffffff\r\n", 1).status);
    EXPECT_EQ(Status::TooLarge, decode("1\r\n", 1, {0, 9}).status);
}

TEST(Chunked, FramingHasALimitOverTheWholeBody) {
    std::string body;
    for (int i = 0; i < 10; ++i)
        body += "1;abcdefgh\r\nx\r\n";  // 8 letters, and the CR, behind the semicolon, with the CR
    EXPECT_EQ(Status::More, decode(body, 7, {100, 90}).status);
    EXPECT_EQ(Status::TooMuchFraming, decode(body, 7, {100, 89}).status);
    EXPECT_EQ(Status::TooMuchFraming, decode("0\r\n" + std::string(60, 'X') + ": y\r\n", 7, {0, 50}).status);
    EXPECT_EQ(Status::TooMuchFraming, decode(std::string(60, '0') + "1\r\n", 7, {10, 50}).status);
}

}  // namespace
}  // namespace marmoset::http
