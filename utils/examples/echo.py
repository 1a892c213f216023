#!/usr/bin/env python3
"""The echo server in each way a system server may speak to Marmoset; take the one you like.

    echo.py bytes   SOCKET     what one read gives is a message (ouistiti's servers)
    echo.py lines   SOCKET     a text message a line
    echo.py records SOCKET     records on a SOCK_STREAM connection for each client
    echo.py link    SOCKET     records on a SOCK_SEQPACKET connection for all clients of a gateway's worker

The gateway needs `framing = "lines"` or "records" for those two. The protocols: conf/link-protocol.md."""
import collections
import json
import os
import socket
import struct
import sys
import threading

# ---- bytes and lines: a connection is a client ---------------------------------------------------------------------


def echo_bytes(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


def echo_lines(connection):
    for line in connection.makefile("rb"):
        if line.endswith(b"\n"):  # else the client has gone in the midst of a message
            connection.sendall(line)


# ---- records: the same over a stream and over the link -------------------------------------------------------------

HEADER = struct.Struct("=IIBBH")  # payload length, client, type, flags, code; host byte order
HELLO, OPEN, ACCEPT, REJECT, MESSAGE, CLOSE, CREDIT, PING, PONG = 1, 2, 3, 4, 5, 6, 7, 11, 12
BINARY, FIRST, LAST = 1, 2, 4
WINDOW = 262144  # bytes a client may have under way toward us; each MESSAGE costs its payload and 12


def records_of_packets(connection):
    while packet := connection.recv(131072):  # a packet holds whole records
        while packet:
            length, client, kind, flags, code = HEADER.unpack_from(packet)
            yield client, kind, flags, packet[12:12 + length]
            packet = packet[12 + length:]


def records_of_stream(connection):
    stream = connection.makefile("rb")
    while len(header := stream.read(12)) == 12:
        length, client, kind, flags, code = HEADER.unpack(header)
        yield client, kind, flags, stream.read(length)


class Client:
    def __init__(self, credit):
        self.credit = credit                # what we may send
        self.taken = 0                      # what we have taken and not given credit for
        self.waiting = collections.deque()  # (flags, payload) beyond the credit


def echo_records(connection, records):
    def send(kind, client=0, payload=b"", flags=0, code=0):
        connection.sendall(HEADER.pack(len(payload), client, kind, flags, code) + payload)

    def send_waiting(number, client):
        while client.waiting:
            flags, payload = client.waiting[0]
            room = client.credit - 12
            if room < min(len(payload), 1024):
                return  # its next CREDIT calls again
            part, rest = payload[:room], payload[room:]
            send(MESSAGE, number, part, flags & ~LAST if rest else flags)
            client.credit -= len(part) + 12
            if rest:
                client.waiting[0] = flags & ~FIRST, rest
            else:
                client.waiting.popleft()
        if client.taken >= WINDOW // 2:  # not before the echo has left: a client that does not read is not read from
            send(CREDIT, number, struct.pack("=I", client.taken))
            client.taken = 0

    clients, window = {}, 0
    send(HELLO, payload=json.dumps({"version": 1, "software": "echo.py", "pid": os.getpid(), "window": WINDOW,
                                    "max_message": 1 << 40}).encode())
    for number, kind, flags, payload in records:
        client = clients.get(number)
        if kind == HELLO:
            window = json.loads(payload)["window"]
        elif kind == OPEN:  # payload: JSON that tells who it is; REJECT with an HTTP status in `code` would refuse
            clients[number] = Client(window)
            send(ACCEPT, number)
        elif kind == MESSAGE and client:  # a large message comes in parts, and goes back in parts
            client.taken += len(payload) + 12
            client.waiting.append((flags & (BINARY | FIRST | LAST), payload))
            send_waiting(number, client)
        elif kind == CREDIT and client:
            client.credit += struct.unpack("=I", payload)[0]
            send_waiting(number, client)
        elif kind == CLOSE and client:
            del clients[number]
            send(CLOSE, number, code=1000)
        elif kind == PING:
            send(PONG, payload=payload)


# ---- listening -----------------------------------------------------------------------------------------------------

KINDS = {
    "bytes": (socket.SOCK_STREAM, echo_bytes),
    "lines": (socket.SOCK_STREAM, echo_lines),
    "records": (socket.SOCK_STREAM, lambda connection: echo_records(connection, records_of_stream(connection))),
    "link": (socket.SOCK_SEQPACKET, lambda connection: echo_records(connection, records_of_packets(connection))),
}


def serve(kind, echo, path):
    def handle(connection):
        with connection:
            try:
                echo(connection)
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client, or the gateway, has gone

    if os.path.exists(path):
        os.unlink(path)
    os.umask(0o117)  # the socket: rw for user and group only; the gateway must be in the group
    with socket.socket(socket.AF_UNIX, kind) as listener:
        listener.bind(path)
        listener.listen(128)
        while True:
            threading.Thread(target=handle, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    try:
        serve(*KINDS[sys.argv[1]], sys.argv[2])
    except KeyboardInterrupt:
        pass
