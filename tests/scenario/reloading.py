"""What the scenarios of reload share: a server whose configuration changes while it runs. In: configuration texts. Out: the
server after the reload, the processes of old and new workers."""

import os
import re
import signal

from harness import BUILD, Case, children, configuration, wait_for

FAULTY = os.path.join(BUILD, "tests", "modules")  # holds faulty.so
NOT_RELOADED = "not reloaded"


def write(path, text):
    """As a whole: a reader sees the old text or the new one."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)


class ReloadCase(Case):
    def setUp(self):
        super().setUp()
        self.document("index.html", "old")
        self.other = self.path("other")
        self.path("other/index.html", "new")

    def site(self, documents=None, section="", **defaults):
        """The text of a configuration with documents and with websockets."""
        return configuration(f'document = {{ docroot = "{documents or self.documents}"; }};\n'
                             f'websocket = {{ docroot = "{self.sockets}"; }};\n{section}', **defaults)

    def start(self, text=None, *more, **defaults):
        server = self.serve_text(text or self.site(**defaults), *more)
        server.reloads = server.refusals = 0
        return server

    def ask(self, server, text=None):
        """SIGHUP, with a new configuration."""
        if text is not None:
            write(server.config, text)
        server.send_signal(signal.SIGHUP)

    def reload(self, server, text=None, log=None):
        """Asks, and returns when the new workers accept and the old ones do not."""
        log = log or server.log
        before = server.count if text is None else None
        old = len(re.findall("others have taken over", log()))
        expected = old + server.count
        server.reloads += 1
        self.ask(server, text)
        wait_for("the reload", lambda: len(re.findall(r"reloaded, listening", log())) >= server.reloads, 20)
        if server.count:
            wait_for("the old workers to drain", lambda: len(re.findall("others have taken over", log())) >= expected, 20)
        workers = re.search(r"\bworkers\s*=\s*(\d+)", text or "")
        server.count = int(workers.group(1)) if workers else before if before is not None else server.count
        server.await_ports()

    def refuse(self, server, text):
        """Asks with a configuration that can't be used. Returns what the log says about it."""
        at = len(server.log())
        self.ask(server, text)
        server.refusals += 1
        wait_for("the refusal", lambda: server.log().count(NOT_RELOADED) >= server.refusals, 20)
        return server.log()[at:]

    def goes_on_until_told(self, client):
        """One request after the other, until an answer, which is a good one, says that it is the last. A client that rests for
        seconds instead is idle, and let go."""
        def told():
            answer = client.get("/index.html")
            self.assertEqual((200, b"old"), (answer.status, answer.body))
            return answer.get("Connection") == "close"
        wait_for("the answer that tells a client in use", told, 20)
        client.expect_end()

    def body(self, server, index=0):
        return server.http(index).get("/index.html").body

    def old_workers(self, server, old):
        """Those of `old` that still run."""
        return sorted(set(old) & set(children(server.pid)))
