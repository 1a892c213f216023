/* Calls that the C library's headers turn into their checking forms (__recv_chk, __read_chk ...): this file
   is always compiled with _FORTIFY_SOURCE. The compiler knows the buffer's size and not how much is asked
   for. */
#include "plain_server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static ssize_t copy_out(void* into, char* buffer, ssize_t size) {
    int error = errno;

    if (size > 0) memcpy(into, buffer, (size_t)size);
    free(buffer);
    errno = error;
    return size;
}

ssize_t fortified_recv(int fd, void* into, size_t size, int flags) {
    char* buffer = malloc(BUFFER_SIZE);

    return copy_out(into, buffer, recv(fd, buffer, size, flags));
}

ssize_t fortified_recvfrom(int fd, void* into, size_t size, int flags) {
    char* buffer = malloc(BUFFER_SIZE);

    return copy_out(into, buffer, recvfrom(fd, buffer, size, flags, NULL, NULL));
}

ssize_t fortified_read(int fd, void* into, size_t size) {
    char* buffer = malloc(BUFFER_SIZE);

    return copy_out(into, buffer, read(fd, buffer, size));
}

int fortified_poll(int fd, short events, unsigned count) {
    struct pollfd polled[2] = {{fd, events, 0}, {-1, 0, 0}};

    return poll(polled, count, -1) > 0 ? polled[0].revents : 0;
}
