"""RFC 9112 3: the request line; RFC 9110 2.5: versions; 9: methods."""

from case import Group

from .checks import A, B, answers, following, get, head, refused, served
from .servers import Ancient, Plain

HOST = b"\r\nHost: localhost\r\n\r\n"

line = Group("request-line", Plain)

line.add("empty-line-before", "RFC 9112 2.2", "an empty line before the request line is ignored", served, b"\r\n" + head())
line.add("empty-lines-before", "RFC 9112 2.2", "several empty lines before it are ignored, too", served, b"\r\n\r\n\r\n" + head())

for name, rule, sentence, text in (
    ("bare-lf", "RFC 9112 2.2", "a line that ends with LF alone is refused", b"GET /a.txt HTTP/1.1\nHost: localhost\r\n\r\n"),
    ("bare-cr", "RFC 9112 2.2", "a CR within the line is refused", b"GET /a.txt HTTP/1.1\rX" + HOST),
    ("cr-before-crlf", "RFC 9112 2.2", "a CR before the line's end is refused", b"GET /a.txt HTTP/1.1\r" + HOST),
    ("lf-before", "RFC 9112 2.2", "an empty line of LF alone is no empty line", b"\n" + head()),
    ("leading-space", "RFC 9112 3", "a space before the method is refused", b" GET /a.txt HTTP/1.1" + HOST),
    ("leading-tab", "RFC 9112 3", "a tab before the method is refused", b"\tGET /a.txt HTTP/1.1" + HOST),
    ("tab-for-space", "RFC 9112 3", "a tab does not part the words", b"GET\t/a.txt\tHTTP/1.1" + HOST),
    ("vertical-tab-for-space", "RFC 9112 3", "nor does a vertical tab", b"GET\x0b/a.txt HTTP/1.1" + HOST),
    ("two-spaces-before-target", "RFC 9112 3", "there is one space before the target", b"GET  /a.txt HTTP/1.1" + HOST),
    ("two-spaces-before-version", "RFC 9112 3", "there is one space before the version", b"GET /a.txt  HTTP/1.1" + HOST),
    ("trailing-space", "RFC 9112 3", "nothing follows the version", b"GET /a.txt HTTP/1.1 " + HOST),
    ("trailing-tab", "RFC 9112 3", "not even a tab", b"GET /a.txt HTTP/1.1\t" + HOST),
    ("fourth-word", "RFC 9112 3", "a fourth word is refused", b"GET /a.txt HTTP/1.1 x" + HOST),
    ("space-in-target", "RFC 9112 3.2", "white space in the target is refused", b"GET /a b.txt HTTP/1.1" + HOST),
    ("no-target", "RFC 9112 3", "a line without a target is refused", b"GET HTTP/1.1" + HOST),
    ("no-method", "RFC 9112 3", "a line without a method is refused", b"/a.txt HTTP/1.1" + HOST),
    ("empty-target", "RFC 9112 3", "an empty target is refused", b"GET  HTTP/1.1" + HOST),
    ("method-alone", "RFC 9112 3", "a method alone is refused", b"GET" + HOST),
    ("nul-in-method", "RFC 9110 9.1", "a NUL in the method is refused", b"G\0T /a.txt HTTP/1.1" + HOST),
    ("nul-in-target", "RFC 9112 3.2", "a NUL in the target is refused", b"GET /a\0.txt HTTP/1.1" + HOST),
    ("nul-in-version", "RFC 9112 2.3", "a NUL in the version is refused", b"GET /a.txt HTTP/1.1\0" + HOST),
    ("control-in-target", "RFC 9112 3.2", "a control character in the target is refused", b"GET /a\x01.txt HTTP/1.1" + HOST),
    ("delete-in-target", "RFC 9112 3.2", "DEL in the target is refused", b"GET /a\x7f.txt HTTP/1.1" + HOST),
    ("raw-utf-8-in-target", "RFC 3986 2", "a URI is ASCII: raw UTF-8 is refused", b"GET /\xc3\xa9 HTTP/1.1" + HOST),
    ("at-sign-in-method", "RFC 9110 5.6.2", "a method is a token: no @", b"G@T /a.txt HTTP/1.1" + HOST),
    ("parenthesis-in-method", "RFC 9110 5.6.2", "a method is a token: no parenthesis", b"GET( /a.txt HTTP/1.1" + HOST),
    ("colon-in-method", "RFC 9110 5.6.2", "a method is a token: no colon", b"Host: localhost HTTP/1.1" + HOST),
    ("quote-in-method", "RFC 9110 5.6.2", "a method is a token: no quote", b'"GET" /a.txt HTTP/1.1' + HOST),
    ("high-byte-in-method", "RFC 9110 5.6.2", "a method is a token: ASCII", b"G\xc9T /a.txt HTTP/1.1" + HOST),
):
    line.add(name, rule, sentence, refused, text)


