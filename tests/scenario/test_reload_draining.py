"""SIGHUP: the old workers, their clients and their memory; the server without workers; what is closed by it."""

import os
import re
import select
import signal
import time

from harness import Closed, children, deadline, descriptors, memory, scaled, wait_for
from reloading import FAULTY, ReloadCase


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

    @deadline(60)
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

    @deadline(60)
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
        server = self.start(workers=1, drain_timeout=60)
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
        # Clients who rest meanwhile are not to be asked whether they are there.
        server = self.start(self.site(workers=16, drain_timeout=600).replace("websocket = {", "websocket = { ping = 0; "))
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
            # The younger one, which lives for a moment only: what has lasted for five seconds starts again at once.
            _, victim = wait_for("two workers", lambda: len(found := children(server.pid)) == 2 and found)
            os.kill(victim, signal.SIGKILL)
            wait_for("its end", lambda: victim not in children(server.pid))
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
                server = self.start(workers=workers, access_log=f'"{self.path("access.log")}"', drain_timeout=60)
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
        server = self.start(workers=0, section="header_timeout = 60;")
        self.echo()
        socket_client, fresh, used = server.websocket("/echo"), server.http(), server.http()
        # Accepted in this order: the server has them when it has answered the last.
        self.assertEqual(b"old", used.get("/index.html").body)
        self.ask(server, self.site(self.other, workers=0, drain_timeout=60))
        self.goes_on_until_told(used)
        self.assertEqual(b"new", self.body(server))
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
        self.reload(server, self.site(workers=0, access_log=f'"{second}"', drain_timeout=60))
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
        text = self.site(section='hostname = "first";', workers=1, drain_timeout=60)
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
