// permessage-deflate's payloads: the examples of RFC 7692 7.2.3, steps of every size, windows, malformed
// streams.
#include "websocket/message_deflate.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>

namespace marmoset::websocket {
namespace {

using Octets = std::vector<uint8_t>;

class MessageDeflate : public ::testing::Test {
  protected:
    /// Both directions alike, so that one object reads what another has written.
    std::unique_ptr<PerMessageDeflate> make(bool takeover, unsigned bits = 15) {
        DeflateParameters parameters;
        parameters.server_takeover = parameters.client_takeover = takeover;
        parameters.server_window_bits = parameters.client_window_bits = static_cast<uint8_t>(bits);
        return std::make_unique<PerMessageDeflate>(parameters, contexts_);
    }

    /// The message in `payload`, given in pieces of `piece` bytes, taken `most` at a time; nullopt:
    /// malformed.
    static std::optional<std::string> receive(PerMessageDeflate& deflate, const Octets& payload,
                                              size_t piece = SIZE_MAX, size_t most = SIZE_MAX) {
        std::string message;
        deflate.begin_receiving();
        Bytes rest(payload);
        do {
            Bytes input = rest.first(std::min(piece, rest.size()));
            rest = rest.subspan(input.size());
            for (bool done = false; !done;) {
                const auto step = deflate.receive(input, rest.empty(), most);
                if (!step.valid) return std::nullopt;
                EXPECT_LE(step.output.size(), most);
                message.append(as_text(step.output));
                input = input.subspan(step.used);
                done = step.done;
            }
        } while (!rest.empty());
        return message;
    }

    static Octets send(PerMessageDeflate& deflate, std::string_view message, size_t piece = SIZE_MAX) {
        Octets payload;
        bool first = true;
        do {
            const std::string_view part = message.substr(0, piece);
            message.remove_prefix(part.size());
            const Bytes bytes = deflate.send(as_bytes(part), first, message.empty());
            payload.insert(payload.end(), bytes.begin(), bytes.end());
            first = false;
        } while (!message.empty());
        return payload;
    }

    static std::string sample(size_t size) {
        std::string text;
        while (text.size() < size)
            text += "{\"sensor\":" + std::to_string(text.size() % 977) + ",\"unit\":\"K\"},";
        return text.substr(0, size);
    }

    static std::string noise(size_t size) {
        std::mt19937 random(7692);
        std::string bytes(size, '\0');
        for (char& c : bytes)
            c = static_cast<char>(random());
        return bytes;
    }

