// query, fetch, close: one statement, its rows in pages.
#include <algorithm>
#include <cstdlib>

#include "service.h"
#include "transaction.h"

namespace marmoset::sqlrpc {

using namespace jsonrpc;

namespace {

constexpr uint64_t kRowsByDefault = 100;

Answer invalid(std::string text) {
    return refusal_as_error({kInvalidParams, std::move(text)});
}

void set(const Json& object, const char* key, json_t* value) {
    json_object_set_new(object.get(), key, value);
}

json_t* names_of(sqlite3_stmt* statement) {
    json_t* const names = json_array();
    for (const std::string& name : column_names(statement))
        json_array_append_new(names, json_text_of(name));
    return names;
}

json_t* types_of(sqlite3_stmt* statement) {
    json_t* const types = json_array();
    const int count = sqlite3_column_count(statement);
    for (int i = 0; i < count; ++i) {
        const char* const type = sqlite3_column_decltype(statement, i);
        json_array_append_new(types, json_text_of(type ? type : ""));
    }
    return types;
}

// The statement as a table of another one. Its end may be a comment, its last character a ';'.
std::string sorted(sqlite3_stmt* statement, int64_t column) {
    std::string_view text = sqlite3_sql(statement);
    while (text.ends_with(';') || text.ends_with(' ') || text.ends_with('\n') || text.ends_with('\t') ||
           text.ends_with('\r'))
        text.remove_suffix(1);
    return "SELECT * FROM (" + std::string(text) + "\n) ORDER BY " + std::to_string(std::abs(column)) +
           (column < 0 ? " DESC" : "");
}

bool ends(Session& session, std::string_view rest, std::string_view whole, Refusal& refusal) {
    if (!session.compile(rest, whole, refusal)) return refusal.code == kRefused && refusal.text.empty();
    refusal = {kWrongStatement, "there is more than one statement; exec takes several"};
    return false;
}

}  // namespace

Answer Service::query(Call& call) {
    const uint64_t begin_ms = monotonic_ms();
    std::string text, name;
    uint64_t limit = kRowsByDefault, offset = 0;
    JsonMembers members(call.params, "params");
    members.string("query", text);
    members.string("db", name);
    members.number("limit", limit, settings_.rows);
    members.number("offset", offset);
    if (members.failed()) return invalid(members.error());
    const json_t* const sort = json_object_get(call.params, "sort");
    if (sort && (!json_is_integer(sort) || json_integer_value(sort) == 0))
        return invalid("sort is the number of a column, from 1; negative: descending");
    Refusal refusal;
    auto session = open(call, refusal);
    if (!session) return refusal_as_error(refusal);
    Cursor cursor;
    cursor.session = std::move(session);
    const Session::Use use(*cursor.session, call.limits);

    std::string_view rest = text;
    Statement statement = cursor.session->compile(rest, text, refusal);
    if (!statement) {
        if (refusal.text.empty()) refusal = {kWrongStatement, "there is no statement"};
        return refusal_as_error(refusal);
    }
    if (!ends(*cursor.session, rest, text, refusal)) return refusal_as_error(refusal);
    const bool reads = sqlite3_stmt_readonly(statement.get()) != 0;
    const int columns = sqlite3_column_count(statement.get());
    Json result(json_object());
    set(result, "columns", names_of(statement.get()));
    set(result, "types", types_of(statement.get()));
    if (sort) {
        const int64_t column = json_integer_value(sort);
        if (!reads || column > columns || column < -columns)
            return invalid("only what reads can be sorted, by one of its columns");
        Refusal unsortable;
        statement = cursor.session->compile(sorted(statement.get(), column), unsortable);
        if (!statement) return invalid("this statement can't be sorted");
    }
    if (auto bound = bind_values(statement.get(), json_object_get(call.params, "params")); !bound)
        return invalid(bound.error().text);

    sqlite3* const handle = cursor.session->handle();
    const auto changes_before = sqlite3_total_changes(handle);
    Transaction transaction(*cursor.session);
    if (!transaction.begin(statement.get(), refusal)) return refusal_as_error(refusal);
    cursor.pages = std::make_unique<Pages>(*cursor.session, std::move(statement), RowForm::Arrays);
    json_t* const rows = json_array();
    set(result, "rows", rows);
    if (!cursor.pages->skip(offset, refusal) || !cursor.pages->read(rows, page(limit), refusal))
        return refusal_as_error(refusal);
    // What changes the database is done as a whole, whoever reads its rows.
    bool cut = false;
    if (!reads && cursor.pages->has_more()) {
        cut = true;
        if (!cursor.pages->skip(UINT64_MAX, refusal)) return refusal_as_error(refusal);
    }
    if (!transaction.commit(refusal)) return refusal_as_error(refusal);
    const bool more = cursor.pages->has_more();
    set(result, "more", json_boolean(more || cut));
    set(result, "cursor", json_null());
    set(result, "changes", json_integer(sqlite3_total_changes(handle) - changes_before));
    set(result, "lastid", reads ? json_null() : json_integer(sqlite3_last_insert_rowid(handle)));
    if (more) {
        Client& client = call.client;
        cursor.number = ++client.last_number;
        cursor.used_ms = monotonic_ms();
        cursor.begun_ms = begin_ms;
        cursor.held_ms = cursor.session->has_wal() ? 0 : begin_ms;
        let_go(cursor, cursor.used_ms);
        set(result, "cursor", json_integer(static_cast<json_int_t>(cursor.number)));
        if (client.cursors.size() >= kMostCursors) client.cursors.pop_front();
        client.cursors.push_back(std::move(cursor));
    }
    set(result, "milliseconds", json_integer(static_cast<json_int_t>(monotonic_ms() - begin_ms)));
    return {std::move(result), false};
}

Answer Service::fetch(Call& call) {
    const uint64_t begin_ms = monotonic_ms();
    uint64_t number = 0, limit = kRowsByDefault;
    JsonMembers members(call.params, "params");
    members.number("cursor", number);
    members.number("limit", limit, settings_.rows);
    if (members.failed()) return invalid(members.error());
    Refusal refusal;
    if (!may_ask(call, refusal)) return refusal_as_error(refusal);
    auto& cursors = call.client.cursors;
    const auto found = std::find_if(cursors.begin(), cursors.end(),
                                    [&](const Cursor& cursor) { return cursor.number == number; });
    if (found == cursors.end()) return refusal_as_error({kMissing, "there is no such cursor any more"});
    make_room(call);
    Json result(json_object());
    json_t* const rows = json_array();
    set(result, "rows", rows);
    bool more = false;
    {
        const Session::Use use(*found->session, call.limits);
        more = found->pages->read(rows, page(limit), refusal) && found->pages->has_more();
    }
    found->used_ms = monotonic_ms();
    if (!found->session->has_wal() && found->held_ms == 0) found->held_ms = begin_ms;
    // The one that was asked last is the last to go. The one that is at its end goes.
    if (more) {
        let_go(*found, found->used_ms);
        cursors.splice(cursors.end(), cursors, found);
    } else {
        cursors.erase(found);
    }
    if (!refusal.text.empty()) return refusal_as_error(refusal);
    set(result, "more", json_boolean(more));
    set(result, "cursor", more ? json_integer(static_cast<json_int_t>(number)) : json_null());
    set(result, "milliseconds", json_integer(static_cast<json_int_t>(monotonic_ms() - begin_ms)));
    return {std::move(result), false};
}

Answer Service::close(Call& call) {
    uint64_t number = 0;
    JsonMembers members(call.params, "params");
    members.number("cursor", number);
    if (members.failed()) return invalid(members.error());
    call.client.cursors.remove_if([&](const Cursor& cursor) { return cursor.number == number; });
    return {Json(json_object()), false};
}

}  // namespace marmoset::sqlrpc
