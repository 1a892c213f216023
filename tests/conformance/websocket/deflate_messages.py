"""Compressed messages and their contexts (RFC 7692 7.1.1, 7.2): the RFC's examples, what may refer to what."""

import random

from .client import BINARY, CONTINUATION, PING, RSV1, TEXT, Deflate, frame
from .deflate_offers import compressing
from .servers import EveryWay

NO_CONTEXT = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
TEXTS = ["Hello", "größer €𝄞 " * 30, "x" * 100_000, "", "a", "the same again", "the same again", "Hello"]

# --- examples of the RFC ------------------------------------------------------------------------------------------------------

messages = EveryWay("deflate-messages")


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


@messages.case("no-context-of-the-client", "RFC 7692 7.1.1.2", "without takeover a reference to an earlier message is 1007")
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
