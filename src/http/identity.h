// Who a request comes from, as the access module that let it pass has found out. In: what `auth` writes into
// the exchange. Out: what the modules behind it, the access log and system servers are told. And how those
// that go on when their request is over (websockets) hear of the session's end.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace marmoset::http {

struct Identity;

/// Something that must not outlive its user's session. Stops observing when it is destroyed.
class SessionObserver {
  public:
    SessionObserver() = default;
    SessionObserver(const SessionObserver&) = delete;
    SessionObserver& operator=(const SessionObserver&) = delete;

    /// The session has expired, was signed out or taken back. Called once, from the loop; the observer has
    /// been let go of before the call and may be destroyed in it.
    virtual void on_session_over() = 0;

    // For the keeper: its list.
    SessionObserver* previous = nullptr;
    SessionObserver* next = nullptr;

  protected:
    virtual ~SessionObserver() {
        if (previous) previous->next = next;
        if (next) next->previous = previous;
    }
};

/// Who knows when sessions end. Outlives the observers: those count as users of the worker.
class SessionKeeper {
  public:
    /// `observer` will hear of the end of the session that `identity` belongs to.
    virtual void observe(const Identity& identity, SessionObserver& observer) = 0;

  protected:
    ~SessionKeeper() = default;
};

/// Empty until an access module has written it; strings are the user store's.
struct Identity {
    std::string user;                   ///< empty: nobody in particular
    std::string group, home;            ///< may be empty
    std::string scheme;                 ///< "Basic", "Digest", "Bearer", "Cookie", "Ticket" …
    int64_t expires = 0;                ///< seconds since the epoch; 0: the session has no end of its own
    std::array<uint8_t, 16> session{};  ///< names the session; zeros: there is none but the user's
    std::string mark;                   ///< the keeper's own
    SessionKeeper* keeper = nullptr;    ///< null: nobody ends it
    bool offered_as_protocol = false;   ///< the credential came as a subprotocol, and was taken off the list

    void clear() {
        for (std::string* text : {&user, &group, &home, &scheme, &mark})
            text->clear();
        expires = 0;
        session = {};
        keeper = nullptr;
        offered_as_protocol = false;
    }
};

}  // namespace marmoset::http
