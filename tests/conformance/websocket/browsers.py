"""Whole conversations as browsers have them: their handshakes field by field, and what their WebSocket objects rely on
(WHATWG WebSockets, 2 and 3)."""

from .client import BINARY, CLOSE, TEXT, Deflate, Inflate, accept_value, agreed, close_payload, frame
from .servers import EveryWay

RULE = "browsers rely on it"
HANDSHAKES = {
    "chromium": """GET /echo HTTP/1.1
Host: HOST
Connection: Upgrade
Pragma: no-cache
Cache-Control: no-cache
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36
Upgrade: websocket
Origin: http://HOST
Sec-WebSocket-Version: 13
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-US,en;q=0.9
Cookie: theme=dark
Sec-WebSocket-Key: KEY
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits
""",
    "firefox": """GET /echo HTTP/1.1
Host: HOST
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0
Accept: */*
Accept-Language: en-US,en;q=0.5
Accept-Encoding: gzip, deflate, br, zstd
Sec-WebSocket-Version: 13
Origin: http://HOST
Sec-WebSocket-Extensions: permessage-deflate
Sec-WebSocket-Key: KEY
DNT: 1
Connection: keep-alive, Upgrade
Sec-Fetch-Dest: empty
Sec-Fetch-Mode: websocket
Sec-Fetch-Site: same-origin
Pragma: no-cache
Cache-Control: no-cache
Upgrade: websocket
""",
    "safari": """GET /echo HTTP/1.1
Host: HOST
Sec-WebSocket-Extensions: permessage-deflate
Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: KEY
Origin: http://HOST
Sec-Fetch-Mode: websocket
Accept-Encoding: gzip, deflate
""",
    "old-safari": """GET /echo HTTP/1.1
Upgrade: websocket
Connection: Upgrade
Host: HOST
Origin: http://HOST
Pragma: no-cache
Cache-Control: no-cache
Sec-WebSocket-Key: KEY
Sec-WebSocket-Version: 13
Sec-WebSocket-Extensions: x-webkit-deflate-frame
""",
    "with-subprotocols": """GET /echo HTTP/1.1
Host: HOST
Connection: Upgrade
Upgrade: websocket
Origin: http://HOST
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: KEY
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits
Sec-WebSocket-Protocol: mqtt, mqttv3.1
""",
}
KEY = "x3JJHMbDL1EzLkh9GBhXDw=="

browsers = EveryWay("browsers")


def converse(case, entry, lines):
    client = case.on.connect(entry)
    text = lines.replace("http://HOST", f"{case.on.scheme}://HOST").replace("HOST", client.host).replace("KEY", KEY)
    client.send(text.replace("\n", "\r\n").encode() + b"\r\n")
    answer = client.head()
    assert answer.status == 101 and answer.get("Upgrade") == "websocket" and answer.get("Connection") == "Upgrade", answer
    assert answer.get("Sec-WebSocket-Accept") == accept_value(KEY), answer
    assert answer.get("Sec-WebSocket-Protocol") == ("mqtt" if "mqtt" in lines else None), answer
    extensions = agreed(answer)
    if entry == "plain" or "permessage-deflate" not in lines:
        assert extensions == [], answer
    else:
        (name, parameters), = extensions
        assert name == "permessage-deflate" and "client_max_window_bits" not in parameters, answer
        client.deflate = Deflate(15, "client_no_context_takeover" not in parameters)
        client.inflate = Inflate(15, "server_no_context_takeover" not in parameters)
    for opcode, data in ((TEXT, "Hello"), (TEXT, ""), (BINARY, bytes(100_000)), (TEXT, "größer €𝄞 " * 1000)):
        if client.deflate:
            client.send_compressed(opcode, data)
        else:
            client.send_frame(opcode, data)
        client.expect_message(opcode, data)
    client.send(frame(CLOSE, close_payload(1001)))
    client.expect_closed(close_payload(1001))


for entry in ("plain", "deflate", "takeover"):
    for name, lines in HANDSHAKES.items():
        browsers.add(f"{name}-{entry}", RULE, f"{name}: its handshake opens a websocket ({entry}), messages go through", converse,
                     entry, lines)


@browsers.case("close-without-arguments", RULE, "close() sends an empty close frame, and gets one: event code 1005")
def close_without_arguments(case):
    client = case.on.open()
    client.send(frame(CLOSE))
    client.expect_closed(b"")


@browsers.case("close-with-a-reason", RULE, "close(4001, reason) gets code and reason back: the event is clean")
def close_with_a_reason(case):
    client = case.on.open()
    client.send(frame(CLOSE, close_payload(4001, "logged out")))
    client.expect_closed(close_payload(4001, "logged out"))


@browsers.case("another-page-is-refused", RULE, "a page of another origin gets no websocket, whatever it offers")
def another_page(case):
    client = case.on.connect("deflate")
    text = HANDSHAKES["chromium"].replace("http://HOST", "http://evil.example").replace("HOST", client.host).replace("KEY", KEY)
    client.send(text.replace("\n", "\r\n").encode() + b"\r\n")
    assert client.head().status == 403


@browsers.case("messages-in-order", RULE, "messages of all sizes and types come back in the order in which they were sent")
def messages_in_order(case):
    client = case.on.open()
    sizes = [0, 1, 200_000, 5, 65536, 125, 126, 3] * 4
    client.send(b"".join(frame(TEXT if at % 3 else BINARY, b"%d" % (at % 10) * size) for at, size in enumerate(sizes)))
    for at, size in enumerate(sizes):
        client.expect_message(TEXT if at % 3 else BINARY, b"%d" % (at % 10) * size)


@browsers.case("many-at-once", RULE, "a page may open many websockets at a time")
def many_at_once(case):
    clients = [case.on.connect() for _ in range(100)]
    for client in clients:
        client.start("/echo")
    for number, client in enumerate(clients):
        client.finish_handshake()
        client.send_frame(TEXT, str(number))
    for number, client in enumerate(clients):
        client.expect_message(TEXT, str(number))
