"""Fragmentation (RFC 6455 5.4): every order of frames that makes a message, and those that make none."""

import random

from .client import BINARY, CONTINUATION, TEXT, frame
from .servers import EveryWay

fragments = EveryWay("fragments")


def comes_back(case, opcode, parts):
    client = case.on.open()
    client.send_fragments(opcode, parts)
    client.expect_message(opcode, b"".join(parts))
    client.expect_alive()


fragments.table("RFC 6455 5.4", "fragments, {name}: the message is their payloads in order", comes_back, {
    "two": (TEXT, [b"hel", b"lo"]),
    "three": (TEXT, [b"a", b"b", b"c"]),
    "two-binary": (BINARY, [b"\x00\xff", b"\xfe"]),
    "first-empty": (TEXT, [b"", b"hello"]),
    "last-empty": (TEXT, [b"hello", b""]),
    "middle-empty": (TEXT, [b"hel", b"", b"lo"]),
    "all-empty": (TEXT, [b"", b"", b""]),
    "all-empty-binary": (BINARY, [b"", b""]),
})
for name, sizes in (("short-and-long", (5, 126, 65536, 1)), ("long-and-short", (70000, 125, 0, 127)),
                    ("boundaries", (125, 126, 127, 65535, 65536)), ("equal", (1000,) * 20)):
    fragments.add(name, "RFC 6455 5.4", f"fragments of {sizes} bytes are one message", comes_back, BINARY,
                  [random.Random(size).randbytes(size) for size in sizes])


@fragments.case("sixteen-mebibytes", "RFC 6455 5.4", "16 MiB in 1,024 fragments come back", deadline=60)
def sixteen_mebibytes(case):
    chance = random.Random(3)
    parts = [chance.randbytes(16384) for _ in range(1024)]
    client = case.on.open()
    client.send_fragments(BINARY, parts)
    client.expect_message(BINARY, b"".join(parts))


@fragments.case("in-separate-segments", "RFC 6455 5.4", "fragments may arrive one by one")
def in_separate_segments(case):
    client = case.on.open("apart")
    client.send_apart(frame(TEXT, "one ", fin=False), frame(CONTINUATION, "two ", fin=False), frame(CONTINUATION, "three"))
    client.expect_message(TEXT, "one two three")


@fragments.case("message-behind-message", "RFC 6455 5.4", "a fragmented message leaves nothing behind for the next")
def message_behind_message(case):
    client = case.on.open()
    client.send_fragments(TEXT, [b"text ", b"one"])
    client.send_fragments(BINARY, [b"\xff", b"\xfe"])
    client.send_frame(TEXT, "whole")
    client.expect_message(TEXT, "text one")
    client.expect_message(BINARY, b"\xff\xfe")
    client.expect_message(TEXT, "whole")


@fragments.case("random", "RFC 6455 5.4", "any division of a payload is the same message")
def any_division(case):
    chance = random.Random(5)
    client = case.on.open()
    for _ in range(30):
        payload = chance.randbytes(chance.randrange(1, 50_000))
        parts, rest = [], payload
        while rest:
            size = chance.choice((0, 1, 125, 126, 1000, 20_000))
            parts.append(rest[:size])
            rest = rest[size:]
        client.send_fragments(BINARY, parts)
        client.expect_message(BINARY, payload)


def refused(case, *frames):
    client = case.on.open()
    client.send(b"".join(frames))
    client.expect_failed(1002)


OPEN = frame(TEXT, "a", fin=False)
WHOLE = OPEN + frame(CONTINUATION, "b")


def refused_behind_a_message(case, bad):
    client = case.on.open()
    client.send(WHOLE)
    client.expect_message(TEXT, "ab")
    client.send(bad)
    client.expect_failed(1002)


fragments.table("RFC 6455 5.4", "{name}: 1002", refused, {
    "continuation-of-nothing": frame(CONTINUATION, "x"),
    "continuation-of-nothing-without-fin": frame(CONTINUATION, "x", fin=False),
    "empty-continuation-of-nothing": frame(CONTINUATION),
    "text-inside-text": (OPEN, frame(TEXT, "x")),
    "text-inside-text-without-fin": (OPEN, frame(TEXT, "x", fin=False)),
    "binary-inside-text": (OPEN, frame(BINARY, b"x")),
    "text-inside-binary": (frame(BINARY, b"a", fin=False), frame(TEXT, "x")),
    "binary-inside-binary": (frame(BINARY, b"a", fin=False), frame(BINARY, b"x")),
    "text-behind-two-fragments": (OPEN, frame(CONTINUATION, "b", fin=False), frame(TEXT, "x")),
    "text-inside-empty-text": (frame(TEXT, "", fin=False), frame(TEXT, "x")),
})
fragments.table("RFC 6455 5.4", "{name}: 1002", refused_behind_a_message, {
    "continuation-behind-a-finished-message": frame(CONTINUATION, "x"),
    "continuation-without-fin-behind-a-finished-message": frame(CONTINUATION, "x", fin=False),
})


@fragments.case("continuation-behind-a-whole-message", "RFC 6455 5.4", "a message in one frame can't be continued: 1002")
def continuation_behind_a_whole_message(case):
    client = case.on.open()
    client.expect_alive()
    client.send(frame(CONTINUATION, "x"))
    client.expect_failed(1002)


@fragments.case("an-unfinished-message-is-not-echoed", "RFC 6455 5.4", "half a message, then a close: only a close comes")
def unfinished(case):
    client = case.on.open()
    client.send(OPEN + frame(8, b"\x03\xe8"))
    client.expect_closed(b"\x03\xe8")
