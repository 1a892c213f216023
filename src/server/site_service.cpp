#include "server/site_service.h"

#include <sys/socket.h>

#include <algorithm>

#include "http/http1.h"
#include "log/logger.h"
#include "net/proxy_transport.h"
#include "net/socket_transport.h"

namespace marmoset::server {

namespace {

constexpr std::string_view kTooMany =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

}  // namespace

SiteService::SiteService(net::Loop& loop, http::ExchangePool& exchanges, log::AccessLog& access_log,
                         const Site& site, std::shared_ptr<const SiteSockets> sockets,
                         AddressCounts& address_counts, const WorkerPlace& place, size_t max_clients,
                         Owner& owner)
    : loop_(loop),
      exchanges_(exchanges),
      access_log_(access_log),
      site_(site),
      sockets_(std::move(sockets)),
      owner_(owner),
      service_(loop, exchanges, *site.dispatcher, access_log),
      address_counts_(address_counts),
      place_(place),
      max_clients_(max_clients),
      random_(static_cast<std::minstd_rand::result_type>(uv_hrtime() + place.row)) {
    service_.limits = site.limits;
    service_.server_name = site.server_header;
    service_.static_fields = site.static_fields;
    if (!site.forwarding.proxies.empty()) service_.forwarding = &site.forwarding;
    service_.client_limit = this;
    // Those beyond the number of workers are left from a configuration with more: everybody helps out.
    for (size_t i = 0; i < sockets_->sockets.size(); ++i)
        accepts_.push_back(sockets_->shared() || i == place.number || i >= place.count);
}

Result<void> SiteService::start() {
    worker_.reset(new module::Worker{loop_, exchanges_, service_, access_log_, place_.number});
    worker_->handed_over_gone = &handed_over_gone_;
    return site_.dispatcher->start(*worker_);
}

// Only now: in one process a descriptor is polled once, and the service before this one may have the same.
void SiteService::listen() {
    if (phase_ != Phase::Waiting) return;
    phase_ = Phase::Listening;
    for (const auto& socket : sockets_->sockets) {
        listeners_.push_back(new net::Listener(
            loop_, socket->get(),
            [this](FileDescriptor client, const net::Address& peer) { on_accept(std::move(client), peer); }));
    }
    update_listeners();
}

void SiteService::adopt(unsigned number, bool accept) {
    if (!sockets_ || sockets_->shared() || number >= std::min<size_t>(accepts_.size(), place_.count)) return;
    accepts_[number] = accept;
    update_listeners();
}

void SiteService::update_listeners() {
    for (size_t i = 0; i < listeners_.size(); ++i) {
        if (accepts_[i] && phase_ == Phase::Listening && !full()) {
            listeners_[i]->start();
        } else {
            listeners_[i]->stop();
        }
    }
}

void SiteService::accept_waiting() {
    for (net::Listener* listener : listeners_)
        listener->accept_waiting();
}

// True: it is refused.
bool SiteService::at_limit(const net::Address& peer) {
    if (!counts_addresses(peer)) return false;
    const unsigned count = address_counts_.count(peer);
    if (count < site_.clients_per_address) return false;
    loop_.counters().add(Counter::LimitClientsPerAddress);
    static log::RateLimit limit;
    if (limit.permit(loop_.now()))
        log::warning("{}: refused, {} clients from this address{}", peer.text(), count, limit.suffix());
    return true;
}

// A client whose address is known: the transport it is served by, and counted; null: it is refused.
std::unique_ptr<net::Transport> SiteService::admit(std::unique_ptr<net::Transport> socket,
                                                   const net::Address& peer, CloseReason& refusal) {
    if (at_limit(peer)) {
        refusal = CloseReason::TooManyFromAddress;
        if (!site_.tls)
            send(socket->descriptor(), kTooMany.data(), kTooMany.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        return nullptr;
    }
    refusal = CloseReason::ClientRefused;
    auto transport = site_.dispatcher->wrap(std::move(socket), peer);
    if (transport && counts_addresses(peer)) address_counts_.add(place_.row, peer);
    return transport;
}

// Not until the header has been read is known who comes, and what the modules make of it.
std::unique_ptr<net::Transport> SiteService::on_proxied(const net::Address& client,
                                                        std::unique_ptr<net::Transport> socket,
                                                        CloseReason& refusal) {
    return admit(std::move(socket), client, refusal);
}

bool SiteService::enter(const net::Address& client) {
    if (at_limit(client)) return false;
    if (counts_addresses(client)) address_counts_.add(place_.row, client);
    return true;
}

void SiteService::leave(const net::Address& client) {
    if (counts_addresses(client)) address_counts_.remove(place_.row, client);
}

void SiteService::on_accept(FileDescriptor socket, const net::Address& peer) {
    std::unique_ptr<net::Transport> transport = std::make_unique<net::SocketTransport>(std::move(socket));
    if (site_.forwarding.proxy_header && site_.forwarding.proxies.contains(peer)) {
        transport =
            std::make_unique<net::ProxyTransport>(std::move(transport), site_.limits.header_timeout_ms);
    } else {
        CloseReason refusal;
        transport = admit(std::move(transport), peer, refusal);
        if (!transport) return;
    }
    auto* connection = new net::Connection(loop_, std::move(transport), peer, *this);
    connection->list_next = first_;
    if (first_) first_->list_previous = connection;
    first_ = connection;
    ++clients_;
    loop_.counters().add(Counter::ConnectionsAccepted);
    loop_.counters().add(Counter::Connections);
    connection->count_bytes();
    connection->start(std::make_unique<http::Http1>(*connection, service_));
    if (full()) {
        loop_.counters().add(Counter::LimitMaxClients);
        static log::RateLimit limit;
        if (limit.permit(loop_.now()))
            log::warning("{}: maxclients of {} reached{}", site_.name, max_clients_, limit.suffix());
        update_listeners();
        owner_.on_full(true);
    }
}

void SiteService::on_connection_closed(net::Connection& connection, CloseReason reason) {
    if (connection.list_previous) connection.list_previous->list_next = connection.list_next;
    if (connection.list_next) connection.list_next->list_previous = connection.list_previous;
    if (first_ == &connection) first_ = connection.list_next;
    const bool was_full = full();
    --clients_;
    loop_.counters().subtract(Counter::Connections);
    loop_.counters().connection_closed(reason);
    if (counts_addresses(connection.peer())) address_counts_.remove(place_.row, connection.peer());
    static log::RateLimit limit;
    static log::RateLimit tls_limit;
    if (reason == CloseReason::TlsFailed) {
        if (tls_limit.permit(loop_.now())) {
            log::info("{}: TLS: {}{}", connection.peer().text(), connection.transport().error(),
                      tls_limit.suffix());
        }
    } else if (!describe(reason).is_error) {
        log::debug("{}: {}", connection.peer().text(), describe(reason).text);
    } else if (limit.permit(loop_.now())) {
        log::info("{}: {}{}", connection.peer().text(), describe(reason).text, limit.suffix());
    }
    if (was_full && phase_ == Phase::Listening) {
        update_listeners();
        owner_.on_full(false);
    }
    owner_.on_client_gone();
}

// A proxy is as many clients as stand behind it, and those are counted.
bool SiteService::counts_addresses(const net::Address& peer) const {
    using Family = net::Address::Family;
    if (site_.clients_per_address == 0) return false;
    if (peer.family() == Family::Unix || peer.family() == Family::None) return false;
    return site_.forwarding.proxies.empty() || !site_.forwarding.proxies.contains(peer);
}

void SiteService::drain() {
    if (phase_ == Phase::Draining) return;
    phase_ = Phase::Draining;
    service_.draining = true;
    close_listeners();
    for (net::Connection* connection = first_; connection;) {
        net::Connection* next = connection->list_next;
        connection->protocol().on_drain();
        connection = next;
    }
}

void SiteService::restart_some(double probability) {
    std::bernoulli_distribution chosen(probability);
    for (net::Connection* connection = first_; connection;) {
        net::Connection* next = connection->list_next;
        if (chosen(random_)) connection->protocol().on_restart();
        connection = next;
    }
}

void SiteService::stop_modules() {
    if (modules_stopped_) return;
    modules_stopped_ = true;
    service_.stopping = true;
    site_.dispatcher->stop();
}

void SiteService::stop() {
    drain();
    stop_modules();
    for (net::Connection* connection = first_; connection;) {
        net::Connection* next = connection->list_next;
        connection->protocol().on_shutdown();
        connection = next;
    }
}

void SiteService::close_all(CloseReason reason) {
    closed_ = true;
    while (first_)
        first_->close(reason);
    loop_.at_turn_end(handed_over_gone_);
}

void SiteService::finish() {
    site_.dispatcher->finish();
    close_listeners();
}

void SiteService::close_listeners() {
    for (net::Listener* listener : listeners_)
        listener->close();
    listeners_.clear();
    sockets_.reset();
}

}  // namespace marmoset::server
