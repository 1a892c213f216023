// A thread that calls a function every now and then until it ends. In: the function. Out: its calls.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace marmoset::sqlrpc {

class Sweeper {
  public:
    Sweeper(std::chrono::seconds period, std::function<void()> sweep)
        : period_(period), sweep_(std::move(sweep)), thread_([this] { run(); }) {}
    ~Sweeper() {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
        }
        changed_.notify_one();
        thread_.join();
    }
    Sweeper(const Sweeper&) = delete;
    Sweeper& operator=(const Sweeper&) = delete;

  private:
    void run() {
        std::unique_lock lock(mutex_);
        while (!changed_.wait_for(lock, period_, [this] { return ending_; }))
            sweep_();
    }

    const std::chrono::seconds period_;
    const std::function<void()> sweep_;
    std::mutex mutex_;  // guards ending_
    std::condition_variable changed_;
    bool ending_ = false;
    std::thread thread_;  // the last: it uses the others
};

}  // namespace marmoset::sqlrpc
