#include "server/ports_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace marmoset::server {

Result<PortsFile> PortsFile::open(const std::string& path) {
    PortsFile file;
    if (path.empty()) return file;
    const size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    file.name_ = slash == std::string::npos ? path : path.substr(slash + 1);
    file.folder_ = FileDescriptor(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!file.folder_) return errno_error("open folder of", path, errno);
    file.remove();
    return file;
}

Result<void> PortsFile::write(const SocketList& list) {
    if (!folder_) return {};
    const std::string temporary = name_ + ".new";
    std::string text;
    for (const auto& site : list)
        text.append(site->address).append("\n");
    const FileDescriptor file(
        openat(folder_.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        renameat(folder_.get(), temporary.c_str(), folder_.get(), name_.c_str()) != 0) {
        return errno_error("write", name_, errno);
    }
    return {};
}

void PortsFile::remove() {
    if (folder_) unlinkat(folder_.get(), name_.c_str(), 0);
}

}  // namespace marmoset::server
