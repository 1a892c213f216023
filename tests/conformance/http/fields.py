"""RFC 9112 5: field lines; RFC 9110 5: names and values."""

from case import Group

from .checks import A, head, refused, served
from .servers import Plain, Small

names = Group("field-names", Plain)
names.add("all-token-characters", "RFC 9110 5.1", "a name may hold any character of a token", served,
          head(b"!#$%&'*+-.^_`|~0aZ: y"))
names.add("digit-first", "RFC 9110 5.1", "a name may begin with a digit", served, head(b"1X: y"))
names.add("other-case", "RFC 9110 5.1", "names have no case", served, b"GET /a.txt HTTP/1.1\r\nhOsT: localhost\r\n\r\n")
names.add("repeated", "RFC 9110 5.2", "an unknown field may come again", served, head(b"X: a", b"X: b", b"x: c"))
for name, rule, sentence, field in (
    ("space-before-colon", "RFC 9112 5.1", "white space before the colon is refused", b"X : y"),
    ("tab-before-colon", "RFC 9112 5.1", "so is a tab", b"X\t: y"),
    ("empty", "RFC 9110 5.1", "a name has a character at least", b": y"),
    ("no-colon", "RFC 9112 5", "a field line has a colon", b"X"),
    ("space-inside", "RFC 9110 5.1", "no space within a name", b"X Y: z"),
    ("parenthesis", "RFC 9110 5.1", "no parenthesis in a name", b"X(Y): z"),
    ("slash", "RFC 9110 5.1", "no slash in a name", b"X/Y: z"),
    ("quote", "RFC 9110 5.1", "no quote in a name", b'"X": z'),
    ("at-sign", "RFC 9110 5.1", "no @ in a name", b"X@Y: z"),
    ("bracket", "RFC 9110 5.1", "no bracket in a name", b"X[Y]: z"),
    ("high-byte", "RFC 9110 5.1", "a name is ASCII", b"X\xe9: y"),
    ("nul", "RFC 9110 5.1", "no NUL in a name", b"X\0: y"),
    ("control", "RFC 9110 5.1", "no control character in a name", b"X\x01: y"),
    ("delete", "RFC 9110 5.1", "no DEL in a name", b"X\x7f: y"),
    ("space-before-length", "RFC 9112 5.1", "Content-Length with a space is no other field", b"Content-Length : 5"),
    ("space-before-coding", "RFC 9112 5.1", "Transfer-Encoding with a space is no other field", b"Transfer-Encoding : chunked"),
    ("request-line", "RFC 9112 5", "a request line among the fields is none of them", b"GET /c.txt HTTP/1.1"),
):
    names.add("no-" + name, rule, sentence, refused, head(field))

values = Group("field-values", Plain)
for name, rule, sentence, field in (
    ("empty", "RFC 9110 5.5", "a value may be empty", b"X:"),
    ("white-space-alone", "RFC 9112 5.1", "so it is when white space is all there is", b"X: \t "),
    ("tab-inside", "RFC 9110 5.5", "a tab may stand within a value", b"X: a\tb"),
    ("obs-text", "RFC 9110 5.5", "bytes above 0x7f may stand in a value", b"X: " + bytes(range(0x80, 0x100))),
    ("all-visible", "RFC 9110 5.5", "every visible character may stand in a value", b"X: " + bytes(range(0x21, 0x7f))),
    ("colons", "RFC 9112 5", "further colons are the value's", b"X: :a:b:"),
    ("quoted", "RFC 9110 5.6.4", "a quoted string may hold what parts lists", b'X: "a, b; c\\" d"'),
    ("open-quote", "RFC 9110 5.6.4", "a quote that is not closed ends with its line", b'X: "a, b'),
    ("long", "RFC 9110 5.4", "a value of 8,000 octets is read", b"X: " + b"y" * 8000),
    ("bare-percent", "RFC 9110 5.5", "a value has no escapes", b"X: %zz%"),
):
    values.add(name, rule, sentence, served, head(field))

