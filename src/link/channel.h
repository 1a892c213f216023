// One link: records in and out of a socket, batched. Both ends use it: a gateway worker (hub) and a system
// server (libwebsocket). Over SEQPACKET small records are copied into one packet that leaves at the end of
// the loop turn or when full; a large payload travels as a second piece of that packet, uncopied. Over STREAM
// (framing "records", one connection a client) the same bytes follow each other without packets. Answers
// PING, notices a dead peer.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "link/record.h"
#include "link/record_stream.h"
#include "net/packet_socket.h"

namespace marmoset::link {

class Channel final : public net::PacketSocket::Listener, public net::TurnEnd, public net::Timer {
  public:
    class Handler {
      public:
        virtual ~Handler() = default;
        /// A record other than PING and PONG, HELLO first and once; its payload is gone when the call
        /// returns. May close() the channel.
        virtual void on_record(const Record& record) = 0;
        /// HANDOVER: `descriptor` is none if it was lost because the process has too many. Only where
        /// takes_handover() is true; else the record ends the link.
        virtual void on_handover(uint32_t client, Bytes early, FileDescriptor descriptor) {
            (void)client, (void)early, (void)descriptor;
        }
        virtual bool takes_handover() const { return false; }
        /// After the last record of a packet, or of what has arrived of a stream: borrowed payloads must have
        /// left or been copied.
        virtual void on_packet_end() = 0;
        /// The backlog of a full link has left.
        virtual void on_drained() = 0;
        /// The link has ended, by the peer or by a broken rule (`reason`, for the log): last call, the
        /// channel may be destroyed in it only through Loop::retire.
        virtual void on_end(const std::string& reason) = 0;
    };

    /// `handler` outlives the channel. The socket's type says whether packets or a byte stream carry the
    /// records.
    Channel(net::Loop& loop, FileDescriptor socket, Handler& handler);
    ~Channel() override;

    /// How long the peer may send nothing; at a third of it, PING asks. Called before start().
    void set_silence_limit(uint64_t milliseconds) { dead_ms_ = milliseconds; }
    /// Begins reading. False if the socket can't be polled.
    bool start();

    /// Appends one record whose payload is `first` followed by `second`. Lengths: at most kMaxRecordPayload
    /// together. The memory may go when the call returns.
    void append(RecordHeader header, Bytes first = {}, Bytes second = {});
    /// HANDOVER of a client, behind what was appended before: `early` are bytes it sent behind its handshake,
    /// at most kMaxRecordPayload. Over SEQPACKET only.
    void append_handover(uint32_t client, Bytes early, FileDescriptor descriptor);
    /// Sends what has been gathered now.
    void flush();

    /// True while records wait for the end of the turn.
    bool gathering() const { return batch_size_ != 0; }
    /// True while the peer takes no packets; then append() only queues.
    bool congested() const { return !backlog_.empty(); }
    /// Milliseconds, as of this turn, since the peer last took something. Of meaning while it is congested.
    uint64_t stalled() const { return loop_.now() - taken_at_; }
    /// Bytes appended and not yet taken by the kernel.
    size_t unsent() const { return batch_size_ + backlog_bytes_ + (socket_ ? socket_->unsent() : 0); }
    /// True over a STREAM socket.
    bool is_stream() const { return stream_ != nullptr; }

    /// Handles what has arrived already: before a decision that would throw it away.
    void read_pending() {
        if (socket_) socket_->read_pending();
    }

    /// Ends the link without a call to on_end(). Unsent records are dropped.
    void close();
    bool closed() const { return socket_ == nullptr; }
    int descriptor() const { return socket_->descriptor(); }
    /// In on_end(): the peer broke a rule of the records, it did not just go.
    bool rule_broken() const { return rule_broken_; }

  private:
    /// A packet that met a full socket.
    struct Waiting {
        std::vector<uint8_t> bytes;
        FileDescriptor descriptor;
    };

    void on_packet(MutableBytes packet) override;
    void on_descriptor(FileDescriptor descriptor) override;
    bool takes_descriptors() const override { return handler_.takes_handover(); }
    void on_packets_end() override {}
    void on_writable() override;
    void on_end(const std::string& reason) override;
    void on_turn_end() override { flush(); }
    void on_timer() override;

    void take_records(Bytes records);
    void take_handover(Bytes packet);
    void send_packet(const iovec* pieces, int count, FileDescriptor descriptor = {});
    void end(const std::string& reason);
    void refuse(const std::string& reason);

    net::Loop& loop_;
    Handler& handler_;
    std::unique_ptr<RecordStream> stream_;  // null over SEQPACKET
    net::PacketSocket* socket_;             // owned; deletes itself after close()
    std::unique_ptr<uint8_t[]> batch_;      // the packet being filled
    size_t batch_limit_;                    // a batch of small records leaves when it is this full
    size_t large_payload_;                  // from here on a payload is a piece of its own
    size_t batch_size_ = 0;
    std::deque<Waiting> backlog_;  // whole packets that met a full socket, oldest first
    size_t backlog_bytes_ = 0;
    FileDescriptor descriptor_;    // of the packet that comes next
    bool has_descriptor_ = false;  // one came with it, though it may be lost
    bool rule_broken_ = false;
    bool greeted_ = false;   // the peer's first record, its HELLO, has come
    uint64_t heard_at_ = 0;  // loop time of the last packet
    uint64_t taken_at_ = 0;  // and of the last one that the peer has taken
    uint64_t dead_ms_ = 30000;
};

/// Connects to `path` below the directory `directory_fd` (AT_FDCWD: absolute or relative to the working
/// directory). `type` is SOCK_SEQPACKET or SOCK_STREAM. The error's code is the errno: EPROTOTYPE (the other
/// type), EAGAIN (backlog full), ECONNREFUSED, EACCES, ENOENT …
Result<FileDescriptor> connect_unix(int directory_fd, const std::string& path, int type);

}  // namespace marmoset::link
