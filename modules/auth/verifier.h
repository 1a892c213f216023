// Passwords checked in the thread pool, each as rarely as possible: what was right is remembered for a minute
// (under a keyed hash, the key random and this process's own), and requests that bring the same password
// while it is being checked wait for one check. In: names and passwords. Out: users.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "accounts.h"
#include "auth/password_check.h"
#include "net/loop.h"
#include "work_queue.h"

namespace marmoset::auth_module {

class Verifier {
  public:
    /// How long a password that was right is not hashed again, as long as the account has it still.
    static constexpr uint64_t kRememberMs = 60'000;

    /// Of credentials: what they are remembered under.
    using Key = std::string;

    /// `loop` outlives it.
    Verifier(net::Loop& loop, std::shared_ptr<auth::UserStore> store, std::string realm);

    Key key(std::string_view name, std::string_view password) const;

    /// The stored form that these credentials fitted lately; empty: they have to be verified. The caller
    /// compares it with the account as it is now.
    std::string_view remembered(const Key& key) const;
    /// Whether they are being verified now: who joins costs nothing more.
    bool in_progress(const Key& key) const { return waiting_.contains(key); }

    using Done = std::function<void(const Account&)>;
    /// Calls `done` later, on the loop: Known is right, Missing wrong. False: too much waits already.
    bool verify(const Key& key, std::string_view name, std::string_view password, Done done);

    void close() { queue_.close(); }

  private:
    // Two of libuv's four threads: the rest is for files. A queue that takes longer than clients wait is no
    // use.
    static constexpr unsigned kMostRunning = 2;
    static constexpr size_t kMostWaiting = 64;
    static constexpr size_t kMostJoined = 256;
    static constexpr size_t kMostRemembered = 1024;
    struct Remembered {
        std::string stored;
        uint64_t since_ms;
    };
    void on_verified(const Key& key, const Account& account);

    net::Loop& loop_;
    std::shared_ptr<auth::PasswordCheck> check_;
    const std::string realm_;
    std::string hash_key_;
    WorkQueue queue_;
    std::unordered_map<Key, Remembered> remembered_;
    std::unordered_map<Key, std::vector<Done>> waiting_;
};

}  // namespace marmoset::auth_module
