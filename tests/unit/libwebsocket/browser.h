// A browser's end of a connection that a server is handed, frame by frame: what the other end is, the test
// gives away. Waits are bounded by poll.
#pragma once

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/file_descriptor.h"
#include "fake_gateway.h"
#include "websocket/close_code.h"
#include "websocket/frame.h"

namespace marmoset::libwebsocket {

/// A frame as a client sends it.
inline std::string client_frame(websocket::Opcode opcode, std::string_view payload, bool fin = true,
                                uint8_t rsv = 0) {
    static constexpr uint8_t kMask[] = {0x37, 0xfa, 0x21, 0x3d};  // of RFC 6455 5.7
    uint8_t header[websocket::kMaxFrameHeader];
    size_t size = websocket::encode_frame_header(header, opcode, fin, payload.size(), rsv);
    size = websocket::add_mask(header, size, kMask);
    std::string masked(payload);
    websocket::apply_mask({reinterpret_cast<uint8_t*>(masked.data()), masked.size()}, kMask, 0);
    return std::string(reinterpret_cast<const char*>(header), size) + masked;
}

inline std::string client_text(std::string_view payload) {
    return client_frame(websocket::Opcode::Text, payload);
}

inline std::string client_close(uint16_t code, std::string_view reason = {}) {
    uint8_t payload[websocket::kMaxControlPayload];
    const size_t size = websocket::encode_close_payload(payload, code, reason);
    return client_frame(websocket::Opcode::Close, as_text({payload, size}));
}

class Browser {
  public:
    Browser() {
        int ends[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0) << std::strerror(errno);
        ours_.reset(ends[0]);
        theirs_.reset(ends[1]);
    }

    /// The end that is given away. It has to be let go then, or the connection never ends.
    int theirs() const { return theirs_.get(); }
    void let_go() { theirs_.reset(); }
    /// HANDOVER of it.
    void hand_over(FakeGateway& gateway, uint32_t client, std::string_view early = {}) {
        gateway.send(record(link::RecordType::Handover, client, early), {theirs()});
        let_go();
    }

    void send(std::string_view bytes) {
        ASSERT_EQ(::send(ours_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()))
            << std::strerror(errno);
    }
    void finish() { shutdown(ours_.get(), SHUT_WR); }
    void drop() { ours_.reset(); }

    /// The next frame, which a server must not mask.
    websocket::FrameHeader frame(std::string& payload) {
        websocket::DecodedHeader decoded;
        while ((decoded = websocket::decode_frame_header(as_bytes(received_))).status !=
               websocket::DecodeStatus::Complete) {
            if (decoded.status == websocket::DecodeStatus::Invalid || !receive()) {
                ADD_FAILURE() << "no frame, but \"" << received_ << "\"";
                return {};
            }
        }
        EXPECT_FALSE(decoded.header.masked);
        while (received_.size() < decoded.size + decoded.header.length) {
            if (receive()) continue;
            ADD_FAILURE() << "half a frame";
            return {};
        }
        payload = received_.substr(decoded.size, decoded.header.length);
        received_.erase(0, decoded.size + decoded.header.length);
        return decoded.header;
    }
    /// The next frame's payload; it must be a whole text.
    std::string text() {
        std::string payload;
        const websocket::FrameHeader header = frame(payload);
        EXPECT_TRUE(header.fin);
        EXPECT_EQ(header.opcode, static_cast<uint8_t>(websocket::Opcode::Text)) << payload;
        return payload;
    }
    /// The code of the next frame, which must be a Close frame; `reason` is what stands behind.
    uint16_t close(std::string* reason = nullptr) {
        std::string payload;
        const websocket::FrameHeader header = frame(payload);
        EXPECT_EQ(header.opcode, static_cast<uint8_t>(websocket::Opcode::Close)) << payload;
        const auto parsed = websocket::parse_close_payload(as_bytes(payload));
        if (reason) *reason = parsed.reason;
        return parsed.code;
    }
    /// Says something and hears the same.
    void expect_echo(std::string_view message) {
        send(client_text(message));
        EXPECT_EQ(text(), message);
    }
    void expect_end() {
        EXPECT_FALSE(receive()) << received_;
        EXPECT_EQ(received_, "");
    }
    /// Nothing has come until now.
    bool heard_nothing() {
        char byte;
        return received_.empty() && recv(ours_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 &&
               errno == EAGAIN;
    }

  private:
    // False: the end of the connection.
    bool receive() {
        pollfd ready{ours_.get(), POLLIN, 0};
        if (poll(&ready, 1, kPatienceMs) <= 0) {
            ADD_FAILURE() << "nothing came to the browser";
            return false;
        }
        char bytes[65536];
        const ssize_t size = recv(ours_.get(), bytes, sizeof bytes, 0);
        if (size > 0) received_.append(bytes, static_cast<size_t>(size));
        return size > 0;
    }

    FileDescriptor ours_, theirs_;
    std::string received_;
};

}  // namespace marmoset::libwebsocket
