"""websocket_echo without a gateway: the test is the gateway. What a system server built on the library answers over the link
and over STREAM, whatever it is sent."""

import json
import os
import signal
import socket
import struct

from harness import (ACCEPT, CREDIT, END, F_BINARY, F_FIRST, F_LAST, HEADER, HELLO, LINK_PING, LINK_PONG, MESSAGE, OPEN, REJECT, WHOLE,
                     Case, Link, Overdue, Record, Wire, deadline, is_running, memory, program, scaled, user_name, wait_for)


class Gateway(Link):
    """Our end as a gateway worker's: connects, greets."""

    def __init__(self, path, **hello):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.settimeout(scaled(10))
        sock.connect(path)
        super().__init__(sock)
        self.hello(**hello)
        self.peer = self.expect(HELLO).json

    def open(self, client, **fields):
        metadata = dict(id=f"t-{client}", uri="/echo", path_info="", query="", protocols=[], origin="", host="localhost", user=None,
                        group=None, home=None, auth=None, remote={"address": "127.0.0.1", "port": 1000 + client},
                        local={"address": "127.0.0.1", "port": 80}, tls=None, headers={}, direct=False)
        metadata.update(fields)
        self.send(Record(OPEN, client, json.dumps(metadata)))

    def opened(self, client):
        self.open(client)
        self.expect(ACCEPT, client)
        return client


class Echo(Case):
    def setUp(self):
        super().setUp()
        self.app = self.echo()
        self.socket_path = self.path("sockets/echo")

    def gateway_link(self, **hello):
        link = Gateway(self.socket_path, **hello)
        self.addCleanup(link.drop)
        return link


class OverTheLink(Echo):
    def test_hello(self):
        peer = self.gateway_link().peer
        self.assertEqual(1, peer["version"])
        self.assertEqual(self.app.pid, peer["pid"])
        self.assertGreater(peer["window"], 65535)
        self.assertGreaterEqual(peer["max_message"], 16 << 20)
        self.assertTrue(peer["software"])

    def test_echoes(self):
        link = self.gateway_link()
        link.opened(1)
        for data in (b"", b"x", b"hello" * 1000, b"y" * 100_000):
            for kind in (0, F_BINARY):
                link.send(Record(MESSAGE, 1, data, WHOLE | kind))
                self.assertEqual((kind, data), link.message(1))

    def test_a_message_in_parts(self):
        link = self.gateway_link()
        link.opened(1)
        link.send(Record(MESSAGE, 1, "a", F_FIRST))
        link.send(Record(MESSAGE, 1, "", 0), Record(MESSAGE, 1, "b", 0))
        link.send(Record(MESSAGE, 1, "c", F_LAST))
        self.assertEqual((0, b"abc"), link.message(1))

    def test_clients_interleave(self):
        link = self.gateway_link()
        for client in (1, 2):
            link.opened(client)
        link.send(Record(MESSAGE, 1, "1a", F_FIRST), Record(MESSAGE, 2, "2a", F_FIRST | F_BINARY), Record(MESSAGE, 1, "1b", F_LAST),
                  Record(MESSAGE, 2, "2b", F_LAST | F_BINARY))
        self.assertEqual((0, b"1a1b"), link.message(1))
        self.assertEqual((F_BINARY, b"2a2b"), link.message(2))

    def test_ids_are_each_links_own(self):
        one, two = self.gateway_link(), self.gateway_link()
        one.opened(7)
        two.opened(7)
        one.send(Record(MESSAGE, 7, "one", WHOLE))
        two.send(Record(MESSAGE, 7, "two", WHOLE))
        self.assertEqual((0, b"one"), one.message(7))
        self.assertEqual((0, b"two"), two.message(7))
        one.drop()
        two.send(Record(MESSAGE, 7, "still", WHOLE))
        self.assertEqual((0, b"still"), two.message(7))

    def test_closing_is_answered_once_and_frees_the_id(self):
        link = self.gateway_link()
        for _ in range(3):
            link.opened(5)
            link.end(5, 1000, "bye")
            link.expect(END, 5)
        link.expect_quiet(0.1)

    def test_a_client_gone_in_the_middle_of_a_message(self):
        link = self.gateway_link()
        link.opened(1)
        link.send(Record(MESSAGE, 1, "part", F_FIRST))
        link.end(1, 1006)
        link.expect(END, 1, skip=(CREDIT,))
        link.opened(1)
        link.send(Record(MESSAGE, 1, "new", WHOLE))
        self.assertEqual((0, b"new"), link.message(1))

    def test_pings(self):
        link = self.gateway_link()
        link.send(Record(LINK_PING, 0, "payload"))
        self.assertEqual(b"payload", link.expect(LINK_PONG).payload)

    def test_thousands_of_messages_in_few_packets(self):
        link = self.gateway_link()
        link.opened(1)
        link.packets = 0
        for batch in range(10):
            link.credit(1, 500 * 20)
            records = [Record(MESSAGE, 1, f"{batch}.{n}", WHOLE) for n in range(500)]
            link.send(*records)
            for n in range(500):
                self.assertEqual((0, f"{batch}.{n}".encode()), link.message(1))
        self.assertLess(link.packets, 200)

    def test_ends_all_on_sigterm(self):
        link = self.gateway_link()
        link.opened(1)
        link.opened(2)
        self.app.send_signal(signal.SIGTERM)
        self.assertEqual({1: 1001, 2: 1001}, {record.client: record.code for record in (link.expect(END), link.expect(END))})
        link.expect_end()
        self.assertEqual(0, self.app.wait())
        self.assertFalse(os.path.exists(self.socket_path))


