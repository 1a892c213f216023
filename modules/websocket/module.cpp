// websocket: the module's hooks. In: requests that ask for a websocket. Out: a client on a system server's
// link or stream, or the status that says why not. Where messages go from there: hub.h, link_client.h,
// stream_peer.h.
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hub.h"
#include "log/logger.h"
#include "module/adapter.h"
#include "names.h"
#include "settings.h"
#include "stream_peer.h"
#include "websocket/handshake.h"

namespace marmoset::websocket_module {

/// Looks a std::string key up by a view of it.
struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

class WebsocketModule final : public Hub::Owner {
  public:
    static constexpr const char* kName = "websocket";
    static constexpr const char* kHelp = "relays websocket messages to system servers on UNIX sockets";
    static constexpr module::Phase kPhase = module::Phase::Content;
    static constexpr uint8_t kOrder = 10;
    static constexpr const auto& kKeys = websocket_module::kKeys;

    static Result<std::unique_ptr<WebsocketModule>> create(const module::Context& context,
                                                           const config::Section& section) {
        auto settings = read_settings(section, context.check_only);
        if (!settings) return settings.error();
        return std::unique_ptr<WebsocketModule>(new WebsocketModule(settings.take(), context.slot));
    }

    Result<void> start(module::Worker& worker) {
        worker_ = &worker;
        return {};
    }
    void stop();
    void finish();

    http::Verdict on_request(http::Exchange& exchange);
    void on_done(http::Exchange& exchange, bool aborted);

  private:
    WebsocketModule(Settings settings, unsigned slot) : settings_(std::move(settings)), slot_(slot) {}

    http::Verdict handshake(http::Exchange& exchange);
    http::Verdict check(http::Exchange& exchange) const;
    http::Verdict refuse(http::Exchange& exchange, unsigned status, const char* reason) const;
    Name find_linked(std::string_view path) const;
    Name find_name(const http::Exchange& exchange, std::string& subprotocol, bool& refused) const;
    http::Verdict open(http::Exchange& exchange, const Name& name, std::string_view subprotocol);
    http::Verdict open_failed(http::Exchange& exchange, const std::string& name, const Error& error) const;
    void on_hub_ended(Hub& hub) override;

