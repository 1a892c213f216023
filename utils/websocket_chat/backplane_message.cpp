#include "backplane_message.h"

#include <array>
#include <charconv>

#include "names.h"

namespace chat {

namespace {

constexpr std::string_view kMagic = "marmoset-chat/1";
constexpr size_t kMaxWords = 8;
constexpr size_t kMaxWord = 64;  // bytes; the longest is an address

struct Name {
    std::string_view name;
    size_t words;
    bool numbered;
};
// In the order of Operation.
constexpr std::array<Name, 12> kNames = {{{"said", 6, true},
                                          {"private", 6, true},
                                          {"came", 4, true},
                                          {"renamed", 5, true},
                                          {"went", 1, true},
                                          {"list", 0, true},
                                          {"listed", 0, true},
                                          {"alive", 1, false},
                                          {"bye", 0, false},
                                          {"want", 2, false},
                                          {"gap", 1, false},
                                          {"who", 1, false}}};

// What stands before `end`, which is taken off too; false: it does not come.
bool take_until(std::string_view& rest, char end, std::string_view& taken) {
    const size_t at = rest.find(end);
    if (at == std::string_view::npos) return false;
    taken = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    return true;
}

bool to_number(std::string_view digits, uint64_t& number) {
    const char* const end = digits.data() + digits.size();
    const auto [at, error] = std::from_chars(digits.data(), end, number);
    return error == std::errc() && at == end;
}

bool is_token(std::string_view text, size_t most) {
    constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-";
    return !text.empty() && text.size() <= most && text.find_first_not_of(kLetters) == std::string_view::npos;
}

}  // namespace

std::string encode(const Envelope& envelope) {
    std::string bytes(kMagic);
    bytes += ' ';
    bytes += envelope.instance;
    bytes += ' ';
    bytes += std::to_string(envelope.number);
    bytes += ' ';
    bytes += kNames[static_cast<size_t>(envelope.operation)].name;
    for (const std::string& word : envelope.words) {
        bytes += ' ';
        bytes += word.empty() ? kNobody : word;
    }
    bytes += '\n';
    bytes += envelope.room;
    bytes += '\n';
    bytes += envelope.text;
    return bytes;
}

bool decode(std::string_view bytes, Envelope& envelope) {
    std::string_view line, room;
    if (!take_until(bytes, '\n', line) || !take_until(bytes, '\n', room) || !is_room_name(room)) return false;
    std::vector<std::string_view> words;
    for (std::string_view word; take_until(line, ' ', word);) {
        words.push_back(word);
        if (words.size() > kMaxWords + 4) return false;
    }
    words.push_back(line);
    if (words.size() < 4 || words[0] != kMagic || !is_token(words[1], 16)) return false;
    if (!to_number(words[2], envelope.number)) return false;
    size_t operation = 0;
    while (operation < kNames.size() && kNames[operation].name != words[3])
        ++operation;
    if (operation == kNames.size() || words.size() - 4 < kNames[operation].words) return false;
    if (kNames[operation].numbered != (envelope.number != 0)) return false;
    envelope.instance = words[1];
    envelope.operation = static_cast<Operation>(operation);
    envelope.words.clear();
    for (size_t i = 4; i < words.size(); ++i) {
        if (words[i].empty() || words[i].size() > kMaxWord || !is_utf8(words[i])) return false;
        envelope.words.emplace_back(words[i] == kNobody ? std::string_view() : words[i]);
    }
    envelope.room = room;
    envelope.text = bytes;
    return true;
}

void add_person(Envelope& envelope, const Person& person) {
    envelope.words.push_back(person.name);
    envelope.words.push_back(person.colour);
    envelope.words.emplace_back(person.verified ? "v" : "");
}

bool take_person(const Envelope& envelope, size_t at, Person& person) {
    person.name = envelope.words[at];
    person.colour.clear();
    person.verified = envelope.words[at + 2] == "v";
    const std::string& colour = envelope.words[at + 1];
    return (person.name.empty() || is_name(person.name)) &&
           (colour.empty() || take_colour(colour, person.colour));
}

void add_message(Envelope& envelope, const Message& message) {
    envelope.words = {message.id, std::to_string(message.time)};
    add_person(envelope, message.sender);
    envelope.words.emplace_back(message.binary ? "b" : "");
    envelope.text = message.text;
}

bool take_message(const Envelope& envelope, Message& message) {
    message.id = envelope.words[0];
    message.binary = envelope.words[5] == "b";
    message.text = envelope.text;
    return is_token(message.id, 32) && take_number(envelope, 1, message.time) &&
           take_person(envelope, 2, message.sender) && (message.binary || is_utf8(message.text));
}

bool take_number(const Envelope& envelope, size_t at, uint64_t& number) {
    return to_number(envelope.words[at], number);
}

}  // namespace chat
