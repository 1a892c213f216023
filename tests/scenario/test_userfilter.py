"""userfilter: what users may do by rules, the interface that changes them, and that all workers know of a change when it is
answered. Signed in with curl and by hand; the database is looked at, and changed, by Python's sqlite3."""

import json
import os
import re
import sqlite3

from harness import MODULES, Http, configuration, deadline, wait_for
from sign_in import PASSWORD, GateCase, basic, form

SUPER = basic("root", "root's own secret")
ALICE, BOB = basic("alice"), basic("bob", "bob's")


class UserFilterCase(GateCase):
    def setUp(self):
        super().setUp()
        for name in ("alice/x", "bob/x", "shared/x", "users/x"):
            self.document(name, name)
        self.database = self.path("rules.db")
        self.store = 'file = "%s";' % self.passwd(f"alice:{PASSWORD}:users:/alice", "bob:bob's:guests:/bob",
                                                  "root:root's own secret:root:/root")

    def filtered(self, keys='configuri = "^/auth-filter*";', type="Basic", section="", **more):
        return self.guard(type, store=self.store,
                          section=f'userfilter = {{ dbname = "{self.database}"; {keys} }};\n{section}', **more)

    def rules(self, who=SUPER):
        answer = self.get("/auth-filter", who)
        self.assertEqual((200, "application/json", "no-store"),
                         (answer.status, answer.get("Content-Type"), answer.get("Cache-Control")))
        return json.loads(answer.body)

    def add(self, method, role, expression, who=SUPER):
        headers = dict(who, **{"Content-Type": "application/x-www-form-urlencoded"})
        return self.status("/auth-filter", headers, method="PUT", body=form(method=method, role=role, pathexp=expression))

    def remove(self, number, who=SUPER):
        return self.status(f"/auth-filter/{number}", who, method="DELETE")

    def run_sql(self, *statements):
        connection = sqlite3.connect(self.database, timeout=20)
        with connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()


class Rules(UserFilterCase):
    def test_at_first_only_the_superuser_reads(self):
        self.filtered()
        self.assertEqual(200, self.status("/alice/x", SUPER))
        self.assertEqual(200, self.status("/alice/x", SUPER, method="HEAD"))
        self.assertEqual(403, self.status("/alice/x", ALICE))
        self.assertEqual(401, self.status("/alice/x"))  # by the gate
        asked = self.get("/open/")  # open for the gate, but nobody in particular
        self.assertEqual((401, 'Basic realm="house", charset="UTF-8"'), (asked.status, asked.get("WWW-Authenticate")))
        self.assertEqual(0o660, os.stat(self.database).st_mode & 0o777)

    def test_users_groups_and_everybody(self):
        self.filtered()
        for rule in (("GET", "alice", "^/bob/*"), ("GET", "users", "^/shared/*"), ("GET", "*", "^/open/*"),
                     ("GET", "guests", "^/%g/*,^%h/*"), ("GET", "users", "^/%g/*,^/%u/*")):
            self.assertEqual(204, self.add(*rule))
        for target, who, expected in (
                ("/bob/x", ALICE, 200), ("/alice/x", ALICE, 200), ("/shared/x", ALICE, 200), ("/users/x", ALICE, 200),
                ("/bob/x", BOB, 200), ("/alice/x", BOB, 403), ("/shared/x", BOB, 403), ("/users/x", BOB, 403),
                ("/open/index.html", BOB, 200), ("/open/index.html", {}, 200), ("/open/../alice/x", BOB, 403),
                ("/%61lice/x", BOB, 403), ("/%62ob/x", BOB, 200), ("//bob//x", BOB, 200), ("/alice/x", {}, 401)):
            with self.subTest(f"{target} {who}"):
                self.assertEqual(expected, self.status(target, who))

    def test_methods(self):
        self.filtered(section='skeleton = { path = "/post"; };')
        self.assertEqual(204, self.add("POST", "alice", "^/post$"))
        self.assertEqual(200, self.status("/post", ALICE, method="POST", body=b"x" * 60000))
        self.assertEqual(403, self.status("/post", ALICE))
        self.assertEqual(403, self.status("/post", BOB, method="POST", body=b"x"))
        self.assertEqual(403, self.status("/post", ALICE, method="OPTIONS"))

    def test_websockets_begin_with_get(self):
        self.filtered()
        app = self.link_server("alice/app")
        self.assertEqual(204, self.add("GET", "users", "^/%u/*"))
        refused = self.server.websocket()
        refused.start("/alice/app", BOB)
        self.assertEqual(403, refused.response().status)
        client = self.server.websocket()
        _, opened = app.admit(client, target="/alice/app", headers=ALICE)
        self.assertEqual("alice", opened.json["user"])

    def test_paths_without_rules(self):
        self.filtered('configuri = "^/auth-filter*"; allow = "^/open/,^/shared/";')
        self.assertEqual(200, self.status("/open/"))
        self.assertEqual(200, self.status("/shared/x", BOB))
        self.assertEqual(401, self.status("/shared/x"))  # the gate is asked first
        self.assertEqual(403, self.status("/bob/x", BOB))

    def test_another_superuser(self):
        self.filtered('superuser = "alice"; urlpath = "^/auth-filter*";')
        self.assertEqual(200, self.status("/bob/x", ALICE))
        self.assertEqual(403, self.status("/bob/x", SUPER))
        self.assertEqual(3, len(self.rules(ALICE)))
        self.assertEqual(403, self.status("/auth-filter", SUPER))

    def test_curl_with_digest(self):
        self.filtered(type="Digest")
        self.assertEqual(403, self.curl("--digest", "-u", f"alice:{PASSWORD}", self.url("/alice/x"))[0])
        root = ["--digest", "-u", "root:root's own secret"]
        self.assertEqual(204, self.curl(*root, "-X", "PUT", "--data-urlencode", "method=GET", "--data-urlencode", "role=users",
                                        "--data-urlencode", "pathexp=^/%u/*", self.url("/auth-filter"))[0])
        self.assertEqual((200, b"alice/x"), self.curl("--digest", "-u", f"alice:{PASSWORD}", self.url("/alice/x")))
        status, text = self.curl(*root, self.url("/auth-filter"))
        added = json.loads(text)[-1]
        self.assertEqual((200, {"method": "GET", "role": "users", "pathexp": "^/%u/*", "id": 4}), (status, added))
        self.assertEqual(204, self.curl(*root, "-X", "DELETE", self.url("/auth-filter/4"))[0])
        self.assertEqual(403, self.curl("--digest", "-u", f"alice:{PASSWORD}", self.url("/alice/x"))[0])


