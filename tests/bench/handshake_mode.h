// Mode handshake: connect, TLS handshake, close; and again. Full ones, or resumed ones.
#pragma once

#include <deque>

#include "mode.h"

namespace marmoset::bench {

/// One connection after the other.
class HandshakeClient {
  public:
    HandshakeClient(const Target& target, const TlsSettings& tls, size_t per_address, Poller& poller,
                    size_t index)
        : target_(&target), tls_(&tls), per_address_(per_address), poller_(&poller), index_(index) {}

    void connect() {
        wire_.connect(*target_, tls_, index_, per_address_);
        interest_ = EPOLLOUT;
        poller_->add(wire_.get(), interest_, this);
        begun_ = now_ns();
    }

    /// True when the handshake is complete.
    bool on_event() {
        uint32_t interest = interest_;
        if (wire_.establish(interest)) return true;
        if (interest != interest_) poller_->change(wire_.get(), interest, this);
        interest_ = interest;
        return false;
    }

    Wire& wire() { return wire_; }
    uint64_t begun() const { return begun_; }

  private:
    const Target* target_;  // these two are owned by run_handshake and outlive this
    const TlsSettings* tls_;
    size_t per_address_;
    Poller* poller_;
    size_t index_;
    Wire wire_;
    uint32_t interest_ = 0;
    uint64_t begun_ = 0;
};

/// Waits for one event; throws after 20 s.
inline void wait_for_event(Poller& poller) {
    if (poller.wait(20'000).empty()) throw std::runtime_error("nothing happened for 20 s");
}

/// A session to resume: TLS 1.3 gives it behind the handshake, so a request is asked, and its answer begun.
inline void fetch_session(const Target& target, TlsSettings& tls, const Options& options) {
    Poller poller;
    HandshakeClient client(target, tls, options.per_address, poller, 0);
    client.connect();
    do {
        wait_for_event(poller);
    } while (!client.on_event());
    std::string request = "GET " + options.path + " HTTP/1.1\r\nHost: " + target.host() + "\r\n\r\n";
    const iovec piece{request.data(), request.size()};
    if (client.wire().send(&piece, 1) != static_cast<ssize_t>(request.size())) fail_errno("send a request");
    poller.change(client.wire().get(), EPOLLIN, nullptr);
    uint8_t answer[Wire::kRecord];
    while (client.wire().receive(answer, sizeof answer) < 0 && errno == EAGAIN)
        wait_for_event(poller);
    if (!tls.has_session()) throw std::runtime_error("the server gives no session to resume");
}

inline Report run_handshake(const Options& options) {
    Target target(options.target);
    const auto tls = tls_settings(options);
    Meters meters(options);
    if (options.resume) {
        fetch_session(target, *tls, options);
        tls->resume(true);
    }
    Poller poller;
    Histogram latency;
    std::deque<HandshakeClient> clients;
    for (size_t i = 0; i < options.clients; ++i)
        clients.emplace_back(target, *tls, options.per_address, poller, i).connect();
    std::string protection;
    uint64_t handshakes = 0;
    uint64_t last = now_ns();
    auto run = [&](uint64_t deadline, uint64_t count) {
        while (now_ns() < deadline && handshakes < count) {
            for (epoll_event& event : poller.wait(100)) {
                HandshakeClient& client = *static_cast<HandshakeClient*>(event.data.ptr);
                if (!client.on_event()) continue;
                if (client.wire().resumed() != options.resume)
                    throw std::runtime_error(options.resume ? "a full handshake" : "a resumed handshake");
                if (protection.empty()) protection = client.wire().protection();
                ++handshakes;
                last = now_ns();
                latency.record(last - client.begun());
                client.connect();
            }
            if (now_ns() - last > seconds_ns(20)) throw std::runtime_error("no handshake for 20 s");
        }
    };
    run(now_ns() + seconds_ns(options.warmup), UINT64_MAX);
    handshakes = 0;
    latency.clear();
    Span span(meters);
    run(now_ns() + seconds_ns(options.seconds), options.messages);
    span.stop();

    Report report("handshake");
    report.add("clients", uint64_t{options.clients});
    report.add("protection", protection);
    span.report(report, "handshakes", handshakes);
    report_latency(report, latency);
    return report;
}

}  // namespace marmoset::bench
