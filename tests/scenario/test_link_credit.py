"""Credit on the link: neither side ever sends more for a client than it was granted, and whatever was granted can be used. A
MESSAGE costs its payload and 12 bytes."""

import random
import select
import struct

from harness import (BINARY, CLOSE, CREDIT, F_BINARY, F_FIRST, F_LAST, MESSAGE, OPEN, PATIENCE, Case, Overdue, Record, deadline,
                     frame, scaled, wait_for)


class Credit(Case):
    def setUp(self):
        super().setUp()
        self.server = self.gateway()
        self.app = self.link_server()

    def open(self, link=None, **hello):
        client = self.server.websocket()
        client.start("/app")
        link = link or self.app.greet(**hello)
        number = link.expect(OPEN, skip=(CREDIT,)).client
        link.accept(number)
        client.finish_handshake()
        return client, link, number


class TowardTheServer(Credit):
    def drain(self, link, number, data, enough=lambda cost: True):
        """Takes what comes for `number`, until what has come is `enough` and nothing more comes; returns its cost."""
        cost = 0
        while True:
            try:
                record = link.next(scaled(0.15) if enough(cost) else None)
            except Overdue:
                if not enough(cost):
                    raise
                return cost
            if record.type == MESSAGE and record.client == number:
                cost += len(record.payload) + 12
                data += record.payload
                self.last = record

    def test_is_used_up_and_not_exceeded(self):
        for window in (100, 4096, 10_000, 65536):
            with self.subTest(window=window):
                client, link, number = self.open(window=window)
                payload = random.Random(1).randbytes(300_000)
                client.send_binary(payload)
                data = bytearray()
                cost = self.drain(link, number, data, lambda cost: cost > window - 64)  # no credit is left unused
                self.assertLessEqual(cost, window)
                granted = window
                for more in (50, 1000, 13, 30_000):
                    link.credit(number, more)
                    granted += more
                    left = granted - 64 - cost
                    cost += self.drain(link, number, data, lambda more: more > left)
                    self.assertLessEqual(cost, granted)
                link.credit(number, 2_000_000)
                self.drain(link, number, data, lambda _: len(data) >= len(payload) and self.last.flags & F_LAST)
                self.assertTrue(payload == data)
                link.drop()

    def test_messages_wait_too(self):
        client, link, number = self.open(window=100)
        client.send(b"".join(frame(BINARY, b"x" * 20) for _ in range(50)))
        data = bytearray()
        cost = self.drain(link, number, data)
        self.assertLessEqual(cost, 100)
        for _ in range(120):  # splitting a message costs a header more
            link.credit(number, 32)
        self.drain(link, number, data, lambda _: len(data) >= 1000)
        self.assertEqual(b"x" * 1000, data)

    def test_empty_messages_cost_too(self):
        client, link, number = self.open(window=100)
        client.send(frame(BINARY) * 100)
        data = bytearray()
        self.assertLessEqual(self.drain(link, number, data), 100)

    def test_is_each_clients_own(self):
        one, link, first = self.open(window=1000)
        two, _, second = self.open(link)
        one.send_binary(b"x" * 100_000)
        self.drain(link, first, bytearray(), lambda cost: cost > 1000 - 64)
        two.send_binary(b"y" * 500)
        self.assertEqual((F_BINARY, b"y" * 500), link.message(second))

    def test_controls_pass_a_client_without_credit(self):
        client, link, number = self.open(window=100)
        client.send_binary(b"x" * 80)
        data = bytearray()
        self.drain(link, number, data)
        while len(data) < 80:  # it may have come in pieces: what is left over is less than a byte would cost
            link.credit(number, 13)
            self.drain(link, number, data)
        client.send_frame(9, b"ping")
        self.assertEqual(b"ping", client.read_pong())

    def test_a_client_without_credit_may_leave(self):
        client, link, number = self.open(window=100)
        client.send_binary(b"x" * 1000)
        self.drain(link, number, bytearray())
        client.abort()

        def told():
            from harness import END
            record = link.next()
            return record.type == END and record.client == number
        wait_for("CLOSE of the client", told)

    def test_a_message_larger_than_the_window_passes(self):
        client, link, number = self.open(window=20_000)
        payload = random.Random(2).randbytes(3_000_000)
        client.sock.setblocking(False)
        sent, text, data = 0, frame(BINARY, payload), bytearray()
        while len(data) < len(payload):
            if sent < len(text):
                try:
                    sent += client.sock.send(text[sent:sent + 100_000])
                except BlockingIOError:
                    pass
            try:
                record = link.next(0.01 if sent < len(text) else None)
            except Overdue:
                continue
            if record.type == MESSAGE:
                data += record.payload
                link.credit(number, len(record.payload) + 12)
        self.assertTrue(payload == data)

    def test_a_window_too_small_for_anything(self):
        # The smallest there may be: a message of a hundred bytes goes in pieces.
        client, link, number = self.open(window=64)
        client.send_binary(b"x" * 100)
        data = bytearray()
        self.assertLessEqual(self.drain(link, number, data, lambda _: len(data) > 0), 64)
        for _ in range(10):
            link.credit(number, 40)
        self.drain(link, number, data, lambda _: len(data) >= 100)
        self.assertEqual(b"x" * 100, data)


