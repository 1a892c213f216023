"""Entries of `links`: serial lines and named pipes."""

import os
import pty
import termios
import threading
import tty

from harness import BINARY, TEXT, wait_for
from links_case import Links


class Tty(Links):
    def setUp(self):
        super().setUp()
        self.master, slave = pty.openpty()
        tty.setraw(self.master)
        self.device = os.ttyname(slave)
        self.slave = slave  # open to the end: until then no other test gets a terminal of this name
        self.addCleanup(os.close, self.slave)
        self.addCleanup(self.hang_up)

    def hang_up(self):
        if self.master is not None:
            os.close(self.master)
        self.master = None

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
