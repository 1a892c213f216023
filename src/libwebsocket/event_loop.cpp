#include "libwebsocket/event_loop.h"

#include <exception>

#include "libwebsocket/web_socket.h"
#include "log/logger.h"

namespace websocket_client {

namespace {

namespace log = marmoset::log;

// zlib's level, and messages below so many bytes leave uncompressed: they would hardly shrink.
constexpr int kDeflateLevel = 6;
constexpr size_t kDeflateThreshold = 64;

}  // namespace

bool call_guarded(const char* what, const std::function<void()>& call) {
    try {
        call();
        return true;
    } catch (const std::exception& exception) {
        log::error("{}: {}", what, exception.what());
    } catch (...) {
        log::error("{}: an unknown exception", what);
    }
    return false;
}

/// One after(): owned by itself once its handle is closing.
struct EventLoop::Implementation::Delayed {
    uv_timer_t timer;
    Implementation* loop;
    std::function<void()> task;
};

EventLoop::Implementation::Implementation() : deflate_contexts(kDeflateLevel, kDeflateThreshold) {
    uv_async_init(loop_.uv(), &async_,
                  [](uv_async_t* handle) { static_cast<Implementation*>(handle->data)->on_wake(); });
    async_.data = this;
    uv_unref(reinterpret_cast<uv_handle_t*>(&async_));
}

EventLoop::Implementation::~Implementation() {
    ending_ = true;
    while (!sockets.empty())
        (*sockets.begin())->drop();
    while (!delayed_.empty())
        close_delayed(**delayed_.begin());
    uv_close(reinterpret_cast<uv_handle_t*>(&async_), nullptr);
}

void EventLoop::Implementation::hold() {
    if (holds_++ == 0) uv_ref(reinterpret_cast<uv_handle_t*>(&async_));
}

void EventLoop::Implementation::release() {
    if (--holds_ == 0 && !ending_) uv_unref(reinterpret_cast<uv_handle_t*>(&async_));
}

// libuv's loop ends when nothing is open; what was posted meanwhile may open something.
void EventLoop::Implementation::run() {
    do {
        if (take_stop()) return;
        loop_.run();
    } while (run_posted());
    take_stop();
}

void EventLoop::Implementation::on_wake() {
    run_posted();
    const std::lock_guard lock(mutex_);
    if (stop_requested_) loop_.stop();
}

// True: there was something to do.
bool EventLoop::Implementation::run_posted() {
    std::vector<std::function<void()>> tasks;
    {
        const std::lock_guard lock(mutex_);
        tasks.swap(posted_);
    }
    for (const auto& task : tasks)
        call_guarded("task", task);
    return !tasks.empty();
}

bool EventLoop::Implementation::take_stop() {
    const std::lock_guard lock(mutex_);
    return std::exchange(stop_requested_, false);
}

void EventLoop::Implementation::post(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
    uv_async_send(&async_);
}

void EventLoop::Implementation::stop() {
    const std::lock_guard lock(mutex_);
    stop_requested_ = true;
    uv_async_send(&async_);
}

void EventLoop::Implementation::after(unsigned milliseconds, std::function<void()> task) {
    auto* delayed = new Delayed{{}, this, std::move(task)};
    delayed_.insert(delayed);
    uv_timer_init(loop_.uv(), &delayed->timer);
    delayed->timer.data = delayed;
    uv_update_time(loop_.uv());
    uv_timer_start(
        &delayed->timer,
        [](uv_timer_t* timer) {
            auto& expired = *static_cast<Delayed*>(timer->data);
            const auto work = std::move(expired.task);
            expired.loop->close_delayed(expired);
            call_guarded("task", work);
        },
        milliseconds, 0);
}

void EventLoop::Implementation::close_delayed(Delayed& delayed) {
    delayed_.erase(&delayed);
    uv_close(reinterpret_cast<uv_handle_t*>(&delayed.timer),
             [](uv_handle_t* handle) { delete static_cast<Delayed*>(handle->data); });
}

EventLoop::EventLoop() : implementation_(std::make_unique<Implementation>()) {}
EventLoop::~EventLoop() = default;

void EventLoop::run() {
    implementation_->run();
}
void EventLoop::stop() {
    implementation_->stop();
}
void EventLoop::post(std::function<void()> task) {
    implementation_->post(std::move(task));
}
void EventLoop::after(unsigned milliseconds, std::function<void()> task) {
    implementation_->after(milliseconds, std::move(task));
}

}  // namespace websocket_client
