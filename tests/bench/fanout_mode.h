// Mode fanout: a room. Some send, each with W messages on their way, all others hear them. What does a
// delivery cost, and what when there is one beside who does not read?
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "fanout_client.h"
#include "histogram.h"
#include "mode.h"

namespace marmoset::bench {

/// Everybody in the room, and the messages on their way: one has arrived when all have heard it.
class FanoutRoom {
  public:
    FanoutRoom(const FanoutSettings& settings, size_t subscribers, size_t window)
        : settings_(settings), window_(window), senders_(settings.senders) {
        for (size_t i = 0; i < settings.senders + subscribers; ++i)
            members_.emplace_back(settings_, poller_, i);
        for (Sender& sender : senders_)
            sender.on_their_way.resize(window);
    }

    uint64_t deliveries() const { return deliveries_; }
    uint64_t messages() const { return messages_; }
    const Histogram& latency() const { return latency_; }
    void reset() {
        deliveries_ = messages_ = 0;
        latency_.clear();
    }

    void open() {
        size_t next = 0;
        size_t opened = 0;
        progress_ = now_ns();
        while (opened < members_.size()) {
            while (next < members_.size() && next - opened < kOpening)
                members_[next++].connect();
            turn();
            opened = 0;
            for (const FanoutClient& member : members_)
                opened += member.open();
            check_progress("opened", opened);
        }
    }

    /// One more who never reads.
    FanoutClient& add_stalled(size_t number) {
        FanoutClient& member = stalled_.emplace_back(settings_, poller_, members_.size() + number);
        member.join_late();
        member.connect();
        progress_ = now_ns();
        while (!member.open()) {
            turn();
            check_progress("opened", 0);
        }
        member.stop_reading();
        return member;
    }

    void run(uint64_t deadline) {
        sending_ = true;
        progress_ = now_ns();
        while (now_ns() < deadline) {
            send();
            turn();
            check_progress("deliveries", deliveries_);
        }
        sending_ = false;
    }

    /// Until everything that was sent has been heard by all.
    void drain() {
        progress_ = now_ns();
        while (on_their_way() > 0) {
            turn();
            check_progress("messages that not all have heard:", on_their_way());
        }
    }

    /// Lets the stalled ones read until they have been told why they are cut off, or `deadline`. How many
    /// were.
    uint64_t cut_off(uint64_t deadline) {
        for (FanoutClient& member : stalled_) {
            if (!member.ended()) member.read_on();
        }
        const auto count = [&] {
            uint64_t found = 0;
            for (const FanoutClient& member : stalled_)
                found += member.ended() || member.close_code() != 0;
            return found;
        };
        while (count() < stalled_.size() && now_ns() < deadline)
            turn(true);
        return count();
    }

  private:
    struct OnItsWay {
        uint64_t sent_at = 0;
        size_t waits_for = 0;  // members that have not heard it
    };
    struct Sender {
        uint64_t next = 0;
        size_t outstanding = 0;
        std::vector<OnItsWay> on_their_way;  // by number, modulo the window
    };

    static constexpr size_t kOpening = 128;
    static constexpr double kStall = 20;  // seconds

    size_t on_their_way() const {
        size_t sum = 0;
        for (const Sender& sender : senders_)
            sum += sender.outstanding;
        return sum;
    }

    void send() {
        for (size_t i = 0; i < senders_.size(); ++i) {
            Sender& sender = senders_[i];
            // Only what follows the oldest that is still on its way fits into the ring.
            size_t count = 0;
            const uint64_t now = now_ns();
            while (count < window_ && sender.on_their_way[(sender.next + count) % window_].waits_for == 0) {
                sender.on_their_way[(sender.next + count) % window_] = {now, members_.size() - 1};
                ++count;
            }
            if (count == 0) continue;
            members_[i].say(sender.next, count);
            sender.next += count;
            sender.outstanding += count;
        }
    }

    void turn(bool late = false) {
        for (epoll_event& event : poller_.wait(late ? 10 : 100)) {
            auto& member = *static_cast<FanoutClient*>(event.data.ptr);
            const uint64_t now = now_ns();
            member.on_event(event.events, buffer_.get(), [&](size_t sender, uint64_t number) {
                if (late) return;  // a stalled one, whom nobody waits for
                OnItsWay& message = senders_[sender].on_their_way[number % window_];
                ++deliveries_;
                latency_.record(now - message.sent_at);
                if (--message.waits_for > 0) return;
                --senders_[sender].outstanding;
                ++messages_;
                progress_ = now;
            });
        }
        if (!sending_) return;
        send();
    }

    // A server that loses a message would keep the generator waiting for ever.
    void check_progress(const char* what, uint64_t count) const {
        if (now_ns() - progress_ < seconds_ns(kStall)) return;
        throw std::runtime_error("nothing happened for 20 s; " + std::string(what) + " " +
                                 std::to_string(count));
    }

    const FanoutSettings settings_;
    const size_t window_;
    Poller poller_;
    std::unique_ptr<uint8_t[]> buffer_ = std::make_unique<uint8_t[]>(FanoutClient::kReceive);
    std::deque<FanoutClient> members_;  // the first ones are the senders
    std::deque<FanoutClient> stalled_;
    std::vector<Sender> senders_;
    Histogram latency_;  // from the write of a message to each read that has it
    uint64_t deliveries_ = 0, messages_ = 0, progress_ = 0;
    bool sending_ = false;
};

inline Report run_fanout(const Options& options) {
    if (options.size < kFanoutHead) throw std::runtime_error("fanout needs --size of at least 14");
    if (options.senders == 0 || options.senders > 99) throw std::runtime_error("--senders is 1 to 99");
    const Target target(options.target);
    const Payload payload(options.size, true);
    const Meters meters(options);
    FanoutSettings settings;
    settings.target = &target;
    settings.payload = &payload;
    settings.path = options.path;
    settings.senders = options.senders;
    settings.per_address = options.per_address;
    FanoutRoom room(settings, options.clients, options.window);
    room.open();
    room.run(now_ns() + seconds_ns(options.warmup));

    Report report("fanout");
    report.add("subscribers", uint64_t{options.clients});
    report.add("senders", uint64_t{options.senders});
    report.add("window", uint64_t{options.window});
    const auto phase = [&](const char* suffix) {
        room.reset();
        Span span(meters);
        room.run(now_ns() + seconds_ns(options.seconds));
        span.stop();
        span.report(report, "deliveries", room.deliveries(), suffix);
        report.add("messages_heard" + std::string(suffix), room.messages());
        report_latency(report, room.latency(), suffix);
        return room.latency().quantile(0.99);
    };
    const uint64_t p99 = phase("");
    if (const size_t stalled = options.stalled.value_or(0); stalled > 0) {
        room.drain();
        const Memory gateway = meters.gateway.memory();
        const Memory backend = meters.backend.memory();
        for (size_t i = 0; i < stalled; ++i)
            room.add_stalled(i);
        const uint64_t beside = phase("_beside");
        const double grown = static_cast<double>(meters.gateway.memory().pss + meters.backend.memory().pss) -
                             static_cast<double>(gateway.pss + backend.pss);
        report.add("p99_ratio", static_cast<double>(beside) / static_cast<double>(p99));
        report.add("grown_bytes", grown);
        room.drain();
        report.add("cut_off", room.cut_off(now_ns() + seconds_ns(5)));
    } else {
        room.drain();
    }
    report.add("lost", uint64_t{0});  // else it would have ended by an exception, or in drain()
    return report;
}

}  // namespace marmoset::bench
