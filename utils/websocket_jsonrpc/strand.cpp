// Strands and the threads that run them: a strand with tasks waits its turn, runs one, and goes to the end of
// the queue.
#include "strand.h"

namespace jsonrpc {

Threads::Threads(size_t count) {
    for (size_t i = 0; i < count; ++i)
        threads_.emplace_back([this] { run(); });
}

Threads::~Threads() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_)
        thread.join();
}

void Threads::push(const std::shared_ptr<Strand>& strand, std::function<void()> task) {
    {
        const std::lock_guard lock(mutex_);
        strand->tasks_.push_back(std::move(task));
        if (strand->queued_) return;
        strand->queued_ = true;
        ready_.push_back(strand);
    }
    changed_.notify_one();
}

void Threads::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return ending_ || !ready_.empty(); });
        if (ready_.empty()) return;
        const std::shared_ptr<Strand> strand = std::move(ready_.front());
        ready_.pop_front();
        std::function<void()> task = std::move(strand->tasks_.front());
        strand->tasks_.pop_front();
        lock.unlock();
        task();
        task = nullptr;  // what it held goes without the lock
        lock.lock();
        if (strand->tasks_.empty()) {
            strand->queued_ = false;
        } else {
            ready_.push_back(strand);
            changed_.notify_one();
        }
    }
}

}  // namespace jsonrpc
