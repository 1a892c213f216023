"""RFC 9112 6: the length of a body; 11.2: requests on whose end two readers could disagree. No module here takes bodies: they
must be passed over exactly, so the request behind them is what tells."""

from case import Group

from .checks import A, B, following, head, refused, served, unanswered_behind
from .servers import Plain, Small

SMUGGLED = b"GET /c.txt HTTP/1.1\r\nHost: localhost\r\n\r\n"

length = Group("content-length", Plain)


def passed_over(case, fields, body, method=b"GET"):
    served(case, head(*fields, method=method) + body, A if method == b"GET" else None, 200 if method in (b"GET", b"HEAD") else 405,
           method.decode())


for name, rule, sentence, value, body in (
    ("zero", "RFC 9112 6.3", "a length of 0 is no body", b"0", b""),
    ("five", "RFC 9112 6.2", "a body of a GET is passed over", b"5", b"hello"),
    ("request-inside", "RFC 9112 6.2", "a request in a body is none", str(len(SMUGGLED)).encode(), SMUGGLED),
    ("leading-zeros", "RFC 9110 8.6", "leading zeros are digits", b"0005", b"hello"),
    ("white-space", "RFC 9112 5.1", "white space around the digits is no part of the value", b"\t 5 \t", b"hello"),
    ("crlf-body", "RFC 9112 6.2", "a body of line ends is a body", b"4", b"\r\n\r\n"),
    ("nul-body", "RFC 9112 6.2", "a body of NULs is a body", b"3", b"\0\0\0"),
):
    length.add(name, rule, sentence, passed_over, [b"Content-Length: " + value], body)

for method in (b"POST", b"PUT", b"PATCH", b"DELETE", b"HEAD"):
    length.add(f"of-{method.decode().lower()}", "RFC 9112 6.3", f"a body of {method.decode()} is passed over", passed_over,
               [b"Content-Length: %d" % len(SMUGGLED)], SMUGGLED, method)

for name, sentence, fields in (
    ("plus", "a sign is no digit", [b"Content-Length: +5"]),
    ("minus", "nor is a minus", [b"Content-Length: -5"]),
    ("minus-zero", "not even before 0", [b"Content-Length: -0"]),
    ("hexadecimal", "digits are decimal", [b"Content-Length: 0x5"]),
    ("hexadecimal-digit", "a is no digit", [b"Content-Length: a"]),
    ("exponent", "there is no exponent", [b"Content-Length: 5e0"]),
    ("fraction", "there is no fraction", [b"Content-Length: 5.0"]),
    ("underscore", "digits stand together", [b"Content-Length: 5_0"]),
    ("space-inside", "no space among them", [b"Content-Length: 1 5"]),
    ("tab-inside", "nor a tab", [b"Content-Length: 1\t5"]),
    ("letter-behind", "no letter behind them", [b"Content-Length: 5x"]),
    ("parameter", "there are no parameters", [b"Content-Length: 5;x=y"]),
    ("quoted", "there are no quotes", [b'Content-Length: "5"']),
    ("arabic-digits", "other scripts' digits are none", "Content-Length: \u0665".encode()),
    ("empty", "an empty value is no number", [b"Content-Length:"]),
    ("comma", "nor is a comma", [b"Content-Length: ,"]),
    ("list-equal", "a list of equal values is not accepted either", [b"Content-Length: 5, 5"]),
    ("list-different", "a list of different values is refused", [b"Content-Length: 5, 6"]),
    ("list-open", "a list with an empty member is refused", [b"Content-Length: 5,"]),
    ("twice-equal", "two fields are refused, though equal", [b"Content-Length: 5", b"Content-Length: 5"]),
    ("twice-different", "all the more when they differ", [b"Content-Length: 5", b"Content-Length: 6"]),
    ("twice-apart", "also with fields between", [b"Content-Length: 0", b"X: y", b"content-length: 5"]),
    ("beside-chunked", "Content-Length beside chunked is refused (RFC 9112 6.1)", [b"Content-Length: 5", b"Transfer-Encoding: chunked"]),
    ("behind-chunked", "in either order", [b"Transfer-Encoding: chunked", b"Content-Length: 5"]),
    ("zero-beside-chunked", "though it be 0", [b"Content-Length: 0", b"Transfer-Encoding: chunked"]),
    ("beside-unknown-coding", "or beside another coding", [b"Content-Length: 5", b"Transfer-Encoding: frob"]),
):
    length.add("no-" + name, "RFC 9112 6.3", sentence, refused, head(*(fields if isinstance(fields, list) else [fields]), method=b"POST"))

