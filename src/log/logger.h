// The error log: spdlog behind one header, so that nothing else knows it. Levels, a rate limit for lines that
// a peer can cause, masking of secrets. One log a process; safe from any thread. Written with one write(2) a
// line, to stderr or a file opened by the supervisor before privileges are dropped.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace marmoset::log {

enum class Level : uint8_t { Debug, Info, Warning, Error };

/// Opens the log: `path` empty: stderr; "-": none. Appends, mode 0660. Opening again (SIGUSR1) reopens the
/// same path and keeps the old descriptor on failure. The descriptor's number never changes once open, so a
/// forked worker's log follows dup2.
Result<void> open(const std::string& path);
Result<void> reopen();
/// Descriptor of the log file, for handing it to workers when it was reopened.
int descriptor();
/// Replaces the log's descriptor by `fd` (takes ownership), as a worker does when the supervisor reopened the
/// file.
void replace_descriptor(int fd);

void set_level(Level level);
bool enabled(Level level);
/// Prefix of each line after time and level: "supervisor", "worker 0".
void set_process_name(const std::string& name);

/// One line, whatever the level. Control characters in it are escaped: a peer can't forge lines.
void write(Level level, std::string_view line);

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::Debug)) write(Level::Debug, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::Info)) write(Level::Info, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(Level::Warning)) write(Level::Warning, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::Error, fmt::format(format, std::forward<Args>(args)...));
}

/// Limits one kind of line that peers can cause: at most `burst` lines in `period_ms`; the first line after a
/// silence says how many were left out. Static objects at the place of the line. One loop (thread) each.
class RateLimit {
  public:
    explicit RateLimit(unsigned burst = 5, uint64_t period_ms = 10000)
        : burst_(burst), period_ms_(period_ms) {}
    /// True: write the line, appending `suffix()` ("" or " (12 more like this)").
    bool permit(uint64_t now_ms);
    std::string suffix();

  private:
    unsigned burst_;
    uint64_t period_ms_;
    uint64_t period_start_ = 0;
    unsigned written_ = 0;
    unsigned dropped_ = 0;
    unsigned reported_ = 0;
};

/// A request target as it may be logged: values of query parameters whose name suggests a secret (token,
/// ticket, password, passwd, secret, key, code, session, ...) are replaced by "***".
std::string mask_secrets(std::string_view target);

}  // namespace marmoset::log
