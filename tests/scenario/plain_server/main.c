/* Command line, listening socket, accept(), and who serves a client: this process, a child, a thread. */
#define _GNU_SOURCE
#include "plain_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "marmoset/websocket_socket.h"

struct options options = {
    .domain = "unix",
    .protocol = "none",
    .accept = "accept",
    .serve = "one",
    .read = "recv",
    .write = "send",
    .flags = "none",
    .wait = "poll",
    .copy = "none",
    .action = "echo",
    .size = BUFFER_SIZE,
};

int is(const char* word, const char* value) {
    return strcmp(word, value) == 0;
}

void say(const char* format, ...) {
    va_list arguments;

    va_start(arguments, format);
    flockfile(stdout);
    vprintf(format, arguments);
    putchar('\n');
    fflush(stdout);
    funlockfile(stdout);
    va_end(arguments);
}

void die(const char* what) {
    say("failed: %s: %s", what, strerror(errno));
    exit(1);
}

static void set_option(const char* word) {
    struct {
        const char* name;
        const char** value;
    } texts[] = {
        {"domain", &options.domain}, {"protocol", &options.protocol}, {"accept", &options.accept},
        {"serve", &options.serve},   {"read", &options.read},         {"write", &options.write},
        {"flags", &options.flags},   {"wait", &options.wait},         {"copy", &options.copy},
        {"action", &options.action},
    };
    const char* equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : 0;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
        if (length == strlen(texts[i].name) && strncmp(word, texts[i].name, length) == 0) {
            *texts[i].value = equals + 1;
            return;
        }
    }
    if (strncmp(word, "size=", 5) == 0)
        options.size = strtoul(word + 5, NULL, 10);
    else if (strncmp(word, "stack=", 6) == 0)
        options.stack = atoi(word + 6);
    else if (is(word, "once=1"))
        options.once = 1;
    else {
        say("unknown: %s", word);
        exit(2);
    }
    if (options.size == 0 || options.size > BUFFER_SIZE) {
        say("size is 1 to %d", BUFFER_SIZE);
        exit(2);
    }
}

static int listen_at(const char* path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int domain = is(options.domain, "websocket") ? AF_WEBSOCKET : AF_UNIX;
    int protocol = is(options.protocol, "text") ? WS_TEXT : is(options.protocol, "auto") ? WS_AUTO : WS_BLOB;
    int fd = socket(domain, SOCK_STREAM, protocol);

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        die(path);
    }
    strcpy(address.sun_path, path);
    if (fd < 0 || bind(fd, (struct sockaddr*)&address, sizeof address) != 0 || chmod(path, 0666) != 0 ||
        listen(fd, 128) != 0)
        die(path);
    return fd;
}

static void describe(const struct sockaddr_storage* address, socklen_t size, char* text, size_t room) {
    char host[INET6_ADDRSTRLEN] = "";

    if (address->ss_family == AF_INET) {
        const struct sockaddr_in* in = (const struct sockaddr_in*)address;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(text, room, "%s %d, %d bytes", host, ntohs(in->sin_port), (int)size);
    } else if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6* in = (const struct sockaddr_in6*)address;
        inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof host);
        snprintf(text, room, "%s %d, %d bytes", host, ntohs(in->sin6_port), (int)size);
    } else {
        snprintf(text, room, "family %d", address->ss_family);
    }
}

int accept_client(int listener) {
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof address;
    char accepted[128], peer[128];
    int nonblocking = is(options.serve, "loop");
    int client = is(options.accept, "accept4") ? accept4(listener, (struct sockaddr*)&address, &size,
                                                         SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0))
                                               : accept(listener, (struct sockaddr*)&address, &size);

    if (client < 0) return client;
    if (is(options.accept, "accept4") != ((fcntl(client, F_GETFD) & FD_CLOEXEC) != 0))
        die("the close-on-exec flag is not what was asked for");
    if ((is(options.accept, "accept4") && nonblocking) != ((fcntl(client, F_GETFL) & O_NONBLOCK) != 0))
        die("the non-blocking flag is not what was asked for");
    describe(&address, size, accepted, sizeof accepted);
    size = sizeof address;
    if (getpeername(client, (struct sockaddr*)&address, &size) != 0) die("getpeername");
    describe(&address, size, peer, sizeof peer);
    say("accepted %s; peer %s", accepted, peer);
    if (nonblocking && !is(options.accept, "accept4"))
        fcntl(client, F_SETFL, fcntl(client, F_GETFL) | O_NONBLOCK);
    return client;
}

static void* in_thread(void* client) {
    serve_client((int)(long)client);
    return NULL;
}

static void start_thread(int client) {
    pthread_attr_t attributes;
    pthread_t thread;
    int failed;

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (options.stack > 0) pthread_attr_setstacksize(&attributes, (size_t)options.stack);
    failed = pthread_create(&thread, &attributes, in_thread, (void*)(long)client);
    if (failed) {
        errno = failed;
        die("pthread_create");
    }
    pthread_attr_destroy(&attributes);
}

int main(int argc, char** argv) {
    int listener, client;

    if (argc < 2) {
        fprintf(stderr, "usage: plain_server SOCKET [name=value ...]\n");
        return 2;
    }
    for (int i = 2; i < argc; ++i)
        set_option(argv[i]);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    listener = listen_at(argv[1]);
    if (is(options.serve, "loop")) serve_loop(listener);
    while ((client = accept_client(listener)) >= 0 || errno == EINTR) {
        if (client < 0) continue;
        if (is(options.serve, "fork")) {
            if (fork() == 0) {
                close(listener);
                serve_client(client);
                return 0;
            }
            close(client);
        } else if (is(options.serve, "thread")) {
            start_thread(client);
        } else {
            serve_client(client);
        }
    }
    die("accept");
    return 1;
}
