// JSON strings and numbers. In: any bytes. Out: RFC 8259 text in UTF-8.
#include "base/json_writer.h"

#include <array>
#include <charconv>

#include "base/utf8_sequence.h"

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
        const size_t length = c < 0x80 ? 0 : utf8_sequence_length(text.substr(at));
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
