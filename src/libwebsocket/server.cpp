// The public Server: start, signals, tasks, end. In: options, signals, calls of the program. Out: a backend
// (link or stream) running on one loop.
#include <uv.h>

#include <atomic>
#include <csignal>
#include <exception>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "libwebsocket/link_server.h"
#include "libwebsocket/listen_socket.h"
#include "libwebsocket/stream_server.h"
#include "libwebsocket/watched.h"

namespace websocket_server {

namespace {

namespace internal = marmoset::libwebsocket;
namespace log = marmoset::log;
namespace net = marmoset::net;

// How long a stopping server waits for its output to leave.
constexpr uint64_t kStopMs = 2000;
constexpr uint64_t kStopCheckMs = 10;
// Smaller windows would make every message a conversation about credit.
constexpr size_t kLeastWindow = 1024;

template <typename Handle>
uv_handle_t* handle_of(Handle& handle) {
    return reinterpret_cast<uv_handle_t*>(&handle);
}

// Tasks run below libuv's C frames, which no exception may cross.
void run_task(const std::function<void()>& task) {
    try {
        task();
    } catch (const std::exception& exception) {
        log::error("task: {}", exception.what());
    } catch (...) {
        log::error("task: an unknown exception");
    }
}

}  // namespace

class Server::Implementation {
  public:
    Implementation(Options options, Handler& handler) : options_(std::move(options)), handler_(handler) {
        options_.window = std::max(options_.window, kLeastWindow);
        options_.max_message = std::max<size_t>(options_.max_message, 1);
    }
    ~Implementation();

    std::string listen();
    int run();
    void stop();
    void post(std::function<void()> task);
    void after(unsigned milliseconds, std::function<void()> task);
    void publish(std::string_view topic, std::string_view data, Type type, Client* except) {
        if (backend_) backend_->publish(topic, data, type, except);
    }
    void watch(int descriptor, unsigned events, std::function<void(unsigned)> ready);
    void unwatch(int descriptor) { watched_.erase(descriptor); }
    size_t clients() const { return context_ ? context_->clients : 0; }

  private:
    // One after(): owned by itself once its handle is closing.
    struct Delayed {
        uv_timer_t timer;
        Implementation* server;
        std::function<void()> task;
    };

    void wake();
    void on_wake();
    void begin_stop();
    void check_stopped();
    void close_delayed(Delayed& delayed);

    Options options_;
    Handler& handler_;
    // Made by listen() and not before, so that a program may fork in between.
    std::unique_ptr<net::Loop> loop_;
    std::unique_ptr<internal::Context> context_;
    std::unique_ptr<internal::ListenSocket> socket_;
    std::unique_ptr<internal::Backend> backend_;
    std::unordered_set<Delayed*> delayed_;
    std::unordered_map<int, internal::Watched> watched_;
    uv_signal_t interrupt_, terminate_;
    uv_timer_t stop_timer_;
    uv_async_t async_;
    uint64_t stop_deadline_ = 0;

