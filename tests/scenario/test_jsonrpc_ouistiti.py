"""RPC libraries made for ouistiti, in both layouts that its table of methods has had, as they are."""

from harness import wait_for
from rpc import RpcCase

NAMES = ("ouistiti_rpc", "ouistiti_typed_rpc")


class Libraries(RpcCase):
    def each(self, *more):
        for name in NAMES:
            self.start(*more, library=self.library(name))
            yield name
            self.app.stop()
            self.server.stop()

    def test_calls(self):
        for _ in self.each("-C", "configured"):
            client = self.client()
            self.assertEqual({"sum": 5}, client.call("add", a=2, b=3))
            state = client.call("state")
            self.assertEqual((1, "configured"), (state["calls"], state["config"]))
            # Errors of ouistiti's libraries are results.
            self.assertEqual({"code": 0, "message": "incomplete command", "data": "incomplete command"}, client.call("refuse"))
            self.assertIsNone(client.call("nothing"))

    def test_errors(self):
        for _ in self.each():
            client = self.client()
            self.assertEqual({"code": -32602, "message": "Invalid params", "data": "a and b"}, client.error("add", 1).error)
            self.assertEqual(-32602, client.error("add").code)
            self.assertEqual(-32602, client.error("state", 1).code)
            self.assertEqual({"code": 0, "message": "user added"}, client.error("announce").error)
            self.assertEqual(-32603, client.error("fail").code)
            self.assertEqual(-32601, client.error("subtract").code)
            client.say('{"jsonrpc": "2.0", "method": "state"}\0')
            self.assertEqual((2, None), (client.call("state")["calls"], client.call("state")["config"]))

    def test_a_context_for_each_connection_and_a_process_for_each_client(self):
        for _ in self.each():
            clients = [self.client() for _ in range(4)]
            states = [client.call("state") for client in clients for _ in range(2)]
            self.assertEqual([1, 2] * 4, [state["calls"] for state in states])
            self.assertEqual(4, len({state["pid"] for state in states}))

    def test_a_crash(self):
        for _ in self.each():
            victim, other = self.client(), self.client()
            other.call("state")
            self.assertEqual(-32603, victim.error("crash").code)
            self.assertEqual(2, other.call("state")["calls"])

            def again():
                try:
                    return victim.call("state")["calls"] == 1
                except AssertionError as error:
                    if getattr(error, "code", None) != -32603:
                        raise
                    return False
            wait_for("the process to be there again", again, 30)
