// The worker processes of the server. In: clients and calls. Out: what the processes say. A client stays with
// one of them.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "conversation.h"
#include "process.h"
#include "request.h"

namespace jsonrpc {

class Pool {
  public:
    /// `count` 0: two, or four where the library has ouistiti's interface and one process runs one call at a
    /// time. What is given outlives the object.
    Pool(websocket_server::Server& server, const WorkerSettings& settings, unsigned count,
         ProcessObserver& observer, Conversation::Common& common)
        : server_(server), settings_(settings), count_(count), observer_(observer), common_(common) {}

    /// Starts the processes once the server listens. Empty, or why the library can't be used.
    std::string start();
    /// Ends them: in order, if they are not held up. Before the server goes.
    void end();

    /// The client's process, the one with the fewest clients, is asked to let it in. False: all are down.
    bool open(uint64_t client, std::string metadata);
    void close(uint64_t client);
    enum class Taken : uint8_t {
        Yes,
        Down,  ///< its process has ended and is not there again
        Full,  ///< too much is under way
    };
    Taken call(uint64_t client, uint64_t number, const Request& request);

  private:
    // Of all calls together, whoever they are of, and of answers that batches hold.
    static constexpr size_t kMostBytes = 64u << 20;

    websocket_server::Server& server_;
    const WorkerSettings& settings_;
    unsigned count_;
    ProcessObserver& observer_;
    Conversation::Common& common_;
    std::vector<std::unique_ptr<Process>> processes_;
    std::unordered_map<uint64_t, Process*> places_;  ///< of clients
};

}  // namespace jsonrpc
