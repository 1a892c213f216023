/* A server that knows sockets and nothing of WebSocket, for the scenarios of libwebsocket.so: which calls it
   makes is said on its command line. In: SOCKET and words name=value. Out: lines on standard output that tell
   what it saw. */
#ifndef PLAIN_SERVER_H
#define PLAIN_SERVER_H

#include <stddef.h>
#include <sys/types.h>

enum { BUFFER_SIZE = 65536 };

struct options {
    const char* socket;       /* path */
    const char* domain;       /* unix, websocket */
    const char* protocol;     /* none, text, blob, auto: the third argument of socket() */
    const char* accept;       /* accept, accept4; patient: accept, EMFILE is no end */
    const char* serve;        /* one, fork, thread: who serves a client; loop: all in one */
    const char *read, *write; /* names of calls, see transfer.c */
    const char* flags;        /* of reading: none, peek, waitall, dontwait */
    const char* wait; /* of loop: poll, ppoll, select, pselect, epoll, and with _et or _oneshot; see loop.c */
    const char* copy; /* the client is served on a copy made by dup, dup2, dup3, fcntl, or none */
    const char* action; /* see actions.c */
    size_t size;        /* of the buffer that is read into, at most BUFFER_SIZE */
    int once;           /* loop: one read an event, not until EAGAIN */
    int stack;          /* thread: bytes of its stack; 0: as usual */
};
extern struct options options;

/* transfer.c: as recv() and send(), by the calls that were asked for. */
ssize_t receive(int fd, void* buffer, size_t size);
ssize_t transmit(int fd, const void* data, size_t size);
/* Asks for it as long as it is the descriptor that is not ready. -1: the connection is over. */
int transmit_all(int fd, const void* data, size_t size);
/* fortified.c: the checking forms of the C library. `size` is at most BUFFER_SIZE. */
ssize_t fortified_recv(int fd, void* into, size_t size, int flags);
ssize_t fortified_recvfrom(int fd, void* into, size_t size, int flags);
ssize_t fortified_read(int fd, void* into, size_t size);
/* `count` is 1 or 2: the first is `fd`, the other nobody. */
int fortified_poll(int fd, short events, unsigned count);

/* actions.c: one client from its beginning to its end; the descriptor is closed. */
void serve_client(int fd);
/* actions.c: makes a child that does what `word` says with the client it has of its parent, and waits for it
 * to end. */
void fork_child(int fd, int listener, const char* word, size_t size);
/* loop.c: all clients of a listening socket, for ever. */
void serve_loop(int listener);
/* main.c: accept() as asked for; prints the address. */
int accept_client(int listener);
int is(const char* word, const char* value);
void say(const char* format, ...) __attribute__((format(printf, 1, 2)));
void die(const char* what);

#endif
