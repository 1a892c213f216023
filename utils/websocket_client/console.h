// A terminal with somebody at it: lines are edited and remembered, and what comes meanwhile is shown above
// the line being typed. On a thread of its own, as keys are waited for. In: keys. Out: lines, posted to the
// loop.
#pragma once

#include <marmoset/websocket_client.h>

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

class Console {
  public:
    /// Called on the loop's thread. `end`: Ctrl-D, Ctrl-C or the terminal is gone; the line is then empty.
    using OnLine = std::function<void(const std::string& line, bool end)>;

    /// `loop` outlives the console. One at a time: it takes SIGINT and SIGTERM.
    Console(websocket_client::EventLoop& loop, OnLine on_line);
    /// Ends the thread and gives the terminal back as it was.
    ~Console();

    void start();
    /// Shows a line; from the loop's thread.
    void show(std::string line);

  private:
    struct Editor;

    void run();
    void edit();
    void hand_over(std::string line, bool end);
    void print_shown();

    websocket_client::EventLoop& loop_;
    OnLine on_line_;
    int wake_[2] = {-1, -1};  // a byte: there is something to show, or a signal came; closed: the end
    std::thread thread_;
    std::mutex mutex_;  // guards the following
    std::vector<std::string> shown_;
    bool ending_ = false;
};
