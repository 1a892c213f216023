// The lines of the subprotocol marmoset-chat that the server writes (conf/chat-protocol.md). In: persons and
// messages. Out: text.
#pragma once

#include <string>
#include <string_view>

#include "message.h"

namespace chat::lines {

/// "KIND ID TIME NAME COLOUR FLAGS\nTEXT": `kind` is message or history.
std::string message(std::string_view kind, const Message& message);
/// "private TIME NAME COLOUR FLAGS\nTEXT"
std::string private_message(uint64_t time, const Person& sender, std::string_view text);
/// "KIND NAME COLOUR FLAGS": `kind` is welcome, join, or empty for a line of names.
std::string person(std::string_view kind, const Person& person);
std::string rename(std::string_view old_name, const Person& person);
std::string leave(std::string_view name);
/// `id` empty: of a private message.
std::string sent(std::string_view tag, std::string_view id, uint64_t time);
/// `address` empty: not known.
std::string is(const Person& person, std::string_view address);
std::string error(std::string_view code, std::string_view tag, std::string_view text);

}  // namespace chat::lines
