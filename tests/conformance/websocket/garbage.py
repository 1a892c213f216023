"""Bytes that are no frames, or nearly (RFC 6455 7.1.7). Each seed is one case, the same in every run."""

import random

from .client import BINARY, CLOSE, PING, TEXT, frame
from .servers import EveryWay

garbage = EveryWay("garbage")


def random_bytes(case, seed):
    """Whatever it means, nothing of it may be taken for more than it is: the connection ends with a code that says what was
    wrong, or waits for the rest of a frame; others go on."""
    chance = random.Random(seed)
    other = case.on.open()
    for _ in range(20):
        client = case.on.open()
        client.send(chance.randbytes(chance.choice((2, 14, 100, 5000))))
        client.finish()
        last = None
        while not client.ended or client.buffer:
            if not client.buffer and not client.fill():
                break
            assert last is None, f"something behind the close frame: {client.buffer[:80]!r}"
            got = client.read_frame()
            if got.opcode == CLOSE:
                last = got.code
        assert last in (None, 1000, 1002, 1007, 1009), last
        client.drop()
    other.expect_alive()


for seed in range(1, 9):
    garbage.add(f"random-bytes-{seed}", "RFC 6455 7.1.7", f"random bytes, seed {seed}: refused, and others are not disturbed",
                random_bytes, seed)


def random_frames(case, seed):
    """Frames whose headers are right in all but one thing."""
    chance = random.Random(seed)
    for _ in range(60):
        client = case.on.open()
        kind = chance.randrange(4)
        payload = chance.randbytes(chance.choice((0, 1, 100, 125)))
        if kind == 0:
            client.send(frame(chance.choice((3, 4, 5, 6, 7, 11, 12, 13, 14, 15)), payload))
        elif kind == 1:
            client.send(frame(chance.choice((1, 2, 8, 9, 10)), payload, rsv=chance.randrange(1, 8)))
        elif kind == 2:
            client.send(frame(chance.choice((1, 2, 8, 9, 10)), payload, mask=None))
        else:
            client.send(frame(chance.choice((8, 9, 10)), payload, fin=False))
        client.expect_failed(1002)


for seed in range(11, 14):
    garbage.add(f"random-violations-{seed}", "RFC 6455 5.2", f"violations with random payloads, seed {seed}: 1002", random_frames,
                seed)


def mutated(case, seed):
    """A good conversation with one bit changed: an answer, a failure, or a wait, never another client's trouble."""
    chance = random.Random(seed)
    good = frame(TEXT, "größer") + frame(PING, "ping") + frame(BINARY, bytes(200)) + frame(CLOSE, b"\x03\xe8bye")
    other = case.on.open()
    for _ in range(40):
        bits = bytearray(good)
        at = chance.randrange(len(good) * 8)
        bits[at // 8] ^= 1 << at % 8
        client = case.on.open()
        client.send(bytes(bits))
        client.finish()
        code = None
        while client.buffer or client.fill():
            assert code is None, f"something behind the close frame: {client.buffer[:80]!r}"
            got = client.read_frame()
            code = got.code if got.opcode == CLOSE else None
        client.drop()
    other.expect_alive()


for seed in range(21, 25):
    garbage.add(f"one-bit-changed-{seed}", "RFC 6455 7.1.7", f"one bit of a good conversation changed, seed {seed}", mutated,
                seed)


@garbage.case("http-on-a-websocket", "RFC 6455 7.1.7", "an HTTP request on an open websocket is 1002")
def http_on_a_websocket(case):
    client = case.on.open()
    client.send(client.text("GET", "/page.txt"))
    client.expect_failed(1002)


@garbage.case("tls-on-a-websocket", "RFC 6455 7.1.7", "a TLS ClientHello on an open websocket is 1002")
def tls_on_a_websocket(case):
    client = case.on.open()
    client.send(bytes.fromhex("16030100c8010000c40303") + bytes(200))
    client.expect_failed(1002)


@garbage.case("zeros", "RFC 6455 7.1.7", "zeros are a continuation of nothing, unmasked: 1002")
def zeros(case):
    client = case.on.open()
    client.send(bytes(1000))
    client.expect_failed(1002)
