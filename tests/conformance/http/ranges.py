"""RFC 9110 14: ranges. /text.txt has 10,000 bytes, /large.bin is sent from its descriptor."""

import re

from case import Group

from .checks import get
from .servers import HUGE_SIZE, LARGE, TEXT, Plain

CONTENT = TEXT.encode()
SIZE = len(CONTENT)


def partial(case, value, first, last, target="/text.txt", content=CONTENT):
    answer = get(case, target, {"Range": value})
    assert answer.status == 206, answer
    assert answer.get("Content-Range") == f"bytes {first}-{last}/{len(content)}", answer
    assert answer.body == content[first:last + 1], answer.body[:100]
    return answer


def whole(case, value):
    fields = [("Range", one) for one in ([value] if isinstance(value, str) else value)]
    answer = get(case, "/text.txt", fields)
    assert answer.status == 200 and answer.body == CONTENT and answer.get("Content-Range") is None, answer


def unsatisfiable(case, value, target="/text.txt", size=SIZE):
    answer = get(case, target, {"Range": value})
    assert answer.status == 416, answer
    assert answer.get("Content-Range") == f"bytes */{size}", answer


single = Group("single-ranges", Plain)
for name, sentence, value, first, last in (
    ("first-byte", "the first byte", "bytes=0-0", 0, 0),
    ("hundred", "a hundred bytes", "bytes=0-99", 0, 99),
    ("middle", "bytes in the middle", "bytes=5000-5009", 5000, 5009),
    ("last-byte", "the last byte", "bytes=9999-9999", 9999, 9999),
    ("all", "all of them", "bytes=0-9999", 0, 9999),
    ("open", "all from one on", "bytes=9990-", 9990, 9999),
    ("open-from-0", "all from the first on", "bytes=0-", 0, 9999),
    ("suffix", "the last ten", "bytes=-10", 9990, 9999),
    ("suffix-one", "the last one", "bytes=-1", 9999, 9999),
    ("suffix-all", "the last 10,000", "bytes=-10000", 0, 9999),
    ("suffix-beyond", "a suffix longer than the file is all of it", "bytes=-20000", 0, 9999),
    ("suffix-huge", "however long it be", "bytes=-99999999999999999999999", 0, 9999),
    ("end-beyond", "an end behind the last byte is the last byte", "bytes=9000-10000", 9000, 9999),
    ("end-max-64", "2^64 - 1 is one", "bytes=9000-18446744073709551615", 9000, 9999),
    ("end-overflow", "more than 64 bits hold as well", "bytes=9000-99999999999999999999999", 9000, 9999),
    ("leading-zeros", "leading zeros are digits", "bytes=0005-009", 5, 9),
    ("unit-other-case", "names of units have no case", "BYTES=0-9", 0, 9),
    ("list-of-one", "a list may have one member", "bytes=0-9,", 0, 9),
    ("empty-elements", "empty members are ignored", "bytes=, ,0-9", 0, 9),
):
    single.add(name, "RFC 9110 14.1.2", sentence, partial, value, first, last)

for name, sentence, value in (
    ("at-end", "a range that begins at the end", "bytes=10000-"),
    ("behind-end", "one that begins behind it", "bytes=20000-20001"),
    ("max-64", "one that begins at 2^64 - 1", "bytes=18446744073709551615-"),
    ("overflow", "one whose beginning 64 bits do not hold", "bytes=18446744073709551616-99999999999999999999"),
    ("empty-suffix", "a suffix of nothing", "bytes=-0"),
    ("all-behind", "several that all begin behind it", "bytes=10000-,20000-20001"),
):
    single.add("unsatisfiable-" + name, "RFC 9110 15.5.17", f"{sentence} is 416 and tells the size", unsatisfiable, value)

