#include "server/sockets.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>

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

Result<void> write_ports_file(const std::string& path, const std::vector<SiteSockets>& sites) {
    if (path.empty()) return {};
    const std::string temporary = path + ".new";
    std::ofstream file(temporary);
    for (const SiteSockets& site : sites) file << site.address << '\n';
    file.close();
    if (!file || rename(temporary.c_str(), path.c_str()) != 0) return errno_error("write", path, errno);
    return {};
}

}  // namespace marmoset::server
