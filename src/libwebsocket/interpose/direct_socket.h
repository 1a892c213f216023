// One client of a program that calls accept(), recv() and send() and speaks WebSocket without knowing it. In:
// the program's calls on the client's descriptor. Out: frames on it, payload to the program.
//
// What has been read from the kernel and not by the program waits here, where poll() does not see it: whoever
// waits for the descriptor asks readable() too.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "libwebsocket/interpose/message_reader.h"

namespace marmoset::interpose {

/// What a message sent by the program is.
enum class MessageType : uint8_t {
    Text,  ///< an unfinished character at its end waits for the next; other bytes are refused with EILSEQ
    Binary,
    Auto,  ///< text if it is UTF-8
};

struct Peer {
    sockaddr_storage address;
    socklen_t size;
};

/// Bytes of all pieces together.
size_t total_size(const iovec* pieces, size_t count);

class DirectSocket {
  public:
    /// `fd` is the client's, `life_fd` the connection to the gateway that handed it over: both are this
    /// object's from now on. Its end means that the gateway wants the client to go.
    void begin(int fd, int life_fd, const Peer& peer, MessageType type, uint64_t max_message);

    /// One of its descriptors.
    int descriptor() const { return fd_; }
    /// The connection to the gateway, to be waited for too; -1: it has ended, and nothing more will come of
    /// it.
    int life_descriptor() const { return life_ended_ ? -1 : life_fd_; }
    const Peer& peer() const { return peer_; }

    // As the calls of the same kind: -1 and errno on failure. `flags`: MSG_DONTWAIT, MSG_PEEK, MSG_WAITALL,
    // MSG_NOSIGNAL.
    ssize_t receive(const iovec* pieces, size_t count, int flags);
    /// All pieces together are one message.
    ssize_t send(const iovec* pieces, size_t count, int flags);
    /// As shutdown(). Who writes no more says goodbye to the client: it is sent a Close frame behind what was
    /// sent before.
    void shutdown(int how);
    /// Payload bytes that receive() would give without waiting.
    size_t available();

    /// Whether receive() would not wait: takes what the kernel has. Never waits.
    bool readable();
    /// The same without asking the kernel: a message, or the end, is here already.
    bool buffered() const { return buffered_; }
    /// Changes with each call that reads or brings payload: what has been told of the same number is known.
    unsigned input_changes() const { return input_changes_; }
    /// How many sockets of the process have_unsent(): with none nobody needs to look.
    static int count_unsent() { return unsent_count; }
    /// The program waits for it by edges (EPOLLET): each call that reads is to be told to the set it is in.
    void set_edge_triggered() { edge_triggered_ = true; }
    bool edge_triggered() const { return edge_triggered_; }
    /// Whether send() would not wait, as far as this object knows: a rest of an earlier frame must leave
    /// first.
    bool writable();
    bool has_unsent() const { return has_unsent_; }
    /// life_descriptor() is readable: it has ended, or may be read for nothing.
    void check_life();

    /// Another descriptor of the process names it.
    void refer(int fd);
    /// `fd`, which the caller closes, names it no longer. True: it was the last one, and the object may serve
    /// another client. The client gets a Close frame, unless another process has it too.
    bool release(int fd);
    /// Before the process forks: from now on it has to be known who is the last to let go.
    void before_fork();
    /// In the child: no other thread holds the locks.
    void after_fork();

  private:
    enum class Wait : uint8_t { Ready, TimedOut, Interrupted };

    bool fill();
    bool flush();
    void send_replies();
    Wait wait(short events, int timeout_option);
    bool nonblocking(int flags) const;
    using Lock = std::unique_lock<std::mutex>;
    bool send_frame(Lock& lock, websocket::Opcode opcode, const iovec* pieces, size_t count, size_t size,
                    int flags);
    bool send_text(Lock& lock, const iovec* pieces, size_t count, size_t size, int flags);
    void send_close(uint16_t code);
    void update_buffered();
    void set_unsent(bool unsent);
    bool is_others_to_end();
    void forget();

    std::atomic<int> fd_{-1};  // one of descriptors_
    int life_fd_ = -1;
    std::atomic<bool> life_ended_{false};
    Peer peer_{};
    MessageType type_ = MessageType::Auto;
    std::mutex descriptors_mutex_;
    std::vector<int> descriptors_;
    // Both ends of a pipe: while another process has its writing end, reading it would block. A byte in it:
    // one of them has sent the Close frame.
    int holders_[2] = {-1, -1};

    std::mutex input_mutex_;
    std::optional<MessageReader> reader_;
    bool end_of_stream_ = false;  // the program reads no more
    bool lost_ = false;           // the client's connection has ended: nobody to say goodbye to
    std::atomic<bool> buffered_{false};
    std::atomic<unsigned> input_changes_{0};
    std::atomic<bool> edge_triggered_{false};

    std::mutex output_mutex_;
    std::vector<uint8_t> unsent_;     // frames, or the rest of one, that the kernel did not take
    std::vector<uint8_t> late_pong_;  // to be sent behind them
    std::vector<uint8_t> tail_;       // an unfinished character at the end of the last text
    std::atomic<bool> has_unsent_{false};
    bool close_sent_ = false;

    static std::atomic<int> unsent_count;
};

}  // namespace marmoset::interpose
