#include "commands.h"

namespace chat {

namespace {

// Takes words off a line, which are separated by spaces. An absent word is empty, as is one that is "-".
class Words {
  public:
    explicit Words(std::string_view line) : rest_(line) {}

    std::string_view next() {
        const size_t end = rest_.find(' ');
        std::string_view word = rest_.substr(0, end);
        rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
        return word == "-" ? std::string_view() : word;
    }

  private:
    std::string_view rest_;
};

// What follows `command` and its space; false: the message is not that command.
bool take_command(std::string_view message, std::string_view command, std::string_view& rest) {
    if (message.substr(0, command.size()) != command) return false;
    rest = message.substr(command.size());
    constexpr std::string_view kEnds(" \n\0", 3);
    if (!rest.empty() && kEnds.find(rest[0]) == std::string_view::npos) return false;
    rest = rest.substr(rest.find_first_not_of(' ') == std::string_view::npos ? rest.size()
                                                                             : rest.find_first_not_of(' '));
    return true;
}

// ouistiti's names end at a space, a newline or a NUL.
std::string_view take_name(std::string_view& rest) {
    constexpr std::string_view kEnds(" \n\0", 3);
    const size_t end = rest.find_first_of(kEnds);
    const std::string_view name = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return name;
}

Command bad(std::string_view tag, std::string_view what) {
    return {.kind = Command::Kind::Bad, .tag = tag, .text = what};
}

}  // namespace

Command parse_plain(std::string_view message) {
    std::string_view rest;
    if (take_command(message, "WSHello", rest))
        return {.kind = Command::Kind::Hello, .name = take_name(rest)};
    if (take_command(message, "WSWhois", rest))
        return {.kind = Command::Kind::Whois, .name = take_name(rest)};
    if (take_command(message, "WSPrivate", rest)) {
        const std::string_view name = take_name(rest);
        return {.kind = Command::Kind::Private, .name = name, .text = rest};
    }
    return {.kind = Command::Kind::Say, .text = message};
}

Command parse_line(std::string_view message) {
    const size_t newline = message.find('\n');
    const std::string_view line = message.substr(0, newline);
    const std::string_view text =
        newline == std::string_view::npos ? std::string_view() : message.substr(newline + 1);
    if (line.find('\0') != std::string_view::npos) return bad({}, "a NUL in the line");
    Words words(line);
    const std::string_view kind = words.next();
    if (kind == "hello") {
        const std::string_view name = words.next();
        return {.kind = Command::Kind::Hello, .name = name, .colour = words.next()};
    }
    if (kind == "names") return {.kind = Command::Kind::Names};
    if (kind == "whois") {
        const std::string_view name = words.next();
        if (name.empty()) return bad({}, "whois needs a name");
        return {.kind = Command::Kind::Whois, .name = name};
    }
    if (kind != "say" && kind != "private") return bad({}, "not a command of this chat");
    const std::string_view name = kind == "private" ? words.next() : std::string_view();
    const std::string_view tag = words.next();
    if (tag.size() > kMaxTag) return bad({}, "a tag has at most 32 bytes");
    if (kind == "private" && name.empty()) return bad(tag, "private needs a name");
    return {.kind = kind == "say" ? Command::Kind::Say : Command::Kind::Private,
            .name = name,
            .tag = tag,
            .text = text};
}

}  // namespace chat
