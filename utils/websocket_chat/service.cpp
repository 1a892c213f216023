#include "service.h"

#include <cstdint>
#include <utility>

namespace chat {

using websocket_server::LogLevel;
using websocket_server::write_log;

namespace {

constexpr unsigned kTickMs = 1000;
// What comes from the store or the backplane at once is passed on in such portions.
constexpr size_t kTurnBytes = 256 << 10;
constexpr unsigned kTurnMs = 10;

}  // namespace

Service::Service(const ProgramOptions& options, websocket_server::Options server)
    : options_(options),
      rooms_(options.history, options.rooms,
             [this](const Room& room, uint64_t below) {
                 if (store_) store_->trim(room.name, below);
             }),
      delivery_(rooms_),
      attendance_(delivery_, options.chat.commands),
      chat_(options.chat, rooms_, delivery_, attendance_),
      server_(std::move(server), chat_) {
    delivery_.attach(server_);
    chat_.attach(server_);
    chat_.on_asked([this] { return ready(); });
    // Not now: the process may go to the background yet, without its threads, and change its user.
    server_.post([this] { ready(); });
}

bool Service::ready() {
    if (!started_) {
        started_ = true;
        start();
    }
    return !failed_;
}

void Service::start() {
    if (!options_.store.empty()) open_store();
    if (options_.backplane && !failed_) open_backplane();
}

void Service::fail(const std::string& reason) {
    failed_ = true;
    write_log(LogLevel::Error, reason);
    server_.stop();
}

void Service::open_store() {
    store_ = std::make_unique<Store>([this] { server_.post([this] { pass_on(); }); });
    std::string error = store_->open(options_.store);
    uint64_t next = 1;
    if (error.empty()) {
        error = store_->load([&](std::string_view room_name, Message message) {
            next = message.position + 1;
            if (Room* room = rooms_.open(room_name)) rooms_.keep(*room, std::move(message));
        });
    }
    if (!error.empty()) {
        fail(error);
        return;
    }
    store_->start();
    delivery_.set_keeper(store_.get(), next);
}

void Service::open_backplane() {
    const std::string missing = RedisBus::missing();
    if (!missing.empty()) {
        write_log(LogLevel::Warning, "backplane " + options_.backplane->shown() + ": " + missing +
                                         "; only clients of this server hear each other");
        return;
    }
    const auto post = [this](auto task) { return [this, task] { server_.post(task); }; };
    bus_ = std::make_unique<RedisBus>(
        *options_.backplane,
        RedisBus::Events{.connected = post([this] { backplane_->on_connected(steady_ms()); }),
                         .arrived = post([this] { take_arrived(); })});
    const auto later = [this](unsigned ms, std::function<void()> task) {
        server_.after(ms, std::move(task));
    };
    backplane_ = std::make_unique<Backplane>(
        *bus_, Backplane::Parts{rooms_, delivery_, attendance_, chat_, later}, options_.history.messages > 0);
    delivery_.set_relay(backplane_.get());
    attendance_.set_announcer(backplane_.get());
    chat_.set_courier(backplane_.get());
    chat_.on_room([this](Room& room) { backplane_->fill(room); });
    bus_->start();
    tick();
}

void Service::pass_on() {
    for (const auto& [count, good] : store_->answers())
        delivery_.stored(count, good);
    if (passing_on_) return;
    passing_on_ = !delivery_.pass_on(kTurnBytes);
    if (!passing_on_) return;
    server_.after(kTurnMs, [this] {
        passing_on_ = false;
        pass_on();
    });
}

// What becomes of it goes out at the end of each turn, and the gateway must have time to take it.
void Service::take_arrived() {
    bool more = false;
    for (const std::string& payload : bus_->take(kTurnBytes, more))
        backplane_->on_payload(payload, steady_ms());
    if (more) server_.after(kTurnMs, [this] { take_arrived(); });
}

void Service::tick() {
    server_.after(kTickMs, [this] {
        backplane_->on_tick(steady_ms());
        tick();
    });
}

int Service::end(int status) {
    // What is safe is told to the other servers, who can't ask for it any more.
    if (store_) {
        store_->stop();
        for (const auto& [count, good] : store_->answers())
            delivery_.stored(count, good);
        delivery_.pass_on(SIZE_MAX);
    }
    if (backplane_) backplane_->leave();
    if (bus_) bus_->stop();
    return failed_ ? 1 : status;
}

}  // namespace chat