@line.case("long-method-cut", "RFC 9112 3", "a method longer than any is 501, also before its end has come")
def _(case):
    client = case.http()
    client.send(b"X" * 40)
    assert client.response().status == 501
    client.expect_end()


@line.case("long-target", "RFC 9112 3", "a target longer than the server reads is 414")
def _(case):
    refused(case, head(target=b"/" + b"x" * 9000), (414,))


@line.case("eight-thousand-octets", "RFC 9112 3", "a request line of 8,000 octets is read")
def _(case):
    served(case, head(target=b"/a.txt?" + b"x" * (8000 - 20)))


versions = Group("versions", Plain)
for name, sentence, version in (
    ("http-1-0", "HTTP/1.0 is answered", b"HTTP/1.0"),
    ("http-1-1", "HTTP/1.1 is answered", b"HTTP/1.1"),
    ("http-1-2", "a later minor version is answered as the last one known", b"HTTP/1.2"),
    ("http-1-9", "so is the last minor version there can be", b"HTTP/1.9"),
):
    def answered(case, version):
        client = case.http()
        client.send(head(version=version))
        answer = client.response()
        # RFC 9110 6.2: the version of the answer is the server's own, not the request's.
        assert (answer.version, answer.status, answer.body) == ("HTTP/1.1", 200, A), answer
    versions.add(name, "RFC 9110 2.5", sentence, answered, version)


@versions.case("later-minor-persists", "RFC 9112 9.3", "HTTP/1.2 keeps the connection as HTTP/1.1 does")
def _(case):
    served(case, head(version=b"HTTP/1.2"))


for name, sentence, version, statuses in (
    ("http-2-0", "another major version is 505", b"HTTP/2.0", (505,)),
    ("http-3-0", "another major version is 505, whatever it is", b"HTTP/3.0", (505,)),
    ("http-0-9-named", "HTTP/0.9 names no version: with fields it is none", b"HTTP/0.9", (400, 505)),
    ("lower-case", "the name of the protocol has capitals", b"http/1.1", (400,)),
    ("no-minor", "there is a minor version", b"HTTP/1", (400,)),
    ("two-digit-minor", "the minor version is one digit", b"HTTP/1.10", (400,)),
    ("two-digit-major", "the major version is one digit", b"HTTP/11.1", (400,)),
    ("leading-zero", "a leading zero makes two digits", b"HTTP/01.1", (400,)),
    ("comma", "a dot parts the digits", b"HTTP/1,1", (400,)),
    ("letter", "a digit is no letter", b"HTTP/1.a", (400,)),
    ("other-protocol", "another protocol's name is refused", b"ICAP/1.0", (400,)),
    ("suffix", "nothing follows the digits", b"HTTP/1.1x", (400,)),
    ("backslash", "the slash is a slash", b"HTTP\\1.1", (400,)),
    ("missing", "without a version it would be HTTP/0.9, which is off", b"", (400,)),
):
    versions.add(name, "RFC 9112 2.3", sentence, refused, head(version=version), statuses)

