// One site in one worker: accepts its clients, counts them, gives each a connection that speaks HTTP.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "http/service.h"
#include "net/connection.h"
#include "net/listener.h"
#include "server/address_counts.h"
#include "server/settings.h"
#include "server/sockets.h"
#include "server/worker_place.h"

namespace marmoset::server {

class SiteService final : public net::ConnectionObserver, private http::ClientLimit {
  public:
    /// Told when the number of clients crosses what the worker must know.
    class Owner {
      public:
        virtual ~Owner() = default;
        virtual void on_full(bool full) = 0;  ///< the site is at maxclients, or below it again
        virtual void on_client_gone() = 0;
    };

    /// All references outlive the service.
    SiteService(net::Loop& loop, http::ExchangePool& exchanges, log::AccessLog& access_log, const Site& site,
                std::shared_ptr<const SiteSockets> sockets, AddressCounts& address_counts,
                const WorkerPlace& place, size_t max_clients, Owner& owner);

    /// Starts the modules.
    Result<void> start();
    /// Accepts clients from now on.
    void listen();
    /// Accepts, or stops accepting, from the sockets that belong to worker `number` too.
    void adopt(unsigned number, bool accept);
    /// Takes the clients that wait in its sockets: nobody will after this process.
    void accept_waiting();

    /// No new clients: this process's listening sockets are closed. Idle clients may end.
    void drain();
    /// Tells each client with this probability that its time is over, as a reload does.
    void restart_some(double probability);
    /// Modules are told that the worker is stopping; what they upgrade from now on is told at once.
    void stop_modules();
    /// drain() and stop_modules(); clients are told to go.
    void stop();
    /// Closes whoever is left.
    void close_all(CloseReason reason);
    /// Modules and listeners let go of the loop.
    void finish();

    /// Those of its own, and those its modules have handed over.
    size_t clients() const { return clients_ + (worker_ && !closed_ ? worker_->handed_over : 0); }
    bool full() const { return clients_ >= max_clients_; }
    /// True while objects of the modules live on without clients.
    bool in_use() const { return worker_ && worker_->users > 0; }

    void on_connection_closed(net::Connection& connection, CloseReason reason) override;
    std::unique_ptr<net::Transport> on_proxied(const net::Address& client,
                                               std::unique_ptr<net::Transport> socket,
                                               CloseReason& refusal) override;

  private:
    enum class Phase : uint8_t { Waiting, Listening, Draining };
    struct HandedOverGone final : net::TurnEnd {
        explicit HandedOverGone(SiteService& owner) : site(owner) {}
        void on_turn_end() override { site.owner_.on_client_gone(); }
        SiteService& site;
    };

    void on_accept(FileDescriptor socket, const net::Address& peer);
    void update_listeners();
    void close_listeners();
    bool counts_addresses(const net::Address& peer) const;
    bool at_limit(const net::Address& peer);
    std::unique_ptr<net::Transport> admit(std::unique_ptr<net::Transport> socket, const net::Address& peer,
                                          CloseReason& refusal);
    bool enter(const net::Address& client) override;
    void leave(const net::Address& client) override;

    net::Loop& loop_;
    http::ExchangePool& exchanges_;
    log::AccessLog& access_log_;
    const Site& site_;
    std::shared_ptr<const SiteSockets> sockets_;
    Owner& owner_;
    http::Service service_;
    std::unique_ptr<module::Worker> worker_;
    std::vector<net::Listener*> listeners_;  // by socket; owned, they free themselves after close()
    std::vector<bool> accepts_;              // by socket: which ones we serve
    AddressCounts& address_counts_;
    WorkerPlace place_;
    net::Connection* first_ = nullptr;  // all connections of the site
    size_t clients_ = 0;
    size_t max_clients_;
    Phase phase_ = Phase::Waiting;
    HandedOverGone handed_over_gone_{*this};
    bool modules_stopped_ = false;
    bool closed_ = false;  // close_all(): who was handed over is waited for no more
    std::minstd_rand random_;
};

}  // namespace marmoset::server
