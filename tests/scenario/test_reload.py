"""SIGHUP: the new configuration serves new clients, the old workers keep theirs, and what is wrong changes nothing."""

import os
import re
import select
import signal
import socket
import time

from harness import (ROOT, TEXT, Closed, children, configuration, deadline, descriptors, memory, scaled, status_fields,
                     wait_for)
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
        self.reload(server, self.site(self.other, workers=1))
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
        server = self.start(workers=1)
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
        server = self.start(workers=1)
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
        server = self.start(workers=1, drain_timeout=60)
        self.echo()
        old = server.workers()
        used = server.http()
        used.get("/index.html")
        plain, upgraded = server.http(), server.websocket()
        # Accepted in this order: the old worker has them when it has answered the last.
        self.assertEqual(200, server.http().get("/index.html").status)
        self.reload(server, self.site(self.other, workers=1))
        answer = plain.get("/index.html")
        self.assertEqual((b"old", "close"), (answer.body, answer.get("Connection")))
        plain.expect_end()
        upgraded.open("/echo").echo("hello")
        self.assertEqual(old, self.old_workers(server, old))

    def test_a_client_in_use_is_told_with_its_next_answer(self):
        server = self.start(workers=1)
        client = server.http()
        client.get("/index.html")
        self.reload(server, self.site(self.other, workers=1))
        answer = client.get("/index.html")
        self.assertEqual((b"old", "close"), (answer.body, answer.get("Connection")))
        client.expect_end()

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


