// Who is in a room, by name: clients of this server, and those of others that share its rooms. A name may be
// there several times only for connections of one user. In: persons who come and go. Out: what the list
// shows.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "member.h"

namespace chat {

/// One who has a name.
struct Presence {
    Member* member = nullptr;  ///< of this server; null: of another one
    std::string instance;      ///< which other one
    std::string address;       ///< of the client's host; empty: not known
    bool verified = false;     ///< has signed in as the user it is called after
};

class Roster {
  public:
    struct Entry {
        Person person;
        std::string user;  ///< of a verified person
        std::vector<Presence> presences;

        bool here() const;
        /// An address that is known, or empty.
        std::string_view address() const;
    };

    /// nullptr: nobody has this name.
    const Entry* find(std::string_view name) const;
    /// Whether a guest, `member` (or another server's: nullptr), can have the name.
    bool is_free(std::string_view name, const Member* member) const;
    /// `wanted` for a guest, with a number behind it when it is taken, or anyway; empty when all are taken.
    std::string free_name(std::string_view wanted, const Member* member, bool with_number = false) const;

    /// True: the list shows something new: a name, or another colour of it. A guest changes nothing of what
    /// is shown of a verified person.
    bool add(const Person& person, std::string_view user, Presence presence);
    /// The member, or (nullptr) the other server's presence. True: the name is not in the list any more.
    bool remove(std::string_view name, const Member* member, std::string_view instance);

    const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }
    /// The line `names` with everybody in it; made anew only when something has changed.
    const std::string& names_line();

  private:
    std::map<std::string, Entry, std::less<>> entries_;
    std::string names_line_;  // empty: out of date
};

}  // namespace chat
