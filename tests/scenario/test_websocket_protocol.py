"""RFC 6455 frame by frame, through the gateway to websocket_echo and back: over the link, where boundaries and types come
back as sent, and over a STREAM socket, where bytes do. What is illegal fails the same way in both."""

import random
import select
import struct

from harness import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Case, close_payload, deadline, frame,
                     scaled)

LENGTHS = [0, 1, 2, 124, 125, 126, 127, 128, 65534, 65535, 65536, 65537, 131060, 131072, 262144, 1 << 20]
LIMIT = 16 << 20


def pattern(size):
    return random.Random(size).randbytes(size)


class Echo(Case):
    stream = False

    def setUp(self):
        super().setUp()
        self.server = self.gateway()
        self.app = self.echo(stream=self.stream)

    def client(self):
        return self.server.websocket("/echo")

    def check_back(self, client, messages):
        """What was sent comes back: as messages over the link, as bytes over a stream."""
        if not self.stream:
            for opcode, payload in messages:
                got = client.read_message()
                self.assertEqual((opcode, len(payload)), (got[0], len(got[1])))
                self.assertTrue(payload == got[1], "the bytes differ")
            return
        expected = b"".join(payload for _, payload in messages)
        got = bytearray()
        while len(got) < len(expected):
            got += client.read_message()[1]
        self.assertTrue(expected == got, f"{len(got)} bytes instead of {len(expected)}, or others")

    def check_alive(self, client):
        client.send_text("still here")
        self.check_back(client, [(TEXT, b"still here")])

    def check_failed(self, data, code, before=()):
        client = self.client()
        for text in before:
            client.send(text)
        client.send(data)
        client.expect_fail(code)


