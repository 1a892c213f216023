// Mode echo: the relay rows. N clients, each with W messages of S bytes on their way.
#pragma once

#include "mode.h"
#include "swarm.h"

namespace marmoset::bench {

inline Report run_echo(const Options& options) {
    Target target(options.target);
    const auto tls = tls_settings(options);
    Payload payload(options.size, options.text);
    Meters meters(options);
    Swarm swarm(client_settings(options, target, tls.get(), payload), options.clients);
    swarm.open();
    swarm.start();
    swarm.run(now_ns() + seconds_ns(options.warmup));
    swarm.reset();

    Span span(meters);
    swarm.run(now_ns() + seconds_ns(options.seconds), options.messages);
    span.stop();
    uint64_t messages = swarm.messages();
    Histogram latency = swarm.latency();
    swarm.drain();

    Report report("echo");
    report.add("clients", uint64_t{options.clients});
    report.add("size", uint64_t{options.size});
    report.add("window", uint64_t{options.window});
    span.report(report, "messages", messages);
    report_latency(report, latency);
    report.add("closed_cleanly", swarm.close());
    return report;
}

}  // namespace marmoset::bench
