#include "options.h"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace chat {

namespace {

// A quarter of what may wait for a client (the gateway's `queue`): others' messages fit in beside a large
// one.
constexpr size_t kMaxMessage = 262144;
constexpr const char* kDefaultHistory = "100";  // of a store

bool take_number(const char* option, const std::string& text, uint64_t most, size_t& value) {
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc() && at == end && value <= most) return true;
    std::fprintf(stderr, "websocket_chat: --%s: not a number up to %llu\n", option,
                 static_cast<unsigned long long>(most));
    return false;
}

}  // namespace

bool parse_options(websocket_server::CommandLine& command_line, int argc, char** argv,
                   ProgramOptions& options, int& status) {
    std::string history, history_bytes = "262144", all_bytes = "67108864", rooms = "1024", rate = "0";
    std::string backplane;
    command_line.add_flag('w', "commands", "obey WSHello, WSPrivate and WSWhois", options.chat.commands);
    command_line.add_flag(0, "hide-addresses", "tell nobody the addresses of others",
                          options.chat.hide_addresses);
    command_line.add_option(0, "history", "NUMBER", "messages of a room that late-comers get (0)", history);
    command_line.add_option(0, "history-bytes", "BYTES", "... and their size at most (262144)",
                            history_bytes);
    command_line.add_option(0, "all-history-bytes", "BYTES", "... of all rooms together (67108864)",
                            all_bytes);
    command_line.add_option(0, "store", "FILE", "keep the history in this SQLite database", options.store);
    command_line.add_option(0, "max-rooms", "NUMBER", "rooms, those with nothing but history too (1024)",
                            rooms);
    command_line.add_option(0, "rate", "NUMBER", "messages a second from one client (0: any number)", rate);
    command_line.add_option(0, "backplane", "URL",
                            "share the rooms: redis://[[user]:password@]host[:port][/channel]", backplane);
    command_line.defaults().max_message = kMaxMessage;
    if (!command_line.parse(argc, argv)) {
        status = command_line.status();
        return false;
    }
    if (history.empty()) history = options.store.empty() ? "0" : kDefaultHistory;
    status = 1;
    size_t messages_a_second = 0;
    if (!take_number("history", history, 100000, options.history.messages) ||
        !take_number("history-bytes", history_bytes, UINT32_MAX, options.history.bytes) ||
        !take_number("all-history-bytes", all_bytes, UINT64_MAX / 2, options.rooms.history_bytes) ||
        !take_number("max-rooms", rooms, 1000000, options.rooms.rooms) ||
        !take_number("rate", rate, 1000000, messages_a_second)) {
        return false;
    }
    options.chat.rate = static_cast<unsigned>(messages_a_second);
    options.chat.name = command_line.options().name;
    if (options.rooms.rooms == 0) {
        std::fputs("websocket_chat: --max-rooms: at least 1\n", stderr);
        return false;
    }
    if (!backplane.empty()) {
        const std::string wrong = parse_redis_url(backplane, options.backplane.emplace());
        if (!wrong.empty()) {
            std::fprintf(stderr, "websocket_chat: --backplane: %s\n", wrong.c_str());
            return false;
        }
    }
    if (!options.store.empty() && options.history.messages == 0) {
        std::fputs("websocket_chat: --store keeps the history; --history 0 has none\n", stderr);
        return false;
    }
    // It is opened by the process that serves, which may work in another directory.
    std::error_code error;
    if (!options.store.empty()) options.store = std::filesystem::absolute(options.store, error);
    if (error) std::fprintf(stderr, "websocket_chat: --store: %s\n", error.message().c_str());
    return !error;
}

}  // namespace chat
