// Servers that share their rooms, without a gateway and without Redis: clients that only note what they are
// told, and a bus that loses, repeats and reorders as the test likes.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "utils/websocket_chat/backplane.h"

namespace chat {

/// A client as the library would have it, which keeps what it is sent to itself (not what its room is told).
class NotedClient final : public websocket_server::Client {
  public:
    const websocket_server::ClientInfo& info() const override { return info_; }
    void accept(std::string_view) override {}
    void reject(unsigned, std::string_view) override {}
    void defer() override {}
    bool send(std::string_view data, websocket_server::Type) override {
        told.emplace_back(data);
        return true;
    }
    bool send_part(std::string_view, websocket_server::Type, bool) override { return false; }
    void publish(std::string_view data, websocket_server::Type) override { told.emplace_back(data); }
    void close(uint16_t code, std::string_view) override { closed = code; }
    size_t buffered_amount() const override { return 0; }
    uint64_t credit() const override { return 0; }
    void join(std::string_view) override {}
    void leave(std::string_view) override {}
    void pause() override { paused = true; }
    void resume() override { paused = false; }

    std::vector<std::string> told;
    uint16_t closed = 0;
    bool paused = false;
    websocket_server::ClientInfo info_;
};

// One server's parts, without clients: what others say is in its history, who is elsewhere in its rosters.
class Machine final : public Bus {
  public:
    explicit Machine(std::deque<std::string>& wire)
        : wire_(wire),
          rooms_(limits_, {.rooms = 100, .history_bytes = 64u << 20}, [](const Room&, uint64_t) {}),
          delivery(rooms_),
          attendance(delivery, commands_),
          chat(options_, rooms_, delivery, attendance),
          server_({}, chat),
          backplane(
              *this,
              {rooms_, delivery, attendance, chat,
               [this](unsigned ms, std::function<void()> task) { later_.emplace_back(ms, std::move(task)); }},
              true) {
        delivery.attach(server_);
        delivery.set_relay(&backplane);
        attendance.set_announcer(&backplane);
        chat.attach(server_);
        chat.set_courier(&backplane);
    }

    void publish(std::string_view payload) override {
        if (connected) wire_.emplace_back(payload);
    }

    Room& room(std::string_view name = "") {
        const bool known = rooms_.find(name) != nullptr;
        Room& room = *rooms_.open(name);
        if (!known) backplane.fill(room);  // as for its first client
        return room;
    }
    MemberRef member(std::string_view name, std::string_view user = {}, std::string_view in = "") {
        auto member = std::make_shared<Member>();
        member->room = &room(in);
        member->lines = true;
        member->user = user;
        ++member->room->lines;
        attendance.name(member, name, {});
        members_.push_back(member);
        return member;
    }
    /// One who notes what it is told.
    std::shared_ptr<NotedClient> client(std::string_view name, std::string_view user = {},
                                        std::string_view in = "") {
        auto client = std::make_shared<NotedClient>();
        client->info_.user = user;
        client->info_.path_info = "/" + std::string(in);
        client->info_.protocols = {std::string(kSubprotocol)};
        chat.on_asked([] { return true; });
        chat.on_room([this](Room& room) { backplane.fill(room); });
        chat.on_open(*client);
        if (!name.empty()) write(*client, "hello " + std::string(name));
        client->told.clear();
        clients_.push_back(client);
        return client;
    }
    std::shared_ptr<NotedClient> plain_client() {
        auto client = std::make_shared<NotedClient>();
        chat.on_asked([] { return true; });
        chat.on_open(*client);
        clients_.push_back(client);
        return client;
    }
    void write(NotedClient& client, const std::string& line) { chat.on_message(client, {.data = line}); }
    void say(std::string_view text) {
        if (!speaker_) speaker_ = member("speaker");
        delivery.say(speaker_, text, false, {});
    }
    std::string heard(std::string_view in = "") {
        std::string all;
        for (const Message& message : room(in).history.messages())
            all += message.text + ' ';
        return all;
    }
    std::string names(std::string_view in = "") {
        std::string all;
        for (const auto& [name, entry] : room(in).roster.entries())
            all += name + (entry.person.verified ? "! " : " ");
        return all;
    }

    /// Does what it wanted to do within so many milliseconds from now on.
    void pass(unsigned ms) {
        for (auto& [due, task] : std::exchange(later_, {})) {
            if (due <= ms) {
                task();
            } else {
                later_.emplace_back(due - ms, std::move(task));
            }
        }
    }

    bool connected = true;

  private:
    std::deque<std::string>& wire_;
    HistoryLimits limits_{.messages = 100000, .bytes = 64u << 20};
    bool commands_ = true;
    ChatOptions options_;
    Rooms rooms_;

  public:
    Delivery delivery;
    Attendance attendance;

    Chat chat;

  private:
    websocket_server::Server server_;
    std::vector<std::shared_ptr<NotedClient>> clients_;
    std::vector<std::pair<unsigned, std::function<void()>>> later_;
    std::vector<MemberRef> members_;
    MemberRef speaker_;

  public:
    Backplane backplane;
};

class TwoMachines : public testing::Test {
  protected:
    // Brings everything that is on the wire, and what that leads to, to all.
    void deliver() {
        while (!wire_.empty()) {
            const std::string payload = wire_.front();
            wire_.pop_front();
            if (one.connected) one.backplane.on_payload(payload, now_);
            if (two.connected) two.backplane.on_payload(payload, now_);
        }
    }
    void connect() {
        one.backplane.on_connected(now_);
        two.backplane.on_connected(now_);
        settle();
    }
    // Some seconds pass.
    void settle(unsigned seconds = 5) {
        for (unsigned i = 0; i < 10 * seconds; ++i) {
            deliver();
            now_ += 100;
            for (Machine* machine : {&one, &two}) {
                machine->pass(100);
                if (i % 10 == 9) machine->backplane.on_tick(now_);
            }
        }
        deliver();
    }

    std::deque<std::string> wire_;
    uint64_t now_ = 1000000;
    Machine one{wire_}, two{wire_};
};

}  // namespace chat
