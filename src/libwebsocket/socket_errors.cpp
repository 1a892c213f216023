#include "libwebsocket/socket_errors.h"

#include <cerrno>

namespace marmoset::libwebsocket {

using websocket_client::SocketError;

SocketError error_of_errno(int number) {
    switch (number) {
        case 0:
            return SocketError::HostNotFound;
        case ECONNREFUSED:
        case ENOENT:  // no such UNIX socket
        case EAGAIN:  // a UNIX socket whose queue of clients is full
            return SocketError::ConnectionRefused;
        case ECONNRESET:
        case EPIPE:
            return SocketError::RemoteHostClosed;
        case EACCES:
        case EPERM:
            return SocketError::SocketAccess;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            return SocketError::SocketResource;
        case ETIMEDOUT:
            return SocketError::SocketTimeout;
        case ENETUNREACH:
        case EHOSTUNREACH:
        case ENETDOWN:
        case EHOSTDOWN:
            return SocketError::Network;
        case EADDRINUSE:
            return SocketError::AddressInUse;
        case EADDRNOTAVAIL:
            return SocketError::SocketAddressNotAvailable;
        case EAFNOSUPPORT:
        case EPROTONOSUPPORT:
        case EPROTOTYPE:
        case ENOTSOCK:
        case EOPNOTSUPP:
            return SocketError::UnsupportedSocketOperation;
        default:
            return SocketError::Unknown;
    }
}

SocketError error_of_reason(CloseReason reason) {
    switch (reason) {
        case CloseReason::PeerClosed:
        case CloseReason::PeerReset:
            return SocketError::RemoteHostClosed;
        case CloseReason::ReadError:
        case CloseReason::WriteError:
            return SocketError::Network;
        case CloseReason::SendTimeout:
        case CloseReason::PingTimeout:
        case CloseReason::CloseTimeout:
            return SocketError::SocketTimeout;
        case CloseReason::MessageTooBig:
            return SocketError::DatagramTooLarge;
        case CloseReason::Overflow:
        case CloseReason::MemoryLimit:
            return SocketError::SocketResource;
        case CloseReason::TlsFailed:
            return SocketError::SslHandshakeFailed;
        default:
            return SocketError::Unknown;
    }
}

}  // namespace marmoset::libwebsocket
