// A loaded RPC library as the worker process sees it, whichever interface it has. In: the file of -L. Out:
// connections and calls of it.
#pragma once

#include <marmoset/jsonrpc_library.h>

#include <memory>
#include <string>

namespace jsonrpc {

class Library {
  public:
    virtual ~Library() = default;

    /// Calls of different clients may run at once, on several threads.
    virtual bool threads() const = 0;
    /// A client has come: 0 and `connection`, or the HTTP status that refuses it.
    virtual int open(const marmoset_jsonrpc_client& client, void*& connection) = 0;
    virtual void close(void* connection) = 0;
    /// Runs the call: finds call.method, checks the params. Returns one of MARMOSET_JSONRPC_RESULT …;
    /// `answer` is the caller's then.
    virtual int call(marmoset_jsonrpc_call& call, json_t*& answer) = 0;
    virtual void cancel(marmoset_jsonrpc_call& call) { (void)call; }
};

/// Loads the file and calls its init(). `config` may be nullptr: no -C. Empty, and `error` is why, when it
/// can't be used. `host` outlives the library.
std::unique_ptr<Library> load_library(const std::string& file, const char* config,
                                      const marmoset_jsonrpc_host& host, std::string& error);

/// The two of them; `handle` is dlopen()'s.
std::unique_ptr<Library> load_native(const struct marmoset_jsonrpc_library& table, const char* config,
                                     const marmoset_jsonrpc_host& host, std::string& error);
std::unique_ptr<Library> load_ouistiti(void* handle, const char* config, std::string& error);

/// What the library is called with against its format (params_format.h): nullptr if it is right, else an
/// error object.
json_t* check_params(const json_t* params, const char* format);
/// -32601.
json_t* method_not_found();

}  // namespace jsonrpc
