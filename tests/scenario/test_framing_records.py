"""STREAM servers that speak the link's records, one connection a client (framing = "records"): the server here is the test
itself, and websocket_echo."""

import json
import os
import socket
import struct

from harness import (ACCEPT, BINARY, CLOSE, CREDIT, END, F_BINARY, F_FIRST, F_LAST, HELLO, LINK_PING, LINK_PONG, MESSAGE,
                     OPEN, TEXT, Case, Record, RecordServer, descriptors, frame, wait_for)


class Records(Case):
    keys = 'framing = "records";'

    def setUp(self):
        super().setUp()
        self.server = self.gateway(self.keys)
        self.app = RecordServer(self.sockets, "app")
        self.addCleanup(self.app.close)

    def open(self, target="/app", protocol="", **options):
        """(client, link): open both ways; the client's id is 1 on every connection."""
        client = self.server.websocket()
        link, opened = self.app.admit(client, target=target, protocol=protocol, **options)
        self.assertEqual(1, opened.client)
        self.opened = opened.json
        return client, link


class Opening(Records):
    def test_hello_both_ways_then_open(self):
        client = self.server.websocket()
        client.start("/app/room?x=1")
        link = self.app.link()
        hello = link.expect(HELLO).json
        self.assertEqual(1, hello["version"])
        self.assertEqual(16 << 20, hello["max_message"])
        opened = link.expect(OPEN, 1).json
        self.assertEqual(("/room", "x=1"), (opened["path_info"], opened["query"]))
        link.hello()
        link.accept(1)
        client.finish_handshake()

    def test_each_client_has_a_connection(self):
        pairs = [self.open() for _ in range(20)]
        for number, (client, link) in enumerate(pairs):
            client.send_text(f"to {number}")
            link.say(1, f"from {number}")
        for number, (client, link) in enumerate(pairs):
            self.assertEqual((0, f"to {number}".encode()), link.message(1))
            self.assertEqual((TEXT, f"from {number}".encode()), client.read_message())

    def test_subprotocol(self):
        self.open(headers={"Sec-WebSocket-Protocol": "a, b"}, protocol="b")
        self.assertEqual(["a", "b"], self.opened["protocols"])

    def test_rejection(self):
        client = self.server.websocket()
        client.start("/app")
        link = self.app.greet()
        link.reject(link.expect(OPEN).client, 401, "who are you?")
        self.assertEqual(401, client.response().status)
        link.expect(END)
        link.expect_end()

    def test_early_bytes_wait_for_accept(self):
        client = self.server.websocket()
        client.start("/app", behind=frame(TEXT, "early"))
        link = self.app.greet()
        link.expect(OPEN)
        link.accept(1)
        client.finish_handshake()
        self.assertEqual((0, b"early"), link.message(1))

    def test_no_server(self):
        self.app.sock.close()
        client = self.server.websocket()
        client.start("/app")
        self.assertEqual(503, client.response().status)

    def test_a_link_needs_no_framing(self):
        # What listens on SEQPACKET is a link, whatever the configuration says of its bytes.
        other = self.link_server("packets")
        client = self.server.websocket()
        link, opened = other.admit(client, target="/packets")
        client.send_text("x")
        self.assertEqual((0, b"x"), link.message(opened.client))


