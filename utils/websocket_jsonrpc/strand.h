// Serial queues on a few threads: the tasks of one strand run one after another, those of different strands
// at once. In: tasks. Out: they are run, in the order they came.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace jsonrpc {

class Strand {
  private:
    friend class Threads;
    std::deque<std::function<void()>> tasks_;
    bool queued_ = false;  ///< waits for a thread, or has one
};

class Threads {
  public:
    explicit Threads(size_t count);
    /// Runs what is queued, then ends the threads.
    ~Threads();
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

    /// From any thread.
    void push(const std::shared_ptr<Strand>& strand, std::function<void()> task);

  private:
    void run();

    std::mutex mutex_;  // guards the following, and the strands
    std::condition_variable changed_;
    std::deque<std::shared_ptr<Strand>> ready_;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace jsonrpc