class Changes(ReloadCase):
    def two_sites(self, first, second, **defaults):
        """Two sites with names, each with documents; the second may be None."""
        text = self.site(first, section='hostname = "first";', **defaults)
        if second is None:
            return text
        return text.replace("});", f'}}, {{ hostname = "second"; {second}; '
                                   f'clients_per_address = 0; document = {{ docroot = "{self.other}"; }}; }});')

    def test_a_site_is_added_and_removed(self):
        server = self.start(self.two_sites(self.documents, None, workers=2))
        first = server.addresses[0]
        self.reload(server, self.two_sites(self.documents, 'addr = "127.0.0.1"; port = 0', workers=2))
        self.assertEqual([first], server.addresses[:1])
        self.assertEqual(2, len(server.addresses))
        for _ in range(20):
            self.assertEqual((b"old", b"new"), (self.body(server), self.body(server, 1)))
        second = server.address(1)[1]
        self.reload(server, self.two_sites(self.documents, None, workers=2))
        self.assertEqual([first], server.addresses)

        def refused():
            with socket.socket() as probe:
                return probe.connect_ex(second) != 0
        wait_for("the removed site to refuse", refused)
        self.assertEqual(b"old", self.body(server))

    def test_the_first_of_two_sites_is_removed(self):
        text = self.two_sites(self.documents, 'addr = "127.0.0.1"; port = 0', workers=2)
        server = self.start(text)
        second = server.addresses[1]
        self.reload(server, text[:text.index("({") + 1] + text[text.index("}, {") + 3:])
        self.assertEqual([second], server.addresses)
        for _ in range(20):
            self.assertEqual(b"new", self.body(server))

    def test_a_unix_socket_is_added_kept_and_removed(self):
        path = self.path("s")
        server = self.start(self.two_sites(self.documents, None, workers=2))
        with_socket = self.two_sites(self.documents, f'addr = "unix:{path}"', workers=2)
        self.reload(server, with_socket)
        self.assertEqual(b"new", self.body(server, 1))
        inode = os.stat(path).st_ino
        self.reload(server, with_socket)
        self.assertEqual(inode, os.stat(path).st_ino)
        for _ in range(10):
            self.assertEqual(b"new", self.body(server, 1))
        self.reload(server, self.two_sites(self.documents, None, workers=2))
        self.assertFalse(os.path.exists(path))

    def test_an_address_moves_to_all_interfaces_and_back(self):
        server = self.start(workers=2)
        port = server.port
        for addr in ("any", "127.0.0.1"):
            self.reload(server, self.site(section=f'addr = "{addr}"; port = {port};', workers=2))
            for _ in range(30):
                self.assertEqual(b"old", self.body(server))

    def test_workers_grow_and_shrink(self):
        server = self.start(workers=1)
        for count in (4, 2, 1, 3):
            self.reload(server, self.site(workers=count))
            self.assertEqual(count, len(wait_for(
                "the old to end", lambda: (found := children(server.pid)) and len(found) == count and found)))
            # The kernel spreads them over all sockets there ever were: each is answered.
            clients = [server.http() for _ in range(60)]
            for client in clients:
                self.assertEqual(200, client.get("/index.html").status)
            self.assertEqual(1, len(server.addresses))

    def test_clients_of_an_address_are_counted_over_generations(self):
        section = "clients_per_address = 5;"
        server = self.start(self.site(section=section, workers=2))
        self.echo()
        held = [server.websocket("/echo") for _ in range(5)]
        self.assertEqual(503, server.http().response().status)
        self.reload(server)
        for client in held:
            client.echo("still here")
        self.assertEqual(503, server.http().response().status)
        held.pop().close()

        def admitted():
            client = server.http()
            client.request("GET", "/index.html")
            status = client.response().status
            client.drop()
            return status == 200
        wait_for("a place", admitted)

    def test_what_needs_a_restart_is_told(self):
        calls = self.path("calls")
        script = self.path("init", f"#!/bin/sh\necho $1 >>{calls}\n")
        os.chmod(script, 0o755)
        server = self.start(self.site(workers=1, init_d=f'"{script}"'))
        wait_for("the script", lambda: os.path.exists(calls) and os.path.getsize(calls))
        text = self.site(self.other, workers=0, user='"nobody"', init_d='"/bin/false"', pid_file=f'"{self.path("p")}"')
        text = text.replace("pid_file", "pid-file")
        server.count = 1
        self.ask(server, text)
        wait_for("the reload", lambda: "reloaded" in server.log())
        for key in ("user", "init_d", "pid-file", "workers"):
            line = text[:text.index(f"{key} = ")].count("\n") + 1
            self.assertRegex(server.log(), rf"{re.escape(server.config)}:{line}: {key}: .* needs a restart")
        wait_for("the new documents", lambda: self.body(server) == b"new")
        worker = wait_for("one worker", lambda: len(found := children(server.pid)) == 1 and found)[0]
        self.assertEqual(status_fields(server.pid)["Uid"], status_fields(worker)["Uid"])
        self.assertFalse(os.path.exists(self.path("p")))
        with open(calls, encoding="ascii") as file:
            self.assertEqual("start\n", file.read())
        self.assertEqual(0, server.stop())
        wait_for("the script's stop", lambda: open(calls, encoding="ascii").read() == "start\nstop\n")

    def test_the_command_line_still_wins(self):
        log = self.path("given.log")
        pid_file = self.path("given.pid")
        server = self.start(self.site(workers=1), "--workers", "2", "-L", log, "-p", pid_file)
        server.count = 2

        def text():
            with open(log, encoding="utf-8") as file:
                return file.read()
        self.reload(server, self.site(self.other, workers=1, log_file=f'"{self.path("other.log")}"'), log=text)
        wait_for("two workers", lambda: len(children(server.pid)) == 2)
        self.assertFalse(os.path.exists(self.path("other.log")))
        self.assertEqual(b"new", self.body(server))
        with open(pid_file, encoding="ascii") as file:
            self.assertEqual(server.pid, int(file.read()))

    def test_relative_paths_inside_a_changed_root(self):
        # As root it is a chroot for the workers: the supervisor finds the configuration and its logs again.
        log, pid_file = self.path("m.log"), self.path("m.pid")
        text = configuration('document = { docroot = "documents"; };', workers="1", log_file='"m.log"')
        options = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        import unittest.mock
        with unittest.mock.patch.dict(os.environ, {"ASAN_OPTIONS": options}):
            server = self.start(text, "-W", self.folder, "-p", pid_file)

        def read():
            with open(log, encoding="utf-8") as file:
                return file.read()
        self.reload(server, text.replace('"documents"', '"other"'), log=read)
        self.assertEqual(b"new", self.body(server))
        if ROOT:
            roots = {os.readlink(f"/proc/{pid}/root") for pid in children(server.pid)}
            self.assertEqual({os.path.realpath(self.folder)}, roots)
        os.rename(log, log + ".1")
        server.send_signal(signal.SIGUSR1)
        wait_for("the new log", lambda: os.path.exists(log))
        self.assertEqual(0, server.stop())
        self.assertFalse(os.path.exists(pid_file))
        self.assertIn("stopped", read())


