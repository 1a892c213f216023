// The whole chat server: its parts, made and joined together as the options say. In: options. Out: a Server
// that is ready to run.
#pragma once

#include <marmoset/websocket_server.h>

#include <memory>

#include "attendance.h"
#include "backplane.h"
#include "chat.h"
#include "delivery.h"
#include "options.h"
#include "redis_bus.h"
#include "room.h"
#include "store.h"

namespace chat {

class Service {
  public:
    /// `options` outlives it.
    Service(const ProgramOptions& options, websocket_server::Options server);

    websocket_server::Server& server() { return server_; }
    /// Behind the server's run(), which has ended with `status`: what is under way is stored. Returns the
    /// program's exit status.
    int end(int status);

  private:
    bool ready();
    void start();
    void fail(const std::string& reason);
    void open_store();
    void open_backplane();
    void pass_on();
    void take_arrived();
    void tick();

    const ProgramOptions& options_;
    Rooms rooms_;
    Delivery delivery_;
    Attendance attendance_;
    Chat chat_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<RedisBus> bus_;
    std::unique_ptr<Backplane> backplane_;
    bool started_ = false;
    bool failed_ = false;
    bool passing_on_ = false;          // later
    websocket_server::Server server_;  // goes first: it tells the chat of the last clients' ends
};

}  // namespace chat
