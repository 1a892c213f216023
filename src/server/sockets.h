// The listening sockets of all sites, bound by the supervisor and inherited by every worker. They are kept
// over reloads: as long as a site's address stays its sockets are never closed, so no client is refused.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "server/settings.h"

namespace marmoset::server {

/// Of one site: one socket a worker, or a single one that all share (UNIX). There may be more than workers,
/// when a reload has lowered their number: a socket can't be taken from the kernel without the clients in its
/// queue, so it stays, and all workers serve it.
struct SiteSockets {
    std::vector<std::shared_ptr<const FileDescriptor>> sockets;  ///< closed with the last set that has them
    std::string site;                                            ///< name of the site
    std::string wanted;                                          ///< address as configured: its port may be 0
    net::ListenAddress bound;
    std::string address;  ///< `bound` as text: "0.0.0.0:8080"

    bool shared() const { return !bound.unix_path.empty(); }
};

/// One entry a site, in the configuration's order. Sets do not change once they are made.
using SocketList = std::vector<std::shared_ptr<const SiteSockets>>;

/// Sockets of all sites: those of `before` where the address is the same (and further ones when there are
/// more workers now), else newly bound. The first failure as "file:line: bind …"; nothing has changed then.
/// New sockets do not listen yet.
Result<SocketList> bind_sites(const Settings& settings, const SocketList& before);

/// From now on all of them are given clients by the kernel.
Result<void> listen_on(const SocketList& list);

/// True if a site of `list` listens where `site` does.
bool contains(const SocketList& list, const SiteSockets& site);

/// Removes the files of UNIX sockets that are in `list` and not in `kept`.
void remove_socket_files(const SocketList& list, const SocketList& kept);

/// "127.0.0.1:80, unix:/run/s": for logs.
std::string addresses(const SocketList& list);

}  // namespace marmoset::server