for name, sentence, value in (
    ("reversed", "a last byte before the first", "bytes=9-5"),
    ("unit-unknown", "an unknown unit", "lines=0-9"),
    ("unit-prefix", "a unit that is longer", "bytesx=0-9"),
    ("no-unit", "no unit", "0-9"),
    ("no-equals", "no equals sign", "bytes 0-9"),
    ("empty", "nothing", ""),
    ("empty-set", "no range", "bytes="),
    ("only-commas", "commas alone", "bytes=,,"),
    ("hyphen", "a hyphen alone", "bytes=-"),
    ("no-hyphen", "a number alone", "bytes=5"),
    ("letters", "letters", "bytes=a-b"),
    ("hexadecimal", "hexadecimal digits", "bytes=0x0-0x9"),
    ("plus", "a sign", "bytes=+0-9"),
    ("minus-minus", "two hyphens", "bytes=--9"),
    ("two-hyphens", "a third number", "bytes=0-5-9"),
    ("semicolon", "a semicolon", "bytes=0-9;10-19"),
    ("one-bad", "one that is malformed among others", "bytes=0-9,x-y"),
    ("one-reversed", "one that is reversed among others", "bytes=0-9,30-20"),
    ("decimal-point", "a decimal point", "bytes=0.0-9"),
):
    single.add("ignored-" + name, "RFC 9110 14.2", f"what is no range is ignored: {sentence}", whole, value)
single.add("ignored-twice", "RFC 9110 5.3", "two fields of what is no list of fields are ignored", whole, ["bytes=0-9", "bytes=20-29"])


@single.case("fields", "RFC 9110 15.3.7", "a 206 has the fields of the 200 beside its own")
def _(case):
    all_of_it, part = get(case), partial(case, "bytes=0-9", 0, 9)
    for name in ("ETag", "Last-Modified", "Cache-Control", "Content-Type", "Vary"):
        assert part.get(name) == all_of_it.get(name), name
    assert part.get("Date") and part.get("Content-Length") == "10"


@single.case("head", "RFC 9110 14.2", "Range is for GET: HEAD tells the whole")
def _(case):
    for value in ("bytes=0-9", "bytes=10000-"):
        answer = get(case, headers={"Range": value}, method="HEAD")
        assert (answer.status, answer.get("Content-Length"), answer.get("Content-Range")) == (200, str(SIZE), None), answer


@single.case("advertised", "RFC 9110 14.3", "Accept-Ranges tells that there are ranges")
def _(case):
    assert get(case).get("Accept-Ranges") == "bytes"


@single.case("of-nothing", "RFC 9110 14.2", "a range of what is not there is 404")
def _(case):
    assert get(case, "/none", {"Range": "bytes=0-9"}).status == 404


@single.case("of-post", "RFC 9110 14.2", "Range of a POST means nothing")
def _(case):
    assert get(case, "/text.txt", {"Range": "bytes=0-9", "Content-Length": "0"}, "POST").status == 405


@single.case("of-an-empty-file", "RFC 9110 14.1.2", "an empty file has no first byte")
def _(case):
    unsatisfiable(case, "bytes=0-0", "/empty.txt", 0)


@single.case("suffix-of-an-empty-file", "RFC 9110 14.1.2", "a suffix of an empty file can be satisfied, by all of it")
def _(case):
    answer = get(case, "/empty.txt", {"Range": "bytes=-5"})
    assert answer.status == 200 and answer.body == b"", answer


@single.case("of-an-encoding", "RFC 9110 14.1.2", "a range is one of the encoded bytes")
def _(case):
    answer = get(case, "/page.html", {"Range": "bytes=100-", "Accept-Encoding": "gzip"})
    assert (answer.status, answer.body, answer.get("Content-Encoding")) == (206, b"g", "gzip"), answer


for name, sentence, value, first, last in (
    ("large-first", "the first byte of a large file", "bytes=0-0", 0, 0),
    ("large-middle", "an odd piece of its middle", "bytes=100001-200003", 100001, 200003),
    ("large-end", "its end", "bytes=-70001", len(LARGE) - 70001, len(LARGE) - 1),
    ("large-all", "all of it", "bytes=0-", 0, len(LARGE) - 1),
):
    single.add(name, "RFC 9110 14.1.2", sentence, partial, value, first, last, "/large.bin", LARGE)


