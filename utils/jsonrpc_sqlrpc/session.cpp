#include "session.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "functions.h"
#include "jsonrpc/line_limit.h"
#include "patterns.h"

namespace marmoset::sqlrpc {

using jsonrpc::Refusal;

namespace {

constexpr int kOperationsBetweenLooks = 2000;        // of SQLite's machine: tens of microseconds
constexpr useconds_t kBusySleepMicroseconds = 5000;  // while another one writes
constexpr int kCachePages = -1024;                   // KiB
constexpr size_t kLargestStatement = 1'000'000;      // bytes

#ifdef SQLITE_OPEN_NOFOLLOW
constexpr int kFollowNoLinks = SQLITE_OPEN_NOFOLLOW;
#else
constexpr int kFollowNoLinks = 0;  // before 3.31: Folder has looked
#endif

constexpr struct {
    int what, most;
} kLimits[] = {
    {SQLITE_LIMIT_SQL_LENGTH, kLargestStatement},
    {SQLITE_LIMIT_COLUMN, 500},
    {SQLITE_LIMIT_EXPR_DEPTH, 200},
    {SQLITE_LIMIT_COMPOUND_SELECT, 500},
    {SQLITE_LIMIT_VDBE_OP, 1'000'000},
    {SQLITE_LIMIT_FUNCTION_ARG, 100},
    {SQLITE_LIMIT_ATTACHED, 0},
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 128},
    {SQLITE_LIMIT_VARIABLE_NUMBER, 1000},
    {SQLITE_LIMIT_TRIGGER_DEPTH, 50},
    {SQLITE_LIMIT_WORKER_THREADS, 0},
};

void set_number(Json& object, const char* key, size_t value) {
    json_object_set_new(object.get(), key, json_integer(static_cast<json_int_t>(value)));
}

// RFC 3629: bytes that begin a character.
size_t count_characters(std::string_view text) {
    return static_cast<size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Line and column (in characters), from 1.
void add_position(Json& more, std::string_view text, size_t offset) {
    const std::string_view before = text.substr(0, offset);
    const size_t newline = before.rfind('\n');
    const size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    set_number(more, "offset", offset);
    set_number(more, "line", 1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n')));
    set_number(more, "column", 1 + count_characters(before.substr(begin)));
}

int code_of(int sqlite) {
    switch (sqlite & 0xff) {
        case SQLITE_AUTH:
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return jsonrpc::kDenied;
        case SQLITE_INTERRUPT:
        case SQLITE_NOMEM:
            return jsonrpc::kTimeout;
        case SQLITE_TOOBIG:
            return jsonrpc::kTooLarge;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_CANTOPEN:
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_IOERR:
        case SQLITE_FULL:
        case SQLITE_PROTOCOL:
            return jsonrpc::kUnavailable;
        default:
            return jsonrpc::kWrongStatement;
    }
}

}  // namespace

Session::Use::Use(Session& session, const CallLimits& limits)
    : session_(session), outer_(session.limits_), scope_(session.budget_) {
    session.limits_ = &limits;
}

Session::Use::~Use() {
    session_.limits_ = outer_;
}

std::unique_ptr<Session> Session::open(const Place& place, const Settings& settings, const CallLimits& limits,
                                       Refusal& refusal) {
    std::unique_ptr<Session> session(new Session(settings));
    const Use use(*session, limits);
    const int flags = (settings.write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX |
                      kFollowNoLinks;
    const int code = sqlite3_open_v2(place.path.c_str(), &session->handle_, flags, nullptr);
    if (code != SQLITE_OK) {
        refusal = session->failure(code);
        return nullptr;
    }
    if (!session->prepare(settings, refusal)) return nullptr;
    return session;
}

Session::~Session() {
    const MemoryBudget::Scope scope(budget_);
    sqlite3_close(handle_);
}

// Pragmas of ours first: the authorizer would refuse them.
bool Session::prepare(const Settings& settings, Refusal& refusal) {
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_handler(handle_, on_busy, this);
    sqlite3_progress_handler(handle_, kOperationsBetweenLooks, on_progress, this);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
    for (const auto& limit : kLimits)
        sqlite3_limit(handle_, limit.what, limit.most);
    sqlite3_limit(handle_, SQLITE_LIMIT_LENGTH, static_cast<int>(settings.size));
    if (!run("PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA foreign_keys = ON", refusal))
        return false;
    if (!run(("PRAGMA cache_size = " + std::to_string(kCachePages)).c_str(), refusal)) return false;
    if (!settings.write && !run("PRAGMA query_only = ON", refusal)) return false;
    if (!read_journal_mode("PRAGMA journal_mode", refusal)) return false;
    if (settings.write && !has_wal_) {
        // A file that can't be switched now, because others have it open, works as it is.
        sqlite3_busy_handler(handle_, nullptr, nullptr);
        Refusal unimportant;
        (void)read_journal_mode("PRAGMA journal_mode = WAL", unimportant);
    }
    sqlite3_busy_handler(handle_, on_busy, this);
    if (!add_functions(handle_) || !add_patterns(handle_, ended_)) {
        refusal = {jsonrpc::kUnavailable, "no memory"};
        return false;
    }
    permissions_.write = settings.write;
    sqlite3_set_authorizer(handle_, authorize, &permissions_);
    return true;
}

bool Session::read_journal_mode(const char* pragma, Refusal& refusal) {
    const Statement mode = compile(pragma, refusal);
    if (!mode) return false;
    const int code = sqlite3_step(mode.get());
    if (code != SQLITE_ROW) return refusal = failure(code), false;
    const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(mode.get(), 0));
    has_wal_ = text && std::string_view(text) == "wal";
    return true;
}

bool Session::run(const char* sql, Refusal& refusal) {
    const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) refusal = failure(sqlite3_extended_errcode(handle_));
    return code == SQLITE_OK;
}

Statement Session::compile(std::string_view& sql, std::string_view whole, Refusal& refusal) {
    while (!sql.empty()) {
        // Short statements are over before SQLite looks at the time.
        if (is_over()) {
            refusal = failure(SQLITE_INTERRUPT);
            return {nullptr, sqlite3_finalize};
        }
        if (sql.size() > kLargestStatement) {
            refusal = {jsonrpc::kTooLarge, "statement too long"};
            return {nullptr, sqlite3_finalize};
        }
        sqlite3_stmt* compiled = nullptr;
        const char* end = nullptr;
        permissions_.refused = false;
        // With the NUL: without it SQLite copies all that follows, for each of its statements.
        const int code =
            sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size() + 1), &compiled, &end);
        Statement statement(compiled, sqlite3_finalize);
        if (code != SQLITE_OK) {
            refusal = failure(sqlite3_extended_errcode(handle_), sql, whole);
            return {nullptr, sqlite3_finalize};
        }
        if (!statement && end == sql.data()) {
            refusal = {jsonrpc::kWrongStatement, "there is a NUL in the statement"};
            return statement;
        }
        sql.remove_prefix(std::min(sql.size(), static_cast<size_t>(end - sql.data())));
        if (statement) return statement;  // else it was a comment, or nothing
    }
    return {nullptr, sqlite3_finalize};
}

