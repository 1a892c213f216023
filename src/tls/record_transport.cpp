#include "tls/record_transport.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "tls/plain_http.h"

namespace marmoset::tls {

namespace {

// Encrypted before anything is written: four full records a system call. It bounds what a slow peer makes us
// keep, too.
constexpr size_t kBatch = 4 * kRecord;
// Payload encrypted in one call. With the slower library (300 MB/s) that takes 0.9 ms, which others wait.
constexpr size_t kMostPerCall = 4 * kBatch;
// What may wait for a socket that is full: a batch, and some answers. A peer that asks for more of those (key
// updates, renegotiations) than it takes is given up.
constexpr size_t kMostUnsent = 2 * kBatch;
// From the socket in one call; a record's largest form is 16 KiB and 2 KiB (RFC 5246 6.2.3).
constexpr size_t kReceive = 128 * 1024;

// Memory that is used within one call and belongs to no connection: one of each a thread.
struct Scratch {
    std::unique_ptr<uint8_t[]> payload{new uint8_t[kBatch]};
    std::unique_ptr<uint8_t[]> input{new uint8_t[kReceive]};
    Bytes received;                // of input, or of a connection's own
    size_t may_receive = 0;        // from the socket, in this call
    std::vector<uint8_t> records;  // made in this call
};

Scratch& scratch() {
    static thread_local Scratch memory;
    return memory;
}

/// Walks over pieces that are written in parts.
class Cursor {
  public:
    Cursor(const iovec* pieces, int count) : pieces_(pieces), count_(count) { skip_empty(); }
    bool at_end() const { return count_ == 0; }
    void advance(size_t size) {
        while (size > 0) {
            const size_t part = std::min(size, pieces_->iov_len - offset_);
            size -= part;
            offset_ += part;
            skip_empty();
        }
    }
    /// Up to kBatch bytes in one piece: those that lie so, or a copy.
    Bytes next() const {
        const Bytes first{static_cast<const uint8_t*>(pieces_->iov_base) + offset_,
                          pieces_->iov_len - offset_};
        if (first.size() >= kBatch || count_ == 1) return first.first(std::min(first.size(), kBatch));
        uint8_t* into = scratch().payload.get();
        size_t size = first.size();
        std::memcpy(into, first.data(), size);
        for (int i = 1; i < count_ && size < kBatch; ++i) {
            const size_t part = std::min(pieces_[i].iov_len, kBatch - size);
            std::memcpy(into + size, pieces_[i].iov_base, part);
            size += part;
        }
        return {into, size};
    }