class Interface(UserFilterCase):
    def test_list_add_remove(self):
        self.filtered()
        first = [{"method": "GET", "role": "superuser", "pathexp": "^/*", "id": 1},
                 {"method": "PUT", "role": "superuser", "pathexp": "^/auth-filter*", "id": 2},
                 {"method": "DELETE", "role": "superuser", "pathexp": "^/auth-filter*", "id": 3}]
        self.assertEqual(first, self.rules())
        self.assertEqual(204, self.add("GET", "ali\"ce & co", "^/a+b/%u/*"))
        self.assertEqual(first + [{"method": "GET", "role": "ali\"ce & co", "pathexp": "^/a+b/%u/*", "id": 4}], self.rules())
        self.assertEqual(204, self.add("GET", "ali\"ce & co", "^/a+b/%u/*"))
        self.assertEqual(4, len(self.rules()))
        self.assertEqual((204, 404, 404, 404), (self.remove(4), self.remove(4), self.remove("x"), self.remove("")))
        self.assertEqual(first, self.rules())
        self.assertEqual(405, self.status("/auth-filter", SUPER, method="POST", body=b""))

    def test_for_the_superuser_alone(self):
        self.filtered()
        self.assertEqual(204, self.add("GET", "*", "^/*"))
        self.assertEqual(204, self.add("PUT", "*", "^/*"))
        self.assertEqual(204, self.add("DELETE", "*", "^/*"))
        before = self.rules()
        for who, expected in ((ALICE, 403), ({}, 401)):
            self.assertEqual(expected, self.status("/auth-filter", who))
            self.assertEqual(expected, self.add("GET", "bob", "^/bob/*", who))
            self.assertEqual(expected, self.remove(1, who))
        self.assertEqual(before, self.rules())

    def test_what_can_not_be_kept(self):
        self.filtered()
        for body in (b"", b"method=GET&role=a", b"method=TRACE&role=a&pathexp=b", b"method=GET&role=&pathexp=b",
                     b"method=GET&role=a&pathexp=%0a", b"method=GET&role=a&pathexp=%zz", b"method=GET&role=a&pathexp=" + b"x" * 1025,
                     b"method=GET&role=a&pathexp=b&role=c"):
            self.assertEqual(400, self.status("/auth-filter", SUPER, method="PUT", body=body), body[:60])
        self.assertEqual(413, self.status("/auth-filter", SUPER, method="PUT", body=b"x" * 9000))
        self.assertEqual(411, self.status("/auth-filter", SUPER, method="PUT"))
        self.assertEqual(3, len(self.rules()))

    def test_a_limit(self):
        self.filtered()
        self.run_sql("WITH RECURSIVE n(i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 4096)"
                     " INSERT INTO rules SELECT '^/none/' || i, 1, 2 FROM n")
        wait_for("the rules", lambda: len(self.rules()) == 4096)
        self.assertEqual(507, self.add("GET", "bob", "^/bob/*"))
        self.assertEqual(204, self.remove(4096))
        self.assertEqual(204, self.add("GET", "bob", "^/bob/*"))
        self.assertEqual(200, self.status("/bob/x", BOB))

    def test_no_interface_unless_told(self):
        self.filtered()
        self.server.stop()
        self.filtered("")
        self.assertEqual(404, self.status("/auth-filter", SUPER))
        self.assertEqual(404, self.add("GET", "bob", "^/bob/*"))
        self.assertEqual(403, self.status("/bob/x", BOB))
        self.assertEqual(200, self.status("/bob/x", SUPER))


