// One site in one worker: accepts its clients, counts them, gives each a connection that speaks HTTP.
#pragma once

#include <string>
#include <vector>

#include "http/service.h"
#include "net/connection.h"
#include "net/listener.h"
#include "server/address_counts.h"
#include "server/settings.h"
#include "server/sockets.h"

namespace marmoset::server {

class SiteService final : public net::ConnectionObserver {
  public:
    /// Told when the number of clients crosses what the worker must know.
    class Owner {
      public:
        virtual ~Owner() = default;
        virtual void on_full(bool full) = 0;  ///< the site is at maxclients, or below it again
        virtual void on_client_gone() = 0;
    };

    /// All references outlive the service. `number`: of the worker.
    SiteService(net::Loop& loop, http::ExchangePool& exchanges, log::AccessLog& access_log, const Site& site,
                SiteSockets& sockets, AddressCounts& address_counts, unsigned number, unsigned max_clients,
                Owner& owner);

    /// Starts the modules.
    Result<void> start();
    /// Accepts clients from now on.
    void listen() { update_listeners(); }
    /// Accepts, or stops accepting, from the sockets that belong to worker `number` too.
    void adopt(unsigned number, bool accept);
    /// No new clients: this process's listening sockets are closed. Idle clients are let go, modules told.
    void drain();
    /// Closes whoever is left.
    void close_all(CloseReason reason);
    /// Modules and listeners let go of the loop.
    void finish();

    size_t clients() const { return clients_; }
    bool full() const { return clients_ >= max_clients_; }
    const http::Service& service() const { return service_; }

    void on_connection_closed(net::Connection& connection, CloseReason reason) override;

  private:
    void on_accept(FileDescriptor socket, const net::Address& peer);
    void update_listeners();
    void close_listeners();
    bool counts_addresses(const net::Address& peer) const;

    net::Loop& loop_;
    http::ExchangePool& exchanges_;
    log::AccessLog& access_log_;
    const Site& site_;
    SiteSockets& sockets_;
    Owner& owner_;
    http::Service service_;
    std::unique_ptr<module::Worker> worker_;
    std::vector<net::Listener*> listeners_;  // by worker number; owned, they free themselves after close()
    std::vector<bool> accepts_;              // by worker number: whose sockets we serve
    AddressCounts& address_counts_;
    unsigned number_;
    net::Connection* first_ = nullptr;  // all connections of the site
    size_t clients_ = 0;
    size_t max_clients_;
    bool draining_ = false;
};

}  // namespace marmoset::server
