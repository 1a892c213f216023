"""Who gets through: paths, passwords, failures."""

from case import Group

from .servers import Passwords, Throttled, basic

paths = Group("paths", Passwords)


@paths.case("needs-a-sign-in", "RFC 9110 15.5.2", "what is not open is 401 with a challenge, and nothing of it is shown")
def _(case):
    answer = case.http().get("/")
    assert answer.status == 401 and answer.get("WWW-Authenticate").startswith("Basic "), answer
    assert b"front" not in answer.body


@paths.case("open", "marmoset.conf(5) auth", "a path of unprotect needs none")
def _(case):
    assert case.http().get("/open/").status == 200


@paths.case("home", "marmoset.conf(5) auth", "a path with ~ always does")
def _(case):
    assert case.http().get("/open/~alice/").status == 401


@paths.case("protected", "marmoset.conf(5) auth", "a path of protect is 403, and nobody is asked; with a sign-in it is served")
def _(case):
    answer = case.http().get("/open/closed/")
    assert (answer.status, answer.get("WWW-Authenticate")) == (403, None), answer
    assert case.http().get("/open/closed/", basic()).status == 200


@paths.case("named-by-a-subprotocol", "marmoset.conf(5) auth", "a websocket that a subprotocol names is as guarded as by its path")
def _(case):
    client = case.websocket()
    client.start("/open/x", {"Sec-WebSocket-Protocol": "echo"})
    assert client.response().status == 401


@paths.case("private", "RFC 9111 5.2.2.7", "what a user sees is for no shared cache")
def _(case):
    assert "private" in case.http().get("/", basic()).get("Cache-Control")


passwords = Group("passwords", Passwords)


@passwords.case("right", "RFC 7617 2", "name and password let in")
def _(case):
    answer = case.http().get("/", basic())
    assert (answer.status, answer.body) == (200, b"front"), answer


def refused(case, user, password):
    case.http().get("/", basic())  # is remembered
    assert case.http().get("/", basic(user, password)).status == 401


for name, user, password in (("wrong", "alice", "x"), ("empty", "alice", ""), ("longer", "alice", "open sesame!"),
                             ("shorter", "alice", "open sesam"), ("upper-case", "alice", "OPEN SESAME"),
                             ("unknown-name", "bob", "open sesame"), ("name-in-upper-case", "Alice", "open sesame")):
    passwords.add(name, "RFC 7617 2", "anything else does not, also when the right ones were there before", refused, user, password)


@passwords.case("twice", "RFC 9110 5.3", "two Authorization fields are refused")
def _(case):
    assert case.http().get("/", [*basic().items(), *basic("alice", "x").items()]).status == 400


throttle = Group("throttle", Throttled)


@throttle.case("failures", "RFC 6585 4", "after some failures an address has to wait, with the right password, too")
def _(case):
    # The others' failures were long enough ago, or count: either way the fourth is one too many.
    # All at once: the first wait is one second only, and our own steps may take longer.
    client = case.http()
    guesses = [basic("alice", f"guess {number}") for number in range(4)]
    client.send(b"".join(client.text(headers=headers) for headers in [*guesses, basic()]))
    answers = [client.response() for _ in range(5)]
    assert [answer.status for answer in answers] == [401, 401, 401, 429, 429], answers
    assert int(answers[-1].get("Retry-After")) >= 1, answers[-1]
