"""What the scenarios of websocket_jsonrpc share: the server with a library, clients that speak JSON-RPC. In: method names and params.
Out: results, errors, notifications."""

import json
import os

from harness import BUILD, TEXT, Case, children, program, user_name, wait_for

LIBRARIES = os.path.join(BUILD, "tests", "jsonrpc")


class RpcError(AssertionError):
    def __init__(self, error):
        super().__init__(str(error))
        self.error, self.code, self.data = error, error["code"], error.get("data")


class Rpc:
    """JSON-RPC over a connected websocket."""

    def __init__(self, socket):
        self.socket = socket
        self.number = 0
        self.notifications = []

    def send(self, method, *params, id=None, **named):
        self.number += 1
        request = {"jsonrpc": "2.0", "id": id if id is not None else self.number, "method": method}
        if params or named:
            request["params"] = named or list(params)
        self.socket.send_text(json.dumps(request))
        return request["id"]

    def say(self, text):
        self.socket.send_text(text)

    def receive(self):
        opcode, text = self.socket.read_message()
        assert opcode == TEXT, opcode
        return json.loads(text)

    def answer(self, id=None):
        """The next answer, or that to `id`; notifications before it are set aside."""
        while True:
            message = self.receive()
            if "method" in message:
                self.notifications.append(message)
                continue
            assert message["jsonrpc"] == "2.0", message
            assert id is None or message["id"] == id, f"an answer to {id} was expected, not {message}"
            if "error" in message:
                raise RpcError(message["error"])
            return message["result"]

    def call(self, method, *params, **named):
        return self.answer(self.send(method, *params, **named))

    def error(self, method, *params, **named):
        """The error that answers the call."""
        return self.error_of(self.send(method, *params, **named))

    def error_of(self, id):
        try:
            result = self.answer(id)
        except RpcError as raised:
            return raised
        raise AssertionError(f"an error was expected, not {result!r}")

    def notification(self):
        if self.notifications:
            return self.notifications.pop(0)
        message = self.receive()
        assert "method" in message, f"a notification was expected, not {message}"
        return message


    def silent(self):
        """Nothing has been answered yet."""
        self.socket.sock.setblocking(False)
        try:
            return self.socket.sock.recv(1, 2) is None  # MSG_PEEK
        except BlockingIOError:
            return True
        finally:
            self.socket.sock.setblocking(True)


class RpcCase(Case):
    def library(self, name="trial"):
        return os.path.join(LIBRARIES, f"{name}.so")

    def rpc(self, *more, library=None, name="rpc", stream=False, ready=True, **options):
        """Starts websocket_jsonrpc as <self.sockets>/<name>."""
        line = [program("websocket_jsonrpc"), "-R", self.sockets, "-n", name, "-u", user_name(), "-L", library or self.library(),
                *(["--stream"] if stream else []), *more]
        # A log of its own: a second server is not ready because the first one was.
        log = f"{name}-{len(self.programs)}" if os.path.exists(self.path(f"{name}.log")) else name
        one = self.launch(line, log, **options)
        if ready:  # the socket is there before the library is loaded
            def serves():
                if not one.running():
                    raise AssertionError(f"{one.name} ended with {one.wait()}:\n{one.log()}")
                return "listening on" in one.log()
            wait_for("websocket_jsonrpc to serve", serves, 20)
        return one

    def start(self, *more, keys="", **options):
        """A gateway and the server behind it."""
        self.app = self.rpc(*more, **options)
        self.server = self.gateway(keys)
        return self.app

    def client(self, target="/rpc", **handshake):
        return Rpc(self.server.websocket(target, **handshake))

    def processes(self):
        """The library's processes."""
        return children(self.app.pid)

    def await_process(self, client):
        """Until the client's process is there again."""
        def answered():
            try:
                return client.call("echo", 1) == [1]
            except RpcError as error:
                if error.code != -32603:
                    raise
                return False
        wait_for("the library's process to be there again", answered, 30)
