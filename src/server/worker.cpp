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

// Old services beside the serving ones: of more than that the oldest are hurried.
constexpr size_t kMaxRetired = 16;

}  // namespace

Worker::Worker(std::unique_ptr<Configuration> configuration, AddressCounts& address_counts,
               const WorkerPlace& place, FileDescriptor control, Reload reload)
    : address_counts_(address_counts),
      place_(place),
      control_(std::move(control)),
      reload_(std::move(reload)),
      max_clients_(0) {
    if (place.slot) loop_.count_in(*place.counters, *place.slot);
    loop_.counters().add(Counter::Workers);
    const size_t descriptors = raise_descriptor_limit();
    const size_t reserved = std::min(kReservedDescriptors, descriptors / 4);
    loop_.set_client_descriptors(static_cast<int>(descriptors - reserved));
    max_clients_ = descriptors - reserved - std::min(kOwnDescriptors, descriptors / 4);
    loop_.set_memory_limit(configuration->settings->max_memory);
    services_ = make_services(std::move(configuration));
    loop_.set_after_turn([this] { for_each([](Services& each) { each.access_log().flush(); }); });
}

Worker::~Worker() {
    loop_.settle();
    loop_.set_after_turn({});
}

std::unique_ptr<Services> Worker::make_services(std::unique_ptr<Configuration> configuration) {
    Services::Owner& owner = *this;
    return std::make_unique<Services>(loop_, exchanges_, std::move(configuration), address_counts_, place_,
                                      max_clients_, owner);
}

// The call may retire services, not add any.
template <typename Call>
void Worker::for_each(Call call) {
    for (size_t i = 0; i < retired_.size(); ++i)
        call(*retired_[i]);
    call(*services_);
}

Result<void> Worker::start() {
    auto started = services_->start();
    if (!started) return started;
    watch_signals();
    if (!control_) {
        services_->listen();
        return {};
    }
    uv_poll_init(loop_.uv(), &control_poll_, control_.get());
    control_poll_.data = this;
    uv_poll_start(&control_poll_, UV_READABLE,
                  [](uv_poll_t* handle, int, int) { static_cast<Worker*>(handle->data)->on_control(); });
    send_control(control_.get(), {ControlMessage::Ready, place_.number});
    return {};
}

void Worker::run() {
    loop_.run();
    for_each([](Services& each) { each.access_log().flush(); });
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
            if (stopping_ && !control_) {
                close_now();
            } else {
                stop();
            }
            break;
        case SIGUSR1:
            reopen_logs();
            break;
        default:
            reload();
    }
}

void Worker::reopen_logs() {
    const auto error_log = log::reopen();
    if (!error_log) log::error("{}", error_log.error().text);
    for_each([](Services& each) {
        const auto access = each.access_log().reopen();
        if (!access) log::error("{}", access.error().text);
    });
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
                if (!stopping_) log::error("the supervisor is gone");
                stop();
                return;
            case ControlStatus::Message:
                on_message(message, descriptors);
                if (finished_) return;
        }
    }
}

void Worker::on_message(const ControlMessage& message, std::vector<FileDescriptor>& descriptors) {
    switch (message.type) {
        case ControlMessage::Accept:
            if (draining_) break;
            services_->listen();
            send_control(control_.get(), {ControlMessage::Accepting, place_.number});
            break;
        case ControlMessage::Orphaned:
        case ControlMessage::Adopted:
            if (message.value != place_.number)
                services_->adopt(message.value, message.type == ControlMessage::Orphaned);
            break;
        case ControlMessage::Leave:
            services_->accept_waiting(message.value);
            break;
        case ControlMessage::Drain:
            if (stopping_) break;
            if (!draining_) {
                log::set_process_name("old worker " + std::to_string(place_.number));
                log::info("others have taken over, {} clients stay", services_->clients());
            }
            draining_ = true;
            services_->retire(message.value);
            break;
        case ControlMessage::CloseNow:
            stop();
            close_now();
            break;
        case ControlMessage::LogFiles: {
            size_t next = 0;
            if ((message.value & ControlMessage::ErrorLog) != 0 && next < descriptors.size())
                log::replace_descriptor(descriptors[next++].release());
            if ((message.value & ControlMessage::AccessLog) != 0 && next < descriptors.size())
                services_->access_log().replace_descriptor(descriptors[next].release());
            break;
        }
        default:
            break;  // what only a worker says
    }
}

