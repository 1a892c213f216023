#include "opening.h"

#include <string>

#include "log/logger.h"
#include "net/connection.h"
#include "websocket/handshake.h"

namespace marmoset::websocket_module {

http::Verdict refuse(http::Exchange& exchange, unsigned status, const char* reason) {
    if (status == 405) exchange.response.add("Allow", "GET");  // RFC 9110 15.5.6
    if (status == 426) {
        exchange.response.add("Sec-WebSocket-Version", "13");
        exchange.response.add("Upgrade", "websocket");
        exchange.response.add("Connection", "Upgrade");  // RFC 9110 7.8: whoever sends Upgrade names it there
    }
    if (status == 503) exchange.response.add("Retry-After", "1");
    return exchange.respond(status, "text/plain; charset=utf-8",
                            std::to_string(status) + " " + reason + "\n");
}

http::Verdict check_opening(http::Exchange& exchange, const Settings& settings) {
    const http::Request& request = exchange.request;
    websocket::HandshakeRequest handshake;
    handshake.method = request.method_name;
    handshake.minor_version = request.minor_version;
    handshake.host = request.host;
    const std::string upgrade = request.joined("upgrade");
    const std::string connection = request.joined("connection");
    handshake.upgrade = upgrade;
    handshake.connection = connection;
    handshake.key = request.header("sec-websocket-key");
    handshake.key_count = request.count("sec-websocket-key");
    handshake.version = request.header("sec-websocket-version");
    handshake.version_count = request.count("sec-websocket-version");
    const std::string protocols = request.joined("sec-websocket-protocol");
    handshake.protocols = protocols;
    const std::string extensions = request.joined("sec-websocket-extensions");
    handshake.extensions = extensions;
    handshake.has_body = request.has_body();
    const websocket::HandshakeVerdict verdict = websocket::check_handshake(handshake);
    if (verdict.status != 0) return refuse(exchange, verdict.status, verdict.reason);
    if (!settings.access().permits(request.path)) return refuse(exchange, 403, "this path is not allowed");
    const std::string origin = request.joined("origin");  // two of them are one that is not permitted
    if (!websocket::origin_permitted(settings.origin, origin, request.host, exchange.secure())) {
        static log::RateLimit limit;
        if (limit.permit(exchange.connection().loop().now())) {
            log::warning("{}: Origin {} refused for Host {}; origin = \"same,{}\" would permit it{}",
                         exchange.remote().text(), origin, request.host, origin, limit.suffix());
        }
        return refuse(exchange, 403, "this origin is not allowed");
    }
    return http::Verdict::next();
}

}  // namespace marmoset::websocket_module
