// The pid file: holds the supervisor's number and, as long as it runs, a lock. -K finds the process by that
// lock.
#pragma once

#include <string>

#include "base/file_descriptor.h"
#include "base/result.h"

namespace marmoset::server {

class PidFile {
  public:
    /// Creates or takes over `path` and locks it; an error if another process holds the lock.
    static Result<PidFile> create(const std::string& path);
    PidFile(PidFile&&) noexcept = default;
    PidFile& operator=(PidFile&&) noexcept = default;
    /// Removes the file, if this process made it.
    ~PidFile();

    /// Writes this process's number: after becoming a daemon.
    Result<void> write();

    /// SIGTERM to the holder of the lock (-K), and waits until it has gone, `timeout_ms` at most.
    static Result<void> kill_holder(const std::string& path, unsigned timeout_ms);

  private:
    PidFile(std::string path, FileDescriptor file) : path_(std::move(path)), file_(std::move(file)) {}
    std::string path_;
    FileDescriptor file_;
    int owner_ = 0;
};

}  // namespace marmoset::server
