"""Direct mode in the gateway (conf/link-protocol.md): what a system server gets of a client, and when."""

import contextlib

from case import Group
from harness import ACCEPT, CREDIT, END, F_FIRST, F_LAST, HANDOVER, JOIN, MESSAGE, OPEN, Record
from websocket_wire import TEXT, frame

from .servers import Gateway, take_handover

RULE = "link-protocol.md, direct mode"
handing = Group("direct-gateway", Gateway)
order = Group("direct-gateway-order", Gateway)
SEGMENT = 200_000  # more than a record takes


@contextlib.contextmanager
def opened(case, behind=b"", **handshake):
    """(link, client id, client), the OPEN read and not answered."""
    client = case.websocket()
    with case.on.app() as app:
        client.start(case.on.target, behind=behind, **handshake)
        link = app.greet()
        record = link.expect(OPEN)
        assert record.json["direct"] is True, record
        try:
            yield link, record.client, client
        finally:
            client.drop()
            link.drop()


@handing.case("accept-then-handover", RULE, "behind ACCEPT the client gets its 101, then the server its connection")
def accept_then_handover(case):
    with opened(case) as (link, number, client):
        link.accept(number)
        early, sock = take_handover(link, number)
        client.finish_handshake()
        assert early == b"", early
        with sock:
            sock.sendall(b"\x81\x02hi")
            assert client.read_message() == (TEXT, b"hi")
            client.send_text("hello")
            assert sock.recv(100) == frame(TEXT, "hello")


@handing.case("nothing-before-accept", RULE, "no descriptor comes before the server has accepted")
def nothing_before_accept(case):
    with opened(case) as (link, number, client):
        link.expect_quiet(0.1)
        link.reject(number, 403, "no")
        assert client.response().status == 403
        link.expect(END, number)


def early_bytes(case, size):
    data = frame(TEXT, "x" * size)
    with opened(case, behind=data) as (link, number, client):
        link.accept(number)
        got, sock = take_handover(link, number)
        with sock:
            sock.settimeout(10)
            while len(got) < len(data):
                more = sock.recv(1 << 20)
                assert more, f"{len(got)} of {len(data)} bytes"
                got += more
            assert got == data, "other bytes"
            sock.sendall(b"\x81\x02hi")
            client.finish_handshake()
            assert client.read_message() == (TEXT, b"hi")


for size in (0, 1, 125, 1000, 10_000, SEGMENT):
    handing.add(f"early-bytes-{size}", RULE, f"a message of {size} bytes right behind the handshake is not lost", early_bytes, size)


def ended(case, code, answered):
    with opened(case) as (link, number, client):
        link.accept(number)
        _, sock = take_handover(link, number)
        client.finish_handshake()
        sock.close()
        link.end(number, code)
        assert link.expect(END, number).code == answered


handing.add("close-of-the-server", RULE, "the server's CLOSE, which tells that the client has gone, is answered", ended, 1000, 1000)


@handing.case("id-reused", RULE, "an id comes again only when both have sent CLOSE")
def id_reused(case):
    with opened(case) as (link, number, client):
        link.accept(number)
        _, sock = take_handover(link, number)
        client.finish_handshake()
        second = case.websocket()
        second.start(case.on.target)
        other = link.expect(OPEN).client
        assert other != number, "the id of a client that is served"
        link.accept(other)
        take_handover(link, other)[1].close()
        sock.close()
        link.end(number)
        link.expect(END, number)
        third = case.websocket()
        third.start(case.on.target)
        again = link.expect(OPEN).client
        assert again not in (other,), again
        link.reject(again, 404)


@handing.case("id-not-free-before-the-server-s-close", RULE, "the id of a client that goes first is free when the server has answered")
def id_not_free(case):
    with opened(case) as (link, number, client):
        client.abort()
        assert link.expect(END, number).code == 1006
        second = case.websocket()
        second.start(case.on.target)
        other = link.expect(OPEN).client
        assert other != number, "two clients with one id"
        link.accept(other)
        take_handover(link, other)[1].close()
        link.end(number)


@handing.case("extensions-agreed", RULE, "OPEN tells what the 101 will say of extensions: nothing where none is offered")
def extensions_agreed(case):
    with case.on.app() as app:
        client = case.websocket()
        client.start(case.on.target, headers={"Sec-WebSocket-Extensions": "permessage-deflate"})
        link = app.greet()
        record = link.expect(OPEN)
        link.accept(record.client)
        _, sock = take_handover(link, record.client)
        answer = client.head()
        assert record.json["extensions"] == ", ".join(answer.all("Sec-WebSocket-Extensions")), (record, answer)
        sock.close()
        client.drop()
        link.drop()


def refused(case, *records):
    """What a server may not send of a client that it serves: the link ends, and the client stays."""
    with opened(case) as (link, number, client):
        link.accept(number)
        _, sock = take_handover(link, number)
        client.finish_handshake()
        link.send(*(record(number) for record in records))
        link.expect_end()
        with sock:
            sock.sendall(b"\x81\x05still")
            assert client.read_message() == (TEXT, b"still")


for name, record in (("message", lambda number: Record(MESSAGE, number, "x", F_FIRST | F_LAST)),
                     ("credit", lambda number: Record(CREDIT, number, b"\1\0\0\0")),
                     ("join", lambda number: Record(JOIN, number, "topic")),
                     ("accept", lambda number: Record(ACCEPT, number)),
                     ("handover", lambda number: Record(HANDOVER, number))):
    order.add(f"{name}-of-a-served-client", RULE, f"{name.upper()} of a client that was handed over ends the link, not the client", refused,
              record)


@order.case("publish-goes-on", RULE, "what is published is no affair of those that are served")
def publish_goes_on(case):
    with opened(case) as (link, number, client):
        link.accept(number)
        _, sock = take_handover(link, number)
        client.finish_handshake()
        link.publish("topic", "x")
        link.expect_quiet(0.05)
        with sock:
            sock.sendall(b"\x81\x02hi")
            assert client.read_message() == (TEXT, b"hi")
            link.end(number)
            assert link.expect(END, number).type == END
