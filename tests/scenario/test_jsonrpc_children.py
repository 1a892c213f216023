"""websocket_jsonrpc and its processes: what they leave behind when they crash, and libraries that load slowly."""

import os
import signal

from harness import deadline, is_running
from rpc import RpcCase


class LeftBehind(RpcCase):
    """A crash is noticed at once, whatever children of the process are still there."""

    def leave(self, kind):
        self.start("--timeout", "600")
        client = self.client()
        left = client.call("leave", kind)
        self.addCleanup(os.kill, left["pid"], signal.SIGKILL)
        self.assertEqual(-32603, client.error("crash").code)
        self.assertTrue(is_running(left["pid"]))
        self.await_process(client)
        return left

    def test_other_programs(self):
        left = self.leave("exec")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
            self.assertFalse(left["ignored"] >> (number - 1) & 1, number)

    def test_children_that_are_no_other_program(self):
        self.leave("fork")


class SlowStart(RpcCase):
    @deadline(60)
    def test_a_library_that_loads_longer_than_a_call_may_take(self):
        file = self.path("loads", "")
        self.start("-C", f"slow {file}", "--timeout", "3")
        clients = [self.client() for _ in range(2)]
        pids = [client.call("state")["pid"] for client in clients]
        self.assertNotEqual(*pids)
        os.unlink(file)
        self.assertEqual(-32603, clients[0].error("crash").code)
        # New clients are with the other process until the library is loaded again.
        new = [self.client() for _ in range(2)]
        self.assertEqual([pids[1]] * 2, [client.call("state")["pid"] for client in new])
        self.assertEqual(-32603, clients[0].error("count").code)
        # It still loads when the time of a call that was made meanwhile is up.
        self.assertEqual(-32000, new[0].error("rest", 3.5).code)
        self.path("loads", "")
        self.await_process(clients[0])
        self.assertNotIn(clients[0].call("state")["pid"], pids)
        self.assertEqual(1, self.app.log().count("library process"))
