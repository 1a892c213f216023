// Mode stalled: clients that send and never read. What happens to the rate of the others, and to memory?
#pragma once

#include "mode.h"
#include "swarm.h"

namespace marmoset::bench {

inline Report run_stalled(const Options& options) {
    Target target(options.target);
    const auto tls = tls_settings(options);
    Payload payload(options.size, options.text);
    Payload stalled_payload(options.stalled_size, options.text);
    Meters meters(options);
    const size_t stalled_clients = options.stalled.value_or(1);
    Swarm swarm(client_settings(options, target, tls.get(), payload), options.clients);
    swarm.open();
    swarm.start();
    swarm.run(now_ns() + seconds_ns(options.warmup));

    auto phase = [&](Span& span) {
        swarm.reset();
        span.start();
        swarm.run(now_ns() + seconds_ns(options.seconds));
        span.stop();
        return swarm.messages();
    };
    Span alone(meters);
    uint64_t messages_alone = phase(alone);
    Histogram latency_alone = swarm.latency();
    Memory before = meters.gateway.memory();
    Memory backend_before = meters.backend.memory();

    // One round without an end in sight: 16 GiB, sent as far as the server takes it.
    ClientSettings endless = client_settings(options, target, tls.get(), stalled_payload);
    endless.window = (size_t{16} << 30) / options.stalled_size;
    std::deque<Client> stalled;
    for (size_t i = 0; i < stalled_clients; ++i) {
        Client& client = stalled.emplace_back(endless, swarm.poller(), options.clients + i);
        swarm.guests().push_back(&client);
        client.connect();
    }
    while (std::any_of(stalled.begin(), stalled.end(), [](const Client& client) { return !client.open(); })) {
        swarm.run(now_ns() + seconds_ns(0.01));
    }
    for (Client& client : stalled) {
        client.stop_reading();
        client.start_round(swarm.scratch());
    }
    swarm.run(now_ns() + seconds_ns(options.warmup));

    Span beside(meters);
    uint64_t messages_beside = phase(beside);
    Histogram latency_beside = swarm.latency();
    Memory after = meters.gateway.memory();
    Memory backend_after = meters.backend.memory();
    swarm.drain();

    uint64_t taken = 0;
    for (const Client& client : stalled)
        taken += client.bytes_sent();
    Report report("stalled");
    report.add("clients", uint64_t{options.clients});
    report.add("size", uint64_t{options.size});
    report.add("stalled", uint64_t{stalled_clients});
    alone.report(report, "messages", messages_alone, "_alone");
    report_latency(report, latency_alone, "_alone");
    beside.report(report, "messages", messages_beside, "_beside");
    report_latency(report, latency_beside, "_beside");
    report.add("rate_kept", beside.rate(messages_beside) / alone.rate(messages_alone));
    report.add("pss_bytes_before", before.pss);
    report.add("pss_bytes_after", after.pss);
    auto grown = [&](const Memory& now, const Memory& then) {
        return (static_cast<double>(now.pss) - static_cast<double>(then.pss)) /
               static_cast<double>(stalled_clients);
    };
    report.add("gateway_grown_per_stalled", grown(after, before));
    report.add("backend_grown_per_stalled", grown(backend_after, backend_before));
    report.add("grown_per_stalled", grown(after, before) + grown(backend_after, backend_before));
    report.add("taken_per_stalled", taken / stalled_clients);
    report.add("dropped", uint64_t{stalled_clients - swarm.guests().size()});
    return report;
}

}  // namespace marmoset::bench
