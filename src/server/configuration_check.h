// Reads the configuration in a process of its own, so that nothing in a file or a module can crash the
// supervisor or make it wait.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "server/configuration.h"

namespace marmoset::server {

class ConfigurationCheck {
  public:
    /// Forks. False, and a line in the log, when that fails.
    bool start(const ConfigurationReader& reader, uint64_t now_ms);
    bool running() const { return pid_ != 0; }
    pid_t pid() const { return pid_; }
    /// The process has ended with `status` (of waitpid). True if the configuration can be used; it has logged
    /// what is wrong itself.
    bool on_exit(int status);
    /// When it has taken too long.
    uint64_t deadline_ms() const { return pid_ != 0 ? deadline_ms_ : UINT64_MAX; }
    /// Kills it; on_exit() follows.
    void kill();

  private:
    pid_t pid_ = 0;
    bool killed_ = false;
    uint64_t deadline_ms_ = 0;
};

}  // namespace marmoset::server
