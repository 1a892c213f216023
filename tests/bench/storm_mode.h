// Mode storm: full TLS handshakes without an end. How long do clients that are connected wait meanwhile?
#pragma once

#include "handshake_mode.h"
#include "swarm.h"

namespace marmoset::bench {

/// So many handshakes under way; each that is done is followed by another. Moved on in small steps, so that
/// the generator's own part of them does not show in others' latency more than it must.
class Storm {
  public:
    Storm(const Target& target, const TlsSettings& tls, const Options& options, size_t index) {
        for (size_t i = 0; i < options.storm; ++i)
            clients_.emplace_back(target, tls, options.per_address, poller_, index + i).connect();
    }

    /// Looks after one connection at most.
    void step() {
        if (events_.empty()) events_ = poller_.wait(0);
        if (events_.empty()) return;
        HandshakeClient& client = *static_cast<HandshakeClient*>(events_.front().data.ptr);
        events_ = events_.subspan(1);
        if (!client.on_event()) return;
        ++handshakes_;
        latency_.record(now_ns() - client.begun());
        client.connect();
    }

    uint64_t handshakes() const { return handshakes_; }
    const Histogram& latency() const { return latency_; }
    void reset() {
        handshakes_ = 0;
        latency_.clear();
    }

  private:
    Poller poller_;
    std::span<epoll_event> events_;  // of the last wait, those not looked at yet
    std::deque<HandshakeClient> clients_;
    Histogram latency_;
    uint64_t handshakes_ = 0;
};

inline Report run_storm(const Options& options) {
    Target target(options.target);
    const auto tls = tls_settings(options);
    Payload payload(options.size, options.text);
    Meters meters(options);
    Swarm swarm(client_settings(options, target, tls.get(), payload), options.clients);
    swarm.open();
    swarm.start();
    swarm.run(now_ns() + seconds_ns(options.warmup));

    swarm.reset();
    Span alone(meters);
    // As beside the storm: polling, not sleeping.
    swarm.run_beside(now_ns() + seconds_ns(options.seconds), [] {});
    alone.stop();
    const uint64_t messages_alone = swarm.messages();
    const Histogram latency_alone = swarm.latency();

    Storm storm(target, *tls, options, options.clients);
    auto beside = [&](double seconds) {
        swarm.run_beside(now_ns() + seconds_ns(seconds), [&] { storm.step(); });
    };
    beside(options.warmup);
    swarm.reset();
    storm.reset();
    Span together(meters);
    beside(options.seconds);
    together.stop();

    Report report("storm");
    report.add("clients", uint64_t{options.clients});
    report.add("size", uint64_t{options.size});
    report.add("storm", uint64_t{options.storm});
    alone.report(report, "messages", messages_alone, "_alone");
    report_latency(report, latency_alone, "_alone");
    together.report(report, "messages", swarm.messages(), "_beside");
    report_latency(report, swarm.latency(), "_beside");
    report.add("handshakes_per_second", together.rate(storm.handshakes()));
    report_latency(report, storm.latency(), "_handshake");
    return report;
}

}  // namespace marmoset::bench
