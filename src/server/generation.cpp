#include "server/generation.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "log/logger.h"
#include "server/control.h"
#include "server/services.h"

namespace marmoset::server {

namespace {

constexpr uint64_t kHealthyMs = 5000;  // a worker that lived so long starts again at once
constexpr uint64_t kMaxBackoffMs = 10000;
constexpr uint64_t kKillGraceMs = 3000;  // beyond what a worker may take by itself: then SIGKILL

}  // namespace

Generation::Generation(std::unique_ptr<Configuration> configuration)
    : configuration_(std::move(configuration)),
      logs_(log_names(*configuration_->settings)),
      workers_(configuration_->settings->workers) {}

bool Generation::alive() const {
    return std::any_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker.pid != 0; });
}

bool Generation::all_ready() const {
    return std::all_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker.ready; });
}

bool Generation::has_accepted() const {
    return std::all_of(workers_.begin(), workers_.end(),
                       [](const auto& worker) { return worker.has_accepted; });
}

int Generation::find(pid_t pid) const {
    const auto found = std::find_if(workers_.begin(), workers_.end(),
                                    [pid](const auto& worker) { return worker.pid == pid; });
    return found == workers_.end() ? -1 : static_cast<int>(found - workers_.begin());
}

void Generation::on_forked(unsigned number, pid_t pid, FileDescriptor control, unsigned row,
                           uint64_t now_ms) {
    WorkerProcess& worker = workers_[number];
    worker.pid = pid;
    worker.control = std::move(control);
    worker.row = row;
    worker.ready = worker.accepting = worker.has_accepted = false;
    worker.started_ms = now_ms;
    for (unsigned i = 0; i < workers_.size(); ++i) {
        if (i != number && !workers_[i].accepting)
            send_control(worker.control.get(), {ControlMessage::Orphaned, i});
    }
    if (phase_ == Phase::Serving) send_control(worker.control.get(), {ControlMessage::Accept, 0});
}

void Generation::on_fork_failed(unsigned number, uint64_t now_ms) {
    workers_[number].restart_ms = now_ms + kMaxBackoffMs;
}

void Generation::on_control(unsigned number) {
    WorkerProcess& worker = workers_[number];
    for (;;) {
        ControlMessage message{};
        std::vector<FileDescriptor> descriptors;
        const ControlStatus status = receive_control(worker.control.get(), message, descriptors);
        if (status == ControlStatus::Nothing) return;
        if (status == ControlStatus::Ended) {
            worker.control.reset();
            set_accepting(number, false);
            return;
        }
        if (message.type == ControlMessage::Ready) {
            worker.ready = true;
        } else if (message.type == ControlMessage::Accepting) {
            worker.has_accepted = true;
            set_accepting(number, true);
        } else if (message.type == ControlMessage::NotAccepting) {
            set_accepting(number, false);
        }
    }
}

void Generation::set_accepting(unsigned number, bool accepting) {
    if (workers_[number].accepting == accepting) return;
    workers_[number].accepting = accepting;
    for (unsigned i = 0; i < workers_.size(); ++i) {
        if (i == number || !workers_[i].control) continue;
        send_control(workers_[i].control.get(),
                     {accepting ? ControlMessage::Adopted : ControlMessage::Orphaned, number});
    }
}

void Generation::on_exit(unsigned number, int status, uint64_t now_ms) {
    WorkerProcess& worker = workers_[number];
    set_accepting(number, false);
    const pid_t pid = std::exchange(worker.pid, 0);
    worker.control.reset();
    worker.ready = worker.has_accepted = false;
    const bool replaced = phase_ == Phase::Serving && !terminated_;
    uint64_t backoff = 0;
    if (replaced) {
        worker.failures = now_ms - worker.started_ms >= kHealthyMs ? 0 : worker.failures + 1;
        if (worker.failures > 1)
            backoff = std::min<uint64_t>(100u << std::min(worker.failures, 10u), kMaxBackoffMs);
        worker.restart_ms = now_ms + backoff;
    } else if (as_told(status)) {
        return;
    }
    const std::string what = replaced ? fmt::format("restarted in {} ms", backoff) : "not restarted";
    const char* const which = phase_ == Phase::Serving    ? "worker"
                              : phase_ == Phase::Starting ? "new worker"
                                                          : "old worker";
    if (WIFSIGNALED(status)) {
        log::error("{} {} (process {}) died of signal {} ({}), {}", which, number, pid, WTERMSIG(status),
                   strsignal(WTERMSIG(status)), what);
    } else {
        log::error("{} {} (process {}) exited with {}, {}", which, number, pid, WEXITSTATUS(status), what);
    }
}

