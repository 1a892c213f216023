"""authrpc behind the gate: the users of its database, changed by those who may, guessed by nobody."""

import json
import os
import sqlite3
import threading

from harness import BUILD, CLOSE, deadline, program, scaled, wait_for
from rpc import Rpc, RpcCase
from sign_in import GateCase, basic

LIBRARY = os.path.join(BUILD, "jsonrpc", "authrpc.so")
BOSS = basic("boss", "top secret")
ALICE = basic("alice", "open sesame")
OPEN = "/openauth"

# What ouistiti ships as www/passwd.db.
OLDER = """
CREATE TABLE groups(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);
INSERT INTO groups VALUES (0, 'root'), (2, 'users');
CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, groupid INTEGER, statusid INTEGER, passwd TEXT, home TEXT);
"""


class AuthrpcCase(GateCase, RpcCase):
    settings = ""

    def setUp(self):
        super().setUp()
        self.database = self.path("users.db")

    def begin(self, *more, older=False, **defaults):
        if older:
            with sqlite3.connect(self.database) as database:
                database.executescript(OLDER)
            database.close()
        self.add("boss", "top secret", "root")
        self.add("alice", "open sesame", "users", "-H", "/home/alice")
        self.app = self.rpc("-C", f"dbname={self.database};{self.settings}", *more, library=LIBRARY, name="openauth")
        return self.guard(store=f'dbname = "{self.database}";', **defaults)

    def add(self, user, password, group, *more):
        line = [program("marmoset_passwd"), "-d", self.database, "--create", "-u", user, "-g", group, "-p", password, *more]
        one = self.launch(line, "passwd-" + user)
        self.assertEqual(0, one.wait(), one.log())

    def connect(self, headers=()):
        """A client of the library, with a sign-in at the gate or without."""
        return Rpc(self.server.websocket(OPEN, headers=headers))

    def refused(self, result, code, text=None):
        self.assertEqual(code, result.get("code"), result)
        self.assertEqual(result["message"], result["data"])
        if text:
            self.assertEqual(text, result["message"])

    def users(self):
        with sqlite3.connect(self.database) as database:
            rows = database.execute("SELECT users.name, groups.name FROM users JOIN groups ON groups.id = groupid ORDER BY 1")
            result = dict(rows.fetchall())
        database.close()
        return result

    def closed(self, client):
        frame = client.socket.read_frame()
        self.assertEqual((CLOSE, 1008), (frame.opcode, frame.code))


class WhoMay(AuthrpcCase):
    def test_nobody_is_root_by_being_there(self):
        """ouistiti took a fresh connection for root's."""
        self.begin()
        before = self.users()
        for headers, name in ((), "nobody"), (ALICE, "alice"):
            client = self.connect(headers)
            self.refused(client.call("adduser", user="eve", passwd="x", group="root"), 403, "permission denied")
            self.assertIn("code", client.call("passwd", user="boss", new="x", confirm="x"))
            self.assertIn("code", client.call("rmuser", user="boss"))
            for method, params in (("listusers", {}), ("listgroups", {}), ("moduser", {"user": "alice", "group": "root"})):
                self.assertEqual(403, client.error(method, **params).code)
            who = client.call("whoami")
            self.assertEqual((name if headers else "", False), (who["user"], who["administrator"]))
            self.app.wait_log(f"127.0.0.1: {name} may not: adduser")
        # What a parameter claims.
        client = self.connect()
        self.refused(client.call("adduser", user="eve", passwd="x", group="root", home="root", administrator=True), 403)
        self.assertEqual(-32602, client.error("listusers", user="boss", group="root").code)
        self.assertEqual(before, self.users())
        self.assertEqual(200, self.status("/", BOSS))

    def test_by_the_session_and_by_auth(self):
        self.begin()
        boss = self.connect(BOSS)
        self.assertEqual({"user": "boss", "group": "root", "home": "", "status": "activated", "source": "gateway",
                          "administrator": True}, boss.call("whoami"))
        self.assertEqual({"message": "user added"}, boss.call("adduser", "eve", "apple"))
        other = self.connect()
        self.assertEqual({"user": "boss", "group": "root"}, other.call("auth", "boss", "top secret"))
        self.assertEqual(["alice", "boss", "eve"], [user["user"] for user in other.call("listusers")["users"]])
        self.assertEqual({"message": "signed out"}, other.call("signout"))
        self.assertEqual(403, other.error("listusers").code)
        self.app.wait_log("127.0.0.1: boss added the user eve of the group users")

    def test_both_workers_and_a_reload(self):
        self.begin(workers="2", drain_timeout="30")
        clients = [Rpc(one.open(OPEN, BOSS)) for one in self.one_in_each()]
        for number, client in enumerate(clients):
            self.assertEqual({"message": "user added"}, client.call("adduser", f"user{number}", "x"))
        self.assertEqual(4, len(self.users()))
        before = set(self.server.workers())
        self.server.send_signal(1)
        wait_for("new workers", lambda: set(self.server.workers()) - before and self.status("/", basic("user0", "x")) == 200, 20)
        self.assertTrue(clients[0].call("whoami")["administrator"])  # still of the old one
        self.assertTrue(self.connect(BOSS).call("whoami")["administrator"])


