#include "net/proxy_header.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/text.h"

namespace marmoset::net {

namespace {

using State = ProxyHeader::State;

// "PROXY TCP6 " two addresses of 39, two ports of 5, spaces, CRLF; UNKNOWN may be followed by as much.
constexpr size_t kMaxVersion1 = 107;
constexpr std::string_view kSignature1 = "PROXY ";
constexpr std::string_view kSignature2("\r\n\r\n\0\r\nQUIT\n", 12);  // a NUL is in it

// ---- version 1: a line of text --------------------------------------------------------------------------

ProxyHeader malformed() {
    return {.state = State::Malformed};
}

ProxyHeader wants(size_t size) {
    return {.state = State::Incomplete, .size = size};
}

std::string_view next_word(std::string_view& rest) {
    const size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return word;
}

std::optional<uint16_t> read_port(std::string_view text) {
    const auto value = parse_decimal(text);
    if (!value || *value > 65535 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    return static_cast<uint16_t>(*value);
}

bool is_version6(std::string_view address) {
    return address.find(':') != std::string_view::npos;
}

ProxyHeader parse_version1(std::string_view text) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return text.size() >= kMaxVersion1 ? malformed() : wants(kMaxVersion1);
    if (end + 1 > kMaxVersion1 || text[end - 1] != '\r') return malformed();
    std::string_view line = text.substr(kSignature1.size(), end - 1 - kSignature1.size());
    ProxyHeader header{.state = State::Complete, .size = end + 1};
    const std::string_view protocol = next_word(line);
    if (protocol == "UNKNOWN") return header;  // whatever follows is to be ignored
    if (protocol != "TCP4" && protocol != "TCP6") return malformed();
    const bool version6 = protocol == "TCP6";
    if (std::count(line.begin(), line.end(), ' ') != 3) return malformed();
    const std::string_view source = next_word(line), destination = next_word(line);
    const auto source_port = read_port(next_word(line)), destination_port = read_port(next_word(line));
    if (!source_port || !destination_port) return malformed();
    const auto client = Address::parse(source, *source_port);
    if (!client || !Address::parse(destination, *destination_port)) return malformed();
    if (is_version6(source) != version6 || is_version6(destination) != version6) return malformed();
    header.names_client = true;
    header.client = *client;
    return header;
}

// ---- version 2: binary ----------------------------------------------------------------------------------

constexpr size_t kFixedPart = 16;  // signature, version and command, family and protocol, length
constexpr uint8_t kLocal = 0x20, kProxy = 0x21;
constexpr uint8_t kUnspecified = 0x00, kTcp4 = 0x11, kTcp6 = 0x21, kUnixStream = 0x31;
constexpr uint8_t kTypeChecksum = 0x03, kTypeSsl = 0x20;
constexpr uint8_t kClientSsl = 0x01;

size_t address_size(uint8_t family) {
    return family == kTcp4 ? 12 : family == kTcp6 ? 36 : family == kUnixStream ? 216 : 0;
}

Address read_client(uint8_t family, const uint8_t* addresses) {
    sockaddr_storage storage{};
    if (family == kTcp4) {
        auto& in = reinterpret_cast<sockaddr_in&>(storage);
        in.sin_family = AF_INET;
        std::memcpy(&in.sin_addr, addresses, 4);
        std::memcpy(&in.sin_port, addresses + 8, 2);
    } else if (family == kTcp6) {
        auto& in6 = reinterpret_cast<sockaddr_in6&>(storage);
        in6.sin6_family = AF_INET6;
        std::memcpy(&in6.sin6_addr, addresses, 16);
        std::memcpy(&in6.sin6_port, addresses + 32, 2);
    } else {
        storage.ss_family = AF_UNIX;
    }
    return Address::from(reinterpret_cast<const sockaddr*>(&storage), sizeof storage);
}

// CRC-32c (RFC 3309 appendix B: Castagnoli's polynomial, reflected) of the header, the checksum's own four
// bytes taken as zero.
uint32_t checksum(Bytes header, size_t own) {
    uint32_t sum = UINT32_MAX;
    for (size_t i = 0; i < header.size(); ++i) {
        sum ^= i - own < 4 ? 0 : header[i];
        for (int bit = 0; bit < 8; ++bit)
            sum = sum >> 1 ^ (0x82f63b78u & (0 - (sum & 1)));
    }
    return ~sum;
}

// The further fields: type, length, value. False: they don't fit into each other, or the checksum is wrong.
bool read_fields(Bytes whole, size_t at, ProxyHeader& header) {
    while (at < whole.size()) {
        if (whole.size() - at < 3) return false;
        const uint8_t type = whole[at];
        const size_t size = load_big<uint16_t>(whole.data() + at + 1);
        at += 3;
        if (size > whole.size() - at) return false;
        if (type == kTypeChecksum) {
            if (size != 4 || load_big<uint32_t>(whole.data() + at) != checksum(whole, at)) return false;
        } else if (type == kTypeSsl) {
            if (size < 5) return false;
            header.secure = header.names_client && (whole[at] & kClientSsl) != 0;
        }
        at += size;
    }
    return true;
}

ProxyHeader parse_version2(Bytes bytes) {
    if (bytes.size() < kFixedPart) return wants(kFixedPart);
    const uint8_t command = bytes[12], family = bytes[13];
    const size_t length = load_big<uint16_t>(bytes.data() + 14);
    if ((command != kLocal && command != kProxy) || kFixedPart + length > kMaxProxyHeader) return malformed();
    const size_t addresses = address_size(family);
    if (command == kProxy && (length < addresses || (addresses == 0 && family != kUnspecified)))
        return malformed();
    const size_t size = kFixedPart + length;
    if (bytes.size() < size) return wants(size);
    ProxyHeader header{.state = State::Complete, .size = size};
    if (command == kLocal) return header;  // the rest is to be ignored
    if (family != kUnspecified) {
        header.names_client = true;
        header.client = read_client(family, bytes.data() + kFixedPart);
        if (!read_fields(bytes.first(size), kFixedPart + addresses, header)) return malformed();
    }
    return header;
}

}  // namespace

ProxyHeader parse_proxy_header(Bytes bytes) {
    const std::string_view text = as_text(bytes);
    const std::string_view start = text.substr(0, kSignature2.size());
    if (text.starts_with(kSignature1)) return parse_version1(text);
    if (text.starts_with(kSignature2)) return parse_version2(bytes);
    if (kSignature1.starts_with(start) || kSignature2.starts_with(start)) return wants(kSignature2.size());
    return malformed();
}

}  // namespace marmoset::net