bool Generation::as_told(int status) const {
    if (status == 0) return terminated_ || phase_ == Phase::Draining;
    // One that has just begun, or has ended but for its last steps, has no handler for the signal.
    const bool signalled =
        WIFSIGNALED(status) && (WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGKILL);
    return terminated_ && (signalled || phase_ == Phase::Starting);
}

uint64_t Generation::next_start_ms() const {
    if (phase_ > Phase::Serving || terminated_) return UINT64_MAX;
    uint64_t next = UINT64_MAX;
    for (const WorkerProcess& worker : workers_) {
        if (worker.pid == 0) next = std::min(next, worker.restart_ms);
    }
    return next;
}

void Generation::serve() {
    phase_ = Phase::Serving;
    for (const WorkerProcess& worker : workers_) {
        if (worker.control) send_control(worker.control.get(), {ControlMessage::Accept, 0});
    }
}

void Generation::leave(std::vector<unsigned> gone) {
    phase_ = Phase::Leaving;
    sites_gone_ = std::move(gone);
    configuration_.reset();
}

void Generation::drain(uint64_t timeout_ms, uint64_t now_ms) {
    hurried_ = phase_ == Phase::Draining;
    phase_ = Phase::Draining;
    kill_ms_ = now_ms + timeout_ms + Services::kSpreadMs + Services::kFarewellMs + kKillGraceMs;
    for (const WorkerProcess& worker : workers_) {
        if (!worker.control) continue;
        for (const unsigned site : hurried_ ? std::vector<unsigned>() : sites_gone_)
            send_control(worker.control.get(), {ControlMessage::Leave, site});
        // One that does not read what it is told must not accept beside its successors.
        if (!send_control(worker.control.get(), {ControlMessage::Drain, static_cast<uint32_t>(timeout_ms)}) &&
            worker.pid != 0)
            kill(worker.pid, SIGTERM);
    }
}

void Generation::terminate(uint64_t grace_ms, uint64_t now_ms) {
    terminated_ = true;
    kill_ms_ = now_ms + grace_ms + kKillGraceMs;
    signal_all(SIGTERM);
}

void Generation::close_now() {
    for (const WorkerProcess& worker : workers_) {
        if (worker.control) send_control(worker.control.get(), {ControlMessage::CloseNow, 0});
    }
}

void Generation::kill_when_due(uint64_t now_ms) {
    if (now_ms < kill_ms_ || !alive()) return;
    log::warning("workers do not end: killed");
    signal_all(SIGKILL);
    kill_ms_ = now_ms + kKillGraceMs;
}

void Generation::signal_all(int number) {
    for (const WorkerProcess& worker : workers_) {
        if (worker.pid != 0) kill(worker.pid, number);
    }
}

void Generation::close_sockets() {
    if (configuration_) configuration_->sockets.clear();
}

void Generation::reopen_logs(const Identity& identity) {
    if (configuration_) {  // for workers that are forked later
        const auto access = configuration_->access_log.reopen();
        if (!access) log::error("{}", access.error().text);
    }
    std::vector<FileDescriptor> files;
    uint32_t which = 0;
    const auto add = [&](const std::string& name, uint32_t flag) {
        auto file = open_log(name, identity);
        if (!file) {
            log::error("{}", file.error().text);
        } else if (*file) {
            files.push_back(file.take());
            which |= flag;
        }
    };
    add(logs_.error, ControlMessage::ErrorLog);
    add(logs_.access, ControlMessage::AccessLog);
    if (files.empty()) return;
    std::vector<int> numbers;
    numbers.reserve(files.size());
    for (const FileDescriptor& file : files)
        numbers.push_back(file.get());
    for (const WorkerProcess& worker : workers_) {
        if (worker.control) send_control(worker.control.get(), {ControlMessage::LogFiles, which}, numbers);
    }
}

}  // namespace marmoset::server