@single.case("huge", "RFC 9110 14.1.2", "the end of 64 MiB is sent without the rest")
def _(case):
    answer = get(case, "/huge.bin", {"Range": "bytes=-3"})
    assert answer.get("Content-Range") == f"bytes {HUGE_SIZE - 3}-{HUGE_SIZE - 1}/{HUGE_SIZE}" and answer.body == b"\0\0\0", answer


several = Group("several-ranges", Plain)


def parts_of(answer):
    """[(content range, content type, bytes)] of a multipart/byteranges body, read strictly."""
    assert answer.status == 206, answer
    kind = re.fullmatch(r"multipart/byteranges; *boundary=\"?([0-9A-Za-z'()+_,./:=?-]{1,70})\"?", answer.get("Content-Type"))
    assert kind and answer.get("Content-Range") is None, answer
    mark = b"--" + kind.group(1).encode()
    pieces = (b"\r\n" + answer.body).split(b"\r\n" + mark)
    assert pieces[0] in (b"", b"\r\n") and pieces[-1] in (b"--", b"--\r\n"), answer.body
    result = []
    for piece in pieces[1:-1]:
        head, gap, body = piece.partition(b"\r\n\r\n")
        assert head.startswith(b"\r\n") and gap, piece
        fields = dict(line.split(": ", 1) for line in head[2:].decode().split("\r\n"))
        assert set(fields) == {"Content-Type", "Content-Range"}, fields
        result.append((fields["Content-Range"], fields["Content-Type"], body))
    return result


def multiple(case, value, expected):
    """`expected`: (first, last) of the parts, in their order; one is no multipart."""
    answer = get(case, "/text.txt", {"Range": value})
    if len(expected) == 1:
        (first, last), = expected
        assert answer.status == 206 and answer.get("Content-Range") == f"bytes {first}-{last}/{SIZE}", answer
        assert answer.body == CONTENT[first:last + 1]
        return
    plain = get(case)
    wanted = [(f"bytes {first}-{last}/{SIZE}", plain.get("Content-Type"), CONTENT[first:last + 1]) for first, last in expected]
    assert parts_of(answer) == wanted, answer
    assert answer.get("ETag") == plain.get("ETag") and answer.get("Last-Modified") == plain.get("Last-Modified")


for name, sentence, value, expected in (
    ("two", "two ranges are two parts", "bytes=0-9,5000-5009", [(0, 9), (5000, 5009)]),
    ("order", "parts keep the order of the request", "bytes=5000-5009,0-9", [(5000, 5009), (0, 9)]),
    ("white-space", "white space parts nothing", "bytes=0-9 , \t5000-5009", [(0, 9), (5000, 5009)]),
    ("three-kinds", "all forms may stand together", "bytes=-1,0-0,9000-9001", [(9999, 9999), (0, 0), (9000, 9001)]),
    ("one-behind-end", "what lies behind the end is left out", "bytes=0-9,20000-20009,5000-5009", [(0, 9), (5000, 5009)]),
    ("one-left", "one that is left is no multipart", "bytes=20000-,5-9", [(5, 9)]),
    ("overlapping", "overlapping ones become one", "bytes=0-99,50-149", [(0, 149)]),
    ("adjacent", "neighbours become one", "bytes=0-99,100-199", [(0, 199)]),
    ("contained", "one within another is no part of its own", "bytes=0-999,5-9", [(0, 999)]),
    ("same-twice", "the same twice is sent once", "bytes=7-8,7-8", [(7, 8)]),
    ("suffix-overlaps", "a suffix may overlap as well", "bytes=9000-,-500", [(9000, 9999)]),
    ("chain", "a range may join two others", "bytes=0-999,2000-2999,900-2100", [(0, 2999)]),
):
    several.add(name, "RFC 9110 15.3.7.2", sentence, multiple, value, expected)

several.add("many", "RFC 9110 17.15", "a request of a hundred small ranges is not obeyed", whole,
            "bytes=" + ",".join(f"{at * 100}-{at * 100}" for at in range(100)))
several.add("thousand-overlapping", "RFC 9110 17.15", "nor is one of a thousand that overlap", whole,
            "bytes=" + ",".join(f"{at}-" for at in range(1000)))


