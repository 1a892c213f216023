#include "server_entries.h"

#include "base/pattern.h"
#include "base/text.h"
#include "device_file.h"
#include "log/logger.h"

namespace marmoset::websocket_module {

namespace {

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
    link.dialect = read_dialect(entry, "messages", base, place.kind == Place::Kind::Unix);
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

Dialect read_dialect(const config::Section& section, const char* type_key, const Dialect& base,
                     bool possible) {
    Dialect dialect = base;
    const std::string_view options = section.string("options");
    if (list_contains(options, "direct")) dialect.direct = true;
    if (list_contains(options, "relay")) dialect.direct = false;
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
    if (dialect.direct && (!possible || dialect.framing != Dialect::Framing::Bytes)) {
        dialect.direct = false;
        log::warning("{}: no direct mode with {}: messages are relayed", section.location("options"),
                     possible ? "framing lines or records" : "tcp, tty and fifo");
    }
    return dialect;
}

Result<DialectsByName> read_names(const config::Section& section, const Dialect& base) {
    DialectsByName names;
    std::unordered_map<std::string, std::string> places;  // where each name stands in the file
    for (const config::Section& entry : section.groups("names")) {
        if (!entry.has("name") && !entry.has("framing") && !entry.has("type") && !entry.has("options"))
            continue;  // empty
        const std::string name(entry.string("name"));
        if (name.empty()) return entry.error("name", "missing: which socket of docroot is meant?");
        if (!is_name(name)) {
            return entry.error("name", "\"" + name +
                                           "\" names no socket below docroot; as in a path, without " +
                                           "the leading slash");
        }
        const auto [place, is_new] = places.emplace(name, entry.location("name"));
        if (!is_new) return entry.error("name", "\"" + name + "\" stands already at " + place->second);
        names[name] = read_dialect(entry, "type", base);
    }
    return names;
}

Result<std::vector<LinkEntry>> read_links(const config::Section& section, const Dialect& base) {
    std::vector<LinkEntry> links;
    for (const config::Section& entry : section.groups("links")) {
        if (!entry.has("origin") && !entry.has("destination") && !entry.has("source")) continue;  // empty
        auto link = read_link(entry, base);
        if (!link) return link.error();
        links.push_back(link.take());
    }
    return links;
}

}  // namespace marmoset::websocket_module
