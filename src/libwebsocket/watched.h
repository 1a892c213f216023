// A descriptor of the program's that the server's loop looks after. In: what to wait for. Out: a call
// whenever it is there, until the object goes.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>

#include "net/loop.h"

namespace marmoset::libwebsocket {

class Watched {
  public:
    /// `events`: Server::kReadable and kWritable. `loop` and the open descriptor outlive the object. `ready`
    /// may end it.
    Watched(net::Loop& loop, int descriptor, unsigned events, std::function<void(unsigned)> ready);
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

  private:
    // Its handle is closed at the end of a turn: it outlives the object.
    struct Poll {
        uv_poll_t handle;
        std::function<void(unsigned)> ready;
    };
    Poll* poll_;
};

}  // namespace marmoset::libwebsocket
