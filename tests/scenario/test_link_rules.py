"""A system server that breaks the link's rules: the link ends with a logged reason, its clients get 1012, and the gateway lives:
other names go on, and the next handshake connects again."""

import json
import os
import random
import socket
import struct

from harness import (ACCEPT, CREDIT, END, F_FIRST, F_LAST, HANDOVER, HEADER, HELLO, JOIN, LEAVE, LINK_PONG, MESSAGE, OPEN, PUBLISH,
                     REJECT, WHOLE, Case, Record)

UNKNOWN = 0x12345678


class Rules(Case):
    def setUp(self):
        super().setUp()
        self.server = self.gateway()
        self.app = self.link_server()
        self.worker = self.server.workers()

    def check_ended(self, send):
        """`send(link, id)` does what is wrong."""
        client = self.server.websocket()
        link, opened = self.app.admit(client)
        send(link, opened.client)
        link.expect_end(skip=(CREDIT, END))
        link.drop()
        client.expect_fail(1012)
        self.server.wait_log("app")
        self.check_alive()

    def check_alive(self):
        self.assertEqual(self.worker, self.server.workers(), "the worker has died")
        client = self.server.websocket()
        link, opened = self.app.admit(client)
        client.send_text("hello")
        self.assertEqual((0, b"hello"), link.message(opened.client))
        client.close()
        link.drop()

    def check_each(self, shapes):
        for name, send in shapes.items():
            with self.subTest(name):
                self.check_ended(send)

    def test_malformed_packets(self):
        def packet(text):
            return lambda link, client: link.send_packet(text(client))

        self.check_each({
            "a cut header": packet(lambda client: HEADER.pack(0, client, MESSAGE, WHOLE, 0)[:11]),
            "one byte": packet(lambda client: b"\0"),
            "a length beyond the packet": packet(lambda client: HEADER.pack(5, client, MESSAGE, WHOLE, 0) + b"four"),
            "a huge length": packet(lambda client: HEADER.pack(0xFFFFFFFF, client, MESSAGE, WHOLE, 0) + b"x"),
            "a good record, then a cut one": packet(
                lambda client: Record(MESSAGE, client, "ok", WHOLE).encode() + HEADER.pack(9, client, MESSAGE, WHOLE, 0)),
            "bytes behind the last record": packet(lambda client: Record(MESSAGE, client, "ok", WHOLE).encode() + b"tail"),
            "type 0": packet(lambda client: HEADER.pack(0, client, 0, 0, 0)),
            "type 14": packet(lambda client: HEADER.pack(0, client, 14, 0, 0)),
            "type 255": packet(lambda client: HEADER.pack(0, client, 255, 0, 0)),
            "unknown flags": packet(lambda client: HEADER.pack(1, client, MESSAGE, 0x80 | WHOLE, 0) + b"x"),
        })

    def test_a_packet_too_large(self):
        def send(link, client):
            link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            link.send_packet(Record(MESSAGE, client, b"x" * 140_000, WHOLE).encode())
        self.check_ended(send)

    def test_records_of_the_wrong_kind(self):
        def record(type, payload=b"", number=None, **fields):
            return lambda link, client: link.send(Record(type, client if number is None else number, payload, **fields))

        self.check_each({
            "MESSAGE to client 0": record(MESSAGE, "x", 0, flags=WHOLE),
            "MESSAGE to an id never opened": record(MESSAGE, "x", UNKNOWN, flags=WHOLE),
            "CLOSE of an id never opened": record(END, "x", UNKNOWN),
            "ACCEPT of an id never opened": record(ACCEPT, "", UNKNOWN),
            "REJECT of an id never opened": record(REJECT, "", UNKNOWN, code=403),
            "CREDIT to an id never opened": record(CREDIT, struct.pack("=I", 5), UNKNOWN),
            "JOIN of an id never opened": record(JOIN, "room", UNKNOWN),
            "LEAVE of an id never opened": record(LEAVE, "room", UNKNOWN),
            "a short CREDIT": record(CREDIT, b"abc"),
            "a long CREDIT": record(CREDIT, b"abcdefgh"),
            "OPEN, which is the gateway's": record(OPEN, "{}"),
            "OPEN of a new id": record(OPEN, "{}", UNKNOWN),
            "HANDOVER, which is the gateway's": record(HANDOVER),
            "a second HELLO": record(HELLO, json.dumps({"version": 1, "window": 5}), 0),
            "HELLO for a client": record(HELLO, json.dumps({"version": 1})),
            "a second ACCEPT": record(ACCEPT),
            "REJECT after ACCEPT": record(REJECT, code=403),
            "PUBLISH without a topic": record(PUBLISH, b"", 0, flags=WHOLE),
        })

    def test_the_order_within_messages(self):
        def records(*flags):
            return lambda link, client: link.send(*(Record(MESSAGE, client, "x", flag) for flag in flags))

        self.check_each({
            "a second FIRST": records(F_FIRST, F_FIRST),
            "a whole message inside another": records(F_FIRST, WHOLE),
            "no FIRST": records(0),
            "LAST of nothing": records(F_LAST),
            "LAST again": records(F_FIRST, F_LAST, F_LAST),
        })

    def test_messages_before_accept(self):
        client = self.server.websocket()
        client.start("/app")
        link = self.app.greet()
        opened = link.expect(OPEN)
        link.say(opened.client, "too early")
        link.expect_end(skip=(END,))
        self.assertEqual(503, client.response().status)
        link.drop()
        self.check_alive()

    def test_unexpected_descriptors(self):
        def send(link, client):
            reader, writer = os.pipe()
            with open("/dev/null", "rb") as null:
                link.send_packet(Record(MESSAGE, client, "x", WHOLE).encode(), [null.fileno(), reader, writer])
            os.close(writer)
            os.close(reader)
        self.check_alive()  # the worker has opened what it needs
        before = sum(self.count_descriptors())
        for _ in range(3):
            self.check_ended(send)
        self.assertLessEqual(sum(self.count_descriptors()), before + 1, "descriptors were left open")

    def count_descriptors(self):
        return [sum(not self.is_socket(f"/proc/{pid}/fd/{entry}") for entry in os.listdir(f"/proc/{pid}/fd"))
                for pid in self.worker]

    def is_socket(self, entry):
        try:
            return os.readlink(entry).startswith("socket:")
        except FileNotFoundError:
            return True  # closed since they were listed, as those of the last client are

    def test_the_first_record_must_be_a_hello(self):
        def hello(**fields):
            return lambda link: link.send(Record(HELLO, 0, json.dumps(fields)))

        good = {"version": 1, "software": "x", "pid": 1, "window": 1000, "max_message": 1000}
        shapes = {
            "ACCEPT first": lambda link: link.send(Record(ACCEPT, 1)),
            "PONG first": lambda link: link.send(Record(LINK_PONG, 0)),
            "no JSON": lambda link: link.send(Record(HELLO, 0, "hello")),
            "empty": lambda link: link.send(Record(HELLO, 0, "")),
            "an array": lambda link: link.send(Record(HELLO, 0, "[1]")),
            "deeply nested": lambda link: link.send(Record(HELLO, 0, "[" * 100_000)),
            "not UTF-8": lambda link: link.send(Record(HELLO, 0, b'{"version": 1, "software": "\xff", "window": 1000}')),
            "version 2": hello(**{**good, "version": 2}),
            "version 0": hello(**{**good, "version": 0}),
            "version as text": hello(**{**good, "version": "1"}),
            "no version": hello(software="x", window=1000),
            "a negative window": hello(**{**good, "window": -5}),
            "a window that is text": hello(**{**good, "window": "big"}),
        }
        for name, send in shapes.items():
            with self.subTest(name):
                client = self.server.websocket()
                client.start("/app")
                link = self.app.link()
                link.expect(HELLO)
                send(link)
                link.expect_end(skip=(OPEN, END))
                link.drop()
                self.assertEqual(503, client.response().status)
                self.check_alive()

    def test_no_packet_at_all(self):
        # An empty packet can't be told from the end of the connection.
        client = self.server.websocket()
        link, opened = self.app.admit(client)
        link.sock.send(b"")
        try:
            link.say(opened.client, "behind it")
        except BrokenPipeError:
            pass
        got = client.read_frame()
        self.assertTrue(got.payload == b"behind it" or got.code == 1012, got)
        client.drop()
        link.drop()
        self.check_alive()

    def test_noise(self):
        chance = random.Random(7)
        for _ in range(100):
            client = self.server.websocket()
            link, opened = self.app.admit(client)
            try:
                for _ in range(5):
                    record = Record(chance.randrange(0, 16), chance.choice((0, opened.client, UNKNOWN)),
                                    chance.randbytes(chance.choice((0, 1, 4, 5, 100))), chance.randrange(0, 8),
                                    chance.choice((0, 403, 1000, 1006, 5000)))
                    link.send(record)
            except (BrokenPipeError, ConnectionResetError):
                pass
            link.drop()
            client.drop()
        self.check_alive()

    def test_other_names_go_on(self):
        other_app = self.link_server("other")
        other = self.server.websocket()
        other_link, opened = other_app.admit(other, target="/other")
        self.check_ended(lambda link, client: link.send_packet(b"nonsense"))
        other.send_text("fine")
        self.assertEqual((0, b"fine"), other_link.message(opened.client))
        other_link.say(opened.client, "fine too")
        self.assertEqual(b"fine too", other.read_message()[1])
