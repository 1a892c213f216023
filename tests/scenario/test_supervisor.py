"""Supervisor and workers: all serve, a dead one is replaced, SIGTERM lets clients finish, SIGUSR1 reopens logs, privileges
are gone before a byte is read."""

import os
import pwd
import signal
import socket
import time

from harness import (CLOSE, ROOT, TEXT, Case, Closed, arguments, configuration, deadline, descriptors, is_running,
                     status_fields, wait_for)


class Workers(Case):
    def setUp(self):
        super().setUp()
        self.document("index.html", "page")

    def answering_workers(self, server, connections=64):
        """How many workers hold some of many connections."""
        clients = [server.http() for _ in range(connections)]
        for client in clients:
            self.assertEqual(200, client.get("/").status)
        before = {pid: descriptors(pid) for pid in server.workers()}
        for client in clients:
            client.drop()
        wait_for("the connections to be gone",
                 lambda: sum(descriptors(pid) for pid in before) <= sum(before.values()) - connections)
        return sum(descriptors(pid) < count for pid, count in before.items())

    def test_two_workers_both_serve(self):
        server = self.gateway(workers=2)
        self.assertEqual(2, len(server.workers()))
        # One that has not begun yet is stood in for by the other.
        wait_for("both to serve", lambda: self.answering_workers(server) == 2)

    def test_one_process_serves_alone(self):
        server = self.gateway(workers=0)
        self.assertEqual([server.pid], server.workers())
        self.assertEqual(200, server.http().get("/").status)
        self.echo()
        server.websocket("/echo").echo("hello")
        self.assertEqual(0, server.stop())

    def test_a_signal_as_soon_as_it_listens(self):
        """A server that says that it listens ends in order, however early it is asked to."""
        for workers in (0, 1) * 10:
            self.assertEqual(0, self.gateway(workers=workers).stop())

    def test_by_default_there_is_one_a_core(self):
        server = self.serve_text(configuration(f'document = {{ docroot = "{self.documents}"; }};')
                                 .replace("workers = 1;", ""))
        self.assertEqual(len(os.sched_getaffinity(0)), len(server.workers()))
        self.assertEqual(200, server.http().get("/").status)

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
        clients, links, pids = [], {}, set()
        # Each handshake comes over the link of the worker that took the connection; a new worker means a new link.
        for _ in range(40):
            client = server.websocket()
            client.start("/app")
            link = self.next_open(app, links)
            clients.append(client)
            pids.add(link.peer["pid"])
            client.finish_handshake()
        self.assertEqual(set(server.workers()), pids)
        self.assertEqual(2, len(links))

    def next_open(self, app, links):
        """Accepts whichever link, old or new, brings the next OPEN."""
        import select
        from harness import HELLO, OPEN
        readable = select.select([app.sock, *links], [], [], 10)[0]
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
        server = self.gateway(workers=2)
        first, second = server.workers()
        held = [server.websocket() for _ in range(20)]
        for client in held:
            self.assertEqual(200, client.get("/").status)
        os.kill(first, signal.SIGKILL)
        wait_for("another worker", lambda: len(server.workers()) == 2 and first not in server.workers())
        self.assertIn(second, server.workers())
        server.wait_log(rf"{first}.*(?i:sigkill|killed|signal 9)|(?i:sigkill|killed|signal 9).*{first}")
        alive = 0
        for client in held:
            try:
                alive += client.get("/").status == 200
            except Closed:
                pass
        self.assertTrue(0 < alive < 20, "only the killed worker's own clients are lost")

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
        server.kill()
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
            late.finish()
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
                os.rename(log, log + ".1")
                os.rename(access, access + ".1")
                server.send_signal(signal.SIGUSR1)
                wait_for("new files", lambda: os.path.exists(log) and os.path.exists(access))

                def is_logged():
                    self.assertEqual(200, server.http().get("/?after").status)
                    return "after" in self.read(access)
                wait_for("the line in the new file", is_logged)
                self.assertIn("before", self.read(access + ".1"))
                # All workers have moved: with enough requests nothing goes to the old file any more.
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


