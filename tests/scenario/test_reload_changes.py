"""SIGHUP: what may change with it: addresses, numbers of workers, modules, limits, logs."""

import os
import re
import signal
import socket

from harness import ROOT, children, configuration, deadline, status_fields, wait_for
from ports import unused_port
from reloading import ReloadCase


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
        port = unused_port()  # with 127.0.0.1's alone another test may have the same port of [::1]
        server = self.start(self.site(section=f"port = {port};", workers=2))
        for addr in ("any", "127.0.0.1"):
            self.reload(server, self.site(section=f'addr = "{addr}"; port = {port};', workers=2))
            for _ in range(30):
                self.assertEqual(b"old", self.body(server))

    @deadline(60)
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
        server = self.start(self.site(section=section, workers=2, drain_timeout=60))
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
        self.reload(server, self.site(workers=1, access_log=f'"{second}"', drain_timeout=60))
        os.rename(first, first + ".1")
        os.rename(second, second + ".1")
        server.send_signal(signal.SIGUSR1)
        wait_for("new files", lambda: os.path.exists(first) and os.path.exists(second))

        def in_the_new_file():
            self.assertEqual(b"old", self.body(server))
            return "index.html" in self.read(second)
        wait_for("the new worker's line", in_the_new_file)
        # The supervisor has told the old worker first: it hears of that before it hears of this, or with it.
        before.echo("hello")
        before.close()
        wait_for("the old worker's line", lambda: "/echo" in self.read(first))
        self.assertNotIn("/echo", self.read(first + ".1"))
