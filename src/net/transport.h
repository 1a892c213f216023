// Bytes in and out of one peer, without blocking. A plain socket here; TLS is another one over the same
// socket.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <string>

#include "base/bytes.h"

namespace marmoset::net {

/// What TLS has agreed on, for metadata and logs.
struct TlsInfo {
    std::string version;  ///< "TLSv1.2"
    std::string cipher;   ///< as OpenSSL calls it: "ECDHE-ECDSA-AES128-GCM-SHA256"
    std::string subject;  ///< of the client's certificate, "CN=alice, O=Example"; empty: it has shown none
};

class ProxyTransport;

class Transport {
  public:
    virtual ~Transport() = default;

    /// The socket to poll. Owned by the transport.
    virtual int descriptor() const = 0;

    /// What must be exchanged before the first byte can be read or written (TLS).
    enum class Handshake : uint8_t {
        Done,
        WantsRead,   ///< call again when the socket is readable
        WantsWrite,  ///< call again when the socket is writable
        Failed,      ///< error() says why
        Refused,     ///< the same, and the peer has been told: it needs time to read that
        Closed,      ///< the peer has gone without a word
    };
    /// May compute for milliseconds: see HandshakeQueue. A server's first call does nothing but say what is
    /// waited for.
    virtual Handshake handshake() { return Handshake::Done; }
    /// How long it may take; 0: the protocol's deadline counts.
    virtual uint64_t handshake_timeout_ms() const { return 0; }
    /// Why the handshake, or a read or write with -EPROTO, has failed: one line for people.
    virtual std::string error() const { return {}; }
    /// True while bytes of the peer wait in the transport itself: read() gives them although the socket is
    /// not readable.
    virtual bool pending() const { return false; }

    /// > 0 bytes, 0 end of stream, -EAGAIN nothing there, else -errno.
    virtual ssize_t read(MutableBytes into) = 0;
    /// Bytes taken, or -EAGAIN, or -errno. What was not taken is offered again, first, the next time; it may
    /// have been encrypted already. `more`: a file follows at once, the head need not travel alone.
    virtual ssize_t write(const iovec* pieces, int count, bool more) = 0;
    /// Sends `size` bytes of file `fd` from `offset`; bytes sent, -EAGAIN, -errno; 0: the file is shorter
    /// than that.
    virtual ssize_t send_file(int fd, off_t offset, size_t size) = 0;
    /// Half-close: no more bytes follow. False: the socket is full, call again when it is writable.
    virtual bool shutdown_write() = 0;
    /// Plain sockets: false. Encryption costs time: such a transport takes a part of much, and the rest is
    /// to wait for the next turn of the loop.
    virtual bool encrypted() const { return false; }
    /// Of an encrypted one, once the handshake is complete.
    virtual TlsInfo tls_info() const { return {}; }
    /// Itself, if its handshake reads a PROXY header; the connection goes on with another one then.
    virtual ProxyTransport* proxy() { return nullptr; }
    /// The handshake went on with an earlier one's secrets.
    virtual bool resumed() const { return false; }
};

}  // namespace marmoset::net
