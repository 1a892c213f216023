"""A websocket client whose every bit is the test's (RFC 6455 5.2). In: frames, whole, wrong or cut. Out: frames as received."""

import base64
import hashlib
import os
import struct

from wire import Closed, Http

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MASK = b"\x37\xfa\x21\x3d"


def masked(payload, mask=MASK):
    if mask == b"\0\0\0\0":
        return payload
    repeated = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(payload), "big")


def frame(opcode, payload=b"", fin=True, rsv=0, mask=MASK, length=None, form=None):
    """One frame. `length`: what its header claims; `form`: 0, 2 or 8 bytes of extended length instead of the shortest;
    `mask` None: unmasked, which clients must not send."""
    if isinstance(payload, str):
        payload = payload.encode()
    claimed = len(payload) if length is None else length
    if form is None:
        form = 0 if claimed < 126 else 2 if claimed < 65536 else 8
    bit = 0 if mask is None else 0x80
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if form == 0:
        head += bytes([bit | claimed])
    elif form == 2:
        head += bytes([bit | 126]) + struct.pack(">H", claimed)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", claimed)
    return head + payload if mask is None else head + mask + masked(payload, mask)


def close_payload(code=None, reason=b""):
    if isinstance(reason, str):
        reason = reason.encode()
    return b"" if code is None else struct.pack(">H", code) + reason


def accept_value(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


class Frame:
    def __init__(self, fin, rsv, opcode, payload):
        self.fin, self.rsv, self.opcode, self.payload = fin, rsv, opcode, payload

    @property
    def code(self):
        """Of a close frame; 1005 when it is empty."""
        assert self.opcode == CLOSE, self
        return struct.unpack(">H", self.payload[:2])[0] if self.payload else 1005

    @property
    def reason(self):
        return self.payload[2:].decode()

    def __repr__(self):
        return f"<fin={self.fin} rsv={self.rsv} opcode={self.opcode} {len(self.payload)} bytes {self.payload[:60]!r}>"


class WebSocket(Http):
    def handshake_text(self, target="/echo", headers=(), drop=(), **options):
        """The bytes of a handshake. `headers` replaces those of the same name; names in `drop` are left out."""
        self.key = base64.b64encode(os.urandom(16)).decode()
        standard = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", self.key),
                    ("Sec-WebSocket-Version", "13")]
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
        own = {name.lower() for name, _ in pairs} | {name.lower() for name in drop}
        pairs = [pair for pair in standard if pair[0].lower() not in own] + pairs
        return self.text("GET", target, pairs, **options)

    def start(self, target="/echo", headers=(), drop=(), behind=b"", **options):
        """Sends the handshake, `behind` in the same segment."""
        self.send(self.handshake_text(target, headers, drop, **options) + behind)

    def finish_handshake(self):
        """Reads a 101 and checks all of it."""
        answer = self.head()
        if answer.status != 101:
            self.read_body(answer, "GET")
        assert answer.status == 101, f"the handshake was answered {answer}"
        assert answer.get("Upgrade").lower() == "websocket", answer
        assert answer.get("Connection").lower() == "upgrade", answer
        assert answer.get("Sec-WebSocket-Accept") == accept_value(self.key), answer
        assert answer.get("Content-Length") is None and answer.get("Transfer-Encoding") is None, answer
        self.answer = answer
        return self

    def open(self, target="/echo", headers=(), behind=b"", **options):
        self.start(target, headers, behind=behind, **options)
        return self.finish_handshake()

    # --- frames ---------------------------------------------------------------------------------------------------
    def send_frame(self, opcode, payload=b"", **how):
        self.send(frame(opcode, payload, **how))

    def send_text(self, text):
        self.send_frame(TEXT, text)

    def send_binary(self, data):
        self.send_frame(BINARY, data)

    def send_fragments(self, opcode, pieces):
        last = len(pieces) - 1
        self.send(b"".join(frame(CONTINUATION if index else opcode, piece, fin=index == last)
                           for index, piece in enumerate(pieces)))

    def send_close(self, code=None, reason=b""):
        self.send_frame(CLOSE, close_payload(code, reason))

    def read_frame(self, rsv=0):
        """`rsv`: the reserved bits that may be set, 4 where compression was agreed."""
        first, second = self.read(2)
        assert not second & 0x80, "a server must not mask (RFC 6455 5.1)"
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self.read(2))[0]
            assert size > 125, "a length in more bytes than it needs (RFC 6455 5.2)"
        elif size == 127:
            size = struct.unpack(">Q", self.read(8))[0]
            assert size > 65535, "a length in more bytes than it needs (RFC 6455 5.2)"
        result = Frame(bool(first & 0x80), first >> 4 & 7, first & 15, self.read(size))
        assert result.opcode in (0, 1, 2, 8, 9, 10) and result.rsv in (0, rsv), result
        assert result.opcode < 8 or (result.fin and size < 126), result
        return result

    def read_but_pings(self):
        """The next frame that is no ping. The server asks who has said nothing for a while, and gets its answer."""
        while (received := self.read_frame()).opcode == PING:
            self.send_frame(PONG, received.payload)
        return received

    def read_message(self):
        """(opcode, bytes) of the next message, whatever its fragments; a control frame other than a ping is a failure."""
        part = self.read_but_pings()
        assert part.opcode in (TEXT, BINARY), f"a message was expected, not {part}"
        opcode, data = part.opcode, [part.payload]
        while not part.fin:
            part = self.read_but_pings()
            assert part.opcode == CONTINUATION, f"a continuation was expected, not {part}"
            data.append(part.payload)
        return opcode, b"".join(data)

    def read_pong(self):
        result = self.read_but_pings()
        assert result.opcode == PONG, f"a pong was expected, not {result}"
        return result.payload

    def echo(self, data):
        """Sends a message (str: text, bytes: binary) and reads it back."""
        opcode, payload = (TEXT, data.encode()) if isinstance(data, str) else (BINARY, data)
        self.send_frame(opcode, payload)
        assert self.read_message() == (opcode, payload), "the echo differs"

    def expect_close(self, code, answer=True):
        """The next frame is a close with `code`; it is answered unless we closed first; then the connection ends."""
        received = self.read_but_pings()
        assert received.opcode == CLOSE, f"close {code} was expected, not {received}"
        assert received.code == code, f"close {code} was expected, not {received.code} {received.reason!r}"
        received.reason.encode()
        if answer:
            self.send_close(code if received.payload else None)
        self.expect_end()
        return received

    def expect_fail(self, code):
        """After something illegal: messages sent before it may still come back, then close `code` and the end."""
        while (received := self.read_frame(rsv=4)).opcode != CLOSE:
            pass
        assert received.code == code, f"close {code} was expected, not {received.code} {received.reason!r}"
        self.send_close(code)
        self.expect_end()
        return received

    def close(self, code=1000, reason=b""):
        """The closing handshake from our side."""
        self.send_close(code, reason)
        return self.expect_close(1005 if code is None else code, answer=False)

    def expect_lost(self):
        """The connection ends without a close frame."""
        try:
            received = self.read_frame()
        except Closed:
            assert not self.buffer, self.buffer
            return
        raise AssertionError(f"the connection was to be dropped, but {received} came")
