// What the modes share: settings out of options, and the measured span of time with its costs.
// In: Options, a ProcessMeter. Out: ClientSettings, fields of the Report.
#pragma once

#include "client.h"
#include "histogram.h"
#include "options.h"
#include "process_meter.h"
#include "report.h"

namespace marmoset::bench {

/// Null without --tls.
inline std::unique_ptr<TlsSettings> tls_settings(const Options& options) {
    if (!options.tls) return nullptr;
    return std::make_unique<TlsSettings>(options.tls_version, options.ciphers);
}

inline ClientSettings client_settings(const Options& options, const Target& target, const TlsSettings* tls,
                                      const Payload& payload) {
    ClientSettings settings;
    settings.target = &target;
    settings.tls = tls;
    settings.payload = &payload;
    settings.path = options.path;
    settings.boundaries = options.raw      ? Boundaries::Raw
                          : options.stream ? Boundaries::Stream
                                           : Boundaries::Messages;
    settings.type = options.text ? websocket::Opcode::Text : websocket::Opcode::Binary;
    settings.window = options.window;
    settings.per_address = options.per_address;
    return settings;
}

/// Who is accounted: CPU time of both together, memory of each.
struct Meters {
    explicit Meters(const Options& options)
        : gateway(options.pids), backend(options.backend_pids), all(options.pids) {
        all.include(options.backend_pids);
    }
    ProcessMeter gateway, backend, all;
};

/// Wall and CPU time between start() and stop().
class Span {
  public:
    explicit Span(const Meters& meters) : meter_(&meters.all) { start(); }

    void start() {
        wall_ = now_ns();
        own_ = own_cpu_ns();
        cpu_ = meter_->cpu_ns();
    }
    void stop() {
        cpu_ = meter_->cpu_ns() - cpu_;
        own_ = own_cpu_ns() - own_;
        wall_ = now_ns() - wall_;
    }

    uint64_t cpu_ns() const { return cpu_; }
    double seconds() const { return static_cast<double>(wall_) / 1e9; }
    double rate(uint64_t count) const { return static_cast<double>(count) / seconds(); }

    /// Adds time, rate and CPU for `count` of `what`, which is a plural; names carry `suffix`.
    void report(Report& report, const std::string& what, uint64_t count,
                const std::string& suffix = "") const {
        report.add(what + suffix, count);
        report.add("seconds" + suffix, seconds());
        report.add("per_second" + suffix, rate(count));
        if (!meter_->empty() && count > 0) {
            report.add("cpu_us" + suffix, static_cast<double>(cpu_) / 1e3 / static_cast<double>(count));
            report.add("server_busy" + suffix, static_cast<double>(cpu_) / static_cast<double>(wall_));
        }
        report.add("generator_busy" + suffix, static_cast<double>(own_) / static_cast<double>(wall_));
    }

  private:
    const ProcessMeter* meter_;  // owned by the mode, outlives this
    uint64_t wall_ = 0, own_ = 0, cpu_ = 0;
};

inline void report_latency(Report& report, const Histogram& latency, const std::string& suffix = "") {
    report.add("p50_us" + suffix, static_cast<double>(latency.quantile(0.5)) / 1e3);
    report.add("p99_us" + suffix, static_cast<double>(latency.quantile(0.99)) / 1e3);
    report.add("max_us" + suffix, static_cast<double>(latency.highest()) / 1e3);
}

}  // namespace marmoset::bench
