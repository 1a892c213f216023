// One client: owner of a transport, of the protocol object that speaks on it (HTTP, then perhaps a websocket
// session) and of its unsent output. It alone closes, and is freed in libuv's close callback.
#pragma once

#include <uv.h>

#include <memory>

#include "base/close_reason.h"
#include "net/address.h"
#include "net/loop.h"
#include "net/output.h"
#include "net/transport.h"

namespace marmoset::net {

class Connection;

/// What speaks on a connection. Owned by it; `connection()` outlives the protocol. All calls come from the
/// loop's thread.
class Protocol : public Retired {
  public:
    explicit Protocol(Connection& connection) : connection_(connection) {}

    /// How many bytes it will take in one piece, at least 1.
    virtual size_t read_limit() const { return SIZE_MAX; }
    /// Bytes from the peer, in the loop's read buffer: may be changed in place, gone when the call returns.
    /// All of them are taken: what is incomplete the protocol keeps. May close the connection or replace
    /// itself.
    virtual void on_bytes(MutableBytes data) = 0;
    /// The transport's handshake is complete. Not called for transports that have none. A deadline that was
    /// set before may have been replaced by the transport's own.
    virtual void on_secured() {}
    /// The peer will send no more (half-closed); it may still read.
    virtual void on_end_of_stream() = 0;
    /// The kernel takes no more for now: output waits.
    virtual void on_output_blocked() {}
    /// Some of what was blocked has left; unsent() tells what remains.
    virtual void on_output_progress() {}
    /// The deadline set with Connection::set_deadline has passed.
    virtual void on_deadline() = 0;
    /// The connection is closing: last call, nothing can be sent any more.
    virtual void on_closed(CloseReason reason) = 0;
    /// A peer on a UNIX socket that goes with our output unread resets the connection, but what it sent
    /// before is still there. True: output is thrown away from then on and reading goes on to the end of
    /// stream.
    virtual bool reads_on_after_reset() const { return false; }
    /// The worker is stopping: end when it is polite to do so.
    virtual void on_shutdown() = 0;
    /// Others take new clients now (a reload): what is in progress goes on, what only waits for more may end.
    virtual void on_drain() {}
    /// The time to go on beside those others is over: as on_shutdown, but the peer may come back at once.
    virtual void on_restart() { on_shutdown(); }

    Connection& connection() const { return connection_; }

  private:
    Connection& connection_;  // owns this protocol, outlives it
};

/// Why a connection is not being read. Reading resumes when no reason is left.
enum class ReadPause : uint8_t {
    Exchange = 1,    ///< a request is being answered; the next one waits
    Output = 2,      ///< the peer does not take what we send
    Credit = 4,      ///< the system server has not granted more
    Link = 8,        ///< the link is full
    Handshake = 16,  ///< upgraded, the other side has not accepted yet
    Ended = 32,      ///< end of stream was seen
};

/// Called when a connection is gone, before it is freed: the owner of the list of connections.
class ConnectionObserver {
  public:
    virtual ~ConnectionObserver() = default;
    virtual void on_connection_closed(Connection& connection, CloseReason reason) = 0;
    /// A trusted proxy has told whose bytes follow (see net/proxy_transport.h). Returns the transport that
    /// goes on with `socket`. Null: `client` is refused, and the connection closes with `refusal`.
    virtual std::unique_ptr<Transport> on_proxied(const Address& client, std::unique_ptr<Transport> socket,
                                                  CloseReason& refusal);
};

class Connection final : public Timer, public TurnEnd {
  public:
    /// `observer` outlives the connection. Call start() next; the connection deletes itself after close().
    Connection(Loop& loop, std::unique_ptr<Transport> transport, const Address& peer,
               ConnectionObserver& observer);

    /// Begins with the transport's handshake, then reads with `protocol`; what is written before waits.
    /// False if the descriptor can't be polled (then it has been closed).
    bool start(std::unique_ptr<Protocol> protocol);
    /// From now on `protocol` speaks; the old one is freed at the end of the turn. Bytes the old one has not
    /// dealt with are its to hand over.
    void replace_protocol(std::unique_ptr<Protocol> protocol);
    Protocol& protocol() const { return *protocol_; }

    /// This is a client's: its bytes are counted. Called before start().
    void count_bytes() { counts_bytes_ = true; }

