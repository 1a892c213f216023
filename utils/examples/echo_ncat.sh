#!/bin/sh
# The echo server with ncat: -l listen, -k again and again, -U on a UNIX socket.
# usage: echo_ncat.sh SOCKET
rm -f "$1"
umask 117
exec ncat -lkU "$1" --exec /bin/cat
