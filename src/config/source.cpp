// Reading of configuration files: a small scanner that knows strings, comments, numbers and `@include`.
// In: files. Out: the text for libconfig, and its map back to the files.

#include "config/source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file_descriptor.h"

namespace marmoset::config {

namespace {

constexpr unsigned kMaxIncludeDepth = 10;  // libconfig's own
constexpr size_t kMaxFileSize =
    16 * 1024 * 1024;  // a device or a disk image named by mistake must not fill the memory

Result<std::string> read_file(const std::string& path) {
    FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd) return errno_error("open", path, errno);
    std::string content;
    char buffer[16384];
    for (;;) {
        ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno_error("read", path, errno);
        if (count == 0) return content;
        content.append(buffer, static_cast<size_t>(count));
        if (content.size() > kMaxFileSize) return errno_error("read", path, EFBIG);
    }
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_hex_digit(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_name_character(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
           c == '*';
}

enum class Width { Narrow, Wide, TooWide };

/// Whether libconfig's plain integer (32 bits, signed) holds the number, its 64 bit one, or none.
Width width_of(std::string_view digits, unsigned base) {
    uint64_t value = 0;
    const uint64_t limit = INT64_MAX;
    for (char c : digits) {
        uint64_t digit =
            is_digit(c) ? static_cast<uint64_t>(c - '0') : static_cast<uint64_t>((c | 32) - 'a' + 10);
        if (value > (limit - digit) / base) return Width::TooWide;
        value = value * base + digit;
    }
    return value > INT32_MAX ? Width::Wide : Width::Narrow;
}

class Scanner {
  public:
    explicit Scanner(Source& source) : source_(source) {}

    Result<void> append_file(const std::string& path, unsigned depth) {
        auto content = read_file(path);
        if (!content) return content.error();
        file_ = source_.files.emplace_back(std::make_unique<std::string>(path))->c_str();
        line_ = 1;
        content_ = content.take();
        if (content_.starts_with("\xEF\xBB\xBF")) content_.erase(0, 3);  // a byte order mark
        depth_ = depth;
        start_line();
        while (position_ < content_.size()) {
            if (auto done = step(); !done) return done;
        }
        return {};
    }

  private:
    Error error_at(unsigned line, std::string_view what) const {
        return Error{fmt::format("{}:{}: {}", file_, line, what), 0};
    }
    char peek(size_t offset = 0) const {
        return position_ + offset < content_.size() ? content_[position_ + offset] : '\0';
    }
    void start_line() { source_.lines.push_back(Location{file_, line_}); }
    void take() {
        char c = content_[position_++];
        source_.text.push_back(c);
        if (c != '\n') return;
        ++line_;
        start_line();
    }

    Result<void> step() {
        switch (peek()) {
            case '\0':  // libconfig would take it for the end of the text
                return error_at(line_, "a NUL byte in the text");
            case '"':
                return string();
            case '#':
                return line_comment();
            case '/':
                if (peek(1) == '/') return line_comment();
                if (peek(1) == '*') return block_comment();
                break;
            case '@':
                if (std::string_view(content_).substr(position_).starts_with("@include") && first_on_line())
                    return include();
                break;
            default:
                if (is_digit(peek()) || peek() == '.') return number();
                if (is_name_character(peek()) && peek() != '-') {
                    while (is_name_character(peek()))
                        take();
                    return {};
                }
        }
        take();
        return {};
    }

    bool first_on_line() const {
        for (size_t i = position_; i > 0 && content_[i - 1] != '\n'; --i) {
            if (content_[i - 1] != ' ' && content_[i - 1] != '\t') return false;
        }
        return true;
    }

    Result<void> string() {
        unsigned start = line_;
        take();
        while (position_ < content_.size()) {
            if (peek() == '\0') return error_at(line_, "a NUL byte in the text");
            if (peek() == '"') {
                take();
                return {};
            }
            if (peek() == '\\' && position_ + 1 < content_.size() && peek(1) != '\0') take();
            take();
        }
        return error_at(start, "this string has no end");
    }

    Result<void> line_comment() {
        while (position_ < content_.size() && peek() != '\n' && peek() != '\0')
            take();
        return {};
    }

    Result<void> block_comment() {
        unsigned start = line_;
        while (position_ < content_.size()) {
            if (peek() == '\0') return error_at(line_, "a NUL byte in the text");
            if (peek() == '*' && peek(1) == '/') {
                take();
                take();
                return {};
            }
            take();
        }
        return error_at(start, "this comment has no end");
    }

    Result<void> number() {
        size_t start = position_;
        bool hex = peek() == '0' && (peek(1) == 'x' || peek(1) == 'X') && is_hex_digit(peek(2));
        if (hex) {
            take();
            take();
            start = position_;
            while (is_hex_digit(peek()))
                take();
        } else {
            while (is_digit(peek()))
                take();
            if (peek() == '.' || peek() == 'e' || peek() == 'E') {
                while (is_digit(peek()) || peek() == '.' || peek() == 'e' || peek() == 'E' ||
                       ((peek() == '-' || peek() == '+') && (content_[position_ - 1] | 32) == 'e'))
                    take();
                return {};
            }
        }
        std::string_view digits = std::string_view(content_).substr(start, position_ - start);
        Width width = width_of(digits, hex ? 16 : 10);
        if (width == Width::TooWide) {
            return error_at(line_, fmt::format("{}{} is too large for an integer", hex ? "0x" : "", digits));
        }
        bool marked = peek() == 'L';
        while (peek() == 'L')
            take();
        if (width == Width::Wide && !marked) source_.text.push_back('L');
        return {};
    }

    Result<void> include() {
        size_t open = position_ + std::string_view("@include").size();
        while (open < content_.size() && (content_[open] == ' ' || content_[open] == '\t'))
            ++open;
        size_t close = open < content_.size() ? content_.find_first_of("\"\n", open + 1) : std::string::npos;
        if (open >= content_.size() || content_[open] != '"' || close == std::string::npos ||
            content_[close] != '"') {
            return error_at(line_, "@include: expected a file name in quotes");
        }
        std::string name(content_, open + 1, close - open - 1);
        if (depth_ >= kMaxIncludeDepth) {
            return error_at(
                line_, fmt::format("@include: {} is nested deeper than {} files", name, kMaxIncludeDepth));
        }
        // From the working directory first: that is what libconfig does, and files written for ouistiti
        // expect.
        std::string_view including(file_);
        size_t slash = including.rfind('/');
        if (!name.starts_with('/') && ::access(name.c_str(), F_OK) != 0 && slash != std::string_view::npos) {
            std::string beside = std::string(including.substr(0, slash + 1)) + name;
            if (::access(beside.c_str(), F_OK) == 0) name = beside;
        }
        Scanner nested(source_);
        source_.lines.pop_back();  // what stands before on this line is blank
        source_.text.erase(source_.text.find_last_of('\n') + 1);
        auto done = nested.append_file(name, depth_ + 1);
        if (!done) {
            // An error within the file names its own place already; one about the file itself names ours.
            if (done.error().code == 0) return done;
            return Error{error_at(line_, "@include: " + done.error().text).text, 0};
        }
        source_.text.push_back('\n');
        start_line();
        position_ = close + 1;
        return {};
    }

    Source& source_;
    const char* file_ = "";
    unsigned line_ = 1;
    std::string content_;
    size_t position_ = 0;
    unsigned depth_ = 0;
};

}  // namespace

const Location& Source::location(unsigned line) const {
    static const Location nowhere{"", 0};
    if (lines.empty()) return nowhere;
    return lines[std::min<size_t>(line == 0 ? 0 : line - 1, lines.size() - 1)];
}

Result<Source> read_source(const std::string& path) {
    Source source;
    if (auto done = Scanner(source).append_file(path, 1); !done) return done.error();
    // libconfig takes a comment in the last line only if that line has an end.
    if (!source.text.ends_with('\n')) source.text.push_back('\n');
    return source;
}

}  // namespace marmoset::config
