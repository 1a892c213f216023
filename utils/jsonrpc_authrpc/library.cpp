// What websocket_jsonrpc sees of authrpc: the table of its methods. In: calls. Out: answers.
#include <marmoset/jsonrpc_library.h>

#include <cstdio>
#include <memory>

#include "jsonrpc/named_params.h"
#include "service.h"

namespace marmoset::authrpc {

using namespace jsonrpc;

namespace {

constexpr size_t kMostParams = 5;

struct Method {
    Answer (Service::*function)(Connection&, const json_t*);
    const char* params[kMostParams];  // names in the order of their positions
    OtherMembers others;
};

// Those of ouistiti take what they don't know; ours don't.
constexpr Method kAuth{&Service::auth, {"user", "passwd"}, OtherMembers::LeftOut};
constexpr Method kPasswd{&Service::passwd, {"user", "old", "new", "confirm"}, OtherMembers::LeftOut};
constexpr Method kAdduser{
    &Service::adduser, {"user", "passwd", "group", "home", "status"}, OtherMembers::LeftOut};
constexpr Method kRmuser{&Service::rmuser, {"user", "passwd"}, OtherMembers::LeftOut};
constexpr Method kWhoami{&Service::whoami, {}, OtherMembers::Refused};
constexpr Method kSignout{&Service::signout, {}, OtherMembers::Refused};
constexpr Method kListusers{&Service::listusers, {"after", "limit"}, OtherMembers::Refused};
constexpr Method kListgroups{&Service::listgroups, {}, OtherMembers::Refused};
constexpr Method kModuser{&Service::moduser, {"user", "group", "home", "status"}, OtherMembers::Refused};

int answer(Answer from, json_t** to) {
    *to = json_incref(from.value.get());
    return from.error ? MARMOSET_JSONRPC_ERROR : MARMOSET_JSONRPC_RESULT;
}

int run(marmoset_jsonrpc_call* call, json_t** to) noexcept {
    try {
        const auto& method = *static_cast<const Method*>(call->data);
        size_t count = 0;
        while (count < kMostParams && method.params[count] != nullptr)
            ++count;
        const auto params = named_params(call->params, {method.params, count}, method.others);
        if (!params) return answer(refusal_as_error({kInvalidParams, params.error().text}), to);
        auto& service = *static_cast<Service*>(call->library);
        auto& connection = *static_cast<Connection*>(call->connection);
        return answer((service.*method.function)(connection, params->get()), to);
    } catch (const std::exception&) {  // no memory: an internal error
        return MARMOSET_JSONRPC_ERROR;
    }
}

int init(const marmoset_jsonrpc_host* host, const char* config, void** library, char* error,
         size_t size) noexcept {
    try {
        auto settings = parse_settings(config);
        if (!settings) return std::snprintf(error, size, "%s", settings.error().text.c_str()), 1;
        auto service = Service::open(settings.take(), [host](Level level, const std::string& text) {
            host->log(level == Level::Error     ? MARMOSET_JSONRPC_LOG_ERROR
                      : level == Level::Warning ? MARMOSET_JSONRPC_LOG_WARNING
                                                : MARMOSET_JSONRPC_LOG_INFO,
                      text.c_str());
        });
        if (!service) return std::snprintf(error, size, "%s", service.error().text.c_str()), 1;
        *library = service.take().release();
        return 0;
    } catch (const std::exception& exception) {
        return std::snprintf(error, size, "%s", exception.what()), 1;
    }
}

void release(void* library) noexcept {
    delete static_cast<Service*>(library);
}

int open(void*, const marmoset_jsonrpc_client* client, void** connection) noexcept {
    try {
        *connection = new Connection(client->user, client->group, client->remote_address);
        return 0;
    } catch (const std::exception&) {
        return 503;
    }
}

void close(void*, void* connection) noexcept {
    delete static_cast<Connection*>(connection);
}

void* data(const Method& method) {
    return const_cast<Method*>(&method);
}

const marmoset_jsonrpc_method kMethods[] = {
    {"auth", run, nullptr, data(kAuth)},           {"passwd", run, nullptr, data(kPasswd)},
    {"adduser", run, nullptr, data(kAdduser)},     {"rmuser", run, nullptr, data(kRmuser)},
    {"whoami", run, nullptr, data(kWhoami)},       {"signout", run, nullptr, data(kSignout)},
    {"listusers", run, nullptr, data(kListusers)}, {"listgroups", run, nullptr, data(kListgroups)},
    {"moduser", run, nullptr, data(kModuser)},     {nullptr, nullptr, nullptr, nullptr},
};

}  // namespace

}  // namespace marmoset::authrpc

using namespace marmoset::authrpc;

const struct marmoset_jsonrpc_library marmoset_jsonrpc_library = {
    MARMOSET_JSONRPC_ABI,
    sizeof(struct marmoset_jsonrpc_library),
    "authrpc",
    MARMOSET_VERSION,
    kMethods,
    init,
    release,
    open,
    close,
    nullptr,
};