class Credit(Echo):
    def test_is_given_back(self):
        link = self.gateway_link()
        link.opened(1)
        window = credit = link.peer["window"]
        data = b"x" * 30_000
        for _ in range(60):
            while credit < len(data) + 12:
                credit += self.granted(link)
                self.assertLessEqual(credit, window)
            link.send(Record(MESSAGE, 1, data, WHOLE))
            credit -= len(data) + 12
            self.assertEqual((0, data), link.message(1))
            for record in link.set_aside:
                credit += struct.unpack("=I", record.payload)[0]
            link.set_aside.clear()
            link.credit(1, len(data) + 12)

    def granted(self, link):
        record = link.expect(CREDIT, 1)
        return struct.unpack("=I", record.payload)[0]

    def test_ours_is_not_exceeded(self):
        link = self.gateway_link(window=1000)
        link.opened(1)
        data = bytes(range(256)) * 200
        link.send(Record(MESSAGE, 1, data, WHOLE | F_BINARY))
        got, cost, granted = b"", 0, 1000
        while len(got) < len(data):
            if cost > granted - 64:  # too little for anything worth a record
                link.expect_quiet(0.1, skip=(CREDIT,))
                link.credit(1, 3000)
                granted += 3000
                continue
            record = link.next()
            if record.type == MESSAGE:
                got += record.payload
                cost += len(record.payload) + 12
                self.assertLessEqual(cost, granted)
        self.assertTrue(data == got)
        self.assertTrue(record.flags & F_LAST)

    @deadline(60)
    def test_is_withheld_while_the_echo_is_not_taken(self):
        link = self.gateway_link()
        link.opened(1)
        before = memory(self.app.pid)
        credit, sent = link.peer["window"], 0
        data = b"x" * 30_000
        while sent < 256 << 20:
            if credit < len(data) + 12:
                try:
                    record = link.next(scaled(0.5))
                except Overdue:
                    break
                if record.type == CREDIT:
                    credit += struct.unpack("=I", record.payload)[0]
                continue
            link.send(Record(MESSAGE, 1, data, WHOLE))
            credit -= len(data) + 12
            sent += len(data)
        self.assertLess(sent, 16 << 20)
        self.assertLess(memory(self.app.pid) - before, 32 << 20)

    def test_a_message_larger_than_the_window(self):
        link = self.gateway_link(window=10 << 20)
        link.opened(1)
        credit, at = link.peer["window"], 0
        data = os.urandom(1 << 16) * 32
        got = bytearray()
        while len(got) < len(data):
            piece = data[at:at + 50_000]
            if piece and credit >= len(piece) + 12:
                flags = F_BINARY | (0 if at else F_FIRST) | (F_LAST if at + len(piece) == len(data) else 0)
                link.send(Record(MESSAGE, 1, piece, flags))
                credit -= len(piece) + 12
                at += len(piece)
                continue
            record = link.next()
            if record.type == CREDIT:
                credit += struct.unpack("=I", record.payload)[0]
            else:
                got += record.payload
        self.assertTrue(data == got)

    def test_a_message_larger_than_allowed_is_1009(self):
        self.app.stop()
        self.app = self.echo()
        link = self.gateway_link()
        link.opened(1)
        limit, credit, sent = link.peer["max_message"], link.peer["window"], 0
        while True:
            size = min(60_000, credit - 12)
            if size > 1000 and sent <= limit:
                link.send(Record(MESSAGE, 1, b"x" * size, F_BINARY | (0 if sent else F_FIRST)))
                credit -= size + 12
                sent += size
                continue
            record = link.next()
            if record.type == MESSAGE:  # the echo of what has come so far
                continue
            if record.type == END:
                break
            credit += struct.unpack("=I", record.payload)[0]
        self.assertEqual((1, 1009), (record.client, record.code))
        self.assertGreater(sent, limit)