class Logs(ReloadCase):
    def read(self, path):
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8") as file:
            return file.read()

    def test_logs_change_with_the_configuration(self):
        first, second = self.path("1.log"), self.path("2.log")
        server = self.start(workers=2, access_log=f'"{first}"')
        self.assertEqual(b"old", self.body(server))
        self.reload(server, self.site(self.other, workers=2, access_log=f'"{second}"', log_level='"debug"'))
        self.assertEqual(b"new", self.body(server))
        wait_for("the line", lambda: "index.html" in self.read(second))
        self.assertEqual(1, self.read(first).count("index.html"))
        server.clients[-1].drop()
        wait_for("debug lines", lambda: re.search(r"debug worker \d", server.log()))

    def test_sigusr1_reaches_old_and_new_workers(self):
        first, second = self.path("1.log"), self.path("2.log")
        server = self.start(workers=1, access_log=f'"{first}"')
        self.echo()
        before = server.websocket("/echo")
        self.reload(server, self.site(workers=1, access_log=f'"{second}"'))
        os.rename(first, first + ".1")
        os.rename(second, second + ".1")
        server.send_signal(signal.SIGUSR1)
        wait_for("new files", lambda: os.path.exists(first) and os.path.exists(second))

        def in_the_new_file():
            self.assertEqual(b"old", self.body(server))
            return "index.html" in self.read(second)
        wait_for("the new worker's line", in_the_new_file)
        # The supervisor tells the old worker first, so it has heard by now.
        before.echo("hello")
        before.close()
        wait_for("the old worker's line", lambda: "/echo" in self.read(first))
        self.assertNotIn("/echo", self.read(first + ".1"))


class Draining(ReloadCase):
    @deadline(60)
    def test_after_drain_timeout_clients_are_told_one_by_one(self):
        # What counts is the drain_timeout of the new configuration.
        server = self.start(workers=1, drain_timeout=600)
        self.echo()
        for _ in range(3):  # a machine that stands still for seconds lets them arrive together
            old = server.workers()
            told = self.times_of_1012(server, drain_timeout=1)
            self.assertGreater(told[0], 0.9)
            wait_for("the old worker to end", lambda: not self.old_workers(server, old))
            most = max(sum(first <= other < first + 0.5 for other in told) for first in told)
            if told[-1] - told[0] > 2 and most < len(told) / 3:
                return
        self.fail(f"told together: {told}")

    def times_of_1012(self, server, drain_timeout):
        """When, in seconds from the reload, each of 60 clients was told."""
        clients = [server.websocket("/echo") for _ in range(60)]
        for client in clients:
            client.echo("hello")
        began = time.monotonic()
        self.reload(server, self.site(workers=1, drain_timeout=drain_timeout))
        told = []
        waiting = {client.sock: client for client in clients}
        while waiting:
            readable = select.select(list(waiting), [], [], scaled(20))[0]
            self.assertTrue(readable, f"{len(waiting)} were not told")
            for sock in readable:
                told.append(time.monotonic() - began)
                waiting.pop(sock).expect_close(1012)
        return told

    def test_who_does_not_answer_is_dropped(self):
        server = self.start(self.site(workers=1).replace("websocket = {", "websocket = { close_timeout = 600; "))
        self.echo()
        old = server.workers()
        client = server.websocket("/echo")
        client.echo("hello")
        self.reload(server, self.site(workers=1, drain_timeout=0))
        self.assertEqual(1012, client.read_frame().code)
        wait_for("the old worker to end", lambda: not self.old_workers(server, old), 30)
        client.expect_end()

    def test_a_worker_that_hangs_is_killed(self):
        server = self.start(workers=1)
        self.echo()
        old, = server.workers()
        client = server.websocket("/echo")
        client.echo("hello")
        self.reload(server, self.site(workers=1, drain_timeout=0))
        os.kill(old, signal.SIGSTOP)
        wait_for("the old worker to be killed", lambda: not self.old_workers(server, [old]), 25)
        server.wait_log("workers do not end: killed")

    def test_an_old_worker_that_dies_is_not_replaced(self):
        server = self.start(workers=1)
        self.echo()
        old, = server.workers()
        client = server.websocket("/echo")
        client.echo("hello")
        self.reload(server)
        new, = set(server.workers()) - {old}
        os.kill(old, signal.SIGKILL)
        server.wait_log(rf"old worker 0 \(process {old}\) died of signal 9 .*not restarted")
        client.expect_lost()
        self.assertEqual([new], children(server.pid))
        self.assertEqual(b"old", self.body(server))

    @deadline(60)
    def test_generations_do_not_pile_up(self):
        # 16 workers: four generations may wait for their clients.
        server = self.start(workers=16, drain_timeout=600)
        self.echo()
        clients = []
        for _ in range(7):
            clients.append(server.websocket("/echo"))
            clients[-1].echo("hello")
            self.reload(server)
        for client in clients[:3]:
            client.expect_close(1012)
        for client in clients[3:]:
            client.echo("still here")
        wait_for("the hurried to end", lambda: len(children(server.pid)) <= 16 + 4, 20)

    def test_the_end_ends_all_generations(self):
        server = self.start(None, "-M", FAULTY, workers=2, drain_timeout=600)
        self.echo()
        clients = []
        for _ in range(3):
            clients.append(server.websocket("/echo"))
            clients[-1].echo("hello")
            self.reload(server)
        self.ask(server, self.site(workers=2, section='faulty = { start = "hang"; };'))
        wait_for("the new workers", lambda: len(children(server.pid)) >= 7)
        server.send_signal(signal.SIGTERM)
        for client in clients:
            client.expect_close(1001)
        self.assertEqual(0, server.wait())
        self.assertEqual([], children(server.pid))

    def test_a_worker_in_back_off_does_not_delay_a_reload(self):
        server = self.start(workers=2)
        for _ in range(7):
            victim, other = wait_for("two workers", lambda: len(found := children(server.pid)) == 2 and found)
            os.kill(victim, signal.SIGKILL)
            wait_for("its end", lambda: victim not in children(server.pid))
            # The other one has accepted, or it would be the next victim's fault that nobody answers.
            if re.search(r"restarted in [1-9]\d{3,} ms", server.log()):
                break
        wait_for("a back-off of seconds", lambda: re.search(r"restarted in [1-9]\d\d+ ms", server.log()))
        self.ask(server, self.site(self.other, workers=2))
        wait_for("the reload", lambda: "reloaded" in server.log())
        wait_for("the new documents", lambda: self.body(server) == b"new")
        wait_for("two workers", lambda: len(children(server.pid)) == 2)


