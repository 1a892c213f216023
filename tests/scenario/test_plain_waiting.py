"""libwebsocket.so and what waits: who is reported ready has payload for the program, and no payload that is here is missed,
whether a wait looks at levels or edges."""

import os
import socket
import threading

from direct import DirectCase
from harness import BINARY, PING, TEXT, cpu_seconds, deadline, frame, memory

LOOPS = ("poll", "ppoll", "select", "pselect", "epoll", "epoll_in", "epoll_pwait", "epoll_pwait2", "epoll_oneshot", "epoll_et",
         "epoll_et_oneshot", "epoll_other_thread", "epoll_dup", "epoll_et_pwait2")


class Loops(DirectCase):
    def each(self, check, *words):
        """A client of a server for each way to wait."""
        for wait in LOOPS:
            with self.subTest(wait):
                self.one = self.plain("serve=loop", f"wait={wait}", *words, name=wait)
                check(self.server.websocket(f"/{wait}"))
            self.one.kill()
            os.unlink(os.path.join(self.sockets, wait))

    @deadline(120)
    def test_conversation(self):
        def check(client):
            self.converse(client, boundaries=False)
            client.close()
            self.one.wait_log("^end$")
        self.each(check)

    @deadline(60)
    def test_many_clients(self):
        def check(client):
            clients = [client] + [self.server.websocket("/" + os.path.basename(self.one.line[1])) for _ in range(30)]
            for number, one in enumerate(clients):
                one.send(frame(TEXT, f"first {number}") + frame(TEXT, f"second {number}"))
            for number, one in enumerate(clients):
                self.assertEqual([f"first {number}".encode(), f"second {number}".encode()],
                                 [one.read_message()[1] for _ in range(2)])
        self.each(check)

    @deadline(60)
    def test_two_messages_in_a_segment_one_read_an_event(self):
        # The second message is nowhere in the kernel: only the library knows of it.
        def check(client):
            client.send(frame(TEXT, "one") + frame(TEXT, "two") + frame(TEXT, "three"))
            self.assertEqual([b"one", b"two", b"three"], [client.read_message()[1] for _ in range(3)])
        self.each(check, "once=1")

    @deadline(60)
    def test_a_small_buffer_one_read_an_event(self):
        def check(client):
            client.send(frame(TEXT, "0123456789") + frame(TEXT, "ab"))
            self.assertEqual([b"0123", b"4567", b"89", b"ab"], [client.read_message()[1] for _ in range(4)])
        self.each(check, "once=1", "size=4")

    @deadline(60)
    def test_more_than_one_read_of_the_kernel(self):
        # A read that gives less than it was asked for does not mean that the kernel has nothing more.
        data = [b"\xff" * size for size in (50_000, 60_000, 10, 40_000)]
        def check(client):
            client.send(b"".join(frame(BINARY, one) for one in data))
            for one in data:
                self.assertEqual((BINARY, one), client.read_message())
        self.each(check, "once=1")

    @deadline(60)
    def test_the_end_behind_a_message(self):
        def check(client):
            client.send(frame(TEXT, "last") + frame(8, b"\x03\xe8"))
            # The message is still answered.
            self.assertEqual((TEXT, b"last"), client.read_message())
            client.expect_close(1000, answer=False)
            self.one.wait_log("^end$")
        self.each(check, "once=1")

    def wakes(self, client):
        client.send_text("?")
        return int(client.read_message()[1])

    @deadline(60)
    def test_what_is_no_payload_wakes_nobody(self):
        # Pings and parts of frames are not the program's: if each wait returned for them, this would count thousands.
        def check(client):
            before = self.wakes(client)
            for number in range(50):
                client.send_frame(PING, str(number))
                self.assertEqual(str(number).encode(), client.read_pong())
            client.send_bytewise(frame(TEXT, "hello"))
            self.assertEqual(b"hello", client.read_message()[1])
            # An edge is told with EPOLLOUT too, as the kernel does.
            self.assertLess(self.wakes(client) - before, 150 if "_et" in self.one.line[3] else 20)
        self.each(check)

    @deadline(120)
    def test_unsent_frames_do_not_spin(self):
        # A large answer leaves as the client takes it, in order; a wait for that is a wait, and so is the one behind it.
        sent = [f"{number:06}" * 10_000 for number in range(250)]

        def check(client):
            sender = threading.Thread(target=lambda: [client.send_text(text) for text in sent])
            sender.start()
            self.one.wait_log("^blocked$")
            for text in sent:
                self.assertTrue(text.encode() == b"".join(self.pieces(client, len(text))))
            sender.join()
            # A server that waits for nothing but what it can read still gets its message sent.
            client.send_text("#")
            self.assertEqual((TEXT, b"x" * (12 << 20)), client.read_message())
            client.echo("x")
            used = cpu_seconds(self.one.pid)
            threading.Event().wait(0.5)  # what spins would use all of it
            self.assertLess(cpu_seconds(self.one.pid) - used, 0.1)
        self.each(check)

    def pieces(self, client, size):
        while size > 0:
            data = client.read_message()[1]
            size -= len(data)
            yield data

    @deadline(90)
    def test_the_gateway_stops(self):
        # Its word wakes a server that waits for clients only.
        for wait in LOOPS:
            self.plain("serve=loop", f"wait={wait}", name=wait)
        clients = [self.server.websocket(f"/{wait}") for wait in LOOPS]
        for client in clients:
            client.echo("hello")
        self.server.send_signal(15)
        for client in clients:
            client.expect_close(1001)


