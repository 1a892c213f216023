"""websocket_jsonrpc with real clients: calls, batches, notifications, metadata, several gateway workers, reload, STREAM."""

import collections
import json
import os
import subprocess
import threading

from harness import BINARY, BUILD, SOURCES, TEXT, deadline, scaled, wait_for
from reloading import ReloadCase
from rpc import Rpc, RpcCase
from sign_in import GateCase, basic


class Calls(RpcCase):
    def setUp(self):
        super().setUp()
        self.start()

    def test_params_by_position_and_by_name(self):
        client = self.client()
        self.assertEqual([1, "two", None], client.call("echo", 1, "two", None))
        self.assertEqual({"text": "Grüße", "deep": [{"a": [1.5, True]}]}, client.call("echo", text="Grüße", deep=[{"a": [1.5, True]}]))
        self.assertIsNone(client.call("echo"))
        self.assertIsNone(client.call("nothing"))

    def test_ids_of_any_legal_type(self):
        client = self.client()
        for id in (0, -7, 1.5, "", "text \" ü", 2 ** 53, None):
            client.say(json.dumps({"jsonrpc": "2.0", "id": id, "method": "echo", "params": []}))
            self.assertEqual({"jsonrpc": "2.0", "id": id, "result": []}, client.receive())

    def test_what_follows_the_text(self):
        client = self.client()
        text = '{"jsonrpc": "2.0", "id": 1, "method": "echo"}'
        for end in ("", "\0", "\n", "\r\n\0\0", " \t"):
            client.say(text + end)
            self.assertEqual({"jsonrpc": "2.0", "id": 1, "result": None}, client.receive())
        client.socket.send_binary(text.encode() + b"\0")
        opcode, answer = client.socket.read_message()
        self.assertEqual((TEXT, {"jsonrpc": "2.0", "id": 1, "result": None}), (opcode, json.loads(answer)))
        self.assertNotIn(b"\0", answer)
        self.assertNotIn(b"\n", answer)

    def test_notifications_are_run_and_not_answered(self):
        client = self.client()
        client.say('{"jsonrpc": "2.0", "method": "count"}')
        client.say('{"jsonrpc": "2.0", "method": "no such method"}')
        client.say('{"jsonrpc": "2.0", "method": "fail", "params": [5, "x", 0]}')
        client.say('[{"jsonrpc": "2.0", "method": "count"}, {"jsonrpc": "2.0", "method": "count"}]')
        self.assertEqual(4, client.call("count"))

    def test_batches(self):
        client = self.client()
        client.say(json.dumps([{"jsonrpc": "2.0", "id": "a", "method": "count"}, {"jsonrpc": "2.0", "method": "count"}, 1,
                               {"jsonrpc": "2.0", "id": "b", "method": "no such method"},
                               {"jsonrpc": "2.0", "id": "c", "method": "count"}]))
        answers = client.receive()
        self.assertEqual(4, len(answers))
        by_id = {answer["id"]: answer for answer in answers}
        self.assertEqual((1, 3), (by_id["a"]["result"], by_id["c"]["result"]))
        self.assertEqual(-32601, by_id["b"]["error"]["code"])
        self.assertEqual(-32600, by_id[None]["error"]["code"])
        client.say("[]")
        self.assertEqual(-32600, client.receive()["error"]["code"])
        client.say(json.dumps([{"jsonrpc": "2.0", "method": "count", "id": 1}] * 257))
        self.assertEqual(-32600, client.receive()["error"]["code"])

    def test_errors(self):
        client = self.client()
        for text, code in (("{", -32700), ("", -32700), ("1", -32600), ('"text"', -32600), ("{}", -32600), ('{"a": "\\u0000"}', -32700),
                           ('{"jsonrpc": "1.0", "id": 1, "method": "echo"}', -32600)):
            client.say(text)
            answer = client.receive()
            self.assertEqual(code, answer["error"]["code"], text)
            self.assertEqual(text.startswith('{"jsonrpc"') and 1 or None, answer["id"])
        self.assertEqual(-32601, client.error("rpc.none").code)
        self.assertEqual(-32602, client.error("count", 1).code)
        self.assertEqual(-32602, client.error("named", 1).code)
        self.assertEqual(-32602, client.error("named").code)
        wrong = client.error("named", s=1)
        self.assertEqual(-32602, wrong.code)
        self.assertEqual("params.s is not a string", wrong.data)
        self.assertEqual({"s": "x"}, client.call("named", s="x"))
        self.assertEqual({"code": 42, "message": "no", "data": [1]}, client.error("fail", 42, "no", [1]).error)
        self.assertEqual({"code": -32603, "message": "Internal error"}, client.error("fail silently").error)

    def test_an_error_that_is_no_error_object(self):
        client = self.client()
        for wrong in ("no", 1, None, [], {"code": "1", "message": "no"}, {"code": 1}):
            self.assertEqual({"code": -32603, "message": "Internal error", "data": "the library's error is no error object"},
                             client.error("fail wrongly", wrong).error)
        self.assertEqual({"code": 1, "message": "no"}, client.error("fail wrongly", {"code": 1, "message": "no"}).error)
        self.assertEqual(1, self.app.log().count("fail wrongly is no error object"))

    def test_answers_later_from_another_thread(self):
        one, other = self.client(), self.client()
        first = one.send("park", "one")
        second = one.send("park", "two")
        self.assertEqual(1, one.call("count"))  # goes on meanwhile
        self.assertEqual("early", one.call("early"))
        # The other client is in another process, which has none of ours parked.
        self.assertEqual(0, other.call("unpark"))
        self.assertEqual(2, one.call("state")["parked"])
        third = one.send("unpark")
        answers = {answer["id"]: answer["result"] for answer in (one.receive() for _ in range(3))}
        self.assertEqual({first: ["one"], second: ["two"], third: 2}, answers)

    def test_notifications_to_one_and_to_all(self):
        clients = [self.client() for _ in range(4)]
        self.assertEqual([0, -1, -1], clients[0].call("tell", 1, 2))
        self.assertEqual({"jsonrpc": "2.0", "method": "told", "params": [1, 2]}, clients[0].notification())
        self.assertEqual(0, clients[1].call("tell all", a=1))
        for client in clients:
            self.assertEqual({"jsonrpc": "2.0", "method": "told all", "params": {"a": 1}}, client.notification())
        self.assertEqual([], clients[2].notifications)

    def test_large_answers(self):
        client = self.client()
        self.assertEqual("x" * 3_000_000, client.call("big", 3_000_000))
        self.assertEqual(-32603, client.error("big", 17 << 20).code)
        self.assertEqual(1, client.call("count"))

    def test_a_message_too_long(self):
        client = self.client()
        self.assertEqual([["y" * 900_000]], client.call("echo", ["y" * 900_000]))
        client.say(" " * (1 << 20) + "1")
        client.socket.expect_close(1009)

    def test_many_calls_of_one_client(self):
        client = self.client()
        for number in range(500):
            client.send("echo", number)
        self.assertEqual([[number] for number in range(500)], [client.answer(number + 1) for number in range(500)])

    def test_a_subprotocol_is_agreed_to(self):
        for offered, agreed in (("other, rpc", "rpc"), ("one, two", "one")):
            client = self.client(headers={"Sec-WebSocket-Protocol": offered})
            self.assertEqual(agreed, client.socket.answer.get("Sec-WebSocket-Protocol"))

    def test_connections_are_closed_behind_their_calls(self):
        watcher, client = self.client(), self.client()
        third = self.client()  # in the watcher's process
        self.assertEqual(watcher.call("state")["pid"], third.call("state")["pid"])
        self.assertNotEqual(watcher.call("state")["pid"], client.call("state")["pid"])
        self.assertEqual(2, watcher.call("state")["connections"])
        third.send("park")
        self.assertEqual(1, third.call("count"))
        third.socket.drop()
        self.assertEqual(2, watcher.call("state")["connections"])  # it has a call that is not answered
        self.assertEqual(1, watcher.call("unpark"))
        wait_for("the connection to be closed", lambda: watcher.call("state")["connections"] == 1)

    def test_the_library_refuses_a_client(self):
        client = self.server.websocket()
        client.start("/rpc?refuse")
        self.assertEqual(403, client.head().status)
        self.assertEqual(1, self.client().call("count"))


