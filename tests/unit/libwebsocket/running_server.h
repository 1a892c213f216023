// A real Server on a thread of its own, in a folder that goes away with it, and a handler that tells the test
// what it was told.
#pragma once

#include <gtest/gtest.h>

#include <stdlib.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>

#include "fake_gateway.h"
#include "libwebsocket/websocket_server.h"

namespace marmoset::libwebsocket {

using websocket_server::Client;
using websocket_server::Message;
using websocket_server::Options;
using websocket_server::Server;
using websocket_server::Type;

class TemporaryFolder {
  public:
    TemporaryFolder() {
        char name[] = "/tmp/libwebsocket.XXXXXX";
        path_ = mkdtemp(name);
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

/// Echoes unless told otherwise; what happened is kept as one text an event.
class TestHandler : public websocket_server::Handler {
  public:
    std::function<void(Client&)> opened;
    std::function<void(Client&, const Message&)> received = [](Client& client, const Message& message) {
        client.send(message.data, message.type);
    };
    std::function<void(Client&)> drained;

    void on_open(Client& client) override {
        if (opened) opened(client);
    }
    void on_message(Client& client, const Message& message) override { received(client, message); }
    void on_close(Client& client, uint16_t code, std::string_view reason) override {
        note("closed " + client.info().id + " " + std::to_string(code) + " " + std::string(reason));
    }
    void on_drained(Client& client) override {
        note("drained " + client.info().id);
        if (drained) drained(client);
    }

    void note(std::string event) {
        const std::lock_guard lock(mutex_);
        events_.push_back(std::move(event));
        changed_.notify_all();
    }
    /// The next event; "(nothing)" when none comes.
    std::string event() {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, std::chrono::milliseconds(kPatienceMs),
                               [this] { return !events_.empty(); })) {
            return "(nothing)";
        }
        std::string first = std::move(events_.front());
        events_.pop_front();
        return first;
    }
    bool no_event() {
        const std::lock_guard lock(mutex_);
        return events_.empty();
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> events_;
};

class RunningServer {
  public:
    /// The handler's functions are set before the first client comes.
    explicit RunningServer(Options options = {}) : server_(fill(std::move(options)), handler) {
        const std::string error = server_.listen();
        EXPECT_EQ(error, "");
        if (error.empty()) thread_ = std::thread([this] { status_ = server_.run(); });
    }
    ~RunningServer() { stop(); }

    int stop() {
        if (thread_.joinable()) {
            server_.stop();
            thread_.join();
        }
        return status_;
    }
    /// Runs `task` on the server's thread and waits for it.
    void on_server(const std::function<void()>& task) {
        std::promise<void> done;
        server_.post([&] {
            task();
            done.set_value();
        });
        ASSERT_EQ(done.get_future().wait_for(std::chrono::milliseconds(kPatienceMs)),
                  std::future_status::ready);
    }
    size_t clients() {
        size_t count = 0;
        on_server([&] { count = server_.clients(); });
        return count;
    }
    std::string path() const { return folder_.path() + "/test"; }
    Server& server() { return server_; }

    TestHandler handler;

  private:
    Options fill(Options options) {
        options.directory = folder_.path();
        options.name = "test";
        return options;
    }

    TemporaryFolder folder_;
    Server server_;
    std::thread thread_;
    int status_ = -1;
};

/// Bytes that differ at every place of a large message.
inline std::string pattern(size_t size, unsigned seed = 1) {
    std::string bytes(size, '\0');
    uint32_t state = seed * 2654435761u + 1;
    for (char& byte : bytes) {
        state = state * 1664525u + 1013904223u;
        byte = static_cast<char>(state >> 24);
    }
    return bytes;
}

}  // namespace marmoset::libwebsocket
