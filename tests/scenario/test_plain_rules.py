"""libwebsocket.so keeps the rules of RFC 6455 for a server that does not know them: pings, closes, violations, limits, and ends."""

import os
import signal

from direct import DirectCase
from harness import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close_payload, deadline, frame


class Rules(DirectCase):
    def setUp(self):
        super().setUp()
        self.one = self.plain("serve=fork")

    def open(self):
        return self.server.websocket("/plain")


class Closing(Rules):
    def test_codes_come_back(self):
        for code, reason in ((1000, ""), (1001, "away"), (3000, "ä" * 60), (4999, "x" * 123), (None, "")):
            with self.subTest(code):
                client = self.open()
                client.echo("hello")
                client.send_close(code, reason)
                received = client.expect_close(1005 if code is None else code, answer=False)
                self.assertEqual(reason, received.reason if code else "")
        self.one.wait_log("(?s)(end.*){5}")

    def test_the_server_ends(self):
        # Its close() is a goodbye, with what was sent before in front.
        self.plain("action=obey", name="obey")
        client = self.server.websocket("/obey")
        client.send_text("SHUT_WR")
        client.expect_close(1000)

    def test_the_client_answers_a_close_late(self):
        self.plain("action=obey", "serve=fork", name="obey")
        client = self.server.websocket("/obey")
        client.send_text("SHUT_WR")
        self.assertEqual(1000, client.read_frame().code)
        client.send_text("this was under way")
        client.send_close(1000)
        client.expect_end()

    def test_an_end_without_a_close(self):
        client = self.open()
        client.echo("hello")
        client.drop()
        self.one.wait_log("^end$")

    def test_an_end_inside_a_message(self):
        client = self.open()
        client.send(frame(TEXT, "whole") + frame(TEXT, "half of it")[:9])
        self.assertEqual((TEXT, b"whole"), client.read_message())
        client.drop()
        self.one.wait_log("^end$")

    def test_a_reset(self):
        # A dead peer is an end of file.
        client = self.open()
        client.echo("hello")
        client.abort()
        self.one.wait_log("^end$")

    def test_a_reset_behind_a_message(self):
        plain = self.plain("serve=loop", "wait=epoll", name="loop")
        client = self.server.websocket("/loop")
        client.echo("hello")
        client.send_text("last")
        client.abort()
        plain.wait_log("^(end|Connection reset by peer|Broken pipe)$")
        self.server.websocket("/loop").echo("another")

    def test_frames_behind_a_close_are_nothing(self):
        client = self.open()
        client.send(frame(TEXT, "one") + frame(CLOSE, close_payload(1000)) + frame(TEXT, "two") + frame(PING, "p"))
        self.assertEqual((TEXT, b"one"), client.read_message())
        client.expect_close(1000, answer=False)

    def test_a_server_that_is_killed(self):
        one = self.plain(name="other")
        client = self.server.websocket("/other")
        client.echo("hello")
        one.send_signal(signal.SIGKILL)
        client.expect_lost()

    def test_dead_hosts_are_noticed(self):
        # Nobody pings a client that was handed over: the kernel looks whether it is there, as often as configured.
        import socket
        self.server = self.serve_direct("ping = 7; ping_misses = 3;")
        app = self.stream_server()
        self.server.websocket("/app")
        sock = app.handed().sock
        self.assertEqual(1, sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
        self.assertEqual([7, 7, 3], [sock.getsockopt(socket.IPPROTO_TCP, option) for option in (
            socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)])


class Control(Rules):
    def test_pings(self):
        client = self.open()
        for payload in (b"", b"x", bytes(125)):
            client.send_frame(PING, payload)
            self.assertEqual(payload, client.read_pong())

    def test_pings_inside_a_message(self):
        client = self.open()
        client.send(frame(TEXT, "he", fin=False) + frame(PING, "p") + frame(CONTINUATION, "llo"))
        self.assertEqual(b"p", client.read_pong())
        self.assertEqual((TEXT, b"hello"), client.read_message())

    def test_pings_in_one_segment_are_answered_in_order(self):
        client = self.open()
        client.send(b"".join(frame(PING, str(number)) for number in range(100)))
        self.assertEqual([str(number).encode() for number in range(100)], [client.read_pong() for _ in range(100)])

    def test_pongs_nobody_asked_for(self):
        client = self.open()
        client.send(frame(PONG, "unasked") + frame(TEXT, "hello"))
        self.assertEqual((TEXT, b"hello"), client.read_message())


class Violations(Rules):
    @deadline(60)
    def test_each(self):
        cases = {
            "unmasked": (1002, frame(TEXT, "x", mask=None)),
            "reserved bit": (1002, frame(TEXT, "x", rsv=4)),
            "unknown opcode": (1002, frame(3, "x")),
            "unknown control": (1002, frame(11, "x")),
            "control in fragments": (1002, frame(PING, "x", fin=False)),
            "long control": (1002, frame(PING, bytes(126))),
            "a continuation of nothing": (1002, frame(CONTINUATION, "x")),
            "a message inside another": (1002, frame(TEXT, "x", fin=False) + frame(TEXT, "y")),
            "length in too many bytes": (1002, frame(TEXT, "x", form=2)),
            "length of more than 63 bits": (1002, frame(TEXT, "", length=1 << 63, form=8)),
            "close of one byte": (1002, frame(CLOSE, b"\x03")),
            "close with a forbidden code": (1002, frame(CLOSE, close_payload(1005))),
            "close with a reason that is no text": (1007, frame(CLOSE, close_payload(1000, b"\xff"))),
            "text that is no text": (1007, frame(TEXT, b"a\xff")),
            "text that ends inside a character": (1007, frame(TEXT, b"\xe2\x82")),
            "text that is no text, in its first half": (1007, frame(TEXT, b"\xff", fin=False)),
        }
        for name, (code, data) in cases.items():
            with self.subTest(name):
                client = self.open()
                client.send(frame(TEXT, "before") + data)
                self.assertEqual((TEXT, b"before"), client.read_message())
                client.expect_fail(code)
                self.open().echo("the server goes on")

    def test_a_character_across_fragments(self):
        client = self.open()
        client.send_fragments(TEXT, [b"\xe2", b"\x82", b"\xac"])
        self.assertEqual((TEXT, "€".encode()), client.read_message())


class Limits(DirectCase):
    def test_messages_that_are_too_big(self):
        self.plain("serve=fork", WEBSOCKET_MAX_MESSAGE="1000")
        for data in (frame(BINARY, b"\xff" * 1001), frame(BINARY, b"\xff" * 600, fin=False) + frame(CONTINUATION, b"\xff" * 401),
                     frame(TEXT, "", length=1 << 40, form=8)):
            client = self.server.websocket("/plain")
            client.echo(b"\xff" * 1000)
            client.send(data)
            client.expect_fail(1009)

    @deadline(60)
    def test_sixteen_mebibytes_unless_said_otherwise(self):
        self.plain("serve=fork")
        client = self.server.websocket("/plain")
        self.echo_through(client, b"\xff" * (16 << 20), boundaries=False)
        client.send(frame(BINARY, b"", length=(16 << 20) + 1, form=8))
        client.expect_fail(1009)

    def test_too_many_fragments(self):
        self.plain("serve=fork")
        client = self.server.websocket("/plain")
        client.send(frame(TEXT, "", fin=False) + frame(CONTINUATION, "", fin=False) * 1100)
        client.expect_fail(1009)

    def test_out_of_descriptors(self):
        # The server is told EMFILE, as without the library; nobody is lost, and served when there is room.
        import resource
        path = os.path.join(self.sockets, "plain")
        server = self.plain("serve=loop", "wait=epoll", "accept=patient")
        clients = [self.server.websocket("/plain")]
        clients[0].echo("it has opened all that it needs")
        most = len(os.listdir(f"/proc/{server.pid}/fd")) + 2 * 3 + 1
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (most, most))
        clients += [self.server.websocket("/plain") for _ in range(5)]
        for number, client in enumerate(clients):
            client.send_text(f"client {number}")
        self.assertEqual(b"client 0", clients[0].read_message()[1])
        server.wait_log("^accept: Too many open files$")
        for number, client in enumerate(clients):
            if number:
                self.assertEqual(f"client {number}".encode(), client.read_message()[1])
            client.close()
        self.assertTrue(os.path.exists(path))