    std::mutex mutex_;  // guards the following
    std::vector<std::function<void()>> posted_;
    bool stop_requested_ = false;
    bool awake_ = false;  // async_ may be sent to
};

std::string Server::Implementation::listen() {
    if (socket_) return {};
    auto socket = internal::ListenSocket::open(options_);
    if (!socket) return socket.error().text;
    socket_ = std::make_unique<internal::ListenSocket>(socket.take());
    loop_ = std::make_unique<net::Loop>();
    context_ = std::make_unique<internal::Context>(internal::Context{*loop_, options_, handler_});
    uv_signal_init(loop_->uv(), &interrupt_);
    uv_signal_init(loop_->uv(), &terminate_);
    uv_timer_init(loop_->uv(), &stop_timer_);
    uv_async_init(loop_->uv(), &async_,
                  [](uv_async_t* handle) { static_cast<Implementation*>(handle->data)->on_wake(); });
    interrupt_.data = terminate_.data = stop_timer_.data = async_.data = this;
    if (options_.stream && options_.framing != Framing::Records) {
        backend_ = std::make_unique<internal::StreamServer>(*context_, socket_->descriptor());
    } else {
        backend_ = std::make_unique<internal::LinkServer>(*context_, socket_->descriptor());
    }
    const std::lock_guard lock(mutex_);
    awake_ = true;
    if (!posted_.empty() || stop_requested_) uv_async_send(&async_);
    return {};
}

int Server::Implementation::run() {
    const std::string error = listen();
    if (!error.empty()) {
        log::error("{}", error);
        return 1;
    }
    const auto on_signal = [](uv_signal_t* handle, int) {
        static_cast<Implementation*>(handle->data)->begin_stop();
    };
    uv_signal_start(&interrupt_, on_signal, SIGINT);
    uv_signal_start(&terminate_, on_signal, SIGTERM);
    log::info("listening on {}", socket_->path());
    loop_->run();
    uv_signal_stop(&interrupt_);
    uv_signal_stop(&terminate_);
    backend_->abandon();
    socket_->remove();
    return 0;
}

Server::Implementation::~Implementation() {
    if (!loop_) return;
    {
        const std::lock_guard lock(mutex_);
        awake_ = false;
    }
    backend_->abandon();
    socket_->remove();
    while (!delayed_.empty())
        close_delayed(**delayed_.begin());
    watched_.clear();
    uv_close(handle_of(interrupt_), nullptr);
    uv_close(handle_of(terminate_), nullptr);
    uv_close(handle_of(stop_timer_), nullptr);
    uv_close(handle_of(async_), nullptr);
    loop_.reset();  // runs the close callbacks: clients and links go here
}

void Server::Implementation::wake() {
    if (awake_) uv_async_send(&async_);
}

void Server::Implementation::on_wake() {
    std::vector<std::function<void()>> tasks;
    bool stop = false;
    {
        const std::lock_guard lock(mutex_);
        tasks.swap(posted_);
        stop = std::exchange(stop_requested_, false);
    }
    for (const auto& task : tasks)
        run_task(task);
    if (stop) begin_stop();
}

void Server::Implementation::post(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
    wake();
}

void Server::Implementation::stop() {
    const std::lock_guard lock(mutex_);
    stop_requested_ = true;
    wake();
}

void Server::Implementation::after(unsigned milliseconds, std::function<void()> task) {
    if (!loop_) {  // counted from listen() on
        post(
            [this, milliseconds, task = std::move(task)]() mutable { after(milliseconds, std::move(task)); });
        return;
    }
    auto* delayed = new Delayed{{}, this, std::move(task)};
    delayed_.insert(delayed);
    uv_timer_init(loop_->uv(), &delayed->timer);
    delayed->timer.data = delayed;
    uv_update_time(loop_->uv());
    uv_timer_start(
        &delayed->timer,
        [](uv_timer_t* timer) {
            auto& expired = *static_cast<Delayed*>(timer->data);
            const auto work = std::move(expired.task);
            expired.server->close_delayed(expired);
            run_task(work);
        },
        milliseconds, 0);
}

void Server::Implementation::watch(int descriptor, unsigned events, std::function<void(unsigned)> ready) {
    watched_.erase(descriptor);
    watched_.try_emplace(descriptor, *loop_, descriptor, events,
                         [ready = std::move(ready)](unsigned found) { run_task([&] { ready(found); }); });
}

void Server::Implementation::close_delayed(Delayed& delayed) {
    delayed_.erase(&delayed);
    uv_close(handle_of(delayed.timer),
             [](uv_handle_t* handle) { delete static_cast<Delayed*>(handle->data); });
}

void Server::Implementation::begin_stop() {
    if (context_->stopping) {  // asked twice: at once
        loop_->stop();
        return;
    }
    context_->stopping = true;
    backend_->shut_down();
    socket_->remove();
    stop_deadline_ = loop_->now() + kStopMs;
    uv_timer_start(
        &stop_timer_, [](uv_timer_t* timer) { static_cast<Implementation*>(timer->data)->check_stopped(); },
        0, kStopCheckMs);
}

void Server::Implementation::check_stopped() {
    if (!backend_->idle() && loop_->now() < stop_deadline_) return;
    uv_timer_stop(&stop_timer_);
    loop_->stop();
}

Server::Server(Options options, Handler& handler)
    : implementation_(std::make_unique<Implementation>(std::move(options), handler)) {}
Server::~Server() = default;

std::string Server::listen() {
    return implementation_->listen();
}
int Server::run() {
    return implementation_->run();
}
void Server::stop() {
    implementation_->stop();
}
void Server::publish(std::string_view topic, std::string_view data, Type type, Client* except) {
    implementation_->publish(topic, data, type, except);
}
void Server::after(unsigned milliseconds, std::function<void()> task) {
    implementation_->after(milliseconds, std::move(task));
}
void Server::post(std::function<void()> task) {
    implementation_->post(std::move(task));
}
void Server::watch(int descriptor, unsigned events, std::function<void(unsigned)> ready) {
    implementation_->watch(descriptor, events, std::move(ready));
}
void Server::unwatch(int descriptor) {
    implementation_->unwatch(descriptor);
}
size_t Server::clients() const {
    return implementation_->clients();
}

void write_log(LogLevel level, std::string_view line) {
    constexpr log::Level kLevels[] = {log::Level::Info, log::Level::Warning, log::Level::Error};
    log::write(kLevels[static_cast<size_t>(level)], line);
}

}  // namespace websocket_server
