#include "store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace chat {

namespace {

constexpr int kPatienceMs = 5000;  // until a lock of somebody else's is an error
constexpr int kStepMs = 50;
constexpr int kFormat = 1;  // of the tables; PRAGMA user_version

// FULL: a commit has reached the disk. One commit carries whatever came during the last one.
constexpr const char* kSetUp =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "CREATE TABLE IF NOT EXISTS messages ("
    " position INTEGER PRIMARY KEY, room TEXT NOT NULL, id TEXT NOT NULL, time INTEGER NOT NULL,"
    " name TEXT NOT NULL, colour TEXT NOT NULL, verified INTEGER NOT NULL, binary INTEGER NOT NULL,"
    " content BLOB NOT NULL);"
    "CREATE INDEX IF NOT EXISTS messages_of_room ON messages (room, position);"
    "PRAGMA user_version = 1;";

std::string_view text_of(sqlite3_stmt* row, int column) {
    const void* data = sqlite3_column_blob(row, column);
    const int size = sqlite3_column_bytes(row, column);
    return {static_cast<const char*>(data), data ? static_cast<size_t>(size) : 0};
}

void set_text(sqlite3_stmt* statement, int place, std::string_view text) {
    sqlite3_bind_text64(statement, place, text.data() ? text.data() : "", text.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
}

void set_number(sqlite3_stmt* statement, int place, uint64_t number) {
    sqlite3_bind_int64(statement, place, static_cast<sqlite3_int64>(number));
}

// Readers may come and go; one process writes. Its predecessor may just be ending.
bool take_lock(int descriptor) {
    for (int waited_ms = 0; flock(descriptor, LOCK_EX | LOCK_NB) != 0; waited_ms += kStepMs) {
        if (errno != EWOULDBLOCK || waited_ms >= kPatienceMs) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(kStepMs));
    }
    return true;
}

struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

Statement prepare(sqlite3* database, const char* text) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(database, text, -1, &statement, nullptr);
    return Statement(statement);
}

bool step(const Statement& statement) {
    const int result = sqlite3_step(statement.get());
    sqlite3_reset(statement.get());
    return result == SQLITE_DONE;
}

}  // namespace

struct Store::Statements {
    explicit Statements(sqlite3* database)
        : begin(prepare(database, "BEGIN IMMEDIATE")),
          commit(prepare(database, "COMMIT")),
          rollback(prepare(database, "ROLLBACK")),
          insert(prepare(database, "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")),
          trim(prepare(database, "DELETE FROM messages WHERE room = ? AND position < ?")) {}
    bool good() const { return begin && commit && rollback && insert && trim; }

    Statement begin, commit, rollback, insert, trim;
};

Store::Store(std::function<void()> answered) : answered_(std::move(answered)) {}

Store::~Store() {
    stop();
    statements_.reset();
    sqlite3_close(database_);
    if (lock_ >= 0) close(lock_);  // not before: SQLite's own locks go with any descriptor of the file
}

std::string Store::error() const {
    return database_ ? sqlite3_errmsg(database_) : "out of memory";
}

std::string Store::open(const std::string& path) {
    const std::string what = "store " + path + ": ";
    // What was said is nobody else's: SQLite would make the file as readable as the umask allows.
    lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) return what + std::strerror(errno);
    if (!take_lock(lock_)) return what + "locked: another websocket_chat keeps its history there";
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path.c_str(), &database_, kFlags, nullptr) != SQLITE_OK) return what + error();
    sqlite3_busy_timeout(database_, kPatienceMs);

    const Statement version = prepare(database_, "PRAGMA user_version");
    if (!version || sqlite3_step(version.get()) != SQLITE_ROW) return what + error();
    const int format = sqlite3_column_int(version.get(), 0);
    if (format != 0 && format != kFormat) return what + "written by another version of this program";
    sqlite3_reset(version.get());
    const Statement tables = prepare(database_, "SELECT count(*) FROM sqlite_master");
    if (!tables || sqlite3_step(tables.get()) != SQLITE_ROW) return what + error();
    if (format == 0 && sqlite3_column_int(tables.get(), 0) != 0)
        return what + "a database of another program";
    sqlite3_reset(tables.get());
    if (sqlite3_exec(database_, kSetUp, nullptr, nullptr, nullptr) != SQLITE_OK) return what + error();
    statements_ = std::make_unique<Statements>(database_);
    return statements_->good() ? std::string() : what + error();
}

