"""What the scenarios of the document module share: a server with some files, and curl."""

import os
import subprocess

from harness import Case

TEXT = "".join(f"line {number}\n" for number in range(1000))
LONG_AGO = 1_000_000_000  # 2001: a time stamp that is no one's «just now»


class Documents(Case):
    keys = ""

    def setUp(self):
        super().setUp()
        self.document("index.html", "<h1>front</h1>\n")
        self.document("text.txt", TEXT)
        os.utime(self.path("documents/text.txt"), (LONG_AGO, LONG_AGO))
        self.server = self.serve_documents(self.keys)

    def serve_documents(self, keys="", top=""):
        return self.serve(f'document = {{ docroot = "{self.documents}"; {keys} }};', top)

    def get(self, target, headers=(), method="GET", **options):
        with self.server.http() as client:
            return client.get(target, headers, method, **options)

    def status(self, target, headers=(), method="GET"):
        return self.get(target, headers, method).status

    def curl(self, target, *options):
        """(status, body) as curl sees them."""
        done = subprocess.run(["curl", "-sS", "--path-as-is", "-m", "20", "-w", "\n%{http_code}", *options,
                               f"http://127.0.0.1:{self.server.port}{target}"],
                              capture_output=True, check=True)
        body, _, status = done.stdout.rpartition(b"\n")
        return int(status), body
