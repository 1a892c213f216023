// A worker: one loop that serves all sites, from fork to exit. With workers = 0 it is the whole server.
#pragma once

#include <uv.h>

#include <memory>
#include <vector>

#include "http/exchange.h"
#include "log/access_log.h"
#include "net/loop.h"
#include "server/control.h"
#include "server/settings.h"
#include "server/site_service.h"
#include "server/sockets.h"

namespace marmoset::server {

class Worker final : public SiteService::Owner, public net::Timer {
  public:
    /// `sockets`: this process's own; closed when it drains. `slot`: what it counts in; nullptr: nothing that
    /// others see. `control`: to the supervisor; none when there is
    /// no supervisor. References outlive the worker.
    Worker(const Settings& settings, std::vector<SiteSockets>& sockets, log::AccessLog& access_log,
           AddressCounts& address_counts, const CounterPage& counters, CounterSlot* slot, unsigned number,
           FileDescriptor control);
    ~Worker() override;

    /// Starts the modules and accepts; an error means the worker is of no use.
    Result<void> start();
    /// Serves until drained (SIGTERM, the supervisor's end, or both SIGTERM and SIGINT without a supervisor).
    void run();

  private:
    void watch_signals();
    void on_signal(int number);
    void on_control();
    void drain();
    void close_now();
    void finish_if_empty();
    void on_full(bool full) override;
    void on_client_gone() override { finish_if_empty(); }
    void on_timer() override;
    size_t clients() const;

    const Settings& settings_;
    log::AccessLog& access_log_;
    unsigned number_;
    FileDescriptor control_;
    net::Loop loop_;
    http::ExchangePool exchanges_;
    std::vector<std::unique_ptr<SiteService>> sites_;
    std::vector<std::unique_ptr<uv_signal_t>> signals_;
    uv_poll_t control_poll_;
    unsigned full_sites_ = 0;
    bool draining_ = false;
    bool finished_ = false;
};

}  // namespace marmoset::server