std::string Store::load(const std::function<void(std::string_view, Message)>& take) {
    const Statement rows = prepare(database_,
                                   "SELECT position, room, id, time, name, colour, verified, binary, content "
                                   "FROM messages ORDER BY position");
    if (!rows) return "store: " + error();
    int result;
    while ((result = sqlite3_step(rows.get())) == SQLITE_ROW) {
        sqlite3_stmt* const row = rows.get();
        Message message;
        message.position = static_cast<uint64_t>(sqlite3_column_int64(row, 0));
        message.id = text_of(row, 2);
        message.time = static_cast<uint64_t>(sqlite3_column_int64(row, 3));
        message.sender = {std::string(text_of(row, 4)), std::string(text_of(row, 5)),
                          sqlite3_column_int(row, 6) != 0};
        message.binary = sqlite3_column_int(row, 7) != 0;
        message.text = text_of(row, 8);
        take(text_of(row, 1), std::move(message));
    }
    return result == SQLITE_DONE ? std::string() : "store: " + error();
}

void Store::start() {
    thread_ = std::thread([this] { run(); });
}

void Store::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void Store::keep(std::string_view room, const Message& message) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back({std::string(room), message});
    changed_.notify_one();
}

void Store::trim(std::string_view room, uint64_t oldest) {
    const std::lock_guard lock(mutex_);
    const auto [place, inserted] = trims_.try_emplace(std::string(room), oldest);
    if (!inserted) place->second = std::max(place->second, oldest);
    changed_.notify_one();
}

void Store::run() {
    for (;;) {
        std::vector<Task> tasks;
        Trims trims;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return !tasks_.empty() || !trims_.empty() || stopping_; });
            if (tasks_.empty() && trims_.empty()) return;
            tasks.swap(tasks_);
            trims.swap(trims_);
        }
        const bool good = commit(tasks, trims);
        if (tasks.empty()) continue;
        {
            const std::lock_guard lock(mutex_);
            answers_.push_back({tasks.size(), good});
        }
        answered_();
    }
}

std::vector<Store::Answer> Store::answers() {
    const std::lock_guard lock(mutex_);
    return std::exchange(answers_, {});
}

bool Store::commit(const std::vector<Task>& tasks, const Trims& trims) {
    bool good = step(statements_->begin);
    for (const auto& [room, oldest] : trims) {
        set_text(statements_->trim.get(), 1, room);
        set_number(statements_->trim.get(), 2, oldest);
        good = good && step(statements_->trim);
    }
    for (const Task& task : tasks)
        good = good && insert(task);
    if (good && step(statements_->commit)) return true;
    websocket_server::write_log(websocket_server::LogLevel::Error, "store: " + error());
    if (sqlite3_get_autocommit(database_) == 0) step(statements_->rollback);
    return false;
}

bool Store::insert(const Task& task) {
    sqlite3_stmt* const insert = statements_->insert.get();
    const Message& message = task.message;
    set_number(insert, 1, message.position);
    set_text(insert, 2, task.room);
    set_text(insert, 3, message.id);
    set_number(insert, 4, message.time);
    set_text(insert, 5, message.sender.name);
    set_text(insert, 6, message.sender.colour);
    set_number(insert, 7, uint64_t{message.sender.verified});
    set_number(insert, 8, uint64_t{message.binary});
    sqlite3_bind_blob64(insert, 9, message.text.data() ? message.text.data() : "", message.text.size(),
                        SQLITE_STATIC);
    return step(statements_->insert);
}

}  // namespace chat
