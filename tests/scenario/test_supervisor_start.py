"""How the server starts: whose privileges it keeps, whose addresses it takes, what init systems see, signals it is born with."""

import os
import pwd
import signal
import socket

from harness import ROOT, Case, arguments, configuration, deadline, status_fields, wait_for
from ports import unused_port


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
        self.assertEqual(200, server.http().get("/").status)  # before that a worker may still be about to change its user
        for pid in server.workers():
            fields = status_fields(pid)
            self.assertEqual([str(nobody.pw_uid)] * 4, fields["Uid"].split())
            self.assertEqual([str(nobody.pw_gid)] * 4, fields["Gid"].split())
            groups = {int(group) for group in fields["Groups"].split()}
            self.assertLessEqual(groups, set(os.getgrouplist("nobody", nobody.pw_gid)))
            for capability in ("CapEff", "CapPrm"):
                self.assertEqual(0, int(fields[capability], 16), capability)
        self.assertEqual("0", status_fields(server.pid)["Uid"].split()[0])
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
        port = unused_port()
        server = self.gateway(section=f"port = {port};")
        client = server.http()
        self.assertEqual(200, client.get("/").status)
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
