// One child process that runs this program as a worker. In: the worker's settings. Out: a process and a
// socket to it.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "worker.h"

namespace jsonrpc {

class Child {
  public:
    Child() = default;
    Child(Child&& other) noexcept
        : channel(std::move(other.channel)), end(std::move(other.end)), pid_(std::exchange(other.pid_, 0)) {}
    Child& operator=(Child&& other) noexcept;
    ~Child() { kill(); }

    /// Starts the program anew (what it knows of clients stays out of the child's memory), with nothing open
    /// but the channel and standard error, in the folder where the first one was started; the child ends with
    /// this thread.
    static marmoset::Result<Child> start(const WorkerSettings& settings);

    pid_t pid() const { return pid_; }
    /// Waits until it has ended, at most `milliseconds`; false: it has not.
    bool wait(unsigned milliseconds);
    /// Ends it now, if it has not ended by itself. Returns how it has ended, in words.
    std::string kill();

    marmoset::FileDescriptor channel;  ///< non-blocking
    /// Readable once the process has ended, whoever else may hold the channel: what it has left behind.
    marmoset::FileDescriptor end;

  private:
    static std::string describe(int status);

    pid_t pid_ = 0;
};

}  // namespace jsonrpc
