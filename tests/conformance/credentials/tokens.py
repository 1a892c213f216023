"""Tokens: what RFC 7515, 7517, 7518 and 7519 demand, and the attacks of RFC 8725."""

from case import Group
from .tools import NOW, SECRET, VALID, Files, b64url, encoded, read, signed

HEAD = {"alg": "HS256", "typ": "JWT"}


def refused(case, token, why, *arguments, key=("--secret-file", "secret")):
    found = case.on.check(token, *arguments, key=key)
    assert found == why, f"{found}, not {why}"


def accepted(case, token, *arguments, key=("--secret-file", "secret")):
    found = case.on.check(token, *arguments, key=key)
    assert found is None, found


# --- signatures -----------------------------------------------------------------------------------------------------------

signatures = Group("signatures", Files)


@signatures.case("right", "RFC 7515 5.2", "a token that was signed with the secret is taken")
def _(case):
    accepted(case, signed(HEAD, VALID))


def changed(case, change):
    refused(case, change(signed(HEAD, VALID)), "signature")


def last_byte(token):
    return token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]


def swapped(token):
    head, payload, signature = token.split(".")
    # The last character has bits that must be zero.
    return f"{head}.{payload}.{signature[:-1].swapcase()}{signature[-1]}"


def truncated(token):
    return token[:-43] + token[-43:][:20]


SIGNATURES = [
    ("last-byte", "a signature whose last byte differs", last_byte),
    ("letter-case", "a signature with the case of its letters swapped", swapped),
    ("half", "the first bytes of a signature", truncated),
    ("empty", "no signature at all", lambda token: token[:-43]),
    ("other-payload", "the signature of another payload",
     lambda token: ".".join([token.split(".")[0], encoded({**VALID, "user": "root"}), token.split(".")[2]])),
    ("other-header", "the signature of another header",
     lambda token: ".".join([encoded({**HEAD, "kid": "x"}), *token.split(".")[1:]])),
]
for name, sentence, change in SIGNATURES:
    signatures.add(name, "RFC 7515 5.2", sentence + " is refused", changed, change)


@signatures.case("another-secret", "RFC 7515 5.2", "a token signed with another secret is refused")
def _(case):
    refused(case, signed(HEAD, VALID, b"another secret of thirty-two byt"), "signature")


# --- algorithms -----------------------------------------------------------------------------------------------------------

algorithms = Group("algorithms", Files)

for name, value in (("none", "none"), ("none-capital", "None"), ("none-mixed", "nOnE"), ("empty", ""), ("small", "hs256"),
                    ("hs384", "HS384"), ("ps256", "PS256")):
    algorithms.add(name, "RFC 8725 3.1", f"the algorithm «{value}» is not taken", refused,
                   f"{encoded({'alg': value})}.{encoded(VALID)}.", "algorithm")
algorithms.add("missing", "RFC 7515 4.1.1", "a header without algorithm is refused", refused, signed({"typ": "JWT"}, VALID), "algorithm")
algorithms.add("critical", "RFC 7515 4.1.11", "a header that demands what we don't know is refused", refused,
               signed({**HEAD, "crit": ["b64"], "b64": False}, VALID), "algorithm")


@algorithms.case("public-key-as-secret", "RFC 8725 2.1", "HMAC with the text of the public key is no signature")
def _(case):
    for text in (read(case.on.path("rsa.pub")), read(case.on.path("rsa.pub")).rstrip()):
        refused(case, signed(HEAD, VALID, text), "algorithm", key=("--key", "rsa.pub"))


@algorithms.case("header-key", "RFC 8725 3.10", "a key in the header is not used")
def _(case):
    secret = b"a secret that the attacker chose"
    refused(case, signed({**HEAD, "jwk": {"kty": "oct", "k": b64url(secret)}}, VALID, secret), "signature")


@algorithms.case("es256-zero", "RFC 7518 3.4", "R = S = 0 is no signature")
def _(case):
    refused(case, f"{encoded({'alg': 'ES256'})}.{encoded(VALID)}.{b64url(bytes(64))}", "signature", key=("--key", "ec.pem"))


# --- keys -----------------------------------------------------------------------------------------------------------------

keys = Group("keys", Files)


def made(case, key, *more):
    status, token = case.on.tool("marmoset_token", "make", "--key", key, "-u", "foo", "--now", str(NOW), *more)
    assert status == 0, token
    return token.strip()


def with_keys(case, entries):
    import json
    case.on.path("keys", json.dumps({"keys": entries}))
    return ("--keys", "keys")


@keys.case("of-a-set", "RFC 7517 5", "a key of a set checks what its private half signed")
def _(case):
    accepted(case, made(case, "ec.pem", "--key-id", "one"), key=with_keys(case, [case.on.jwk]))


