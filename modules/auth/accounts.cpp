#include "accounts.h"

#include "log/logger.h"

namespace marmoset::auth_module {

const Account* Accounts::recent(std::string_view name) const {
    const auto found = entries_.find(name);
    if (found == entries_.end() || found->second.read_ms == 0) return nullptr;
    return loop_.now() - found->second.read_ms < kFreshMs ? &found->second.account : nullptr;
}

bool Accounts::ask(std::string_view name, Done done) {
    if (entries_.size() >= kMostKept)
        std::erase_if(entries_, [](const auto& entry) { return entry.second.waiting.empty(); });
    auto [place, is_new] = entries_.try_emplace(std::string(name));
    Entry& entry = place->second;
    entry.waiting.push_back(std::move(done));
    if (entry.waiting.size() > 1) return true;
    auto account = std::make_shared<Account>();
    const bool posted = queue_.post(
        [store = store_, name = place->first, account] {
            auto user = store->find(name);
            if (!user) {
                log::error("auth: {}", user.error().text);
                account->state = Account::State::Unavailable;
            } else if (*user) {
                account->state = Account::State::Known;
                account->user = std::move(**user);
            }
        },
        [this, name = place->first, account] { on_read(name, *account); });
    if (!posted) entry.waiting.clear();
    return posted;
}

void Accounts::on_read(const std::string& name, const Account& account) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) return;
    found->second.account = account;
    found->second.read_ms = account.state == Account::State::Unavailable ? 0 : loop_.now();
    const std::vector<Done> waiting = std::move(found->second.waiting);
    found->second.waiting.clear();
    for (const Done& done : waiting)
        done(account);
}

}  // namespace marmoset::auth_module
