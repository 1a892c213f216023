// Small text tools of HTTP: tokens, lists, case-less comparison, numbers. No locale, no allocation.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace marmoset {

/// ASCII lower case of one character.
constexpr char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// Value of one hexadecimal digit, -1 for any other character.
constexpr int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Equal apart from ASCII case.
bool equal_caseless(std::string_view a, std::string_view b);

/// Without leading and trailing spaces and tabs (RFC 9110 5.6.3 OWS).
std::string_view trim(std::string_view text);

/// RFC 9110 5.6.2: one or more tchar.
bool is_token(std::string_view text);
bool is_token_character(char c);

/// Takes the next element of a comma separated list (RFC 9110 5.6.1: empty elements are skipped) off
/// the front of `list`, trimmed; nullopt at the end. Quoted strings are kept whole.
std::optional<std::string_view> next_list_element(std::string_view& list);

/// True if the comma separated `list` holds `token`, compared without case.
bool list_contains(std::string_view list, std::string_view token);

/// Decimal digits only, whole text, no sign; nullopt on anything else or overflow.
std::optional<uint64_t> parse_decimal(std::string_view text);

/// Compares secrets without telling by its duration where they differ (their lengths are no secret).
bool equal_constant_time(std::string_view a, std::string_view b);

/// Number of single character edits from `a` to `b`; for «did you mean».
unsigned edit_distance(std::string_view a, std::string_view b);

}  // namespace marmoset
