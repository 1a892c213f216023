"""Entries of `links`: servers outside the docroot, by path: UNIX sockets, TCP, serial lines, named pipes."""

import os
import pty
import socket
import termios
import threading
import tty

from harness import (BINARY, HELLO, MODULES, PATIENCE, TEXT, Case, LinkServer, RecordLink, RecordServer, StreamServer, Wire,
                     scaled, wait_for)


class Links(Case):
    def serve_links(self, *entries, keys="", docroot=False, **options):
        """The gateway with these `links`; without a docroot unless asked for one."""
        folder = f'docroot = "{self.sockets}";' if docroot else ""
        text = ", ".join("{ " + entry + " }" for entry in entries)
        self.server = self.serve(f"port = 0;\nwebsocket = {{ {folder} links = ({text}); {keys} }};\n", **options)
        return self.server

    def status(self, target, **options):
        client = self.server.websocket()
        client.start(target, **options)
        return client.response().status


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
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        for framing in ("bytes", "records"):
            self.serve_links(self.entry(port=port, more=f'framing = "{framing}";'))
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
                             keys="handshake_timeout = 1;")
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


class Tty(Links):
    def setUp(self):
        super().setUp()
        self.master, slave = pty.openpty()
        tty.setraw(self.master)
        self.device = os.ttyname(slave)
        self.slave = slave
        self.addCleanup(self.hang_up)

    def hang_up(self):
        for end in (self.master, self.slave):
            if end is not None:
                os.close(end)
        self.master = self.slave = None

    def entry(self, more=""):
        return f'origin = "serial"; type = "tty"; destination = "{self.device}"; {more}'

    def read(self, size):
        data = b""
        while len(data) < size:
            data += os.read(self.master, size - len(data))
        return data

    def test_both_ways(self):
        self.serve_links(self.entry('framing = "lines"; baud = "115200";'))
        client = self.server.websocket("/serial")
        client.send_text("AT")
        self.assertEqual(b"AT\n", self.read(3))
        os.write(self.master, b"OK\r\nline two\r\n")
        self.assertEqual((TEXT, b"OK"), client.read_message())
        self.assertEqual((TEXT, b"line two"), client.read_message())

    def test_raw_and_with_its_rate(self):
        self.serve_links(self.entry('messages = "binary"; baud = "57600";'))
        client = self.server.websocket("/serial")
        every = bytes(range(256))
        client.send_binary(every)
        self.assertEqual(every, self.read(256))
        os.write(self.master, every)
        got = b""
        while len(got) < 256:
            opcode, part = client.read_message()
            self.assertEqual(BINARY, opcode)
            got += part
        self.assertEqual(every, got)
        settings = termios.tcgetattr(self.slave)
        self.assertEqual((termios.B57600, termios.B57600), (settings[4], settings[5]))

    def test_everyone_hears_the_line(self):
        self.serve_links(self.entry('framing = "lines";'))
        clients = [self.server.websocket("/serial") for _ in range(5)]
        os.write(self.master, b"to all\n")
        for client in clients:
            self.assertEqual((TEXT, b"to all"), client.read_message())
        clients[0].close()
        os.write(self.master, b"to the rest\n")
        for client in clients[1:]:
            self.assertEqual((TEXT, b"to the rest"), client.read_message())

    def test_messages_do_not_mix(self):
        self.serve_links(self.entry('framing = "lines";'))
        one, two = self.server.websocket("/serial"), self.server.websocket("/serial")
        one.send_frame(TEXT, "o", fin=False)
        two.send_text("two")
        self.assertEqual(b"two\n", self.read(4))
        one.send_frame(0, "ne")
        self.assertEqual(b"one\n", self.read(4))

    def test_noise_is_left_out(self):
        self.serve_links(self.entry('framing = "lines";'))
        client = self.server.websocket("/serial")
        os.write(self.master, b"\xff\x80\nclean\n")
        self.assertEqual((TEXT, b"clean"), client.read_message())
        self.server.wait_log("2 bytes that are not UTF-8 left out")

    def test_a_newline_inside(self):
        self.serve_links(self.entry('framing = "lines";'))
        client = self.server.websocket("/serial")
        client.send_text("a\nb")
        client.expect_fail(1007)
        other = self.server.websocket("/serial")
        other.send_text("c")
        self.assertEqual(b"c\n", self.read(2))

    def test_the_line_hangs_up(self):
        self.serve_links(self.entry())
        client = self.server.websocket("/serial")
        client.send_text("x")
        self.read(1)
        self.hang_up()
        client.expect_close(1012)
        self.assertEqual(503, self.status("/serial"))

    def test_closed_with_its_last_client(self):
        self.serve_links(self.entry())
        for _ in range(3):
            client = self.server.websocket("/serial")
            client.send_text("x")
            self.assertEqual(b"x", self.read(1))
            client.close()
            pid = self.server.workers()[0]
            wait_for("the device to be closed", lambda: self.device not in opened(pid))

    def test_back_pressure(self):
        # A line that takes nothing holds back who writes to it, not who listens.
        self.serve_links(self.entry())
        writer, listener = self.server.websocket("/serial"), self.server.websocket("/serial")
        data = b"x" * 3_000_000
        sender = threading.Thread(target=writer.send_binary, args=(data,))
        sender.start()
        os.write(self.master, b"hello")
        self.assertEqual((TEXT, b"hello"), listener.read_message())
        self.assertTrue(data == self.read(len(data)))
        sender.join()

    def test_what_is_no_tty(self):
        self.serve_links(f'origin = "serial"; type = "tty"; destination = "{self.path("file", "x")}";')
        self.assertEqual(503, self.status("/serial"))

    def test_one_worker_has_it(self):
        self.serve_links(self.entry(), workers=2)
        self.server.wait_log("one worker has it at a time")
        clients, refused = [], 0
        while not clients or not refused:  # the kernel picks a worker by the client's port
            client = self.server.websocket()
            client.start("/serial")
            answer = client.head()
            if answer.status == 101:
                clients.append(client)
            else:
                self.assertEqual(503, answer.status)
                refused += 1
        self.server.wait_log("another process has it")


