// One client of the gateway, from its handshake to its last frame, whatever its system server speaks. What
// link clients and stream clients have in common: the waiting request, the session, the log line.
#pragma once

#include <memory>
#include <string>

#include "http/exchange.h"
#include "link/metadata.h"
#include "module/abi.h"
#include "settings.h"
#include "websocket/session.h"

namespace marmoset::websocket_module {

class RelayClient : public websocket::Endpoint, public net::Retired {
  public:
    /// `exchange` waits; `settings` and `worker` outlive the client.
    RelayClient(http::Exchange& exchange, const Settings& settings, module::Worker& worker,
                std::string_view server_name);
    ~RelayClient() override;

    /// The waiting request has lost its connection: on_done of the module.
    virtual void on_request_aborted() = 0;

    websocket::Session* session() const { return session_; }

  protected:
    /// Answers 101 with `subprotocol` (may be empty). False if the request is no longer there. Bytes behind
    /// the handshake may reach the endpoint before it returns.
    bool accept(std::string_view subprotocol);
    /// Answers the waiting request with a status.
    void refuse(unsigned status, std::string_view reason);
    bool waiting() const { return exchange_id_ != 0; }
    /// The waiting request, nullptr when it is gone.
    http::Exchange* request() const { return worker_.exchanges.find(exchange_id_); }
    /// Frees the object at the end of the turn, once neither a request nor a session knows it.
    void release_if_over();
    /// Subclass: nothing of its own needs it any more.
    virtual bool over() const { return true; }
    /// Subclass: the request will not be answered through this object any more.
    void forget_request();

    void session_ended() { session_ = nullptr; }
    void write_log(const websocket::Session& session, uint16_t code);

    const Settings& settings_;
    module::Worker& worker_;

  private:
    /// What the access log tells of a session; kept only when there is a log.
    struct LogEntry {
        std::string server, remote, user, target, host, referer, user_agent;
        uint64_t started_us;
    };
    http::ExchangeId exchange_id_;
    websocket::Session* session_ = nullptr;  // owned by its connection; null before 101 and after its end
    std::unique_ptr<LogEntry> log_;
    bool released_ = false;
};

/// The OPEN record's fields of a request as JSON, appended to `out`.
void append_open(std::string& out, const http::Exchange& exchange, const Settings& settings,
                 std::string_view id, std::string_view path_info);

}  // namespace marmoset::websocket_module
