// One client of the gateway, from its handshake on, whoever speaks with it afterwards: the waiting request,
// its answer, the log line.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "handover.h"
#include "http/exchange.h"
#include "link/metadata.h"
#include "module/abi.h"
#include "settings.h"

namespace marmoset::websocket_module {

class GatewayClient : public net::Retired {
    /// Hears of the session's end for its client.
    class SessionWatch;

  public:
    /// `exchange` waits; `settings` and `worker` outlive the client.
    GatewayClient(http::Exchange& exchange, const Settings& settings, module::Worker& worker,
                  std::string_view server_name);
    ~GatewayClient() override;

    /// The waiting request has lost its connection: on_done of the module.
    virtual void on_request_aborted() = 0;

  protected:
    /// The user's session is over, signed out or expired: the client is to be closed with 1008. While it
    /// waits it is not called; session_over() tells, when it no longer does.
    virtual void end_session() = 0;
    bool session_over() const { return session_over_; }
    /// Answers 101 with `subprotocol` (may be empty) and the extension that was `agreed`; then `protocol`
    /// speaks, which bytes behind the handshake may reach before the call returns. False if the request is no
    /// longer there.
    bool upgrade(std::string_view subprotocol, const std::optional<websocket::DeflateParameters>& agreed,
                 std::unique_ptr<net::Protocol> protocol);
    /// Direct mode: answers 101 as upgrade() does, then `receiver` gets the connection to hand over. The
    /// client counts as open until end_direct(). `receiver` outlives the connection, or its call.
    void hand_over(std::string_view subprotocol, const std::optional<websocket::DeflateParameters>& agreed,
                   Handover::Receiver& receiver);
    /// It is over as far as the gateway knows: counts and logs, the first time it is called.
    void end_direct(uint16_t code, CloseReason why);
    /// Answers the waiting request with a status.
    void refuse(unsigned status, std::string_view reason);
    bool waiting() const { return exchange_id_ != 0; }
    /// The waiting request, nullptr when it is gone.
    http::Exchange* request() const { return worker_.exchanges.find(exchange_id_); }
    /// Frees the object at the end of the turn, once neither a request nor anything of the subclass needs it.
    void release_if_over();
    /// Subclass: nothing of its own needs it any more.
    virtual bool over() const = 0;
    /// Subclass: the request will not be answered through this object any more.
    void forget_request();

    /// Whether there is an access log to write the client's end to.
    bool logs() const { return log_ != nullptr && worker_.access_log.enabled(); }
    /// Writes the line: `record` has what the subclass counted, the rest is filled in.
    void write_log(log::AccessRecord& record, uint16_t code);

    const Settings& settings_;
    module::Worker& worker_;

  private:
    /// What the access log tells of the handshake; kept only when there is a log.
    struct LogEntry {
        std::string server, remote, user, target, host, referer, user_agent;
        uint64_t started_us;
        net::TlsInfo tls;
    };
    http::ExchangeId exchange_id_;
    std::unique_ptr<LogEntry> log_;
    std::unique_ptr<SessionWatch> watch_;  // null: its session has no end
    bool session_over_ = false;
    bool released_ = false;
    bool open_direct_ = false;  // counted as an open websocket
};

/// Which of the client's offers of compression is accepted: by the settings.
std::optional<websocket::DeflateParameters> agree_on_deflate(const http::Exchange& exchange,
                                                             const Settings& settings);

/// The OPEN record's fields of a request as JSON, appended to `out`. `direct`: the client will be handed
/// over.
void append_open(std::string& out, const http::Exchange& exchange, const Settings& settings,
                 std::string_view id, std::string_view path_info, bool direct);

}  // namespace marmoset::websocket_module
