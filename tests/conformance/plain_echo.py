#!/usr/bin/python3
"""plain_echo.py PATH: an echo server on a UNIX stream socket, a thread for each client. It knows nothing of WebSocket: what one
recv() gives is sent back by one send(), so messages come back as they were as long as they fit into its buffer."""

import socketserver
import sys

BUFFER = 20 << 20  # more than the largest message that is taken


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            while data := self.request.recv(BUFFER):
                self.request.sendall(data)
        except OSError:
            pass  # the client is gone


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


Server(sys.argv[1], Echo).serve_forever()