// ---- reload in place ------------------------------------------------------------------------------------

void Worker::reload() {
    if (stopping_ || !reload_.read) return;
    auto configuration = reload_.read(services_->configuration());
    if (!configuration) return;
    const SocketList before = services_->sockets();
    const SocketList sockets = configuration->sockets;
    auto next = make_services(std::move(configuration));
    auto started = next->start();
    if (started) started = listen_on(sockets);
    if (!started) {
        log::error("{}; the configuration stays as it was", started.error().text);
        remove_socket_files(sockets, before);
        next->finish();
        retired_.push_back(std::move(next));
        return;
    }
    for (size_t i = 0; i < before.size(); ++i) {
        if (!contains(sockets, *before[i])) services_->accept_waiting(i);
    }
    loop_.set_memory_limit(next->settings().max_memory);
    retired_.push_back(std::exchange(services_, std::move(next)));
    Services& old = *retired_.back();
    old.retire(services_->settings().drain_timeout_ms);
    services_->listen();
    reload_.taken_into_use(services_->configuration(), before);
    hurry_oldest();
}

void Worker::hurry_oldest() {
    size_t waiting = static_cast<size_t>(
        std::count_if(retired_.begin(), retired_.end(), [](const auto& each) { return !each->hurried(); }));
    for (size_t i = 0; waiting > kMaxRetired; ++i) {
        if (retired_[i]->hurried()) continue;
        retired_[i]->retire(0);
        --waiting;
    }
}

// ---- ends -----------------------------------------------------------------------------------------------

void Worker::on_full(bool full) {
    if (control_ && !draining_)
        send_control(control_.get(),
                     {full ? ControlMessage::NotAccepting : ControlMessage::Accepting, place_.number});
}

void Worker::stop() {
    if (stopping_) return;
    size_t clients = 0;
    for_each([&](Services& each) { clients += each.clients(); });
    log::info("stopping, {} clients", clients);
    if (control_ && !draining_) send_control(control_.get(), {ControlMessage::NotAccepting, place_.number});
    if (!control_) remove_socket_files(services_->sockets(), {});
    stopping_ = draining_ = true;
    const uint64_t timeout_ms = services_->settings().drain_timeout_ms;
    for_each([timeout_ms](Services& each) { each.stop(timeout_ms); });
    finish_if_empty();
}

void Worker::close_now() {
    for_each([](Services& each) { each.close_all(CloseReason::Shutdown); });
    finish_if_empty();
}

void Worker::on_empty(Services& services) {
    if (&services != services_.get()) services.finish();
    finish_if_empty();
}

// Freed when no caller of it is on the stack any more.
void Worker::on_released(Services& services) {
    const auto found = std::find_if(retired_.begin(), retired_.end(),
                                    [&](const auto& each) { return each.get() == &services; });
    if (found == retired_.end()) return;
    loop_.retire(std::move(*found));
    retired_.erase(found);
}

void Worker::finish_if_empty() {
    if (!draining_ || finished_) return;
    size_t clients = 0;
    for_each([&](Services& each) { clients += each.clients(); });
    if (clients > 0) return;
    finished_ = true;
    for_each([](Services& each) { each.finish(); });
    for (const auto& signal : signals_)
        uv_close(reinterpret_cast<uv_handle_t*>(signal.get()), nullptr);
    if (control_) uv_close(reinterpret_cast<uv_handle_t*>(&control_poll_), nullptr);
    log::info("stopped");
    // The loop ends by itself when the last handle has closed.
}

}  // namespace marmoset::server
