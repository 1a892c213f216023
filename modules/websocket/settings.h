// What the `websocket` group says, read once before the workers start.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "base/pattern.h"
#include "base/result.h"
#include "config/section.h"
#include "link/metadata.h"
#include "link/record.h"
#include "server_entries.h"
#include "websocket/deflate_offer.h"
#include "websocket/message_deflate.h"
#include "websocket/session.h"

namespace marmoset::websocket_module {

struct Settings {
    std::string docroot;        ///< empty: only `links`
    FileDescriptor docroot_fd;  ///< -1: there is none
    std::string allow, deny, origin;
    bool deny_last = false;
    Dialect dialect;  ///< of names that `names` does not tell of
    DialectsByName names;
    std::vector<LinkEntry> links;  ///< the first that matches counts
    uint64_t handshake_timeout_ms = 10000;
    uint64_t link_timeout_ms = 30000;
    std::vector<std::string> headers;  ///< request headers passed to system servers
    websocket::SessionSettings session;
    std::optional<websocket::DeflatePolicy> deflate;  ///< unset: no compression
    /// Of the group's sessions in this process; each worker fills its own.
    std::unique_ptr<websocket::DeflateContexts> deflate_contexts;
    unsigned compression_level = 1;

    AccessRule access() const { return {allow, deny, deny_last}; }
    Dialect dialect_of(std::string_view name) const {
        const auto found = names.find(name);
        return found == names.end() ? dialect : found->second;
    }
    /// Bytes a system server may have under way toward one client. Half the queue at most, so that what the
    /// window lets in never overflows it: a slow client is then waited for and not closed.
    uint64_t window() const { return std::min<uint64_t>(link::kDefaultWindow, session.max_queue / 2); }
    /// What system servers must know to serve clients themselves as the group says.
    link::DirectRules direct_rules() const;
};

/// `check_only`: the docroot need not exist.
Result<Settings> read_settings(const config::Section& section, bool check_only);

inline constexpr std::array kKeys = {
    Key{.name = "docroot",
        .type = Type::String,
        .default_text = "/var/run/websocket",
        .help =
            "Folder of the system servers' sockets: ws://host/name reaches docroot/name. Unset beside links: "
            "none."},
    Key{.name = "allow",
        .type = Type::String,
        .default_text = nullptr,
        .help = "Patterns of paths that are served; unset: all that deny permits."},
    Key{.name = "deny",
        .type = Type::String,
        .default_text = nullptr,
        .help = "Patterns of paths that are refused with 403."},
    Key{.name = "denylast",
        .type = Type::Boolean,
        .default_text = "false",
        .help = "Whether allow is asked before deny."},
    Key{.name = "origin",
        .type = Type::String,
        .default_text = "same",
        .help = "Web pages that may connect: same (Origin's host and port equal Host's), * (any), or a list "
                "of origins and hosts."},
    Key{.name = "max_message",
        .type = Type::Size,
        .default_text = "16M",
        .help = "Largest message of a client; beyond it close code 1009.",
        .min = 125,
        .max = int64_t{1} << 40},
    Key{.name = "max_fragments",
        .type = Type::Integer,
        .default_text = "1024",
        .help = "Most frames of one message; beyond it close code 1009.",
        .min = 1,
        .max = 1 << 30},
    Key{.name = "queue",
        .type = Type::Size,
        .default_text = "1M",
        .help = "Bytes that may wait for a client; beyond it close code 1013.",
        .min = 4096,
        .max = int64_t{1} << 40},
    Key{.name = "overflow",
        .type = Type::String,
        .default_text = "close",
        .help =
            "What becomes of a client for whom a published message finds no room in queue: close (1013), or "
            "drop: it misses the message.",
        .choices = "close|drop"},
    Key{.name = "handshake_timeout",
        .type = Type::Seconds,
        .default_text = "10",
        .help = "Time for the system server to accept or refuse a client; beyond it 503.",
        .min = 1,
        .max = 3600},
    Key{.name = "ping",
        .type = Type::Seconds,
        .default_text = "30",
        .help = "Silence after which a client is pinged; 0: never.",
        .min = 0,
        .max = 86400},
    Key{.name = "ping_misses",
        .type = Type::Integer,
        .default_text = "2",
        .help = "Unanswered pings after which a client counts as gone.",
        .min = 1,
        .max = 100},
    Key{.name = "close_timeout",
        .type = Type::Seconds,
        .default_text = "10",
        .help = "Time for a client to answer a Close frame.",
        .min = 1,
        .max = 3600},
    Key{.name = "send_timeout",
        .type = Type::Seconds,
        .default_text = "60",
        .help = "Time a client may take nothing of what waits for it.",
        .min = 1,
        .max = 86400},
    Key{.name = "framing",
        .type = Type::String,
        .default_text = "bytes",
        .help = "How a SOCK_STREAM server's bytes are messages: bytes (what one read gives), lines (one text "
                "message a line), records (those of the link). Of no effect on SOCK_SEQPACKET servers.",
        .choices = kFramings},
    Key{.name = "link_timeout",
        .type = Type::Seconds,
        .default_text = "30",
        .help = "Silence after which a system server's link counts as dead, its clients get 1012; asked for "
                "a sign of life at a third of it.",
        .min = 1,
        .max = 86400},
    Key{.name = "type",
        .type = Type::String,
        .default_text = "text",
        .help = "Messages from a SOCK_STREAM server, framing bytes: text, binary, or auto (text if it is "
                "UTF-8).",
        .choices = kMessageTypes},
    Key{.name = "names",
        .type = Type::GroupList,
        .default_text = nullptr,
        .help =
            "Servers below docroot that differ from the rest; what an entry leaves out is as in the group.",
        .children = kNameKeys},
    Key{.name = "links",
        .type = Type::GroupList,
        .default_text = nullptr,
        .help = "Servers elsewhere, by path; asked before docroot.",
        .children = kLinkKeys},
    Key{.name = "compression",
        .type = Type::Boolean,
        .default_text = "false",
        .help = "Whether messages are compressed for clients that offer it (permessage-deflate, RFC 7692)."},
    Key{.name = "compression_level",
        .type = Type::Integer,
        .default_text = "1",
        .help = "1 is fast, 9 makes small.",
        .min = 1,
        .max = 9},
    Key{.name = "compression_threshold",
        .type = Type::Size,
        .default_text = "256",
        .help = "Messages of fewer bytes are sent as they are.",
        .min = 0,
        .max = int64_t{1} << 40},
    Key{.name = "compression_window",
        .type = Type::Integer,
        .default_text = "15",
        .help = "Binary logarithm of the largest window in bytes; a smaller one saves memory.",
        .min = 8,
        .max = 15},
    Key{.name = "context_takeover",
        .type = Type::String,
        .default_text = "none",
        .help =
            "Who may refer to earlier messages: none, server, client or both. It makes small messages much "
            "smaller, and costs 256 KiB (server) and 42 KiB (client) of memory a client.",
        .choices = "none|server|client|both"},
    Key{.name = "headers",
        .type = Type::StringList,
        .default_text = nullptr,
        .help = "Request headers that system servers are told, by name."},
    Key{.name = "options",
        .type = Type::Words,
        .default_text = "",
        .help =
            "direct: system servers get their clients' own connections, where they can; relay: they don't.",
        .choices = "direct|relay"},
    Key{.name = "services",
        .type = Type::Ignored,
        .default_text = nullptr,
        .help = "A key of old ouistiti files."},
};

}  // namespace marmoset::websocket_module
