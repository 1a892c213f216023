// The header of the PROXY protocol, versions 1 and 2: what a proxy says of the client whose bytes follow.
// In: the first bytes of a connection. Out: the client's address, or that more must come, or that this is no
// such header. Pure.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "net/address.h"

namespace marmoset::net {

/// Longest header that is accepted. Version 1 has at most 107 bytes; version 2 may have 64 KiB of further
/// fields, of which proxies use some hundred bytes.
inline constexpr size_t kMaxProxyHeader = 4096;

struct ProxyHeader {
    enum class State : uint8_t { Incomplete, Complete, Malformed };
    State state = State::Incomplete;
    /// Complete: its bytes. Incomplete: so many, from the first, must be there to go on; version 1 may end
    /// sooner, with its line feed.
    size_t size = 0;
    /// Complete: it names the client. Else (LOCAL, UNKNOWN) the connection is the proxy's own.
    bool names_client = false;
    Address client = {};
    /// The client's bytes came to the proxy over TLS (PP2_TYPE_SSL of version 2).
    bool secure = false;
};

/// Looks at what has come. Strict: one space between the words, no number with leading zeros, checksums
/// right, nothing but TCP and UNIX streams.
ProxyHeader parse_proxy_header(Bytes bytes);

}  // namespace marmoset::net
