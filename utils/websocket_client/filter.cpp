#include "filter.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "input.h"

namespace {

using websocket_client::EventLoop;
using websocket_client::MessageEvent;

// No more is read while so much waits to be sent.
constexpr uint64_t kMaxWaiting = 1u << 20;
// A line of standard input, which is one message, may be this long.
constexpr size_t kMaxLine = 16u << 20;

class Filter {
  public:
    Filter(EventLoop& loop, const CommandLine& command_line)
        : loop_(loop),
          command_line_(command_line),
          exchange_(loop, command_line),
          input_(loop, [this](std::string_view piece, bool end) { return take(piece, end); }) {
        exchange_.on_open = [this] { input_.start(); };
        exchange_.on_message = [this](const MessageEvent& event) { receive(event); };
        exchange_.on_drain = [this] { input_.resume(); };
    }

    int status() const { return failed_ != 0 ? failed_ : exchange_.status(); }

  private:
    // Standard input. False: enough for now.
    bool take(std::string_view piece, bool end) {
        if (command_line_.binary) {
            if (!piece.empty()) exchange_.socket().sendBinary(piece);
        } else {
            take_lines(piece, end);
        }
        if (end) {
            // With --count the answers are waited for, and else silence.
            if (command_line_.count == 0) await_silence();
            return true;
        }
        if (exchange_.socket().bufferedAmount() < kMaxWaiting) return true;
        // What is still there when this turn is over waits for the network, and ondrain follows.
        loop_.post([this] {
            if (exchange_.socket().bufferedAmount() < kMaxWaiting) input_.resume();
        });
        return false;
    }

    void await_silence() {
        loop_.after(command_line_.quiet_ms, [this, heard = received_] {
            if (heard == received_ && exchange_.socket().bufferedAmount() == 0) {
                exchange_.finish();
            } else {
                await_silence();
            }
        });
    }

    void take_lines(std::string_view piece, bool end) {
        while (failed_ == 0) {
            const size_t newline = piece.find('\n');
            line_.append(piece.substr(0, newline));
            if (line_.size() > kMaxLine) {
                fail("a line of standard input is longer than 16 MiB");
            } else if (newline != std::string_view::npos || (end && !line_.empty())) {
                send_line();
            }
            if (newline == std::string_view::npos) return;
            piece = piece.substr(newline + 1);
        }
    }

    void send_line() {
        try {
            exchange_.socket().send(line_);
        } catch (const websocket_client::SyntaxError&) {
            fail("standard input is not UTF-8; --binary sends any bytes");
        }
        line_.clear();
    }

    void receive(const MessageEvent& event) {
        if (done_) return;
        // The reader's own pace is ours: a full pipe stops the loop, and with it the server.
        if (!write_out(event.data) || (!command_line_.binary && !write_out("\n"))) {
            fail(errno == EPIPE ? "" : "standard output can't be written");
            return;
        }
        ++received_;
        if (command_line_.count == 0 || received_ < command_line_.count) return;
        done_ = true;
        exchange_.succeed();
    }

    bool write_out(std::string_view data) {
        while (!data.empty()) {
            const ssize_t count = write(STDOUT_FILENO, data.data(), data.size());
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return false;
            data.remove_prefix(static_cast<size_t>(count));
        }
        return true;
    }

    void fail(const char* message) {
        if (failed_ != 0) return;
        failed_ = kUsage;
        if (*message != '\0') exchange_.report(std::string("websocket_client: ") + message);
        exchange_.finish();
    }

    EventLoop& loop_;
    const CommandLine& command_line_;
    Exchange exchange_;
    std::string line_;  // of standard input, not complete yet
    uint64_t received_ = 0;
    bool done_ = false;
    int failed_ = 0;
    Input input_;  // last: its thread ends before the rest goes
};

}  // namespace

int run_filter(const CommandLine& command_line) {
    EventLoop loop;
    Filter filter(loop, command_line);
    loop.run();
    return filter.status();
}
