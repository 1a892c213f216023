// The access log: one line a request, one a websocket session (when it ends). Formats common, combined and
// JSON. Lines are gathered and written once per loop turn by flush(), so a request costs no system call for
// its line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace marmoset::log {

enum class AccessFormat : uint8_t { Common, Combined, Json };

/// What a line tells; views live during the call only. Absent values are empty.
struct AccessRecord {
    std::string_view remote;  ///< address without port
    std::string_view user;
    int64_t time = 0;  ///< seconds since the epoch, when the request was complete
    std::string_view method;
    std::string_view target;    ///< as sent; secrets are masked here
    std::string_view protocol;  ///< "HTTP/1.1"
    unsigned status = 0;
    uint64_t bytes_sent = 0;  ///< of the body
    std::string_view referer;
    std::string_view user_agent;
    std::string_view host;
    uint64_t duration_us = 0;
    std::string_view tls;     ///< version, "TLSv1.3"; in JSON only
    std::string_view cipher;  ///< its suite; likewise
    // websocket sessions only
    bool websocket = false;
    std::string_view server;  ///< name of the system server
    uint16_t close_code = 0;
    uint64_t messages_in = 0, messages_out = 0, bytes_in = 0;
};

class AccessLog {
  public:
    AccessLog() = default;
    ~AccessLog();
    AccessLog(const AccessLog&) = delete;
    AccessLog& operator=(const AccessLog&) = delete;

    /// Opens `path` for appending, mode 0660; empty: stays disabled; "-": stdout.
    Result<void> open(const std::string& path, AccessFormat format);
    Result<void> reopen();
    bool enabled() const { return fd_ >= 0; }
    /// Whether lines tell of TLS: asking a connection for it is not free.
    bool tells_tls() const { return enabled() && format_ == AccessFormat::Json; }
    int descriptor() const { return fd_; }
    /// Takes ownership of `fd`: the file as the supervisor reopened it.
    void replace_descriptor(int fd);

    /// Appends one line to the buffer; flushes by itself beyond 64 KiB.
    void append(const AccessRecord& record);
    /// Writes what was gathered; called at the end of a loop turn. Never blocks: what a full pipe does not
    /// take waits, up to 1 MiB; further lines are dropped whole and counted.
    void flush();
    /// Lines dropped since the start; the error log tells them too, once the log takes lines again.
    uint64_t dropped() const { return dropped_; }

  private:
    void adopt(int fd);
    void write_buffer();
    void append_text(const AccessRecord& record);
    void append_json(const AccessRecord& record);

    std::string path_;
    bool regular_ = false;  ///< a file: writes never wait for a reader
    bool torn_ = false;     ///< the last byte written is within a line
    uint64_t reported_ = 0;
    AccessFormat format_ = AccessFormat::Combined;
    int fd_ = -1;
    std::string buffer_;
    uint64_t dropped_ = 0;
    int64_t cached_second_ = -1;  ///< of the formatted time below: a line a second formats it once
    std::string cached_time_;
};

}  // namespace marmoset::log
