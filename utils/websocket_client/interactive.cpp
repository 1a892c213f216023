#include "interactive.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "console.h"

namespace {

using websocket_client::EventLoop;
using websocket_client::MessageEvent;

constexpr char kCommands[] =
    "/close [CODE [REASON]]  close the connection, with 1000 unless told otherwise, and end\n"
    "/ping [TEXT]            send a ping; its answer is shown\n"
    "/binary FILE            send a file as one binary message\n"
    "/quit                   the same as /close; again: without waiting\n"
    "//TEXT                  send /TEXT";

// A message of a file is read whole.
constexpr std::streamsize kMaxFile = 256 << 20;
// Bytes of a binary message that are shown.
constexpr size_t kShownBytes = 32;

std::string hexadecimal(std::string_view data) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const char c : data.substr(0, kShownBytes)) {
        const auto byte = static_cast<unsigned char>(c);
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
        text += ' ';
    }
    return text + (data.size() > kShownBytes ? "..." : "");
}

// Takes a word off the front.
std::string take_word(std::string& text) {
    const size_t end = text.find(' ');
    std::string word = text.substr(0, end);
    const size_t next = end == std::string::npos ? end : text.find_first_not_of(' ', end);
    text = next == std::string::npos ? "" : text.substr(next);
    return word;
}

class Talk {
  public:
    Talk(EventLoop& loop, const CommandLine& command_line)
        : command_line_(command_line),
          coloured_(std::getenv("NO_COLOR") == nullptr),
          exchange_(loop, command_line),
          console_(loop, [this](const std::string& line, bool end) { take(line, end); }) {
        exchange_.report = [this](const std::string& line) { show(kNotice, line); };
        exchange_.on_open = [this] {
            const auto& socket = exchange_.socket();
            show(kNotice,
                 "connected to " + printable(socket.url()) +
                     (socket.protocol().empty() ? "" : ", subprotocol " + printable(socket.protocol())));
        };
        exchange_.on_message = [this](const MessageEvent& event) { receive(event); };
        exchange_.on_pong = [this](std::string_view payload) {
            show(kReceived, "pong" + (payload.empty() ? "" : " " + printable(payload)));
        };
        console_.start();
    }

    int status() const { return exchange_.status(); }

  private:
    enum Mark { kSent, kReceived, kNotice };

    // Green goes out, blue comes in, yellow is ours.
    void show(Mark mark, const std::string& text) {
        constexpr const char* kMarks[] = {">", "<", "*"};
        constexpr const char* kColours[] = {"\033[32m", "\033[34m", "\033[33m"};
        console_.show(coloured_ ? kColours[mark] + std::string(kMarks[mark]) + "\033[0m " + text
                                : std::string(kMarks[mark]) + " " + text);
    }

    void receive(const MessageEvent& event) {
        if (event.binary) {
            show(kReceived,
                 "binary, " + std::to_string(event.data.size()) + " bytes: " + hexadecimal(event.data));
        } else {
            show(kReceived, printable(event.data));
        }
        if (command_line_.count != 0 && ++received_ == command_line_.count) exchange_.succeed();
    }

    void take(const std::string& line, bool end) {
        try {
            if (end) {
                quit();
            } else if (line[0] == '/' && line.substr(0, 2) != "//") {
                command(line.substr(1));
            } else {
                send(line[0] == '/' ? line.substr(1) : line);
            }
        } catch (const std::logic_error& error) {  // what the socket's own checks say
            show(kNotice, error.what());
        }
    }

    void send(const std::string& text) {
        if (!exchange_.socket().send(text)) show(kNotice, "the connection is closing: not sent");
    }

    void command(std::string text) {
        const std::string name = take_word(text);
        if (name == "close") {
            close(text);
        } else if (name == "ping") {
            if (exchange_.socket().ping(text))
                show(kSent, "ping" + (text.empty() ? "" : " " + printable(text)));
        } else if (name == "binary") {
            send_file(text);
        } else if (name == "quit") {
            quit();
        } else if (name == "help") {
            show(kNotice, kCommands);
        } else {
            show(kNotice, "there is no /" + printable(name) + "; /help lists what there is");
        }
    }

    void close(std::string arguments) {
        uint16_t code = websocket_client::Normal;
        if (!arguments.empty()) {
            const std::string number = take_word(arguments);
            char* rest = nullptr;
            const unsigned long value = std::strtoul(number.c_str(), &rest, 10);
            if (*rest != '\0' || value > 65535) {
                show(kNotice, "/close CODE REASON: the code is a number");
                return;
            }
            code = static_cast<uint16_t>(value);
        }
        exchange_.finish(code, arguments);
    }

    void quit() {
        if (quitting_) {
            exchange_.give_up();
            return;
        }
        quitting_ = true;
        exchange_.finish();
    }

    void send_file(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        std::string data;
        char piece[65536];
        while (file.read(piece, sizeof piece), file.gcount() > 0) {
            data.append(piece, static_cast<size_t>(file.gcount()));
            if (data.size() > static_cast<size_t>(kMaxFile)) break;
        }
        if (!file.is_open() || (!file.eof() && file.fail())) {
            show(kNotice, "can't read " + printable(path));
        } else if (data.size() > static_cast<size_t>(kMaxFile)) {
            show(kNotice, printable(path) + " is larger than 256 MiB");
        } else if (exchange_.socket().sendBinary(data)) {
            show(kSent, "binary, " + std::to_string(data.size()) + " bytes");
        } else {
            show(kNotice, "the connection is closing: not sent");
        }
    }

    const CommandLine& command_line_;
    bool coloured_;
    bool quitting_ = false;
    uint64_t received_ = 0;
    Exchange exchange_;
    Console console_;  // last: its thread ends before the rest goes
};

}  // namespace

int run_interactive(const CommandLine& command_line) {
    EventLoop loop;
    Talk talk(loop, command_line);
    loop.run();
    return talk.status();
}
