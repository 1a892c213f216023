#include "server/services.h"

#include <algorithm>
#include <utility>

#include "log/logger.h"

namespace marmoset::server {

namespace {

constexpr uint64_t kReleaseCheckMs = 200;

}  // namespace

Services::Services(net::Loop& loop, http::ExchangePool& exchanges,
                   std::unique_ptr<Configuration> configuration, AddressCounts& address_counts,
                   const WorkerPlace& place, size_t max_clients, Owner& owner)
    : loop_(loop), configuration_(std::move(configuration)), owner_(owner) {
    SiteService::Owner& owner_of_sites = *this;
    for (size_t i = 0; i < settings().sites.size(); ++i) {
        const Site& site = *settings().sites[i];
        const size_t clients =
            site.max_clients == 0 ? max_clients : std::min<size_t>(site.max_clients, max_clients);
        sites_.push_back(std::make_unique<SiteService>(loop, exchanges, access_log(), site, sockets()[i],
                                                       address_counts, place, clients, owner_of_sites));
    }
}

Services::~Services() = default;

Result<void> Services::start() {
    for (const auto& site : sites_) {
        auto started = site->start();
        if (started) continue;
        finish();
        return started;
    }
    return {};
}

void Services::listen() {
    for (const auto& site : sites_)
        site->listen();
}

void Services::adopt(unsigned number, bool accept) {
    for (const auto& site : sites_)
        site->adopt(number, accept);
}

void Services::accept_waiting(size_t index) {
    if (index < sites_.size()) sites_[index]->accept_waiting();
}

void Services::retire(uint64_t timeout_ms) {
    if (phase_ == Phase::Serving) {
        phase_ = Phase::Draining;
        for (const auto& site : sites_)
            site->drain();
        configuration_->sockets.clear();
    }
    if (phase_ == Phase::Draining) loop_.timers().arm(*this, timeout_ms);
    report_if_empty();
}

void Services::stop(uint64_t timeout_ms) {
    if (stopping_ || phase_ == Phase::Finished) return;
    stopping_ = true;
    phase_ = Phase::Leaving;
    for (const auto& site : sites_)
        site->stop();
    configuration_->sockets.clear();
    loop_.timers().arm(*this, timeout_ms);
    report_if_empty();
}

void Services::close_all(CloseReason reason) {
    for (const auto& site : sites_)
        site->close_all(reason);
}

void Services::finish() {
    if (phase_ == Phase::Finished) return;
    phase_ = Phase::Finished;
    for (const auto& site : sites_)
        site->finish();
    configuration_->sockets.clear();
    last_work_ = loop_.last_work();
    loop_.timers().arm(*this, kReleaseCheckMs);
}

size_t Services::clients() const {
    size_t count = 0;
    for (const auto& site : sites_)
        count += site->clients();
    return count;
}

void Services::on_full(bool full) {
    const bool was_full = full_sites_ > 0;
    full_sites_ = full ? full_sites_ + 1 : full_sites_ - 1;
    if (phase_ == Phase::Serving && was_full != (full_sites_ > 0)) owner_.on_full(full);
}

void Services::on_client_gone() {
    report_if_empty();
}

void Services::report_if_empty() {
    if (phase_ != Phase::Serving && phase_ != Phase::Finished && clients() == 0) owner_.on_empty(*this);
}

void Services::on_timer() {
    switch (phase_) {
        case Phase::Serving:
            break;
        case Phase::Draining:
            log::info("drain_timeout: {} clients are told to connect anew", clients());
            loop_.counters().add(Counter::LimitDrainTimeout);
            phase_ = Phase::Restarting;
            restart_tick_ms_ = loop_.now();
            restart_end_ms_ = loop_.now() + kSpreadMs;
            [[fallthrough]];
        case Phase::Restarting:
            restart_some();
            break;
        case Phase::Leaving:
            log::warning("drain_timeout: closing {} clients", clients());
            if (stopping_) loop_.counters().add(Counter::LimitDrainTimeout);
            close_all(CloseReason::DrainTimeout);
            break;
        case Phase::Finished:
            if (released()) {
                owner_.on_released(*this);
            } else {
                loop_.timers().arm(*this, kReleaseCheckMs);
            }
            break;
    }
}

// At each tick the share of the remaining time that has passed since the last one: the same number of clients
// each time. Those already told answer, or are let go of by their own deadlines.
void Services::restart_some() {
    const uint64_t now = loop_.now();
    const uint64_t left = restart_end_ms_ > now ? restart_end_ms_ - now : 0;
    const auto passed = static_cast<double>(now - std::exchange(restart_tick_ms_, now));
    const bool last = left <= net::TimerWheel::kTickMs;
    loop_.timers().arm(*this, last ? kFarewellMs : net::TimerWheel::kTickMs);
    if (last) phase_ = Phase::Leaving;
    for (const auto& site : sites_) {
        if (last) site->stop_modules();
        site->restart_some(last ? 1.0 : passed / (passed + static_cast<double>(left)));
    }
}

bool Services::released() const {
    return loop_.oldest_work() > last_work_ &&
           std::none_of(sites_.begin(), sites_.end(), [](const auto& site) { return site->in_use(); });
}

}  // namespace marmoset::server
