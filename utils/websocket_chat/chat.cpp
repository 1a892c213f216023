#include "chat.h"

#include <algorithm>

#include "lines.h"
#include "names.h"

namespace chat {

namespace {

using websocket_server::Client;
using websocket_server::Type;

// Null: it has been given up, which the library may not know yet.
MemberRef member_of(const Client& client) {
    auto* const member = static_cast<Member*>(client.context);
    return member ? member->shared_from_this() : nullptr;
}

std::string_view room_name_of(std::string_view path_info) {
    while (!path_info.empty() && path_info.front() == '/')
        path_info.remove_prefix(1);
    while (!path_info.empty() && path_info.back() == '/')
        path_info.remove_suffix(1);
    return path_info;
}

}  // namespace

Chat::Chat(const ChatOptions& options, Rooms& rooms, Delivery& delivery, Attendance& attendance)
    : options_(options), rooms_(rooms), delivery_(delivery), attendance_(attendance) {
    delivery_.on_lost([this](const MemberRef& member) {
        Client* const client = member->client;
        forget(member);  // on_close does not follow
        client->close(1011, "the message could not be stored");
    });
}

void Chat::on_open(Client& client) {
    if (!ready_()) {
        client.reject(503, "not ready");
        return;
    }
    const websocket_server::ClientInfo& info = client.info();
    const std::string_view name = room_name_of(info.path_info);
    if (!is_room_name(name)) {
        client.reject(404, "no such room");
        return;
    }
    const bool known = rooms_.find(name) != nullptr;
    Room* const room = rooms_.open(name);
    if (!room) {
        client.reject(503, "too many rooms");
        return;
    }
    if (!known && room_opened_) room_opened_(*room);
    const auto member = std::make_shared<Member>();
    member->client = &client;
    member->room = room;
    member->user = info.user;
    if (!options_.hide_addresses) member->address = info.remote_address;
    client.context = member.get();
    members_.insert(member);

    const auto& offered = info.protocols;
    const auto is_offered = [&](std::string_view protocol) {
        return std::find(offered.begin(), offered.end(), protocol) != offered.end();
    };
    member->lines = is_offered(kSubprotocol);
    // Browsers drop a connection on which none of theirs was agreed to.
    client.accept(member->lines               ? kSubprotocol
                  : is_offered(options_.name) ? options_.name
                  : offered.empty()           ? std::string_view()
                                              : offered.front());
    delivery_.replay(*member);
    ++(member->lines ? room->lines : room->plain);
    client.join(member->lines ? room->lines_topic : room->plain_topic);
    // Others say hello when they want to be in the list; a plain client need not know how.
    if (!member->lines && !member->user.empty()) attendance_.name(member, {}, {});
}

void Chat::on_close(Client& client, uint16_t, std::string_view) {
    if (const MemberRef member = member_of(client)) forget(member);
}

void Chat::forget(const MemberRef& member) {
    Room& room = *member->room;
    attendance_.leave(member);
    --(member->lines ? room.lines : room.plain);
    members_.erase(member);
    member->client->context = nullptr;
    member->client = nullptr;
    member->room = nullptr;
    rooms_.leave(room);
}

void Chat::on_message(Client& client, const websocket_server::Message& message) {
    const MemberRef member = member_of(client);
    if (!member) return;
    if (options_.rate != 0) slow_down(member);
    if (message.type == Type::Binary) {
        delivery_.say(member, message.data, true, {});
        return;
    }
    if (!member->lines && !options_.commands) {
        delivery_.say(member, message.data, false, {});
        return;
    }
    const Command command = member->lines ? parse_line(message.data) : parse_plain(message.data);
    switch (command.kind) {
        case Command::Kind::Hello:
            hello(member, command);
            return;
        case Command::Kind::Say:
            say(member, command);
            return;
        case Command::Kind::Private:
            send_private(member, command);
            return;
        case Command::Kind::Whois:
            whois(*member, command.name);
            return;
        case Command::Kind::Names:
            member->tell(member->room->roster.names_line());
            return;
        case Command::Kind::Bad:
            member->tell(lines::error("bad-command", command.tag, command.text));
            return;
    }
}

// What comes too fast is not refused but waits, and stops the sender in the end.
void Chat::slow_down(const MemberRef& member) {
    const unsigned wait_ms = member->pace.count(steady_ms(), options_.rate);
    if (wait_ms == 0) return;
    member->hold();
    server_->after(wait_ms, [member] { member->release(); });
}

void Chat::hello(const MemberRef& member, const Command& command) {
    if (!attendance_.name(member, command.name, command.colour)) {
        if (member->lines)
            member->tell(lines::error("no-name-left", {}, "That name is taken with all its numbers."));
        return;
    }
    if (member->lines) member->tell(member->room->roster.names_line());
}

void Chat::say(const MemberRef& member, const Command& command) {
    if (member->lines && member->person.name.empty()) {
        member->tell(lines::error("hello-first", command.tag, "Say hello first."));
    } else if (member->lines && command.text.empty()) {
        member->tell(lines::error("no-text", command.tag, "The message is empty."));
    } else {
        delivery_.say(member, command.text, false, command.tag);
    }
}

void Chat::send_private(const MemberRef& member, const Command& command) {
    if (member->lines && member->person.name.empty()) {
        member->tell(lines::error("hello-first", command.tag, "Say hello first."));
        return;
    }
    if (member->lines && command.text.empty()) {
        member->tell(lines::error("no-text", command.tag, "The message is empty."));
        return;
    }
    Room& room = *member->room;
    const Roster::Entry* entry = room.roster.find(command.name);
    if (!entry) {
        if (member->lines)
            member->tell(lines::error("no-such-name", command.tag, "Nobody here is called so."));
        return;
    }
    const auto send = [this, member, &room, name = std::string(command.name),
                       verified = entry->person.verified, sender = member->person, time = wall_clock_ms(),
                       text = std::string(command.text), tag = std::string(command.tag)] {
        const Roster::Entry* to = room.roster.find(name);
        const bool elsewhere = to && std::any_of(to->presences.begin(), to->presences.end(),
                                                 [](const Presence& presence) { return !presence.member; });
        if (elsewhere && courier_) courier_->carry(room, name, verified, sender, time, text);
        hand_over(room, name, verified, sender, time, text);
        if (!tag.empty()) member->tell(lines::sent(tag, {}, time));
    };
    delivery_.in_order(room, member, command.text.size(), send);
}

void Chat::hand_over(Room& room, std::string_view name, bool verified, const Person& sender, uint64_t time,
                     std::string_view text) {
    const Roster::Entry* entry = room.roster.find(name);
    if (!entry) return;
    std::string line;
    for (const Presence& presence : entry->presences) {
        // A guest who is about to lose a user's name, or has taken one on a server that does not know of the
        // user, does not get the user's messages.
        if (!presence.member || presence.verified != verified) continue;
        if (!presence.member->lines) {
            presence.member->tell(text);
            continue;
        }
        if (line.empty()) line = lines::private_message(time, sender, text);
        presence.member->tell(line);
    }
}

void Chat::whois(Member& member, std::string_view name) {
    const Roster::Entry* entry = member.room->roster.find(name);
    // Other servers may tell theirs.
    const std::string_view address =
        entry && !options_.hide_addresses ? entry->address() : std::string_view();
    if (member.lines) {
        member.tell(entry ? lines::is(entry->person, address)
                          : lines::error("no-such-name", {}, "Nobody here is called so."));
        return;
    }
    std::string answer = "WSIs ";
    answer += name;
    answer += ' ';
    answer += !entry ? "undefined" : address.empty() ? "network error" : address;
    member.tell(answer);
}

}  // namespace chat
