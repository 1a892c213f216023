// The supervisor's reload, step by step as supervisor.h says.

#include <algorithm>

#include "log/logger.h"
#include "server/log_files.h"
#include "server/supervisor.h"

namespace marmoset::server {

namespace {

constexpr uint64_t kStartMs = 30000;  // for the modules of new workers to start
// Old workers that may wait for their clients at a time; beyond it the oldest generation is hurried. But
// some generations always may, however many workers each has.
constexpr size_t kMaxOldWorkers = 64;
constexpr size_t kLeastOldGenerations = 4;

// Sites of `before` whose sockets are not in `after`.
std::vector<unsigned> sites_gone(const SocketList& before, const SocketList& after) {
    std::vector<unsigned> gone;
    for (unsigned i = 0; i < before.size(); ++i) {
        if (!contains(after, *before[i])) gone.push_back(i);
    }
    return gone;
}

}  // namespace

size_t Supervisor::most_old() const {
    return std::max(kLeastOldGenerations, kMaxOldWorkers / std::max(1u, serving_->size()));
}

void Supervisor::begin_reload(uint64_t now) {
    if (!reload_wanted_ || check_.running() || starting_) return;
    // Those hurried need some seconds to end: reloads that come faster wait for them.
    if (old_.size() >= 2 * most_old()) {
        if (!std::exchange(reload_waits_, true))
            log::warning("the reload waits: {} old generations of workers are still ending", old_.size());
        return;
    }
    reload_wanted_ = reload_waits_ = false;
    check_.start(reader_, now);
}

// The check has found nothing wrong. What is wrong now is with the sockets, or has changed since.
void Supervisor::open_next(uint64_t now) {
    auto configuration = reader_.read(*serving_->configuration());
    if (!configuration) {
        log::error("not reloaded: the configuration stays as it was");
        return;
    }
    starting_ = std::make_unique<Generation>(std::move(configuration));
    start_deadline_ms_ = now + kStartMs;
}

void Supervisor::give_up(const char* why, uint64_t now) {
    log::error("not reloaded: the new workers do not start ({}); the configuration stays as it was", why);
    remove_socket_files(starting_->configuration()->sockets, serving_->configuration()->sockets);
    starting_->close_sockets();
    starting_->terminate(0, now);
    old_.push_back(std::move(starting_));
}

void Supervisor::take_over(uint64_t now) {
    const Configuration& next = *starting_->configuration();
    const SocketList before = serving_->configuration()->sockets;
    // Only now, when somebody is about to accept: until here a client could have waited in vain.
    const auto listening = listen_on(next.sockets);
    if (!listening) {
        log::error("{}", listening.error().text);
        give_up("they can not listen", now);
        return;
    }
    starting_->serve();
    serving_->leave(sites_gone(before, next.sockets));
    old_.push_back(std::exchange(serving_, std::move(starting_)));
    remove_socket_files(before, next.sockets);
    const auto log = use_error_log(*next.settings, reader_.identity());
    if (!log) log::error("{}", log.error().text);
    const auto ports = ports_file_.write(next.sockets);
    if (!ports) log::error("{}", ports.error().text);
}

void Supervisor::drain_leaving(uint64_t now) {
    bool any = false;
    for (const auto& old : old_) {
        if (old->phase() != Generation::Phase::Leaving) continue;
        old->drain(serving_->configuration()->settings->drain_timeout_ms, now);
        any = true;
    }
    if (!any) return;
    log::info("reloaded, listening on {}, {} workers", addresses(serving_->configuration()->sockets),
              serving_->size());
    hurry_oldest(now);
}

void Supervisor::hurry_oldest(uint64_t now) {
    const auto waits = [](const auto& old) {
        return old->phase() == Generation::Phase::Draining && !old->hurried();
    };
    auto waiting = static_cast<size_t>(std::count_if(old_.begin(), old_.end(), waits));
    for (const auto& old : old_) {
        if (waiting <= most_old()) break;
        if (!waits(old)) continue;
        log::warning("{} generations of old workers: the oldest is hurried", waiting);
        old->drain(0, now);
        --waiting;
    }
}

}  // namespace marmoset::server
