"""Versions, suites, certificates, tickets, and what is no handshake at all."""

import re
import ssl
import time

from case import Group
from wire import Closed
from .servers import SERVERS

EVERYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
GOOD = [f"ECDHE-{key}-{cipher}" for key in ("ECDSA", "RSA")
        for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")]
BAD = ["AES128-GCM-SHA256", "AES256-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384", "DHE-RSA-AES128-GCM-SHA256",
       "ECDHE-ECDSA-NULL-SHA", "AECDH-AES128-SHA"]
NAMES = [("localhost", "one"), ("two.example", "two"), ("TWO.example", "two"), ("a.wild.example", "two"), ("a.b.wild.example", "one"),
         ("unknown.example", "one"), (None, "one")]


def version(case, flag, protocol):
    assert case.on.s_client(case.server, flag, "-cipher", EVERYTHING).protocol == protocol


def old_version(case, flag):
    done = case.on.s_client(case.server, flag, "-cipher", EVERYTHING)
    assert (done.protocol, done.alert) == (None, "protocol version"), done


def suite(case, name, accepted):
    done = case.on.s_client(case.server, "-tls1_2", "-cipher", f"{name}:@SECLEVEL=0")
    assert (done.cipher == name) == accepted, done


def no_renegotiation(case):
    done = case.on.s_client(case.server, "-tls1_2", given="R\n")
    assert "RENEGOTIATING" in done.text and re.search("no renegotiation|handshake failure", done.text), done


def shown(case, name, expected):
    how = ("-servername", name) if name else ("-noservername",)
    for label, key in (("ec", "ECDSA"), ("rsa", "RSA")):
        done = case.on.s_client(case.server, "-tls1_2", "-cipher", f"ECDHE-{key}-AES128-GCM-SHA256", *how)
        assert re.search(rf"(?m)^subject=.*CN = {expected}-{label}$", done.text), done


def asked(case, index, pair, accepted):
    context = case.on.context(pair=getattr(case.on, pair) if pair else None)
    try:
        status = case.on.connect(case.server, context=context, index=index).get("/").status
    except (ssl.SSLError, ConnectionError, Closed):  # the end may have come before the alert was read
        status = None
    assert (status == 200) == accepted, status


def plain(case):
    client = case.http()
    answer = client.get("/")
    assert answer.status == 400 and b"https://" in answer.body, answer
    client.expect_end()


def too_slow(case):
    client = case.server.http(3)
    begun = time.monotonic()
    client.send(b"\x16\x03\x01")
    assert client.read_all() == b""
    assert time.monotonic() - begun < 8, "the time of the request counted"


def resumed(case, index, at, expected):
    context = case.on.context(version=ssl.TLSVersion.TLSv1_2)
    first = case.on.connect(case.server, context=context, index=index)
    assert first.get("/").status == 200
    session = first.sock.session
    assert session.has_ticket
    for _ in range(3):
        again = case.on.connect(case.server, context=context, session=session, index=at)
        assert again.sock.session_reused == expected
        assert again.get("/").status == 200


for library, server in SERVERS:
    cases = Group(f"versions-{library}", server)
    for flag in ("tls1", "tls1-1"):
        cases.add(flag, "RFC 8996 4", "TLS before 1.2 is refused", old_version, "-" + flag.replace("-", "_"))
    cases.add("tls1-2", "RFC 9325 3.1.1", "TLS 1.2 is spoken", version, "-tls1_2", "TLSv1.2")
    if library == "openssl":
        cases.add("tls1-3", "RFC 9325 3.1.1", "TLS 1.3 is spoken", version, "-tls1_3", "TLSv1.3")
    cases.add("renegotiation", "RFC 9325 3.5", "nobody renegotiates", no_renegotiation)
    cases.add("plain-http", "browsers rely on it", "a request in the clear gets an answer in the clear", plain)
    cases.add("time", "RFC 9112 9.8", "a handshake has its time", too_slow)

    cases = Group(f"suites-{library}", server)
    for name in GOOD:
        cases.add(name.lower(), "RFC 9325 4.2", "forward secrecy and an AEAD cipher are offered", suite, name, True)
    for name in BAD:
        cases.add("no-" + name.lower(), "RFC 9325 4.1", "nothing weaker is", suite, name, False)

    cases = Group(f"names-{library}", server)
    for number, (name, expected) in enumerate(NAMES):
        cases.add(f"name-{number}", "RFC 6066 3", f"{name} is shown its certificate, of the kind it knows", shown, name, expected)

    cases = Group(f"clients-{library}", server)
    for index, word in ((1, "optional"), (2, "required")):
        cases.add(f"{word}-good", "RFC 8446 4.4.2.4", "a good certificate is taken", asked, index, "alice", True)
        cases.add(f"{word}-foreign", "RFC 8446 4.4.2.4", "one of another authority is not", asked, index, "mallory", False)
        cases.add(f"{word}-none", "RFC 8446 4.4.2.4", "none is enough where it is optional", asked, index, None, word == "optional")

    cases = Group(f"tickets-{library}", server)
    cases.add("same", "RFC 5077 3", "a ticket resumes a session, as often as it is shown", resumed, 0, 0, True)
    cases.add("other-entry", "RFC 5077 5", "but of its own entry only", resumed, 0, 3, False)