    DeflateContexts contexts_{6, 0};
};

const Octets kHello = {0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00};

TEST_F(MessageDeflate, OneBlock) {  // RFC 7692 7.2.3.1
    auto deflate = make(false);
    EXPECT_EQ(receive(*deflate, kHello), "Hello");
    EXPECT_EQ(send(*deflate, "Hello"), kHello);
}

TEST_F(MessageDeflate, SharedWindow) {  // 7.2.3.2
    const Octets again = {0xf2, 0x00, 0x11, 0x00, 0x00};
    auto deflate = make(true);
    EXPECT_EQ(receive(*deflate, kHello), "Hello");
    EXPECT_EQ(receive(*deflate, again), "Hello");
    EXPECT_EQ(send(*deflate, "Hello"), kHello);
    EXPECT_EQ(send(*deflate, "Hello"), again);
}

TEST_F(MessageDeflate, NoWindowWithoutTakeover) {
    auto deflate = make(false);
    EXPECT_EQ(receive(*deflate, kHello), "Hello");
    EXPECT_EQ(receive(*deflate, {0xf2, 0x00, 0x11, 0x00, 0x00}), std::nullopt);
    EXPECT_EQ(send(*deflate, "Hello"), kHello);
    EXPECT_EQ(send(*deflate, "Hello"), kHello);
}

TEST_F(MessageDeflate, StoredBlock) {  // 7.2.3.3
    EXPECT_EQ(receive(*make(false), {0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00}),
              "Hello");
}

TEST_F(MessageDeflate, FinalBlock) {  // 7.2.3.4
    const Octets final_block = {0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00};
    auto deflate = make(true);
    EXPECT_EQ(receive(*deflate, final_block), "Hello");
    EXPECT_EQ(receive(*deflate, {0xf2, 0x00, 0x11, 0x00, 0x00}), "Hello") << "the window has outlived it";
    EXPECT_EQ(receive(*deflate, final_block), "Hello");
    EXPECT_EQ(receive(*make(false), {0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00}), "Hello") << "no tail needed";
}

TEST_F(MessageDeflate, TwoBlocks) {  // 7.2.3.5
    EXPECT_EQ(
        receive(*make(false), {0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00}),
        "Hello");
}

TEST_F(MessageDeflate, EmptyMessage) {  // 7.2.3.6
    for (const bool takeover : {false, true}) {
        auto deflate = make(takeover);
        EXPECT_EQ(receive(*deflate, {0x00}), "");
        EXPECT_EQ(receive(*deflate, {}), "");
        EXPECT_EQ(receive(*deflate, kHello), "Hello");
        EXPECT_EQ(send(*deflate, ""), Octets{0x00});
        EXPECT_EQ(send(*deflate, ""), Octets{0x00});
        EXPECT_EQ(receive(*make(takeover), send(*deflate, "after it")), "after it");
    }
}

TEST_F(MessageDeflate, PiecesAndStepsOfEverySize) {
    const std::string message = sample(3000) + noise(500);
    const Octets payload = send(*make(false), message);
    for (const size_t piece :
         {size_t{1}, size_t{2}, size_t{7}, size_t{100}, payload.size() - 1, payload.size()}) {
        for (const size_t most : {size_t{1}, size_t{3}, size_t{250}, message.size(), message.size() + 1})
            EXPECT_EQ(receive(*make(false), payload, piece, most), message) << piece << " " << most;
    }
    for (const size_t piece : {size_t{1}, size_t{2}, size_t{999}, message.size() - 1}) {
        EXPECT_EQ(receive(*make(false), send(*make(false), message, piece)), message) << piece;
    }
}

TEST_F(MessageDeflate, ManyMessagesThroughOneWindow) {
    for (const bool takeover : {false, true}) {
        auto sender = make(takeover);
        auto receiver = make(takeover);
        size_t compressed = 0;
        for (size_t i = 0; i < 200; ++i) {
            const std::string message = sample(i * 37);
            const Octets payload = send(*sender, message, 64 + i);
            compressed += payload.size();
            ASSERT_EQ(receive(*receiver, payload, 1 + i, 1 + 5 * i), message) << i;
        }
        EXPECT_LT(compressed, size_t{200} * 200 * 37 / 2 / 5);
    }
}

// What is sent with a window of 2^n bytes must be readable with no more. One byte of output a step keeps
// zlib's inflate from looking into the output instead of its window.
TEST_F(MessageDeflate, EveryWindow) {
    std::string message = sample(600) + noise(900);
    message += message;
    message += sample(40000);
    for (unsigned bits = kMinWindowBits; bits <= kMaxWindowBits; ++bits) {
        const Octets payload = send(*make(true, bits), message);
        EXPECT_EQ(receive(*make(true, bits), payload, SIZE_MAX, 1), message) << bits;
    }
}

TEST_F(MessageDeflate, Malformed) {
    const Octets cut(kHello.begin(), kHello.end() - 2);
    const Octets payloads[] = {
        cut,                                   // breaks off within a block
        {0x06},                                // block type 3
        {0x00, 0x05, 0x00, 0x00, 0x00, 0x41},  // stored block whose length is not confirmed
        {0x00, 0x06, 0x00, 0xf9, 0xff, 0x48},  // stored block that would swallow the tail
        {0xff, 0xff, 0xff, 0xff},
        {0x1f, 0x8b, 0x08, 0x00},  // gzip
        {0x78, 0x9c, 0xf2, 0x48},  // zlib
    };
    for (const Octets& payload : payloads) {
        EXPECT_EQ(receive(*make(false), payload), std::nullopt);
        EXPECT_EQ(receive(*make(false), payload, 1, 1), std::nullopt);
    }
    EXPECT_EQ(receive(*make(false), kHello), "Hello") << "a context that failed is clean when used again";
}

// What the verdict is must not depend on how much came out at a time.
TEST_F(MessageDeflate, TheTailAsPartOfABlock) {
    Octets stored = {0x00, 60, 0x00, 0xc3,
                     0xff};  // 60 bytes are announced, 56 follow: the tail makes them whole
    stored.resize(stored.size() + 56, 'x');
    // A final block whose end lies in the tail; what is left of the tail is no block.
    const Octets final_block = {0x00, 0x00, 0x00, 0xff, 0xff, 0x63};
    for (const size_t piece : {size_t{1}, SIZE_MAX}) {
        for (const size_t most : {size_t{1}, size_t{2}, size_t{7}, size_t{60}, SIZE_MAX}) {
            EXPECT_EQ(receive(*make(true), stored, piece, most).value_or("none").size(), 60u) << most;
            EXPECT_EQ(receive(*make(true), final_block, piece, most), std::nullopt) << most;
        }
    }
}

TEST_F(MessageDeflate, ABombComesOutInSteps) {
    const Octets payload = send(*make(false), std::string(10 << 20, 'x'));
    EXPECT_LT(payload.size(), 64u << 10);
    auto deflate = make(false);
    deflate->begin_receiving();
    Bytes input(payload);
    size_t size = 0;
    for (bool done = false; !done;) {
        const auto step = deflate->receive(input, true, SIZE_MAX);
        ASSERT_TRUE(step.valid);
        ASSERT_LE(step.output.size(), DeflateContexts::kInflatedStep);
        size += step.output.size();
        input = input.subspan(step.used);
        done = step.done;
    }
    EXPECT_EQ(size, 10u << 20);
}

TEST_F(MessageDeflate, ContextsAreHeldOnlyWhileNeeded) {
    auto brief = make(false);
    send(*brief, sample(1000));
    receive(*brief, kHello);
    EXPECT_EQ(brief->memory_change(), 0);
    brief->begin_receiving();
    EXPECT_GT(brief->memory_change(), 32768);
    brief->release();
    EXPECT_LT(brief->memory_change(), -32768);
    auto lasting = make(true);
    send(*lasting, sample(1000));
    receive(*lasting, kHello);
    EXPECT_EQ(lasting->memory_change(), (256 << 10) + (32 << 10) + 10240);
}

TEST_F(MessageDeflate, SharedMessagesSuitEveryoneWithoutAWindow) {
    const std::string message = sample(5000);
    const Bytes shared = contexts_.deflate_shared(as_bytes(message), 15);
    const Octets payload(shared.begin(), shared.end());
    auto reader = make(false);
    EXPECT_EQ(receive(*reader, payload), message);
    EXPECT_EQ(receive(*reader, payload), message);
}

}  // namespace
}  // namespace marmoset::websocket