class Privileges(Case):
    def setUp(self):
        super().setUp()
        self.document("index.html", "page")

    def text(self, user):
        return configuration(f'document = {{ docroot = "{self.documents}"; }}; '
                             f'websocket = {{ docroot = "{self.sockets}"; }};', user)

    def test_workers_run_as_the_configured_user(self):
        if not ROOT:
            # Without the right to change, the server must not go on as somebody else than it was told.
            status, _, err = self.run_marmoset(*arguments(self.path("m.conf", self.text('user = "nobody";')), "-P", "0")[1:])
            self.assertEqual(1, status)
            self.assertIn("nobody", err)
            return
        nobody = pwd.getpwnam("nobody")
        os.chmod(self.sockets, 0o755)
        server = self.serve_text(self.text('user = "nobody";'))
        for pid in server.workers():
            fields = status_fields(pid)
            self.assertEqual([str(nobody.pw_uid)] * 4, fields["Uid"].split())
            self.assertEqual([str(nobody.pw_gid)] * 4, fields["Gid"].split())
            groups = {int(group) for group in fields["Groups"].split()}
            self.assertLessEqual(groups, set(os.getgrouplist("nobody", nobody.pw_gid)))
            for capability in ("CapEff", "CapPrm"):
                self.assertEqual(0, int(fields[capability], 16), capability)
        self.assertEqual("0", status_fields(server.pid)["Uid"].split()[0])
        self.assertEqual(200, server.http().get("/").status)
        self.link_server()  # chmod 666
        app = self.link_server("other")
        client = server.websocket()
        app.admit(client, target="/other")

    def test_a_socket_the_worker_may_not_open_is_503_with_a_line(self):
        if not ROOT:
            return
        server = self.serve_text(self.text('user = "nobody";'))
        app = self.link_server()
        os.chmod(app.path, 0o600)
        client = server.websocket()
        client.start("/app")
        self.assertEqual(503, client.response().status)
        line = server.wait_log(r".*app.*(?i:permission).*").group(0)
        self.assertIn(str(pwd.getpwnam("nobody").pw_uid), line)

    def test_root_needs_to_be_asked_for(self):
        text = self.text("").replace('user = "root";\n', "")
        config = self.path("m.conf", text)
        if ROOT:
            status, _, err = self.run_marmoset(*arguments(config, "-P", "0")[1:])
            self.assertEqual(1, status)
            self.assertIn("user", err)
            self.assertIn("root", err)
        else:
            self.assertEqual(200, self.serve_text(text).http().get("/").status)

    def test_an_unknown_user(self):
        config = self.path("m.conf", self.text('user = "no-such-user";'))
        status, _, err = self.run_marmoset(*arguments(config, "-P", "0")[1:])
        self.assertEqual(1, status)
        self.assertIn("no-such-user", err)

    def test_an_unknown_group(self):
        config = self.path("m.conf", self.text('user = "nobody"; group = "no-such-group";'))
        status, _, err = self.run_marmoset(*arguments(config, "-P", "0")[1:])
        self.assertEqual(1, status)
        self.assertIn("no-such-group", err)


class Ports(Case):
    def test_a_second_instance_on_the_same_port_fails_clearly(self):
        self.document("index.html", "page")
        server = self.gateway(workers=2)
        config = self.path("second.conf", configuration(f"port = {server.port};"))
        ports = self.path("second.ports")
        status, _, err = self.run_marmoset(*arguments(config, "--ports-file", ports)[1:])
        self.assertEqual(1, status)
        self.assertIn(f"127.0.0.1:{server.port}", err)
        self.assertIn("in use", err)
        self.assertFalse(os.path.exists(ports))
        for _ in range(20):
            self.assertEqual(200, server.http().get("/").status)

    def test_a_unix_socket_in_use_is_not_taken(self):
        self.document("index.html", "page")
        path = self.path("s")
        server = self.gateway(section=f'addr = "unix:{path}";')
        config = self.path("second.conf", configuration(f'addr = "unix:{path}";'))
        status, _, err = self.run_marmoset(*arguments(config)[1:])
        self.assertEqual(1, status)
        self.assertIn(path, err)
        self.assertEqual(200, server.http().get("/", host="localhost").status)

    def test_what_is_no_socket_is_not_removed(self):
        path = self.path("precious", "data")
        config = self.path("m.conf", configuration(f'addr = "unix:{path}";'))
        status, _, err = self.run_marmoset(*arguments(config)[1:])
        self.assertEqual(1, status)
        self.assertIn(path, err)
        with open(path, encoding="ascii") as file:
            self.assertEqual("data", file.read())

    def test_a_port_in_use_by_somebody_else(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            config = self.path("m.conf", configuration(f"port = {port};"))
            status, _, err = self.run_marmoset(*arguments(config)[1:])
        self.assertEqual(1, status)
        self.assertIn(f"127.0.0.1:{port}", err)

    def test_a_stopped_server_can_be_started_again_at_once(self):
        self.document("index.html", "page")
        server = self.gateway()
        client = server.http()
        self.assertEqual(200, client.get("/").status)
        port = server.port
        server.stop()
        again = self.gateway(section=f"port = {port};")
        self.assertEqual(port, again.port)
        self.assertEqual(200, again.http().get("/").status)


class InitD(Case):
    def test_scripts_are_started_and_stopped(self):
        out = self.path("calls")
        script = self.path("init.d/10-thing", f"#!/bin/sh\necho thing $1 >>{out}\n")
        os.chmod(script, 0o755)
        self.path("init.d/20-not-executable", f"#!/bin/sh\necho never >>{out}\n")
        server = self.serve(top=f'init_d = "{self.path("init.d")}";')
        wait_for("the script", lambda: os.path.exists(out) and "thing start" in self.read(out))
        self.assertEqual(0, server.stop())
        wait_for("the script's stop", lambda: "thing stop" in self.read(out))
        self.assertNotIn("never", self.read(out))

    def read(self, path):
        with open(path, encoding="ascii") as file:
            return file.read()


class Signals(Case):
    @deadline(40)
    def test_no_client_makes_the_server_die(self):
        # SIGPIPE, resets in every phase.
        self.document("index.html", "page" * 10000)
        server = self.gateway()
        self.echo()
        worker = server.workers()
        for _ in range(100):
            client = server.http()
            client.send(client.text("GET", "/") * 20)
            client.abort()
            client = server.websocket()
            client.start("/echo", behind=b"\x81\x85")
            client.abort()
        self.assertEqual(200, server.http().get("/").status)
        self.assertEqual(worker, server.workers())

    def test_sighup_without_reload_does_not_end_it(self):
        server = self.gateway()
        server.send_signal(signal.SIGHUP)
        self.assertIn(server.http().get("/").status, (200, 403, 404))
        self.assertTrue(server.running())
