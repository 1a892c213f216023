/* Socket constants for plain C or C++ servers that become websocket servers by being linked with
 * libwebsocket.so, or started with LD_PRELOAD=libwebsocket.so: a UNIX stream socket that is made with one of
 * them says what its clients' messages are.
 *
 *     int server = socket(AF_UNIX, SOCK_STREAM, WS_TEXT);
 *
 * The values are those of ouistiti's library. Without them the environment decides: WEBSOCKET_TYPE=text,
 * binary or auto. */
#ifndef MARMOSET_WEBSOCKET_SOCKET_H
#define MARMOSET_WEBSOCKET_SOCKET_H

#include <sys/socket.h>

/** A domain for socket(), the same as AF_UNIX but for the type of messages, of which WS_BLOB is the default.
 */
#define AF_WEBSOCKET (PF_MAX + 0x0100)

/** Protocols for socket(): messages are text (what is not UTF-8 fails with EILSEQ), binary, or text where
 * they can be. */
#define WS_TEXT 153
#define WS_BLOB 0
#define WS_AUTO (-1)

#endif
