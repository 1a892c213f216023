#include "server/worker.h"

#include <algorithm>
#include <csignal>

#include "log/logger.h"
#include "server/privileges.h"

namespace marmoset::server {

namespace {

// Descriptors kept back for files, links and logs; and how many more a worker has open before its first
// client.
constexpr size_t kReservedDescriptors = 64;
constexpr size_t kOwnDescriptors = 32;

}  // namespace

Worker::Worker(const Settings& settings, std::vector<SiteSockets>& sockets, log::AccessLog& access_log,
               AddressCounts& address_counts, const CounterPage& counters, CounterSlot* slot, unsigned number,
               FileDescriptor control)
    : settings_(settings), access_log_(access_log), number_(number), control_(std::move(control)) {
    if (slot) loop_.count_in(counters, *slot);
    loop_.counters().add(Counter::Workers);
    loop_.set_memory_limit(settings.max_memory);
    loop_.set_after_turn([this] { access_log_.flush(); });
    const size_t descriptors = raise_descriptor_limit();
    const size_t reserved = std::min(kReservedDescriptors, descriptors / 4);
    loop_.set_client_descriptors(static_cast<int>(descriptors - reserved));
    const size_t ceiling = descriptors - reserved - std::min(kOwnDescriptors, descriptors / 4);
    for (size_t i = 0; i < settings.sites.size(); ++i) {
        const Site& site = *settings.sites[i];
        const size_t clients = site.max_clients == 0 ? ceiling : std::min<size_t>(site.max_clients, ceiling);
        sites_.push_back(std::make_unique<SiteService>(loop_, exchanges_, access_log, site, sockets[i],
                                                       address_counts, number, static_cast<unsigned>(clients),
                                                       *this));
    }
}

Worker::~Worker() = default;

Result<void> Worker::start() {
    for (const auto& site : sites_) {
        auto started = site->start();
        if (!started) {
            // Nobody has been served: what did start lets go of the loop again.
            for (const auto& each : sites_)
                each->finish();
            return started;
        }
    }
    for (const auto& site : sites_)
        site->listen();
    watch_signals();
    if (control_) {
        uv_poll_init(loop_.uv(), &control_poll_, control_.get());
        control_poll_.data = this;
        uv_poll_start(&control_poll_, UV_READABLE,
                      [](uv_poll_t* handle, int, int) { static_cast<Worker*>(handle->data)->on_control(); });
        send_control(control_.get(), {ControlMessage::Accepting, number_});
    }
    return {};
}

void Worker::run() {
    loop_.run();
    access_log_.flush();
}

void Worker::watch_signals() {
    // With a supervisor, a terminal's Ctrl-C is its affair: it tells the workers by SIGTERM.
    std::vector<int> numbers = {SIGTERM};
    if (!control_) numbers.insert(numbers.end(), {SIGINT, SIGUSR1, SIGHUP});
    for (int number : numbers) {
        auto handle = std::make_unique<uv_signal_t>();
        uv_signal_init(loop_.uv(), handle.get());
        handle->data = this;
        uv_signal_start(
            handle.get(),
            [](uv_signal_t* signal, int received) {
                static_cast<Worker*>(signal->data)->on_signal(received);
            },
            number);
        signals_.push_back(std::move(handle));
    }
}

void Worker::on_signal(int number) {
    switch (number) {
        case SIGTERM:
        case SIGINT:
            // Without a supervisor a second signal means: now. Behind one it may be the same request by
            // another way (a whole process group signalled); the supervisor says CloseNow.
            if (draining_ && !control_) {
                close_now();
            } else {
                drain();
            }
            break;
        case SIGUSR1: {
            const auto error_log = log::reopen();
            if (!error_log) log::error("{}", error_log.error().text);
            const auto access = access_log_.reopen();
            if (!access) log::error("{}", access.error().text);
            break;
        }
        default:
            log::warning("SIGHUP: this version does not reload; restart to change the configuration");
    }
}

void Worker::on_control() {
    for (;;) {
        ControlMessage message{};
        std::vector<FileDescriptor> descriptors;
        switch (receive_control(control_.get(), message, descriptors)) {
            case ControlStatus::Nothing:
                return;
            case ControlStatus::Ended:
                uv_poll_stop(&control_poll_);
                if (!draining_) log::error("the supervisor is gone");
                drain();
                return;
            case ControlStatus::Message:
                break;
        }
        if (message.type == ControlMessage::CloseNow) {
            drain();
            close_now();
            return;
        }
        if (message.type == ControlMessage::LogFiles) {
            if (!descriptors.empty() && log::descriptor() >= 0)
                log::replace_descriptor(descriptors.front().release());
            if (descriptors.size() > 1) access_log_.replace_descriptor(descriptors.back().release());
        } else if (message.worker != number_) {
            for (const auto& site : sites_)
                site->adopt(message.worker, message.type == ControlMessage::Orphaned);
        }
    }
}

void Worker::on_full(bool full) {
    full_sites_ = full ? full_sites_ + 1 : full_sites_ - 1;
    if (control_ && !draining_ && full_sites_ <= 1) {
        send_control(control_.get(),
                     {full_sites_ > 0 ? ControlMessage::NotAccepting : ControlMessage::Accepting, number_});
    }
}

size_t Worker::clients() const {
    size_t count = 0;
    for (const auto& site : sites_)
        count += site->clients();
    return count;
}

void Worker::drain() {
    if (draining_) return;
    draining_ = true;
    log::info("stopping, {} clients", clients());
    if (control_) send_control(control_.get(), {ControlMessage::NotAccepting, number_});
    loop_.timers().arm(*this, settings_.drain_timeout_ms);
    for (const auto& site : sites_)
        site->drain();
    finish_if_empty();
}

void Worker::close_now() {
    for (const auto& site : sites_)
        site->close_all(CloseReason::Shutdown);
    finish_if_empty();
}

void Worker::on_timer() {
    log::warning("drain_timeout: closing {} clients", clients());
    loop_.counters().add(Counter::LimitDrainTimeout);
    for (const auto& site : sites_)
        site->close_all(CloseReason::DrainTimeout);
    finish_if_empty();
}

void Worker::finish_if_empty() {
    if (!draining_ || finished_ || clients() > 0) return;
    finished_ = true;
    loop_.timers().disarm(*this);
    for (const auto& site : sites_)
        site->finish();
    for (const auto& signal : signals_)
        uv_close(reinterpret_cast<uv_handle_t*>(signal.get()), nullptr);
    if (control_) uv_close(reinterpret_cast<uv_handle_t*>(&control_poll_), nullptr);
    log::info("stopped");
    // The loop ends by itself when the last handle has closed.
}

}  // namespace marmoset::server
