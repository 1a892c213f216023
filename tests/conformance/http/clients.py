"""Slow clients, and clients that vanish. What one of them does is no other's affair: each case ends with a request that is
served. Limits of time are short where a case waits for one; a loaded machine makes them longer, never shorter."""

import select
import time

from bounds import wait_for
from case import Group
from processes import descriptors
from wire import unread

from .checks import A, B, following, get, head
from .servers import HUGE_SIZE, LARGE, Alone, Hasty, Plain

slow = Group("slow-clients", Plain)


@slow.case("bytewise", "RFC 9112 2.2", "a request may come one byte a segment")
def _(case):
    client = case.http()
    client.send_bytewise(head(b"X: y") + head(b"Content-Length: 3", target=b"/b.txt") + b"xyz")
    assert [client.response().body, client.response().body] == [A, B]
    assert client.is_open()


@slow.case("bytewise-bad", "RFC 9112 2.2", "a malformed one is refused as if it came at once")
def _(case):
    client = case.http()
    client.send_bytewise(head(b"X : y"))
    assert client.response().status == 400
    client.expect_end()


@slow.case("bytewise-empty-lines", "RFC 9112 2.2", "empty lines before it may come byte by byte")
def _(case):
    client = case.http()
    client.send_bytewise(b"\r\n\r\n" + head())
    assert client.response().body == A


@slow.case("answers-before-the-body", "RFC 9112 9.3", "a refused body may come byte by byte behind its answer")
def _(case):
    client = case.http()
    client.send(head(b"Content-Length: 20", method=b"POST"))
    assert client.response().status == 405
    client.send_bytewise(b"GET / HTTP/1.1\r\n\r\nxx")
    client.send(following(client, "/b.txt"))
    assert client.response().body == B


@slow.case("slow-reader", "RFC 9112 9.3", "who reads slowly gets every byte, and keeps nobody waiting")
def _(case):
    client = case.http()
    client.send(head(target=b"/large.bin") * 40)
    for _ in range(10):
        assert get(case, "/a.txt").body == A
    for _ in range(40):
        assert client.response().body == LARGE


@slow.case("quiet-client", "RFC 9112 9.5", "who has said nothing is not spoken to")
def _(case):
    client = case.http()
    for _ in range(5):
        assert get(case, "/a.txt").body == A
    assert client.is_open() and not client.buffer


@slow.case("many-half-requests", "RFC 9112 9.5", "a hundred clients with half a request hold nobody up")
def _(case):
    clients = [case.http() for _ in range(100)]
    text = head()
    for client in clients:
        client.send(text[:25])
    assert get(case, "/b.txt").body == B
    for client in clients:
        client.send(text[25:])
    for client in clients:
        assert client.response().body == A


ends = Group("half-closed-clients", Plain)


def half_closed(case, text, bodies):
    client = case.http()
    client.send_last(text)
    for body in bodies:
        assert client.response().body == body
    client.expect_end()
    assert get(case, "/a.txt").body == A


for name, rule, sentence, text, bodies in (
    ("behind-nothing", "RFC 9112 9.6", "who says nothing and closes is not answered", b"", []),
    ("behind-a-request", "RFC 9112 9.6", "who closes behind a request is answered", head(), [A]),
    ("behind-requests", "RFC 9112 9.6", "behind several all are answered", head() + head(target=b"/b.txt") + head(), [A, B, A]),
    ("behind-a-cold-one", "RFC 9112 9.6", "also when the disk has to be looked at", head(target=b"/folder/index.html?cold"), [b"folder's\n"]),
    ("behind-a-large-one", "RFC 9112 9.6", "a large answer is sent whole", head(target=b"/large.bin"), [LARGE]),
    ("behind-large-ones", "RFC 9112 9.6", "several of them are", head(target=b"/large.bin") * 8, [LARGE] * 8),
    ("behind-an-empty-line", "RFC 9112 9.6", "an empty line is no request", b"\r\n", []),
    ("within-a-line", "RFC 9112 8", "half a request line is none", b"GET /a.tx", []),
    ("within-a-head", "RFC 9112 8", "half a head is none", head()[:-2], []),
    ("within-the-second", "RFC 9112 8", "half a request behind a whole one is none", head() + head()[:20], [A]),
):
    ends.add(name, rule, sentence, half_closed, text, bodies)


@ends.case("within-a-body", "RFC 9112 8", "a request whose body is cut is not complete, and its connection ends")
def _(case):
    client = case.http()
    client.send_last(head(b"Content-Length: 20", method=b"POST") + b"hello")
    received = client.read_all()
    assert not received or received.startswith((b"HTTP/1.1 405 ", b"HTTP/1.1 400 ")), received
    assert get(case, "/a.txt").body == A


@ends.case("within-a-chunk", "RFC 9112 8", "so it is with a chunk")
def _(case):
    client = case.http()
    client.send_last(head(b"Transfer-Encoding: chunked") + b"ff\r\nhello")
    received = client.read_all()
    assert not received or received.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 400 ")), received
    assert get(case, "/a.txt").body == A


vanishing = Group("vanishing-clients", Alone)


def vanished(case, begin, count=10):
    """`begin` with several clients that then reset their connections: nothing of them stays."""
    get(case, "/a.txt")  # the worker is there, and its files are open
    worker = case.server.workers()[0]
    before = descriptors(worker)
    for _ in range(count):
        client = case.http()
        begin(client)
        client.abort()
    wait_for("the server to forget them", lambda: descriptors(worker) <= before)
    assert case.server.workers() == [worker], "the worker was replaced"
    assert get(case, "/b.txt").body == B


