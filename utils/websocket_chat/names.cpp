#include "names.h"

#include <cstdint>
#include <cstdio>

namespace chat {

namespace {

struct Character {
    uint32_t code = 0;
    size_t size = 0;  // bytes; 0: not UTF-8
};

// The first character of a text that is not empty (RFC 3629).
Character first_character(std::string_view text) {
    const auto byte = [&](size_t at) { return static_cast<uint8_t>(text[at]); };
    const uint8_t lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
    uint32_t code = lead & (0x7fu >> size);
    for (size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return {};
        code = code << 6 | (byte(i) & 0x3fu);
    }
    constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < kLeast[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
    return {code, size};
}

struct Range {
    uint32_t first, last;
};

// Controls, spaces, marks of direction, joiners, fillers, selectors of variants: with them two names that
// look alike would be different.
constexpr Range kInvisible[] = {
    {0x00, 0x20},       {0x7f, 0xa0},     {0xad, 0xad},     {0x34f, 0x34f},   {0x61c, 0x61c},
    {0x115f, 0x1160},   {0x1680, 0x1680}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x2000, 0x200f},
    {0x2028, 0x202f},   {0x205f, 0x206f}, {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164},
    {0xfe00, 0xfe0f},   {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x1d173, 0x1d17a},
    {0xe0000, 0xe0fff},
};

bool shows(uint32_t code) {
    for (const Range& range : kInvisible) {
        if (code >= range.first && code <= range.last) return false;
    }
    return true;
}

// Calls visit(code, bytes) for each character; what is no UTF-8 is skipped a byte at a time, code 0.
template <typename Visit>
void each_character(std::string_view text, Visit visit) {
    while (!text.empty()) {
        const Character character = first_character(text);
        const size_t size = character.size == 0 ? 1 : character.size;
        visit(character.size == 0 ? 0 : character.code, text.substr(0, size));
        text.remove_prefix(size);
    }
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const Character character = first_character(text);
        if (character.size == 0) return false;
        text.remove_prefix(character.size);
    }
    return true;
}

std::string_view cut_utf8(std::string_view text, size_t bytes) {
    if (text.size() <= bytes) return text;
    while (bytes > 0 && (static_cast<uint8_t>(text[bytes]) & 0xc0) == 0x80)
        --bytes;
    return text.substr(0, bytes);
}

std::string clean_name(std::string_view wanted) {
    constexpr std::string_view kEnds(" \n\0", 3);
    wanted = wanted.substr(0, wanted.find_first_of(kEnds));
    std::string name;
    each_character(wanted, [&](uint32_t code, std::string_view bytes) {
        if (shows(code) && name.size() <= kMaxName) name += bytes;
    });
    name = cut_utf8(name, kMaxName);
    return name == kNobody ? std::string() : name;
}

bool is_name(std::string_view name) {
    return !name.empty() && clean_name(name) == name;
}

std::string name_of_user(std::string_view user) {
    std::string name;
    each_character(user, [&](uint32_t code, std::string_view bytes) {
        if (name.size() <= kMaxName) name += shows(code) ? bytes : "_";
    });
    name = cut_utf8(name, kMaxName);
    return name == kNobody ? "_" : name;
}

std::string numbered(std::string_view name, unsigned number) {
    char digits[16];
    std::snprintf(digits, sizeof digits, "%03u", number);
    return std::string(cut_utf8(name, kMaxName - 3)) + digits;
}

bool is_room_name(std::string_view text) {
    bool good = text.size() <= kMaxRoomName;
    each_character(text, [&](uint32_t code, std::string_view) {
        if (code < 0x20 || (code >= 0x7f && code < 0xa0)) good = false;
    });
    return good;
}

bool take_colour(std::string_view text, std::string& colour) {
    if (text.size() != 7 || text[0] != '#') return false;
    std::string taken = "#";
    for (const char digit : text.substr(1)) {
        const bool small = digit >= 'a' && digit <= 'f';
        const bool large = digit >= 'A' && digit <= 'F';
        if (!small && !large && (digit < '0' || digit > '9')) return false;
        taken += large ? static_cast<char>(digit - 'A' + 'a') : digit;
    }
    colour = taken;
    return true;
}

}  // namespace chat
