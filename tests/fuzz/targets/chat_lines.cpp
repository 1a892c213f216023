// What clients of the chat, users of the gateway and other chat servers write: names, commands, lines,
// payloads of the backplane. In: a text. Compared with the rules of conf/chat-protocol.md one by one, and
// with the way back.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/fuzz/support/fuzz.h"
#include "utils/websocket_chat/backplane_message.h"
#include "utils/websocket_chat/commands.h"
#include "utils/websocket_chat/lines.h"
#include "utils/websocket_chat/names.h"
#include "utils/websocket_chat/redis_url.h"
#include "websocket/utf8.h"

namespace marmoset::fuzz {
namespace {

using chat::Command;

bool utf8(std::string_view text) {
    return websocket::is_valid_utf8(as_bytes(text));
}

// A name can stand in a line, and is the same when it comes back.
void check_name(const std::string& name) {
    if (name.empty()) return;
    require(name.size() <= chat::kMaxName && utf8(name), "a name of 30 bytes of UTF-8");
    require(name.find_first_of(" \n\r\t") == std::string::npos && name != chat::kNobody,
            "a name of one word");
    require(chat::clean_name(name) == name && chat::is_name(name), "a name that stays");
    const std::string other = chat::numbered(name, 7);
    require(other.size() <= chat::kMaxName && utf8(other) && other.ends_with("007"), "a name with a number");
    require(name.starts_with(other.substr(0, other.size() - 3)), "the beginning of the name");
}

void check_names(std::string_view text) {
    require(chat::is_utf8(text) == utf8(text), "the reference's verdict on UTF-8");
    const std::string name = chat::clean_name(text);
    check_name(name);
    if (utf8(text)) {
        const std::string_view end = text.substr(0, text.find_first_of(std::string_view(" \n\0", 3)));
        size_t place = 0;
        for (const char byte : name) {  // nothing is added, and nothing changes places
            place = end.find(byte, place);
            require(place != std::string_view::npos, "a name made of what was asked for");
            ++place;
        }
        const std::string_view cut = chat::cut_utf8(text, text.size() / 2);
        require(utf8(cut) && text.starts_with(cut) && cut.size() + 4 > text.size() / 2,
                "a cut between characters");
    }
    const std::string user = chat::name_of_user(text);
    require(user.empty() == text.empty(), "a name for every user");
    check_name(user);
    if (chat::is_room_name(text)) {
        require(utf8(text) && text.size() <= chat::kMaxRoomName, "a room's name");
        require(text.find('\n') == std::string_view::npos, "a room's name of one line");
    }
    std::string colour = "before";
    require(chat::take_colour(text, colour) == (colour != "before"), "a colour that was taken");
}

std::vector<std::string_view> split(std::string_view line) {
    std::vector<std::string_view> words;
    for (size_t from = 0; from <= line.size();) {
        const size_t end = std::min(line.find(' ', from), line.size());
        words.push_back(line.substr(from, end - from));
        from = end + 1;
    }
    words.resize(std::max<size_t>(words.size(), 4));
    for (std::string_view& word : words) {
        if (word == "-") word = {};
    }
    return words;
}

void check_line(std::string_view message) {
    const Command command = chat::parse_line(message);
    const size_t newline = message.find('\n');
    const std::vector<std::string_view> words = split(message.substr(0, newline));
    const std::string_view text =
        newline == std::string_view::npos ? std::string_view() : message.substr(newline + 1);
    switch (command.kind) {
        case Command::Kind::Hello:
            require(words[0] == "hello" && command.name == words[1] && command.colour == words[2], "hello");
            break;
        case Command::Kind::Say:
            require(words[0] == "say" && command.tag == words[1] && command.text == text, "say");
            break;
        case Command::Kind::Private:
            require(words[0] == "private" && command.name == words[1] && command.tag == words[2], "private");
            require(command.text == text && !command.name.empty(), "the text of private");
            break;
        case Command::Kind::Whois:
            require(words[0] == "whois" && command.name == words[1] && !command.name.empty(), "whois");
            break;
        case Command::Kind::Names:
            require(words[0] == "names", "names");
            break;
        case Command::Kind::Bad:
            require(!command.text.empty(), "a reason");
            break;
    }
    require(command.tag.size() <= chat::kMaxTag, "a tag of 32 bytes");
    require(command.tag.find('\n') == std::string_view::npos, "a tag that can stand in a line");
}

void check_plain(std::string_view message) {
    const Command command = chat::parse_plain(message);
    if (command.kind == Command::Kind::Say) {
        require(command.text.data() == message.data() && command.text.size() == message.size(),
                "all that was said");
        require(!message.starts_with("WSHello ") && !message.starts_with("WSWhois ") &&
                    !message.starts_with("WSPrivate "),
                "a command that was said");
        return;
    }
    require(
        message.starts_with("WSHello") || message.starts_with("WSWhois") || message.starts_with("WSPrivate"),
        "a command out of nothing");
    require(command.name.find_first_of(std::string_view(" \n\0", 3)) == std::string_view::npos,
            "one word of a name");
    require(message.ends_with(command.text), "a text that is the rest");
}

// Others may write to the channel: what is taken from it can be told to clients as it is.
void check_payload(std::string_view payload) {
    chat::Envelope envelope;
    if (!chat::decode(payload, envelope)) return;
    chat::Envelope again;
    require(chat::decode(chat::encode(envelope), again), "an envelope that comes back");
    require(again.words == envelope.words && again.room == envelope.room && again.text == envelope.text &&
                again.number == envelope.number && again.instance == envelope.instance &&
                again.operation == envelope.operation,
            "the same envelope");
    require(chat::is_room_name(envelope.room), "a room");
    if (envelope.operation == chat::Operation::Said) {
        chat::Message message;
        if (!chat::take_message(envelope, message)) return;
        const std::string line = chat::lines::message("message", message);
        require(message.binary || utf8(line), "a line of UTF-8");
        const std::vector<std::string_view> words = split(std::string_view(line).substr(0, line.find('\n')));
        require(words.size() == 6 && words[3] == message.sender.name, "a line of six words");
    }
    if (envelope.operation == chat::Operation::Came) {
        chat::Person person;
        if (!chat::take_person(envelope, 0, person)) return;
        const std::string line = chat::lines::person("join", person);
        require(utf8(line) && split(line).size() == 4, "a line of four words");
    }
}

void check_url(std::string_view text) {
    chat::RedisUrl url;
    if (!chat::parse_redis_url(text, url).empty()) return;
    require(!url.host.empty() && url.port != 0 && !url.channel.empty(), "a place to connect to");
    require(text.find(url.host) != std::string_view::npos, "a host that is in the URL");
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    const auto bytes = exact({data, size});
    const std::string_view text = as_text(bytes);
    check_names(text);
    check_line(text);
    check_plain(text);
    check_payload(text);
    check_url(text);
    return 0;
}
