// What clients ask for, in either way of speaking (conf/chat-protocol.md). In: a text message. Out: a command
// whose parts are views of the message.
#pragma once

#include <string_view>

namespace chat {

struct Command {
    enum class Kind {
        Hello,    ///< name, colour
        Say,      ///< text, tag
        Private,  ///< name, text, tag
        Whois,    ///< name
        Names,
        Bad,  ///< none, or without what it needs: text says what
    };
    Kind kind = Kind::Say;
    std::string_view name = {};
    std::string_view colour = {};
    std::string_view tag = {};
    std::string_view text = {};
};

/// ouistiti's commands, WSHello and its like; everything else is said to all, as it stands.
Command parse_plain(std::string_view message);

/// The subprotocol marmoset-chat.
Command parse_line(std::string_view message);

/// Subprotocol of clients who speak in lines.
inline constexpr std::string_view kSubprotocol = "marmoset-chat";
inline constexpr size_t kMaxTag = 32;  // bytes

}  // namespace chat
