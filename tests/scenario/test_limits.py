"""Each limit of a server: just within it all is well, just beyond it the request is refused with its status and the connection
closed. Limits of time are configured to a second, so that the tests are short; to three where a client on a busy machine has to do
something within them."""

import os
import resource
import select
import socket
import time

from harness import Case, configuration, Overdue, deadline, descriptors, scaled, wait_for


class Sizes(Case):
    def serve_with(self, keys):
        self.document("index.html", "page")
        return self.gateway(section=keys)

    def check_refused(self, client, status):
        answer = client.response()
        self.assertEqual(status, answer.status)
        self.assertEqual("close", answer.get("Connection").lower())
        client.expect_end()

    def test_request_line(self):
        server = self.serve_with("request_line = 1000;")
        self.assertEqual(200, server.http().get("/?" + "x" * 900).status)
        client = server.http()
        client.request("GET", "/?" + "x" * 1100)
        self.check_refused(client, 414)
        # It does not take the end of the line to see it.
        client = server.http()
        client.send(b"GET /" + b"x" * 1100)
        self.check_refused(client, 414)

    def test_default_request_line_is_8_k(self):
        server = self.serve_with("")
        self.assertEqual(200, server.http().get("/?" + "x" * 8000).status)
        client = server.http()
        client.request("GET", "/?" + "x" * 8300)
        self.check_refused(client, 414)

    def test_header_size(self):
        server = self.serve_with("header_size = 2000;")
        self.assertEqual(200, server.http().get("/", {"X": "y" * 1800}).status)
        for fields in ({"X": "y" * 2100}, {f"X{n}": "y" * 100 for n in range(20)}, {"X" * 2100: "y"}):
            client = server.http()
            client.request("GET", "/", fields)
            self.check_refused(client, 431)
        client = server.http()
        client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 2100)
        self.check_refused(client, 431)

    def test_default_header_size_is_16_k(self):
        server = self.serve_with("")
        self.assertEqual(200, server.http().get("/", {"X": "y" * 16000}).status)
        client = server.http()
        client.request("GET", "/", {"X": "y" * 16500})
        self.check_refused(client, 431)

    def test_header_count(self):
        server = self.serve_with("header_count = 10;")
        self.assertEqual(200, server.http().get("/", {f"X{n}": "y" for n in range(9)}).status)  # and Host
        client = server.http()
        client.request("GET", "/", {f"X{n}": "y" for n in range(10)})
        self.check_refused(client, 431)

    def test_limits_hold_for_each_request_of_a_connection(self):
        server = self.serve_with("header_size = 2000;")
        client = server.http()
        for _ in range(10):
            self.assertEqual(200, client.get("/", {"X": "y" * 1500}).status)

    def test_a_large_body_is_413_before_it_is_sent(self):
        server = self.serve_with("body_size = 1000;")
        client = server.http()
        client.request("POST", "/", {"Content-Length": "1001", "Expect": "100-continue"})
        self.check_refused(client, 413)
        client = server.http()
        client.request("POST", "/", {"Content-Length": "18446744073709551615"})
        self.check_refused(client, 413)

    def test_a_large_chunked_body_ends_the_connection(self):
        server = self.serve_with("body_size = 1000;")
        client = server.http()
        client.request("POST", "/", {"Transfer-Encoding": "chunked"})
        # The method is refused first; the body may go on to its limit and no further.
        for _ in range(3):
            client.send(b"200\r\n" + b"x" * 512 + b"\r\n")
        client.send(b"0\r\n\r\n" + client.text("GET", "/"))
        self.assertIn(client.response().status, (405, 413))
        client.expect_end()

    def test_a_huge_chunk_is_refused_by_its_size(self):
        server = self.serve_with("body_size = 1000;")
        client = server.http()
        client.request("POST", "/", {"Transfer-Encoding": "chunked"})
        client.send(b"ffffffffff\r\n")
        self.assertIn(client.response().status, (405, 413))
        client.expect_end()

    def test_endless_trailers_are_refused(self):
        server = self.serve_with("header_size = 2000;")
        client = server.http()
        client.request("POST", "/", {"Transfer-Encoding": "chunked"})
        client.send(b"0\r\n" + b"X: y\r\n" * 100_000)
        self.assertIn(client.response().status, (405, 431))
        client.expect_end()

    def test_endless_chunk_extensions_are_refused(self):
        server = self.serve_with("header_size = 2000;")
        client = server.http()
        client.request("POST", "/", {"Transfer-Encoding": "chunked"})
        client.send(b"1;" + b"x" * 1_000_000)
        self.assertIn(client.response().status, (400, 405, 413, 431))
        client.expect_end()


