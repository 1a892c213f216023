"""What the websocket list runs against: the gateway with one `servers` entry for each kind of setting, in front of
websocket_echo. Every group of cases stands here twice: over the link, and over the framing `records`."""

import os

from case import Configuration, Group
from harness import with_defaults

from .client import Client

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


class Link(Configuration):
    """websocket_echo over the link: one connection for all clients."""

    keys = ""  # of the websocket group

    def start_echo(self):
        self.echo()

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
                f'websocket = {{ docroot = "{self.sockets}"; {self.keys} {keys} }};')

    def connect(self, entry="plain"):
        return self.server.http(list(ENTRIES).index(entry), Client)

    def open(self, entry="plain", target=TARGET, headers=(), behind=b"", **options):
        return self.connect(entry).open(target, headers, behind=behind, **options)


class Records(Link):
    """websocket_echo over the framing `records`: the same records on a connection for each client."""

    keys = 'framing = "records";'

    def start_echo(self):
        self.echo("--framing", "records", stream=True)


class Both:
    """A group of cases for each way to the echo server."""

    def __init__(self, name):
        self.groups = [Group(name, Link), Group(f"{name}-records", Records)]

    def add(self, name, rule, sentence, function, *arguments, **options):
        for group in self.groups:
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