def opened(pid):
    names = []
    for entry in os.listdir(f"/proc/{pid}/fd"):
        try:
            names.append(os.readlink(f"/proc/{pid}/fd/{entry}"))
        except FileNotFoundError:
            pass
    return names


class Fifo(Links):
    def setUp(self):
        super().setUp()
        self.to_server, self.from_server = self.path("in"), self.path("out")
        os.mkfifo(self.to_server)
        os.mkfifo(self.from_server)

    def reader(self):
        """Our end of what clients write to, and its closer."""
        end = os.open(self.to_server, os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(end, True)
        return end

    def entry(self, destination=True, source=True, more=""):
        return ('origin = "pipe"; type = "fifo"; framing = "lines"; ' + more
                + (f'destination = "{self.to_server}"; ' if destination else "")
                + (f'source = "{self.from_server}"; ' if source else ""))

    def test_a_pair(self):
        self.serve_links(self.entry())
        end = self.reader()
        self.addCleanup(os.close, end)
        client = self.server.websocket("/pipe")
        client.send_text("hello")
        self.assertEqual(b"hello\n", os.read(end, 100))
        for text in ("one", "two"):  # each from a writer of its own, as shell commands do
            with open(self.from_server, "w", encoding="ascii") as pipe:
                pipe.write(text + "\n")
            self.assertEqual((TEXT, text.encode()), client.read_message())

    def test_only_a_source(self):
        self.serve_links(self.entry(destination=False))
        clients = [self.server.websocket("/pipe") for _ in range(3)]
        with open(self.from_server, "w", encoding="ascii") as pipe:
            pipe.write("news\n")
        for client in clients:
            self.assertEqual((TEXT, b"news"), client.read_message())
        clients[0].send_text("to nobody")
        clients[0].expect_fail(1008)

    def test_only_a_destination(self):
        self.serve_links(self.entry(source=False))
        end = self.reader()
        client = self.server.websocket("/pipe")
        client.send_text("hello")
        self.assertEqual(b"hello\n", os.read(end, 100))
        os.close(end)
        client.expect_close(1012)

    def test_nobody_reads(self):
        self.serve_links(self.entry())
        self.assertEqual(503, self.status("/pipe"))
        self.server.wait_log("no process reads from it")

    def test_what_is_no_pipe(self):
        self.serve_links(f'origin = "pipe"; type = "fifo"; source = "{self.path("file", "x")}";')
        self.assertEqual(503, self.status("/pipe"))


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
