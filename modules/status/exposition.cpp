#include "exposition.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_writer.h"
#include "base/text.h"

namespace marmoset::status_module {

namespace {

constexpr std::string_view kPrefix = "marmoset_";

// CloseReason's names: "PeerClosed" is peer_closed. Labels that are written so already stay as they are.
std::string snake_case(std::string_view name) {
    std::string text;
    for (size_t i = 0; i < name.size(); ++i) {
        const char lower = to_lower(name[i]);
        if (i > 0 && lower != name[i] && name[i - 1] != '_') text.push_back('_');
        text.push_back(lower);
    }
    return text;
}

// RFC 9110 12.4.2, in thousandths; what can't be read counts as 0.
unsigned quality(std::string_view parameters) {
    while (!parameters.empty()) {
        const size_t end = std::min(parameters.find(';'), parameters.size());
        const std::string_view parameter = trim(parameters.substr(0, end));
        parameters.remove_prefix(std::min(end + 1, parameters.size()));
        if (parameter.size() < 3 || to_lower(parameter[0]) != 'q' || parameter[1] != '=') continue;
        if (parameter[2] == '1') return 1000;
        unsigned value = 0;
        unsigned weight = 100;
        for (const char digit : parameter.substr(std::min<size_t>(4, parameter.size()))) {
            if (digit < '0' || digit > '9') return 0;
            value += static_cast<unsigned>(digit - '0') * weight;
            weight /= 10;
        }
        return value;
    }
    return 1000;
}

bool query_says(std::string_view query, std::string_view parameter) {
    while (!query.empty()) {
        const size_t end = std::min(query.find('&'), query.size());
        if (query.substr(0, end) == parameter) return true;
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return false;
}

std::string write_prometheus(const CounterPage& page) {
    std::string text;
    const CounterFamily* family = nullptr;
    for (size_t i = 0; i < kCounterCount; ++i) {
        const auto counter = static_cast<Counter>(i);
        const CounterInfo& info = describe(counter);
        if (info.family != family) {
            family = info.family;
            text += fmt::format("# HELP {0}{1} {2}\n# TYPE {0}{1} {3}\n", kPrefix, family->name, family->help,
                                family->kind == CounterKind::Gauge ? "gauge" : "counter");
        }
        text += kPrefix;
        text += family->name;
        if (*family->label != '\0')
            text += fmt::format("{{{}=\"{}\"}}", family->label, snake_case(info.label_value));
        text += fmt::format(" {}\n", page.sum(counter));
    }
    return text;
}

// A family without a label is a number, one with a label an object of them.
std::string write_json(const CounterPage& page) {
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    const CounterFamily* family = nullptr;
    bool nested = false;
    for (size_t i = 0; i < kCounterCount; ++i) {
        const auto counter = static_cast<Counter>(i);
        const CounterInfo& info = describe(counter);
        if (info.family != family) {
            if (nested) json.end_object();
            family = info.family;
            json.key(family->name);
            nested = *family->label != '\0';
            if (nested) json.begin_object();
        }
        if (nested) json.key(snake_case(info.label_value));
        json.number(page.sum(counter));
    }
    if (nested) json.end_object();
    json.end_object();
    text.push_back('\n');
    return text;
}

}  // namespace

std::string_view content_type(Format format) {
    return format == Format::Json ? "application/json" : "text/plain; version=0.0.4; charset=utf-8";
}

Format choose_format(std::string_view query, std::string_view accept) {
    if (query_says(query, "format=json")) return Format::Json;
    if (query_says(query, "format=prometheus")) return Format::Prometheus;
    unsigned json = 0;
    unsigned prometheus = 0;
    while (const auto element = next_list_element(accept)) {
        const size_t end = std::min(element->find(';'), element->size());
        const std::string_view type = trim(element->substr(0, end));
        const unsigned value = quality(element->substr(end));
        if (equal_caseless(type, "application/json")) json = std::max(json, value);
        if (equal_caseless(type, "text/plain") || type == "text/*" || type == "*/*")
            prometheus = std::max(prometheus, value);
    }
    return json > prometheus ? Format::Json : Format::Prometheus;
}

std::string write_counters(const CounterPage& page, Format format) {
    return format == Format::Json ? write_json(page) : write_prometheus(page);
}

}  // namespace marmoset::status_module
