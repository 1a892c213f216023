// One client: connects, upgrades, sends rounds of messages, has the replies checked, closes.
// In: readiness events from the owner's epoll. Out: Progress; faults are exceptions.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "payload.h"
#include "posix.h"
#include "reply_reader.h"
#include "wire.h"

namespace marmoset::bench {

/// Shared by all clients of a mode; outlives them.
struct ClientSettings {
    const Target* target = nullptr;
    const TlsSettings* tls = nullptr;  ///< none: plain
    const Payload* payload = nullptr;
    std::string path = "/";
    Boundaries boundaries = Boundaries::Messages;
    websocket::Opcode type = websocket::Opcode::Binary;
    size_t window = 1;  ///< messages a round: sent in one write, answered before the next round
    size_t per_address = 200;
};

enum class Progress : uint8_t {
    None,
    Opened,     ///< upgraded (or connected, when raw): rounds may begin
    RoundDone,  ///< every reply of the round came and was right
    CloseDone,  ///< the server answered our close frame
    Ended,      ///< the server closed the connection, after the close handshake
};

/// The receive buffer all clients of a generator use in turn, and the place where small rounds are put
/// together.
struct Scratch {
    static constexpr size_t kReceive = 512 * 1024;
    static constexpr size_t kRound = 64 * 1024;
    std::unique_ptr<uint8_t[]> receive = std::make_unique<uint8_t[]>(kReceive);
    std::unique_ptr<uint8_t[]> round = std::make_unique<uint8_t[]>(kRound);
};

class Client {
  public:
    Client(const ClientSettings& settings, Poller& poller, size_t index)
        : settings_(&settings), poller_(&poller), index_(index), reader_(new_reader()) {}

    /// Begins (again) with a new connection.
    void connect() {
        reader_ = new_reader();
        wire_.connect(*settings_->target, settings_->tls, index_, settings_->per_address);
        state_ = State::Connecting;
        control_.clear();
        answer_.clear();
        round_total_ = round_sent_ = first_ = 0;
        interest_ = EPOLLOUT;
        poller_->add(wire_.get(), interest_, this);
    }

    /// Sends the next `window` messages. Only while open and after the previous round.
    void start_round(Scratch& scratch) {
        first_ = reader_.replies();
        round_sent_ = 0;
        round_total_ = settings_->window * frame_size();
        round_start_ = now_ns();
        flush(scratch);
    }

    void start_close(Scratch& scratch, uint16_t code = 1000) {
        uint8_t body[2];
        store_big<uint16_t>(body, code);
        queue_control(websocket::Opcode::Close, {reinterpret_cast<const char*>(body), 2});
        state_ = State::Closing;
        flush(scratch);
    }

    /// A client that sends on and never reads from now on: the replies stay in the kernel's buffers and the
    /// server's.
    void stop_reading() {
        reading_ = false;
        update_interest();
    }

    void disconnect() { wire_.reset(); }

    Progress on_event(uint32_t events, Scratch& scratch) {
        if (state_ == State::Connecting) return on_connected(scratch);
        if (!reading_ && (events & (EPOLLERR | EPOLLHUP)) != 0) return Progress::Ended;
        if ((events & EPOLLOUT) != 0) flush(scratch);
        if (reading_ && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) return receive(scratch);
        return Progress::None;
    }

    uint64_t replies() const { return reader_.replies(); }
    uint64_t round_start() const { return round_start_; }
    uint64_t bytes_sent() const { return bytes_sent_; }
    bool open() const { return state_ == State::Open; }
    size_t index() const { return index_; }

  private:
    enum class State : uint8_t { Connecting, Upgrading, Open, Closing };

    bool raw() const { return settings_->boundaries == Boundaries::Raw; }
    ReplyReader new_reader() const {
        return {*settings_->payload, settings_->boundaries, settings_->type, index_};
    }
    [[noreturn]] void fault(const std::string& what) const {
        throw std::runtime_error("client " + std::to_string(index_) + ": " + what);
    }

