"""The opening handshake (RFC 6455 4): what becomes a websocket, and with which status the rest is refused."""

from .client import BINARY, PING, TEXT, accept_value, frame
from .servers import DOCUMENT, TARGET, EveryWay

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
NAMES = ("Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version")


def start(case, headers=(), drop=(), target=TARGET, entry="plain", method=None, **options):
    """A connection on which a handshake was sent; `headers` replaces those of the same name."""
    client = case.on.connect(entry)
    text = client.handshake_text(target, headers, drop, **options)
    client.send(text.replace(b"GET ", method.encode() + b" ", 1) if method else text)
    return client


def accepted(case, headers=(), drop=(), target=TARGET, **options):
    """101, and the websocket works."""
    client = start(case, headers, drop, target, **options)
    for name, value in headers.items() if isinstance(headers, dict) else headers:
        if name.lower() == "sec-websocket-key":
            client.key = value.strip()
    client.finish_handshake()
    client.expect_alive()
    return client


def refused(case, status, headers=(), drop=(), target=TARGET, method=None, **options):
    """The status, and a connection that is in order behind it, or ended."""
    client = start(case, headers, drop, target, method=method, **options)
    answer = client.response(method or "GET")
    assert answer.status == status, f"{status} was expected, not {answer}"
    assert answer.get("Sec-WebSocket-Accept") is None, answer
    if (answer.get("Connection") or "").lower() == "close":
        client.expect_end()
    else:
        page = client.get("/page.txt")
        assert (page.status, page.body) == (200, DOCUMENT.encode()), page
    return answer


# --- what is accepted -------------------------------------------------------------------------------------------------------

handshake = EveryWay("handshake-accepted")


