"""The module status: what its page says, to whom, in which form, and that it sums up the workers."""

import json
import os
import re
import signal

from harness import END, Case, Http, children, configuration, deadline, wait_for


class Status(Case):
    def serve_status(self, keys="", **defaults):
        self.document("index.html", "page")
        # A client that rests while others are waited for is not let go.
        return self.gateway(section=f"keepalivetimeout = 600; status = {{ {keys} }};", **defaults)

    def counters(self, server):
        """From a connection of its own: that may reach any worker."""
        with server.http() as client:
            return json.loads(client.get("/status.json", {"Connection": "close"}).body)

    def test_forms(self):
        client = self.serve_status().http()
        text = "text/plain; version=0.0.4; charset=utf-8"
        for target, accept, expected in (("/status", None, text), ("/status", "*/*", text), ("/status.json", None, "json"),
                                         ("/status", "application/json", "json"), ("/status?format=json", None, "json"),
                                         ("/status?format=prometheus", "application/json", text),
                                         ("/status", "application/json;q=0.5, text/plain", text),
                                         ("/status", "application/openmetrics-text, text/plain;q=0.5, */*;q=0.1", text),
                                         ("/status", "text/plain; q=0.25, application/json;q=0.3", "json"),
                                         ("/status", "application/json;q=0", text), ("/status?x&format=json", "*/*", "json")):
            with self.subTest(f"{target} {accept}"):
                answer = client.get(target, {"Accept": accept} if accept else {})
                self.assertEqual(200, answer.status)
                self.assertEqual("application/json" if expected == "json" else expected, answer.get("Content-Type"))
                self.assertEqual("no-store", answer.get("Cache-Control"))
                self.assertEqual("Accept" if target.startswith("/status?") or target == "/status" else None, answer.get("Vary"))
                if expected == "json":
                    self.assertGreater(json.loads(answer.body)["requests_total"], 0)
                else:
                    self.assertIn(b"\nmarmoset_requests_total ", answer.body)

    def test_prometheus_text_is_well_formed(self):
        answer = self.serve_status().http().get("/status")
        declared, kind, samples = None, None, set()
        for line in answer.body.decode().splitlines():
            if found := re.fullmatch(r"# HELP (marmoset_[a-z_]+) [^\\]+", line):
                declared = found.group(1)
            elif found := re.fullmatch(r"# TYPE (\w+) (counter|gauge)", line):
                self.assertEqual(declared, found.group(1))
                kind = found.group(2)
            else:
                sample = re.fullmatch(r'(\w+)(\{[a-z]+="[a-z0-9_]+"\})? (\d+)', line)
                self.assertTrue(sample, line)
                self.assertEqual(declared, sample.group(1))
                self.assertEqual(kind == "counter", declared.endswith("_total"), line)
                self.assertNotIn(sample.group(1, 2), samples)
                samples.add(sample.group(1, 2))
        self.assertGreater(len(samples), 80)
        self.assertIn(("marmoset_websockets_closed_total", '{reason="ping_timeout"}'), samples)

    def test_head_and_other_methods(self):
        client = self.serve_status().http()
        answer = client.get("/status", method="HEAD")
        self.assertEqual((200, b""), (answer.status, answer.body))
        self.assertGreater(int(answer.get("Content-Length")), 1000)
        answer = client.get("/status", method="POST", body=b"x")
        self.assertEqual((405, "GET, HEAD"), (answer.status, answer.get("Allow")))

    def test_other_paths_are_others(self):
        client = self.serve_status('path = "/internal/counters";').http()
        self.assertEqual(200, client.get("/internal/counters").status)
        self.assertEqual(200, client.get("/internal/counters.json").status)
        for target in ("/status", "/internal/counters/", "/internal/countersx", "/internal/counters.jsonx"):
            self.assertEqual(404, client.get(target).status, target)
        self.assertEqual(b"page", client.get("/").body)

    @deadline(90)
    def test_for_this_machine_only_unless_told(self):
        for clients, expected in (("local", 200), ("127.0.0.1", 200), ("192.0.2.1", 403), ("", 403), ("any", 200),
                                  ("192.0.2.0/24, 127.0.0.0/31", 200), ("127.0.0.2/31", 403), ("::1", 403),
                                  ("::ffff:0:0/96", 200)):
            with self.subTest(clients):
                server = self.serve_status(f'clients = "{clients}";')
                self.check_status(server, expected)

    def check_status(self, server, expected):
        with server.http() as client:
            self.assertEqual(expected, client.get("/status").status)
        server.stop()

    def test_a_unix_socket_is_this_machine(self):
        path = self.path("http.sock")
        for clients, expected in (("local", 200), ("127.0.0.1", 403)):
            server = self.serve(f'addr = "unix:{path}"; status = {{ clients = "{clients}"; }};')
            self.check_status(server, expected)

    def test_bad_keys_are_told_with_their_place(self):
        for keys, word in (('path = "status"', "begin with /"), ('clients = "local,elsewhere"', '"elsewhere"'),
                           ('clients = "10.0.0.0/33"', '"10.0.0.0/33"'), ('clients = "10.0.0/8"', '"10.0.0/8"'),
                           ('clients = "unix:/x"', '"unix:/x"')):
            server = self.serve_text(configuration(f"status = {{ {keys}; }};"), ready=False)
            self.assertNotEqual(0, server.wait())
            self.assertRegex(server.log(), rf"\.conf:\d+: .*{re.escape(word)}")

    def test_counts(self):
        server = self.serve_status(workers=1)
        app = self.link_server()
        client = server.http()
        first = json.loads(client.get("/status.json").body)
        self.assertEqual((1, 1, 1, 1), tuple(first[name] for name in ("workers", "connections", "requests_total",
                                                                      "connections_accepted_total")))
        for target in ("/", "/nowhere", "/nowhere"):
            client.get(target)
        client.get("/", {"If-None-Match": "*"})
        socket = server.websocket()
        link, opened = app.admit(socket)
        for n in range(3):
            socket.send_text(f"in {n}")
            link.message(opened.client)
        link.say(opened.client, "out")
        socket.read_message()
        refused = server.http()
        self.assertEqual(404, refused.get("/nowhere", {"Upgrade": "websocket", "Connection": "Upgrade",
                                                       "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
                                                       "Sec-WebSocket-Version": "13"}).status)
        refused.drop()
        wait_for("its end", lambda: json.loads(client.get("/status.json").body)["connections"] == 2)
        now = json.loads(client.get("/status.json").body)
        self.assertEqual({"accepted": 1, "refused": 1}, now["websocket_handshakes_total"])
        self.assertEqual({"in": 3, "out": 1}, now["websocket_messages_total"])
        self.assertEqual(1, now["websockets"])
        self.assertEqual(3, now["connections_accepted_total"])
        self.assertEqual(1, now["connections_closed_total"]["peer_closed"])
        asked = now["requests_total"] - 1  # not counting the one that asks
        self.assertEqual({"1xx": 1, "2xx": asked - 5, "3xx": 1, "4xx": 3, "5xx": 0}, now["responses_total"])
        self.assertGreater(now["received_bytes_total"], first["received_bytes_total"])
        self.assertGreater(now["sent_bytes_total"], first["sent_bytes_total"] + 1000)
        socket.close()
        link.expect(END)
        later = json.loads(client.get("/status.json").body)
        self.assertEqual((0, 1), (later["websockets"], later["websockets_closed_total"]["close_handshake"]))

    def test_bytes_are_those_of_clients(self):
        server = self.serve_status(workers=1)
        app = self.stream_server()
        socket = server.websocket("/app")
        peer = app.accept()
        before = self.counters(server)
        socket.send_binary(b"x" * 10_000)
        peer.need(10_000)
        after = self.counters(server)
        self.assertLess(after["received_bytes_total"] - before["received_bytes_total"], 11_000)
        self.assertLess(after["sent_bytes_total"] - before["sent_bytes_total"], 10_000)

    def test_sums_up_all_workers_and_outlives_them(self):
        server = self.serve_status(workers=3)
        wait_for("three workers", lambda: self.counters(server)["workers"] == 3)
        held = [server.http() for _ in range(30)]
        for client in held:
            self.assertEqual(200, client.get("/").status)
        before = self.counters(server)
        self.assertGreaterEqual(before["connections"], 31)
        self.assertEqual(0, before["worker_restarts_total"])
        victim = server.worker_of(held[0])
        os.kill(victim, signal.SIGKILL)
        wait_for("another worker", lambda: victim not in server.workers() and len(children(server.pid)) == 3)
        after = wait_for("it to serve", lambda: (now := self.counters(server))["workers"] == 3 and now)
        self.assertEqual(1, after["worker_restarts_total"])
        # Its totals stay, what it held is gone.
        self.assertGreaterEqual(after["requests_total"], before["requests_total"])
        self.assertGreaterEqual(after["responses_total"]["2xx"], 30)

        def left():
            # Those of the dead worker learn of it when the kernel comes to it.
            return sum(client.is_open() for client in held)
        wait_for("its connections to be forgotten", lambda: self.counters(server)["connections"] == left() + 1)
        self.assertLess(left(), 30)

    def test_without_a_supervisor(self):
        server = self.serve_status(workers=0)
        self.assertEqual(1, self.counters(server)["workers"])
        self.assertIsInstance(server.http(), Http)
