"""Each row of the table in limits.py: what runs into a limit gets the row's answer, and its counter tells. Limits of time are
configured to a second."""

import os
import select
import signal
import socket
import subprocess
import sys
import time

from harness import (BINARY, CLOSE, END, LINK_PING, LINK_PONG, OPEN, PING, TEXT, Closed, LinkServer, Overdue, Record, StreamServer,
                     deadline, decode_packet, frame, publish_payload, scaled, wait_for)
from limits import LimitCase

HERE = os.path.dirname(os.path.abspath(__file__))


class Heads(LimitCase):
    def check_refused(self, client, status, limit):
        answer = client.response()
        self.assertEqual((status, "close"), (answer.status, answer.get("Connection").lower()))
        client.expect_end()
        self.check_reached(limit)
        counted = self.counters()
        self.assertEqual(1, counted["refusals_total"][str(status)])
        self.assertEqual(1, counted["responses_total"]["4xx"])

    def test_request_line(self):
        client = self.limited("request_line = 100;").http()
        client.request("GET", "/" + "x" * 200)
        self.check_refused(client, 414, "request_line")

    def test_header_size(self):
        client = self.limited("header_size = 1000;").http()
        client.request("GET", "/", {"X": "y" * 1000})
        self.check_refused(client, 431, "header_size")

    def test_header_count(self):
        client = self.limited("header_count = 5;").http()
        client.request("GET", "/", {f"X{n}": "y" for n in range(5)})
        self.check_refused(client, 431, "header_count")

    def test_header_timeout(self):
        client = self.limited("header_timeout = 1;").http()
        client.send(b"GET / HTTP/1.1\r\n")
        self.check_refused(client, 408, "header_timeout")


