"""The client's half of the opening handshake (RFC 6455 4.1): what it asks, and which answers it believes."""

from case import Group

from .servers import NO_CONNECTION, REJECTED, Client, accept_value, base64, talk

# --- the request ----------------------------------------------------------------------------------------------------------

requests = Group("requests", Client)


def asked(*arguments):
    """The fields of one request, and its request line under ""."""
    found = []

    def script(wire):
        found.append(wire.read_request())
        found.append(wire.request)
        wire.send(wire.answer(found[0]))
        wire.farewell()
    talk(script, *arguments)
    return found


def field(_case, name, value):
    fields, _ = asked()
    assert fields.get(name) == value, fields


for name, value in (("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-version", "13")):
    requests.add(f"{name}-is-{value.lower()}", "RFC 6455 4.1", f"the request says {name}: {value}", field, name, value)


@requests.case("request-line", "RFC 6455 4.1", "it is a GET of HTTP/1.1 for the URL's path and query")
def request_line(_case):
    fields, _ = asked()
    assert fields[""] == "GET /x HTTP/1.1", fields


@requests.case("host-with-port", "RFC 6455 4.1", "Host names the port, unless it is the scheme's")
def host_with_port(_case):
    fields, _ = asked()
    assert fields["host"].startswith("127.0.0.1:"), fields


@requests.case("key-of-16-bytes", "RFC 6455 4.1", "Sec-WebSocket-Key is 16 bytes in base64")
def key_of_16_bytes(_case):
    fields, text = asked()
    key = fields["sec-websocket-key"]
    assert len(key) == 24 and len(base64.b64decode(key, validate=True)) == 16, key
    assert text.lower().count("sec-websocket-key") == 1, text


@requests.case("keys-differ", "RFC 6455 4.1", "each connection has a key of its own")
def keys_differ(_case):
    keys = {asked()[0]["sec-websocket-key"] for _ in range(8)}
    assert len(keys) == 8, keys


@requests.case("no-extension-unless-offered", "RFC 6455 9.1", "who wants no compression offers none")
def no_extension(_case):
    assert "sec-websocket-extensions" not in asked("--no-compression")[0]
    assert asked()[0]["sec-websocket-extensions"].startswith("permessage-deflate")


@requests.case("subprotocols", "RFC 6455 4.1", "subprotocols are asked for in their order of preference")
def subprotocols(_case):
    found = []

    def script(wire):
        found.append(wire.read_request())
        wire.send(wire.answer(found[0], "Sec-WebSocket-Protocol: chat"))
        wire.farewell()
    assert talk(script, "-p", "superchat", "-p", "chat").status == 0
    assert found[0]["sec-websocket-protocol"] == "superchat, chat", found
    assert "sec-websocket-protocol" not in asked()[0]


# --- the answer -----------------------------------------------------------------------------------------------------------

answers = Group("answers", Client)


def answered(make, *arguments):
    def script(wire):
        wire.send(make(wire, wire.read_request()))
        wire.farewell()
    return talk(script, *arguments)


def believed(_case, make, *arguments):
    done = answered(make, *arguments)
    assert done.status == 0, done


def refused(_case, make, *arguments):
    done = answered(make, *arguments)
    assert (done.status, done.socket_error) == (NO_CONNECTION, -1), done


def good(*more, **options):
    return lambda wire, fields: wire.answer(fields, *more, **options)


def keyed(change):
    """An answer whose accept value is made of a changed key."""
    return lambda wire, fields: wire.answer(fields, accept=change(fields["sec-websocket-key"]))


for name, make, *arguments in (
        ("plain", good()),
        ("upgrade-in-capitals", good("Upgrade: WEBSOCKET", drop=("Upgrade",))),
        ("connection-small", good("Connection: upgrade", drop=("Connection",))),
        ("connection-in-a-list", good("Connection: keep-alive, Upgrade", drop=("Connection",))),
        ("deflate", good("Sec-WebSocket-Extensions: permessage-deflate")),
        ("deflate-with-parameters", good("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                                         "client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=10")),
        ("subprotocol", good("Sec-WebSocket-Protocol: b"), "-p", "a", "-p", "b"),
        ("interim-answers-before", lambda wire, fields: b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + wire.answer(fields))):
    answers.add(name, "RFC 6455 4.1", f"a good answer is believed: {name.replace('-', ' ')}", believed, make, *arguments)

for name, make, *arguments in (
        ("accept-of-another-key", good(accept="s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")),
        ("accept-missing", good(drop=("Sec-WebSocket-Accept",))),
        ("accept-twice", lambda wire, fields: wire.answer(
            fields, "Sec-WebSocket-Accept: " + accept_value(fields["sec-websocket-key"]))),
        ("accept-is-the-key", keyed(lambda key: key)),
        ("accept-in-another-case", keyed(lambda key: accept_value(key).swapcase())),
        ("accept-with-a-tail", keyed(lambda key: accept_value(key) + "=")),
        ("accept-cut-short", keyed(lambda key: accept_value(key)[:-1])),
        ("upgrade-missing", good(drop=("Upgrade",))),
        ("upgrade-to-another", good("Upgrade: h2c", drop=("Upgrade",))),
        ("connection-missing", good(drop=("Connection",))),
        ("connection-close", good("Connection: close", drop=("Connection",))),
        ("http-1-0", lambda wire, fields: wire.answer(fields).replace(b"HTTP/1.1", b"HTTP/1.0")),
        ("subprotocol-not-asked-for", good("Sec-WebSocket-Protocol: chat")),
        ("another-subprotocol", good("Sec-WebSocket-Protocol: c"), "-p", "a", "-p", "b"),
        ("subprotocol-in-another-case", good("Sec-WebSocket-Protocol: A"), "-p", "a"),
        ("two-subprotocols", good("Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b"), "-p", "a", "-p", "b"),
        ("no-subprotocol", good(), "-p", "a"),
        ("extension-unknown", good("Sec-WebSocket-Extensions: x-unknown")),
        ("extension-not-offered", good("Sec-WebSocket-Extensions: permessage-deflate"), "--no-compression"),
        ("deflate-twice", good("Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate")),
        ("deflate-with-an-unknown-parameter", good("Sec-WebSocket-Extensions: permessage-deflate; mystery")),
        ("deflate-window-7", good("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=7")),
        ("deflate-window-16", good("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=16")),
        ("deflate-client-window-without-value", good("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")),
        ("no-http", lambda *_: b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        ("head-too-large", good("X: " + "y" * 20000))):
    answers.add(name, "RFC 6455 4.1", f"another answer is not: {name.replace('-', ' ')}", refused, make, *arguments)


def rejected(_case, status):
    done = answered(lambda *_: f"HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\nno\n".encode())
    assert done.status == REJECTED and status in done.err, done


for status in ("200 OK", "302 Found", "401 Unauthorized", "403 Forbidden", "404 Not Found", "426 Upgrade Required", "503 Later"):
    answers.add("status-" + status[:3], "RFC 6455 4.1", f"{status} is no websocket", rejected, status)


@answers.case("byte-by-byte", "RFC 6455 4.1", "the answer may arrive byte by byte, a frame right behind it")
def byte_by_byte(_case):
    def script(wire):
        wire.send_bytewise(wire.answer(wire.read_request()) + b"\x81\x05hello")
        wire.farewell()
    done = talk(script, "-c", "1")
    assert (done.status, done.lines) == (0, ["hello"]), done
