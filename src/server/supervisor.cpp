#include "server/supervisor.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include "log/logger.h"
#include "server/control.h"
#include "server/worker.h"

namespace marmoset::server {

namespace {

constexpr uint64_t kHealthyMs = 5000;  // a worker that lived so long starts again at once
constexpr uint64_t kMaxBackoffMs = 10000;
constexpr uint64_t kKillGraceMs = 3000;  // beyond drain_timeout: then SIGKILL

uint64_t monotonic_ms() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1000000;
}

sigset_t handled_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (int number : {SIGTERM, SIGINT, SIGCHLD, SIGUSR1, SIGHUP})
        sigaddset(&set, number);
    return set;
}

}  // namespace

Supervisor::Supervisor(const Settings& settings, std::vector<SiteSockets>& sockets,
                       log::AccessLog& access_log, Identity identity)
    : settings_(settings),
      sockets_(sockets),
      access_log_(access_log),
      identity_(std::move(identity)),
      address_counts_(settings.workers) {
    workers_.resize(settings.workers);
}

int Supervisor::run() {
    const sigset_t set = handled_signals();
    sigprocmask(SIG_BLOCK, &set, nullptr);
    signals_ = FileDescriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    for (unsigned i = 0; i < workers_.size(); ++i) {
        if (!fork_worker(i)) return child_status_;
    }
    for (;;) {
        const uint64_t now = monotonic_ms();
        for (unsigned i = 0; i < workers_.size(); ++i) {
            WorkerProcess& worker = workers_[i];
            if (worker.pid == 0 && !stopping_ && now >= worker.restart_ms && !fork_worker(i))
                return child_status_;
        }
        const bool alive = std::any_of(workers_.begin(), workers_.end(),
                                       [](const WorkerProcess& worker) { return worker.pid != 0; });
        if (stopping_ && !alive) return 0;
        if (stopping_ && now >= kill_at_ms_) {
            log::warning("workers do not end: killed");
            for (const WorkerProcess& worker : workers_) {
                if (worker.pid != 0) kill(worker.pid, SIGKILL);
            }
            kill_at_ms_ = now + kKillGraceMs;
        }
        std::vector<pollfd> polled = {{signals_.get(), POLLIN, 0}};
        std::vector<unsigned> numbers;
        for (unsigned i = 0; i < workers_.size(); ++i) {
            if (!workers_[i].control) continue;
            polled.push_back({workers_[i].control.get(), POLLIN, 0});
            numbers.push_back(i);
        }
        if (poll(polled.data(), polled.size(), wait_ms(now)) < 0) continue;
        for (size_t i = 1; i < polled.size(); ++i) {
            if (polled[i].revents != 0) on_control(numbers[i - 1]);
        }
        if (polled[0].revents != 0) on_signals();
    }
}

int Supervisor::wait_ms(uint64_t now) const {
    uint64_t until = stopping_ ? kill_at_ms_ : UINT64_MAX;
    for (const WorkerProcess& worker : workers_) {
        if (worker.pid == 0 && !stopping_) until = std::min(until, worker.restart_ms);
    }
    return until == UINT64_MAX ? -1 : static_cast<int>(until > now ? until - now : 0);
}

// True in the supervisor; false in the child, after it has served: child_status_ is its exit status.
bool Supervisor::fork_worker(unsigned number) {
    WorkerProcess& worker = workers_[number];
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
        log::error("socketpair: {}", std::strerror(errno));
        worker.restart_ms = monotonic_ms() + kMaxBackoffMs;
        return true;
    }
    FileDescriptor ours(pair[0]);
    FileDescriptor theirs(pair[1]);
    const pid_t supervisor = getpid();
    CounterSlot* const slot = counters_.take();
    const pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG,
              SIGTERM);  // reset by the change of user; the control socket's end says it, too
        if (getppid() != supervisor) kill(getpid(), SIGTERM);
        ours.reset();
        workers_.clear();
        child_status_ = run_worker(number, slot, std::move(theirs));
        return false;
    }
    if (pid < 0) {
        log::error("fork: {}", std::strerror(errno));
        if (slot) counters_.release(*slot);
        worker.restart_ms = monotonic_ms() + kMaxBackoffMs;
        return true;
    }
    worker.pid = pid;
    worker.control = std::move(ours);
    worker.counters = slot;
    worker.started_ms = monotonic_ms();
    for (unsigned i = 0; i < workers_.size(); ++i) {
        if (i != number && !workers_[i].accepting)
            send_control(worker.control.get(), {ControlMessage::Orphaned, i});
    }
    return true;
}

