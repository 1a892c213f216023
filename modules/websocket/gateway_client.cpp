#include "gateway_client.h"

#include <sys/socket.h>

#include <vector>

#include "http/service.h"
#include "http/status.h"
#include "log/access_log.h"
#include "net/connection.h"
#include "websocket/handshake.h"

namespace marmoset::websocket_module {

class GatewayClient::SessionWatch final : public http::SessionObserver {
  public:
    explicit SessionWatch(GatewayClient& client) : client_(client) {}
    void on_session_over() override {
        client_.session_over_ = true;
        if (!client_.waiting()) client_.end_session();
    }

  private:
    GatewayClient& client_;
};

GatewayClient::GatewayClient(http::Exchange& exchange, const Settings& settings, module::Worker& worker,
                             std::string_view server_name)
    : settings_(settings), worker_(worker), exchange_id_(exchange.id()) {
    ++worker.users;
    const http::Identity& identity = exchange.identity;
    if (identity.keeper) {
        watch_ = std::make_unique<SessionWatch>(*this);
        identity.keeper->observe(identity, *watch_);
    }
    if (!worker.access_log.enabled()) return;
    const http::Request& request = exchange.request;
    log_.reset(new LogEntry{std::string(server_name), exchange.remote().host(), exchange.identity.user,
                            std::string(request.raw_target), std::string(request.host),
                            std::string(request.header("referer")), std::string(request.header("user-agent")),
                            exchange.started_us, net::TlsInfo()});
    const net::Transport& transport = exchange.connection().transport();
    if (worker.access_log.tells_tls() && transport.encrypted()) log_->tls = transport.tls_info();
}

GatewayClient::~GatewayClient() {
    --worker_.users;
}

void GatewayClient::forget_request() {
    exchange_id_ = 0;
}

void GatewayClient::release_if_over() {
    if (waiting() || released_ || !over()) return;
    released_ = true;
    worker_.loop.retire(std::unique_ptr<net::Retired>(this));
}

bool GatewayClient::upgrade(std::string_view subprotocol,
                            const std::optional<websocket::DeflateParameters>& agreed,
                            std::unique_ptr<net::Protocol> protocol) {
    http::Exchange* exchange = request();
    exchange_id_ = 0;
    if (!exchange) return false;
    std::string fields = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
    fields += websocket::accept_value(exchange->request.header("sec-websocket-key"));
    fields += "\r\n";
    if (!subprotocol.empty()) fields.append("Sec-WebSocket-Protocol: ").append(subprotocol).append("\r\n");
    if (agreed) {
        fields.append("Sec-WebSocket-Extensions: ")
            .append(websocket::deflate_response(*agreed))
            .append("\r\n");
    }
    exchange->upgrade(fields, std::move(protocol));
    return true;
}

void GatewayClient::hand_over(std::string_view subprotocol,
                              const std::optional<websocket::DeflateParameters>& agreed,
                              Handover::Receiver& receiver) {
    http::Exchange* exchange = request();
    if (!exchange) return;  // its end is already on its way
    open_direct_ = true;
    ++worker_.handed_over;
    worker_.loop.counters().add(Counter::HandshakesAccepted);
    worker_.loop.counters().add(Counter::Websockets);
    upgrade(subprotocol, agreed,
            std::make_unique<Handover>(exchange->connection(), receiver, settings_.session));
}

void GatewayClient::end_direct(uint16_t code, CloseReason why) {
    if (!open_direct_) return;
    open_direct_ = false;
    --worker_.handed_over;
    if (worker_.handed_over_gone) worker_.loop.at_turn_end(*worker_.handed_over_gone);
    worker_.loop.counters().subtract(Counter::Websockets);
    worker_.loop.counters().websocket_closed(why);
    log::AccessRecord record;
    write_log(record, code);
}

void GatewayClient::refuse(unsigned status, std::string_view reason) {
    http::Exchange* exchange = request();
    exchange_id_ = 0;
    if (!exchange) return;
    worker_.loop.counters().add(Counter::HandshakesRefused);
    if (status == 503) exchange->response.add("Retry-After", "1");
    std::string text = std::to_string(status);
    text.append(" ").append(reason.empty() ? http::reason_phrase(status) : reason).append("\n");
    exchange->resume(exchange->respond(status, "text/plain; charset=utf-8", text));
}

void GatewayClient::write_log(log::AccessRecord& record, uint16_t code) {
    if (!logs()) return;
    record.remote = log_->remote;
    record.user = log_->user;
    record.time = worker_.loop.wall_seconds();
    record.method = "GET";
    record.target = log_->target;
    record.protocol = "HTTP/1.1";
    record.status = 101;
    record.referer = log_->referer;
    record.user_agent = log_->user_agent;
    record.host = log_->host;
    record.duration_us = uv_hrtime() / 1000 - log_->started_us;
    record.tls = log_->tls.version;
    record.cipher = log_->tls.cipher;
    record.websocket = true;
    record.server = log_->server;
    record.close_code = code;
    worker_.access_log.append(record);
}

std::optional<websocket::DeflateParameters> agree_on_deflate(const http::Exchange& exchange,
                                                             const Settings& settings) {
    if (!settings.deflate) return std::nullopt;
    return websocket::accept_deflate_offer(exchange.request.joined("sec-websocket-extensions"),
                                           *settings.deflate);
}

void append_open(std::string& out, const http::Exchange& exchange, const Settings& settings,
                 std::string_view id, std::string_view path_info, bool direct) {
    const http::Request& request = exchange.request;
    const net::Connection& connection = exchange.connection();
    link::OpenFields fields;
    fields.id = id;
    fields.uri = request.raw_target;
    fields.path_info = path_info;
    fields.query = request.target.query;
    const std::string offered = request.joined("sec-websocket-protocol");
    std::vector<std::string_view> protocols;
    websocket::parse_protocols(offered, protocols);
    fields.protocols = protocols;
    fields.origin = request.header("origin");
    fields.host = request.host;
    fields.user = exchange.identity.user;
    fields.group = exchange.identity.group;
    fields.home = exchange.identity.home;
    fields.auth = exchange.identity.scheme;
    const std::string remote = exchange.remote().host();
    fields.remote = {remote, exchange.remote().port()};
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    getsockname(connection.descriptor(), reinterpret_cast<sockaddr*>(&storage), &size);
    const net::Address local_address = net::Address::from(reinterpret_cast<sockaddr*>(&storage), size);
    const std::string local = local_address.host();
    fields.local = {local, local_address.port()};
    net::TlsInfo info;
    link::OpenFields::Tls tls;
    if (connection.transport().encrypted()) {
        info = connection.transport().tls_info();
        tls = {info.version, info.cipher, info.subject};
        fields.tls = &tls;
    }
    std::vector<std::string> values;
    std::vector<std::pair<std::string_view, std::string_view>> headers;
    values.reserve(settings.headers.size());
    for (const std::string& name : settings.headers) {
        if (request.count(name) == 0) continue;
        values.push_back(request.joined(name));
        headers.emplace_back(name, values.back());
    }
    fields.headers = headers;
    fields.direct = direct;
    std::string extensions;
    if (direct) {
        const auto agreed = agree_on_deflate(exchange, settings);
        if (agreed) extensions = websocket::deflate_response(*agreed);
    }
    fields.extensions = extensions;
    link::append_open(out, fields);
}

}  // namespace marmoset::websocket_module
