// What HELLO and OPEN say, as JSON. In: fields, or a record's payload. Out: JSON appended to the caller's
// text, or fields that have been checked.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "link/record.h"

namespace marmoset::link {

/// A smaller window could not carry a record's header and a useful piece of payload.
inline constexpr uint64_t kSmallestWindow = 64;

/// HELLO of a gateway: how those clients are to be served that it hands over. The defaults are the gateway's.
struct DirectRules {
    uint32_t max_fragments = 1024;  ///< frames of a message; beyond it 1009
    uint64_t ping_ms = 30000;       ///< 0: no pings
    uint32_t ping_misses = 2;       ///< unanswered pings until the client counts as gone
    uint64_t close_timeout_ms = 10000;
    uint64_t send_timeout_ms = 60000;
    uint64_t queue = 1u << 20;    ///< bytes that may wait for a client when a message is published to it
    bool drop_published = false;  ///< beyond it the message is left out; else the client is closed with 1013
    uint32_t compression_level = 1;
    uint64_t compression_threshold = 256;  ///< shorter messages are sent as they are
};

/// HELLO: what each side says of itself before anything else.
struct Hello {
    uint32_t version = kLinkVersion;
    std::string software;
    uint64_t pid = 0;
    uint64_t window = kDefaultWindow;  ///< credit the sender grants its peer for each client, bytes
    uint64_t max_message = 0;          ///< largest message the sender accepts, bytes
    std::optional<DirectRules> direct = std::nullopt;  ///< of a gateway that may hand clients over
};

void append_hello(std::string& out, const Hello& hello);

/// Refuses an unknown version, a window below kSmallestWindow, a missing window or max_message, and rules out
/// of their range; what is missing in `direct` is as by default.
Result<Hello> parse_hello(Bytes payload);

/// OPEN as the gateway writes it: everything is borrowed for the call, so that writing it allocates nothing
/// but what `out` may lack. Strings may hold any bytes.
struct OpenFields {
    struct Endpoint {
        std::string_view address;
        uint16_t port = 0;
    };
    struct Tls {
        std::string_view version, cipher, subject;
    };
    std::string_view id;         ///< unique for the gateway's life
    std::string_view uri;        ///< as the client sent it
    std::string_view path_info;  ///< what follows the server's name, decoded once
    std::string_view query;
    std::span<const std::string_view> protocols;
    std::string_view origin, host;
    std::string_view user, group, home, auth;
    Endpoint remote, local;
    const Tls* tls = nullptr;  ///< nullptr: not over TLS
    /// Name and value; a name stands once: who has several fields of one name joins them.
    std::span<const std::pair<std::string_view, std::string_view>> headers;
    bool direct = false;
    /// Direct mode: what the answer to the handshake will say in Sec-WebSocket-Extensions; empty: nothing.
    std::string_view extensions;
};

void append_open(std::string& out, const OpenFields& fields);

/// OPEN as a system server reads it.
struct OpenMetadata {
    struct Endpoint {
        std::string address;
        uint16_t port = 0;
    };
    struct Tls {
        std::string version, cipher, subject;
    };
    std::string id, uri, path_info, query;
    std::vector<std::string> protocols;
    std::string origin, host, user, group, home, auth;
    Endpoint remote, local;
    bool has_tls = false;
    Tls tls;
    std::vector<std::pair<std::string, std::string>> headers;  ///< order is not kept
    bool direct = false;
    std::string extensions;  ///< agreed, in direct mode
};

/// Absent members stay empty and unknown ones are ignored, so that either side may be the newer one; a member
/// of the wrong type is an error.
Result<OpenMetadata> parse_open(Bytes payload);

}  // namespace marmoset::link
