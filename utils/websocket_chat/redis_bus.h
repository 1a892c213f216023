// A channel of Redis as the bus, on a thread of its own: one connection that listens, one that publishes (a
// Redis connection that listens can do nothing else). It connects again, later and later, when it is lost.
// In: payloads. Out: those of the channel, and news of the connection.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "backplane.h"
#include "redis_url.h"

namespace chat {

class RedisBus final : public Bus {
  public:
    struct Events {
        /// Called on the bus's thread.
        std::function<void()> connected;
        std::function<void()> arrived;  ///< there is something to take(); not again before all was taken
    };

    RedisBus(RedisUrl url, Events events);
    ~RedisBus() override;
    RedisBus(const RedisBus&) = delete;
    RedisBus& operator=(const RedisBus&) = delete;

    /// An empty string, or why this build has no bus.
    static std::string missing();

    void start();
    /// Sends what was published, for as long as that takes a second at most, and ends the thread.
    void stop();

    /// Dropped while there is no connection, or too much waits for it.
    void publish(std::string_view payload) override;
    /// What has come, oldest first, until it makes so many bytes. `more`: something is left; it is not told
    /// of again.
    std::vector<std::string> take(size_t bytes, bool& more);

  private:
    class Session;

    void run();
    /// Waits, unless it is to stop: a random time around `ms`.
    void pause(unsigned ms);
    void wake();
    void deliver(std::string_view payload);
    std::vector<std::string> outgoing(size_t bytes);

    const RedisUrl url_;
    const Events events_;
    std::thread thread_;
    int wake_ = -1;  // eventfd
    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;  // guards the following
    bool connected_ = false;
    std::deque<std::string> outgoing_, arrived_;
    size_t outgoing_bytes_ = 0, arrived_bytes_ = 0;
};

}  // namespace chat
