// websocket: the module's hooks. In: requests that ask for a websocket. Out: a client on a system server's
// link or stream, or the status that says why not. Where messages go from there: hub.h, link_client.h,
// stream_peer.h.
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "device.h"
#include "direct_peer.h"
#include "hub.h"
#include "log/logger.h"
#include "module/adapter.h"
#include "names.h"
#include "opening.h"
#include "settings.h"
#include "stream_peer.h"
#include "websocket/handshake.h"

namespace marmoset::websocket_module {

/// What a request's path, or a subprotocol, is resolved to.
struct Route {
    std::string name;                 ///< of a socket below the docroot; empty: `link`
    const LinkEntry* link = nullptr;  ///< an entry of `links`; neither: there is no such server
    std::string path_info;
    std::string subprotocol;      ///< the server's, if it does not choose one
    bool by_subprotocol = false;  ///< named by Sec-WebSocket-Protocol and not by the path
    bool found() const { return link || !name.empty(); }
};

class WebsocketModule final : public Hub::Owner, public Device::Owner {
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

    Result<void> start(module::Worker& worker);
    void stop();
    void finish();

    http::Verdict on_request(http::Exchange& exchange);
    void on_done(http::Exchange& exchange, bool aborted);

  private:
    WebsocketModule(Settings settings, unsigned slot) : settings_(std::move(settings)), slot_(slot) {}

    http::Verdict handshake(http::Exchange& exchange);
    static bool permitted(const http::Exchange& exchange, const Route& route);
    Route find_path(std::string_view path) const;
    Route find_route(const http::Exchange& exchange, bool& refused) const;
    Place place_of(const Route& route) const;
    Dialect dialect_of(const Route& route) const {
        return route.link ? route.link->dialect : settings_.dialect_of(route.name);
    }
    http::Verdict open(http::Exchange& exchange, const Route& route);
    Result<void> open_link(http::Exchange& exchange, const Place& place, const Route& route, bool& too_large);
    Result<void> open_stream(http::Exchange& exchange, const Place& place, const Route& route,
                             bool& too_large);
    Result<void> open_device(http::Exchange& exchange, const Route& route);
    bool join_link(Hub& hub, http::Exchange& exchange, const Route& route);
    http::Verdict open_failed(http::Exchange& exchange, const Place& place, const Error& error) const;
    void on_hub_ended(Hub& hub) override;
    void on_device_ended(Device& device) override;

