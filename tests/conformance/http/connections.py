"""RFC 9112 9: connections, pipelining; RFC 9110 7.6 and 7.8: Connection, Upgrade; 10.1.1: Expect."""

from case import Group

from .checks import A, B, C, following, head, refused, served
from .servers import LARGE, TEXT, Plain, Traps

persistence = Group("persistence", Plain)


def kept(case, text):
    served(case, text)


def closed(case, text, status=200):
    client = case.http()
    client.send(text + following(client))
    answer = client.response()
    assert answer.status == status, answer
    assert answer.get("Connection").lower() == "close", answer
    client.expect_end()


for name, rule, sentence, fields in (
    ("default", "RFC 9112 9.3", "HTTP/1.1 keeps the connection", []),
    ("keep-alive", "RFC 9112 9.3", "also when asked to", [b"Connection: keep-alive"]),
    ("other-option", "RFC 9110 7.6.1", "an unknown option changes nothing", [b"Connection: x-option"]),
    ("longer-option", "RFC 9110 7.6.1", "closed is not close", [b"Connection: closed"]),
    ("hyphenated-option", "RFC 9110 7.6.1", "nor is not-close", [b"Connection: not-close"]),
    ("empty", "RFC 9110 5.6.1", "an empty list of options changes nothing", [b"Connection:"]),
    ("empty-elements", "RFC 9110 5.6.1", "nor do empty elements", [b"Connection: ,, ,"]),
    ("close-in-another-field", "RFC 9110 7.6.1", "close is an option of Connection alone", [b"X: close", b"Keep-Alive: close"]),
    ("proxy-connection", "RFC 9112 C.2.2", "Proxy-Connection is not for a server", [b"Proxy-Connection: close"]),
    ("names-a-field", "RFC 9110 7.6.1", "an option may name a field", [b"Connection: X-Hop", b"X-Hop: y"]),
    ("names-an-end-to-end-field", "RFC 9110 7.6.1", "even one that is not to be named", [b"Connection: Host"]),
):
    persistence.add(name, rule, sentence, kept, head(*fields))

for name, rule, sentence, fields in (
    ("close", "RFC 9112 9.6", "close ends the connection behind the answer, which says so", [b"Connection: close"]),
    ("close-other-case", "RFC 9110 7.6.1", "options have no case", [b"connection: CLOSE"]),
    ("close-in-a-list", "RFC 9110 7.6.1", "options are a list", [b"Connection: x-option, close"]),
    ("close-without-space", "RFC 9110 5.6.1", "white space in a list is no duty", [b"Connection: x-option,close,"]),
    ("close-in-second-field", "RFC 9110 5.3", "two fields are one list", [b"Connection: x-option", b"Connection: close"]),
    ("close-beside-keep-alive", "RFC 9112 9.3", "close wins over keep-alive", [b"Connection: keep-alive, close"]),
    ("close-before-keep-alive", "RFC 9112 9.3", "in either order", [b"Connection: close", b"Connection: keep-alive"]),
):
    persistence.add(name, rule, sentence, closed, head(*fields))


@persistence.case("close-with-a-body", "RFC 9112 9.6", "close waits for the end of the request")
def _(case):
    closed(case, head(b"Connection: close", b"Content-Length: 5", method=b"POST") + b"hello", 405)


@persistence.case("http-1-0", "RFC 9112 9.3", "HTTP/1.0 closes")
def _(case):
    closed(case, head(version=b"HTTP/1.0"))


@persistence.case("http-1-0-keep-alive", "RFC 9112 9.3", "HTTP/1.0 stays when it asks to and is told so")
def _(case):
    client = case.http()
    client.send(head(b"Connection: keep-alive", version=b"HTTP/1.0") + head(version=b"HTTP/1.0") + following(client))
    answer = client.response()
    assert answer.body == A and answer.get("Connection").lower() == "keep-alive", answer
    assert client.response().body == A
    client.expect_end()


@persistence.case("http-1-0-keep-alive-and-close", "RFC 9112 9.3", "close wins in HTTP/1.0, too")
def _(case):
    closed(case, head(b"Connection: keep-alive, close", version=b"HTTP/1.0"))


