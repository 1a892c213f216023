"""libwebsocket.so and descriptors: copies, ends, forks, how many bytes wait."""

import array
import os
import re
import signal
import socket
import time

from direct import DirectCase, sockaddr
from harness import BINARY, CLOSE, PATIENCE, PING, TEXT, children, deadline, frame, open_descriptors, scaled, wait_for


class Opened(DirectCase):
    def opened(self, server):
        """The names of what it has open. Not how many descriptors: accept() has a second one of the listening socket while it
        waits, and that is a matter of the moment."""
        return set(open_descriptors(server.pid).values())

    def keeps_only(self, before, server):
        wait_for(lambda: f"{self.opened(server) - before} to be closed", lambda: self.opened(server) <= before)


class Copies(Opened):
    def test_each_call_that_copies(self):
        for call in ("dup", "dup2", "dup3", "fcntl", "fcntl_cloexec"):
            with self.subTest(call):
                server = self.plain(f"copy={call}", name=call)
                client = self.server.websocket(f"/{call}")
                self.converse(client)
                client.send_close(1000)
                client.expect_close(1000, answer=False)
                server.wait_log("^end$")

    def test_the_last_one_says_goodbye(self):
        for call in ("dup", "dup2", "dup3", "fcntl"):
            with self.subTest(call):
                self.plain(f"copy={call}", "action=obey", name=call)
                client = self.server.websocket(f"/{call}")
                client.send_text("SHUT_WR")
                client.expect_close(1000)

    def test_nothing_is_left_behind(self):
        server = self.plain("copy=dup")
        self.server.websocket("/plain").close()
        server.wait_log("^end$")
        before = self.opened(server)  # the first client's may not be closed yet
        for _ in range(5):
            client = self.server.websocket("/plain")
            client.echo("hello")
            client.close()
        wait_for("the last client's end", lambda: len(re.findall("^end$", server.log(), re.M)) == 6)
        self.keeps_only(before, server)


class Ends(DirectCase):
    def obey(self, word, **options):
        self.one = self.plain("action=obey", **options)
        client = self.server.websocket("/plain")
        client.send_text(word)
        return client

    def test_shutdown_of_writing(self):
        client = self.obey("SHUT_WR")
        self.one.wait_log("^send: Broken pipe$")
        client.expect_close(1000)
        self.one.wait_log("^end$")

    def test_shutdown_of_both(self):
        client = self.obey("SHUT_RDWR")
        self.one.wait_log("^send: Broken pipe$")
        self.assertEqual(1000, client.read_frame().code)
        self.one.wait_log("^end$")

    def test_shutdown_of_reading(self):
        client = self.obey("SHUT_RD")
        self.assertEqual(b"still", client.read_message()[1])
        self.one.wait_log("^end$")
        client.expect_close(1000)

    def test_a_program_that_exits_says_goodbye(self):
        for word in ("exit", "_exit"):
            with self.subTest(word):
                self.plain("action=obey", name=word)
                client = self.server.websocket(f"/{word}")
                client.send_text(word)
                client.expect_close(1000)

    def test_bytes_that_wait(self):
        server = self.plain("action=fionread", "size=4")
        client = self.server.websocket("/plain")
        client.send(frame(TEXT, "0123456789") + frame(PING, "p") + frame(BINARY, b"ab"))
        self.assertEqual(b"p", client.read_pong())
        self.assertEqual([b"12", b"8", b"4", b"2"], [client.read_message()[1] for _ in range(4)])
        client.close()
        server.wait_log("^end, 0 bytes$")


