// One member of a room in which everybody hears what the others say: sends numbered messages, checks each
// byte of what it hears and that nobody's message is missing, doubled or out of order. In: readiness events
// from the owner's epoll. Out: a call for each message heard; faults are exceptions.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "payload.h"
#include "posix.h"
#include "websocket/frame.h"
#include "wire.h"

namespace marmoset::bench {

/// "SS NNNNNNNNNN ", who sends and its how many-eth message it is; behind it random text.
inline constexpr size_t kFanoutHead = 14;

struct FanoutSettings {
    const Target* target = nullptr;
    const Payload* payload = nullptr;  ///< text
    std::string path = "/";
    size_t senders = 1;
    size_t per_address = 200;
};

class FanoutClient {
  public:
    static constexpr size_t kReceive = 512 * 1024;

    FanoutClient(const FanoutSettings& settings, Poller& poller, size_t index)
        : settings_(&settings), poller_(&poller), index_(index), heard_(settings.senders) {}

    /// It joins while others are speaking: what it hears first is where it begins.
    void join_late() { std::fill(heard_.begin(), heard_.end(), kAnyNumber); }

    void connect() {
        wire_.connect(*settings_->target, nullptr, index_, settings_->per_address);
        interest_ = EPOLLOUT;
        poller_->add(wire_.get(), interest_, this);
    }

    bool open() const { return state_ == State::Open; }
    size_t index() const { return index_; }
    /// Of a client that has been cut off; 0: it has not, or without one.
    uint16_t close_code() const { return close_code_; }
    bool ended() const { return ended_; }

    /// Hears nothing from now on, though it may be told something.
    void stop_reading() {
        stalled_ = true;
        reading_ = false;
        update_interest();
    }
    /// Reads again, until the server ends it.
    void read_on() {
        reading_ = true;
        update_interest();
    }

    /// Its messages `first` to `first + count - 1`, in one write.
    void say(uint64_t first, size_t count) {
        for (size_t i = 0; i < count; ++i)
            append_message(first + i);
        flush();
    }

    /// `hear(sender, number)` is called for each message.
    template <typename Hear>
    void on_event(uint32_t events, uint8_t* buffer, Hear hear) {
        if (state_ == State::Connecting) {
            on_connected();
            return;
        }
        if (stalled_ && !reading_ && (events & (EPOLLERR | EPOLLHUP)) != 0) {
            end();
            return;
        }
        if ((events & EPOLLOUT) != 0) flush();
        if (!reading_ || (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) == 0) return;
        // What was left of the last read, the beginning of a frame, goes in front.
        std::memcpy(buffer, rest_.data(), rest_.size());
        const ssize_t count = wire_.receive(buffer + rest_.size(), kReceive - rest_.size());
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (count <= 0) {
            if (!stalled_) fault(count == 0 ? "the server closed the connection" : std::strerror(errno));
            end();
            return;
        }
        const Bytes bytes{buffer, rest_.size() + static_cast<size_t>(count)};
        const size_t used = state_ == State::Upgrading ? take_answer(bytes) : 0;
        const Bytes frames = bytes.subspan(used);
        const size_t taken = state_ == State::Open ? take_frames(frames, hear) : 0;
        rest_.assign(frames.begin() + static_cast<ptrdiff_t>(taken), frames.end());
    }

  private:
    enum class State : uint8_t { Connecting, Upgrading, Open };

    [[noreturn]] void fault(const std::string& what) const {
        throw std::runtime_error("member " + std::to_string(index_) + ": " + what);
    }

    void end() {
        ended_ = true;
        poller_->remove(wire_.get());
        wire_.reset();
    }

    void on_connected() {
        wire_.establish(interest_);
        output_ = "GET " + settings_->path + " HTTP/1.1\r\nHost: " + settings_->target->host() +
                  "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
                  "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        state_ = State::Upgrading;
        flush();
    }

    // Bytes of the answer's head, 0 while it is not whole.
    size_t take_answer(Bytes bytes) {
        const std::string_view text = as_text(bytes);
        const size_t end = text.find("\r\n\r\n");
        if (end == std::string_view::npos) return 0;
        if (text.substr(0, 12) != "HTTP/1.1 101")
            fault("upgrade refused: " + std::string(text.substr(0, text.find('\r'))));
        state_ = State::Open;
        return end + 4;
    }

    template <typename Hear>
    size_t take_frames(Bytes bytes, Hear hear) {
        size_t taken = 0;
        while (taken < bytes.size() && !ended_) {
            const websocket::DecodedHeader head = websocket::decode_frame_header(bytes.subspan(taken));
            if (head.status == websocket::DecodeStatus::Invalid) fault("a frame's header is malformed");
            if (head.status == websocket::DecodeStatus::NeedMore) break;
            if (bytes.size() - taken < head.size + head.header.length) break;
            const Bytes payload = bytes.subspan(taken + head.size, head.header.length);
            taken += head.size + payload.size();
            take_frame(head.header, payload, hear);
        }
        return taken;
    }

