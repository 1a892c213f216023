#include "libwebsocket/interpose/epoll.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "libwebsocket/interpose/real_calls.h"
#include "libwebsocket/interpose/socket_table.h"
#include "libwebsocket/interpose/wait.h"

namespace marmoset::interpose {

namespace {

constexpr int kBatch = 64;

/// What an event of our own instance is about: a descriptor and, in the upper half, this.
enum Kind : uint64_t { kClient = 0, kLife = uint64_t{1} << 32, kWake = uint64_t{2} << 32 };

/// A client in the program's instance.
struct Registration {
    DirectSocket* socket;
    epoll_event wanted;     ///< as the program said it
    bool spent = false;     ///< EPOLLONESHOT: reported, not armed again
    bool watching = false;  ///< for EPOLLOUT on our own account: a frame has not left
};

/// The clients of one of the program's epoll instances.
class EpollSet {
  public:
    explicit EpollSet(int epoll)
        : epoll_(epoll), inner_(epoll_create1(EPOLL_CLOEXEC)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        epoll_event event{EPOLLIN, {.u64 = kWake}};
        real().epoll_ctl(inner_, EPOLL_CTL_ADD, wake_, &event);
        event = {EPOLLIN, {.ptr = this}};
        real().epoll_ctl(epoll_, EPOLL_CTL_ADD, inner_, &event);
    }
    ~EpollSet() {
        real().close(inner_);
        real().close(wake_);
    }

    int control(int operation, int fd, DirectSocket& socket, const epoll_event* event);
    void forget(int fd);
    int wait(epoll_event* events, int most, const timespec* timeout, const sigset_t* mask);
    void wake(int fd);

  private:
    int watch(int operation, int fd, const Registration& registration);
    void watch_unsent();
    int collect(epoll_event* events, int most);
    uint32_t ready(int fd, Registration& registration, uint32_t kernel);