@persistence.case("http-1-1-behind-1-0", "RFC 9112 9.3", "each request says what its own version is")
def _(case):
    client = case.http()
    client.send(head(b"Connection: keep-alive", version=b"HTTP/1.0") + following(client, "/b.txt") + following(client))
    assert [client.response().body for _ in range(3)] == [A, B, C]
    assert client.is_open()


@persistence.case("no-close-unasked", "RFC 9112 9.6", "what stays open does not say close")
def _(case):
    answer = served(case, head())
    assert answer.get("Connection") is None, answer


for status, text in ((404, head(target=b"/none")), (405, head(b"Content-Length: 0", method=b"DELETE")), (301, head(target=b"/folder")),
                     (304, head(b"If-None-Match: *")), (412, head(b'If-Match: "x"')), (416, head(b"Range: bytes=99-")),
                     (204, head(method=b"OPTIONS"))):
    def stays(case, status, text):
        served(case, text, None, status)
    persistence.add(f"behind-{status}", "RFC 9112 9.3", f"{status} is no reason to close", stays, status, text)

upgrades = Group("upgrades", Plain)
for name, rule, sentence, fields in (
    ("unknown", "RFC 9110 7.8", "an unknown protocol is not upgraded to", [b"Connection: Upgrade", b"Upgrade: frob/1"]),
    ("h2c", "RFC 9110 7.8", "HTTP/2 is not upgraded to",
     [b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"]),
    ("tls", "RFC 2817 3.1", "nor is TLS", [b"Connection: Upgrade", b"Upgrade: TLS/1.0"]),
    ("without-connection", "RFC 9110 7.8", "Upgrade without the option is ignored", [b"Upgrade: websocket"]),
    ("option-alone", "RFC 9110 7.8", "so is the option without Upgrade", [b"Connection: Upgrade"]),
    ("several", "RFC 9110 7.8", "so are several unknown ones", [b"Connection: upgrade", b"Upgrade: a/1, b, c/2"]),
):
    upgrades.add(name, rule, sentence, served, head(*fields))


@upgrades.case("body-of-an-upgrade", "RFC 9110 7.8", "a body is a body though Upgrade stands above it")
def _(case):
    served(case, head(b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: 5") + b"hello")


@upgrades.case("http-1-0", "RFC 9110 7.8", "Upgrade in HTTP/1.0 is ignored")
def _(case):
    client = case.http()
    client.send(head(b"Connection: Upgrade", b"Upgrade: websocket", version=b"HTTP/1.0"))
    assert client.response().body == A
    client.expect_end()


expectations = Group("expectations", Plain)


@expectations.case("final-at-once", "RFC 9110 10.1.1", "a final answer may come instead of 100, and tells whether the connection stays")
def _(case):
    client = case.http()
    client.send(head(b"Expect: 100-continue", b"Content-Length: 10", method=b"POST"))
    answer = client.response()
    assert answer.status == 405 and answer.interim == [], answer
    # The body may or may not come: the connection must not go on.
    assert answer.get("Connection").lower() == "close"
    client.expect_end()


@expectations.case("body-sent-anyway", "RFC 9110 10.1.1", "a body that is sent all the same is no request")
def _(case):
    body = b"GET /c.txt HTTP/1.1\r\nHost: x\r\n\r\n"
    client = case.http()
    client.send(head(b"Expect: 100-continue", b"Content-Length: %d" % len(body), method=b"POST") + body)
    assert client.response().status == 405
    client.expect_end()


for name, sentence, fields in (
    ("without-body", "without a body there is nothing to wait for", [b"Expect: 100-continue"]),
    ("other-case", "the expectation has no case", [b"eXPECT: 100-Continue"]),
    ("empty-body", "nor is there with a length of 0", [b"Expect: 100-continue", b"Content-Length: 0"]),
):
    expectations.add(name, "RFC 9110 10.1.1", sentence, served, head(*fields))

expectations.add("http-1-0", "RFC 9110 10.1.1", "HTTP/1.0 gets no 100", lambda case: no_interim(case))


def no_interim(case):
    client = case.http()
    client.send(head(b"Expect: 100-continue", b"Content-Length: 2", version=b"HTTP/1.0") + b"xx")
    answer = client.response()
    assert (answer.status, answer.interim) == (200, []), answer


expectations.add("unknown", "RFC 9110 10.1.1", "another expectation is 417", refused, head(b"Expect: the-unexpected"), (417,))
expectations.add("unknown-beside", "RFC 9110 10.1.1", "also beside 100-continue", refused, head(b"Expect: 100-continue, frob"), (417,))
expectations.add("unknown-in-second-field", "RFC 9110 5.3", "also in a second field", refused,
                 head(b"Expect: 100-continue", b"Expect: frob"), (417,))

pipelining = Group("pipelining", Plain)


def pipelined(case, requests, expected, apart=False):
    """Requests sent together; `expected`: (method, status, body or None) of each answer."""
    client = case.http()
    if apart:
        client.send_apart(*requests)
    else:
        client.send(b"".join(requests))
    for method, status, body in expected:
        answer = client.response(method)
        assert answer.status == status, answer
        assert body is None or answer.body == body, answer
    assert client.is_open(), client.buffer


def GET(target):
    return head(target=target.encode())


IN_ORDER = [("GET", 200, A), ("GET", 200, B), ("GET", 200, C), ("GET", 200, A)]
FOUR = [GET("/a.txt"), GET("/b.txt"), GET("/c.txt"), GET("/a.txt")]
pipelining.add("in-order", "RFC 9112 9.3.2", "answers come in the order of the requests", pipelined, FOUR, IN_ORDER)
pipelining.add("in-order-apart", "RFC 9112 9.3.2", "also when each request comes alone", pipelined, FOUR, IN_ORDER, True)
pipelining.add("hundreds", "RFC 9112 9.3.2", "hundreds of requests are answered", pipelined, [GET("/a.txt")] * 400,
               [("GET", 200, A)] * 400)
for name, sentence, request, answer in (
    ("head", "HEAD in the middle has no body", head(method=b"HEAD"), ("HEAD", 200, None)),
    ("not-found", "a 404 in the middle has its place", GET("/none"), ("GET", 404, None)),
    ("head-not-found", "so has a 404 without a body", head(method=b"HEAD", target=b"/none"), ("HEAD", 404, None)),
    ("not-modified", "a 304 in the middle has no body", head(b"If-None-Match: *"), ("GET", 304, None)),
    ("partial", "a 206 in the middle has its length", head(b"Range: bytes=2-4"), ("GET", 206, b"aaa")),
    ("multipart", "so has one of several parts", head(b"Range: bytes=0-1,9000-9001", target=b"/text.txt"), ("GET", 206, None)),
    ("redirect", "a redirect in the middle has its place", GET("/folder"), ("GET", 301, None)),
    ("options", "a 204 in the middle has no body", head(method=b"OPTIONS"), ("OPTIONS", 204, None)),
    ("refused-method", "a 405 in the middle has its place", head(b"Content-Length: 5", method=b"POST") + b"hello", ("POST", 405, None)),
    ("chunked", "a chunked body in the middle is passed over", head(b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n",
     ("GET", 200, A)),
    ("large", "a large file in the middle is sent whole", GET("/large.bin"), ("GET", 200, LARGE)),
    ("cold", "one that was never asked for has its place", GET("/folder/index.html?x"), ("GET", 200, b"folder's\n")),
    ("empty-file", "an empty file in the middle has an answer", GET("/empty.txt"), ("GET", 200, b"")),
    ("empty-line", "an empty line in the middle is ignored", b"\r\n" + GET("/a.txt"), ("GET", 200, A)),
):
    pipelining.add("behind-" + name, "RFC 9112 9.3.2", sentence, pipelined, [GET("/b.txt"), request, GET("/c.txt")],
                   [("GET", 200, B), answer, ("GET", 200, C)])


@pipelining.case("mixed", "RFC 9112 9.3.2", "large and small ones in turn keep their order")
def _(case):
    pipelined(case, [GET("/large.bin"), GET("/a.txt"), GET("/text.txt"), GET("/none")] * 10,
              [("GET", 200, LARGE), ("GET", 200, A), ("GET", 200, TEXT.encode()), ("GET", 404, None)] * 10)


@pipelining.case("cut-anywhere", "RFC 9112 2.2", "a segment may end anywhere")
def _(case):
    client = case.http()
    text = head(b"X: y") + head(b"Content-Length: 3", target=b"/b.txt") + b"xyz" + head(method=b"HEAD")
    for cut in range(1, len(text)):
        client.send_apart(text[:cut], text[cut:])
        assert [client.response().body, client.response().body, client.response("HEAD").status] == [A, B, 200], cut
    assert client.is_open()


@pipelining.case("error-in-the-middle", "RFC 9112 9.3", "behind a refused request nothing is answered, before it everything")
def _(case):
    client = case.http()
    client.send(GET("/a.txt") + GET("/b.txt") + head(b"X : y") + GET("/c.txt"))
    assert [client.response().body, client.response().body] == [A, B]
    assert client.response().status == 400
    client.expect_end()


@pipelining.case("close-in-the-middle", "RFC 9112 9.6", "behind a request with close nothing is answered")
def _(case):
    client = case.http()
    client.send(GET("/a.txt") + head(b"Connection: close", target=b"/b.txt") + GET("/c.txt"))
    assert [client.response().body, client.response().body] == [A, B]
    client.expect_end()


@pipelining.case("half-request-behind", "RFC 9112 9.3.2", "half a request does not hold back the answer before it")
def _(case):
    client = case.http()
    text = GET("/b.txt")
    client.send(GET("/a.txt") + text[:10])
    assert client.response().body == A
    client.send(text[10:])
    assert client.response().body == B


waiting = Group("waiting-requests", Traps)  # each of its files is looked at anew: every answer takes a turn of the disk
INSIDE, DEEP = GET("/inside.txt"), GET("/folder/deep.txt")


@waiting.case("in-order", "RFC 9112 9.3.2", "requests that wait for the disk are answered in their order")
def _(case):
    pipelined(case, [INSIDE, DEEP, GET("/none"), INSIDE] * 20,
              [("GET", 200, b"inside"), ("GET", 200, b"deep"), ("GET", 404, None), ("GET", 200, b"inside")] * 20)


@waiting.case("bodies", "RFC 9112 9.3.2", "bodies that come while a request waits are passed over")
def _(case):
    pipelined(case, [head(b"Content-Length: 5", target=b"/inside.txt") + b"hello", DEEP,
                     head(b"Transfer-Encoding: chunked", target=b"/inside.txt") + b"5\r\nhello\r\n0\r\n\r\n", DEEP],
              [("GET", 200, b"inside"), ("GET", 200, b"deep")] * 2)


@waiting.case("bad-body", "RFC 9112 9.3", "behind a bad chunk that comes while a request waits nothing is answered")
def _(case):
    client = case.http()
    # Nobody asks for this body: it is looked at when the request has been answered.
    client.send(head(b"Transfer-Encoding: chunked", target=b"/inside.txt") + b"x\r\n" + DEEP)
    assert client.response().body == b"inside"
    client.expect_end()


@waiting.case("half-closed", "RFC 9112 9.6", "who closes while requests wait is answered all of them")
def _(case):
    client = case.http()
    client.send_last(INSIDE + DEEP + INSIDE)
    assert [client.response().body for _ in range(3)] == [b"inside", b"deep", b"inside"]
    client.expect_end()


@waiting.case("close-in-the-middle", "RFC 9112 9.6", "behind a request with close nothing is answered, also when it waits")
def _(case):
    client = case.http()
    client.send(INSIDE + head(b"Connection: close", target=b"/folder/deep.txt") + INSIDE)
    assert [client.response().body, client.response().body] == [b"inside", b"deep"]
    client.expect_end()


@waiting.case("many-clients", "RFC 9112 9.3", "a hundred clients that wait for one file are all answered")
def _(case):
    clients = [case.http() for _ in range(100)]
    for client in clients:
        client.send(INSIDE)
    for client in clients:
        assert client.response().body == b"inside"
