"""libwebsocket.so linked to a plain server: each call that reads gives payload of one message, each that writes is one message."""

from direct import PLAIN_SERVER, DirectCase
from harness import BINARY, PING, TEXT, deadline, frame

READS = "recv", "recvfrom", "recvmsg", "read", "readv", "recv_chk", "recvfrom_chk", "read_chk"
WRITES = "send", "sendto", "sendmsg", "write", "writev"


class Calls(DirectCase):
    def open(self, *words, **options):
        self.plain(*words, **options)
        return self.server.websocket("/plain")

    @deadline(60)
    def test_each_that_reads(self):
        for call in READS:
            with self.subTest(call):
                self.plain(f"read={call}", name=call)
                client = self.server.websocket(f"/{call}")
                self.converse(client)
                client.close()

    @deadline(60)
    def test_each_that_writes(self):
        for call in WRITES:
            with self.subTest(call):
                self.plain(f"write={call}", name=call)
                client = self.server.websocket(f"/{call}")
                self.converse(client)
                client.close()

    def test_the_checking_calls_are_what_is_tested(self):
        with open(PLAIN_SERVER, "rb") as file:
            text = file.read()
        for name in (b"__recv_chk", b"__recvfrom_chk", b"__read_chk", b"__poll_chk"):
            self.assertIn(b"\0" + name, text)

    def test_messages_in_one_segment(self):
        for call in READS:
            with self.subTest(call):
                self.plain(f"read={call}", name=call)
                client = self.server.websocket(f"/{call}")
                client.send(frame(TEXT, "one") + frame(PING, "p") + frame(BINARY, b"\xfe") + frame(TEXT) + frame(TEXT, "three"))
                self.assertEqual(b"p", client.read_pong())
                self.assertEqual([(TEXT, b"one"), (BINARY, b"\xfe"), (TEXT, b"three")],
                                 [client.read_message() for _ in range(3)])

    @deadline(60)
    def test_a_message_byte_by_byte(self):
        client = self.open()
        client.send_bytewise(frame(TEXT, "häß") + frame(BINARY, b"\xff" * 300))
        self.assertEqual((TEXT, "häß".encode()), client.read_message())
        self.assertEqual((BINARY, b"\xff" * 300), client.read_message())

    def test_a_message_larger_than_the_buffer(self):
        for call in READS:
            with self.subTest(call):
                self.plain(f"read={call}", "size=10", name=call)
                client = self.server.websocket(f"/{call}")
                client.send(frame(TEXT, "0123456789abcdefghijKLM") + frame(TEXT, "next"))
                self.assertEqual([b"0123456789", b"abcdefghij", b"KLM", b"next"], [client.read_message()[1] for _ in range(4)])

    def test_exactly_the_buffer(self):
        client = self.open("size=4")
        for text in ("abcd", "abcdefgh"):
            client.send(frame(TEXT, text) + frame(TEXT, "x"))
            for at in range(0, len(text), 4):
                self.assertEqual((TEXT, text[at:at + 4].encode()), client.read_message())
            self.assertEqual((TEXT, b"x"), client.read_message())

    @deadline(60)
    def test_looking_without_taking(self):
        for call in READS[:3] + ("recv_chk", "recvfrom_chk"):
            with self.subTest(call):
                server = self.plain(f"read={call}", "flags=peek", "size=8", name=call)
                client = self.server.websocket(f"/{call}")
                client.send(frame(TEXT, "abc") + frame(TEXT, "a longer message"))
                self.assertEqual([b"abc", b"a longer", b" message"], [client.read_message()[1] for _ in range(3)])
                client.close()
                server.wait_log("^end$")

    def test_waiting_for_the_whole_buffer(self):
        for call in READS[:3] + ("recv_chk", "recvfrom_chk"):
            with self.subTest(call):
                server = self.plain(f"read={call}", "flags=waitall", "size=10", name=call)
                client = self.server.websocket(f"/{call}")
                client.send(frame(TEXT, "abc") + frame(TEXT, "defghijklmn"))
                self.assertEqual(b"abcdefghij", client.read_message()[1])
                client.send(frame(TEXT, "op"))
                client.send_frame(PING, b"still waiting")
                self.assertEqual(b"still waiting", client.read_pong())
                client.send(frame(TEXT, "qrst"))
                self.assertEqual(b"klmnopqrst", client.read_message()[1])
                client.send(frame(TEXT, "end"))
                client.send_close(1000)
                # The end gives what there is, which is still answered.
                self.assertEqual(b"end", client.read_message()[1])
                client.expect_close(1000, answer=False)
                server.wait_log("^end$")

    def test_not_waiting(self):
        for call in READS[:3] + ("recv_chk", "recvfrom_chk"):
            with self.subTest(call):
                self.plain(f"read={call}", "flags=dontwait", "size=3000", name=call)
                client = self.server.websocket(f"/{call}")
                client.send_bytewise(frame(TEXT, "abc"))
                self.assertEqual((TEXT, b"abc"), client.read_message())
                self.echo_through(client, "x" * 70_000, boundaries=False)

    def test_nothing_written(self):
        server = self.open_obedient("empty")
        server.wait_log("^nothing: 0$")

    def open_obedient(self, word):
        server = self.plain("action=obey")
        client = self.server.websocket("/plain")
        client.send_text(word)
        self.client = client
        return server

    def test_a_time_limit_of_reading(self):
        server = self.plain("action=time_out")
        client = self.server.websocket("/plain")
        self.assertEqual((TEXT, b"late"), client.read_message())
        self.assertIn("read: Resource temporarily unavailable", server.log())
        client.echo("in time")


