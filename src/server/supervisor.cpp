#include "server/supervisor.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "log/logger.h"
#include "server/worker.h"

namespace marmoset::server {

namespace {

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

Supervisor::Supervisor(std::unique_ptr<Configuration> configuration, const ConfigurationReader& reader,
                       PortsFile& ports_file, bool chroot)
    : reader_(reader),
      ports_file_(ports_file),
      chroot_(chroot),
      serving_(std::make_unique<Generation>(std::move(configuration))) {
    serving_->serve();
}

int Supervisor::run() {
    const sigset_t set = handled_signals();
    sigprocmask(SIG_BLOCK, &set, nullptr);
    signals_ = FileDescriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    for (;;) {
        turn();
        bool alive = check_.running();
        for_each([&](const Generation& each) { alive = alive || each.alive(); });
        if (stopping_ && !alive) return 0;
        wait(monotonic_ms());
    }
}

void Supervisor::turn() {
    const uint64_t now = monotonic_ms();
    for_each([now](Generation& each) { each.kill_when_due(now); });
    std::erase_if(old_, [](const auto& old) { return !old->alive(); });
    if (now >= check_.deadline_ms()) {
        log::error("reading the configuration takes too long");
        check_.kill();
    }
    if (stopping_) return;
    if (starting_ && now >= start_deadline_ms_) give_up("they take too long", now);
    if (starting_ && starting_->all_ready()) take_over(now);
    if (serving_->has_accepted()) drain_leaving(now);
    begin_reload(now);
    start_due(*serving_, now);
    if (starting_) start_due(*starting_, now);
}

void Supervisor::start_due(Generation& generation, uint64_t now) {
    std::vector<unsigned> due;
    for (unsigned i = 0; i < generation.size(); ++i) {
        if (generation.worker(i).pid == 0 && now >= generation.worker(i).restart_ms) due.push_back(i);
    }
    address_counts_.reserve(due.size());
    for (const unsigned number : due)
        fork_worker(generation, number);
}

void Supervisor::wait(uint64_t now) {
    std::vector<pollfd> polled = {{signals_.get(), POLLIN, 0}};
    std::vector<std::pair<Generation*, unsigned>> speakers;
    for_each([&](Generation& each) {
        for (unsigned i = 0; i < each.size(); ++i) {
            if (!each.worker(i).control) continue;
            polled.push_back({each.worker(i).control.get(), POLLIN, 0});
            speakers.emplace_back(&each, i);
        }
    });
    const uint64_t until = next_event_ms();
    const uint64_t left = until > now ? std::min<uint64_t>(until - now, INT_MAX) : 0;
    if (poll(polled.data(), polled.size(), until == UINT64_MAX ? -1 : static_cast<int>(left)) <= 0) return;
    for (size_t i = 0; i < speakers.size(); ++i) {
        if (polled[i + 1].revents != 0) speakers[i].first->on_control(speakers[i].second);
    }
    if (polled[0].revents != 0) on_signals();
}

uint64_t Supervisor::next_event_ms() const {
    uint64_t until = check_.deadline_ms();
    for_each([&](const Generation& each) {
        if (each.alive()) until = std::min(until, each.kill_ms());
        if (!stopping_) until = std::min(until, each.next_start_ms());
    });
    if (starting_ && !stopping_) until = std::min(until, start_deadline_ms_);
    return until;
}

// ---- workers --------------------------------------------------------------------------------------------

void Supervisor::fork_worker(Generation& generation, unsigned number) {
    int pair[2];
    const auto row = address_counts_.take_row();
    if (!row || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
        log::error("worker {}: {}", number,
                   row ? errno_error("socketpair", "", errno).text : row.error().text);
        if (row) address_counts_.give_back(*row);
        generation.on_fork_failed(number, monotonic_ms());
        return;
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
        run_worker(generation, number, {number, generation.size(), *row, &counters_, slot},
                   std::move(theirs));
    }
    if (pid < 0) {
        log::error("fork: {}", std::strerror(errno));
        address_counts_.give_back(*row);
        if (slot) counters_.release(*slot);
        generation.on_fork_failed(number, monotonic_ms());
        return;
    }
    generation.on_forked(number, pid, std::move(ours), *row, monotonic_ms());
    generation.worker(number).counters = slot;
}

// In the child, which lets go of all that is its supervisor's, above all the others' control sockets and the
// sockets of sites that its own configuration does not have.
void Supervisor::run_worker(Generation& generation, unsigned number, const WorkerPlace& place,
                            FileDescriptor control) {
    const bool starts = &generation == starting_.get();
    auto configuration = generation.take_configuration();
    starting_.reset();
    serving_.reset();
    old_.clear();
    signals_.reset();
    const sigset_t set = handled_signals();
    signal(SIGINT, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, &set, nullptr);
    log::set_process_name("worker " + std::to_string(number));
    if (starts) {  // the supervisor still has the log of the configuration before
        const auto log = use_error_log(*configuration->settings, reader_.identity());
        if (!log) log::error("{}", log.error().text);
    }
    if (chroot_) confine();
    int status = 1;
    const auto dropped = drop_privileges(reader_.identity());
    if (dropped) {
        Worker worker(std::move(configuration), address_counts_, place, std::move(control));
        const auto started = worker.start();
        if (started) {
            worker.run();
            status = 0;
        } else {
            log::error("{}", started.error().text);
        }
    } else {
        log::error("{}", dropped.error().text);
    }
    std::exit(status);
}

void Supervisor::reap() {
    int status = 0;
    const uint64_t now = monotonic_ms();
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
        if (pid == check_.pid()) {
            if (check_.on_exit(status)) {
                if (!stopping_) open_next(now);
            } else if (!stopping_) {
                log::error("not reloaded: the configuration stays as it was");
            }
            continue;
        }
        // Others are init_d scripts.
        bool failed = false;
        for_each([&](Generation& each) {
            const int number = each.find(pid);
            if (number < 0) return;
            WorkerProcess& worker = each.worker(static_cast<unsigned>(number));
            address_counts_.give_back(worker.row);
            if (worker.counters) counters_.release(*std::exchange(worker.counters, nullptr));
            if (&each == serving_.get() && !stopping_) counters_.own().add(Counter::WorkerRestarts);
            each.on_exit(static_cast<unsigned>(number), status, now);
            failed = &each == starting_.get();
        });
        if (failed && !stopping_) give_up("one has ended", now);
    }
}

// ---- signals --------------------------------------------------------------------------------------------

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
            case SIGUSR1:
                reopen_logs();
                break;
            default:
                reload_wanted_ = !stopping_;  // several at once are one
        }
    }
}

void Supervisor::reopen_logs() {
    const auto error_log = log::reopen();
    if (!error_log) log::error("{}", error_log.error().text);
    for_each([this](Generation& each) { each.reopen_logs(reader_.identity()); });
}

void Supervisor::stop(uint64_t now) {
    const bool again = stopping_;
    stopping_ = true;
    reload_wanted_ = false;
    check_.kill();
    if (again) {
        for_each([](Generation& each) { each.close_now(); });
        return;
    }
    // Who comes now is refused, not kept waiting.
    if (starting_) remove_socket_files(starting_->configuration()->sockets, {});
    remove_socket_files(serving_->configuration()->sockets, {});
    const uint64_t timeout_ms = serving_->configuration()->settings->drain_timeout_ms;
    for_each([&](Generation& each) {
        each.close_sockets();
        each.terminate(timeout_ms, now);
    });
}

}  // namespace marmoset::server
