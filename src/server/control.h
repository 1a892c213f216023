// What supervisor and workers tell each other over a socketpair (SEQPACKET, one message a packet).
#pragma once

#include <cstdint>
#include <vector>

#include "base/file_descriptor.h"

namespace marmoset::server {

struct ControlMessage {
    enum Type : uint32_t {
        // worker → supervisor
        Ready,         ///< its modules have started; it accepts when told
        Accepting,     ///< takes clients from its own sockets
        NotAccepting,  ///< at maxclients, or draining
        // supervisor → worker
        Accept,    ///< take clients from now on
        Orphaned,  ///< nobody accepts from the sockets of worker `value`; help out
        Adopted,   ///< worker `value` accepts from them again
        Leave,     ///< the sockets of site `value` are closed after Drain: take the clients that wait there
        Drain,     ///< others have taken over: no new clients; in `value` ms those left are told to go
        CloseNow,  ///< asked to stop twice, do not wait for clients
        LogFiles,  ///< the logs were reopened; `value` tells which descriptors come along, in this order
    } type;
    enum Logs : uint32_t { ErrorLog = 1, AccessLog = 2 };
    uint32_t value;  ///< of Ready, Accepting, NotAccepting: the number of the worker
};

/// Sends without blocking; false if the peer is gone or its queue is full.
bool send_control(int socket, const ControlMessage& message, const std::vector<int>& descriptors = {});

enum class ControlStatus : uint8_t { Message, Nothing, Ended };
/// Receives one message without blocking; `descriptors` gets what came along.
ControlStatus receive_control(int socket, ControlMessage& message, std::vector<FileDescriptor>& descriptors);

}  // namespace marmoset::server
