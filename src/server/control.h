// What supervisor and workers tell each other over a socketpair (SEQPACKET, one message a packet).
#pragma once

#include <cstdint>
#include <vector>

#include "base/file_descriptor.h"

namespace marmoset::server {

struct ControlMessage {
    enum Type : uint32_t {
        Accepting,     ///< worker → supervisor: takes clients from its own sockets
        NotAccepting,  ///< worker → supervisor: at maxclients, or draining
        Orphaned,      ///< supervisor → worker: nobody accepts from the sockets of `worker`; help out
        Adopted,       ///< supervisor → worker: `worker` accepts from them again
        CloseNow,      ///< supervisor → worker: asked to stop twice, do not wait for clients
        LogFiles,  ///< supervisor → worker: error log and access log were reopened; their descriptors come
                   ///< along
    } type;
    uint32_t worker;  ///< number of the worker it is about
};

/// Sends without blocking; false if the peer is gone or its queue is full.
bool send_control(int socket, const ControlMessage& message, const std::vector<int>& descriptors = {});

enum class ControlStatus : uint8_t { Message, Nothing, Ended };
/// Receives one message without blocking; `descriptors` gets what came along.
ControlStatus receive_control(int socket, ControlMessage& message, std::vector<FileDescriptor>& descriptors);

}  // namespace marmoset::server
