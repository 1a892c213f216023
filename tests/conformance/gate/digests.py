"""Digest (RFC 7616): nonces, counts, what a response is made for."""

from case import Group

from .servers import Digests, challenge, digest

nonces = Group("nonces", Digests)


def asked(case):
    return challenge(case.http().get("/"))


@nonces.case("right", "RFC 7616 3.4.1", "the right response lets in, its count used once")
def _(case):
    given = asked(case)
    assert case.http().get("/", digest(given, "/", 1)).status == 200
    again = case.http().get("/", digest(given, "/", 1))
    assert again.status == 401 and challenge(again)["stale"] == "true", again
    assert case.http().get("/", digest(given, "/", 2)).status == 200


@nonces.case("made-by-the-client", "RFC 7616 3.3", "a nonce that is not ours is no good, whatever the response")
def _(case):
    given = dict(asked(case), nonce="QUJD")
    assert case.http().get("/", digest(given, "/", 1)).status == 401
    ours = asked(case)["nonce"]
    given["nonce"] = ours[:-1] + ("A" if ours[-1] != "A" else "Q")
    assert case.http().get("/", digest(given, "/", 1)).status == 401


@nonces.case("wrong-password", "RFC 7616 3.4.1", "a response of another password does not, and its count stays")
def _(case):
    given = asked(case)
    assert case.http().get("/", digest(given, "/", 1, password="x")).status == 401
    assert case.http().get("/", digest(given, "/", 1)).status == 200


@nonces.case("another-target", "RFC 7616 3.4.6", "credentials of another target are refused")
def _(case):
    assert case.http().get("/", digest(asked(case), "/open/", 1)).status == 400


@nonces.case("another-realm", "RFC 7616 3.4.6", "credentials of another realm are not taken")
def _(case):
    assert case.http().get("/", digest(asked(case), "/", 1, realm="other")).status == 401