int Supervisor::run_worker(unsigned number, CounterSlot* slot, FileDescriptor control) {
    signals_.reset();
    const sigset_t set = handled_signals();
    signal(SIGINT, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, &set, nullptr);
    log::set_process_name("worker " + std::to_string(number));
    const auto dropped = drop_privileges(identity_);
    if (!dropped) {
        log::error("{}", dropped.error().text);
        return 1;
    }
    Worker worker(settings_, sockets_, access_log_, address_counts_, counters_, slot, number,
                  std::move(control));
    const auto started = worker.start();
    if (!started) {
        log::error("{}", started.error().text);
        return 1;
    }
    worker.run();
    return 0;
}

void Supervisor::on_control(unsigned number) {
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
        if (message.type == ControlMessage::Accepting) {
            set_accepting(number, true);
        } else if (message.type == ControlMessage::NotAccepting) {
            set_accepting(number, false);
        }
    }
}

void Supervisor::set_accepting(unsigned number, bool accepting) {
    if (workers_[number].accepting == accepting) return;
    workers_[number].accepting = accepting;
    for (unsigned i = 0; i < workers_.size(); ++i) {
        if (i == number || !workers_[i].control) continue;
        send_control(workers_[i].control.get(),
                     {accepting ? ControlMessage::Adopted : ControlMessage::Orphaned, number});
    }
}

void Supervisor::on_signals() {
    signalfd_siginfo info;
    while (read(signals_.get(), &info, sizeof info) == sizeof info) {
        switch (static_cast<int>(info.ssi_signo)) {
            case SIGCHLD:
                reap();
                break;
            case SIGTERM:
            case SIGINT:
                stop(monotonic_ms());
                break;
            case SIGUSR1: {
                const auto error_log = log::reopen();
                if (!error_log) log::error("{}", error_log.error().text);
                const auto access = access_log_.reopen();
                if (!access) log::error("{}", access.error().text);
                // The worker takes the first for its error log, if it has one, the second for its access log.
                const int access_fd = access_log_.enabled() ? access_log_.descriptor() : -1;
                const int error_fd = log::descriptor() >= 0 ? log::descriptor() : access_fd;
                if (error_fd < 0) break;
                std::vector<int> descriptors = {error_fd};
                if (access_fd >= 0) descriptors.push_back(access_fd);
                for (const WorkerProcess& worker : workers_) {
                    if (worker.control)
                        send_control(worker.control.get(), {ControlMessage::LogFiles, 0}, descriptors);
                }
                break;
            }
            default:
                log::warning("SIGHUP: this version does not reload; restart to change the configuration");
        }
    }
}

void Supervisor::stop(uint64_t now) {
    const bool again = stopping_;
    stopping_ = true;
    for (SiteSockets& site : sockets_)
        site.sockets.clear();  // who comes now is refused, not kept waiting
    if (!again) kill_at_ms_ = now + settings_.drain_timeout_ms + kKillGraceMs;
    for (const WorkerProcess& worker : workers_) {
        if (worker.pid != 0) kill(worker.pid, SIGTERM);
        if (again && worker.control) send_control(worker.control.get(), {ControlMessage::CloseNow, 0});
    }
}

void Supervisor::reap() {
    int status = 0;
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
        const auto found = std::find_if(workers_.begin(), workers_.end(),
                                        [pid](const WorkerProcess& worker) { return worker.pid == pid; });
        if (found == workers_.end()) continue;  // an init_d script
        const auto number = static_cast<unsigned>(found - workers_.begin());
        set_accepting(number, false);
        found->pid = 0;
        address_counts_.clear(number);
        if (found->counters) counters_.release(*found->counters);
        found->control.reset();
        if (stopping_) continue;
        counters_.own().add(Counter::WorkerRestarts);
        const uint64_t now = monotonic_ms();
        found->failures = now - found->started_ms >= kHealthyMs ? 0 : found->failures + 1;
        const uint64_t backoff =
            found->failures <= 1 ? 0
                                 : std::min<uint64_t>(100u << std::min(found->failures, 10u), kMaxBackoffMs);
        found->restart_ms = now + backoff;
        if (WIFSIGNALED(status)) {
            log::error("worker {} (process {}) died of signal {} ({}), restarted in {} ms", number, pid,
                       WTERMSIG(status), strsignal(WTERMSIG(status)), backoff);
        } else {
            log::error("worker {} (process {}) exited with {}, restarted in {} ms", number, pid,
                       WEXITSTATUS(status), backoff);
        }
    }
}

}  // namespace marmoset::server
