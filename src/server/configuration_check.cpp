#include "server/configuration_check.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "log/logger.h"

namespace marmoset::server {

namespace {

constexpr uint64_t kPatienceMs = 30000;

}  // namespace

bool ConfigurationCheck::start(const ConfigurationReader& reader, uint64_t now_ms) {
    const pid_t supervisor = getpid();
    pid_ = fork();
    if (pid_ < 0) {
        log::error("fork: {}", std::strerror(errno));
        pid_ = 0;
        return false;
    }
    if (pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != supervisor) _exit(1);
        log::set_process_name("reload");
        _exit(reader.check() ? 0 : 1);
    }
    killed_ = false;
    deadline_ms_ = now_ms + kPatienceMs;
    return true;
}

bool ConfigurationCheck::on_exit(int status) {
    pid_ = 0;
    if (WIFSIGNALED(status) && !killed_) {
        log::error("reading the configuration died of signal {} ({})", WTERMSIG(status),
                   strsignal(WTERMSIG(status)));
    }
    return status == 0;
}

void ConfigurationCheck::kill() {
    if (pid_ == 0 || killed_) return;
    killed_ = true;
    deadline_ms_ = UINT64_MAX;
    ::kill(pid_, SIGKILL);
}

}  // namespace marmoset::server
