/* What is done with one client. echo: each read is sent back by one write, so that the other end sees what
 * each read gave. */
#define _GNU_SOURCE
#include "plain_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell_end(ssize_t count) {
    say("%s", count == 0 ? "end" : strerror(errno));
}

static void echo(int fd) {
    char* buffer = malloc(options.size);
    ssize_t count = 0;

    while ((count = receive(fd, buffer, options.size)) > 0) {
        if (transmit_all(fd, buffer, (size_t)count) != 0) break;
    }
    tell_end(count);
    free(buffer);
}

/* Before each read: how many bytes the descriptor says it has. */
static void count_bytes(int fd) {
    struct pollfd polled = {fd, POLLIN, 0};
    char buffer[BUFFER_SIZE], text[32];
    int waiting = -1;

    while (poll(&polled, 1, -1) > 0) {
        if (ioctl(fd, FIONREAD, &waiting) != 0) die("FIONREAD");
        if (receive(fd, buffer, options.size) <= 0) break;
        snprintf(text, sizeof text, "%d", waiting);
        if (transmit_all(fd, text, strlen(text)) != 0) break;
    }
    say("end, %d bytes", waiting);
}

/* A word of the client says what is done to the descriptor; then it is read to its end. */
static void obey(int fd) {
    char word[64] = "", rest[64];
    ssize_t count = receive(fd, word, sizeof word - 1);

    if (count <= 0) {
        tell_end(count);
        return;
    }
    if (is(word, "SHUT_WR") || is(word, "SHUT_RDWR") || is(word, "SHUT_RD")) {
        int how = is(word, "SHUT_WR") ? SHUT_WR : is(word, "SHUT_RD") ? SHUT_RD : SHUT_RDWR;
        if (shutdown(fd, how) != 0) die("shutdown");
        if (how == SHUT_RD)
            transmit_all(fd, "still", 5);
        else
            say("send: %s", send(fd, "x", 1, MSG_NOSIGNAL) < 0 ? strerror(errno) : "done");
    } else if (is(word, "exit")) {
        exit(0);
    } else if (is(word, "_exit")) {
        _exit(0);
    } else if (is(word, "wait")) {
        /* Nothing is read and nothing waited for but the end: POLLIN without a byte of payload. */
        struct pollfd polled = {fd, POLLIN | POLLRDHUP, 0};
        poll(&polled, 1, -1);
        say("poll: %s", (polled.revents & POLLIN) != 0 ? "in" : "other");
    } else if (is(word, "empty")) {
        say("nothing: %d", (int)transmit(fd, "", 0));
    }
    while ((count = receive(fd, rest, sizeof rest)) > 0) {
    }
    tell_end(count);
}

/* As much as goes without waiting; then the client says that it reads, and all of it must come. */
static void flood(int fd) {
    size_t size = 1 << 20, sent = 0;
    char *block = malloc(size), word[16];
    int messages = 0;

    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    for (;; ++messages) {
        memset(block, 'a' + messages % 26, size);
        if (transmit(fd, block, size) < 0) break;
        sent += size;
    }
    say("%s after %d messages", errno == EAGAIN ? "EAGAIN" : strerror(errno), messages);
    for (int i = 0; i < 3; ++i, ++messages) {
        memset(block, 'a' + messages % 26, size);
        if (transmit_all(fd, block, size) != 0) break;
        sent += size;
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    transmit_all(fd, "done", 4);
    say("%zu bytes", sent);
    tell_end(receive(fd, word, sizeof word));
    free(block);
}

/* One thread writes while another waits in a read. */
static void* write_lines(void* client) {
    for (int i = 0; i < 1000; ++i) {
        char text[32];
        snprintf(text, sizeof text, "line %d", i);
        if (transmit_all((int)(long)client, text, strlen(text)) != 0) break;
    }
    return NULL;
}

static void duplex(int fd) {
    pthread_t thread;

    if (pthread_create(&thread, NULL, write_lines, (void*)(long)fd) != 0) die("pthread_create");
    echo(fd);
    pthread_join(thread, NULL);
}

/* Who reads may wait a limited time only. */
static void time_out(int fd) {
    struct timeval limit = {0, 20000};
    char byte;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    say("read: %s", receive(fd, &byte, 1) < 0 ? strerror(errno) : "done");
    limit.tv_usec = 0;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    transmit_all(fd, "late", 4);
    echo(fd);
}

void fork_child(int fd, int listener, const char* word, size_t size) {
    char text[32] = "";
    pid_t child;
    int status = 1;

    memcpy(text, word, size < sizeof text ? size : sizeof text - 1);
    signal(SIGCHLD, SIG_DFL);
    fflush(stdout);
    child = is(text, "vfork") ? vfork() : fork();
    if (child == 0) {
        if (is(text, "exit")) exit(0);
        if (is(text, "close")) {
            close(listener);
            close(fd);
        }
        if (is(text, "close_range")) close_range(3, ~0u, 0);
        if (is(text, "vfork")) close(fd);
        if (is(text, "exec") || is(text, "vfork")) execl("/bin/true", "true", (char*)NULL);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) die("a child");
}

static int copied(int fd) {
    int copy = -1;

    if (is(options.copy, "none")) return fd;
    if (is(options.copy, "dup"))
        copy = dup(fd);
    else if (is(options.copy, "dup2"))
        copy = dup2(fd, 200);
    else if (is(options.copy, "dup3"))
        copy = dup3(fd, 201, O_CLOEXEC);
    else if (is(options.copy, "fcntl"))
        copy = fcntl(fd, F_DUPFD, 300);
    else if (is(options.copy, "fcntl_cloexec"))
        copy = fcntl(fd, F_DUPFD_CLOEXEC, 310);
    if (copy < 0) die("copying");
    close(fd); /* must not end the client */
    return copy;
}

void serve_client(int fd) {
    fd = copied(fd);
    if (is(options.action, "echo"))
        echo(fd);
    else if (is(options.action, "fionread"))
        count_bytes(fd);
    else if (is(options.action, "obey"))
        obey(fd);
    else if (is(options.action, "flood"))
        flood(fd);
    else if (is(options.action, "duplex"))
        duplex(fd);
    else if (is(options.action, "time_out"))
        time_out(fd);
    else
        die("no such action");
    close(fd);
}
