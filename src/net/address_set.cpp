#include "net/address_set.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/bytes.h"
#include "base/text.h"

namespace marmoset::net {

namespace {

constexpr unsigned kMappedBits = 96;  // in front of an IPv4 address in its 16-byte form
constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::string_view kSeparators = ", \t\r\n";

template <typename T>
T read_big(const uint8_t* from, size_t size) {
    T value = 0;
    for (size_t i = 0; i < size; ++i)
        value = static_cast<T>(value << 8 | from[i]);
    return value;
}

/// One part of an IPv4 address; nullopt: no such number.
std::optional<uint8_t> read_octet(std::string_view text) {
    const auto value = parse_decimal(text);
    if (!value || *value > 255 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    return static_cast<uint8_t>(*value);
}

/// One part of an IPv6 address.
std::optional<uint16_t> read_group(std::string_view text) {
    if (text.empty() || text.size() > 4) return std::nullopt;
    unsigned value = 0;
    for (const char c : text) {
        const int digit = hex_value(c);
        if (digit < 0) return std::nullopt;
        value = value << 4 | static_cast<unsigned>(digit);
    }
    return static_cast<uint16_t>(value);
}

std::string_view next_part(std::string_view& rest, char separator) {
    const size_t end = rest.find(separator);
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return part;
}

}  // namespace

Result<AddressSet> AddressSet::parse(std::span<const std::string> texts) {
    AddressSet set;
    for (std::string_view text : texts) {
        for (;;) {
            text.remove_prefix(std::min(text.find_first_not_of(kSeparators), text.size()));
            if (text.empty()) break;
            const std::string_view element = text.substr(0, text.find_first_of(kSeparators));
            text.remove_prefix(element.size());
            if (set.add(element)) continue;
            return Error{"\"" + std::string(element) +
                         "\" is not an address, a network as 10.0.0.0/8 with nothing behind its prefix, or a "
                         "pattern of whole parts as 10.0.*"};
        }
    }
    merge(set.ip4_);
    merge(set.ip6_);
    return set;
}

bool AddressSet::add(std::string_view element) {
    if (element == "*") return all_ = true;
    if (equal_caseless(element, "unix")) return unix_ = true;
    // ouistiti's anchors say what holds here anyway: an address is compared whole.
    if (element.starts_with('^')) element.remove_prefix(1);
    if (element.ends_with('$')) element.remove_suffix(1);
    if (element.find('*') != std::string_view::npos) {
        return element.find(':') == std::string_view::npos ? add_ip4_pattern(element)
                                                           : add_ip6_pattern(element);
    }
    const size_t slash = element.find('/');
    if (slash == std::string_view::npos) return add_network(element, {});
    return slash + 1 < element.size() && add_network(element.substr(0, slash), element.substr(slash + 1));
}

// Without `bits`: the address alone.
bool AddressSet::add_network(std::string_view host, std::string_view bits) {
    const auto parsed = Address::parse(host, 0);
    if (!parsed) return false;
    uint8_t address[16];
    std::memcpy(address, parsed->key(), sizeof address);
    const unsigned in_front = host.find(':') == std::string_view::npos ? kMappedBits : 0;
    unsigned length = 128;
    if (!bits.empty()) {
        const auto number = parse_decimal(bits);
        if (!number || *number > 128 - in_front) return false;
        length = in_front + static_cast<unsigned>(*number);
    }
    // IPv4 in its 16-byte form is IPv4, as Address has it; a wider network is one of IPv6 alone.
    return add_prefix(address, length,
                      length >= kMappedBits && std::memcmp(address, kMapped, sizeof kMapped) == 0);
}

bool AddressSet::add_ip4_pattern(std::string_view pattern) {
    if (pattern.ends_with('.')) return false;
    uint8_t address[16] = {};
    unsigned parts = 0, fixed = 0;
    for (bool star = false; !pattern.empty(); ++parts) {
        const std::string_view part = next_part(pattern, '.');
        if (parts == 4) return false;
        star = star || part == "*";
        const auto octet = read_octet(part);
        if (star ? part != "*" : !octet) return false;
        if (star) continue;
        address[12 + fixed++] = *octet;
    }
    return fixed > 0 && add_prefix(address, kMappedBits + 8 * fixed, true);
}

bool AddressSet::add_ip6_pattern(std::string_view pattern) {
    if (!pattern.ends_with(":*")) return false;
    pattern.remove_suffix(2);
    if (pattern.ends_with(':')) return false;  // how many parts does the :: stand for?
    uint8_t address[16] = {};
    unsigned fixed = 0;
    while (!pattern.empty()) {
        const auto group = read_group(next_part(pattern, ':'));
        if (!group || fixed == 7) return false;
        store_big<uint16_t>(address + 2 * fixed++, *group);
    }
    return fixed > 0 && add_prefix(address, 16 * fixed, false);
}

// False: there are bits behind the prefix.
bool AddressSet::add_prefix(const uint8_t (&address)[16], unsigned bits, bool ip4) {
    if (ip4) {
        const unsigned rest = 128 - bits;
        const auto first = read_big<uint32_t>(address + kMappedBits / 8, 4);
        const uint32_t span = rest == 32 ? UINT32_MAX : (uint32_t{1} << rest) - 1;
        if ((first & span) != 0) return false;
        ip4_.push_back({first, first | span});
        return true;
    }
    const auto first = read_big<Bits>(address, 16);
    const Bits span = bits == 0 ? ~Bits{0} : (Bits{1} << (128 - bits)) - 1;
    if ((first & span) != 0) return false;
    ip6_.push_back({first, first | span});
    return true;
}

template <typename T>
void AddressSet::merge(std::vector<Range<T>>& ranges) {
    std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<Range<T>> merged;
    for (const Range<T>& range : ranges) {
        // Also those that touch: the last address and the next one's first.
        if (!merged.empty() && (range.first <= merged.back().last || range.first - 1 == merged.back().last)) {
            merged.back().last = std::max(merged.back().last, range.last);
        } else {
            merged.push_back(range);
        }
    }
    merged.shrink_to_fit();
    ranges = std::move(merged);
}

template <typename T>
bool AddressSet::find(const std::vector<Range<T>>& ranges, T value) {
    const auto behind = std::upper_bound(ranges.begin(), ranges.end(), value,
                                         [](T one, const Range<T>& range) { return one < range.first; });
    return behind != ranges.begin() && value <= std::prev(behind)->last;
}

bool AddressSet::names(const Address& address) const {
    switch (address.family()) {
        case Address::Family::Ip4:
            return find(ip4_, read_big<uint32_t>(address.key() + kMappedBits / 8, 4));
        case Address::Family::Ip6:
            return find(ip6_, read_big<Bits>(address.key(), 16));
        case Address::Family::Unix:
            return unix_;
        case Address::Family::None:
            break;
    }
    return false;
}

bool AddressSet::contains(const Address& address) const {
    return all_ || names(address);
}

bool AddressRule::permits(const Address& address) const {
    const bool allowed = allow.contains(address);
    if (deny.names(address) && !(deny_last && allowed)) return false;
    if (allowed) return true;
    if (deny.holds_all()) return false;
    return deny.names_any() || allow.empty();
}

}  // namespace marmoset::net