class Faults(Echo):
    def check_ended(self, send):
        link = self.gateway_link()
        link.opened(1)
        send(link)
        link.expect_end(skip=(CREDIT, END, MESSAGE))
        other = self.gateway_link()
        other.opened(1)
        other.send(Record(MESSAGE, 1, "fine", WHOLE))
        self.assertEqual((0, b"fine"), other.message(1))

    def test_broken_rules_end_the_link_only(self):
        def record(*args, **fields):
            return lambda link: link.send(Record(*args, **fields))

        for name, send in {
            "a cut header": lambda link: link.send_packet(b"\0" * 11),
            "a length beyond the packet": lambda link: link.send_packet(HEADER.pack(5, 1, MESSAGE, WHOLE, 0)),
            "type 0": lambda link: link.send_packet(HEADER.pack(0, 1, 0, 0, 0)),
            "type 99": lambda link: link.send_packet(HEADER.pack(0, 1, 99, 0, 0)),
            "an id never opened": record(MESSAGE, 99, "x", WHOLE),
            "CLOSE of an id never opened": record(END, 99),
            "an id opened twice": lambda link: link.open(1),
            "a second FIRST": lambda link: link.send(Record(MESSAGE, 1, "x", F_FIRST), Record(MESSAGE, 1, "x", F_FIRST)),
            "no FIRST": record(MESSAGE, 1, "x", F_LAST),
            "ACCEPT": record(ACCEPT, 1),
            "REJECT": record(REJECT, 1, code=403),
            "a short CREDIT": record(CREDIT, 1, b"abc"),
            "a second HELLO": lambda link: link.hello(),
            "OPEN that is no JSON": record(OPEN, 2, "nonsense"),
            "OPEN for client 0": record(OPEN, 0, "{}"),
            "a packet too large": lambda link: self.large(link),
        }.items():
            with self.subTest(name):
                self.check_ended(send)

    def large(self, link):
        link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        link.send_packet(Record(MESSAGE, 1, b"x" * 140_000, WHOLE).encode())

    def test_an_unknown_version_ends_the_link(self):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(self.socket_path)
        link = Link(sock)
        link.hello(version=2)
        link.expect_end(skip=(HELLO,))
        self.gateway_link().opened(1)

    def test_links_that_come_and_go(self):
        self.gateway_link().opened(1)  # it runs, and holds one link
        before = len(os.listdir(f"/proc/{self.app.pid}/fd"))
        for _ in range(100):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            sock.connect(self.socket_path)
            sock.close()
            link = Gateway(self.socket_path)
            link.open(1)
            link.drop()
        wait_for("the links to be closed", lambda: len(os.listdir(f"/proc/{self.app.pid}/fd")) <= before)
        self.gateway_link().opened(1)


