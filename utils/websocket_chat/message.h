// One thing that was said in a room, and who said it.
#pragma once

#include <cstdint>
#include <string>

namespace chat {

/// How somebody stands in a room's list.
struct Person {
    std::string name;    ///< empty: none yet
    std::string colour;  ///< "#rrggbb"; empty: none asked for
    bool verified = false;

    bool operator==(const Person&) const = default;
};

struct Message {
    std::string id;     ///< unique in the room, on all machines
    uint64_t time = 0;  ///< milliseconds since 1970-01-01 UTC
    Person sender;
    bool binary = false;
    std::string text;
    uint64_t position = 0;  ///< in the store; grows

    /// What it costs to keep.
    size_t size() const { return sizeof(Message) + id.size() + sender.name.size() + text.size(); }
};

}  // namespace chat
