#include "clients.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/text.h"

namespace marmoset::status_module {

namespace {

using Family = net::Address::Family;

constexpr unsigned kMappedBits = 96;  // in front of an IPv4 address in its 16-byte form

bool same_bits(const uint8_t* a, const uint8_t* b, unsigned bits) {
    if (std::memcmp(a, b, bits / 8) != 0) return false;
    const auto mask = static_cast<uint8_t>(0xff00 >> bits % 8);
    return ((a[bits / 8 % 16] ^ b[bits / 8 % 16]) & mask) == 0;
}

bool is_loopback(const net::Address& peer) {
    static constexpr uint8_t kIp6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return peer.family() == Family::Ip4 ? peer.key()[12] == 127 : std::memcmp(peer.key(), kIp6, 16) == 0;
}

}  // namespace

Result<Clients> Clients::parse(std::string_view text) {
    Clients clients;
    while (const auto element = next_list_element(text)) {
        Network network{};
        if (equal_caseless(*element, "any")) {
            clients.any_ = true;
        } else if (equal_caseless(*element, "local")) {
            clients.local_ = true;
        } else if (parse_network(*element, network)) {
            clients.networks_.push_back(network);
        } else {
            return Error{"\"" + std::string(*element) + "\" is not local, any, an address or a network"};
        }
    }
    return clients;
}

bool Clients::parse_network(std::string_view text, Network& network) {
    const size_t slash = text.find('/');
    const std::string_view host = text.substr(0, slash);
    const auto parsed = net::parse_listen_address(host, 0);
    if (!parsed || parsed->any || !parsed->unix_path.empty()) return false;
    const net::Address address =
        net::Address::from(reinterpret_cast<const sockaddr*>(&parsed->storage), parsed->size);
    std::copy_n(address.key(), network.address.size(), network.address.begin());
    const unsigned in_front = parsed->storage.ss_family == AF_INET ? kMappedBits : 0;
    network.bits = 128;
    if (slash == std::string_view::npos) return true;
    const auto bits = parse_decimal(text.substr(slash + 1));
    if (!bits || *bits > 128 - in_front) return false;
    network.bits = in_front + static_cast<unsigned>(*bits);
    return true;
}

bool Clients::permit(const net::Address& peer) const {
    if (any_) return true;
    if (peer.family() == Family::Unix) return local_;
    if (peer.family() == Family::None) return false;
    if (local_ && is_loopback(peer)) return true;
    return std::any_of(networks_.begin(), networks_.end(), [&peer](const Network& network) {
        return same_bits(network.address.data(), peer.key(), network.bits);
    });
}

}  // namespace marmoset::status_module
