// The UNIX socket a system server listens on, and the privileges that go once it is bound. In: directory,
// name, user, group. Out: a listening descriptor; the file is taken away again only if it is still ours.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/file_descriptor.h"
#include "base/result.h"
#include "libwebsocket/websocket_server.h"

namespace marmoset::libwebsocket {

class ListenSocket {
  public:
    /// Binds `directory`/`name` and listens; missing folders are made (0755, owned by the user). A socket
    /// file is replaced only if nobody listens on it. Mode 0660, owner and group as the options say. Then
    /// becomes the user, for good.
    static Result<ListenSocket> open(const websocket_server::Options& options);

    ListenSocket(ListenSocket&&) = default;
    ListenSocket& operator=(ListenSocket&&) = default;

    int descriptor() const { return socket_.get(); }
    const std::string& path() const { return path_; }
    /// Unlinks the file, unless another has taken its place, and closes the socket.
    void remove();

  private:
    ListenSocket() = default;

    FileDescriptor socket_;
    std::string path_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace marmoset::libwebsocket
