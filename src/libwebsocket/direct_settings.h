// How the clients that one gateway hands over are served: as its HELLO says, within the program's own
// options.
#pragma once

#include "base/ref_counted.h"
#include "libwebsocket/context.h"
#include "link/metadata.h"
#include "websocket/message_deflate.h"
#include "websocket/session.h"

namespace marmoset::libwebsocket {

/// Shared by the clients of a link; some outlive it.
class DirectSettings final : public RefCounted {
  public:
    DirectSettings(const Options& options, const link::Hello& gateway);

    const websocket::SessionSettings& session() const { return session_; }
    websocket::DeflateContexts& deflate_contexts() { return deflate_contexts_; }
    /// Bytes that may wait for a client when a message is published to it.
    uint64_t queue() const { return queue_; }
    /// What becomes of a client for whom there is no room: it misses the message, or is closed with 1013.
    bool drop_published() const { return session_.drop_published; }

  private:
    websocket::SessionSettings session_;
    websocket::DeflateContexts deflate_contexts_;
    uint64_t queue_;
};

}  // namespace marmoset::libwebsocket
