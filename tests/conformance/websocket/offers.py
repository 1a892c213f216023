"""What a handshake offers beside itself: where it comes from (Origin), and subprotocols (RFC 6455 4.1, 4.2.2, 10.2)."""

import re

from .handshake import accepted, refused, start
from .servers import EveryWay

# --- Origin -------------------------------------------------------------------------------------------------------------------

origins = EveryWay("origins")


def origin(case, entry, status, value):
    client = case.on.connect(entry)
    port = client.host.partition(":")[2]
    if case.on.scheme == "https":  # which is our page's, too
        value = re.sub("^(http)(?=://localhost:PORT)", r"\1s", value, flags=re.I)
    client.send(client.handshake_text(headers={"Origin": value.replace("PORT", port)}))
    answer = client.head()
    assert answer.status == status, f"{status} was expected, not {answer}"


TABLE = (
    ("plain", 101, {
        "itself": "http://localhost:PORT", "itself-over-tls": "https://localhost:PORT",
        "itself-in-capitals": "HTTP://LOCALHOST:PORT"}),
    ("plain", 403, {
        "opaque": "null", "without-the-port": "http://localhost", "another-port": "http://localhost:1",
        "another-host": "http://other:PORT", "longer-host": "http://localhost:PORT.evil.example",
        "host-behind-user": "http://localhost:PORT@evil.example", "user-before-host": "http://evil@localhost:PORT",
        "subdomain": "http://a.localhost:PORT", "with-a-path": "http://localhost:PORT/x", "with-a-slash": "http://localhost:PORT/",
        "no-scheme": "localhost:PORT", "file": "file://", "nonsense": "nonsense", "empty-host": "http://:PORT",
        "empty-port": "http://localhost:", "two-in-one": "http://localhost:PORT http://evil.example"}),
    ("listed", 101, {
        "listed": "https://a.example", "listed-with-default-port": "https://a.example:443",
        "listed-host-and-port": "http://b.example:8080", "listed-wildcard": "https://x.c.example",
        "listed-wildcard-deep": "https://x.y.c.example", "listed-in-capitals": "HTTPS://A.EXAMPLE"}),
    ("listed", 403, {
        "listed-other-scheme": "http://a.example", "listed-other-scheme-same-port": "http://a.example:443",
        "listed-other-port": "https://a.example:8443", "listed-host-other-port": "http://b.example",
        "listed-wildcard-itself": "https://c.example", "listed-wildcard-suffix": "https://evilc.example",
        "not-itself-when-listed": "http://localhost:PORT", "opaque-when-listed": "null"}),
    ("opaque", 101, {"opaque-when-allowed": "null", "itself-beside-opaque": "http://localhost:PORT"}),
    ("opaque", 403, {"opaque-is-with-case": "NULL"}),
    ("any", 101, {"any": "http://anything.example", "any-opaque": "null"}),
)
for entry, status, values in TABLE:
    for name, value in values.items():
        origins.add(name, "RFC 6455 4.2.2, 10.2", f"Origin {value} is answered {status}", origin, entry, status, value)
origins.add("none", "RFC 6455 10.2", "a client that is no browser sends no Origin", lambda case: accepted(case))
origins.add("none-when-listed", "RFC 6455 10.2", "also where origins are listed", lambda case: accepted(case, entry="listed"))


@origins.case("two-fields", "RFC 6454 7.3", "two Origins are no origin: 403")
def two_fields(case):
    client = case.on.connect()
    mine = f"{case.on.scheme}://{client.host}"
    client.send(client.handshake_text(headers=[("Origin", mine), ("Origin", mine)]))
    assert client.head().status == 403


# --- subprotocols ---------------------------------------------------------------------------------------------------------------

subprotocols = EveryWay("subprotocols")


def agreed(case, headers, choice, target="/echo"):
    """websocket_echo takes the first that is offered."""
    client = accepted(case, [("Sec-WebSocket-Protocol", value) for value in headers], target=target)
    got = client.answer.all("Sec-WebSocket-Protocol")
    assert got == ([choice] if choice else []), got


