#include "roster.h"

#include <algorithm>

#include "lines.h"
#include "names.h"

namespace chat {

bool Roster::Entry::here() const {
    return std::any_of(presences.begin(), presences.end(),
                       [](const Presence& presence) { return presence.member != nullptr; });
}

std::string_view Roster::Entry::address() const {
    for (const Presence& presence : presences) {
        if (!presence.address.empty()) return presence.address;
    }
    return {};
}

const Roster::Entry* Roster::find(std::string_view name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : &found->second;
}

bool Roster::is_free(std::string_view name, const Member* member) const {
    const Entry* entry = find(name);
    if (!entry) return true;
    return member && entry->presences.size() == 1 && entry->presences[0].member == member;
}

std::string Roster::free_name(std::string_view wanted, const Member* member, bool with_number) const {
    if (!with_number && is_free(wanted, member)) return std::string(wanted);
    for (unsigned number = 1; number <= kMaxNumber; ++number) {
        std::string name = numbered(wanted, number);
        if (is_free(name, member)) return name;
    }
    return {};
}

bool Roster::add(const Person& person, std::string_view user, Presence presence) {
    const auto [place, inserted] = entries_.try_emplace(person.name);
    Entry& entry = place->second;
    const bool shown = inserted || person.verified || !entry.person.verified;
    const bool changed = inserted || (shown && !(entry.person == person));
    if (shown) {
        entry.person = person;
        entry.user = user;
    }
    presence.verified = person.verified;
    const auto known =
        std::find_if(entry.presences.begin(), entry.presences.end(), [&](const Presence& each) {
            return each.member == presence.member && each.instance == presence.instance;
        });
    if (known == entry.presences.end()) {
        entry.presences.push_back(std::move(presence));
    } else {
        *known = std::move(presence);
    }
    if (changed) names_line_.clear();
    return changed;
}

bool Roster::remove(std::string_view name, const Member* member, std::string_view instance) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) return false;
    std::erase_if(found->second.presences, [&](const Presence& presence) {
        return presence.member == member && presence.instance == instance;
    });
    if (!found->second.presences.empty()) return false;
    entries_.erase(found);
    names_line_.clear();
    return true;
}

const std::string& Roster::names_line() {
    if (!names_line_.empty()) return names_line_;
    names_line_ = "names";
    for (const auto& [name, entry] : entries_) {
        names_line_ += '\n';
        names_line_ += lines::person({}, entry.person);
    }
    return names_line_;
}

}  // namespace chat