@keys.case("unknown-name", "RFC 7515 4.1.4", "a token that names a key the set does not have is refused, and said so")
def _(case):
    refused(case, made(case, "ec.pem", "--key-id", "two"), "unknown key", key=with_keys(case, [case.on.jwk]))


@keys.case("for-encryption", "RFC 7517 4.2", "a key for encryption checks no signature")
def _(case):
    status, text = case.on.tool("marmoset_token", "check", *with_keys(case, [{**case.on.jwk, "use": "enc"}]), "x")
    assert status == 1, text


@keys.case("symmetric", "RFC 8725 3.1", "a published secret is no key")
def _(case):
    status, text = case.on.tool("marmoset_token", "check", *with_keys(case, [{"kty": "oct", "k": b64url(SECRET)}]), "x")
    assert status == 1, text


@keys.case("small-rsa", "RFC 7518 3.3", "an RSA key of 1024 bits is none")
def _(case):
    status, text = case.on.tool("marmoset_token", "make", "--key", "small.pem", "-u", "foo")
    assert status == 1, text


@keys.case("another-curve", "RFC 7518 3.4", "a key on another curve of 256 bits is none for ES256")
def _(case):
    status, text = case.on.tool("marmoset_token", "make", "--key", "k1.pem", "-u", "foo")
    assert status == 1, text


# --- claims ---------------------------------------------------------------------------------------------------------------

claims = Group("claims", Files)


def judged(case, payload, why, *arguments):
    token = signed(HEAD, payload)
    if why is None:
        accepted(case, token, *arguments)
    else:
        refused(case, token, why, *arguments)


CLAIMS = [
    ("expired", "RFC 7519 4.1.4", "at the second of exp a token is expired", {"exp": NOW}, "expired", []),
    ("last-second", "RFC 7519 4.1.4", "a second before it is not", {"exp": NOW + 1}, None, []),
    ("without-exp", "RFC 8725 3.8", "a token that would be valid for ever is refused", {"user": "foo"}, "expired", []),
    ("leeway", "RFC 7519 4.1.4", "clocks may differ by the leeway", {"exp": NOW - 9}, None, ["--leeway", "10"]),
    ("leeway-over", "RFC 7519 4.1.4", "and not by more", {"exp": NOW - 10}, "expired", ["--leeway", "10"]),
    ("not-before", "RFC 7519 4.1.5", "before nbf a token is refused", {**VALID, "nbf": NOW + 1}, "not yet valid", []),
    ("from-now", "RFC 7519 4.1.5", "from nbf on it is taken", {**VALID, "nbf": NOW}, None, []),
    ("exp-text", "RFC 7519 4.1.4", "exp is a number", {"exp": str(NOW + 600)}, "malformed", []),
    ("issuer", "RFC 7519 4.1.1", "the issuer that is wanted", {**VALID, "iss": "x"}, None, ["-i", "x"]),
    ("issuer-other", "RFC 7519 4.1.1", "and no other", {**VALID, "iss": "xy"}, "issuer", ["-i", "x"]),
    ("issuer-missing", "RFC 7519 4.1.1", "nor none", VALID, "issuer", ["-i", "x"]),
    ("issuer-parts", "ouistiti", "each part of a+b must be there", {**VALID, "iss": "a"}, "issuer", ["-i", "a+b"]),
    ("audience", "RFC 7519 4.1.3", "one of several audiences is enough", {**VALID, "aud": ["x", "us"]}, None, ["-a", "us"]),
    ("audience-other", "RFC 7519 4.1.3", "a token for others is refused", {**VALID, "aud": ["usa"]}, "audience", ["-a", "us"]),
    ("audience-missing", "RFC 7519 4.1.3", "and so is one for nobody", VALID, "audience", ["-a", "us"]),
    ("twice", "RFC 7519 4", "a claim that stands twice is refused", f'{{"exp": {NOW + 600}, "user": "foo", "user": "root"}}', "malformed", []),
    ("no-object", "RFC 7519 7.2", "claims are an object", "[]", "malformed", []),
]
for name, rule, sentence, payload, why, arguments in CLAIMS:
    claims.add(name, rule, sentence, judged, payload, why, *arguments)

claims.add("type", "RFC 8725 3.11", "a token of another type is refused", refused, signed({**HEAD, "typ": "logout+jwt"}, VALID), "malformed")
claims.add("padding", "RFC 7515 2", "base64url has no padding", refused, signed(HEAD, VALID) + "=", "malformed")
claims.add("two-parts", "RFC 7519 7.2", "a token has three parts", refused, signed(HEAD, VALID).rpartition(".")[0], "malformed")
claims.add("four-parts", "RFC 7519 7.2", "and not more", refused, signed(HEAD, VALID) + ".AAAA", "malformed")
claims.add("large", "architecture", "a token of more than 8 KiB is not looked at", refused, signed(HEAD, {**VALID, "x": "y" * 9000}), "too large")