    // Output: see OutputGather for the kinds of memory.
    void write_copy(Bytes data) { loop_.output().append_copy(*this, data); }
    void write_borrowed(Bytes data) { loop_.output().append_borrowed(*this, data); }
    void write_shared(Bytes data, Ref<RefCounted> owner) {
        loop_.output().append_shared(*this, data, std::move(owner));
    }
    void write_file(int fd, off_t offset, size_t size, Ref<RefCounted> owner) {
        loop_.output().append_file(*this, fd, offset, size, std::move(owner));
    }
    /// Sends what was gathered now instead of at the end of the turn.
    void flush() { loop_.output().flush(*this); }
    /// Bytes written but not yet taken by the kernel.
    uint64_t unsent() const { return queue_ ? queue_->bytes : 0; }
    /// True while the kernel takes no more.
    bool blocked() const { return queue_ && queue_->blocked; }
    /// Bytes the kernel has taken since the connection began.
    uint64_t bytes_sent() const { return bytes_sent_; }

    void pause(ReadPause reason);
    void resume(ReadPause reason);
    bool paused() const { return paused_ != 0; }
    bool paused_for(ReadPause reason) const { return (paused_ & static_cast<uint8_t>(reason)) != 0; }

    /// One deadline at a time; on_deadline() of the protocol is called. Rounded up to 100 ms.
    void set_deadline(uint64_t milliseconds) { loop_.timers().arm(*this, milliseconds); }
    void clear_deadline() { loop_.timers().disarm(*this); }

    /// Ends the connection at once; unsent output is dropped. `this` stays valid until the loop's close
    /// callback.
    void close(CloseReason reason);
    /// Sends what is queued, half-closes, waits a little for the peer to close (so that a reset does not
    /// destroy the answer on its way), then closes. Further input is thrown away.
    void close_after_output(CloseReason reason);
    /// Sends what is queued and half-closes; reading goes on. Nothing may be written any more.
    void end_output();
    bool closing() const { return closing_; }
    /// True once close_after_output was called, too.
    bool ending() const { return closing_ || lingering_; }
    /// True until the transport's handshake is complete.
    bool handshaking() const { return handshake_ != Transport::Handshake::Done; }

    Loop& loop() const { return loop_; }
    Transport& transport() const { return *transport_; }
    /// The client: whom we have accepted, or whom a trusted proxy has named.
    const Address& peer() const { return peer_; }
    void set_peer(const Address& peer) { peer_ = peer; }
    /// What the client sends is encrypted on its way: by the transport, or as far as a trusted proxy, which
    /// says so.
    bool secure() const { return secure_ || transport_->encrypted(); }
    int descriptor() const { return transport_->descriptor(); }

    /// Intrusive list of the owner's connections.
    Connection* list_next = nullptr;
    Connection* list_previous = nullptr;

  private:
    friend class OutputGather;
    friend class HandshakeQueue;
    ~Connection() override;

    void begin_handshake();
    void on_poll(int status, int events);
    void advance_handshake();
    void end_handshake();
    void follow_proxy(ProxyTransport& proxy);
    bool read_once();
    void on_readable();
    void on_writable();
    void on_output_failed(int error_number);
    bool outlives_reset(int error_number);
    void linger_if_sent();
    void end_output_if_sent();
    void update_interest();
    void poll_for(int events);
    void on_turn_end() override;
    void on_timer() override;

    Loop& loop_;
    ConnectionObserver& observer_;
    std::unique_ptr<Transport> transport_;
    std::unique_ptr<Protocol> protocol_;
    std::unique_ptr<OutputQueue> queue_;  // from the gather's pool; null when all output has left
    uint64_t bytes_sent_ = 0;
    uv_poll_t poll_;
    Address peer_;
    uint8_t paused_ = 0;
    uint8_t interest_ = 0;  // events the poll handle waits for
    bool secure_ = false;   // says a proxy
    bool counts_bytes_ = false;
    bool gathered_ = false;  // listed in the gather's dirty list
    Transport::Handshake handshake_ = Transport::Handshake::Done;
    bool handshake_queued_ = false;  // its turn comes; what is polled for meanwhile does not matter
    bool closing_ = false;
    bool lingering_ = false;
    bool half_closed_ = false;
    bool output_ended_ = false;      // end_output()
    bool half_close_waits_ = false;  // for a socket that takes the transport's last words
    bool output_lost_ = false;       // the peer takes no more for good; what is written is thrown away
    bool loss_told_ = false;         // ... and the protocol knows that nothing waits any more
    bool hung_up_ = false;           // the peer's end of stream was seen by poll, though not read
    CloseReason final_reason_ = CloseReason::PeerClosed;
};

}  // namespace marmoset::net
