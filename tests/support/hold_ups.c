/* Holds programs up at random where another process may be faster: preloaded into everything a test suite
 * starts, it sleeps before or after calls of sockets, waits and processes. What passes only while this
 * machine is quick fails then.
 *
 * In: HOLD_UPS=PER_MILLE:MILLISECONDS, how many of 1,000 calls are held up, each for a random time up to
 * that. Out: nothing else changes; a thread that was held up goes on for three times as long, so that what
 * needs many calls is not slowed down to a stop. Browsers, which are many processes and nobody's to be
 * proven, are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned per_mille, most_ms;

__attribute__((constructor)) static void read_settings(void) {
    const char* text = getenv("HOLD_UPS");

    if (strstr(program_invocation_short_name, "chrom")) return;
    if (!text || sscanf(text, "%u:%u", &per_mille, &most_ms) != 2) per_mille = 0;
}

static int64_t now_ns(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* xorshift64*: each thread of each process its own. */
static uint64_t random_number(void) {
    static __thread uint64_t state;
    static __thread pid_t owner;

    if (state == 0 || owner != getpid()) {
        owner = getpid();
        state = ((uint64_t)now_ns() ^ (uint64_t)gettid() << 40) | 1;
    }
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(2685821657736338717) >> 16;
}

/* Leaves errno as it is, and may be called in signal handlers. */
static void hold_up(void) {
    static __thread int64_t not_before;
    int error = errno;

    if (per_mille == 0 || now_ns() < not_before || random_number() % 1000 >= per_mille) return;
    int64_t ns = (int64_t)(random_number() % (most_ms * UINT64_C(1000000) + 1));
    struct timespec time = {ns / 1000000000, ns % 1000000000};
    nanosleep(&time, NULL);
    not_before = now_ns() + 3 * ns;
    errno = error;
}

/* The function of that name behind this library. */
#define REAL(name)                 \
    static __typeof__(&name) real; \
    if (!real) *(void**)(&real) = dlsym(RTLD_NEXT, #name)

/* Held up before it and after it: what it changes is seen late by us, or what has changed meanwhile is seen
 * by it. */
#define HELD(type, name, parameters, arguments) \
    type name parameters {                      \
        REAL(name);                             \
        hold_up();                              \
        type result = real arguments;           \
        hold_up();                              \
        return result;                          \
    }

HELD(int, accept, (int fd, struct sockaddr* address, socklen_t* size), (fd, address, size))
HELD(int, accept4, (int fd, struct sockaddr* address, socklen_t* size, int flags), (fd, address, size, flags))
HELD(int, connect, (int fd, const struct sockaddr* address, socklen_t size), (fd, address, size))
HELD(int, shutdown, (int fd, int how), (fd, how))
HELD(ssize_t, recv, (int fd, void* bytes, size_t size, int flags), (fd, bytes, size, flags))
HELD(ssize_t, recvmsg, (int fd, struct msghdr* message, int flags), (fd, message, flags))
HELD(ssize_t, send, (int fd, const void* bytes, size_t size, int flags), (fd, bytes, size, flags))
HELD(ssize_t, sendmsg, (int fd, const struct msghdr* message, int flags), (fd, message, flags))
HELD(ssize_t, readv, (int fd, const struct iovec* pieces, int count), (fd, pieces, count))
HELD(ssize_t, writev, (int fd, const struct iovec* pieces, int count), (fd, pieces, count))
HELD(int, poll, (struct pollfd* polled, nfds_t count, int timeout), (polled, count, timeout))
HELD(int, epoll_wait, (int fd, struct epoll_event* events, int most, int timeout),
     (fd, events, most, timeout))
HELD(int, epoll_pwait, (int fd, struct epoll_event* events, int most, int timeout, const sigset_t* mask),
     (fd, events, most, timeout, mask))
HELD(pid_t, fork, (void), ())
HELD(pid_t, waitpid, (pid_t process, int* status, int options), (process, status, options))
HELD(int, kill, (pid_t process, int number), (process, number))
