// What the configuration says of single servers: entries of `names` (below the docroot) and of `links`
// (elsewhere). In: sections. Out: places and dialects, or what is wrong with file and line.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "config/section.h"
#include "place.h"

namespace marmoset::websocket_module {

using config::Key;
using config::Type;

/// Looks a std::string key up by a view of it.
struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

/// An entry of `links`: paths that lead to a server outside the docroot.
struct LinkEntry {
    std::string origin;  ///< a pattern list, or the beginning of a path: "lab/sensor"
    Place place;
    Dialect dialect;
    /// Whether `path` ("/lab/sensor/3") leads there; `path_info` is what follows then.
    bool matches(std::string_view path, std::string_view& path_info) const;
    /// True: its clients share one open device.
    bool is_device() const { return place.kind == Place::Kind::Tty || place.kind == Place::Kind::Fifo; }
};

using DialectsByName = std::unordered_map<std::string, Dialect, TextHash, std::equal_to<>>;

/// `framing` and, under `type_key`, the messages' type of a section that may leave them out: then `base`
/// counts.
/// Direct mode where it can't be had (`possible` false, or another framing than bytes) is warned of, and is
/// relay.
Dialect read_dialect(const config::Section& section, const char* type_key, const Dialect& base,
                     bool possible = true);
/// `section` is the websocket group; `base` its own dialect.
Result<DialectsByName> read_names(const config::Section& section, const Dialect& base);
Result<std::vector<LinkEntry>> read_links(const config::Section& section, const Dialect& base);

inline constexpr const char* kFramings = "bytes|lines|records";
inline constexpr const char* kMessageTypes = "text|binary|auto";

/// Of one entry of `names`.
inline constexpr std::array kNameKeys = {
    Key{.name = "name",
        .type = Type::String,
        .default_text = nullptr,
        .help = "The socket below docroot, as a path asks for it: \"sensor\", \"lab/sensor\"."},
    Key{.name = "framing",
        .type = Type::String,
        .default_text = nullptr,
        .help = "Its framing; unset: the group's.",
        .choices = kFramings},
    Key{.name = "type",
        .type = Type::String,
        .default_text = nullptr,
        .help = "Its type; unset: the group's.",
        .choices = kMessageTypes},
    Key{.name = "options",
        .type = Type::Words,
        .default_text = nullptr,
        .help = "direct: it gets its clients' own connections; relay: it does not; unset: as the group.",
        .choices = "direct|relay"},
};

/// Of one entry of `links`.
inline constexpr std::array kLinkKeys = {
    Key{.name = "origin",
        .type = Type::String,
        .default_text = nullptr,
        .help =
            "Paths that lead there: their first components without the leading slash, or patterns (with one "
            "of ^ $ * ,)."},
    Key{.name = "destination",
        .type = Type::String,
        .default_text = nullptr,
        .help = "Path of the socket (unix), host (tcp), device (tty), or the named pipe that clients' "
                "messages go to (fifo)."},
    Key{.name = "type",
        .type = Type::String,
        .default_text = "unix",
        .help = "What destination is.",
        .choices = "unix|tcp|tty|fifo"},
    Key{.name = "port",
        .type = Type::String,
        .default_text = nullptr,
        .help = "Port of a tcp destination, a number or the name of a service."},
    Key{.name = "baud",
        .type = Type::String,
        .default_text = nullptr,
        .help = "Bits a second of a tty; unset: as the device is set."},
    Key{.name = "source",
        .type = Type::String,
        .default_text = nullptr,
        .help = "The named pipe that messages to the clients come from (fifo)."},
    Key{.name = "framing",
        .type = Type::String,
        .default_text = nullptr,
        .help = "Its framing; unset: the group's.",
        .choices = kFramings},
    Key{.name = "messages",
        .type = Type::String,
        .default_text = nullptr,
        .help = "What type is in the group; unset: as there.",
        .choices = kMessageTypes},
    Key{.name = "options",
        .type = Type::Words,
        .default_text = nullptr,
        .help = "direct: it gets its clients' own connections; relay: it does not; unset: as the group.",
        .choices = "direct|relay"},
};

}  // namespace marmoset::websocket_module
