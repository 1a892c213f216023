"""Limits of messages, exactly at them and one beyond (RFC 6455 10.4, 7.4.1), and bytes that are no frames at all."""

import random

from .client import BINARY, CLOSE, CONTINUATION, PING, TEXT, frame
from .servers import Both

DEFAULT = 16 << 20  # max_message
LIMIT, FRAGMENTS = 1000, 8  # of the entry «small»

limits = Both("limits")


def passes(case, opcode, parts, entry="small"):
    client = case.on.open(entry)
    for _ in range(3):  # the count begins anew with each message
        client.send_fragments(opcode, parts)
        client.expect_message(opcode, b"".join(parts))


def too_big(case, *frames, entry="small"):
    client = case.on.open(entry)
    client.send(b"".join(frames))
    client.expect_failed(1009)


limits.table("RFC 6455 10.4", "{name}: within the limits", passes, {
    "message-at-the-limit": (BINARY, [b"x" * LIMIT]),
    "text-at-the-limit": (TEXT, [b"x" * LIMIT]),
    "characters-at-the-limit": (TEXT, ["€".encode() * 333 + b"x"]),
    "two-fragments-at-the-limit": (BINARY, [b"x" * 999, b"y"]),
    "fragments-at-the-limit": (BINARY, [b"x" * 125] * FRAGMENTS),
    "empty-fragments-at-the-limit": (BINARY, [b""] * FRAGMENTS),
    "full-and-empty-fragments": (BINARY, [b"x" * LIMIT] + [b""] * (FRAGMENTS - 1)),
    "default-fragments-at-the-limit": (BINARY, [b"x"] * 1024, "plain"),
})
limits.table("RFC 6455 7.4.1", "{name}: 1009", too_big, {
    "message-beyond": frame(BINARY, b"x" * (LIMIT + 1)),
    "text-beyond": frame(TEXT, "x" * (LIMIT + 1)),
    "characters-beyond": frame(TEXT, "€" * 334),
    "announced-only": frame(BINARY, b"", length=LIMIT + 1),
    "announced-in-eight-bytes": frame(BINARY, b"", length=1 << 40),
    "announced-largest": frame(BINARY, b"", length=(1 << 63) - 1),
    "second-fragment-beyond": (frame(BINARY, b"x" * LIMIT, fin=False), frame(CONTINUATION, b"y")),
    "second-fragment-announced-beyond": (frame(BINARY, b"x", fin=False), frame(CONTINUATION, b"", length=LIMIT)),
    "second-fragment-whose-sum-wraps": (frame(BINARY, b"xx", fin=False), frame(CONTINUATION, b"", length=(1 << 63) - 1)),
    "fragments-beyond": (frame(BINARY, b"x", fin=False), *[frame(CONTINUATION, b"x", fin=False)] * FRAGMENTS),
    "empty-fragments-beyond": (frame(BINARY, b"", fin=False), *[frame(CONTINUATION, b"", fin=False)] * FRAGMENTS),
    "last-fragment-beyond": (frame(BINARY, b"x", fin=False), *[frame(CONTINUATION, b"x", fin=False)] * (FRAGMENTS - 1),
                             frame(CONTINUATION)),
})
limits.table("RFC 6455 7.4.1", "{name}, by default: 1009", lambda case, *frames: too_big(case, *frames, entry="plain"), {
    "default-announced": frame(BINARY, b"", length=DEFAULT + 1),
    "default-fragments-beyond": (frame(TEXT, b"x", fin=False), *[frame(CONTINUATION, b"x", fin=False)] * 1024),
    "default-sum-beyond": (frame(BINARY, b"x" * 100, fin=False), frame(CONTINUATION, b"", length=DEFAULT - 99)),
})


@limits.case("control-frames-do-not-count", "RFC 6455 5.4", "pings between fragments are no fragments and have no size")
def control_frames_do_not_count(case):
    client = case.on.open("small")
    ping = frame(PING, b"p" * 125)
    client.send(frame(BINARY, b"x" * 125, fin=False) + b"".join(
        ping + frame(CONTINUATION, b"x" * 125, fin=at == FRAGMENTS - 2) for at in range(FRAGMENTS - 1)))
    got = [client.read_frame() for _ in range(FRAGMENTS)]
    assert [part.payload for part in got if part.opcode == BINARY] == [b"x" * LIMIT], got


@limits.case("refused-before-the-payload", "RFC 6455 7.4.1", "a frame too big is refused before its payload comes, whatever follows")
def refused_before_the_payload(case):
    client = case.on.open("small")
    client.send(frame(BINARY, b"\x88" * 5000))
    client.expect_failed(1009)


@limits.case("a-flood-of-tiny-fragments", "RFC 6455 10.4", "a million fragments end with the first beyond the limit")
def flood_of_tiny_fragments(case):
    client = case.on.open()
    client.send(frame(TEXT, b"x", fin=False))
    some = frame(CONTINUATION, b"x", fin=False) * 10_000
    for _ in range(100):
        client.send(some)
    client.expect_failed(1009)


# --- garbage ------------------------------------------------------------------------------------------------------------------

garbage = Both("garbage")


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
    garbage.add(f"one-bit-changed-{seed}", "RFC 6455 7.1.7", f"one bit of a good conversation changed, seed {seed}", mutated, seed)


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
