#include "libwebsocket/interpose/epoll.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <mutex>
#include <new>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libwebsocket/interpose/epoll_set.h"
#include "libwebsocket/interpose/real_calls.h"
#include "libwebsocket/interpose/socket_table.h"
#include "libwebsocket/interpose/wait.h"

namespace marmoset::interpose {

namespace {

// Sets by each of the program's descriptors that name the instance.
std::mutex sets_mutex;
std::atomic<int> set_count{0};
std::unordered_map<int, std::shared_ptr<EpollSet>>& sets() {
    static auto* map = new std::unordered_map<int, std::shared_ptr<EpollSet>>;
    return *map;
}

std::shared_ptr<EpollSet> find_set(int epoll) {
    if (set_count == 0) return nullptr;
    const std::lock_guard lock(sets_mutex);
    const auto found = sets().find(epoll);
    return found == sets().end() ? nullptr : found->second;
}

// Null: errno says why.
std::shared_ptr<EpollSet> find_or_make_set(int epoll) {
    const std::lock_guard lock(sets_mutex);
    const auto found = sets().find(epoll);
    if (found != sets().end()) return found->second;
    auto set = std::make_shared<EpollSet>(epoll);
    if (!set->valid()) return nullptr;
    ++set_count;
    return sets()[epoll] = set;
}

int to_milliseconds(const timespec* timeout) {
    return timeout ? static_cast<int>(timeout->tv_sec * 1000 + (timeout->tv_nsec + 999999) / 1000000) : -1;
}

}  // namespace

bool is_epoll(int fd) {
    struct stat info;
    if (fstat(fd, &info) != 0 || (info.st_mode & S_IFMT) != 0) return false;  // what is no file has no type
    char path[32], name[64];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const ssize_t size = readlink(path, name, sizeof name);
    return size > 0 && std::string_view(name, static_cast<size_t>(size)) == "anon_inode:[eventpoll]";
}

bool any_epoll() {
    return set_count > 0;
}

int control_epoll(int epoll, int operation, int fd, epoll_event* event) {
    DirectSocket* socket = find_socket(fd);
    if (!socket) return real().epoll_ctl(epoll, operation, fd, event);
    const auto set = find_or_make_set(epoll);
    return set ? set->control(operation, fd, *socket, event) : -1;
}

int wait_epoll(int epoll, epoll_event* events, int most, const timespec* timeout, const sigset_t* mask) {
    Deadline deadline(timeout);
    for (;;) {
        auto set = find_set(epoll);
        const bool at_once = set && set->begin_wait();
        int count =
            real().epoll_pwait(epoll, events, most, at_once ? 0 : to_milliseconds(deadline.left()), mask);
        if (set) {
            set->end_wait();
        } else {
            set = find_set(epoll);  // made by another thread meanwhile
        }
        if (count < 0 || !set) return count;
        const auto own = std::find_if(
            events, events + count, [&set](const epoll_event& event) { return event.data.ptr == set.get(); });
        const bool ours = own != events + count;
        if (ours) *own = events[--count];
        if ((ours || at_once) && count < most) count += set->collect(events + count, most - count);
        if (count > 0 || deadline.passed()) return count;
    }
}

void forget_in_epoll(int fd) {
    if (set_count == 0) return;
    std::shared_ptr<EpollSet> closed;  // freed without the lock
    const std::lock_guard lock(sets_mutex);
    const auto found = sets().find(fd);
    if (found != sets().end()) {
        closed = std::move(found->second);
        sets().erase(found);
        --set_count;
        return;
    }
    if (!find_socket(fd)) return;
    for (const auto& [epoll, set] : sets())
        set->forget(fd);
}

void forget_epolls(unsigned first, unsigned last) {
    if (set_count == 0) return;
    std::vector<std::shared_ptr<EpollSet>> closed;  // freed without the lock
    const std::lock_guard lock(sets_mutex);
    for (auto set = sets().begin(); set != sets().end();) {
        const auto fd = static_cast<unsigned>(set->first);
        if (fd < first || fd > last) {
            ++set;
            continue;
        }
        closed.push_back(std::move(set->second));
        set = sets().erase(set);
        --set_count;
    }
}

void copy_in_epoll(int fd, int copy) {
    const auto set = find_or_make_set(fd);
    if (!set) return;
    const std::lock_guard lock(sets_mutex);
    ++set_count;
    sets()[copy] = set;
}

void touch_epoll(int fd) {
    if (set_count == 0) return;
    const std::lock_guard lock(sets_mutex);
    for (const auto& [epoll, set] : sets())
        set->touch(fd);
}

void lock_epoll_before_fork() {
    sets_mutex.lock();
}

void unlock_epoll_in_parent() {
    sets_mutex.unlock();
}

void unlock_epoll_in_child() {
    new (&sets_mutex) std::mutex;
    for (const auto& [epoll, set] : sets())
        set->after_fork();
}

}  // namespace marmoset::interpose
