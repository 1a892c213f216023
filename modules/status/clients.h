// Who may read the status page: addresses and networks, and the word `local`. In: the key `clients`. Out: yes
// or no for a client.
#pragma once

#include <string_view>

#include "base/result.h"
#include "net/address_set.h"

namespace marmoset::status_module {

class Clients {
  public:
    /// A list with commas: local (loopback and UNIX sockets), any, and what net::AddressSet knows. The error
    /// names the element that is none of these.
    static Result<Clients> parse(std::string_view text);

    bool permit(const net::Address& client) const { return clients_.contains(client); }

  private:
    net::AddressSet clients_;
};

}  // namespace marmoset::status_module
