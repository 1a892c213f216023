"""Which form of a file is sent: conditionals (RFC 9110 13), ranges (RFC 9110 14), encodings (RFC 9110 12.5.3)."""

import email.utils
import gzip
import os
import re

from documents import LONG_AGO, TEXT, Documents


class Conditionals(Documents):
    def setUp(self):
        super().setUp()
        first = self.get("/text.txt")
        self.etag, self.modified = first.get("ETag"), first.get("Last-Modified")

    def test_if_none_match(self):
        for value, status in {self.etag: 304, "W/" + self.etag: 304, "*": 304, f'"x", {self.etag}': 304, '"x"': 200,
                              self.etag.strip('"'): 200, '"x": ""': 200}.items():
            with self.subTest(value=value):
                self.assertEqual(status, self.status("/text.txt", {"If-None-Match": value}))

    def test_a_304_has_the_validators_and_no_body(self):
        for method in ("GET", "HEAD"):
            client = self.server.http()
            answer = client.get("/text.txt", {"If-None-Match": self.etag}, method)
            self.assertEqual((304, self.etag, self.modified, "no-cache"),
                             (answer.status, answer.get("ETag"), answer.get("Last-Modified"), answer.get("Cache-Control")))
            self.assertIsNone(answer.get("Content-Type"))
            self.assertIn(answer.get("Content-Length"), (None, str(len(TEXT))))
            self.assertEqual(200, client.get("/text.txt").status)  # the connection is where it should be

    def test_if_modified_since(self):
        for value, status in {self.modified: 304, email.utils.formatdate(LONG_AGO + 1, usegmt=True): 304,
                              email.utils.formatdate(LONG_AGO - 1, usegmt=True): 200, "Sunday, 09-Sep-01 01:46:40 GMT": 304,
                              "Sun Sep  9 01:46:40 2001": 304, "Sun Sep  9 01:46:39 2001": 200, "soon": 200}.items():
            with self.subTest(value=value):
                self.assertEqual(status, self.status("/text.txt", {"If-Modified-Since": value}))

    def test_if_match(self):
        for value, status in {self.etag: 200, "*": 200, f'"x",{self.etag}': 200, '"x"': 412, "W/" + self.etag: 412}.items():
            with self.subTest(value=value):
                self.assertEqual(status, self.status("/text.txt", {"If-Match": value}))
        self.assertEqual(404, self.status("/none", {"If-Match": "*"}))

    def test_if_unmodified_since(self):
        self.assertEqual(200, self.status("/text.txt", {"If-Unmodified-Since": self.modified}))
        before = email.utils.formatdate(LONG_AGO - 1, usegmt=True)
        self.assertEqual(412, self.status("/text.txt", {"If-Unmodified-Since": before}))

    def test_order(self):
        # RFC 9110 13.2.2
        before = email.utils.formatdate(LONG_AGO - 1, usegmt=True)
        for headers, status in (({"If-Match": '"x"', "If-None-Match": self.etag}, 412),
                                ({"If-Match": self.etag, "If-Unmodified-Since": before}, 200),
                                ({"If-None-Match": '"x"', "If-Modified-Since": self.modified}, 200),
                                ({"If-None-Match": self.etag, "Range": "bytes=0-1"}, 304),
                                ({"If-Match": '"x"', "Range": "bytes=999999-"}, 412)):
            with self.subTest(headers=headers):
                self.assertEqual(status, self.status("/text.txt", headers))

    def test_curl(self):
        self.assertEqual((304, b""), self.curl("/text.txt", "-z", self.modified))
        self.assertEqual((200, TEXT.encode()), self.curl("/text.txt", "-z", "Sat, 08 Sep 2001 01:46:40 GMT"))
        etag_file = self.path("etag", "")
        self.assertEqual(200, self.curl("/text.txt", "--etag-save", etag_file)[0])
        self.assertEqual(304, self.curl("/text.txt", "--etag-compare", etag_file)[0])


