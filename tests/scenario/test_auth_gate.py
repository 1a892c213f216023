"""Every kind of request passes through the gate: each content module there is, each of its ways of answering. And what a
configuration of the gate may not say."""

import json
import os
import re

from harness import MODULES, deadline
from sign_in import PASSWORD, USER, GateCase, basic

# Modules that answer requests, by name: their group, and requests with the status that they answer who has signed in with: so
# it is them that the requests reach. A module that is missing here fails the test: whoever adds one shows that it is behind the
# gate.
WEBSOCKET = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
             ("Sec-WebSocket-Version", "13")]
CONTENT = {
    "document": ("", [(200, "GET", "/", []), (200, "HEAD", "/", []), (404, "GET", "/nothing", []),
                      (206, "GET", "/", [("Range", "bytes=0-1")]), (304, "GET", "/", [("If-None-Match", "*")]),
                      (204, "OPTIONS", "/", []), (405, "POST", "/", []), (405, "DELETE", "/", []), (404, "PUT", "/new", [])]),
    "status": ('status = { clients = "any"; };', [(200, "GET", "/status", []), (200, "GET", "/status.json", [])]),
    "skeleton": ('skeleton = { path = "/hi"; };', [(200, "GET", "/hi", []), (200, "POST", "/hi", [])]),
    "websocket": ("", [(101, "GET", f"/{name}", WEBSOCKET) for name in ("echo", "echo/room", "bytes", "direct", "linked")] +
                  [(101, "GET", "/", WEBSOCKET + [("Sec-WebSocket-Protocol", "echo")]), (404, "GET", "/nobody", WEBSOCKET),
                   (426, "GET", "/echo", WEBSOCKET[:2])]),
}
# Those that answer nothing, or only who has passed the gate or come before it by their own right.
OTHERS = {"auth", "clientfilter", "tls", "userfilter"}


class Gate(GateCase):
    def modules(self):
        status, out, _ = self.run_marmoset("-M", MODULES, "-V")
        self.assertEqual(0, status)
        return re.search(r"^modules: (.*)$", out, re.M)[1].split()

    def test_every_content_module_is_listed(self):
        self.assertEqual(set(self.modules()), set(CONTENT) | OTHERS)
        self.assertEqual(set(self.modules()), {name[:-len(".so")] for name in os.listdir(MODULES)})

    @deadline(60)
    def test_every_kind_of_request(self):
        self.echo()
        self.echo(name="bytes", stream=True)
        self.echo(name="direct")
        linked = os.path.join(self.sockets, "bytes")
        self.guard("Basic", section="\n".join(section for section, _ in CONTENT.values()),
                   websocket=f'names = ({{ name = "direct"; options = "direct"; }});'
                             f'links = ({{ origin = "linked"; destination = "{linked}"; }});')
        for module in self.modules():
            for status, method, target, headers in CONTENT.get(module, ("", []))[1]:
                with self.subTest(module=module, method=method, target=target):
                    body = b"x" if method in ("POST", "PUT") else None
                    refused = self.get(target, headers, method=method, body=body)
                    self.assertEqual(401, refused.status, refused)
                    self.assertEqual([], refused.all("Sec-WebSocket-Accept") + refused.all("ETag"))
                    client = self.server.http()
                    client.request(method, target, headers + list(basic().items()), body)
                    self.assertEqual(status, client.head().status)
                    wrong = self.get(target, headers + list(basic(USER, "wrong").items()), method=method, body=body)
                    # Too many of these are slowed down, which lets nobody in either.
                    self.assertIn(wrong.status, (401, 429))

    def test_ways_around(self):
        self.guard()
        for target in ("//", "/./", "/index.html?", "/index.html#", "/%69ndex.html", "/x/..", "/open/../", "http://localhost/",
                       "/index.html/", "/INDEX.html", "*"):
            with self.subTest(target=target):
                self.assertIn(self.status(target), (400, 401))
        for headers in ([("X-Remote-User", USER)], [("X-Original-URL", "/open/")], [("X-Rewrite-URL", "/open/")],
                        [("X-Forwarded-For", "127.0.0.1")], [("Cookie", f"X-Remote-User={USER}")],
                        [("Connection", "Authorization")]):
            with self.subTest(headers=headers):
                self.assertEqual(401, self.status("/", headers))
        client = self.server.http()
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        self.assertEqual(401, client.response().status)
        # One that is let in does not open the connection for the next.
        client = self.server.http()
        self.assertEqual([200, 401], [client.get("/", basic()).status, client.get("/").status])

    def test_a_host_without_the_group_is_another_host(self):
        section = f'document = {{ docroot = "{self.documents}"; }};'
        text = (f'workers = 1; user = "root";' if os.getuid() == 0 else "workers = 1;") + (
            f' servers = ({{ addr = "127.0.0.1"; port = 0; {section} auth = {{ type = "Basic"; user = "a"; passwd = "b"; }}; }},'
            f' {{ addr = "127.0.0.2"; port = 0; {section} }});')
        self.server = self.serve_text(text)
        self.assertEqual([401, 200], [self.server.http(index).get("/index.html").status for index in (0, 1)])

    def test_several_groups(self):
        passwd = self.passwd()
        self.server = self.gateway("", f'auth = ({{ type = "Bearer"; user = "prog"; passwd = "{PASSWORD}"; '
                                       f'options = "token"; token_ep = "/token"; }}, '
                                       f'{{ type = "Basic"; realm = "people"; file = "{passwd}"; }});')
        self.assertEqual((401, 'Basic realm="people", charset="UTF-8"'),
                         (lambda answer: (answer.status, answer.get("WWW-Authenticate")))(self.get()))
        self.assertEqual([200, 401], [self.status("/", basic()), self.status("/", basic("prog"))])
        token = json.loads(self.get("/token", basic("prog")).body)["access_token"]
        self.assertEqual(200, self.status("/", {"Authorization": f"Bearer {token}"}))


