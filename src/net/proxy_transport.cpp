#include "net/proxy_transport.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace marmoset::net {

// Behind the header stands what TLS, or another process, is to read from the socket itself: so nothing is
// taken that has not been looked at first.
Transport::Handshake ProxyTransport::handshake() {
    if (!begun_) {
        begun_ = true;
        header_ = parse_proxy_header({});
        return Handshake::WantsRead;
    }
    while (header_.state == ProxyHeader::State::Incomplete) {
        char piece[kMaxProxyHeader];
        const size_t wanted = header_.size - received_.size();
        const ssize_t seen = recv(descriptor(), piece, wanted, MSG_PEEK | MSG_DONTWAIT);
        if (seen < 0 && (errno == EAGAIN || errno == EINTR)) return Handshake::WantsRead;
        if (seen < 0) return fail(std::strerror(errno));
        if (seen == 0) return received_.empty() ? Handshake::Closed : fail("ended within the PROXY header");
        auto size = static_cast<size_t>(seen);
        // A line of text has its end where nothing else tells it.
        const bool is_text = (received_.empty() ? piece[0] : received_.front()) == 'P';
        if (const void* end = is_text ? std::memchr(piece, '\n', size) : nullptr)
            size = static_cast<size_t>(static_cast<const char*>(end) - piece) + 1;
        const ssize_t taken = socket_->read({reinterpret_cast<uint8_t*>(piece), size});
        if (taken <= 0) return fail("the PROXY header can't be read");
        received_.append(piece, static_cast<size_t>(taken));
        header_ = parse_proxy_header(as_bytes(received_));
    }
    if (header_.state == ProxyHeader::State::Malformed) return fail("no PROXY header, or a malformed one");
    std::string().swap(received_);
    return Handshake::Done;
}

Transport::Handshake ProxyTransport::fail(const char* why) {
    error_ = why;
    return Handshake::Failed;
}

ssize_t ProxyTransport::read(MutableBytes) {
    return -EINVAL;
}

ssize_t ProxyTransport::write(const iovec*, int, bool) {
    return -EINVAL;
}

ssize_t ProxyTransport::send_file(int, off_t, size_t) {
    return -EINVAL;
}

}  // namespace marmoset::net
