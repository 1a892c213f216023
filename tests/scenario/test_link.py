"""The link as a system server sees it (conf/link-protocol.md): HELLO, OPEN, ACCEPT, REJECT, messages, closing. The system server
here is the test itself."""

import socket

from harness import (ACCEPT, BINARY, CLOSE, CREDIT, END, F_BINARY, F_FIRST, F_LAST, HELLO, LINK_PING, LINK_PONG, MESSAGE, OPEN,
                     PING, TEXT, Case, Overdue, Record, deadline, decode_packet,
                     frame, wait_for)


class Link(Case):
    keys = ""

    def setUp(self):
        super().setUp()
        self.server = self.gateway(self.keys)
        self.app = self.link_server()

    def open(self, link=None, **options):
        """An open client: (client, link, id)."""
        client = self.server.websocket()
        link, opened = self.app.admit(client, link, **options)
        return client, link, opened.client


class Hello(Link):
    def test_says_who_we_are(self):
        client = self.server.websocket()
        client.start("/app")
        link = self.app.link()
        hello = link.expect(HELLO)
        self.assertEqual(0, hello.client)
        fields = hello.json
        self.assertEqual(1, fields["version"])
        self.assertRegex(fields["software"], "(?i)marmoset")
        self.assertIn(fields["pid"], self.server.workers())
        self.assertGreaterEqual(fields["window"], 65536)
        self.assertEqual(16 << 20, fields["max_message"])

    def test_works_before_the_servers_hello(self):
        # Nothing of a client is sent before the server's window is known, or nothing beyond none.
        client = self.server.websocket()
        client.start("/app", behind=frame(TEXT, "early"))
        link = self.app.link()
        link.expect(HELLO)
        link.hello()
        opened = link.expect(OPEN)
        link.accept(opened.client)
        client.finish_handshake()
        self.assertEqual((0, b"early"), link.message(opened.client))

    def test_unknown_fields_are_ignored(self):
        client = self.server.websocket()
        client.start("/app")
        link = self.app.greet(future={"a": [1, 2, None]})
        link.accept(link.expect(OPEN).client)
        client.finish_handshake()

    def test_one_link_for_all_clients(self):
        client, link, first = self.open()
        ids = {first}
        for _ in range(50):
            _, _, number = self.open(link)
            ids.add(number)
        self.assertEqual(51, len(ids))
        self.assertNotIn(0, ids)


class Open(Link):
    keys = 'headers = ["User-Agent", "X-Own", "Cookie"];'

    def metadata(self, target="/app", headers=(), link=None, **options):
        client = self.server.websocket()
        self.client = client
        link, opened = self.app.admit(client, link, target=target, headers=headers, **options)
        self.link = link
        return opened.json

    def test_where_the_client_wants_to_go(self):
        fields = self.metadata("/app/a%20b/%C3%BC?x=%41&y=2")
        self.assertEqual("/app/a%20b/%C3%BC?x=%41&y=2", fields["uri"])
        self.assertEqual("/a b/ü", fields["path_info"])
        self.assertEqual("x=%41&y=2", fields["query"])
        fields = self.metadata(link=self.link)
        self.assertEqual(("/app", "", ""), (fields["uri"], fields["path_info"], fields["query"]))
        self.assertEqual("/", self.metadata("/app/", link=self.link)["path_info"])

    def test_who_the_client_is(self):
        fields = self.metadata(headers={"Origin": f"http://localhost:{self.server.port}"})
        self.assertEqual(f"localhost:{self.server.port}", fields["host"])
        self.assertEqual(f"http://localhost:{self.server.port}", fields["origin"])
        address, port = self.client.sock.getsockname()
        self.assertEqual({"address": address, "port": port}, fields["remote"])
        self.assertEqual({"address": "127.0.0.1", "port": self.server.port}, fields["local"])
        self.assertIsNone(fields["tls"])
        self.assertFalse(fields.get("user"))
        self.assertFalse(fields.get("direct"))

    def test_ids_are_unique(self):
        ids = {self.metadata()["id"]}
        for _ in range(20):
            ids.add(self.metadata(link=self.link)["id"])
        self.assertEqual(21, len(ids))
        self.assertTrue(all(ids))

    def test_only_the_listed_headers(self):
        fields = self.metadata(headers={"User-Agent": "tester", "X-Own": "a", "X-Other": "b", "Authorization": "Basic eDp5",
                                        "Cookie": "c=d"})
        found = fields["headers"]
        pairs = {name.lower(): value for name, value in (found.items() if isinstance(found, dict) else found)}
        self.assertEqual({"user-agent": "tester", "x-own": "a", "cookie": "c=d"}, pairs)

    def test_strange_bytes_are_still_json(self):
        fields = self.metadata("/app/%01%22%5b%7f?%ff", headers={"User-Agent": 'a"\\b\xe4'})
        self.assertEqual('/\x01"[\x7f', fields["path_info"])

    def test_a_path_that_is_not_utf8(self):
        # JSON can't hold it; what matters is that the raw form arrives and nothing breaks.
        client = self.server.websocket()
        client.start("/app/%ff%fe")
        link = self.app.greet()
        try:
            opened = link.next(1)
        except Overdue:
            opened = None
        if opened is not None and opened.type == OPEN:
            self.assertEqual("/app/%ff%fe", opened.json["uri"])
            link.accept(opened.client)
            client.finish_handshake()
        else:
            self.assertIn(client.response().status, (400, 404))


