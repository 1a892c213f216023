#include "backplane.h"

#include <marmoset/websocket_server.h>

#include <algorithm>

#include "names.h"

namespace chat {

namespace {

using websocket_server::LogLevel;
using websocket_server::write_log;

// What is kept for those who miss something, and what was said while the bus was away.
constexpr size_t kKeptMessages = 16384;
constexpr size_t kKeptBytes = 16u << 20;
constexpr size_t kMaxPeers = 256;
constexpr size_t kMaxPersons = 100000;  // of all other servers
constexpr uint64_t kAliveMs = 3000;
constexpr uint64_t kSilenceMs = 15000;  // until a server's persons are taken for gone
constexpr uint64_t kForgetMs = 600000;  // ... and what is known of it may give way to another server
constexpr uint64_t kAskAgainMs = 400;
constexpr uint64_t kAnswerAgainMs = 200;
constexpr uint64_t kListAgainMs = 1000;
// How fast what was missed is said again: the clients that hear it can wait with no more than the gateway's
// `queue`, 1 MiB.
constexpr int64_t kResendBytes = 128 << 10;
constexpr unsigned kResendMs = 100;

}  // namespace

Backplane::Backplane(Bus& bus, Parts parts, bool keeps)
    : bus_(bus), parts_(parts), keeps_(keeps), outbox_(kKeptMessages, kKeptBytes) {}

// ---- what happens here ----------------------------------------------------------------------------------

void Backplane::tell(Envelope envelope) {
    envelope.instance = parts_.delivery.instance();
    envelope.number = outbox_.next();
    outbox_.push(encode(envelope));
    told_bytes_ += outbox_.at(envelope.number).size();
    bus_.publish(outbox_.at(envelope.number));
}

void Backplane::tell_unnumbered(Operation operation, std::vector<std::string> words) {
    Envelope envelope;
    envelope.instance = parts_.delivery.instance();
    envelope.operation = operation;
    envelope.words = std::move(words);
    bus_.publish(encode(envelope));
}

void Backplane::said(const Room& room, const Message& message) {
    Envelope envelope;
    envelope.operation = Operation::Said;
    add_message(envelope, message);
    envelope.room = room.name;
    tell(std::move(envelope));
}

void Backplane::carry(const Room& room, std::string_view name, bool verified, const Person& sender,
                      uint64_t time, std::string_view text) {
    Envelope envelope;
    envelope.operation = Operation::Private;
    envelope.words = {std::string(name), std::to_string(time)};
    add_person(envelope, sender);
    envelope.words.emplace_back(verified ? "v" : "");
    envelope.room = room.name;
    envelope.text = text;
    tell(std::move(envelope));
}

void Backplane::came(const Room& room, const Person& person, std::string_view user,
                     std::string_view address) {
    Envelope envelope;
    envelope.operation = Operation::Came;
    add_person(envelope, person);
    envelope.words.emplace_back(address);
    envelope.room = room.name;
    envelope.text = user;
    tell(std::move(envelope));
}

void Backplane::renamed(const Room& room, std::string_view old_name, const Person& person,
                        std::string_view user, std::string_view address) {
    Envelope envelope;
    envelope.operation = Operation::Renamed;
    envelope.words.emplace_back(old_name);
    add_person(envelope, person);
    envelope.words.emplace_back(address);
    envelope.room = room.name;
    envelope.text = user;
    tell(std::move(envelope));
}

void Backplane::went(const Room& room, std::string_view name) {
    Envelope envelope;
    envelope.operation = Operation::Went;
    envelope.words.emplace_back(name);
    envelope.room = room.name;
    tell(std::move(envelope));
}

// Among the numbered messages, so that it is true at its place in their order.
void Backplane::tell_list() {
    Envelope begin, end;
    begin.operation = Operation::List;
    end.operation = Operation::Listed;
    tell(std::move(begin));
    parts_.rooms.for_each([this](const Room& room) {
        for (const auto& [name, entry] : room.roster.entries()) {
            if (entry.here()) came(room, entry.person, entry.user, entry.address());
        }
    });
    tell(std::move(end));
}

void Backplane::leave() {
    tell_unnumbered(Operation::Bye, {});
}

// ---- the bus --------------------------------------------------------------------------------------------

void Backplane::on_connected(uint64_t now) {
    alive_at_ = now;
    for (auto& [instance, peer] : peers_)
        peer.heard_at = now;  // none of them could be heard
    tell_unnumbered(Operation::Alive, {std::to_string(outbox_.next() - 1)});
    tell_unnumbered(Operation::Who, {{}});
}

void Backplane::on_tick(uint64_t now) {
    if (now - alive_at_ >= kAliveMs) {
        alive_at_ = now;
        tell_unnumbered(Operation::Alive, {std::to_string(outbox_.next() - 1)});
    }
    for (auto& [instance, peer] : peers_) {
        if (now - peer.heard_at >= kSilenceMs) forget_persons(instance, peer);
    }
}

// What a server told last is known for as long as there is place: it may say again what was missed when the
// bus was away, for it or for us, however long that took.
bool Backplane::has_place_for(const std::string& instance, uint64_t now) {
    if (peers_.size() < kMaxPeers || peers_.find(instance) != peers_.end()) return true;
    const auto oldest = std::min_element(peers_.begin(), peers_.end(), [](const auto& a, const auto& b) {
        return a.second.heard_at < b.second.heard_at;
    });
    if (now - oldest->second.heard_at < kForgetMs) return false;
    forget_persons(oldest->first, oldest->second);
    peers_.erase(oldest);
    return true;
}

void Backplane::on_payload(std::string_view payload, uint64_t now) {
    Envelope envelope;
    if (!decode(payload, envelope) || envelope.instance == parts_.delivery.instance()) return;
    if (!has_place_for(envelope.instance, now)) return;
    const std::string instance = envelope.instance;
    Peer& peer = peers_[instance];
    const bool known = peer.expected != 0;
    peer.heard_at = now;
    if (envelope.number != 0) {
        on_numbered(instance, peer, envelope, now);
    }
    uint64_t number = 0;
    switch (envelope.operation) {
        case Operation::Alive:
            if (!take_number(envelope, 0, number)) return;
            peer.last = std::max(peer.last, number);
            if (!known) {
                peer.expected = number + 1;
            } else if (number >= peer.expected) {
                want(instance, peer, now);
            }
            break;
        case Operation::Bye:
            forget_persons(instance, peer);
            peers_.erase(instance);
            return;
        case Operation::Want:
            if (envelope.words[0] == parts_.delivery.instance() && take_number(envelope, 1, number))
                resend(number, now);
            break;
        case Operation::Gap:
            if (take_number(envelope, 0, number) && known && number > peer.expected)
                skip(peer, instance, number);
            break;
        case Operation::Who:
            if ((envelope.words[0].empty() || envelope.words[0] == parts_.delivery.instance()) &&
                now - listed_at_ >= kListAgainMs) {
                listed_at_ = now;
                tell_list();
            }
            break;
        default:
            break;
    }
    // Who was silent, or has not been heard of, has persons whom we do not know.
    if (!peer.present && now - peer.wanted_at >= kAskAgainMs) {
        peer.wanted_at = now;
        tell_unnumbered(Operation::Who, {instance});
    }
}

void Backplane::on_numbered(const std::string& instance, Peer& peer, const Envelope& envelope, uint64_t now) {
    if (peer.expected == 0) peer.expected = envelope.number;
    peer.last = std::max(peer.last, envelope.number);
    if (envelope.number < peer.expected) return;  // again
    if (envelope.number > peer.expected) {
        want(instance, peer, now);
        return;
    }
    ++peer.expected;
    if (peer.expected <= peer.last) peer.wanted_at = now;  // what was asked for is coming
    perform(instance, peer, envelope);
}

void Backplane::want(const std::string& instance, Peer& peer, uint64_t now) {
    if (now - peer.wanted_at < kAskAgainMs) return;
    peer.wanted_at = now;
    tell_unnumbered(Operation::Want, {instance, std::to_string(peer.expected)});
}

// Several may miss the same: all of them hear the answer to the first.
void Backplane::resend(uint64_t from, uint64_t now) {
    from = std::max<uint64_t>(from, 1);
    const bool coming = resend_next_ != 0 && from >= resend_next_;
    if (coming || (from >= resent_from_ && now - resent_at_ < kAnswerAgainMs)) return;
    resent_at_ = now;
    resent_from_ = from;
    const bool under_way = std::exchange(resend_next_, from) != 0;
    resend_budget_ = 0;
    resend_known_ = told_bytes_;
    if (!under_way) resend_more();
}

// Whoever listens there is told at once what comes at once: no faster than a client can be expected to read.
// What is said meanwhile comes on top, so that there is an end.
void Backplane::resend_more() {
    if (resend_next_ == 0) return;
    resend_budget_ = std::min(resend_budget_, int64_t{0}) + kResendBytes +
                     static_cast<int64_t>(told_bytes_ - std::exchange(resend_known_, told_bytes_));
    if (resend_next_ < outbox_.first()) {
        tell_unnumbered(Operation::Gap, {std::to_string(outbox_.first())});
        resend_next_ = outbox_.first();
    }
    for (; resend_next_ < outbox_.next() && resend_budget_ > 0; ++resend_next_) {
        const std::string& payload = outbox_.at(resend_next_);
        resend_budget_ -= static_cast<int64_t>(payload.size());
        bus_.publish(payload);
    }
    if (resend_next_ >= outbox_.next()) {
        resend_next_ = 0;
    } else {
        parts_.later(kResendMs, [this] { resend_more(); });
    }
}

void Backplane::skip(Peer& peer, const std::string& instance, uint64_t to) {
    write_log(LogLevel::Warning, "backplane: " + std::to_string(to - peer.expected) + " messages of server " +
                                     instance + " are lost: they were too many to be kept");
    peer.expected = to;
    peer.present = false;  // somebody may have come or gone
}

// ---- persons and messages of other servers --------------------------------------------------------------

void Backplane::perform(const std::string& instance, Peer& peer, const Envelope& envelope) {
    switch (envelope.operation) {
        case Operation::Said:
            take_said(envelope);
            return;
        case Operation::Private:
            take_private(envelope);
            return;
        case Operation::Came:
            take_came(instance, peer, envelope);
            return;
        case Operation::Renamed:
            take_renamed(instance, peer, envelope);
            return;
        case Operation::Went:
            take_went(instance, peer, envelope.room, envelope.words[0]);
            return;
        case Operation::List:
            for (auto& [place, elsewhere] : peer.persons)
                elsewhere.listed = false;
            return;
        case Operation::Listed:
            end_list(instance, peer);
            return;
        default:
            return;
    }
}

void Backplane::take_said(const Envelope& envelope) {
    Message message;
    if (!take_message(envelope, message)) return;
    const bool known = parts_.rooms.find(envelope.room) != nullptr;
    Room* room = keeps_ ? parts_.rooms.open(envelope.room) : parts_.rooms.find(envelope.room);
    if (!room) return;
    // The first client finds it open: who is in it elsewhere must be known by then.
    if (!known) fill(*room);
    parts_.delivery.hear(*room, std::move(message));
}

void Backplane::take_private(const Envelope& envelope) {
    Person sender;
    uint64_t time = 0;
    if (!take_number(envelope, 1, time) || !take_person(envelope, 2, sender) || !is_utf8(envelope.text))
        return;
    const bool verified = envelope.words[5] == "v";
    Room* const room = parts_.rooms.find(envelope.room);
    if (!room) return;
    parts_.delivery.in_order(
        *room, nullptr, envelope.text.size(),
        [this, room, verified, sender, time, name = envelope.words[0], text = envelope.text] {
            parts_.chat.hand_over(*room, name, verified, sender, time, text);
        });
}

void Backplane::take_came(const std::string& instance, Peer& peer, const Envelope& envelope) {
    Elsewhere elsewhere;
    if (!take_person(envelope, 0, elsewhere.person) || elsewhere.person.name.empty()) return;
    elsewhere.address = envelope.words[3];
    elsewhere.user = envelope.text;
    const Place place(envelope.room, elsewhere.person.name);
    const bool known = peer.persons.count(place) != 0;
    if (!known && persons_ >= kMaxPersons) return;
    if (!known) ++persons_;
    const Elsewhere& kept = peer.persons[place] = elsewhere;
    if (Room* room = parts_.rooms.find(envelope.room))
        parts_.attendance.came(*room, instance, kept.person, kept.user, kept.address);
}

void Backplane::take_renamed(const std::string& instance, Peer& peer, const Envelope& envelope) {
    Elsewhere elsewhere;
    if (!take_person(envelope, 1, elsewhere.person) || elsewhere.person.name.empty()) return;
    elsewhere.address = envelope.words[4];
    elsewhere.user = envelope.text;
    const std::string& old_name = envelope.words[0];
    if (peer.persons.erase({envelope.room, old_name}) == 0) ++persons_;
    if (!peer.persons.insert_or_assign({envelope.room, elsewhere.person.name}, elsewhere).second) --persons_;
    if (Room* room = parts_.rooms.find(envelope.room)) {
        parts_.attendance.renamed(*room, instance, old_name, elsewhere.person, elsewhere.user,
                                  elsewhere.address);
    }
}

void Backplane::take_went(const std::string& instance, Peer& peer, const std::string& room_name,
                          const std::string& name) {
    persons_ -= peer.persons.erase({room_name, name});
    if (Room* room = parts_.rooms.find(room_name)) parts_.attendance.went(*room, instance, name);
}

void Backplane::end_list(const std::string& instance, Peer& peer) {
    std::vector<Place> gone;
    for (const auto& [place, elsewhere] : peer.persons) {
        if (!elsewhere.listed) gone.push_back(place);
    }
    for (const auto& [room, name] : gone)
        take_went(instance, peer, room, name);
    peer.present = true;
}

void Backplane::forget_persons(const std::string& instance, Peer& peer) {
    peer.present = false;
    while (!peer.persons.empty()) {
        const auto [room, name] = peer.persons.begin()->first;
        take_went(instance, peer, room, name);
    }
}

void Backplane::fill(Room& room) {
    for (const auto& [instance, peer] : peers_) {
        for (auto place = peer.persons.lower_bound({room.name, {}});
             place != peer.persons.end() && place->first.first == room.name; ++place) {
            const Elsewhere& elsewhere = place->second;
            parts_.attendance.came(room, instance, elsewhere.person, elsewhere.user, elsewhere.address);
        }
    }
}

}  // namespace chat
