// Mode idle: what a client costs that is connected and silent.
#pragma once

#include "mode.h"
#include "swarm.h"

namespace marmoset::bench {

inline Report run_idle(const Options& options) {
    Target target(options.target);
    const auto tls = tls_settings(options);
    Payload payload(options.size, options.text);
    Meters meters(options);
    ClientSettings settings = client_settings(options, target, tls.get(), payload);
    {
        // What a server allocates once, at its first clients, is not a cost of each client.
        Swarm first(settings, 16);
        first.open();
        first.start();
        first.drain();
        first.close();
    }
    Swarm swarm(settings, options.clients);
    Memory before = meters.gateway.memory();
    Memory backend_before = meters.backend.memory();
    uint64_t slab_before = kernel_slab_bytes();
    swarm.open();
    swarm.hold(now_ns() + seconds_ns(options.seconds));
    Memory silent = meters.gateway.memory();
    Memory backend_silent = meters.backend.memory();
    uint64_t slab = kernel_slab_bytes();
    Span held(meters);
    swarm.hold(now_ns() + seconds_ns(options.seconds));
    held.stop();

    // All are alive: one checked message each; what stays afterwards belongs to a client that has spoken.
    swarm.start();
    swarm.drain();
    swarm.hold(now_ns() + seconds_ns(options.seconds));
    Memory spoken = meters.gateway.memory();

    auto each = [&](uint64_t after, uint64_t start) {
        return (static_cast<double>(after) - static_cast<double>(start)) /
               static_cast<double>(options.clients);
    };
    Report report("idle");
    report.add("clients", uint64_t{options.clients});
    report.add("alive", swarm.messages());
    report.add("pss_bytes_per_client", each(silent.pss, before.pss));
    report.add("rss_bytes_per_client", each(silent.rss, before.rss));
    report.add("pss_bytes_per_client_after_echo", each(spoken.pss, before.pss));
    report.add("backend_bytes_per_client", each(backend_silent.pss, backend_before.pss));
    report.add("kernel_bytes_per_client", each(slab, slab_before));
    report.add("pss_bytes_before", before.pss);
    report.add("pss_bytes_held", silent.pss);
    report.add("cpu_us_per_second_held", static_cast<double>(held.cpu_ns()) / 1e3 / held.seconds());
    report.add("closed_cleanly", swarm.close());
    return report;
}

}  // namespace marmoset::bench
