"""JOIN, LEAVE and PUBLISH: a message published once reaches every subscriber but the excluded one, never inside another message,
and a subscriber that is too slow harms nobody else."""

import zlib

from harness import (BINARY, CREDIT, END, F_BINARY, F_FIRST, F_LAST, JOIN, LEAVE, MESSAGE, OPEN, PUBLISH, TEXT, WHOLE, Case, Record,
                     deadline, memory, publish_payload)


class Topics(Case):
    keys = ""

    def setUp(self):
        super().setUp()
        self.server = self.gateway(self.keys)
        self.app = self.link_server()
        self.link = None

    def open(self, *topics, headers=()):
        client = self.server.websocket()
        client.start("/app", headers)
        self.link = self.link or self.app.greet()
        number = self.link.expect(OPEN, skip=(CREDIT, END)).client
        self.link.accept(number)
        client.finish_handshake()
        for topic in topics:
            self.link.join(number, topic)
        return client, number

    def check_last(self, *clients):
        """Nothing else has come: the next message is one that is sent now."""
        for client, number in clients:
            self.link.say(number, "end")
            self.assertEqual((TEXT, b"end"), client.read_message())


class Publishing(Topics):
    keys = "compression = true;"

    def test_reaches_who_has_joined(self):
        one, two, three = self.open("room"), self.open("room", "other"), self.open("other")
        self.link.publish("room", "hello")
        self.link.publish("other", b"\xff\0")
        self.assertEqual((TEXT, b"hello"), one[0].read_message())
        self.assertEqual((TEXT, b"hello"), two[0].read_message())
        self.assertEqual((BINARY, b"\xff\0"), two[0].read_message())
        self.assertEqual((BINARY, b"\xff\0"), three[0].read_message())
        self.check_last(one, two, three)

    def test_one_message_for_clients_with_and_without_compression(self):
        text = "compress me, once for all " * 400
        clients = []
        for offer in (None, "permessage-deflate", "permessage-deflate; server_max_window_bits=10"):
            clients.append(self.open("room", headers={"Sec-WebSocket-Extensions": offer} if offer else {}))
        for size in (40, len(text)):
            self.link.publish("room", text[:size])
            came = []
            for client, _ in clients:
                frame = client.read_frame(rsv=4)
                data = zlib.decompressobj(-15).decompress(frame.payload + b"\0\0\xff\xff") if frame.rsv else frame.payload
                self.assertEqual(text[:size].encode(), data)
                came.append(frame.rsv)
            # The client with a smaller window can't read what was compressed for the others.
            self.assertEqual([0, 4 if size > 256 else 0, 0], came)
        self.check_last(*clients)

    def test_all_but_one(self):
        one, two = self.open("room"), self.open("room")
        self.link.publish("room", "hello", but=one[1])
        self.assertEqual((TEXT, b"hello"), two[0].read_message())
        self.check_last(one, two)

    def test_an_unknown_exclusion_excludes_nobody(self):
        one = self.open("room")
        gone = self.open("room")
        gone[0].close()
        self.link.expect(END, gone[1])
        self.link.end(gone[1])
        self.link.publish("room", "a", but=gone[1])
        self.link.publish("room", "b", but=999_999)
        self.assertEqual((TEXT, b"a"), one[0].read_message())
        self.assertEqual((TEXT, b"b"), one[0].read_message())

    def test_leaving(self):
        one, two = self.open("room"), self.open("room")
        self.link.leave(one[1], "room")
        self.link.publish("room", "hello")
        self.assertEqual((TEXT, b"hello"), two[0].read_message())
        self.link.leave(two[1], "never joined")
        self.link.leave(two[1], "room")
        self.link.publish("room", "nobody")
        self.check_last(one, two)

    def test_joining_twice_is_joining_once(self):
        one = self.open("room", "room")
        self.link.publish("room", "hello")
        self.assertEqual((TEXT, b"hello"), one[0].read_message())
        self.link.leave(one[1], "room")
        self.link.publish("room", "gone")
        self.check_last(one)

    def test_topics_are_any_bytes(self):
        topics = ["x" * 255, "a b", "ä", "*", "room/1", "\x01"]
        one = self.open(*topics)
        for topic in topics:
            self.link.publish(topic, topic)
            self.assertEqual((TEXT, topic.encode()), one[0].read_message())
        self.link.publish("room/2", "no")
        self.link.publish("x" * 254, "no")
        self.check_last(one)

    def test_order_with_messages_of_its_own(self):
        one = self.open("room")
        for number in range(200):
            self.link.publish("room", f"p{number}")
            self.link.say(one[1], f"m{number}")
        for number in range(200):
            self.assertEqual(f"p{number}".encode(), one[0].read_message()[1])
            self.assertEqual(f"m{number}".encode(), one[0].read_message()[1])

    def test_waits_for_the_end_of_a_message(self):
        one, two = self.open("room"), self.open("room")
        self.link.send(Record(MESSAGE, one[1], "be", F_FIRST))
        self.link.publish("room", "between")
        self.assertEqual((TEXT, b"between"), two[0].read_message())
        self.link.send(Record(MESSAGE, one[1], "gin", F_LAST))
        self.assertEqual((TEXT, b"begin"), one[0].read_message())
        self.assertEqual((TEXT, b"between"), one[0].read_message())
        self.check_last(one)

    def test_in_several_records(self):
        one, two = self.open("room"), self.open("room")
        parts = [b"a" * 100_000, b"b" * 100_000, b"c"]
        for at, part in enumerate(parts):
            flags = F_BINARY | (0 if at else F_FIRST) | (F_LAST if at == 2 else 0)
            self.link.send(Record(PUBLISH, 0, publish_payload("room", part), flags))
        for client, _ in (one, two):
            self.assertTrue((BINARY, b"".join(parts)) == client.read_message())

    def test_empty_messages(self):
        one = self.open("room")
        self.link.publish("room", "")
        self.assertEqual((TEXT, b""), one[0].read_message())

    def test_invalid_text_closes_its_readers_with_1011(self):
        one, other = self.open("room"), self.open("other")
        self.link.send(Record(PUBLISH, 0, publish_payload("room", b"\xff"), F_FIRST | F_LAST))
        one[0].expect_fail(1011)
        self.check_last(other)

    def test_costs_no_credit(self):
        one = self.open("room")
        payload = b"x" * 100_000
        for _ in range(100):
            self.link.publish("room", payload)
            self.assertEqual(100_000, len(one[0].read_message()[1]))
        # The whole window is still there.
        size = self.link.peer["window"] // 2 - 12
        for _ in range(2):
            self.link.say(one[1], b"y" * size)
        for _ in range(2):
            self.assertEqual(size, len(one[0].read_message()[1]))

    def test_hundreds_of_subscribers(self):
        clients = [self.open("room") for _ in range(300)]
        for number in range(10):
            self.link.publish("room", f"news {number}", but=clients[number][1])
        for at, (client, _) in enumerate(clients):
            for number in range(10):
                if number != at:
                    self.assertEqual(f"news {number}".encode(), client.read_message()[1])
        self.check_last(*clients)

    def test_a_reader_that_has_gone(self):
        one, two = self.open("room"), self.open("room")
        one[0].abort()
        self.link.publish("room", "hello")
        self.assertEqual((TEXT, b"hello"), two[0].read_message())
        self.link.expect(END, one[1], skip=(CREDIT,))
        self.link.publish("room", "again")
        self.assertEqual((TEXT, b"again"), two[0].read_message())

    def test_a_client_may_join_many_topics(self):
        one = self.open(*(f"topic {number}" for number in range(1024)))
        self.link.publish("topic 1023", "hello")
        self.assertEqual((TEXT, b"hello"), one[0].read_message())


    def published(self, data, topic="room", but=0, flags=WHOLE):
        return Record(PUBLISH, but, publish_payload(topic, data), flags | (0 if isinstance(data, str) else F_BINARY))

    def test_one_packet_of_all_kinds(self):
        # What one client is sent keeps its order, whatever else is in the packet.
        one, two, three = self.open("room"), self.open("room", "other"), self.open("other")
        self.link.send(self.published("1"), self.published("2", but=one[1]), self.published("3", "other", but=two[1]),
                       Record(MESSAGE, one[1], "4", WHOLE), self.published("5"), self.published("6", but=two[1]),
                       Record(LEAVE, two[1], "room"), self.published("7"), Record(JOIN, three[1], "room"), self.published(b"8"),
                       Record(CREDIT, one[1], b"\1\0\0\0"), self.published("9", but=three[1]),
                       Record(END, two[1], code=4000), self.published("10", "other"))
        for client, expected in ((one, "1 4 5 6 7 8 9"), (two, "1 2 5"), (three, "3 8 10")):
            heard = [client[0].read_message()[1].decode() for _ in expected.split()]
            self.assertEqual(expected, " ".join(heard))
        two[0].expect_close(4000)
        self.check_last(one, three)

    def test_hundreds_in_one_packet(self):
        clients = [self.open("room") for _ in range(10)]
        numbers = [number for _, number in clients]
        self.link.send(*(self.published(f"{at} " + "x" * (at % 300), but=numbers[at % 11] if at % 11 < 10 else 0)
                         for at in range(500)))
        for index, (client, _) in enumerate(clients):
            heard = [int(client.read_message()[1].split()[0]) for at in range(500) if at % 11 != index]
            self.assertEqual([at for at in range(500) if at % 11 != index], heard)
        self.check_last(*clients)

    def test_several_records_of_a_message_among_others_of_the_packet(self):
        one = self.open("room")
        self.link.send(self.published("a"), self.published("b", flags=F_FIRST), self.published("c", flags=0),
                       self.published("d", flags=F_LAST), self.published("e"))
        for expected in (b"a", b"bcd", b"e"):
            self.assertEqual((TEXT, expected), one[0].read_message())

    def test_those_who_leave_while_it_is_given_to_them(self):
        # Half of them have gone without a word: writing to them fails amid the walk through the topic.
        clients = [self.open("room") for _ in range(60)]
        for client, _ in clients[::2]:
            client.abort()
        for round in range(20):
            self.link.send(*(self.published(f"{round} {at} " + "x" * 500) for at in range(50)))
        for client, _ in clients[1::2]:
            for round in range(20):
                for at in range(50):
                    self.assertTrue(client.read_message()[1].startswith(b"%d %d " % (round, at)))
        self.check_last(*clients[1::2])

    def test_invalid_text_among_others_of_the_packet(self):
        one = self.open("room")
        self.link.send(self.published("before"), Record(PUBLISH, 0, publish_payload("room", b"\xff"), WHOLE))
        self.assertEqual((TEXT, b"before"), one[0].read_message())
        one[0].expect_fail(1011)


