// RFC 9110 12.5.3: which of the encodings a file exists in suits a client best. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace marmoset::document {

enum class Encoding : uint8_t { Identity, Brotli, Gzip };
inline constexpr size_t kEncodings = 3;

/// Bit `1 << Encoding` for each that is there.
using EncodingSet = uint8_t;
constexpr EncodingSet bit(Encoding encoding) {
    return static_cast<EncodingSet>(1u << static_cast<unsigned>(encoding));
}

/// "br", "gzip", "identity".
std::string_view coding_name(Encoding encoding);
/// What a precompressed neighbour's name ends with: ".br", ".gz"; empty for Identity.
std::string_view file_suffix(Encoding encoding);

/// Best of `available` for the value of Accept-Encoding (empty when there is none: Identity). Highest quality
/// wins, among equals brotli, gzip, identity. When the client refuses all that is there, Identity: RFC 9110
/// leaves 406 to the server, and a body is of more use.
Encoding choose_encoding(std::string_view accept_encoding, EncodingSet available);

/// RFC 9110 12.4.2: thousandths of "0.xyz" or "1.000"; -1 if it is malformed.
int parse_quality(std::string_view text);

}  // namespace marmoset::document
