// Libraries made for ouistiti's websocket_jsonrpc. They know no threads: one call at a time in one process.
// In: what they export. Out: a Library.
#include "ouistiti_library.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "library.h"

namespace jsonrpc {

namespace ouistiti {

namespace {

// Layouts of struct jsonrpc_method_entry_t.
struct Row {
    const char* name;
    Function function;
    const char* params;
};
struct TypedRow {
    char type;
    const char* name;
    Function function;
    const char* params;
    unsigned long id;
    TypedRow* next;
};

// A type is followed by padding, which is zero in tables that a linker has laid out. An address is not zero
// but for its first byte, whichever end that is.
bool begins_with_type(const void* table) {
    unsigned char word[sizeof(const char*)];
    std::memcpy(word, table, sizeof word);
    return std::all_of(word + 1, word + sizeof word, [](unsigned char byte) { return byte == 0; });
}

}  // namespace

std::vector<Method> read_table(const void* table) {
    std::vector<Method> methods;
    if (!begins_with_type(table)) {
        for (auto* row = static_cast<const Row*>(table); row->name; ++row)
            methods.push_back({0, row->name, row->function, row->params});
    } else {
        for (auto* row = static_cast<const TypedRow*>(table); row->name; ++row) {
            if (row->type != 'a' && row->function)
                methods.push_back({row->type, row->name, row->function, row->params});
        }
    }
    return methods;
}

const Method* find_method(const std::vector<Method>& methods, std::string_view name, bool notification) {
    const Method* found = nullptr;
    for (const Method& method : methods) {
        if (method.name != name) continue;
        if (method.type == 0 || method.type == (notification ? 'n' : 'r')) return &method;
        // Whoever wants no answer may ask for a method that gives one.
        if (notification && method.type == 'r') found = &method;
    }
    return found;
}

void complete_error(json_t* error) {
    if (json_is_string(json_object_get(error, "message")) && !json_object_get(error, "code"))
        json_object_set_new(error, "code", json_integer(0));
}

}  // namespace ouistiti

namespace {

class OuistitiLibrary final : public Library {
  public:
    OuistitiLibrary(ouistiti::Init init, ouistiti::Release release, const char* config)
        : init_(init), release_(release), config_(config ? config : ""), configured_(config != nullptr) {}

    bool threads() const override { return false; }

    int open(const marmoset_jsonrpc_client&, void*& connection) override {
        auto opened = std::make_unique<Connection>();
        opened->config = config_;  // theirs to change
        void* table = nullptr;
        opened->userdata = init_(&table, configured_ ? opened->config.data() : nullptr);
        if (!table) return kUnavailable;
        opened->methods = ouistiti::read_table(table);
        connection = opened.release();
        return 0;
    }
    void close(void* connection) override {
        const std::unique_ptr<Connection> closed(static_cast<Connection*>(connection));
        if (release_ && closed->userdata) release_(closed->userdata);
    }
    int call(marmoset_jsonrpc_call& call, json_t*& answer) override {
        auto& connection = *static_cast<Connection*>(call.connection);
        const auto* const method =
            ouistiti::find_method(connection.methods, call.method, call.notification != 0);
        answer = method ? check_params(call.params, method->params) : method_not_found();
        if (answer || !method) return MARMOSET_JSONRPC_ERROR;
        if (method->function(call.params, &answer, connection.userdata) == 0) return MARMOSET_JSONRPC_RESULT;
        ouistiti::complete_error(answer);
        return MARMOSET_JSONRPC_ERROR;
    }

  private:
    static constexpr int kUnavailable = 503;

    struct Connection {
        std::string config;
        void* userdata = nullptr;
        std::vector<ouistiti::Method> methods;
    };

    ouistiti::Init init_;
    ouistiti::Release release_;
    std::string config_;
    bool configured_;
};

}  // namespace

std::unique_ptr<Library> load_ouistiti(void* handle, const char* config, std::string& error) {
    auto library = std::make_unique<OuistitiLibrary>(
        reinterpret_cast<ouistiti::Init>(dlsym(handle, "jsonrpc_init")),
        reinterpret_cast<ouistiti::Release>(dlsym(handle, "jsonrpc_release")), config);
    // It is asked for a connection to see whether it will give any.
    void* connection = nullptr;
    if (library->open({}, connection) != 0) {
        error = "its jsonrpc_init() gave no table of methods";
        return nullptr;
    }
    library->close(connection);
    return library;
}

}  // namespace jsonrpc
