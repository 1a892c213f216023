// A call within a worker process: what the library sees of it.
#include "worker_call.h"

namespace jsonrpc {

WorkerCall::WorkerCall(std::shared_ptr<WorkerClient> client_, uint64_t number_, std::string_view name_,
                       bool notification_)
    : marmoset_jsonrpc_call{}, owner(std::move(client_)), number(number_), name(name_) {
    client = &owner->metadata.client();
    method = name.c_str();
    notification = notification_ ? 1 : 0;
}

}  // namespace jsonrpc
