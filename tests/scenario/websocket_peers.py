"""What websocket_client talks to: servers nobody here wrote, and scripted ones that say what the test wants. In: a script or
a program. Out: an address; what went wrong on the server's side when the test ends."""

import asyncio
import socket
import subprocess
import threading

import websockets

from bounds import PATIENCE, Overdue, program, scaled
from websocket_wire import PING, PONG, WebSocket, accept_value, frame
from wire import Wire


class Result:
    """How websocket_client ended."""

    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr.decode(errors="replace")

    @property
    def lines(self):
        return self.out.decode().splitlines()

    @property
    def socket_error(self):
        """The number -v shows; None without one."""
        for line in self.err.splitlines():
            if line.startswith("* socket error "):
                return int(line.split()[3].rstrip(":"))
        return None

    def __repr__(self):
        return f"status {self.status}\n{self.out!r}\n{self.err}"


def run_client(*arguments, given=b"", seconds=PATIENCE * 2, **options):
    """Runs websocket_client with standard input `given` (bytes, text or a file) until it ends."""
    line = [program("websocket_client"), *arguments]
    how = {"input": given.encode() if isinstance(given, str) else given} if isinstance(given, (bytes, str)) else {"stdin": given}
    try:
        return Result(subprocess.run(line, capture_output=True, timeout=scaled(seconds), check=False, **how, **options))
    except subprocess.TimeoutExpired as overdue:
        raise Overdue(f"websocket_client did not end: {overdue.stdout} {overdue.stderr}") from None


class Scripted:
    """A listening socket whose clients each get `script(wire)` on a thread of their own."""

    def __init__(self, script, family=socket.AF_INET, where=("127.0.0.1", 0), kind=socket.SOCK_STREAM):
        self.script, self.errors, self.served = script, [], []
        self.listener = socket.socket(family, kind)
        self.listener.bind(where)
        self.listener.listen()
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    @property
    def port(self):
        return self.listener.getsockname()[1]

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/x"

    def accept(self):
        while True:
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return  # closed
            thread = threading.Thread(target=self.serve, args=(sock,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def serve(self, sock):
        wire = Accepted(sock)
        try:
            self.script(wire)
        except Exception as error:  # shown by the test's own thread
            self.errors.append(error)
        finally:
            wire.drop()

    def close(self):
        if self.listener.fileno() < 0:
            return
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(scaled(PATIENCE))


class Accepted(WebSocket):
    """The server's end of a connection: the same frames, the other way round."""

    def __init__(self, sock):
        Wire.__init__(self, sock)
        self.request = ""

    def read_request(self):
        """The head, as a dictionary of lower-case names; the request line is under \"\"."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.fill():
                raise AssertionError(f"no request: {self.buffer!r}")
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        self.request = head.decode()
        lines = self.request.split("\r\n")
        fields = {"": lines[0]}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        return fields

    def answer(self, fields, *more, status="101 Switching Protocols", accept=None, drop=()):
        """The head of a good answer to `fields`, or a changed one."""
        lines = [f"HTTP/1.1 {status}"]
        good = {"Upgrade": "websocket", "Connection": "Upgrade",
                "Sec-WebSocket-Accept": accept or accept_value(fields["sec-websocket-key"])}
        lines += [f"{name}: {value}" for name, value in good.items() if name not in drop]
        return "\r\n".join([*lines, *more, "", ""]).encode()

    def shake_hands(self, *more, behind=b""):
        self.send(self.answer(self.read_request(), *more) + behind)
        return self

    def say(self, opcode, payload=b"", **how):
        self.send(frame(opcode, payload, mask=None, **how))

    def hear(self):
        """The next frame of the client: (opcode, payload, fin). Checks that it is masked."""
        head = self.take(2)
        assert head[1] & 0x80, "a client's frame without a mask"
        size = head[1] & 0x7f
        if size >= 126:
            size = int.from_bytes(self.take(2 if size == 126 else 8), "big")
        mask = self.take(4)
        payload = bytes(byte ^ mask[at % 4] for at, byte in enumerate(self.take(size)))
        return head[0] & 0x0f, payload, bool(head[0] & 0x80)

    def take(self, size):
        while len(self.buffer) < size:
            if not self.fill():
                raise AssertionError(f"the client has gone: {self.buffer!r}")
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def hear_close(self):
        """Skips what came before; the code, 1005 when there is none."""
        while True:
            opcode, payload, _ = self.hear()
            if opcode == 8:
                return int.from_bytes(payload[:2], "big") if payload else 1005
            if opcode == PING:
                self.say(PONG, payload)

    def farewell(self):
        """Answers the client's Close frame, if it sends one, and waits for its end."""
        try:
            code = self.hear_close()
        except AssertionError:
            return  # it was not content with what it got
        self.say(8, b"" if code == 1005 else code.to_bytes(2, "big"))

    def wait_end(self):
        """Until the client has closed its side."""
        while self.fill():
            pass


class PythonPeer:
    """The websockets library of Python, echoing, on a thread."""

    def __init__(self, **options):
        self.loop = asyncio.new_event_loop()
        self.port, self.requests, self.closed = 0, [], []
        started = threading.Event()

        async def echo(client, *_):
            self.requests.append((client.path, client.request_headers, client.subprotocol))
            try:
                async for message in client:
                    await client.send(message)
            except websockets.ConnectionClosed:
                pass
            self.closed.append((client.close_code, client.close_reason))

        async def serve():
            self.ended = asyncio.Event()
            async with websockets.serve(echo, "127.0.0.1", 0, max_size=None, **options) as server:
                self.port = server.sockets[0].getsockname()[1]
                started.set()
                await self.ended.wait()

        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(serve(),), daemon=True)
        self.thread.start()
        if not started.wait(scaled(PATIENCE)):
            raise Overdue("the Python server did not start")

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/python?x=1"

    def close(self):
        self.loop.call_soon_threadsafe(self.ended.set)
        self.thread.join(scaled(PATIENCE))


NODE = r"""
const WebSocket = require('ws');
const server = new WebSocket.Server({ port: 0, host: '127.0.0.1', maxPayload: 1 << 28,
                                      perMessageDeflate: process.argv[1] === 'deflate' ? { threshold: 0 } : false });
server.on('listening', () => console.log(server.address().port));
server.on('connection', (client) => {
    client.on('message', (data, binary) => client.send(data, { binary }));
    client.on('close', (code, reason) => console.log(`closed ${code} ${reason}`));
});
"""


class NodePeer:
    """npm's ws, echoing, as a process."""

    def __init__(self, mode):
        self.process = subprocess.Popen(["node", "-e", NODE, mode], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.port = int(self.process.stdout.readline())

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/node"

    def line(self):
        return self.process.stdout.readline().strip()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Silent:
    """A port where somebody listens and nobody answers: connections complete in the kernel."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]

    def close(self):
        self.listener.close()


class Refusing:
    """A port that stays taken while nobody listens on it."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def close(self):
        self.socket.close()


__all__ = ["Accepted", "NodePeer", "PythonPeer", "Refusing", "Result", "Scripted", "Silent", "run_client"]
