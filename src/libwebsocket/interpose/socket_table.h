// Which descriptors of the process are clients that speak WebSocket. Asked in every call that this library
// stands in front of, from any thread: a look-up is one load.
#pragma once

#include "libwebsocket/interpose/direct_socket.h"

namespace marmoset::interpose {

/// The client `fd` belongs to; nullptr: none of ours, the call is the C library's. The object stays valid
/// while the descriptor is open; using one that another thread closes is the program's mistake, as ever.
DirectSocket* find_socket(int fd);

/// Enters a client. False: the number is beyond what the table holds.
bool insert_socket(int fd, int life_fd, const Peer& peer, MessageType type, uint64_t max_message);
/// `copy` names the same client, or epoll instance, as `fd` from now on, if that is one.
void copy_descriptor(int fd, int copy);
/// `fd` is about to be closed, or given to something else. Nothing happens in a child of vfork(), whose
/// descriptors are copies, and whose memory is its parent's.
void remove_descriptor(int fd);
/// All from `first` to `last`.
void remove_descriptors(unsigned first, unsigned last);

/// What a program asked for with socket(): the type of messages of the clients that a listening socket will
/// accept, and whether it wants none of this.
struct ListenerOptions {
    MessageType type;
    bool plain;
};
void set_listener(int fd, const ListenerOptions& options);
/// Those of `fd`, or the environment's.
ListenerOptions listener_options(int fd);

}  // namespace marmoset::interpose
