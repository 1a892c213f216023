// Who comes to a room, under which name, and goes: gives names, keeps the rosters, tells the rooms. In:
// clients of this server and persons on others. Out: lines to those who speak lines, names to their owners.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "delivery.h"
#include "room.h"

namespace chat {

/// Is told who has a name on this server, for other servers.
class Announcer {
  public:
    virtual ~Announcer() = default;
    virtual void came(const Room& room, const Person& person, std::string_view user,
                      std::string_view address) = 0;
    virtual void renamed(const Room& room, std::string_view old_name, const Person& person,
                         std::string_view user, std::string_view address) = 0;
    virtual void went(const Room& room, std::string_view name) = 0;
};

class Attendance {
  public:
    /// `delivery` outlives it. `commands`: plain clients are told their names.
    Attendance(Delivery& delivery, const bool& commands) : delivery_(delivery), commands_(commands) {}

    void set_announcer(Announcer* announcer) { announcer_ = announcer; }

    /// Gives the member the name it asks for, or one like it, and tells it so; a user who has signed in gets
    /// the user's. `colour`: as it was asked for. False: no name is left.
    bool name(const MemberRef& member, std::string_view wanted, std::string_view colour);
    void leave(const MemberRef& member);

    // Persons on another server, in a room that is open here.
    void came(Room& room, const std::string& instance, const Person& person, std::string_view user,
              std::string_view address);
    void renamed(Room& room, const std::string& instance, std::string_view old_name, const Person& person,
                 std::string_view user, std::string_view address);
    void went(Room& room, const std::string& instance, std::string_view name);

  private:
    void change(const MemberRef& member, Person next);
    void tell_name(Member& member);
    void evict(Room& room, const std::string& name);
    void tell_others(Room& room, std::function<void(Announcer&, const Room&)> tell);

    Delivery& delivery_;
    const bool& commands_;
    Announcer* announcer_ = nullptr;
};

}  // namespace chat
