"""Entries of `links`: servers outside the docroot, by path: UNIX sockets, TCP; what is no good entry."""

import os
import socket

from harness import BINARY, HELLO, MODULES, PATIENCE, TEXT, LinkServer, RecordLink, RecordServer, StreamServer, Wire, scaled
from links_case import Links
from websocket_peers import Refusing


class Unix(Links):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("elsewhere"))

    def listener(self, kind):
        one = kind(self.path("elsewhere"), "app")
        self.addCleanup(one.close)
        return one

    def entry(self, more=""):
        return f'origin = "lab/app"; destination = "{self.path("elsewhere/app")}"; {more}'

    def test_a_stream_server(self):
        app = self.listener(StreamServer)
        self.serve_links(self.entry())
        client = self.server.websocket("/lab/app")
        peer = app.accept()
        client.send_text("hello")
        self.assertEqual(b"hello", peer.read(5))
        peer.send(b"\xc3\xa4")
        self.assertEqual((TEXT, "ä".encode()), client.read_message())

    def test_messages_says_their_type(self):
        app = self.listener(StreamServer)
        self.serve_links(self.entry('type = "unix"; messages = "binary";'))
        client = self.server.websocket("/lab/app")
        app.accept().send(b"\xff")
        self.assertEqual((BINARY, b"\xff"), client.read_message())

    def test_lines(self):
        app = self.listener(StreamServer)
        self.serve_links(self.entry('framing = "lines";'))
        client = self.server.websocket("/lab/app")
        peer = app.accept()
        client.send_text("hello")
        self.assertEqual(b"hello\n", peer.read(6))

    def test_a_link(self):
        app = self.listener(LinkServer)
        self.serve_links(self.entry())
        client = self.server.websocket()
        link, opened = app.admit(client, target="/lab/app/room")
        self.assertEqual("/room", opened.json["path_info"])
        other = self.server.websocket()
        app.admit(other, link, target="/lab/app")  # on the same link
        client.send_text("hello")
        self.assertEqual((0, b"hello"), link.message(opened.client))

    def test_records(self):
        app = self.listener(RecordServer)
        self.serve_links(self.entry('framing = "records";'))
        client = self.server.websocket()
        link, _ = app.admit(client, target="/lab/app/room")
        client.send_binary(b"x")
        self.assertEqual((1, b"x"), link.message(1))

    def test_no_server(self):
        self.serve_links(self.entry())
        self.assertEqual(503, self.status("/lab/app"))

    def test_by_subprotocol(self):
        app = self.listener(StreamServer)
        self.serve_links(f'origin = "app"; destination = "{self.path("elsewhere/app")}";')
        client = self.server.websocket()
        client.open("/other", headers={"Sec-WebSocket-Protocol": "chat, app"})
        self.assertEqual("app", client.answer.get("Sec-WebSocket-Protocol"))
        app.accept()


class Origin(Links):
    def setUp(self):
        super().setUp()
        self.docroot_server = self.stream_server("app")
        self.linked = StreamServer(self.path("elsewhere"), "app")
        self.addCleanup(self.linked.close)

    def entry(self, origin):
        return f'origin = "{origin}"; destination = "{self.path("elsewhere/app")}";'

    def reaches(self, app, target):
        client = self.server.websocket(target)
        peer = app.accept()
        client.send_text("x")
        self.assertEqual(b"x", peer.read(1))

    def test_a_link_comes_before_the_docroot(self):
        self.serve_links(self.entry("app"), docroot=True)
        self.reaches(self.linked, "/app")
        self.reaches(self.linked, "/app/room")

    def test_what_no_link_matches_is_below_the_docroot(self):
        self.serve_links(self.entry("other"), docroot=True)
        self.reaches(self.docroot_server, "/app")
        self.reaches(self.linked, "/other")

    def test_whole_components_only(self):
        self.serve_links(self.entry("/lab/app/"))
        self.reaches(self.linked, "/lab/app")
        self.assertEqual(404, self.status("/lab/apple"))
        self.assertEqual(404, self.status("/lab"))
        self.assertEqual(404, self.status("/x/lab/app"))

    def test_a_pattern(self):
        self.serve_links(self.entry("^/a*.sensor$,^/b"))
        self.reaches(self.linked, "/a/1.sensor")
        self.reaches(self.linked, "/bc")
        self.assertEqual(404, self.status("/a/1.sensors"))

    def test_the_first_that_matches(self):
        self.serve_links(self.entry("app/one"), f'origin = "app"; destination = "{self.sockets}/app";')
        self.reaches(self.linked, "/app/one/x")
        self.reaches(self.docroot_server, "/app/two")

    def test_no_docroot_beside_links(self):
        self.serve_links(self.entry("other"))
        self.assertEqual(404, self.status("/app"))
        self.assertEqual(404, self.status("/app", headers={"Sec-WebSocket-Protocol": "app"}))

    def test_access_rules_hold(self):
        self.serve_links(self.entry("app"), keys='deny = "^/app/secret";')
        self.reaches(self.linked, "/app/public")
        self.assertEqual(403, self.status("/app/secret"))


