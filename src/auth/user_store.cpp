// What stores that can't be changed answer, and which store a configuration means.
#include "auth/user_store.h"

#include <cerrno>

#include "auth/file_store.h"
#include "auth/simple_store.h"
#include "auth/sqlite_store.h"
#include "auth/system_store.h"

namespace marmoset::auth {

namespace {

Error unchangeable(const UserStore& store) {
    return Error{"users of «" + std::string(store.kind()) + "» can't be changed here", EROFS};
}

std::string_view fitting(const UserStoreSettings& settings) {
    if (!settings.authz.empty()) return settings.authz;
    if (!settings.dbname.empty()) return "sqlite";
    if (settings.file.find("shadow") != std::string::npos) return "unix";
    if (!settings.file.empty()) return "file";
    if (!settings.user.empty()) return "simple";
    return {};
}

template <typename Store>
Result<std::shared_ptr<UserStore>> shared(Result<std::unique_ptr<Store>> store) {
    if (!store) return store.error();
    return std::shared_ptr<UserStore>(store.take());
}

Error missing(const char* key, std::string_view kind) {
    return Error{"users of «" + std::string(kind) + "» need " + key, EINVAL};
}

}  // namespace

Result<void> UserStore::add(const User&) {
    return unchangeable(*this);
}
Result<void> UserStore::update(const User&) {
    return unchangeable(*this);
}
Result<void> UserStore::set_password(std::string_view, std::string_view) {
    return unchangeable(*this);
}
Result<void> UserStore::remove(std::string_view) {
    return unchangeable(*this);
}

Result<std::shared_ptr<UserStore>> open_user_store(const UserStoreSettings& settings) {
    const std::string_view kind = fitting(settings);
    if (kind == "sqlite") {
        if (settings.dbname.empty()) return missing("dbname", kind);
        return shared(SqliteStore::open(settings.dbname, settings.issuer));
    }
    if (kind == "unix") return shared(SystemStore::open(settings.file));
    if (kind == "file") {
        if (settings.file.empty()) return missing("file", kind);
        return shared(FileStore::open(settings.file));
    }
    if (kind == "simple") {
        if (settings.user.empty()) return missing("user", kind);
        return shared(SimpleStore::make(settings.user, settings.passwd, settings.group, settings.home));
    }
    if (kind.empty()) return Error{"no users: neither dbname, nor file, nor user", EINVAL};
    return Error{"there are no users of «" + std::string(kind) + "»: simple, file, sqlite, unix", EINVAL};
}

}  // namespace marmoset::auth
