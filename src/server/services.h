// The sites of one configuration in one process, from their start to their last client. A worker has one of
// these; a process without a supervisor has the old ones beside the new after a reload.
//
// Their end, when others take over (retire()):
//   no new clients; requests and websockets go on; idle connections end        until the given time
//   clients that are left are told to go (1012), at random moments             for kSpreadMs
//   they may finish the closing handshake                                      for kFarewellMs
// and at once when the last client has gone.
#pragma once

#include <memory>
#include <vector>

#include "http/exchange.h"
#include "net/loop.h"
#include "server/configuration.h"
#include "server/site_service.h"

namespace marmoset::server {

class Services final : public net::Retired, private SiteService::Owner, private net::Timer {
  public:
    class Owner {
      public:
        virtual ~Owner() = default;
        virtual void on_full(bool full) = 0;  ///< a site is at maxclients, or all are below it again
        virtual void on_empty(Services& services) = 0;     ///< retired or stopped: the last client has gone
        virtual void on_released(Services& services) = 0;  ///< finished: may be destroyed when the turn ends
    };

    /// Clients that all return in one moment would meet a server that has just begun.
    static constexpr uint64_t kSpreadMs = 5000;
    static constexpr uint64_t kFarewellMs = 5000;

    /// References outlive the services. `max_clients`: what the process's descriptors permit.
    Services(net::Loop& loop, http::ExchangePool& exchanges, std::unique_ptr<Configuration> configuration,
             AddressCounts& address_counts, const WorkerPlace& place, size_t max_clients, Owner& owner);
    ~Services() override;

    /// Starts the modules; on an error they have let go of the loop again.
    Result<void> start();
    void listen();
    void adopt(unsigned number, bool accept);
    /// Takes the clients that wait at site `index`.
    void accept_waiting(size_t index);

    /// Others have taken over: see above. Again: with another time, counted from now.
    void retire(uint64_t timeout_ms);
    /// The process is stopping: clients are told (1001), and cut off after `timeout_ms`.
    void stop(uint64_t timeout_ms);
    /// Closes whoever is left.
    void close_all(CloseReason reason);
    /// No client is left: modules let go of the loop. on_released() follows if the loop goes on.
    void finish();

    size_t clients() const;
    bool hurried() const { return phase_ >= Phase::Restarting; }
    const Settings& settings() const { return *configuration_->settings; }
    const SocketList& sockets() const { return configuration_->sockets; }
    const Configuration& configuration() const { return *configuration_; }
    log::AccessLog& access_log() { return configuration_->access_log; }

  private:
    enum class Phase : uint8_t { Serving, Draining, Restarting, Leaving, Finished };

    void on_full(bool full) override;
    void on_client_gone() override;
    void on_timer() override;
    void restart_some();
    void report_if_empty();
    bool released() const;

    net::Loop& loop_;
    std::unique_ptr<Configuration> configuration_;
    Owner& owner_;
    std::vector<std::unique_ptr<SiteService>> sites_;
    Phase phase_ = Phase::Serving;
    uint64_t restart_end_ms_ = 0;   // when the last of the clients is told
    uint64_t restart_tick_ms_ = 0;  // when some were told last
    uint64_t last_work_ = 0;        // in the thread pool when they finished
    unsigned full_sites_ = 0;
    bool stopping_ = false;
};

}  // namespace marmoset::server