  private:
    void skip_empty() {
        while (count_ > 0 && offset_ == pieces_->iov_len) {
            offset_ = 0;
            ++pieces_;
            --count_;
        }
    }
    const iovec* pieces_;
    int count_;
    size_t offset_ = 0;  // in the first of them
};

}  // namespace

RecordTransport::RecordTransport(std::unique_ptr<net::Transport> inner, End end,
                                 uint64_t handshake_timeout_ms)
    : inner_(std::move(inner)), handshake_timeout_ms_(handshake_timeout_ms), end_(end) {}

void RecordTransport::fail(std::string why) {
    if (error_.empty()) error_ = std::move(why);
}

// ---- the handshake --------------------------------------------------------------------------------------

net::Transport::Handshake RecordTransport::handshake() {
    if (established_) return Handshake::Done;
    if (const Handshake inner = inner_->handshake(); inner != Handshake::Done) {
        if (inner == Handshake::Failed) fail(inner_->error());
        return inner;
    }
    if (end_ == End::Server && !begun_) {
        begun_ = true;
        return Handshake::WantsRead;
    }
    begin_call(kReceive);
    if (end_ == End::Server && !heard_) {
        const ssize_t count = receive();
        if (count == -EAGAIN) return Handshake::WantsRead;
        if (count <= 0) return Handshake::Closed;
        heard_ = true;
        if (is_plain_http(scratch().received)) return refuse_plain_http();
    }
    const Step step = advance();
    keep_received();
    const Flush flushed = flush();
    if (step == Step::Failed && end_ == End::Server) {
        in_clear_ = true;  // the alert has been sent: whatever comes behind it is of no use
        return Handshake::Refused;
    }
    if (step == Step::Failed) return Handshake::Failed;
    if (flushed == Flush::Failed) {
        fail("the peer closed the connection");
        return Handshake::Failed;
    }
    if (flushed == Flush::Blocked) return Handshake::WantsWrite;
    if (step == Step::WantsMore) return Handshake::WantsRead;
    established_ = true;
    return Handshake::Done;
}

net::Transport::Handshake RecordTransport::refuse_plain_http() {
    put(as_bytes(plain_http_answer(scratch().received)));
    flush();
    in_clear_ = true;
    fail("plain HTTP on a TLS port");
    return Handshake::Refused;
}

// ---- bytes in -------------------------------------------------------------------------------------------

void RecordTransport::begin_call(size_t most) {
    scratch().received = received_;
    scratch().may_receive = std::min(most, kReceive);
}

// Once a call: who sends fast does not keep the others waiting.
ssize_t RecordTransport::receive() {
    Scratch& memory = scratch();
    if (memory.may_receive == 0) return -EAGAIN;
    const ssize_t count = inner_->read({memory.input.get(), memory.may_receive});
    memory.may_receive = 0;
    if (count > 0) memory.received = {memory.input.get(), static_cast<size_t>(count)};
    if (count < 0 && count != -EAGAIN) inner_error_ = static_cast<int>(-count);
    return count;
}

ssize_t RecordTransport::fetch(MutableBytes into) {
    Bytes& received = scratch().received;
    if (received.empty()) {
        const ssize_t count = receive();
        if (count <= 0) return count;
    }
    const size_t size = std::min(into.size(), received.size());
    std::memcpy(into.data(), received.data(), size);
    received = received.subspan(size);
    return static_cast<ssize_t>(size);
}

void RecordTransport::keep_received() {
    const Bytes rest = scratch().received;
    if (rest.empty()) {
        std::vector<uint8_t>().swap(received_);
    } else if (rest.size() != received_.size() || rest.data() != received_.data()) {
        received_ = std::vector<uint8_t>(rest.begin(), rest.end());
    }
}

bool RecordTransport::pending() const {
    return ended_ || (established_ && (!received_.empty() || holds_payload()));
}

ssize_t RecordTransport::read(MutableBytes into) {
    if (in_clear_) return inner_->read(into);
    if (ended_) return end_result_;
    begin_call(std::max(into.size(), kRecord));
    size_t total = 0;
    ssize_t result = -EAGAIN;
    while (total < into.size()) {
        result = decrypt(into.subspan(total));
        if (result <= 0) break;
        total += static_cast<size_t>(result);
    }
    keep_received();
    flush();  // alerts, answers to key updates; a socket that is full takes them with the next bytes
    if (unsent_.size() > kMostUnsent) {
        fail("the peer asks for more than it takes");
        result = -EPROTO;
    }
    if (result > 0 || result == -EAGAIN) return total > 0 ? static_cast<ssize_t>(total) : -EAGAIN;
    if (result < 0 && inner_error_ != 0) result = -inner_error_;
    if (total == 0) return result;
    // What has come goes first; the socket need not become readable again for the rest.
    ended_ = true;
    end_result_ = result;
    return static_cast<ssize_t>(total);
}

// ---- bytes out ------------------------------------------------------------------------------------------

void RecordTransport::put(Bytes records) {
    std::vector<uint8_t>& made = scratch().records;
    made.insert(made.end(), records.begin(), records.end());
}

// A short write means a full socket: asking again would only answer EAGAIN.
RecordTransport::Flush RecordTransport::flush(bool more) {
    std::vector<uint8_t>& made = scratch().records;
    iovec pieces[2];
    int count = 0;
    for (std::vector<uint8_t>* each : {&unsent_, &made}) {
        if (!each->empty()) pieces[count++] = {each->data(), each->size()};
    }
    if (count == 0) return Flush::Done;
    const size_t size = unsent_.size() + made.size();
    const ssize_t result = inner_->write(pieces, count, more);
    if (result < 0 && result != -EAGAIN) inner_error_ = static_cast<int>(-result);
    const size_t sent = result < 0 ? 0 : static_cast<size_t>(result);
    if (sent == size || inner_error_ != 0) {
        std::vector<uint8_t>().swap(unsent_);
        made.clear();
        return inner_error_ != 0 ? Flush::Failed : Flush::Done;
    }
    std::vector<uint8_t> rest;
    rest.reserve(size - sent);
    if (sent < unsent_.size()) rest.assign(unsent_.begin() + static_cast<ssize_t>(sent), unsent_.end());
    const size_t of_made = sent - std::min(sent, unsent_.size());
    rest.insert(rest.end(), made.begin() + static_cast<ssize_t>(of_made), made.end());
    unsent_ = std::move(rest);
    made.clear();
    return Flush::Blocked;
}

// Up to kBatch bytes: all of them, or an error. -EAGAIN: they are sealed_ now.
ssize_t RecordTransport::send(Bytes payload, bool more) {
    if (!encrypt(payload)) {
        flush();
        return -EPROTO;
    }
    switch (flush(more)) {
        case Flush::Done:
            return static_cast<ssize_t>(payload.size());
        case Flush::Blocked:
            sealed_ = payload.size();
            return -EAGAIN;
        case Flush::Failed:
            break;
    }
    return -inner_error_;
}

// What an earlier call has made of the first of `offered` bytes: how many of them have left now.
ssize_t RecordTransport::send_sealed(size_t offered) {
    switch (flush()) {
        case Flush::Done:
            break;
        case Flush::Blocked:
            return -EAGAIN;
        case Flush::Failed:
            return -inner_error_;
    }
    const size_t size = std::min(sealed_, offered);
    sealed_ -= size;
    return static_cast<ssize_t>(size);
}

ssize_t RecordTransport::write(const iovec* pieces, int count, bool more) {
    size_t offered = 0;
    for (int i = 0; i < count; ++i)
        offered += pieces[i].iov_len;
    const ssize_t before = send_sealed(offered);
    if (before < 0) return before;
    auto total = static_cast<size_t>(before);
    Cursor cursor(pieces, count);
    cursor.advance(total);
    while (!cursor.at_end() && total < kMostPerCall) {
        const ssize_t sent = send(cursor.next(), more);
        if (sent < 0) return total > 0 && sent == -EAGAIN ? static_cast<ssize_t>(total) : sent;
        total += static_cast<size_t>(sent);
        cursor.advance(static_cast<size_t>(sent));
    }
    return static_cast<ssize_t>(total);
}

ssize_t RecordTransport::send_file(int fd, off_t offset, size_t size) {
    const ssize_t before = send_sealed(size);
    if (before < 0) return before;
    auto total = static_cast<size_t>(before);
    while (total < size && total < kMostPerCall) {
        uint8_t* const payload = scratch().payload.get();
        const size_t wanted = std::min(size - total, kBatch);
        const ssize_t count = pread(fd, payload, wanted, offset + static_cast<off_t>(total));
        if (count < 0) return -errno;
        if (count == 0) break;
        const ssize_t sent = send({payload, static_cast<size_t>(count)}, false);
        if (sent < 0) return total > 0 && sent == -EAGAIN ? static_cast<ssize_t>(total) : sent;
        total += static_cast<size_t>(sent);
    }
    return static_cast<ssize_t>(total);
}

bool RecordTransport::shutdown_write() {
    if (established_ && !notified_) {
        notified_ = true;
        close_notify();
    }
    if (flush() == Flush::Blocked) return false;
    return inner_->shutdown_write();
}

}  // namespace marmoset::tls
