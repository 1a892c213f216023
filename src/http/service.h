// What all HTTP connections of one `servers` entry share in a worker: limits, the handler, fields common to
// every response.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/exchange.h"
#include "http/forwarding.h"
#include "http/handler.h"
#include "log/access_log.h"
#include "net/loop.h"

namespace marmoset::http {

/// Limits of a `servers` entry; names and defaults in conf/marmoset.conf.
struct Limits {
    size_t header_size = 16384;  ///< bytes of request line and header block
    size_t header_count = 100;
    size_t request_line = 8192;      ///< bytes of the target
    uint64_t body_size = 10u << 20;  ///< bytes of a request body
    uint64_t header_timeout_ms = 10000;
    uint64_t body_timeout_ms = 30000;
    uint64_t keep_alive_ms = 15000;  ///< 0: every response closes
    uint64_t send_timeout_ms = 60000;
    uint8_t minor_version = 1;  ///< answered as HTTP/1.x at most
    bool http09 = false;
};

/// Counts what each address holds when its connections are a proxy's: requests in progress, and what they
/// are upgraded to.
class ClientLimit {
  public:
    virtual ~ClientLimit() = default;
    /// False: it has as many as it may.
    virtual bool enter(const net::Address& client) = 0;
    virtual void leave(const net::Address& client) = 0;
};

struct Service {
    Service(net::Loop& the_loop, ExchangePool& the_exchanges, Handler& the_handler,
            log::AccessLog& the_access_log)
        : loop(the_loop), exchanges(the_exchanges), handler(the_handler), access_log(the_access_log) {}

    // All four outlive the service.
    net::Loop& loop;
    ExchangePool& exchanges;
    Handler& handler;
    log::AccessLog& access_log;
    Limits limits;
    const Forwarding* forwarding = nullptr;  ///< null: no proxies are trusted
    ClientLimit* client_limit = nullptr;     ///< asked for requests of trusted proxies
    std::string server_name;                 ///< value of the Server field; empty: none is sent
    std::string static_fields;  ///< fields every response has (security, `headers`), "Name: value\r\n" each
    bool draining = false;      ///< responses close their connection
    bool stopping = false;      ///< and what is upgraded is told at once that the worker is stopping

    /// Server, Date and static_fields as they go into each response; made once a second.
    std::string_view common_fields();

  private:
    std::string common_fields_;
    int64_t common_second_ = -1;
};

}  // namespace marmoset::http