    Settings settings_;
    unsigned slot_;
    module::Worker* worker_ = nullptr;  // outlives the instance's last hook
    bool stopping_ = false;
    std::unordered_map<std::string, std::unique_ptr<Hub>, TextHash, std::equal_to<>> hubs_;  // by socket name
    std::unordered_map<std::string, bool> stream_servers_;  // what was a STREAM socket last time: tried first
};

http::Verdict WebsocketModule::refuse(http::Exchange& exchange, unsigned status, const char* reason) const {
    if (status == 426) exchange.response.add("Sec-WebSocket-Version", "13");
    if (status == 426) exchange.response.add("Upgrade", "websocket");
    if (status == 503) exchange.response.add("Retry-After", "1");
    return exchange.respond(status, "text/plain; charset=utf-8",
                            std::to_string(status) + " " + reason + "\n");
}

// The opening handshake's rules, in the order in which a client can mend them.
http::Verdict WebsocketModule::check(http::Exchange& exchange) const {
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
    handshake.has_body = request.has_body();
    const websocket::HandshakeVerdict verdict = websocket::check_handshake(handshake);
    if (verdict.status != 0) return refuse(exchange, verdict.status, verdict.reason);
    if (!settings_.access().permits(request.path)) return refuse(exchange, 403, "this path is not allowed");
    const std::string origin = request.joined("origin");  // two of them are one that is not permitted
    if (!websocket::origin_permitted(settings_.origin, origin, request.host,
                                     exchange.connection().transport().encrypted())) {
        static log::RateLimit limit;
        if (limit.permit(worker_->loop.now())) {
            log::warning("{}: Origin {} refused for Host {}; origin = \"same,{}\" would permit it{}",
                         exchange.connection().peer().text(), origin, request.host, origin, limit.suffix());
        }
        return refuse(exchange, 403, "this origin is not allowed");
    }
    return http::Verdict::next();
}

// A server whose link stands needs no look at the folder: the prefix of `path` that names its socket.
Name WebsocketModule::find_linked(std::string_view path) const {
    for (size_t end = path.find('/', 1); !hubs_.empty(); end = path.find('/', end + 1)) {
        const std::string_view prefix = path.substr(1, end == std::string_view::npos ? end : end - 1);
        if (hubs_.find(prefix) != hubs_.end())
            return {std::string(prefix), end == std::string_view::npos ? "" : std::string(path.substr(end))};
        if (end == std::string_view::npos) break;
    }
    return {};
}

// By the path; else, as in ouistiti, by the first offered subprotocol that names a socket, which must be
// permitted as a path is.
Name WebsocketModule::find_name(const http::Exchange& exchange, std::string& subprotocol,
                                bool& refused) const {
    const http::Request& request = exchange.request;
    refused = false;
    Name name = find_linked(request.path);
    if (name.name.empty()) name = find_socket(settings_.docroot_fd.get(), request.path);
    const std::string offered = request.joined("sec-websocket-protocol");
    std::vector<std::string_view> tokens;
    websocket::parse_protocols(offered, tokens);
    if (!name.name.empty()) {
        if (!tokens.empty()) subprotocol = tokens.front();
        return name;
    }
    for (const std::string_view token : tokens) {
        const std::string path = "/" + std::string(token);
        Name by_token = find_socket(settings_.docroot_fd.get(), path);
        if (by_token.name.empty()) continue;
        refused = !settings_.access().permits(path);
        subprotocol = token;
        by_token.path_info = request.path;
        by_token.by_subprotocol = true;
        return by_token;
    }
    return {};
}

http::Verdict WebsocketModule::on_request(http::Exchange& exchange) {
    const http::Request& request = exchange.request;
    if (!request.has_upgrade ||
        !websocket::wants_websocket(request.joined("upgrade"), request.joined("connection"))) {
        return http::Verdict::next();
    }
    const http::Verdict verdict = handshake(exchange);
    if (verdict.kind != http::Verdict::Wait) worker_->loop.counters().add(Counter::HandshakesRefused);
    return verdict;
}

http::Verdict WebsocketModule::handshake(http::Exchange& exchange) {
    const http::Verdict checked = check(exchange);
    if (checked.kind != http::Verdict::Next) return checked;
    if (stopping_) return refuse(exchange, 503, "the server is stopping");
    if (worker_->loop.memory_exhausted()) {
        worker_->loop.counters().add(Counter::LimitMaxMemory);
        return refuse(exchange, 503, "the server is out of memory for new clients");
    }
    std::string subprotocol;
    bool refused = false;
    const Name name = find_name(exchange, subprotocol, refused);
    if (name.name.empty()) return refuse(exchange, 404, "no websocket server of that name");
    if (refused) return refuse(exchange, 403, "this name is not allowed");
    return open(exchange, name, subprotocol);
}

// The socket's own type says what it speaks: connect() with the other one fails with EPROTOTYPE.
http::Verdict WebsocketModule::open(http::Exchange& exchange, const Name& name,
                                    std::string_view subprotocol) {
    // Who was named by a subprotocol is accepted with it, even if the server does not say so.
    const std::string_view fallback = name.by_subprotocol ? subprotocol : std::string_view();
    const auto hub = hubs_.find(name.name);
    if (hub != hubs_.end()) {
        return hub->second->open(exchange, name.path_info, fallback, slot_) ? http::Verdict::wait()
                                                                            : http::Verdict::fail(431);
    }
    const auto known = stream_servers_.find(name.name);
    bool stream = known != stream_servers_.end() && known->second;
    for (int attempt = 0; attempt < 2; ++attempt, stream = !stream) {
        Error error;
        if (stream) {
            const auto opened =
                StreamPeer::open(exchange, settings_, *worker_, name.name, subprotocol, slot_);
            if (opened) {
                stream_servers_[name.name] = true;
                return http::Verdict::wait();
            }
            error = opened.error();
        } else {
            auto made = std::make_unique<Hub>(*worker_, settings_, *this, name.name);
            const auto connected = made->connect();
            if (connected) {
                stream_servers_.erase(name.name);
                Hub& link = *made;
                hubs_[name.name] = std::move(made);
                return link.open(exchange, name.path_info, fallback, slot_) ? http::Verdict::wait()
                                                                            : http::Verdict::fail(431);
            }
            error = connected.error();
        }
        if (error.code != EPROTOTYPE) return open_failed(exchange, name.name, error);
    }
    return open_failed(exchange, name.name,
                       Error{"connect " + name.name + ": neither a SEQPACKET nor a STREAM socket"});
}

http::Verdict WebsocketModule::open_failed(http::Exchange& exchange, const std::string& name,
                                           const Error& error) const {
    static log::RateLimit limit;
    if (limit.permit(worker_->loop.now())) {
        std::string text = error.text;
        if (error.code == EACCES)
            text += describe_access(settings_.docroot, settings_.docroot_fd.get(), name);
        log::error("{}, while upgrading {} for {}{}", text, exchange.request.path,
                   exchange.connection().peer().text(), limit.suffix());
    }
    return refuse(exchange, 503, "the websocket server does not listen");
}

void WebsocketModule::on_done(http::Exchange& exchange, bool aborted) {
    auto* client = static_cast<RelayClient*>(exchange.slot(slot_));
    if (client && aborted) client->on_request_aborted();
}

void WebsocketModule::on_hub_ended(Hub& hub) {
    const auto entry = hubs_.find(hub.server());
    if (entry == hubs_.end() || entry->second.get() != &hub) return;
    worker_->loop.retire(std::move(entry->second));
    hubs_.erase(entry);
}

void WebsocketModule::stop() {
    stopping_ = true;
    std::vector<Hub*> hubs;  // a hub that ends meanwhile leaves the map, and is freed at the end of the turn
    for (const auto& [name, hub] : hubs_)
        hubs.push_back(hub.get());
    for (Hub* hub : hubs)
        hub->read_pending();
}

void WebsocketModule::finish() {
    for (auto& [name, hub] : hubs_) {
        hub->finish();
        worker_->loop.retire(std::move(hub));
    }
    hubs_.clear();
}

}  // namespace marmoset::websocket_module

MARMOSET_MODULE(marmoset::websocket_module::WebsocketModule, websocket)
