#include "exchange.h"

#include <cstdio>

using websocket_client::CloseEvent;
using websocket_client::ErrorEvent;
using websocket_client::TraceEvent;
using websocket_client::WebSocket;

namespace {

// Who sits at a terminal, or a script, waits no longer for a server's Close frame.
constexpr unsigned kCloseTimeoutMs = 3000;

const char* opcode_name(uint8_t opcode) {
    switch (opcode) {
        case 0:
            return "continuation";
        case 1:
            return "text";
        case 2:
            return "binary";
        case 8:
            return "close";
        case 9:
            return "ping";
        case 10:
            return "pong";
        default:
            return "reserved";
    }
}

// A head's credentials are not for the screen of whoever looks over one's shoulder.
std::string without_secrets(std::string_view line) {
    for (const std::string_view name : {"Authorization: ", "Proxy-Authorization: ", "Cookie: "}) {
        if (line.substr(0, name.size()) == name) return std::string(name) + "***";
    }
    return std::string(line);
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && c != '\t') || byte == 0x7f) {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
            out += escaped;
        } else {
            out += c;
        }
    }
    return out;
}

Exchange::Exchange(websocket_client::EventLoop& loop, const CommandLine& command_line)
    : loop_(loop), command_line_(command_line) {
    report = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
    websocket_client::Options options = command_line.options;
    options.any_close_code = true;
    options.close_timeout_ms = kCloseTimeoutMs;
    if (command_line.verbose) options.trace = [this](const TraceEvent& event) { trace(event); };
    socket_ = std::make_unique<WebSocket>(loop, command_line.url, command_line.protocols, std::move(options));
    socket_->binaryType = websocket_client::BinaryType::ArrayBuffer;
    socket_->onopen = [this] {
        opened_ = true;
        if (on_open) on_open();
    };
    socket_->onmessage = [this](const websocket_client::MessageEvent& event) {
        if (on_message) on_message(event);
    };
    socket_->ondrain = [this] {
        if (on_drain) on_drain();
    };
    socket_->onpong = [this](std::string_view payload) {
        if (on_pong) on_pong(payload);
    };
    socket_->onerror = [this](const ErrorEvent& event) {
        error_ = event;
        if (command_line_.verbose)
            report("* socket error " + std::to_string(static_cast<int>(event.error)) + ": " +
                   printable(event.message));
    };
    socket_->onclose = [this](const CloseEvent& event) { on_close(event); };
    if (command_line.timeout_ms != 0) loop.after(command_line.timeout_ms, [this] { time_out(); });
}

void Exchange::finish(uint16_t code, std::string_view reason) {
    if (!ended_) socket_->close(code, reason);
}

void Exchange::succeed() {
    succeeded_ = true;
    finish();
}

void Exchange::give_up() {
    if (!ended_ && !succeeded_) status_ = kAbnormal;
    loop_.stop();
}

void Exchange::time_out() {
    if (ended_) return;
    timed_out_ = true;
    status_ = kTimeout;
    report("websocket_client: timeout");
    loop_.stop();
}

void Exchange::on_close(const CloseEvent& event) {
    ended_ = true;
    const bool in_order = event.wasClean && (event.code == websocket_client::Normal ||
                                             event.code == websocket_client::GoingAway ||
                                             event.code == websocket_client::MissingStatusCode);
    if (timed_out_) {
        status_ = kTimeout;
    } else if (!opened_) {
        const ErrorEvent error = error_.value_or(ErrorEvent());
        status_ = error.http_status != 0                                             ? kRejected
                  : error.error == websocket_client::SocketError::SslInvalidUserData ? kUsage
                                                                                     : kNoConnection;
        report("websocket_client: " + printable(error.message));
    } else if (!in_order && !succeeded_) {
        status_ = kAbnormal;
        report("websocket_client: closed with " + std::to_string(event.code) +
               (event.reason.empty() ? "" : " " + printable(event.reason)) +
               (error_ ? ": " + printable(error_->message) : ""));
    } else if (command_line_.verbose || command_line_.interactive) {
        report("closed with " + std::to_string(event.code) +
               (event.reason.empty() ? "" : " " + printable(event.reason)));
    }
    if (on_end) on_end();
    loop_.stop();
}

void Exchange::trace(const TraceEvent& event) {
    const std::string mark = event.sent ? "> " : "< ";
    if (event.kind == TraceEvent::Kind::Tls) {
        report("* " + std::string(event.text));
    } else if (event.kind == TraceEvent::Kind::Frame) {
        report(mark + opcode_name(event.opcode) + (event.fin ? "" : ", to be continued") +
               ((event.rsv & 4) != 0 ? ", compressed" : "") + ", " + std::to_string(event.length) + " bytes");
    } else {
        std::string_view rest = event.text;
        while (!rest.empty()) {
            const size_t end = rest.find("\r\n");
            const std::string_view line = rest.substr(0, end);
            if (!line.empty()) report(mark + printable(without_secrets(line)));
            rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 2);
        }
    }
}