    Progress on_connected(Scratch& scratch) {
        uint32_t interest = interest_;
        if (!wire_.establish(interest)) {
            if (interest != interest_) poller_->change(wire_.get(), interest, this);
            interest_ = interest;
            return Progress::None;
        }
        if (raw()) {
            state_ = State::Open;
            update_interest();
            return Progress::Opened;
        }
        // The key and its answer are RFC 6455 1.3's example: what is measured does not depend on their being
        // random.
        control_ =
            "GET " + settings_->path + " HTTP/1.1\r\nHost: " + settings_->target->host() +
            "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n";
        state_ = State::Upgrading;
        flush(scratch);
        return Progress::None;
    }

    Progress receive(Scratch& scratch) {
        ssize_t count = wire_.receive(scratch.receive.get(), Scratch::kReceive);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return Progress::None;
        if (count <= 0) {
            if (state_ == State::Closing && reader_.close_received()) return Progress::Ended;
            fault(count == 0 ? "the server closed the connection"
                             : std::string("receive: ") + std::strerror(errno));
        }
        Bytes bytes{scratch.receive.get(), static_cast<size_t>(count)};
        if (state_ == State::Upgrading) return on_answer(bytes, scratch);
        return on_bytes(bytes, scratch);
    }

    Progress on_answer(Bytes bytes, Scratch& scratch) {
        answer_.append(as_text(bytes));
        size_t end = answer_.find("\r\n\r\n");
        if (end == std::string::npos) {
            if (answer_.size() > 16'384) fault("no end of the answer to the upgrade");
            return Progress::None;
        }
        std::string_view head(answer_.data(), end);
        if (head.substr(0, 12) != "HTTP/1.1 101")
            fault("upgrade refused: " + std::string(head.substr(0, head.find('\r'))));
        if (head.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == std::string_view::npos)
            fault("wrong Sec-WebSocket-Accept");
        state_ = State::Open;
        update_interest();
        std::string rest = answer_.substr(end + 4);
        answer_ = std::string();
        if (!rest.empty()) on_bytes(as_bytes(rest), scratch);
        return Progress::Opened;
    }

    Progress on_bytes(Bytes bytes, Scratch& scratch) {
        reader_.feed(bytes);
        std::string ping;
        if (reader_.take_ping(ping) && state_ == State::Open) {
            queue_control(websocket::Opcode::Pong, ping);
            flush(scratch);
        }
        if (reader_.close_received()) {
            if (state_ != State::Closing)
                fault("the server closed with code " + std::to_string(reader_.close_code()));
            return Progress::CloseDone;
        }
        if (round_total_ == 0 || reader_.replies() < first_ + settings_->window) {
            if (round_total_ == 0 && reader_.replies() != first_) fault("a reply nobody asked for");
            return Progress::None;
        }
        if (round_sent_ < round_total_) fault("a reply before its message was sent");
        round_total_ = round_sent_ = 0;
        first_ = reader_.replies();
        return Progress::RoundDone;
    }

    void queue_control(websocket::Opcode opcode, std::string_view payload) {
        const uint8_t* mask = settings_->payload->mask(index_);
        control_.push_back(static_cast<char>(0x80u | static_cast<unsigned>(opcode)));
        control_.push_back(static_cast<char>(0x80u | payload.size()));
        control_.append(reinterpret_cast<const char*>(mask), 4);
        for (size_t i = 0; i < payload.size(); ++i)
            control_.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
    }

    size_t header_size() const {
        if (raw()) return 0;
        size_t size = settings_->payload->size();
        return size < 126 ? 6 : size < 65'536 ? 8 : 14;
    }
    size_t frame_size() const { return header_size() + settings_->payload->size(); }

    // RFC 6455 5.2 with the mask bit: a server's header plus four bytes.
    void write_header(uint8_t* out) const {
        size_t size = websocket::encode_frame_header(out, settings_->type, true, settings_->payload->size());
        out[1] |= 0x80u;
        std::memcpy(out + size, settings_->payload->mask(index_), 4);
    }
    Bytes body(uint64_t number) const {
        return raw() ? settings_->payload->clear(index_, number) : settings_->payload->masked(index_, number);
    }

    // Control frames go between rounds, never into the middle of a data frame.
    void flush(Scratch& scratch) {
        bool blocked = false;
        while (!blocked) {
            if (!control_.empty() && (round_sent_ == 0 || round_sent_ == round_total_)) {
                const iovec piece{control_.data(), control_.size()};
                ssize_t count = wire_.send(&piece, 1);
                blocked = !sent(count);
                if (!blocked) control_.erase(0, static_cast<size_t>(count));
            } else if (round_sent_ < round_total_) {
                ssize_t count = round_total_ <= Scratch::kRound ? send_small(scratch) : send_large();
                blocked = !sent(count);
                if (!blocked) round_sent_ += static_cast<size_t>(count);
            } else {
                break;
            }
        }
        update_interest();
    }

    bool sent(ssize_t count) {
        if (count >= 0) {
            bytes_sent_ += static_cast<uint64_t>(count);
            return true;
        }
        if (errno != EAGAIN) {
            if (!reading_) return false;  // a stalled client may be dropped; its hang-up event tells
            fault(std::string("send: ") + std::strerror(errno));
        }
        return false;
    }

    ssize_t send_small(Scratch& scratch) {
        uint8_t* out = scratch.round.get();
        for (size_t i = 0; i < settings_->window; ++i) {
            uint8_t header[websocket::kMaxFrameHeader + 4];
            if (!raw()) write_header(header);
            std::memcpy(out, header, header_size());
            Bytes payload = body(first_ + i);
            if (!payload.empty()) std::memcpy(out + header_size(), payload.data(), payload.size());
            out += frame_size();
        }
        const iovec piece{scratch.round.get() + round_sent_, round_total_ - round_sent_};
        return wire_.send(&piece, 1);
    }

    ssize_t send_large() {
        constexpr size_t kFrames = 16;
        iovec parts[2 * kFrames];
        uint8_t header[websocket::kMaxFrameHeader + 4];
        if (!raw()) write_header(header);
        size_t message = round_sent_ / frame_size();
        size_t skip = round_sent_ % frame_size();
        size_t count = 0;
        auto add = [&](const uint8_t* data, size_t size) {
            size_t skipped = std::min(skip, size);
            skip -= skipped;
            if (size > skipped) parts[count++] = {const_cast<uint8_t*>(data) + skipped, size - skipped};
        };
        for (size_t i = 0; i < kFrames && message + i < settings_->window; ++i) {
            add(header, header_size());
            Bytes payload = body(first_ + message + i);
            add(payload.data(), payload.size());
        }
        return wire_.send(parts, count);
    }

    void update_interest() {
        uint32_t wanted = (reading_ ? uint32_t{EPOLLIN} : 0u) |
                          (round_sent_ < round_total_ || !control_.empty() ? uint32_t{EPOLLOUT} : 0u);
        if (wanted == interest_ || state_ == State::Connecting) return;
        interest_ = wanted;
        poller_->change(wire_.get(), wanted, this);
    }

    const ClientSettings* settings_;  // owned by the mode, outlives this
    Poller* poller_;                  // owned by the mode, outlives this
    size_t index_;
    ReplyReader reader_;
    Wire wire_;
    State state_ = State::Connecting;
    uint32_t interest_ = 0;
    bool reading_ = true;

    std::string control_;  // handshake and control frames not yet sent
    std::string answer_;   // of the upgrade, until its head is complete
    uint64_t first_ = 0;   // number of the round's first message
    size_t round_total_ = 0, round_sent_ = 0;
    uint64_t round_start_ = 0;
    uint64_t bytes_sent_ = 0;
};

}  // namespace marmoset::bench
