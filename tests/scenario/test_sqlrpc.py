"""sqlrpc behind the gate: databases asked by those who may, in pages, within limits, one client not in another's way."""

import json
import os
import sqlite3

from bounds import SLOW
from harness import BUILD, deadline, memory, wait_for
from rpc import Rpc, RpcCase
from sign_in import GateCase, basic

LIBRARY = os.path.join(BUILD, "jsonrpc", "sqlrpc.so")
BOSS = basic("boss", "top secret")
ALICE = basic("alice", "open sesame")
COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {}) "
ENDLESS = COUNT.format(10 ** 15) + "SELECT max(i) FROM n"


class SqlrpcCase(GateCase, RpcCase):
    def setUp(self):
        super().setUp()
        self.folder_of_databases = self.path("databases")
        os.mkdir(self.folder_of_databases)
        self.sql("demo.db", "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'one'), (2, NULL)")

    def sql(self, name, script):
        database = sqlite3.connect(os.path.join(self.folder_of_databases, name))
        database.executescript(script)
        database.close()

    def begin(self, settings="write=yes", plain=False, more=(), **defaults):
        where = f"{self.folder_of_databases}/demo.db" if plain else f"dir={self.folder_of_databases};default=demo.db;{settings}"
        self.app = self.rpc("-C", where, *more, library=LIBRARY, name="opensql")
        return self.guard(store=f'file = "{self.passwd("boss:top secret:root", "alice:open sesame:users")}";', **defaults)

    def connect(self, headers=BOSS):
        return Rpc(self.server.websocket("/opensql", headers=headers))

    def rows(self, client, query, *more, **params):
        return client.call("query", query=query, *more, **params)["rows"]


