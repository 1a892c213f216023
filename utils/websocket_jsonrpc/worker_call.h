// A client and its calls within a worker process. In: frames of the server, answers of the library. Out: what
// of both is still wanted.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/json.h"
#include "client_metadata.h"
#include "strand.h"

namespace jsonrpc {

struct WorkerCall;

/// One client. The worker's mutex guards what is not said to be constant.
struct WorkerClient {
    WorkerClient(uint64_t number, uint64_t its_opening, std::string_view text)
        : metadata(number, text), opening(its_opening), strand(std::make_shared<Strand>()) {}

    const ClientMetadata metadata;
    const uint64_t opening;                ///< number of its Open
    const std::shared_ptr<Strand> strand;  ///< open(), calls and close() of this client
    void* connection = nullptr;            ///< the library's; set by open(), on the strand
    enum class State : uint8_t { Waiting, Opening, Open, Closed };
    State state = State::Waiting;                 ///< Closed: close() is queued, or it was not let in
    std::chrono::steady_clock::time_point begun;  ///< of Opening: when open() was called
    bool gone = false;  ///< at the server; close() follows when its calls have ended
    std::unordered_map<uint64_t, std::shared_ptr<WorkerCall>> calls;
};

/// One call: what the library gets, and what is known of its answer.
struct WorkerCall : marmoset_jsonrpc_call, std::enable_shared_from_this<WorkerCall> {
    WorkerCall(std::shared_ptr<WorkerClient> owner, uint64_t number, std::string_view name,
               bool notification);

    const std::shared_ptr<WorkerClient> owner;
    const uint64_t number;
    const std::string name;
    std::string text;       ///< of the params, until they are parsed
    marmoset::Json parsed;  ///< the params
    std::atomic<bool> cancelled{false};

    // Recursive: cancel() may answer.
    std::recursive_mutex mutex;  // guards the following; held while the library's cancel() runs
    bool begun = false;          ///< its function was called, …
    std::chrono::steady_clock::time_point since;  ///< … then
    bool returned = false;                        ///< its function has returned, or will never be called
    bool answered = false;                        ///< the library has answered, or will never be asked
    bool told = false;                            ///< the server has got its Answer
};

}  // namespace jsonrpc
