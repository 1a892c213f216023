#include "server/log_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "log/file.h"
#include "log/logger.h"

namespace marmoset::server {

namespace {

Result<void> give_to(int fd, const std::string& path, const Identity& identity) {
    if (geteuid() != 0 || identity.uid == 0 || fd <= STDERR_FILENO) return {};
    if (fchown(fd, identity.uid, identity.gid) != 0) return errno_error("chown", path, errno);
    return {};
}

std::string file_name(const std::string& path) {
    return path == "-" ? std::string() : path;
}

}  // namespace

LogNames log_names(const Settings& settings) {
    return {file_name(settings.log_file.value_or("")), file_name(settings.access_log)};
}

Result<FileDescriptor> open_log(const std::string& path, const Identity& identity) {
    if (path.empty()) return FileDescriptor();
    const auto file = log::open_file(path);
    if (!file) return file.error();
    FileDescriptor descriptor(*file);
    const auto given = give_to(descriptor.get(), path, identity);
    if (!given) return given.error();
    return descriptor;
}

Result<void> use_error_log(const Settings& settings, const Identity& identity) {
    // To the logger an empty path is stderr, in the configuration it is none.
    const std::string path = !settings.log_file ? "" : settings.log_file->empty() ? "-" : *settings.log_file;
    auto opened = log::open(path);
    if (!opened) return opened;
    log::set_level(settings.log_level);
    return give_to(log::descriptor(), path, identity);
}

Result<void> open_access_log(const Settings& settings, const Identity& identity, log::AccessLog& access_log) {
    auto opened = access_log.open(settings.access_log, settings.access_format);
    if (!opened) return opened;
    return give_to(access_log.descriptor(), settings.access_log, identity);
}

}  // namespace marmoset::server