class Asking(SqlrpcCase):
    def test_what_a_page_of_ouistiti_sends(self):
        self.begin()
        client = self.connect()
        client.say(json.dumps({"jsonrpc": "2.0", "method": "exec", "params": {"query": "select * from t"}, "id": 4294967295}) + "\0")
        answer = client.receive()
        self.assertEqual({"jsonrpc": "2.0", "id": 4294967295, "result": [{"a": 1, "b": "one"}, {"a": 2, "b": None}]}, answer)
        self.assertEqual("Query OK", client.call("exec", query="insert into t(b) values(\"three\");")["message"])
        # db in any place.
        self.sql("other.db", "CREATE TABLE o(x); INSERT INTO o VALUES (0.5)")
        for params in ('{"db": "other.db", "query": "select * from o"}', '{"query": "select * from o", "db": "other.db"}',
                       '["select * from o", null, "other.db"]'):
            client.say('{"jsonrpc": "2.0", "id": 1, "method": "exec", "params": ' + params + "}")
            self.assertEqual([{"x": 0.5}], client.answer())
        wrong = client.call("exec", query="select wrong from t")
        self.assertEqual((1, "no such column: wrong", "no such column: wrong", 7, 1, 8),
                         tuple(wrong[key] for key in ("code", "message", "data", "offset", "line", "column")))
        self.assertEqual({"a": 1, "b": "one"}, client.call("get", "t", 1))
        self.assertEqual(3, len(client.call("list", table="t")))
        self.assertEqual(["a", "b"], [column["name"] for column in client.call("view", table="t")])
        self.assertIsNone(client.call("auth"))

    def test_types_and_bound_values(self):
        self.begin()
        client = self.connect()
        evil = "x'); DROP TABLE t; --"
        values = [evil, 2 ** 53 - 1, 0.25, None, {"base64": "AP+A"}, {"integer": str(2 ** 63 - 1)}, "ü\x01"]
        client.call("query", query="CREATE TABLE v(a, b, c, d, e, f, g)")
        self.assertEqual(1, client.call("query", query="INSERT INTO v VALUES (?, ?, ?, ?, ?, ?, ?)", params=values)["changes"])
        self.assertEqual([values], self.rows(client, "SELECT * FROM v"))
        self.assertEqual(2 ** 63 - 1, client.call("exec", query="SELECT f FROM v")[0]["f"])
        self.assertEqual([[evil]], self.rows(client, "SELECT a FROM v WHERE a = :evil", params={"evil": evil}))
        self.assertEqual([[2]], self.rows(client, "SELECT count(*) FROM t"))

    def test_the_table_browser(self):
        self.begin()
        client = self.connect()
        told = client.call("databases")
        self.assertEqual([("demo.db", True)], [(one["name"], one["default"]) for one in told["databases"]])
        self.assertEqual((True, 1000, 5), (told["write"], told["rows"], told["timeout"]))
        self.assertEqual({"tables": [{"name": "t", "type": "table"}]}, client.call("tables"))
        schema = client.call("schema", table="t")
        self.assertEqual([("a", "INTEGER", True), ("b", "TEXT", False)],
                         [(one["name"], one["type"], one["primarykey"]) for one in schema["columns"]])

    def test_only_members_of_the_groups(self):
        self.begin("groups=root")
        for headers in ((), ALICE):
            client = self.connect(headers)
            self.assertEqual(403, client.call("exec", query="SELECT * FROM t")["code"])
            self.assertEqual(403, client.call("list", table="t", user="boss", group="root")["code"])
            for method in ("databases", "tables"):
                self.assertEqual(403, client.error(method).code)
            self.assertEqual(403, client.error("query", query="SELECT 1").code)
        self.app.wait_log("127.0.0.1: alice may not ask")
        self.assertEqual([[1]], self.rows(self.connect(), "SELECT 1"))

    def test_a_path_as_ouistiti_has_it(self):
        self.begin(plain=True)
        client = self.connect()
        self.assertEqual([{"a": 1, "b": "one"}, {"a": 2, "b": None}], client.call("exec", query="SELECT * FROM t"))
        self.assertEqual(403, client.call("exec", query="DELETE FROM t")["code"])
        self.sql("other.db", "CREATE TABLE o(x)")
        self.assertEqual(404, client.call("exec", query="SELECT 1", db="other.db")["code"])

    def test_both_workers(self):
        self.begin(workers="2")
        clients = [Rpc(one.open("/opensql", BOSS)) for one in self.one_in_each()]
        for number in range(20):
            self.assertEqual(1, clients[number % 2].call("query", "INSERT INTO t(b) VALUES (?)", [number])["changes"])
        for client in clients:
            self.assertEqual([[22]], self.rows(client, "SELECT count(*) FROM t"))


class NothingElse(SqlrpcCase):
    def test_files_and_other_databases(self):
        self.begin()
        client = self.connect()
        target = self.path("target")
        with open(self.path("outside.db", ""), "rb"):
            os.symlink(self.path("outside.db"), os.path.join(self.folder_of_databases, "link.db"))
        for statement in (f"ATTACH '{target}' AS x", "DETACH main", f"VACUUM INTO '{target}'", "SELECT load_extension('x')",
                          "CREATE TEMP TABLE x(y)", "PRAGMA database_list", "PRAGMA temp_store_directory = '/'",
                          "PRAGMA writable_schema = ON", "SELECT writefile('x', 'y')", "SELECT readfile('/etc/passwd')",
                          "CREATE VIRTUAL TABLE x USING fts5(y)", "UPDATE sqlite_master SET sql = ''"):
            # Functions that there are not at all, and what SQLite refuses to everybody, are wrong statements.
            missing = "file(" in statement or "sqlite_master" in statement
            self.assertEqual(422 if missing else 403, client.error("query", query=statement).code, statement)
            self.assertEqual(1 if missing else 403, client.call("exec", query="SELECT 1; " + statement)["code"], statement)
        self.assertFalse(os.path.exists(target))
        for name in ("../outside.db", "/etc/passwd", "link.db", "demo.db/../../outside.db", ":memory:", "file:demo.db", ".", "..",
                     "demo.db-wal", self.path("outside.db"), "x" * 5000):
            self.assertEqual(404, client.error("query", query="SELECT 1", db=name).code, name)
            self.assertEqual(404, client.call("list", table="t", db=name)["code"], name)
        for table in ("t; DROP TABLE t", 't" UNION SELECT 1, 2 --', "sqlite_master", "(SELECT 1)"):
            self.assertEqual(404, client.call("list", table=table)["code"], table)
        self.assertEqual([[2]], self.rows(client, "SELECT count(*) FROM t"))

    def test_changes_where_they_are_not_permitted(self):
        self.begin("write=no")
        client = self.connect()
        for statement in ("DELETE FROM t", "DROP TABLE t", "CREATE TABLE x(y)", "PRAGMA journal_mode = DELETE", "BEGIN", "VACUUM"):
            self.assertEqual(403, client.error("query", query=statement).code, statement)
        self.assertEqual([[2]], self.rows(client, "SELECT count(*) FROM t"))

    def test_memory_of_one_is_not_the_others(self):
        self.begin("memory=16;timeout=20")
        hog, other = self.connect(), self.connect()
        hog.send("query", query=COUNT.format(10 ** 6) + "SELECT i, hex(zeroblob(200)) FROM n ORDER BY 2, 1 DESC")
        for _ in range(20):
            self.assertEqual([[2]], self.rows(other, "SELECT count(*) FROM t"))
        error = hog.error_of(hog.number)
        self.assertEqual((408, "the statement took too much memory"), (error.code, error.error["message"]))
        self.assertEqual([[2]], self.rows(hog, "SELECT count(*) FROM t"))