class Messages(Records):
    def test_types_and_boundaries(self):
        client, link = self.open()
        for data in ("", "häß", "a\nb\0c"):
            client.send_text(data)
            self.assertEqual((0, data.encode()), link.message(1))
            link.say(1, data)
            self.assertEqual((TEXT, data.encode()), client.read_message())
        client.send_binary(b"\0\xff")
        self.assertEqual((F_BINARY, b"\0\xff"), link.message(1))
        link.say(1, b"\xff\0")
        self.assertEqual((BINARY, b"\xff\0"), client.read_message())

    def test_records_cut_anywhere(self):
        client, link = self.open()
        stream = b"".join(Record(MESSAGE, 1, text, F_FIRST | F_LAST).encode() for text in ("one", "", "three"))
        for at in range(len(stream)):
            link.send_packet(stream[at:at + 1])
            wait_for("the gateway to read", lambda: link.unread() == 0)
        for text in (b"one", b"", b"three"):
            self.assertEqual((TEXT, text), client.read_message())

    def test_many_records_at_once(self):
        client, link = self.open()
        link.send_packet(b"".join(Record(MESSAGE, 1, f"{n}", F_FIRST | F_LAST).encode() for n in range(5000)))
        for number in range(5000):
            self.assertEqual((TEXT, b"%d" % number), client.read_message())

    def test_credit_bounds_what_is_sent(self):
        client = self.server.websocket()
        client.start("/app")
        link = self.app.greet(window=1000)
        link.expect(OPEN)
        link.accept(1)
        client.finish_handshake()
        client.send_binary(b"x" * 5000)
        got, left = b"", 1000
        while len(got) < 5000:
            record = link.expect(MESSAGE, 1)
            left -= 12 + len(record.payload)
            self.assertGreaterEqual(left, 0)
            got += record.payload
            if left < 500:
                link.credit(1, 500)
                left += 500
        self.assertEqual(b"x" * 5000, got)

    def test_credit_comes_back(self):
        client, link = self.open()
        for _ in range(40):
            link.say(1, b"x" * 20000)
            self.assertEqual(20000, len(client.read_message()[1]))
        link.expect(CREDIT, 1)

    def test_topics_work_within_the_connection(self):
        (one, first), (two, second) = self.open(), self.open()
        first.join(1, "t")
        first.publish("t", "hello")
        self.assertEqual((TEXT, b"hello"), one.read_message())
        second.publish("t", "nobody here has joined")
        second.say(1, "after")
        self.assertEqual((TEXT, b"after"), two.read_message())
        first.publish("t", "not to itself", but=1)
        first.say(1, "end")
        self.assertEqual((TEXT, b"end"), one.read_message())

    def test_ping(self):
        _, link = self.open()
        link.send(Record(LINK_PING, 0, b"are you there?"))
        self.assertEqual(b"are you there?", link.expect(LINK_PONG).payload)


class Ends(Records):
    def test_the_client_closes(self):
        client, link = self.open()
        client.send_close(4001, "bye")
        record = link.expect(END, 1)
        self.assertEqual((4001, b"bye"), (record.code, record.payload))
        self.assertEqual(4001, client.read_frame().code)
        link.end(1, 1000)
        link.expect_end()

    def test_the_server_closes(self):
        client, link = self.open()
        link.say(1, "last words")
        link.end(1, 4002, "enough")
        self.assertEqual((TEXT, b"last words"), client.read_message())
        got = client.read_frame()
        self.assertEqual((CLOSE, 4002, "enough"), (got.opcode, got.code, got.reason))
        link.expect(END, 1)
        link.expect_end()

    def test_the_client_vanishes(self):
        client, link = self.open()
        client.drop()
        self.assertEqual(1006, link.expect(END, 1).code)

    def test_the_server_goes_without_a_word(self):
        client, link = self.open()
        link.say(1, "last words")
        link.drop()
        self.assertEqual((TEXT, b"last words"), client.read_message())
        client.expect_close(1012)

    def test_the_server_goes_and_has_not_read(self):
        # Bytes it left unread reset the connection: what it sent before still counts.
        client, link = self.open()
        client.send_text("never read")
        wait_for("the gateway to send", lambda: link.waiting() > 0)
        link.say(1, "last words")
        link.drop()
        self.assertEqual((TEXT, b"last words"), client.read_message())
        client.expect_close(1012)

    def test_no_descriptor_is_left(self):
        pid = self.server.workers()[0]
        self.server.http().get("/")  # it serves: what it has of its own is there
        before = descriptors(pid)
        for _ in range(20):
            client, link = self.open()
            client.send_close(1000)
            link.expect(END, 1)
            link.end(1, 1000)
            link.expect_end()
            client.drop()
        wait_for("the sockets to go", lambda: descriptors(pid) <= before)


class NoAnswer(Records):
    keys = 'framing = "records"; close_timeout = 1;'

    def test_a_server_that_never_answers_a_close(self):
        # Its connection is given up after close_timeout.
        client, link = self.open()
        client.close()
        link.expect(END, 1)
        link.expect_end()


