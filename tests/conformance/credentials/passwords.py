"""Stored passwords: each form takes its password, and nothing else. Codes of TOTP."""

import base64

from case import Group
from .tools import Files, digest

passwords = Group("passwords", Files)

FORMS = {
    "clear": "bar",
    "md5": "$1$" + digest("md5", "bar"),
    "sha256": "$5$" + digest("sha256", "bar"),
    "a5": "$a5$" + digest("sha256", "bar"),
    "realm": "$a5$realm=test$" + digest("sha256", "foo:test:bar"),
    "sha512-crypt": "$6$saltstring$88RS2V.D4lbqS2Tyd.vTlUssLIHbUr.cg3ODlcl5Dkii8bUuolsXnckoHcsf7p1EmDfwRtYC34Jz7JU/csQSN1",
    "yescrypt": "$y$j75$abcdefgh$BZssh33A2n5EqF2cke/GVeUzUu5HuTQfBpvDAvSTuv6",
}


def takes_its_own(case, stored):
    assert case.on.verify(stored, "bar"), "the password is not taken"
    for wrong in ("Bar", "BAR", "ba", "barx", "bar ", "", stored if stored != "bar" else "baz", "bar\0x"):
        assert not case.on.verify(stored, wrong), f"{wrong!r} is taken"


for form, text in FORMS.items():
    passwords.add(form, "ouistiti", f"the form {form} takes its password and nothing like it", takes_its_own, text)


@passwords.case("realm-other", "RFC 7616 3.4.2", "a form of another realm is none")
def _(case):
    assert case.on.verify(FORMS["realm"], "bar", "-R", "test")
    assert not case.on.verify(FORMS["realm"], "bar", "-R", "other")
    assert not case.on.verify("$a5$realm=other$" + digest("sha256", "foo:test:bar"), "bar", "-R", "test")


@passwords.case("none", "ouistiti", "an empty or unknown form lets nobody in")
def _(case):
    for stored in ("", "$", "$a5$", "$a9$" + digest("md5", "bar"), "$a5$" + digest("md5", "bar"), "!", "*"):
        for password in ("", "bar", stored.strip("!*")):
            assert not case.on.verify(stored, password), (stored, password)


@passwords.case("unknown-user", "ouistiti", "who is not in the file is not let in, whatever the password")
def _(case):
    for password in ("bar", "", "x"):
        assert not case.on.verify("bar", password, user="fooo")
        assert not case.on.verify("bar", password, user="Foo")


@passwords.case("lines", "ouistiti", "nobody writes a second line into the file")
def _(case):
    case.on.passwords("root:secret")
    for arguments in (["-u", "foo\nbar", "-p", "x"], ["-u", "foo", "-g", "a\nb:c", "-p", "x"], ["-u", "foo", "-p", "x\ny:z"],
                      ["-u", "foo", "-H", "a:b", "-p", "x"]):
        status, text = case.on.tool("marmoset_passwd", "-f", "passwd", *arguments)
        assert status == 1, text
    with open(case.on.path("passwd"), encoding="ascii") as file:
        assert file.read() == "root:secret\n"


codes = Group("codes", Files)
KEY = base64.b32encode(b"12345678901234567890").decode()


def code(case, now):
    status, text = case.on.tool("marmoset_token", "totp", "--user-key", KEY, "--now", str(now))
    assert status == 0, text
    return text.strip()


def valid(case, text, now):
    status, said = case.on.tool("marmoset_token", "totp-check", "--user-key", KEY, "--now", str(now), given=text + "\n")
    assert status in (0, 2), said
    return status == 0


@codes.case("published", "RFC 6238 appendix B", "the codes of the published times")
def _(case):
    for now, expected in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert code(case, now) == expected, now


@codes.case("zeros", "RFC 4226 5.3", "a code has its leading zeros, however small the number it is made of")
def _(case):
    # Of this counter, after the truncation, 92555 is left.
    assert code(case, 10281 * 30) == "092555"


@codes.case("window", "RFC 6238 5.2", "a code is taken one period too early or too late, and not more")
def _(case):
    now = 1111111110
    for periods, expected in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        assert valid(case, code(case, now + 30 * periods), now) == expected, periods


@codes.case("shape", "RFC 4226 5.3", "a code has six digits")
def _(case):
    assert valid(case, "287082", 59) and valid(case, "287 082", 59)
    for wrong in ("28708", "2870820", "0287082", "28708x", " "):
        assert not valid(case, wrong, 59), wrong
