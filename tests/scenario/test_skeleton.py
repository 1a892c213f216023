"""The tutorial module does what its README says."""

from harness import Case


class Skeleton(Case):
    def setUp(self):
        super().setUp()
        self.document("index.html", "front")
        self.server = self.serve(f'skeleton = {{ path = "/hi"; text = "hello"; }};\n'
                                 f'document = {{ docroot = "{self.documents}"; }};')

    def test_get_and_head(self):
        client = self.server.http()
        answer = client.get("/hi")
        self.assertEqual((200, b"hello\n", "1"), (answer.status, answer.body, answer.get("X-Skeleton-Requests")))
        answer = client.get("/hi", method="HEAD")
        self.assertEqual((200, b"", "6"), (answer.status, answer.body, answer.get("Content-Length")))
        answer = client.get("/")
        self.assertEqual((b"front", "3"), (answer.body, answer.get("X-Skeleton-Requests")))

    def test_post(self):
        client = self.server.http()
        for body in (b"", b"x", b"x" * 65536):
            answer = client.get("/hi", method="POST", body=body)
            self.assertEqual((200, f"{len(body)} bytes\n"), (answer.status, answer.body.decode()))
        chunked = client.get("/hi", {"Transfer-Encoding": "chunked"}, "POST", b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        self.assertEqual(b"5 bytes\n", chunked.body)

    def test_refusals(self):
        self.assertEqual(413, self.server.http().get("/hi", method="POST", body=b"x" * 65537).status)
        self.assertEqual(411, self.server.http().get("/hi", method="POST").status)
        answer = self.server.http().get("/hi", method="DELETE")
        self.assertEqual((405, "GET, HEAD, POST"), (answer.status, answer.get("Allow")))
