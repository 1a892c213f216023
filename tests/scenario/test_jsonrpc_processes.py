"""Libraries that crash, hang and take long: who feels it, and who does not. And how websocket_jsonrpc and its processes start and end."""

import collections
import json
import os
import select
import signal
import subprocess

from harness import (ROOT, deadline, descriptors, is_running, memory, program, scaled, status_fields, wait_for)
from rpc import RpcCase, RpcError

# Seconds that a call has where some of them hang: the others must do in that time what they do, on a busy machine, too.
TIMEOUT = "3"


class Crashes(RpcCase):
    def test_takes_only_its_own_process(self):
        self.start()
        victim, other = self.client(), self.client()
        pids = [client.call("state")["pid"] for client in (victim, other)]
        self.assertNotEqual(*pids)
        self.assertEqual(1, other.call("count"))
        parked = victim.send("park")
        crashed = victim.send("crash")
        for error in (victim.error_of(number) for number in (parked, crashed)):
            self.assertEqual(-32603, error.code)
            self.assertIn("process", error.data)
        # The client is still there, its connection new.
        self.await_process(victim)
        self.assertEqual(1, victim.call("count"))
        self.assertNotIn(victim.call("state")["pid"], pids)
        self.assertEqual((2, pids[1]), (other.call("count"), other.call("state")["pid"]))
        self.assertRegex(self.app.log(), rf"library process {pids[0]} ended by signal")

    @deadline(90)
    def test_again_and_again_with_growing_pauses(self):
        self.start("--processes", "1")
        client = self.client()
        for _ in range(4):
            self.await_process(client)
            self.assertEqual(-32603, client.error("crash").code)
        self.assertRegex(self.app.log(), r"another starts in 0 ms(.|\n)*another starts in 100 ms(.|\n)*another starts in 200 ms")
        self.await_process(client)

    def test_killed_from_outside(self):
        self.start()
        clients = [self.client() for _ in range(4)]
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        for client in clients:
            self.await_process(client)
        self.assertEqual(2, len(self.processes()))

    def test_while_a_client_is_let_in(self):
        self.start()
        before = [self.client() for _ in range(2)]
        client = self.server.websocket()
        client.start("/rpc?crash")
        self.assertEqual(503, client.head().status)
        for one in before:
            self.await_process(one)

    def test_a_batch_is_answered_whole(self):
        self.start()
        client = self.client()
        client.say(json.dumps([{"jsonrpc": "2.0", "id": number, "method": method}
                               for number, method in enumerate(("count", "crash", "count"))]))
        answers = {answer["id"]: answer for answer in client.receive()}
        self.assertEqual({0, 1, 2}, set(answers))
        self.assertEqual(1, answers[0]["result"])
        self.assertEqual([-32603, -32603], [answers[number]["error"]["code"] for number in (1, 2)])


