#include "sessions.h"

#include <algorithm>
#include <set>

#include "tokens.h"

namespace marmoset::auth_module {

namespace {

constexpr Sessions::Id kNone{};

}  // namespace

// Observers count as users of the worker and are gone by now.
Sessions::~Sessions() = default;

bool Sessions::revoke(SharedTable& table, const Id& id, uint64_t now_ms, int64_t seconds) {
    const bool kept = table.change(key(table, id), now_ms, [&](SharedTable::Entry& entry) {
        // A second more than its token would be taken, for clocks are read in steps.
        entry.expires_ms = now_ms + 1000 * static_cast<uint64_t>(std::max<int64_t>(seconds, 0) + 2);
    });
    table.announce();
    return kept;
}

bool Sessions::is_revoked(const Id& id) const {
    return revoked_.get(key(revoked_, id), loop_.now()).has_value();
}

void Sessions::observe(const http::Identity& identity, http::SessionObserver& observer) {
    auto& watched = watched_[Name(identity.session, identity.user, identity.mark)];
    if (!watched) {
        watched = std::make_unique<Watched>();
        watched->revocable = identity.session != kNone;
        if (watched->revocable) watched->key = key(revoked_, identity.session);
        watched->expires = identity.expires;
        watched->user = identity.user;
        watched->mark = identity.mark;
    }
    http::SessionObserver& head = watched->head;
    observer.next = head.next;
    observer.previous = &head;
    if (head.next) head.next->previous = &observer;
    head.next = &observer;
    epoch_ = revoked_.epoch() - 1;  // it may have been signed out since it was looked at
    if (!armed()) loop_.timers().arm(*this, kTickMs);
}

void Sessions::end(Watched& watched) {
    while (http::SessionObserver* observer = watched.head.next) {
        watched.head.next = observer->next;
        if (observer->next) observer->next->previous = &watched.head;
        observer->next = observer->previous = nullptr;
        observer->on_session_over();
    }
}

void Sessions::on_timer() {
    const uint64_t epoch = revoked_.epoch();
    const bool announced = std::exchange(epoch_, epoch) != epoch;
    end_matching(announced);
    std::erase_if(watched_, [](const auto& one) { return one.second->head.next == nullptr; });
    if (watched_.empty()) return;
    loop_.timers().arm(*this, kTickMs);
    if (announced || ++ticks_ % kTicksBetweenLooks == 0) look_at_accounts();
}

void Sessions::end_matching(bool look_for_revoked) {
    const int64_t now = loop_.wall_seconds();
    for (const auto& [name, watched] : watched_) {
        const bool expired = watched->expires != 0 && now >= watched->expires;
        if (expired || (look_for_revoked && watched->revocable && revoked_.get(watched->key, loop_.now())))
            end(*watched);
    }
}

void Sessions::look_at_accounts() {
    if (!accounts_) return;
    std::set<std::string> users;
    for (const auto& [name, watched] : watched_) {
        if (!watched->mark.empty()) users.insert(watched->user);
    }
    // In turns, where there are more than may be asked for at a time.
    auto user = users.upper_bound(asked_last_);
    for (size_t left = users.size(); left > 0; --left, ++user) {
        if (user == users.end()) user = users.begin();
        const auto done = [this, name = *user](const Account& account) { on_account(name, account); };
        if (!accounts_->ask(*user, done)) return;
        asked_last_ = *user;
    }
}

void Sessions::on_account(const std::string& user, const Account& account) {
    if (account.state == Account::State::Unavailable) return;
    const std::string mark = account.may_sign_in() ? tokens_->account_mark(account.user) : std::string();
    for (const auto& [name, watched] : watched_) {
        if (watched->user == user && !watched->mark.empty() && watched->mark != mark) end(*watched);
    }
}

}  // namespace marmoset::auth_module
