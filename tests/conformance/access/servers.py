"""The servers of the list of who may come in: addresses, proxies, rules. 127.0.0.2 is the proxy, 127.0.0.3 a client without one."""

import base64
import json
import socket

from case import Configuration
from harness import Http, WebSocket, configuration, scaled
from proxies import PROXY, STRANGER, version1, version2

CLIENT = "203.0.113.9"
USERS = {"root": "root's own", "alice": "open sesame", "bob": "another"}


class Sites(Configuration):
    """One worker, and a port beside it that shows its counters."""

    section = ""

    def start(self):
        self.document("index.html", "page")
        self.link = self.link_server()
        self.access = self.path("access.log")
        text = configuration(f'document = {{ docroot = "{self.documents}"; defaultpage = "index.html"; }};\n'
                             f'websocket = {{ docroot = "{self.sockets}"; }};\n{self.section}', f'access-log = "{self.access}";')
        self.server = self.serve_text(text.rpartition("});")[0] + '}, { addr = "127.0.0.1"; port = 0; status = {}; });\n')


class Filtered(Sites):
    section = 'clientfilter = { allow = "127.0.0.0/24, ::1"; deny = "127.0.0.2, 127.0.0.8/31, *"; };'


class Fields(Sites):
    section = f'proxies = [ "{PROXY}", "10.0.0.0/8" ]; clients_per_address = 1; clientfilter = {{ deny = "198.51.100.*"; }};'


class Rfc7239(Sites):
    section = f'proxies = "{PROXY}, 10.0.0.0/8"; forwarded = "forwarded";'


class Headers(Sites):
    # Two: a client of one case may still be counted when the next one comes.
    section = (f'proxies = "{PROXY}"; forwarded = "proxy"; clients_per_address = 2; header_timeout = 3;\n'
               'clientfilter = { deny = "198.51.100.*"; };')


class Rules(Sites):
    """Users with rules; two workers."""

    def start(self):
        passwd = self.path("passwd", "".join(f"{user}:{password}:users:/{user}\n" for user, password in USERS.items()))
        for name in ("alice/x", "bob/x", "open/x"):
            self.document(name, name)
        self.echo()
        self.server = self.gateway("", f'auth = {{ type = "Basic"; file = "{passwd}"; unprotect = "^/open/"; }};\n'
                                       f'userfilter = {{ dbname = "{self.path("rules.db")}"; configuri = "^/rules*"; '
                                       'allow = "^/open/x$"; };', workers="2")


def from_address(case, address=PROXY, header=b"", kind=Http):
    """A connection from that address of this machine, which begins with `header`."""
    where = case.server.address()[1]
    sock = socket.socket()
    sock.settimeout(scaled(10))
    sock.bind((address, 0))
    sock.connect(where)
    client = kind(sock)
    client.host = f"localhost:{where[1]}"
    case.server.clients.append(client)
    client.send(header)
    return client


def counters(case):
    return json.loads(case.server.http(1).get("/status.json").body)


def remote(case, client, headers=()):
    """What the access log says of whom this request comes from. The query marks its line."""
    case.on.asked = getattr(case.on, "asked", 0) + 1
    mark = f"/?{case.on.asked}"
    answer = client.get(mark, headers)
    assert answer.status == 200, answer
    from harness import wait_for

    def line():
        with open(case.on.access, encoding="utf-8") as file:
            return next((text.split()[0] for text in file if f" {mark} " in text), None)
    return wait_for("the access log", line)


def basic(user):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{USERS[user]}".encode()).decode()}


__all__ = ["CLIENT", "PROXY", "STRANGER", "WebSocket", "version1", "version2"]