Statement Session::compile(std::string_view sql, Refusal& refusal) {
    return compile(sql, sql, refusal);
}

// SQLite's words, but for what it would name only a file for.
Refusal Session::failure(int code, std::string_view statement, std::string_view whole) const {
    Refusal refusal(code_of(code), handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code));
    // A function that is not permitted is an error like any other to SQLite.
    if ((code & 0xff) == SQLITE_ERROR && permissions_.refused) refusal.code = jsonrpc::kDenied;
    if ((code & 0xff) == SQLITE_INTERRUPT) refusal.text = "the statement took too long";
    if ((code & 0xff) == SQLITE_NOMEM)
        refusal.text = has_ended() ? "the statement took too long" : "the statement took too much memory";
    refusal.more = Json(json_object());
    set_number(refusal.more, "sqlite", static_cast<size_t>(code));
#if SQLITE_VERSION_NUMBER >= 3038000
    const int offset = handle_ ? sqlite3_error_offset(handle_) : -1;
    if (offset >= 0 && !statement.empty()) {
        const auto before = static_cast<size_t>(statement.data() - whole.data());
        add_position(refusal.more, whole, std::min(whole.size(), before + static_cast<size_t>(offset)));
    }
#endif
    return refusal;
}

bool Session::is_over() const {
    return limits_ == nullptr || limits_->cancelled() || jsonrpc::monotonic_ms() >= limits_->deadline_ms;
}

bool Session::has_ended() const {
    return limits_ != nullptr && limits_->deadline_ms != 0 && is_over();
}

int Session::on_progress(void* session) {
    const auto* const self = static_cast<Session*>(session);
    if (self->is_over()) return 1;
    self->limits_->make_room();
    return 0;
}

int Session::on_busy(void* session, int) {
    if (static_cast<Session*>(session)->is_over()) return 0;
    ::usleep(kBusySleepMicroseconds);
    return 1;
}

}  // namespace marmoset::sqlrpc
