// Several machines' chat servers as one: what is said here is told there, in order and once. In: what happens
// in the rooms of this server; payloads of the others, as a bus brings them: perhaps late, twice or never.
// Out: payloads for the bus; messages and persons of other servers in the rooms of this one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "attendance.h"
#include "backplane_message.h"
#include "chat.h"
#include "delivery.h"
#include "outbox.h"

namespace chat {

/// Brings payloads to all servers, this one too.
class Bus {
  public:
    virtual ~Bus() = default;
    /// What can't leave now is dropped.
    virtual void publish(std::string_view payload) = 0;
};

class Backplane final : public Relay, public Announcer, public Courier {
  public:
    struct Parts {
        Rooms& rooms;
        Delivery& delivery;
        Attendance& attendance;
        Chat& chat;
        std::function<void(unsigned ms, std::function<void()> task)> later;  ///< calls `task` after a while
    };

    /// `bus` and the parts outlive it. `keeps`: rooms where nobody is have a history all the same.
    Backplane(Bus& bus, Parts parts, bool keeps);

    // The bus.
    void on_connected(uint64_t now);
    void on_payload(std::string_view payload, uint64_t now);
    /// Once a second or so; `now`: milliseconds of a clock that only grows.
    void on_tick(uint64_t now);
    /// This server goes.
    void leave();

    /// A room has been opened here: those who are in it elsewhere.
    void fill(Room& room);

    void said(const Room& room, const Message& message) override;
    void came(const Room& room, const Person& person, std::string_view user,
              std::string_view address) override;
    void renamed(const Room& room, std::string_view old_name, const Person& person, std::string_view user,
                 std::string_view address) override;
    void went(const Room& room, std::string_view name) override;
    void carry(const Room& room, std::string_view name, bool verified, const Person& sender, uint64_t time,
               std::string_view text) override;

    size_t peers() const { return peers_.size(); }

  private:
    struct Elsewhere {
        Person person;
        std::string user, address;
        bool listed = true;  // false: not yet told again in the list that is coming
    };
    using Place = std::pair<std::string, std::string>;  // room, name
    struct Peer {
        uint64_t expected = 0;  // number of its next message; 0: nothing known yet
        uint64_t last = 0;      // the largest number of it that was heard of
        uint64_t heard_at = 0;
        uint64_t wanted_at = 0;  // when something was asked for again
        bool present = false;    // its persons are shown
        std::map<Place, Elsewhere> persons;
    };
    using Peers = std::map<std::string, Peer, std::less<>>;

    void tell(Envelope envelope);
    void tell_unnumbered(Operation operation, std::vector<std::string> words);
    void tell_list();
    void on_numbered(const std::string& instance, Peer& peer, const Envelope& envelope, uint64_t now);
    void perform(const std::string& instance, Peer& peer, const Envelope& envelope);
    void take_said(const Envelope& envelope);
    void take_private(const Envelope& envelope);
    void take_came(const std::string& instance, Peer& peer, const Envelope& envelope);
    void take_renamed(const std::string& instance, Peer& peer, const Envelope& envelope);
    void take_went(const std::string& instance, Peer& peer, const std::string& room, const std::string& name);
    void end_list(const std::string& instance, Peer& peer);
    bool has_place_for(const std::string& instance, uint64_t now);
    void forget_persons(const std::string& instance, Peer& peer);
    void want(const std::string& instance, Peer& peer, uint64_t now);
    void resend(uint64_t from, uint64_t now);
    void resend_more();
    void skip(Peer& peer, const std::string& instance, uint64_t to);

    Bus& bus_;
    const Parts parts_;
    const bool keeps_;
    Outbox outbox_;
    Peers peers_;
    size_t persons_ = 0;  // of all peers
    uint64_t alive_at_ = 0;
    uint64_t resent_at_ = 0, resent_from_ = 0;
    uint64_t resend_next_ = 0;   // number of what is said again next; 0: nothing is
    int64_t resend_budget_ = 0;  // bytes; negative: a message was larger than what there was
    uint64_t told_bytes_ = 0;    // of all numbered messages
    uint64_t resend_known_ = 0;  // ... when some were said again last
    uint64_t listed_at_ = 0;
};

}  // namespace chat