class Pages(SqlrpcCase):
    @deadline(180)
    def test_a_million_rows(self):
        self.many(10 ** 6, "WAL")

    @deadline(90)
    def test_many_rows_without_wal(self):
        """A cursor lets go of the database every now and then, and runs its statement anew."""
        self.many(10 ** 5, "DELETE")

    def many(self, most, journal):
        self.begin("timeout=60")
        self.sql("demo.db", f"PRAGMA journal_mode = {journal}; CREATE TABLE big(i INTEGER PRIMARY KEY, text);"
                            f"INSERT INTO big {COUNT.format(most)} SELECT i, 'row ' || i FROM n")
        client = self.connect()
        page = client.call("query", query="SELECT i, text FROM big ORDER BY i", limit=1000)
        before = sum(memory(pid) for pid in self.processes()) + memory(self.app.pid)
        expected, peak = 1, before
        while True:
            for number, text in page["rows"]:
                if (number, text) != (expected, f"row {expected}"):
                    self.fail(f"row {expected} is {number}, {text}")
                expected += 1
            if expected % 20_000 == 1:
                peak = max(peak, sum(memory(pid) for pid in self.processes()) + memory(self.app.pid))
            if not page["more"]:
                break
            page = client.call("fetch", cursor=page["cursor"], limit=1000)
        self.assertEqual(most + 1, expected)
        # A sanitizer keeps what is freed for a while.
        self.assertLess(peak - before, (24 << 20) * SLOW ** 2)
        # Once, without pages, it is refused.
        self.assertEqual(413, client.call("exec", query="SELECT * FROM big")["code"])
        self.assertEqual([[most - 1, f"row {most - 1}"]], self.rows(client, "SELECT * FROM big", offset=most - 2, limit=1))
        self.assertEqual([[most], [most - 1]], self.rows(client, "SELECT i FROM big", sort=-1, limit=2))

    def test_writers_do_not_change_what_is_read(self):
        self.begin()
        reader, writer = self.connect(), self.connect()
        page = reader.call("query", query="SELECT a FROM t ORDER BY a", limit=1)
        self.assertEqual(2, writer.call("query", query="DELETE FROM t")["changes"])
        self.assertEqual([[2]], reader.call("fetch", cursor=page["cursor"])["rows"])
        self.assertEqual(404, writer.error("fetch", cursor=page["cursor"]).code)
        self.assertEqual(404, reader.error("fetch", cursor=page["cursor"]).code)
        self.assertEqual([], self.rows(reader, "SELECT a FROM t"))

    def test_cursors_of_those_who_have_gone(self):
        self.begin(more=("--processes", "1"))
        client = self.connect()
        [process] = self.processes()
        path = os.path.join(self.folder_of_databases, "demo.db")

        def opened():
            return sum(os.path.realpath(f"/proc/{process}/fd/{entry}") == path for entry in os.listdir(f"/proc/{process}/fd"))
        client.call("query", query="SELECT a FROM t", limit=1)
        self.assertEqual(1, opened())
        client.socket.drop()
        wait_for("the database to be closed", lambda: opened() == 0)


