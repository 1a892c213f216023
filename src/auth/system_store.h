// The users of the system: /etc/shadow by getspnam, or another file of its form; home and group by getpwnam.
// In: names. Out: users; they can't be changed here.
//
// Only root may read passwords. A process that will drop its privileges opens the store before: what there is
// then is kept, and asked when the file itself can't be read any more. Passwords changed later count after
// the next reload. A process that never had the privilege is refused at open().
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "auth/user_store.h"

namespace marmoset::auth {

class SystemStore : public UserStore {
  public:
    /// `shadow`: empty or /etc/shadow asks the system's databases (NSS). `passwd`: likewise.
    static Result<std::unique_ptr<SystemStore>> open(std::string shadow, std::string passwd = {});

    std::string_view kind() const override { return "unix"; }
    /// Locked, empty and foreign passwords («!», «*», DES) let nobody in. An account beyond its date is
    /// Repudiated, a password beyond its own Reapproving.
    Result<std::optional<User>> find(std::string_view name) override;
    /// Those that could be read at open(), and have a password.
    Result<std::vector<User>> list(std::string_view after, size_t limit) override;

    /// What a shadow entry says, for the day `today` (days since 1970).
    struct Entry {
        std::string password;  ///< empty: none to sign in with
        UserStatus status = UserStatus::Activated;
    };

  private:
    SystemStore(std::string shadow, std::string passwd)
        : shadow_(std::move(shadow)), passwd_(std::move(passwd)) {}
    Result<void> load();
    Result<std::optional<Entry>> current(const std::string& name);
    void complete(User& user);

    const std::string shadow_, passwd_;                 // empty: NSS
    std::map<std::string, Entry, std::less<>> loaded_;  // never changes after open()
};

}  // namespace marmoset::auth
