#include "server/sockets.h"

#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/listener.h"

namespace marmoset::server {

namespace {

using Sets = std::vector<const SiteSockets*>;  // of the list before; null: given to a site already

// The set that a site goes on with. The kernel may have picked its port; then the name tells which it was.
const SiteSockets* take(Sets& before, const Site& site) {
    const std::string wanted = site.address.text();
    const auto find = [&before](const auto& fits) {
        return std::find_if(before.begin(), before.end(),
                            [&fits](const SiteSockets* set) { return set && fits(*set); });
    };
    auto found = find([&](const SiteSockets& set) { return set.wanted == wanted && set.site == site.name; });
    if (found == before.end()) found = find([&](const SiteSockets& set) { return set.wanted == wanted; });
    if (found == before.end()) found = find([&](const SiteSockets& set) { return set.address == wanted; });
    return found == before.end() ? nullptr : std::exchange(*found, nullptr);
}

uint16_t port_of(const net::ListenAddress& address) {
    return net::Address::from(reinterpret_cast<const sockaddr*>(&address.storage), address.size).port();
}

bool is_wildcard(const net::ListenAddress& address) {
    if (address.any) return true;
    if (address.storage.ss_family == AF_INET)
        return reinterpret_cast<const sockaddr_in&>(address.storage).sin_addr.s_addr == INADDR_ANY;
    return IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_addr);
}

// Sockets of our own share ports (SO_REUSEPORT), so the kernel does not tell.
bool in_each_others_way(const net::ListenAddress& a, const net::ListenAddress& b) {
    if (!a.unix_path.empty() || !b.unix_path.empty()) return a.unix_path == b.unix_path;
    const uint16_t port = port_of(a);
    return port != 0 && port == port_of(b) && (is_wildcard(a) || is_wildcard(b) || a.text() == b.text());
}

Result<void> add(SiteSockets& set, unsigned count, net::PortUse use) {
    auto bound = net::bind_listeners(set.bound, count, use);
    if (!bound) return bound.error();
    for (FileDescriptor& socket : *bound)
        set.sockets.push_back(std::make_shared<const FileDescriptor>(std::move(socket)));
    set.address = set.bound.text();
    return {};
}

}  // namespace

Result<SocketList> bind_sites(const Settings& settings, const SocketList& before) {
    const unsigned count = std::max(1u, settings.workers);
    Sets leaving;
    for (const auto& set : before)
        leaving.push_back(set.get());
    std::vector<const SiteSockets*> kept;
    for (const auto& site : settings.sites)
        kept.push_back(take(leaving, *site));

    SocketList list;
    for (size_t i = 0; i < settings.sites.size(); ++i) {
        const Site& site = *settings.sites[i];
        auto set = kept[i] ? std::make_shared<SiteSockets>(*kept[i]) : std::make_shared<SiteSockets>();
        set->site = site.name;
        set->wanted = site.address.text();
        Result<void> added;
        const auto conflicts = [&site](const SiteSockets* other) {
            return other && in_each_others_way(site.address, other->bound);
        };
        if (!kept[i]) {
            set->bound = site.address;
            const bool taken =
                std::any_of(kept.begin(), kept.end(), conflicts) ||
                std::any_of(list.begin(), list.end(), [&](const auto& one) { return conflicts(one.get()); });
            // An address may move from one interface to all, or back, while its port is in our own hands.
            const bool ours = std::any_of(leaving.begin(), leaving.end(), conflicts);
            added = taken ? errno_error("bind", set->wanted, EADDRINUSE)
                          : add(*set, count, ours ? net::PortUse::Shared : net::PortUse::Alone);
        } else if (!set->shared() && set->sockets.size() < count) {
            added = add(*set, count - static_cast<unsigned>(set->sockets.size()), net::PortUse::Shared);
        }
        if (!added) {
            remove_socket_files(list, before);
            return Error{site.location + ": " + added.error().text, added.error().code};
        }
        list.push_back(std::move(set));
    }
    return list;
}

Result<void> listen_on(const SocketList& list) {
    for (const auto& set : list) {
        for (const auto& socket : set->sockets) {
            auto listening = net::listen_on(socket->get(), set->address);
            if (!listening) return listening;
        }
    }
    return {};
}

bool contains(const SocketList& list, const SiteSockets& site) {
    return std::any_of(list.begin(), list.end(),
                       [&](const auto& other) { return other->address == site.address; });
}

void remove_socket_files(const SocketList& list, const SocketList& kept) {
    for (const auto& set : list) {
        if (set->shared() && !contains(kept, *set)) unlink(set->bound.unix_path.c_str());
    }
}

std::string addresses(const SocketList& list) {
    std::string text;
    for (const auto& set : list)
        text.append(text.empty() ? "" : ", ").append(set->address);
    return text;
}

}  // namespace marmoset::server
