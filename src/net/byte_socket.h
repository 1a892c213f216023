// A connected SOCK_STREAM socket behind the face of a PacketSocket: what one read gave is delivered as a
// packet, and a packet that the kernel took only a part of is finished before the next one. Who needs whole
// records cuts them out of it (link/record_stream.h).
#pragma once

#include <vector>

#include "net/packet_socket.h"

namespace marmoset::net {

class ByteSocket final : public PacketSocket {
  public:
    /// `listener` outlives the socket. Delete by close() only.
    using PacketSocket::PacketSocket;

    /// No descriptors: a stream has no packets they could travel with.
    SendStatus send(const iovec* pieces, int count, int descriptor = -1) override;
    size_t unsent() const override { return rest_.size(); }

  private:
    bool read_some() override;
    bool send_rest() override;

    std::vector<uint8_t> rest_;  // of the packet that was sent in part: at most one packet
};

}  // namespace marmoset::net
