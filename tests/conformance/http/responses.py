"""RFC 9110 6.6 and 8: what every answer has; 15: what answers of one status have."""

import email.utils
import re
import time

from case import Group

from .checks import answers, get, head
from .servers import MODIFIED, Plain

DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
                  r"\d\d:\d\d:\d\d GMT")

answer_fields = Group("answer-fields", Plain)
KINDS = (("ok", {}, "/text.txt", 200), ("partial", {"Range": "bytes=0-9"}, "/text.txt", 206),
         ("redirect", {}, "/folder", 301), ("not-modified", {"If-None-Match": "*"}, "/text.txt", 304),
         ("not-found", {}, "/none", 404), ("precondition-failed", {"If-Match": '"x"'}, "/text.txt", 412),
         ("bad-range", {"Range": "bytes=10000-"}, "/text.txt", 416))

for kind, fields, target, status in KINDS:
    def dated(case, fields, target, status):
        answer = get(case, target, fields)
        assert answer.status == status, answer
        assert DATE.fullmatch(answer.get("Date")), answer
        off = email.utils.parsedate_to_datetime(answer.get("Date")).timestamp() - time.time()
        assert abs(off) < 10, f"Date is {off} s off"
        assert "  " not in answer.raw_head.decode() and answer.reason, answer
    answer_fields.add(f"date-of-{kind}", "RFC 9110 6.6.1", f"a {status} has the date, in the form of today", dated, fields, target, status)


def once_each(case):
    for _, fields, target, _ in KINDS:
        names = [name.lower() for name, _ in get(case, target, fields).headers]
        assert len(names) == len(set(names)), names


answer_fields.add("no-field-twice", "RFC 9110 5.2", "no field that is no list is sent twice", once_each)

for name, target, kind in (("html", "/page.html", "text/html"), ("text", "/text.txt", "text/plain"),
                           ("unknown", "/large.bin", "application/octet-stream"), ("index", "/folder/", "text/html")):
    def typed(case, target, kind):
        assert get(case, target).get("Content-Type").partition(";")[0] == kind
    answer_fields.add(f"type-of-{name}", "RFC 9110 8.3", f"{target} is {kind}", typed, target, kind)


@answer_fields.case("charset", "RFC 9110 8.3.2", "text tells its charset")
def _(case):
    assert get(case, "/text.txt").get("Content-Type").lower() == "text/plain; charset=utf-8"


@answer_fields.case("type-of-errors", "RFC 9110 15.5", "an error explains itself in text that is none of the client's")
def _(case):
    answer = get(case, "/<script>alert(1)</script>")
    assert answer.status == 404 and answer.get("Content-Type").startswith("text/plain") and answer.body, answer
    assert b"script" not in answer.body


@answer_fields.case("etag-form", "RFC 9110 8.8.3", "an entity tag has quotes and no control character")
def _(case):
    assert re.fullmatch(r'"[\x21\x23-\x7e]*"', get(case).get("ETag")), get(case)


@answer_fields.case("last-modified", "RFC 9110 8.8.2", "Last-Modified is the file's date")
def _(case):
    told = get(case).get("Last-Modified")
    assert DATE.fullmatch(told) and email.utils.parsedate_to_datetime(told).timestamp() == MODIFIED, told


@answer_fields.case("same-tag-everywhere", "RFC 9110 8.8.3", "GET, HEAD, 206 and 304 tell one tag")
def _(case):
    tags = {get(case, "/text.txt", fields, method).get("ETag") for fields, method in
            (({}, "GET"), ({}, "HEAD"), ({"Range": "bytes=0-9"}, "GET"), ({"If-None-Match": "*"}, "GET"))}
    assert len(tags) == 1, tags


@answer_fields.case("nosniff", "browsers rely on it", "browsers are told not to guess types")
def _(case):
    for _, fields, target, _ in KINDS:
        assert get(case, target, fields).get("X-Content-Type-Options") == "nosniff"