class PublishingUncompressed(Publishing):
    """Where nothing is compressed, what a packet holds for one topic is given to its subscribers at once."""
    keys = ""

    def test_one_message_for_clients_with_and_without_compression(self):
        clients = [self.open("room", headers={"Sec-WebSocket-Extensions": "permessage-deflate"}) for _ in range(2)]
        self.link.publish("room", "plain " * 400)
        for client, _ in clients:
            self.assertEqual((TEXT, b"plain " * 400), client.read_message())


class SlowReaders(Topics):
    keys = "queue = 262144;"

    @deadline(60)
    def test_are_closed_with_1013_and_others_are_not_disturbed(self):
        slow, fast = self.open("room"), self.open("room")
        payload = b"x" * 50_000
        worker = self.server.workers()[0]
        before = memory(worker)
        count = 0
        while not self.link.pending:
            self.link.publish("room", payload)
            self.assertEqual((BINARY, payload), fast[0].read_message())
            count += 1
            self.assertLess(count, 2000, "a reader that takes nothing was never closed")
            try:
                self.link.fill(0.0001)
            except AssertionError:
                pass
        self.assertLess(memory(worker) - before, 16 << 20)
        record = self.link.expect(END, slow[1], skip=(CREDIT,))
        self.assertIn(record.code, (1006, 1013))
        # What it had been sent before is whole, and then the reason.
        while (got := slow[0].read_frame()).opcode == BINARY:
            self.assertEqual(50_000, len(got.payload))
        self.assertEqual(1013, got.code)
        self.link.publish("room", "fine")
        self.assertEqual((TEXT, b"fine"), fast[0].read_message())


class Rules(Topics):
    def check_ended(self, *records):
        client = self.open("room")
        for record in records:
            record.client = client[1] if record.client == 1 else record.client
        self.link.send(*records)
        self.link.expect_end(skip=(CREDIT, END))
        client[0].expect_fail(1012)
        self.link = None

    def test_malformed_publications_end_the_link(self):
        self.check_ended(Record(PUBLISH, 0, b"\x10\0abc", F_FIRST | F_LAST))
        self.check_ended(Record(PUBLISH, 0, b"\x10", F_FIRST | F_LAST))
        self.check_ended(Record(PUBLISH, 0, b"", F_FIRST | F_LAST))

    def test_a_topic_too_long_ends_the_link(self):
        self.check_ended(Record(JOIN, 1, "x" * 256))

    def test_more_topics_than_allowed(self):
        client, number = self.open()
        self.link.send(*(Record(JOIN, number, f"topic {at}") for at in range(1100)))
        got = client.read_frame()
        self.assertIn(got.code, (1011, 1012))
        self.assertEqual(404, self.server.http().get("/none").status)
