// ouistiti's interface of RPC libraries, as facts of its binaries: what they export, the layouts of their
// tables, what they find in the program that loads them. In: the memory of a table. Out: its rows.
#pragma once

#include <jansson.h>

#include <string_view>
#include <vector>

namespace jsonrpc::ouistiti {

/// jsonrpc_init(): once a connection; sets the table, returns what is called userdata. jsonrpc_release()
/// takes it back.
using Init = void* (*)(void** table, char* config);
using Release = void (*)(void* userdata);
/// A method: 0, and *result is the result, else the error object.
using Function = int (*)(json_t* params, json_t** result, void* userdata);

struct Method {
    char type;  ///< 'r': requests; 'n': notifications; 0: both
    const char* name;
    Function function;
    const char* params;  ///< format of json_unpack(); nullptr: not checked
};

/// The rows of a table in either of the two layouts that its versions have had: {name, function, params}, and
/// {type, name, function, params, id, next}. They are told apart by their first word: a type and padding, or
/// the address of a name. Rows that are for answers only ('a') are left out.
std::vector<Method> read_table(const void* table);

/// The row for a call, or nullptr.
const Method* find_method(const std::vector<Method>& methods, std::string_view name, bool notification);

/// ouistiti's own adduser gives {message} alone as its error: that gets the code 0, which its refusals have.
/// Others stay as they are.
void complete_error(json_t* error);

}  // namespace jsonrpc::ouistiti
