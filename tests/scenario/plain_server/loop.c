/* All clients in one thread, non-blocking, woken by the call of that name. What is not written at once is
   kept, and then nothing more is read of that client. */
#define _GNU_SOURCE
#include "plain_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

enum { MOST = 256, READ = 1, WRITE = 2 };

struct client {
    int told; /* that writing has been blocked */
    char kept[BUFFER_SIZE];
    size_t begin, end; /* of what is kept */
};

static struct client* clients[MOST];
static int listening, epoll = -1, controlled = -1; /* controlled: epoll, or a copy of it */
static int patient;                                /* accept() has failed for lack of descriptors */
static unsigned wakes;                             /* how often a wait has returned */

static uint32_t wanted(const struct client* client) {
    uint32_t events = client->end > 0 ? EPOLLOUT : EPOLLIN;

    if (strstr(options.wait, "_oneshot"))
        events |= EPOLLONESHOT;
    else if (strstr(options.wait, "_et"))
        events = EPOLLIN | EPOLLOUT | EPOLLRDHUP;
    return events | (strstr(options.wait, "_et") ? EPOLLET : 0);
}

static void control(int operation, int fd) {
    struct epoll_event event = {wanted(clients[fd]), {.fd = fd}};

    if (epoll >= 0 && epoll_ctl(controlled, operation, fd, &event) != 0) die("epoll_ctl");
}

