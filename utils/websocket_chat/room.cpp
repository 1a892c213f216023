#include "room.h"

#include <utility>

namespace chat {

Room* Rooms::find(std::string_view name) {
    const auto found = rooms_.find(name);
    return found == rooms_.end() ? nullptr : found->second.get();
}

Room* Rooms::open(std::string_view name) {
    if (Room* room = find(name)) return room;
    if (rooms_.size() >= limits_.rooms) {
        Room* oldest = longest_unused([](const Room& room) { return room.deserted(); });
        if (!oldest) return nullptr;
        if (!oldest->history.empty()) forgotten_(*oldest, oldest->history.messages().back().position + 1);
        history_bytes_ -= oldest->history.bytes();
        rooms_.erase(oldest->name);
    }
    auto room = std::make_unique<Room>(name, history_limits_);
    room->used = ++uses_;
    return rooms_.emplace(room->name, std::move(room)).first->second.get();
}

void Rooms::keep(Room& room, Message message) {
    room.used = ++uses_;
    const size_t before = room.history.bytes();
    const uint64_t oldest_position = room.history.oldest_position();
    room.history.push(std::move(message));
    history_bytes_ = history_bytes_ - before + room.history.bytes();
    if (oldest_position != 0 && room.history.oldest_position() != oldest_position)
        forgotten_(room, room.history.oldest_position());
    while (history_bytes_ > limits_.history_bytes) {
        Room* oldest = longest_unused([](const Room& each) { return !each.history.empty(); });
        const size_t held = oldest->history.bytes();
        if (oldest == &room && oldest->history.messages().size() == 1) return;
        const uint64_t dropped = oldest->history.oldest_position();
        oldest->history.drop_oldest();
        history_bytes_ = history_bytes_ - held + oldest->history.bytes();
        forgotten_(*oldest, dropped + 1);
    }
}

void Rooms::leave(Room& room) {
    room.used = ++uses_;
    if (room.deserted() && room.history.empty()) rooms_.erase(room.name);
}

// A walk over all of them: only when a limit is reached.
Room* Rooms::longest_unused(const std::function<bool(const Room&)>& wanted) {
    Room* oldest = nullptr;
    for (auto& [name, room] : rooms_) {
        if (wanted(*room) && (!oldest || room->used < oldest->used)) oldest = room.get();
    }
    return oldest;
}

}  // namespace chat