class SecondFactors(AuthrpcCase):
    def test_a_password_alone_is_not_enough(self):
        self.begin()
        with sqlite3.connect(self.database) as database:
            database.execute("INSERT INTO totp SELECT id, 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' FROM users WHERE name = 'boss'")
        database.close()
        for headers in (), ALICE:
            client = self.connect(headers)
            self.refused(client.call("auth", "boss", "top secret"), 0, "user or password not found")
            self.assertEqual(403, client.error("listusers").code)
        self.app.wait_log("127.0.0.1: boss: a password without the second factor")
        self.assertTrue(self.connect(BOSS).call("whoami")["administrator"])

    def test_the_gate_alone_may_sign_in(self):
        self.settings = "signin=no"
        self.begin()
        self.refused(self.connect().call("auth", "boss", "top secret"), 403, "sign in at the gate")
        self.assertEqual({"message": "password changed"}, self.connect(ALICE).call("passwd", old="open sesame", new="n", confirm="n"))


class AtTheGate(AuthrpcCase):
    def lifetime(self):
        boss = self.connect(BOSS)
        self.assertEqual(401, self.status("/", basic("eve", "apple")))
        self.assertEqual({"message": "user added"}, boss.call("adduser", user="eve", passwd="apple", group="lions", home="/eve"))
        self.assertEqual(200, self.status("/", basic("eve", "apple")))
        eve = self.connect(basic("eve", "apple"))
        self.assertEqual(("eve", "lions", "/eve"), tuple(eve.call("whoami")[key] for key in ("user", "group", "home")))
        # Her own password: her session is over, on this connection and at the gate.
        self.refused(eve.call("passwd", old="wrong", new="pear", confirm="pear"), 0, "user or password not found")
        self.refused(eve.call("passwd", old="apple", new="pear", confirm="peer"), 0, "confirm new password")
        self.assertEqual({"message": "password changed"}, eve.call("passwd", old="apple", new="pear", confirm="pear"))
        self.closed(eve)
        self.assertEqual((401, 200), (self.status("/", basic("eve", "apple")), self.status("/", basic("eve", "pear"))))
        # Another group: what is connected was told the old one.
        eve = self.connect(basic("eve", "pear"))
        self.assertEqual("tigers", boss.call("moduser", user="eve", group="tigers")["group"])
        self.closed(eve)
        self.assertEqual("tigers", self.connect(basic("eve", "pear")).call("whoami")["group"])
        # Shut out, let in, given a password, removed.
        self.assertEqual("repudiated", boss.call("moduser", user="eve", status="repudiated")["status"])
        wait_for("the gate to know", lambda: self.status("/", basic("eve", "pear")) == 401)
        self.refused(self.connect().call("auth", "eve", "pear"), 0, "user or password not found")
        boss.call("moduser", user="eve", status="activated")
        self.assertEqual("password changed", boss.call("passwd", user="eve", new="plum", confirm="plum")["message"])
        wait_for("the gate to know", lambda: self.status("/", basic("eve", "plum")) == 200)
        eve = self.connect(basic("eve", "plum"))
        self.assertEqual({"message": "user removed"}, boss.call("rmuser", user="eve"))
        self.closed(eve)
        self.assertEqual(401, self.status("/", basic("eve", "plum")))
        for secret in ("apple", "pear", "plum"):
            self.assertNotIn(secret, self.app.log())

    @deadline(90)
    def test_the_life_of_a_user(self):
        self.begin()
        self.lifetime()

    @deadline(90)
    def test_the_life_of_a_user_in_ouistitis_layout(self):
        self.begin(older=True)
        self.lifetime()

    @deadline(90)
    def test_sessions_of_the_form_end_with_the_password(self):
        self.begin()
        self.server.stop()
        self.guard("wwwform", 'signin = "/signin.html";', store=f'dbname = "{self.database}";')
        session = self.sign_in("alice", "open sesame")
        client = self.connect(session)
        self.assertEqual("alice", client.call("whoami")["user"])
        self.assertEqual({"message": "password changed"}, client.call("passwd", old="open sesame", new="n", confirm="n"))
        self.closed(client)
        wait_for("the token to be refused", lambda: self.status("/", session) == 401)
        self.sign_in("alice", "n")

    def test_what_auth_did_elsewhere_ends_with_the_password(self):
        self.begin()
        one, other = self.connect(), self.connect()
        for client in (one, other):
            client.call("auth", "boss", "top secret")
        self.assertEqual({"message": "password changed"}, one.call("passwd", new="fresh", confirm="fresh"))
        self.assertTrue(one.call("whoami")["administrator"])
        self.assertIsNone(other.call("whoami")["source"])
        self.assertEqual(403, other.error("listusers").code)


