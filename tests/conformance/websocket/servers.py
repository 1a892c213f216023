"""What the websocket list runs against: the gateway with one `servers` entry for each kind of setting, in front of an echo
server. Every group of cases stands here once for each way to such a server: relayed over the link, relayed over the framing
`records`, and in direct mode, where the server's process speaks WebSocket: by libwebsocket's classes (HANDOVER on the link) or
by libwebsocket.so preloaded to a program that knows only sockets; some also over TLS, relayed and in direct mode. What can't be
the same there is told in DIFFERENCES."""

import contextlib
import fnmatch
import os
import re
import socket
import ssl
import subprocess
import sys

from bounds import BUILD
from case import Configuration, Group
from certificates import Authority
from harness import can_connect, wait_for, with_defaults
from tls_socket import TlsSocket

from .client import Client, PlainClient

# Messages refer to earlier ones, and none is too small to be compressed.
TAKEOVER = 'compression = true; context_takeover = "both"; compression_threshold = 0;'
# What stands in the websocket group of each entry. Entries that listen on a UNIX socket are those whose clients can tell when
# the gateway has read a piece (Client.send_apart).
ENTRIES = {
    "plain": "",
    "apart": "",
    "small": "max_message = 1000; max_fragments = 8;",
    "listed": 'origin = "https://a.example, b.example:8080, *.c.example";',
    "opaque": 'origin = "same, null";',
    "any": 'origin = "*";',
    "pinged": "ping = 1; ping_misses = 4;",
    "dropped": "ping = 1; ping_misses = 1;",
    "deflate": "compression = true;",
    "takeover": TAKEOVER,
    "takeover-apart": TAKEOVER,
    "narrow": f"{TAKEOVER} compression_window = 10;",
    "deflate-small": "compression = true; max_message = 1000; max_fragments = 8;",
}
DOCUMENT = "a page\n"
TARGET = "/echo"


COMPRESSION = "no compression is agreed with a client whose frames a plain server's process reads: deflate-offers-declined"
FRAGMENTS = "libwebsocket.so takes 1,024 frames a message, as the gateway by default: default-fragments-beyond"
HANDSHAKES = "so many handshakes would be a measurement of the machine: the bench's storm"
# Cases that a way does not have, and why: (way, group/case, reason). Cases may be patterns; the group «ways» has each row fit one.
DIFFERENCES = [
    ("plain", "browsers/*-deflate", COMPRESSION),
    ("plain", "browsers/*-takeover", COMPRESSION),
    ("plain", "deflate-blocks/*", COMPRESSION),
    ("plain", "deflate-frames/*", COMPRESSION),
    ("plain", "deflate-invalid/*", COMPRESSION),
    ("plain", "deflate-limits/*", COMPRESSION),
    ("plain", "deflate-messages/*", COMPRESSION),
    ("plain", "deflate-offers-several/*", COMPRESSION),
    ("plain", "deflate-offers-taken/*", COMPRESSION),
    ("plain", "handshake-segments/an-empty-message-behind", "a program that knows only sockets sees no empty messages"),
    ("plain", "limits/fragments-beyond", FRAGMENTS),
    ("plain", "limits/empty-fragments-beyond", FRAGMENTS),
    ("plain", "limits/last-fragment-beyond", FRAGMENTS),
    ("plain", "pings/asked-by-the-gateway", "nobody there has a clock: TCP's keep-alive finds dead clients"),
    ("plain", "pings/unanswered", "nobody there has a clock: TCP's keep-alive finds dead clients"),
    ("tls", "browsers/many-at-once", HANDSHAKES),
    ("tls-direct", "browsers/many-at-once", HANDSHAKES),
]


class Link(Configuration):
    """websocket_echo over the link: one connection for all clients."""

    keys = ""  # of the websocket group
    client = Client
    scheme = "http"
    groups = None  # that stand here: all
    empty_messages = True  # come back
    gateway_reads = True  # what clients send, also behind the handshake

    def start_echo(self):
        self.echo_server = self.echo()

    @contextlib.contextmanager
    def held_echo(self):
        """The echo server does nothing meanwhile."""
        self.echo_server.hold()
        try:
            yield
        finally:
            self.echo_server.go_on()

    def start(self):
        self.document("page.txt", DOCUMENT)
        self.start_echo()
        entries = ",\n".join(f"{{ {self.entry(name, keys)} }}" for name, keys in ENTRIES.items())
        outer = with_defaults("", {"workers": "1", "drain_timeout": "5"} | ({"user": '"root"'} if os.getuid() == 0 else {}))
        self.server = self.serve_text(f"{outer}servers = ({entries});\n")

    def entry(self, name, keys):
        where = f'addr = "unix:{self.path(name)}";' if name.endswith("apart") else 'addr = "127.0.0.1"; port = 0;'
        return (f'hostname = "localhost"; clients_per_address = 0; {where}\n'
                f'document = {{ docroot = "{self.documents}"; }};\n'
                f'websocket = {{ docroot = "{self.folder_of(name)}"; {self.keys} {keys} }};')

    def folder_of(self, _entry):
        """Where the entry's echo server listens."""
        return self.sockets

    def connect(self, entry="plain"):
        return self.server.http(list(ENTRIES).index(entry), self.client)

    def open(self, entry="plain", target=TARGET, headers=(), behind=b"", **options):
        return self.connect(entry).open(target, headers, behind=behind, **options)


