// Users as the store has them now, for those who have signed in already: a new password, another group or a
// removal is seen within a second, though no request waits for the store each time. In: names. Out: accounts
// that were read kFreshMs ago at most.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/user_store.h"
#include "net/loop.h"
#include "work_queue.h"

namespace marmoset::auth_module {

struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

struct Account {
    enum class State : uint8_t {
        Known,
        Missing,
        Unavailable,  ///< the store could not be asked
    } state = State::Missing;
    auth::User user;  ///< of Known

    bool may_sign_in() const { return state == State::Known && user.may_sign_in(); }
};

class Accounts {
  public:
    static constexpr uint64_t kFreshMs = 1000;

    /// `loop` outlives it.
    Accounts(net::Loop& loop, std::shared_ptr<auth::UserStore> store)
        : loop_(loop), store_(std::move(store)), queue_(loop, 2, kMostWaiting) {}

    /// nullptr: it has to be asked for. Valid until the next call of anything here.
    const Account* recent(std::string_view name) const;

    using Done = std::function<void(const Account&)>;
    /// Calls `done` later, on the loop. False: too much is being asked already.
    bool ask(std::string_view name, Done done);

    void close() { queue_.close(); }

  private:
    static constexpr size_t kMostWaiting = 256;
    static constexpr size_t kMostKept = 4096;
    struct Entry {
        Account account;
        uint64_t read_ms = 0;       // 0: not yet
        std::vector<Done> waiting;  // not empty: being read
    };
    void on_read(const std::string& name, const Account& account);

    net::Loop& loop_;
    std::shared_ptr<auth::UserStore> store_;
    WorkQueue queue_;
    std::unordered_map<std::string, Entry, TextHash, std::equal_to<>> entries_;
};

}  // namespace marmoset::auth_module
