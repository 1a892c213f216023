// RFC 6455 on one connection, at either end: frames in and out, fragmentation, UTF-8, ping, the close
// handshake, limits. What the messages mean is the endpoint's affair (the gateway's relay; later a system
// server in direct mode). Payload is passed on as it arrives: only an incomplete header, a control frame and
// the UTF-8 state are kept.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "net/connection.h"
#include "websocket/close_code.h"
#include "websocket/frame.h"
#include "websocket/frame_rules.h"
#include "websocket/message_deflate.h"
#include "websocket/utf8.h"

namespace marmoset::websocket {

class Session;

/// Sees the headers of all frames of a session, for tools that show them.
class FrameObserver {
  public:
    virtual ~FrameObserver() = default;
    virtual void on_frame(const FrameHeader& header, bool sent) = 0;
};

/// Limits and timing of sessions; shared by all of one configuration group.
struct SessionSettings {
    Role role = Role::Server;
    uint64_t max_message = 16u << 20;  ///< bytes of a message; beyond it 1009
    uint32_t max_fragments =
        1024;  ///< frames of a message; beyond it 1009 (a flood of tiny ones costs more than it carries)
    uint64_t ping_ms = 30000;           ///< 0: no pings
    unsigned ping_misses = 2;           ///< unanswered pings until the client counts as gone
    uint64_t close_timeout_ms = 10000;  ///< from our Close frame to the peer's
    uint64_t send_timeout_ms = 60000;   ///< a peer that takes nothing for so long is gone
    uint64_t max_queue = 1u << 20;      ///< bytes waiting for a client; beyond it 1013
    FrameObserver* frames = nullptr;    ///< outlives the sessions; null: nobody looks
    bool drop_published = false;        ///< beyond it published messages are left out instead
};

/// What a session talks to. Outlives the session's last call, on_session_end.
class Endpoint {
  public:
    virtual ~Endpoint() = default;
    /// The next piece of a message: `first` begins it, `last` ends it; an empty message is one empty piece.
    /// Text has been checked as far as it has come. The memory may be changed and is gone when the call
    /// returns.
    virtual void on_message_data(Session& session, MutableBytes piece, bool binary, bool first,
                                 bool last) = 0;
    /// What the endpoint takes now, in bytes; each piece costs its payload + 12. Below kLeastCredit nothing
    /// is delivered until Session::resume_receiving().
    virtual size_t receive_credit(const Session& session) const = 0;
    /// Some of what was blocked has left: session.connection().unsent() tells what remains.
    virtual void on_output_progress(Session& session) = 0;
    /// A Pong has come, asked for by ping() or not; `payload` is gone when the call returns.
    virtual void on_pong(Session&, Bytes) {}
    /// The session is over: `code` is what the peer's Close frame said (1005: nothing), or 1006 without one;
    /// `reason` is gone when the call returns. Called once, unless the endpoint ended the session with
    /// finish().
    virtual void on_session_end(Session& session, uint16_t code, std::string_view reason,
                                CloseReason why) = 0;
};

class Session final : public net::Protocol {
  public:
    /// One byte of payload and a record's header: with less nothing can be delivered.
    static constexpr size_t kLeastCredit = 13;
    /// A message this large is not taken, and no client lets more than that wait, while the process is over
    /// its memory limit.
    static constexpr uint64_t kLargeMessage = 65536;

    /// `endpoint` and `settings` outlive the session. Starts the ping clock. `deflate`: null unless
    /// permessage-deflate was agreed.
    Session(net::Connection& connection, Endpoint& endpoint, const SessionSettings& settings,
            std::unique_ptr<PerMessageDeflate> deflate = nullptr);
    ~Session() override;

    // net::Protocol
    size_t read_limit() const override;
    void on_bytes(MutableBytes data) override;
    void on_end_of_stream() override;
    void on_output_progress() override;
    void on_deadline() override;
    void on_closed(CloseReason reason) override;
    void on_shutdown() override;
    void on_restart() override;

    /// Sends a piece of a message as one frame: `first` begins it, `last` ends it. Data is borrowed until the
    /// loop's output is flushed. Nothing is sent once a Close frame has been. False: the text is not UTF-8
    /// and nothing was sent; the caller closes with 1011.
    [[nodiscard]] bool send(Bytes piece, bool binary, bool first, bool last);
    /// Sends `count` whole messages, a frame each, already encoded and checked, which many sessions share;
    /// they lie one behind the other, and `owner` keeps them. Compressed ones only if takes_shared_deflate().
    void send_frames(Bytes frames, Ref<RefCounted> owner, size_t count = 1);
    /// A published frame finds no room: leaves it out, or fails, as `drop_published` says.
    void refuse_frame(CloseReason why);

    /// Whether the client can read a message compressed for many, without a context, with this window.
    bool takes_shared_deflate(unsigned window_bits) const {
        return deflate_ && deflate_->sends_independently() &&
               window_bits <= deflate_->parameters().server_window_bits;
    }

