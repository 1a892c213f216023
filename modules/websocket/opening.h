// The opening handshake's rules (RFC 6455 4.2.1) and who may come at all, before a server is looked for. In:
// a request. Out: Next, or the answer that refuses it.
#pragma once

#include "http/exchange.h"
#include "settings.h"

namespace marmoset::websocket_module {

/// The answer of a handshake that comes to nothing: a line of text, and the fields that `status` asks for.
http::Verdict refuse(http::Exchange& exchange, unsigned status, const char* reason);

/// In the order in which a client can mend them.
http::Verdict check_opening(http::Exchange& exchange, const Settings& settings);

}  // namespace marmoset::websocket_module
