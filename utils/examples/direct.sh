#!/bin/sh
# Starts a server that knows nothing of WebSocket in direct mode: libwebsocket.so stands in front of the C library, and what the
# server accepts are the browsers' own connections (libwebsocket(7)). The gateway says options = "direct".
# usage: ./direct.sh COMMAND [ARGUMENT ...]      as in: ./direct.sh ./echo.py bytes /var/run/websocket/echo
# LIBWEBSOCKET: the library's path, if it is not where the system looks.
set -eu
[ $# -gt 0 ] || { echo "usage: direct.sh COMMAND [ARGUMENT ...]" >&2; exit 1; }
LD_PRELOAD=${LIBWEBSOCKET:-libwebsocket.so} exec "$@"