class Blocking(DirectCase):
    def test_the_gateway_stops(self):
        servers = [self.plain(f"serve={serve}", name=serve) for serve in ("one", "fork", "thread")]
        clients = [self.server.websocket(f"/{serve}") for serve in ("one", "fork", "thread")]
        for client in clients:
            client.echo("hello")
        self.server.send_signal(15)
        for client, server in zip(clients, servers):
            client.expect_close(1001)
            server.wait_log("^end$")

    def test_a_wait_for_the_end_alone(self):
        server = self.plain("action=obey")
        client = self.server.websocket("/plain")
        client.send_text("wait")
        client.drop()
        server.wait_log("^poll: in$")
        server.wait_log("^end$")

    @deadline(60)
    def test_more_than_the_kernel_takes(self):
        server = self.plain("action=flood")
        client = self.server.websocket("/plain")
        server.wait_log("^EAGAIN after [0-9]+ messages$")
        total, number = 0, 0
        while True:
            opcode, data = client.read_message()
            if data == b"done":
                break
            self.assertEqual(bytes([97 + number % 26]) * (1 << 20), data)
            number += 1
            total += len(data)
        self.assertIn(f"{total} bytes", server.wait_log("^[0-9]+ bytes$").group())
        client.close()
        server.wait_log("^end$")

    @deadline(60)
    def test_a_thread_that_reads_and_one_that_writes(self):
        server = self.plain("action=duplex", "serve=thread")
        client = self.server.websocket("/plain")
        sent = [f"sent {number}" for number in range(1000)]
        sender = threading.Thread(target=lambda: [client.send_text(text) for text in sent])
        sender.start()
        got = [client.read_message()[1].decode() for _ in range(2000)]
        sender.join()
        self.assertEqual(sent, [text for text in got if text.startswith("sent")])
        self.assertEqual([f"line {number}" for number in range(1000)], [text for text in got if text.startswith("line")])
        client.close()
        server.wait_log("^end$")

    def test_threads_with_small_stacks(self):
        self.plain("serve=thread", "stack=65536", "size=1000")
        clients = [self.server.websocket("/plain") for _ in range(5)]
        for client in clients:
            client.echo("hello")

    @deadline(60)
    def test_a_client_that_reads_no_pongs(self):
        # What waits for it is limited: the last ping is answered.
        server = self.plain()
        client = self.server.websocket()
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
        client.open("/plain")
        pings = b"".join(frame(PING, b"%0100d" % number) for number in range(1000))
        before = None
        for number in range(120):
            client.send(pings)
            if number == 80:
                before = memory(server.pid)
        client.send_frame(PING, b"last")
        client.send_text("and a message")
        self.assertLess(memory(server.pid) - before, 2_000_000)
        count, answer = 0, b""
        while answer != b"last":
            answer = client.read_pong()
            count += 1
        self.assertLess(count, 120_000)
        self.assertEqual((TEXT, b"and a message"), client.read_message())
