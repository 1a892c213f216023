"""Frames between a client and its server (RFC 6455 5): what the client sends, and what it must not take."""

import zlib

from case import Group
from websocket_wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close_payload, frame

from .servers import ABNORMAL, Client, Sent, read_until_close, talk

TAIL = b"\0\0\xff\xff"

# --- what the client sends ------------------------------------------------------------------------------------------------

sending = Group("sending", Client)


def heard(given, *arguments, greeting=()):
    """The client's frames up to its Close frame, when its input is `given`."""
    frames = []

    def script(wire):
        wire.shake_hands()
        for one in greeting:
            wire.send(one)
        frames.extend(read_until_close(wire))
    done = talk(script, "--no-compression", *arguments, given=given)
    assert done.status == 0, done
    return frames


@sending.case("messages-are-masked", "RFC 6455 5.1, 5.3", "every frame of a client is masked, and its mask tells the payload")
def masked(_case):
    texts = [b"x" * size for size in (1, 2, 3, 4, 5, 8, 31, 33, 125, 126, 127, 4096, 5000, 65535, 65536, 200_000)]
    frames = heard(b"\n".join(texts) + b"\n")
    assert all(one.masked for one in frames), frames
    assert [one.payload for one in frames if one.opcode == TEXT] == texts, frames


@sending.case("masks-differ", "RFC 6455 5.3", "each frame has a mask of its own, which nobody can foresee")
def masks_differ(_case):
    frames = heard(b"the same\n" * 50)
    masks = {one.mask for one in frames}
    assert len(masks) == len(frames), f"{len(masks)} masks of {len(frames)} frames"
    assert sum(one.mask == b"\0\0\0\0" for one in frames) == 0, frames


@sending.case("a-line-is-a-text", "RFC 6455 5.6", "a line is one whole text message, an empty one too")
def a_line(_case):
    frames = heard("häß€\n\nlast\n")
    assert [(one.opcode, one.fin, one.rsv, one.payload.decode()) for one in frames[:-1]] == [
        (TEXT, True, 0, "häß€"), (TEXT, True, 0, ""), (TEXT, True, 0, "last")], frames


@sending.case("ends-with-a-close-frame", "RFC 6455 5.5.1", "at its input's end it closes with 1000, and sends nothing behind that")
def ends(_case):
    frames = heard(b"one\n")
    assert (frames[-1].opcode, frames[-1].code, frames[-1].fin) == (CLOSE, 1000, True), frames


@sending.case("pings-are-answered", "RFC 6455 5.5.2, 5.5.3", "a ping is answered with a masked pong of the same payload")
def pings(_case):
    payloads = [b"", b"p", bytes(range(125))]

    def script(wire):
        wire.shake_hands()
        for payload in payloads:
            wire.say(PING, payload)
            pong = Sent(wire)
            assert (pong.opcode, pong.fin, pong.masked, pong.payload) == (PONG, True, True, payload), pong
        wire.say(TEXT, "done")
        read_until_close(wire)
    done = talk(script, "-c", "1")
    assert done.status == 0, done


def closed(_case, payload):
    def script(wire):
        wire.shake_hands()
        wire.say(CLOSE, payload)
        answer = Sent(wire)
        assert (answer.opcode, answer.masked, answer.payload) == (CLOSE, True, payload), answer
    talk(script, "-q", "20")


for name, payload in (("empty", b""), ("1000", close_payload(1000)), ("1001-with-a-reason", close_payload(1001, "größer")),
                      ("4999", close_payload(4999))):
    sending.add(f"answers-a-close-{name}", "RFC 6455 5.5.1", f"the server's close ({name}) is answered with the same", closed,
                payload)

# --- what it must not take ------------------------------------------------------------------------------------------------

refusing = Group("refusing", Client)


def refused(_case, code, data, headers=(), *arguments):
    found = []

    def script(wire):
        wire.shake_hands(*headers)
        wire.send(data)
        while True:
            one = Sent(wire)
            if one.opcode == CLOSE:
                found.append(one)
                break
        wire.wait_end()
    done = talk(script, "-q", "20", *arguments)
    assert done.status == ABNORMAL, done
    assert found[0].code == code, found
    assert found[0].masked, found


DEFLATE = ("Sec-WebSocket-Extensions: permessage-deflate",)


def server_frame(*arguments, **options):
    return frame(*arguments, mask=None, **options)