class NoHeaders(Link):
    def test_cookies_are_not_passed_on_unasked(self):
        client = self.server.websocket()
        _, opened = self.app.admit(client, headers={"Cookie": "secret=1", "Authorization": "Basic eDp5"})
        self.assertNotIn(b"secret=1", opened.payload)
        self.assertNotIn(b"eDp5", opened.payload)


class Answers(Link):
    def test_reject_gives_its_status(self):
        link = None
        for status in (400, 401, 403, 404, 409, 429, 500, 503):
            with self.subTest(status=status):
                client = self.server.websocket()
                client.start("/app")
                link = link or self.app.greet()
                opened = link.expect(OPEN, skip=(END,))
                link.reject(opened.client, status, "because")
                self.assertEqual(status, client.response().status)

    def test_reject_answers_once_and_frees_the_id(self):
        client = self.server.websocket()
        client.start("/app")
        link = self.app.greet()
        opened = link.expect(OPEN)
        link.reject(opened.client, 403, "no")
        self.assertEqual(403, client.response().status)
        link.expect(END, opened.client)
        link.expect_quiet(0.1)
        self.open(link)

    def test_reject_with_a_status_that_is_none(self):
        link = None
        for status in (0, 1, 99, 101, 200, 600, 65535):
            with self.subTest(status=status):
                client = self.server.websocket()
                client.start("/app")
                link = link or self.app.greet()
                opened = link.expect(OPEN, skip=(END,))
                link.reject(opened.client, status)
                self.assertGreaterEqual(client.response().status, 400)
                if link.ended or not self.lives(link):
                    link = None

    def lives(self, link):
        try:
            record = link.next(0.1)
        except Overdue:
            return True
        return record is not None

    def test_a_rejected_client_may_ask_for_something_else(self):
        self.document("index.html", "page")
        client = self.server.websocket()
        client.send(client.handshake_text("/app") + client.text("GET", "/index.html"))
        link = self.app.greet()
        link.reject(link.expect(OPEN).client, 403)
        self.assertEqual(403, client.response().status)
        self.assertEqual(b"page", client.response().body)

    def test_early_bytes_wait_for_accept(self):
        client = self.server.websocket()
        client.start("/app", behind=frame(TEXT, "first"))
        link = self.app.greet()
        opened = link.expect(OPEN)
        client.send(frame(TEXT, "second") + frame(PING, "p"))
        link.expect_quiet(0.1)
        link.accept(opened.client)
        client.finish_handshake()
        self.assertEqual((0, b"first"), link.message(opened.client))
        self.assertEqual((0, b"second"), link.message(opened.client))
        self.assertEqual(b"p", client.read_pong())

    def test_messages_right_behind_accept(self):
        client = self.server.websocket()
        client.start("/app")
        link = self.app.greet()
        number = link.expect(OPEN).client
        link.send(Record(ACCEPT, number), Record(MESSAGE, number, "hello", F_FIRST | F_LAST), Record(END, number, "", code=1000))
        client.finish_handshake()
        self.assertEqual((TEXT, b"hello"), client.read_message())
        client.expect_close(1000)

    def test_a_client_that_goes_before_the_answer(self):
        client = self.server.websocket()
        client.start("/app")
        link = self.app.greet()
        opened = link.expect(OPEN)
        client.abort()
        record = link.expect(END, opened.client)
        self.assertEqual(1006, record.code)
        # Our answers to what is gone are no fault.
        link.accept(opened.client)
        link.say(opened.client, "late")
        link.end(opened.client, 1000)
        self.open(link)


class HandshakeTime(Link):
    keys = "handshake_timeout = 1;"

    def test_no_answer_is_503_or_504_in_time(self):
        client = self.server.websocket()
        client.start("/app")
        link = self.app.greet()
        opened = link.expect(OPEN)
        self.assertIn(client.response().status, (503, 504))
        self.assertEqual(opened.client, link.expect(END).client)
        link.accept(opened.client)  # too late
        self.open(link)

    def test_no_hello_is_503_or_504_in_time(self):
        client = self.server.websocket()
        client.start("/app")
        link = self.app.link()
        self.assertIn(client.response().status, (503, 504))
        link.drop()

    def test_a_server_that_does_not_accept_is_503_in_time(self):
        full = self.link_server("full")
        full.sock.listen(0)
        fillers = []
        while True:
            filler = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            filler.setblocking(False)
            try:
                filler.connect(full.path)
            except BlockingIOError:
                break
            fillers.append(filler)
        client = self.server.websocket()
        client.start("/full")
        self.assertIn(client.response().status, (503, 504))

    def test_a_full_backlog_is_retried(self):
        full = self.link_server("full")
        full.sock.listen(0)
        filler = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        filler.connect(full.path)
        client = self.server.websocket()
        client.start("/full")
        full.accept_socket().close()
        link = full.greet()
        link.accept(link.expect(OPEN).client)
        client.finish_handshake()


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