def taken(client):
    """The server has read all that was sent."""
    wait_for("the server to read", lambda: unread(client.sock.getsockname(), client.sock.getpeername()) == 0)


for name, sentence, text in (
    ("at-once", "who resets at once", b""),
    ("within-a-line", "who resets within the request line", b"GET /a.t"),
    ("within-a-head", "who resets within the head", head()[:-2]),
    ("within-a-body", "who resets within a body", head(b"Content-Length: 1000", method=b"POST") + b"hello"),
    ("within-a-chunk", "who resets within a chunk", head(b"Transfer-Encoding: chunked") + b"ff\r\nhello"),
    ("behind-a-request", "who resets before the answer", head()),
    ("behind-many", "who resets behind hundreds of requests", head(target=b"/large.bin") * 300),
    ("behind-a-refused", "who resets behind a malformed request", head(b"X : y")),
    ("behind-expect", "who resets instead of a body", head(b"Expect: 100-continue", b"Content-Length: 5", method=b"POST")),
    ("behind-a-cold-one", "who resets while the disk is looked at", head(target=b"/folder/index.html?reset")),
):
    def reset(case, text):
        def begin(client):
            client.send(text)
            if text and len(text) < 10000:
                taken(client)
        vanished(case, begin)
    vanishing.add("reset-" + name, "RFC 9112 9.5", f"{sentence} leaves nothing behind", reset, text)


@vanishing.case("within-an-answer", "RFC 9112 9.5", "who resets within a large answer leaves nothing behind")
def _(case):
    def begin(client):
        client.send(head(target=b"/huge.bin"))
        client.need(100_000)
    vanished(case, begin)


@vanishing.case("within-parts", "RFC 9112 9.5", "nor within one of several parts")
def _(case):
    def begin(client):
        client.send(head(b"Range: bytes=0-20000000,30000000-50000000", target=b"/huge.bin"))
        client.need(100_000)
    vanished(case, begin)


@vanishing.case("closed-within-an-answer", "RFC 9112 9.5", "nor who closes within one")
def _(case):
    get(case, "/a.txt")
    worker = case.server.workers()[0]
    before = descriptors(worker)
    for _ in range(10):
        client = case.http()
        client.send(head(target=b"/huge.bin"))
        client.need(100_000)
        client.drop()
    wait_for("the server to forget them", lambda: descriptors(worker) <= before)
    assert get(case, "/b.txt").body == B


@vanishing.case("huge-whole", "RFC 9112 6.3", "64 MiB arrive to the last byte beside those that vanish")
def _(case):
    client = case.http()
    client.send(head(target=b"/huge.bin"))
    client.need(100_000)
    gone = case.http()
    gone.send(head(target=b"/huge.bin"))
    gone.need(100_000)
    gone.abort()
    answer = client.response()
    assert len(answer.body) == HUGE_SIZE and not answer.body.strip(b"\0")


times = Group("time-limits", Hasty)
LEAST = Hasty.SECONDS - 0.3  # clocks are not read at once


def timed(case, text, statuses, trickle=None):
    """The connection ends in its time, not before; `statuses` with None: without an answer."""
    client = case.http()
    began = time.monotonic()  # the server's clock starts later, if anything
    client.send(text)
    if trickle is not None:
        def more():
            client.send(trickle)
            return select.select([client.sock], [], [], 0.05)[0]
        wait_for("the connection to be closed", more, 20)
    received = client.read_all()
    assert time.monotonic() - began > LEAST, "too early"
    status = int(received.split(b" ", 2)[1]) if received else None
    assert status in statuses, received[:200]
    return received


def timed_behind(case, text, status):
    """The same behind an answer."""
    client = case.http()
    began = time.monotonic()
    client.send(head() + text)
    assert client.response().body == A
    received = client.read_all()
    assert time.monotonic() - began > LEAST, "too early"
    assert received.startswith(b"HTTP/1.1 %d " % status) if status else not received, received[:200]


times.add("silent", "RFC 9112 9.5", "who never says a word is let go", timed, b"", (None, 408))
times.add("half-line", "RFC 9110 15.5.9", "half a request line is 408", timed, b"GET /a.t", (408,))
times.add("half-head", "RFC 9110 15.5.9", "half a head is 408", timed, head()[:-2], (408,))
times.add("trickled-head", "RFC 9110 15.5.9", "the time is for the whole head: fields that drip are no head", timed,
          b"GET /a.txt HTTP/1.1\r\n", (408,), b"X: y\r\n")
times.add("trickled-empty-lines", "RFC 9110 15.5.9", "empty lines that drip buy no time", timed, b"", (None, 408), b"\r\n")
times.add("half-body", "RFC 9110 15.5.9", "half a body ends the connection", timed,
          head(b"Content-Length: 10", method=b"POST", target=b"/none-yet") + b"hello", (404, 405, 408))
times.add("half-chunk", "RFC 9110 15.5.9", "so does half a chunk", timed,
          head(b"Transfer-Encoding: chunked", method=b"POST", target=b"/none-yet") + b"5\r\nhel", (404, 405, 408))
times.add("idle", "RFC 9112 9.5", "a connection without a further request is closed without a word", timed_behind, b"", None)
times.add("half-line-behind", "RFC 9110 15.5.9", "half a further request is 408", timed_behind, b"GET /c", 408)


@times.case("one-at-a-time", "RFC 9112 9.5", "the time of one client is not another's")
def _(case):
    slow_one, busy = case.http(), case.http()
    slow_one.send(b"GET /a.t")

    def over():
        assert busy.get("/a.txt").body == A
        return select.select([slow_one.sock], [], [], 0)[0]
    wait_for("the slow client to be closed", over, 20)
    assert busy.get("/a.txt").body == A