class Ranges(Documents):
    def part(self, value, **more):
        return self.get("/text.txt", {"Range": value, **more})

    def test_single_ranges(self):
        body, size = TEXT.encode(), len(TEXT)
        for value, (first, last) in {"bytes=0-0": (0, 0), "bytes=0-9": (0, 9), "bytes=10-": (10, size - 1),
                                     "bytes=-5": (size - 5, size - 1), f"bytes={size - 1}-": (size - 1, size - 1),
                                     "bytes=5-99999999": (5, size - 1), "bytes=-99999999": (0, size - 1),
                                     "bytes=5-*": (5, size - 1), "bytes=0-9,9-20": (0, 20)}.items():
            with self.subTest(value=value):
                answer = self.part(value)
                self.assertEqual((206, body[first:last + 1]), (answer.status, answer.body))
                self.assertEqual(f"bytes {first}-{last}/{size}", answer.get("Content-Range"))
                self.assertEqual("text/plain; charset=utf-8", answer.get("Content-Type"))
                self.assertIsNotNone(answer.get("ETag"))

    def test_unsatisfiable_ranges(self):
        for value in (f"bytes={len(TEXT)}-", "bytes=99999999999999999999-", "bytes=-0"):
            with self.subTest(value=value):
                answer = self.part(value)
                self.assertEqual((416, f"bytes */{len(TEXT)}"), (answer.status, answer.get("Content-Range")))
        self.document("empty", "")
        self.assertEqual(416, self.status("/empty", {"Range": "bytes=0-"}))

    def test_ranges_that_are_none(self):
        for value in ("items=0-1", "bytes=a-b", "bytes=5-1", "bytes", "bytes=", "0-1", "bytes=0-1;2-3"):
            with self.subTest(value=value):
                answer = self.part(value)
                self.assertEqual((200, TEXT), (answer.status, answer.body.decode()))
                self.assertIsNone(answer.get("Content-Range"))
        self.assertEqual(200, self.status("/text.txt", [("Range", "bytes=0-1"), ("Range", "bytes=2-3")]))

    def test_ranges_are_for_get(self):
        answer = self.get("/text.txt", {"Range": "bytes=0-1"}, "HEAD")
        self.assertEqual((200, str(len(TEXT))), (answer.status, answer.get("Content-Length")))

    def parts(self, answer):
        """[(Content-Type, Content-Range, bytes)] of a multipart answer."""
        boundary = re.fullmatch(r"multipart/byteranges; boundary=([0-9a-zA-Z'()+_,./:=? -]{1,70})",
                                answer.get("Content-Type")).group(1).encode()
        pieces = answer.body.split(b"\r\n--" + boundary)
        self.assertEqual((b"", b"--\r\n"), (pieces[0], pieces[-1]))
        found = []
        for piece in pieces[1:-1]:
            head, _, data = piece.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
            found.append((fields["Content-Type"], fields["Content-Range"], data))
        return found

    def test_several_ranges(self):
        body, size = TEXT.encode(), len(TEXT)
        answer = self.part("bytes=5000-5009, 0-4, -3")
        self.assertEqual(206, answer.status)
        self.assertIsNone(answer.get("Content-Range"))
        self.assertIsNotNone(answer.get("ETag"))
        plain = "text/plain; charset=utf-8"
        self.assertEqual([(plain, f"bytes 5000-5009/{size}", body[5000:5010]), (plain, f"bytes 0-4/{size}", body[:5]),
                          (plain, f"bytes {size - 3}-{size - 1}/{size}", body[-3:])], self.parts(answer))

    def test_several_ranges_of_a_large_file(self):
        content = os.urandom(3 << 20)
        self.document("large.bin", content)
        answer = self.get("/large.bin", {"Range": "bytes=0-99,1000000-1999999,-100"})
        self.assertEqual([content[:100], content[1000000:2000000], content[-100:]], [part[2] for part in self.parts(answer)])

    def test_sixteen_ranges_and_one_more(self):
        ranges = [f"{at}-{at + 4}" for at in range(0, 3200, 200)]
        answer = self.part("bytes=" + ",".join(ranges))
        self.assertEqual(16, len(self.parts(answer)))
        answer = self.part("bytes=" + ",".join(ranges + ["5000-"]))
        self.assertEqual((200, TEXT), (answer.status, answer.body.decode()))

    def test_ranges_never_multiply_the_file(self):
        for value in ("bytes=" + ",".join(["0-"] * 16), "bytes=" + ",".join(["0-"] * 1300), "bytes=0-,1-,2-,-5,-1000000"):
            answer = self.part(value)
            self.assertLessEqual(len(answer.body), len(TEXT))

    def test_if_range(self):
        first = self.get("/text.txt")
        etag, modified = first.get("ETag"), first.get("Last-Modified")
        for value, status in {etag: 206, modified: 206, '"x"': 200, "W/" + etag: 200, "*": 200,
                              email.utils.formatdate(LONG_AGO + 1, usegmt=True): 200}.items():
            with self.subTest(value=value):
                answer = self.part("bytes=0-4", **{"If-Range": value})
                self.assertEqual(status, answer.status)
                self.assertEqual(TEXT if status == 200 else TEXT[:5], answer.body.decode())

    def test_curl(self):
        self.assertEqual((206, TEXT[100:200].encode()), self.curl("/text.txt", "-r", "100-199"))
        self.assertEqual((206, TEXT[-7:].encode()), self.curl("/text.txt", "-r", "-7"))
        partial = self.path("partial", TEXT[:1234])
        self.curl("/text.txt", "-C", "-", "-o", partial)
        with open(partial, encoding="utf-8") as file:
            self.assertEqual(TEXT, file.read())


