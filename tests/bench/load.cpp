// The load generator: one thread, one epoll, every byte checked. In: a mode and options (--help). Out: one
// line or one JSON object; exit status 1 and a reason as soon as anything a server sent is wrong.
#include <csignal>
#include <cstdio>
#include <exception>

#include "churn_mode.h"
#include "echo_mode.h"
#include "fanout_mode.h"
#include "handshake_mode.h"
#include "idle_mode.h"
#include "stalled_mode.h"
#include "static_mode.h"
#include "storm_mode.h"

namespace {

using namespace marmoset::bench;

Report run(const Options& options) {
    if (options.mode == "echo") return run_echo(options);
    if (options.mode == "idle") return run_idle(options);
    if (options.mode == "churn") return run_churn(options);
    if (options.mode == "handshake") return run_handshake(options);
    if (options.mode == "static") return run_static(options);
    if (options.mode == "fanout") return run_fanout(options);
    if (options.mode == "stalled") return run_stalled(options);
    if (options.mode == "storm") return run_storm(options);
    throw std::runtime_error("no mode called " + options.mode + "; see load --help");
}

}  // namespace

int main(int argc, char** argv) {
    try {
        std::signal(SIGPIPE, SIG_IGN);
        raise_descriptor_limit();
        Options options = parse_options(argc, argv);
        Report report = run(options);
        std::puts((options.json ? report.json() : report.line()).c_str());
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "load: %s\n", error.what());
        return 1;
    }
}