class Changes(UserFilterCase):
    @deadline(60)
    def test_known_to_all_workers_when_answered(self):
        self.filtered(workers="2")
        self.assertEqual(204, self.add("GET", "*", "^/open/*"))  # for one_in_each
        clients = self.one_in_each(Http)
        self.assertEqual(2, len(clients))
        for turn in range(10):
            changer, other = clients[turn % 2], clients[1 - turn % 2]
            headers = dict(SUPER, **{"Content-Type": "application/x-www-form-urlencoded"})
            self.assertEqual(403, other.get("/bob/x", BOB).status)
            body = form(method="GET", role="bob", pathexp="^/bob/*")
            self.assertEqual(204, changer.get("/auth-filter", headers, "PUT", body).status)
            self.assertEqual(200, other.get("/bob/x", BOB).status)
            number = json.loads(other.get("/auth-filter", SUPER).body)[-1]["id"]
            self.assertEqual(204, changer.get(f"/auth-filter/{number}", SUPER, "DELETE").status)
            self.assertEqual(403, other.get("/bob/x", BOB).status)
            self.assertEqual(403, changer.get("/bob/x", BOB).status)

    @deadline(60)
    def test_of_other_programs(self):
        self.filtered(workers="2")
        self.assertEqual(204, self.add("GET", "*", "^/open/*"))
        clients = self.one_in_each(Http)
        self.run_sql("INSERT INTO rules SELECT '^/bob/*', methods.id, 9 FROM methods WHERE name = 'GET'")
        for client in clients:
            wait_for("the rule", lambda: client.get("/bob/x", BOB).status == 200, 20)
        self.run_sql("DELETE FROM rules WHERE exp = '^/bob/*'")
        for client in clients:
            wait_for("its end", lambda: client.get("/bob/x", BOB).status == 403, 20)

    def test_nothing_is_permitted_while_it_can_not_be_read(self):
        self.filtered()
        self.assertEqual(200, self.status("/bob/x", SUPER))
        os.rename(self.database, self.database + ".away")
        wait_for("the rules to be missed", lambda: self.status("/bob/x", SUPER) == 503, 20)
        self.assertIn("nothing is permitted", self.server.log())
        os.rename(self.database + ".away", self.database)
        wait_for("the rules to be back", lambda: self.status("/bob/x", SUPER) == 200, 20)

    def test_a_database_that_others_hold_does_not_hold_the_worker(self):
        self.filtered()
        self.assertEqual(204, self.add("GET", "bob", "^/bob/*"))
        writer = sqlite3.connect(self.database, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        waiting = self.server.http()
        headers = dict(SUPER, **{"Content-Type": "application/x-www-form-urlencoded"})
        waiting.request("PUT", "/auth-filter", headers, form(method="GET", role="alice", pathexp="^/alice/*"))
        # It waits for five seconds: all these are asked on one connection.
        client = self.server.http()
        for _ in range(20):
            self.assertEqual(200, client.get("/bob/x", BOB).status)
        self.assertEqual(403, self.status("/alice/x", ALICE))
        writer.execute("ROLLBACK")
        writer.close()
        self.assertEqual(204, waiting.response().status)
        self.assertEqual(200, self.status("/alice/x", ALICE))


class Settings(UserFilterCase):
    def test_what_can_not_be_used(self):
        for keys, message in (('dbname = "";', "dbname: not set"), ("", "dbname: not set"),
                              ('dbname = "/nowhere/rules.db";', "dbname: open /nowhere/rules.db: No such file"),
                              ('dbname = "x.db"; configuri = "filter";', 'configuri: "filter" does not begin with ^/')):
            with self.subTest(keys):
                path = self.path("bad.conf", configuration(f"userfilter = {{\n{keys}\n}};"))
                status, _, errors = self.run_marmoset("-f", path, *(["-M", MODULES] if os.path.isdir(MODULES) else []))
                self.assertNotEqual(0, status)
                self.assertRegex(errors, r"bad\.conf:\d+: " + re.escape(f"servers[0].userfilter.{message}"))