class Hangs(RpcCase):
    def test_is_answered_killed_and_started_anew(self):
        self.start("--timeout", TIMEOUT)
        victim, other = self.client(), self.client()
        pids = [client.call("state")["pid"] for client in (victim, other)]
        hung = victim.send("hang")
        self.assertEqual(1, other.call("count"))
        error = victim.error_of(hung)
        self.assertEqual(-32000, error.code)
        wait_for("the hung process to go", lambda: not is_running(pids[0]), 20)
        self.await_process(victim)
        self.assertEqual((2, pids[1]), (other.call("count"), other.call("state")["pid"]))

    def test_after_the_answer(self):
        self.start("--timeout", TIMEOUT)
        client, other = self.client(), self.client()
        pids = [one.call("state")["pid"] for one in (client, other)]
        self.assertEqual("early", client.call("early"))
        hung = client.send("early", True)
        self.assertEqual("early", client.answer(hung))
        wait_for("the hung process to go", lambda: not is_running(pids[0]), 20)
        # It has had its answer: the next thing that the client hears is what it asks next.
        self.await_process(client)
        self.assertEqual("early", client.call("early"))
        self.assertEqual(pids[1], other.call("state")["pid"])

    def test_of_a_client_that_has_gone(self):
        self.start("--timeout", TIMEOUT)
        client = self.client()
        pid = client.call("state")["pid"]
        client.send("hang")
        self.app.wait_log("a call hangs")
        client.socket.drop()
        wait_for("the hung process to go", lambda: not is_running(pid), 20)

    def test_while_a_client_is_let_in(self):
        self.start("--timeout", TIMEOUT)
        client = self.server.websocket()
        client.start("/rpc?hang")
        self.assertEqual(504, client.head().status)
        self.app.wait_log("a call did not return", 20)  # whoever came before that might be with the hung one, and lost with it
        self.assertEqual([1], self.client().call("echo", 1))

    @deadline(120)
    def test_waiting_for_a_thread_is_not_hanging(self):
        self.start("--processes", "1", "--threads", "1", "--timeout", "9")
        first, second, third, other = [self.client() for _ in range(4)]
        for client in (first, second, third, other):
            client.socket.patience = 30
        pid = other.call("state")["pid"]
        # Three seconds are between any two of what must come in this order: 6 its end, 9 their time, 12 the end of the other.
        rested = first.send("rest", 6)
        self.app.wait_log("a call rests")
        # It begins shortly before its time and ends long after it: its caller waits no longer, its process goes on.
        late = second.send("rest", 6)
        opening = self.server.websocket()
        opening.patience = 30
        opening.start("/rpc")
        counted = third.send("count")
        self.assertEqual(6, first.answer(rested))
        self.assertEqual([-32000, -32000], [second.error_of(late).code, third.error_of(counted).code])
        self.assertEqual(504, opening.head().status)

        def answered():
            try:
                return other.call("state")["pid"] == pid
            except RpcError as error:
                self.assertEqual(-32000, error.code)
                return False
        wait_for("the thread to be free again", answered, 30)
        self.assertNotIn("library process", self.app.log())

    def test_a_call_that_stops_when_it_is_cancelled(self):
        self.start("--timeout", TIMEOUT)
        client = self.client()
        pid = client.call("state")["pid"]
        self.assertEqual(-32000, client.error("gate").code)
        self.assertEqual(pid, client.call("state")["pid"])
        self.app.wait_log("the gate was given up")

    def test_an_answer_that_never_comes(self):
        # The function has returned: nothing hangs.
        self.start("--timeout", TIMEOUT)
        client = self.client()
        pid = client.call("state")["pid"]
        self.assertEqual(-32000, client.error("park").code)
        self.assertEqual(-32000, client.error("park").code)
        self.assertEqual(2, client.call("unpark"))  # comes too late for the caller
        self.assertEqual(pid, client.call("state")["pid"])

    def test_a_client_that_goes_cancels_its_calls(self):
        self.start("--processes", "1")
        client, other = self.client(), self.client()
        client.send("gate")
        self.app.wait_log("at the gate")
        client.socket.drop()
        self.app.wait_log("the gate was given up")
        self.assertEqual(1, other.call("count"))


