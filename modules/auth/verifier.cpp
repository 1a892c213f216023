#include "verifier.h"

#include "base/digest.h"
#include "base/random.h"
#include "log/logger.h"

namespace marmoset::auth_module {

Verifier::Verifier(net::Loop& loop, std::shared_ptr<auth::UserStore> store, std::string realm)
    : loop_(loop),
      check_(std::make_shared<auth::PasswordCheck>(std::move(store))),
      realm_(std::move(realm)),
      hash_key_(32, '\0'),
      queue_(loop, kMostRunning, kMostWaiting) {
    random_bytes({reinterpret_cast<uint8_t*>(hash_key_.data()), hash_key_.size()});
}

Verifier::Key Verifier::key(std::string_view name, std::string_view password) const {
    // A name has no NUL: nothing else gives the same text.
    return hmac(DigestAlgorithm::Sha256, hash_key_, {name, std::string_view("\0", 1), password});
}

std::string_view Verifier::remembered(const Key& key) const {
    const auto found = remembered_.find(key);
    if (found == remembered_.end() || loop_.now() - found->second.since_ms >= kRememberMs) return {};
    return found->second.stored;
}

bool Verifier::verify(const Key& key, std::string_view name, std::string_view password, Done done) {
    auto& joined = waiting_[key];
    if (joined.size() >= kMostJoined) return false;
    joined.push_back(std::move(done));
    if (joined.size() > 1) return true;
    auto account = std::make_shared<Account>();
    const bool posted = queue_.post(
        [check = check_, name = std::string(name), password = std::string(password), realm = realm_,
         account] {
            auto user = check->verify(name, password, realm);
            if (!user) {
                log::error("auth: {}", user.error().text);
                account->state = Account::State::Unavailable;
            } else if (*user) {
                account->state = Account::State::Known;
                account->user = std::move(**user);
            }
        },
        [this, key, account] { on_verified(key, *account); });
    if (!posted) waiting_.erase(key);
    return posted;
}

void Verifier::on_verified(const Key& key, const Account& account) {
    const auto found = waiting_.find(key);
    if (found == waiting_.end()) return;
    const std::vector<Done> joined = std::move(found->second);
    waiting_.erase(found);
    if (account.may_sign_in()) {
        if (remembered_.size() >= kMostRemembered) {
            std::erase_if(remembered_, [now = loop_.now()](const auto& one) {
                return now - one.second.since_ms >= kRememberMs;
            });
        }
        if (remembered_.size() >= kMostRemembered) remembered_.clear();
        remembered_[key] = {account.user.password, loop_.now()};
    }
    for (const Done& done : joined)
        done(account);
}

}  // namespace marmoset::auth_module