class Slow(SqlrpcCase):
    def test_a_statement_has_its_time(self):
        self.begin("timeout=1")
        client = self.connect()
        error = client.error("query", query=ENDLESS)
        self.assertEqual((408, "the statement took too long"), (error.code, error.error["message"]))
        self.assertEqual(408, client.call("exec", query=ENDLESS)["code"])
        self.assertEqual([[1]], self.rows(client, "SELECT 1"))

    @deadline(90)
    def test_many_short_statements_are_one_call(self):
        """None of them is ever running for long."""
        self.begin("write=yes;timeout=1")
        client = self.connect()
        for script in ("BEGIN;END;" * 90_000, "SELECT 1 LIMIT 0;" * 50_000):
            answer = client.call("exec", query=script)
            # A fast machine may be done with it.
            self.assertIn(answer.get("code"), (408, None))
            if "code" in answer:
                self.assertEqual("the statement took too long", answer["message"])
        pattern = "%" + "a" * 120 + "b"
        text = "printf('%.*c', 1000000, 'a')"
        self.assertEqual(408, client.error("query", query=f"SELECT {', '.join([text + ' LIKE ?1'] * 400)}", params=[pattern]).code)
        self.assertEqual([[1]], self.rows(client, "SELECT 1"))

    @deadline(90)
    def test_slow_statements_delay_nobody_else(self):
        """More of them than the server has threads."""
        self.begin("timeout=3600", more=("--timeout", "3600"))
        slow = [self.connect() for _ in range(12)]
        for client in slow:
            client.send("query", query=ENDLESS)
        quick = [self.connect() for _ in range(4)]
        for number in range(40):
            self.assertEqual([[number]], self.rows(quick[number % 4], "SELECT ?", params=[number]))
        self.assertTrue(all(client.silent() for client in slow))
        # Each waits behind its own.
        slow[0].send("query", query="SELECT 1")
        self.assertEqual([[2]], self.rows(quick[0], "SELECT count(*) FROM t"))
        self.assertTrue(slow[0].silent())

    @deadline(90)
    def test_who_has_gone_is_worked_for_no_longer(self):
        self.begin("write=yes;timeout=3600", more=("--timeout", "3600"))
        writer, other = self.connect(), self.connect()
        writer.send("exec", query=f"INSERT INTO t(b) {COUNT.format(10 ** 15)} SELECT i FROM n WHERE i % 1000000000 = 0; ")
        # Its lock is the database's: another one's change waits until it is gone.
        blocked = sqlite3.connect(os.path.join(self.folder_of_databases, "demo.db"), timeout=0)

        def is_locked():
            try:
                blocked.execute("BEGIN IMMEDIATE").close()
                blocked.rollback()
                return False
            except sqlite3.OperationalError:
                return True
        wait_for("the slow one to have begun", is_locked)
        writer.socket.drop()
        self.assertEqual(1, other.call("query", query="INSERT INTO t(b) VALUES ('other')")["changes"])
        blocked.close()
        self.assertEqual([[3]], self.rows(other, "SELECT count(*) FROM t"))


class Starting(SqlrpcCase):
    def test_what_is_wrong_is_told(self):
        for settings, text in (("dir=/nowhere/at/all", "/nowhere/at/all"), ("", "-C names a database"), ("dir=/;wirte=yes", "but «write»"),
                               (f"{self.folder_of_databases}/none.db", "none.db")):
            one = self.rpc("-C", settings, library=LIBRARY, name="wrong", ready=False)
            self.assertNotEqual(0, one.wait(), settings)
            self.assertIn(text, one.log())