class Threads(RpcCase):
    def test_clients_do_not_wait_for_each_other(self):
        self.start("--processes", "1")
        one, other = self.client(), self.client()
        gated = one.send("gate")
        behind = one.send("count")
        self.assertEqual(1, other.call("count"))
        other.call("pass")
        self.assertEqual("passed", one.answer(gated))
        self.assertEqual(1, one.answer(behind))

    def test_more_calls_than_threads_wait_their_turn(self):
        self.start("--processes", "1", "--threads", "2")
        clients = [self.client() for _ in range(6)]
        parked = [client.send("park", number) for number, client in enumerate(clients)]
        for client in clients:
            client.call("count")
        last = clients[-1].send("unpark")
        for number, client in enumerate(clients[:-1]):
            self.assertEqual([number], client.answer(parked[number]))
        answers = {answer["id"]: answer["result"] for answer in (clients[-1].receive() for _ in range(2))}
        self.assertEqual({last: 6, parked[-1]: [5]}, answers)

    def test_too_many_calls_wait_at_the_client(self):
        self.start("--processes", "1", "--max-calls", "4")
        client, other = self.client(), self.client()
        for _ in range(20):
            client.send("park", "x")
        wait_for("four calls", lambda: other.call("state")["parked"] == 4)
        answered = 0
        while answered < 20:
            answered += other.call("unpark")
            if answered < 20:
                wait_for("the next calls", lambda: other.call("state")["parked"] > 0)
        for number in range(20):
            self.assertEqual(["x"], client.receive()["result"])
        self.assertEqual(1, client.call("count"))

    @deadline(120)
    def test_ids_count_as_well_as_params(self):
        self.start("--processes", "1", "--threads", "1", "--timeout", "600")
        first, *clients = [self.client() for _ in range(41)]
        first.send("gate")
        self.app.wait_log("at the gate")
        ids = [letter * 900_000 for letter in "ab"]
        for client in clients:
            for id in ids:
                client.send("echo", id=id)
        # 72 MB wait for the thread: some of them are too much, and nobody else is answered yet.
        ready, _, _ = select.select([client.socket.sock for client in clients], [], [], scaled(60))
        self.assertTrue(ready)
        first.socket.drop()
        answers = [client.receive() for client in clients for _ in ids]
        self.assertEqual(len(clients), sum(answer["id"] == ids[0] for answer in answers))
        codes = collections.Counter(answer["error"]["code"] if "error" in answer else 0 for answer in answers)
        self.assertEqual({0, -32001}, set(codes))
        self.assertGreaterEqual(codes[0], 60)

    @deadline(120)
    def test_two_hundred_clients(self):
        self.start()
        clients = [self.client() for _ in range(200)]
        for round in range(3):
            for client in clients:
                client.send("echo", round)
            for client in clients:
                self.assertEqual([round], client.answer())
        pids = [client.call("state")["pid"] for client in clients]
        self.assertEqual([100, 100], [pids.count(pid) for pid in set(pids)])


class SlowReaders(RpcCase):
    @deadline(120)
    def test_one_that_does_not_read_its_notifications_is_closed(self):
        self.start("--processes", "1", "--max-waiting", "65536", keys='queue = "64K";')
        slow, other = self.client(), self.client()
        slow.send("flood", 30_000)
        wait_for("the slow one to be counted out", lambda: other.call("state")["connections"] == 1, 60)
        self.assertLess(memory(self.app.pid), scaled(200 << 20))
        # It may still read what it was sent, and then learns why.
        slow.socket.expect_fail(1013)

    @deadline(120)
    def test_answers_that_wait_are_no_notifications(self):
        self.start("--processes", "1", "--max-waiting", "65536", keys='queue = "64K";')
        client, other = self.client(), self.client()
        number = client.call("state")["client"]
        big = client.send("big", 15_000_000)
        select.select([client.socket.sock], [], [], scaled(60))  # its beginning is here, the rest waits
        for text in ("one", "two", "three"):
            self.assertEqual(0, other.call("tell another", number, text))
        self.assertEqual("x" * 15_000_000, client.answer(big))
        self.assertEqual([["one"], ["two"], ["three"]], [client.notification()["params"] for _ in range(3)])


