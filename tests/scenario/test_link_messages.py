"""MESSAGE records: text and binary, parts, the largest."""

from harness import BINARY, CLOSE, CREDIT, END, F_BINARY, F_FIRST, F_LAST, MESSAGE, OPEN, TEXT, Record, frame
from link_case import Link


class Messages(Link):
    def test_types_and_bytes_both_ways(self):
        client, link, number = self.open()
        for payload in (b"", b"x", b"x" * 125, b"y" * 126, b"z" * 70000):
            client.send_frame(TEXT, payload)
            self.assertEqual((0, payload), link.message(number))
            client.send_binary(payload)
            self.assertEqual((F_BINARY, payload), link.message(number))
            link.say(number, payload.decode())
            self.assertEqual((TEXT, payload), client.read_message())
            link.say(number, payload)
            self.assertEqual((BINARY, payload), client.read_message())

    def test_a_message_goes_on_before_it_is_complete(self):
        client, link, number = self.open()
        client.send_frame(BINARY, b"part", fin=False)
        record = link.expect(MESSAGE, number)
        self.assertEqual((F_BINARY | F_FIRST, b"part"), (record.flags, record.payload))
        client.send_frame(0, b"end")
        record = link.expect(MESSAGE, number)
        self.assertEqual(F_LAST, record.flags & ~F_BINARY)
        self.assertEqual(b"end", record.payload)

    def test_records_of_one_message_reach_the_client_as_one(self):
        client, link, number = self.open()
        link.send(Record(MESSAGE, number, "ä".encode()[:1], F_FIRST))
        link.send(Record(MESSAGE, number, "ä".encode()[1:] + b"b", 0))
        link.send(Record(MESSAGE, number, "c", F_LAST))
        self.assertEqual((TEXT, "äbc".encode()), client.read_message())

    def test_records_of_several_clients_interleave(self):
        one, link, first = self.open()
        two, _, second = self.open(link)
        link.send(Record(MESSAGE, first, "1a", F_FIRST), Record(MESSAGE, second, "2a", F_FIRST | F_BINARY),
                  Record(MESSAGE, first, "1b", F_LAST), Record(MESSAGE, second, "2b", F_LAST | F_BINARY))
        self.assertEqual((TEXT, b"1a1b"), one.read_message())
        self.assertEqual((BINARY, b"2a2b"), two.read_message())

    def test_thousands_of_records_in_order(self):
        client, link, number = self.open(link=None)
        for start in range(0, 4000, 500):
            link.send(*(Record(MESSAGE, number, f"{n}", F_FIRST | F_LAST) for n in range(start, start + 500)))
        for n in range(4000):
            self.assertEqual(f"{n}".encode(), client.read_message()[1])

    def test_many_messages_share_packets(self):
        client, link, number = self.open()
        link.packets = 0
        client.send(b"".join(frame(TEXT, f"{n:05}") for n in range(2000)))
        for n in range(2000):
            self.assertEqual((0, f"{n:05}".encode()), link.message(number))
        self.assertLess(link.packets, 1000)

    def test_invalid_text_of_the_server_is_1011(self):
        for parts in ([b"\xff"], [b"ok \xed\xa0\x80"], ["€".encode()[:2]], [b"fine", b"\xc3", b"x"]):
            with self.subTest(parts=parts):
                client, link, number = self.open(getattr(self, "link", None))
                self.link = link
                for at, part in enumerate(parts):
                    link.send(Record(MESSAGE, number, part, (0 if at else F_FIRST) | (F_LAST if part is parts[-1] else 0)))
                client.expect_fail(1011)
                link.expect(END, number, skip=(CREDIT,))
                link.end(number, 1000)
        self.assertIn("app", self.server.wait_log(r".*(?i:utf-?8).*").group(0))

    def test_invalid_text_of_one_client_is_its_own(self):
        good, link, _ = self.open()
        bad, _, number = self.open(link)
        bad.send_frame(TEXT, b"\xff")
        bad.expect_fail(1007)
        self.assertIn(link.expect(END, number).code, (1006, 1007))
        link.end(number)
        good.send_text("fine")
        self.assertEqual((0, b"fine"), link.message())

    def test_an_empty_message_of_several_records(self):
        client, link, number = self.open()
        link.send(Record(MESSAGE, number, "", F_FIRST), Record(MESSAGE, number, "", 0), Record(MESSAGE, number, "", F_LAST))
        self.assertEqual((TEXT, b""), client.read_message())


class LargestMessage(Link):
    def test_is_the_servers_when_that_is_smaller(self):
        client = self.server.websocket()
        client.start("/app")
        link = self.app.greet(max_message=1000)
        number = link.expect(OPEN).client
        link.accept(number)
        client.finish_handshake()
        client.send_binary(b"x" * 1000)
        self.assertEqual((F_BINARY, b"x" * 1000), link.message(number))
        client.send_binary(b"x" * 1001)
        client.expect_fail(1009)


class ConfiguredLargestMessage(Link):
    keys = 'max_message = 1000; max_fragments = 3;'

    def test_is_held(self):
        client, link, number = self.open()
        self.assertEqual(1000, link.peer["max_message"])
        client.send_binary(b"x" * 1000)
        self.assertEqual((F_BINARY, b"x" * 1000), link.message(number))
        client.send_binary(b"x" * 1001)
        client.expect_fail(1009)

    def test_fragments_are_counted(self):
        client, link, number = self.open()
        client.send_fragments(TEXT, ["a", "b", "c"])
        self.assertEqual((0, b"abc"), link.message(number))
        client.send_fragments(TEXT, ["a", "b", "c", "d"])
        self.assertIn(self.code_of(client), (1008, 1009))

    def code_of(self, client):
        got = client.read_frame()
        self.assertEqual(CLOSE, got.opcode)
        return got.code
