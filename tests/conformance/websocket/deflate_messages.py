"""Compressed messages (RFC 7692 6, 7.2): contexts, fragments, blocks of every kind, and what no compressor makes."""

import random
import zlib

from .client import BINARY, CONTINUATION, PING, PONG, RSV1, RSV2, RSV3, TAIL, TEXT, Deflate, close_payload, frame
from .deflate_offers import accepted_with, compressing
from .servers import Both

NO_CONTEXT = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
TEXTS = ["Hello", "größer €𝄞 " * 30, "x" * 100_000, "", "a", "the same again", "the same again", "Hello"]

# --- examples of the RFC ------------------------------------------------------------------------------------------------------

messages = Both("deflate-messages")


def understood(case, payload, text):
    """`payload` is a compressed message; the context goes on behind it."""
    client = compressing(case)
    client.send_raw_compressed(TEXT, payload)
    client.expect_message(TEXT, text)
    client.send_compressed(TEXT, "and another")
    client.expect_message(TEXT, "and another")


messages.table("RFC 7692 7.2.3", "a message as the RFC shows it: {name}", understood, {
    "rfc-one-block": (bytes.fromhex("f248cdc9c90700"), "Hello"),
    "rfc-stored-block": (bytes.fromhex("000500faff48656c6c6f00"), "Hello"),
    "rfc-final-block": (bytes.fromhex("f348cdc9c9070000"), "Hello"),
    "rfc-two-blocks": (bytes.fromhex("f248050000 00ffffcac9c90700"), "Hello"),
    "rfc-empty": (b"\0", ""),
    "empty-fixed-block": (b"\x02\0", ""),
})


@messages.case("rfc-in-fragments", "RFC 7692 7.2.3.1", "the RFC's example in two frames, RSV1 on the first only")
def rfc_in_fragments(case):
    client = compressing(case)
    client.send(b"\x41\x83" + frame(TEXT, bytes.fromhex("f248cd"))[2:] + frame(CONTINUATION, bytes.fromhex("c9c90700")))
    client.expect_message(TEXT, "Hello")


@messages.case("rfc-shared-window", "RFC 7692 7.2.3.2", "the RFC's example of a message that refers to the one before")
def rfc_shared_window(case):
    client = compressing(case)
    client.send_raw_compressed(TEXT, bytes.fromhex("f248cdc9c90700"))
    client.send_raw_compressed(TEXT, bytes.fromhex("f200110000"))
    client.expect_message(TEXT, "Hello")
    client.expect_message(TEXT, "Hello")


# --- contexts -----------------------------------------------------------------------------------------------------------------

def exchange(case, offer, entry):
    client = compressing(case, offer, entry)
    for text in TEXTS * 2:
        client.send_compressed(TEXT, text)
        client.expect_message(TEXT, text)


for entry in ("takeover", "deflate", "narrow"):
    for name, offer in (("bare", "permessage-deflate"), ("no-context", NO_CONTEXT),
                        ("no-server-context", "permessage-deflate; server_no_context_takeover"),
                        ("no-client-context", "permessage-deflate; client_no_context_takeover")):
        messages.add(f"{name}-with-{entry}", "RFC 7692 7.2", f"texts of many kinds come back: {offer}", exchange, offer, entry)


@messages.case("context-of-the-client", "RFC 7692 7.1.1.2", "a message may refer to what the client sent before")
def context_of_the_client(case):
    data = random.Random(1).randbytes(3000)
    client = compressing(case)
    first, second = client.deflate.compress(data), client.deflate.compress(data)
    assert len(second) < 100 < len(first)
    for payload in (first, second):
        client.send_raw_compressed(BINARY, payload)
        client.expect_message(BINARY, data)


@messages.case("context-across-plain-messages", "RFC 7692 7.2.2", "uncompressed messages in between leave the context as it was")
def context_across_plain_messages(case):
    data = random.Random(2).randbytes(3000)
    client = compressing(case)
    for _ in range(3):
        client.send_compressed(BINARY, data)
        client.expect_message(BINARY, data)
        client.send_frame(TEXT, "not compressed")
        client.expect_message(TEXT, "not compressed")


@messages.case("no-context-of-the-client", "RFC 7692 7.1.1.2", "without takeover a reference to an earlier message is invalid: 1007")
def no_context_of_the_client(case):
    data = random.Random(3).randbytes(3000)
    client = compressing(case, NO_CONTEXT)
    keeps = Deflate()
    client.send_raw_compressed(BINARY, keeps.compress(data))
    client.expect_message(BINARY, data)
    client.send_raw_compressed(BINARY, keeps.compress(data))
    client.expect_failed(1007)


@messages.case("context-of-the-gateway", "RFC 7692 7.1.1.1", "the gateway refers to what it sent before")
def context_of_the_gateway(case):
    data = random.Random(4).randbytes(3000)
    client = compressing(case)
    sizes = []
    for _ in range(2):
        client.send_compressed(BINARY, data)
        sizes.append(client.expect_message(BINARY, data).wire_size)
    assert sizes[1] < 100 < sizes[0], sizes


