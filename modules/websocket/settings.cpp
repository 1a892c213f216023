#include "settings.h"

#include <fcntl.h>

#include <cerrno>

#include "base/text.h"
#include "device_file.h"
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
    settings.deflate_contexts = std::make_unique<websocket::DeflateContexts>(
        static_cast<int>(section.integer("compression_level")), section.size("compression_threshold"));
}

// `section` may leave a key out: then `base` counts.
Dialect read_dialect(const config::Section& section, const char* type_key, const Dialect& base) {
    Dialect dialect = base;
    if (section.has("framing")) {
        const std::string_view framing = section.string("framing");
        dialect.framing = equal_caseless(framing, "lines")     ? Dialect::Framing::Lines
                          : equal_caseless(framing, "records") ? Dialect::Framing::Records
                                                               : Dialect::Framing::Bytes;
    }
    if (section.has(type_key)) {
        const std::string_view type = section.string(type_key);
        dialect.type = equal_caseless(type, "binary") ? Dialect::Type::Binary
                       : equal_caseless(type, "auto") ? Dialect::Type::Auto
                                                      : Dialect::Type::Text;
    }
    return dialect;
}

// "lab/echo" may be a name, "/echo", "a//b" and "../echo" never are.
bool is_name(std::string_view name) {
    for (;;) {
        const size_t slash = name.find('/');
        const std::string_view part = name.substr(0, slash);
        if (part.empty() || part == "." || part == "..") return false;
        if (slash == std::string_view::npos) return true;
        name.remove_prefix(slash + 1);
    }
}

Result<void> read_names(const config::Section& section, Settings& settings) {
    std::unordered_map<std::string, std::string> places;  // where each name stands in the file
    for (const config::Section& entry : section.groups("names")) {
        const std::string name(entry.string("name"));
        if (name.empty()) return entry.error("name", "missing: which socket of docroot is meant?");
        if (!is_name(name)) {
            return entry.error("name", "\"" + name +
                                           "\" names no socket below docroot; as in a path, without " +
                                           "the leading slash");
        }
        const auto [place, is_new] = places.emplace(name, entry.location("name"));
        if (!is_new) return entry.error("name", "\"" + name + "\" stands already at " + place->second);
        settings.names[name] = read_dialect(entry, "type", settings.dialect);
    }
    return {};
}

// Keys that mean something to other types only are mistakes worth telling.
Result<void> check_keys(const config::Section& entry, std::string_view type, bool tcp, bool tty, bool fifo) {
    const std::string suffix = " has no meaning with type \"" + std::string(type) + "\"";
    if (!tcp && entry.has("port")) return entry.error("port", "port" + suffix);
    if (!tty && entry.has("baud")) return entry.error("baud", "baud" + suffix);
    if (!fifo && entry.has("source")) return entry.error("source", "source" + suffix);
    return {};
}

