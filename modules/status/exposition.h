// The counters as text: what monitoring reads. In: the page that all workers share. Out: Prometheus's text
// format, version 0.0.4, or JSON.
#pragma once

#include <string>
#include <string_view>

#include "base/counters.h"

namespace marmoset::status_module {

enum class Format : uint8_t { Prometheus, Json };

std::string_view content_type(Format format);

/// What a client wants: `query` with format=json or format=prometheus decides, else the field Accept. Where
/// neither prefers one: Prometheus.
Format choose_format(std::string_view query, std::string_view accept);

/// All counters, summed over the workers.
std::string write_counters(const CounterPage& page, Format format);

}  // namespace marmoset::status_module