class Configuration(GateCase):
    def refuse(self, group, key, text):
        config = self.path("bad.conf", f'servers = ({{ port = 0; addr = "127.0.0.1";\n'
                                       f' document = {{ docroot = "{self.documents}"; }};\n auth = {{ {group} }}; }});\n'
                                       + ('user = "root";' if os.getuid() == 0 else ""))
        status, out, error = self.run_marmoset("-M", MODULES, "-f", config, "-P", "0")
        self.assertEqual(1, status, group)
        self.assertRegex(error, rf"bad\.conf:\d+: servers\[0\]\.auth(\.{key})?: .*{text}", group)

    def test_what_can_not_be_meant(self):
        users = 'user = "a"; passwd = "b";'
        for group, key, text in (
                (users, "type", "expected Basic, Digest"),
                ('type = "Basik"; ' + users, "type", "expected Basic, Digest"),
                ('type = "Basic";', "type", "there are no users; expected dbname"),
                ('type = "Basic"; file = "/nowhere/passwd";', "file", "/nowhere/passwd"),
                ('type = "Basic"; authz = "jwt";', "authz", "goes with type = \"Bearer\" only"),
                ('type = "Digest"; authz = "unix";', "type", "expected Basic or wwwform"),
                ('type = "wwwform"; ' + users, "signin", "needs the page"),
                ('type = "Basic"; options = "redirect"; ' + users, "signin", "needs the page"),
                ('type = "wwwform"; signin = "http://other/"; ' + users, "signin", "is not a path below /"),
                ('type = "Basic"; auth_ep = "/"; ' + users, "auth_ep", "is not a path below /"),
                ('type = "Basic"; token_ep = "/auth/"; ' + users, "token_ep", "expected another path"),
                ('type = "Basic"; options = "totp"; ' + users, "options", "expected type = \"wwwform\""),
                ('type = "Bearer"; options = "token";', "options", "there are no users"),
                ('type = "Basic"; secret = ""; ' + users, "secret", "expected 32 bytes"),
                ('type = "Basic"; secret = "x"; secret_file = "y"; ' + users, "secret_file", "expected one of them"),
                ('type = "Bearer"; token_key = "/nowhere/key";', "token_key", "/nowhere/key"),
                ('type = "Basic"; expire = 0; ' + users, "expire", "expected"),
        ):
            with self.subTest(group=group):
                self.refuse(group, key, text)

    def test_the_first_start_makes_one_user(self):
        database = self.path("users.db")
        self.guard("Basic", store=f'dbname = "{database}";')
        shown = re.findall(r"made admin with the password (\S+)", self.server.log())
        self.assertEqual(1, len(shown))
        self.assertGreaterEqual(len(shown[0]), 20)
        self.assertEqual(200, self.status("/", basic("admin", shown[0])))
        for guess in ("admin", "root", "marmoset", ""):
            self.assertEqual(401, self.status("/", basic("admin", guess)))
        self.assertIsNone(self.finish(self.server))
        self.guard("Basic", store=f'dbname = "{database}";')
        self.assertNotIn("password", self.server.log())
        self.assertEqual(200, self.status("/", basic("admin", shown[0])))
        self.assertEqual(0, os.stat(database).st_mode & 0o007)
