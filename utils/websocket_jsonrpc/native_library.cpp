// Libraries with marmoset/jsonrpc_library.h. In: the table they export. Out: their functions, called where
// there are any.
#include <string_view>
#include <unordered_map>

#include "library.h"
#include "params_format.h"

namespace jsonrpc {

namespace {

class NativeLibrary final : public Library {
  public:
    NativeLibrary(const struct marmoset_jsonrpc_library& table, void* library)
        : table_(table), library_(library) {
        for (const marmoset_jsonrpc_method* method = table.methods; method && method->name; ++method)
            methods_.emplace(method->name, method);
    }
    ~NativeLibrary() override {
        if (table_.release) table_.release(library_);
    }

    bool threads() const override { return true; }
    int open(const marmoset_jsonrpc_client& client, void*& connection) override {
        return table_.open ? table_.open(library_, &client, &connection) : 0;
    }
    void close(void* connection) override {
        if (table_.close) table_.close(library_, connection);
    }
    int call(marmoset_jsonrpc_call& call, json_t*& answer) override {
        const auto found = methods_.find(call.method);
        answer =
            found == methods_.end() ? method_not_found() : check_params(call.params, found->second->params);
        if (answer || found == methods_.end()) return MARMOSET_JSONRPC_ERROR;
        call.library = library_;
        call.data = found->second->data;
        return found->second->function(&call, &answer);
    }
    void cancel(marmoset_jsonrpc_call& call) override {
        if (table_.cancel) table_.cancel(&call);
    }

  private:
    const struct marmoset_jsonrpc_library& table_;
    void* library_;
    std::unordered_map<std::string_view, const marmoset_jsonrpc_method*> methods_;
};

}  // namespace

std::unique_ptr<Library> load_native(const struct marmoset_jsonrpc_library& table, const char* config,
                                     const marmoset_jsonrpc_host& host, std::string& error) {
    if (table.abi != MARMOSET_JSONRPC_ABI || table.size < sizeof table) {
        error = "was made for version " + std::to_string(table.abi) + " of the interface, this is version " +
                std::to_string(MARMOSET_JSONRPC_ABI);
        return nullptr;
    }
    for (const marmoset_jsonrpc_method* method = table.methods; method && method->name; ++method) {
        if (method->params && !is_format(method->params)) {
            error = std::string("the method ") + method->name + " has the format \"" + method->params +
                    "\", which is none";
            return nullptr;
        }
    }
    void* library = nullptr;
    char why[256] = "";
    if (table.init && table.init(&host, config ? config : "", &library, why, sizeof why) != 0) {
        why[sizeof why - 1] = '\0';
        error = *why ? why : "its init() failed";
        return nullptr;
    }
    return std::make_unique<NativeLibrary>(table, library);
}

}  // namespace jsonrpc