class Processes(Opened):
    @deadline(60)
    def test_a_process_a_client(self):
        server = self.plain("serve=fork")
        clients = [self.server.websocket("/plain") for _ in range(10)]
        for number, client in enumerate(clients):
            self.echo_through(client, f"client {number}")
        self.assertEqual(10, len(children(server.pid)))
        for client in clients:
            self.converse(client)
        for client in clients[:5]:
            client.close()
        wait_for("half of the processes to end", lambda: len(children(server.pid)) == 5)
        for client in clients[5:]:
            client.echo("still there")
            client.drop()
        wait_for("all processes to end", lambda: not children(server.pid))

    def test_the_parent_lets_go_without_a_goodbye(self):
        # Its close() of what the child serves says nothing to the client, and keeps nothing open.
        server = self.plain("serve=fork")
        before = self.opened(server)
        client = self.server.websocket("/plain")
        client.echo("hello")
        for one in [self.server.websocket("/plain") for _ in range(5)]:
            one.echo("hello")
        self.keeps_only(before, server)
        client.send_frame(PING, b"nothing came between")
        self.assertEqual(b"nothing came between", client.read_pong())

    def test_a_child_that_is_killed(self):
        server = self.plain("serve=fork")
        client = self.server.websocket("/plain")
        client.echo("hello")
        os.kill(children(server.pid)[0], 9)
        client.expect_lost()

    def test_a_child_that_ends_leaves_the_other_clients_alone(self):
        # A server with clients of its own forks: what the child closes, or leaves at its end, is the parent's still.
        for wait in ("poll", "epoll", "epoll_et", "select"):
            with self.subTest(wait):
                server = self.plain("serve=loop", f"wait={wait}", name=wait)
                client = self.server.websocket(f"/{wait}")
                for word in ("!exit", "!_exit", "!close", "!close_range", "!exec", "!vfork"):
                    client.send_text(word)
                    self.assertEqual((TEXT, word.encode()), client.read_message())
                    client.echo("the parent goes on")
                client.send_close(1000)
                client.expect_close(1000, answer=False)
                server.wait_log("^end$")

    @deadline(60)
    def test_a_thread_a_client(self):
        server = self.plain("serve=thread")
        clients = [self.server.websocket("/plain") for _ in range(20)]
        for client in clients:
            self.converse(client)
        for client in clients:
            client.send_frame(CLOSE)
            client.expect_close(1005, answer=False)
        wait_for("all threads to end", lambda: len(re.findall("^end$", server.log(), re.M)) == 20)


GREETER = """
import signal, socket, sys
signal.signal(signal.SIGUSR1, lambda *_: None)
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
while True:
    client = listener.accept()[0]
    try:
        client.sendall(b"hello")
        client.recv(100)
    except OSError:
        pass
    client.close()
"""


class Handovers(DirectCase):
    """The descriptor comes later than the connection that accept() gives."""
    keys = None
    patience = 0.1  # seconds that accept() waits at least, for whoever did not hand a client over yet

    def setUp(self):
        super().setUp()
        self.app = self.foreign("/usr/bin/python3", "-c", GREETER, "PATH")

    def greeted(self, busy):
        """What comes to a client that is handed over by one who is busy meanwhile, and how long that took at most (seconds)."""
        began = time.monotonic()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(os.path.join(self.sockets, "plain"))
            ours, theirs = socket.socketpair()
            with ours:
                busy()
                with theirs:
                    connection.sendmsg([sockaddr(("127.0.0.1", 4711))],
                                       [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))])
                took = time.monotonic() - began
                ours.settimeout(scaled(PATIENCE))
                return ours.recv(7), took

    def greeted_as_stranger(self, busy):
        def in_time():
            heard, took = self.greeted(busy)
            return heard if took < self.patience * 0.8 else None
        return wait_for("a client that is handed over in time", in_time, 20)

    def check(self, heard):
        self.assertIn(heard, (b"\x81\x05hello", b"\x82\x05hello"))

    def test_a_signal_does_not_make_a_client_a_plain_connection(self):
        # Servers that fork hear of their children's ends while accept() waits for the next client's descriptor.
        def signals():
            end = time.monotonic() + 0.02
            while time.monotonic() < end:
                self.app.send_signal(signal.SIGUSR1)

        self.check(self.greeted_as_stranger(signals))
        for _ in range(4):
            self.check(self.greeted(signals)[0])

    def test_a_gateway_may_be_busy(self):
        # Who is known to hand clients over is waited for longer. That the message is late is what is tested: nothing tells when.
        self.check(self.greeted_as_stranger(lambda: None))
        for _ in range(2):
            self.check(self.greeted(lambda: time.sleep(1))[0])

    @deadline(60)
    def test_a_gateway_that_relays_too_does_not_hold_up_accept(self):
        self.check(self.greeted_as_stranger(lambda: None))

        def relayed():
            """Seconds until a plain connection that says nothing is served."""
            began = time.monotonic()
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(os.path.join(self.sockets, "plain"))
                connection.settimeout(scaled(PATIENCE))
                self.assertEqual(b"hello", connection.recv(5))
            return time.monotonic() - began

        relayed()  # so far it was known to hand all of them over
        wait_for("a short wait", lambda: relayed() < 2, 20)
        self.check(self.greeted(lambda: None)[0])
        wait_for("a short wait again", lambda: relayed() < 2, 20)
