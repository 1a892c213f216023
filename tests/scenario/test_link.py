"""The link as a system server sees it (conf/link-protocol.md): HELLO, OPEN, ACCEPT, REJECT. The system server is the test
itself."""

import socket

from harness import ACCEPT, END, F_FIRST, F_LAST, HELLO, MESSAGE, OPEN, PING, TEXT, Record, frame
from link_case import Link


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
        opened = link.expect(OPEN)
        self.assertEqual("/app/%ff%fe", opened.json["uri"])
        link.accept(opened.client)
        client.finish_handshake()


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
                opened = link.expect(OPEN)
                link.reject(opened.client, status)
                self.assertEqual(500, client.response().status)
                link.expect(END, opened.client)
        self.open(link)

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
    keys = "handshake_timeout = 3;"

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


class FullBacklog(Link):
    def test_is_tried_again(self):
        full = self.link_server("full")
        full.sock.listen(0)
        filler = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        filler.connect(full.path)
        client = self.server.websocket()
        client.send_apart(client.handshake_text("/full"))
        full.accept_socket().close()
        link = full.greet()
        link.accept(link.expect(OPEN).client)
        client.finish_handshake()
