#include "libwebsocket/interpose/epoll_set.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "libwebsocket/interpose/real_calls.h"

namespace marmoset::interpose {

namespace {

constexpr int kBatch = 64;
constexpr uint32_t kInput = EPOLLIN | EPOLLRDNORM;
constexpr uint32_t kOutput = EPOLLOUT | EPOLLWRNORM;

/// What an event of our own instance is about: a descriptor and, in the upper half, this.
enum Kind : uint64_t { kClient = 0, kLife = uint64_t{1} << 32, kWake = uint64_t{2} << 32 };

}  // namespace

/// What one collect() has found so far.
struct EpollSet::Round {
    epoll_event* events;
    int most;
    int told = 0;
};

EpollSet::EpollSet(int epoll)
    : inner_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    epoll_event wake{EPOLLIN, {.u64 = kWake}};
    epoll_event ours{EPOLLIN, {.ptr = this}};
    valid_ = inner_ >= 0 && wake_ >= 0 && real().epoll_ctl(inner_, EPOLL_CTL_ADD, wake_, &wake) == 0 &&
             real().epoll_ctl(epoll, EPOLL_CTL_ADD, inner_, &ours) == 0;
}

EpollSet::~EpollSet() {
    const int error = errno;
    if (inner_ >= 0) real().close(inner_);
    if (wake_ >= 0) real().close(wake_);
    errno = error;
}

// ---- who is in it ---------------------------------------------------------------------------------------

int EpollSet::watch(int operation, int fd, const Registration& registration) {
    epoll_event event{0, {.u64 = static_cast<uint64_t>(fd) | kClient}};
    // One that is spent stays silent: as an edge, its hangup is told to nobody once.
    event.events = registration.spent ? static_cast<uint32_t>(EPOLLET)
                                      : registration.wanted.events & ~EPOLLONESHOT & ~EPOLLEXCLUSIVE;
    if (registration.watching) event.events |= EPOLLOUT;
    return real().epoll_ctl(inner_, operation, fd, &event);
}

int EpollSet::control(int operation, int fd, DirectSocket& socket, const epoll_event* event) {
    const std::lock_guard lock(mutex_);
    const auto found = clients_.find(fd);
    if (operation == EPOLL_CTL_ADD ? found != clients_.end() : found == clients_.end()) {
        errno = operation == EPOLL_CTL_ADD ? EEXIST : ENOENT;
        return -1;
    }
    if (operation == EPOLL_CTL_DEL) {
        real().epoll_ctl(inner_, EPOLL_CTL_DEL, fd, nullptr);
        if (socket.life_descriptor() >= 0)
            real().epoll_ctl(inner_, EPOLL_CTL_DEL, socket.life_descriptor(), nullptr);
        clients_.erase(found);
        return 0;
    }
    Registration registration{&socket, *event, generation_};
    if (operation == EPOLL_CTL_MOD) registration.generation = found->second.generation;
    if (watch(operation, fd, registration) != 0) return -1;
    if (operation == EPOLL_CTL_ADD && socket.life_descriptor() >= 0) {
        epoll_event life{EPOLLIN, {.u64 = static_cast<uint64_t>(fd) | kLife}};
        real().epoll_ctl(inner_, EPOLL_CTL_ADD, socket.life_descriptor(), &life);
    }
    if ((event->events & EPOLLET) != 0) socket.set_edge_triggered();
    Registration& kept = clients_[fd] = registration;
    if (socket.buffered()) list(fd, kept);
    return 0;
}

// What a process has of its parent's it does not take from it.
void EpollSet::forget(int fd) {
    const std::lock_guard lock(mutex_);
    const auto found = clients_.find(fd);
    if (found == clients_.end()) return;
    if (found->second.generation == generation_) {
        const int life = found->second.socket->life_descriptor();
        real().epoll_ctl(inner_, EPOLL_CTL_DEL, fd, nullptr);
        if (life >= 0) real().epoll_ctl(inner_, EPOLL_CTL_DEL, life, nullptr);
    }
    clients_.erase(found);
}

void EpollSet::after_fork() {
    new (&mutex_) std::mutex;
    waiting_ = 0;
    ++generation_;
}

// ---- waiting --------------------------------------------------------------------------------------------

void EpollSet::list(int fd, Registration& registration) {
    if (!registration.listed) touched_.push_back(fd);
    registration.listed = true;
    if (waiting_ > 0) eventfd_write(wake_, 1);
}

void EpollSet::touch(int fd) {
    const std::lock_guard lock(mutex_);
    const auto found = clients_.find(fd);
    if (found != clients_.end()) list(fd, found->second);
}

