// Escaping for logs. In: bytes of peers. Out: text that neither forges a line nor drives a terminal.

#include "log/escape.h"

#include <cstdint>

namespace marmoset::log {

namespace {

/// Length of the printable UTF-8 character that `text` starts with; 0: its first byte must be escaped. C1
/// controls (U+0080 to U+009F) count as unprintable, terminals obey them.
size_t printable(std::string_view text) {
    auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
    uint8_t first = byte(0);
    if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
    size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                    : first >= 0xE0 && first <= 0xEF ? 3
                    : first >= 0xF0 && first <= 0xF4 ? 4
                                                     : 0;
    if (length == 0 || text.size() < length) return 0;
    for (size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
    }
    // RFC 3629 4: no overlong forms, no surrogates, nothing beyond U+10FFFF.
    uint8_t second = byte(1);
    bool bad = (first == 0xC2 && second < 0xA0) || (first == 0xE0 && second < 0xA0) ||
               (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) ||
               (first == 0xF4 && second > 0x8F);
    return bad ? 0 : length;
}

constexpr char kDigits[] = "0123456789ABCDEF";

/// Copies printable runs, hands every other byte to `escape`.
template <typename Escape>
void copy(std::string& out, std::string_view text, std::string_view special, Escape escape) {
    size_t start = 0;
    size_t at = 0;
    while (at < text.size()) {
        size_t length = special.find(text[at]) == std::string_view::npos ? printable(text.substr(at, 4)) : 0;
        if (length != 0) {
            at += length;
            continue;
        }
        out.append(text, start, at - start);
        escape(text[at]);
        start = ++at;
    }
    out.append(text, start, at - start);
}

}  // namespace

void append_escaped(std::string& out, std::string_view text, std::string_view also) {
    copy(out, text, also, [&](char c) {
        out += '\\';
        if (c == '"' || c == '\\') {
            out += c;
            return;
        }
        out += 'x';
        out += kDigits[static_cast<uint8_t>(c) >> 4];
        out += kDigits[static_cast<uint8_t>(c) & 15];
    });
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    copy(out, text, "\"\\", [&](char c) {
        out += '\\';
        if (c == '"' || c == '\\') {
            out += c;
            return;
        }
        out += "u00";
        out += kDigits[static_cast<uint8_t>(c) >> 4];
        out += kDigits[static_cast<uint8_t>(c) & 15];
    });
    out += '"';
}

}  // namespace marmoset::log