Result<LinkEntry> read_link(const config::Section& entry, const Dialect& base) {
    LinkEntry link;
    link.origin = entry.string("origin");
    if (link.origin.empty()) return entry.error("origin", "missing: which paths lead there?");
    if (link.origin.find_first_of("^$*,") == std::string::npos) {
        while (link.origin.starts_with('/'))
            link.origin.erase(0, 1);
        while (link.origin.ends_with('/'))
            link.origin.pop_back();
        if (link.origin.empty())
            return entry.error("origin", "\"/\" names no path; \"^/\" is the pattern of all");
    }
    const std::string_view type = entry.string("type");
    const bool tcp = equal_caseless(type, "tcp");
    const bool tty = equal_caseless(type, "tty");
    const bool fifo = equal_caseless(type, "fifo");
    const auto checked = check_keys(entry, type, tcp, tty, fifo);
    if (!checked) return checked.error();

    Place& place = link.place;
    place.kind = tcp    ? Place::Kind::Tcp
                 : tty  ? Place::Kind::Tty
                 : fifo ? Place::Kind::Fifo
                        : Place::Kind::Unix;
    const std::string destination(entry.string("destination"));
    place.source = entry.string("source");
    if (destination.empty() && place.source.empty())
        return entry.error("destination", "missing: where is the server?");
    if (tcp) {
        place.host = destination;
        place.port = entry.string("port");
        if (place.port.empty()) return entry.error("port", "missing: a tcp destination needs one");
        const bool literal6 = place.host.find(':') != std::string::npos;
        place.name = (literal6 ? "[" + place.host + "]" : place.host) + ":" + place.port;
    } else {
        for (const auto* key : {"destination", "source"}) {
            const std::string_view path = entry.string(key);
            if (!path.empty() && !path.starts_with('/'))
                return entry.error(key, "\"" + std::string(path) + "\" is not an absolute path");
        }
        place.path = destination;
        place.name = destination.empty() ? place.source : destination;
    }
    if (entry.has("baud")) {
        const auto baud = parse_decimal(entry.string("baud"));
        if (!baud || *baud > 4000000 || !is_baud_rate(static_cast<unsigned>(*baud)))
            return entry.error("baud", "not a rate that serial lines have; e.g. \"9600\" or \"115200\"");
        place.baud = static_cast<unsigned>(*baud);
    }
    link.dialect = read_dialect(entry, "messages", base);
    if ((tty || fifo) && link.dialect.framing == Dialect::Framing::Records)
        return entry.error("framing", "records need a connection for each client; tty and fifo are shared");
    return link;
}

}  // namespace

bool LinkEntry::matches(std::string_view path, std::string_view& path_info) const {
    if (origin.find_first_of("^$*,") != std::string::npos) {
        const PatternMatch match = match_pattern_list(origin, path);
        path_info = match.rest;
        // "^/lab/*" has eaten the slash that path_info begins with.
        const auto start = static_cast<size_t>(path_info.data() - path.data());
        if (!path_info.empty() && path_info[0] != '/' && path[start - 1] == '/')
            path_info = path.substr(start - 1);
        return match.matched;
    }
    if (!path.starts_with('/') || !path.substr(1).starts_with(origin)) return false;
    path_info = path.substr(1 + origin.size());
    return path_info.empty() || path_info.starts_with('/');
}

Result<Settings> read_settings(const config::Section& section, bool check_only) {
    Settings settings;
    settings.dialect = read_dialect(section, "type", {});
    for (const config::Section& entry : section.groups("links")) {
        auto link = read_link(entry, settings.dialect);
        if (!link) return link.error();
        settings.links.push_back(link.take());
    }
    if (settings.links.empty() || section.has("docroot")) {
        settings.docroot = section.string("docroot");
        settings.docroot_fd =
            FileDescriptor(open(settings.docroot.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!settings.docroot_fd && !check_only)
            return section.error("docroot", errno_error("open folder", settings.docroot, errno).text);
    }
    const auto names = read_names(section, settings);
    if (!names) return names.error();
    settings.allow = section.string("allow");
    settings.deny = section.string("deny");
    settings.deny_last = section.boolean("denylast");
    settings.origin = section.string("origin");
    settings.handshake_timeout_ms = section.milliseconds("handshake_timeout");
    settings.headers = section.strings("headers");
    for (const std::string& name : settings.headers) {
        if (!is_token(name)) return section.error("headers", "\"" + name + "\" is not the name of a header");
    }
    websocket::SessionSettings& session = settings.session;
    session.max_message = section.size("max_message");
    session.max_fragments = static_cast<uint32_t>(section.integer("max_fragments"));
    session.max_queue = section.size("queue");
    session.ping_ms = section.milliseconds("ping");
    session.ping_misses = static_cast<unsigned>(section.integer("ping_misses"));
    session.close_timeout_ms = section.milliseconds("close_timeout");
    session.send_timeout_ms = section.milliseconds("send_timeout");
    read_compression(section, settings);
    if (list_contains(section.string("options"), "direct")) {
        log::warning("{}: options \"direct\": not in this version, messages are relayed",
                     section.location("options"));
    }
    return settings;
}

}  // namespace marmoset::websocket_module
