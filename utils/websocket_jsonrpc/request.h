// One Request object of JSON-RPC 2.0 (section 4 of its specification). In: a JSON value. Out: method, params
// and id as text, or the error it is answered with.
#pragma once

#include <jansson.h>

#include <string>
#include <string_view>

namespace jsonrpc {

/// Codes of section 5.1, and of ours within the range it leaves to servers.
enum ErrorCode : int {
    kParseError = -32700,
    kInvalidRequest = -32600,
    kMethodNotFound = -32601,
    kInvalidParams = -32602,
    kInternalError = -32603,
    kTimeout = -32000,
    kBusy = -32001,
};

struct Request {
    std::string method;
    std::string params;  ///< JSON text of an object or array; empty: none
    std::string id;      ///< JSON text of a string, a number or null; empty: a notification

    /// Bytes that it takes while it is under way.
    size_t size() const { return method.size() + params.size() + id.size(); }
};

/// False: `error` is the error object (JSON text) that it is answered with, whether or not it has an id. The
/// id is set if it is a legal one. `value` is borrowed.
bool read_request(const json_t* value, Request& request, std::string& error);

/// An error object as text, with the words of the specification; `data`, a string, says more. Empty: none.
std::string error_object(int code, std::string_view data = {});

/// Whether it is one: an integer as code, a string as message (section 5.1).
bool is_error_object(const json_t* value);

/// A Response object as text. `id` empty: null, for what could not be told.
std::string result_response(std::string_view id, std::string_view result);
std::string error_response(std::string_view id, std::string_view error);

/// A value in the shortest form. Empty: no memory.
std::string dump(const json_t* value);

}  // namespace jsonrpc
