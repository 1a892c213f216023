"""What README.md shows works as it stands there: the configuration and the backend are taken out of it and run."""

import os
import re
import socket
import subprocess

from harness import BINARY, MODULES, SOURCES, TEXT, Case, wait_for, can_connect


def blocks(language):
    with open(os.path.join(SOURCES, "README.md"), encoding="utf-8") as file:
        return re.findall(rf"(?ms)^```{language}\n(.*?)^```", file.read())


class Readme(Case):
    def test_its_configuration_loads(self):
        text = next(block for block in blocks("") if "servers = " in block)
        self.assertLessEqual(len(text.splitlines()), 10)
        status, _, errors = self.run_marmoset("-t", "-f", self.path("readme.conf", text), "-M", MODULES)
        self.assertEqual(0, status, errors)

    def test_its_backend_serves(self):
        code = blocks("python")[0]
        self.assertLessEqual(len(code.strip().splitlines()), 15)
        server = self.gateway()
        path = os.path.join(self.sockets, "upper")
        backend = subprocess.Popen(["/usr/bin/python3", self.path("upper.py", code), path])
        self.addCleanup(backend.wait)
        self.addCleanup(backend.kill)
        wait_for("the backend to listen", lambda: can_connect(path, socket.SOCK_STREAM))
        self.assertEqual(0o660, os.stat(path).st_mode & 0o777)
        client = server.websocket()
        client.open("/upper")
        client.send_text("hello")
        self.assertEqual((TEXT, b"HELLO"), client.read_message())
        client.send_frame(BINARY, b"again")
        self.assertEqual((TEXT, b"AGAIN"), client.read_message())
