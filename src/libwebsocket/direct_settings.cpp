#include "libwebsocket/direct_settings.h"

#include <algorithm>

namespace marmoset::libwebsocket {

namespace {

link::DirectRules rules_of(const link::Hello& gateway) {
    return gateway.direct.value_or(link::DirectRules());
}

}  // namespace

DirectSettings::DirectSettings(const Options& options, const link::Hello& gateway)
    : deflate_contexts_(static_cast<int>(rules_of(gateway).compression_level),
                        rules_of(gateway).compression_threshold),
      queue_(rules_of(gateway).queue) {
    const link::DirectRules rules = rules_of(gateway);
    session_.max_message = std::min(options.max_message, gateway.max_message);
    session_.max_fragments = rules.max_fragments;
    session_.ping_ms = rules.ping_ms;
    session_.ping_misses = rules.ping_misses;
    session_.close_timeout_ms = rules.close_timeout_ms;
    session_.send_timeout_ms = rules.send_timeout_ms;
    session_.drop_published = rules.drop_published;
    // Of what the program itself sends: it watches buffered_amount(); memory has its own limit.
    session_.max_queue = UINT64_MAX;
}

}  // namespace marmoset::libwebsocket