    template <typename Hear>
    void take_frame(const websocket::FrameHeader& header, Bytes payload, Hear hear) {
        if (!header.fin || header.masked || header.rsv != 0)
            fault("a frame that is cut, masked or has RSV set");
        switch (static_cast<websocket::Opcode>(header.opcode)) {
            case websocket::Opcode::Text:
                take_message(payload, hear);
                return;
            case websocket::Opcode::Ping:
                append_frame(websocket::Opcode::Pong, payload);
                flush();
                return;
            case websocket::Opcode::Pong:
                return;
            case websocket::Opcode::Close:
                close_code_ = payload.size() >= 2 ? load_big<uint16_t>(payload.data()) : 1005;
                if (!stalled_) fault("the server closed it with code " + std::to_string(close_code_));
                return;
            default:
                fault("a frame of opcode " + std::to_string(header.opcode));
        }
    }

    template <typename Hear>
    void take_message(Bytes payload, Hear hear) {
        const Payload& expected = *settings_->payload;
        if (payload.size() != expected.size())
            fault("a message of " + std::to_string(payload.size()) + " bytes");
        const std::string_view head = as_text(payload.first(kFanoutHead));
        const auto sender = static_cast<size_t>(number_in(head.substr(0, 2)));
        const uint64_t number = number_in(head.substr(3, 10));
        if (sender >= heard_.size() || sender == index_) fault("a message of nobody, or its own");
        if (heard_[sender] == kAnyNumber) heard_[sender] = number;
        if (number != heard_[sender]) {
            fault("message " + std::to_string(number) + " of sender " + std::to_string(sender) +
                  " instead of " + std::to_string(heard_[sender]) +
                  (number > heard_[sender] ? ": lost" : ": doubled"));
        }
        const Bytes text = expected.clear(sender, number).subspan(kFanoutHead);
        if (std::memcmp(text.data(), payload.data() + kFanoutHead, text.size()) != 0)
            fault("other bytes than sent");
        ++heard_[sender];
        hear(sender, number);
    }

    uint64_t number_in(std::string_view digits) const {
        uint64_t number = UINT64_MAX;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (error != std::errc() || end != digits.data() + digits.size())
            fault("a message without its number");
        return number;
    }

    void append_message(uint64_t number) {
        const Bytes clear = settings_->payload->clear(index_, number);
        text_.assign(as_text(clear));
        char head[kFanoutHead + 1];
        std::snprintf(head, sizeof head, "%02zu %010llu ", index_, static_cast<unsigned long long>(number));
        text_.replace(0, kFanoutHead, head);
        append_frame(websocket::Opcode::Text, as_bytes(text_));
    }

    void append_frame(websocket::Opcode opcode, Bytes payload) {
        uint8_t header[websocket::kMaxFrameHeader];
        const size_t size = websocket::encode_frame_header(header, opcode, true, payload.size());
        header[1] |= 0x80u;
        output_.append(reinterpret_cast<const char*>(header), size);
        const uint8_t* mask = settings_->payload->mask(index_);
        output_.append(reinterpret_cast<const char*>(mask), 4);
        for (size_t i = 0; i < payload.size(); ++i)
            output_.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
    }

    void flush() {
        while (!output_.empty()) {
            const iovec piece{output_.data(), output_.size()};
            const ssize_t count = wire_.send(&piece, 1);
            if (count < 0 && errno == EAGAIN) break;
            if (count < 0) fault(std::string("send: ") + std::strerror(errno));
            output_.erase(0, static_cast<size_t>(count));
        }
        update_interest();
    }

    void update_interest() {
        const uint32_t wanted =
            (reading_ ? uint32_t{EPOLLIN} : 0u) | (output_.empty() ? 0u : uint32_t{EPOLLOUT});
        if (wanted == interest_ || ended_) return;
        interest_ = wanted;
        poller_->change(wire_.get(), wanted, this);
    }

    const FanoutSettings* settings_;  // owned by the mode, outlives this
    Poller* poller_;                  // owned by the mode, outlives this
    size_t index_;                    // the first ones are the senders
    static constexpr uint64_t kAnyNumber = UINT64_MAX;
    std::vector<uint64_t> heard_;  // of each sender: the number of its next message, or kAnyNumber
    Wire wire_;
    State state_ = State::Connecting;
    uint32_t interest_ = 0;
    bool reading_ = true, stalled_ = false, ended_ = false;
    uint16_t close_code_ = 0;
    std::vector<uint8_t> rest_;  // of a frame that is not whole
    std::string output_, text_;
};

}  // namespace marmoset::bench