class Starting(RpcCase):
    def run_rpc(self, *line):
        return subprocess.run([program("websocket_jsonrpc"), "-R", self.sockets, *line], capture_output=True, text=True,
                              timeout=scaled(60), check=False)

    @deadline(90)
    def test_what_cannot_be_loaded(self):
        for line, why in (((), "which library"), (("-L", "/no/such/library"), "/no/such/library"),
                          (("-L", self.path("text.so", "no library")), "text.so"),
                          (("-L", self.library(), "-C", "fail"), "it was told to fail"),
                          (("-L", self.library(), "-C", "crash"), "ended by signal"),
                          (("-L", self.library("ouistiti_rpc"), "-C", "fail"), "no table of methods"),
                          (("-L", "libm.so.6"), "jsonrpc_init"),
                          (("-L", self.library(), "--timeout", "soon"), "--timeout"),
                          (("-L", self.library(), "--processes", "0"), "--processes")):
            done = self.run_rpc(*line)
            self.assertEqual(1, done.returncode, line)
            self.assertIn(why, done.stderr)
            self.assertEqual([], os.listdir(self.sockets))

    def test_the_caller_of_a_daemon_learns_it(self):
        self.assertEqual(1, self.run_rpc("-D", "-L", self.library(), "-C", "fail").returncode)
        log = self.path("daemon.log")
        self.assertEqual(0, self.run_rpc("-D", "-n", "rpc", "-L", self.library(), "--log-file", log).returncode)
        self.server = self.gateway()
        client = self.client()
        worker = client.call("state")
        try:
            self.assertEqual([1], client.call("echo", 1))
            # Whatever the library reads is found again by the next process.
            self.assertEqual(os.getcwd(), worker["folder"])
            self.assertEqual(-32603, client.error("crash").code)
            self.await_process(client)
            next_one = client.call("state")
            self.assertNotEqual(worker["pid"], next_one["pid"])
            self.assertEqual(worker["folder"], next_one["folder"])
        finally:
            os.kill(worker["parent"], signal.SIGTERM)
        wait_for("the daemon to end", lambda: not is_running(worker["parent"]) and not is_running(worker["pid"]))
        with open(log, encoding="utf-8") as file:
            self.assertIn("trial is released", file.read())

    @deadline(90)
    def test_names_and_folders(self):
        folder = os.path.dirname(self.library())
        for line in (("-L", self.library()[:-3]), ("-L", folder, "-L", "trial"), ("-L", folder, "--library=trial.so")):
            self.start(*line, library=self.library())
            client = self.client()
            self.assertEqual([1], client.call("echo", 1))
            client.socket.close()
            self.app.stop()
            self.server.stop()

    def test_ends_in_order(self):
        self.start()
        clients = [self.client() for _ in range(3)]
        for client in clients:
            client.send("park")
        processes = self.processes()
        self.assertEqual(2, len(processes))
        self.assertEqual(0, self.app.stop())
        self.assertFalse([pid for pid in processes if is_running(pid)])
        for client in clients:
            client.socket.expect_close(1001)

    def test_the_processes_end_with_the_server(self):
        self.start()
        client = self.client()
        client.send("gate")
        processes = self.processes()
        self.app.process.send_signal(signal.SIGKILL)
        wait_for("the processes to end", lambda: not [pid for pid in processes if is_running(pid)])

    def test_a_hanging_library_does_not_hold_up_the_end(self):
        self.start()
        client = self.client()
        client.send("hang")
        self.app.wait_log("a call hangs")
        self.assertEqual(0, self.app.stop())

    def test_nothing_of_the_server_is_open_in_its_processes(self):
        self.start()
        clients = [self.client() for _ in range(5)]
        for pid in self.processes():
            self.assertEqual(1, descriptors(pid))
        pid = clients[0].call("state")["pid"]
        clients[0].error("crash")
        wait_for("the next one", lambda: len(self.processes()) == 2 and pid not in self.processes())
        for client in clients[1:]:
            self.await_process(client)
        for pid in self.processes():
            wait_for("one socket", lambda pid=pid: descriptors(pid) == 1)

    def test_privileges_are_gone_before_the_library_is_loaded(self):
        if not ROOT:
            return
        os.chmod(self.sockets, 0o777)
        self.start("-u", "nobody", "-g", "nogroup")
        self.client().call("count")
        for pid in self.processes():
            self.assertNotIn("0", status_fields(pid)["Uid"].split())
            self.assertNotIn("0", status_fields(pid)["Gid"].split())
