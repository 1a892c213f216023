"""The management of users over HTTP (option management), who may use it, and what becomes of sessions whose user it changes."""

import json
import os
import sqlite3

from harness import CLOSE, MODULES, deadline, wait_for
from sign_in import PASSWORD, USER, GateCase, basic, digest, form

ROOT = "boss"
JSON = {"Accept": "text/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class ManagementCase(GateCase):
    def manage(self, type="Basic", keys="", store=None, **defaults):
        """A server with the users boss, of the group root, and alice."""
        if store is None:
            store = f'file = "{self.passwd(f"{ROOT}:{PASSWORD}:root", f"{USER}:{PASSWORD}:users:al")}";'
        options = 'options = "management, cookie";' if type == "wwwform" else 'options = "management";'
        return self.guard(type, f'{options} signin = "/signin.html"; {keys}' if type == "wwwform" else f"{options} {keys}", store=store,
                          **defaults)

    def call(self, method, target="", fields=None, headers=None, user=ROOT, **more):
        pairs = {**(basic(user) if headers is None else headers), **more.get("with_headers", {})}
        body = None
        if fields is not None:
            pairs.update(FORM)
            body = form(**fields)
        elif "body" in more:
            body = more["body"]
        elif method in ("PUT", "POST"):
            body = b""
        return self.get(f"/auth/mngt{target}", pairs, method=method, body=body)

    def users(self):
        return json.loads(self.call("GET", with_headers=JSON).body)

    def check(self, answer, status, text=None):
        self.assertEqual(status, answer.status, answer)
        if text:
            self.assertEqual(text, json.loads(answer.body)["error"])
        return answer


class Users(ManagementCase):
    def lifecycle(self, statuses):
        alice = {"user": USER, "group": "users", "status": "activated", "home": "al", "issuers": []}
        self.assertEqual(alice, self.users()[0])
        shown = self.check(self.call("GET", f"/{USER}", with_headers=JSON), 200)
        self.assertEqual(("text/json", alice), (shown.get("Content-Type").partition(";")[0], json.loads(shown.body)))
        plain = self.check(self.call("GET", f"/{USER}"), 200)
        self.assertEqual(("application/x-www-form-urlencoded", b"user=alice&group=users&status=activated&home=al"),
                         (plain.get("Content-Type").partition(";")[0], plain.body))
        made = self.check(self.call("PUT", "/zoe", {"passwd": "another one", "group": "users", "home": "z"}, with_headers=JSON), 201)
        self.assertEqual({**alice, "user": "zoe", "home": "z"}, json.loads(made.body))
        self.assertEqual([200, 401], [self.status("/", basic("zoe", "another one")), self.status("/", basic("zoe", "x"))])
        self.check(self.call("PUT", "/zoe", {"passwd": "x"}), 409, "user existing")
        self.check(self.call("POST", "/zoe", {"passwd": "a third", "home": "zz"}), 200)
        self.assertEqual("zz", [user for user in self.users() if user["user"] == "zoe"][0]["home"])
        wait_for("the new password", lambda: self.status("/", basic("zoe", "a third")) == 200)
        if statuses:
            self.check(self.call("POST", "/zoe", {"status": "repudiated"}), 200)
            wait_for("the end of the account", lambda: self.status("/", basic("zoe", "a third")) in (401, 429))
            self.check(self.call("POST", "/zoe", {"status": "activated", "issuers": "totp"}), 200)
            self.assertEqual(["totp"], [user for user in self.users() if user["user"] == "zoe"][0]["issuers"])
        self.check(self.call("DELETE", "/zoe"), 204)
        self.check(self.call("GET", "/zoe"), 404, "user not found")
        self.check(self.call("DELETE", "/zoe"), 404, "user not found")
        self.check(self.call("POST", "/zoe", {"home": "x"}), 404, "user not found")
        for name, fields, in (("/zoe", {"passwd": ""}), ("/zoe", {"passwd": "x\ny"}), ("/zoe", {"status": "king"}), ("/a:b", {}),
                              ("/zoe", {"user": "yves"}), ("", {}), ("/zoe", {"home": "a\nb"})):
            self.check(self.call("PUT", name, fields), 400, "bad value")
        self.assertEqual([USER, ROOT], [user["user"] for user in self.users()])
        self.assertNotIn("another one", self.server.log())
        self.server.wait_log(f"{ROOT} has added the user zoe")
        self.server.wait_log(f"{ROOT} has removed the user zoe")

    def test_of_a_password_file(self):
        self.manage()
        self.lifecycle(statuses=False)

    def test_of_a_database(self):
        path = self.path("users.db")
        self.manage(store=f'dbname = "{path}";')
        first = self.server.wait_log(r"made admin with the password (\S+)")[1]
        boss = basic("admin", first)
        self.check(self.call("PUT", f"/{ROOT}", {"passwd": PASSWORD, "group": "root"}, boss), 201)
        self.check(self.call("PUT", f"/{USER}", {"passwd": PASSWORD, "group": "users", "home": "al"}, boss), 201)
        self.check(self.call("DELETE", "/admin"), 204)
        self.lifecycle(statuses=True)

    def test_json_and_names_in_the_body(self):
        self.manage()
        kind = {"Content-Type": "application/json", "Accept": "application/json"}

        def send(method, value, target=""):
            return self.call(method, target, body=json.dumps(value).encode(), with_headers=kind)
        made = self.check(send("PUT", {"user": "zoe", "passwd": "one two", "group": "users"}), 201)
        self.assertEqual("application/json", made.get("Content-Type").partition(";")[0])
        self.assertEqual(200, self.status("/", basic("zoe", "one two")))
        self.check(send("POST", {"user": "zoe", "home": "h"}), 200)
        self.assertEqual("h", json.loads(self.call("GET", "?user=zoe", with_headers=JSON).body)["home"])
        for value in ([], "zoe", {"user": 1}, {"user": ["zoe"]}, {"user": "zoe", "issuers": [1]}, {"user": "zoe", "home": None}):
            self.check(send("POST", value), 400, "bad value")
        self.check(self.call("POST", "/zoe", body=b'{"home":"a","home":"b"}', with_headers=kind), 400, "bad value")
        self.check(self.call("POST", "/zoe", body=b"x", with_headers={"Content-Type": "text/plain"}), 415)
        self.check(self.call("POST", "/zoe", {"home": "x" * 10000}), 413)
        self.check(self.call("DELETE", "?user=zoe"), 204)

    def test_digest_keeps_its_own_form(self):
        store = f'file = "{self.passwd(f"{ROOT}:{PASSWORD}:root")}";'
        self.manage("Digest", store=store)
        challenge = self.get().get("WWW-Authenticate")
        proof = digest(challenge, "/auth/mngt/zoe", 1, "PUT", ROOT)
        self.check(self.call("PUT", "/zoe", {"passwd": "one two"}, proof), 201)
        self.assertEqual(200, self.status("/", digest(challenge, "/", 2, user="zoe", password="one two")))

    def test_long_lists_come_in_parts(self):
        self.manage(store='file = "%s";' % self.passwd(f"{ROOT}:{PASSWORD}:root", *(f"user{number:03}:x" for number in range(300))))
        first = self.call("GET", with_headers=JSON)
        self.assertEqual('</auth/mngt?after=user254>; rel="next"', first.get("Link"))
        rest = self.call("GET", "?after=user254", with_headers=JSON)
        self.assertEqual((256, 45, None), (len(json.loads(first.body)), len(json.loads(rest.body)), rest.get("Link")))


class Access(ManagementCase):
    def test_who_may(self):
        self.manage()
        for method in ("GET", "PUT", "POST", "DELETE"):
            for target in ("", f"/{ROOT}", "/zoe", f"/{USER}"):
                fields = {"passwd": "x", "group": "root"} if method in ("PUT", "POST") else None
                self.check(self.call(method, target, fields, {}), 401)
                self.check(self.call(method, target, fields, user=USER), 403, "access denied")
        self.assertEqual([USER, ROOT], [user["user"] for user in self.users()])
        self.assertEqual("users", self.users()[0]["group"])
        self.assertEqual("GET, HEAD, POST, PUT, DELETE", self.check(self.call("PATCH", "/x", body=b"x"), 405).get("Allow"))
        # Nobody takes from himself what he would need to undo it.
        self.check(self.call("DELETE", f"/{ROOT}"), 403, "access denied")
        self.check(self.call("POST", f"/{ROOT}", {"group": "users"}), 403, "access denied")
        self.check(self.call("POST", f"/{ROOT}", {"status": "repudiated"}), 403, "access denied")
        self.check(self.call("POST", f"/{ROOT}", {"home": "b"}), 200)

    def test_only_from_a_page_of_this_server(self):
        self.manage("wwwform")
        session = self.sign_in(ROOT)
        own = f"http://localhost:{self.server.port}"
        # By cookie, and by a password that a browser sends by itself.
        for proof in (session, basic(ROOT)):
            for strange in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                            {"Sec-Fetch-Site": "same-site", "Origin": own}):
                for method, target in (("PUT", "/zoe"), ("POST", f"/{USER}"), ("DELETE", f"/{USER}")):
                    fields = None if method == "DELETE" else {"home": "evil"}
                    self.check(self.call(method, target, fields, proof, with_headers=strange), 403)
            self.check(self.call("POST", f"/{USER}", {"home": "own"}, proof,
                                 with_headers={"Origin": own, "Sec-Fetch-Site": "same-origin"}), 200)
        self.assertEqual(["own"], [user["home"] for user in self.users() if user["user"] == USER])
        self.assertEqual(1, len([user for user in self.users() if user["user"] == USER]))

    def test_not_by_a_token_of_others(self):
        # Of the right key and group, but no account here was asked.
        import base64
        import hashlib
        import hmac
        import time
        secret = "0123456789abcdef0123456789abcdef"
        self.manage("Bearer", f'secret = "{secret}"; issuer = "house";')

        def encode(data):
            return base64.urlsafe_b64encode(data).rstrip(b"=")
        claims = {"user": ROOT, "roles": "root", "exp": int(time.time()) + 600, "iss": "house"}
        text = encode(b'{"alg":"HS256","typ":"JWT"}') + b"." + encode(json.dumps(claims).encode())
        token = (text + b"." + encode(hmac.digest(secret.encode(), text, hashlib.sha256))).decode()
        proof = {"Authorization": f"Bearer {token}"}
        self.assertEqual(200, self.status("/", proof))
        self.check(self.call("GET", headers=proof), 403, "access denied")

    def test_without_the_option_there_is_nothing(self):
        self.guard(store=f'file = "{self.passwd(f"{ROOT}:{PASSWORD}:root")}";')
        for method in ("GET", "DELETE"):
            self.assertIn(self.call(method, f"/{ROOT}").status, (404, 405))

    def test_where_it_can_not_be_meant(self):
        for group, text in (('type = "Basic"; user = "a"; passwd = "b"; options = "management";', "there are no users to manage"),
                            ('type = "Bearer"; options = "management";', "there are no users to manage"),
                            ('type = "Basic"; authz = "unix"; file = "/etc/shadow"; options = "management";', "can't be changed here"),
                            (f'type = "Basic"; file = "{self.passwd()}"; options = "chown";', "chown: ouistiti gives"),
                            ('type = "Basic"; options = "jwt";', "goes with type")):
            with self.subTest(group=group):
                config = self.path("bad.conf", f'servers = ({{ port = 0; addr = "127.0.0.1"; auth = {{ {group} }}; }});\n'
                                               + ('user = "root";' if os.getuid() == 0 else ""))
                status, _, error = self.run_marmoset("-M", MODULES, "-f", config, "-P", "0")
                self.assertEqual(1, status, group)
                self.assertRegex(error, rf"bad\.conf:1: servers\[0\]\.auth\.\w+: .*{text}")


