#include "settings.h"

#include <fcntl.h>

#include <cerrno>

#include "base/text.h"
#include "log/logger.h"

namespace marmoset::websocket_module {

namespace {

void read_compression(const config::Section& section, Settings& settings) {
    if (!section.boolean("compression")) return;
    const std::string_view takeover = section.string("context_takeover");
    const bool both = equal_caseless(takeover, "both");
    settings.deflate = websocket::DeflatePolicy{
        .window_bits = static_cast<uint8_t>(section.integer("compression_window")),
        .server_takeover = both || equal_caseless(takeover, "server"),
        .client_takeover = both || equal_caseless(takeover, "client"),
    };
    settings.compression_level = static_cast<unsigned>(section.integer("compression_level"));
    settings.deflate_contexts = std::make_unique<websocket::DeflateContexts>(
        static_cast<int>(settings.compression_level), section.size("compression_threshold"));
}

}  // namespace

link::DirectRules Settings::direct_rules() const {
    link::DirectRules rules;
    rules.max_fragments = session.max_fragments;
    rules.ping_ms = session.ping_ms;
    rules.ping_misses = session.ping_misses;
    rules.close_timeout_ms = session.close_timeout_ms;
    rules.send_timeout_ms = session.send_timeout_ms;
    rules.queue = session.max_queue;
    rules.drop_published = session.drop_published;
    if (!deflate) return rules;
    rules.compression_level = compression_level;
    rules.compression_threshold = deflate_contexts->threshold();
    return rules;
}

Result<Settings> read_settings(const config::Section& section, bool check_only) {
    Settings settings;
    settings.dialect = read_dialect(section, "type", {});
    auto links = read_links(section, settings.dialect);
    if (!links) return links.error();
    settings.links = links.take();
    auto names = read_names(section, settings.dialect);
    if (!names) return names.error();
    settings.names = names.take();
    if (settings.links.empty() || section.has("docroot")) {
        settings.docroot = section.string("docroot");
        settings.docroot_fd =
            FileDescriptor(open(settings.docroot.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!settings.docroot_fd && !check_only)
            return section.error("docroot", errno_error("open folder", settings.docroot, errno).text);
    }
    settings.allow = section.string("allow");
    settings.deny = section.string("deny");
    settings.deny_last = section.boolean("denylast");
    settings.origin = section.string("origin");
    settings.handshake_timeout_ms = section.milliseconds("handshake_timeout");
    settings.link_timeout_ms = section.milliseconds("link_timeout");
    settings.headers = section.strings("headers");
    for (const std::string& name : settings.headers) {
        if (!is_token(name)) return section.error("headers", "\"" + name + "\" is not the name of a header");
    }
    websocket::SessionSettings& session = settings.session;
    session.max_message = section.size("max_message");
    session.max_fragments = static_cast<uint32_t>(section.integer("max_fragments"));
    session.max_queue = section.size("queue");
    session.drop_published = equal_caseless(section.string("overflow"), "drop");
    session.ping_ms = section.milliseconds("ping");
    session.ping_misses = static_cast<unsigned>(section.integer("ping_misses"));
    session.close_timeout_ms = section.milliseconds("close_timeout");
    session.send_timeout_ms = section.milliseconds("send_timeout");
    read_compression(section, settings);
    return settings;
}

}  // namespace marmoset::websocket_module