class TowardTheGateway(Credit):
    def test_comes_back_for_what_the_client_took(self):
        client, link, number = self.open()
        window = credit = link.peer["window"]
        payload = b"z" * 20_000
        total, received = 0, 0
        while total < 12 * window:
            while credit < len(payload) + 12:
                record = link.expect(CREDIT, number)
                credit += struct.unpack("=I", record.payload)[0]
                self.assertLessEqual(credit, window, "more credit than was spent")
            link.say(number, payload)
            credit -= len(payload) + 12
            total += len(payload)
            while received < total:
                received += len(client.read_message()[1])
        self.assertEqual(total, received)

    def test_all_of_a_window_may_be_used(self):
        client, link, number = self.open()
        window = link.peer["window"]
        half = window // 2 - 12
        link.say(number, b"a" * half)
        link.say(number, b"b" * half)
        self.assertEqual(b"a" * half, client.read_message()[1])
        self.assertEqual(b"b" * half, client.read_message()[1])

    def test_is_withheld_from_a_client_that_does_not_read(self):
        client, link, number = self.open()
        window = credit = link.peer["window"]
        payload = b"z" * 20_000
        total = 0
        while True:
            if credit < len(payload) + 12:
                try:
                    record = link.next(scaled(0.5))
                except Overdue:
                    break
                self.assertEqual((CREDIT, number), (record.type, record.client))
                credit += struct.unpack("=I", record.payload)[0]
                self.assertLessEqual(credit, window)
                continue
            link.say(number, payload)
            credit -= len(payload) + 12
            total += len(payload)
            self.assertLess(total, 64 << 20, "credit without end for a client that takes nothing")
        # When it reads, all of it is there.
        for _ in range(total // len(payload)):
            self.assertEqual(payload, client.read_message()[1])

    def test_a_server_that_overdraws_does_no_harm(self):
        client, link, number = self.open()
        other, _, _ = self.open(link)
        try:
            for _ in range(600):
                link.say(number, b"z" * 100_000)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            pass
        self.assertLess(self.server.memory(), 200 << 20)
        self.assertTrue(self.server.running())
        self.assertEqual(404, self.server.http().get("/none").status)

    def test_a_large_message_of_many_records(self):
        client, link, number = self.open()
        credit = link.peer["window"]
        payload = random.Random(3).randbytes(5_000_000)
        at, received = 0, bytearray()
        while at < len(payload):
            piece = payload[at:at + 60_000]
            while credit < len(piece) + 12:
                # The credit may come when the client has long read all there is.
                if link.pending or self.readable(link):
                    credit += struct.unpack("=I", link.expect(CREDIT, number).payload)[0]
                elif client.buffer or self.readable(client):
                    received += client.read_frame().payload
                else:
                    self.assertTrue(self.readable(link, client, seconds=scaled(PATIENCE)), "neither credit nor data")
            flags = F_BINARY | (0 if at else F_FIRST) | (F_LAST if at + len(piece) == len(payload) else 0)
            link.send(Record(MESSAGE, number, piece, flags))
            credit -= len(piece) + 12
            at += len(piece)
        while len(received) < len(payload):
            received += client.read_frame().payload
        self.assertTrue(payload == received)

    def readable(self, *ends, seconds=0):
        return select.select([end.sock for end in ends], [], [], seconds)[0]


class Overflow(Credit):
    def test_credit_beyond_all_bounds(self):
        client, link, number = self.open()
        for _ in range(4):
            link.credit(number, 0xFFFFFFFF)
        client.send_binary(b"x" * 1000)
        # Either it is more than anyone needs, or a broken rule: never a wrap to nothing.
        record = link.next()
        if record is None:
            self.assertEqual(CLOSE, client.read_frame().opcode)
        else:
            self.assertEqual(MESSAGE, record.type)

    @deadline(60)
    def test_forged_sizes_cost_no_memory(self):
        client, link, number = self.open(window=0xFFFFFFFF)
        client.send(frame(BINARY, b"", length=16 << 20))
        before = self.server.memory()
        for _ in range(50):
            other = self.server.websocket()
            other.start("/app")
            second = link.expect(OPEN, skip=(CREDIT, MESSAGE)).client
            link.accept(second)
            other.finish_handshake()
            other.send(frame(BINARY, b"xyz", length=16 << 20))
        self.assertLess(self.server.memory() - before, 32 << 20)