@answer_fields.case("revalidation", "RFC 9111 5.2.2.4", "unless told otherwise caches have to ask")
def _(case):
    assert "no-cache" in get(case).get("Cache-Control")


def bodiless(case, text, method, status):
    """The bytes of a head and nothing behind it: the next answer begins at once."""
    client = case.http()
    client.send(text + head(target=b"/b.txt"))
    raw = client.read_until(b"\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 %d " % status), raw
    assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 OK\r\n")
    assert client.read(10) == b"b" * 10
    assert status != 204 or b"content-length" not in raw.lower(), "a 204 has no Content-Length (RFC 9110 8.6)"
    assert b"transfer-encoding" not in raw.lower(), raw


for name, text, method, status in (
    ("not-modified", head(b"If-None-Match: *"), "GET", 304),
    ("not-modified-large", head(b"If-None-Match: *", target=b"/large.bin"), "GET", 304),
    ("no-content", head(method=b"OPTIONS"), "OPTIONS", 204),
    ("head", head(method=b"HEAD"), "HEAD", 200),
    ("head-large", head(method=b"HEAD", target=b"/large.bin"), "HEAD", 200),
    ("head-not-found", head(method=b"HEAD", target=b"/none"), "HEAD", 404),
    ("head-failed", head(b'If-Match: "x"', method=b"HEAD"), "HEAD", 412),
    ("head-folder", head(method=b"HEAD", target=b"/folder"), "HEAD", 301),
    ("head-of-range", head(b"Range: bytes=0-9", method=b"HEAD", target=b"/text.txt"), "HEAD", 200),
    ("head-refused-method", head(b"Expect: 100-continue", method=b"HEAD"), "HEAD", 200),
):
    answer_fields.add(f"no-body-of-{name}", "RFC 9112 6.3", f"a {status} to {method} ends with its head", bodiless, text, method, status)

ignored = Group("ignored-fields", Plain)
for name, rule, sentence, fields in (
    ("accept-other", "RFC 9110 12.5.1", "what is not accepted is sent rather than refused", {"Accept": "image/png"}),
    ("accept-malformed", "RFC 9110 12.5.1", "so it is when Accept can't be read", {"Accept": ";;=,"}),
    ("accept-language", "RFC 9110 12.5.4", "or another language is wanted", {"Accept-Language": "tlh"}),
    ("accept-charset", "RFC 9110 12.5.2", "or another charset", {"Accept-Charset": "utf-7"}),
    ("identity-refused", "RFC 9110 12.5.3", "or no encoding suits", {"Accept-Encoding": "identity;q=0"}),
    ("max-forwards", "RFC 9110 7.6.2", "Max-Forwards is for TRACE and OPTIONS", {"Max-Forwards": "0"}),
    ("authorization", "RFC 9110 11.6.2", "credentials that nobody asked for change nothing", {"Authorization": "Basic eDp5"}),
    ("cookie", "RFC 6265 5.4", "nor do cookies", {"Cookie": "a=b; c"}),
    ("content-type-without-body", "RFC 9110 8.3", "nor does the type of no content", {"Content-Type": "x"}),
    ("content-encoding", "RFC 9110 8.4", "nor its encoding", {"Content-Encoding": "frob"}),
    ("via", "RFC 9110 7.6.3", "nor do proxies on the way", {"Via": "1.1 a, 1.0 b", "Forwarded": "for=x;host=evil"}),
    ("cache-control", "RFC 9111 5.2.1", "nor what caches are told", {"Cache-Control": "only-if-cached", "Pragma": "no-cache"}),
    ("early-hints", "RFC 9218 5", "nor priorities", {"Priority": "u=9, i"}),
    ("fetch-metadata", "browsers rely on it", "nor what browsers tell of themselves",
     {"Sec-Fetch-Site": "cross-site", "Origin": "null", "Referer": "http://x/%zz"}),
):
    ignored.add(name, rule, sentence, answers, "/a.txt", 200, b"a" * 10, fields)
