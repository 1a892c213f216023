"""What a compressed message is made of (RFC 1951, RFC 7692 7.2): blocks of every kind, final ones too, and what is no deflate
data or does not become text."""

import random
import zlib

from .client import BINARY, CONTINUATION, RSV1, TAIL, TEXT, Deflate, frame
from .deflate_frames import refused
from .deflate_messages import understood
from .deflate_offers import compressing
from .servers import EveryWay

# --- blocks -------------------------------------------------------------------------------------------------------------------

blocks = EveryWay("deflate-blocks")
SAMPLE = ("blocks of every kind, and of this kind again; " * 40).encode()


def packed(level=6, strategy=zlib.Z_DEFAULT_STRATEGY, flushes=(), memory=8):
    """SAMPLE compressed, with these flushes between its parts."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -15, memory, strategy)
    part = len(SAMPLE) // (len(flushes) + 1)
    data = b""
    for at, flush in enumerate(flushes):
        data += compressor.compress(SAMPLE[at * part:(at + 1) * part]) + compressor.flush(flush)
    data += compressor.compress(SAMPLE[len(flushes) * part:]) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return data[:-4]


blocks.table("RFC 7692 7.2.3", "blocks: {name}", lambda case, payload: understood(case, payload, SAMPLE), {
    "stored": packed(0),
    "fixed": packed(strategy=zlib.Z_FIXED),
    "dynamic": packed(9),
    "huffman-only": packed(strategy=zlib.Z_HUFFMAN_ONLY),
    "run-lengths": packed(strategy=zlib.Z_RLE),
    "small-blocks": packed(memory=1),
    "sync-flush-inside": packed(flushes=(zlib.Z_SYNC_FLUSH,)),
    "many-sync-flushes": packed(flushes=(zlib.Z_SYNC_FLUSH,) * 9),
    "full-flush-inside": packed(flushes=(zlib.Z_FULL_FLUSH,)),
    "partial-flush-inside": packed(flushes=(zlib.Z_PARTIAL_FLUSH, zlib.Z_PARTIAL_FLUSH)),
    "empty-blocks-behind": packed() + TAIL + b"\0" + TAIL + b"\0",
})


def final(data, level=6):
    compressor = zlib.compressobj(level, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush()


def final_then_more(case, payload, text):
    """A message with final blocks; the next one refers to its text, which stays in the window."""
    client = compressing(case)
    client.send_raw_compressed(BINARY, payload)
    client.expect_message(BINARY, text)
    compressor = zlib.compressobj(6, zlib.DEFLATED, -15, 8, zlib.Z_DEFAULT_STRATEGY, text)
    again = (compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
    client.send_raw_compressed(BINARY, again)
    client.expect_message(BINARY, text)


RANDOM = random.Random(8).randbytes(2000)
blocks.table("RFC 7692 7.2.3.4", "final blocks: {name}", final_then_more, {
    "final-dynamic": (final(SAMPLE) + b"\0", SAMPLE),
    "final-stored": (final(RANDOM, 0) + b"\0", RANDOM),
    "final-then-another-final": (final(RANDOM) + final(SAMPLE) + b"\0", RANDOM + SAMPLE),
    "final-inside": (final(SAMPLE) + packed(), SAMPLE + SAMPLE),
    "final-empty-in-front": (final(b"") + packed(), SAMPLE),
})


@blocks.case("final-in-fragments", "RFC 7692 7.2.3.4", "a final block may end at the end of a frame that is not the last")
def final_in_fragments(case):
    client = compressing(case)
    client.send(frame(BINARY, final(SAMPLE), rsv=RSV1, fin=False) + frame(CONTINUATION, packed(), fin=False) +
                frame(CONTINUATION, TAIL + b"\0"))
    client.expect_message(BINARY, SAMPLE * 2)


# --- no deflate data ----------------------------------------------------------------------------------------------------------

invalid = EveryWay("deflate-invalid")
GARBAGE = {
    "block-type-3": b"\x07\x00", "stored-lengths-differ": bytes.fromhex("000500000048656c6c6f00"), "distance-too-far":
    bytes.fromhex("f200110000"), "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + final(b"x"),
    "zlib-header": zlib.compress(SAMPLE),
    "cut-in-a-block": packed()[:40], "cut-in-a-stored-block": packed(0)[:40], "cut-in-a-dynamic-header": packed(9)[:5],
    "one-byte-missing": final(SAMPLE)[:-1], "tail-not-cut-off": packed() + TAIL, "plain-text": b"Hello, this is no deflate data",
    "dynamic-without-codes": b"\x04\x00\x00\x00\x00", "all-ones": b"\xff" * 100,
    "lengths-oversubscribed": b"\xfd\xff\xff\xff\xff",
    "text-behind-the-message": packed() + b"garbage behind it",
}


def not_deflate(case, payload):
    client = compressing(case)
    client.send_raw_compressed(BINARY, payload)
    client.expect_failed(1007)


invalid.table("RFC 6455 7.4.1", "what is no deflate data ({name}) does not fit its message: 1007", not_deflate, GARBAGE)


@invalid.case("fails-before-the-message-ends", "RFC 6455 7.1.7", "no more of a message is waited for once it can't be right")
def invalid_before_the_end(case):
    refused(case, frame(BINARY, b"\x07\x00", rsv=RSV1, fin=False), code=1007)
    refused(case, frame(BINARY, b"\x07" + b"\0" * 5, rsv=RSV1, length=1000), code=1007)


@invalid.case("in-a-later-message", "RFC 6455 7.4.1", "good messages before do not excuse a bad one")
def in_a_later_message(case):
    client = compressing(case)
    for _ in range(3):
        client.send_compressed(TEXT, "good")
        client.expect_message(TEXT, "good")
    client.send_raw_compressed(TEXT, b"\x07\x00")
    client.expect_failed(1007)


def random_bytes(case, seed):
    """Now and then random bytes are a message; nothing else but a failure may come of them."""
    chance = random.Random(seed)
    other = compressing(case)
    for _ in range(20):
        client = compressing(case)
        client.send_raw_compressed(BINARY, chance.randbytes(chance.choice((1, 5, 50, 3000))))
        got = client.read_frame()
        assert got.opcode == BINARY or got.code in (1007, 1009), got
    other.send_compressed(TEXT, "not disturbed")
    other.expect_message(TEXT, "not disturbed")


for seed in range(31, 35):
    invalid.add(f"random-bytes-{seed}", "RFC 6455 7.4.1", f"random bytes, seed {seed}, as compressed messages", random_bytes,
                seed)


def not_text(case, *parts):
    client = compressing(case)
    deflate = Deflate()
    payload = deflate.compress(b"".join(parts))
    client.send_raw_compressed(TEXT, payload)
    client.expect_failed(1007)


invalid.table("RFC 6455 8.1", "text that is not UTF-8 ({name}) is 1007 compressed, too", not_text, {
    "text-ff": b"\xff", "text-surrogate": b"good \xed\xa0\x80", "text-cut": "größer €".encode()[:-1],
    "text-overlong": b"\xc0\x80",
    "text-late": b"x" * 200_000 + b"\x80", "text-beyond": b"\xf4\x90\x80\x80",
})


@invalid.case("text-fails-before-it-ends", "RFC 6455 8.1", "bad text is seen in the first frames of a compressed message")
def text_fails_before_it_ends(case):
    client = compressing(case)
    client.send(frame(TEXT, client.deflate.compress(b"good \xff bad") + TAIL, rsv=RSV1, fin=False))
    client.expect_failed(1007)


@invalid.case("binary-need-not-be-text", "RFC 6455 5.6", "compressed binary messages need not be UTF-8")
def binary_need_not_be_text(case):
    client = compressing(case)
    client.send_compressed(BINARY, b"\xff\xfe\xed\xa0\x80")
    client.expect_message(BINARY, b"\xff\xfe\xed\xa0\x80")


@invalid.case("characters-over-fragments", "RFC 6455 5.6", "a character may be split by compressed fragments")
def characters_over_fragments(case):
    client = compressing(case)
    text = "€𝄞ä" * 500
    for pieces in (2, 5, 13):
        client.send_raw_compressed(TEXT, client.deflate.compress(text), pieces)
        client.expect_message(TEXT, text)
