// The chat's clients: where each belongs, and what becomes of what it sends. In: what the library tells of
// clients. Out: messages to be said, names to be given, answers.
#pragma once

#include <marmoset/websocket_server.h>

#include <functional>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "attendance.h"
#include "commands.h"
#include "delivery.h"
#include "room.h"

namespace chat {

struct ChatOptions {
    bool commands = false;        ///< -w: plain clients may give ouistiti's commands
    bool hide_addresses = false;  ///< nobody is told from where others come
    unsigned rate = 0;            ///< messages a second a client may send; 0: as many as it likes
    std::string_view name;        ///< the server's, which a client may offer as subprotocol
};

/// Brings a private message to a person who is on another server. `verified`: only to a user who has signed
/// in.
class Courier {
  public:
    virtual ~Courier() = default;
    virtual void carry(const Room& room, std::string_view name, bool verified, const Person& sender,
                       uint64_t time, std::string_view text) = 0;
};

class Chat final : public websocket_server::Handler {
  public:
    /// All of it outlives the chat.
    Chat(const ChatOptions& options, Rooms& rooms, Delivery& delivery, Attendance& attendance);

    /// Before the first client. `server` outlives the last one.
    void attach(websocket_server::Server& server) { server_ = &server; }
    /// Is asked before each client whether the chat can take any.
    void on_asked(std::function<bool()> ready) { ready_ = std::move(ready); }
    void set_courier(Courier* courier) { courier_ = courier; }
    /// Is called when a room has been opened for a client, with what must be known of it.
    void on_room(std::function<void(Room&)> opened) { room_opened_ = std::move(opened); }
    /// A private message for somebody here, who has signed in (`verified`) or is a guest: as the sender saw
    /// it.
    void hand_over(Room& room, std::string_view name, bool verified, const Person& sender, uint64_t time,
                   std::string_view text);

    void on_open(websocket_server::Client& client) override;
    void on_message(websocket_server::Client& client, const websocket_server::Message& message) override;
    void on_close(websocket_server::Client& client, uint16_t code, std::string_view reason) override;

  private:
    void forget(const MemberRef& member);
    void slow_down(const MemberRef& member);
    void hello(const MemberRef& member, const Command& command);
    void say(const MemberRef& member, const Command& command);
    void send_private(const MemberRef& member, const Command& command);
    void whois(Member& member, std::string_view name);

    websocket_server::Server* server_ = nullptr;
    const ChatOptions& options_;
    Rooms& rooms_;
    Delivery& delivery_;
    Attendance& attendance_;
    Courier* courier_ = nullptr;
    std::unordered_set<MemberRef> members_;  // a client's context is its member
    std::function<bool()> ready_;
    std::function<void(Room&)> room_opened_;
};

}  // namespace chat