for name, rule, sentence, fields in (
    ("folded", "RFC 9112 5.2", "a folded line is refused", [b"X: a", b" b"]),
    ("folded-with-a-tab", "RFC 9112 5.2", "folded with a tab as well", [b"X: a", b"\tb"]),
    ("folded-empty", "RFC 9112 5.2", "a line of white space alone is folding, too", [b"X: a", b" "]),
    ("folded-to-length", "RFC 9112 5.2", "so nothing of the body's length is hidden", [b"X: a", b" Content-Length: 5"]),
    ("nul", "RFC 9110 5.5", "a NUL in a value is refused", [b"X: a\0b"]),
    ("nul-at-end", "RFC 9110 5.5", "a NUL at its end as well", [b"X: a\0"]),
    ("bare-cr", "RFC 9110 5.5", "a CR in a value is refused", [b"X: a\rb"]),
    ("bare-lf", "RFC 9112 2.2", "an LF does not end a field line", [b"X: a\nY: b"]),
    ("bare-lf-hides-length", "RFC 9112 2.2", "so nothing of the body's length is hidden behind it", [b"X: a\nContent-Length: 5"]),
    ("cr-cr-lf", "RFC 9112 2.2", "CR CR LF is no line's end", [b"X: a\r"]),
    ("bell", "RFC 9110 5.5", "a control character in a value is refused", [b"X: a\x07b"]),
    ("escape", "RFC 9110 5.5", "so is ESC", [b"X: \x1b[2J"]),
    ("vertical-tab", "RFC 9110 5.5", "a vertical tab is no white space", [b"X: a\x0bb"]),
    ("form-feed", "RFC 9110 5.5", "nor is a form feed", [b"X: a\x0cb"]),
    ("delete", "RFC 9110 5.5", "DEL in a value is refused", [b"X: a\x7fb"]),
    ("bare-lf-in-host", "RFC 9112 2.2", "an LF in Host is refused", [b"X: y", b"Referer: a\n"]),
):
    values.add("no-" + name, rule, sentence, refused, head(*fields))

for name, rule, sentence, text in (
    ("folded-first", "RFC 9112 2.2", "white space before the first field is refused",
     b"GET /a.txt HTTP/1.1\r\n Host: localhost\r\n\r\n"),
    ("tab-first", "RFC 9112 2.2", "so is a tab", b"GET /a.txt HTTP/1.1\r\n\tHost: localhost\r\n\r\n"),
    ("white-line-first", "RFC 9112 2.2", "so is a line of white space alone", b"GET /a.txt HTTP/1.1\r\n \r\nHost: localhost\r\n\r\n"),
    ("lf-lf", "RFC 9112 2.2", "two LFs do not end the head", b"GET /a.txt HTTP/1.1\r\nHost: localhost\n\nX: y\r\n\r\n"),
    ("lf-crlf", "RFC 9112 2.2", "nor does an LF before CRLF", b"GET /a.txt HTTP/1.1\r\nHost: localhost\n\r\n\r\n"),
):
    values.add("no-" + name, rule, sentence, refused, text)

sizes = Group("head-sizes", Small)


def served_alone(case, text):
    client = case.http()
    client.send(text)
    answer = client.response()
    assert (answer.status, answer.body) == (200, A), answer
    assert client.is_open()


def fields_of(size):
    """A head of exactly `size` bytes."""
    rest = size - len(head(b"X: "))
    return head(b"X: " + b"y" * rest)


sizes.add("line-within", "RFC 9112 3", "a target within the limit is read", served_alone, head(target=b"/a.txt?" + b"x" * 493))
sizes.add("line-beyond", "RFC 9110 15.5.15", "one byte more is 414", refused, head(target=b"/a.txt?" + b"x" * 494), (414,))
sizes.add("block-within", "RFC 6585 5", "a header block at the limit is read", served_alone, fields_of(1000))
sizes.add("block-beyond", "RFC 6585 5", "one byte more is 431", refused, fields_of(1001), (431,))
sizes.add("count-within", "RFC 6585 5", "as many fields as the limit says are read", served_alone,
          head(*(b"X%d: y" % number for number in range(9))))
sizes.add("count-beyond", "RFC 6585 5", "one field more is 431", refused, head(*(b"X%d: y" % number for number in range(10))), (431,))
sizes.add("long-name", "RFC 6585 5", "a name beyond the limit is 431", refused, head(b"X" * 1000 + b": y"), (431,))


def refused_unfinished(case, text, status):
    client = case.http()
    client.send(text)
    assert client.response().status == status
    client.expect_end()


sizes.add("endless-line", "RFC 9110 15.5.15", "414 does not wait for the line's end", refused_unfinished, b"GET /" + b"x" * 1100, 414)
sizes.add("endless-value", "RFC 6585 5", "431 does not wait for the value's end", refused_unfinished,
          b"GET /a.txt HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 1000, 431)
sizes.add("endless-fields", "RFC 6585 5", "431 does not wait for the last field", refused_unfinished,
          b"GET /a.txt HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 170, 431)


@sizes.case("each-request-anew", "RFC 6585 5", "the limit is for each request of a connection")
def _(case):
    client = case.http()
    for _ in range(5):
        client.send(fields_of(900))
        assert client.response().body == A


@sizes.case("pipelined-anew", "RFC 6585 5", "also when they come together")
def _(case):
    client = case.http()
    client.send(fields_of(900) * 5)
    for _ in range(5):
        assert client.response().body == A
