"""The list's client: the scenarios' raw websocket, which here also compresses and judges how a connection ends. In: frames,
legal or not. Out: what came back, checked bit by bit."""

import fcntl
import os
import socket
import struct
import termios
import time
import zlib

from bounds import scaled
from websocket_wire import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, WebSocket, accept_value, close_payload, frame

RSV1, RSV2, RSV3 = 4, 2, 1
TAIL = b"\0\0\xff\xff"  # what a sync flush ends with and a compressed message leaves out (RFC 7692 7.2.1)


class Deflate:
    """Our direction of permessage-deflate: messages to payloads."""

    def __init__(self, bits=15, takeover=True, level=6):
        self.bits, self.takeover, self.level = bits, takeover, level
        self.compressor = None

    def fresh(self, strategy=zlib.Z_DEFAULT_STRATEGY):
        # zlib's deflate has no window of 256 bytes: 512, emptied often enough, is never looked back at further than that.
        return zlib.compressobj(self.level, zlib.DEFLATED, -max(self.bits, 9), 8, strategy)

    def compress(self, data):
        if isinstance(data, str):
            data = data.encode()
        if not self.compressor or not self.takeover:
            self.compressor = self.fresh()
        if self.bits > 8:
            packed = self.compressor.compress(data) + self.compressor.flush(zlib.Z_SYNC_FLUSH)
        else:
            packed = b"".join(self.compressor.compress(data[at:at + 200]) + self.compressor.flush(zlib.Z_FULL_FLUSH)
                              for at in range(0, max(len(data), 1), 200))
        assert packed.endswith(TAIL)
        return packed[:-4] or b"\0"


class Inflate:
    """The gateway's direction: payloads to messages. A reference beyond a window of 2^bits is an error."""

    def __init__(self, bits=15, takeover=True):
        self.bits, self.takeover = bits, takeover
        self.decompressor = zlib.decompressobj(-bits)

    def expand(self, payload):
        if not self.takeover:
            self.decompressor = zlib.decompressobj(-self.bits)
        payload += TAIL
        data = self.decompressor.decompress(payload) if self.bits == 15 else self.expand_bytewise(payload)
        assert not self.decompressor.eof, "a final block (BFINAL) in the middle of a context"
        return data

    def expand_bytewise(self, payload):
        """zlib keeps to a small window only from call to call, so each call gives one byte."""
        data = []
        for at in range(0, len(payload), 16):
            rest = payload[at:at + 16]
            while byte := self.decompressor.decompress(rest, 1):
                data.append(byte)
                rest = self.decompressor.unconsumed_tail
        return b"".join(data)


class Message:
    """What read_message() found: type, bytes, and whether it came compressed."""

    def __init__(self, opcode, data, compressed, wire_size):
        self.opcode, self.data, self.compressed, self.wire_size = opcode, data, compressed, wire_size

    def __repr__(self):
        return f"<opcode={self.opcode} compressed={self.compressed} {len(self.data)} bytes {self.data[:60]!r}>"


