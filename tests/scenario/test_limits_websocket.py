"""Each limit that a websocket client runs into is counted under its own name; so are those who vanish."""

import os
import select
import signal
import socket
import subprocess
import sys
import time

from harness import (BINARY, CLOSE, END, LINK_PING, LINK_PONG, OPEN, PING, TEXT, Closed, LinkServer, Overdue, Record,
                     StreamServer, deadline, decode_packet, frame, publish_payload, scaled, wait_for)
from limits import LimitCase

HERE = os.path.dirname(os.path.abspath(__file__))


class Messages(LimitCase):
    def check_closed(self, client, code, reason, limit):
        client.expect_fail(code)
        self.check_reached(limit)
        wait_for("the end to be counted", lambda: self.counters()["websockets_closed_total"][reason] == 1)
        self.assertEqual(0, self.counters()["websockets"])

    def test_max_message(self):
        server = self.limited(keys="max_message = 1000;")
        self.echo()
        client = server.websocket("/echo")
        client.echo(b"x" * 1000)
        client.send_binary(b"x" * 1001)
        self.check_closed(client, 1009, "message_too_big", "max_message")

    def test_max_message_in_fragments(self):
        server = self.limited(keys="max_message = 1000;")
        self.echo()
        client = server.websocket("/echo")
        client.send_fragments(TEXT, [b"x" * 100] * 11)
        self.check_closed(client, 1009, "message_too_big", "max_message")

    def test_max_fragments(self):
        server = self.limited()
        self.echo()
        client = server.websocket("/echo")
        client.send_fragments(TEXT, [b"x"] * 1024)
        self.assertEqual((TEXT, b"x" * 1024), client.read_message())
        client.send_fragments(TEXT, [b"x"] * 1025)
        self.check_closed(client, 1009, "too_many_fragments", "max_fragments")

    def published(self, keys):
        """A client with its link, to whom 1 KiB messages are published until it is told of no more."""
        server = self.limited(keys=keys)
        app = self.link_server()
        client = server.websocket()
        link, opened = app.admit(client)
        link.join(opened.client, "news")
        # Never so many at a time that the link would be full: the gateway must have read them.
        record = Record(10, 0, publish_payload("news", b"n" * 1000), 1 | 2 | 4).encode()

        def full():
            for _ in range(20):
                link.send_packet(record * 60)
            return self.reached("queue")
        wait_for("the queue to be full", full, 30)
        return client, link, opened.client

    @deadline(60)
    def test_queue(self):
        client, link, number = self.published('queue = "64K";')
        self.assertEqual(1013, link.expect(END, number).code)
        self.check_reached("queue")
        wait_for("the end to be counted", lambda: self.counters()["websockets_closed_total"]["overflow"] == 1)
        self.assertEqual(0, self.counters()["websocket_messages_dropped_total"])
        client.drop()
        wait_for("its memory to be free", lambda: self.counters()["queued_bytes"] <= 65536 + 1000)

    @deadline(60)
    def test_queue_with_overflow_drop(self):
        client, link, number = self.published('queue = "64K"; overflow = "drop";')
        counted = self.counters()
        self.assertEqual(counted["limits_reached_total"]["queue"], counted["websocket_messages_dropped_total"])
        self.assertEqual(1, counted["websockets"])
        sent = counted["websocket_messages_total"]["out"]
        for _ in range(sent):
            self.assertEqual((BINARY, b"n" * 1000), client.read_message())
        # It has missed some, and is there for the next.
        link.publish("news", "again")
        while (got := client.read_message()) == (BINARY, b"n" * 1000):
            pass
        self.assertEqual((TEXT, b"again"), got)