for name, sentence, value in (
    ("overflow", "2^64 + 5 does not wrap to 5", b"18446744073709551621"),
    ("max-64", "2^64 - 1 is no small number", b"18446744073709551615"),
    ("max-63", "2^63 is not negative", b"9223372036854775808"),
    ("overflow-32", "2^32 + 5 does not wrap to 5", b"4294967301"),
    ("thousand-digits", "a number of a thousand digits is refused", b"9" * 1000),
):
    length.add(name, "RFC 9110 8.6", sentence, refused, head(b"Content-Length: " + value, method=b"POST"), (400, 413))


coding = Group("transfer-encoding", Plain)


def passed_over_chunks(case, fields, body):
    served(case, head(*fields) + body)


coding.add("chunked", "RFC 9112 7.1", "a chunked body is passed over", passed_over_chunks, [b"Transfer-Encoding: chunked"],
           b"5\r\nhello\r\n0\r\n\r\n")
coding.add("chunked-other-case", "RFC 9112 7", "names of codings have no case", passed_over_chunks, [b"Transfer-Encoding: CHUNKED"],
           b"5\r\nhello\r\n0\r\n\r\n")
coding.add("chunked-other-case-name", "RFC 9110 5.1", "nor has the field's name", passed_over_chunks, [b"transfer-ENCODING: Chunked"],
           b"5\r\nhello\r\n0\r\n\r\n")
coding.add("chunked-white-space", "RFC 9112 5.1", "white space around it is no part of it", passed_over_chunks,
           [b"Transfer-Encoding: \t chunked \t"], b"5\r\nhello\r\n0\r\n\r\n")
coding.add("te-of-the-answer", "RFC 9110 10.1.4", "TE asks for codings of the answer, not of the body", passed_over_chunks,
           [b"TE: chunked, trailers", b"Connection: TE"], b"")

