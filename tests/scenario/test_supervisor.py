"""Supervisor and workers: all serve, a dead one is replaced, SIGTERM lets clients finish, SIGUSR1 reopens logs."""

import os
import signal
import time

from harness import CLOSE, PATIENCE, TEXT, Case, Closed, configuration, deadline, is_running, scaled, wait_for


def held_by_each(case, server):
    """Connections on which something was answered, and who holds them: each worker some. One that has not begun yet is stood in for
    by the others."""
    held = {}

    def each():
        client = server.websocket()
        case.assertEqual(200, client.get("/").status)
        held[client] = server.worker_of(client)
        return set(held.values()) == set(server.workers())
    wait_for("each worker to hold a connection", each, 20)
    return held


class Workers(Case):
    def setUp(self):
        super().setUp()
        self.document("index.html", "page")

    def test_two_workers_both_serve(self):
        server = self.gateway(workers=2)
        self.assertEqual(2, len(server.workers()))
        self.assertEqual(set(server.workers()), set(held_by_each(self, server).values()))

    def test_one_process_serves_alone(self):
        server = self.gateway(workers=0)
        self.assertEqual([server.pid], server.workers())
        self.assertEqual(200, server.http().get("/").status)
        self.echo()
        server.websocket("/echo").echo("hello")
        self.assertEqual(0, server.stop())

    @deadline(120)
    def test_a_signal_as_soon_as_it_listens(self):
        """A server that says that it listens ends in order, however early it is asked to."""
        for workers in (0, 1) * 10:
            self.assertEqual(0, self.gateway(workers=workers).stop())

    def test_by_default_there_is_one_a_core(self):
        server = self.serve_text(configuration(f'document = {{ docroot = "{self.documents}"; }};')
                                 .replace("workers = 1;", ""))
        self.assertEqual(len(os.sched_getaffinity(0)), len(server.workers()))
        self.assertEqual(200, server.http().get("/").status)

    def test_cores_that_it_may_not_use_have_no_worker(self):
        core = min(os.sched_getaffinity(0))
        text = configuration(f'document = {{ docroot = "{self.documents}"; }};').replace("workers = 1;", "")
        server = self.serve_text(text, preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        server.wait_log(", 1 workers$")

    def test_a_unix_listener_is_shared(self):
        server = self.gateway(section=f'addr = "unix:{self.path("s")}";', workers=2)
        self.assertEqual(1, len(server.addresses))
        for _ in range(20):
            self.assertEqual(200, server.http().get("/", host="localhost").status)

    def test_websockets_work_on_every_worker(self):
        server = self.gateway(workers=2)
        self.echo()
        clients = [server.websocket("/echo") for _ in range(30)]
        for number, client in enumerate(clients):
            client.echo(f"message {number}")
        for client in clients:
            client.close()

    def test_each_worker_has_one_link(self):
        server = self.gateway(workers=2)
        app = self.link_server()
        links, pids = {}, set()

        # Each handshake comes over the link of the worker that took the connection; a new worker means a new link.
        def both_open():
            client = server.websocket()
            client.start("/app")
            pids.add(self.next_open(app, links).peer["pid"])
            client.finish_handshake()
            return len(pids) == 2
        # One worker stands in for the other until that has begun.
        wait_for("a link of each worker", both_open, 20)
        for _ in range(40):
            both_open()
        self.assertEqual(set(server.workers()), pids)
        self.assertEqual(2, len(links))

    def next_open(self, app, links):
        """Accepts whichever link, old or new, brings the next OPEN."""
        import select
        from harness import HELLO, OPEN
        readable = select.select([app.sock, *links], [], [], scaled(PATIENCE))[0]
        self.assertTrue(readable, "no link brought an OPEN")
        if app.sock in readable:
            link = app.greet()
            links[link.sock] = link
        else:
            link = links[readable[0]]
        opened = link.expect(OPEN, skip=(HELLO,))
        link.accept(opened.client)
        return link


class Crashes(Case):
    def setUp(self):
        super().setUp()
        self.document("index.html", "page")

    def test_a_killed_worker_is_replaced(self):
        server = self.gateway(section="keepalivetimeout = 60;", workers=2)
        first, second = server.workers()
        held = held_by_each(self, server)
        os.kill(first, signal.SIGKILL)
        wait_for("another worker", lambda: len(server.workers()) == 2 and first not in server.workers())
        self.assertIn(second, server.workers())
        server.wait_log(rf"{first}.*(?i:sigkill|killed|signal 9)|(?i:sigkill|killed|signal 9).*{first}")
        # Only the killed worker's own clients are lost.
        for client, worker in held.items():
            if worker == second:
                self.assertEqual(200, client.get("/").status)
            else:
                self.assertRaises(Closed, client.get, "/")

    def test_no_connection_is_left_hanging_while_workers_die(self):
        server = self.gateway(workers=2)
        for round in range(3):
            os.kill(server.workers()[round % 2], signal.SIGKILL)
            # The kernel spreads connections over both listening sockets: each must be answered, by whoever lives.
            clients = [server.http() for _ in range(40)]
            lost = 0
            for client in clients:
                try:
                    self.assertEqual(200, client.get("/").status)
                except Closed:
                    lost += 1  # taken by the worker in the moment of its death
                client.drop()
            self.assertLess(lost, 40)
            wait_for("two workers", lambda: len(server.workers()) == 2)

    @deadline(60)
    def test_workers_that_die_again_and_again_do_not_spin(self):
        server = self.gateway(workers=1)
        seen = set()
        for _ in range(5):
            pid = wait_for("a worker", lambda: next(iter(set(server.workers()) - seen), None), 30)
            seen.add(pid)
            os.kill(pid, signal.SIGKILL)
        wait_for("a worker that stays", lambda: set(server.workers()) - seen, 30)
        self.assertEqual(200, server.http().get("/").status)
        self.assertTrue(server.running())

    def test_workers_end_when_their_supervisor_is_killed(self):
        server = self.gateway(workers=2)
        workers = server.workers()
        server.process.kill()  # and nobody else, as kill() would
        server.wait()
        wait_for("the workers to end", lambda: not any(is_running(pid) for pid in workers))


class Stopping(Case):
    def setUp(self):
        super().setUp()
        self.document("index.html", "page")

    def test_ends_at_once_without_clients(self):
        server = self.gateway(workers=2, drain_timeout=30)
        workers = server.workers()
        began = time.monotonic()
        self.assertEqual(0, server.stop())
        self.assertLess(time.monotonic() - began, 10)
        self.assertFalse(any(is_running(pid) for pid in workers))

    def test_websockets_get_1001(self):
        for workers in (0, 2):
            with self.subTest(workers=workers):
                server = self.gateway(workers=workers, drain_timeout=30)
                app = self.echo(name=f"echo{workers}")
                clients = [server.websocket(f"/echo{workers}") for _ in range(10)]
                for client in clients:
                    client.echo("hello")
                server.send_signal(signal.SIGTERM)
                for client in clients:
                    client.expect_close(1001)
                self.assertEqual(0, server.wait())
                self.assertTrue(app.running())

    def test_the_system_server_hears_that_clients_have_gone(self):
        server = self.gateway()
        app = self.link_server()
        client = server.websocket()
        link, opened = app.admit(client)
        server.send_signal(signal.SIGTERM)
        client.expect_close(1001)
        from harness import END
        record = link.expect(END, opened.client)
        self.assertIn(record.code, (1001, 1006))
        server.wait()

    def test_messages_before_the_stop_arrive(self):
        server = self.gateway()
        app = self.link_server()
        client = server.websocket()
        link, opened = app.admit(client)
        for number in range(100):
            link.say(opened.client, f"number {number}")
        client.need(1)
        server.send_signal(signal.SIGTERM)
        got = []
        while (frame := client.read_frame()).opcode == TEXT:
            got.append(frame.payload.decode())
        self.assertEqual([f"number {number}" for number in range(100)], got)
        self.assertEqual((CLOSE, 1001), (frame.opcode, frame.code))

    def test_clients_that_do_not_close_are_dropped_in_time(self):
        server = self.gateway("close_timeout = 30;", drain_timeout=1)
        self.echo()
        client = server.websocket("/echo")
        client.echo("hello")
        server.send_signal(signal.SIGTERM)
        self.assertEqual(0, server.wait())
        self.assertEqual(1001, client.read_frame().code)
        client.expect_end()

    def test_idle_connections_are_closed(self):
        server = self.gateway(drain_timeout=30)
        fresh, used = server.http(), server.http()
        self.assertEqual(200, used.get("/").status)
        server.send_signal(signal.SIGTERM)
        fresh.expect_end()
        used.expect_end()
        self.assertEqual(0, server.wait())

    def test_a_response_under_way_is_finished(self):
        path = self.document("large.bin", b"")
        os.truncate(path, 32 << 20)
        server = self.gateway(drain_timeout=30)
        client = server.http()
        client.request("GET", "/large.bin")
        client.need(1)
        server.send_signal(signal.SIGTERM)
        self.assertEqual(32 << 20, len(client.response().body))
        client.expect_end()
        self.assertEqual(0, server.wait())

    def test_new_connections_are_refused_meanwhile(self):
        server = self.gateway("close_timeout = 30;", drain_timeout=30)
        self.echo()
        client = server.websocket("/echo")
        client.echo("hello")
        server.send_signal(signal.SIGTERM)
        self.assertEqual(1001, client.read_frame().code)

        def refused():
            try:
                late = server.http()
            except ConnectionRefusedError:
                return True
            except ConnectionResetError:
                return False  # the listening socket was closed in the very moment
            late.drop()
            return False
        wait_for("connections to be refused", refused)
        client.send_close(1001)
        self.assertEqual(0, server.wait())

    def test_a_second_signal_does_not_wait(self):
        server = self.gateway("close_timeout = 60;", drain_timeout=60)
        self.echo()
        client = server.websocket("/echo")
        client.echo("hello")
        server.send_signal(signal.SIGTERM)
        self.assertEqual(1001, client.read_frame().code)
        server.send_signal(signal.SIGTERM)
        server.wait(10)
        self.assertFalse(server.running())


class Logs(Case):
    def test_sigusr1_reopens(self):
        self.document("index.html", "page")
        log, access = self.path("m.log"), self.path("access.log")
        for workers in (0, 2):
            with self.subTest(workers=workers):
                server = self.gateway(top=f'log-file = "{log}"; access-log = "{access}";', workers=workers)
                self.assertEqual(200, server.http().get("/?before").status)
                wait_for("the line", lambda: "before" in self.read(access))
                clients = list(held_by_each(self, server))
                os.rename(log, log + ".1")
                os.rename(access, access + ".1")
                server.send_signal(signal.SIGUSR1)
                wait_for("new files", lambda: os.path.exists(log) and os.path.exists(access))

                def is_logged(client, what):
                    self.assertEqual(200, client.get(what).status)
                    return what in self.read(access)
                for number, client in enumerate(clients):
                    wait_for("the line in the new file", lambda: is_logged(client, f"/?after-{number}."))
                self.assertIn("before", self.read(access + ".1"))
                # All workers have moved: nothing goes to the old file any more.
                size = os.path.getsize(access + ".1")
                for _ in range(30):
                    server.http().get("/?again")
                wait_for("the lines", lambda: self.read(access).count("again") == 30)
                self.assertEqual(size, os.path.getsize(access + ".1"))
                server.stop()
                os.remove(log)
                os.remove(access)

    def read(self, path):
        with open(path, encoding="utf-8") as file:
            return file.read()
