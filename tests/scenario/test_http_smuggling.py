"""Requests on whose end two parsers could disagree (RFC 9112 11.2): each is refused, and the connection is closed, so that
nothing behind it is ever taken for a request."""

from harness import Case

HEAD = b"POST /index.html HTTP/1.1\r\nHost: localhost\r\n"


class Smuggling(Case):
    def setUp(self):
        super().setUp()
        self.document("index.html", "page")
        self.server = self.gateway()

    def check_refused(self, text, statuses=(400,)):
        client = self.server.http()
        # Behind the questionable request: one that must never be answered.
        client.send(text + b"GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = client.response()
        self.assertIn(answer.status, statuses, text)
        self.assertEqual("close", answer.get("Connection").lower())
        client.expect_end()

    def check_each(self, shapes, statuses=(400,)):
        for name, text in shapes.items():
            with self.subTest(name, text=text):
                self.check_refused(text, statuses)

    def test_length_shapes(self):
        self.check_each({
            "length and chunked": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "chunked and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            "two equal lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
            "length list": HEAD + b"Content-Length: 5, 5\r\n\r\nhello",
            "length list with others": HEAD + b"Content-Length: 5, 6\r\n\r\nhello",
            "plus": HEAD + b"Content-Length: +5\r\n\r\nhello",
            "minus": HEAD + b"Content-Length: -5\r\n\r\nhello",
            "hexadecimal": HEAD + b"Content-Length: 0x5\r\n\r\nhello",
            "space inside": HEAD + b"Content-Length: 1 5\r\n\r\nhello",
            "empty": HEAD + b"Content-Length: \r\n\r\n",
            "a letter": HEAD + b"Content-Length: 5x\r\n\r\nhello",
            "a fraction": HEAD + b"Content-Length: 5.0\r\n\r\nhello",
            "overflow": HEAD + b"Content-Length: 18446744073709551621\r\n\r\nhello",
            "underscore": HEAD + b"Content-Length: 5_0\r\n\r\nhello",
        }, (400, 413))

    def test_coding_shapes(self):
        self.check_each({
            "chunked not last": HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
            "chunked twice": HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            "chunked in two fields": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "chunked, then identity": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
            "empty": HEAD + b"Transfer-Encoding: \r\n\r\n0\r\n\r\n",
            "chunked with a vertical tab": HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
            "quoted": HEAD + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
            "chunked with a parameter": HEAD + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
        }, (400, 501))
        self.check_each({
            "only chunked twice": HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            "1.0 with chunked": b"POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        })

    def test_unknown_codings_are_501(self):
        self.check_each({
            "unknown": HEAD + b"Transfer-Encoding: frob\r\n\r\n",
            "unknown, but not chunked": HEAD + b"Transfer-Encoding: frob, chunked\r\n\r\n0\r\n\r\n",
            "gzip before chunked": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "xchunked": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "identity": HEAD + b"Transfer-Encoding: identity\r\n\r\n",
        }, (501, 400))
        self.check_refused(HEAD + b"Transfer-Encoding: frob\r\n\r\n", (501,))

    def test_line_shapes(self):
        get = b"GET /index.html HTTP/1.1\r\n"
        self.check_each({
            "folded": get + b"Host: localhost\r\nX: a\r\n b\r\n\r\n",
            "folded with a tab": get + b"Host: localhost\r\nX: a\r\n\tb\r\n\r\n",
            "folded first": get + b" Host: localhost\r\n\r\n",
            "a space before the first field": get + b" \r\nHost: localhost\r\n\r\n",
            "bare LF": get + b"Host: localhost\nX: y\r\n\r\n",
            "bare LF ends the head": get + b"Host: localhost\r\nX: y\n\n",
            "bare LF in the request line": b"GET /index.html HTTP/1.1\nHost: localhost\r\n\r\n",
            "bare CR": get + b"Host: localhost\rX: y\r\n\r\n",
            "bare CR in a value": get + b"Host: localhost\r\nX: a\rb\r\n\r\n",
            "CR CR LF": get + b"Host: localhost\r\r\n\r\n",
            "NUL in a value": get + b"Host: localhost\r\nX: a\0b\r\n\r\n",
            "NUL in a name": get + b"Host: localhost\r\nX\0: b\r\n\r\n",
            "NUL in the target": b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "NUL in the method": b"G\0T / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "control character in a value": get + b"Host: localhost\r\nX: a\x01b\r\n\r\n",
            "DEL in a value": get + b"Host: localhost\r\nX: a\x7fb\r\n\r\n",
        }, (400, 501))

    def test_name_shapes(self):
        get = b"GET /index.html HTTP/1.1\r\nHost: localhost\r\n"
        self.check_each({
            "space before the colon": get + b"X : y\r\n\r\n",
            "tab before the colon": get + b"X\t: y\r\n\r\n",
            "length with a space": HEAD + b"Content-Length : 5\r\n\r\nhello",
            "coding with a space": HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            "empty name": get + b": y\r\n\r\n",
            "no colon": get + b"X\r\n\r\n",
            "space inside": get + b"X Y: z\r\n\r\n",
            "parenthesis": get + b"X(Y): z\r\n\r\n",
            "not ASCII": get + b"X\xe9: z\r\n\r\n",
        })

    def test_host_shapes(self):
        get = b"GET /index.html HTTP/1.1\r\n"
        self.check_each({
            "missing": get + b"\r\n",
            "two": get + b"Host: localhost\r\nHost: other\r\n\r\n",
            "two equal": get + b"Host: localhost\r\nHost: localhost\r\n\r\n",
            "a list": get + b"Host: localhost, other\r\n\r\n",
            "empty": get + b"Host: \r\n\r\n",
            "user": get + b"Host: user@localhost\r\n\r\n",
            "a path": get + b"Host: localhost/x\r\n\r\n",
            "a space": get + b"Host: local host\r\n\r\n",
            "a bad port": get + b"Host: localhost:x\r\n\r\n",
            "a large port": get + b"Host: localhost:99999\r\n\r\n",
            "half a bracket": get + b"Host: [::1\r\n\r\n",
            "two in 1.0": b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        })

    def test_target_shapes(self):
        self.check_each({
            "fragment": b"GET /index.html#x HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "fragment behind a query": b"GET /?a#b HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "two spaces": b"GET  /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "space inside": b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "tab": b"GET\t/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "space at the end": b"GET / HTTP/1.1 \r\nHost: localhost\r\n\r\n",
            "control character": b"GET /\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "space first": b" GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "not ASCII": b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        }, (400, 501))

    def test_version_shapes(self):
        # HTTP/0.9 has neither fields nor bodies.
        self.check_each({
            "0.9 with fields": b"GET /index.html HTTP/0.9\r\nHost: localhost\r\n\r\n",
            "0.9 with a body": b"POST / HTTP/0.9\r\nContent-Length: 5\r\n\r\nhello",
        }, (400, 505))

    def test_other_protocols_are_refused(self):
        self.check_each({
            "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            "binary": b"\xff\xfe\xfd\r\n\r\n",
        }, (400, 501, 505))
