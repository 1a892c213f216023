"""Limits of messages, exactly at them and one beyond (RFC 6455 10.4, 7.4.1)."""

from .client import BINARY, CONTINUATION, PING, TEXT, frame
from .servers import EveryWay

DEFAULT = 16 << 20  # max_message
LIMIT, FRAGMENTS = 1000, 8  # of the entry «small»

limits = EveryWay("limits")


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
    "third-fragment-beyond": (frame(BINARY, b"x" * 400, fin=False), frame(CONTINUATION, b"x" * 400, fin=False),
                              frame(CONTINUATION, b"x" * 201)),
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
    client.send(frame(BINARY, b"\xff" * 125, fin=False) + b"".join(
        ping + frame(CONTINUATION, b"\xff" * 125, fin=at == FRAGMENTS - 2) for at in range(FRAGMENTS - 1)))
    got = [client.read_frame() for _ in range(FRAGMENTS)]
    assert [part.payload for part in got if part.opcode == BINARY] == [b"\xff" * LIMIT], got


@limits.case("refused-before-the-payload", "RFC 6455 7.4.1", "a frame too big is refused whatever its payload is")
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
