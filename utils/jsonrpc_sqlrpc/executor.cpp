#include "executor.h"

#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

namespace marmoset::sqlrpc {

namespace {

constexpr std::chrono::seconds kIdle{10};

}  // namespace

Executor::~Executor() {
    std::unique_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return threads_ == 0; });
}

void Executor::post(const void* owner, std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    auto& queue = tasks_[owner];
    queue.push_back(std::move(task));
    if (queue.size() > 1) return;
    ready_.push_back(owner);
    if (idle_ >= ready_.size() || threads_ >= most_threads_) {
        changed_.notify_all();
        return;
    }
    try {
        std::thread([this] { run(); }).detach();
        ++threads_;
    } catch (const std::system_error&) {
        if (threads_ > 0) return;  // it has to wait for another
        ready_.pop_back();
        tasks_.erase(owner);
        throw;
    }
}

size_t Executor::threads() const {
    const std::lock_guard lock(mutex_);
    return threads_;
}

void Executor::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        const bool woken = changed_.wait_for(lock, kIdle, [this] { return !ready_.empty() || ending_; });
        --idle_;
        if (!woken || ready_.empty()) break;
        const void* const owner = ready_.front();
        ready_.pop_front();
        const std::function<void()> task = std::move(tasks_[owner].front());
        lock.unlock();
        task();
        lock.lock();
        const auto queue = tasks_.find(owner);
        queue->second.pop_front();
        if (queue->second.empty()) {
            tasks_.erase(queue);
        } else {
            ready_.push_back(owner);  // behind the others
            changed_.notify_one();
        }
    }
    --threads_;
    changed_.notify_all();
}

}  // namespace marmoset::sqlrpc
