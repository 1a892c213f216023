"""SIGHUP: the new configuration serves new clients, the old workers keep theirs, and what is wrong changes nothing."""

import os
import re
import signal
import socket

from harness import TEXT, children, wait_for
from reloading import FAULTY, ReloadCase


class Taking(ReloadCase):
    def test_new_workers_take_over(self):
        server = self.start(workers=2)
        old, port = server.workers(), server.port
        self.assertEqual(b"old", self.body(server))
        self.reload(server, self.site(self.other, workers=2))
        for _ in range(10):
            self.assertEqual(b"new", self.body(server))
        self.assertEqual(port, server.port)
        wait_for("the old workers to end", lambda: not self.old_workers(server, old))
        self.assertEqual(2, len(server.workers()))

    def test_an_unchanged_configuration_is_a_reload_too(self):
        server = self.start(workers=1)
        old = server.workers()
        self.reload(server)
        wait_for("the old worker to end", lambda: not self.old_workers(server, old))
        self.assertEqual(b"old", self.body(server))

    def test_a_websocket_stays_on_its_old_worker(self):
        server = self.start(workers=1)
        self.echo()
        old = server.workers()
        before = server.websocket("/echo")
        before.echo("hello")
        self.reload(server, self.site(self.other, workers=1, drain_timeout=60))
        after = server.websocket("/echo")
        for number in range(50):
            before.echo(f"before {number}")
            after.echo(f"after {number}")
        self.assertEqual(b"new", self.body(server))
        self.assertEqual(old, self.old_workers(server, old))
        before.close()
        wait_for("the old worker to end", lambda: not self.old_workers(server, old))
        after.echo("still there")

    def test_each_generation_has_its_link(self):
        server = self.start(workers=1, drain_timeout=60)
        app = self.link_server()
        first = server.websocket()
        old_link, old_client = app.admit(first)
        self.reload(server)
        second = server.websocket()
        second.start("/app")
        new_link = app.greet()
        opened = new_link.expect(2)
        new_link.accept(opened.client)
        second.finish_handshake()
        self.assertNotEqual(old_link.peer["pid"], new_link.peer["pid"])
        old_link.say(old_client.client, "to the old")
        new_link.say(opened.client, "to the new")
        self.assertEqual((TEXT, b"to the old"), first.read_message())
        self.assertEqual((TEXT, b"to the new"), second.read_message())
        first.close()
        old_link.expect_end(skip=(6, 7))

    def test_a_handshake_that_waits_is_finished(self):
        server = self.start(self.site(workers=1, drain_timeout=60).replace("websocket = {", "websocket = { handshake_timeout = 60; "))
        app = self.link_server()
        client = server.websocket()
        client.start("/app")
        link = app.greet()
        opened = link.expect(2)
        self.reload(server)
        link.accept(opened.client)
        client.finish_handshake()
        link.say(opened.client, "hello")
        self.assertEqual((TEXT, b"hello"), client.read_message())

    def test_who_has_just_connected_is_served(self):
        server = self.start(workers=1, drain_timeout=60, section="header_timeout = 60;")
        self.echo()
        old = server.workers()
        used = server.http()
        used.get("/index.html")
        plain, upgraded = server.http(), server.websocket()
        # Accepted in this order: the old worker has them when it has answered the last.
        self.assertEqual(200, server.http().get("/index.html").status)
        self.reload(server, self.site(self.other, workers=1, drain_timeout=60))
        answer = plain.get("/index.html")
        self.assertEqual((b"old", "close"), (answer.body, answer.get("Connection")))
        plain.expect_end()
        upgraded.open("/echo").echo("hello")
        self.assertEqual(old, self.old_workers(server, old))

    def test_a_client_in_use_is_told_with_its_next_answer(self):
        server = self.start(workers=1)
        client = server.http()
        # Until it has been answered it may wait in the listening socket's queue, which the new worker takes over.
        self.assertEqual(b"old", client.get("/index.html").body)
        self.ask(server, self.site(self.other, workers=1))
        self.goes_on_until_told(client)

    def test_an_idle_client_is_let_go(self):
        server = self.start(workers=1, section="keepalivetimeout = 600;")
        old = server.workers()
        client = server.http()
        client.get("/index.html")
        self.reload(server)
        client.expect_end()
        wait_for("the old worker to end", lambda: not self.old_workers(server, old))

    def test_a_response_under_way_is_finished(self):
        path = self.document("large.bin", b"")
        os.truncate(path, 64 << 20)
        server = self.start(workers=1, drain_timeout=60)
        client = server.http()
        client.request("GET", "/large.bin")
        client.need(1)
        self.reload(server)
        self.assertEqual(64 << 20, len(client.response().body))

    def test_several_signals_at_once(self):
        server = self.start(workers=2)
        for _ in range(30):
            server.send_signal(signal.SIGHUP)
        self.reload(server, self.site(self.other, workers=2))
        wait_for("the last configuration", lambda: self.body(server) == b"new")


