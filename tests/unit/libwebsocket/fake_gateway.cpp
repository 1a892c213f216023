#include "fake_gateway.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace marmoset::libwebsocket {

using link::RecordType;

std::string record(RecordType type, uint32_t client, std::string_view payload, uint8_t flags, uint16_t code) {
    std::string bytes(link::kRecordHeader, '\0');
    link::encode_record_header(reinterpret_cast<uint8_t*>(bytes.data()),
                               {static_cast<uint32_t>(payload.size()), client, type, flags, code});
    return bytes.append(payload);
}

std::string message(uint32_t client, std::string_view payload, uint8_t flags) {
    return record(RecordType::Message, client, payload, flags);
}

std::string credit(uint32_t client, uint32_t bytes) {
    return record(RecordType::Credit, client, {reinterpret_cast<const char*>(&bytes), sizeof bytes});
}

std::string open(uint32_t client, std::string_view json) {
    return record(RecordType::Open, client, json);
}

std::string close(uint32_t client, uint16_t code, std::string_view reason) {
    return record(RecordType::Close, client, reason, 0, code);
}

FileDescriptor connect_to(const std::string& path, int type) {
    FileDescriptor fd(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd.reset();
    return fd;
}

FakeGateway::FakeGateway(const std::string& path, bool greet, uint64_t window, uint64_t max_message)
    : socket_(connect_to(path, SOCK_SEQPACKET)) {
    EXPECT_TRUE(socket_) << path << ": " << std::strerror(errno);
    if (greet) hello(window, max_message);
}

void FakeGateway::hello(uint64_t window, uint64_t max_message,
                        const std::optional<link::DirectRules>& direct) {
    const Received received = expect(RecordType::Hello, 0);
    auto theirs = link::parse_hello(as_bytes(received.payload));
    ASSERT_TRUE(theirs) << theirs.error().text;
    server_window = theirs->window;
    server_max_message = theirs->max_message;
    server_software = theirs->software;
    window_ = window;
    link::Hello ours;
    ours.software = "fake gateway";
    ours.pid = 1;
    ours.window = window;
    ours.max_message = max_message;
    ours.direct = direct;
    std::string text;
    link::append_hello(text, ours);
    send(record(RecordType::Hello, 0, text));
}

void FakeGateway::send(std::string_view packet) {
    ASSERT_EQ(::send(socket_.get(), packet.data(), packet.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(packet.size()))
        << std::strerror(errno);
}

void FakeGateway::send(std::string_view packet, std::initializer_list<int> descriptors) {
    iovec piece{const_cast<char*>(packet.data()), packet.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 4)] = {};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
    std::memcpy(CMSG_DATA(part), descriptors.begin(), sizeof(int) * descriptors.size());
    ASSERT_EQ(sendmsg(socket_.get(), &message, MSG_NOSIGNAL), static_cast<ssize_t>(packet.size()))
        << std::strerror(errno);
}

void FakeGateway::open_client(uint32_t client, std::string_view json) {
    send(open(client, json));
    expect(RecordType::Accept, client);
}

// False: the link has ended.
bool FakeGateway::receive() {
    for (;;) {
        pollfd ready{socket_.get(), POLLIN, 0};
        if (poll(&ready, 1, kPatienceMs) <= 0) {
            ADD_FAILURE() << "nothing came from the server";
            return false;
        }
        std::string packet(link::kMaxPacket + 1, '\0');
        const ssize_t size = recv(socket_.get(), packet.data(), packet.size(), 0);
        if (size < 0 && (errno == ECONNRESET || errno == EINTR)) continue;
        if (size <= 0) return false;
        EXPECT_LE(size, static_cast<ssize_t>(link::kMaxPacket));
        link::RecordReader reader(
            {reinterpret_cast<const uint8_t*>(packet.data()), static_cast<size_t>(size)});
        link::Record each;
        link::RecordStatus status;
        while ((status = reader.next(each)) == link::RecordStatus::Ok) {
            if (each.header.type == RecordType::Ping) {  // the test has been silent for long
                const std::string pong = record(RecordType::Pong, 0, as_text(each.payload));
                (void)!::send(socket_.get(), pong.data(), pong.size(), MSG_NOSIGNAL);  // unless it has ended
                continue;
            }
            pending_.push_back({each.header.type, each.header.client, each.header.flags, each.header.code,
                                std::string(as_text(each.payload))});
            account(pending_.back());
        }
        EXPECT_EQ(status, link::RecordStatus::End) << reader.error();
        return true;
    }
}

void FakeGateway::account(const Received& received) {
    if (received.type == RecordType::Accept) {
        granted[received.client] = static_cast<int64_t>(server_window);
        credit_left[received.client] = static_cast<int64_t>(window_);
    } else if (received.type == RecordType::Message) {
        auto& left = credit_left[received.client];
        left -= static_cast<int64_t>(link::message_cost(received.payload.size()));
        EXPECT_GE(left, 0) << "the server sends more than its credit";
    } else if (received.type == RecordType::Credit) {
        granted[received.client] += load<uint32_t>(reinterpret_cast<const uint8_t*>(received.payload.data()));
    }
}

Received FakeGateway::next() {
    while (pending_.empty()) {
        if (receive()) continue;
        ADD_FAILURE() << "the link has ended";
        return {RecordType::Ping, 999, 0, 0, {}};
    }
    Received first = std::move(pending_.front());
    pending_.pop_front();
    return first;
}

Received FakeGateway::expect(RecordType type, uint32_t client) {
    Received received = next();
    EXPECT_EQ(static_cast<int>(received.type), static_cast<int>(type)) << received.payload;
    EXPECT_EQ(received.client, client);
    return received;
}

std::string FakeGateway::expect_message(uint32_t client, bool give_back, bool* binary) {
    std::string whole;
    for (bool first = true;; first = false) {
        Received part = next();
        while (part.type == RecordType::Credit)
            part = next();
        EXPECT_EQ(static_cast<int>(part.type), static_cast<int>(RecordType::Message));
        EXPECT_EQ(part.client, client);
        if (part.type != RecordType::Message) return whole;
        EXPECT_EQ((part.flags & link::kFirst) != 0, first);
        if (binary) *binary = (part.flags & link::kBinary) != 0;
        whole += part.payload;
        if (give_back) {
            const uint64_t cost = link::message_cost(part.payload.size());
            credit_left[client] += static_cast<int64_t>(cost);
            send(credit(client, static_cast<uint32_t>(cost)));
        }
        if ((part.flags & link::kLast) != 0) return whole;
    }
}

void FakeGateway::send_message(uint32_t client, std::string_view payload, bool binary, std::string* echo) {
    bool first = true;
    for (;;) {
        const int64_t room = granted[client] - static_cast<int64_t>(link::kRecordHeader);
        if (room < static_cast<int64_t>(std::min<size_t>(payload.size(), 16))) {
            const Received received = next();
            if (received.type == RecordType::Message) {
                if (echo) *echo += received.payload;
                const uint64_t cost = link::message_cost(received.payload.size());
                credit_left[client] += static_cast<int64_t>(cost);
                send(credit(client, static_cast<uint32_t>(cost)));
            } else if (received.type != RecordType::Credit) {
                ADD_FAILURE() << "record of type " << static_cast<int>(received.type);
                return;
            }
            continue;
        }
        const size_t size = std::min({payload.size(), static_cast<size_t>(room), link::kMaxRecordPayload});
        const bool last = size == payload.size();
        send(message(client, payload.substr(0, size),
                     static_cast<uint8_t>((binary ? link::kBinary : 0) | (first ? link::kFirst : 0) |
                                          (last ? link::kLast : 0))));
        granted[client] -= static_cast<int64_t>(link::message_cost(size));
        payload.remove_prefix(size);
        first = false;
        if (last) return;
    }
}

// Twice: what the server puts off to the end of its turn is said before the second answer.
void FakeGateway::barrier() {
    for (const char* name : {"first", "second"}) {
        send(record(RecordType::Ping, 0, name));
        for (;;) {
            if (!pending_.empty() && pending_.back().type == RecordType::Pong &&
                pending_.back().payload == name) {
                pending_.pop_back();
                break;
            }
            // A record behind the PONG in the same packet.
            bool found = false;
            for (auto at = pending_.begin(); at != pending_.end(); ++at) {
                if (at->type != RecordType::Pong || at->payload != name) continue;
                pending_.erase(at);
                found = true;
                break;
            }
            if (found) break;
            if (!receive()) {
                ADD_FAILURE() << "the link has ended";
                return;
            }
        }
    }
}

void FakeGateway::expect_nothing() {
    barrier();
    EXPECT_TRUE(pending_.empty()) << "a record of type " << static_cast<int>(pending_.front().type)
                                  << " for client " << pending_.front().client << ": "
                                  << pending_.front().payload;
}

void FakeGateway::expect_end() {
    while (receive()) {
    }
    pending_.clear();
}

}  // namespace marmoset::libwebsocket
