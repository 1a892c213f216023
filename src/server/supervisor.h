// The supervisor: forks the workers, replaces those that die, reloads, passes on signals. Parses no network
// input; stays privileged so that it can reopen logs and bind sockets. No libuv here: a process that forks
// for its whole life keeps no loop.
//
// A reload (SIGHUP), step by step; whatever fails leaves the serving generation as it is:
//   a process of its own reads the configuration   → check_
//   it is read here, sockets bound, workers forked → starting_, who start their modules
//   all are ready: they accept                     → serving_; the one before is leaving
//   they do: the one before drains                 → in old_ until its last client has gone
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/counters.h"
#include "base/file_descriptor.h"
#include "server/address_counts.h"
#include "server/configuration.h"
#include "server/configuration_check.h"
#include "server/generation.h"
#include "server/ports_file.h"
#include "server/worker_place.h"

namespace marmoset::server {

class Supervisor {
  public:
    /// `reader` and `ports_file` outlive run(). `chroot`: workers make the working directory their root.
    Supervisor(std::unique_ptr<Configuration> configuration, const ConfigurationReader& reader,
               PortsFile& ports_file, bool chroot);

    /// Serves until SIGTERM or SIGINT and all workers have gone. Returns the exit status of the process; a
    /// forked worker ends in there.
    int run();

  private:
    void turn();
    void start_due(Generation& generation, uint64_t now);
    void fork_worker(Generation& generation, unsigned number);
    [[noreturn]] void run_worker(Generation& generation, unsigned number, const WorkerPlace& place,
                                 FileDescriptor control);
    void wait(uint64_t now);
    uint64_t next_event_ms() const;
    void on_signals();
    void reopen_logs();
    void reap();
    void stop(uint64_t now);

    // reload
    void begin_reload(uint64_t now);
    void open_next(uint64_t now);
    void give_up(const char* why, uint64_t now);
    void take_over(uint64_t now);
    void drain_leaving(uint64_t now);
    void hurry_oldest(uint64_t now);
    size_t most_old() const;

    template <typename Call>
    void for_each(Call call) const {
        for (const auto& old : old_)
            call(*old);
        call(*serving_);
        if (starting_) call(*starting_);
    }

    const ConfigurationReader& reader_;
    PortsFile& ports_file_;
    bool chroot_;
    AddressCounts address_counts_;
    CounterPage counters_;
    FileDescriptor signals_;
    ConfigurationCheck check_;
    std::unique_ptr<Generation> starting_;  // of a reload; mostly none
    std::unique_ptr<Generation> serving_;
    std::vector<std::unique_ptr<Generation>> old_;  // leaving, draining, given up: oldest first
    bool reload_wanted_ = false;
    bool reload_waits_ = false;  // and that was told
    uint64_t start_deadline_ms_ = 0;
    bool stopping_ = false;
};

}  // namespace marmoset::server