class Refused(ReloadCase):
    def check(self, server, text, *patterns):
        """The log tells why; the old workers serve on."""
        workers = server.workers()
        log = self.refuse(server, text)
        for pattern in patterns:
            self.assertRegex(log, pattern)
        self.assertEqual(b"old", self.body(server))
        wait_for("new workers to have gone", lambda: server.workers() == workers)
        return log

    def place(self, server, line):
        return re.escape(f"{server.config}:{line}:")

    def test_what_is_wrong_is_told_with_file_and_line(self):
        server = self.start(workers=2)
        good = self.site(self.other, workers=2)
        lines = good.count("\n")
        self.check(server, good + "broken", self.place(server, lines + 1))
        self.check(server, good.replace("workers = 2", 'workers = "two"'),
                   self.place(server, good[:good.index("workers")].count("\n") + 1) + ".*workers")
        line = good[:good.index("docroot")].count("\n") + 1
        self.check(server, good.replace(self.other, self.path("nowhere")),
                   self.place(server, line) + ".*docroot.*nowhere")
        self.check(server, good + 'access-log = "/nowhere/a.log";', self.place(server, lines + 1) + ".*/nowhere/a.log")
        self.check(server, good + 'log-file = "/nowhere/e.log";', self.place(server, lines + 1) + ".*/nowhere/e.log")
        os.remove(server.config)
        self.check(server, None, re.escape(server.config))
        self.reload(server, good)
        self.assertEqual(b"new", self.body(server))

    def test_an_address_in_use(self):
        server = self.start(workers=2)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            more = self.site(self.other, workers=2).replace("});", f'}}, {{ addr = "127.0.0.1"; port = {port}; }});')
            self.check(server, more, rf"{re.escape(server.config)}:\d+: bind 127.0.0.1:{port}")

    def test_two_sites_on_one_address(self):
        server = self.start(workers=2)
        for addr in ("127.0.0.1", "any"):
            more = self.site(self.other, workers=2, port=server.port)
            more = more.replace("});", f'}}, {{ addr = "{addr}"; port = {server.port}; }});')
            self.check(server, more, rf"{re.escape(server.config)}:\d+: bind .*:{server.port}: Address already in use")

    def test_a_module_that_fails_or_crashes_while_it_is_read(self):
        server = self.start(None, "-M", FAULTY, workers=1)
        for how, pattern in (("error", r":\d+: servers\[0\].faulty.create: told to fail"), ("crash", "signal 9")):
            with self.subTest(how):
                self.check(server, self.site(self.other, section=f'faulty = {{ create = "{how}"; }};'), pattern)

    def test_a_module_that_hangs_while_it_is_read_stops_nothing(self):
        server = self.start(None, "-M", FAULTY, workers=2)
        worker, _ = server.workers()
        self.ask(server, self.site(self.other, workers=2, section='faulty = { create = "hang"; };'))
        wait_for("the reading process", lambda: len(children(server.pid)) == 3)
        os.kill(worker, signal.SIGKILL)
        wait_for("another worker", lambda: worker not in children(server.pid) and len(children(server.pid)) == 3)
        for _ in range(10):
            self.assertEqual(b"old", self.body(server))
        self.assertEqual(0, server.stop())

    def test_workers_that_do_not_start(self):
        server = self.start(None, "-M", FAULTY, workers=2)
        added = self.path("added")
        for how, pattern in (("error", "told to fail"), ("crash", "signal 9")):
            with self.subTest(how):
                text = self.site(self.other, workers=3, section=f'faulty = {{ start = "{how}"; }};')
                text = text.replace("});", f'}}, {{ addr = "unix:{added}"; }});')
                self.check(server, text, pattern, "the new workers do not start")
                wait_for("the new workers to be gone", lambda: len(children(server.pid)) == 2)
                self.assertFalse(os.path.exists(added))
        # None of the sockets that were bound for the third worker is left to take clients.
        for _ in range(60):
            self.assertEqual(b"old", self.body(server))

    def test_workers_that_hang_at_their_start_get_no_clients(self):
        server = self.start(None, "-M", FAULTY, workers=1)
        self.ask(server, self.site(self.other, workers=2, section='faulty = { start = "hang"; };'))
        wait_for("the new workers", lambda: len(children(server.pid)) == 3)
        for _ in range(40):
            self.assertEqual(b"old", self.body(server))
        self.assertEqual(0, server.stop())
