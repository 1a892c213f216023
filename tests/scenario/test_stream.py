"""Servers behind a SOCK_STREAM socket, as ouistiti's: one connection a client, payload bytes and nothing else."""

import fcntl
import shutil
import socket
import struct
import threading

from harness import BINARY, CLOSE, PING, TEXT, Case, can_connect, deadline, frame, incoming_bytes, wait_for

SIOCOUTQ = 0x5411


class Stream(Case):
    keys = ""

    def setUp(self):
        super().setUp()
        self.server = self.gateway(self.keys)
        self.app = self.stream_server()

    def open(self, target="/app", **options):
        client = self.server.websocket(target, **options)
        return client, self.app.accept()

    def send_apart(self, peer, *pieces):
        """Each is sent when the gateway has read the one before."""
        for piece in pieces:
            peer.send(piece)
            wait_for("the gateway to read", lambda: self.unread(peer) == 0)

    def unread(self, peer):
        return struct.unpack("i", fcntl.ioctl(peer.sock, SIOCOUTQ, b"\0\0\0\0"))[0]


class Payload(Stream):
    def test_only_payload_reaches_the_server(self):
        client, peer = self.open()
        client.send_text("hello")
        self.assertEqual(b"hello", peer.read(5))
        client.send_binary(b"\0\1\xff")
        self.assertEqual(b"\0\1\xff", peer.read(3))
        client.send(frame(TEXT) + frame(PING, "p") + frame(BINARY, b"x"))
        self.assertEqual(b"x", peer.read(1))
        self.assertEqual(b"p", client.read_pong())

    def test_fragments_are_joined(self):
        client, peer = self.open()
        client.send_fragments(TEXT, ["he", "", "l", "lo"])
        self.assertEqual(b"hello", peer.read(5))

    def test_what_the_server_writes_is_a_text_message(self):
        client, peer = self.open()
        peer.send(b"hello")
        self.assertEqual((TEXT, b"hello"), client.read_message())
        peer.send("häß€\n".encode())
        self.assertEqual((TEXT, "häß€\n".encode()), client.read_message())

    def test_each_read_is_one_message(self):
        client, peer = self.open()
        self.send_apart(peer, b"one", b"two", b"three")
        for text in (b"one", b"two", b"three"):
            self.assertEqual((TEXT, text), client.read_message())

    def test_an_unfinished_character_waits(self):
        client, peer = self.open()
        data = "a€𝄞b".encode()
        self.send_apart(peer, *(data[at:at + 1] for at in range(len(data))))
        got = b""
        while got != data:
            opcode, part = client.read_message()
            part.decode()  # each message is valid by itself
            self.assertEqual(TEXT, opcode)
            got += part
            self.assertTrue(data.startswith(got), got)

    def test_bytes_that_are_no_text(self):
        # As binary messages, or as a failure of the server (1011): never as a broken text frame.
        client, peer = self.open()
        peer.send(b"\xff\xfe\xfd")
        got = client.read_frame()
        if got.opcode == CLOSE:
            self.assertEqual(1011, got.code)
        else:
            self.assertEqual((BINARY, b"\xff\xfe\xfd"), (got.opcode, got.payload))

    def test_a_nul_ends_a_message(self):
        client, peer = self.open()
        peer.send(b"one\0two\0")
        self.assertEqual((TEXT, b"one"), client.read_message())
        self.assertEqual((TEXT, b"two"), client.read_message())

    @deadline(60)
    def test_large_data_both_ways(self):
        client, peer = self.open()
        data = b"0123456789abcdef" * (1 << 19)  # 8 MiB
        sender = threading.Thread(target=client.send_binary, args=(data,))
        sender.start()
        self.assertTrue(data == peer.read(len(data)))
        sender.join()
        client.sock.setblocking(False)
        peer.sock.setblocking(False)
        sent, got = 0, bytearray()
        while len(got) < len(data):
            if sent < len(data):
                try:
                    sent += peer.sock.send(data[sent:sent + 200_000])
                except BlockingIOError:
                    pass
            got += client.read_message()[1]
        self.assertTrue(data == got)

    def test_frames_behind_the_handshake(self):
        client = self.server.websocket()
        client.open("/app", behind=frame(TEXT, "early"))
        self.assertEqual(b"early", self.app.accept().read(5))

    def test_a_server_that_speaks_first(self):
        client, peer = self.open()
        peer.send(b"welcome")
        self.assertEqual((TEXT, b"welcome"), client.read_message())

    def test_clients_have_connections_of_their_own(self):
        pairs = [self.open() for _ in range(30)]
        for number, (client, peer) in enumerate(pairs):
            client.send_text(f"to {number:02}")
            peer.send(f"from {number}".encode())
        for number, (client, peer) in enumerate(pairs):
            self.assertEqual(f"to {number:02}".encode(), peer.read(5))
            self.assertEqual(f"from {number}".encode(), client.read_message()[1])


