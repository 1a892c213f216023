// The system's and the session's errors as SocketError. In: an errno or a CloseReason. Out: the number that
// programs see.
#pragma once

#include "base/close_reason.h"
#include "libwebsocket/websocket_client.h"

namespace marmoset::libwebsocket {

/// Of socket(), connect(), bind(). 0: the name has no address.
websocket_client::SocketError error_of_errno(int number);

/// Why an open connection ended without both Close frames.
websocket_client::SocketError error_of_reason(CloseReason reason);

}  // namespace marmoset::libwebsocket
