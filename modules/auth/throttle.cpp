#include "throttle.h"

namespace marmoset::auth_module {

// Of an IPv6 address the network of 64 bits: whoever has one has all its addresses.
std::string_view Throttle::source(const net::Address& address) {
    if (address.family() == net::Address::Family::Unix) return "unix";
    const size_t size = address.family() == net::Address::Family::Ip6 ? 8 : 16;
    return {reinterpret_cast<const char*>(address.key()), size};
}

}  // namespace marmoset::auth_module
