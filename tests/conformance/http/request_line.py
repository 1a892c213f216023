"""RFC 9112 3: the request line."""

from case import Group

from .servers import Plain

cases = Group("request-line", Plain)


@cases.case("empty-lines-before", "RFC 9112 2.2", "an empty line before the request line is ignored")
def _(case):
    client = case.http()
    client.send(b"\r\n" + client.text("GET", "/a.txt"))
    assert client.response().body == b"a" * 10
