"""Limits of compressed messages: it is their size as messages that counts, and that costs no more memory than the limit."""

import random
import zlib

from bounds import scaled
from processes import status_fields

from .client import BINARY, CONTINUATION, RSV1, TEXT, Deflate, frame
from .deflate_offers import compressing
from .servers import EveryWay

LIMIT = 1000  # max_message of «deflate-small»
DEFAULT = 16 << 20

limits = EveryWay("deflate-limits")


def passes(case, data):
    client = compressing(case, entry="deflate-small")
    for _ in range(3):
        client.send_compressed(BINARY, data)
        client.expect_message(BINARY, data)


def too_big(case, data, pieces=1):
    client = compressing(case, entry="deflate-small")
    client.send_compressed(BINARY, data, pieces)
    client.expect_failed(1009)


limits.table("RFC 6455 10.4", "{name}: within the limit", passes, {
    "at-the-limit": b"x" * LIMIT, "at-the-limit-incompressible": random.Random(1).randbytes(LIMIT), "below": b"ab" * 499})
limits.table("RFC 6455 7.4.1, RFC 7692 8", "{name}: 1009", too_big, {
    "one-beyond": b"x" * (LIMIT + 1), "one-beyond-incompressible": random.Random(2).randbytes(LIMIT + 1),
    "far-beyond": bytes(1 << 20),
    "in-fragments": (random.Random(3).randbytes(LIMIT + 1), 4), "text-beyond": b"text " * 201})


@limits.case("announced", "RFC 6455 7.4.1", "a frame that is longer than any message within the limit is refused by its header")
def announced(case):
    client = compressing(case, entry="deflate-small")
    client.send(frame(BINARY, b"", rsv=RSV1, length=LIMIT * 2))
    client.expect_failed(1009)


@limits.case("fragments", "RFC 6455 10.4", "fragments of compressed messages are counted")
def fragments(case):
    client = compressing(case, entry="deflate-small")
    payload = client.deflate.compress("within the limit")
    client.send_raw_compressed(TEXT, payload, 8)
    client.expect_message(TEXT, "within the limit")
    client.send(frame(TEXT, b"", rsv=RSV1, fin=False) + frame(CONTINUATION, b"", fin=False) * 8)
    client.expect_failed(1009)


@limits.case("empty-blocks-for-ever", "RFC 7692 8", "blocks that give nothing are limited, too")
def empty_blocks_for_ever(case):
    client = compressing(case, entry="deflate-small")
    client.send(frame(BINARY, b"\0\0\0\xff\xff" * 400, rsv=RSV1))
    client.expect_failed(1009)


@limits.case("sixteen-mebibytes", "RFC 7692 7.2", "16 MiB that compress well come back", deadline=60)
def sixteen_mebibytes(case):
    data = (b"0123456789abcdef" * 64 + bytes(1024)) * (DEFAULT // 2048)
    for entry in ("deflate", "takeover"):
        client = compressing(case, entry=entry)
        client.send_compressed(BINARY, data)
        client.expect_message(BINARY, data)


@limits.case("sixteen-mebibytes-of-characters", "RFC 7692 7.2", "16 MiB of compressed text are checked, and come back",
             deadline=60)
def sixteen_mebibytes_of_characters(case):
    text = ("größer €𝄞 " * (DEFAULT // 16)).encode()[:DEFAULT]
    text = text[:text.rindex(b" ")]
    client = compressing(case)
    client.send_compressed(TEXT, text, 20)
    client.expect_message(TEXT, text)


@limits.case("sixteen-mebibytes-incompressible", "RFC 7692 7.2", "16 MiB that do not compress come back", deadline=60)
def sixteen_mebibytes_incompressible(case):
    data = random.Random(4).randbytes(DEFAULT)
    client = compressing(case)
    client.deflate = Deflate(level=1)
    client.send_compressed(BINARY, data)
    client.expect_message(BINARY, data)


def bomb(mebibytes):
    """Zeros, compressed: the same bytes for each MiB behind the first."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = bytes(1 << 20)
    first, second, third = (compressor.compress(zeros) + compressor.flush(zlib.Z_SYNC_FLUSH) for _ in range(3))
    assert second == third
    return (first + second * (mebibytes - 1))[:-4]


@limits.case("bomb", "RFC 7692 8", "a gibibyte in a mebibyte is 1009, and costs the gateway no memory", deadline=60)
def one_gibibyte(case):
    payload = bomb(1024)
    assert len(payload) < 1_200_000
    workers = case.on.server.workers()
    for entry in ("deflate", "takeover", "deflate-small"):
        before = [peak(pid) for pid in workers]
        for _ in range(3):
            client = compressing(case, entry=entry)
            client.send(frame(BINARY, payload, rsv=RSV1))
            client.expect_failed(1009, in_answer=True)
        grown = [peak(pid) - old for pid, old in zip(workers, before)]
        assert max(grown) < scaled(64 << 20), f"the gateway has grown by {max(grown)} bytes"


def peak(pid):
    """Largest resident size so far, in bytes."""
    return int(status_fields(pid)["VmHWM"].split()[0]) * 1024


@limits.case("bomb-in-fragments", "RFC 7692 8", "nor does it help to send it in frames")
def bomb_in_fragments(case):
    client = compressing(case)
    client.send_raw_compressed(BINARY, bomb(64), 50)
    client.expect_failed(1009, in_answer=True)


@limits.case("bomb-of-text", "RFC 7692 8", "nor as text")
def bomb_of_text(case):
    client = compressing(case)
    client.send_raw_compressed(TEXT, bomb(64))
    client.expect_failed(1009, in_answer=True)
