// The results are those of sqlite.org/lang_corefunc.html; memmem() is linear.
#include "functions.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <unordered_set>

namespace marmoset::sqlrpc {

namespace {

bool is_null(sqlite3_value* value) {
    return sqlite3_value_type(value) == SQLITE_NULL;
}

bool is_blob(sqlite3_value* value) {
    return sqlite3_value_type(value) == SQLITE_BLOB;
}

// In this order: the pointer first, then the size of what it points to (c3ref/column_blob.html). nullptr with
// a size: no memory.
std::string_view text_of(sqlite3_value* value) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
    return text ? std::string_view(text, static_cast<size_t>(sqlite3_value_bytes(value)))
                : std::string_view();
}

std::string_view blob_of(sqlite3_value* value) {
    const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
    return bytes ? std::string_view(bytes, static_cast<size_t>(sqlite3_value_bytes(value)))
                 : std::string_view();
}

size_t place_of(std::string_view text, std::string_view part, size_t from) {
    const void* const at = ::memmem(text.data() + from, text.size() - from, part.data(), part.size());
    return at ? static_cast<size_t>(static_cast<const char*>(at) - text.data()) : std::string_view::npos;
}

bool begins_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

// Bytes of the first character of a text that is not empty.
size_t character_size(std::string_view text) {
    size_t size = 1;
    while (size < text.size() && !begins_character(text[size]))
        ++size;
    return size;
}

size_t last_character_size(std::string_view text) {
    size_t size = 1;
    while (size < text.size() && !begins_character(text[text.size() - size]))
        ++size;
    return size;
}

void instr(sqlite3_context* context, int, sqlite3_value** arguments) {
    if (is_null(arguments[0]) || is_null(arguments[1])) return;
    const bool bytes = is_blob(arguments[0]) && is_blob(arguments[1]);
    const std::string_view text = bytes ? blob_of(arguments[0]) : text_of(arguments[0]);
    const std::string_view part = bytes ? blob_of(arguments[1]) : text_of(arguments[1]);
    // A part of a text begins where a character does; so one that begins within a character is only found at
    // the front.
    const bool at_front = text.starts_with(part);
    if (at_front) return sqlite3_result_int(context, 1);
    if (text.empty() || (!bytes && !begins_character(part[0]))) return sqlite3_result_int(context, 0);
    const size_t at = place_of(text, part, 0);
    if (at == std::string_view::npos) return sqlite3_result_int(context, 0);
    const std::string_view before = text.substr(0, at);
    const auto characters = std::count_if(before.begin(), before.end(), begins_character);
    sqlite3_result_int64(context, 1 + (bytes ? static_cast<sqlite3_int64>(at) : characters));
}

void replace(sqlite3_context* context, int, sqlite3_value** arguments) {
    if (is_null(arguments[0]) || is_null(arguments[1])) return;
    const std::string_view text = text_of(arguments[0]);
    const std::string_view part = text_of(arguments[1]);
    // As SQLite's own: a pattern that begins with a NUL is none.
    if (part.empty() || part[0] == '\0') return sqlite3_result_value(context, arguments[0]);
    if (is_null(arguments[2])) return;
    const std::string_view with = text_of(arguments[2]);
    const auto most =
        static_cast<size_t>(sqlite3_limit(sqlite3_context_db_handle(context), SQLITE_LIMIT_LENGTH, -1));
    std::string made;
    size_t done = 0;
    if (text.empty()) return sqlite3_result_text(context, "", 0, SQLITE_STATIC);
    for (size_t at = place_of(text, part, 0); at != std::string_view::npos; at = place_of(text, part, done)) {
        made.append(text.substr(done, at - done)).append(with);
        done = at + part.size();
        if (made.size() > most) return sqlite3_result_error_toobig(context);
    }
    made.append(text.substr(done));
    if (made.size() > most) return sqlite3_result_error_toobig(context);
    sqlite3_result_text(context, made.data(), static_cast<int>(made.size()), SQLITE_TRANSIENT);
}

constexpr int kLeft = 1, kRight = 2;

void trim(sqlite3_context* context, int count, sqlite3_value** arguments) {
    if (is_null(arguments[0]) || (count == 2 && is_null(arguments[1]))) return;
    const auto sides = reinterpret_cast<intptr_t>(sqlite3_user_data(context));
    std::string_view text = text_of(arguments[0]);
    std::string_view list = count == 2 ? text_of(arguments[1]) : std::string_view(" ");
    std::unordered_set<std::string_view> characters;
    while (!list.empty()) {
        const size_t size = character_size(list);
        characters.insert(list.substr(0, size));
        list.remove_prefix(size);
    }
    while ((sides & kLeft) && !text.empty()) {
        const size_t size = character_size(text);
        if (!characters.contains(text.substr(0, size))) break;
        text.remove_prefix(size);
    }
    while ((sides & kRight) && !text.empty()) {
        const size_t size = last_character_size(text);
        if (!characters.contains(text.substr(text.size() - size))) break;
        text.remove_suffix(size);
    }
    sqlite3_result_text(context, text.data() ? text.data() : "", static_cast<int>(text.size()),
                        SQLITE_TRANSIENT);
}

// No exception may pass through SQLite.
template <void (*function)(sqlite3_context*, int, sqlite3_value**)>
void guarded(sqlite3_context* context, int count, sqlite3_value** arguments) noexcept {
    try {
        function(context, count, arguments);
    } catch (const std::exception&) {
        sqlite3_result_error_nomem(context);
    }
}

}  // namespace

bool add_functions(sqlite3* handle) {
    constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    const auto add = [&](const char* name, int count, auto* function, intptr_t data) {
        return sqlite3_create_function_v2(handle, name, count, kFlags, reinterpret_cast<void*>(data),
                                          function, nullptr, nullptr, nullptr) == SQLITE_OK;
    };
    bool added = add("instr", 2, guarded<instr>, 0) && add("replace", 3, guarded<replace>, 0);
    for (const int count : {1, 2}) {
        added = added && add("trim", count, guarded<trim>, kLeft | kRight) &&
                add("ltrim", count, guarded<trim>, kLeft) && add("rtrim", count, guarded<trim>, kRight);
    }
    return added;
}

}  // namespace marmoset::sqlrpc
