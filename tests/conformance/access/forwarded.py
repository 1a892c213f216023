"""Trusted proxies that name the client in each request."""

from case import Group
from harness import wait_for

from .servers import CLIENT, PROXY, STRANGER, Fields, Rfc7239, WebSocket, from_address, remote

fields = Group("x-forwarded-for", Fields)
PAGE = "marmoset.conf(5) PROXIES"
INVENTED = "192.0.2.1"  # on no list


def names(case, address, value, expected):
    assert remote(case, from_address(case, address), {"X-Forwarded-For": value}) == expected


for name, sentence, address, value, expected in (
        ("believed", "a listed proxy's word counts", PROXY, CLIENT, CLIENT),
        ("not-listed", "nobody else's does", STRANGER, CLIENT, STRANGER),
        ("invented", "what the client wrote before does not", PROXY, f"10.0.0.1, {CLIENT}", CLIENT),
        ("chain", "proxies of the list are walked over, from the end", PROXY, f"192.0.2.1, {CLIENT}, 10.0.0.1", CLIENT),
        ("unknown", "who is unknown is nobody", PROXY, "unknown", "-")):
    fields.add(name, PAGE, sentence, names, address, value, expected)


@fields.case("apart", "RFC 9110 5.3", "fields of one name are one list")
def _(case):
    client = from_address(case)
    # The first was there when the proxy added its own.
    for values in ((INVENTED, CLIENT), (INVENTED, CLIENT, "10.0.0.1"), (f"{CLIENT}, {INVENTED}", f"{CLIENT}, 10.0.0.1")):
        lines = [("X-Forwarded-For", value) for value in values]
        assert remote(case, client, [*lines, ("Host", client.host)]) == CLIENT, values


@fields.case("malformed", PAGE, "a malformed one is 400")
def _(case):
    assert from_address(case).get("/", {"X-Forwarded-For": "nobody knows"}).status == 400


@fields.case("filtered", PAGE, "clientfilter looks at the client of each request")
def _(case):
    client = from_address(case)
    assert client.get("/", {"X-Forwarded-For": "198.51.100.1"}).status == 403
    assert client.get("/", {"X-Forwarded-For": CLIENT}).status == 200


@fields.case("counted", PAGE, "a websocket counts for its client until it closes")
def _(case):
    client = from_address(case, kind=WebSocket)
    greeted = getattr(case.on, "greeted", None)  # the gateway connects for its first client
    case.on.greeted, _ = case.on.link.admit(client, greeted, headers={"X-Forwarded-For": CLIENT})
    assert from_address(case).get("/", {"X-Forwarded-For": CLIENT}).status == 503
    assert from_address(case).get("/", {"X-Forwarded-For": "203.0.113.10"}).status == 200
    client.drop()
    wait_for("its place", lambda: from_address(case).get("/", {"X-Forwarded-For": CLIENT}).status == 200)


def origin(case, proto, status):
    client = from_address(case, kind=WebSocket)
    headers = {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": proto, "Origin": f"http://{client.host}"}
    client.start("/none", headers)
    assert client.response().status == status


fields.add("https", PAGE, "X-Forwarded-Proto tells the origin's scheme", origin, "https", 403)
fields.add("http", PAGE, "and that it is another", origin, "http", 404)
fields.add("invented-https", PAGE, "the proxy's own value counts, which is the last", origin, "https, http", 404)

rfc7239 = Group("forwarded", Rfc7239)


def element(case, value, expected):
    assert remote(case, from_address(case), {"Forwarded": value}) == expected


for name, section, sentence, value, expected in (
        ("address", "4", "for= names the client", f"for={CLIENT};proto=http", CLIENT),
        ("quoted", "6", "IPv6 stands in brackets and quotes", 'for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"),
        ("last", "7.4", "the last element is the proxy's", f"for={INVENTED}, for={CLIENT}", CLIENT),
        ("obfuscated", "6.3", "an identifier of the proxy's own names nobody", "for=_hidden", "-")):
    rfc7239.add(name, "RFC 7239 " + section, sentence, element, value, expected)


@rfc7239.case("open-quote", "RFC 7239 8.1", "a quote that a client left open does not hide what the proxy added")
def _(case):
    for value in (f'for="10.0.0.1, for={CLIENT}', f'for="{CLIENT}', f'for={CLIENT};by="x', f'by="\\", for={CLIENT}',
                  f'for={CLIENT};by="'):
        assert from_address(case).get("/", {"Forwarded": value}).status == 400, value


@rfc7239.case("apart", "RFC 9110 5.3", "fields of one name are one list")
def _(case):
    client = from_address(case)
    lines = [("Forwarded", f"for={INVENTED}"), ("Forwarded", f"for={CLIENT};proto=https"), ("Forwarded", "for=10.0.0.1")]
    assert remote(case, client, [*lines, ("Host", client.host)]) == CLIENT


@rfc7239.case("other-field", PAGE, "only the configured field counts")
def _(case):
    assert remote(case, from_address(case), {"X-Forwarded-For": CLIENT}) == PROXY