class Precompressed(Documents):
    def setUp(self):
        super().setUp()
        self.packed = gzip.compress(TEXT.encode())
        self.document("text.txt.gz", self.packed)
        self.document("text.txt.br", b"as if by brotli")

    def test_is_chosen_by_quality(self):
        for accepted, coding in {"gzip": "gzip", "br": "br", "gzip, deflate, br": "br", "gzip;q=1, br;q=0.5": "gzip",
                                 "": None, "deflate": None, "gzip;q=0": None, "*": "br", "identity": None,
                                 "gzip;q=0.5, identity": None}.items():
            with self.subTest(accepted=accepted):
                answer = self.get("/text.txt", {"Accept-Encoding": accepted})
                self.assertEqual((200, coding), (answer.status, answer.get("Content-Encoding")))
                self.assertEqual("text/plain; charset=utf-8", answer.get("Content-Type"))
                self.assertEqual("Accept-Encoding", answer.get("Vary"))

    def test_curl_unpacks_it(self):
        self.assertEqual((200, TEXT.encode()), self.curl("/text.txt", "-H", "Accept-Encoding: gzip", "--compressed"))

    def test_each_encoding_has_its_own_tag(self):
        tags = {coding: self.get("/text.txt", {"Accept-Encoding": coding}).get("ETag") for coding in ("gzip", "br", "")}
        self.assertEqual(3, len(set(tags.values())))
        for coding, tag in tags.items():
            answer = self.get("/text.txt", {"Accept-Encoding": coding, "If-None-Match": tag})
            self.assertEqual((304, tag, "Accept-Encoding"), (answer.status, answer.get("ETag"), answer.get("Vary")))
        self.assertEqual(200, self.status("/text.txt", {"Accept-Encoding": "gzip", "If-None-Match": tags[""]}))

    def test_ranges_are_of_the_chosen_encoding(self):
        answer = self.get("/text.txt", {"Accept-Encoding": "gzip", "Range": "bytes=0-9"})
        self.assertEqual((206, "gzip", self.packed[:10]), (answer.status, answer.get("Content-Encoding"), answer.body))
        self.assertEqual(f"bytes 0-9/{len(self.packed)}", answer.get("Content-Range"))
        answer = self.get("/text.txt", {"Accept-Encoding": "gzip", "Range": "bytes=0-9,1000-1009"})
        self.assertEqual((200, self.packed), (answer.status, answer.body))

    def test_head(self):
        answer = self.get("/text.txt", {"Accept-Encoding": "gzip"}, "HEAD")
        self.assertEqual(str(len(self.packed)), answer.get("Content-Length"))

    def test_an_older_one_is_not_used(self):
        os.utime(self.path("documents/text.txt.gz"), (LONG_AGO - 1, LONG_AGO - 1))
        answer = self.get("/text.txt", {"Accept-Encoding": "gzip"})
        self.assertEqual((None, TEXT), (answer.get("Content-Encoding"), answer.body.decode()))

    def test_the_file_itself_may_be_asked_for(self):
        answer = self.get("/text.txt.gz", {"Accept-Encoding": "gzip"})
        self.assertEqual((None, "application/gzip"), (answer.get("Content-Encoding"), answer.get("Content-Type")))
        self.assertEqual(self.packed, answer.body)


class NotPrecompressed(Documents):
    keys = "precompressed = false;"

    def test_neighbours_are_not_looked_for(self):
        self.document("text.txt.gz", "x")
        answer = self.get("/text.txt", {"Accept-Encoding": "gzip"})
        self.assertEqual((None, None, TEXT), (answer.get("Content-Encoding"), answer.get("Vary"), answer.body.decode()))
