#include "server/init_scripts.h"

#include <spawn.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <vector>

#include "log/logger.h"

namespace marmoset::server {

namespace {

void run(const std::string& script, const char* action) {
    if (access(script.c_str(), X_OK) != 0) return;
    char* arguments[] = {const_cast<char*>(script.c_str()), const_cast<char*>(action), nullptr};
    char* environment[] = {nullptr};
    // The server blocks signals that it takes by descriptor; a script must not inherit that.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t pid = 0;
    const int status = posix_spawn(&pid, script.c_str(), nullptr, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    if (status != 0) {
        log::error("init_d {}: {}", script, std::strerror(status));
    } else {
        log::info("init_d {} {}: process {}", script, action, pid);
    }
}

}  // namespace

void run_init_scripts(const std::string& path, const char* action) {
    if (path.empty()) return;
    std::error_code error;
    std::vector<std::string> scripts;
    if (std::filesystem::is_directory(path, error)) {
        for (auto entry = std::filesystem::recursive_directory_iterator(path, error);
             !error && entry != decltype(entry)(); entry.increment(error)) {
            if (entry->is_regular_file(error)) scripts.push_back(entry->path());
        }
        std::sort(scripts.rbegin(), scripts.rend());
    } else {
        scripts.push_back(path);
    }
    if (error) log::error("init_d {}: {}", path, error.message());
    for (const std::string& script : scripts)
        run(script, action);
}

}  // namespace marmoset::server
