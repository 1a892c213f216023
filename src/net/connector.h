// Opens a connection to a peer given by name: resolves it in libuv's thread pool and tries its addresses one
// after the other, each with a limit of time. In: host and port, or the path of a UNIX socket. Out: a
// connected socket, or why there is none.
#pragma once

#include <netdb.h>
#include <uv.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "net/address.h"
#include "net/loop.h"

namespace marmoset::net {

/// Who waits for a connector. Told once; it may destroy the connector in the call.
class ConnectorObserver {
  public:
    virtual ~ConnectorObserver() = default;
    /// `socket` is non-blocking and has TCP_NODELAY.
    virtual void on_connected(FileDescriptor socket, const Address& peer) = 0;
    /// `error.code` is the errno of the last address tried (ETIMEDOUT: its time was over), or 0 when the name
    /// has no address.
    virtual void on_connect_failed(const Error& error) = 0;
};

class Connector final : private Timer, private TurnEnd {
  public:
    /// `loop` and `observer` outlive the connector. `timeout_ms`: for each address; resolving has as long.
    Connector(Loop& loop, ConnectorObserver& observer, uint64_t timeout_ms);
    /// Gives up what is under way; nothing is told.
    ~Connector() override;

    /// Once one of the two; the observer is never called from within. Numeric addresses need no resolver.
    void connect_tcp(const std::string& host, uint16_t port);
    void connect_unix(const std::string& path);

  private:
    struct Attempt;
    struct Lookup;

    void on_timer() override;
    void on_turn_end() override;
    void on_resolved(int status, addrinfo* found);
    void try_next();
    void attempt(const sockaddr* address, socklen_t size);
    void on_poll(int status);
    void end_attempt();
    void next_or_fail(int error_number);
    void fail_later(Error error);
    void fail();

    Loop& loop_;
    ConnectorObserver& observer_;
    uint64_t timeout_ms_;
    std::string peer_;                                      // "host:port" or the path, for errors
    Lookup* lookup_ = nullptr;                              // owned by libuv while it runs
    std::unique_ptr<addrinfo, void (*)(addrinfo*)> found_;  // all addresses of the name
    addrinfo* next_ = nullptr;                              // in found_, to be tried next
    Attempt* attempt_ = nullptr;                            // frees itself when its handle has closed
    Error error_;
    bool failed_ = false;  // to be told at the end of the turn
};

}  // namespace marmoset::net
