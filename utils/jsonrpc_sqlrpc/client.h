// One client's connection: who it is, and the statements it has not read to their end. In: nothing. Out:
// plain data. Methods of one client are called one after the other; the sweeping of forgotten cursors may
// come in between, so all is used under the lock.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "pages.h"
#include "session.h"

namespace marmoset::sqlrpc {

struct Cursor {
    uint64_t number = 0;
    std::unique_ptr<Session> session;
    std::unique_ptr<Pages> pages;  ///< of the session
    uint64_t begun_ms = 0;         ///< of the monotonic clock, as the following
    uint64_t used_ms = 0;          ///< when it was asked last
    uint64_t held_ms = 0;          ///< since when it keeps writers out; 0: it does not

    Cursor() = default;
    Cursor(Cursor&&) = default;
    Cursor& operator=(Cursor&&) = delete;
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;
    ~Cursor() {
        // The statement goes before its database.
        if (!pages) return;
        const CallLimits none;
        const Session::Use use(*session, none);
        pages.reset();
    }
};

struct Client {
    Client(std::string user, std::string group, std::string address)
        : user(std::move(user)), group(std::move(group)), address(std::move(address)) {}

    const std::string user, group, address;

    std::mutex mutex;  // guards the following
    std::list<Cursor> cursors;
    uint64_t last_number = 0;
};

}  // namespace marmoset::sqlrpc