static void begin(void) {
    int fd = accept_client(listening);

    if (fd < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (fd < 0 && errno == EMFILE && is(options.accept, "patient")) {
        if (!patient) say("accept: %s", strerror(errno));
        patient = 1;
        return;
    }
    if (fd < 0 || fd >= MOST) die("accept");
    clients[fd] = calloc(1, sizeof **clients);
    control(EPOLL_CTL_ADD, fd);
}

static void end(int fd, const char* why) {
    say("%s", why);
    free(clients[fd]);
    clients[fd] = NULL;
    close(fd);
}

/* False: nothing more goes now, or ever: then the client is gone. */
static int write_kept(int fd, struct client* client) {
    while (client->end > 0) {
        ssize_t count = transmit(fd, client->kept + client->begin, client->end - client->begin);
        if (count < 0 && errno != EAGAIN) {
            end(fd, strerror(errno));
            return 0;
        }
        if (count < 0) {
            if (!client->told) say("blocked");
            client->told = 1;
            if (!strstr(options.wait, "_in")) return 0;
            /* Of epoll it wants to hear what it can read, and nothing else. */
            struct pollfd polled = {fd, POLLOUT, 0};
            poll(&polled, 1, -1);
            continue;
        }
        client->begin += (size_t)count;
        if (client->begin == client->end) client->begin = client->end = 0;
    }
    return 1;
}

/* More than the kernel takes, in one call. */
static void send_block(int fd) {
    size_t size = 12 << 20;
    char* block = malloc(size);

    memset(block, 'x', size);
    if (transmit(fd, block, size) != (ssize_t)size) die("a block");
    free(block);
}

static void serve(int fd, int ready) {
    struct client* client = clients[fd];

    if ((ready & (READ | WRITE)) == 0 || !write_kept(fd, client)) return;
    if ((ready & READ) == 0 && !strstr(options.wait, "_et")) return;
    do {
        ssize_t count = receive(fd, client->kept, options.size);
        if (count < 0 && errno == EAGAIN) return;
        if (count <= 0) {
            end(fd, count == 0 ? "end" : strerror(errno));
            return;
        }
        /* The wakes so far: a wait that does not wait would show. */
        if (client->kept[0] == '?') {
            count = snprintf(client->kept, sizeof client->kept, "%u", wakes);
        }
        if (client->kept[0] == '#') {
            send_block(fd);
            count = 0;
        }
        if (client->kept[0] == '!') fork_child(fd, listening, client->kept + 1, (size_t)count - 1);
        client->end = (size_t)count;
    } while (write_kept(fd, client) && !options.once);
}

static void wait_poll(int use_ppoll) {
    struct pollfd polled[MOST];
    nfds_t count = 0;

    polled[count++] = (struct pollfd){listening, POLLIN, 0};
    for (int fd = 0; fd < MOST; ++fd) {
        if (clients[fd])
            polled[count++] = (struct pollfd){fd, (short)(clients[fd]->end > 0 ? POLLOUT : POLLIN), 0};
    }
    if ((use_ppoll ? ppoll(polled, count, NULL, NULL) : poll(polled, count, -1)) < 0 && errno != EINTR)
        die("poll");
    ++wakes;
    if (polled[0].revents) begin();
    for (nfds_t i = 1; i < count; ++i) {
        int in = (polled[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
        serve(polled[i].fd, (in ? READ : 0) | ((polled[i].revents & POLLOUT) ? WRITE : 0));
    }
}

static void wait_select(int use_pselect) {
    fd_set input, output;

    FD_ZERO(&input);
    FD_ZERO(&output);
    FD_SET(listening, &input);
    for (int fd = 0; fd < MOST; ++fd) {
        if (clients[fd]) FD_SET(fd, clients[fd]->end > 0 ? &output : &input);
    }
    if ((use_pselect ? pselect(MOST, &input, &output, NULL, NULL, NULL)
                     : select(MOST, &input, &output, NULL, NULL)) < 0 &&
        errno != EINTR)
        die("select");
    ++wakes;
    for (int fd = 0; fd < MOST; ++fd) {
        if (clients[fd]) serve(fd, (FD_ISSET(fd, &input) ? READ : 0) | (FD_ISSET(fd, &output) ? WRITE : 0));
    }
    if (FD_ISSET(listening, &input)) begin();
}

static void wait_epoll(void) {
    struct epoll_event events[8];
    int count = strstr(options.wait, "pwait2")  ? epoll_pwait2(epoll, events, 8, NULL, NULL)
                : strstr(options.wait, "pwait") ? epoll_pwait(epoll, events, 8, -1, NULL)
                                                : epoll_wait(epoll, events, 8, -1);

    if (count < 0 && errno != EINTR) die("epoll_wait");
    ++wakes;
    for (int i = 0; i < count; ++i) {
        int fd = events[i].data.fd;
        uint32_t in = events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR);
        if (fd == listening) {
            begin();
            continue;
        }
        if (fd < 0 || fd >= MOST || !clients[fd]) die("an event of nobody");
        serve(fd, (in ? READ : 0) | ((events[i].events & EPOLLOUT) ? WRITE : 0));
        if (clients[fd] && !strstr(options.wait, "_in") &&
            (!strstr(options.wait, "_et") || strstr(options.wait, "_oneshot")))
            control(EPOLL_CTL_MOD, fd);
    }
}

static void open_epoll(void) {
    struct epoll_event event = {EPOLLIN, {.fd = listening}};

    epoll = controlled = epoll_create1(EPOLL_CLOEXEC);
    if (strstr(options.wait, "_dup")) controlled = dup(epoll);
    if (epoll < 0 || controlled < 0) die("epoll");
    if (!strstr(options.wait, "_other_thread") && epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event) != 0)
        die("epoll_ctl");
}

static void* wait_in_thread(void* unused) {
    (void)unused;
    for (;;)
        wait_epoll();
    return NULL;
}

void serve_loop(int listener) {
    listening = listener;
    if (strncmp(options.wait, "epoll", 5) == 0) open_epoll();
    if (strstr(options.wait, "_other_thread")) {
        /* It waits before there is a client. */
        pthread_t thread;
        if (pthread_create(&thread, NULL, wait_in_thread, NULL) != 0) die("pthread_create");
        for (;;)
            begin();
    }
    fcntl(listener, F_SETFL, O_NONBLOCK);
    for (;;) {
        if (epoll >= 0)
            wait_epoll();
        else if (is(options.wait, "select") || is(options.wait, "pselect"))
            wait_select(is(options.wait, "pselect"));
        else
            wait_poll(is(options.wait, "ppoll"));
    }
}
