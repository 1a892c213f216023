// The error log on spdlog: one logger with one sink of ours. In: lines. Out: "2026-11-22T02:13:57.123Z
// warning worker 0: text".

#include "log/logger.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>

#include "log/escape.h"
#include "log/file.h"

namespace marmoset::log {

namespace {

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::Debug:
            return spdlog::level::debug;
        case Level::Info:
            return spdlog::level::info;
        case Level::Warning:
            return spdlog::level::warn;
        case Level::Error:
            break;
    }
    return spdlog::level::err;
}

const char* colour_of(spdlog::level::level_enum level) {
    switch (level) {
        case spdlog::level::debug:
            return "\033[2m";
        case spdlog::level::warn:
            return "\033[33m";
        case spdlog::level::err:
            return "\033[1;31m";
        default:
            return "\033[32m";
    }
}

/// Writes each line with one write(2) to a descriptor that may be replaced at any time.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    DescriptorSink() {
        set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v",
                                                                  spdlog::pattern_time_type::utc));
    }

    Result<void> open(const std::string& path) {
        if (path.empty() || path == "-") {
            std::lock_guard lock(mutex_);
            if (fd_ > STDERR_FILENO) ::close(fd_);
            path_ = path;
            adopt(path.empty() ? STDERR_FILENO : -1);
            return {};
        }
        auto file = open_file(path);
        if (!file) return file.error();
        std::lock_guard lock(mutex_);
        path_ = path;
        put(*file);
        return {};
    }

    Result<void> reopen() {
        std::string path;
        {
            std::lock_guard lock(mutex_);
            path = path_;
        }
        if (path.empty() || path == "-") return {};
        return open(path);
    }

    int descriptor() {
        std::lock_guard lock(mutex_);
        return fd_;
    }

    void replace_descriptor(int fd) {
        std::lock_guard lock(mutex_);
        put(fd);
    }

    void set_process_name(const std::string& name) {
        std::lock_guard lock(mutex_);
        prefix_ = name.empty() ? "" : name + ": ";
    }

  private:
    void put(int fd) {
        if (fd_ > STDERR_FILENO) {
            replace(fd_, fd);
            adopt(fd_);
        } else {
            adopt(fd);  // stderr itself is never replaced: it belongs to whoever started us
        }
    }

    void adopt(int fd) {
        fd_ = fd;
        terminal_ = fd >= 0 && ::isatty(fd) == 1;
    }

    void sink_it_(const spdlog::details::log_msg& message) override {
        if (fd_ < 0) return;
        std::string text = prefix_;
        append_escaped(text, std::string_view(message.payload.data(), message.payload.size()));
        spdlog::details::log_msg escaped = message;
        escaped.payload = text;
        spdlog::memory_buf_t formatted;
        formatter_->format(escaped, formatted);
        std::string line(formatted.data(), formatted.size());
        if (terminal_ && escaped.color_range_end > escaped.color_range_start) {
            line.insert(escaped.color_range_end, "\033[0m");
            line.insert(escaped.color_range_start, colour_of(message.level));
        }
        while (::write(fd_, line.data(), line.size()) < 0 && errno == EINTR) {
        }
    }

    void flush_() override {}

    int fd_ = STDERR_FILENO;
    bool terminal_ = ::isatty(STDERR_FILENO) == 1;
    std::string path_;
    std::string prefix_;
};

struct Log {
    std::shared_ptr<DescriptorSink> sink = std::make_shared<DescriptorSink>();
    spdlog::logger logger{"marmoset", sink};

    Log() { logger.set_level(spdlog::level::trace); }  // write() takes any level; enabled() decides
};

/// Never destroyed: destructors that run at exit may still log.
Log& the_log() {
    static Log& log = *new Log;
    return log;
}

std::atomic<Level> least_level{Level::Info};

}  // namespace

Result<void> open(const std::string& path) {
    return the_log().sink->open(path);
}
Result<void> reopen() {
    return the_log().sink->reopen();
}
int descriptor() {
    return the_log().sink->descriptor();
}
void replace_descriptor(int fd) {
    the_log().sink->replace_descriptor(fd);
}

void set_level(Level level) {
    least_level.store(level, std::memory_order_relaxed);
}
bool enabled(Level level) {
    return level >= least_level.load(std::memory_order_relaxed);
}
void set_process_name(const std::string& name) {
    the_log().sink->set_process_name(name);
}

void write(Level level, std::string_view line) {
    the_log().logger.log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

bool RateLimit::permit(uint64_t now_ms) {
    if (now_ms - period_start_ >= period_ms_) {
        period_start_ = now_ms;
        written_ = 0;
        reported_ += dropped_;
        dropped_ = 0;
    }
    if (written_ >= burst_) {
        ++dropped_;
        return false;
    }
    ++written_;
    return true;
}

std::string RateLimit::suffix() {
    if (reported_ == 0) return {};
    return fmt::format(" ({} more like this)", std::exchange(reported_, 0));
}

}  // namespace marmoset::log
