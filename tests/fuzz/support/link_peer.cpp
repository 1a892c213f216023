#include "tests/fuzz/support/link_peer.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "link/metadata.h"
#include "tests/support/scripted_peer.h"
#include "websocket/close_code.h"

namespace marmoset::fuzz {

using link::RecordType;

LinkPeer::LinkPeer(FileDescriptor socket, Role role, Random* pieces)
    : socket_(std::move(socket)), role_(role), pieces_(pieces) {}

void LinkPeer::add(link::RecordHeader header, Bytes payload) {
    // An id is free when both final records have been sent: the other end's is waited for.
    const bool reopened = header.type == RecordType::Open && clients_[header.client].closed_by_us;
    if (reopened || packet_.size() + link::kRecordHeader + payload.size() > link::kMaxPacket) flush();
    // Credit counts from the moment the other end may have seen it.
    Client& client = clients_[header.client];
    const bool in_use = client.opened && !client.final;  // opening it again is a fault of ours
    if (role_ == Role::Gateway && header.type == RecordType::Open && !in_use) {
        client = {};
        client.credit = static_cast<int64_t>(window);
        client.opened = true;
    }
    if (header.type == RecordType::Close) client.closed_by_us = true;
    if (role_ == Role::Server && header.type == RecordType::Accept)
        client.credit = static_cast<int64_t>(window);
    if (header.type == RecordType::Message) {
        client.spent += link::message_cost(payload.size());
        most_spent_ = std::max(most_spent_, client.spent);
    }
    uint32_t granted = 0;
    if (header.type == RecordType::Credit && link::parse_credit(payload, granted)) client.credit += granted;
    header.length = static_cast<uint32_t>(payload.size());
    uint8_t bytes[link::kRecordHeader];
    link::encode_record_header(bytes, header);
    packet_.append(as_text(bytes)).append(as_text(payload));
    if (pieces_ != nullptr && pieces_->below(3) != 0) flush();
}

void LinkPeer::flush() {
    if (!packet_.empty()) send_raw(as_bytes(packet_));
    packet_.clear();
}

void LinkPeer::send_raw(Bytes packet) {
    if (ended_ || packet.empty()) return;
    const ssize_t sent = ::send(socket_.get(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    require(sent == static_cast<ssize_t>(packet.size()) || errno == EPIPE || errno == ECONNRESET,
            "the other end takes a packet after each that it has been given time for");
    settle();
}

void LinkPeer::hand_over(uint32_t id, Bytes early, int descriptor) {
    flush();
    if (ended_) return;
    uint8_t header[link::kRecordHeader];
    link::encode_record_header(header, {static_cast<uint32_t>(early.size()), id, RecordType::Handover, 0, 0});
    iovec pieces[] = {{header, sizeof header}, {const_cast<uint8_t*>(early.data()), early.size()}};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {};
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = 2;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
    const ssize_t sent = sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    require(
        sent == static_cast<ssize_t>(sizeof header + early.size()) || errno == EPIPE || errno == ECONNRESET,
        "the other end takes a packet after each that it has been given time for");
    settle();
}

void LinkPeer::settle() {
    // Everything happens in this process: what was sent is there, and each turn deals with all of it. The
    // last turns are for what was put off to the end of one.
    for (int turns = 0; turns < 2; ++turns) {
        test::turn(test::the_loop());
        read();
    }
}

void LinkPeer::read() {
    static std::string buffer(link::kMaxPacket + 1, '\0');
    while (!ended_ && socket_) {
        const ssize_t size = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        if (size <= 0) {
            ended_ = true;
            return;
        }
        require(size <= static_cast<ssize_t>(link::kMaxPacket),
                "no packet is larger than the protocol permits");
        link::RecordReader reader(as_bytes(std::string_view(buffer).substr(0, static_cast<size_t>(size))));
        link::Record record;
        link::RecordStatus status;
        while ((status = reader.next(record)) == link::RecordStatus::Ok)
            take(record);
        require(status == link::RecordStatus::End, "every packet is well-formed");
    }
}

void LinkPeer::take(const link::Record& record) {
    const link::RecordHeader& header = record.header;
    require((header.type == RecordType::Hello) == !greeted_, "HELLO comes first, and once");
    std::string& lines = seen_[header.client];
    Client& client = clients_[header.client];
    const bool from_server = role_ == Role::Gateway;
    const auto note = [&](const char* name) {
        lines.append(name)
            .append(" ")
            .append(std::to_string(header.code))
            .append(" [")
            .append(as_text(record.payload))
            .append("]\n");
    };
    switch (header.type) {
        case RecordType::Hello:
            greeted_ = true;
            require(static_cast<bool>(link::parse_hello(record.payload)), "a HELLO that we can read");
            return;
        case RecordType::Open:
            require(!from_server, "only a gateway opens");
            require(!client.known, "an id is opened when it is free");
            require(static_cast<bool>(link::parse_open(record.payload)), "an OPEN that we can read");
            client = {};
            client.known = true;
            lines += "open\n";
            return;
        case RecordType::Accept:
            require(from_server && !client.known, "a client is accepted once");
            client.known = true;
            note("accept");
            return;
        case RecordType::Message:
            take_message(record, client, lines);
            return;
        case RecordType::Reject:
        case RecordType::Close:
            require(header.type == RecordType::Close || from_server, "only a server rejects");
            require(!client.final, "one final record");
            // Who closes at the same moment answers with a code of its own; that a client has ended is what
            // counts.
            if (client.in_message) lines.resize(client.message_start);
            if (from_server && header.type == RecordType::Close &&
                (header.code == websocket::kMessageTooBig || header.code == websocket::kInternalError))
                failed_.insert(header.client);
            lines += header.type == RecordType::Reject ? "rejected\n" : "closed\n";
            client = {};
            client.final = true;
            return;
        case RecordType::Credit: {
            uint32_t bytes = 0;
            require(link::parse_credit(record.payload, bytes) && bytes > 0, "a CREDIT that we can read");
            return;
        }
        case RecordType::Join:
        case RecordType::Leave:
            require(from_server && client.known && !record.payload.empty() &&
                        record.payload.size() <= link::kMaxTopic,
                    "a topic of a client");
            note(header.type == RecordType::Join ? "join" : "leave");
            return;
        case RecordType::Publish: {
            link::PublishPayload publish;
            require(from_server && link::parse_publish(record.payload, publish),
                    "a PUBLISH that we can read");
            require(publishing_ != ((header.flags & link::kFirst) != 0), "a published message begins once");
            publishing_ = (header.flags & link::kLast) == 0;
            note("publish");
            return;
        }
        case RecordType::Ping:
            return;  // after ten seconds of silence: not a matter of what was sent
        case RecordType::Pong:
            note("pong");
            return;
        case RecordType::Handover:
            require(false, "no HANDOVER");
    }
}

void LinkPeer::take_message(const link::Record& record, Client& client, std::string& lines) {
    const bool first = (record.header.flags & link::kFirst) != 0;
    require(client.known && !client.final, "messages only of a client that is open");
    require(!client.direct, "no messages of a client that is served directly");
    require(first == !client.in_message, "a message begins once");
    client.credit -= static_cast<int64_t>(link::message_cost(record.payload.size()));
    require(client.credit >= 0, "no message goes beyond the credit");
    if (first) {
        client.message_start = lines.size();
        client.binary = (record.header.flags & link::kBinary) != 0;
        lines += client.binary ? "binary [" : "text [";
    }
    lines += as_text(record.payload);
    client.in_message = (record.header.flags & link::kLast) == 0;
    if (!client.in_message) lines += "]\n";
}

}  // namespace marmoset::fuzz
