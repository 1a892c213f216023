"""userfilter: what users may do."""

import json
import urllib.parse

from case import Group

from .servers import Rules, basic

rules = Group("rules", Rules)
PAGE = "marmoset.conf(5) userfilter"


def add(case, method, role, expression, who="root"):
    headers = dict(basic(who), **{"Content-Type": "application/x-www-form-urlencoded"})
    body = urllib.parse.urlencode({"method": method, "role": role, "pathexp": expression}).encode()
    return case.http().get("/rules", headers, "PUT", body).status


class With:
    """A rule for the time of a case."""

    def __init__(self, case, *rule):
        self.case, self.rule = case, rule

    def __enter__(self):
        assert add(self.case, *self.rule) == 204
        self.id = json.loads(self.case.http().get("/rules", basic("root")).body)[-1]["id"]

    def __exit__(self, *_):
        assert self.case.http().get(f"/rules/{self.id}", basic("root"), "DELETE").status == 204


def status(case, target, who, method="GET"):
    return case.http().get(target, basic(who) if who else {}, method).status


@rules.case("none", PAGE, "without a rule a user is refused with 403, nobody with 401; the superuser reads")
def _(case):
    assert [status(case, "/alice/x", who) for who in ("alice", None, "root")] == [403, 401, 200]


@rules.case("allow", PAGE, "paths of allow need none")
def _(case):
    assert status(case, "/open/x", None) == 200


@rules.case("anonymous", PAGE, "nobody in particular has the role anonymous only")
def _(case):
    with With(case, "GET", "users", "^/open/*"):
        assert status(case, "/open/", None) == 401
    with With(case, "GET", "anonymous", "^/open/*"):
        assert status(case, "/open/", None) == 404


@rules.case("user", PAGE, "%u is the user, whole")
def _(case):
    with With(case, "GET", "users", "^/%u/*"):
        assert [status(case, "/alice/x", who) for who in ("alice", "bob")] == [200, 403]


@rules.case("home", PAGE, "%h is the home")
def _(case):
    with With(case, "GET", "users", "^%h/*"):
        assert [status(case, "/bob/x", who) for who in ("alice", "bob")] == [403, 200]


@rules.case("method", PAGE, "a rule is for its method, and for HEAD if that is GET")
def _(case):
    with With(case, "GET", "alice", "^/alice/*"):
        assert [status(case, "/alice/x", "alice", method) for method in ("GET", "HEAD", "DELETE")] == [200, 200, 403]


@rules.case("superuser-alone", PAGE, "only the superuser reads and changes rules, whatever they say")
def _(case):
    with With(case, "GET", "*", "^/*"), With(case, "PUT", "*", "^/*"):
        assert [status(case, "/rules", who) for who in ("alice", "root")] == [403, 200]
        assert add(case, "GET", "alice", "^/bob/*", "alice") == 403


@rules.case("everywhere", PAGE, "a change counts in all workers when it is answered")
def _(case):
    clients = [case.http() for _ in range(8)]
    for _ in range(3):
        assert {client.get("/alice/x", basic("alice")).status for client in clients} == {403}
        with With(case, "GET", "alice", "^/alice/*"):
            assert {client.get("/alice/x", basic("alice")).status for client in clients} == {200}


@rules.case("form", PAGE, "what can't be kept is 400")
def _(case):
    assert [add(case, *rule) for rule in (("TRACE", "a", "b"), ("GET", "", "b"), ("GET", "a", ""), ("GET", "a", "x" * 1025))] == [400] * 4


def opens(case, user, target, **headers):
    client = case.websocket()
    client.start(target, {**basic(user), **headers})
    return client.response().status


@rules.case("subprotocol", PAGE, "a websocket that a subprotocol names is permitted by that name, too")
def _(case):
    with With(case, "GET", "alice", "^/alice/*"):
        assert opens(case, "alice", "/alice/chat", **{"Sec-WebSocket-Protocol": "echo"}) == 403
        with With(case, "GET", "alice", "^/echo$"):
            assert opens(case, "alice", "/alice/chat", **{"Sec-WebSocket-Protocol": "echo"}) == 101


@rules.case("suffix", PAGE, "what files may end with opens no websocket")
def _(case):
    for expression in (".css$", "*.css", "^/*.css"):
        with With(case, "GET", "*", expression):
            assert opens(case, "alice", "/echo/x.css") == 403, expression
    with With(case, "GET", "alice", "^/echo/x.*"):
        assert opens(case, "alice", "/echo/x.css") == 101
