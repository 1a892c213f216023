// Threads for calls that wait for a database or work in it: as many as there are clients with a call, up to a
// limit; they end when there is nothing to do for a while. In: tasks of clients. Out: they are run, those of
// one client one after the other, in their order. Any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <unordered_map>

namespace marmoset::sqlrpc {

class Executor {
  public:
    explicit Executor(size_t most_threads) : most_threads_(most_threads) {}
    /// Waits for the tasks there are.
    ~Executor();
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;

    /// `owner`: whose task it is. Tasks throw nothing.
    void post(const void* owner, std::function<void()> task);

    size_t threads() const;

  private:
    void run();

    const size_t most_threads_;
    mutable std::mutex mutex_;  // guards all that follows
    std::condition_variable changed_;
    /// Of owners that have tasks; the first one of each is being run, or its owner is in `ready_`.
    std::unordered_map<const void*, std::deque<std::function<void()>>> tasks_;
    std::deque<const void*> ready_;  ///< owners whose next task waits for a thread
    size_t threads_ = 0, idle_ = 0;
    bool ending_ = false;
};

}  // namespace marmoset::sqlrpc
