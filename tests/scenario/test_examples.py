"""utils/examples: each echo server that users copy, through the gateway; and its README, which names each of them."""

import os
import re
import shutil
import signal
import socket
import subprocess
import threading

from direct import LIBRARY, preloaded, sanitizers
from harness import BINARY, BUILD, CLOSE, PING, PONG, SOURCES, TEXT, Case, can_connect, deadline, wait_for

EXAMPLES = os.path.join(SOURCES, "utils", "examples")


class Examples(Case):
    def start(self, *line, keys="", kind=socket.SOCK_STREAM, **options):
        """Starts an example that listens on <sockets>/echo, and the gateway."""
        path = os.path.join(self.sockets, "echo")
        one = self.launch([*line, path], "example", cwd=EXAMPLES, **options)

        def listens():
            if not one.running():
                raise AssertionError(f"{line} ended with {one.wait()}:\n{one.log()}")
            return can_connect(path, kind)
        wait_for(f"{line} to listen", listens, 30)
        self.server = self.gateway(keys)
        return one

    def check_bytes(self):
        clients = [self.server.websocket("/echo") for _ in range(3)]
        for number, client in enumerate(clients):
            client.send_text(f"hällo {number}")
            self.assertEqual((TEXT, f"hällo {number}".encode()), client.read_message())
        data = b"0123456789" * 1000
        for _ in range(20):
            clients[0].send_text(data.decode())
            got = b""
            while len(got) < len(data):
                got += clients[0].read_message()[1]
            self.assertEqual(data, got)
        for client in clients:
            client.close()

    def check_messages(self, binary):
        """Boundaries are kept, of many messages under way at once too."""
        clients = [self.server.websocket("/echo") for _ in range(3)]
        for client in clients:
            for text in ("", "a", "häß", "x" * 126, "y" * 65536, "z" * 1_000_000):
                client.send_text(text)
                self.assertEqual((TEXT, text.encode()), client.read_message())
            client.send_fragments(TEXT, ["he", "", "l", "lo"])
            self.assertEqual((TEXT, b"hello"), client.read_message())
        texts = [f"{number}:" + "m" * (number % 700) for number in range(3000)]
        sender = threading.Thread(target=lambda: [clients[0].send_text(text) for text in texts])
        sender.start()
        for text in texts:
            self.assertEqual((TEXT, text.encode()), clients[0].read_message())
        sender.join()
        for data in (b"\0\xff", b"b" * 3_000_000) if binary else ():
            clients[1].send_binary(data)
            self.assertEqual((BINARY, data), clients[1].read_message())
        clients[2].close()
        clients[1].send_text("still")
        self.assertEqual((TEXT, b"still"), clients[1].read_message())


class Python(Examples):
    def run_echo(self, framing, **options):
        return self.start("/usr/bin/python3", "echo.py", framing, **options)

    def test_bytes(self):
        self.run_echo("bytes")
        self.check_bytes()

    @deadline(60)
    def test_lines(self):
        self.run_echo("lines", keys='framing = "lines";')
        self.check_messages(binary=False)

    @deadline(60)
    def test_records(self):
        self.run_echo("records", keys='names = ({ name = "echo"; framing = "records"; });')
        self.check_messages(binary=True)

    @deadline(60)
    def test_link(self):
        self.run_echo("link", kind=socket.SOCK_SEQPACKET)
        self.check_messages(binary=True)

    @deadline(60)
    def test_small_windows(self):
        # 8 KiB of credit: the server splits what it sends back.
        for framing, kind in (("records", socket.SOCK_STREAM), ("link", socket.SOCK_SEQPACKET)):
            one = self.run_echo(framing, kind=kind, keys='framing = "records"; queue = "16K";')
            client = self.server.websocket("/echo")
            client.send_text("x" * 300_000)
            self.assertEqual((TEXT, b"x" * 300_000), client.read_message())
            one.kill()

    def test_close_codes(self):
        self.run_echo("records", keys='framing = "records";')
        client = self.server.websocket("/echo")
        client.send_close(4000, "bye")
        got = client.read_frame()
        self.assertEqual((CLOSE, 4000), (got.opcode, got.code))

    def test_usage(self):
        done = subprocess.run(["/usr/bin/python3", "echo.py", "words", "x"], cwd=EXAMPLES, capture_output=True, text=True,
                              check=False, timeout=60)
        self.assertEqual(1, done.returncode)
        self.assertIn("echo.py records SOCKET", done.stderr)