// Whether payload that is here, or the end, is to be told without a word of the kernel. Edge-triggered: once,
// and again when the program has read some of it and not all; it may take a short read for the last.
bool EpollSet::pending(const Registration& registration) const {
    const DirectSocket& socket = *registration.socket;
    if (registration.spent || !socket.buffered() || (registration.wanted.events & kInput) == 0) return false;
    return (registration.wanted.events & EPOLLET) == 0 || !registration.told ||
           registration.told_changes != socket.input_changes();
}

// Frames that could not leave need the kernel's word when they can.
void EpollSet::watch_unsent() {
    for (auto& [fd, registration] : clients_) {
        const bool unsent = registration.socket->has_unsent();
        if (unsent == registration.watching) continue;
        registration.watching = unsent;
        watch(EPOLL_CTL_MOD, fd, registration);
    }
}

bool EpollSet::begin_wait() {
    const std::lock_guard lock(mutex_);
    ++waiting_;
    if (DirectSocket::count_unsent() > 0) watch_unsent();
    for (size_t left = touched_.size(); left > 0; --left) {
        const int fd = touched_.front();
        const auto found = clients_.find(fd);
        if (found != clients_.end()) {
            Registration& registration = found->second;
            // The edge that the kernel has told may have brought more than was read so far.
            if ((registration.wanted.events & EPOLLET) != 0 && !registration.socket->buffered())
                registration.socket->readable();
            if (pending(registration)) return true;
            registration.listed = false;
        }
        touched_.pop_front();
    }
    return false;
}

// What to tell the program, given what the kernel says.
uint32_t EpollSet::ready(int fd, Registration& registration, uint32_t kernel) {
    DirectSocket& socket = *registration.socket;
    const uint32_t wanted = registration.spent ? 0 : registration.wanted.events;
    uint32_t events = 0;
    const bool input_event = (kernel & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (pending(registration) || (input_event && (socket.buffered() || socket.readable()))) {
        events |= wanted & kInput;
        registration.told = true;
        registration.told_changes = socket.input_changes();
        if (events != 0 && !registration.listed) {
            registration.listed = true;
            touched_.push_back(fd);
        }
    }
    if ((kernel & EPOLLOUT) != 0 && socket.writable()) events |= wanted & kOutput;
    if (!registration.spent) events |= kernel & (EPOLLERR | EPOLLHUP | (wanted & EPOLLRDHUP));
    const bool spent = events != 0 && (wanted & EPOLLONESHOT) != 0;
    const bool flushed = registration.watching && !socket.has_unsent();
    if (spent) registration.spent = true;
    if (flushed) registration.watching = false;
    if (spent || flushed) watch(EPOLL_CTL_MOD, fd, registration);
    return events;
}

void EpollSet::tell(Round& round, int fd, Registration& registration, uint32_t kernel) {
    const uint32_t events = ready(fd, registration, kernel);
    if (events == 0) return;
    if (registration.round == round_) {
        round.events[registration.index].events |= events;
        return;
    }
    registration.round = round_;
    registration.index = round.told;
    round.events[round.told++] = {events, registration.wanted.data};
}

// Each in its turn: who is told and may still have payload goes to the end of the list.
void EpollSet::tell_touched(Round& round, int room) {
    for (size_t left = touched_.size(); left > 0 && round.told < room; --left) {
        const int fd = touched_.front();
        touched_.pop_front();
        const auto found = clients_.find(fd);
        if (found == clients_.end()) continue;
        found->second.listed = false;
        if (pending(found->second)) tell(round, fd, found->second, 0);
    }
}

void EpollSet::tell_kernel(Round& round) {
    epoll_event own[kBatch];
    const int room = std::min(round.most - round.told, kBatch);
    const int count = room > 0 ? real().epoll_pwait(inner_, own, room, 0, nullptr) : 0;
    for (int i = 0; i < count; ++i) {
        const int fd = static_cast<int>(own[i].data.u64 & UINT32_MAX);
        const auto found = clients_.find(fd);
        if (own[i].data.u64 == kWake) {
            eventfd_t value = 0;
            eventfd_read(wake_, &value);
        } else if (found != clients_.end() && (own[i].data.u64 & kLife) != 0) {
            DirectSocket& socket = *found->second.socket;
            const int life = socket.life_descriptor();
            socket.check_life();
            // It has ended: nothing more to hear.
            if (life >= 0 && socket.life_descriptor() < 0)
                real().epoll_ctl(inner_, EPOLL_CTL_DEL, life, nullptr);
            if (socket.buffered()) list(fd, found->second);
        } else if (found != clients_.end()) {
            tell(round, fd, found->second, own[i].events);
        }
    }
}

int EpollSet::collect(epoll_event* events, int most) {
    const std::lock_guard lock(mutex_);
    ++round_;
    Round round{events, most};
    // Neither those whose payload is here nor those the kernel tells of may fill each round.
    tell_touched(round, round_ % 2 != 0 ? most : most / 2);
    tell_kernel(round);
    tell_touched(round, most);
    return round.told;
}

}  // namespace marmoset::interpose
