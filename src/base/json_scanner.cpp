#include "base/json_scanner.h"

#include <charconv>

#include "base/text.h"
#include "base/utf8_sequence.h"

namespace marmoset {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

void append_utf8(std::string& out, uint32_t code) {
    const auto byte = [&out](uint32_t value) { out.push_back(static_cast<char>(value)); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xc0 | code >> 6);
        byte(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        byte(0xe0 | code >> 12);
        byte(0x80 | (code >> 6 & 0x3f));
        byte(0x80 | (code & 0x3f));
    } else {
        byte(0xf0 | code >> 18);
        byte(0x80 | (code >> 12 & 0x3f));
        byte(0x80 | (code >> 6 & 0x3f));
        byte(0x80 | (code & 0x3f));
    }
}

}  // namespace

char JsonScanner::peek() {
    while (at_ < text_.size()) {
        const char c = text_[at_];
        if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return failed_ ? '\0' : c;
        ++at_;
    }
    return '\0';
}

bool JsonScanner::enter(char bracket) {
    if (peek() != bracket || depth_ == kMaxDepth) return fail();
    ++at_;
    ++depth_;
    first_ = true;
    return true;
}

bool JsonScanner::next(char bracket) {
    const char c = peek();
    if (c == bracket) {
        ++at_;
        --depth_;
        first_ = false;  // in what is around it, this was a value
        return false;
    }
    if (!first_) {
        if (c != ',') return fail();
        ++at_;
    }
    first_ = false;
    return !failed_;
}

bool JsonScanner::next_member(std::string& key) {
    if (!next('}') || !string(key)) return false;
    if (peek() != ':') return fail();
    ++at_;
    return true;
}

bool JsonScanner::word(std::string_view expected) {
    peek();
    if (failed_ || text_.substr(at_, expected.size()) != expected) return fail();
    at_ += expected.size();
    return true;
}

bool JsonScanner::null() {
    return peek() == 'n' && word("null");
}

bool JsonScanner::boolean(bool& out) {
    out = peek() == 't';
    return word(out ? "true" : "false");
}

// RFC 8259 6: no leading zeros, digits on both sides of the point.
bool JsonScanner::number_text(std::string_view& out) {
    peek();
    const size_t begin = at_;
    const auto digits = [this] {
        const size_t from = at_;
        while (at_ < text_.size() && is_digit(text_[at_]))
            ++at_;
        return at_ - from;
    };
    const auto take = [this](char a, char b) {
        const bool there = at_ < text_.size() && (text_[at_] == a || text_[at_] == b);
        if (there) ++at_;
        return there;
    };
    take('-', '-');
    const size_t whole = at_;
    const size_t count = digits();
    if (count == 0 || (count > 1 && text_[whole] == '0')) return fail();
    if (take('.', '.') && digits() == 0) return fail();
    if (take('e', 'E')) {
        take('+', '-');
        if (digits() == 0) return fail();
    }
    out = text_.substr(begin, at_ - begin);
    return !failed_;
}

bool JsonScanner::number(uint64_t& out, uint64_t largest) {
    std::string_view text;
    if (!number_text(text)) return false;
    const auto value = text == "-0" ? 0 : parse_decimal(text);
    if (!value || *value > largest) return fail();
    out = *value;
    return true;
}

bool JsonScanner::string(std::string& out) {
    out.clear();
    if (peek() != '"') return fail();
    size_t run = ++at_;  // start of what has not been copied yet
    while (at_ < text_.size()) {
        const auto c = static_cast<unsigned char>(text_[at_]);
        if (c == '"') {
            out.append(text_, run, at_ - run);
            ++at_;
            return true;
        }
        if (c == '\\') {
            out.append(text_, run, at_ - run);
            if (!escape(out)) return false;
            run = at_;
        } else if (c >= 0x80) {
            const size_t length = utf8_sequence_length(text_.substr(at_));
            if (length == 0) return fail();
            at_ += length;
        } else if (c < 0x20) {
            return fail();
        } else {
            ++at_;
        }
    }
    return fail();
}

bool JsonScanner::code_unit(uint32_t& out) {
    if (text_.size() - at_ < 4) return fail();
    out = 0;
    for (int i = 0; i < 4; ++i) {
        const int digit = hex_value(text_[at_++]);
        if (digit < 0) return fail();
        out = out << 4 | static_cast<uint32_t>(digit);
    }
    return true;
}

bool JsonScanner::escape(std::string& out) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    ++at_;  // the backslash
    if (at_ == text_.size()) return fail();
    const char letter = text_[at_++];
    const size_t index = kLetters.find(letter);
    if (index != std::string_view::npos) {
        out.push_back(kMeanings[index]);
        return true;
    }
    uint32_t code = 0;
    if (letter != 'u' || !code_unit(code)) return fail();
    if (code >= 0xdc00 && code < 0xe000) return fail();  // the second half of a pair, alone
    if (code >= 0xd800 && code < 0xdc00) {
        uint32_t second = 0;
        if (text_.substr(at_, 2) != "\\u") return fail();
        at_ += 2;
        if (!code_unit(second) || second < 0xdc00 || second >= 0xe000) return fail();
        code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
    }
    append_utf8(out, code);
    return true;
}

bool JsonScanner::skip() {
    std::string text;
    switch (peek()) {
        case '"':
            return string(text);
        case '{':
            if (!begin_object()) return false;
            while (next_member(text)) {
                if (!skip()) return false;
            }
            return !failed_;
        case '[':
            if (!begin_array()) return false;
            while (next_element()) {
                if (!skip()) return false;
            }
            return !failed_;
        case 't':
        case 'f': {
            bool value = false;
            return boolean(value);
        }
        case 'n':
            return null();
        default: {
            std::string_view number;
            return number_text(number);
        }
    }
}

bool JsonScanner::at_end() {
    peek();
    return !failed_ && (at_ == text_.size() || fail());
}

}  // namespace marmoset
