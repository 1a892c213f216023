// A connection to a system server, made without blocking. In: a place. Out: a connected socket, or why there
// is none. A UNIX socket is tried at once, and again while its backlog is full; names of TCP hosts are looked
// up in libuv's thread pool and their addresses tried one after the other.
#pragma once

#include <uv.h>

#include <vector>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "net/address.h"
#include "net/loop.h"
#include "place.h"

namespace marmoset::websocket_module {

class Connector final : private net::Timer {
  public:
    class Owner {
      public:
        virtual ~Owner() = default;
        /// Last call; the connector may be destroyed in it. `peer`: of no family for a UNIX socket.
        virtual void on_connected(FileDescriptor socket, const net::Address& peer) = 0;
        /// Last call; the connector may be destroyed in it.
        virtual void on_connect_failed(const Error& error) = 0;
    };

    /// `place` is Unix or Tcp, `type` SOCK_SEQPACKET or SOCK_STREAM. `loop` and `owner` outlive the
    /// connector; destroying it gives up.
    Connector(net::Loop& loop, Place place, int type, uint64_t timeout_ms, Owner& owner);
    ~Connector() override;

    /// To be called once. A descriptor: connected already. None (-1): under way, a call of the owner follows.
    /// The error's code is the errno: EPROTOTYPE for a UNIX socket of the other type.
    Result<FileDescriptor> start();

  private:
    struct Lookup;
    struct Attempt;

    Result<FileDescriptor> connect_local();
    void on_timer() override;
    void on_looked_up(int status, const addrinfo* found);
    void try_next();
    void on_writable();
    void drop_attempt();
    void fail(int error_number);

    net::Loop& loop_;
    Owner& owner_;
    const Place place_;
    const int type_;
    const uint64_t deadline_;     // loop time
    Lookup* lookup_ = nullptr;    // frees itself when libuv is done with it
    Attempt* attempt_ = nullptr;  // frees itself when libuv has closed it
    struct SocketAddress {
        sockaddr_storage storage;
        socklen_t size;
    };
    std::vector<SocketAddress> addresses_;  // still to be tried, the next one last
    net::Address peer_;                     // the one being tried
    int last_error_ = 0;
};

}  // namespace marmoset::websocket_module