class Records(Link):
    """websocket_echo over the framing `records`: the same records on a connection for each client."""

    keys = 'framing = "records";'

    def start_echo(self):
        self.echo_server = self.echo("--framing", "records", stream=True)


class Direct(Link):
    """websocket_echo serves the clients itself: their connections are handed to it over the link."""

    keys = 'options = "direct";'
    gateway_reads = False


class Plain(Link):
    """A program that knows only sockets, and libwebsocket.so preloaded: connections come to it as ouistiti hands them over. It is
    told nothing of the gateway's settings: its own are in its environment."""

    keys = 'options = "direct";'
    client = PlainClient
    empty_messages = False
    gateway_reads = False
    environments = {"small": {"WEBSOCKET_MAX_MESSAGE": "1000"}}  # by entry

    def start_echo(self):
        for name in ("", *self.environments):
            folder = self.folder_of(name)
            os.makedirs(folder, exist_ok=True)
            path = os.path.join(folder, "echo")
            one = self.launch([sys.executable, os.path.join(os.path.dirname(__file__), os.pardir, "plain_echo.py"), path],
                              f"plain-{name or 'echo'}", env=os.environ | preloading() | self.environments.get(name, {}))
            one.ours = False  # it has no orderly end
            if not name:
                self.echo_server = one

            def listens(one=one, path=path):
                assert one.running(), f"{one.name} ended with {one.wait()}:\n{one.log()}"
                return can_connect(path, socket.SOCK_STREAM)
            wait_for(f"{one.name} to listen", listens, 20)

    def folder_of(self, entry):
        return os.path.join(self.sockets, entry) if entry in self.environments else self.sockets


def preloading():
    """What the environment of a program must say to have libwebsocket.so in it. A sanitizer's library has to come before."""
    library = os.path.join(BUILD, "lib", "libwebsocket.so")
    linked = subprocess.run(["ldd", library], capture_output=True, text=True, check=True).stdout
    report = os.environ.get("ASAN_OPTIONS", "")
    return {"LD_PRELOAD": " ".join(re.findall(r"=> (\S*/lib[at]san\S*)", linked) + [library]),
            "ASAN_OPTIONS": f"{report}:detect_leaks=0:verify_asan_link_order=0"}  # leaks of Python are its own


class SecureLink(Link):
    """The same over TLS, for the groups in which sizes, pieces and ends matter: what the frames say passes as it is."""

    scheme = "https"
    groups = ("browsers", "closing", "deflate-messages", "fragments", "garbage", "handshake-accepted", "handshake-segments", "lengths",
              "limits", "masks", "origins", "pieces", "pings")

    def start(self):
        self.certificate, self.key = Authority(self.folder).certificate("server")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.load_verify_locations(os.path.join(self.folder, "authority", "authority.pem"))
        self.context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # an end without close_notify is an error
        super().start()

    def entry(self, name, keys):
        # Clients here make their handshakes one after the other, and then speak: on a slow machine not at once.
        return (f'{super().entry(name, keys)}\nheader_timeout = 60; '
                f'tls = {{ crtfile = "{self.certificate}"; keyfile = "{self.key}"; tls_handshake_timeout = 60; }};')

    def connect(self, entry="plain"):
        client = super().connect(entry)
        client.sock = TlsSocket(client.sock, self.context)
        return client


class SecureDirect(SecureLink):
    """TLS stays in the gateway: what the echo server is handed is the other end of a socket pair."""

    keys = 'options = "direct";'


class EveryWay:
    """A group of cases for each way to an echo server."""

    ways = {"": Link, "records": Records, "direct": Direct, "plain": Plain, "tls": SecureLink, "tls-direct": SecureDirect}

    names = []  # group/case of all that were declared, whatever the way

    def __init__(self, name):
        # A group without cases would be none.
        self.groups = {way: Group(f"{name}-{way}" if way else name, kind) for way, kind in self.ways.items()
                       if not differs(way, f"{name}/*") and (kind.groups is None or name in kind.groups)}
        self.name = name

    def add(self, name, rule, sentence, function, *arguments, **options):
        key = f"{self.name}/{name}"
        self.names.append(key)
        for way, group in self.groups.items():
            if not differs(way, key):
                group.add(name, rule, sentence, function, *arguments, **options)

    def case(self, name, rule, sentence, **options):
        def declare(function):
            self.add(name, rule, sentence, function, **options)
            return function
        return declare

    def table(self, rule, sentence, function, rows, **options):
        """One case a row: the row's name, and what the function takes; both may stand in the sentence: {name}, {0}, {1} …"""
        for name, arguments in rows.items():
            if not isinstance(arguments, tuple):
                arguments = (arguments,)
            self.add(name, rule, sentence.format(*arguments, name=name.replace("-", " ")), function, *arguments, **options)


def differs(way, key):
    return any(way == one and fnmatch.fnmatch(key, keys) for one, keys, _ in DIFFERENCES)