class Sessions(ManagementCase):
    @deadline(120)
    def test_a_changed_account_ends_its_sessions_in_all_workers(self):
        for fields in ({"group": "others"}, {"home": "elsewhere"}, {"passwd": "another"}, None):
            with self.subTest(fields=fields):
                self.manage("wwwform", workers="2")
                self.echo()
                session, boss = self.sign_in(), self.sign_in(ROOT)
                ending = [client.open("/echo", session) for client in self.one_in_each()]
                staying = [client.open("/echo", boss) for client in self.one_in_each()]
                ending.append(self.server.websocket("/echo", headers=basic()))
                for client in ending + staying:
                    client.echo("here")
                if fields:
                    self.check(self.call("POST", f"/{USER}", fields, boss), 200)
                else:
                    self.check(self.call("DELETE", f"/{USER}", headers=boss), 204)
                for client in ending:
                    frame = client.read_frame()
                    self.assertEqual((CLOSE, 1008), (frame.opcode, frame.code))
                wait_for("the session's end", lambda: self.status("/", session) == 401)
                for client in staying:
                    client.echo("still here")
                self.programs[-1].kill()

    @deadline(60)
    def test_a_repudiated_account_of_a_database(self):
        path = self.path("users.db")
        self.guard("wwwform", 'signin = "/signin.html";', store=f'dbname = "{path}";')
        self.echo()
        password = self.server.wait_log(r"made admin with the password (\S+)")[1]
        session = self.sign_in("admin", password)
        websocket = self.server.websocket("/echo", headers=session)
        websocket.echo("here")
        with sqlite3.connect(path, timeout=20) as database:
            database.execute("UPDATE passwds SET statusid = 3")
        frame = websocket.read_frame()
        self.assertEqual((CLOSE, 1008), (frame.opcode, frame.code))
        self.assertEqual(401, self.status("/", session))

    def test_sign_outs_outlive_a_restart(self):
        database = self.path("users.db")
        passwd = self.passwd()
        for keys, store in ((f'secret_file = "{self.path("secret")}";', f'file = "{passwd}";'),
                            (f'secret = "{"s" * 32}"; revocations = "{self.path("ended")}";', f'file = "{passwd}";'),
                            (f'secret = "{"s" * 32}";', f'dbname = "{database}";')):
            with self.subTest(keys=keys):
                who = (USER, PASSWORD)
                self.guard("wwwform", f'signin = "/signin.html"; {keys}', store=store)
                if "dbname" in store:
                    who = ("admin", self.server.wait_log(r"made admin with the password (\S+)")[1])
                staying, ended = self.sign_in(*who), self.sign_in(*who)
                self.assertEqual(204, self.status("/auth/signout", ended, method="POST", body=b""))
                # Killed: nothing is written at the end that was not written when it was answered.
                self.server.kill()
                self.guard("wwwform", f'signin = "/signin.html"; {keys}', store=store)
                self.assertEqual([200, 401], [self.status("/", session) for session in (staying, ended)])
        self.assertEqual(0o600, os.stat(self.path("ended")).st_mode & 0o777)

    def test_what_a_restart_would_forget_is_told(self):
        self.guard("wwwform", f'signin = "/signin.html"; secret = "{"s" * 32}";')
        self.server.wait_log("sign-outs are forgotten by a restart")
        self.guard("wwwform", 'signin = "/signin.html"; secret = "short";')
        self.server.wait_log("5 bytes can be guessed")

    def test_ouistitis_first_user_is_told(self):
        path = self.path("users.db")
        self.guard(store=f'dbname = "{path}";')
        self.assertIsNone(self.finish(self.server))
        with sqlite3.connect(path, timeout=20) as database:
            database.execute("INSERT INTO users(name, groupid) VALUES ('root', 0)")
            database.execute("INSERT INTO passwds(userid, passwd, statusid) SELECT id, 'root', 4 FROM users WHERE name = 'root'")
        self.guard(store=f'dbname = "{path}";')
        self.server.wait_log("the user root has the password root")

    def test_tokens_for_the_option_jwt(self):
        self.guard("Bearer", 'options = "jwt";')
        answer = self.get("/auth/token", basic(), method="POST", body=b"")
        self.assertEqual(200, answer.status, answer)
        self.assertEqual(200, self.status("/", {"Authorization": "Bearer " + json.loads(answer.body)["access_token"]}))
