// A worker: one loop that serves all sites, from fork to exit. With workers = 0 it is the whole server, and
// reloads in place: new services for new clients on the same sockets, beside those that still have old ones.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <vector>

#include "http/exchange.h"
#include "net/loop.h"
#include "server/configuration.h"
#include "server/control.h"
#include "server/services.h"

namespace marmoset::server {

class Worker final : private Services::Owner {
  public:
    /// What a process without a supervisor does on SIGHUP.
    struct Reload {
        /// The next configuration, its sockets bound; nullptr (and a line in the log) if there is none.
        std::function<std::unique_ptr<Configuration>(const Configuration& current)> read;
        /// It serves from now on, instead of one that had these sockets.
        std::function<void(const Configuration& next, const SocketList& before)> taken_into_use;
    };

    /// `control`: to the supervisor; none when there is no supervisor. `address_counts` outlives the worker.
    Worker(std::unique_ptr<Configuration> configuration, AddressCounts& address_counts,
           const WorkerPlace& place, FileDescriptor control, Reload reload = {});
    ~Worker() override;

    /// Starts the modules and accepts, with a supervisor when that says so; an error means the worker is of
    /// no use.
    Result<void> start();
    /// Serves until drained (SIGTERM, the supervisor's end, or both SIGTERM and SIGINT without a supervisor).
    void run();

  private:
    void watch_signals();
    void on_signal(int number);
    void on_control();
    void on_message(const ControlMessage& message, std::vector<FileDescriptor>& descriptors);
    void reload();
    void reopen_logs();
    void stop();
    void close_now();
    void finish_if_empty();
    void on_full(bool full) override;
    void on_empty(Services& services) override;
    void on_released(Services& services) override;
    std::unique_ptr<Services> make_services(std::unique_ptr<Configuration> configuration);
    void hurry_oldest();
    template <typename Call>
    void for_each(Call call);

    AddressCounts& address_counts_;
    WorkerPlace place_;
    FileDescriptor control_;
    Reload reload_;
    size_t max_clients_;
    net::Loop loop_;
    http::ExchangePool exchanges_;
    std::unique_ptr<Services> services_;
    std::vector<std::unique_ptr<Services>> retired_;  // of reloads in place, oldest first
    std::vector<std::unique_ptr<uv_signal_t>> signals_;
    uv_poll_t control_poll_;
    bool draining_ = false;  // takes no clients any more
    bool stopping_ = false;
    bool finished_ = false;
};

}  // namespace marmoset::server
