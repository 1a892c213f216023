// The methods that ouistiti has: exec, list, get, view, auth. Rows are objects, refusals are results.
#include "service.h"
#include "transaction.h"

namespace marmoset::sqlrpc {

using namespace jsonrpc;

namespace {

std::string quoted(const std::string& name) {
    std::string text = "\"";
    for (const char c : name)
        text.append(c == '"' ? 2 : 1, c);
    return text + "\"";
}

Answer wrong_params(const std::string& text) {
    return refusal_as_error({kInvalidParams, text});
}

// ouistiti has SQLite's own codes for what is wrong with a statement.
Answer refuse(Refusal& refusal) {
    const json_t* const code = json_object_get(refusal.more.get(), "sqlite");
    if (refusal.code == kWrongStatement && code)
        refusal.code = static_cast<int>(json_integer_value(code) & 0xff);
    return refusal_as_result(refusal);
}

Refusal too_many(uint64_t rows) {
    return {kTooLarge, "more than an answer may hold (" + std::to_string(rows) +
                           " rows): ask by query, or for less at a time"};
}

}  // namespace

Answer Service::auth(Call&) {
    return {Json(json_null()), false};
}

Answer Service::exec(Call& call) {
    std::string text, name;
    JsonMembers members(call.params, "params");
    members.string("query", text);
    members.string("db", name);
    if (members.failed()) return wrong_params(members.error());
    Refusal refusal;
    const auto session = open(call, refusal);
    if (!session) return refuse(refusal);
    const Session::Use use(*session, call.limits);
    session->permissions().transactions = settings_.write;
    Answer answer;
    const bool done = run_script(call, *session, answer, refusal);
    if (sqlite3_get_autocommit(session->handle()) == 0) {
        // Neither waits a lock for the next call, nor is half of something kept.
        (void)sqlite3_exec(session->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
        if (done) {
            refusal = {kWrongStatement, "the transaction was not ended: nothing of it is kept"};
            return refuse(refusal);
        }
    }
    return done ? std::move(answer) : refuse(refusal);
}

bool Service::run_script(const Call& call, Session& session, Answer& answer, Refusal& refusal) const {
    const json_t* const query = json_object_get(call.params, "query");
    const json_t* const values = json_object_get(call.params, "params");
    const std::string_view whole = json_text(query);
    std::string_view rest = whole;
    const auto changes_before = sqlite3_total_changes(session.handle());
    Json rows(json_array());
    bool has_values = values != nullptr;
    uint64_t size = 0;
    for (;;) {
        Statement statement = session.compile(rest, whole, refusal);
        if (!statement) break;
        if (auto bound = bind_values(statement.get(), has_values ? values : nullptr); !bound)
            return refusal = {kWrongStatement, bound.error().text}, false;
        has_values = false;  // they are the first one's
        Transaction transaction(session);
        if (!transaction.begin(statement.get(), refusal)) return false;
        Pages pages(session, std::move(statement), RowForm::Objects);
        const PageLimits left{settings_.rows - json_array_size(rows.get()), settings_.size - size};
        if (!pages.read(rows.get(), left, refusal)) return false;
        if (pages.has_more()) return refusal = too_many(settings_.rows), false;
        if (!transaction.commit(refusal)) return false;
        size += pages.size();
    }
    if (!refusal.text.empty()) return false;
    if (json_array_size(rows.get()) > 0) {
        answer.value = std::move(rows);
        return true;
    }
    answer = message("Query OK");
    json_t* const object = answer.value.get();
    json_object_set_new(object, "changes",
                        json_integer(sqlite3_total_changes(session.handle()) - changes_before));
    json_object_set_new(object, "lastid", json_integer(sqlite3_last_insert_rowid(session.handle())));
    return true;
}

bool Service::find_table(Session& session, std::string& name, Refusal& refusal) const {
    const Statement statement = session.compile(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE",
        refusal);
    if (!statement) return false;
    sqlite3_bind_text64(statement.get(), 1, name.data(), name.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    const int code = sqlite3_step(statement.get());
    if (code == SQLITE_ROW) {
        const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), 0));
        return name = text ? text : "", true;
    }
    refusal = code == SQLITE_DONE ? Refusal(kMissing, "there is no such table") : session.failure(code);
    return false;
}

Answer Service::rows_of(const Call&, Session& session, const std::string& sql, const json_t* values) const {
    Refusal refusal;
    Statement statement = session.compile(sql, refusal);
    if (!statement) return refuse(refusal);
    if (auto bound = bind_values(statement.get(), values); !bound) return wrong_params(bound.error().text);
    Pages pages(session, std::move(statement), RowForm::Objects);
    Json rows(json_array());
    if (!pages.read(rows.get(), page(settings_.rows), refusal)) return refuse(refusal);
    if (pages.has_more()) {
        refusal = too_many(settings_.rows);
        return refuse(refusal);
    }
    return {std::move(rows), false};
}

Answer Service::list(Call& call) {
    std::string table, name;
    uint64_t limit = settings_.rows, offset = 0;
    JsonMembers members(call.params, "params");
    members.string("table", table);
    members.string("db", name);
    members.number("limit", limit, settings_.rows);
    members.number("offset", offset);
    if (members.failed()) return wrong_params(members.error());
    Refusal refusal;
    const auto session = open(call, refusal);
    if (!session) return refuse(refusal);
    const Session::Use use(*session, call.limits);
    if (!find_table(*session, table, refusal)) return refuse(refusal);
    // Without a limit of the caller's, a table that does not fit is refused rather than cut.
    const bool limited = json_object_get(call.params, "limit") != nullptr;
    const Json values(json_pack("[I,I]", static_cast<json_int_t>(limited ? limit : settings_.rows + 1),
                                static_cast<json_int_t>(offset)));
    return rows_of(call, *session, "SELECT * FROM " + quoted(table) + " LIMIT ? OFFSET ?", values.get());
}

Answer Service::get(Call& call) {
    std::string table, name;
    JsonMembers members(call.params, "params");
    members.string("table", table);
    members.string("db", name);
    json_t* const id = json_object_get(call.params, "id");
    if (!json_is_integer(id)) members.fail("id", "is a number");
    if (members.failed()) return wrong_params(members.error());
    Refusal refusal;
    const auto session = open(call, refusal);
    if (!session) return refuse(refusal);
    const Session::Use use(*session, call.limits);
    if (!find_table(*session, table, refusal)) return refuse(refusal);
    const Json values(json_pack("[O]", id));
    Answer rows =
        rows_of(call, *session, "SELECT * FROM " + quoted(table) + " WHERE rowid = ?", values.get());
    if (!json_is_array(rows.value.get())) return rows;
    json_t* const row = json_array_get(rows.value.get(), 0);
    return {Json(row ? json_incref(row) : json_object()), false};
}

Answer Service::view(Call& call) {
    std::string table, name;
    JsonMembers members(call.params, "params");
    members.string("table", table);
    members.string("db", name);
    if (members.failed()) return wrong_params(members.error());
    Refusal refusal;
    const auto session = open(call, refusal);
    if (!session) return refuse(refusal);
    const Session::Use use(*session, call.limits);
    if (!find_table(*session, table, refusal)) return refuse(refusal);
    const Json values(json_pack("[s]", table.c_str()));
    return rows_of(call, *session,
                   R"(SELECT cid, name, type, "notnull", dflt_value, pk FROM pragma_table_info(?))",
                   values.get());
}

}  // namespace marmoset::sqlrpc
