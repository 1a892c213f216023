// One response as its client reads it (RFC 9112 6): interim heads are passed over, the body ends where its
// framing says. In: bytes as they come. Out: status, fields, body, or what is wrong. Pure, with limits.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "http/chunked.h"

namespace marmoset::http {

class ResponseReader {
  public:
    /// Bytes of all heads together, and of the framing of a chunked body.
    static constexpr size_t kLargestHead = 16384;
    static constexpr size_t kMostFields = 100;

    enum class State : uint8_t { More, Complete, Bad };

    /// `largest`: bytes of the body; a longer one is Bad, as soon as it is announced.
    explicit ResponseReader(size_t largest) : largest_(largest) {}

    /// Reads on; what comes behind a complete response is not looked at.
    State feed(Bytes data);
    /// The server sends no more: the end of a body that has no other.
    State end();

    /// Of Bad: one line, nothing of the server's in it.
    const char* error() const { return error_; }
    unsigned status() const { return status_; }
    /// Content-Type without its parameters, as sent.
    const std::string& content_type() const { return content_type_; }
    std::string take_body() { return std::move(body_); }

  private:
    enum class Part : uint8_t { Head, Length, Chunks, UntilEnd, Done };

    State read_head();
    State begin_body(std::string_view head);
    State read_body(Bytes data);
    State append(Bytes data);
    State bad(const char* why) {
        error_ = why;
        part_ = Part::Done;
        return State::Bad;
    }
    State complete() {
        part_ = Part::Done;
        return State::Complete;
    }

    const size_t largest_;
    Part part_ = Part::Head;
    const char* error_ = nullptr;
    std::string head_;       // until it is complete
    size_t heads_size_ = 0;  // of interim ones
    unsigned status_ = 0;
    std::string content_type_;
    std::string body_;
    uint64_t left_ = 0;  // of a body with Content-Length
    ChunkedDecoder chunks_;
};

}  // namespace marmoset::http
