#include "auth/system_store.h"

#include <grp.h>
#include <pwd.h>
#include <shadow.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <vector>

namespace marmoset::auth {

namespace {

constexpr size_t kLargestEntry = 1 << 20;  // bytes; groups have many members
constexpr size_t kMostEntries = 65536;

// Calls a function of the _r family with a buffer that grows until its answer fits.
template <typename Call>
int with_buffer(std::vector<char>& buffer, Call call) {
    buffer.resize(4096);
    for (;;) {
        const int error = call(buffer.data(), buffer.size());
        if (error != ERANGE || buffer.size() >= kLargestEntry) return error;
        buffer.resize(buffer.size() * 4);
    }
}

SystemStore::Entry entry_of(const spwd& found, long today) {
    SystemStore::Entry entry;
    // Locked («!», «*») and empty ones are none. DES would be, but 13 letters are no protection any more.
    if (found.sp_pwdp != nullptr && found.sp_pwdp[0] == '$') entry.password = found.sp_pwdp;
    const bool aged = found.sp_lstchg > 0 && found.sp_max >= 0 && today > found.sp_lstchg + found.sp_max;
    if (found.sp_lstchg == 0 || aged) entry.status = UserStatus::Reapproving;
    if (aged && found.sp_inact >= 0 && today > found.sp_lstchg + found.sp_max + found.sp_inact)
        entry.status = UserStatus::Repudiated;
    if (found.sp_expire >= 0 && today >= found.sp_expire) entry.status = UserStatus::Repudiated;
    return entry;
}

long today() {
    return static_cast<long>(std::time(nullptr) / 86400);
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File open_file(const std::string& path) {
    return {std::fopen(path.c_str(), "re"), &std::fclose};
}

// Every entry of a file in the shadow format, up to where `take` says false.
template <typename Take>
Result<void> scan_shadow(const std::string& path, Take take) {
    const File file = open_file(path);
    if (!file) return errno_error("open", path, errno);
    std::vector<char> buffer(65536);
    spwd entry{};
    spwd* found = nullptr;
    for (size_t count = 0; count < kMostEntries; ++count) {
        const int error = ::fgetspent_r(file.get(), &entry, buffer.data(), buffer.size(), &found);
        if (error == ENOENT || (error == 0 && found == nullptr)) return {};
        if (error != 0) return errno_error("read", path, error);
        if (!take(entry)) return {};
    }
    return {};
}

void take_account(User& user, const passwd& account) {
    user.home = account.pw_dir ? account.pw_dir : "";
    group entry{};
    group* found = nullptr;
    std::vector<char> buffer;
    with_buffer(buffer, [&](char* space, size_t size) {
        return ::getgrgid_r(account.pw_gid, &entry, space, size, &found);
    });
    user.group = found ? found->gr_name : std::to_string(account.pw_gid);
}

}  // namespace

Result<std::unique_ptr<SystemStore>> SystemStore::open(std::string shadow, std::string passwd) {
    if (shadow == "/etc/shadow") shadow.clear();
    if (passwd == "/etc/passwd") passwd.clear();
    std::unique_ptr<SystemStore> store(new SystemStore(std::move(shadow), std::move(passwd)));
    if (auto loaded = store->load(); !loaded) return loaded.error();
    return store;
}

// Of NSS only what its files have: directories of other kinds don't give their passwords away anyway.
Result<void> SystemStore::load() {
    return scan_shadow(shadow_.empty() ? "/etc/shadow" : shadow_, [this](const spwd& found) {
        Entry entry = entry_of(found, today());
        if (!entry.password.empty() && is_valid_user_name(found.sp_namp))
            loaded_.emplace(found.sp_namp, std::move(entry));
        return true;
    });
}

Result<std::optional<SystemStore::Entry>> SystemStore::current(const std::string& name) {
    std::optional<Entry> result;
    if (!shadow_.empty()) {
        auto scanned = scan_shadow(shadow_, [&](const spwd& found) {
            if (name == found.sp_namp) result = entry_of(found, today());
            return !result;
        });
        if (!scanned) return scanned.error();
        return result;
    }
    spwd entry{};
    spwd* found = nullptr;
    std::vector<char> buffer;
    const int error = with_buffer(buffer, [&](char* space, size_t size) {
        return ::getspnam_r(name.c_str(), &entry, space, size, &found);
    });
    if (found == nullptr && error != 0 && error != ENOENT)
        return errno_error("getspnam", "/etc/shadow", error);
    if (found) result = entry_of(*found, today());
    return result;
}

// An account without a passwd entry has neither home nor group.
void SystemStore::complete(User& user) {
    passwd entry{};
    passwd* found = nullptr;
    std::vector<char> buffer;
    if (passwd_.empty()) {
        with_buffer(buffer, [&](char* space, size_t size) {
            return ::getpwnam_r(user.name.c_str(), &entry, space, size, &found);
        });
        if (found) take_account(user, *found);
        return;
    }
    const File file = open_file(passwd_);
    buffer.resize(65536);
    while (file && ::fgetpwent_r(file.get(), &entry, buffer.data(), buffer.size(), &found) == 0) {
        if (user.name != found->pw_name) continue;
        take_account(user, *found);
        return;
    }
}

Result<std::optional<User>> SystemStore::find(std::string_view name) {
    if (!is_valid_user_name(name)) return std::optional<User>();
    User user;
    user.name = name;
    auto entry = current(user.name);
    if (!entry && entry.error().code != EACCES && entry.error().code != EPERM) return entry.error();
    if (!entry) {
        const auto known = loaded_.find(name);
        if (known == loaded_.end()) return std::optional<User>();
        entry = std::optional<Entry>(known->second);
    }
    if (!*entry) return std::optional<User>();
    user.password = (*entry)->password;
    user.status = (*entry)->status;
    complete(user);
    return std::optional<User>(std::move(user));
}

Result<std::vector<User>> SystemStore::list(std::string_view after, size_t limit) {
    std::vector<User> users;
    for (auto at = loaded_.upper_bound(after); at != loaded_.end() && users.size() < limit; ++at) {
        User user;
        user.name = at->first;
        user.password = at->second.password;
        user.status = at->second.status;
        complete(user);
        users.push_back(std::move(user));
    }
    return users;
}

}  // namespace marmoset::auth
