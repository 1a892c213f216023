// Who a request comes from when trusted proxies stand in front. In: the peer, and the field in which proxies
// name those before them (X-Forwarded-For, or RFC 7239's Forwarded). Out: the client's address, and whether
// it spoke https. Only what a listed proxy has written counts: the list is walked from its end, and the first
// address that is no listed proxy's is the client, whatever stands before it.
#pragma once

#include "http/request.h"
#include "net/address_set.h"

namespace marmoset::http {

/// `proxies` and `forwarded` of a `servers` entry.
struct Forwarding {
    enum class Field : uint8_t { None, XForwardedFor, Forwarded };

    net::AddressSet proxies;    ///< whose word counts
    Field field = Field::None;  ///< what they write into each request
    bool proxy_header = false;  ///< they begin each connection with a PROXY header

    /// Requests of this peer tell their client themselves.
    bool in_requests(const net::Address& peer) const {
        return field != Field::None && proxies.contains(peer);
    }
};

struct Client {
    net::Address address;  ///< None: a trusted proxy does not know, or does not say
    bool secure = false;   ///< it spoke https
};

/// `client`: in: the peer, a trusted proxy, and whether its connection is encrypted; out: the client. Left as
/// it is when the field is absent: the request is the proxy's own. False: the field is malformed, so nobody
/// knows what of it the proxy has written.
bool find_client(const Forwarding& forwarding, const Request& request, Client& client);

}  // namespace marmoset::http
