// TLS on another transport: what every library has in common. Payload is gathered into full records, records
// into few writes; what comes from the socket in one read is decrypted from there. Backends only turn bytes
// into records and back: they never see a socket that is full.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/transport.h"

namespace marmoset::tls {

/// Largest payload of a record (RFC 8446 5.1).
inline constexpr size_t kRecord = 16384;

class RecordTransport : public net::Transport {
  public:
    enum class End : uint8_t { Client, Server };

    int descriptor() const final { return inner_->descriptor(); }
    /// A server's end speaks when it has heard something: the first call only says so. What is no TLS at all
    /// but HTTP is answered in the clear (Refused).
    Handshake handshake() final;
    uint64_t handshake_timeout_ms() const final { return handshake_timeout_ms_; }
    std::string error() const final { return error_; }
    bool pending() const final;
    /// At most what one read of the socket has given.
    ssize_t read(MutableBytes into) final;
    /// May take less than the socket would: encrypting much at a time would keep other connections waiting.
    /// Records that are made but have not left count as not taken: the same bytes are to be offered again.
    ssize_t write(const iovec* pieces, int count, bool more) final;
    ssize_t send_file(int fd, off_t offset, size_t size) final;
    /// close_notify, then the half-close.
    bool shutdown_write() final;
    bool encrypted() const final { return true; }

  protected:
    RecordTransport(std::unique_ptr<net::Transport> inner, End end, uint64_t handshake_timeout_ms);

    // ---- the backend's part ----
    enum class Step : uint8_t { Done, WantsMore, Failed };
    /// As far as the handshake gets with what has come. Failed: fail() has been called.
    virtual Step advance() = 0;
    /// > 0 bytes of payload, 0 the peer has ended its side, -EAGAIN more must come first, -EPROTO after
    /// fail().
    virtual ssize_t decrypt(MutableBytes into) = 0;
    /// Makes records of all of it; false after fail().
    virtual bool encrypt(Bytes payload) = 0;
    virtual void close_notify() = 0;
    /// Payload that decrypt() would give without more from the peer.
    virtual bool holds_payload() const = 0;

    // ---- for the backend ----
    /// Bytes from the peer: > 0, 0 end of the stream, -EAGAIN, -errno.
    ssize_t fetch(MutableBytes into);
    /// Bytes for the peer. Never fails: what the socket does not take waits.
    void put(Bytes records);
    /// Why it has failed; the first one counts.
    void fail(std::string why);

  private:
    enum class Flush : uint8_t { Done, Blocked, Failed };

    Handshake refuse_plain_http();
    void begin_call(size_t most);
    ssize_t receive();
    void keep_received();
    Flush flush(bool more = false);
    ssize_t send(Bytes payload, bool more);
    ssize_t send_sealed(size_t offered);

    std::unique_ptr<net::Transport> inner_;
    // Mostly empty, and without memory then.
    std::vector<uint8_t> received_;  // what the last call has not looked at
    std::vector<uint8_t> unsent_;    // records that the socket did not take; at most those of one batch
    size_t sealed_ = 0;              // payload bytes in there, which the caller still has
    std::string error_;
    uint64_t handshake_timeout_ms_;
    ssize_t end_result_ = 0;  // what read() says once it has ended
    int inner_error_ = 0;     // errno of the socket
    const End end_;
    bool begun_ = false;
    bool heard_ = false;  // the peer has said something
    bool established_ = false;
    bool ended_ = false;     // what ended the stream was met behind bytes that were given first
    bool in_clear_ = false;  // refused: what else comes is thrown away
    bool notified_ = false;  // close_notify is made
};

}  // namespace marmoset::tls
