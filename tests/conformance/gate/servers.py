"""The servers of the gate's list. `failures` is high where cases fail on purpose, so that none is slowed down by another."""

import base64
import hashlib
import json
import os
import urllib.parse

from case import Configuration

USER, PASSWORD = "alice", "open sesame"
KINDS = {"form": 'auth = { type = "wwwform"; signin = "/signin.html"; options = "token"; %s };',
         "basic": 'auth = { type = "Basic"; protect = "^/open/closed"; %s };',
         "digest": 'auth = { type = "Digest"; %s };'}


class Guarded(Configuration):
    kind = "form"
    failures = 100000

    def start(self):
        self.document("index.html", "front")
        self.document("open/index.html", "anybody's")
        self.document("open/closed/index.html", "closed")
        self.document("signin.html", "the form")
        passwd = self.path("passwd", f"{USER}:{PASSWORD}:users:al\n")
        keys = f'file = "{passwd}"; realm = "house"; unprotect = "^/open"; failures = {self.failures};'
        self.echo()
        self.server = self.gateway("", KINDS[self.kind] % keys, workers="2")


class Passwords(Guarded):
    kind = "basic"


class Digests(Guarded):
    kind = "digest"


class Several(Guarded):
    def start(self):
        super().start()
        self.finish(self.server)
        users = f'file = "{os.path.join(self.folder, "passwd")}"; options = "token"; failures = {self.failures};'
        self.server = self.gateway("", f'auth = ({{ type = "Bearer"; realm = "programs"; auth_ep = "/programs"; {users} }}, '
                                       f'{{ type = "wwwform"; realm = "house"; signin = "/signin.html"; {users} }});')


class Throttled(Guarded):
    kind = "basic"
    failures = 3


def basic(user=USER, password=PASSWORD):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def post(case, target, headers=(), **fields):
    pairs = list(dict(headers).items()) + [("Content-Type", "application/x-www-form-urlencoded")]
    return case.http().get(target, pairs, "POST", urllib.parse.urlencode(fields).encode())


def sign_in(case, **fields):
    """The header that carries a new session."""
    answer = post(case, "/auth", username=USER, password=PASSWORD, **fields)
    assert answer.status == 303, answer
    token = next(line for line in answer.all("Set-Cookie") if line.startswith("X-Auth-Token="))
    return {"Cookie": token.partition(";")[0]}


def ticket(case, session):
    answer = case.http().get("/auth/ticket", session, "POST", b"")
    assert answer.status == 200, answer
    return {"Sec-WebSocket-Protocol": "ticket." + json.loads(answer.body)["ticket"]}


def challenge(answer):
    fields = answer.get("WWW-Authenticate").partition(" ")[2].split(", ")
    return {name: value.strip('"') for name, value in (field.split("=", 1) for field in fields)}


def digest(given, target, count, method="GET", password=PASSWORD, **changes):
    """RFC 7616 3.4, SHA-256. `changes` replace what is sent, not what is reckoned."""
    def h(text):
        return hashlib.sha256(text.encode()).hexdigest()

    nc = f"{count:08x}"
    response = h(f"{h(f'{USER}:house:{password}')}:{given['nonce']}:{nc}:cn:auth:{h(f'{method}:{target}')}")
    fields = dict(username=USER, realm="house", nonce=given["nonce"], uri=target, response=response, cnonce="cn")
    fields.update({key: value for key, value in changes.items() if key in fields})
    text = ", ".join(f'{name}="{value}"' for name, value in fields.items())
    return {"Authorization": f"Digest {text}, qop=auth, algorithm=SHA-256, nc={changes.get('nc', nc)}"}
