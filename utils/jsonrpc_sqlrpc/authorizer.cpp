#include "authorizer.h"

#include <sqlite3.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "base/text.h"

namespace marmoset::sqlrpc {

namespace {

// Those that describe tables, with what they describe as their argument.
constexpr std::string_view kDescribing[] = {
    "table_info",  "table_xinfo",      "table_list",        "index_list",     "index_info",
    "index_xinfo", "foreign_key_list", "foreign_key_check", "collation_list", "function_list",
};
// Those that tell something, if they are given nothing to set.
constexpr std::string_view kTelling[] = {
    "application_id", "encoding",   "foreign_keys",   "freelist_count", "journal_mode", "page_count",
    "page_size",      "query_only", "schema_version", "user_version",   "auto_vacuum",  "compile_options",
};
// What reaches beyond the database: files, code, the log, the tokenizer's pointer. Most are in no library
// anyway. And json_patch, whose work is the product of its objects' sizes: half a minute for two of 50,000
// members, and nothing interrupts a function.
constexpr std::string_view kFunctions[] = {
    "load_extension", "fts3_tokenizer", "readfile", "writefile",  "edit",
    "sqlite_log",     "lsdir",          "fsdir",    "json_patch",
};

template <size_t N>
bool is_one_of(const std::string_view (&names)[N], const char* name) {
    return name && std::any_of(std::begin(names), std::end(names),
                               [name](std::string_view one) { return equal_caseless(one, name); });
}

int yes(bool permitted) {
    return permitted ? SQLITE_OK : SQLITE_DENY;
}

int decide(const Permissions& permissions, int action, const char* first, const char* second,
           const char* schema) {
    switch (action) {
        case SQLITE_SELECT:
        case SQLITE_READ:
        case SQLITE_RECURSIVE:
            return SQLITE_OK;
        case SQLITE_FUNCTION:
            return yes(!is_one_of(kFunctions, second));
        case SQLITE_PRAGMA:
            return yes(is_one_of(kDescribing, first) || (!second && is_one_of(kTelling, first)));
        case SQLITE_TRANSACTION:
        case SQLITE_SAVEPOINT:
            return yes(permissions.transactions);
        case SQLITE_CREATE_TABLE:
        case SQLITE_CREATE_INDEX:
        case SQLITE_CREATE_VIEW:
        case SQLITE_CREATE_TRIGGER:
            return yes(permissions.write && !(schema && std::string_view(schema) == "temp"));
        // Of temporary tables, too, of which there are none: ALTER TABLE looks through their list.
        case SQLITE_INSERT:
        case SQLITE_UPDATE:
        case SQLITE_DELETE:
        case SQLITE_DROP_TABLE:
        case SQLITE_DROP_INDEX:
        case SQLITE_DROP_VIEW:
        case SQLITE_DROP_TRIGGER:
        case SQLITE_ALTER_TABLE:
        case SQLITE_REINDEX:
        case SQLITE_ANALYZE:
            return yes(permissions.write);
        default:
            // ATTACH, DETACH, CREATE_TEMP_*, DROP_TEMP_*, CREATE_VTABLE, DROP_VTABLE and what is to come.
            return SQLITE_DENY;
    }
}

}  // namespace

int authorize(void* context, int action, const char* first, const char* second, const char* schema,
              const char*) {
    auto& permissions = *static_cast<Permissions*>(context);
    const int decision = decide(permissions, action, first, second, schema);
    if (decision != SQLITE_OK) permissions.refused = true;
    return decision;
}

}  // namespace marmoset::sqlrpc