class Websockets(LimitCase):
    def admit(self, keys):
        server = self.limited(keys=keys)
        app = self.link_server()
        client = server.websocket()
        link, opened = app.admit(client)
        return client, link, opened.client

    def test_handshake_timeout(self):
        server = self.limited(keys="handshake_timeout = 1;")
        app = self.link_server()
        client = server.websocket()
        client.start("/app")
        link = app.greet()
        number = link.expect(OPEN).client
        answer = client.response()
        self.assertEqual((503, "1"), (answer.status, answer.get("Retry-After")))
        self.assertEqual(1006, link.expect(END, number).code)
        self.check_reached("handshake_timeout")
        counted = self.counters()["websocket_handshakes_total"]
        self.assertEqual({"accepted": 0, "refused": 1}, counted)

    def test_handshake_timeout_at_a_full_backlog(self):
        for kind in (LinkServer, StreamServer):
            with self.subTest(kind.__name__), kind(self.sockets, "app", backlog=1) as app:
                server = self.limited(keys="handshake_timeout = 1;")
                filling = []
                try:
                    while True:
                        filling.append(socket.socket(socket.AF_UNIX, app.kind | socket.SOCK_NONBLOCK))
                        filling[-1].connect(app.path)
                except BlockingIOError:
                    pass
                client = server.websocket()
                client.start("/app")
                self.assertEqual(503, client.response().status)
                self.check_reached("handshake_timeout")
                for one in filling:
                    one.close()
                client.drop()
                server.stop()

    def test_ping(self):
        client, link, number = self.admit("ping = 1; ping_misses = 2;")
        try:
            while client.read_frame().opcode == PING:
                pass
        except Closed:
            pass
        self.assertEqual(1006, link.expect(END, number).code)
        self.check_reached("ping")
        self.assertEqual(1, self.counters()["websockets_closed_total"]["ping_timeout"])

    def test_close_timeout(self):
        client, link, number = self.admit("close_timeout = 1;")
        link.end(number, 1000)
        received = client.read_frame()
        self.assertEqual((CLOSE, 1000), (received.opcode, received.code))
        client.expect_end()  # without our answer
        self.check_reached("close_timeout")

    @deadline(60)
    def test_send_timeout(self):
        # With pings that may stay unanswered: the client is silent before it takes nothing, too.
        for keys in ("send_timeout = 1; ping = 30;", "send_timeout = 2; ping = 1; ping_misses = 100;", "send_timeout = 1; ping = 0;"):
            with self.subTest(keys):
                client, link, number = self.admit(keys)
                credit = link.peer["window"]
                try:
                    while True:
                        while credit >= 50_012:
                            link.say(number, b"x" * 50_000)
                            credit -= 50_012
                        record = link.next()
                        if record.type == END:
                            break
                        credit += int.from_bytes(record.payload, "little")
                except Overdue:
                    self.fail("the client was not given up")
                self.assertEqual(1006, record.code)
                self.check_reached("send_timeout")
                self.assertEqual(1, self.counters()["websockets_closed_total"]["send_timeout"])
                client.drop()
                self.server.stop()
                os.unlink(os.path.join(self.sockets, "app"))

    @deadline(40)
    def test_link_timeout(self):
        client, link, number = self.admit("link_timeout = 3;")
        self.assertEqual(number, 1)
        # PING is read, but not answered.
        link.sock.settimeout(scaled(20))
        while link.sock.recv(131073):
            pass
        received = client.read_frame()
        self.assertEqual((CLOSE, 1012), (received.opcode, received.code))
        self.check_reached("link_timeout")
        self.assertIn("no answer to PING for 3 s", self.server.log())

    def test_a_link_that_answers_stays(self):
        client, link, number = self.admit("link_timeout = 3;")
        pings = 0
        while pings < 6:  # six seconds: each is asked for after a third of the time
            for record in decode_packet(link.sock.recv(131073)):
                self.assertEqual(LINK_PING, record.type)
                link.send(Record(LINK_PONG, 0, record.payload))
                pings += 1
        link.say(number, "still here")
        self.assertEqual((TEXT, b"still here"), client.read_message())
        self.assertEqual(0, self.reached("link_timeout"))

    def test_topics(self):
        client, link, number = self.admit("")
        for n in range(1024):
            link.join(number, f"topic {n}")
        link.join(number, "topic 0")  # again: that is no other
        link.publish("topic 1023", "news")
        self.assertEqual((TEXT, b"news"), client.read_message())
        link.join(number, "one more")
        client.expect_fail(1011)
        self.check_reached("topics")


class VanishedClients(LimitCase):
    """A client whose process is stopped: its kernel acknowledges everything, but nobody answers."""

    SCRIPT = """
import socket, sys
sys.path.insert(0, sys.argv[1])
from websocket_wire import PING, PONG, WebSocket
client = WebSocket(socket.create_connection(("127.0.0.1", int(sys.argv[2]))), 1000)
client.host = "localhost:" + sys.argv[2]
client.open("/app")
print("open", flush=True)
while True:
    got = client.read_frame()
    assert got.opcode == PING, got
    client.send_frame(PONG, got.payload)
    print("pong", flush=True)
"""

    @deadline(60)
    def test_are_found_by_ping(self):
        self.limited(keys="ping = 1; ping_misses = 3;")
        app = self.link_server()
        child = subprocess.Popen([sys.executable, "-c", self.SCRIPT, HERE, str(self.server.port)], stdout=subprocess.PIPE)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.addCleanup(child.stdout.close)
        link = app.greet()
        number = link.expect(OPEN).client
        link.accept(number)
        self.assertEqual([b"open\n", b"pong\n", b"pong\n"], [child.stdout.readline() for _ in range(3)])
        self.assertEqual(0, self.reached("ping"))
        child.send_signal(signal.SIGSTOP)
        self.assertEqual(1006, link.expect(END, number).code)
        self.check_reached("ping")
        self.assertEqual(0, self.counters()["websockets"])


class MillionFragments(LimitCase):
    FLOOD = frame(TEXT, b"x", fin=False) + frame(0, b"x", fin=False) * 999_998 + frame(0, b"x")

    def test_are_too_many(self):
        server = self.limited()
        self.echo()
        before = server.memory()
        client = server.websocket("/echo")
        client.send(self.FLOOD)
        self.assertEqual(1009, self.code_of(client))
        self.check_reached("max_fragments")
        self.assertLess(server.memory() - before, 16 << 20)

    def code_of(self, client):
        try:
            received = client.read_frame()
        except Closed:
            self.assertTrue(client.reset)  # the close frame was overtaken by a reset: much was still on its way
            return 1009
        return received.code

    @deadline(120)
    def test_pass_where_they_are_wanted_and_starve_nobody(self):
        server = self.limited(keys="max_fragments = 1000000;")
        self.echo()
        other = server.websocket("/echo")
        other.echo("warm")
        client = server.websocket("/echo")
        before = server.memory()
        client.sock.setblocking(False)
        sent = echoed = 0
        longest = 0.0
        flood = memoryview(self.FLOOD)
        while sent < len(flood):
            if not select.select([], [client.sock], [], scaled(10))[1]:
                self.fail("the fragments are not taken")
            try:
                sent += client.sock.send(flood[sent:sent + 131072])
            except BlockingIOError:
                continue
            began = time.monotonic()
            other.echo(f"message {echoed}")
            longest = max(longest, time.monotonic() - began)
            echoed += 1
        self.assertEqual((TEXT, b"x" * 1_000_000), client.read_message())
        self.assertGreater(echoed, 20)
        self.assertLess(longest, scaled(2))
        self.assertLess(server.memory() - before, 32 << 20)
        self.assertEqual(0, self.reached("max_fragments"))
        self.assertLess(self.counters()["queued_bytes"], 1 << 20)
