"""STREAM servers that speak in lines (framing = "lines"): one text message a line, both ways."""

from harness import BINARY, TEXT, Case, deadline, incoming_bytes, outgoing_bytes, wait_for


class Lines(Case):
    keys = 'names = ({ name = "app"; framing = "lines"; });'

    def setUp(self):
        super().setUp()
        self.server = self.gateway(self.keys)
        self.app = self.stream_server()

    def open(self):
        client = self.server.websocket("/app")
        return client, self.app.accept()

    def send_apart(self, peer, *pieces):
        """Each is sent when the gateway has read the one before."""
        for piece in pieces:
            peer.send(piece)
            wait_for("the gateway to read", lambda: outgoing_bytes(peer.sock) == 0)


class ToTheServer(Lines):
    def test_a_message_is_a_line(self):
        client, peer = self.open()
        client.send_text("hello")
        client.send_text("")
        client.send_text("häß €")
        self.assertEqual("hello\n\nhäß €\n".encode(), peer.read(len("hello\n\nhäß €\n".encode())))

    def test_fragments_are_one_line(self):
        client, peer = self.open()
        client.send_fragments(TEXT, ["he", "", "l", "lo"])
        client.send_text("next")
        self.assertEqual(b"hello\nnext\n", peer.read(11))

    def test_a_carriage_return_stays(self):
        client, peer = self.open()
        client.send_text("a\rb\r")
        self.assertEqual(b"a\rb\r\n", peer.read(5))

    def test_a_newline_inside_is_refused(self):
        for text in ("two\nlines", "\n", "end\n"):
            client, peer = self.open()
            client.send_text(text)
            client.expect_fail(1007)
            peer.expect_end()

    def test_a_newline_in_a_fragment(self):
        client, peer = self.open()
        client.send_fragments(TEXT, ["one", "\n", "two"])
        client.expect_fail(1007)
        self.assertEqual(b"one", peer.read_all())  # a line without its end: the message was not finished

    def test_a_binary_message_is_refused(self):
        client, peer = self.open()
        client.send_binary(b"x")
        client.expect_fail(1003)
        peer.expect_end()

    @deadline(60)
    def test_long_lines(self):
        client, peer = self.open()
        for size in (65536, 1_000_000):
            client.send_text("x" * size)
            self.assertTrue(b"x" * size + b"\n" == peer.read(size + 1))


class FromTheServer(Lines):
    def test_a_line_is_a_message(self):
        client, peer = self.open()
        peer.send("one\n\nthrée\nfour\n".encode())
        for text in ("one", "", "thrée", "four"):
            self.assertEqual((TEXT, text.encode()), client.read_message())

    def test_lines_cut_anywhere(self):
        client, peer = self.open()
        data = "a€\n\n𝄞\n".encode()
        self.send_apart(peer, *(data[at:at + 1] for at in range(len(data))))
        for text in ("a€", "", "𝄞"):
            self.assertEqual((TEXT, text.encode()), client.read_message())

    def test_a_carriage_return_before_the_end_goes(self):
        client, peer = self.open()
        self.send_apart(peer, b"one\r\ntw\ro\r", b"\n\r\n\r\r\n")
        for text in (b"one", b"tw\ro", b"", b"\r"):
            self.assertEqual((TEXT, text), client.read_message())

    def test_the_last_line_needs_no_end(self):
        client, peer = self.open()
        peer.send(b"one\ntwo")
        peer.drop()
        for text in (b"one", b"two"):
            self.assertEqual((TEXT, text), client.read_message())
        client.expect_close(1000)

    def test_not_utf8(self):
        client, peer = self.open()
        peer.send(b"good\nb\xffd\n")
        self.assertEqual((TEXT, b"good"), client.read_message())
        client.expect_fail(1011)
        peer.expect_end()
        self.server.wait_log("app: a line is not UTF-8")

    def test_a_character_cut_by_the_end(self):
        client, peer = self.open()
        peer.send(b"ok\n\xe2\x82")
        peer.drop()
        self.assertEqual((TEXT, b"ok"), client.read_message())
        client.expect_fail(1011)

    @deadline(60)
    def test_long_lines(self):
        client, peer = self.open()
        client.sock.settimeout(20)
        for size in (70_000, 200_000):
            peer.send(b"x" * size + b"\nshort\n")
            self.assertEqual((TEXT, b"x" * size), client.read_message())
            self.assertEqual((TEXT, b"short"), client.read_message())

    def test_many_lines_of_one_read(self):
        client, peer = self.open()
        peer.send(b"".join(b"%d\n" % number for number in range(5000)))
        for number in range(5000):
            self.assertEqual((TEXT, b"%d" % number), client.read_message())

    def test_a_server_that_is_gone_at_once_and_has_not_read(self):
        client, peer = self.open()
        client.send_text("never read")
        wait_for("the gateway to send", lambda: incoming_bytes(peer.sock) > 0)
        peer.send(b"last words\n")
        peer.drop()
        self.assertEqual((TEXT, b"last words"), client.read_message())
        client.expect_close(1000)


class Limit(Lines):
    keys = 'max_message = 1000; names = ({ name = "app"; framing = "lines"; });'

    def test_the_longest_line(self):
        client, peer = self.open()
        self.send_apart(peer, b"x" * 500, b"x" * 500 + b"\r\n" + b"y" * 1000 + b"\n")
        self.assertEqual((TEXT, b"x" * 1000), client.read_message())
        self.assertEqual((TEXT, b"y" * 1000), client.read_message())

    def test_a_line_too_long(self):
        client, peer = self.open()
        peer.send(b"x" * 1001 + b"\n")
        client.expect_fail(1011)
        self.server.wait_log("app: a line is longer than max_message")

    def test_a_line_that_never_ends(self):
        client, peer = self.open()
        for _ in range(3):
            peer.send(b"x" * 400)
        client.expect_fail(1011)


class Echo(Case):
    def test_websocket_echo(self):
        self.echo(framing="lines")
        server = self.gateway('framing = "lines";')
        client = server.websocket("/echo")
        for text in ("hello", "", "häß", "x" * 100_000):
            client.send_text(text)
            self.assertEqual((TEXT, text.encode()), client.read_message())
        client.send_fragments(TEXT, ["he", "llo"])
        self.assertEqual((TEXT, b"hello"), client.read_message())

    def test_names_differ(self):
        self.echo(framing="lines", name="lines")
        self.echo(framing="records", name="lab/records")
        self.echo(framing="bytes", name="bytes")
        self.echo(name="packets")
        server = self.gateway('type = "binary"; names = ({ name = "lines"; framing = "lines"; }, '
                              '{ name = "lab/records"; framing = "records"; }, { name = "packets"; framing = "lines"; });')
        for name, kind in (("lines", TEXT), ("lab/records", TEXT), ("bytes", BINARY), ("packets", TEXT)):
            client = server.websocket("/" + name)
            client.send_text("hello")
            self.assertEqual((kind, b"hello"), client.read_message(), name)

    def test_by_subprotocol(self):
        for framing in ("lines", "records", "bytes"):
            self.echo(framing=framing, name=framing)
        server = self.gateway('names = ({ name = "lines"; framing = "lines"; }, { name = "records"; framing = "records"; });')
        for framing in ("lines", "records", "bytes"):
            client = server.websocket()
            client.open("/elsewhere/x", headers={"Sec-WebSocket-Protocol": f"nothing, {framing}"})
            self.assertEqual(framing, client.answer.get("Sec-WebSocket-Protocol"))
            client.send_text("hello")
            self.assertEqual((TEXT, b"hello"), client.read_message())
