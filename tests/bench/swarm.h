// Many clients on one epoll: opens them all, keeps each sending round after round, lets the last replies come
// in, closes them. In: settings and a number of clients. Out: counts of replies and their latency.
#pragma once

#include <deque>
#include <string>

#include "client.h"
#include "histogram.h"

namespace marmoset::bench {

class Swarm {
  public:
    Swarm(const ClientSettings& settings, size_t count) : settings_(settings) {
        for (size_t i = 0; i < count; ++i)
            clients_.emplace_back(settings_, poller_, i);
    }

    size_t size() const { return clients_.size(); }
    uint64_t messages() const { return messages_; }
    const Histogram& latency() const { return latency_; }
    Poller& poller() { return poller_; }
    Scratch& scratch() { return scratch_; }

    /// Connects and upgrades every client, a limited number at a time so that no listen queue overflows.
    void open() {
        size_t next = 0;
        size_t opened = 0;
        progress_ = now_ns();
        while (opened < clients_.size()) {
            while (next < clients_.size() && next - opened < kOpening)
                clients_[next++].connect();
            for_each_event([&](Client&, Progress progress) { opened += progress == Progress::Opened; });
            check_progress("upgraded", opened);
        }
    }

    /// Every client starts sending; run() keeps it going.
    void start() {
        rounds_open_ = clients_.size();
        for (Client& client : clients_)
            client.start_round(scratch_);
    }

    /// Zeroes the counters, at the end of the warm-up.
    void reset() {
        messages_ = 0;
        latency_.clear();
    }

    /// Until `deadline` or until `messages` replies have been counted: each finished round starts the next.
    void run(uint64_t deadline, uint64_t messages = UINT64_MAX) {
        run_beside(deadline, messages, 100, [] {});
    }

    /// The same, doing `work`, which is to be short, whenever the clients have been looked after.
    template <typename Work>
    void run_beside(uint64_t deadline, Work work) {
        run_beside(deadline, UINT64_MAX, 0, work);
    }

    /// No new rounds; waits until every message sent has come back.
    void drain() {
        progress_ = now_ns();
        while (rounds_open_ > 0) {
            for_each_event(
                [&](Client&, Progress progress) { rounds_open_ -= progress == Progress::RoundDone; });
            check_progress("clients without their last reply:", rounds_open_);
        }
    }

    /// The close handshake on every client; true when all servers answered it. Raw clients just go.
    bool close() {
        if (settings_.boundaries == Boundaries::Raw) return true;
        for (Client& client : clients_)
            client.start_close(scratch_);
        size_t answered = 0;
        uint64_t deadline = now_ns() + seconds_ns(5);
        while (answered < clients_.size() && now_ns() < deadline) {
            for_each_event([&](Client& client, Progress progress) {
                if (progress != Progress::CloseDone) return;
                ++answered;
                client.disconnect();
            });
        }
        return answered == clients_.size();
    }

    /// Sees what happens until `deadline` without sending anything: pings are answered.
    void hold(uint64_t deadline) {
        while (now_ns() < deadline)
            for_each_event([](Client&, Progress) {}, 100);
    }

    /// Another client on the same epoll that is not one of the swarm's; its events come here.
    std::deque<Client*>& guests() { return guests_; }

  private:
    static constexpr size_t kOpening = 128;
    static constexpr double kStall = 20;  // seconds

    template <typename Work>
    void run_beside(uint64_t deadline, uint64_t messages, int timeout_ms, Work work) {
        progress_ = now_ns();
        while (now_ns() < deadline && messages_ < messages) {
            for_each_event(
                [&](Client& client, Progress progress) {
                    if (progress == Progress::RoundDone) client.start_round(scratch_);
                },
                timeout_ms);
            check_progress("answered since the start", messages_);
            work();
        }
    }

    template <typename Handler>
    void for_each_event(Handler handler, int timeout_ms = 100) {
        for (epoll_event& event : poller_.wait(timeout_ms)) {
            Client& client = *static_cast<Client*>(event.data.ptr);
            uint64_t before = client.replies();
            Progress progress = client.on_event(event.events, scratch_);
            if (is_guest(client)) {
                if (progress == Progress::Ended) {
                    client.disconnect();
                    std::erase(guests_, &client);
                }
                continue;
            }
            messages_ += client.replies() - before;
            if (progress == Progress::RoundDone) latency_.record(now_ns() - client.round_start());
            if (progress != Progress::None) progress_ = now_ns();
            handler(client, progress);
        }
    }

    bool is_guest(const Client& client) const {
        return !guests_.empty() && std::find(guests_.begin(), guests_.end(), &client) != guests_.end();
    }

    // A gateway that loses a message would keep the generator waiting for ever.
    void check_progress(const char* what, uint64_t count) {
        if (now_ns() - progress_ < seconds_ns(kStall)) return;
        throw std::runtime_error("nothing happened for 20 s; " + std::string(what) + " " +
                                 std::to_string(count));
    }

    ClientSettings settings_;
    Poller poller_;
    Scratch scratch_;
    std::deque<Client> clients_;
    std::deque<Client*> guests_;  // owned by the mode, outlive their stay here
    Histogram latency_;
    uint64_t messages_ = 0;
    uint64_t progress_ = 0;
    size_t rounds_open_ = 0;
};

}  // namespace marmoset::bench