class Lengths(Echo):
    def data(self, size):
        """Text over a stream: as text it is one type whatever the framing makes of it."""
        return (b"0123456789abcdef" * (size // 16 + 1))[:size] if self.stream else pattern(size)

    def test_every_boundary_binary_and_text(self):
        client = self.client()
        for size in LENGTHS:
            with self.subTest(size=size):
                for opcode in (TEXT, BINARY):
                    payload = b"x" * size if opcode == TEXT else self.data(size)
                    client.send_frame(opcode, payload)
                    self.check_back(client, [(opcode, payload)])
        self.check_alive(client)

    def send_reading(self, client, data):
        """Sends more than the way there and back holds: what comes meanwhile is read. Sent bytes are not messages yet."""
        client.sock.setblocking(False)
        view, at = memoryview(data), 0
        while at < len(data):
            readable, writable, _ = select.select([client.sock], [client.sock], [], scaled(10))
            self.assertTrue(readable or writable, f"stuck after {at} bytes")
            if readable:
                client.fill()
                client.sock.setblocking(False)
            if writable:
                try:
                    at += client.sock.send(view[at:at + 262144])
                except BlockingIOError:
                    pass

    @deadline(60)
    def test_the_largest_message(self):
        client = self.client()
        payload = self.data(LIMIT)
        self.send_reading(client, frame(BINARY, payload))
        self.check_back(client, [(BINARY, payload)])
        self.check_alive(client)

    def test_a_larger_message_is_1009_by_its_header(self):
        for claimed in (LIMIT + 1, 1 << 32, (1 << 63) - 1):
            with self.subTest(claimed=claimed):
                self.check_failed(frame(BINARY, b"x", length=claimed), 1009)

    @deadline(60)
    def test_a_larger_message_in_fragments_is_1009(self):
        client = self.client()
        self.send_reading(client, frame(BINARY, self.data(LIMIT), fin=False) + frame(CONTINUATION, b"xy"))
        client.expect_fail(1009)

    def test_forged_lengths_are_1002(self):
        self.check_failed(frame(BINARY, b"x", length=1 << 63, form=8), 1002)
        self.check_failed(frame(BINARY, b"x", length=(1 << 64) - 1, form=8), 1002)

    def test_lengths_in_more_bytes_than_needed_are_1002(self):
        for size, form in ((0, 2), (125, 2), (0, 8), (125, 8), (126, 8), (65535, 8)):
            with self.subTest(size=size, form=form):
                self.check_failed(frame(BINARY, b"x" * size, form=form), 1002)

    def test_fragments_of_every_boundary(self):
        client = self.client()
        for size in LENGTHS:
            with self.subTest(size=size):
                pieces = [self.data(size), b"", self.data(size)]
                client.send_fragments(BINARY, pieces)
                self.check_back(client, [(BINARY, b"".join(pieces))])

    def test_random_fragments(self):
        chance = random.Random(5)
        client = self.client()
        for _ in range(50):
            payload = self.data(chance.randrange(1, 200_000))
            pieces, rest = [], payload
            while rest:
                size = chance.choice((0, 1, 125, 126, 1000, 65536))
                pieces.append(rest[:size])
                rest = rest[size:]
            client.send_fragments(BINARY, pieces)
            self.check_back(client, [(BINARY, payload)])

    def test_many_messages_in_one_write(self):
        client = self.client()
        sizes = [0, 1, 125, 126, 127, 1000] * 300
        client.send(b"".join(frame(BINARY, self.data(size)) for size in sizes))
        self.check_back(client, [(BINARY, self.data(size)) for size in sizes])

    def test_masks_of_every_kind(self):
        client = self.client()
        for mask in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\1", b"\x80\0\0\0"):
            for size in (1, 2, 3, 4, 5, 7, 8, 31, 32, 33, 63, 64, 65, 1000):
                payload = self.data(size)
                client.send_frame(BINARY, payload, mask=mask)
                self.check_back(client, [(BINARY, payload)])


class Cuts(Echo):
    def test_a_cut_may_fall_anywhere(self):
        client = self.client()
        for text, messages in (
                (frame(TEXT, "hello") + frame(BINARY, b"1234567"), [(TEXT, b"hello"), (BINARY, b"1234567")]),
                (frame(TEXT, "x" * 130), [(TEXT, b"x" * 130)]),
                (frame(TEXT, "häß€𝄞"), [(TEXT, "häß€𝄞".encode())]),
                (frame(TEXT, "one", fin=False) + frame(CONTINUATION, "two"), [(TEXT, b"onetwo")])):
            for cut in range(1, len(text)):
                with self.subTest(cut=cut, length=len(text)):
                    client.send_apart(text[:cut], text[cut:])
                    self.check_back(client, messages)

    def test_a_long_header_cut_anywhere(self):
        payload = b"y" * 65536
        text = frame(BINARY, payload)
        client = self.client()
        for cut in list(range(1, 24)) + [len(text) - 1]:
            with self.subTest(cut=cut):
                client.send_apart(text[:cut], text[cut:])
                self.check_back(client, [(BINARY, payload)])

    def test_single_bytes(self):
        client = self.client()
        text = frame(TEXT, "hello") + frame(PING, "p") + frame(BINARY, b"z" * 126) + frame(TEXT, "ä", fin=False) + \
            frame(CONTINUATION, "€")
        client.send_bytewise(text)
        client.send_frame(PING, "end")
        pongs, data = [], b""
        while len(data) < 5 + 126 + 5 or len(pongs) < 2:
            got = client.read_frame()
            if got.opcode == PONG:
                pongs.append(got.payload)
            else:
                data += got.payload
        self.assertEqual([b"p", b"end"], pongs)
        self.assertEqual(b"hello" + b"z" * 126 + "ä€".encode(), data)

    def test_cut_control_frames(self):
        client = self.client()
        text = frame(PING, b"payload")
        for cut in range(1, len(text)):
            client.send_apart(text[:cut], text[cut:])
            self.assertEqual(b"payload", client.read_pong())
        text = frame(CLOSE, close_payload(3456, "why"))
        for cut in range(1, len(text)):
            client = self.client()
            client.send_apart(text[:cut], text[cut:])
            client.expect_close(3456, answer=False)


class ControlFrames(Echo):
    def test_pings_are_answered_with_their_payload(self):
        client = self.client()
        for payload in (b"", b"x", b"\0\xff", b"y" * 124, b"z" * 125):
            client.send_frame(PING, payload)
            self.assertEqual(payload, client.read_pong())

    def test_between_fragments(self):
        client = self.client()
        client.send(frame(TEXT, "he", fin=False) + frame(PING, "1") + frame(CONTINUATION, "l", fin=False) +
                    frame(PONG, "unasked") + frame(PING, "2") + frame(CONTINUATION, "lo"))
        seen, data = [], b""
        while len(data) < 5 or len(seen) < 2:
            got = client.read_frame()
            if got.opcode == PONG:
                seen.append(got.payload)
            else:
                data += got.payload
        self.assertEqual(([b"1", b"2"], b"hello"), (seen, data))

    def test_a_ping_inside_a_message_is_answered_before_its_end(self):
        client = self.client()
        client.send(frame(TEXT, "he", fin=False) + frame(PING, "now"))
        while (got := client.read_frame()).opcode != PONG:
            self.assertEqual(b"he", got.payload)
        self.assertEqual(b"now", got.payload)

    def test_a_close_inside_a_message(self):
        client = self.client()
        client.send(frame(TEXT, "he", fin=False) + frame(CLOSE, close_payload(1000)))
        self.assertEqual(1000, self.read_to_close(client).code)

    def read_to_close(self, client):
        while (got := client.read_frame()).opcode != CLOSE:
            pass
        return got

    def test_unasked_pongs_are_ignored(self):
        client = self.client()
        client.send(frame(PONG) + frame(PONG, "x" * 125))
        self.check_alive(client)

    def test_too_long_ones_are_1002(self):
        for opcode in (PING, PONG, CLOSE):
            with self.subTest(opcode=opcode):
                self.check_failed(frame(opcode, b"\3\xe8" + b"x" * 124), 1002)
                self.check_failed(frame(opcode, b"", length=70000), 1002)

    def test_fragmented_ones_are_1002(self):
        for opcode in (PING, PONG, CLOSE):
            with self.subTest(opcode=opcode):
                self.check_failed(frame(opcode, close_payload(1000), fin=False), 1002)

    def test_many_pings_do_not_disturb_messages(self):
        client = self.client()
        client.send(b"".join(frame(PING, str(n)) + frame(TEXT, f"{n:04}") for n in range(500)))
        data, last = b"", b""
        while len(data) < 2000 or last != b"499":
            got = client.read_frame()
            if got.opcode == PONG:
                self.assertGreater(int(got.payload), int(last or -1))
                last = got.payload
            else:
                data += got.payload
        self.assertEqual("".join(f"{n:04}" for n in range(500)).encode(), data)


class Violations(Echo):
    def test_reserved_bits(self):
        for rsv in range(1, 8):
            for opcode in (TEXT, PING, CLOSE):
                with self.subTest(rsv=rsv, opcode=opcode):
                    self.check_failed(frame(opcode, b"\3\xe8", rsv=rsv), 1002)

    def test_reserved_opcodes(self):
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            with self.subTest(opcode=opcode):
                self.check_failed(frame(opcode, b"x"), 1002)

    def test_unmasked_frames(self):
        for opcode, payload in ((TEXT, b"x"), (BINARY, b""), (PING, b"x"), (CLOSE, b"\3\xe8")):
            with self.subTest(opcode=opcode):
                self.check_failed(frame(opcode, payload, mask=None), 1002)

    def test_continuation_of_nothing(self):
        self.check_failed(frame(CONTINUATION, b"x"), 1002)
        self.check_failed(frame(CONTINUATION, b"x", fin=False), 1002)
        self.check_failed(frame(CONTINUATION, b"x"), 1002, [frame(TEXT, "a", fin=False) + frame(CONTINUATION, "b")])

    def test_a_message_inside_a_message(self):
        for opcode in (TEXT, BINARY):
            self.check_failed(frame(opcode, b"x"), 1002, [frame(TEXT, "a", fin=False)])

    def test_a_failure_is_seen_in_the_first_byte(self):
        # RFC 6455 7.1.7: no need to wait for the rest of a frame that is already wrong.
        client = self.client()
        client.send(b"\xf1")
        client.finish()
        got = client.read_all()
        self.assertTrue(got == b"" or got[:1] == b"\x88")

    def test_nothing_behind_a_failure_counts(self):
        client = self.client()
        client.send(frame(3) + frame(TEXT, "never") + frame(CLOSE, close_payload(1000)))
        got = client.read_frame()
        self.assertEqual((CLOSE, 1002), (got.opcode, got.code))
        client.expect_end()

    def test_messages_before_a_failure_were_delivered(self):
        client = self.client()
        client.echo("before") if not self.stream else self.check_alive(client)
        client.send(frame(3))
        client.expect_fail(1002)

    def test_others_are_not_disturbed(self):
        good = self.client()
        for _ in range(20):
            self.check_failed(frame(TEXT, b"\xff"), 1007)
            self.check_alive(good)

    def test_1024_fragments_pass_1025_do_not(self):
        client = self.client()
        client.send_fragments(TEXT, [b"x"] * 1024)
        self.check_back(client, [(TEXT, b"x" * 1024)])
        client.send_fragments(TEXT, [b"x"] * 1025)
        while (got := client.read_frame()).opcode != CLOSE:
            pass
        self.assertIn(got.code, (1008, 1009))


VALID = ["", "ASCII", "\x00", "\x7f", "\x80", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff",
         "κόσμε", "日本語", "🦫 marmots", "a\u0300"]
INVALID = [b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xc2", b"\xc2\x41", b"\xe0\x80\x80", b"\xe0\x9f\xbf", b"\xe1\x80",
           b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf", b"\xf0\x90\x80", b"\xf4\x90\x80\x80",
           b"\xf5\x80\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfe", b"\xff", b"ok \xce\xba\xff ok", b"\xe6\x97\xa5\xe6\x9c"]


class Utf8(Echo):
    def test_valid_text(self):
        client = self.client()
        for text in VALID:
            with self.subTest(text=text):
                if self.stream and "\0" in text:
                    continue  # there a NUL ends a message
                client.send_text(text)
                self.check_back(client, [(TEXT, text.encode())])

    def test_characters_cut_by_fragments(self):
        client = self.client()
        data = "aä€𝄞z".encode()
        for cut in range(len(data) + 1):
            client.send_fragments(TEXT, [data[:cut], data[cut:]])
            self.check_back(client, [(TEXT, data)])
        client.send_fragments(TEXT, [data[at:at + 1] for at in range(len(data))])
        self.check_back(client, [(TEXT, data)])

    def test_invalid_text_is_1007(self):
        for data in INVALID:
            with self.subTest(data=data):
                self.check_failed(frame(TEXT, data), 1007)

    def test_invalid_text_in_fragments_is_1007(self):
        for data in INVALID:
            with self.subTest(data=data):
                self.check_failed(frame(TEXT, data[:1], fin=False) + frame(CONTINUATION, data[1:]), 1007)

    def test_behind_much_good_text(self):
        for size in (7, 8, 31, 32, 33, 1000, 100_000):
            with self.subTest(size=size):
                self.check_failed(frame(TEXT, b"x" * size + b"\xff"), 1007)
                self.check_failed(frame(TEXT, b"x" * size + b"\xed\xa0\x80" + b"x" * size), 1007)

    def test_fails_before_the_message_is_complete(self):
        self.check_failed(frame(TEXT, b"good \xff", fin=False), 1007)
        self.check_failed(frame(TEXT, b"\xed\xa0", fin=False), 1007)
        self.check_failed(frame(CONTINUATION, b"\x41", fin=False), 1007, [frame(TEXT, b"\xce", fin=False)])

    def test_fails_before_the_frame_is_complete(self):
        self.check_failed(frame(TEXT, b"good \xff", length=1000), 1007)

    def test_a_character_unfinished_at_the_end_of_a_message(self):
        self.check_failed(frame(TEXT, "€".encode()[:2]), 1007)
        self.check_failed(frame(CONTINUATION, "€".encode()[:2]), 1007, [frame(TEXT, "ok", fin=False)])

    def test_binary_is_not_looked_at(self):
        if self.stream:
            return  # what a stream gives back has no type
        client = self.client()
        for data in INVALID:
            client.send_binary(data)
            self.check_back(client, [(BINARY, data)])


class Closing(Echo):
    def test_codes_are_answered_with_themselves(self):
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999):
            with self.subTest(code=code):
                client = self.client()
                client.close(code, "reason")

    def test_an_empty_close_is_answered_with_an_empty_one(self):
        client = self.client()
        client.send_frame(CLOSE)
        got = client.read_frame()
        self.assertEqual((CLOSE, b""), (got.opcode, got.payload))
        client.expect_end()

    def test_codes_that_may_not_be_sent_are_1002(self):
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
            with self.subTest(code=code):
                self.check_failed(frame(CLOSE, struct.pack(">H", code)), 1002)

    def test_half_a_code_is_1002(self):
        self.check_failed(frame(CLOSE, b"\3"), 1002)

    def test_reasons_are_text(self):
        self.client().close(1000, "größer".encode())
        self.client().close(1000, b"x" * 123)
        self.check_failed(frame(CLOSE, close_payload(1000, b"\xff")), 1007)
        self.check_failed(frame(CLOSE, close_payload(1000, "€".encode()[:2])), 1007)

    def test_what_was_sent_before_comes_back_first(self):
        client = self.client()
        for number in range(20):
            client.send_text(f"{number:02}")
        self.check_back(client, [(TEXT, f"{number:02}".encode()) for number in range(20)])
        client.close(1000)

    def test_nothing_behind_a_close_counts(self):
        client = self.client()
        client.send(frame(CLOSE, close_payload(1000)) + frame(TEXT, "late") + frame(3) + frame(CLOSE, close_payload(4000)))
        client.expect_close(1000, answer=False)

    def test_an_end_without_a_close_frame(self):
        client = self.client()
        client.send_text("hello")
        client.finish()
        self.assertNotEqual(None, client.read_all())
        self.check_alive(self.client())


class LengthsOverStream(Lengths):
    stream = True


class CutsOverStream(Cuts):
    stream = True


class ControlFramesOverStream(ControlFrames):
    stream = True


class ViolationsOverStream(Violations):
    stream = True


class Utf8OverStream(Utf8):
    stream = True


class ClosingOverStream(Closing):
    stream = True


class Alone(Lengths):
    """The same with everything in one process."""

    def setUp(self):
        Case.setUp(self)
        self.server = self.gateway(workers=0)
        self.app = self.echo()
