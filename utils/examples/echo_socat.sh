#!/bin/sh
# The echo server with socat: one process a client, its standard input and output are the client's messages.
# usage: echo_socat.sh SOCKET [COMMAND]     e.g. echo_socat.sh /var/run/websocket/date 'while read -r _; do date; done'
COMMAND=${2:-cat}; export COMMAND # by the environment: socat takes quotes out of its arguments
exec socat "UNIX-LISTEN:$1,fork,unlink-early,mode=660" 'SYSTEM:eval \"$COMMAND\"'
