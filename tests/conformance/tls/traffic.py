"""What goes through: answers, websockets through the relay and in direct mode, ends."""

import os
import socket
import ssl

from bounds import wait_for
from case import Group, WebSocket
from .servers import LARGE, SERVERS
from processes import status
from system_servers import incoming_bytes
from websocket_wire import TEXT, frame


def download(case):
    """A reader that is too slow for what is sent: records wait in the server."""
    client = case.on.connect(case.server, narrow=True)
    worker = case.server.workers()[0]
    for _ in range(2):
        client.request(target="/large")  # more than sockets hold
        asleep = [0]

        def waits_for_us():
            asleep[0] = asleep[0] + 1 if incoming_bytes(client.sock) > 0 and status(worker)[0] == "S" else 0
            return asleep[0] >= 5
        wait_for("the sockets to be full", waits_for_us)
        assert client.response().body == LARGE


def pipelined(case):
    client = case.on.connect(case.server)
    client.send(client.text() * 50)
    for _ in range(50):
        assert client.response().body == b"page"


def told_end(case):
    client = case.on.connect(case.server)
    assert client.get(headers={"Connection": "close"}).status == 200
    assert client.sock.recv(1) == b"", "Python raises where close_notify is missing"


def wss(case, index):
    context = case.on.context(pair=case.on.alice)
    client = case.on.connect(case.server, WebSocket, context, index=index)
    client.host = f"localhost:{case.server.address(index)[1][1]}"
    return client, {"Origin": f"https://{client.host}"}


def echo(case, index):
    client, origin = wss(case, index)
    client.open("/echo", headers=origin, behind=frame(TEXT, "early"))
    assert client.read_message() == (TEXT, b"early")
    for size in (0, 125, 16380, 65536, 1 << 20):
        client.echo(os.urandom(size))
    client.send(b"".join(frame(TEXT, f"{number:04d}") for number in range(500)))
    for number in range(500):
        assert client.read_message() == (TEXT, f"{number:04d}".encode())
    client.close()


def origin_in_the_clear(case):
    client, origin = wss(case, 0)
    client.start("/echo", headers={"Origin": origin["Origin"].replace("https", "http")})
    assert client.response().status == 403


def cut_record(case):
    """Half a record and then nothing: nothing of it is taken for a request."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = case.on.context(version=ssl.TLSVersion.TLSv1_2).wrap_bio(incoming, outgoing, server_hostname="localhost")
    with case.server.socket() as sock:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                sock.sendall(outgoing.read())
                incoming.write(sock.recv(65536))
        tls.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        sock.sendall(outgoing.read()[:-1])
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(65536)[:1] in (b"", b"\x15")


for library, server in SERVERS:
    cases = Group(f"traffic-{library}", server)
    cases.add("download", "RFC 8446 5.1", "a large answer arrives whole, however slowly it is read", download)
    cases.add("pipelined", "RFC 9112 9.3.2", "so do many answers", pipelined)
    cases.add("told-end", "RFC 8446 6.1", "the end is told", told_end)
    cases.add("cut-record", "RFC 8446 5.2", "a record that is cut is none", cut_record)
    cases.add("wss-relay", "RFC 6455 10.6", "websockets through the relay", echo, 0)
    cases.add("wss-direct", "RFC 6455 10.6", "websockets in direct mode: TLS stays in the gateway", echo, 2)
    cases.add("origin", "RFC 6454 4", "a page that came in the clear is of another origin", origin_in_the_clear)
