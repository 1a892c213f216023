// The supervisor: forks the workers, replaces those that die, passes on signals. Parses no network input;
// stays privileged so that it can reopen logs. No libuv here: a process that forks for its whole life keeps
// no loop.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "base/counters.h"
#include "base/file_descriptor.h"
#include "log/access_log.h"
#include "server/address_counts.h"
#include "server/privileges.h"
#include "server/settings.h"
#include "server/sockets.h"

namespace marmoset::server {

class Supervisor {
  public:
    /// All references outlive run().
    Supervisor(const Settings& settings, std::vector<SiteSockets>& sockets, log::AccessLog& access_log,
               Identity identity);

    /// Serves until SIGTERM or SIGINT and all workers have gone. Returns the exit status of the process — of
    /// the server, or in a forked child of that worker.
    int run();

  private:
    struct WorkerProcess {
        pid_t pid = 0;  // 0: not running
        FileDescriptor control;
        CounterSlot* counters = nullptr;  // what it counts in
        bool accepting = false;
        uint64_t started_ms = 0;
        uint64_t restart_ms = 0;  // when to start it again
        unsigned failures = 0;    // in a row
    };

    bool fork_worker(unsigned number);
    int run_worker(unsigned number, CounterSlot* slot, FileDescriptor control);
    void on_signals();
    void on_control(unsigned number);
    void reap();
    void set_accepting(unsigned number, bool accepting);
    void stop(uint64_t now);
    int wait_ms(uint64_t now) const;

    const Settings& settings_;
    std::vector<SiteSockets>& sockets_;
    log::AccessLog& access_log_;
    Identity identity_;
    AddressCounts address_counts_;
    CounterPage counters_;
    FileDescriptor signals_;
    std::vector<WorkerProcess> workers_;
    bool stopping_ = false;
    uint64_t kill_at_ms_ = 0;
    int child_status_ = 0;
};

}  // namespace marmoset::server
