"""Debian's redis-server, unpacked and not installed, on a port of its own; killed and started again at will."""

import os
import socket
import subprocess
import threading

from bounds import BUILD, SOURCES, wait_for
from ports import unused_port
from processes import Program

PEERS = os.path.join(os.path.dirname(BUILD), "peers")
PACKAGES = ["redis-server", "redis-tools", "libjemalloc2", "liblzf1", "libatomic1"]


def unpack():
    """The program, fetched if it is not there yet."""
    done = subprocess.run([os.path.join(SOURCES, "tests", "support", "unpack"), PEERS, *PACKAGES], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, f"Debian's redis-server can't be had: {done.stderr}"
    return os.path.join(PEERS, "usr", "bin", "redis-server")


class Redis:
    def __init__(self, case, password=None):
        self.case, self.password, self.process, self.starts = case, password, None, 0
        self.program = unpack()
        folders = [entry.path for entry in os.scandir(os.path.join(PEERS, "usr", "lib")) if "-linux-gnu" in entry.name]
        self.environment = dict(os.environ, LD_LIBRARY_PATH=":".join(folders))
        self.port = 0

    def start(self):
        """Listens when this returns; again on the same port."""
        def started():
            if not self.process or not self.process.running():
                self.launch()
            return self.answers()
        wait_for("redis-server", started, 20)
        return self

    def launch(self):
        self.port = self.port or unused_port()
        self.starts += 1
        line = [self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                "--dir", self.case.folder]
        if self.password:
            line += ["--requirepass", self.password]
        self.process = Program(line, self.case.path(f"redis-{self.starts}.log"), env=self.environment)
        self.case.addCleanup(self.process.kill)

    def answers(self):
        try:
            return self.command("PING").startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    def command(self, *words):
        """Sends one command and returns the beginning of its answer."""
        parts = [word if isinstance(word, bytes) else word.encode() for word in words]
        with socket.create_connection(("127.0.0.1", self.port), 10) as client:
            client.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts))
            return client.recv(65536)

    def kill(self):
        self.process.kill()

    @property
    def url(self):
        who = f":{self.password}@" if self.password else ""
        return f"redis://{who}127.0.0.1:{self.port}/rooms"


class DeafRedis:
    """Says that it lives, takes the subscription, and reads nothing of what is published."""

    def __init__(self, case):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self.listener.getsockname()[1]}/rooms"
        self.connections, self.ended = [], threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        case.addCleanup(self.end)

    def run(self):
        try:
            self.connections = [self.listener.accept()[0] for _ in range(2)]
            self.connections[0].recv(1000)
            self.connections[0].sendall(b"*3\r\n$9\r\nsubscribe\r\n$5\r\nrooms\r\n:1\r\n")
            while not self.ended.wait(1):
                self.connections[0].sendall(b"*3\r\n$7\r\nmessage\r\n$5\r\nrooms\r\n$4\r\nnone\r\n")
        except OSError:
            pass  # the chat has ended

    def end(self):
        self.ended.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        for one in [*self.connections, self.listener]:
            one.close()
        self.thread.join()
