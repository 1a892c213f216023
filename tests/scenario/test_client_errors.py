"""websocket_client against servers and proxies that misbehave, or are not there: the exit status, the socket error's number,
and that nothing is believed which RFC 6455 forbids to believe."""

import socket

from harness import Case
from websocket_peers import Refusing, Scripted, Silent, run_client

# As in Qt's table.
(UNKNOWN, REFUSED, REMOTE_CLOSED, HOST_NOT_FOUND, ACCESS, TIMEOUT, NETWORK, UNSUPPORTED, PROXY_AUTHENTICATION, SSL, PROXY_REFUSED,
 PROXY_CLOSED, PROXY_TIMEOUT, PROXY_NOT_FOUND, PROXY_PROTOCOL, SSL_USER_DATA) = (-1, 0, 1, 2, 3, 5, 7, 10, 11, 12, 14, 15, 16, 17, 18, 21)
# No resolver is asked for a name with a label of 64 characters.
NO_NAME = "x" * 64 + ".invalid"
NO_CONNECTION, REJECTED, ABNORMAL = 2, 3, 4


class Errors(Case):
    def peer(self, kind, *arguments, **options):
        one = kind(*arguments, **options)
        self.addCleanup(one.close)
        return one

    def expect(self, status, error, *arguments, said=""):
        done = run_client("-v", *arguments)
        self.assertEqual((status, error), (done.status, done.socket_error), done)
        self.assertIn(said, done.err)
        return done


class Reaching(Errors):
    def test_nobody_listens(self):
        self.expect(NO_CONNECTION, REFUSED, f"ws://127.0.0.1:{self.peer(Refusing).port}/", said="Connection refused")
        self.expect(NO_CONNECTION, REFUSED, f"ws+unix://{self.folder}/none:/")

    def test_no_such_host(self):
        self.expect(NO_CONNECTION, HOST_NOT_FOUND, f"ws://{NO_NAME}/")

    def test_no_way_there(self):
        self.expect(NO_CONNECTION, NETWORK, "ws://255.255.255.255/")

    def test_a_socket_of_another_kind(self):
        path = self.path("packets")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(path)
            listener.listen()
            self.expect(NO_CONNECTION, UNSUPPORTED, f"ws+unix://{path}:/")

    def test_a_server_that_never_answers(self):
        self.expect(NO_CONNECTION, TIMEOUT, "--connect-timeout", "0.3", f"ws://127.0.0.1:{self.peer(Silent).port}/")

    def test_a_ca_file_that_is_none(self):
        done = run_client("-v", "--cacert", self.path("none.pem"), "wss://127.0.0.1:1/")
        self.assertEqual((1, SSL_USER_DATA), (done.status, done.socket_error), done)
        done = run_client("-v", "--cacert", self.path("text.pem", "no certificate"), "wss://127.0.0.1:1/")
        self.assertEqual((1, SSL_USER_DATA), (done.status, done.socket_error), done)

    def test_no_tls_there(self):
        def talk(wire):
            wire.fill()
            wire.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.expect(NO_CONNECTION, SSL, f"wss://127.0.0.1:{self.peer(Scripted, talk).port}/", said="TLS")


