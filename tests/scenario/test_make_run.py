"""What `make run` starts: all servers, in the clear and over TLS, with the SQL page behind the sign-in; and its end."""

import http.client
import json
import os
import re
import signal
import ssl
import urllib.parse

from bounds import BUILD, PATIENCE, SOURCES
from harness import Case, deadline
from processes import is_running, tree

UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


class MakeRun(Case):
    def start(self):
        """The script in a folder of its own, as `make run` calls it out of tree; ports are the kernel's."""
        environment = dict(os.environ, S=SOURCES, PORTS="any")
        self.run_ = self.launch(["/bin/sh", os.path.join(SOURCES, "utils/build/run"), BUILD], "run", cwd=self.folder, env=environment)
        self.run_.wait_log(r"^  Ctrl-C ends all$", 3 * PATIENCE)
        self.ports = {scheme: int(self.run_.wait_log(rf"^  {scheme}://localhost:(\d+)/ ").group(1)) for scheme in ("http", "https")}

    def ask(self, scheme, target, headers=(), method="GET", body=None):
        """(status, fields, body); 101 for a handshake."""
        if scheme == "https":
            trust = ssl.create_default_context(cafile=os.path.join(self.folder, "build/run/certificates/authority.pem"))
            client = http.client.HTTPSConnection("localhost", self.ports[scheme], timeout=PATIENCE, context=trust)
        else:
            client = http.client.HTTPConnection("localhost", self.ports[scheme], timeout=PATIENCE)
        try:
            client.request(method, target, body, dict(headers))
            answer = client.getresponse()
            return answer.status, answer.headers, b"" if answer.status == 101 else answer.read()
        finally:
            client.close()

    def await_servers(self, names):
        for name in names:
            self.run_.wait_log(rf"listening on .*/build/run/websocket/{name}$", 3 * PATIENCE)

    def sign_in(self, scheme, password):
        form = urllib.parse.urlencode({"username": "admin", "password": password}).encode()
        status, fields, _ = self.ask(scheme, "/auth", {"Content-Type": "application/x-www-form-urlencoded",
                                                       "Accept": "application/json"}, "POST", form)
        self.assertEqual(200, status)
        return {"Cookie": "; ".join(line.partition(";")[0] for line in fields.get_all("Set-Cookie"))}

    @deadline(240)
    def test_everything_is_there_and_sql_is_behind_the_gate(self):
        self.start()
        self.await_servers(["echo", "chat", "authrpc", "sqlrpc"])
        password = re.search(r"made admin with the password (\S+)", self.run_.log()).group(1)
        for scheme in ("http", "https"):
            with self.subTest(scheme=scheme):
                for page in ("/", "/echo.html", "/webchat.html", "/webauth.html", "/signin.html", "/js/websocket.js", "/css/base.css"):
                    self.assertEqual(200, self.ask(scheme, page)[0], page)
                for name in ("/echo", "/chat", "/chat/kitchen"):
                    self.assertEqual(101, self.ask(scheme, name, UPGRADE)[0], name)
                lines = dict(UPGRADE, **{"Sec-WebSocket-Protocol": "marmoset-chat"})
                self.assertEqual(101, self.ask(scheme, "/chat", lines)[0])
                status, fields, _ = self.ask(scheme, "/websql.html", {"Accept": "text/html"})
                self.assertEqual((302, "/signin.html?redirect_uri=/websql.html"), (status, fields["Location"]))
                for name in ("/sqlrpc", "/authrpc"):
                    self.assertEqual(401, self.ask(scheme, name, UPGRADE)[0], name)
                # A subprotocol names a server where the path names none.
                sql = dict(UPGRADE, **{"Sec-WebSocket-Protocol": "sqlrpc"})
                self.assertEqual(401, self.ask(scheme, "/", sql)[0])
                self.assertEqual(101, self.ask(scheme, "/chat", sql)[0])  # by its path, with a word it does not know
                session = self.sign_in(scheme, password)
                self.assertEqual(200, self.ask(scheme, "/websql.html", session)[0])
                for name in ("/sqlrpc", "/authrpc"):
                    self.assertEqual(101, self.ask(scheme, name, {**UPGRADE, **session})[0], name)
                self.assertEqual("admin", json.loads(self.ask(scheme, "/auth/session", session)[2])["user"])
        self.assertTrue(os.path.exists(os.path.join(self.folder, "build/run/databases/demo.db")))

    @deadline(240)
    def test_ctrl_c_ends_all_and_users_stay(self):
        self.start()
        self.await_servers(["echo", "chat", "authrpc", "sqlrpc"])
        password = re.search(r"made admin with the password (\S+)", self.run_.log()).group(1)
        family = tree(self.run_.pid)
        self.assertGreaterEqual(len(family), 7)  # four servers, the supervisor, two workers
        self.assertEqual(0, self.run_.stop(signal.SIGINT, 60))
        self.assertEqual([], [pid for pid in family if is_running(pid)])
        os.unlink(self.run_.output)
        self.start()
        self.assertNotIn("made admin", self.run_.log())
        self.assertIn("marmoset_passwd -d build/run/users.db", self.run_.log())
        self.sign_in("http", password)
        self.assertEqual(0, self.run_.stop(signal.SIGINT, 60))