class Frugality(ReloadCase):
    @deadline(120)
    def test_thirty_reloads_cost_nothing_that_stays(self):
        for workers in (2, 0):
            with self.subTest(workers=workers):
                server = self.start(workers=workers, access_log=f'"{self.path("access.log")}"')
                self.echo(name=f"echo{workers}")
                kept = server.websocket(f"/echo{workers}")

                def turn():
                    client = server.websocket(f"/echo{workers}")
                    client.echo("hello")
                    self.reload(server)
                    client.echo("again")
                    client.close()
                    self.assertEqual(b"old", self.body(server))
                for _ in range(5):
                    turn()
                    kept.echo("kept")
                kept.close()
                self.let_settle(server, workers)
                count, size = len(os.listdir(f"/proc/{server.pid}/fd")), memory(server.pid)
                for _ in range(30):
                    turn()
                self.let_settle(server, workers)
                wait_for("the descriptors to be closed", lambda: len(os.listdir(f"/proc/{server.pid}/fd")) <= count)
                # Sanitizers keep what was freed for a while.
                self.assertLess(memory(server.pid) - size, scaled(2 << 20))
                self.assertEqual(0, server.stop())

    def let_settle(self, server, workers):
        """Until no old worker, and no client of ours, is left."""
        for client in server.clients:
            client.drop()
        server.clients.clear()
        wait_for("the old workers to end", lambda: len(children(server.pid)) == workers, 20)
        wait_for("the connections to end", lambda: descriptors(server.pid) <= 20 or workers)


