// Frames between the server and its worker processes.
#include "utils/websocket_jsonrpc/frame.h"

#include <gtest/gtest.h>

#include <cstring>

namespace jsonrpc {
namespace {

void feed(FrameReader& reader, std::string_view bytes) {
    std::memcpy(reader.space(bytes.size()), bytes.data(), bytes.size());
    reader.taken(bytes.size());
}

TEST(Frames, ComeOutAsTheyWentInWhateverThePieces) {
    const std::string large(300000, 'x');
    const Frame frames[] = {
        {.type = FrameType::Open, .client = 1, .call = 2, .payload = "{}"},
        {.type = FrameType::Call, .kind = 1, .client = ~0ull, .call = 1ull << 40, .payload = large},
        {.type = FrameType::Cancel, .client = 3, .call = 4},
        {.type = FrameType::Log, .code = 65535, .payload = std::string_view("a\0b", 3)},
    };
    std::string bytes;
    for (const Frame& frame : frames)
        append_frame(bytes, frame);
    for (const size_t step : {size_t{1}, size_t{7}, size_t{24}, size_t{65536}, bytes.size()}) {
        FrameReader reader;
        Frame got;
        size_t count = 0;
        for (size_t at = 0; at < bytes.size(); at += step) {
            feed(reader, std::string_view(bytes).substr(at, step));
            while (reader.next(got)) {
                const Frame& expected = frames[count++];
                EXPECT_EQ(got.type, expected.type);
                EXPECT_EQ(got.kind, expected.kind);
                EXPECT_EQ(got.code, expected.code);
                EXPECT_EQ(got.client, expected.client);
                EXPECT_EQ(got.call, expected.call);
                EXPECT_EQ(got.payload, expected.payload);
            }
        }
        EXPECT_EQ(count, std::size(frames)) << step;
        EXPECT_FALSE(reader.broken());
    }
}

TEST(Frames, OfUnknownTypesOrImpossibleSizesBreakTheStream) {
    for (const bool size : {false, true}) {
        std::string bytes;
        append_frame(bytes, {.type = FrameType::Answer, .payload = "1"});
        if (size) {
            std::memset(bytes.data(), 0xff, 4);
        } else {
            bytes[4] = 99;
        }
        FrameReader reader;
        Frame got;
        feed(reader, bytes);
        EXPECT_FALSE(reader.next(got));
        EXPECT_TRUE(reader.broken());
        EXPECT_FALSE(reader.next(got));
    }
}

}  // namespace
}  // namespace jsonrpc