class Broken(Records):
    def expect_refused(self, data, reason):
        client, link = self.open()
        link.send_packet(data)
        self.server.wait_log(reason)
        link.expect_end()
        client.expect_close(1012)

    def test_garbage(self):
        self.expect_refused(b"HTTP/1.1 400 Bad Request\r\n\r\n", "malformed record")

    def test_a_record_longer_than_allowed(self):
        self.expect_refused(struct.pack("=IIBBH", 131072 - 11, 1, MESSAGE, 6, 0), "longer than 131072 bytes")

    def test_the_longest_record(self):
        client, link = self.open()
        link.say(1, b"x" * (131072 - 12))
        self.assertEqual(131072 - 12, len(client.read_message()[1]))

    def test_an_unknown_type(self):
        self.expect_refused(struct.pack("=IIBBH", 1 << 16, 1, 15, 0, 0), "unknown record type")

    def test_another_client(self):
        self.expect_refused(Record(MESSAGE, 2, "x", 6).encode(), "client 2 was never opened")

    def test_no_hello(self):
        client = self.server.websocket()
        client.start("/app")
        link = self.app.link()
        link.send(Record(ACCEPT, 1))
        self.server.wait_log("a record before HELLO")
        self.assertEqual(503, client.response().status)

    def test_an_end_within_a_record(self):
        client, link = self.open()
        link.send_packet(Record(MESSAGE, 1, "hello", 6).encode()[:-1])
        link.drop()
        client.expect_close(1012)

    def test_the_gateway_serves_on(self):
        self.expect_refused(b"\xff" * 1000, "malformed record")
        client, link = self.open()
        client.send_text("fine")
        self.assertEqual((0, b"fine"), link.message(1))


class Window(Records):
    keys = 'framing = "records"; queue = "64K";'

    def test_more_than_the_credit_ends_the_connection(self):
        client = self.server.websocket()
        client.start("/app")
        link = self.app.link()
        window = link.expect(HELLO).json["window"]
        self.assertEqual(32768, window)  # half the queue
        link.hello()
        link.expect(OPEN)
        link.accept(1)
        client.finish_handshake()
        link.say(1, b"x" * (window - 12))
        self.assertEqual(window - 12, len(client.read_message()[1]))
        link.say(1, b"x" * (window - 11))
        self.server.wait_log("beyond the client's credit")
        client.expect_close(1012)


class Echo(Case):
    """websocket_echo --framing records behind the gateway."""

    def setUp(self):
        super().setUp()
        self.app = self.echo(framing="records")
        self.server = self.gateway('names = ({ name = "echo"; framing = "records"; });')

    def test_messages(self):
        client = self.server.websocket("/echo")
        for size in (0, 1, 125, 126, 65535, 65536, 131072, 3_000_000):
            client.send_binary(b"x" * size)
            self.assertEqual((BINARY, b"x" * size), client.read_message())
        client.send_fragments(TEXT, ["he", "", "l", "lo"])
        self.assertEqual((TEXT, b"hello"), client.read_message())

    def test_close_codes(self):
        client = self.server.websocket("/echo")
        client.send_close(4000, "bye")
        got = client.read_frame()
        self.assertEqual((CLOSE, 4000), (got.opcode, got.code))

    def test_no_descriptor_is_left_in_the_server(self):
        before = descriptors(self.app.pid)
        for _ in range(20):
            client = self.server.websocket("/echo")
            client.echo(b"x")
            client.close()
        wait_for("the sockets to go", lambda: descriptors(self.app.pid) <= before)

    def test_the_server_stops(self):
        client = self.server.websocket("/echo")
        client.echo(b"x")
        self.app.stop()
        client.expect_close(1001)

    def test_a_stranger_is_sent_away(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stranger:
            stranger.connect(os.path.join(self.sockets, "echo"))
            stranger.settimeout(20)
            stranger.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            hello = stranger.recv(12, socket.MSG_WAITALL)
            size = struct.unpack_from("=I", hello)[0]
            self.assertEqual(1, json.loads(stranger.recv(size, socket.MSG_WAITALL))["version"])
            try:
                self.assertEqual(b"", stranger.recv(1))
            except ConnectionResetError:
                pass  # it did not read all of it
        self.app.wait_log("malformed record")
