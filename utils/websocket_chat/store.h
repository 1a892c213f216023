// The history in a file: an SQLite database (WAL), written by a thread of its own. What has come in while one
// commit was under way becomes the next one. In: messages. Out: how many of them are safe; at the start,
// those of the last time.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "delivery.h"

struct sqlite3;

namespace chat {

class Store final : public Keeper {
  public:
    /// What became of messages: the next `count` of them are stored, or (not `good`) can't be.
    struct Answer {
        size_t count;
        bool good;
    };

    /// `answered` is called on the store's thread when there are answers.
    explicit Store(std::function<void()> answered);
    ~Store() override;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    /// Opens the file, which is made if it is not there, for this process alone. Returns an empty string, or
    /// one line that says what failed.
    std::string open(const std::string& path);
    /// Calls `take` with each message of the file, oldest first. Before start().
    std::string load(const std::function<void(std::string_view room, Message message)>& take);
    /// Forgets what is not kept any more: messages of the room that have been stored, whose position is below
    /// `oldest`. Before start(), and after.
    void trim(std::string_view room, uint64_t oldest);
    void start();
    /// Commits what is under way, and ends the thread.
    void stop();
    /// Those since the last call, in the order of the messages.
    std::vector<Answer> answers();

    void keep(std::string_view room, const Message& message) override;

  private:
    struct Statements;
    struct Task {
        std::string room;
        Message message;
    };
    using Trims = std::map<std::string, uint64_t, std::less<>>;  // room, first position that stays

    void run();
    bool commit(const std::vector<Task>& tasks, const Trims& trims);
    bool insert(const Task& task);
    std::string error() const;

    const std::function<void()> answered_;
    int lock_ = -1;  // descriptor of the file, locked
    sqlite3* database_ = nullptr;
    std::unique_ptr<Statements> statements_;
    std::thread thread_;
    std::mutex mutex_;  // guards the following
    std::condition_variable changed_;
    std::vector<Task> tasks_;
    Trims trims_;
    std::vector<Answer> answers_;
    bool stopping_ = false;
};

}  // namespace chat
