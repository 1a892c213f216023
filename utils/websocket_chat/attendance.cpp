#include "attendance.h"

#include <utility>
#include <vector>

#include "lines.h"
#include "names.h"

namespace chat {

namespace {

constexpr size_t kMostOfAPerson = 256;  // bytes, about: what is kept until it can be told

}  // namespace

bool Attendance::name(const MemberRef& member, std::string_view wanted, std::string_view colour) {
    Room& room = *member->room;
    Person next;
    next.colour = member->person.colour;
    take_colour(colour, next.colour);
    std::string base = member->user.empty() ? clean_name(wanted) : name_of_user(member->user);
    next.verified = !member->user.empty() && base == member->user;
    if (next.verified) {
        const Roster::Entry* entry = room.roster.find(base);
        if (entry && !entry->person.verified) evict(room, base);
        next.name = base;
    } else {
        if (base.empty()) base = member->person.name.empty() ? "guest" : member->person.name;
        next.name = room.roster.free_name(base, member.get());
        if (next.name.empty()) return false;
    }
    change(member, std::move(next));
    tell_name(*member);
    return true;
}

// Guests who have the name of a user that comes get another; those on other servers get it there.
void Attendance::evict(Room& room, const std::string& name) {
    const Roster::Entry* entry = room.roster.find(name);
    std::vector<MemberRef> guests;
    for (const Presence& presence : entry->presences) {
        if (presence.member) guests.push_back(presence.member->shared_from_this());
    }
    for (const MemberRef& guest : guests) {
        Person next = guest->person;
        next.name = room.roster.free_name(name, guest.get(), true);
        if (next.name.empty()) {
            leave(guest);  // in the room, but nobody any more
            continue;
        }
        change(guest, std::move(next));
        tell_name(*guest);
    }
}

void Attendance::tell_name(Member& member) {
    if (member.lines) {
        member.tell(lines::person("welcome", member.person));
    } else if (commands_) {
        member.tell("WSWelcome " + member.person.name);
    }
}

void Attendance::change(const MemberRef& member, Person next) {
    Room& room = *member->room;
    Roster& roster = room.roster;
    const Person old = std::exchange(member->person, next);
    const bool moves = !old.name.empty() && old.name != next.name;
    const auto here = [&](const std::string& name) {
        const Roster::Entry* entry = roster.find(name);
        return entry && entry->here();
    };

    const bool gone = moves && roster.remove(old.name, member.get(), {});
    const bool known = roster.find(next.name) != nullptr;
    const bool known_here = here(next.name);
    const bool changed = roster.add(next, member->user, {member.get(), {}, member->address});
    if (gone && !known) {
        delivery_.announce(room, lines::rename(old.name, next), member);
    } else {
        if (gone) delivery_.announce(room, lines::leave(old.name), member);
        if (changed) delivery_.announce(room, lines::person("join", next), member);
    }

    if (!announcer_) return;
    const bool left = moves && !here(old.name);
    if (left && !known_here) {
        tell_others(room, [old_name = old.name, next, user = member->user, address = member->address](
                              Announcer& announcer, const Room& in) {
            announcer.renamed(in, old_name, next, user, address);
        });
        return;
    }
    if (left)
        tell_others(room,
                    [name = old.name](Announcer& announcer, const Room& in) { announcer.went(in, name); });
    if (changed || !known_here) {
        tell_others(room,
                    [next, user = member->user, address = member->address](
                        Announcer& announcer, const Room& in) { announcer.came(in, next, user, address); });
    }
}

// On other servers, too, a person comes before what it says and goes behind it.
void Attendance::tell_others(Room& room, std::function<void(Announcer&, const Room&)> tell) {
    delivery_.in_order(room, nullptr, kMostOfAPerson,
                       [announcer = announcer_, &room, tell = std::move(tell)] { tell(*announcer, room); });
}

void Attendance::leave(const MemberRef& member) {
    Room& room = *member->room;
    const std::string name = std::exchange(member->person.name, {});
    if (name.empty()) return;
    if (room.roster.remove(name, member.get(), {})) delivery_.announce(room, lines::leave(name), member);
    const Roster::Entry* entry = room.roster.find(name);
    if (announcer_ && !(entry && entry->here()))
        tell_others(room, [name](Announcer& announcer, const Room& in) { announcer.went(in, name); });
}

// Two servers may give the same name away at the same moment. A user who has signed in keeps it; of two
// guests the one on the server whose instance sorts first. Each server sees to its own clients.
void Attendance::came(Room& room, const std::string& instance, const Person& person, std::string_view user,
                      std::string_view address) {
    const Roster::Entry* entry = room.roster.find(person.name);
    if (entry && entry->here() && !entry->person.verified &&
        (person.verified || instance < delivery_.instance())) {
        evict(room, person.name);
    }
    if (room.roster.add(person, user, {nullptr, instance, std::string(address)}))
        delivery_.announce(room, lines::person("join", person), nullptr);
}

void Attendance::renamed(Room& room, const std::string& instance, std::string_view old_name,
                         const Person& person, std::string_view user, std::string_view address) {
    const bool gone = room.roster.remove(old_name, nullptr, instance);
    if (gone && !room.roster.find(person.name)) {
        room.roster.add(person, user, {nullptr, instance, std::string(address)});
        delivery_.announce(room, lines::rename(old_name, person), nullptr);
        return;
    }
    if (gone) delivery_.announce(room, lines::leave(old_name), nullptr);
    came(room, instance, person, user, address);
}

void Attendance::went(Room& room, const std::string& instance, std::string_view name) {
    if (room.roster.remove(name, nullptr, instance)) delivery_.announce(room, lines::leave(name), nullptr);
}

}  // namespace chat
