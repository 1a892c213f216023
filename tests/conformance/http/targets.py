"""RFC 9112 3.2: forms of the request target; 3.2 and RFC 9110 7.2: Host."""

from case import Group

from .checks import A, answers, head, refused, served
from .servers import Plain

targets = Group("targets", Plain)
for name, rule, sentence, target in (
    ("absolute", "RFC 9112 3.2.2", "absolute-form is read", b"http://localhost/a.txt"),
    ("absolute-other-case", "RFC 3986 3.1", "a scheme has no case", b"HTTP://localhost/a.txt"),
    ("absolute-with-port", "RFC 9112 3.2.2", "its authority may have a port", b"http://localhost:8080/a.txt"),
    ("absolute-with-empty-port", "RFC 3986 3.2.3", "the port may be empty", b"http://localhost:/a.txt"),
    ("absolute-other-host", "RFC 9112 3.2.2", "its authority wins over Host", b"http://example.org/a.txt"),
    ("absolute-ipv6", "RFC 3986 3.2.2", "its host may be an IPv6 address", b"http://[::1]:80/a.txt"),
    ("absolute-with-query", "RFC 9112 3.2.2", "it may have a query", b"http://localhost/a.txt?b=c"),
    ("empty-query", "RFC 3986 3.4", "a query may be empty", b"/a.txt?"),
    ("query-with-slashes", "RFC 3986 3.4", "slashes and question marks are a query's, too", b"/a.txt?x=/../y?z"),
    ("query-with-escapes", "RFC 3986 3.4", "escapes of a query name no file", b"/a.txt?%2e%2e%2f%00"),
    ("query-of-browsers", "browsers rely on it", "browsers leave |, ^, `, {}, [] and \\ in a query as they are",
     b"/a.txt?a[]=1|2^3`{4}\\"),
    ("query-with-percent", "browsers rely on it", "browsers leave a percent sign in a query that begins no escape",
     b"/a.txt?q=100%&r=%zz"),
    ("query-with-quote", "browsers rely on it", "a quote in a query is let through", b"/a.txt?a=\"b'c"),
):
    targets.add(name, rule, sentence, served, head(target=target))

targets.add("absolute-without-path", "RFC 9110 4.2.3", "an empty path is /", answers, "http://localhost", 200, b"<h1>front</h1>\n")
targets.add("absolute-query-without-path", "RFC 9110 4.2.3", "so it is in front of a query", answers, "http://localhost?x", 200,
            b"<h1>front</h1>\n")

for name, rule, sentence, target in (
    ("relative", "RFC 9112 3.2.1", "a path begins with a slash", b"a.txt"),
    ("query-alone", "RFC 9112 3.2.1", "a query needs a path in front", b"?x"),
    ("asterisk-of-get", "RFC 9112 3.2.4", "* is for OPTIONS alone", b"*"),
    ("asterisk-with-more", "RFC 9112 3.2.4", "* stands alone", b"*/a.txt"),
    ("authority-of-get", "RFC 9112 3.2.3", "host and port are for CONNECT alone", b"localhost:80"),
    ("other-scheme", "RFC 9110 7.1", "another scheme's resources are not here", b"ftp://localhost/a.txt"),
    ("script-scheme", "RFC 9110 7.1", "a scheme without authority is refused", b"javascript:alert(1)"),
    ("absolute-empty-host", "RFC 9110 4.2.1", "an http URI has a host", b"http:///a.txt"),
    ("absolute-nothing", "RFC 9110 4.2.1", "an http URI has more than a scheme", b"http://"),
    ("absolute-user", "RFC 9110 4.2.4", "an http URI with user information is refused", b"http://user@localhost/a.txt"),
    ("absolute-password", "RFC 9110 4.2.4", "all the more with a password", b"http://user:word@localhost/a.txt"),
    ("absolute-bad-port", "RFC 3986 3.2.3", "a port is digits", b"http://localhost:x/a.txt"),
    ("absolute-large-port", "RFC 3986 3.2.3", "a port of TCP is below 65536", b"http://localhost:65536/a.txt"),
    ("absolute-half-bracket", "RFC 3986 3.2.2", "a bracket is closed", b"http://[::1/a.txt"),
    ("absolute-backslash", "RFC 3986 3.2", "a backslash does not end the authority", b"http://localhost\\@evil/a.txt"),
    ("fragment", "RFC 9112 3.2", "a fragment is not sent", b"/a.txt#x"),
    ("fragment-behind-query", "RFC 9112 3.2", "nor behind a query", b"/a.txt?x#y"),
    ("percent-alone", "RFC 3986 2.1", "a percent sign has two digits behind it", b"/a.txt%"),
    ("percent-one-digit", "RFC 3986 2.1", "one digit is not two", b"/a.txt%4"),
    ("percent-no-digits", "RFC 3986 2.1", "letters beyond f are no digits", b"/%zz"),
    ("percent-sign-and-digit", "RFC 3986 2.1", "a sign is no digit", b"/%+1"),
    ("percent-u", "RFC 3986 2.1", "there are no escapes of four digits", b"/%u0061.txt"),
):
    targets.add(name, rule, sentence, refused, head(target=target))


@targets.case("options-absolute-without-path", "RFC 9112 3.2.4", "OPTIONS of an absolute URI without a path asks about the server")
def _(case):
    client = case.http()
    answer = client.get("http://localhost", method="OPTIONS")
    assert answer.status == 200 and answer.get("Content-Length") == "0" and "POST" in answer.get("Allow"), answer


