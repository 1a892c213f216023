#include "libwebsocket/interpose/farewell.h"

#include <pthread.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>

#include "libwebsocket/interpose/real_calls.h"

namespace marmoset::interpose {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(30);
constexpr auto kAtExit = std::chrono::seconds(1);
constexpr size_t kMost = 1024;
// How long a wait of the thread does not see who has come meanwhile.
constexpr long kTickNs = 50 * 1000000;
// What is thrown away of a client's data, so that its end is no reset (RFC 1122 4.2.2.13).
constexpr int kDiscardedReads = 64;

struct Farewell {
    int fd;
    std::vector<uint8_t> rest;
    size_t sent;
    Clock::time_point until;
};

std::mutex mutex;  // guards all but `count`
std::atomic<size_t> count{0};
std::condition_variable& emptied = *new std::condition_variable;  // outlives every destructor
bool running = false;
std::vector<Farewell>& farewells() {
    static auto* list = new std::vector<Farewell>;
    return *list;
}

// Whether it is over.
bool proceed(Farewell& one) {
    while (one.sent < one.rest.size()) {
        const ssize_t size = real().sendto(one.fd, one.rest.data() + one.sent, one.rest.size() - one.sent,
                                           MSG_DONTWAIT | MSG_NOSIGNAL, nullptr, 0);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return errno != EAGAIN;
        one.sent += static_cast<size_t>(size);
    }
    return true;
}

void end(const Farewell& one) {
    char bytes[4096];
    real().shutdown(one.fd, SHUT_WR);
    for (int i = 0; i < kDiscardedReads; ++i) {
        if (real().recvfrom(one.fd, bytes, sizeof bytes, MSG_DONTWAIT, nullptr, nullptr) <= 0) break;
    }
    real().close(one.fd);
}

void* send_all(void*) {
    std::vector<pollfd> polled;
    std::unique_lock lock(mutex);
    while (!farewells().empty()) {
        polled.clear();
        for (const Farewell& one : farewells())
            polled.push_back({one.fd, POLLOUT, 0});
        lock.unlock();
        const timespec tick{0, kTickNs};
        real().ppoll(polled.data(), polled.size(), &tick, nullptr);
        lock.lock();
        const auto now = Clock::now();
        std::erase_if(farewells(), [now](Farewell& one) {
            const bool over = proceed(one) || now >= one.until;
            if (over) end(one);
            return over;
        });
        count = farewells().size();
    }
    running = false;
    emptied.notify_all();
    return nullptr;
}

// With all signals blocked: they are for the program's threads.
bool start_thread() {
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool started = pthread_create(&thread, &attributes, send_all, nullptr) == 0;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
    return started;
}

}  // namespace

bool say_farewell(int fd, std::vector<uint8_t>& rest) {
    const std::lock_guard lock(mutex);
    if (farewells().size() >= kMost) return false;
    farewells().push_back({fd, std::move(rest), 0, Clock::now() + kPatience});
    if (!running) running = start_thread();
    count = farewells().size();
    if (running) return true;
    rest = std::move(farewells().back().rest);
    farewells().pop_back();
    count = farewells().size();
    return false;
}

void drop_farewells(unsigned first, unsigned last) {
    const std::lock_guard lock(mutex);
    std::erase_if(farewells(), [=](const Farewell& one) {
        const auto fd = static_cast<unsigned>(one.fd);
        return fd >= first && fd <= last;
    });
    count = farewells().size();
}

bool any_farewell() {
    return count > 0;
}

void finish_farewells() {
    std::unique_lock lock(mutex);
    emptied.wait_for(lock, kAtExit, [] { return !running; });
}

void lock_farewells_before_fork() {
    mutex.lock();
}

void unlock_farewells_in_parent() {
    mutex.unlock();
}

void drop_farewells_in_child() {
    new (&mutex) std::mutex;
    running = false;
    for (const Farewell& one : farewells())
        real().close(one.fd);
    farewells().clear();
    count = 0;
}

}  // namespace marmoset::interpose
