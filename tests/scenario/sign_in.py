"""What the scenarios of the auth module share: a server behind the gate, credentials, one connection to each worker."""

import base64
import hashlib
import json
import os
import re
import subprocess
import urllib.parse

from harness import Case, WebSocket, wait_for

USER, PASSWORD = "alice", "open sesame"


def basic(user=USER, password=PASSWORD):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def form(**fields):
    return urllib.parse.urlencode(fields).encode()


def cookies(answer):
    """{name: value} of the cookies that an answer sets."""
    return dict(line.partition(";")[0].split("=", 1) for line in answer.all("Set-Cookie"))


def parameters(challenge):
    """Of a Digest challenge."""
    pairs = re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', challenge)
    return {name: quoted or plain for name, quoted, plain in pairs}


def digest(challenge, target, count, method="GET", user=USER, password=PASSWORD, hash=hashlib.sha256, **changes):
    """Credentials of Digest (RFC 7616 3.4) for a challenge of ours; `changes` are made after the response was reckoned."""
    given = parameters(challenge)
    nc, cnonce = f"{count:08x}", "0a4f113b"

    def h(text):
        return hash(text.encode()).hexdigest()

    response = h(":".join([h(f"{user}:{given['realm']}:{password}"), given["nonce"], nc, cnonce, "auth",
                           h(f"{method}:{target}")]))
    fields = {"username": f'"{user}"', "realm": f'"{given["realm"]}"', "nonce": f'"{given["nonce"]}"', "uri": f'"{target}"',
              "response": f'"{response}"', "algorithm": given["algorithm"], "qop": "auth", "nc": nc, "cnonce": f'"{cnonce}"'}
    fields.update(changes)
    return {"Authorization": "Digest " + ", ".join(f"{name}={value}" for name, value in fields.items())}


class GateCase(Case):
    def setUp(self):
        super().setUp()
        self.document("index.html", "front\n")
        self.document("open/index.html", "anybody's\n")
        self.document("signin.html", "the form\n")

    def passwd(self, *lines):
        """A password file; its path."""
        return self.path("passwd", "\n".join(lines or [f"{USER}:{PASSWORD}:users:al"]) + "\n")

    def guard(self, type="Basic", keys="", section="", store=None, websocket="", **defaults):
        """A server whose documents and websockets are behind the gate; /open is open."""
        store = f'file = "{self.passwd()}";' if store is None else store
        group = f'auth = {{ type = "{type}"; realm = "house"; unprotect = "^/open"; {store} {keys} }};'
        self.server = self.gateway(websocket, f"{group}\n{section}", **defaults)
        return self.server

    def get(self, target="/", headers=(), **how):
        with self.server.http() as client:
            return client.get(target, headers, **how)

    def status(self, target="/", headers=(), **how):
        return self.get(target, headers, **how).status

    def post(self, target, fields, headers=(), client=None):
        pairs = list(dict(headers).items()) + [("Content-Type", "application/x-www-form-urlencoded")]
        return (client or self.server.http()).get(target, pairs, "POST", form(**fields))

    def sign_in(self, user=USER, password=PASSWORD, **fields):
        """Signs in by the form; the header that carries the session."""
        answer = self.post("/auth", {"username": user, "password": password, **fields})
        self.assertEqual(303, answer.status, answer)
        return {"Cookie": "X-Auth-Token=" + cookies(answer)["X-Auth-Token"]}

    def ticket(self, session):
        answer = self.get("/auth/ticket", session, method="POST", body=b"")
        self.assertEqual(200, answer.status, answer)
        return json.loads(answer.body)["ticket"]

    def curl(self, *line):
        """(status, body)."""
        done = subprocess.run(["curl", "-sS", "-m", "20", "-w", "\n%{http_code}", *line], capture_output=True, timeout=40,
                              check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        body, _, status = done.stdout.rpartition(b"\n")
        return int(status), body

    def url(self, target="/", index=0):
        return f"http://127.0.0.1:{self.server.address(index)[1][1]}{target}"

    def worker_of(self, client):
        """The process that serves a connection on which something was answered."""
        return self.server.worker_of(client)

    def one_in_each(self, kind=WebSocket):
        """A connection to each worker."""
        found, spare = {}, []

        def all_found():
            client = self.server.http(kind=kind)
            self.assertEqual(200, client.get("/open/").status)
            if self.worker_of(client) in found:
                spare.append(client)
            else:
                found[self.worker_of(client)] = client
            return len(found) == len(self.server.workers())
        wait_for("a connection to each worker", all_found, 20)
        return list(found.values())