versions.add("http-2-preface", "RFC 9113 3.4", "HTTP/2's preface is refused", refused, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505, 501))
versions.add("tls", "browsers rely on it", "a TLS handshake on a plain port ends soon", refused,
             b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")


@versions.case("tls-hello", "browsers rely on it", "a TLS handshake's first bytes suffice to be refused")
def _(case):
    client = case.http()
    client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    client.response()
    client.expect_end()


@versions.case("no-version-in-one-line", "RFC 9112 2.3", "a simple request is refused where HTTP/0.9 is off")
def _(case):
    client = case.http()
    client.send(b"GET /a.txt\r\n")
    assert client.response().status == 400
    client.expect_end()


ancient = Group("http-0-9", Ancient)


@ancient.case("simple-request", "RFC 1945 5", "where HTTP/0.9 is on a simple request gets the bare body")
def _(case):
    client = case.http()
    client.send(b"GET /a.txt\r\n")
    assert client.read_all() == A


@ancient.case("post", "RFC 1945 5", "HTTP/0.9 has GET and nothing else")
def _(case):
    client = case.http()
    client.send(b"POST /a.txt\r\n")
    assert b"HTTP/1.1 400 " in client.read_all()


@ancient.case("nothing-behind", "RFC 1945 5", "a simple request is the connection's last")
def _(case):
    client = case.http()
    client.send(b"GET /a.txt\r\n" + following(client, "/a.txt"))
    assert client.read_all() == A


@ancient.case("bytewise", "RFC 1945 5", "a simple request may come byte by byte")
def _(case):
    client = case.http()
    client.send_bytewise(b"GET /a.txt\r\n")
    assert client.read_all() == A


ancient.add("full-request", "RFC 9112 2.3", "where HTTP/0.9 is on HTTP/1.1 is as ever", answers, "/a.txt", 200, A)

methods = Group("methods", Plain)


@methods.case("head", "RFC 9110 9.3.2", "HEAD gets the fields of GET and no body")
def _(case):
    fields = []
    for method in ("GET", "HEAD"):
        answer = get(case, "/text.txt", method=method)
        assert answer.status == 200
        fields.append([(name, value) for name, value in answer.headers if name != "Date"])
    assert fields[0] == fields[1], fields


for name, sentence, target, status in (
    ("head-of-a-large-file", "HEAD of a file that is sent from its descriptor is no different", "/large.bin", 200),
    ("head-of-an-empty-file", "HEAD of an empty file tells Content-Length: 0", "/empty.txt", 200),
    ("head-of-an-error", "HEAD of what is not there is a 404 without a body", "/none", 404),
    ("head-of-a-folder", "HEAD of a folder is a redirect without a body", "/folder", 301),
):
    def same_as_get(case, target, status):
        lengths = []
        for method in ("GET", "HEAD"):
            answer = get(case, target, method=method)
            assert answer.status == status, answer
            lengths.append((answer.get("Content-Length"), answer.get("Content-Type"), answer.get("ETag"), answer.get("Location")))
        assert lengths[0] == lengths[1] and lengths[0][0] is not None, lengths
    methods.add(name, "RFC 9110 9.3.2", sentence, same_as_get, target, status)


def allowed(answer):
    return [name.strip() for name in answer.get("Allow").split(",")]


for method in ("POST", "PUT", "DELETE", "PATCH"):
    def not_allowed(case, method):
        answer = get(case, "/a.txt", method=method, body=b"")
        assert answer.status == 405, answer
        assert {"GET", "HEAD"} <= set(allowed(answer)) and method not in allowed(answer), answer
    methods.add(f"{method.lower()}-of-a-file", "RFC 9110 15.5.6", f"{method} of a file is 405, which tells what is allowed",
                not_allowed, method)

methods.add("post-to-a-folder", "RFC 9110 15.5.6", "POST to a folder is 405 rather than a redirect", answers, "/folder", 405, None,
            {"Content-Length": "0"}, "POST")
methods.add("post-to-nothing", "RFC 9110 15.5.5", "POST to what is not there is 404", answers, "/none", 404, None,
            {"Content-Length": "0"}, "POST")


@methods.case("post-without-length", "RFC 9112 6.3", "a POST without a length has no body")
def _(case):
    served(case, head(method=b"POST"), None, 405)


for name, sentence, method in (
    ("unknown", "an unknown method is 501", b"FROB"),
    ("lower-case", "methods compare with case: get is none", b"get"),
    ("mixed-case", "nor is Get", b"Get"),
    ("longer", "what begins with a known method is another one", b"GETX"),
    ("symbols", "any token may be a method, so it is 501 rather than 400", b"!#$%&'*+-.^_`|~"),
    ("long", "a method longer than any is 501", b"X" * 100),
):
    methods.add(name, "RFC 9110 9.1", sentence, refused, head(method=method), (501,))


@methods.case("trace", "RFC 9110 9.3.8", "TRACE does not send back what it was sent")
def _(case):
    client = case.http()
    client.request("TRACE", "/a.txt", {"Cookie": "secret"})
    answer = client.response()
    assert answer.status in (405, 501) and b"secret" not in answer.body, answer
    assert answer.status == 501 or answer.get("Allow"), answer


@methods.case("connect", "RFC 9110 9.3.6", "CONNECT opens no tunnel: it is not implemented")
def _(case):
    refused(case, b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n", (501,))


methods.add("connect-to-a-path", "RFC 9112 3.2.3", "CONNECT wants host and port", refused, b"CONNECT /a.txt HTTP/1.1" + HOST)
methods.add("connect-without-port", "RFC 9112 3.2.3", "CONNECT's port is no option", refused, b"CONNECT localhost HTTP/1.1" + HOST)


@methods.case("options-of-a-file", "RFC 9110 9.3.7", "OPTIONS tells what a file can do")
def _(case):
    answer = get(case, "/a.txt", method="OPTIONS")
    assert answer.status in (200, 204) and {"GET", "HEAD", "OPTIONS"} <= set(allowed(answer)), answer
    assert answer.status == 204 or answer.get("Content-Length") == "0", answer


@methods.case("options-of-the-server", "RFC 9110 9.3.7", "OPTIONS * tells what the server can do")
def _(case):
    answer = get(case, "*", method="OPTIONS")
    assert answer.status == 200 and answer.get("Content-Length") == "0" and "GET" in allowed(answer), answer


methods.add("options-of-nothing", "RFC 9110 9.3.7", "OPTIONS of what is not there is 404", answers, "/none", 404, None, (), "OPTIONS")


@methods.case("options-with-a-body", "RFC 9110 9.3.7", "a body of OPTIONS is passed over")
def _(case):
    client = case.http()
    client.request("OPTIONS", "/a.txt", body=b"GET /c.txt HTTP/1.1\r\nHost: x\r\n\r\n")
    client.send(following(client, "/b.txt"))
    assert client.response().status in (200, 204)
    assert client.response().body == B
