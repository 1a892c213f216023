// One place of the pool: a worker process, and another when that one ends. In: clients and calls. Out: their
// answers; errors for what a process that crashes or hangs does not answer.
#pragma once

#include <marmoset/websocket_server.h>

#include <string>
#include <unordered_map>

#include "child.h"
#include "frame.h"
#include "pending.h"
#include "request.h"

namespace jsonrpc {

/// Who hears of what the worker processes say.
class ProcessObserver {
  public:
    /// Answers open(): 0, or the HTTP status that refuses the client. Again after a process was started anew.
    virtual void on_opened(uint64_t client, unsigned status) = 0;
    virtual void on_answer(uint64_t client, uint64_t call, AnswerKind kind, std::string_view json) = 0;
    virtual void on_notify(uint64_t client, std::string_view text) = 0;
    virtual void on_notify_all(std::string_view text) = 0;

  protected:
    ~ProcessObserver() = default;
};

class Process {
  public:
    /// `numbers` gives openings their numbers, from the same row as those of calls. All outlive the object.
    Process(websocket_server::Server& server, const WorkerSettings& settings, ProcessObserver& observer,
            uint64_t& numbers);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    /// The first start of the pool's first process: waits for it. Empty: it has loaded the library, which
    /// `ouistiti` is told of; else why not.
    std::string start_and_wait(bool& ouistiti);
    void start();
    /// After start(), before the server runs: waits until the process has loaded the library, or can't.
    void await_start();
    /// The process is to end in order: it hears no more …
    void begin_end();
    /// … and has so long. What it logs meanwhile is written.
    void finish_end(unsigned milliseconds);

    /// It has ended, or has not loaded the library yet.
    bool down() const { return down_; }
    pid_t pid() const { return child_.pid(); }
    size_t clients() const { return clients_.size(); }
    /// Bytes of calls that have not been answered.
    size_t bytes() const { return pending_.bytes(); }

    /// Not while it is down().
    void open(uint64_t client, std::string metadata);
    void close(uint64_t client);
    /// False: it is down.
    bool call(uint64_t client, uint64_t number, const Request& request);

  private:
    using Clock = Pending::Clock;

    void send(const Frame& frame);
    void flush();
    void watch();
    void unwatch();
    void on_end();
    bool await_input(Clock::time_point end) const;
    void on_ready(unsigned events);
    bool receive();
    void take(const Frame& frame);
    void expect(uint64_t number, const Pending::Call& call);
    void ended(const Frame& frame);
    void check_deadlines();
    void arm();
    void lose(const std::string& why);
    void restart();
    void begin();

    websocket_server::Server& server_;
    const WorkerSettings& settings_;
    ProcessObserver& observer_;
    uint64_t& numbers_;

    Child child_;
    FrameReader reader_;
    std::string output_;  ///< not taken by the socket yet, from sent_ on
    size_t sent_ = 0;
    bool down_ = true, ending_ = false;
    unsigned failures_ = 0;  ///< starts in a row that did not last
    Clock::time_point started_;

    std::unordered_map<uint64_t, std::string> clients_;  ///< and their metadata
    Pending pending_;
    bool armed_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< for timers that can't be taken back
};

}  // namespace jsonrpc
