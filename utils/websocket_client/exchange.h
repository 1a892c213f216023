// What both ways of talking have in common: one WebSocket, its trace, its end as an exit status.
#pragma once

#include <marmoset/websocket_client.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "options.h"

class Exchange {
  public:
    /// `loop` and `command_line` outlive the exchange. Begins to connect; throws SyntaxError.
    Exchange(websocket_client::EventLoop& loop, const CommandLine& command_line);

    std::function<void()> on_open;
    std::function<void(const websocket_client::MessageEvent&)> on_message;
    std::function<void()> on_drain;
    std::function<void(std::string_view)> on_pong;
    /// The last event; the loop ends behind it.
    std::function<void()> on_end;
    /// Lines for people; standard error unless set.
    std::function<void(const std::string&)> report;

    websocket_client::WebSocket& socket() { return *socket_; }
    /// Closes in order, and ends.
    void finish(uint16_t code = websocket_client::Normal, std::string_view reason = {});
    /// All that was asked for has come: whatever the server still does, it is a success.
    void succeed();
    /// Ends without waiting for the peer.
    void give_up();
    int status() const { return status_; }

  private:
    void trace(const websocket_client::TraceEvent& event);
    void on_close(const websocket_client::CloseEvent& event);
    void time_out();

    websocket_client::EventLoop& loop_;
    const CommandLine& command_line_;
    std::unique_ptr<websocket_client::WebSocket> socket_;
    std::optional<websocket_client::ErrorEvent> error_;
    bool opened_ = false;
    bool timed_out_ = false;
    bool succeeded_ = false;
    bool ended_ = false;
    int status_ = kSuccess;
};

/// Unprintable bytes as \xNN, so that a server can't write to the terminal's controls. UTF-8 stays.
std::string printable(std::string_view text);
