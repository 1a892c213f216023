#include "net/file_transport.h"

#include <unistd.h>

#include <cerrno>

namespace marmoset::net {

ssize_t FileTransport::read(MutableBytes into) {
    for (;;) {
        const ssize_t count = ::read(file_.get(), into.data(), into.size());
        if (count >= 0) return count;
        if (errno != EINTR) return -errno;
    }
}

ssize_t FileTransport::write(const iovec* pieces, int count, bool) {
    for (;;) {
        const ssize_t sent = ::writev(file_.get(), pieces, count);
        if (sent >= 0) return sent;
        if (errno != EINTR) return -errno;
    }
}

ssize_t FileTransport::send_file(int, off_t, size_t) {
    return -EINVAL;
}

}  // namespace marmoset::net
