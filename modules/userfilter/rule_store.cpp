#include "rule_store.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.h"

namespace marmoset::userfilter {

namespace {

constexpr size_t kLongestRole = 64;
constexpr size_t kLongestExpression = 1024;
constexpr std::array<std::string_view, 7> kMethods = {"GET",  "POST",    "PUT",  "DELETE",
                                                      "HEAD", "OPTIONS", "PATCH"};

// The numbers are ouistiti's.
constexpr char kTables[] = R"(
CREATE TABLE methods(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);
INSERT INTO methods(name) VALUES ('GET'), ('POST'), ('PUT'), ('DELETE'), ('HEAD');
CREATE TABLE roles(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);
INSERT INTO roles(id, name) VALUES (0, 'superuser'), (1, 'anonymous'), (2, 'users'), (9, '*'), (10, 'reapproving');
CREATE TABLE rules(exp TEXT NOT NULL, methodid INTEGER NOT NULL REFERENCES methods(id),
    roleid INTEGER NOT NULL REFERENCES roles(id));
)";

// What a list or a log can show, and patterns and paths can hold.
bool is_printable(std::string_view text, size_t longest) {
    return !text.empty() && text.size() <= longest && std::none_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
}

}  // namespace

Result<auth::Database*> RuleStore::open() {
    struct stat now {};
    if (stat(path_.c_str(), &now) != 0) {
        database_.reset();
        return errno_error("open", path_, errno);
    }
    if (database_ && now.st_dev == file_.st_dev && now.st_ino == file_.st_ino) return &*database_;
    database_.reset();
    version_.reset();
    auto opened = auth::Database::open(path_, false);
    if (!opened) return opened.error();
    file_ = now;
    database_.emplace(opened.take());
    return &*database_;
}

Result<void> RuleStore::make(std::string_view configuration_uri) {
    const std::lock_guard lock(mutex_);
    auto opened = auth::Database::open(path_, true);
    if (!opened) return opened.error();
    auth::Database database = opened.take();
    if (database.read_only()) return {};
    // Readers and a writer side by side. A file that others have open works as it is.
    (void)database.run("PRAGMA journal_mode = WAL");
    auth::Transaction transaction(database);
    if (auto begun = transaction.begin(); !begun) return begun;
    auth::Query query(database, "SELECT 1 FROM sqlite_master WHERE name = 'rules'");
    const auto there = query.step();
    if (!there) return there.error();
    if (*there) return {};
    if (auto made = database.run(kTables); !made) return made;
    const std::pair<const char*, std::string_view> rules[] = {
        {"GET", "^/*"}, {"PUT", configuration_uri}, {"DELETE", configuration_uri}};
    for (const auto& [method, expression] : rules) {
        auth::Query insert(
            database, "INSERT INTO rules(exp, methodid, roleid) SELECT ?, id, 0 FROM methods WHERE name = ?");
        if (auto done = insert.bind(expression).bind(std::string_view(method)).run(); !done) return done;
    }
    return transaction.commit();
}

Result<RuleSet> RuleStore::read(auth::Database& database) {
    auth::Query query(database,
                      "SELECT rules.rowid, methods.name, roles.name, rules.exp FROM rules"
                      " JOIN methods ON methods.id = rules.methodid JOIN roles ON roles.id = rules.roleid"
                      " ORDER BY rules.rowid LIMIT ?");
    query.bind(static_cast<int64_t>(kMostRules) + 1);
    std::vector<Rule> rules;
    for (;;) {
        const auto row = query.step();
        if (!row) return row.error();
        if (!*row) break;
        if (rules.size() == kMostRules)
            return Error{"more than " + std::to_string(kMostRules) + " rules", ENOSPC};
        rules.push_back({query.number(0), query.text(1), query.text(2), query.text(3)});
    }
    return RuleSet(std::move(rules));
}

Result<std::shared_ptr<const RuleSet>> RuleStore::read_changed() {
    const std::lock_guard lock(mutex_);
    const auto database = open();
    if (!database) return database.error();
    // Before the rules: what is committed in between is seen the next time.
    auth::Query query(**database, "PRAGMA data_version");
    const auto row = query.step();
    if (!row) return row.error();
    const int64_t version = query.number(0);
    if (version_ == version && !changed_) return std::shared_ptr<const RuleSet>();
    auto rules = read(**database);
    if (!rules) return rules.error();
    version_ = version;
    changed_ = false;
    return std::shared_ptr<const RuleSet>(std::make_shared<RuleSet>(rules.take()));
}

Result<int64_t> RuleStore::find_or_add(auth::Database& database, const char* table, std::string_view name) {
    const std::string of(table);
    auth::Query insert(database, "INSERT OR IGNORE INTO " + of + "(name) VALUES (?)");
    if (auto done = insert.bind(name).run(); !done) return done.error();
    auth::Query find(database, "SELECT id FROM " + of + " WHERE name = ?");
    const auto row = find.bind(name).step();
    if (!row) return row.error();
    if (!*row) return Error{"the name is not kept", EINVAL};
    return find.number(0);
}

Result<void> RuleStore::add(const Rule& rule) {
    if (std::find(kMethods.begin(), kMethods.end(), rule.method) == kMethods.end() ||
        !is_printable(rule.role, kLongestRole) || !is_printable(rule.expression, kLongestExpression))
        return Error{"no method, role or expression that can be kept", EINVAL};
    const std::lock_guard lock(mutex_);
    const auto database = open();
    if (!database) return database.error();
    auth::Transaction transaction(**database);
    if (auto begun = transaction.begin(); !begun) return begun;
    const auto method = find_or_add(**database, "methods", rule.method);
    const auto role = find_or_add(**database, "roles", rule.role);
    if (!method || !role) return (method ? role : method).error();
    auth::Query insert(**database,
                       "INSERT INTO rules(exp, methodid, roleid) SELECT ?1, ?2, ?3 WHERE NOT EXISTS"
                       " (SELECT 1 FROM rules WHERE exp = ?1 AND methodid = ?2 AND roleid = ?3)");
    if (auto done = insert.bind(rule.expression).bind(*method).bind(*role).run(); !done) return done;
    auth::Query count(**database, "SELECT count(*) FROM rules");
    const auto row = count.step();
    if (!row) return row.error();
    if (count.number(0) > static_cast<int64_t>(kMostRules))
        return Error{"there are " + std::to_string(kMostRules) + " rules already", ENOSPC};
    changed_ = true;
    return transaction.commit();
}

Result<bool> RuleStore::remove(int64_t id) {
    const std::lock_guard lock(mutex_);
    const auto database = open();
    if (!database) return database.error();
    auth::Query query(**database, "DELETE FROM rules WHERE rowid = ?");
    if (auto done = query.bind(id).run(); !done) return done.error();
    if ((*database)->changes() == 0) return false;
    return changed_ = true;
}

}  // namespace marmoset::userfilter