class Accepting(DirectCase):
    def test_both_calls(self):
        for call in ("accept", "accept4"):
            for serve in ("one", "loop"):  # blocking or not: the server checks the flags
                with self.subTest(f"{call} {serve}"):
                    name = f"{call}-{serve}"
                    server = self.plain(f"accept={call}", f"serve={serve}", name=name)
                    client = self.server.websocket(f"/{name}")
                    client.echo("hello")
                    client.close()
                    server.wait_log("^end$")

    def check_address(self, address, family_size):
        self.server = self.gateway(self.keys, f'addr = "{address}";')
        server = self.plain()
        client = self.server.websocket("/plain")
        client.echo("hello")
        host, port = client.sock.getsockname()[:2]
        line = f"{host} {port}, {family_size} bytes"
        self.assertIn(f"accepted {line}; peer {line}\n", server.log())

    def test_the_address_of_an_ipv4_client(self):
        self.check_address("127.0.0.1", 16)

    def test_the_address_of_an_ipv6_client(self):
        self.check_address("::1", 28)

    def test_the_address_of_an_ipv4_client_of_an_ipv6_socket(self):
        self.check_address("*", 16)

    def test_bytes_behind_the_handshake(self):
        server = self.plain()
        for early in (frame(TEXT, "early"), frame(BINARY, bytes(100_000)), frame(TEXT, "x" * 50) * 2000):
            client = self.server.websocket()
            client.start("/plain", behind=early)
            client.finish_handshake()
            count = len(early) // 56 if early[1] == 0x80 | 50 else 1
            got = [client.read_message() for _ in range(count)] if count > 1 else []
            if count == 1:
                size = 0
                while size < max(5, len(early) - 14):
                    size += len(client.read_message()[1])
            self.assertTrue(all(message == (TEXT, b"x" * 50) for message in got))
            client.echo("later")
            host, port = client.sock.getsockname()
            self.assertIn(f"accepted {host} {port}, 16 bytes", server.log())
            client.close()

    def test_a_connection_without_a_gateway(self):
        # accept() waits for a descriptor 500 ms at most; then the connection is what it seems to be.
        import socket
        server = self.plain()
        with socket.socket(socket.AF_UNIX) as plain:
            plain.settimeout(20)
            plain.connect(f"{self.sockets}/plain")
            server.wait_log("^accepted family 1; peer family 1$", 20)
            plain.sendall(b"as it is\n")
            self.assertEqual(b"as it is\n", plain.recv(100))
        server.wait_log("^end$")
        # One that speaks at once is no gateway either, and loses nothing.
        with socket.socket(socket.AF_UNIX) as plain:
            plain.settimeout(20)
            plain.connect(f"{self.sockets}/plain")
            plain.sendall(b"at once\n")
            self.assertEqual(b"at once\n", plain.recv(100))
        self.server.websocket("/plain").echo("and a client")

    def test_a_relaying_gateway(self):
        # The connection brings payload and no descriptor: the server works as it does without the library.
        self.plain()
        client = self.gateway("").websocket("/plain")
        client.echo("hello")


class Types(DirectCase):
    def kind(self, *words, data, sent=BINARY, **environment):
        name = "-".join(words) + "-".join(environment.values()) or "plain"
        name = name.replace("=", "-")
        if not any(one.name == "plain_server" and one.line[1].endswith("/" + name) for one in self.programs):
            self.plain(*words, name=name, **environment)
        client = self.server.websocket(f"/{name}")
        client.send_frame(sent, data)
        got = client.read_message()
        client.close()
        return got

    def test_auto_is_the_default(self):
        self.assertEqual((TEXT, b"abc"), self.kind(data=b"abc"))
        self.assertEqual((BINARY, b"\xff"), self.kind(data=b"\xff"))
        self.assertEqual((BINARY, b"\xe2\x82"), self.kind(data=b"\xe2\x82"))

    def test_by_the_environment(self):
        for data in (b"abc", "€".encode()):
            self.assertEqual((TEXT, data), self.kind(data=data, WEBSOCKET_TYPE="text"))
            self.assertEqual((BINARY, data), self.kind(data=data, WEBSOCKET_TYPE="binary", sent=TEXT))
            self.assertEqual((TEXT, data), self.kind(data=data, WEBSOCKET_TYPE="auto"))

    def test_by_socket(self):
        # It wins over the environment.
        other = {"WEBSOCKET_TYPE": "binary"}
        self.assertEqual((TEXT, b"abc"), self.kind("protocol=text", data=b"abc", **other))
        self.assertEqual((TEXT, b"abc"), self.kind("domain=websocket", "protocol=text", data=b"abc", **other))
        self.assertEqual((TEXT, b"abc"), self.kind("protocol=auto", data=b"abc", **other))
        self.assertEqual((BINARY, b"\xff"), self.kind("protocol=auto", data=b"\xff", **other))
        other = {"WEBSOCKET_TYPE": "text"}
        self.assertEqual((BINARY, b"abc"), self.kind("domain=websocket", data=b"abc", **other))
        # 0 is what every server says: with AF_UNIX it says nothing.
        self.assertEqual((TEXT, b"abc"), self.kind("protocol=blob", data=b"abc", **other))

    def test_an_unfinished_character_of_text_waits(self):
        self.plain("protocol=text", "size=1")
        client = self.server.websocket("/plain")
        client.send_text("a€𝄞b")  # the server writes them byte by byte
        self.assertEqual(["a", "€", "𝄞", "b"], [client.read_message()[1].decode() for _ in range(4)])

    def test_bytes_that_are_no_text(self):
        server = self.plain("protocol=text")
        client = self.server.websocket("/plain")
        client.send_binary(b"\xff\xfe")
        server.wait_log("^write: Invalid or incomplete multibyte or wide character$")
        self.assertEqual(1000, client.read_frame().code)
