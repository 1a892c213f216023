"""Each row of the table in limits.py: what runs into a limit gets the row's answer, and its counter tells. Limits of time are
configured to a second; to three where a client on a busy machine has to do something within them."""

import os
import select
import signal

from harness import CLOSE, END, deadline, wait_for
from limits import LimitCase


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
        client = self.limited("header_timeout = 3;").http()
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
        server = self.limited("header_timeout = 3; body_timeout = 1;")
        slow = []
        for number in range(200):
            slow.append(client := server.http())  # its time runs
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
