"""websocket_client, and with it the library's WebSocket, against servers nobody here wrote and against the gateway; its
command line, its exit statuses, its manual page."""

import errno
import os
import re
import select
import socket
import subprocess
import threading

from harness import SOURCES, Case, program, scaled, wait_for
from websocket_peers import NodePeer, PythonPeer, Scripted, run_client

MESSAGES = ["hello", "häß€🦫", "x" * 125, "x" * 126, "x" * 65535, "x" * 65536, "y" * 300_000]


class Peers(Case):
    def peer(self, kind, *arguments, **options):
        one = kind(*arguments, **options)
        self.addCleanup(one.close)
        return one


class Foreign(Peers):
    def echoes(self, url, *arguments):
        done = run_client("--count", str(len(MESSAGES)), *arguments, url, given="\n".join(MESSAGES))
        self.assertEqual(0, done.status, done)
        self.assertEqual(MESSAGES, done.lines)

    def binary_echoes(self, url, *arguments):
        data = os.urandom(1 << 20)
        # Pieces come back as they went; how many there are is the pipe's affair, so silence ends it. A server's pause in between
        # must not: the input goes on until all is back.
        with subprocess.Popen([program("websocket_client"), "--binary", "-q", "0.5", *arguments, url], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as client:
            self.addCleanup(client.kill)
            sender = threading.Thread(target=lambda: (client.stdin.write(data), client.stdin.flush()))
            sender.start()
            back = client.stdout.read(len(data))
            sender.join()
            client.stdin.close()
            self.assertEqual((0, b""), (client.wait(scaled(20)), client.stdout.read()))
        self.assertTrue(data == back)

    def test_python(self):
        peer = self.peer(PythonPeer)
        self.echoes(peer.url)
        self.binary_echoes(peer.url)
        self.echoes(peer.url, "--no-compression")
        wait_for("the server to see the end", lambda: len(peer.closed) == 3)
        self.assertEqual({(1000, "")}, set(peer.closed))
        self.assertEqual("/python?x=1", peer.requests[0][0])
        self.assertIn("permessage-deflate", peer.requests[0][1]["Sec-WebSocket-Extensions"])
        self.assertNotIn("Sec-WebSocket-Extensions", peer.requests[2][1])

    def test_python_without_compression(self):
        self.echoes(self.peer(PythonPeer, compression=None).url)

    def test_node(self):
        for mode in ("plain", "deflate"):
            peer = self.peer(NodePeer, mode)
            self.echoes(peer.url)
            self.assertEqual("closed 1000", peer.line())
            self.binary_echoes(peer.url)

    def test_through_the_gateway(self):
        server = self.gateway("permessage_deflate = true;" if self.knows_deflate() else "")
        self.echo()
        url = f"ws://localhost:{server.port}/echo"
        self.echoes(url)
        self.binary_echoes(url)
        self.assertEqual(3, run_client(url + "x").status)

    def knows_deflate(self):
        with open(os.path.join(SOURCES, "conf", "marmoset.conf"), encoding="utf-8") as file:
            return "permessage_deflate" in file.read()

    def test_subprotocols(self):
        peer = self.peer(PythonPeer, subprotocols=["b", "c"])
        done = run_client("-p", "a", "-p", "b", "-c", "1", peer.url, given="x\n")
        self.assertEqual((0, ["x"]), (done.status, done.lines), done)
        self.assertEqual("b", peer.requests[0][2])
        refused = run_client("-p", "a", peer.url)  # the server takes none of them: browsers give up, too
        self.assertEqual(2, refused.status, refused)
        self.assertIn("none of the subprotocols", refused.err)

    def test_headers_and_credentials(self):
        peer = self.peer(PythonPeer)
        where = f"127.0.0.1:{peer.port}/"
        run_client("-c", "1", "-H", "Origin: http://x.example", "-H", "X-Empty:", "-u", "name:pass:word", f"ws://{where}", given="x\n")
        run_client("-c", "1", "-u", "other:one", f"ws://a%40b:p%3Aw@{where}", given="x\n")
        first, second = (request[1] for request in peer.requests)
        self.assertEqual("http://x.example", first["Origin"])
        self.assertEqual("", first["X-Empty"])
        self.assertEqual("Basic bmFtZTpwYXNzOndvcmQ=", first["Authorization"])
        self.assertEqual("Basic YUBiOnA6dw==", second["Authorization"])

    def test_a_unix_socket(self):
        server = self.gateway(section=f'addr = "unix:{self.folder}/gateway.sock";')
        self.echo()
        self.assertTrue(server.running())
        self.echoes(f"ws+unix://{self.folder}/gateway.sock:/echo")

    def test_names_are_tried_address_by_address(self):
        # localhost is ::1 as well where there is IPv6, and nobody listens there.
        peer = self.peer(PythonPeer)
        while not self.nobody_else_listens(peer.port):
            peer = self.peer(PythonPeer)
        self.echoes(f"ws://localhost:{peer.port}/")

    def nobody_else_listens(self, port):
        """On ::1, now and later: another test may get the same number there."""
        taken = socket.socket(socket.AF_INET6)
        self.addCleanup(taken.close)
        try:
            taken.bind(("::1", port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE
        return True


class Filter(Peers):
    def test_an_endless_server_does_not_grow_the_client_nor_keep_it(self):
        def flood(wire):
            wire.shake_hands()
            while not wire.reset:
                wire.say(1, "x" * 60000)
        done = run_client("--count", "200", self.peer(Scripted, flood).url)
        self.assertEqual((0, 200), (done.status, len(done.lines)))

    def test_a_message_in_fragments_with_a_ping_between(self):
        heard = []

        def talk(wire):
            wire.shake_hands()
            wire.say(1, "one ", fin=False)
            wire.say(9, "between")
            wire.say(0, "two", fin=True)
            heard.append(wire.hear())
            wire.hear_close()
        peer = self.peer(Scripted, talk)
        done = run_client("-c", "1", peer.url)
        self.assertEqual(["one two"], done.lines)
        wait_for("the pong", lambda: heard)
        self.assertEqual((10, b"between", True), heard[0])

    def test_bytes_behind_the_answer(self):
        done = run_client("-c", "1", self.peer(Scripted, lambda wire: wire.shake_hands(behind=b"\x81\x05early").farewell()).url)
        self.assertEqual(["early"], done.lines)

    def test_exit_statuses_of_an_open_connection(self):
        def closing(payload):
            def talk(wire):
                wire.shake_hands()
                wire.say(8, payload)
                wire.wait_end()
            return self.peer(Scripted, talk).url
        for payload, status, said in ((b"\x03\xe8", 0, ""), (b"\x03\xe9", 0, ""), (b"", 0, ""), (b"\x03\xf3oh no", 4, "closed with 1011 oh no"),
                                      (b"\x0f\xa1", 4, "closed with 4001")):
            done = run_client("-q", "20", closing(payload))
            self.assertEqual(status, done.status, done)
            self.assertIn(said, done.err)

    def test_timeout(self):
        done = run_client("--timeout", "0.3", "-c", "1", self.peer(Scripted, lambda wire: wire.shake_hands().wait_end()).url)
        self.assertEqual(5, done.status, done)

    def test_a_server_that_does_not_read_holds_the_input_back(self):
        # More than the sockets and the client's own queue take is given; it must stop reading long before that.
        released = threading.Event()

        def stall(wire):
            wire.shake_hands()
            released.wait(scaled(25))
        peer = self.peer(Scripted, stall)
        self.addCleanup(released.set)  # done before the peer waits for its thread
        read, write = os.pipe()
        self.addCleanup(os.close, write)
        line = [program("websocket_client"), "--binary", peer.url]
        client = subprocess.Popen(line, stdin=read, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        os.close(read)
        os.set_blocking(write, False)
        total, enough = 0, 1 << 20
        # Until it is connected it reads nothing either.
        while total < 1 << 28 and select.select([], [write], [], scaled(1 if total > enough else 20))[1]:
            total += os.write(write, b"x" * 4096)
        self.assertGreater(total, enough)
        self.assertLess(total, 1 << 26)

    def test_lines(self):
        peer = self.peer(PythonPeer)
        done = run_client("-c", "3", peer.url, given="one\n\nthree")  # an empty line is an empty message
        self.assertEqual(["one", "", "three"], done.lines)
        bad = run_client(peer.url, given=b"\xff\n")
        self.assertEqual(1, bad.status)
        self.assertIn("not UTF-8", bad.err)

    def test_verbose(self):
        done = run_client("-v", "-c", "1", "-u", "a:secret", self.peer(PythonPeer).url, given="hello\n")
        self.assertIn("> GET /python?x=1 HTTP/1.1", done.err)
        self.assertIn("< HTTP/1.1 101 ", done.err)
        self.assertRegex(done.err, r"(?m)^> text, \d+ bytes$")
        self.assertRegex(done.err, r"(?m)^< close, 2 bytes$")
        self.assertNotIn("c2VjcmV0", done.err)
        self.assertNotIn("secret", done.err)


class CommandLine(Peers):
    def test_wrong_usage(self):
        for arguments in ([], ["ws://a/", "ws://b/"], ["-c", "0", "ws://a/"], ["-c", "x", "ws://a/"], ["-t", "-1", "ws://a/"], ["--mystery"],
                          ["http"], ["ws://a b/"], ["ws://a/#b"], ["-H", "no colon", "ws://a/"], ["-H", "Upgrade: x", "ws://a/"],
                          ["-H", "A: b\r\nC: d", "ws://a/"], ["-p", "a b", "ws://a/"], ["-p", "a", "-p", "a", "ws://a/"],
                          ["--proxy", "socks://a", "ws://a/"]):
            done = run_client(*arguments)
            self.assertEqual(1, done.status, arguments)
            self.assertTrue(done.err, arguments)

    def test_help_and_manual_tell_the_same(self):
        done = run_client("--help")
        self.assertEqual(0, done.status)
        flags = re.findall(r"(?m)^  (?:-(\w), |    )--([\w-]+)", done.out.decode())
        self.assertGreater(len(flags), 13)
        with open(os.path.join(SOURCES, "conf", "man", "websocket_client.1"), encoding="utf-8") as file:
            page = file.read().replace("\\-", "-")
        for letter, name in flags:
            self.assertIn(f"--{name}", page)
            if letter:
                self.assertRegex(page, rf'(?m)^\.B[RI] "?-{letter}\b')
        self.assertRegex(run_client("--version").out.decode(), r"^websocket_client/\d")
