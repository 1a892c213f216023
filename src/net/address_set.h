// A set of addresses as configurations write it: who is a trusted proxy, who may connect. In: addresses,
// networks, patterns. Out: whether an address is among them. Read once into sorted ranges; asking takes a
// binary search and no memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace marmoset::net {

class AddressSet {
  public:
    AddressSet() = default;

    /// Each text is one element, or several with commas or spaces between:
    ///   192.0.2.1, 2001:db8::1          one address; ::ffff:192.0.2.1 is the IPv4 address
    ///   192.0.2.0/24, 2001:db8::/32     a network (RFC 4632, RFC 4291 2.3): no bits behind its prefix
    ///   192.0.2.*, 10.*, 2001:db8:*     ouistiti's patterns: whole parts; a ^ in front or $ behind may stand
    ///   unix                            clients of a UNIX socket
    ///   *                               everybody, see holds_all()
    /// The error names the element that is none of these.
    static Result<AddressSet> parse(std::span<const std::string> texts);

    bool contains(const Address& address) const;
    /// Nothing was written.
    bool empty() const { return !all_ && !unix_ && ip4_.empty() && ip6_.empty(); }
    /// A bare `*` was among the elements.
    bool holds_all() const { return all_; }
    /// One of the elements other than a bare `*` holds the address.
    bool names(const Address& address) const;
    /// There are elements other than a bare `*`.
    bool names_any() const { return unix_ || !ip4_.empty() || !ip6_.empty(); }

  private:
    __extension__ typedef unsigned __int128 Bits;
    template <typename T>
    struct Range {
        T first, last;
    };

    bool add(std::string_view element);
    bool add_network(std::string_view host, std::string_view bits);
    bool add_ip4_pattern(std::string_view pattern);
    bool add_ip6_pattern(std::string_view pattern);
    bool add_prefix(const uint8_t (&address)[16], unsigned bits, bool ip4);
    template <typename T>
    static void merge(std::vector<Range<T>>& ranges);
    template <typename T>
    static bool find(const std::vector<Range<T>>& ranges, T value);

    // Sorted, apart from each other.
    std::vector<Range<uint32_t>> ip4_;
    std::vector<Range<Bits>> ip6_;
    bool all_ = false;
    bool unix_ = false;
};

/// The access rule of base/pattern.h, for addresses: allow, deny and denylast of a group.
struct AddressRule {
    AddressSet allow, deny;
    bool deny_last = false;

    bool permits(const Address& address) const;
};

}  // namespace marmoset::net
