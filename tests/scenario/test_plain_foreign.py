"""Servers that nobody here wrote, started unchanged with libwebsocket.so in front of the C library: through the gateway they are
websocket servers in direct mode, and to everybody else they are what they were."""

import os
import shutil
import socket

from direct import DirectCase, preloaded
from harness import BINARY, CLOSE, PING, SOURCES, TEXT, can_connect, children, deadline, frame, program, wait_for

SOCKETSERVER = '''
import socketserver, sys

class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        print("client", self.client_address, flush=True)
        while data := self.request.recv(65536):
            self.request.sendall(data)

class Server(socketserver.{mixin}, socketserver.UnixStreamServer):
    request_queue_size = 50

with Server(sys.argv[1], Echo) as server:
    server.serve_forever()
'''

ASYNCIO = '''
import asyncio, sys

async def echo(reader, writer):
    print("client", writer.get_extra_info("peername"), flush=True)
    while data := await reader.read(65536):
        if data == b"large":
            data = b"x" * 3_000_000
            writer.write(data)
            break  # with most of it still to be sent
        writer.write(data)
        await writer.drain()
    writer.close()
    await writer.wait_closed()

async def main():
    async with await asyncio.start_unix_server(echo, sys.argv[1]) as server:
        await server.serve_forever()

asyncio.run(main())
'''

LINES = '''
import socketserver, sys

class Upper(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())

class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

with Server(sys.argv[1], Upper) as server:
    server.serve_forever()
'''


class Foreign(DirectCase):
    def check(self, large=300_000):
        """Several clients at a time; whole messages as far as one read of the server takes them. `large`: what the server can
        have under way."""
        clients = [self.server.websocket("/plain") for _ in range(5)]
        for number, client in enumerate(clients):
            self.echo_through(client, f"hällo {number}")
        for client in clients:
            for data in ("a", "häß€🦫" * 20, b"\xff\xfe", "y" * 8000):
                self.echo_through(client, data)
            self.echo_through(client, "x" * large, boundaries=False)
            client.send_fragments(TEXT, ["he", "", "llo"])
            self.assertEqual((TEXT, b"hello"), client.read_message())
            client.send_frame(PING, b"p")
            self.assertEqual(b"p", client.read_pong())
        self.check_early()
        clients[0].send_close(4000, "bye")
        received = clients[0].read_frame()
        self.assertEqual((CLOSE, 4000, "bye"), (received.opcode, received.code, received.reason))
        clients[0].expect_end()
        clients[1].drop()
        clients[2].abort()
        self.echo_through(clients[3], "still there")
        clients[4].send(frame(TEXT, b"\xff"))
        self.assertEqual(1007, clients[4].read_frame().code)
        self.echo_through(clients[3], "and still")
        self.server.send_signal(15)
        clients[3].expect_close(1001)

    def check_early(self):
        client = self.server.websocket()
        client.start("/plain", behind=frame(TEXT, "early"))
        client.finish_handshake()
        self.assertEqual((TEXT, b"early"), client.read_message())
        client.close()

    def check_plainly(self):
        """Who comes without the gateway gets bytes."""
        with socket.socket(socket.AF_UNIX) as plain:
            plain.settimeout(20)
            plain.connect(os.path.join(self.sockets, "plain"))
            plain.sendall(b"no frames\n")
            self.assertEqual(b"no frames\n", plain.recv(100))


