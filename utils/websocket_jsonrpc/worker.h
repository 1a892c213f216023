// A worker process: runs the calls of its clients in the library, on threads. In: frames of the server on one
// socket. Out: frames to it. Ends with the socket.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>

#include "frame.h"
#include "library.h"
#include "strand.h"
#include "worker_call.h"
#include "worker_channel.h"

namespace jsonrpc {

/// What the server tells its worker processes on their command line.
struct WorkerSettings {
    std::string library;
    std::string config;
    bool configured = false;  ///< -C was given
    unsigned threads = 4;     ///< calls at once, if the library knows threads
    unsigned timeout_ms = 30000;
    size_t max_answer = 16u << 20;
    size_t max_waiting = 1u << 20;
};

class Worker {
  public:
    /// One a process: libraries have functions without context.
    Worker(marmoset::FileDescriptor channel, const WorkerSettings& settings);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Loads the library, serves until the server closes the channel. Returns the exit status.
    int run();

  private:
    using ClientRef = std::shared_ptr<WorkerClient>;
    using CallRef = std::shared_ptr<WorkerCall>;

    // Frames of the server.
    void take(const Frame& frame);
    void open(const Frame& frame);
    void close(uint64_t client);
    void begin(const Frame& frame);
    void cancel(uint64_t client, uint64_t call);

    // On a client's strand.
    void run_open(const ClientRef& client);
    void run_call(const CallRef& call);
    void run_close(const ClientRef& client);

    bool withdraw(const ClientRef& client);
    void cancel(WorkerCall& call);
    void answer(WorkerCall& call, int kind, json_t* value);
    void complain(const std::string& method);
    void tell(WorkerCall& call, AnswerKind kind, std::string_view text);
    void finish_if_done(const CallRef& call);
    void close_if_done(const ClientRef& client);
    int notify(uint64_t client, const char* method, json_t* params);
    void tell_running(uint64_t client, uint64_t number, std::chrono::steady_clock::time_point since);
    void end();

    WorkerChannel channel_;
    WorkerSettings settings_;
    marmoset_jsonrpc_host host_;
    std::unique_ptr<Library> library_;
    std::unique_ptr<Threads> threads_;

    std::mutex mutex_;  // guards the clients, and complained_
    std::condition_variable closed_;
    std::unordered_map<uint64_t, ClientRef> clients_;
    std::set<std::string> complained_;  ///< methods of the library
};

/// The program as a worker process: `arguments` as worker_arguments() made them, the channel as descriptor
/// kChannel.
int worker_main(const std::vector<std::string>& arguments);
std::vector<std::string> worker_arguments(const WorkerSettings& settings);
inline constexpr int kChannel = 3;
inline constexpr const char* kWorkerFlag = "--worker";

}  // namespace jsonrpc
