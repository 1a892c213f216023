#include "delivery.h"

#include <chrono>
#include <cstdio>
#include <random>
#include <utility>

#include "lines.h"

namespace chat {

namespace {

using websocket_server::Type;

// What may be on its way to the store before senders have to wait for it.
constexpr size_t kMaxPending = 8u << 20;

std::string random_instance() {
    std::random_device random;
    char text[16];
    std::snprintf(text, sizeof text, "%08x%02x", random(), random() & 0xffu);
    return text;
}

}  // namespace

uint64_t wall_clock_ms() {
    using std::chrono::milliseconds;
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::duration_cast<milliseconds>(since).count());
}

uint64_t steady_ms() {
    using std::chrono::milliseconds;
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::duration_cast<milliseconds>(since).count());
}

Delivery::Delivery(Rooms& rooms) : rooms_(rooms), instance_(random_instance()) {}

void Delivery::set_keeper(Keeper* keeper, uint64_t next_position) {
    keeper_ = keeper;
    next_position_ = next_position;
}

void Delivery::say(const MemberRef& member, std::string_view text, bool binary, std::string_view tag) {
    Pending pending;
    pending.room = member->room;
    pending.sender = member;
    pending.tag = tag;
    pending.relayed = relay_ != nullptr;
    Message& message = pending.message;
    message.id = instance_ + '-' + std::to_string(++number_);
    message.time = wall_clock_ms();
    message.sender = member->person;
    message.binary = binary;
    message.text = text;
    admit(std::move(pending));
}

void Delivery::hear(Room& room, Message message) {
    Pending pending;
    pending.room = &room;
    pending.message = std::move(message);
    admit(std::move(pending));
}

void Delivery::admit(Pending pending) {
    Message& message = pending.message;
    message.position = next_position_++;
    if (!keeper_) {
        complete(pending, true);
        return;
    }
    keeper_->keep(pending.room->name, message);
    pending.bytes = message.size();
    enqueue(std::move(pending));
}

void Delivery::enqueue(Pending pending) {
    pending_bytes_ += pending.bytes;
    ++pending.room->pending;
    if (pending_bytes_ > kMaxPending && pending.sender) hold_back(pending.sender);
    pending_.push_back(std::move(pending));
}

void Delivery::announce(Room& room, std::string line, const MemberRef& except) {
    const size_t bytes = line.size();
    in_order(room, except, bytes, [this, &room, line = std::move(line), except] {
        server_->publish(room.lines_topic, line, Type::Text, except ? except->client : nullptr);
    });
}

void Delivery::in_order(Room& room, const MemberRef& sender, size_t bytes, std::function<void()> task) {
    if (pending_.empty()) {
        task();
        return;
    }
    Pending pending;
    pending.room = &room;
    pending.sender = sender;
    pending.task = std::move(task);
    pending.bytes = sizeof(Pending) + bytes;
    enqueue(std::move(pending));
}

void Delivery::stored(size_t count, bool good) {
    answers_.push_back({count, good});
}

bool Delivery::pass_on(size_t bytes) {
    size_t passed = 0;
    while (!pending_.empty() && passed < bytes) {
        const bool message = !pending_.front().task;
        if (message && answers_.empty()) break;
        // Still the first while it is completed: what that leads to stands behind the others.
        Pending& pending = pending_.front();
        Room& room = *pending.room;
        passed += pending.bytes;
        complete(pending, !message || answers_.front().good);
        if (message && --answers_.front().count == 0) answers_.pop_front();
        pending_bytes_ -= pending.bytes;
        pending_.pop_front();
        --room.pending;
        rooms_.leave(room);
    }
    if (pending_bytes_ < kMaxPending / 2) let_go();
    return passed < bytes;
}

void Delivery::complete(Pending& pending, bool good) {
    Room& room = *pending.room;
    Member* const sender = pending.sender.get();
    if (pending.task) {
        pending.task();
        return;
    }
    if (good) {
        publish(room, pending.message, sender);
        if (pending.relayed && relay_) relay_->said(room, pending.message);
        if (!pending.tag.empty())
            sender->tell(lines::sent(pending.tag, pending.message.id, pending.message.time));
        rooms_.keep(room, std::move(pending.message));
        return;
    }
    if (!sender || !sender->client) return;
    if (sender->lines) {
        sender->tell(
            lines::error("not-stored", pending.tag, "The message could not be kept; nobody got it."));
    } else {
        lost_(pending.sender);
    }
}

void Delivery::publish(Room& room, const Message& message, const Member* except) {
    websocket_server::Client* const client = except ? except->client : nullptr;
    const Type type = message.binary ? Type::Binary : Type::Text;
    if (room.plain > 0) server_->publish(room.plain_topic, message.text, type, client);
    if (room.lines > 0) server_->publish(room.lines_topic, lines::message("message", message), type, client);
}

void Delivery::replay(Member& member) {
    for (const Message& message : member.room->history.messages()) {
        const auto type = message.binary ? Type::Binary : Type::Text;
        if (member.lines) {
            member.client->publish(lines::message("history", message), type);
        } else {
            member.client->publish(message.text, type);
        }
    }
    if (member.lines) member.tell("live");
}

void Delivery::hold_back(const MemberRef& member) {
    if (member->held_back) return;
    member->held_back = true;
    member->hold();
    held_back_.push_back(member);
}

void Delivery::let_go() {
    for (const MemberRef& member : std::exchange(held_back_, {})) {
        member->held_back = false;
        member->release();
    }
}

}  // namespace chat