    const int epoll_, inner_, wake_;
    std::mutex mutex_;
    std::unordered_map<int, Registration> clients_;
    std::atomic<int> waiting_{0};
};

int EpollSet::watch(int operation, int fd, const Registration& registration) {
    epoll_event event{0, {.u64 = static_cast<uint64_t>(fd) | kClient}};
    if (!registration.spent) event.events = registration.wanted.events & ~EPOLLONESHOT & ~EPOLLEXCLUSIVE;
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
        real().epoll_ctl(inner_, EPOLL_CTL_DEL, socket.life_descriptor(), nullptr);
        clients_.erase(found);
        return 0;
    }
    const Registration registration{&socket, *event};
    if (watch(operation, fd, registration) != 0) return -1;
    if (operation == EPOLL_CTL_ADD && socket.life_descriptor() >= 0) {
        epoll_event life{EPOLLIN, {.u64 = static_cast<uint64_t>(fd) | kLife}};
        real().epoll_ctl(inner_, EPOLL_CTL_ADD, socket.life_descriptor(), &life);
    }
    clients_[fd] = registration;
    if (socket.buffered() && waiting_ > 0) eventfd_write(wake_, 1);
    return 0;
}

void EpollSet::forget(int fd) {
    const std::lock_guard lock(mutex_);
    const auto found = clients_.find(fd);
    if (found == clients_.end()) return;
    real().epoll_ctl(inner_, EPOLL_CTL_DEL, fd, nullptr);
    if (found->second.socket->life_descriptor() >= 0)
        real().epoll_ctl(inner_, EPOLL_CTL_DEL, found->second.socket->life_descriptor(), nullptr);
    clients_.erase(found);
}

void EpollSet::wake(int fd) {
    if (waiting_ == 0) return;
    const std::lock_guard lock(mutex_);
    if (clients_.count(fd) != 0) eventfd_write(wake_, 1);
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

// What to tell the program, given what the kernel says.
uint32_t EpollSet::ready(int fd, Registration& registration, uint32_t kernel) {
    DirectSocket& socket = *registration.socket;
    const uint32_t wanted = registration.spent ? 0 : registration.wanted.events;
    uint32_t events = 0;
    const bool input = socket.buffered() ||
                       ((kernel & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 && socket.readable());
    if (input) events |= wanted & (EPOLLIN | EPOLLRDNORM);
    if ((kernel & EPOLLOUT) != 0 && socket.writable()) events |= wanted & (EPOLLOUT | EPOLLWRNORM);
    if (!registration.spent) events |= kernel & (EPOLLERR | EPOLLHUP | (wanted & EPOLLRDHUP));
    if (events != 0 && (wanted & EPOLLONESHOT) != 0) {
        registration.spent = true;
        watch(EPOLL_CTL_MOD, fd, registration);
    }
    return events;
}

int EpollSet::collect(epoll_event* events, int most) {
    const std::lock_guard lock(mutex_);
    epoll_event own[kBatch];
    int told = 0;
    const int count = real().epoll_pwait(inner_, own, std::min(most, kBatch), 0, nullptr);
    const auto tell = [&](int fd, Registration& registration, uint32_t kernel) {
        const uint32_t ready_events = ready(fd, registration, kernel);
        if (ready_events != 0) events[told++] = {ready_events, registration.wanted.data};
    };
    for (int i = 0; i < count; ++i) {
        const int fd = static_cast<int>(own[i].data.u64 & UINT32_MAX);
        const auto found = clients_.find(fd);
        if (own[i].data.u64 == kWake) {
            eventfd_t value = 0;
            eventfd_read(wake_, &value);
        } else if (found != clients_.end() && (own[i].data.u64 & kLife) != 0) {
            found->second.socket->check_life();
            if (found->second.socket->buffered())  // it has ended: nothing more to hear
                real().epoll_ctl(inner_, EPOLL_CTL_DEL, found->second.socket->life_descriptor(), nullptr);
        } else if (found != clients_.end() && !found->second.socket->buffered()) {
            tell(fd, found->second, own[i].events);
        } else if (found != clients_.end() && (own[i].events & EPOLLOUT) != 0) {
            tell(fd, found->second, own[i].events);
        }
    }
    if (DirectSocket::count_buffered() == 0) return told;
    for (auto& [fd, registration] : clients_) {
        if (told == most) break;
        if (!registration.socket->buffered()) continue;
        // Told already in this round?
        const auto same = [&](const epoll_event& event) {
            return event.data.u64 == registration.wanted.data.u64;
        };
        if (std::none_of(events, events + told, same)) tell(fd, registration, 0);
    }
    return told;
}

int EpollSet::wait(epoll_event* events, int most, const timespec* timeout, const sigset_t* mask) {
    Deadline deadline(timeout);
    for (;;) {
        bool at_once = false;
        if (DirectSocket::count_buffered() > 0 || DirectSocket::count_unsent() > 0) {
            const std::lock_guard lock(mutex_);
            watch_unsent();
            at_once = std::any_of(clients_.begin(), clients_.end(), [](const auto& entry) {
                return entry.second.socket->buffered() && !entry.second.spent &&
                       (entry.second.wanted.events & EPOLLIN) != 0;
            });
        }
        int limit = -1;
        if (at_once) {
            limit = 0;
        } else if (const timespec* left = deadline.left()) {
            limit = static_cast<int>(left->tv_sec * 1000 + (left->tv_nsec + 999999) / 1000000);
        }
        ++waiting_;
        int count = real().epoll_pwait(epoll_, events, most, limit, mask);
        --waiting_;
        if (count < 0) return -1;
        const auto own = std::find_if(events, events + count,
                                      [this](const epoll_event& event) { return event.data.ptr == this; });
        const bool ours = own != events + count;
        if (ours) *own = events[--count];
        if ((ours || at_once) && count < most) count += collect(events + count, most - count);
        if (count > 0 || deadline.passed()) return count;
    }
}

// ---- which sets there are -------------------------------------------------------------------------------

std::mutex sets_mutex;
std::atomic<int> set_count{0};

std::unordered_map<int, std::shared_ptr<EpollSet>>& sets() {
    static auto* map = new std::unordered_map<int, std::shared_ptr<EpollSet>>;
    return *map;
}

std::shared_ptr<EpollSet> find_set(int epoll, bool make) {
    if (set_count == 0 && !make) return nullptr;
    const std::lock_guard lock(sets_mutex);
    auto& known = sets();
    const auto found = known.find(epoll);
    if (found != known.end()) return found->second;
    if (!make) return nullptr;
    ++set_count;
    return known[epoll] = std::make_shared<EpollSet>(epoll);
}

}  // namespace

int control_epoll(int epoll, int operation, int fd, epoll_event* event) {
    DirectSocket* socket = find_socket(fd);
    if (!socket) return real().epoll_ctl(epoll, operation, fd, event);
    return find_set(epoll, true)->control(operation, fd, *socket, event);
}

int wait_epoll(int epoll, epoll_event* events, int most, const timespec* timeout, const sigset_t* mask) {
    if (const auto set = find_set(epoll, false)) return set->wait(events, most, timeout, mask);
    const int limit =
        timeout ? static_cast<int>(timeout->tv_sec * 1000 + (timeout->tv_nsec + 999999) / 1000000) : -1;
    return real().epoll_pwait(epoll, events, most, limit, mask);
}

void forget_in_epoll(int fd) {
    if (set_count == 0) return;
    std::shared_ptr<EpollSet> closed;
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

void wake_epoll(int fd) {
    if (set_count == 0) return;
    const std::lock_guard lock(sets_mutex);
    for (const auto& [epoll, set] : sets())
        set->wake(fd);
}

}  // namespace marmoset::interpose
