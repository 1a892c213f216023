// Standard input on a thread of its own, so that neither a slow pipe nor a person at the keyboard stops the
// loop. In: a descriptor. Out: pieces of it, posted to the loop, with a limit on what is under way.
#pragma once

#include <marmoset/websocket_client.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

class Input {
  public:
    /// What one read gave; `end` with the last one, which is empty. Called on the loop's thread, until it
    /// returns false for «no more for now»; resume() goes on.
    using OnPiece = std::function<bool(std::string_view piece, bool end)>;

    /// `loop` outlives the input.
    Input(websocket_client::EventLoop& loop, OnPiece on_piece);
    /// Ends the thread; what it has read is lost.
    ~Input();

    void start();
    /// After on_piece has said false.
    void resume();

  private:
    void run();
    void hand_over(std::string piece, bool end);

    websocket_client::EventLoop& loop_;
    OnPiece on_piece_;
    int wake_[2] = {-1, -1};  // closed to end the thread
    std::thread thread_;
    std::mutex mutex_;  // guards the following
    std::condition_variable changed_;
    bool under_way_ = false;  // a piece is with the loop
    bool paused_ = false;
    bool ending_ = false;
};
