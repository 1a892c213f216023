#include "libwebsocket/interpose/socket_table.h"

#include <pthread.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "libwebsocket/interpose/epoll.h"
#include "libwebsocket/interposition.h"

namespace marmoset::interpose {

namespace {

constexpr int kMaxDescriptors = 65536;

std::atomic<DirectSocket*> sockets[kMaxDescriptors];
// 0: as the environment says; else 1 + type, or kPlain.
std::atomic<uint8_t> listeners[kMaxDescriptors];
constexpr uint8_t kPlain = 255;

// Objects are never freed, so that a look-up needs no lock. Guards the lists, and changes of the table.
std::mutex mutex;
std::vector<DirectSocket*>& live() {
    static auto* list = new std::vector<DirectSocket*>;  // outlives every destructor that closes descriptors
    return *list;
}
std::vector<DirectSocket*>& idle() {
    static auto* list = new std::vector<DirectSocket*>;
    return *list;
}

void before_fork() {
    lock_epoll_before_fork();
    mutex.lock();
    for (DirectSocket* socket : live())
        socket->before_fork();
}

void in_parent() {
    mutex.unlock();
    unlock_epoll_in_parent();
}

void in_child();

// The process the table belongs to, from the program's first moment on. A child of vfork() has the memory of
// its parent, but descriptors of its own.
std::atomic<pid_t> owner{(pthread_atfork(before_fork, in_parent, in_child), getpid())};

void in_child() {
    owner = getpid();
    new (&mutex) std::mutex;
    for (DirectSocket* socket : live())
        socket->after_fork();
    unlock_epoll_in_child();
}

bool borrowed_memory() {
    return owner != getpid();
}

MessageType environment_type() {
    const char* text = std::getenv("WEBSOCKET_TYPE");
    if (text && std::strcmp(text, "text") == 0) return MessageType::Text;
    if (text && std::strcmp(text, "binary") == 0) return MessageType::Binary;
    return MessageType::Auto;
}

bool in_range(int fd) {
    return fd >= 0 && fd < kMaxDescriptors;
}

}  // namespace

DirectSocket* find_socket(int fd) {
    return in_range(fd) ? sockets[fd].load(std::memory_order_acquire) : nullptr;
}

bool insert_socket(int fd, int life_fd, const Peer& peer, MessageType type, uint64_t max_message) {
    if (!in_range(fd)) return false;
    const std::lock_guard lock(mutex);
    if (live().empty()) owner = getpid();  // a child that was not made by fork()
    DirectSocket* socket = nullptr;
    if (idle().empty()) {
        socket = new DirectSocket;
    } else {
        socket = idle().back();
        idle().pop_back();
    }
    socket->begin(fd, life_fd, peer, type, max_message);
    live().push_back(socket);
    sockets[fd].store(socket, std::memory_order_release);
    return true;
}

void copy_descriptor(int fd, int copy) {
    DirectSocket* socket = find_socket(fd);
    if (!socket && !is_epoll(fd)) return;
    if (borrowed_memory()) return;
    if (!socket) {
        copy_in_epoll(fd, copy);
        return;
    }
    if (!in_range(copy)) return;
    socket->refer(copy);
    sockets[copy].store(socket, std::memory_order_release);
}

void remove_descriptor(int fd) {
    const bool known = in_range(fd) && (sockets[fd] || listeners[fd] != 0);
    if ((!known && !any_epoll()) || borrowed_memory()) return;
    forget_in_epoll(fd);
    if (!known) return;
    listeners[fd] = 0;
    DirectSocket* socket = sockets[fd].exchange(nullptr);
    if (!socket || !socket->release(fd)) return;
    const std::lock_guard lock(mutex);
    std::erase(live(), socket);
    idle().push_back(socket);
}

void remove_descriptors(unsigned first, unsigned last) {
    if (borrowed_memory()) return;
    for (unsigned fd = first; fd <= last && fd < kMaxDescriptors; ++fd) {
        if (sockets[fd] || listeners[fd] != 0) remove_descriptor(static_cast<int>(fd));
    }
    forget_epolls(first, last);
}

void set_listener(int fd, const ListenerOptions& options) {
    if (in_range(fd))
        listeners[fd] = options.plain ? kPlain : static_cast<uint8_t>(1 + static_cast<uint8_t>(options.type));
}

void accept_plainly(int fd) {
    set_listener(fd, {MessageType::Auto, true});
}

ListenerOptions listener_options(int fd) {
    const uint8_t value = in_range(fd) ? listeners[fd].load() : kPlain;
    if (value == kPlain) return {MessageType::Auto, true};
    return {value == 0 ? environment_type() : static_cast<MessageType>(value - 1), false};
}

}  // namespace marmoset::interpose