@messages.case("no-context-of-the-gateway", "RFC 7692 7.1.1.1", "asked not to, it refers to nothing before the message")
def no_context_of_the_gateway(case):
    data = ("".join(random.Random(5).choices("abcdefgh", k=3000))).encode()
    client = compressing(case, "permessage-deflate; server_no_context_takeover")
    sizes = []
    for _ in range(3):
        client.send_compressed(TEXT, data)
        got = client.expect_message(TEXT, data)
        assert got.compressed, got
        sizes.append(got.wire_size)
    assert min(sizes) > 1000, sizes


@messages.case("connections-share-no-context", "RFC 7692 7.2", "messages of two connections, fragment by fragment in turn")
def connections_share_no_context(case):
    chance = random.Random(6)
    for offer in (NO_CONTEXT, "permessage-deflate"):
        pair = [compressing(case, offer) for _ in range(2)]
        for _ in range(5):
            data = [chance.randbytes(50) * 40 for _ in pair]
            payloads = [client.deflate.compress(one) for client, one in zip(pair, data)]
            for client, payload in zip(pair, payloads):
                client.send(frame(BINARY, payload[:20], fin=False, rsv=RSV1))
                client.send_frame(PING, "taken")
                client.expect_pongs(b"taken")
            for client, payload, one in zip(pair, payloads, data):
                client.send(frame(CONTINUATION, payload[20:]))
                client.expect_message(BINARY, one)


@messages.case("large-text-is-compressed", "RFC 7692 6", "what was agreed on is used, where it makes a message smaller")
def large_text_is_compressed(case):
    client = compressing(case, "permessage-deflate", "deflate")
    client.send_frame(TEXT, "smaller " * 1000)
    got = client.expect_message(TEXT, "smaller " * 1000)
    assert got.compressed and got.wire_size < 1000, got


@messages.case("what-does-not-compress", "RFC 7692 6", "random bytes come back, not larger than they are by more than a little")
def what_does_not_compress(case):
    data = random.Random(7).randbytes(50_000)
    for entry in ("deflate", "takeover"):
        client = compressing(case, entry=entry)
        client.send_compressed(BINARY, data)
        assert client.expect_message(BINARY, data).wire_size < 50_100


# --- frames -------------------------------------------------------------------------------------------------------------------

frames = Both("deflate-frames")


def in_fragments(case, pieces):
    client = compressing(case)
    for text in ("größer " * 100, "Hello"):
        payload = client.deflate.compress(text)
        client.send_raw_compressed(TEXT, payload, min(pieces, len(payload)))
        client.expect_message(TEXT, text)


for count in (2, 3, 7, 1000):
    frames.add(f"in-{count}-fragments", "RFC 7692 6.1", f"a compressed message in {count} frames", in_fragments, count)


@frames.case("empty-fragments", "RFC 7692 6.1", "any frame of a compressed message may be empty")
def empty_fragments(case):
    client = compressing(case)
    payload = client.deflate.compress("Hello")
    client.send(frame(TEXT, rsv=RSV1, fin=False) + frame(CONTINUATION, payload[:3], fin=False) + frame(CONTINUATION, fin=False) +
                frame(CONTINUATION, payload[3:], fin=False) + frame(CONTINUATION))
    client.expect_message(TEXT, "Hello")
    client.send_compressed(TEXT, "Hello")
    client.expect_message(TEXT, "Hello")


@frames.case("control-frames-between", "RFC 7692 6.1", "control frames between compressed fragments are not compressed")
def control_frames_between(case):
    client = compressing(case)
    payload = client.deflate.compress("Hello")
    client.send(frame(TEXT, payload[:3], rsv=RSV1, fin=False) + frame(PING, "now") + frame(PONG) + frame(CONTINUATION, payload[3:]))
    client.expect_pongs(b"now")
    client.expect_message(TEXT, "Hello")


