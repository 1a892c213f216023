// marmoset_passwd, also under ouistiti's name ouipasswd: passwords of users. In: the command line, a password
// typed or piped. Out: a line of a password file, or a changed file or database.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "auth/file_store.h"
#include "auth/one_time.h"
#include "auth/password_check.h"
#include "auth/secret_input.h"
#include "auth/sqlite_store.h"
#include "base/file_descriptor.h"
#include "base/secret.h"
#include "options.h"

namespace {

using namespace marmoset;
using namespace marmoset::auth;

int fail(const Error& error) {
    std::fprintf(stderr, "marmoset_passwd: %s\n", error.text.c_str());
    return kFailure;
}

Result<std::shared_ptr<UserStore>> open_store(const CommandLine& line) {
    const std::string& path = line.file.empty() ? line.database : line.file;
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        if (!line.create) {
            Error error = errno_error("open", path, errno);
            if (error.code == ENOENT) error.text += "; --create makes it";
            return error;
        }
        if (!line.file.empty()) {
            const FileDescriptor made(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
            if (!made) return errno_error("open", path, errno);
        }
    }
    UserStoreSettings settings;
    settings.authz = line.file.empty() ? "sqlite" : "file";
    settings.file = line.file;
    settings.dbname = line.database;
    settings.issuer = line.issuer;
    return open_user_store(settings);
}

Result<std::string> password_of(const CommandLine& line) {
    if (line.password) return *line.password;
    if (line.generate) {
        const std::string password = random_text(18);
        std::fprintf(stderr, "%s\n", password.c_str());
        return password;
    }
    return line.action == CommandLine::Action::Verify ? read_password("Password: ") : read_new_password();
}

int print_line(const CommandLine& line, const std::string& stored) {
    User user;
    user.name = line.user;
    user.password = stored;
    user.group = line.group.value_or("");
    user.home = line.home.value_or("");
    std::printf("%s\n", format_password_line(user).c_str());
    return kSuccess;
}

// A new user, or another password of one; what is not named stays.
int keep(const CommandLine& line, UserStore& store, const std::string& stored) {
    auto found = store.find(line.user);
    if (!found) return fail(found.error());
    User user = found->value_or(User{});
    user.name = line.user;
    user.group = line.group.value_or(user.group);
    user.home = line.home.value_or(user.home);
    user.status = line.status.value_or(user.status);
    if (!*found) {
        user.password = stored;
        const auto added = store.add(user);
        return added ? kSuccess : fail(added.error());
    }
    const auto set = store.set_password(line.user, stored);
    if (!set) return fail(set.error());
    if (!line.group && !line.home && !line.status) return kSuccess;
    const auto updated = store.update(user);
    return updated ? kSuccess : fail(updated.error());
}

int set_password(const CommandLine& line) {
    std::shared_ptr<UserStore> store;
    if (!line.file.empty() || !line.database.empty()) {
        auto opened = open_store(line);
        if (!opened) return fail(opened.error());
        store = opened.take();
    }
    auto password = password_of(line);
    if (!password) return fail(password.error());
    auto stored = make_password(line.recipe, line.user, *password);
    wipe(*password);
    if (!stored) return fail(stored.error());
    return store ? keep(line, *store, *stored) : print_line(line, *stored);
}

int list(UserStore& store) {
    constexpr size_t kPage = 256;
    std::string last;
    for (;;) {
        const auto users = store.list(last, kPage);
        if (!users) return fail(users.error());
        for (const User& user : *users)
            std::printf("%s:%s:%s:%s\n", user.name.c_str(), user.group.c_str(), user.home.c_str(),
                        std::string(status_name(user.status)).c_str());
        if (users->size() < kPage) return kSuccess;
        last = users->back().name;
    }
}

int verify(const CommandLine& line, std::shared_ptr<UserStore> store) {
    auto password = password_of(line);
    if (!password) return fail(password.error());
    const auto user = PasswordCheck(std::move(store)).verify(line.user, *password, line.recipe.realm);
    wipe(*password);
    if (!user) return fail(user.error());
    return *user ? kSuccess : kMismatch;
}

int run(const CommandLine& line) {
    if (line.action == CommandLine::Action::Set) return set_password(line);
    auto store = open_store(line);
    if (!store) return fail(store.error());
    if (line.action == CommandLine::Action::List) return list(**store);
    if (line.action == CommandLine::Action::Verify) return verify(line, store.take());
    const auto removed = (*store)->remove(line.user);
    return removed ? kSuccess : fail(removed.error());
}

}  // namespace

int main(int argc, char** argv) {
    CommandLine line;
    int status = kFailure;
    if (!line.parse(argc, argv, status)) return status;
    status = run(line);
    if (std::fflush(stdout) != 0) return fail(errno_error("write", "standard output", errno));
    return status;
}
