// What is said, on its way to the room: into the store if there is one, then into the history and to
// everybody. In: messages of clients, in order; what else a room is told. Out: publications, in the same
// order.
#pragma once

#include <marmoset/websocket_server.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "member.h"
#include "room.h"

namespace chat {

/// Keeps messages beyond the life of the process; answers by Delivery::stored().
class Keeper {
  public:
    virtual ~Keeper() = default;
    virtual void keep(std::string_view room, const Message& message) = 0;
};

/// Is told what this server's clients have said, for other servers.
class Relay {
  public:
    virtual ~Relay() = default;
    virtual void said(const Room& room, const Message& message) = 0;
};

class Delivery {
  public:
    /// `rooms` outlives it.
    explicit Delivery(Rooms& rooms);

    /// Before the first message. `server` outlives the last one.
    void attach(websocket_server::Server& server) { server_ = &server; }
    /// From now on messages are kept before they are said. `keeper` outlives this, or is taken back.
    void set_keeper(Keeper* keeper, uint64_t next_position);
    void set_relay(Relay* relay) { relay_ = relay; }
    /// Is called when what a plain client said could not be kept: nothing else can tell it so.
    void on_lost(std::function<void(const MemberRef&)> lost) { lost_ = std::move(lost); }

    /// `member` says something. `tag` not empty: it wants to hear when that is done.
    void say(const MemberRef& member, std::string_view text, bool binary, std::string_view tag);
    /// Somebody has said something on another server.
    void hear(Room& room, Message message);
    /// A line for those in the room who speak lines, but `except`; behind the messages that are under way.
    void announce(Room& room, std::string line, const MemberRef& except);
    /// Does what is to stand behind the messages that are under way, at once if there are none. `bytes`: what
    /// it holds; `sender`: who has to wait when that is too much, or null.
    void in_order(Room& room, const MemberRef& sender, size_t bytes, std::function<void()> task);
    /// The next `count` of the messages given to the keeper are kept, or (not `good`) can't be.
    void stored(size_t count, bool good);
    /// Passes on what the keeper has answered for, in order, about so many bytes of it. False: that was not
    /// all.
    bool pass_on(size_t bytes);

    /// What the room keeps, to one who has just come; and for a client of lines the end of it.
    void replay(Member& member);

    /// Names this process, in front of the numbers of its messages.
    const std::string& instance() const { return instance_; }

  private:
    struct Pending {
        Room* room = nullptr;  // stays while it has something pending
        MemberRef sender;      // or who is not told
        Message message;       // said
        std::string tag;
        std::function<void()> task;  // or something else is done
        bool relayed = false;
        size_t bytes = 0;  // what it costs to keep
    };

    void admit(Pending pending);
    void enqueue(Pending pending);
    void complete(Pending& pending, bool good);
    void publish(Room& room, const Message& message, const Member* except);
    void hold_back(const MemberRef& member);
    void let_go();

    Rooms& rooms_;
    websocket_server::Server* server_ = nullptr;
    Keeper* keeper_ = nullptr;
    Relay* relay_ = nullptr;
    std::function<void(const MemberRef&)> lost_;
    const std::string instance_;
    uint64_t number_ = 0;  // of the last message of this process
    uint64_t next_position_ = 1;
    std::deque<Pending> pending_;  // given to the keeper, and what stands behind it
    struct Answer {
        size_t count;
        bool good;
    };
    std::deque<Answer> answers_;  // of the keeper, for the first of them
    size_t pending_bytes_ = 0;
    std::vector<MemberRef> held_back_;  // senders not read from until the keeper has caught up
};

/// Milliseconds since 1970-01-01 UTC.
uint64_t wall_clock_ms();
/// Milliseconds of a clock that only grows.
uint64_t steady_ms();

}  // namespace chat
