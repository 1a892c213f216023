#include "link/channel.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/byte_socket.h"

namespace marmoset::link {

namespace {

constexpr size_t kBatch = 65536;  // a packet of small records leaves when this full
constexpr size_t kLargePayload =
    32768;  // from here on a second piece is cheaper than a copy and fewer packets (measured: 9,000 B: half)
// Of a stream there is one a client, and a piece of its own costs no packet.
constexpr size_t kStreamBatch = 8192;
constexpr size_t kStreamLargePayload = 4096;

bool is_stream_socket(int socket) {
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

}  // namespace

Channel::Channel(net::Loop& loop, FileDescriptor socket, Handler& handler) : loop_(loop), handler_(handler) {
    if (is_stream_socket(socket.get())) {
        stream_ = std::make_unique<RecordStream>();
        socket_ = new net::ByteSocket(loop, std::move(socket), *this);
    } else {
        net::enlarge_send_buffer(socket.get(), 1 << 20);
        socket_ = new net::PacketSocket(loop, std::move(socket), *this);
    }
    batch_limit_ = stream_ ? kStreamBatch : kBatch;
    large_payload_ = stream_ ? kStreamLargePayload : kLargePayload;
    batch_.reset(
        new uint8_t[batch_limit_ + kRecordHeader]);  // a large payload's header may follow a full batch
}

Channel::~Channel() {
    close();
}

bool Channel::start() {
    heard_at_ = taken_at_ = loop_.now();
    loop_.timers().arm(*this, dead_ms_ / 3);
    return socket_->start();
}

void Channel::close() {
    if (!socket_) return;
    socket_->close();
    socket_ = nullptr;
    loop_.timers().disarm(*this);
    loop_.add_queued_memory(-static_cast<int64_t>(backlog_bytes_));
    backlog_.clear();
    backlog_bytes_ = 0;
    batch_size_ = 0;
}

void Channel::end(const std::string& reason) {
    if (closed()) return;
    close();
    handler_.on_end(reason);
}

void Channel::append(RecordHeader header, Bytes first, Bytes second) {
    if (closed()) return;
    const size_t payload = first.size() + second.size();
    header.length = static_cast<uint32_t>(payload);
    if (batch_size_ + kRecordHeader + payload > (payload >= large_payload_ ? kMaxPacket : batch_limit_))
        flush();
    uint8_t* at = batch_.get() + batch_size_;
    encode_record_header(at, header);
    batch_size_ += kRecordHeader;
    if (payload >= large_payload_) {
        const iovec pieces[] = {{batch_.get(), batch_size_},
                                {const_cast<uint8_t*>(first.data()), first.size()},
                                {const_cast<uint8_t*>(second.data()), second.size()}};
        send_packet(pieces, second.empty() ? 2 : 3);
        batch_size_ = 0;
        return;
    }
    at += kRecordHeader;
    if (!first.empty()) std::memcpy(at, first.data(), first.size());
    if (!second.empty()) std::memcpy(at + first.size(), second.data(), second.size());
    batch_size_ += payload;
    loop_.at_turn_end(*this);
}

void Channel::flush() {
    if (batch_size_ == 0 || closed()) return;
    const iovec piece{batch_.get(), batch_size_};
    send_packet(&piece, 1);
    batch_size_ = 0;
}

void Channel::append_handover(uint32_t client, Bytes early, FileDescriptor descriptor) {
    flush();
    if (closed()) return;
    uint8_t header[kRecordHeader];
    encode_record_header(header, {static_cast<uint32_t>(early.size()), client, RecordType::Handover, 0, 0});
    const iovec pieces[] = {{header, sizeof header}, {const_cast<uint8_t*>(early.data()), early.size()}};
    send_packet(pieces, early.empty() ? 1 : 2, std::move(descriptor));
}

void Channel::send_packet(const iovec* pieces, int count, FileDescriptor descriptor) {
    if (backlog_.empty() &&
        socket_->send(pieces, count, descriptor.get()) != net::PacketSocket::SendStatus::Blocked) {
        taken_at_ = loop_.now();
        return;
    }
    std::vector<uint8_t> packet;
    for (int i = 0; i < count; ++i) {
        const auto* bytes = static_cast<const uint8_t*>(pieces[i].iov_base);
        packet.insert(packet.end(), bytes, bytes + pieces[i].iov_len);
    }
    backlog_bytes_ += packet.size();
    loop_.add_queued_memory(static_cast<int64_t>(packet.size()));
    backlog_.push_back({std::move(packet), std::move(descriptor)});
}

void Channel::on_writable() {
    while (!backlog_.empty()) {
        const Waiting& packet = backlog_.front();
        const iovec piece{const_cast<uint8_t*>(packet.bytes.data()), packet.bytes.size()};
        if (socket_->send(&piece, 1, packet.descriptor.get()) == net::PacketSocket::SendStatus::Blocked)
            return;
        taken_at_ = loop_.now();
        backlog_bytes_ -= packet.bytes.size();
        loop_.add_queued_memory(-static_cast<int64_t>(packet.bytes.size()));
        backlog_.pop_front();
    }
    handler_.on_drained();
}

void Channel::on_descriptor(FileDescriptor descriptor) {
    descriptor_ = std::move(descriptor);
    has_descriptor_ = true;
}

// HANDOVER is alone in its packet, so that it is plain whose descriptor came with it.
void Channel::take_handover(Bytes packet) {
    FileDescriptor descriptor = std::move(descriptor_);
    has_descriptor_ = false;
    RecordReader reader(packet);
    Record record;
    const bool one = reader.next(record) == RecordStatus::Ok && record.header.type == RecordType::Handover &&
                     record.payload.size() + kRecordHeader == packet.size();
    if (!one || !greeted_) {
        refuse("a descriptor with another packet than one HANDOVER");
        return;
    }
    handler_.on_handover(record.header.client, record.payload, std::move(descriptor));
    if (!closed()) handler_.on_packet_end();
}

void Channel::on_packet(MutableBytes packet) {
    heard_at_ = loop_.now();
    if (!stream_) {
        if (packet.size() > kMaxPacket) {
            refuse("packet larger than 131072 bytes");
        } else if (has_descriptor_) {
            take_handover(packet);
        } else {
            take_records(packet);
        }
        return;
    }
    stream_->feed(packet);
    for (Bytes run;;) {
        const RecordStream::Status status = stream_->next(run);
        if (status == RecordStream::Status::Malformed)
            refuse(std::string("malformed record: ") + stream_->error());
        if (status != RecordStream::Status::Run) return;
        take_records(run);
        if (closed()) return;
    }
}

void Channel::refuse(const std::string& reason) {
    rule_broken_ = true;
    end(reason);
}

void Channel::take_records(Bytes records) {
    RecordReader reader(records);
    Record record;
    for (;;) {
        const RecordStatus status = reader.next(record);
        if (status == RecordStatus::End) break;
        if (status == RecordStatus::Malformed) {
            refuse(std::string("malformed record: ") + reader.error());
            return;
        }
        if ((record.header.type == RecordType::Hello) == greeted_) {
            refuse(greeted_ ? "HELLO twice" : "a record before HELLO");
            return;
        }
        greeted_ = true;
        if (record.header.type == RecordType::Handover) {
            refuse("HANDOVER without a descriptor, or from a system server");
            return;
        }
        if (record.header.type == RecordType::Ping) {
            append({0, 0, RecordType::Pong, 0, 0}, record.payload);
        } else if (record.header.type != RecordType::Pong) {
            handler_.on_record(record);
            if (closed()) return;
        }
    }
    handler_.on_packet_end();
}

void Channel::on_end(const std::string& reason) {
    end(reason);
}

void Channel::on_timer() {
    const uint64_t silent = loop_.now() - heard_at_;
    const uint64_t check_ms = dead_ms_ / 3;
    if (silent >= dead_ms_) {
        loop_.counters().add(Counter::LimitLinkTimeout);
        end("no answer to PING for " + std::to_string(dead_ms_ / 1000) + " s");
        return;
    }
    if (silent >= check_ms) append({0, 0, RecordType::Ping, 0, 0});
    loop_.timers().arm(*this, silent >= check_ms ? std::min(check_ms, dead_ms_ - silent) : check_ms - silent);
}

namespace {

Result<FileDescriptor> connect_path(const std::string& path, const std::string& shown, int type) {
    FileDescriptor fd(socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return errno_error("socket for", shown, errno);
    sockaddr_un address{};
    if (path.size() >= sizeof address.sun_path) return errno_error("connect", shown, ENAMETOOLONG);
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return errno_error("connect", shown, errno);
    }
    return fd;
}

}  // namespace

Result<FileDescriptor> connect_unix(int directory_fd, const std::string& path, int type) {
    if (directory_fd == AT_FDCWD) return connect_path(path, path, type);
    // connect() knows no directory descriptors; /proc names the file beneath one without a race.
    const std::string folder = "/proc/self/fd/" + std::to_string(directory_fd);
    if (access(folder.c_str(), F_OK) == 0) return connect_path(folder + "/" + path, path, type);
    // No /proc (a chroot): the working directory is borrowed for the call. Only the loop's thread uses it.
    const FileDescriptor here(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (fchdir(directory_fd) != 0) return errno_error("fchdir for", path, errno);
    auto connected = connect_path(path, path, type);
    if (!here || fchdir(here.get()) != 0) return errno_error("fchdir back from", path, errno);
    return connected;
}

}  // namespace marmoset::link