@frames.case("cut-everywhere", "RFC 7692 6.1", "a compressed frame may be cut at every byte by what one read gives")
def cut_everywhere(case):
    client = compressing(case, entry="takeover-apart")
    text = "cut anywhere, everywhere, "
    for _ in range(60):
        whole = frame(TEXT, client.deflate.compress(text), rsv=RSV1)
        for cut in {1, 2, 5, len(whole) // 2, len(whole) - 1, 6, 7}:
            if 0 < cut < len(whole):
                client.send_cut(whole, cut)
                client.expect_message(TEXT, text)
                whole = frame(TEXT, client.deflate.compress(text), rsv=RSV1)
        client.send_apart(*(whole[at:at + 1] for at in range(len(whole))))
        client.expect_message(TEXT, text)
        text += chr(97 + len(text) % 26)


@frames.case("plain-messages-too", "RFC 7692 6", "a message without RSV1 is not compressed, though it was agreed on")
def plain_messages_too(case):
    client = compressing(case)
    for text in ("plain", "", "größer"):
        client.send_frame(TEXT, text)
        client.expect_message(TEXT, text)
    client.send_frame(BINARY, b"\xf2\x48\xcd\xc9\xc9\x07\x00")
    client.expect_message(BINARY, b"\xf2\x48\xcd\xc9\xc9\x07\x00")


@frames.case("type-is-kept", "RFC 7692 6.1", "text stays text, binary binary")
def type_is_kept(case):
    client = compressing(case)
    for opcode in (TEXT, BINARY, TEXT):
        client.send_compressed(opcode, "same bytes " * 50)
        client.expect_message(opcode, "same bytes " * 50)


def refused(case, *parts, code=1002):
    client = compressing(case)
    client.send(b"".join(parts))
    client.expect_failed(code)


HELLO = bytes.fromhex("f248cdc9c90700")
frames.table("RFC 7692 6, RFC 6455 5.2", "{name}: 1002", refused, {
    "rsv1-on-a-continuation": (frame(TEXT, HELLO[:3], rsv=RSV1, fin=False), frame(CONTINUATION, HELLO[3:], rsv=RSV1)),
    "rsv1-on-a-continuation-of-a-plain-message": (frame(TEXT, "a", fin=False), frame(CONTINUATION, "b", rsv=RSV1)),
    "rsv1-on-a-ping": frame(PING, HELLO, rsv=RSV1),
    "rsv1-on-a-pong": frame(PONG, HELLO, rsv=RSV1),
    "rsv1-on-a-close": frame(8, close_payload(1000), rsv=RSV1),
    "rsv2": frame(TEXT, HELLO, rsv=RSV2),
    "rsv3": frame(TEXT, HELLO, rsv=RSV3),
    "rsv1-and-rsv2": frame(TEXT, HELLO, rsv=RSV1 | RSV2),
    "rsv1-and-rsv3": frame(BINARY, HELLO, rsv=RSV1 | RSV3),
    "rsv1-on-a-reserved-opcode": frame(3, HELLO, rsv=RSV1),
    "rsv1-unmasked": frame(TEXT, HELLO, rsv=RSV1, mask=None),
    "message-inside-a-compressed-one": (frame(TEXT, HELLO[:3], rsv=RSV1, fin=False), frame(TEXT, HELLO, rsv=RSV1)),
})


@frames.case("rsv1-when-declined", "RFC 7692 6", "RSV1 on a connection that declined compression is 1002")
def rsv1_when_declined(case):
    client = accepted_with(case, ["permessage-deflate; x_unknown"], "takeover")
    client.send(frame(TEXT, HELLO, rsv=RSV1))
    client.expect_failed(1002)


@frames.case("rsv1-when-off", "RFC 7692 6", "RSV1 where compression is off is 1002, offered or not")
def rsv1_when_off(case):
    client = accepted_with(case, ["permessage-deflate"], "plain")
    client.send(frame(TEXT, HELLO, rsv=RSV1))
    client.expect_failed(1002)


@frames.case("close-behind-a-compressed-fragment", "RFC 6455 5.5.1", "a close inside a compressed message is answered")
def close_behind_a_compressed_fragment(case):
    client = compressing(case)
    client.send(frame(TEXT, HELLO[:3], rsv=RSV1, fin=False) + frame(8, close_payload(1000)))
    client.expect_closed(close_payload(1000))


# --- blocks -------------------------------------------------------------------------------------------------------------------

blocks = Both("deflate-blocks")
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

invalid = Both("deflate-invalid")
GARBAGE = {
    "block-type-3": b"\x07\x00", "stored-lengths-differ": bytes.fromhex("000500000048656c6c6f00"), "distance-too-far":
    bytes.fromhex("f200110000"), "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + final(b"x"), "zlib-header": zlib.compress(SAMPLE),
    "cut-in-a-block": packed()[:40], "cut-in-a-stored-block": packed(0)[:40], "cut-in-a-dynamic-header": packed(9)[:5],
    "one-byte-missing": final(SAMPLE)[:-1], "tail-not-cut-off": packed() + TAIL, "plain-text": b"Hello, this is no deflate data",
    "dynamic-without-codes": b"\x04\x00\x00\x00\x00", "all-ones": b"\xff" * 100, "lengths-oversubscribed": b"\xfd\xff\xff\xff\xff",
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
    invalid.add(f"random-bytes-{seed}", "RFC 6455 7.4.1", f"random bytes, seed {seed}, as compressed messages", random_bytes, seed)


def not_text(case, *parts):
    client = compressing(case)
    deflate = Deflate()
    payload = deflate.compress(b"".join(parts))
    client.send_raw_compressed(TEXT, payload)
    client.expect_failed(1007)


invalid.table("RFC 6455 8.1", "text that is not UTF-8 ({name}) is 1007 compressed, too", not_text, {
    "text-ff": b"\xff", "text-surrogate": b"good \xed\xa0\x80", "text-cut": "größer €".encode()[:-1], "text-overlong": b"\xc0\x80",
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
