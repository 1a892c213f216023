/* Reading and writing by the call of that name. */
#define _GNU_SOURCE
#include "plain_server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int read_flags(void) {
    return is(options.flags, "peek")       ? MSG_PEEK
           : is(options.flags, "waitall")  ? MSG_WAITALL
           : is(options.flags, "dontwait") ? MSG_DONTWAIT
                                           : 0;
}

/* In pieces of uneven size, of which some are empty. */
static int split(char* data, size_t size, struct iovec pieces[4]) {
    size_t first = size / 3;

    pieces[0] = (struct iovec){data, first};
    pieces[1] = (struct iovec){NULL, 0};
    pieces[2] = (struct iovec){data + first, size > first ? 1 : 0};
    pieces[3] = (struct iovec){data + first + pieces[2].iov_len, size - first - pieces[2].iov_len};
    return 4;
}

static ssize_t receive_once(int fd, void* buffer, size_t size, int flags) {
    struct sockaddr_storage address;
    socklen_t address_size = sizeof address;
    struct iovec pieces[4];
    struct msghdr message = {.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = pieces};
    ssize_t count;

    if (is(options.read, "recvfrom"))
        return recvfrom(fd, buffer, size, flags, (struct sockaddr*)&address, &address_size);
    if (is(options.read, "recvmsg")) {
        message.msg_iovlen = (size_t)split(buffer, size, pieces);
        count = recvmsg(fd, &message, flags);
        if (count >= 0 && message.msg_flags != 0) die("recvmsg set flags");
        return count;
    }
    if (is(options.read, "read")) return read(fd, buffer, size);
    if (is(options.read, "readv")) return readv(fd, pieces, split(buffer, size, pieces));
    if (is(options.read, "recv_chk")) return fortified_recv(fd, buffer, size, flags);
    if (is(options.read, "recvfrom_chk")) return fortified_recvfrom(fd, buffer, size, flags);
    if (is(options.read, "read_chk")) return fortified_read(fd, buffer, size);
    if (!is(options.read, "recv")) die("no such call to read with");
    return recv(fd, buffer, size, flags);
}

ssize_t receive(int fd, void* buffer, size_t size) {
    int flags = read_flags();
    char* seen;
    ssize_t peeked, count;

    if (flags == MSG_DONTWAIT) {
        while ((count = receive_once(fd, buffer, size, flags)) < 0 && errno == EAGAIN)
            fortified_poll(fd, POLLIN, size > 0 ? 2 : 1);
        return count;
    }
    if (flags != MSG_PEEK) return receive_once(fd, buffer, size, flags);
    /* Looking twice, then taking it: the same bytes each time. */
    seen = malloc(size);
    peeked = receive_once(fd, seen, size, flags);
    if (peeked <= 0) {
        free(seen);
        return peeked;
    }
    if (receive_once(fd, buffer, size, flags) != peeked || memcmp(seen, buffer, (size_t)peeked) != 0)
        die("a second look differs");
    memset(buffer, 0, size);
    count = receive_once(fd, buffer, size, 0);
    if (count != peeked || memcmp(seen, buffer, (size_t)peeked) != 0)
        die("what was looked at is not what was taken");
    free(seen);
    return count;
}

ssize_t transmit(int fd, const void* data, size_t size) {
    struct iovec pieces[4];
    struct msghdr message = {.msg_iov = pieces};

    if (is(options.write, "sendto")) return sendto(fd, data, size, 0, NULL, 0);
    if (is(options.write, "sendmsg")) {
        message.msg_iovlen = (size_t)split((char*)data, size, pieces);
        return sendmsg(fd, &message, 0);
    }
    if (is(options.write, "write")) return write(fd, data, size);
    if (is(options.write, "writev")) return writev(fd, pieces, split((char*)data, size, pieces));
    if (!is(options.write, "send")) die("no such call to write with");
    return send(fd, data, size, 0);
}

int transmit_all(int fd, const void* data, size_t size) {
    const char* next = data;

    while (size > 0) {
        ssize_t count = transmit(fd, next, size);
        if (count < 0 && errno == EAGAIN) {
            struct pollfd polled = {fd, POLLOUT, 0};
            poll(&polled, 1, -1);
            continue;
        }
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            say("write: %s", strerror(errno));
            return -1;
        }
        next += count;
        size -= (size_t)count;
    }
    return 0;
}