    Settings settings_;
    unsigned slot_;
    module::Worker* worker_ = nullptr;  // outlives the instance's last hook
    bool stopping_ = false;
    DirectPeers direct_peers_;
    std::unordered_map<const Hub*, std::unique_ptr<Hub>> hubs_;
    // The links that take further clients, by the socket's name below docroot and by entry of `links`.
    std::unordered_map<std::string, Hub*, TextHash, std::equal_to<>> hubs_by_name_;
    std::unordered_map<const LinkEntry*, Hub*> hubs_by_entry_;
    std::unordered_map<const LinkEntry*, std::unique_ptr<Device>> devices_;
    std::unordered_set<std::string> stream_servers_;  // what was a STREAM socket last time: tried first
};

Result<void> WebsocketModule::start(module::Worker& worker) {
    worker_ = &worker;
    for (const LinkEntry& entry : settings_.links) {
        if (worker.number != 1 || !entry.is_device()) continue;  // said once, by the second worker
        log::warning("{}: one worker has it at a time, clients of the others get 503; expected workers = 1",
                     entry.place.name);
    }
    return {};
}

// An entry of `links` first; then a server below the docroot. One whose link stands needs no look at the
// folder.
Route WebsocketModule::find_path(std::string_view path) const {
    Route route;
    for (const LinkEntry& entry : settings_.links) {
        std::string_view path_info;
        if (!entry.matches(path, path_info)) continue;
        route.link = &entry;
        route.path_info = path_info;
        return route;
    }
    if (!settings_.docroot_fd) return route;
    for (size_t end = path.find('/', 1); !hubs_by_name_.empty(); end = path.find('/', end + 1)) {
        const std::string_view prefix = path.substr(1, end == std::string_view::npos ? end : end - 1);
        if (hubs_by_name_.find(prefix) != hubs_by_name_.end()) {
            route.name = prefix;
            if (end != std::string_view::npos) route.path_info = path.substr(end);
            return route;
        }
        if (end == std::string_view::npos) break;
    }
    Name name = find_socket(settings_.docroot_fd.get(), path);
    route.name = std::move(name.name);
    route.path_info = std::move(name.path_info);
    return route;
}

// By the path; else, as in ouistiti, by the first offered subprotocol that names a server, which must be
// permitted as a path is.
Route WebsocketModule::find_route(const http::Exchange& exchange, bool& refused) const {
    const http::Request& request = exchange.request;
    refused = false;
    Route route = find_path(request.path);
    const std::string offered = request.joined("sec-websocket-protocol");
    std::vector<std::string_view> tokens;
    websocket::parse_protocols(offered, tokens);
    if (route.found()) {
        if (!tokens.empty()) route.subprotocol = tokens.front();
        return route;
    }
    for (const std::string_view token : tokens) {
        const std::string path = "/" + std::string(token);
        route = find_path(path);
        if (!route.found()) continue;
        refused = !settings_.access().permits(path);
        route.subprotocol = token;
        route.path_info = request.path;
        route.by_subprotocol = true;
        return route;
    }
    return {};
}

// The path has been looked at by those before us; the server has another name where a subprotocol names it,
// or where more follows it in the path.
bool WebsocketModule::permitted(const http::Exchange& exchange, const Route& route) {
    if (route.by_subprotocol) return exchange.permits("/" + route.subprotocol);
    std::string_view name = exchange.request.path;
    if (!route.path_info.empty() && name.ends_with(route.path_info))
        name.remove_suffix(route.path_info.size());
    return name.size() == exchange.request.path.size() || exchange.permits(name);
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
    const http::Verdict checked = check_opening(exchange, settings_);
    if (checked.kind != http::Verdict::Next) return checked;
    if (stopping_) return refuse(exchange, 503, "the server is stopping");
    if (worker_->loop.memory_exhausted()) {
        worker_->loop.counters().add(Counter::LimitMaxMemory);
        return refuse(exchange, 503, "the server is out of memory for new clients");
    }
    bool refused = false;
    const Route route = find_route(exchange, refused);
    if (!route.found()) return refuse(exchange, 404, "no websocket server of that name");
    if (refused) return refuse(exchange, 403, "this name is not allowed");
    if (!permitted(exchange, route)) {
        return exchange.identity.user.empty() ? refuse(exchange, 401, "sign-in needed")
                                              : refuse(exchange, 403, "this server is not allowed");
    }
    return open(exchange, route);
}

Place WebsocketModule::place_of(const Route& route) const {
    if (route.link) return route.link->place;
    Place place;
    place.name = place.path = route.name;
    place.directory = settings_.docroot_fd.get();
    return place;
}

http::Verdict WebsocketModule::open(http::Exchange& exchange, const Route& route) {
    bool too_large = false;
    Hub* standing = nullptr;
    if (route.link) {
        const auto found = hubs_by_entry_.find(route.link);
        if (found != hubs_by_entry_.end()) standing = found->second;
    } else {
        const auto found = hubs_by_name_.find(route.name);
        if (found != hubs_by_name_.end()) standing = found->second;
    }
    if (standing)
        return join_link(*standing, exchange, route) ? http::Verdict::wait() : http::Verdict::fail(431);

    const Place place = place_of(route);
    if (route.link && route.link->is_device()) {
        const auto opened = open_device(exchange, route);
        return opened ? http::Verdict::wait() : open_failed(exchange, place, opened.error());
    }
    Error error;
    bool stream = place.kind != Place::Kind::Unix || stream_servers_.count(place.name) != 0;
    for (int attempt = 0; attempt < 2; ++attempt, stream = !stream) {
        const auto opened = stream ? open_stream(exchange, place, route, too_large)
                                   : open_link(exchange, place, route, too_large);
        if (too_large) return http::Verdict::fail(431);
        if (opened) return http::Verdict::wait();
        error = opened.error();
        // The socket's own type says what it speaks: connect() with the other one fails with EPROTOTYPE.
        if (error.code != EPROTOTYPE || place.kind != Place::Kind::Unix)
            return open_failed(exchange, place, error);
    }
    return open_failed(exchange, place,
                       Error{"connect " + place.name + ": neither a SEQPACKET nor a STREAM socket"});
}

Result<void> WebsocketModule::open_link(http::Exchange& exchange, const Place& place, const Route& route,
                                        bool& too_large) {
    auto made = std::make_unique<Hub>(*worker_, settings_, *this, place, Hub::Scope::AllClients);
    const auto connected = made->connect();
    if (!connected) return connected.error();
    Hub& hub = *made;
    hubs_[&hub] = std::move(made);
    if (route.link) {
        hubs_by_entry_[route.link] = &hub;
    } else {
        hubs_by_name_[route.name] = &hub;
    }
    stream_servers_.erase(place.name);
    too_large = !join_link(hub, exchange, route);
    return {};
}

Result<void> WebsocketModule::open_stream(http::Exchange& exchange, const Place& place, const Route& route,
                                          bool& too_large) {
    const Dialect dialect = dialect_of(route);
    if (dialect.framing == Dialect::Framing::Records) {
        auto made = std::make_unique<Hub>(*worker_, settings_, *this, place, Hub::Scope::OneClient);
        const auto connected = made->connect();
        if (!connected) return connected.error();
        Hub& hub = *made;
        hubs_[&hub] = std::move(made);
        too_large = !join_link(hub, exchange, route);
        if (too_large) {
            hub.finish();
            on_hub_ended(hub);
        }
    } else if (dialect.direct) {
        const auto opened =
            DirectPeer::open(exchange, settings_, *worker_, direct_peers_, place, route.subprotocol, slot_);
        if (!opened) return opened.error();
    } else {
        const auto opened =
            StreamPeer::open(exchange, settings_, *worker_, place, dialect, route.subprotocol, slot_);
        if (!opened) return opened.error();
    }
    if (place.kind == Place::Kind::Unix) stream_servers_.insert(place.name);
    return {};
}

Result<void> WebsocketModule::open_device(http::Exchange& exchange, const Route& route) {
    auto& device = devices_[route.link];
    if (!device) {
        device = std::make_unique<Device>(*worker_, settings_, *route.link, *this);
        const auto opened = device->open();
        if (!opened) {
            devices_.erase(route.link);
            return opened.error();
        }
    }
    device->admit(exchange, route.subprotocol, slot_);
    return {};
}

// Who was named by a subprotocol is accepted with it, even if the server does not say so. False: the request
// is too large for a record.
bool WebsocketModule::join_link(Hub& hub, http::Exchange& exchange, const Route& route) {
    // So is who offered a credential among its subprotocols: browsers close where none of theirs is chosen
    // (WHATWG WebSockets, «establish a WebSocket connection»), and that one is never named.
    const bool by_default = route.by_subprotocol || exchange.identity.offered_as_protocol;
    const std::string_view fallback = by_default ? route.subprotocol : std::string_view();
    return hub.open(exchange, route.path_info, fallback, slot_, dialect_of(route).direct);
}

http::Verdict WebsocketModule::open_failed(http::Exchange& exchange, const Place& place,
                                           const Error& error) const {
    static log::RateLimit limit;
    if (limit.permit(worker_->loop.now())) {
        std::string text = error.text;
        if (error.code == EACCES && place.directory != AT_FDCWD)
            text += describe_access(settings_.docroot, settings_.docroot_fd.get(), place.name);
        log::error("{}, while upgrading {} for {}{}", text, exchange.request.path, exchange.remote().text(),
                   limit.suffix());
    }
    return refuse(exchange, 503, "the websocket server does not listen");
}

void WebsocketModule::on_done(http::Exchange& exchange, bool aborted) {
    auto* client = static_cast<GatewayClient*>(exchange.slot(slot_));
    if (client && aborted) client->on_request_aborted();
}

void WebsocketModule::on_hub_ended(Hub& hub) {
    const auto entry = hubs_.find(&hub);
    if (entry == hubs_.end()) return;
    worker_->loop.retire(std::move(entry->second));
    hubs_.erase(entry);
    std::erase_if(hubs_by_name_, [&hub](const auto& named) { return named.second == &hub; });
    std::erase_if(hubs_by_entry_, [&hub](const auto& linked) { return linked.second == &hub; });
}

void WebsocketModule::on_device_ended(Device& device) {
    const auto entry = devices_.find(&device.entry());
    if (entry == devices_.end() || entry->second.get() != &device) return;
    worker_->loop.retire(std::move(entry->second));
    devices_.erase(entry);
}

void WebsocketModule::stop() {
    stopping_ = true;
    std::vector<Hub*> hubs;  // a hub that ends meanwhile leaves the map, and is freed at the end of the turn
    for (const auto& [key, hub] : hubs_)
        hubs.push_back(hub.get());
    for (Hub* hub : hubs) {
        hub->read_pending();
        hub->close_direct();
    }
    direct_peers_.close_all();
}

void WebsocketModule::finish() {
    for (auto& [key, hub] : hubs_) {
        hub->finish();
        worker_->loop.retire(std::move(hub));
    }
    hubs_.clear();
    hubs_by_name_.clear();
    hubs_by_entry_.clear();
    while (!devices_.empty())
        devices_.begin()->second->finish();  // takes itself out
}

}  // namespace marmoset::websocket_module

MARMOSET_MODULE(marmoset::websocket_module::WebsocketModule, websocket)
