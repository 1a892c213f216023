// One connected client: its room, how it speaks, what it is called. Shared with messages of it that are under
// way: it may have gone before they are said.
#pragma once

#include <marmoset/websocket_server.h>

#include <memory>
#include <string>

#include "message.h"
#include "pace.h"

namespace chat {

class Room;

struct Member : std::enable_shared_from_this<Member> {
    websocket_server::Client* client = nullptr;  ///< null: gone
    Room* room = nullptr;                        ///< valid while there is a client
    bool lines = false;                          ///< speaks marmoset-chat
    Person person;                               ///< without a name until it says hello
    std::string user;                            ///< who has signed in; empty: a guest
    std::string address;                         ///< of its host; empty: not known
    Pace pace;
    unsigned holds = 0;      ///< reasons to take nothing from it now
    bool held_back = false;  ///< one of them: the store

    void hold() {
        if (holds++ == 0 && client) client->pause();
    }
    void release() {
        if (--holds == 0 && client) client->resume();
    }
    /// Sends to this client, in order with what its room is told.
    void tell(std::string_view text) {
        if (client) client->publish(text);
    }
};

using MemberRef = std::shared_ptr<Member>;

}  // namespace chat
