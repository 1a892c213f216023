"""Compressed messages in frames (RFC 7692 6): fragments, pieces, control frames between, and reserved bits where none may be."""

from .client import BINARY, CONTINUATION, PING, PONG, RSV1, RSV2, RSV3, TEXT, close_payload, frame
from .deflate_offers import accepted_with, compressing
from .servers import EveryWay

frames = EveryWay("deflate-frames")


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
    client.send(frame(TEXT, payload[:3], rsv=RSV1, fin=False) + frame(PING, "now") + frame(PONG) +
                frame(CONTINUATION, payload[3:]))
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
