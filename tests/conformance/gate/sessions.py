"""Sessions, their cookie, tickets, sign-out, other sites' pages."""

from case import Group

from .servers import PASSWORD, USER, Guarded, Several, basic, post, sign_in, ticket

sessions = Group("sessions", Guarded)


@sessions.case("cookie", "RFC 6265 4.1.2", "the session's cookie is out of reach for scripts and other sites")
def _(case):
    answer = post(case, "/auth", username=USER, password=PASSWORD)
    line = next(line for line in answer.all("Set-Cookie") if line.startswith("X-Auth-Token="))
    assert "; HttpOnly" in line and "; SameSite=Lax" in line and "; Path=/" in line, line


@sessions.case("sign-out", "marmoset.conf(5) auth", "a session that was signed out is over")
def _(case):
    session, other = sign_in(case), sign_in(case)
    assert case.http().get("/", session).status == 200
    assert case.http().get("/auth/signout", session, "POST", b"").status == 204
    assert case.http().get("/", session).status == 401
    assert case.http().get("/", other).status == 200


@sessions.case("sign-out-closes", "RFC 6455 7.4.1", "its websockets are closed with 1008")
def _(case):
    session = sign_in(case)
    client = case.websocket("/echo", headers=session)
    assert case.http().get("/auth/signout", session, "POST", b"").status == 204
    assert client.read_frame().code == 1008


def leads_home(case, target):
    answer = post(case, "/auth", username=USER, password=PASSWORD, redirect_uri=target)
    assert (answer.status, answer.get("Location")) == (303, "/"), answer


for name, target in (("other-host", "http://evil.example/"), ("no-scheme", "//evil.example"), ("backslash", "/\\evil.example"),
                     ("line-end", "/a\r\nX: y"), ("tab", "/\t/evil.example")):
    sessions.add(f"returns-not-to-{name}", "CWE-601", "a sign-in leads to a path of this server only", leads_home, target)


@sessions.case("token-changed", "RFC 7519 7.2", "a token that was changed is none")
def _(case):
    token = sign_in(case)["Cookie"].partition("=")[2]
    head, payload, signature = token.split(".")
    for changed in (f"{head}.{payload}.{signature.swapcase()}", f"{head}.{payload}.", f"{head}.{payload}A.{signature}", token[:-1]):
        assert case.http().get("/", {"Authorization": f"Bearer {changed}"}).status == 401, changed


tickets = Group("tickets", Guarded)


@tickets.case("once", "marmoset.conf(5) auth", "a ticket is good once")
def _(case):
    offered = ticket(case, sign_in(case))
    case.websocket("/echo", headers=offered).echo("in")
    client = case.websocket()
    client.start("/echo", offered)
    assert client.response().status == 401


@tickets.case("not-echoed", "marmoset.conf(5) auth", "it is never answered, but another subprotocol is")
def _(case):
    offered = ticket(case, sign_in(case))["Sec-WebSocket-Protocol"]
    client = case.websocket("/echo", headers={"Sec-WebSocket-Protocol": f"{offered}, chat"})
    assert client.answer.get("Sec-WebSocket-Protocol") == "chat"


@tickets.case("of-a-session-that-is-over", "marmoset.conf(5) auth", "it ends with its session")
def _(case):
    session = sign_in(case)
    offered = ticket(case, session)
    assert case.http().get("/auth/signout", session, "POST", b"").status == 204
    client = case.websocket()
    client.start("/echo", offered)
    assert client.response().status == 401


@tickets.case("no-token", "marmoset.conf(5) auth", "a ticket is no session's token")
def _(case):
    value = ticket(case, sign_in(case))["Sec-WebSocket-Protocol"].partition(".")[2]
    assert case.http().get("/", {"Authorization": f"Bearer {value}"}).status == 401


pages = Group("foreign-pages", Guarded)
FOREIGN = {"Origin": "https://evil.example"}


@pages.case("sign-in", "CWE-352", "another site's page signs nobody in")
def _(case):
    assert post(case, "/auth", FOREIGN, username=USER, password=PASSWORD).status == 403


@pages.case("change", "CWE-352", "nor does it change anything with a visitor's cookie")
def _(case):
    session = sign_in(case)
    assert case.http().get("/auth/ticket", {**session, **FOREIGN}, "POST", b"").status == 403
    assert case.http().get("/", session).status == 200


@pages.case("sign-out", "CWE-352", "nor is anybody signed out, also where the browser has kept the cookie back")
def _(case):
    for method, target in (("POST", "/auth/signout"), ("DELETE", "/auth")):
        answer = case.http().get(target, FOREIGN, method, b"")
        assert (answer.status, answer.all("Set-Cookie")) == (403, []), answer


@pages.case("password", "CWE-352", "nor does it use a password, which browsers send by themselves; a program has no origin")
def _(case):
    assert case.http().get("/auth/ticket", {**basic(), **FOREIGN}, "POST", b"").status == 403
    assert case.http().get("/auth/ticket", basic(), "POST", b"").status == 200


several = Group("several-gates", Several)


@several.case("ticket", "marmoset.conf(5) auth", "a ticket of the second gate is taken, once, and not echoed")
def _(case):
    offered = {"Sec-WebSocket-Protocol": ticket(case, sign_in(case))["Sec-WebSocket-Protocol"] + ", chat"}
    client = case.websocket("/echo", headers=offered)
    client.echo("in")
    assert client.answer.get("Sec-WebSocket-Protocol") == "chat"
    client = case.websocket()
    client.start("/echo", offered)
    assert client.response().status == 401