class Metadata(GateCase, RpcCase):
    def test_who_calls(self):
        self.app = self.rpc()
        self.guard(workers="1")
        client = Rpc(self.server.websocket("/rpc/path?q=1", headers=basic()))
        told = client.call("who")
        self.assertTrue(told.pop("id"))
        self.assertEqual({"user": "alice", "group": "users", "home": "al", "auth": "Basic", "address": "127.0.0.1",
                          "host": told["host"], "path_info": "/path", "query": "q=1", "port": True, "tls": False, "metadata": True}, told)


class SeveralWorkers(RpcCase):
    @deadline(90)
    def test_clients_of_both_gateway_workers(self):
        self.app = self.rpc()
        self.server = self.gateway(workers="2")
        carried, clients = set(), []

        def both():
            clients.append(self.client())
            carried.add(self.gateway_of(clients[-1]))
            return len(carried) == 2
        wait_for("a client of each worker", both, 30)
        results = []

        def work(client):
            for number in range(50):
                results.append(client.call("echo", number) == [number])
        threads = [threading.Thread(target=work, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(scaled(60))
        self.assertEqual({True: 50 * len(clients)}, collections.Counter(results))
        self.assertEqual(0, clients[0].call("tell all", 1))
        for client in clients:
            self.assertEqual([1], client.notification()["params"])

    def gateway_of(self, client):
        """The gateway's worker that serves the client, by its inode."""
        return GateCase.worker_of(self, client.socket)


class Reload(ReloadCase, RpcCase):
    def test_clients_stay_and_others_come(self):
        server = self.start(workers=2, drain_timeout=30)
        self.server = server
        self.app = self.rpc()
        before = [self.client() for _ in range(4)]
        for number, client in enumerate(before):
            self.assertEqual([number], client.call("echo", number))
            client.call("count")
        waiting = before[0].send("park", "waits")
        self.reload(server, self.site(self.other, workers=2, drain_timeout=30))
        after = [self.client() for _ in range(4)]
        for client in before:
            if client is not before[0]:
                self.assertEqual(2, client.call("count"))
        for client in after:
            self.assertEqual(1, client.call("count"))
            client.call("unpark")
        self.assertEqual(["waits"], before[0].answer(waiting))


class Streams(RpcCase):
    def test_payload_only(self):
        self.start(stream=True)
        client, other = self.client(), self.client()
        self.assertEqual([1], client.call("echo", 1))
        told = client.call("who")
        self.assertEqual((False, "", ""), (told["metadata"], told["user"], told["address"]))
        self.assertEqual([2], other.call("echo", 2))  # it is let in: over these sockets its handshake does not tell
        # What is sent close together may come as one message: these sockets have no boundaries.
        client.send("tell all", 2)
        self.assertEqual([2], other.notification()["params"])

    def test_lines(self):
        self.start("--framing", "lines", stream=True, keys='framing = "lines";')
        client = self.client()
        for number in range(100):
            client.send("echo", number)
        self.assertEqual([[number] for number in range(100)], [client.answer() for _ in range(100)])

    def test_records(self):
        self.start("--framing", "records", stream=True, keys='framing = "records";')
        client = self.client()
        self.assertTrue(client.call("who")["metadata"])
        self.assertEqual("x" * 2_000_000, client.call("big", 2_000_000))

    def test_a_nul_behind_each_text(self):
        self.start("--nul")
        client = self.server.websocket("/rpc")
        client.send_text('{"jsonrpc":"2.0","id":1,"method":"tell","params":[3]}')
        texts = [client.read_message()[1] for _ in range(2)]
        self.assertTrue(all(text.endswith(b"}\0") for text in texts), texts)


class Example(RpcCase):
    def test_it_does_what_it_says(self):
        file = self.path("rpc.so")
        done = subprocess.run(["cc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-shared", "-fPIC",
                               "-I", os.path.join(BUILD, "include"), "-o", file, os.path.join(SOURCES, "utils", "examples", "rpc.c"),
                               "-ljansson", "-lpthread"], capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.start("-C", "Good morning", library=file)
        one, other = self.client(), self.client()
        self.assertEqual("Good morning, Ann", one.call("greet", name="Ann"))
        self.assertEqual("Good morning, whoever you are", one.call("greet"))
        slept = one.send("sleep", 3)
        self.assertEqual("Good morning, B", one.call("greet", name="B"))
        self.assertEqual(3, one.answer(slept))
        self.assertEqual(-32602, one.error("sleep", -1).code)
        self.assertEqual(0, one.call("shout", "hello"))
        for client in (one, other):
            heard = client.notification()
            self.assertEqual(("heard", "hello"), (heard["method"], heard["params"]["words"]))
