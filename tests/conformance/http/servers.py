"""The servers of the HTTP list."""

import os
import socket

from bounds import ROOT
from case import Configuration

TEXT = "".join(f"line {number:04}\n" for number in range(1000))  # 10,000 bytes
LARGE = bytes(range(256)) * 1024  # 256 KiB: sent from the descriptor, not from memory
MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110 5.6.7
HUGE_SIZE = 64 << 20


class Plain(Configuration):
    """Files of every kind that is served, limits at their defaults."""

    def start(self):
        for name in "abc":
            self.put(f"{name}.txt", name * 10)
        self.put("index.html", "<h1>front</h1>\n")
        self.put("text.txt", TEXT)
        self.put("large.bin", LARGE)
        self.put("empty.txt", "")
        self.put("folder/index.html", "folder's\n")
        os.makedirs(self.path("documents/bare"))
        # One byte apart, so that what was sent can be told from its size, too.
        self.put("page.html", "p" * 100)
        self.put("page.html.gz", "g" * 101)
        self.put("page.html.br", "b" * 102)
        os.truncate(self.put("huge.bin", ""), HUGE_SIZE)  # a hole: it costs no disk
        self.server = self.gateway()

    def put(self, name, content):
        path = self.document(name, content)
        os.utime(path, (MODIFIED, MODIFIED))
        return path


class Alone(Plain):
    """The same for a group that counts the server's connections: nobody else has any."""


class Names(Configuration):
    """Files whose names need escapes."""

    NAMES = ["index.html", "a b.txt", "x%41.txt", "q?.txt", "hash#.txt", "plus+sign.txt", "semi;colon.txt", "amp&.txt",
             "equals=.txt", "tilde~.txt", "colon:.txt", "at@.txt", "r\u00e9sum\u00e9.txt", "\u65e5\u672c.txt", "UPPER.TXT",
             "dollar$.txt", "comma,.txt", "quote'.txt", "paren(1).txt", "star*.txt", "bang!.txt", "...", "..a", "a..",
             "deep/er/file.txt", "n" * 251 + ".txt", "line\nfeed.txt", "pipe|.txt", "caret^.txt", "square[1].txt"]

    def start(self):
        for name in self.NAMES:
            self.document(name, "content of " + name)
        # Folders, whose redirects tell their names.
        for name in ("sp ace", "\u00e9t\u00e9", "cr\r\nX-Evil: yes", "que?ry", "deep/er"):
            self.document(name + "/index.html", "index")
        self.server = self.gateway()


class Traps(Configuration):
    """A root with whatever else a file system holds: links, FIFOs, sockets, what may not be read. Every request looks at the
    disk. The workers are no superuser, who may read everything."""

    def start(self):
        self.document("index.html", "front")
        self.document("inside.txt", "inside")
        self.document("folder/index.html", "folder's")
        self.document("folder/deep.txt", "deep")
        self.path("outside/secret.txt", "secret")
        links = {"to-file": "inside.txt", "to-folder": "folder", "folder/up": "../inside.txt", "to-outside": "../outside/secret.txt",
                 "folder-outside": "../outside", "absolute-outside": self.path("outside/secret.txt"),
                 "absolute-inside": self.path("documents/inside.txt"), "dangling": "nowhere", "loop": "loop", "to-device":
                 "/dev/zero", "to-proc": "/proc/self/environ", "chain": "chain-2", "chain-2": "to-outside", "to-root": ".",
                 "to-parent": "..", "neighbour.txt.gz": "../outside/secret.txt"}
        for name, target in links.items():
            os.symlink(target, self.path("documents/" + name))
        self.document("neighbour.txt", "neighbour")
        for name in ("fifo", "piped.txt.gz", "pipe-index/index.html"):
            os.makedirs(os.path.dirname(self.path("documents/" + name)), exist_ok=True)
            os.mkfifo(self.path("documents/" + name))
            os.chmod(self.path("documents/" + name), 0o666)
        self.document("piped.txt", "piped")
        self.listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.listener.close)
        self.listener.bind(self.path("documents/socket"))
        os.chmod(self.path("documents/socket"), 0o777)
        os.makedirs(self.path("documents/bare"))
        os.makedirs(self.path("documents/folder-index/index.html"))
        os.makedirs(self.path("documents/link-index"))
        os.symlink("../../outside/secret.txt", self.path("documents/link-index/index.html"))
        os.chmod(self.document("unreadable.txt", "unreadable"), 0)
        os.chmod(self.document("half.html", "whole"), 0o644)
        os.chmod(self.document("half.html.gz", "compressed"), 0)
        self.document("stale.txt", "current")
        os.utime(self.document("stale.txt.gz", "stale"), (MODIFIED, MODIFIED))
        self.document("replaced.txt", "first")
        self.document("closed/file.txt", "closed")
        os.chmod(self.path("documents/closed"), 0)
        keys = 'user = "nobody";' if ROOT else ""
        self.server = self.serve(f'document = {{ docroot = "{self.documents}"; defaultpage = "index.html"; cachevalid = 0; }};', keys)

    def end(self):
        os.chmod(self.path("documents/closed"), 0o755)  # or it could not be removed
        super().end()


class Unlinked(Configuration):
    """symlinks = none."""

    def start(self):
        self.document("inside.txt", "inside")
        self.document("folder/deep.txt", "deep")
        os.symlink("inside.txt", self.path("documents/to-file"))
        os.symlink("folder", self.path("documents/to-folder"))
        self.server = self.serve(f'document = {{ docroot = "{self.documents}"; symlinks = "none"; }};')


class Small(Configuration):
    """Limits that are reached soon."""

    def start(self):
        self.document("a.txt", "a" * 10)
        self.document("c.txt", "c" * 10)
        self.server = self.gateway(section="request_line = 500; header_size = 1000; header_count = 10; body_size = 1000;")


class Hasty(Configuration):
    """Limits of time that a case can wait for, and longer than it may be stopped between two of its steps."""

    SECONDS = 3

    def start(self):
        self.document("a.txt", "a" * 10)
        self.document("c.txt", "c" * 10)
        self.server = self.gateway(section=f"header_timeout = {self.SECONDS}; body_timeout = {self.SECONDS}; "
                                           f"keepalivetimeout = {self.SECONDS};")


class Ancient(Configuration):
    """HTTP/0.9 is answered."""

    def start(self):
        self.document("a.txt", "a" * 10)
        self.server = self.gateway(section='version = "HTTP/0.9";')