class Handshake(Errors):
    def answering(self, make):
        """A server whose answer is make(wire, fields)."""
        def talk(wire):
            wire.send(make(wire, wire.read_request()))
            wire.farewell()
        return self.peer(Scripted, talk).url

    def changed(self, *more, **options):
        return self.answering(lambda wire, fields: wire.answer(fields, *more, **options))

    def test_it_closes_early(self):
        self.expect(NO_CONNECTION, REMOTE_CLOSED, self.peer(Scripted, lambda wire: wire.read_request()).url)
        self.expect(NO_CONNECTION, REMOTE_CLOSED, self.peer(Scripted, lambda wire: (wire.read_request(), wire.send(b"HTTP/1.1 101 Swi"))).url)
        self.expect(NO_CONNECTION, REMOTE_CLOSED, self.peer(Scripted, lambda wire: (wire.read_request(), wire.abort())).url)

    def test_byte_by_byte(self):
        def talk(wire):
            fields = wire.read_request()
            wire.send_bytewise(wire.answer(fields) + b"\x81\x05hello")
            wire.farewell()
        # Each byte waits until the one before has been read: that takes its time.
        done = run_client("-c", "1", "--connect-timeout", "25", self.peer(Scripted, talk).url, seconds=25)
        self.assertEqual((0, ["hello"]), (done.status, done.lines), done)

    def test_interim_answers_before_it(self):
        url = self.answering(lambda wire, fields: b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
                             wire.answer(fields) + b"\x81\x02hi")
        self.assertEqual(["hi"], run_client("-c", "1", url).lines)

    def test_endless_interim_answers(self):
        self.expect(NO_CONNECTION, UNKNOWN, self.answering(lambda *_: b"HTTP/1.1 103 x\r\nLink: yyyyyyyyyyyy\r\n\r\n" * 1000), said="larger")

    def test_a_key_that_does_not_fit(self):
        self.expect(NO_CONNECTION, UNKNOWN, self.changed(accept="s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), said="Sec-WebSocket-Accept")
        self.expect(NO_CONNECTION, UNKNOWN, self.changed(drop=("Sec-WebSocket-Accept",)), said="Sec-WebSocket-Accept")
        url = self.answering(lambda wire, fields: wire.answer(fields, "Sec-WebSocket-Accept: x"))
        self.expect(NO_CONNECTION, UNKNOWN, url, said="Sec-WebSocket-Accept")

    def test_other_protocols(self):
        self.expect(NO_CONNECTION, UNKNOWN, self.changed("Upgrade: h2c", drop=("Upgrade",)), said="Upgrade")
        self.expect(NO_CONNECTION, UNKNOWN, self.changed("Connection: close", drop=("Connection",)), said="Connection")

    def test_what_was_not_asked_for(self):
        self.expect(NO_CONNECTION, UNKNOWN, self.changed("Sec-WebSocket-Protocol: chat"), said="subprotocol")
        self.expect(NO_CONNECTION, UNKNOWN, "-p", "a", self.changed("Sec-WebSocket-Protocol: b"), said="subprotocol")
        for extension in ("x-unknown", "permessage-deflate; mystery", "permessage-deflate; client_max_window_bits",
                          "permessage-deflate, permessage-deflate"):
            self.expect(NO_CONNECTION, UNKNOWN, self.changed(f"Sec-WebSocket-Extensions: {extension}"), said="extension")
        self.expect(NO_CONNECTION, UNKNOWN, "--no-compression", self.changed("Sec-WebSocket-Extensions: permessage-deflate"),
                    said="extension")

    def test_heads_that_are_too_large_or_none(self):
        self.expect(NO_CONNECTION, UNKNOWN, self.changed("X: " + "y" * 20000), said="16384")
        self.expect(NO_CONNECTION, UNKNOWN, self.answering(lambda *_: b"x" * 40000), said="16384")
        self.expect(NO_CONNECTION, UNKNOWN, self.changed(*(f"X-{number}: y" for number in range(120))), said="too many")
        for text in (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"HTTP/1.1 101 x\nUpgrade: websocket\n\r\n\r\n", b"HTTP/2 101\r\n\r\n",
                     b"HTTP/1.1 101 x\r\nA : b\r\n\r\n", b"HTTP/1.1 101 x\r\nA: b\r\n folded\r\n\r\n"):
            self.expect(NO_CONNECTION, UNKNOWN, self.answering(lambda wire, fields, text=text: text), said="answer")
        self.expect(NO_CONNECTION, UNKNOWN,
                    self.answering(lambda wire, fields: wire.answer(fields).replace(b"HTTP/1.1", b"HTTP/1.0")), said="1.0")

    def test_rejections_tell_the_status(self):
        for status in ("200 OK", "401 Unauthorized", "403 Forbidden", "404 Not Found", "426 Upgrade Required", "503 Later"):
            url = self.answering(lambda wire, fields, status=status: f"HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\nno\n".encode())
            self.expect(REJECTED, REFUSED, url, said=f"answered {status}")
        url = self.answering(lambda *_: b"HTTP/1.1 302 Found\r\nLocation: ws://elsewhere/\r\nContent-Length: 0\r\n\r\n")
        self.expect(REJECTED, REFUSED, url, said="302 Found to ws://elsewhere/")

    def test_the_terminal_is_not_the_servers(self):
        done = self.expect(REJECTED, REFUSED, self.answering(lambda *_: b"HTTP/1.1 404 \x1b]0;owned\x07\r\n\r\n"), said="404")
        self.assertNotIn("\x1b", done.err)


class Frames(Errors):
    def opened(self, *frames):
        def talk(wire):
            wire.shake_hands()
            for one in frames:
                wire.send(one)
            self.heard.append(wire.hear_close())
            wire.wait_end()
        return self.peer(Scripted, talk)

    def setUp(self):
        super().setUp()
        self.heard = []

    def fails(self, code, *frames, error=UNKNOWN):
        peer = self.opened(*frames)
        self.expect(ABNORMAL, error, "-q", "20", peer.url, said="closed with 1006")
        peer.close()
        self.assertEqual([], peer.errors)
        self.assertEqual(code, self.heard.pop())

    def test_what_servers_must_not_send(self):
        for name, code, frames in (("masked", 1002, [b"\x81\x85\1\2\3\4hello"]), ("RSV1 without compression", 1002, [b"\xc1\x01x"]),
                                   ("RSV2", 1002, [b"\xa1\x01x"]), ("opcode 3", 1002, [b"\x83\x00"]), ("opcode 11", 1002, [b"\x8b\x00"]),
                                   ("a fragmented ping", 1002, [b"\x09\x00"]), ("a long ping", 1002, [b"\x89\x7e\x00\x7e" + b"x" * 126]),
                                   ("continuation of nothing", 1002, [b"\x80\x01x"]), ("text in text", 1002, [b"\x01\x01x\x81\x01y"]),
                                   ("a length not in its shortest form", 1002, [b"\x81\x7e\x00\x01x"]),
                                   ("close with one byte", 1002, [b"\x88\x01x"]), ("close with 1005", 1002, [b"\x88\x02\x03\xed"]),
                                   ("close with 1006", 1002, [b"\x88\x02\x03\xee"]), ("close with 999", 1002, [b"\x88\x02\x03\xe7"]),
                                   ("no UTF-8", 1007, [b"\x81\x02\xc3\x28"]), ("close reason no UTF-8", 1007, [b"\x88\x03\x03\xe8\xff"])):
            with self.subTest(name):
                self.fails(code, *frames)

    def test_a_message_that_is_too_long(self):
        self.fails(1009, b"\x82\x7f" + (1 << 40).to_bytes(8, "big"), error=6)

    def test_lost(self):
        self.expect(ABNORMAL, REMOTE_CLOSED, "-q", "20", self.peer(Scripted, lambda wire: wire.shake_hands()).url, said="closed with 1006")
        self.expect(ABNORMAL, REMOTE_CLOSED, "-q", "20", self.peer(Scripted, lambda wire: wire.shake_hands(behind=b"\x81\x05he")).url)


class Proxies(Errors):
    def proxy(self, answer, then=lambda wire: wire.wait_end()):
        def talk(wire):
            self.asked.append(wire.read_request())
            wire.send(answer)
            then(wire)
        return f"http://127.0.0.1:{self.peer(Scripted, talk).port}"

    def setUp(self):
        super().setUp()
        self.asked = []

    def through(self, error, proxy, status=NO_CONNECTION, *more):
        return self.expect(status, error, "--proxy", proxy, *more, "ws://example.org/x")

    def test_a_tunnel(self):
        def serve(wire):
            wire.shake_hands()
            opcode, payload, _ = wire.hear()
            wire.say(opcode, payload)
            wire.farewell()
        proxy = self.proxy(b"HTTP/1.1 200 Connection established\r\n\r\n", serve)
        done = run_client("-c", "1", "--proxy", proxy.replace("http://", "http://us%40er:pass@"), "ws://example.org/x", given="hello\n")
        self.assertEqual((0, ["hello"]), (done.status, done.lines), done)
        self.assertEqual("CONNECT example.org:80 HTTP/1.1", self.asked[0][""])
        self.assertEqual("Basic dXNAZXI6cGFzcw==", self.asked[0]["proxy-authorization"])
        self.assertNotIn("sec-websocket-key", self.asked[0])

    def test_ipv6_and_ports_are_named_in_full(self):
        proxy = self.proxy(b"HTTP/1.1 400 no\r\n\r\n")
        run_client("--proxy", proxy, "ws://[::1]:8080/")
        self.assertEqual("CONNECT [::1]:8080 HTTP/1.1", self.asked[0][""])

    def test_errors_of_the_proxy(self):
        self.through(PROXY_NOT_FOUND, f"http://{NO_NAME}:1")
        self.through(PROXY_REFUSED, f"http://127.0.0.1:{self.peer(Refusing).port}")
        self.through(PROXY_TIMEOUT, f"http://127.0.0.1:{self.peer(Silent).port}", NO_CONNECTION, "--connect-timeout", "0.3")
        self.through(PROXY_CLOSED, self.proxy(b"", lambda wire: None))
        for answer, error in ((b"HTTP/1.1 407 Who\r\n\r\n", PROXY_AUTHENTICATION), (b"HTTP/1.1 403 No\r\n\r\n", ACCESS),
                              (b"HTTP/1.1 404 What\r\n\r\n", HOST_NOT_FOUND), (b"HTTP/1.1 503 Later\r\n\r\n", REFUSED),
                              (b"HTTP/1.1 502 Bad\r\n\r\n", REFUSED), (b"HTTP/1.1 504 Late\r\n\r\n", TIMEOUT),
                              (b"HTTP/1.1 101 Switching\r\n\r\n", PROXY_PROTOCOL), (b"HTTP/1.1 500 Oh\r\n\r\n", PROXY_PROTOCOL),
                              (b"garbage\r\n\r\n", PROXY_PROTOCOL), (b"x" * 20000, PROXY_PROTOCOL),
                              (b"HTTP/1.1 200 OK\r\n\r\nearly", PROXY_PROTOCOL)):
            is_status = answer.startswith(b"HTTP/1.1 ") and not answer.startswith((b"HTTP/1.1 101", b"HTTP/1.1 200"))
            self.through(error, self.proxy(answer), REJECTED if is_status else NO_CONNECTION)