for name, code, data, *more in (
        ("masked-text", 1002, frame(TEXT, "hello")),
        ("masked-empty", 1002, frame(TEXT)),
        ("masked-binary", 1002, frame(BINARY, b"x" * 70000)),
        ("masked-ping", 1002, frame(PING)),
        ("masked-close", 1002, frame(CLOSE, close_payload(1000))),
        ("masked-continuation", 1002, server_frame(TEXT, "a", fin=False) + frame(CONTINUATION, "b")),
        ("rsv1-without-compression", 1002, server_frame(TEXT, "x", rsv=4)),
        ("rsv2", 1002, server_frame(TEXT, "x", rsv=2)),
        ("rsv3", 1002, server_frame(TEXT, "x", rsv=1)),
        ("opcode-3", 1002, server_frame(3)),
        ("opcode-11", 1002, server_frame(11)),
        ("ping-in-fragments", 1002, server_frame(PING, fin=False)),
        ("ping-of-126", 1002, server_frame(PING, b"x" * 126)),
        ("continuation-of-nothing", 1002, server_frame(CONTINUATION, "x")),
        ("text-inside-text", 1002, server_frame(TEXT, "a", fin=False) + server_frame(TEXT, "b")),
        ("length-not-minimal", 1002, server_frame(TEXT, "x", form=2)),
        ("length-with-top-bit", 1002, server_frame(TEXT, "x", length=1 << 63, form=8)),
        ("close-of-one-byte", 1002, server_frame(CLOSE, b"x")),
        ("close-1005", 1002, server_frame(CLOSE, close_payload(1005))),
        ("close-1006", 1002, server_frame(CLOSE, close_payload(1006))),
        ("close-1015", 1002, server_frame(CLOSE, close_payload(1015))),
        ("text-no-utf8", 1007, server_frame(TEXT, b"\xc3\x28")),
        ("text-that-breaks-off", 1007, server_frame(TEXT, b"\xe2\x82")),
        ("close-reason-no-utf8", 1007, server_frame(CLOSE, b"\x03\xe8\xff")),
        ("too-long", 1009, server_frame(BINARY, b"", length=1 << 40)),
        ("rsv1-on-a-continuation", 1002, server_frame(TEXT, "a", fin=False, rsv=4) + server_frame(CONTINUATION, "b", rsv=4), DEFLATE),
        ("no-deflate-data", 1007, server_frame(TEXT, b"no deflate data", rsv=4), DEFLATE)):
    refusing.add(name, "RFC 6455 5", f"a server's frame that is not allowed ({name.replace('-', ' ')}): {code}", refused, code, data,
                 *more)

# --- what it takes --------------------------------------------------------------------------------------------------------

taking = Group("taking", Client)


def taken(_case, data, lines, headers=(), *arguments):
    def script(wire):
        wire.shake_hands(*headers)
        wire.send(data)
        read_until_close(wire)
    done = talk(script, "-c", str(len(lines)), *arguments)
    assert (done.status, done.lines) == (0, lines), done


def deflated(*texts, bits=15):
    """Messages of one context, as a server sends them."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -bits)
    frames = b""
    for text in texts:
        packed = packer.compress(text.encode()) + packer.flush(zlib.Z_SYNC_FLUSH)
        frames += server_frame(TEXT, packed[:-len(TAIL)], rsv=4)
    return frames


for name, data, lines, *more in (
        ("text", server_frame(TEXT, "häß€"), ["häß€"]),
        ("fragments", server_frame(TEXT, "a", fin=False) + server_frame(PING) + server_frame(CONTINUATION, "b", fin=False) +
         server_frame(CONTINUATION, "c"), ["abc"]),
        ("a-pong-nobody-asked-for", server_frame(PONG, "x") + server_frame(TEXT, "behind"), ["behind"]),
        ("long", server_frame(TEXT, "x" * 70000), ["x" * 70000]),
        ("compressed", deflated("Hello", "Hello", "Hello Hello"), ["Hello", "Hello", "Hello Hello"], DEFLATE),
        ("compressed-and-plain", deflated("Hello") + server_frame(TEXT, "plain"), ["Hello", "plain"], DEFLATE),
        ("compressed-window-9", deflated("Hello" * 1000, "Hello" * 100, bits=9), ["Hello" * 1000, "Hello" * 100],
         ("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9",))):
    taking.add(name, "RFC 6455 5, RFC 7692 7", f"a server's frames become messages: {name.replace('-', ' ')}", taken, data, lines, *more)


def compresses(_case, parameters, bits, takeover):
    """The client's direction: what the answer demands is kept to."""
    texts = ["the same words again and again " * 40] * 4

    def script(wire):
        wire.shake_hands("Sec-WebSocket-Extensions: permessage-deflate" + parameters)
        unpacker = zlib.decompressobj(-bits)
        got = []
        for one in read_until_close(wire)[:-1]:
            assert one.rsv == 4, one
            if not takeover:
                unpacker = zlib.decompressobj(-bits)
            got.append(unpacker.decompress(one.payload + TAIL).decode())
        assert got == texts, got
    done = talk(script, given="".join(f"{text}\n" for text in texts))
    assert done.status == 0, done


for name, parameters, bits, takeover in (("with-takeover", "", 15, True), ("without-takeover", "; client_no_context_takeover", 15, False),
                                         ("window-9", "; client_max_window_bits=9", 9, True)):
    taking.add(f"sends-compressed-{name}", "RFC 7692 7.1", f"what the client sends keeps to what was agreed: {name}", compresses,
               parameters, bits, takeover)