class Socat(Foreign):
    @deadline(60)
    def test_a_command(self):
        one = self.foreign("socat", "UNIX-LISTEN:PATH,fork", "EXEC:cat")
        self.check_plainly()
        self.check()
        wait_for("its children to end", lambda: not children(one.pid))

    @deadline(60)
    def test_a_pipe(self):
        self.foreign("socat", "UNIX-LISTEN:PATH,fork", "PIPE")
        self.check_plainly()
        self.check()

    @deadline(60)
    def test_a_shell(self):
        script = self.path("answer.sh", '#!/bin/sh\nwhile read -r line; do echo "<$line>"; done\n')
        os.chmod(script, 0o755)
        self.foreign("socat", "UNIX-LISTEN:PATH,fork", f"EXEC:{script}")
        client = self.server.websocket("/plain")
        for word in ("one", "two"):
            client.send_text(word + "\n")
            self.assertEqual((TEXT, f"<{word}>\n".encode()), client.read_message())
        client.close()

    def test_one_that_speaks_first_and_ends(self):
        self.foreign("socat", "UNIX-LISTEN:PATH,fork", "EXEC:echo hello")
        client = self.server.websocket("/plain")
        self.assertEqual((TEXT, b"hello\n"), client.read_message())
        client.expect_close(1000)

    def test_the_type_of_messages(self):
        self.foreign("socat", "UNIX-LISTEN:PATH,fork", "EXEC:cat", WEBSOCKET_TYPE="binary")
        client = self.server.websocket("/plain")
        client.send_text("hello")
        self.assertEqual((BINARY, b"hello"), client.read_message())


class Ncat(Foreign):
    @deadline(60)
    def test_a_command(self):
        self.foreign("ncat", "-lkU", "PATH", "-c", "cat")
        self.check_plainly()
        # It writes to its child without reading from it: with more than two pipes hold both would wait.
        self.check(large=40_000)

    def test_without_a_command(self):
        # What clients say is printed; what ncat reads, nothing here, would go to all.
        one = self.foreign("ncat", "-lkU", "--recv-only", "PATH")
        for text in ("one\n", "two\n"):
            client = self.server.websocket("/plain")
            client.send_text(text)
            one.wait_log(text.strip())
            client.close()


class Python(Foreign):
    def start(self, program, **parts):
        script = self.path("server.py", program.replace("{mixin}", parts.get("mixin", "")))
        return self.foreign("/usr/bin/python3", script, "PATH")

    @deadline(90)
    def test_threads(self):
        one = self.start(SOCKETSERVER, mixin="ThreadingMixIn")
        self.check_plainly()
        self.check()
        self.assertRegex(one.log(), r"client \('127\.0\.0\.1', \d+\)")

    @deadline(90)
    def test_processes(self):
        self.start(SOCKETSERVER, mixin="ForkingMixIn")
        self.check_plainly()
        self.check()

    @deadline(90)
    def test_asyncio(self):
        one = self.start(ASYNCIO)
        self.check_plainly()
        self.check()
        self.assertRegex(one.log(), r"client \('127\.0\.0\.1', \d+\)")

    @deadline(60)
    def test_asyncio_closes_behind_a_large_answer(self):
        self.start(ASYNCIO)
        client = self.server.websocket("/plain")
        client.send_text("large")
        self.assertEqual((TEXT, b"x" * 3_000_000), client.read_message())
        client.expect_close(1000)

    @deadline(60)
    def test_lines(self):
        self.start(LINES)
        client = self.server.websocket("/plain")
        client.send(frame(TEXT, "one\ntw") + frame(TEXT, "o\n"))
        self.assertEqual([b"ONE\n", b"TWO\n"], [client.read_message()[1] for _ in range(2)])
        client.close()


class Node(Foreign):
    @deadline(90)
    def test_streams(self):
        node = os.path.join(SOURCES, "build", "node", "bin", "node")
        node = node if os.path.exists(node) else shutil.which("node")
        self.assertTrue(node, "node is not installed")
        self.foreign(node, os.path.join(SOURCES, "utils", "examples", "echo.js"), "bytes", "PATH")
        self.check_plainly()
        self.check()


class Link(DirectCase):
    def test_a_server_of_the_link_is_left_alone(self):
        # websocket_echo speaks the library's own protocols; what is in front of accept() must not wait for a client.
        path = os.path.join(self.sockets, "echo")
        self.launch([program("websocket_echo"), "-R", self.sockets, "-n", "echo"], "echo", env=preloaded())
        wait_for("websocket_echo to listen", lambda: can_connect(path, socket.SOCK_SEQPACKET), 20)
        self.server.websocket("/echo").echo("hello")
