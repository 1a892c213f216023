// What sockets and servers on one EventLoop share: the loop, tasks, TLS contexts, memory of compression.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "libwebsocket/websocket_client.h"
#include "net/loop.h"
#include "tls/mbedtls/client_context.h"
#include "websocket/message_deflate.h"

namespace websocket_client {

class EventLoop::Implementation {
  public:
    Implementation();
    ~Implementation();

    void run();
    void stop();
    void post(std::function<void()> task);
    void after(unsigned milliseconds, std::function<void()> task);

    marmoset::net::Loop& loop() { return loop_; }
    /// run() goes on while somebody holds.
    void hold();
    void release();

    /// Sockets that have not ended; they are dropped with the loop.
    std::unordered_set<WebSocket::Implementation*> sockets;
    marmoset::websocket::DeflateContexts deflate_contexts;

    /// The context that was used last is kept: parsing the system's authorities takes a while.
    struct TlsCache {
        marmoset::tls::mbedtls::ClientOptions options;
        std::shared_ptr<const marmoset::tls::mbedtls::Context> context;
    };
    TlsCache tls;

  private:
    struct Delayed;

    void on_wake();
    bool run_posted();
    bool take_stop();
    void close_delayed(Delayed& delayed);

    std::unordered_set<Delayed*> delayed_;
    uv_async_t async_;
    size_t holds_ = 0;
    bool ending_ = false;

    std::mutex mutex_;  // guards the following
    std::vector<std::function<void()>> posted_;
    bool stop_requested_ = false;

    marmoset::net::Loop loop_;  // last: what it runs when it ends needs all the others
};

/// Calls a program's function; its exceptions are logged, for no C frame of libuv may be crossed. False: one
/// was thrown.
bool call_guarded(const char* what, const std::function<void()>& call);

}  // namespace websocket_client
