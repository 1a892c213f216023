// databases, tables, schema: what there is to ask.
#include "service.h"

namespace marmoset::sqlrpc {

using namespace jsonrpc;

namespace {

constexpr size_t kMostDatabases = 1000;
constexpr uint64_t kMostTables = 10'000;

Answer invalid(const std::string& text) {
    return refusal_as_error({kInvalidParams, text});
}

void set(json_t* object, const char* key, json_t* value) {
    json_object_set_new(object, key, value);
}

// The rows of a statement of ours as objects; its one placeholder, if it has one, is `value`.
Json select(Session& session, const char* sql, const std::string& value, const PageLimits& limits,
            Refusal& refusal) {
    Json rows(json_array());
    Statement statement = session.compile(sql, refusal);
    if (!statement) return rows;
    if (sqlite3_bind_parameter_count(statement.get()) > 0)
        sqlite3_bind_text64(statement.get(), 1, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    Pages pages(session, std::move(statement), RowForm::Objects);
    if (pages.read(rows.get(), limits, refusal) && pages.has_more())
        refusal = {kTooLarge, "more than an answer may hold"};
    return rows;
}

// Numbers of SQLite's that mean yes and no.
void make_boolean(json_t* rows, const char* key) {
    size_t index = 0;
    json_t* row = nullptr;
    json_array_foreach(rows, index, row) {
        set(row, key, json_boolean(json_integer_value(json_object_get(row, key)) != 0));
    }
}

Json columns_of(Session& session, const std::string& table, const PageLimits& limits, Refusal& refusal) {
    Json columns = select(session,
                          R"(SELECT name, type, "notnull", dflt_value AS "default", pk AS primarykey)"
                          " FROM pragma_table_info(?)",
                          table, limits, refusal);
    make_boolean(columns.get(), "notnull");
    make_boolean(columns.get(), "primarykey");
    return columns;
}

Json indexes_of(Session& session, const std::string& table, const PageLimits& limits, Refusal& refusal) {
    Json indexes =
        select(session, R"(SELECT name, "unique" FROM pragma_index_list(?))", table, limits, refusal);
    make_boolean(indexes.get(), "unique");
    size_t number = 0;
    json_t* index = nullptr;
    json_array_foreach(indexes.get(), number, index) {
        const std::string name(json_text(json_object_get(index, "name")));
        const Json rows = select(session, "SELECT name FROM pragma_index_info(?)", name, limits, refusal);
        json_t* const names = json_array();
        for (size_t i = 0; i < json_array_size(rows.get()); ++i)
            json_array_append(names, json_object_get(json_array_get(rows.get(), i), "name"));
        set(index, "columns", names);
    }
    return indexes;
}

// One entry a key, though it may have several columns.
Json foreign_keys_of(Session& session, const std::string& table, const PageLimits& limits, Refusal& refusal) {
    const Json rows = select(
        session, R"(SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq)",
        table, limits, refusal);
    Json keys(json_array());
    json_int_t last = -1;
    for (size_t i = 0; i < json_array_size(rows.get()); ++i) {
        const json_t* const row = json_array_get(rows.get(), i);
        const json_int_t id = json_integer_value(json_object_get(row, "id"));
        if (id != last) {
            json_t* const key = json_object();
            json_object_set(key, "table", json_object_get(row, "table"));
            set(key, "columns", json_array());
            set(key, "references", json_array());
            json_array_append_new(keys.get(), key);
        }
        last = id;
        json_t* const key = json_array_get(keys.get(), json_array_size(keys.get()) - 1);
        json_array_append(json_object_get(key, "columns"), json_object_get(row, "from"));
        json_array_append(json_object_get(key, "references"), json_object_get(row, "to"));
    }
    return keys;
}

}  // namespace

Answer Service::databases(Call& call) {
    Refusal refusal;
    if (!may_ask(call, refusal)) return refusal_as_error(refusal);
    Json result(json_object());
    json_t* const list = json_array();
    set(result.get(), "databases", list);
    for (const Folder::Entry& entry : folder_.list(kMostDatabases)) {
        json_t* const database = json_object();
        set(database, "name", json_text_of(entry.name));
        set(database, "size", json_integer(static_cast<json_int_t>(entry.size)));
        set(database, "default", json_boolean(entry.is_default));
        json_array_append_new(list, database);
    }
    set(result.get(), "write", json_boolean(settings_.write));
    set(result.get(), "rows", json_integer(static_cast<json_int_t>(settings_.rows)));
    set(result.get(), "timeout", json_integer(static_cast<json_int_t>(settings_.timeout_ms / 1000)));
    return {std::move(result), false};
}

Answer Service::tables(Call& call) {
    std::string name;
    JsonMembers members(call.params, "params");
    members.string("db", name);
    if (members.failed()) return invalid(members.error());
    Refusal refusal;
    const auto session = open(call, refusal);
    if (!session) return refusal_as_error(refusal);
    const Session::Use use(*session, call.limits);
    Json rows =
        select(*session,
               "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE "
               R"('sqlite\_%' ESCAPE '\' ORDER BY name COLLATE NOCASE)",
               {}, {kMostTables, settings_.size}, refusal);
    if (!refusal.text.empty()) return refusal_as_error(refusal);
    Json result(json_object());
    json_object_set(result.get(), "tables", rows.get());
    return {std::move(result), false};
}

Answer Service::schema(Call& call) {
    std::string table, name;
    JsonMembers members(call.params, "params");
    members.string("table", table);
    members.string("db", name);
    if (members.failed()) return invalid(members.error());
    Refusal refusal;
    const auto session = open(call, refusal);
    if (!session) return refusal_as_error(refusal);
    const Session::Use use(*session, call.limits);
    if (!find_table(*session, table, refusal)) return refusal_as_error(refusal);
    const PageLimits limits{kMostTables, settings_.size};
    const Json entry = select(
        *session, "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view') AND name = ?",
        table, limits, refusal);
    const Json columns = columns_of(*session, table, limits, refusal);
    const Json indexes = indexes_of(*session, table, limits, refusal);
    const Json keys = foreign_keys_of(*session, table, limits, refusal);
    if (!refusal.text.empty()) return refusal_as_error(refusal);
    Json result(json_copy(json_array_get(entry.get(), 0)));
    json_object_set(result.get(), "columns", columns.get());
    json_object_set(result.get(), "indexes", indexes.get());
    json_object_set(result.get(), "foreignkeys", keys.get());
    return {std::move(result), false};
}

}  // namespace marmoset::sqlrpc
