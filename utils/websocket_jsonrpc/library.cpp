// Loading an RPC library. In: a file. Out: the interface it has, and the checks that both interfaces share.
#include "library.h"

#include <dlfcn.h>

#include <string_view>

#include "params_format.h"
#include "request.h"

namespace jsonrpc {

namespace {

json_t* parse_error(const std::string& object) {
    return json_loadb(object.data(), object.size(), 0, nullptr);
}

}  // namespace

std::unique_ptr<Library> load_library(const std::string& file, const char* config,
                                      const marmoset_jsonrpc_host& host, std::string& error) {
    // A symbol that nobody has is told now; ouistiti's server looked for it when it was called.
    void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        error = dlerror();
        handle = dlopen(file.c_str(), RTLD_LAZY | RTLD_LOCAL);
        if (!handle) return nullptr;
        host.log(MARMOSET_JSONRPC_LOG_WARNING, error.c_str());
        error.clear();
    }
    if (const void* const table = dlsym(handle, "marmoset_jsonrpc_library"))
        return load_native(*static_cast<const struct marmoset_jsonrpc_library*>(table), config, host, error);
    if (dlsym(handle, "jsonrpc_init")) return load_ouistiti(handle, config, error);
    error = "has neither marmoset_jsonrpc_library nor jsonrpc_init()";
    return nullptr;
}

json_t* check_params(const json_t* params, const char* format) {
    if (!format) return nullptr;
    const std::string why = misfit(format, params);
    return why.empty() ? nullptr : parse_error(error_object(kInvalidParams, why));
}

json_t* method_not_found() {
    return parse_error(error_object(kMethodNotFound));
}

}  // namespace jsonrpc