@several.case("large", "RFC 9110 14.6", "parts of a large file are its bytes")
def _(case):
    answer = get(case, "/large.bin", {"Range": "bytes=1-100000,200000-200099,-1"})
    assert [body for _, _, body in parts_of(answer)] == [LARGE[1:100001], LARGE[200000:200100], LARGE[-1:]]


@several.case("head", "RFC 9110 14.2", "HEAD of several tells the whole")
def _(case):
    answer = get(case, headers={"Range": "bytes=0-9,5000-5009"}, method="HEAD")
    assert (answer.status, answer.get("Content-Length")) == (200, str(SIZE)), answer


@several.case("boundaries-differ", "RFC 2046 5.1.1", "a boundary is chosen anew each time")
def _(case):
    types = {get(case, headers={"Range": "bytes=0-9,5000-5009"}).get("Content-Type") for _ in range(3)}
    assert len(types) == 3, types


encodings = Group("encodings", Plain)
for name, sentence, value, expected in (
    ("none", "without Accept-Encoding the file itself is sent", None, ""),
    ("gzip", "gzip is sent to who accepts it", "gzip", "gzip"),
    ("br", "so is br", "br", "br"),
    ("x-gzip", "x-gzip is gzip", "x-gzip", "gzip"),
    ("other-case", "names of codings have no case", "GZIP", "gzip"),
    ("list", "one of a list suffices", "deflate, gzip, zstd", "gzip"),
    ("quality", "the one of higher quality is sent", "br;q=0.5, gzip;q=0.8", "gzip"),
    ("quality-three-digits", "a quality has three digits", "br;q=0.123, gzip;q=0.124", "gzip"),
    ("quality-zero", "quality 0 is not accepted", "gzip;q=0", ""),
    ("quality-zero-digits", "however it is written", "gzip;q=0.000, br;q=0.0", ""),
    ("quality-one", "quality 1 may be written", "gzip;q=1.000", "gzip"),
    ("quality-other-case", "q has no case", "gzip;Q=0", ""),
    ("quality-white-space", "white space may surround it", "gzip ; q=0", ""),
    ("asterisk", "* is any", "*", "br"),
    ("asterisk-but", "but what is named", "*, br;q=0", "gzip"),
    ("asterisk-zero", "* of quality 0 is none other", "gzip, *;q=0", "gzip"),
    ("identity-better", "the file itself may be wanted most", "gzip;q=0.5, identity", ""),
    ("identity-alone", "it may be all that is wanted", "identity", ""),
    ("empty", "an empty list wants nothing else", "", ""),
    ("unknown", "an unknown coding is not sent", "zstd", ""),
    ("longer-name", "nor is one that begins so", "gzipped", ""),
):
    def encoded(case, value, expected):
        answer = get(case, "/page.html", {} if value is None else {"Accept-Encoding": value})
        size = {"": 100, "gzip": 101, "br": 102}[expected]
        assert (answer.status, answer.get("Content-Encoding", ""), len(answer.body)) == (200, expected, size), answer
        assert answer.get("Content-Type").startswith("text/html"), answer
        assert "accept-encoding" in answer.get("Vary", "").lower(), "Vary tells caches (RFC 9110 12.5.5)"
    encodings.add(name, "RFC 9110 12.5.3", sentence, encoded, value, expected)


@encodings.case("no-vary-without-choice", "RFC 9110 12.5.5", "what is there once does not vary")
def _(case):
    assert get(case, "/text.txt", {"Accept-Encoding": "gzip"}).get("Vary") is None


@encodings.case("head", "RFC 9110 9.3.2", "HEAD chooses as GET does")
def _(case):
    answer = get(case, "/page.html", {"Accept-Encoding": "gzip"}, "HEAD")
    assert (answer.get("Content-Encoding"), answer.get("Content-Length")) == ("gzip", "101"), answer


@encodings.case("by-its-name", "RFC 9110 8.4", "the compressed file asked for by its own name is a file")
def _(case):
    answer = get(case, "/page.html.gz", {"Accept-Encoding": "gzip"})
    assert answer.get("Content-Encoding") is None and len(answer.body) == 101, answer
