// The command line of websocket_chat, beyond what all system servers have. In: argc and argv. Out: Options.
#pragma once

#include <marmoset/websocket_server.h>

#include <optional>
#include <string>

#include "chat.h"
#include "history.h"
#include "redis_url.h"
#include "room.h"

namespace chat {

struct ProgramOptions {
    ChatOptions chat;
    HistoryLimits history;
    RoomLimits rooms;
    std::string store;  ///< file; empty: none
    std::optional<RedisUrl> backplane;
};

/// Parses into `options`; `command_line` is asked to run the program afterwards. False: the program ends with
/// `status`.
bool parse_options(websocket_server::CommandLine& command_line, int argc, char** argv,
                   ProgramOptions& options, int& status);

}  // namespace chat
