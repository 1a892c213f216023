// Mode churn: connect, upgrade, one echo, close handshake, the server's end of file; and again.
#pragma once

#include "mode.h"
#include "swarm.h"

namespace marmoset::bench {

inline Report run_churn(const Options& options) {
    Target target(options.target);
    const auto tls = tls_settings(options);
    Payload payload(options.size, options.text);
    Meters meters(options);
    ClientSettings settings = client_settings(options, target, tls.get(), payload);
    settings.window = 1;

    Poller poller;
    Scratch scratch;
    Histogram latency;  // from connect() to the end of the connection
    std::deque<Client> clients;
    std::vector<uint64_t> begun(options.clients);
    for (size_t i = 0; i < options.clients; ++i)
        clients.emplace_back(settings, poller, i);
    auto begin = [&](Client& client) {
        begun[client.index()] = now_ns();
        client.connect();
    };
    for (Client& client : clients)
        begin(client);

    uint64_t sessions = 0;
    uint64_t last = now_ns();
    auto finish = [&](Client& client) {
        ++sessions;
        last = now_ns();
        latency.record(last - begun[client.index()]);
        begin(client);
    };
    auto run = [&](uint64_t deadline, uint64_t count) {
        while (now_ns() < deadline && sessions < count) {
            for (epoll_event& event : poller.wait(100)) {
                Client& client = *static_cast<Client*>(event.data.ptr);
                switch (client.on_event(event.events, scratch)) {
                    case Progress::Opened:
                        client.start_round(scratch);
                        break;
                    case Progress::RoundDone:
                        client.start_close(scratch);
                        break;
                    case Progress::Ended:
                        finish(client);
                        break;
                    case Progress::CloseDone:  // RFC 6455 7.1.1: the server closes the connection first
                    case Progress::None:
                        break;
                }
            }
            if (now_ns() - last > seconds_ns(20)) throw std::runtime_error("no session ended for 20 s");
        }
    };
    run(now_ns() + seconds_ns(options.warmup), UINT64_MAX);
    sessions = 0;
    latency.clear();
    Span span(meters);
    run(now_ns() + seconds_ns(options.seconds), options.messages);
    span.stop();

    Report report("churn");
    report.add("clients", uint64_t{options.clients});
    report.add("size", uint64_t{options.size});
    span.report(report, "sessions", sessions);
    report_latency(report, latency);
    return report;
}

}  // namespace marmoset::bench