class Times(Case):
    """A second of the configuration may take longer in a loaded server, never less: it is measured from before it begins."""

    def serve_with(self, keys):
        self.document("index.html", "page")
        return self.gateway(section=keys)

    def ends_after(self, client, began, least, statuses):
        """The connection ends, not before `least` seconds from `began`; `statuses` with None: silently."""
        text = client.read_all()
        self.assertGreater(time.monotonic() - began, least)
        status = int(text.split(b" ", 2)[1]) if text else None
        self.assertIn(status, statuses)

    def test_header_timeout_answers_408(self):
        server = self.serve_with("header_timeout = 3;")
        began = time.monotonic()
        client = server.http()
        client.send(b"GET / HTTP/1.1\r\nHost: loc")
        self.ends_after(client, began, 2.7, (408,))

    def test_header_timeout_is_for_the_whole_head(self):
        # A byte now and then does not keep the connection (slowloris).
        server = self.serve_with("header_timeout = 3;")
        began = time.monotonic()
        client = server.http()
        client.send(b"GET / HTTP/1.1\r\n")

        def trickle():
            client.send(b"X: y\r\n")
            readable = select.select([client.sock], [], [], 0.05)[0]
            return readable
        wait_for("the connection to be closed", trickle, 20)
        self.assertGreater(time.monotonic() - began, 2.7)
        self.assertIn(b" 408 ", client.read_all())

    def test_a_connection_without_a_request_ends(self):
        server = self.serve_with("header_timeout = 1;")
        began = time.monotonic()
        self.ends_after(server.http(), began, 0.7, (None, 408))

    def test_keepalivetimeout(self):
        server = self.serve_with("keepalivetimeout = 1;")
        client = server.http()
        began = time.monotonic()
        self.assertEqual(200, client.get("/").status)
        self.ends_after(client, began, 0.7, (None,))

    def test_keepalivetimeout_0_closes_behind_each_response(self):
        server = self.serve_with("keepalivetimeout = 0;")
        client = server.http()
        answer = client.get("/")
        self.assertEqual(200, answer.status)
        self.assertEqual("close", answer.get("Connection").lower())
        client.expect_end()

    def test_body_timeout(self):
        server = self.serve_with("body_timeout = 1;")
        client = server.http()
        client.request("POST", "/", {"Content-Length": "5"})
        client.send(b"x")
        answer = client.response()
        self.assertIn(answer.status, (405, 408))
        client.expect_end()

    def test_timeouts_of_one_client_are_not_those_of_another(self):
        server = self.serve_with("header_timeout = 3;")
        busy = server.http()
        self.assertEqual(200, busy.get("/").status)
        slow = server.http()
        slow.send(b"GET / ")

        def is_over():
            self.assertEqual(200, busy.get("/").status)
            return select.select([slow.sock], [], [], 0)[0]
        wait_for("the slow client to be closed", is_over)
        self.assertEqual(200, busy.get("/").status)

    def test_send_timeout_ends_a_client_that_takes_nothing(self):
        server = self.serve_with("send_timeout = 1;")
        path = self.document("large.bin", b"")
        os.truncate(path, 64 << 20)
        client = server.http()
        self.assertEqual(200, client.get("/").status)  # the worker has begun, and has it open
        worker = server.workers()[0]
        before = descriptors(worker)
        client.request("GET", "/large.bin")
        client.need(1)
        wait_for("the connection to be dropped", lambda: descriptors(worker) < before)
        # What the kernel had taken still comes, then the end: not the whole file.
        self.assertLess(len(client.read_all()), 64 << 20)


class Clients(Case):
    def serve_with(self, keys):
        self.document("index.html", "page")
        return self.gateway(section=keys)

    def test_maxclients_lets_others_wait(self):
        server = self.serve_with("maxclients = 2;")
        first, second = server.http(), server.http()
        self.assertEqual(200, first.get("/").status)
        self.assertEqual(200, second.get("/").status)
        third = server.http()
        third.request("GET", "/")
        # Served ones go on.
        for _ in range(50):
            self.assertEqual(200, first.get("/").status)
        self.assertTrue(third.is_open())
        self.assertEqual(b"", third.buffer)
        second.drop()
        self.assertEqual(200, third.response().status)

    def test_clients_per_address(self):
        server = self.serve_with("clients_per_address = 3;")
        clients = [server.http() for _ in range(3)]
        for client in clients:
            self.assertEqual(200, client.get("/").status)
        over = server.http()
        over.request("GET", "/")
        text = over.read_all()
        self.assertTrue(text == b"" or text.startswith(b"HTTP/1.1 503 "), text)
        for client in clients:
            self.assertEqual(200, client.get("/").status)
        clients.pop().drop()

        def admitted():
            client = server.http()
            client.request("GET", "/")
            return b" 200 " in client.read_until(b"\n") if client.fill() else False
        wait_for("another client to be admitted", admitted)

    def test_clients_of_other_addresses_are_admitted(self):
        server = self.serve_with("clients_per_address = 1;")
        first = server.http()
        self.assertEqual(200, first.get("/").status)
        sock = socket.socket()
        sock.bind(("127.0.0.2", 0))
        sock.settimeout(scaled(10))
        sock.connect(server.address()[1])
        other = type(first)(sock)
        self.assertEqual(200, other.get("/").status)

    def test_clients_per_address_holds_over_all_workers(self):
        self.document("index.html", "page")
        server = self.gateway(section="clients_per_address = 4;", workers=2)
        held = []
        refused = 0
        for _ in range(20):
            client = server.http()
            client.request("GET", "/")
            if client.fill() and b" 200 " in client.buffer:
                held.append(client)
            else:
                refused += 1
        self.assertEqual((4, 16), (len(held), refused))

    @deadline(60)
    def test_runs_out_of_descriptors_gracefully(self):
        self.document("index.html", "page")
        server = self.serve_text(configuration(f'document = {{ docroot = "{self.documents}"; defaultpage = "index.html"; }};'),
                                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
        clients = [server.http() for _ in range(100)]
        answered = []
        for client in clients:
            client.request("GET", "/")

        def enough():
            for client in clients:
                if client not in answered and select.select([client.sock], [], [], 0)[0]:
                    if client.fill() and b" 200 " in client.buffer:
                        answered.append(client)
            return len(answered) > 20
        wait_for("some to be served", enough, 20)
        for client in clients:
            client.drop()
        wait_for("service again", lambda: self.is_served(server))

    def is_served(self, server):
        client = server.http()
        client.request("GET", "/")
        try:
            return client.fill(1) and b" 200 " in client.buffer
        except Overdue:
            return False
        finally:
            client.drop()
