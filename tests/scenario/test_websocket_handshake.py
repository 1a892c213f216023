"""The opening handshake (RFC 6455 4.2): which requests become websockets, and with which status the others are refused."""

import os
import select
import socket

from harness import END, OPEN, TEXT, Case, deadline, frame, program, scaled

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


class Handshake(Case):
    keys = ""

    def setUp(self):
        super().setUp()
        self.document("index.html", "page")
        self.server = self.gateway(self.keys)

    def status(self, target="/echo", headers=(), drop=(), **options):
        """The status of a handshake; the connection must still be in order behind a refusal, or closed."""
        client = self.server.websocket()
        client.start(target, headers, drop, **options)
        answer = client.head()
        if answer.status != 101:
            client.read_body(answer, "GET")
        self.answer = answer
        client.drop()
        return answer.status


class Accepted(Handshake):
    def setUp(self):
        super().setUp()
        self.echo()

    def test_the_answer_is_complete(self):
        client = self.server.websocket()
        client.start("/echo", {"Sec-WebSocket-Key": KEY})
        answer = client.head()
        self.assertEqual(101, answer.status)
        self.assertEqual("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", answer.get("Sec-WebSocket-Accept"))
        for name in ("Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "Content-Length", "Transfer-Encoding"):
            self.assertIsNone(answer.get(name), name)

    def test_names_and_tokens_without_case_and_in_lists(self):
        for headers in ({"upgrade": "WebSocket", "CONNECTION": "keep-alive, UPGRADE"},
                        {"Upgrade": "websocket", "Connection": "Upgrade,keep-alive"},
                        [("Connection", "keep-alive"), ("Connection", "upgrade")],
                        {"Upgrade": "h2c, websocket"}):
            with self.subTest(headers=headers):
                self.assertEqual(101, self.status(headers=headers))

    def test_extensions_are_not_accepted(self):
        client = self.server.websocket()
        client.open("/echo", {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits, x-other"})
        self.assertIsNone(client.answer.get("Sec-WebSocket-Extensions"))
        client.echo("plain")

    @deadline(90)
    def test_a_handshake_in_single_bytes(self):
        client = self.gateway(section="header_timeout = 60;").websocket()
        client.send_bytewise(client.handshake_text("/echo"))
        client.finish_handshake().echo("hello")

    def test_frames_right_behind_the_handshake(self):
        client = self.server.websocket()
        client.open("/echo", behind=frame(TEXT, "one") + frame(TEXT, "two") + frame(TEXT, "cut")[:4])
        self.assertEqual((TEXT, b"one"), client.read_message())
        self.assertEqual((TEXT, b"two"), client.read_message())
        client.send(frame(TEXT, "cut")[4:])
        self.assertEqual((TEXT, b"cut"), client.read_message())

    def test_a_large_message_right_behind_the_handshake(self):
        data = b"x" * 3_000_000
        client = self.server.websocket()
        client.open("/echo", behind=frame(2, data))
        self.assertEqual((2, data), client.read_message())

    def test_behind_other_requests_of_the_connection(self):
        client = self.server.websocket()
        client.send(client.text("GET", "/index.html") + client.text("HEAD", "/index.html") +
                    client.handshake_text("/echo") + frame(TEXT, "hello"))
        self.assertEqual(b"page", client.response().body)
        self.assertEqual(200, client.response("HEAD").status)
        client.finish_handshake()
        self.assertEqual((TEXT, b"hello"), client.read_message())

    def test_a_query_is_not_part_of_the_name(self):
        self.assertEqual(101, self.status("/echo?token=1&x=/none"))

    def test_absolute_form(self):
        self.assertEqual(101, self.status(f"http://localhost:{self.server.port}/echo"))

    def test_escaped_names(self):
        self.assertEqual(101, self.status("/%65cho"))

    def test_subdirectories(self):
        self.echo(name="lab/deep/echo")
        self.assertEqual(101, self.status("/lab/deep/echo"))
        self.assertEqual(101, self.status("/lab/deep/echo/and/more"))
        self.assertEqual(404, self.status("/lab/deep"))
        self.assertEqual(404, self.status("/lab"))

    def test_many_in_parallel(self):
        clients = [self.server.websocket() for _ in range(200)]
        for client in clients:
            client.start("/echo")
        for number, client in enumerate(clients):
            client.finish_handshake().echo(str(number))


class Refused(Handshake):
    def setUp(self):
        super().setUp()
        self.echo()

    def test_malformed_ones_are_400(self):
        for name, headers, drop in (
                ("no key", {}, ["Sec-WebSocket-Key"]),
                ("empty key", {"Sec-WebSocket-Key": ""}, []),
                ("short key", {"Sec-WebSocket-Key": "AAAA"}, []),
                ("long key", {"Sec-WebSocket-Key": KEY + "AAAA"}, []),
                ("key not base64", {"Sec-WebSocket-Key": "!!!!!!!!!!!!!!!!!!!!!!=="}, []),
                ("two keys", [("Sec-WebSocket-Key", KEY), ("Sec-WebSocket-Key", KEY)], []),
                ("two versions", [("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Version", "13")], []),
                ("malformed protocol", {"Sec-WebSocket-Protocol": "a b"}, []),
                ("a protocol twice", {"Sec-WebSocket-Protocol": "a, a"}, []),
                ("a body", {"Content-Length": "5"}, []),
                ("a chunked body", {"Transfer-Encoding": "chunked"}, [])):
            with self.subTest(name):
                client = self.server.websocket()
                client.start("/echo", headers, drop, behind=b"0\r\n\r\n")
                self.assertEqual(400, client.response().status)

    def test_http_1_0_has_no_upgrade(self):
        # RFC 9110 7.8: the field is ignored there.
        self.assertIn(self.status(version="HTTP/1.0", host="localhost"), (400, 404))

    def test_other_versions_are_426(self):
        for version in ("8", "0", "14", "13x", "013", "256"):
            with self.subTest(version):
                self.assertEqual(426, self.status(headers={"Sec-WebSocket-Version": version}))
                self.assertEqual("13", self.answer.get("Sec-WebSocket-Version"))
        self.assertIn(self.status(drop=["Sec-WebSocket-Version"]), (400, 426))

    def test_other_methods(self):
        client = self.server.websocket()
        text = client.handshake_text("/echo").replace(b"GET ", b"POST ", 1)
        client.send(text)
        self.assertIn(client.response().status, (400, 405))

    def test_no_such_name_is_404(self):
        self.assertEqual(404, self.status("/none"))
        self.assertEqual(404, self.status("/none/echo"))
        self.assertEqual(404, self.status("/"))
        self.assertEqual(404, self.status("/echo2"))
        self.assertEqual(404, self.status("/ech"))

    def test_what_is_no_socket_is_404(self):
        self.path("sockets/file", "x")
        os.mkdir(self.path("sockets/folder"))
        os.mkfifo(self.path("sockets/fifo"))
        for name in ("/file", "/folder", "/fifo"):
            self.assertEqual(404, self.status(name))

    def test_a_server_not_listening_is_503(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as dead:
            dead.bind(self.path("sockets/dead"))
        self.assertEqual(503, self.status("/dead"))
        self.assertTrue(int(self.answer.get("Retry-After")) > 0)

    def test_a_refusal_keeps_the_connection(self):
        client = self.server.websocket()
        client.start("/none")
        self.assertEqual(404, client.response().status)
        self.assertEqual(b"page", client.get("/index.html").body)
        client.open("/echo").echo("hello")

    def test_an_ordinary_request_of_that_name_is_no_websocket(self):
        client = self.server.http()
        self.assertEqual(404, client.get("/echo").status)
        # Half a handshake is an ordinary request too.
        for headers in ({"Upgrade": "websocket"}, {"Connection": "Upgrade"}, {"Upgrade": "h2c", "Connection": "Upgrade"},
                        {"Upgrade": "websocketx", "Connection": "Upgrade"}):
            with self.subTest(headers=headers):
                self.assertIn(self.server.http().get("/echo", headers).status, (400, 404, 426))

    def test_websocket_headers_do_not_hide_a_document(self):
        client = self.server.http()
        self.assertEqual(b"page", client.get("/index.html", {"Upgrade": "h2c", "Connection": "Upgrade"}).body)


class Escapes(Handshake):
    def setUp(self):
        super().setUp()
        self.outside = self.link_outside()

    def link_outside(self):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(self.path("outside"))
        os.chmod(self.path("outside"), 0o666)
        listener.listen()
        listener.setblocking(False)
        self.addCleanup(listener.close)
        return listener

    def check_untouched(self):
        with self.assertRaises(BlockingIOError):
            self.outside.accept()

    def test_dots(self):
        for target in ("/../outside", "/%2e%2e/outside", "/x/../../outside", "/%2e%2e%2foutside", "/..%5coutside",
                       "/.%2e/outside", "//../outside"):
            with self.subTest(target):
                self.assertIn(self.status(target), (400, 403, 404))
        self.check_untouched()

    def test_symlinks(self):
        os.symlink(self.path("outside"), self.path("sockets/link"))
        os.symlink(self.folder, self.path("sockets/folder"))
        os.symlink("../outside", self.path("sockets/relative"))
        for target in ("/link", "/folder/outside", "/relative", "/folder/sockets/link"):
            with self.subTest(target):
                self.assertIn(self.status(target), (403, 404))
        self.check_untouched()

    def test_protocols(self):
        os.symlink(self.path("outside"), self.path("sockets/link"))
        for protocol in ("../outside", "..", ".", "link"):
            with self.subTest(protocol):
                self.assertIn(self.status("/none", {"Sec-WebSocket-Protocol": protocol}), (400, 403, 404))
        self.check_untouched()

    def test_strange_names(self):
        for target in ("/" + "x" * 5000, "/" + "a/" * 1000, "/%00", "/x%00y", "/.", "/%2f", "/\\outside", "/~", "/ "):
            with self.subTest(target[:20]):
                self.assertIn(self.status(target), (400, 403, 404, 414))
        self.check_untouched()


class Access(Handshake):
    keys = 'allow = "^/open,^/lab/*"; deny = "secret,*";'

    def test_allow_and_deny(self):
        for name in ("open", "lab/one", "lab/secret", "closed"):
            self.link_server(name)
        self.assertEqual(403, self.status("/closed"))
        self.assertEqual(403, self.status("/lab/secret"))
        self.assertEqual(403, self.status("/closed-and-missing"))
        self.assertEqual(404, self.status("/open-but-missing"))

    def test_allowed_ones_open(self):
        app = self.link_server("open")
        app.admit(self.server.websocket(), target="/open")

    def test_a_protocol_is_no_way_around(self):
        self.link_server("closed")
        self.assertEqual(403, self.status("/open-nothing", {"Sec-WebSocket-Protocol": "closed"}))


class Origins(Case):
    def statuses(self, policy, origins):
        """The status each origin gets; None: no Origin is sent."""
        server = self.gateway(policy)
        app = self.link_server()
        link = None
        found = {}
        for origin in origins:
            client = server.websocket()
            headers = {} if origin is None else {"Origin": origin.replace("PORT", str(server.port))}
            client.start("/app", headers)
            # A permitted one is first of all brought to the system server.
            asked = link.sock if link else app.sock
            readable = select.select([client.sock, asked], [], [], scaled(10))[0]
            self.assertTrue(readable, "no answer")
            if asked in readable:
                link = link or app.greet()
                link.accept(link.expect(OPEN, skip=(END,)).client)
                client.finish_handshake()
                found[origin] = 101
                client.drop()
                link.expect(END)
            else:
                found[origin] = client.response().status
        app.close()
        server.stop()
        return found

    def test_same_is_the_default(self):
        for policy in ("", 'origin = "same";'):
            self.assertEqual({None: 101, "http://localhost:PORT": 101, "https://localhost:PORT": 101,
                              "http://LOCALHOST:PORT": 101, "null": 403, "http://localhost": 403, "http://localhost:1": 403,
                              "http://other:PORT": 403, "http://localhost:PORT.evil.example": 403,
                              "http://localhost:PORT@evil.example": 403, "nonsense": 403, "file://": 403},
                             self.statuses(policy, [None, "http://localhost:PORT", "https://localhost:PORT",
                                                    "http://LOCALHOST:PORT", "null", "http://localhost", "http://localhost:1",
                                                    "http://other:PORT", "http://localhost:PORT.evil.example",
                                                    "http://localhost:PORT@evil.example", "nonsense", "file://"]))

    def test_a_list(self):
        policy = 'origin = "https://a.example, b.example:8080, *.c.example, same";'
        expected = {"https://a.example": 101, "http://a.example": 403, "https://a.example:8443": 403,
                    "http://b.example:8080": 101, "http://b.example": 403, "https://x.c.example": 101, "https://c.example": 403,
                    "https://evilc.example": 403, "http://localhost:PORT": 101, "null": 403, None: 101}
        self.assertEqual(expected, self.statuses(policy, list(expected)))

    def test_any(self):
        expected = {"http://anything.example": 101, "null": 101, None: 101}
        self.assertEqual(expected, self.statuses('origin = "*";', list(expected)))

    def test_two_origins_are_no_origin(self):
        server = self.gateway()
        self.link_server()
        client = server.websocket()
        client.start("/app", [("Origin", f"http://localhost:{server.port}"), ("Origin", "http://evil.example")])
        self.assertIn(client.response().status, (400, 403))


class Subprotocols(Handshake):
    def test_the_servers_choice_is_passed_on(self):
        app = self.link_server()
        client = self.server.websocket()
        _, opened = app.admit(client, protocol="superchat", headers={"Sec-WebSocket-Protocol": "chat, superchat"})
        self.assertEqual(["chat", "superchat"], opened.json["protocols"])
        self.assertEqual("superchat", client.answer.get("Sec-WebSocket-Protocol"))

    def test_offers_in_several_fields_are_one_list(self):
        app = self.link_server()
        client = self.server.websocket()
        _, opened = app.admit(client, headers=[("Sec-WebSocket-Protocol", "a"), ("Sec-WebSocket-Protocol", "b,c")])
        self.assertEqual(["a", "b", "c"], opened.json["protocols"])
        self.assertIsNone(client.answer.get("Sec-WebSocket-Protocol"))

    def test_one_that_was_not_offered_is_not_sent(self):
        # RFC 6455 4.1: the client would have to fail the connection.
        app = self.link_server()
        link = None
        for offers in ({}, {"Sec-WebSocket-Protocol": "chat"}):
            client = self.server.websocket()
            client.start("/app", offers)
            link = link or app.greet()
            link.accept(link.expect(OPEN, skip=(END,)).client, "other")
            self.assertIn(client.response().status, (500, 502, 503))

    def test_a_protocol_may_name_the_server(self):
        # As in ouistiti: no such name, so the first offered protocol that is one.
        self.echo()
        client = self.server.websocket()
        client.open("/", {"Sec-WebSocket-Protocol": "none, echo"})
        self.assertEqual("echo", client.answer.get("Sec-WebSocket-Protocol"))
        client.echo("hello")

    def test_the_path_goes_first(self):
        self.echo()
        app = self.link_server("other")
        client = self.server.websocket()
        app.admit(client, target="/other", headers={"Sec-WebSocket-Protocol": "echo"})


class SystemServerProgram(Case):
    def test_a_stale_socket_is_replaced_a_used_one_is_not(self):
        first = self.echo()
        second = self.echo(ready=False)
        self.assertNotEqual(0, second.wait())
        self.assertIn("echo", second.log())
        self.assertTrue(first.running())
        first.process.kill()
        first.wait()
        self.assertTrue(os.path.exists(self.path("sockets/echo")))
        self.echo()
        self.gateway().websocket("/echo").echo("hello")

    def test_ends_on_sigterm_and_closes_its_clients(self):
        app = self.echo()
        client = self.gateway().websocket("/echo")
        client.echo("hello")
        self.assertEqual(0, app.stop())
        client.expect_close(1001)

    def test_help_and_unknown_flags(self):
        one = self.launch([program("websocket_echo"), "-h"], "help")
        self.assertEqual(0, one.wait())
        for flag in ("-R", "-n", "-u", "-g", "-m", "-D", "-t", "--stream", "--framing"):
            self.assertIn(flag, one.log())
        self.assertNotEqual(0, self.launch([program("websocket_echo"), "-Z"], "bad").wait())

    def test_unknown_users_are_refused(self):
        one = self.launch([program("websocket_echo"), "-R", self.sockets, "-n", "echo", "-u", "no-such-user"], "bad")
        self.assertNotEqual(0, one.wait())
        self.assertIn("no-such-user", one.log())

    def test_max_clients(self):
        self.echo("-m", "2")
        server = self.gateway()
        clients = [server.websocket("/echo") for _ in range(2)]
        third = server.websocket()
        third.start("/echo")
        self.assertEqual(503, third.response().status)
        clients[0].close()
        fourth = server.websocket()
        fourth.open("/echo").echo("hello")

    def test_sockets_are_not_for_everybody(self):
        self.echo()
        self.assertEqual(0, os.stat(self.path("sockets/echo")).st_mode & 0o007)

