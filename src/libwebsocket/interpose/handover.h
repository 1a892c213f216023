// The gateway's message that hands a client over: its address as data, its descriptor beside it (SCM_RIGHTS).
#pragma once

#include "libwebsocket/interpose/direct_socket.h"

namespace marmoset::interpose {

/// One came, for which the process has no descriptor left.
constexpr int kNoRoom = -2;

/// Waits for the message on `connection`, which accept() has just given: up to 500 ms; up to 5 s when the
/// process that has connected always handed its clients over before, 100 ms when it never did and said
/// nothing. Returns the client's descriptor, close-on-exec, or -1: none came, nothing was taken from the
/// connection, and it is a plain one. kNoRoom: the client is lost. Any thread.
int receive_handover(int connection, Peer& peer);

}  // namespace marmoset::interpose
