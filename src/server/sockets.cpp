#include "server/sockets.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "net/listener.h"

namespace marmoset::server {

Result<std::vector<SiteSockets>> bind_sites(Settings& settings) {
    std::vector<SiteSockets> sites;
    for (const auto& site : settings.sites) {
        auto sockets = net::bind_listeners(site->address, std::max(1u, settings.workers));
        if (!sockets) return Error{site->location + ": " + sockets.error().text, sockets.error().code};
        sites.push_back({sockets.take(), site->address.text(), site->address.unix_path});
    }
    return sites;
}

void remove_socket_files(const std::vector<SiteSockets>& sites) {
    for (const SiteSockets& site : sites) {
        if (!site.unix_path.empty()) unlink(site.unix_path.c_str());
    }
}

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

Result<void> PortsFile::write(const std::vector<SiteSockets>& sites) {
    if (!folder_) return {};
    const std::string temporary = name_ + ".new";
    std::string text;
    for (const SiteSockets& site : sites)
        text.append(site.address).append("\n");
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