class Ends(Stream):
    def test_the_server_closes(self):
        client, peer = self.open()
        peer.send(b"last words")
        peer.drop()
        self.assertEqual((TEXT, b"last words"), client.read_message())
        got = client.read_frame()
        self.assertEqual(CLOSE, got.opcode)
        self.assertIn(got.code, (1000, 1001))
        client.send_close(got.code)
        client.expect_end()

    def test_the_server_speaks_and_is_gone_at_once(self):
        for _ in range(100):
            client = self.server.websocket()
            client.start("/app")
            peer = self.app.accept()
            peer.send(b"hello")
            peer.drop()
            client.finish_handshake()
            self.assertEqual((TEXT, b"hello"), client.read_message())
            self.assertEqual(CLOSE, client.read_frame().opcode)
            client.drop()

    def test_the_server_goes_and_has_not_read(self):
        # What it left unread resets its connection; its last words and its orderly end still count.
        for number in range(20):
            client, peer = self.open()
            client.send_text("never read")
            wait_for("the gateway to send", lambda: incoming_bytes(peer.sock) > 0)
            if number % 2:
                wait_for("the gateway to read", lambda: self.unread(peer) == 0)
            peer.send(b"last words")
            peer.drop()
            self.assertEqual((TEXT, b"last words"), client.read_message())
            client.expect_close(1000)

    def test_the_server_goes_while_much_is_on_its_way(self):
        client, peer = self.open()
        sender = threading.Thread(target=client.send, args=(frame(BINARY, b"x" * 3_000_000),))
        sender.start()
        wait_for("the gateway to send", lambda: incoming_bytes(peer.sock) > 100_000)
        peer.send(b"enough")
        peer.drop()
        self.assertEqual((TEXT, b"enough"), client.read_message())
        self.assertEqual(1000, client.read_frame().code)
        sender.join()

    def test_the_client_closes(self):
        client, peer = self.open()
        client.send_text("last words")
        client.close(1000)
        self.assertEqual(b"last words", peer.read_all())

    def test_the_client_is_lost(self):
        client, peer = self.open()
        client.send_text("last words")
        client.abort()
        self.assertIn(peer.read_all(), (b"last words", b""))

    def test_the_client_breaks_a_rule(self):
        client, peer = self.open()
        client.send(frame(3))
        client.expect_fail(1002)
        peer.expect_end()

    def test_an_unfinished_character_at_the_end(self):
        client, peer = self.open()
        peer.send(b"ok \xe2\x82")
        peer.drop()
        got = client.read_frame()
        if got.opcode == TEXT:
            self.assertEqual(b"ok ", got.payload)
            got = client.read_frame()
        self.assertEqual(CLOSE, got.opcode)

    def test_a_server_that_only_stops_writing(self):
        client, peer = self.open()
        peer.finish()
        self.assertEqual(CLOSE, client.read_frame().opcode)

    def test_no_server(self):
        self.app.sock.close()
        client = self.server.websocket()
        client.start("/app")
        self.assertEqual(503, client.response().status)
        self.app.close()
        self.app = self.stream_server()
        self.open()

    def test_a_close_while_the_server_does_not_read(self):
        client, peer = self.open()
        client.send_binary(b"x" * 3_000_000)
        client.send_close(1000)
        data = peer.read_all()
        self.assertEqual(3_000_000, len(data))


class Foreign(Case):
    """Servers nobody wrote for us."""

    def check_echo(self, line):
        self.assertTrue(shutil.which(line[0]), f"{line[0]} is not installed")
        server = self.gateway()
        self.launch(line, line[0])
        path = self.path("sockets/foreign")
        wait_for(f"{line[0]} to listen", lambda: can_connect(path, socket.SOCK_STREAM))
        clients = [server.websocket("/foreign") for _ in range(3)]
        for number, client in enumerate(clients):
            client.send_text(f"hello {number}")
            self.assertEqual((TEXT, f"hello {number}".encode()), client.read_message())
        data = b"0123456789" * 1000
        for _ in range(50):  # ncat can't write to its command and read from it at the same time: no more than a pipe holds
            clients[0].send_binary(data)
            got = b""
            while len(got) < len(data):
                got += clients[0].read_message()[1]
            self.assertTrue(data == got)
        for client in clients:
            client.close(1000)

    def test_socat(self):
        self.check_echo(["socat", f"UNIX-LISTEN:{self.path('sockets/foreign')},fork,mode=666", "EXEC:cat"])

    def test_ncat(self):
        self.check_echo(["ncat", "-lkU", self.path("sockets/foreign"), "--exec", "/bin/cat"])

    def test_a_shell_command_that_ends(self):
        # (socat itself may lose the output of a command that ends before it looks: this one ends when it is told to.)
        self.launch(["socat", f"UNIX-LISTEN:{self.path('sockets/foreign')},fork,mode=666", "SYSTEM:echo hello; read -r line"], "socat")
        wait_for("socat to listen", lambda: can_connect(self.path("sockets/foreign"), socket.SOCK_STREAM))
        client = self.gateway().websocket("/foreign")
        self.assertEqual((TEXT, b"hello\n"), client.read_message())
        client.send_text("go\n")
        self.assertEqual(CLOSE, client.read_frame().opcode)
