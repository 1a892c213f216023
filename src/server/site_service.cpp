#include "server/site_service.h"

#include <sys/socket.h>

#include <algorithm>

#include "http/http1.h"
#include "log/logger.h"
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

void SiteService::on_accept(FileDescriptor socket, const net::Address& peer) {
    if (counts_addresses(peer)) {
        const unsigned count = address_counts_.count(peer);
        if (count >= site_.clients_per_address) {
            loop_.counters().add(Counter::LimitClientsPerAddress);
            static log::RateLimit limit;
            if (limit.permit(loop_.now())) {
                log::warning("{}: refused, {} clients from this address{}", peer.text(), count,
                             limit.suffix());
            }
            send(socket.get(), kTooMany.data(), kTooMany.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            return;
        }
        address_counts_.add(place_.row, peer);
    }
    auto* connection =
        new net::Connection(loop_, std::make_unique<net::SocketTransport>(std::move(socket)), peer, *this);
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
    if (!describe(reason).is_error) {
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

bool SiteService::counts_addresses(const net::Address& peer) const {
    return site_.clients_per_address > 0 && peer.family() != net::Address::Family::Unix;
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
