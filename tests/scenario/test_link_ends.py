"""CLOSE records and their codes, the end of either side of a link, and a system server that is silent."""

import socket

from harness import (CLOSE, END, F_FIRST, F_LAST, HELLO, LINK_PING, LINK_PONG, MESSAGE, OPEN, PING, TEXT, Record, deadline,
                     decode_packet, wait_for)
from link_case import Link


class Closing(Link):
    def test_the_clients_code_and_reason_reach_the_server(self):
        link = None
        for code, reason in ((1000, ""), (1001, "gone"), (3000, "ünïcode"), (4999, "x" * 123)):
            client, link, number = self.open(link)
            client.send_close(code, reason)
            record = link.expect(END, number)
            self.assertEqual((code, reason), (record.code, record.payload.decode()))
            client.expect_close(code, answer=False)
            link.end(number, code)

    def test_an_empty_close_is_1005(self):
        client, link, number = self.open()
        client.send_close()
        self.assertEqual(1005, link.expect(END, number).code)

    def test_no_close_is_1006(self):
        client, link, number = self.open()
        client.drop()
        self.assertEqual(1006, link.expect(END, number).code)
        other, _, second = self.open(link)
        other.abort()
        self.assertEqual(1006, link.expect(END, second).code)

    def test_the_servers_code_and_reason_reach_the_client(self):
        link = None
        for code, reason in ((1000, ""), (1001, "moving"), (1008, "größer"), (1011, ""), (1014, ""), (3001, "x" * 123),
                             (4999, "y")):
            client, link, number = self.open(link)
            link.end(number, code, reason)
            got = client.expect_close(code)
            self.assertEqual(reason, got.reason)
            link.expect(END, number)

    def test_a_long_reason_is_cut_between_characters(self):
        client, link, number = self.open()
        link.end(number, 1000, "ä" * 100)
        got = client.expect_close(1000)
        self.assertTrue(got.reason)
        self.assertEqual("", got.reason.strip("ä"))

    def test_a_reason_that_is_not_utf8(self):
        client, link, number = self.open()
        link.end(number, 1000, b"\xff\xfe")
        got = client.read_frame()
        self.assertEqual(CLOSE, got.opcode)
        self.assertIn(got.code, (1000, 1011))
        got.reason.encode()

    def test_codes_that_may_not_be_sent_become_1011(self):
        link = None
        for code in (1, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65535):
            with self.subTest(code=code):
                client, link, number = self.open(link)
                link.end(number, code)
                client.expect_close(1011)
                link.expect(END, number)

    def test_messages_before_a_close_arrive(self):
        client, link, number = self.open()
        link.send(*(Record(MESSAGE, number, str(n), F_FIRST | F_LAST) for n in range(200)))
        link.end(number, 1000)
        for n in range(200):
            self.assertEqual((TEXT, str(n).encode()), client.read_message())
        client.expect_close(1000)

    def test_a_close_inside_a_message(self):
        client, link, number = self.open()
        link.send(Record(MESSAGE, number, "part", F_FIRST))
        link.end(number, 1001)
        while (got := client.read_frame()).opcode != CLOSE:
            self.assertEqual(b"part", got.payload)
        self.assertEqual(1001, got.code)

    def test_both_at_once(self):
        client, link, number = self.open()
        link.end(number, 3001)
        client.send_close(3002)
        got = client.read_frame()
        self.assertEqual(CLOSE, got.opcode)
        client.expect_end()
        link.expect(END, number)
        link.expect_quiet(0.1)

    def test_exactly_one_final_record(self):
        client, link, number = self.open()
        client.close(1000)
        link.expect(END, number)
        link.end(number)
        link.expect_quiet(0.1)

    def test_late_records_are_dropped(self):
        client, link, number = self.open()
        client.close(1000)
        link.expect(END, number)
        link.say(number, "late")
        link.credit(number, 10)
        link.join(number, "topic")
        link.end(number)
        link.say(number, "very late")
        self.open(link)

    def test_a_client_that_does_not_answer_is_dropped(self):
        self.server.stop()
        self.server = self.gateway("close_timeout = 1;")
        client, link, number = self.open()
        link.end(number, 1000)
        self.assertEqual(1000, client.read_frame().code)
        client.expect_end()


class Ends(Link):
    def test_clients_get_1012_and_the_next_handshake_connects_again(self):
        clients = []
        client, link, _ = self.open()
        clients.append(client)
        for _ in range(10):
            clients.append(self.open(link)[0])
        link.drop()
        for client in clients:
            client.expect_close(1012)
        self.open()

    def test_waiting_handshakes_get_503(self):
        first, second = self.server.websocket(), self.server.websocket()
        first.start("/app")
        second.start("/app")
        link = self.app.greet()
        link.expect(OPEN)
        link.expect(OPEN)
        link.drop()
        for client in (first, second):
            answer = client.response()
            self.assertEqual(503, answer.status)

    def test_the_last_packets_arrive(self):
        client, link, number = self.open()
        for n in range(50):
            link.say(number, str(n))
        link.drop()
        for n in range(50):
            self.assertEqual((TEXT, str(n).encode()), client.read_message())
        client.expect_close(1012)

    def test_the_last_packets_arrive_though_something_was_unread(self):
        client, link, number = self.open()
        client.send_text("never read")
        wait_for("the message on the link", lambda: self.waiting(link))
        link.say(number, "last words")
        link.drop()
        self.assertEqual((TEXT, b"last words"), client.read_message())
        client.expect_close(1012)

    def waiting(self, link):
        try:
            return link.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""

    def test_a_server_that_starts_later_is_found(self):
        self.app.close()
        client = self.server.websocket()
        client.start("/app")
        self.assertEqual(404, client.response().status)
        self.app = self.link_server()
        self.open()

    def test_a_server_may_come_back_with_the_other_socket_type(self):
        _, link, _ = self.open()
        link.drop()
        self.app.close()
        stream = self.stream_server()
        client = self.server.websocket("/app")
        peer = stream.accept()
        client.send_text("hello")
        self.assertEqual(b"hello", peer.read(5))
        stream.close()
        peer.drop()
        self.app = self.link_server()
        self.open()

    def test_names_are_independent(self):
        other_app = self.link_server("other")
        client, link, number = self.open()
        other = self.server.websocket()
        other_link, opened = other_app.admit(other, target="/other")
        link.drop()
        client.expect_close(1012)
        other_link.say(opened.client, "fine")
        self.assertEqual((TEXT, b"fine"), other.read_message())


class Liveness(Link):
    def test_pings_of_the_server_are_answered(self):
        _, link, _ = self.open()
        for payload in (b"", b"hello", b"x" * 1000):
            link.send(Record(LINK_PING, 0, payload))
            self.assertEqual(payload, link.expect(LINK_PONG).payload)

    @deadline(90)
    def test_a_silent_server_is_asked_then_given_up(self):
        client, link, number = self.open()
        link.sock.settimeout(80)
        record = Record(HELLO)
        while record.type != LINK_PING:
            packet = link.sock.recv(200_000)
            self.assertTrue(packet)
            record = decode_packet(packet)[-1]
        client.patience = 80
        got = client.read_frame()
        while got.opcode == PING:
            client.send_frame(10, got.payload)
            got = client.read_frame()
        self.assertEqual((CLOSE, 1012), (got.opcode, got.code))
