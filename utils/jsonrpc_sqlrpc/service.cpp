// What the methods have in common: who may ask, which database is meant, what becomes of cursors.
#include "service.h"

#include <algorithm>
#include <cerrno>

namespace marmoset::sqlrpc {

Result<std::unique_ptr<Service>> Service::open(Settings settings, Log log) {
    auto folder = Folder::open(settings.dir, settings.database, settings.write);
    if (!folder) return folder.error();
    std::unique_ptr<Service> service(new Service(std::move(settings), folder.take(), std::move(log)));
    if (service->settings_.database.empty()) return service;
    // What is wrong with the default database is told at the start, not to the first client.
    const CallLimits limits{service->deadline_ms(), [] { return false; }};
    const auto place = service->folder_.find({});
    if (!place) return place.error();
    Refusal refusal;
    if (!Session::open(*place, service->settings_, limits, refusal))
        return Error{place->path + ": " + refusal.text, EIO};
    return service;
}

uint64_t Service::deadline_ms() const {
    return jsonrpc::monotonic_ms() + settings_.timeout_ms;
}

bool Service::may_ask(const Call& call, Refusal& refusal) {
    const Client& client = call.client;
    const bool permitted =
        std::any_of(settings_.groups.begin(), settings_.groups.end(), [&](const std::string& group) {
            return group == "*" || (!client.user.empty() && group == client.group);
        });
    if (permitted) return true;
    refusal = {jsonrpc::kDenied, client.user.empty() ? "sign in first" : "permission denied"};
    if (denied_limit_.permit(jsonrpc::monotonic_ms())) {
        log_("sqlrpc: " + (client.address.empty() ? "unknown address" : client.address) + ": " +
             (client.user.empty() ? "nobody" : client.user) + " may not ask" + denied_limit_.suffix());
    }
    return false;
}

std::unique_ptr<Session> Service::open(Call& call, Refusal& refusal) {
    if (!may_ask(call, refusal)) return nullptr;
    make_room(call);
    const auto place = folder_.find(json_text(json_object_get(call.params, "db")));
    if (!place) {
        refusal = {place.error().code == ENOENT ? jsonrpc::kMissing : jsonrpc::kUnavailable,
                   place.error().text};
        return nullptr;
    }
    return Session::open(*place, settings_, call.limits, refusal);
}

bool Service::is_low() const {
    return static_cast<uint64_t>(sqlite3_memory_used()) + settings_.memory > settings_.heap;
}

void Service::make_room(Call& call) {
    call.limits.make_room = [this, &client = call.client] {
        while (is_low() && give_up_oldest(client)) {
        }
    };
    call.limits.make_room();
}

// The caller's own are its affair: they are few.
bool Service::give_up_oldest(const Client& caller) {
    std::list<Cursor> given_up;  // ends behind the locks
    const std::lock_guard lock(mutex_);
    Client* owner = nullptr;
    uint64_t oldest_ms = UINT64_MAX;
    for (Client* const client : clients_) {
        if (client == &caller) continue;
        const std::unique_lock busy(client->mutex, std::try_to_lock);
        if (!busy || client->cursors.empty() || client->cursors.front().used_ms >= oldest_ms) continue;
        oldest_ms = client->cursors.front().used_ms;
        owner = client;
    }
    if (!owner) return false;
    const std::unique_lock busy(owner->mutex, std::try_to_lock);
    if (busy && !owner->cursors.empty())
        given_up.splice(given_up.end(), owner->cursors, owner->cursors.begin());
    return !given_up.empty();
}

void Service::add(Client& client) {
    const std::lock_guard lock(mutex_);
    clients_.insert(&client);
}

void Service::remove(Client& client) {
    const std::lock_guard lock(mutex_);
    clients_.erase(&client);
}

// To run a statement anew up to its page costs what the pages before did: it is not done for each.
void Service::let_go(Cursor& cursor, uint64_t now_ms) {
    if (cursor.held_ms == 0 || now_ms - cursor.held_ms < kHoldMs) return;
    const CallLimits none;
    const Session::Use use(*cursor.session, none);
    cursor.pages->release();
    cursor.held_ms = 0;
}

// Who is in a call is left for the next time.
void Service::sweep(uint64_t now_ms) {
    const std::lock_guard lock(mutex_);
    for (Client* const client : clients_) {
        const std::unique_lock busy(client->mutex, std::try_to_lock);
        if (!busy) continue;
        client->cursors.remove_if([&](const Cursor& cursor) {
            return now_ms - cursor.used_ms >= kCursorMs || now_ms - cursor.begun_ms >= settings_.cursor_ms;
        });
        for (Cursor& cursor : client->cursors)
            let_go(cursor, now_ms);
    }
}

}  // namespace marmoset::sqlrpc
