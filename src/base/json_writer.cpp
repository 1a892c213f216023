// JSON strings and numbers. In: any bytes. Out: RFC 8259 text in UTF-8.
#include "base/json_writer.h"

#include <array>
#include <charconv>

namespace marmoset {

namespace {

// Characters that stand in a JSON string as they are (RFC 8259 7), ASCII only.
constexpr std::array<bool, 256> plain_table() {
    std::array<bool, 256> table{};
    for (size_t c = 0x20; c < 0x80; ++c)
        table[c] = c != '"' && c != '\\';
    return table;
}
constexpr auto kPlain = plain_table();

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xc0u) == 0x80;
}

// Length of the UTF-8 sequence of two bytes or more that `text` begins with, 0 if there is none (Unicode
// table 3-7).
size_t sequence_length(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const size_t length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (length == 0 || text.size() < length) return 0;
    for (size_t i = 1; i < length; ++i) {
        if (!is_continuation(text[i])) return 0;
    }
    const auto second = static_cast<unsigned char>(text[1]);
    const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
    const bool surrogate = lead == 0xed && second > 0x9f;
    const bool too_large = lead == 0xf4 && second > 0x8f;
    return overlong || surrogate || too_large ? 0 : length;
}

void append_escape(std::string& out, char c) {
    switch (c) {
        case '"':
            out.append("\\\"");
            return;
        case '\\':
            out.append("\\\\");
            return;
        case '\n':
            out.append("\\n");
            return;
        case '\r':
            out.append("\\r");
            return;
        case '\t':
            out.append("\\t");
            return;
        default:
            break;
    }
    constexpr char kDigits[] = "0123456789abcdef";
    const auto value = static_cast<unsigned char>(c);
    const char escape[] = {'\\', 'u', '0', '0', kDigits[value >> 4], kDigits[value & 15u]};
    out.append(escape, sizeof escape);
}

}  // namespace

void JsonWriter::quote(std::string_view text) {
    out_.push_back('"');
    const size_t size = text.size();
    size_t run = 0;  // start of what has not been copied yet
    for (size_t at = 0; at < size;) {
        const auto c = static_cast<unsigned char>(text[at]);
        if (kPlain[c]) [[likely]] {
            ++at;
            continue;
        }
        const size_t length = c < 0x80 ? 0 : sequence_length(text.substr(at));
        if (length != 0) {
            at += length;
            continue;
        }
        out_.append(text, run, at - run);
        if (c < 0x80) {
            append_escape(out_, text[at]);
        } else {
            out_.append(kReplacement);
        }
        run = ++at;
    }
    out_.append(text, run, size - run);
    out_.push_back('"');
}

void JsonWriter::key(std::string_view name) {
    separate();
    quote(name);
    out_.push_back(':');
    comma_ = false;
}

void JsonWriter::string(std::string_view text) {
    separate();
    quote(text);
}

void JsonWriter::number(uint64_t value) {
    separate();
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, static_cast<size_t>(end - digits));
}

}  // namespace marmoset
