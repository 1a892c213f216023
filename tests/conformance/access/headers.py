"""The PROXY protocol."""

from case import Group

from .servers import CLIENT, PROXY, STRANGER, Headers, counters, from_address, remote, version1, version2

headers = Group("proxy-header", Headers)
TEXT, BINARY = "proxy-protocol.txt 2.1", "proxy-protocol.txt 2.2"


def names(case, header, expected):
    assert remote(case, from_address(case, header=header)) == expected


for name, rule, sentence, header, expected in (
        ("text", TEXT, "a line names the client", version1(), CLIENT),
        ("text-unknown", TEXT, "UNKNOWN is the proxy itself", b"PROXY UNKNOWN a b c d\r\n", PROXY),
        ("binary", BINARY, "so does the binary form", version2(), CLIENT),
        ("binary-ip6", BINARY, "for IPv6, too", version2("2001:db8::9"), "2001:db8::9"),
        ("local", BINARY, "LOCAL is the proxy itself", version2(command=0x20), PROXY)):
    headers.add(name, rule, sentence, names, header, expected)


def refused(case, header):
    before = counters(case)["proxy_headers_total"]["malformed"]
    assert from_address(case, header=header).read_all() == b""
    assert counters(case)["proxy_headers_total"]["malformed"] == before + 1


for name, rule, sentence, header in (
        ("missing", TEXT, "without it a listed proxy is not served", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("leading-zero", TEXT, "numbers have no leading zeros", version1(port="04711")),
        ("family", TEXT, "TCP6 has no IPv4 addresses", version1().replace(b"TCP4", b"TCP6")),
        ("line-feed", TEXT, "a line ends with CRLF", version1()[:-2] + b"\n"),
        ("too-large", BINARY, "a header has a limit", version2()[:14] + b"\xff\xff"),
        ("datagrams", BINARY, "nothing but streams", version2()[:13] + b"\x12" + version2()[14:]),
        ("field", BINARY, "fields lie within the header", version2(fields=b"\x04\x00\x05")),
        ("checksum", "proxy-protocol.txt 2.2.3", "a wrong checksum drops the connection", version2(fields=b"\x03\x00\x04abcd"))):
    headers.add(name, rule, sentence, refused, header)


@headers.case("not-listed", "proxy-protocol.txt 5", "from others it is no header at all")
def _(case):
    client = from_address(case, STRANGER, version1())
    client.send(client.text())
    assert client.response().status == 400


@headers.case("slow", "marmoset.conf(5) PROXIES", "it has header_timeout")
def _(case):
    before = counters(case)["proxy_headers_total"]["slow"]
    assert from_address(case, header=b"PROXY TCP4 ").read_all() == b""
    assert counters(case)["proxy_headers_total"]["slow"] == before + 1


@headers.case("filtered", "marmoset.conf(5) clientfilter", "clientfilter looks at the client")
def _(case):
    client = from_address(case, header=version1("198.51.100.1"))
    client.send(client.text())
    assert client.read_all() == b""


@headers.case("counted", "marmoset.conf(5) PROXIES", "limits count the client, not the proxy")
def _(case):
    for _ in range(2):
        assert from_address(case, header=version2("203.0.113.20")).get("/").status == 200
    assert from_address(case, header=version2("203.0.113.20")).response().status == 503
    for number in (21, 22):
        assert from_address(case, header=version2(f"203.0.113.{number}")).get("/").status == 200