subprotocols.table("RFC 6455 4.2.2", "{name}: {0} is answered with {1}", agreed, {
    "none": ([], None),
    "one": (["chat"], "chat"),
    "two": (["chat, superchat"], "chat"),
    "two-without-space": (["superchat,chat"], "superchat"),
    "two-fields": (["v2.chat", "v1.chat"], "v2.chat"),
    "two-fields-of-two": (["a, b", "c, d"], "a"),
    "with-case": (["Chat, chat"], "Chat"),
    "spaces-around": (["\t chat \t,  other "], "chat"),
    "empty-elements": ([", ,chat,,"], "chat"),
    "every-token-character": (["!#$%&'*+-.^_`|~09azAZ"], "!#$%&'*+-.^_`|~09azAZ"),
    "long": (["x" * 1000], "x" * 1000),
    "many": ([", ".join(f"p{number}" for number in range(500))], "p0"),
    "dotted": (["graphql-transport-ws, v12.stomp"], "graphql-transport-ws"),
    "name-of-the-server": (["none, echo"], "echo", "/"),
})
subprotocols.table("RFC 6455 4.1", "{name}: Sec-WebSocket-Protocol is a list of different tokens, else 400",
                   lambda case, values: refused(case, 400, [("Sec-WebSocket-Protocol", value) for value in values]), {
                       "two-words": (["a b"],), "twice": (["a, a"],), "twice-in-two-fields": (["a", "a"],),
                       "twice-apart": (["a, b, c, a"],), "quoted": (['"chat"'],), "with-a-semicolon": (["a;b"],),
                       "with-a-slash": (["a/b"],), "with-an-at": (["a@b"],), "in-parentheses": (["(a)"],),
                       "not-ascii": (["caf\xe9"],), "good-before-bad": (["good, a b"],), "with-an-equals-sign": (["a=b"],)})
subprotocols.add("no-server-of-that-name", "RFC 6455 4.2.2", "subprotocols that name no server do not help: 404",
                 lambda case: refused(case, 404, {"Sec-WebSocket-Protocol": "none, nowhere"}, target="/"))
subprotocols.add("names-with-dots", "RFC 6455 4.2.2", "nor do they lead out of the folder: 404",
                 lambda case: refused(case, 404, {"Sec-WebSocket-Protocol": "..,."}, target="/"))

# --- extensions nobody knows --------------------------------------------------------------------------------------------------

extensions = EveryWay("extensions")


def declined(case, entry, *values):
    client = accepted(case, [("Sec-WebSocket-Extensions", value) for value in values], entry=entry)
    assert client.answer.all("Sec-WebSocket-Extensions") == [], client.answer


def malformed(case, entry, *values):
    client = start(case, [("Sec-WebSocket-Extensions", value) for value in values], entry=entry)
    answer = client.response()
    assert answer.status == 400, f"400 was expected, not {answer}"


UNKNOWN = {
    "unknown": "x-unknown", "unknown-with-parameter": "x-unknown; a; b=1", "unknown-with-quoted-parameter": 'x-unknown; a="b"',
    "unknown-with-quoted-pair": 'x-unknown; a="b"; c="\\d"', "unknown-twice": "x-unknown, x-unknown",
    "webkit-deflate-frame": "x-webkit-deflate-frame", "mux": "mux; max-channels=4", "longer-name": "permessage-deflate2",
    "shorter-name": "permessage-deflat", "bzip2": "permessage-bzip2",
}
MALFORMED = {
    "no-name": "; a", "empty-parameter": "permessage-deflate;", "empty-parameter-inside": "permessage-deflate; ; a",
    "parameter-without-name": "permessage-deflate; =10", "value-missing": "permessage-deflate; server_max_window_bits=",
    "two-words": "permessage deflate", "two-equals": "permessage-deflate; a=b=c", "bad-character": "permessage-deflate; @",
    "open-quote": 'permessage-deflate; server_max_window_bits="10', "quoted-no-token": 'permessage-deflate; a="b c"',
    "quoted-empty": 'permessage-deflate; a=""', "text-behind-quote": 'permessage-deflate; a="b"c',
    "quoted-list": 'permessage-compress; method="deflate; s2c_max_window_bits=10"', "bad-name": "permessage/deflate",
    "bad-second": "permessage-deflate, =", "bad-unknown": "x-unknown; a=(b)", "not-ascii": "caf\xe9",
}
for entry in ("plain", "deflate"):
    suffix = "" if entry == "plain" else "-with-compression"
    for name, value in UNKNOWN.items():
        extensions.add(name + suffix, "RFC 6455 9.1", f"an extension nobody knows is declined: {value}", declined, entry, value)
    for name, value in MALFORMED.items():
        extensions.add(name + suffix, "RFC 6455 9.1", f"a list that is none fails the handshake: {value}: 400", malformed, entry,
                       value)
    extensions.add("malformed-in-the-second-field" + suffix, "RFC 6455 9.1", "all fields are one list: 400", malformed, entry,
                   "permessage-deflate", "@")
for name, value in (("deflate", "permessage-deflate"), ("deflate-of-browsers", "permessage-deflate; client_max_window_bits"),
                    ("deflate-with-everything", "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
                     "server_max_window_bits=10; client_max_window_bits=10")):
    extensions.add(f"{name}-when-off", "RFC 7692 5", "compression is declined unless it is switched on", declined, "plain", value)
