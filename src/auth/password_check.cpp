// Names nobody has cost as much as others: each such name has a stand-in, one of the stored forms of the
// store's own users with the hash of an unknown password in it, always the same one, as a user's own form is.
// So a store with cheap forms answers quickly for all names, one with yescrypt slowly, and a mixed one now
// so, now so.
#include "auth/password_check.h"

#include "auth/one_time.h"
#include "auth/password_hash.h"
#include "base/digest.h"

namespace marmoset::auth {

namespace {

constexpr size_t kSamples = 32;           // users whose forms are looked at
constexpr unsigned kChecksASample = 256;  // then they may have changed

}  // namespace

PasswordCheck::PasswordCheck(std::shared_ptr<UserStore> store)
    : store_(std::move(store)), key_(random_text()) {}

// The forms themselves are used: a password that fits one lets nobody in, since the name is no user's.
void PasswordCheck::take_samples() {
    if (!samples_.empty() && checks_ % kChecksASample != 0) return;
    samples_.clear();
    const auto users = store_->list({}, kSamples);
    for (const User& user : users ? *users : std::vector<User>()) {
        if (!user.password.empty()) samples_.push_back(user.password);
    }
    if (!samples_.empty()) return;
    auto made = make_password({}, "", random_text());
    if (made) samples_.push_back(made.take());
}

std::string PasswordCheck::stand_in(std::string_view name) {
    const std::lock_guard lock(mutex_);
    take_samples();
    ++checks_;
    if (samples_.empty()) return {};
    const std::string hash = hmac(DigestAlgorithm::Sha256, key_, {name});
    return samples_[load<uint32_t>(as_bytes(hash).data()) % samples_.size()];
}

Result<std::optional<User>> PasswordCheck::verify(std::string_view name, std::string_view password,
                                                  std::string_view realm) {
    // For known names, too: what it costs must not depend on whether there is one.
    const std::string other = stand_in(name);
    auto user = store_->find(name);
    if (!user) return user.error();
    const bool known = *user && !(*user)->password.empty();
    const bool right = verify_password(known ? (*user)->password : other, name, password, realm);
    if (!known || !right) return std::optional<User>();
    return user;
}

}  // namespace marmoset::auth