class InPlace(ReloadCase):
    """workers = 0: one process changes its settings."""

    def test_new_clients_get_the_new_settings_old_ones_keep_theirs(self):
        server = self.start(workers=0)
        self.echo()
        socket_client, used, fresh = server.websocket("/echo"), server.http(), server.http()
        self.assertEqual(b"old", used.get("/index.html").body)
        self.reload(server, self.site(self.other, workers=0))
        self.assertEqual(b"new", self.body(server))
        answer = used.get("/index.html")
        self.assertEqual((b"old", "close"), (answer.body, answer.get("Connection")))
        self.assertEqual(b"old", fresh.get("/index.html").body)
        socket_client.echo("hello")
        server.websocket("/echo").echo("hello")
        self.assertTrue(server.running())

    def test_what_is_wrong_changes_nothing(self):
        server = self.start(None, "-M", FAULTY, workers=0)
        log = self.refuse(server, self.site(self.other, workers=0) + "broken")
        self.assertRegex(log, rf"{re.escape(server.config)}:\d+: ")
        self.assertEqual(b"old", self.body(server))
        self.ask(server, self.site(self.other, workers=0, section='faulty = { start = "error"; };'))
        server.wait_log("told to fail")
        self.assertEqual(b"old", self.body(server))
        self.reload(server, self.site(self.other, workers=0))
        self.assertEqual(b"new", self.body(server))

    def test_after_drain_timeout_clients_get_1012(self):
        server = self.start(workers=0)
        self.echo()
        clients = [server.websocket("/echo") for _ in range(10)]
        self.reload(server, self.site(self.other, workers=0, drain_timeout=0))
        stays = server.websocket("/echo")
        for client in clients:
            client.expect_close(1012)
        stays.echo("hello")

    def test_sites_come_and_go(self):
        path = self.path("s")
        server = self.start(workers=0)
        more = self.site(workers=0).replace(
            "});", f'}}, {{ addr = "unix:{path}"; document = {{ docroot = "{self.other}"; }}; }});')
        self.reload(server, more)
        self.assertEqual((b"old", b"new"), (self.body(server), self.body(server, 1)))
        self.reload(server, self.site(workers=0))
        self.assertFalse(os.path.exists(path))
        self.assertEqual(1, len(server.addresses))
        self.assertEqual(b"old", self.body(server))

    def test_what_needs_a_restart_is_told(self):
        server = self.start(workers=0)
        self.ask(server, self.site(self.other, workers=2, user='"nobody"'))
        wait_for("the reload", lambda: "reloaded" in server.log())
        for key in ("user", "workers"):
            self.assertRegex(server.log(), rf"{re.escape(server.config)}:\d+: {key}: .* needs a restart")
        self.assertEqual(b"new", self.body(server))
        self.assertEqual([], children(server.pid))

    def test_a_stream_server_that_still_takes_data_is_no_harm(self):
        server = self.start(workers=0)
        app = self.stream_server()
        client = server.websocket("/app")
        peer = app.accept()
        client.send_binary(b"x" * 1000000)
        client.abort()
        self.reload(server)
        self.assertEqual(b"old", self.body(server))
        self.assertLessEqual(len(peer.read_all()), 1000000)
        for _ in range(3):
            self.reload(server)
            self.assertEqual(b"old", self.body(server))

    def test_sigterm_ends_old_and_new_clients(self):
        server = self.start(workers=0, drain_timeout=600)
        self.echo()
        before = server.websocket("/echo")
        self.reload(server)
        after = server.websocket("/echo")
        server.send_signal(signal.SIGTERM)
        before.expect_close(1001)
        after.expect_close(1001)
        self.assertEqual(0, server.wait())

    def test_sigusr1_after_a_reload(self):
        first, second = self.path("1.log"), self.path("2.log")
        server = self.start(workers=0, access_log=f'"{first}"')
        self.echo()
        before = server.websocket("/echo")
        self.reload(server, self.site(workers=0, access_log=f'"{second}"'))
        os.rename(first, first + ".1")
        os.rename(second, second + ".1")
        server.send_signal(signal.SIGUSR1)
        wait_for("new files", lambda: os.path.exists(first) and os.path.exists(second))
        self.body(server)
        before.close()
        wait_for("the lines", lambda: os.path.getsize(first) and os.path.getsize(second))


class Closing(ReloadCase):
    def test_a_closed_connection_is_not_reset(self):
        # The removed site's clients that wait in its queue are served.
        text = self.site(section='hostname = "first";', workers=1)
        both = text.replace("});", f'}}, {{ hostname = "second"; addr = "127.0.0.1"; port = 0; '
                                   f'clients_per_address = 0; document = {{ docroot = "{self.other}"; }}; }});')
        server = self.start(both)
        worker, = server.workers()
        os.kill(worker, signal.SIGSTOP)
        waiting = [server.http(1) for _ in range(20)]
        self.ask(server, text)
        wait_for("the reload", lambda: "reloaded" in server.log())
        os.kill(worker, signal.SIGCONT)
        for client in waiting:
            try:
                self.assertEqual(b"new", client.get("/index.html").body)
            except Closed as closed:
                raise AssertionError("a client in the queue was lost") from closed