    /// Sends a Ping frame of at most 125 bytes, besides those of the clock.
    void ping(Bytes payload) {
        if (open()) send_control(Opcode::Ping, payload);
    }

    /// Sends a Close frame behind everything sent before and waits for the peer's. 1005: an empty Close
    /// frame. `why` is what logs say.
    void close(uint16_t code, std::string_view reason, CloseReason why);
    /// RFC 6455 7.1.7: sends a Close frame with the code of the reason's table row and ends without waiting
    /// for the peer's. on_session_end is called before it returns.
    void fail(CloseReason why) { abort(why, describe(why).websocket_code); }

    /// The endpoint's credit has grown: delivers what was held back and reads on.
    void resume_receiving();

    /// True until a Close frame was sent or the connection lost.
    bool open() const { return !close_sent_ && !ended_; }

    /// Of the message that is coming in: what its frames' headers have told so far, compressed if it is.
    uint64_t message_size() const { return rules_.message_size(); }

    // For logs.
    uint64_t messages_received = 0, messages_sent = 0, bytes_received = 0;
    /// Why the session ended, as far as it is known.
    CloseReason end_reason() const { return why_; }
    uint16_t close_code() const { return code_; }

  private:
    /// Control frame being gathered: exists only while one is incomplete.
    struct ControlFrame {
        uint8_t payload[kMaxControlPayload];
        uint8_t size = 0;
    };

    bool waits_for_credit() const;
    void count_sent(size_t count = 1) {
        messages_sent += count;
        connection().loop().counters().add(Counter::MessagesOut, count);
    }
    void account_held(int64_t bytes) { connection().loop().add_queued_memory(bytes); }
    void consume(MutableBytes data);
    size_t take_small_messages(MutableBytes data);
    size_t take_header(Bytes data);
    bool check_header(const FrameHeader& header);
    void begin_message();
    size_t take_payload(MutableBytes data);
    size_t take_compressed_payload(MutableBytes piece);
    bool on_inflated(MutableBytes piece, bool last);
    void on_data_payload(MutableBytes piece, bool end_of_frame);
    void deliver(MutableBytes piece, bool last);
    void on_control_payload(MutableBytes piece, bool end_of_frame);
    void on_control_frame(Bytes payload);
    bool queue_has_room(size_t size, CloseReason& why) const;
    void write_frame(Opcode opcode, bool fin, Bytes payload, uint8_t rsv);
    void account_contexts() { account_held(deflate_->memory_change()); }
    void abort(CloseReason why, uint16_t code);
    void on_close_frame(Bytes payload);
    void send_control(Opcode opcode, Bytes payload) { write_frame(opcode, true, payload, 0); }
    void report_end(uint16_t code, std::string_view reason);
    void check_liveness();
    uint64_t tick_ms() const {
        return settings_.ping_ms > 0 ? std::min(settings_.ping_ms, settings_.send_timeout_ms)
                                     : settings_.send_timeout_ms;
    }

    Endpoint& endpoint_;
    const SessionSettings& settings_;
    uint64_t payload_left_ = 0;                   // of the frame being read
    uint64_t payload_offset_ = 0;                 // bytes of it read: the mask's phase
    uint64_t inflated_size_ = 0;                  // bytes it has given, if it is compressed
    uint64_t output_mark_ = 0;                    // bytes_sent() when progress was last looked at
    std::unique_ptr<std::vector<uint8_t>> held_;  // read, but not covered by credit
    std::unique_ptr<PerMessageDeflate> deflate_;  // null: no compression was agreed
    std::unique_ptr<ControlFrame> control_;
    std::unique_ptr<ControlFrame> pending_pong_;  // the latest, while the client takes nothing
    FrameRules rules_;
    Utf8Validator incoming_text_;
    Utf8Validator outgoing_text_;
    uint16_t code_ = kAbnormal;
    CloseReason why_ = CloseReason::PeerClosed;
    uint8_t header_[kMaxFrameHeader];  // an incomplete frame header
    uint8_t header_size_ = 0;
    uint8_t mask_[4];
    uint8_t pings_unanswered_ = 0;
    Opcode opcode_ = Opcode::Continuation;  // of the frame being read
    bool fin_ = false;
    bool in_payload_ = false;
    bool text_ = false;        // the message being read is text
    bool delivered_ = false;   // a piece of the message being read has reached the endpoint
    bool inflating_ = false;   // the message being read is compressed
    bool deflating_ = false;   // the message being sent is compressed
    bool frame_sent_ = false;  // of the message being sent: the next one is a continuation
    bool close_sent_ = false;
    bool close_received_ = false;
    bool ended_ = false;          // on_session_end was called
    bool heard_ = false;          // bytes came since the last ping
    uint32_t stalled_ticks_ = 0;  // in a row, without output progress
    uint32_t silent_ticks_ = 0;   // in a row, without input, since the last ping
};

}  // namespace marmoset::websocket
