// Spans of bytes and unaligned integer access in network or host order.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace marmoset {

using Bytes = std::span<const uint8_t>;
using MutableBytes = std::span<uint8_t>;

inline Bytes as_bytes(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads or writes a T at any address, host byte order.
template <typename T>
inline T load(const uint8_t* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}
template <typename T>
inline void store(uint8_t* to, T value) {
    std::memcpy(to, &value, sizeof value);
}

inline uint16_t swap_bytes(uint16_t value) {
    return __builtin_bswap16(value);
}
inline uint32_t swap_bytes(uint32_t value) {
    return __builtin_bswap32(value);
}
inline uint64_t swap_bytes(uint64_t value) {
    return __builtin_bswap64(value);
}

/// Reads or writes a T at any address, network byte order (big endian).
template <typename T>
inline T load_big(const uint8_t* from) {
    T value = load<T>(from);
    return std::endian::native == std::endian::little ? swap_bytes(value) : value;
}
template <typename T>
inline void store_big(uint8_t* to, T value) {
    store<T>(to, std::endian::native == std::endian::little ? swap_bytes(value) : value);
}

}  // namespace marmoset