class Guessing(AuthrpcCase):
    settings = "failures=4"

    @deadline(90)
    def test_is_slowed_down_for_address_and_user(self):
        self.begin()
        client = self.connect()
        answers = [client.call("auth", "alice", f"guess {number}") for number in range(8)]
        for answer in answers[:4]:
            self.refused(answer, 0, "user or password not found")
        # Another one is taken each time the wait has passed, which doubles: a slow machine sees a few.
        self.assertIn(429, [answer["code"] for answer in answers[4:]])
        # Long enough for all that is asked until its end.
        wait_for("a wait of some length", lambda: client.call("auth", "alice", "guess").get("retry_after", 0) > 5, 30)
        self.refused(client.call("auth", "alice", "open sesame"), 429)
        self.refused(client.call("auth", "nobody at all", "x"), 429)
        self.refused(client.call("passwd", user="boss", old="x", new="y", confirm="y"), 429)
        self.refused(client.call("rmuser", user="boss", passwd="x"), 429)
        # It is a wait, not an end.
        wait_for("the wait to be over", lambda: "code" not in client.call("auth", "alice", "open sesame"), 30)
        self.assertNotIn("guess", self.app.log())
        self.app.wait_log("127.0.0.1: alice: wrong name or password")

    def test_many_at_once_are_no_way_around(self):
        self.begin()
        client = self.connect()
        client.say(json.dumps([{"jsonrpc": "2.0", "id": number, "method": "auth", "params": ["alice", f"x{number}"]}
                               for number in range(50)]))
        results = [answer["result"]["code"] for answer in client.receive()]
        # Beyond four only those for which the wait had passed, which doubles from a second on.
        self.assertEqual({0, 429}, set(results))
        self.assertLess(results.count(0), 10)

    def test_names_are_not_told(self):
        self.begin()
        client = self.connect()
        self.assertEqual(client.call("auth", "alice", "x"), client.call("auth", "nobody", "x"))
        self.assertEqual(client.call("passwd", user="boss", old="x", new="y", confirm="y"),
                         client.call("rmuser", user="nobody", passwd="x"))


class Slow(AuthrpcCase):
    @deadline(180)
    def test_hashing_delays_no_other_client(self):
        """A costly password is checked in a thread of the library's process."""
        self.begin("--timeout", "3600")
        self.add("slow", "x", "users", "-A", "bcrypt")
        # 2^15 rounds, two seconds on any machine. Whose it is does not matter: all passwords are wrong.
        costly = "$2b$15$" + "abcdefghijklmnopqrstuu" + "v" * 31
        with sqlite3.connect(self.database) as database:
            database.execute("UPDATE passwds SET passwd = ? WHERE userid = (SELECT id FROM users WHERE name = 'slow')", [costly])
        database.close()
        busy, quick = [self.connect() for _ in range(2)], self.connect()
        for client in busy:
            client.socket.patience = 120
            client.send("auth", "slow", "wrong")
        for _ in range(5):
            quick.call("whoami")
        self.assertEqual([True, True], [client.silent() for client in busy])
        for client in busy:
            self.refused(client.answer(), 0, "user or password not found")

    def test_many_administrators(self):
        self.begin()
        clients = [self.connect(BOSS) for _ in range(4)]

        def work(number):
            for step in range(5):
                assert clients[number].call("adduser", f"u{number}-{step}", "x") == {"message": "user added"}
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(scaled(60))
        self.assertEqual(22, len(self.users()))


class Starting(AuthrpcCase):
    def test_what_is_wrong_is_told(self):
        for settings, text in (("dbname=x;tpye=Basic", "there is no setting «tpye», but «type»"),
                               (f"dbname={self.folder}/no/where.db", "where.db"), ("", "-C names the database of users")):
            one = self.rpc("-C", settings, library=LIBRARY, name="wrong", ready=False)
            self.assertNotEqual(0, one.wait(), settings)
            self.assertIn(text, one.log())
