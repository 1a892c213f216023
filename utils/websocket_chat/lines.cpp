#include "lines.h"

#include "names.h"

namespace chat::lines {

namespace {

std::string_view word(std::string_view text) {
    return text.empty() ? kNobody : text;
}

void append(std::string& line, std::string_view word) {
    if (!line.empty()) line += ' ';
    line += word;
}

void append_person(std::string& line, const Person& person) {
    append(line, word(person.name));
    append(line, word(person.colour));
    append(line, person.verified ? "v" : kNobody);
}

void append_text(std::string& line, std::string_view text) {
    line += '\n';
    line += text;
}

}  // namespace

std::string message(std::string_view kind, const Message& message) {
    std::string line;
    line.reserve(message.text.size() + 128);
    line = kind;
    append(line, message.id);
    append(line, std::to_string(message.time));
    append_person(line, message.sender);
    append_text(line, message.text);
    return line;
}

std::string private_message(uint64_t time, const Person& sender, std::string_view text) {
    std::string line = "private " + std::to_string(time);
    append_person(line, sender);
    append_text(line, text);
    return line;
}

std::string person(std::string_view kind, const Person& person) {
    std::string line(kind);
    append_person(line, person);
    return line;
}

std::string rename(std::string_view old_name, const Person& person) {
    std::string line = "rename ";
    line += old_name;
    append_person(line, person);
    return line;
}

std::string leave(std::string_view name) {
    return "leave " + std::string(name);
}

std::string sent(std::string_view tag, std::string_view id, uint64_t time) {
    std::string line = "sent ";
    line += tag;
    append(line, word(id));
    append(line, std::to_string(time));
    return line;
}

std::string is(const Person& person, std::string_view address) {
    std::string line = "is " + person.name;
    append(line, word(address));
    append(line, person.verified ? "v" : kNobody);
    return line;
}

std::string error(std::string_view code, std::string_view tag, std::string_view text) {
    std::string line = "error ";
    line += code;
    append(line, word(tag));
    append_text(line, text);
    return line;
}

}  // namespace chat::lines