@handshake.case("sample-of-the-rfc", "RFC 6455 1.3", "the sample's key gives the sample's accept value")
def sample_of_the_rfc(case):
    client = start(case, {"Sec-WebSocket-Key": KEY})
    assert client.head().get("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@handshake.case("exact-answer", "RFC 6455 4.2.2", "the 101 has each of its fields once, and none that is not for it")
def exact_answer(case):
    client = start(case)
    answer = client.head()
    assert (answer.version, answer.status, answer.reason) == ("HTTP/1.1", 101, "Switching Protocols"), answer
    fields = {"Upgrade": ["websocket"], "Connection": ["Upgrade"], "Sec-WebSocket-Accept": [accept_value(client.key)]}
    for name in ("Content-Length", "Transfer-Encoding", "Content-Type", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions",
                 "Sec-WebSocket-Version", "Sec-WebSocket-Key"):
        fields[name] = []
    for name, values in fields.items():
        assert answer.all(name) == values, answer
    client.expect_alive()


def odd_case(case, name, spelled):
    values = {"Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": KEY,
              "Sec-WebSocket-Version": "13"}
    accepted(case, {spelled: values[name]})


for name in NAMES:
    handshake.add(f"{name.lower()}-in-small-letters", "RFC 9110 5.1", f"{name.lower()} is {name}", odd_case, name, name.lower())
    handshake.add(f"{name.lower()}-in-capitals", "RFC 9110 5.1", f"{name.upper()} is {name}", odd_case, name, name.upper())

handshake.table("RFC 6455 4.2.1", "Upgrade and Connection are lists without case: {name}", accepted, {
    "upgrade-mixed-case": {"Upgrade": "WebSocket"},
    "upgrade-capitals": {"Upgrade": "WEBSOCKET"},
    "upgrade-in-a-list": {"Upgrade": "h2c, websocket"},
    "upgrade-first-of-a-list": {"Upgrade": "websocket,h2c"},
    "upgrade-with-empty-elements": {"Upgrade": ", ,websocket,"},
    "upgrade-in-two-fields": ([("Upgrade", "h2c"), ("Upgrade", "websocket")],),
    "connection-small": {"Connection": "upgrade"},
    "connection-capitals": {"Connection": "UPGRADE"},
    "connection-of-firefox": {"Connection": "keep-alive, Upgrade"},
    "connection-upgrade-first": {"Connection": "Upgrade,keep-alive"},
    "connection-with-tab": {"Connection": "\tUpgrade\t"},
    "connection-in-two-fields": ([("Connection", "keep-alive"), ("Connection", "Upgrade")],),

})
handshake.table("RFC 6455 4.2.1", "{name}: accepted", accepted, {
    "version-with-spaces": {"Sec-WebSocket-Version": "  13 \t"},
    "key-of-zeros": {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="},
    "key-of-ones": {"Sec-WebSocket-Key": "/////////////////////w=="},
    "key-with-plus-and-slash": {"Sec-WebSocket-Key": "+/+/+/+/+/+/+/+/+/+/+w=="},
    "key-with-spaces-around": {"Sec-WebSocket-Key": "  dGhlIHNhbXBsZSBub25jZQ== "},
    "content-length-zero": {"Content-Length": "0"},
    "expect-continue-without-a-body": {"Expect": "100-continue", "Content-Length": "0"},
    "other-fields": {"User-Agent": "x" * 500, "Cookie": "a=b; c=d", "Pragma": "no-cache", "Cache-Control": "no-cache",
                     "Accept-Encoding": "gzip, br", "Authorization": "Basic eDp5", "Sec-Fetch-Mode": "websocket"},
    "unknown-sec-websocket-field": {"Sec-WebSocket-Key1": "x", "Sec-WebSocket-Draft": "2"},
    "host-without-port": {"Host": "localhost"},
    "host-address": {"Host": "127.0.0.1:80"},
    "host-ipv6": {"Host": "[::1]:8080"},
})
handshake.table("RFC 6455 4.2.1, 3", "the target is {0}: accepted",
                lambda case, target: accepted(case, target=target), {
                    "query": "/echo?x=/none&y=1", "empty-query": "/echo?", "escaped-path": "/%65%63ho",
                    "absolute-form": "http://localhost/echo", "path-behind-the-name": "/echo/room/1"})


@handshake.case("fields-in-another-order", "RFC 6455 4.1", "the order of the fields means nothing")
def fields_in_another_order(case):
    client = case.on.connect()
    lines = client.handshake_text().split(b"\r\n")
    client.send(b"\r\n".join([lines[0]] + sorted(lines[1:-2], reverse=True) + lines[-2:]))
    client.finish_handshake()
    client.expect_alive()


@handshake.case("fields-without-spaces", "RFC 9112 5", "no space is needed behind a colon")
def fields_without_spaces(case):
    client = case.on.connect()
    client.send(client.handshake_text().replace(b": ", b":"))
    client.finish_handshake()
    client.expect_alive()


@handshake.case("two-connections-two-keys", "RFC 6455 4.2.2", "each connection is answered with its own accept value")
def two_connections(case):
    clients = [start(case) for _ in range(2)]
    answers = [client.finish_handshake().answer.get("Sec-WebSocket-Accept") for client in clients]
    assert answers[0] != answers[1], answers


# --- what is sent around it -------------------------------------------------------------------------------------------------

around = EveryWay("handshake-segments")


@around.case("byte-by-byte", "RFC 6455 4.2", "the handshake may arrive byte by byte")
def byte_by_byte(case):
    client = case.on.connect("apart")
    text = client.handshake_text()
    client.send_apart(*(text[at:at + 1] for at in range(len(text))))
    client.finish_handshake()
    client.expect_alive()


@around.case("cut-at-every-line", "RFC 6455 4.2", "the handshake may be cut in and around every end of a line")
def cut_at_every_line(case):
    length = len(case.on.connect("apart").handshake_text())
    for line in range(6):
        for shift in (0, 1, 2):
            client = case.on.connect("apart")
            text = client.handshake_text()
            assert len(text) == length
            cut = [at for at in range(len(text)) if text[at:at + 2] == b"\r\n"][line] + shift
            client.send_cut(text, cut)
            client.finish_handshake()
            client.expect_alive()


def behind(case, data, *expected):
    client = case.on.open(behind=data)
    for opcode, payload in expected:
        got = client.read_frame()
        assert (got.opcode, got.payload) == (opcode, payload), f"{(opcode, payload)} was expected, not {got}"
    client.expect_alive()


around.table("RFC 6455 4.1", "frames in the handshake's segment are read: {name}", behind, {
    "a-message-behind": (frame(TEXT, "one"), (TEXT, b"one")),
    "two-messages-behind": (frame(TEXT, "one") + frame(BINARY, b"\xff"), (TEXT, b"one"), (BINARY, b"\xff")),
    "a-ping-behind": (frame(PING, "one"), (10, b"one")),
    "an-empty-message-behind": (frame(TEXT), (TEXT, b"")),
    "fragments-behind": (frame(TEXT, "one", fin=False) + frame(0, "two"), (TEXT, b"onetwo")),
})


def cut_behind(case, cut):
    client = case.on.open(behind=frame(TEXT, "hello")[:cut])
    client.send(frame(TEXT, "hello")[cut:])
    client.expect_message(TEXT, "hello")


for cut in (1, 2, 5, 6, 8):
    around.add(f"{cut}-bytes-of-a-frame-behind", "RFC 6455 4.1", f"{cut} bytes of a frame behind the handshake are kept",
               cut_behind, cut)


@around.case("three-megabytes-behind", "RFC 6455 4.1", "a large message right behind the handshake is not lost")
def three_megabytes_behind(case):
    data = b"\xa5" * 3_000_000
    client = case.on.open(behind=frame(BINARY, data))
    client.expect_message(BINARY, data)


@around.case("an-illegal-frame-behind", "RFC 6455 4.1", "an illegal frame behind the handshake is told behind the 101")
def an_illegal_frame_behind(case):
    case.on.open(behind=frame(TEXT, "x", mask=None)).expect_failed(1002)


@around.case("a-request-behind", "RFC 9110 7.8", "behind a handshake there are frames: a second request is 1002")
def a_request_behind(case):
    client = case.on.connect()
    page = client.text("GET", "/page.txt")
    client.send(client.handshake_text() + page)
    client.finish_handshake().expect_failed(1002)


def pipelined(case, *requests):
    client = case.on.connect()
    before = b"".join(client.text(method, "/page.txt") for method in requests)
    client.send(before + client.handshake_text() + frame(TEXT, "hello"))
    for method in requests:
        answer = client.response(method)
        assert answer.status == 200 and answer.body == (b"" if method == "HEAD" else DOCUMENT.encode()), answer
    client.finish_handshake()
    client.expect_message(TEXT, "hello")


around.table("RFC 9112 9.3.2", "a handshake may be pipelined behind other requests: {name}", pipelined, {
    "behind-a-get": ("GET",), "behind-a-head": ("HEAD",), "behind-three": ("GET", "HEAD", "GET")})


@around.case("on-a-used-connection", "RFC 9112 9.3", "a handshake may follow requests that have been answered")
def on_a_used_connection(case):
    client = case.on.connect()
    for _ in range(3):
        assert client.get("/page.txt").status == 200
    client.open(TARGET)
    client.expect_alive()


@around.case("behind-a-refused-one", "RFC 6455 4.2.2", "a client whose handshake was refused may try again")
def behind_a_refused_one(case):
    client = start(case, {"Sec-WebSocket-Version": "8"})
    assert client.response().status == 426
    client.open(TARGET)
    client.expect_alive()


@around.case("gone-before-the-answer", "RFC 6455 4.2", "a client that leaves during its handshake disturbs nobody")
def gone_before_the_answer(case):
    other = case.on.open()
    for _ in range(10):
        start(case).drop()
        half = case.on.connect()
        half.send(half.handshake_text()[:100])
        half.abort()
    other.expect_alive()


# --- what is refused ----------------------------------------------------------------------------------------------------------

refusals = EveryWay("handshake-refused")

for name, status in (("HEAD", 405), ("POST", 405), ("PUT", 405), ("DELETE", 405), ("OPTIONS", 405), ("PATCH", 405),
                     ("FOO", 501), ("get", 501)):
    @refusals.case(f"method-{name.lower() + ('-small' if name == 'get' else '')}", "RFC 6455 4.1",
                   f"a handshake is a GET: {name} is {status}")
    def method(case, name=name, status=status):
        answer = refused(case, status, {"Content-Length": "0"}, method=name)
        if status == 405:
            assert "GET" in answer.get("Allow", "").split(", "), f"RFC 9110 15.5.6: a 405 tells what is allowed: {answer}"


def other_version(case, headers, drop=()):
    answer = refused(case, 426, headers, drop)
    assert answer.get("Sec-WebSocket-Version") == "13", answer
    assert answer.get("Upgrade") == "websocket", f"RFC 9110 15.5.22: a 426 tells what to upgrade to: {answer}"
    assert "upgrade" in answer.get("Connection", "").lower(), f"RFC 9110 7.8: Upgrade is named in Connection: {answer}"


refusals.table("RFC 6455 4.2.2, 4.4", "another Sec-WebSocket-Version ({name}): 426 that tells the right one", other_version, {
    f"version-{name}": {"Sec-WebSocket-Version": value} for name, value in {
        "0": "0", "4": "4", "7": "7", "8": "8", "12": "12", "14": "14", "25": "25", "255": "255", "256": "256", "269": "269",
        "empty": "", "leading-zero": "013", "sign": "+13", "fraction": "13.0", "hexadecimal": "0xd", "word": "thirteen",
        "suffix": "13x", "list": "13, 8", "list-of-same": "13, 13", "quoted": '"13"'}.items()})
refusals.add("version-missing", "RFC 6455 4.2.1", "no Sec-WebSocket-Version: 426 that tells the right one", other_version, {},
             ["Sec-WebSocket-Version"])


def bad(case, headers=(), drop=()):
    refused(case, 400, headers, drop)


refusals.table("RFC 6455 4.2.1", "Sec-WebSocket-Key is base64 of 16 bytes ({name}): else 400", bad, {
    f"key-{name}": {"Sec-WebSocket-Key": value} for name, value in {
        "empty": "", "of-15-bytes": "dGhlIHNhbXBsZSBub25j", "of-17-bytes": "dGhlIHNhbXBsZSBub25jZTE=",
        "of-18-bytes": "dGhlIHNhbXBsZSBub25jZTEy", "of-32-bytes": "A" * 43 + "=", "without-padding": "dGhlIHNhbXBsZSBub25jZQ",
        "with-one-pad": "dGhlIHNhbXBsZSBub25jZQ=", "with-three-pads": "dGhlIHNhbXBsZSBub25jZQ===",
        "with-four-pads-for-two": "dGhlIHNhbXBsZSBub25j====", "with-a-pad-inside": "dGhlIHNhbXBs=SBub25jZQ==",
        "url-safe": "-_-_-_-_-_-_-_-_-_-_-w==", "with-a-space": "dGhlIHNhbXBsZ Bub25jZQ==", "twice-in-a-list": f"{KEY}, {KEY}",
        "with-a-comma": f"{KEY},", "quoted": f'"{KEY}"', "not-ascii": "dGhlIHNhbXBsZSBub2\xe4jZQ==",
        "of-punctuation": "!!!!!!!!!!!!!!!!!!!!!!=="}.items()})
refusals.table("RFC 6455 4.2.1, 11.3", "{name}: 400", bad, {
    "key-missing": ({}, ["Sec-WebSocket-Key"]),
    "key-twice": ([("Sec-WebSocket-Key", KEY), ("Sec-WebSocket-Key", KEY)],),
    "two-keys": ([("Sec-WebSocket-Key", KEY), ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")],),
    "version-twice": ([("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Version", "13")],),
    "two-versions": ([("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Version", "8")],),
    "host-twice": ([("Host", "localhost"), ("Host", "localhost")],),
    "host-empty": {"Host": ""},
    "host-with-user": {"Host": "user@localhost"},
    "host-with-path": {"Host": "localhost/x"},
    "host-with-space": {"Host": "local host"},
    "host-list": {"Host": "localhost, other"},
    "host-port-too-large": {"Host": "localhost:65536"},
    "host-port-no-number": {"Host": "localhost:http"},
    "host-ipv6-without-brackets": {"Host": "::1"},
    "host-ipv6-unclosed": {"Host": "[::1"},
    "a-field-name-with-a-space": {"X y": "z"},
    "a-space-before-a-colon": {"Upgrade ": "websocket"},
})


def bad_body(case, headers, body):
    client = case.on.connect()
    client.send(client.handshake_text(headers=headers) + body)
    answer = client.response()
    assert answer.status == 400, answer
    client.drop()


refusals.table("RFC 6455 4.1", "a handshake has no body ({name}): 400", bad_body, {
    "body": ({"Content-Length": "5"}, b"hello"),
    "body-that-looks-like-a-frame": ({"Content-Length": "11"}, frame(TEXT, "hello")),
    "chunked-body": ({"Transfer-Encoding": "chunked"}, b"5\r\nhello\r\n0\r\n\r\n"),
    "empty-chunked-body": ({"Transfer-Encoding": "chunked"}, b"0\r\n\r\n"),
    "body-announced-and-not-sent": ({"Content-Length": "5"}, b""),
    "two-lengths": ([("Content-Length", "0"), ("Content-Length", "0")], b""),
})


def raw_bad(case, change):
    client = case.on.connect()
    client.send(change(client.handshake_text()))
    answer = client.response()
    assert answer.status == 400, answer
    client.expect_end()


refusals.table("RFC 9112 2.2, 5", "{name} is no HTTP: 400", raw_bad, {
    "a-folded-line": lambda text: text.replace(b"Upgrade: websocket", b"Upgrade:\r\n websocket"),
    "bare-newlines": lambda text: text.replace(b"\r\n", b"\n") + b"\r\n\r\n",
    "a-nul": lambda text: text.replace(b"Upgrade: websocket", b"Upgrade: web\0socket"),
    "a-bare-cr": lambda text: text.replace(b"Upgrade: websocket", b"Upgrade: websocket\rX: y"),
    "a-line-without-colon": lambda text: text.replace(b"Upgrade: websocket", b"Upgrade: websocket\r\nnonsense"),
    "two-spaces-in-the-request-line": lambda text: text.replace(b"GET ", b"GET  "),
    "no-host": lambda text: b"\r\n".join(line for line in text.split(b"\r\n") if not line.startswith(b"Host")),
})


def ordinary(case, headers=(), drop=()):
    """No websocket was asked for: an ordinary request for a name that is no document."""
    refused(case, 404, headers, drop)


refusals.table("RFC 9110 7.8", "{name}: nobody asks for a websocket, the request is an ordinary one", ordinary, {
    "upgrade-missing": ({}, ["Upgrade"]),
    "upgrade-empty": {"Upgrade": ""},
    "upgrade-to-h2c": {"Upgrade": "h2c"},
    "upgrade-with-suffix": {"Upgrade": "websockets"},
    "upgrade-with-prefix": {"Upgrade": "xwebsocket"},
    "upgrade-in-two-words": {"Upgrade": "web socket"},
    "upgrade-quoted": {"Upgrade": '"websocket"'},
    "connection-missing": ({}, ["Connection"]),
    "connection-empty": {"Connection": ""},
    "connection-keep-alive": {"Connection": "keep-alive"},
    "connection-close": {"Connection": "close"},
    "connection-with-suffix": {"Connection": "upgraded"},
    "connection-another-field": {"Connection": "Upgrade-Insecure-Requests"},
    "connection-with-a-space-in-the-token": {"Connection": "Up grade"},
})


@refusals.case("http-1-0", "RFC 9110 7.8", "HTTP/1.0 knows no Upgrade: an ordinary request")
def http_1_0(case):
    client = case.on.connect()
    client.send(client.handshake_text(version="HTTP/1.0", host="localhost"))
    answer = client.response()
    assert answer.status == 404 and answer.get("Upgrade") is None, answer


@refusals.case("http-2-0", "RFC 9110 15.6.6", "a version that is not spoken is 505")
def http_2_0(case):
    client = case.on.connect()
    client.send(client.handshake_text().replace(b"HTTP/1.1", b"HTTP/2.0", 1))
    assert client.response().status == 505


refusals.table("RFC 6455 4.2.2", "no server of that name ({0}): 404", lambda case, target: refused(case, 404, target=target), {
    "name-unknown": "/none", "name-empty": "/", "name-longer": "/echoes", "name-shorter": "/ech", "name-in-capitals": "/ECHO",
    "name-behind-another": "/none/echo", "name-of-a-document": "/page.txt"})
