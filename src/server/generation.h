// The worker processes of one configuration, as their supervisor knows them: who runs, who accepts, when a
// dead one is replaced. Forking is the supervisor's affair.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/counters.h"
#include "base/file_descriptor.h"
#include "server/configuration.h"
#include "server/log_files.h"

namespace marmoset::server {

struct WorkerProcess {
    pid_t pid = 0;  // 0: not running
    FileDescriptor control;
    unsigned row = 0;                 // of the address counts
    CounterSlot* counters = nullptr;  // what it counts in
    bool ready = false;               // its modules have started
    bool accepting = false;           // now
    bool has_accepted = false;
    uint64_t started_ms = 0;
    uint64_t restart_ms = 0;  // when to start it again
    unsigned failures = 0;    // in a row
};

class Generation {
  public:
    enum class Phase : uint8_t {
        Starting,  ///< its workers start; they hold back until all have
        Serving,   ///< the one whose workers are replaced when they die
        Leaving,   ///< another serves, and its workers are told to accept; this one accepts until they do
        Draining,  ///< its workers take no clients any more, and end when theirs have gone
    };

    explicit Generation(std::unique_ptr<Configuration> configuration);

    Phase phase() const { return phase_; }
    unsigned size() const { return static_cast<unsigned>(workers_.size()); }
    WorkerProcess& worker(unsigned number) { return workers_[number]; }
    const WorkerProcess& worker(unsigned number) const { return workers_[number]; }
    /// Null once another serves: no worker is forked from it any more.
    const Configuration* configuration() const { return configuration_.get(); }
    /// For the child that is forked from it.
    std::unique_ptr<Configuration> take_configuration() { return std::move(configuration_); }
    const LogNames& logs() const { return logs_; }

    bool alive() const;         ///< a worker runs
    bool all_ready() const;     ///< all have started
    bool has_accepted() const;  ///< all have accepted, though some may be full now
    /// The number of the worker with that process id; -1 if there is none.
    int find(pid_t pid) const;

    /// A worker was forked: `control` is our end of its socket.
    void on_forked(unsigned number, pid_t pid, FileDescriptor control, unsigned row, uint64_t now_ms);
    /// It could not be: again later.
    void on_fork_failed(unsigned number, uint64_t now_ms);
    /// Reads what worker `number` says.
    void on_control(unsigned number);
    /// The worker has ended with `status` (of waitpid): says so, and when it is to be replaced.
    void on_exit(unsigned number, int status, uint64_t now_ms);
    /// When the next worker is to be forked; UINT64_MAX: none is due.
    uint64_t next_start_ms() const;

    /// All are ready: they accept from now on.
    void serve();
    /// Another generation serves: what only the forking of workers needs is freed. `gone`: sites whose
    /// sockets the other one does not have.
    void leave(std::vector<unsigned> gone);
    /// The other one accepts. Clients get `timeout_ms`; again: they are hurried, with another time from now.
    void drain(uint64_t timeout_ms, uint64_t now_ms);
    /// Ends the workers: SIGTERM, in `grace_ms` SIGKILL (see kill_when_due).
    void terminate(uint64_t grace_ms, uint64_t now_ms);
    void close_now();
    void kill_when_due(uint64_t now_ms);
    uint64_t kill_ms() const { return kill_ms_; }
    bool hurried() const { return hurried_; }

    /// No new clients: our ends of the listening sockets are closed.
    void close_sockets();
    /// SIGUSR1: opens the logs anew under their names and gives them to the workers.
    void reopen_logs(const Identity& identity);

  private:
    void set_accepting(unsigned number, bool accepting);
    bool as_told(int status) const;
    void signal_all(int number);

    std::unique_ptr<Configuration> configuration_;
    LogNames logs_;
    std::vector<WorkerProcess> workers_;
    std::vector<unsigned> sites_gone_;
    Phase phase_ = Phase::Starting;
    bool hurried_ = false;
    bool terminated_ = false;
    uint64_t kill_ms_ = UINT64_MAX;
};

}  // namespace marmoset::server
