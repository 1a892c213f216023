// A room and all rooms: found by name, made when somebody comes, given up when nothing is left to keep.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "history.h"
#include "roster.h"

namespace chat {

class Room {
  public:
    Room(std::string_view room_name, const HistoryLimits& limits)
        : name(room_name), plain_topic("plain/" + name), lines_topic("lines/" + name), history(limits) {}

    const std::string name;
    const std::string plain_topic, lines_topic;  ///< what clients of either way of speaking have joined
    size_t plain = 0, lines = 0;                 ///< how many they are
    size_t pending = 0;                          ///< messages on their way to the store
    uint64_t used = 0;                           ///< grows with every use of any room
    Roster roster;
    History history;

    /// Nobody of this server is in it.
    bool deserted() const { return plain + lines + pending == 0; }
};

struct RoomLimits {
    size_t rooms = 0;
    size_t history_bytes = 0;  ///< of all rooms together
};

class Rooms {
  public:
    /// `forgotten` is told what is not kept any more, for whatever reason: the room's messages whose position
    /// is smaller than `below`.
    Rooms(const HistoryLimits& history, RoomLimits limits,
          std::function<void(const Room&, uint64_t below)> forgotten)
        : history_limits_(history), limits_(limits), forgotten_(std::move(forgotten)) {}

    Room* find(std::string_view name);
    /// Made when it is not there; when there are too many, in place of the deserted one that was used longest
    /// ago. nullptr: there is none.
    Room* open(std::string_view name);
    /// Keeps a message; where all histories together are too large, the rooms used longest ago lose theirs.
    void keep(Room& room, Message message);
    /// Gives the room up if nothing is left in it.
    void leave(Room& room);

    template <typename Visit>
    void for_each(Visit visit) {
        for (auto& [name, room] : rooms_)
            visit(*room);
    }

  private:
    Room* longest_unused(const std::function<bool(const Room&)>& wanted);

    const HistoryLimits& history_limits_;
    const RoomLimits limits_;
    const std::function<void(const Room&, uint64_t)> forgotten_;
    std::map<std::string, std::unique_ptr<Room>, std::less<>> rooms_;
    size_t history_bytes_ = 0;
    uint64_t uses_ = 0;
};

}  // namespace chat