class Client(WebSocket):
    inflate = None  # while permessage-deflate is in use
    deflate = None

    # --- sending --------------------------------------------------------------------------------------------------
    def send_apart(self, *pieces):
        """Each piece is sent only when the gateway has read the one before. A UNIX socket tells that by itself; nothing else
        does, so this is for connections to the gateway's UNIX listener."""
        for piece in pieces:
            self.send(piece)
            self.wait_until_read()

    def wait_until_read(self):
        """What was sent is in the gateway's hands, or in those of the server that was handed the connection."""
        assert self.sock.family == socket.AF_UNIX
        end = time.monotonic() + scaled(self.patience)
        while not self.reset and struct.unpack("i", fcntl.ioctl(self.sock, termios.TIOCOUTQ, b"\0\0\0\0"))[0]:
            assert time.monotonic() < end, "the gateway does not read what was sent"
            os.sched_yield()

    def send_cut(self, data, *cuts):
        self.send_apart(*(data[begin:end] for begin, end in zip((0,) + cuts, cuts + (len(data),))))

    def send_compressed(self, opcode, data, pieces=1):
        """A message through our compressor, in `pieces` frames."""
        self.send_raw_compressed(opcode, self.deflate.compress(data), pieces)

    def send_raw_compressed(self, opcode, payload, pieces=1):
        size = -(-len(payload) // pieces)
        parts = [payload[at * size:(at + 1) * size] for at in range(pieces)]
        self.send(b"".join(frame(CONTINUATION if at else opcode, part, fin=at == pieces - 1, rsv=0 if at else RSV1)
                           for at, part in enumerate(parts)))

    # --- receiving ------------------------------------------------------------------------------------------------
    def read_frame(self):
        """The next frame; what no server may send is a failure here."""
        first, second = self.read(2)
        assert not second & 0x80, "a server must not mask (RFC 6455 5.1)"
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self.read(2))[0]
            assert size > 125, "a length in more bytes than it needs (RFC 6455 5.2)"
        elif size == 127:
            size = struct.unpack(">Q", self.read(8))[0]
            assert size > 65535, "a length in more bytes than it needs (RFC 6455 5.2)"
        got = Frame(bool(first & 0x80), first >> 4 & 7, first & 15, self.read(size))
        assert got.opcode in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG), f"a reserved opcode: {got}"
        may_compress = self.inflate is not None and got.opcode in (TEXT, BINARY)
        assert got.rsv == 0 or (got.rsv == RSV1 and may_compress), f"reserved bits: {got}"
        assert got.opcode < 8 or (got.fin and size < 126), f"a control frame in parts, or too long: {got}"
        return got

    def read_whole(self):
        """The next message, whatever its fragments; a control frame is a failure."""
        part = self.read_frame()
        assert part.opcode in (TEXT, BINARY), f"a message was expected, not {part}"
        opcode, compressed, data = part.opcode, part.rsv == RSV1, [part.payload]
        while not part.fin:
            part = self.read_frame()
            assert part.opcode == CONTINUATION, f"a continuation was expected, not {part}"
            data.append(part.payload)
        payload = b"".join(data)
        whole = self.inflate.expand(payload) if compressed else payload
        if opcode == TEXT:
            whole.decode()
        return Message(opcode, whole, compressed, len(payload))

    def read_message(self):
        got = self.read_whole()
        return got.opcode, got.data

    # --- expecting ------------------------------------------------------------------------------------------------
    def expect_message(self, opcode, data):
        if isinstance(data, str):
            data = data.encode()
        got = self.read_whole()
        assert got.opcode == opcode, f"type {opcode} was expected, not {got}"
        assert len(got.data) == len(data), f"{len(data)} bytes were expected, not {got}"
        assert got.data == data, f"the bytes differ: {got}"
        return got

    def expect_alive(self, text="still here"):
        """The connection is in order: a message goes through."""
        self.send_frame(TEXT, text)
        self.expect_message(TEXT, text)

    def expect_failed(self, *codes, in_answer=False):
        """RFC 6455 7.1.7: a Close frame with one of these codes is the next and last thing that comes, and the gateway ends
        the connection without waiting for ours. `in_answer`: the echo of a large message begins before the message ends,
        and may break off with it."""
        got = self.read_frame()
        while in_answer and got.opcode in (TEXT, BINARY, CONTINUATION) and not got.fin:
            got = self.read_frame()
        assert got.opcode == CLOSE, f"close {codes} was expected, not {got}"
        assert got.code in codes, f"close {codes} was expected, not {got.code} {got.reason!r}"
        self.expect_end()
        return got

    def expect_closed(self, payload):
        """RFC 6455 5.5.1: our Close frame is answered with the same payload, once, and the gateway ends the connection."""
        got = self.read_frame()
        assert got.opcode == CLOSE, f"a close was expected, not {got}"
        assert got.payload == payload, f"close {payload!r} was expected, not {got}"
        self.expect_end()
        assert not self.reset, "a reset instead of an end"

    def expect_pongs(self, *payloads):
        for payload in payloads:
            got = self.read_pong()
            assert got == payload, f"pong {payload!r} was expected, not {got!r}"


class PlainClient(Client):
    """Talks to an echo server that knows only sockets. Such a program sees no types, so what it sends is text where it is UTF-8
    (as WEBSOCKET_TYPE=auto has it, the default), and no empty messages: they would be the end to it, and don't come back."""

    def expect_message(self, opcode, data):
        if isinstance(data, str):
            data = data.encode()
        if not data:
            return None
        try:
            data.decode()
            return super().expect_message(TEXT, data)
        except UnicodeDecodeError:
            return super().expect_message(BINARY, data)


def agreed(response):
    """Sec-WebSocket-Extensions of a 101 as [(name, {parameter: value or None})]."""
    extensions = []
    for value in response.all("Sec-WebSocket-Extensions"):
        for extension in value.split(","):
            name, *parameters = (part.strip() for part in extension.split(";"))
            pairs = [parameter.partition("=")[::2] for parameter in parameters]
            assert len({key for key, _ in pairs}) == len(pairs), f"a parameter twice: {value}"
            extensions.append((name, {key: text or None for key, text in pairs}))
    return extensions


__all__ = ["BINARY", "CLOSE", "CONTINUATION", "Client", "Deflate", "Inflate", "PING", "PONG", "PlainClient", "RSV1", "RSV2", "RSV3", "TAIL",
           "TEXT", "accept_value", "agreed", "close_payload", "frame"]