class Tcp(Links):
    def setUp(self):
        super().setUp()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        self.listener.settimeout(scaled(PATIENCE))
        self.port = self.listener.getsockname()[1]

    def entry(self, host="127.0.0.1", port=None, more=""):
        return f'origin = "app"; type = "tcp"; destination = "{host}"; port = "{port or self.port}"; {more}'

    def test_an_address(self):
        self.serve_links(self.entry())
        client = self.server.websocket("/app")
        peer = Wire(self.listener.accept()[0])
        client.send_text("hello")
        self.assertEqual(b"hello", peer.read(5))
        peer.send(b"back")
        self.assertEqual((TEXT, b"back"), client.read_message())
        peer.drop()
        client.expect_close(1000)

    def test_a_name(self):
        self.serve_links(self.entry("localhost"))
        client = self.server.websocket("/app")
        self.listener.accept()[0].sendall(b"hello")
        self.assertEqual((TEXT, b"hello"), client.read_message())

    def test_lines(self):
        self.serve_links(self.entry(more='framing = "lines";'))
        client = self.server.websocket("/app")
        peer = Wire(self.listener.accept()[0])
        peer.send(b"one\r\ntwo\r\n")
        self.assertEqual((TEXT, b"one"), client.read_message())
        self.assertEqual((TEXT, b"two"), client.read_message())

    def test_records(self):
        self.serve_links(self.entry(more='framing = "records";'))
        client = self.server.websocket()
        client.start("/app/room")
        link = RecordLink(self.listener.accept()[0])
        link.hello()
        link.expect(HELLO)
        self.assertEqual("/room", link.next().json["path_info"])
        link.accept(1)
        client.finish_handshake()
        client.send_text("hello")
        self.assertEqual((0, b"hello"), link.message(1))

    def test_nobody_listens(self):
        nobody = Refusing()  # the port is taken: no other test listens there
        self.addCleanup(nobody.close)
        for framing in ("bytes", "records"):
            self.serve_links(self.entry(port=nobody.port, more=f'framing = "{framing}";'))
            self.assertEqual(503, self.status("/app"))

    def test_a_name_that_is_none(self):
        self.serve_links(self.entry("no-such-host.invalid"))
        self.assertEqual(503, self.status("/app"))
        self.server.wait_log("no-such-host.invalid")

    def test_an_address_that_does_not_answer(self):
        # A full backlog: the kernel drops what comes. The server serves others meanwhile.
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            port = full.getsockname()[1]
            waiting = []
            self.addCleanup(lambda: [one.close() for one in waiting])
            for _ in range(3):
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(("127.0.0.1", port))
                waiting.append(one)
            self.serve_links(self.entry(port=port),
                             f'origin = "good"; type = "tcp"; destination = "127.0.0.1"; port = "{self.port}";',
                             keys="handshake_timeout = 3;")
            client = self.server.websocket()
            client.start("/app")
            self.server.websocket("/good")
            self.assertEqual(503, client.response().status)

    def test_a_client_that_leaves_while_it_waits(self):
        self.serve_links(self.entry("localhost"))
        for _ in range(20):
            client = self.server.websocket()
            client.start("/app")
            client.drop()
        client = self.server.websocket("/app")
        client.send_text("hello")
        while True:  # connections of those that left may come first, and end
            sock = self.listener.accept()[0]
            sock.settimeout(scaled(PATIENCE))
            with sock:
                if sock.recv(5) == b"hello":
                    break


class Configuration(Links):
    """Mistakes are told with file and line; nothing starts."""

    def refused(self, keys, what):
        config = self.path("wrong.conf", f'user = "root";\nservers = ({{\n  port = 0;\n  websocket = {{\n    {keys}\n  }};\n}});\n')
        status, _, err = self.check(config)
        self.assertNotEqual(0, status, keys)
        self.assertRegex(err, rf"wrong\.conf:\d+: servers\[0\]\.websocket\.\S+: .*{what}")

    def check(self, config):
        return self.run_marmoset("-t", "-f", config, *(["-M", MODULES] if os.path.isdir(MODULES) else []))

    def test_names(self):
        folder = f'docroot = "{self.sockets}"; '
        for entries, what in (
                ('names = ({ framing = "lines"; });', "missing"),
                ('names = ({ name = "/app"; });', "names no socket"),
                ('names = ({ name = "../app"; });', "names no socket"),
                ('names = ({ name = "a//b"; });', "names no socket"),
                ('names = ({ name = "app"; framing = "words"; });', "bytes, lines or records"),
                ('names = ({ name = "app"; type = "html"; });', "text, binary or auto")):
            self.refused(folder + entries, what)

    def test_a_name_twice(self):
        self.refused(f'docroot = "{self.sockets}"; names = (\n{{ name = "app"; }},\n{{ name = "app"; }});',
                     r'"app" stands already at \S*wrong\.conf:6')

    def test_links(self):
        for entry, what in (
                ('destination = "/x";', "missing"),
                ('origin = "/"; destination = "/x";', "names no path"),
                ('origin = "a";', "missing"),
                ('origin = "a"; destination = "x";', "not an absolute path"),
                ('origin = "a"; type = "udp"; destination = "x";', "unix, tcp, tty or fifo"),
                ('origin = "a"; type = "tcp"; destination = "x";', "needs one"),
                ('origin = "a"; destination = "/x"; port = "80";', "no meaning"),
                ('origin = "a"; destination = "/x"; baud = "9600";', "no meaning"),
                ('origin = "a"; destination = "/x"; source = "/y";', "no meaning"),
                ('origin = "a"; type = "tty"; destination = "/x"; baud = "9601";', "not a rate"),
                ('origin = "a"; type = "tty"; destination = "/x"; framing = "records";', "shared")):
            self.refused(f"links = ({{ {entry} }});", what)

    def test_an_unknown_key_is_a_warning(self):
        config = self.path("right.conf", 'user = "root";\nservers = ({\n  websocket = {\n    links = ({ origin = "a"; '
                                         'destination = "/x"; framming = "lines"; });\n  };\n});\n')
        status, _, err = self.check(config)
        self.assertEqual(0, status, err)
        self.assertRegex(err, r'right\.conf:4: servers\[0\]\.websocket\.links\[0\]\.framming: unknown key; did you mean "framing"')