CHUNKED = b"0\r\n\r\n"
for name, rule, sentence, fields, statuses in (
    ("unknown", "RFC 9112 6.1", "an unknown coding is 501", [b"Transfer-Encoding: frob"], (501,)),
    ("unknown-before-chunked", "RFC 9112 6.1", "so it is before chunked", [b"Transfer-Encoding: frob, chunked"], (501,)),
    ("gzip", "RFC 9112 6.1", "gzip as a transfer coding is unknown here", [b"Transfer-Encoding: gzip, chunked"], (501,)),
    ("identity", "RFC 9112 7", "identity is no coding any more", [b"Transfer-Encoding: identity"], (400, 501)),
    ("identity-behind", "RFC 9112 6.3", "chunked is the last", [b"Transfer-Encoding: chunked, identity"], (400,)),
    ("not-last", "RFC 9112 6.3", "without chunked at the end the length is not known", [b"Transfer-Encoding: chunked, gzip"], (400,)),
    ("twice", "RFC 9112 6.1", "chunked is applied once", [b"Transfer-Encoding: chunked, chunked"], (400,)),
    ("twice-in-two-fields", "RFC 9112 6.1", "also in two fields", [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"], (400,)),
    ("second-field", "RFC 9112 6.3", "two fields are one list", [b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"], (400,)),
    ("longer-name", "RFC 9112 7", "xchunked is not chunked", [b"Transfer-Encoding: xchunked"], (400, 501)),
    ("shorter-name", "RFC 9112 7", "chunke is not chunked", [b"Transfer-Encoding: chunke"], (400, 501)),
    ("parameter", "RFC 9112 7.1", "chunked has no parameters", [b"Transfer-Encoding: chunked;q=1"], (400, 501)),
    ("quoted", "RFC 9112 7", "a coding is a token", [b'Transfer-Encoding: "chunked"'], (400, 501)),
    ("empty", "RFC 9112 6.1", "an empty list of codings is refused", [b"Transfer-Encoding:"], (400, 501)),
    ("vertical-tab", "RFC 9110 5.5", "a vertical tab is no white space", [b"Transfer-Encoding: \x0bchunked"], (400,)),
    ("nul", "RFC 9110 5.5", "a NUL ends nothing", [b"Transfer-Encoding: chunked\0"], (400,)),
    ("space-inside", "RFC 9112 7", "two words are no coding", [b"Transfer-Encoding: chunked gzip"], (400, 501)),
    ("folded", "RFC 9112 5.2", "not even folded", [b"Transfer-Encoding:", b" chunked"], (400,)),
    ("high-byte", "RFC 9112 7", "a coding is ASCII", [b"Transfer-Encoding: chunked\xff"], (400, 501)),
):
    coding.add("no-" + name, rule, sentence, refused, head(*fields, method=b"POST") + CHUNKED, statuses)

coding.add("no-http-1-0", "RFC 9112 6.1", "HTTP/1.0 knows no codings: 1.0 with chunked is refused", refused,
           head(b"Transfer-Encoding: chunked", method=b"POST", version=b"HTTP/1.0") + CHUNKED)
coding.add("no-http-1-0-kept", "RFC 9112 6.1", "all the more where the connection would stay", refused,
           head(b"Connection: keep-alive", b"Content-Length: 5", b"Transfer-Encoding: chunked", version=b"HTTP/1.0") + CHUNKED)
coding.add("no-coding-of-get", "RFC 9112 6.1", "whatever the method", refused, head(b"Transfer-Encoding: frob"), (501,))

chunks = Group("chunks", Plain)
CODED = head(b"Transfer-Encoding: chunked")
for name, rule, sentence, body in (
    ("none", "RFC 9112 7.1", "the last chunk alone is an empty body", b"0\r\n\r\n"),
    ("several", "RFC 9112 7.1", "several chunks are one body", b"5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n"),
    ("lower-case", "RFC 9112 7.1", "sizes are hexadecimal", b"a\r\n0123456789\r\n0\r\n\r\n"),
    ("upper-case", "RFC 9112 7.1", "in either case", b"1A\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n"),
    ("leading-zeros", "RFC 9112 7.1", "leading zeros are digits", b"0005\r\nhello\r\n0\r\n\r\n"),
    ("zeros", "RFC 9112 7.1", "the last chunk's size may be several zeros", b"5\r\nhello\r\n000\r\n\r\n"),
    ("line-ends-inside", "RFC 9112 7.1", "a chunk's line ends are its content", b"9\r\n\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n"),
    ("request-inside", "RFC 9112 7.1", "a request in a chunk is none", b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)),
    ("extension-behind-space", "RFC 9112 7.1.1", "white space may part it from the size", b"5 \t;name\r\nhello\r\n0\r\n\r\n"),
    ("extension", "RFC 9112 7.1.1", "an extension is ignored", b"5;name\r\nhello\r\n0\r\n\r\n"),
    ("extension-value", "RFC 9112 7.1.1", "so is one with a value", b"5;name=value\r\nhello\r\n0;last=yes\r\n\r\n"),
    ("extension-quoted", "RFC 9112 7.1.1", "so is one with a quoted value", b'5;name="a; b"\r\nhello\r\n0\r\n\r\n'),
    ("extensions", "RFC 9112 7.1.1", "so are several", b"5;a;b=c;d=\"e\"\r\nhello\r\n0\r\n\r\n"),
    ("trailer", "RFC 9112 7.1.2", "a trailer is passed over", b"5\r\nhello\r\n0\r\nX: y\r\n\r\n"),
    ("trailers", "RFC 9112 7.1.2", "so are several", b"5\r\nhello\r\n0\r\nX: y\r\nY: z\r\nZ:\r\n\r\n"),
    ("trailer-length", "RFC 9110 6.5.1", "Content-Length in a trailer tells no length", b"5\r\nhello\r\n0\r\nContent-Length: 40\r\n\r\n"),
    ("trailer-host", "RFC 9110 6.5.1", "Host in a trailer is no second Host", b"0\r\nHost: other\r\n\r\n"),
    ("trailer-close", "RFC 9110 6.5.1", "Connection in a trailer closes nothing", b"0\r\nConnection: close\r\n\r\n"),
    ("trailer-coding", "RFC 9110 6.5.1", "Transfer-Encoding in a trailer begins no new body", b"0\r\nTransfer-Encoding: chunked\r\n\r\n"),
):
    chunks.add(name, rule, sentence, passed_over_chunks, [b"Transfer-Encoding: chunked"], body)


@chunks.case("bytewise", "RFC 9112 7.1", "a chunked body may come byte by byte")
def _(case):
    client = case.http()
    client.send_bytewise(CODED + b"5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n" + following(client, "/b.txt"))
    assert client.response().body == A
    assert client.response().body == B


for name, rule, sentence, body in (
    ("letter", "RFC 9112 7.1", "a size is hexadecimal", b"g\r\n"),
    ("minus", "RFC 9112 7.1", "a sign is no digit", b"-1\r\nx\r\n0\r\n\r\n"),
    ("plus", "RFC 9112 7.1", "nor is a plus", b"+1\r\nx\r\n0\r\n\r\n"),
    ("prefix", "RFC 9112 7.1", "there is no prefix", b"0x1\r\nx\r\n0\r\n\r\n"),
    ("underscore", "RFC 9112 7.1", "digits stand together", b"1_0\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n"),
    ("empty-size", "RFC 9112 7.1", "there is a size", b"\r\n\r\n"),
    ("extension-alone", "RFC 9112 7.1", "also before an extension", b";a\r\n\r\n"),
    ("leading-space", "RFC 9112 7.1", "no space before a size", b" 1\r\nx\r\n0\r\n\r\n"),
    ("trailing-space", "RFC 9112 7.1", "nor behind it", b"1 \r\nx\r\n0\r\n\r\n"),
    ("trailing-tab", "RFC 9112 7.1", "nor a tab", b"1\t\r\nx\r\n0\r\n\r\n"),
    ("bare-lf", "RFC 9112 7.1", "an LF does not end a size", b"1\nx\n0\n\n"),
    ("bare-lf-first", "RFC 9112 7.1", "not even once", b"1\nx\r\n0\r\n\r\n"),
    ("bare-cr", "RFC 9112 7.1", "nor does a CR", b"1\rx\r\n0\r\n\r\n"),
    ("cr-and-letter", "RFC 9112 7.1", "nor does a CR with something else behind it", b"1\rYx\r\n0\r\n\r\n"),
    ("letter-behind-data", "RFC 9112 7.1", "nothing stands between a chunk and its CRLF", b"1\r\nxY\n0\r\n\r\n"),
    ("cr-and-letter-behind-data", "RFC 9112 7.1", "nor within that CRLF", b"1\r\nx\rY0\r\n\r\n"),
    ("cr-and-letter-at-end", "RFC 9112 7.1", "nor within the last one", b"0\r\n\rY"),
    ("lf-behind-data", "RFC 9112 7.1", "a chunk ends with CRLF, not with LF", b"1\r\nx\n0\r\n\r\n"),
    ("cr-behind-data", "RFC 9112 7.1", "nor with CR", b"1\r\nx\r0\r\n\r\n"),
    ("nothing-behind-data", "RFC 9112 7.1", "nor with nothing", b"1\r\nx0\r\n\r\n"),
    ("longer-data", "RFC 9112 7.1", "a chunk is not longer than it says", b"1\r\nxy\r\n0\r\n\r\n"),
    ("overflow", "RFC 9112 7.1", "2^64 + 1 does not wrap to 1", b"10000000000000001\r\nx\r\n0\r\n\r\n"),
    ("overflow-32", "RFC 9112 7.1", "2^32 + 1 does not wrap to 1", b"100000001\r\nx\r\n0\r\n\r\n"),
    ("max-64", "RFC 9112 7.1", "2^64 - 1 is no small number", b"ffffffffffffffff\r\nx\r\n0\r\n\r\n"),
    ("nul", "RFC 9112 7.1", "a NUL is no digit", b"1\0\r\nx\r\n0\r\n\r\n"),
    ("comma", "RFC 9112 7.1", "a size is not a list", b"1,1\r\nx\r\n0\r\n\r\n"),
    ("extension-lf", "RFC 9112 7.1.1", "an LF does not end an extension", b"1;a\nx\r\n0\r\n\r\n"),
    ("extension-cr", "RFC 9112 7.1.1", "a CR in an extension is refused", b"1;a\rb\r\nx\r\n0\r\n\r\n"),
    ("extension-nul", "RFC 9112 7.1.1", "so is a NUL", b"1;a\0b\r\nx\r\n0\r\n\r\n"),
    ("extension-quoted-lf", "RFC 9112 7.1.1", "also between quotes", b'1;a="b\nc"\r\nx\r\n0\r\n\r\n'),
    ("last-lf", "RFC 9112 7.1", "an LF does not end the last chunk's size", b"1\r\nx\r\n0\n\r\n"),
    ("last-lf-lf", "RFC 9112 7.1", "nor does the body end with an LF", b"1\r\nx\r\n0\r\n\n"),
    ("trailer-lf", "RFC 9112 7.1.2", "an LF does not end a trailer", b"0\r\nX: y\n\r\n"),
    ("trailer-lf-inside", "RFC 9112 7.1.2", "nor parts it from the next", b"0\r\nX: y\nY: z\r\n\r\n"),
    ("trailer-cr", "RFC 9112 7.1.2", "a CR in a trailer is refused", b"0\r\nX: a\rb\r\n\r\n"),
    ("trailer-nul", "RFC 9112 7.1.2", "so is a NUL", b"0\r\nX: a\0b\r\n\r\n"),
    ("trailer-name", "RFC 9112 7.1.2", "a trailer's name is a token", b"0\r\nX(Y): z\r\n\r\n"),
    ("trailer-space", "RFC 9112 5.1", "no space before a trailer's colon", b"0\r\nX : y\r\n\r\n"),
    ("trailer-folded", "RFC 9112 5.2", "a trailer is not folded", b"0\r\nX: a\r\n b\r\n\r\n"),
    ("trailer-folded-field", "RFC 9112 5.2", "not even with what looks like a field", b"0\r\nX: a\r\n Y: b\r\n\r\n"),
    ("trailer-empty-name", "RFC 9112 5.1", "a trailer has a name", b"0\r\n: y\r\n\r\n"),
    ("trailer-no-colon", "RFC 9112 5", "and a colon", b"0\r\nGET /b.txt HTTP/1.1\r\n\r\n"),
):
    chunks.add("no-" + name, rule, sentence, unanswered_behind, CODED + body)

bodies = Group("body-sizes", Small)
POSTED = head(b"Transfer-Encoding: chunked", method=b"POST")


def within(case, text):
    client = case.http()
    client.send(text + following(client, "/a.txt"))
    assert client.response().status == 405
    assert client.response().body == A


bodies.add("length-within", "RFC 9110 15.5.14", "a body at the limit is passed over", within,
           head(b"Content-Length: 1000", method=b"POST") + b"x" * 1000)
bodies.add("length-beyond", "RFC 9110 15.5.14", "one byte more is 413", refused, head(b"Content-Length: 1001", method=b"POST"), (413,))
bodies.add("length-beyond-of-get", "RFC 9110 15.5.14", "whatever the method", refused, head(b"Content-Length: 1001"), (413,))
bodies.add("chunks-within", "RFC 9110 15.5.14", "chunks up to the limit are passed over", within,
           POSTED + (b"64\r\n" + b"x" * 100 + b"\r\n") * 10 + b"0\r\n\r\n")
bodies.add("chunk-beyond", "RFC 9110 15.5.14", "a chunk beyond the limit ends the connection", unanswered_behind,
           POSTED + b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n")
bodies.add("chunks-beyond", "RFC 9110 15.5.14", "so do many small ones", unanswered_behind,
           POSTED + (b"64\r\n" + b"x" * 100 + b"\r\n") * 10 + b"1\r\nx\r\n0\r\n\r\n")
bodies.add("endless-extension", "RFC 9112 7.1.1", "extensions have a limit", unanswered_behind,
           POSTED + b"1;" + b"x" * 100_000 + b"\r\nx\r\n0\r\n\r\n")
bodies.add("many-extensions", "RFC 9112 7.1.1", "so they have when every chunk has one", unanswered_behind,
           POSTED + (b"1;" + b"x" * 600 + b"\r\nx\r\n") * 200 + b"0\r\n\r\n")
bodies.add("endless-trailers", "RFC 9110 6.5.1", "trailers have a limit", unanswered_behind,
           POSTED + b"0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n")


@bodies.case("answer-survives", "RFC 9112 9.6", "an answer is not destroyed by a body that is still being sent")
def _(case):
    client = case.http()
    client.send(head(b"Content-Length: 4194304", method=b"POST"))
    client.send(b"x" * (4 << 20))
    assert client.response().status == 413