hosts = Group("host", Plain)


def line_of(*fields, version=b"HTTP/1.1"):
    return b"\r\n".join([b"GET /a.txt " + version, *fields]) + b"\r\n\r\n"


for name, sentence, value in (
    ("name", "a registered name", b"localhost"),
    ("port", "with a port", b"localhost:8080"),
    ("empty-port", "with an empty port", b"localhost:"),
    ("ipv4", "an IPv4 address", b"127.0.0.1"),
    ("ipv6", "an IPv6 address in brackets", b"[::1]"),
    ("ipv6-port", "an IPv6 address with a port", b"[2001:db8::1]:8080"),
    ("other-case", "capitals", b"LOCALHOST"),
    ("final-dot", "a name with its final dot", b"localhost."),
    ("underscore", "an underscore, which no name of the net has and many hosts do", b"my_host"),
    ("escape", "an escape", b"%6Cocalhost"),
    ("sub-delims", "the characters that a registered name may have", b"a!$&'()*+,;=b"),
    ("foreign", "a name that is not the server's", b"example.org"),
):
    hosts.add(name, "RFC 9110 7.2", f"Host may be {sentence}", served, line_of(b"Host: " + value))

hosts.add("last", "RFC 9110 7.2", "Host need not be the first field", served, line_of(b"X: y", b"Accept: */*", b"Host: localhost"))
hosts.add("without-space", "RFC 9112 5.1", "white space before the value is no duty", served, line_of(b"Host:localhost"))
hosts.add("white-space", "RFC 9112 5.1", "white space around the value is no part of it", served, line_of(b"Host: \t localhost \t"))
hosts.add("missing", "RFC 9112 3.2", "HTTP/1.1 without Host is 400", refused, line_of())
hosts.add("missing-in-1-2", "RFC 9112 3.2", "so is a later HTTP/1.x", refused, line_of(version=b"HTTP/1.2"))
hosts.add("twice", "RFC 9112 3.2", "two Hosts are 400", refused, line_of(b"Host: localhost", b"Host: example.org"))
hosts.add("twice-equal", "RFC 9112 3.2", "so are two equal ones", refused, line_of(b"Host: localhost", b"Host: localhost"))
hosts.add("twice-other-case", "RFC 9112 3.2", "whatever the case of their names", refused, line_of(b"Host: localhost", b"hOST: localhost"))
hosts.add("twice-in-1-0", "RFC 9112 3.2", "two are 400 in HTTP/1.0, too", refused,
          line_of(b"Host: localhost", b"Host: localhost", version=b"HTTP/1.0"))
hosts.add("bad-in-1-0", "RFC 9112 3.2", "a bad one is 400 in HTTP/1.0, too", refused, line_of(b"Host: a b", version=b"HTTP/1.0"))
hosts.add("missing-beside-absolute", "RFC 9112 3.2.2", "an absolute target is no excuse for a missing Host", refused,
          b"GET http://localhost/a.txt HTTP/1.1\r\n\r\n")
hosts.add("bad-beside-absolute", "RFC 9112 3.2", "nor for a bad one", refused,
          b"GET http://localhost/a.txt HTTP/1.1\r\nHost: a b\r\n\r\n")


@hosts.case("missing-in-1-0", "RFC 9112 3.2", "HTTP/1.0 needs no Host")
def _(case):
    client = case.http()
    client.send(line_of(version=b"HTTP/1.0"))
    answer = client.response()
    assert (answer.status, answer.body) == (200, A), answer


for name, sentence, value in (
    ("list", "a list is no host", b"localhost, example.org"),
    ("space", "nor is one with a space", b"local host"),
    ("user", "user information is no part of it", b"user@localhost"),
    ("path", "nor is a path", b"localhost/a.txt"),
    ("scheme", "nor is a scheme", b"http://localhost"),
    ("query", "nor is a query", b"localhost?x"),
    ("fragment", "nor is a fragment", b"localhost#x"),
    ("port-of-letters", "a port is digits", b"localhost:http"),
    ("negative-port", "and no sign", b"localhost:-1"),
    ("large-port", "a port of TCP is below 65536", b"localhost:65536"),
    ("two-ports", "there is one port", b"localhost:80:81"),
    ("half-bracket", "a bracket is closed", b"[::1"),
    ("bracket-name", "brackets are for addresses", b"[localhost]"),
    ("bracket-ipv4", "and for those of IPv6", b"[127.0.0.1]"),
    ("bare-ipv6", "an IPv6 address has brackets", b"2001:db8::1"),
    ("bad-ipv6", "its digits are hexadecimal", b"[::g]"),
    ("behind-bracket", "nothing but a port follows the bracket", b"[::1]x"),
    ("future-address", "an address of an unknown version is refused (RFC 3986 3.2.2)", b"[v1.x]"),
    ("port-alone", "a port needs a host", b":80"),
    ("bad-escape", "an escape has two digits", b"local%host"),
    ("raw-utf-8", "a host is ASCII", b"\xc3\xa9t\xc3\xa9"),
    ("backslash", "a backslash is no character of a host", b"local\\host"),
):
    hosts.add("no-" + name, "RFC 9112 3.2", sentence, refused, line_of(b"Host: " + value))