class Shell(Examples):
    def test_ncat(self):
        self.start("./echo_ncat.sh")
        self.check_bytes()

    def test_socat(self):
        self.start("./echo_socat.sh")
        self.check_bytes()

    def test_socat_with_a_command(self):
        script = self.path("example.sh", '#!/bin/sh\nexec ./echo_socat.sh "$1" \'while read -r line; do echo "<$line>"; done\'\n')
        os.chmod(script, 0o755)
        self.start(script, keys='framing = "lines";')
        client = self.server.websocket("/echo")
        for text in ("one", "two"):
            client.send_text(text)
            self.assertEqual((TEXT, f"<{text}>".encode()), client.read_message())


class Node(Examples):
    def start_node(self, kind, **options):
        node = os.path.join(SOURCES, "build", "node", "bin", "node")
        node = node if os.path.exists(node) else shutil.which("node")
        self.assertTrue(node, "node is not installed")
        self.start(node, "echo.js", kind, **options)

    def test_bytes(self):
        self.start_node("bytes")
        self.check_bytes()

    @deadline(60)
    def test_lines(self):
        self.start_node("lines", keys='framing = "lines";')
        self.check_messages(binary=False)


class C(Examples):
    def build(self, name="echo", *more):
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        self.assertTrue(compiler, "there is no C compiler")
        program = self.path(name)
        done = subprocess.run([compiler, "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                               "-o", program, os.path.join(EXAMPLES, f"{name}.c"), *more],
                              capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        return program

    def test_bytes(self):
        self.start(self.build())
        self.check_bytes()

    @deadline(60)
    def test_lines(self):
        self.start(self.build(), keys='framing = "lines";')
        self.check_messages(binary=False)


class Direct(Examples):
    """direct.sh before a server, and a server linked with the library: the browsers' own connections."""

    def start_directly(self, *line):
        environment = preloaded()
        environment["LIBWEBSOCKET"] = environment.pop("LD_PRELOAD")
        return self.start("./direct.sh", *line, keys='options = "direct";', env=environment)

    def check_direct(self):
        """The gateway stands still, and takes no part."""
        client = self.server.websocket("/echo")
        client.echo("hello")
        worker, = self.server.workers()
        os.kill(worker, signal.SIGSTOP)
        try:
            client.echo("by itself")
        finally:
            os.kill(worker, signal.SIGCONT)
        client.close()

    def test_python(self):
        self.start_directly("/usr/bin/python3", "echo.py", "bytes")
        self.check_bytes()
        self.check_direct()

    def test_socat(self):
        self.start_directly("./echo_socat.sh")
        self.check_bytes()
        self.check_direct()

    def test_c(self):
        self.start_directly(C.build(self))
        self.check_bytes()
        self.check_direct()

    def test_usage(self):
        done = subprocess.run(["./direct.sh"], cwd=EXAMPLES, capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual((1, "usage: direct.sh COMMAND [ARGUMENT ...]\n"), (done.returncode, done.stderr))

    def test_clock(self):
        program = C.build(self, "clock", f"-I{os.path.join(BUILD, 'include')}", LIBRARY,
                          f"-Wl,-rpath,{os.path.dirname(LIBRARY)}", *sanitizers())
        self.start(program, keys='options = "direct";')
        clients = [self.server.websocket("/echo") for _ in range(3)]
        for client in clients:
            kind, text = client.read_message()
            self.assertEqual(TEXT, kind)
            self.assertRegex(text.decode(), r"^\d\d:\d\d:\d\d$")
        clients[0].send_text("thrown away")
        clients[0].send_frame(PING, b"p")
        while (got := clients[0].read_frame()).opcode == TEXT:
            pass
        self.assertEqual((PONG, b"p"), (got.opcode, got.payload))
        clients[1].drop()
        clients[0].send_close(1000)
        while (got := clients[0].read_frame()).opcode == TEXT:
            pass
        self.assertEqual((CLOSE, 1000), (got.opcode, got.code))
        for _ in range(2):
            self.assertEqual(TEXT, clients[2].read_message()[0])


class Readme(Case):
    def test_names_every_example(self):
        with open(os.path.join(EXAMPLES, "README.md"), encoding="utf-8") as file:
            text = file.read()
        for name in os.listdir(EXAMPLES):
            if name != "README.md":
                self.assertTrue(re.search(re.escape(name), text), f"README.md does not tell of {name}")
