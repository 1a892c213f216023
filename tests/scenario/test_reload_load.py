"""SIGHUP every second under load: no handshake is refused, no message of a connection that stays open is lost, no request
fails. MARMOSET_RELOADS=60 makes it a whole minute, instead of 10 reloads."""

import os
import threading
import time

from harness import Closed, deadline, scaled
from reloading import ReloadCase
from wire import Overdue

RELOADS = int(os.environ.get("MARMOSET_RELOADS", "10"))
INTERVAL = 1.0
# A client that has asked nothing for longer than this is idle: a server may close it.
IDLE = 1.0


class Client(threading.Thread):
    """Does one thing until told to stop; what went wrong is kept."""

    def __init__(self, case, server):
        super().__init__(daemon=True)
        self.case, self.server = case, server
        self.count = 0  # of what it does
        self.others = 0  # of what may happen
        self.fault = None
        self.stopping = False
        self.longest = 0.0

    def run(self):
        try:
            self.work()
        except (AssertionError, OSError, Overdue) as error:
            self.fault = f"{type(self).__name__} after {self.count}: {type(error).__name__}: {error}"

    def timed(self, call):
        began = time.monotonic()
        result = call()
        self.longest = max(self.longest, time.monotonic() - began)
        return result

    def connect(self, kind):
        client = kind(self.server.socket())
        client.host = f"localhost:{self.server.port}"
        return client


class Handshakes(Client):
    """A websocket for each message."""

    def work(self):
        from harness import WebSocket
        while not self.stopping:
            def one():
                with self.connect(WebSocket) as client:
                    client.open("/echo")
                    client.echo(f"number {self.count}")
                    client.close()
            self.timed(one)
            self.count += 1


class Stays(Client):
    """One websocket for all messages, several of which are on their way at a time."""

    def work(self):
        from harness import WebSocket
        with self.connect(WebSocket) as client:
            client.open("/echo")
            while not self.stopping:
                messages = [f"number {self.count + i}" for i in range(5)]
                for message in messages:
                    client.send_text(message)
                for message in messages:
                    received = self.timed(client.read_message)[1].decode()
                    assert received == message, f"{received} instead of {message}"
                    self.count += 1
            client.close()


class Requests(Client):
    """A connection for each request."""

    def work(self):
        from harness import Http
        while not self.stopping:
            def one():
                with self.connect(Http) as client:
                    answer = client.get("/index.html", {"Connection": "close"})
                    assert (answer.status, answer.body) == (200, b"old"), answer
            self.timed(one)
            self.count += 1


class KeepsAlive(Client):
    """A connection for as many requests as the server permits."""

    def work(self):
        from harness import Http
        while not self.stopping:
            with self.connect(Http) as client:
                self.others += 1
                last = None
                while not self.stopping:
                    asked = time.monotonic()
                    try:
                        answer = self.timed(lambda: client.get("/index.html"))
                    except Closed:
                        # RFC 9112 9.5: an idle connection may be closed at any time; then nothing of an answer came.
                        if last is None or time.monotonic() - last < IDLE or client.buffer:
                            raise
                        break
                    assert (answer.status, answer.body) == (200, b"old"), answer
                    last = asked  # the answer is older than its arrival here: a thread may wait long for its turn
                    self.count += 1
                    if (answer.get("Connection") or "").lower() == "close":
                        break


class Load(ReloadCase):
    @deadline(60 + RELOADS * 3)
    def test_nobody_notices(self):
        server = self.start(workers=2, drain_timeout=600)
        self.echo()
        clients = [kind(self, server) for kind in (Handshakes, Stays, Requests, KeepsAlive) for _ in range(3)]
        for client in clients:
            client.start()
        try:
            for number in range(RELOADS):
                next_one = time.monotonic() + INTERVAL
                text = self.site(workers=2 + number % 2, drain_timeout=600)  # one worker more, one less
                self.reload(server, text)
                self.assertEqual([], [client.fault for client in clients if client.fault])
                self.wait_until(next_one, clients)
        finally:
            for client in clients:
                client.stopping = True
            for client in clients:
                client.join(scaled(30))
        self.assertEqual([], [client.fault for client in clients if client.fault])
        self.assertFalse(any(client.is_alive() for client in clients))
        self.assertNotIn("died of signal", server.log())
        self.assertNotIn("exited with", server.log())
        for kind in (Handshakes, Stays, Requests, KeepsAlive):
            of_kind = [client for client in clients if isinstance(client, kind)]
            print(f"{kind.__name__}: {sum(client.count for client in of_kind)} over {RELOADS} reloads, longest "
                  f"{max(client.longest for client in of_kind):.3f} s"
                  + (f", {sum(client.others for client in of_kind)} connections" if kind is KeepsAlive else ""))
            for client in of_kind:
                self.assertGreater(client.count, RELOADS)

    def wait_until(self, moment, clients):
        """The next second; the clients go on meanwhile, each by at least one step."""
        before = [client.count for client in clients]
        end = time.monotonic() + scaled(30)
        while time.monotonic() < moment or any(client.count == count for client, count in zip(clients, before)):
            self.assertEqual([], [client.fault for client in clients if client.fault])
            self.assertLess(time.monotonic(), end, "a client does not go on")
            time.sleep(0.01)
