// What websocket_jsonrpc sees of sqlrpc: the table of its methods. In: calls. Out: answers.
#include <marmoset/jsonrpc_library.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>

#include "executor.h"
#include "jsonrpc/named_params.h"
#include "memory_budget.h"
#include "service.h"
#include "sweeper.h"

namespace marmoset::sqlrpc {

namespace {

using jsonrpc::OtherMembers;

constexpr size_t kMostParams = 6;
constexpr std::chrono::seconds kSweepPeriod{1};

struct Library {
    const marmoset_jsonrpc_host* host = nullptr;
    std::unique_ptr<Service> service;
    std::unique_ptr<Sweeper> sweeper;
    std::unique_ptr<Executor> executor;
};

struct Method {
    Answer (Service::*function)(Call&);
    const char* params[kMostParams];  // names in the order of their positions
    OtherMembers others;
};

// Those of ouistiti take what they don't know; ours don't.
constexpr Method kExec{&Service::exec, {"query", "params", "db"}, OtherMembers::LeftOut};
constexpr Method kList{&Service::list, {"table", "limit", "offset", "db"}, OtherMembers::LeftOut};
constexpr Method kGet{&Service::get, {"table", "id", "db"}, OtherMembers::LeftOut};
constexpr Method kView{&Service::view, {"table", "db"}, OtherMembers::LeftOut};
constexpr Method kAuth{&Service::auth, {}, OtherMembers::LeftOut};
constexpr Method kQuery{
    &Service::query, {"query", "params", "db", "limit", "offset", "sort"}, OtherMembers::Refused};
constexpr Method kFetch{&Service::fetch, {"cursor", "limit"}, OtherMembers::Refused};
constexpr Method kClose{&Service::close, {"cursor"}, OtherMembers::Refused};
constexpr Method kDatabases{&Service::databases, {}, OtherMembers::Refused};
constexpr Method kTables{&Service::tables, {"db"}, OtherMembers::Refused};
constexpr Method kSchema{&Service::schema, {"table", "db"}, OtherMembers::Refused};

void answer(const marmoset_jsonrpc_host& host, marmoset_jsonrpc_call* call, const Answer& from) {
    host.answer(call, from.error ? MARMOSET_JSONRPC_ERROR : MARMOSET_JSONRPC_RESULT,
                json_incref(from.value.get()));
}

Answer ask(const Library& library, marmoset_jsonrpc_call* call) {
    const auto& method = *static_cast<const Method*>(call->data);
    size_t count = 0;
    while (count < kMostParams && method.params[count] != nullptr)
        ++count;
    const auto params = jsonrpc::named_params(call->params, {method.params, count}, method.others);
    if (!params) return jsonrpc::refusal_as_error({jsonrpc::kInvalidParams, params.error().text});
    auto& client = *static_cast<Client*>(call->connection);
    const std::lock_guard lock(client.mutex);
    Call made{client, params->get(), {}};
    made.limits.deadline_ms = library.service->deadline_ms();
    made.limits.cancelled = [host = library.host, call] { return host->cancelled(call) != 0; };
    return (library.service.get()->*method.function)(made);
}

// The server's own threads are few, and meant for what does not wait.
int run(marmoset_jsonrpc_call* call, json_t**) noexcept {
    auto& library = *static_cast<Library*>(call->library);
    try {
        library.executor->post(call->connection, [&library, call] {
            try {
                answer(*library.host, call, ask(library, call));
            } catch (const std::exception&) {  // no memory: an internal error
                library.host->answer(call, MARMOSET_JSONRPC_ERROR, nullptr);
            }
        });
        return MARMOSET_JSONRPC_LATER;
    } catch (const std::exception&) {
        return MARMOSET_JSONRPC_ERROR;
    }
}

// What the server would give up is given up here, before, and with a better answer.
void fit(Settings& settings, const marmoset_jsonrpc_host& host) {
    settings.timeout_ms = std::min<uint64_t>(settings.timeout_ms, host.timeout_ms - host.timeout_ms / 5);
    settings.size = std::min<uint64_t>(settings.size, host.max_message / 8);  // "\u0001" is one byte
}

int init(const marmoset_jsonrpc_host* host, const char* config, void** library, char* error,
         size_t size) noexcept {
    try {
        auto settings = parse_settings(config);
        if (!settings) return std::snprintf(error, size, "%s", settings.error().text.c_str()), 1;
        fit(*settings, *host);
        if (!MemoryBudget::install())
            host->log(MARMOSET_JSONRPC_LOG_WARNING,
                      "sqlrpc: SQLite is in use already: «memory» has no effect");
#if SQLITE_VERSION_NUMBER >= 3031000
        sqlite3_hard_heap_limit64(static_cast<int64_t>(settings->heap));
#endif
        auto made = std::make_unique<Library>();
        made->host = host;
        auto service = Service::open(settings.take(), [host](const std::string& text) {
            host->log(MARMOSET_JSONRPC_LOG_WARNING, text.c_str());
        });
        if (!service) return std::snprintf(error, size, "%s", service.error().text.c_str()), 1;
        made->service = service.take();
        made->sweeper = std::make_unique<Sweeper>(
            kSweepPeriod, [service = made->service.get()] { service->sweep(jsonrpc::monotonic_ms()); });
        made->executor = std::make_unique<Executor>(made->service->settings().threads);
        *library = made.release();
        return 0;
    } catch (const std::exception& exception) {
        return std::snprintf(error, size, "%s", exception.what()), 1;
    }
}

void release(void* library) noexcept {
    delete static_cast<Library*>(library);
}

int open(void* library, const marmoset_jsonrpc_client* from, void** connection) noexcept {
    try {
        auto client = std::make_unique<Client>(from->user, from->group, from->remote_address);
        static_cast<Library*>(library)->service->add(*client);
        *connection = client.release();
        return 0;
    } catch (const std::exception&) {
        return 503;
    }
}

void close(void* library, void* connection) noexcept {
    const std::unique_ptr<Client> client(static_cast<Client*>(connection));
    static_cast<Library*>(library)->service->remove(*client);
}

void* data(const Method& method) {
    return const_cast<Method*>(&method);
}

const marmoset_jsonrpc_method kMethods[] = {
    {"exec", run, nullptr, data(kExec)},
    {"list", run, nullptr, data(kList)},
    {"get", run, nullptr, data(kGet)},
    {"view", run, nullptr, data(kView)},
    {"auth", run, nullptr, data(kAuth)},
    {"query", run, nullptr, data(kQuery)},
    {"fetch", run, nullptr, data(kFetch)},
    {"close", run, nullptr, data(kClose)},
    {"databases", run, nullptr, data(kDatabases)},
    {"tables", run, nullptr, data(kTables)},
    {"schema", run, nullptr, data(kSchema)},
    {nullptr, nullptr, nullptr, nullptr},
};

}  // namespace

}  // namespace marmoset::sqlrpc

using namespace marmoset::sqlrpc;

const struct marmoset_jsonrpc_library marmoset_jsonrpc_library = {
    MARMOSET_JSONRPC_ABI,
    sizeof(struct marmoset_jsonrpc_library),
    "sqlrpc",
    MARMOSET_VERSION,
    kMethods,
    init,
    release,
    open,
    close,
    nullptr,
};