class MaxClients(Case):
    def test_further_ones_are_rejected_with_503(self):
        self.echo("-m", "2")
        link = Gateway(self.path("sockets/echo"))
        link.opened(1)
        link.opened(2)
        link.open(3)
        self.assertEqual(503, link.expect(REJECT, 3).code)
        link.end(3)
        link.end(1)
        link.expect(END, 1)
        link.opened(4)


class Stream(Case):
    def connect(self):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(scaled(10))
        sock.connect(self.path("sockets/echo"))
        return Wire(sock)

    def test_echoes_bytes(self):
        self.echo(stream=True)
        one, two = self.connect(), self.connect()
        one.send(b"hello")
        two.send(b"others")
        self.assertEqual(b"hello", one.read(5))
        self.assertEqual(b"others", two.read(6))
        one.finish()
        one.expect_end()
        two.send(b"still")
        self.assertEqual(b"still", two.read(5))

    def test_a_client_that_does_not_read(self):
        app = self.echo(stream=True)
        before = memory(app.pid)
        client = self.connect()
        client.sock.setblocking(False)
        sent = 0
        try:
            while sent < 64 << 20:
                sent += client.sock.send(b"x" * 65536)
                client.sock.settimeout(scaled(0.3))
        except TimeoutError:
            pass
        self.assertLess(memory(app.pid) - before, 16 << 20)
        other = self.connect()
        other.send(b"fine")
        self.assertEqual(b"fine", other.read(4))


class CommandLine(Case):
    def run_echo(self, *args):
        one = self.launch([program("websocket_echo"), *args], "run" + str(len(self.programs)))
        return one.wait(), one.log()

    def test_a_folder_that_cannot_be(self):
        status, text = self.run_echo("-R", self.path("file", "") + "/below", "-n", "echo", "-u", user_name())
        self.assertNotEqual(0, status)
        self.assertIn("file/below", text)

    def test_what_is_no_socket_is_not_removed(self):
        self.path("sockets/echo", "precious")
        status, _ = self.run_echo("-R", self.sockets, "-n", "echo", "-u", user_name())
        self.assertNotEqual(0, status)
        with open(self.path("sockets/echo"), encoding="ascii") as file:
            self.assertEqual("precious", file.read())

    def test_names_do_not_leave_the_folder(self):
        status, _ = self.run_echo("-R", self.sockets, "-n", "../outside", "-u", user_name())
        self.assertNotEqual(0, status)
        self.assertFalse(os.path.exists(self.path("outside")))

    def test_daemon(self):
        one = self.launch([program("websocket_echo"), "-R", self.sockets, "-n", "echo", "-u", user_name(), "-D"], "daemon")
        self.assertEqual(0, one.wait())
        link = Gateway(self.path("sockets/echo"))
        pid = link.peer["pid"]
        self.assertTrue(is_running(pid))
        self.assertNotEqual(os.getsid(0), os.getsid(pid))
        os.kill(pid, signal.SIGTERM)
        wait_for("the daemon to end", lambda: not is_running(pid))

    def test_test_mode_as_in_ouistiti(self):
        # -t: behind each echo the bytes of a pong and of a close with 1002 are sent as such, then the connection is closed.
        self.echo("-t", stream=True)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(scaled(10))
        sock.connect(self.path("sockets/echo"))
        client = Wire(sock)
        client.send(b"hello")
        self.assertTrue(client.read_all().startswith(b"hello"))