class Bodies(LimitCase):
    def test_body_size(self):
        server = self.limited("body_size = 1000;")
        client = server.http()
        self.assertEqual(200, client.get("/post", method="POST", body=b"x" * 1000).status)
        self.assertEqual(413, client.get("/post", method="POST", body=b"x" * 1001).status)
        client.expect_end()
        self.check_reached("body_size")
        chunked = server.http()
        chunked.request("POST", "/post", {"Transfer-Encoding": "chunked"})
        chunked.send(b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n")
        self.assertEqual(413, chunked.response().status)
        chunked.expect_end()
        self.check_reached("body_size", 2)

    def test_body_timeout(self):
        client = self.limited("body_timeout = 1;").http()
        client.request("POST", "/post", {"Content-Length": "5"})
        client.send(b"x")
        answer = client.response()
        self.assertEqual((408, "close"), (answer.status, answer.get("Connection").lower()))
        client.expect_end()
        self.check_reached("body_timeout")

    def test_a_body_that_nobody_reads_is_not_waited_for_either(self):
        client = self.limited("body_timeout = 1;").http()
        client.request("POST", "/", {"Content-Length": "5"})
        client.send(b"x")
        self.assertEqual(405, client.response().status)
        client.expect_end()
        self.check_reached("body_timeout")


class Connections(LimitCase):
    def test_keepalivetimeout(self):
        client = self.limited("keepalivetimeout = 1;").http()
        self.assertEqual(200, client.get("/").status)
        client.expect_end()
        self.check_reached("keepalivetimeout")
        self.assertEqual(1, self.counters()["connections_closed_total"]["keep_alive_end"])

    def test_send_timeout(self):
        server = self.limited("send_timeout = 1;")
        os.truncate(self.document("large.bin", b""), 256 << 20)
        client = server.http()
        client.request("GET", "/large.bin")
        self.check_reached("send_timeout")
        self.assertEqual(1, self.counters()["connections_closed_total"]["send_timeout"])
        self.assertLess(len(client.read_all()), 256 << 20)

    def test_maxclients(self):
        server = self.limited("maxclients = 2;")
        first, second = server.http(), server.http()
        for client in (first, second):
            self.assertEqual(200, client.get("/").status)
        third = server.http()
        third.request("GET", "/")
        self.check_reached("maxclients")
        self.assertEqual(3, self.counters()["connections"])  # with the one that asks
        self.assertTrue(third.is_open())
        first.drop()
        self.assertEqual(200, third.response().status)

    def test_clients_per_address(self):
        server = self.limited("clients_per_address = 3;")
        clients = [server.http() for _ in range(3)]
        for client in clients:
            self.assertEqual(200, client.get("/").status)
        over = server.http()
        answer = over.response()
        self.assertEqual((503, "10"), (answer.status, answer.get("Retry-After")))
        over.expect_end()
        self.check_reached("clients_per_address")

    @deadline(60)
    def test_drain_timeout(self):
        # Of a reload: those who stay are told to connect anew (1012).
        server = self.limited(top="drain_timeout = 1;")
        app = self.link_server()
        client = server.websocket()
        link, opened = app.admit(client)
        server.send_signal(signal.SIGHUP)
        received = client.read_frame()
        self.assertEqual((CLOSE, 1012), (received.opcode, received.code))
        self.assertEqual(opened.client, link.expect(END).client)
        self.status = server.http(1)  # of a worker that has taken over
        self.check_reached("drain_timeout")

    @deadline(60)
    def test_drain_timeout_of_a_stop(self):
        server = self.limited(top="drain_timeout = 1;", keys="close_timeout = 30;")
        app = self.link_server()
        client = server.websocket()
        link, opened = app.admit(client)
        server.send_signal(signal.SIGTERM)
        received = client.read_frame()
        self.assertEqual((CLOSE, 1001), (received.opcode, received.code))
        client.expect_end()  # it does not answer
        self.assertEqual(1006, link.expect(END, opened.client).code)
        self.assertEqual(0, server.wait())
        self.assertIn("drain_timeout: closing", server.log())


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
        for keys in ("send_timeout = 1; ping = 30;", "send_timeout = 2; ping = 1;", "send_timeout = 1; ping = 0;"):
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
        client, link, number = self.admit("link_timeout = 1;")
        pings = 0
        while pings < 6:  # two seconds: each is asked for after a third of one
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
        self.limited(keys="ping = 1; ping_misses = 2;")
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


class Floods(LimitCase):
    """What costs the sender little must cost the server little."""

    @deadline(60)
    def test_heads_without_end(self):
        server = self.limited()
        before = server.memory()
        patterns = (b"x" * 65536, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 65536,
                    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 20_000,
                    b"GET /" + b"x" * 65536, b"\r\n" * 4, b"\0" * 65536)
        for _ in range(20):
            clients = [server.http() for _ in patterns]
            for client, text in zip(clients, patterns):
                client.send(text)
            for client in clients[:4] + clients[5:]:
                self.assertIn(client.response().status, (400, 414, 431, 501))
            for client in clients:
                client.drop()
        self.assertLess(server.memory() - before, 16 << 20)
        counted = self.counters()
        self.assertEqual(100, counted["responses_total"]["4xx"] + counted["responses_total"]["5xx"])
        self.assertGreater(counted["limits_reached_total"]["header_size"], 39)

    @deadline(60)
    def test_many_slow_heads_and_bodies(self):
        server = self.limited("header_timeout = 1; body_timeout = 1;")
        slow = [server.http() for _ in range(200)]
        for number, client in enumerate(slow):
            if number % 2:
                client.send(b"GET / HTTP/1.1\r\nX:")
            else:
                client.request("POST", "/post", {"Content-Length": "50000"})
                client.send(b"x")
        quick = server.http()

        def over():
            self.assertEqual(200, quick.get("/").status)
            for client in slow[1::2]:
                if not client.ended and not select.select([client.sock], [], [], 0)[0]:
                    client.send(b" y")  # a byte now and then
            return self.counters()["refusals_total"]["408"] == 200
        wait_for("all of them to be refused", over, 30)
        counted = self.counters()["limits_reached_total"]
        self.assertEqual((100, 100), (counted["header_timeout"], counted["body_timeout"]))
        for client in slow[::2]:
            self.assertEqual(408, client.response().status)


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
