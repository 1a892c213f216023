// The access log: formats lines into a buffer and writes it in as few system calls as the descriptor allows.
// In: AccessRecords. Out: lines.

#include "log/access_log.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <ctime>
#include <iterator>
#include <string_view>

#include "log/escape.h"
#include "log/file.h"
#include "log/logger.h"

namespace marmoset::log {

namespace {

constexpr size_t kFlushSize = 64 * 1024;
constexpr size_t kMaxBuffer = 1024 * 1024;

/// Text in quotes; a dash when absent.
void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    append_escaped(out, text.empty() ? "-" : text, "\"\\");
    out += '"';
}

/// A word between spaces; a dash when absent.
void append_word(std::string& out, std::string_view text) {
    append_escaped(out, text.empty() ? "-" : text, " \"\\");
}

std::string common_time(int64_t seconds) {
    // Not strftime: its names of months follow the locale.
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t time = static_cast<time_t>(seconds);
    tm parts{};
    ::gmtime_r(&time, &parts);
    return fmt::format("[{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000]", parts.tm_mday, kMonths[parts.tm_mon],
                       parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string json_time(int64_t seconds) {
    time_t time = static_cast<time_t>(seconds);
    tm parts{};
    ::gmtime_r(&time, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

AccessLog::~AccessLog() {
    if (fd_ < 0) return;
    flush();
    if (fd_ > STDERR_FILENO) ::close(fd_);
}

Result<void> AccessLog::open(const std::string& path, AccessFormat format) {
    int fd = -1;
    if (path == "-") {
        fd = STDOUT_FILENO;
    } else if (!path.empty()) {
        auto file = open_file(path);
        if (!file) return file.error();
        fd = *file;
    }
    flush();
    if (fd_ > STDERR_FILENO) ::close(fd_);
    path_ = path;
    format_ = format;
    cached_second_ = -1;
    adopt(fd);
    return {};
}

Result<void> AccessLog::reopen() {
    if (fd_ <= STDERR_FILENO) return {};
    auto file = open_file(path_);
    if (!file) return file.error();
    replace_descriptor(*file);
    return {};
}

void AccessLog::replace_descriptor(int fd) {
    flush();  // what was gathered belongs to the old file
    if (fd_ > STDERR_FILENO) {
        replace(fd_, fd);
        adopt(fd_);
    } else {
        adopt(fd);
    }
}

void AccessLog::adopt(int fd) {
    if (torn_ && !buffer_.empty()) {
        // The rest of a line whose first part stands in the old file.
        buffer_.erase(0, buffer_.find('\n') + 1);
        ++dropped_;
    }
    torn_ = false;
    struct stat status {};
    fd_ = fd;
    regular_ = fd >= 0 && ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

void AccessLog::append(const AccessRecord& record) {
    if (fd_ < 0) return;
    if (buffer_.size() >= kMaxBuffer) {
        ++dropped_;
        return;
    }
    if (record.time != cached_second_) {
        cached_second_ = record.time;
        cached_time_ = format_ == AccessFormat::Json ? json_time(record.time) : common_time(record.time);
    }
    if (torn_ && buffer_.empty()) {
        buffer_ += '\n';  // behind the first part of a line whose rest was dropped
        torn_ = false;
    }
    if (format_ == AccessFormat::Json) {
        append_json(record);
    } else {
        append_text(record);
    }
    buffer_ += '\n';
    if (buffer_.size() >= kFlushSize) flush();
}

void AccessLog::append_text(const AccessRecord& record) {
    append_word(buffer_, record.remote);
    buffer_ += " - ";
    append_word(buffer_, record.user);
    buffer_.append(" ").append(cached_time_).append(" \"");
    if (record.method.empty()) {
        buffer_ += '-';  // not even a request line was understood
    } else {
        append_escaped(buffer_, record.method, "\"\\");
        buffer_ += ' ';
        append_escaped(buffer_, mask_secrets(record.target), "\"\\");
        if (!record.protocol.empty()) {
            buffer_ += ' ';
            append_escaped(buffer_, record.protocol, "\"\\");
        }
    }
    fmt::format_to(std::back_inserter(buffer_), "\" {} {}", record.status, record.bytes_sent);
    if (format_ == AccessFormat::Combined) {
        buffer_ += ' ';
        append_quoted(buffer_, mask_secrets(record.referer));
        buffer_ += ' ';
        append_quoted(buffer_, record.user_agent);
    }
    if (!record.websocket) return;
    buffer_ += " ws=";
    append_word(buffer_, record.server);
    fmt::format_to(std::back_inserter(buffer_), " close={} in={}/{} out={}/{} dur={}.{:03}",
                   record.close_code, record.messages_in, record.bytes_in, record.messages_out,
                   record.bytes_sent, record.duration_us / 1000000, record.duration_us / 1000 % 1000);
}

void AccessLog::append_json(const AccessRecord& record) {
    auto text = [&](const char* name, std::string_view value) {
        if (value.empty()) return;
        buffer_.append(",\"").append(name).append("\":");
        append_json_string(buffer_, value);
    };
    buffer_.append("{\"time\":\"").append(cached_time_).append("\"");
    text("remote", record.remote);
    text("user", record.user);
    text("method", record.method);
    text("target", mask_secrets(record.target));
    text("protocol", record.protocol);
    fmt::format_to(std::back_inserter(buffer_), ",\"status\":{},\"bytes\":{},\"duration_us\":{}",
                   record.status, record.bytes_sent, record.duration_us);
    text("tls", record.tls);
    text("cipher", record.cipher);
    text("host", record.host);
    text("referer", mask_secrets(record.referer));
    text("user_agent", record.user_agent);
    if (record.websocket) {
        text("websocket", record.server);
        fmt::format_to(std::back_inserter(buffer_),
                       ",\"close\":{},\"messages_in\":{},\"bytes_in\":{},\"messages_out\":{}",
                       record.close_code, record.messages_in, record.bytes_in, record.messages_out);
    }
    buffer_ += '}';
}

void AccessLog::flush() {
    if (fd_ < 0 || buffer_.empty()) return;
    write_buffer();
    if (!buffer_.empty() || reported_ == dropped_) return;
    warning("access log {} did not take lines; dropped: {}", path_, dropped_ - reported_);
    reported_ = dropped_;
}

void AccessLog::write_buffer() {
    size_t done = 0;
    while (done < buffer_.size()) {
        size_t size = buffer_.size() - done;
        if (!regular_) {
            // pipe(7): a writable pipe takes PIPE_BUF bytes at once and whole, so even one that may block
            // does not, and lines of several workers do not mix when cut at their ends.
            pollfd ready{fd_, POLLOUT, 0};
            int count = ::poll(&ready, 1, 0);
            if (count < 0 && errno == EINTR) continue;
            if (count == 0) break;
            if (size > PIPE_BUF) {
                size_t end = std::string_view(buffer_).substr(done, PIPE_BUF).rfind('\n');
                size = end == std::string_view::npos ? PIPE_BUF : end + 1;
            }
        }
        ssize_t count = ::write(fd_, buffer_.data() + done, size);
        if (count > 0) {
            done += static_cast<size_t>(count);
            torn_ = buffer_[done - 1] != '\n';
        } else if (count < 0 && errno == EAGAIN) {
            break;
        } else if (count < 0 && errno != EINTR) {
            // A full disk, a reader gone: keeping the lines would not help.
            dropped_ += static_cast<uint64_t>(
                std::count(buffer_.begin() + static_cast<ptrdiff_t>(done), buffer_.end(), '\n'));
            done = buffer_.size();
        }
    }
    buffer_.erase(0, done);
}

}  // namespace marmoset::log
