// Who may read the status page: addresses and networks, and the word `local`. In: the key `clients`. Out: yes
// or no for a peer.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace marmoset::status_module {

class Clients {
  public:
    /// A list with commas: local (loopback and UNIX sockets), any, an IPv4 or IPv6 address, a network as
    /// 192.0.2.0/24 or 2001:db8::/32. The error names the element that is none of these.
    static Result<Clients> parse(std::string_view text);

    bool permit(const net::Address& peer) const;

  private:
    /// The first `bits` bits of an address in net::Address's 16-byte form.
    struct Network {
        std::array<uint8_t, 16> address;
        unsigned bits;
    };
    static bool parse_network(std::string_view text, Network& network);

    bool any_ = false;
    bool local_ = false;
    std::vector<Network> networks_;
};

}  // namespace marmoset::status_module
