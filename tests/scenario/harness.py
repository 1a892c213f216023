"""What every scenario uses: Case, the real server with a folder of its own, websocket_echo. In: the build folder of the
run. Out: running programs that are ended with the test, and whose logs are shown when it fails. The raw clients and the
scripted system servers are at hand from here too."""

import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

from bounds import *  # noqa: F401,F403
from bounds import BUILD, PATIENCE, ROOT, program, scaled, wait_for
from processes import *  # noqa: F401,F403
from processes import Program, children, memory
from system_servers import *  # noqa: F401,F403
from system_servers import LinkServer, StreamServer
from websocket_wire import *  # noqa: F401,F403
from websocket_wire import WebSocket
from wire import *  # noqa: F401,F403
from wire import Http

MODULES = os.path.join(BUILD, "modules")


def arguments(config, *more):
    """The server's command line of a test: nothing of the machine's own installation is used."""
    line = [program("marmoset"), "-f", config]
    if os.path.isdir(MODULES):
        line += ["-M", MODULES]
    return line + list(more)


def configuration(section="", top="", **defaults):
    """A whole file with one `servers` entry. `section` and `top` win over the defaults of the tests."""
    server = {"hostname": '"localhost"', "addr": '"127.0.0.1"', "port": "0", "clients_per_address": "0"}
    outer = {"workers": "1", "drain_timeout": "5"}
    if ROOT:
        outer["user"] = '"root"'
    outer.update({key.replace("_", "-") if key.startswith(("log_", "access_log")) else key: value
                  for key, value in defaults.items()})
    return f"{with_defaults(top, outer)}servers = ({{\n{with_defaults(section, server)}}});\n"


def wire_http(address):
    """HTTP on an IPv4 address as it stands in a ports file."""
    host, _, port = address.rpartition(":")
    return Http(socket.create_connection((host, int(port)), scaled(PATIENCE)))


def with_defaults(text, defaults):
    lines = [f"{key} = {value};" for key, value in defaults.items()
             if not re.search(rf"(?<![\w-]){re.escape(key)}\s*=", text)]
    return "\n".join(lines + [text, ""])


class Server(Program):
    """marmoset with one configuration file. Addresses are known, and listened on, when the constructor returns."""

    def __init__(self, folder, text, *more, name, **options):
        self.folder = folder
        self.config = os.path.join(folder, f"{name}.conf")
        self.ports_file = os.path.join(folder, f"{name}.ports")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)
        line = arguments(self.config, "-P", "0", "--ports-file", self.ports_file, *more)
        super().__init__(line, os.path.join(folder, f"{name}.log"), cwd=folder, **options)
        self.addresses = []
        configured = re.search(r"\bworkers\s*=\s*(\d+)", text)
        self.count = int(configured.group(1)) if configured else len(os.sched_getaffinity(0))
        self.clients = []  # kept: a client must not be closed because a test has forgotten it

    def await_ports(self):
        def ready():
            if os.path.exists(self.ports_file):
                with open(self.ports_file, encoding="ascii") as file:
                    text = file.read()
                if text.endswith("\n"):
                    return text.split()
            if not self.running():
                raise AssertionError(f"marmoset ended with {self.wait()}:\n{self.log()}")
            return None

        self.addresses = wait_for("the server to listen", ready, 20)
        return self

    def address(self, index=0):
        """(family, what connect() takes) of the Nth listening socket."""
        text = self.addresses[index]
        if text.startswith("unix:"):
            return socket.AF_UNIX, text[5:]
        host, _, port = text.rpartition(":")
        host = host.strip("[]")
        if host in ("::", "0.0.0.0", "*"):
            host = "127.0.0.1"
        return (socket.AF_INET6 if ":" in host else socket.AF_INET), (host, int(port))

    @property
    def port(self):
        return self.address()[1][1]

    def socket(self, index=0):
        family, where = self.address(index)
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.settimeout(scaled(PATIENCE))
        sock.connect(where)
        return sock

    def http(self, index=0, kind=Http):
        client = kind(self.socket(index))
        self.clients.append(client)
        family, where = self.address(index)
        if family != socket.AF_UNIX:
            client.host = f"localhost:{where[1]}"
        return client

    def websocket(self, target=None, index=0, **handshake):
        """A connection; with `target` the handshake is done."""
        client = self.http(index, WebSocket)
        return client.open(target, **handshake) if target else client

    def workers(self):
        """Process ids of the workers, which begin when the addresses are known; the server's own when it is alone."""
        if self.count == 0:
            return [self.pid]

        def all_there():
            found = children(self.pid)
            return found if len(found) >= self.count else None
        return wait_for(f"{self.count} workers", all_there, 30)

    def worker_of(self, client):
        """The process that serves a connection on which something was answered."""
        ours, theirs = client.sock.getsockname()[1], client.sock.getpeername()[1]

        def its_inode():
            with open("/proc/net/tcp", encoding="ascii") as file:
                rows = [line.split() for line in file]
            return next((row[9] for row in rows
                         if row[1].endswith(f":{theirs:04X}") and row[2].endswith(f":{ours:04X}")), None)

        # The kernel's list can miss a row when others come and go while it is read.
        inode = wait_for("the connection in /proc/net/tcp", its_inode)
        for pid in self.workers():
            try:
                entries = os.listdir(f"/proc/{pid}/fd")
            except (FileNotFoundError, ProcessLookupError):
                continue  # an old worker that has ended meanwhile
            for entry in entries:
                try:
                    if os.readlink(f"/proc/{pid}/fd/{entry}") == f"socket:[{inode}]":
                        return pid
                except (FileNotFoundError, ProcessLookupError):
                    pass  # closed meanwhile
        raise AssertionError("nobody serves the connection")

    def memory(self):
        return sum(memory(pid) for pid in self.workers())


class Case(unittest.TestCase):
    """A scenario: a folder of its own, and programs that end with it."""

    maxDiff = 4000
    longMessage = True

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="marmoset-scenario-")
        os.chmod(self.folder, 0o755)  # workers that dropped their privileges look in
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.programs = []
        self.sockets = os.path.join(self.folder, "sockets")
        os.mkdir(self.sockets)
        self.documents = os.path.join(self.folder, "documents")
        os.mkdir(self.documents)

    def tearDown(self):
        complaints = [f"{one.name} crashed" for one in self.programs
                      if re.search(r"died of signal (?!9 )|Sanitizer: ", one.log())]
        if not complaints and self.succeeded():
            complaints = [what for what in map(self.finish, self.programs) if what]
        if complaints or not self.succeeded():
            for one in self.programs:
                print(f"--- {one.name} {'' if one.running() else one.process.returncode}: {' '.join(one.line[1:])}")
                print("\n".join(one.log().splitlines()[-80:]))
        for one in self.programs:
            one.kill()
        self.assertEqual([], complaints)

    def finish(self, one):
        for client in getattr(one, "clients", ()):
            client.drop()
        return one.end()

    def succeeded(self):
        result = self._outcome.result
        return not result.errors and not result.failures

    def path(self, name, text=None):
        """A path in the test's folder; with `text` the file is written."""
        path = os.path.join(self.folder, name)
        if text is not None:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(text.encode() if isinstance(text, str) else text)
        return path

    def document(self, name, text="hello\n"):
        return self.path(os.path.join("documents", name), text)

    def launch(self, line, name, **options):
        one = Program(line, self.path(f"{name}.log"), **options)
        self.programs.append(one)
        return one

    def serve_text(self, text, *more, ready=True, **options):
        """Starts marmoset with a whole configuration text. A test's second one has files of its own."""
        number = sum(isinstance(one, Server) for one in self.programs)
        server = Server(self.folder, text, *more, name=f"marmoset-{number}" if number else "marmoset", **options)
        self.programs.append(server)
        return server.await_ports() if ready else server

    def serve(self, section="", top="", **defaults):
        """Starts marmoset with one `servers` entry holding `section`; `top` stands before it."""
        return self.serve_text(configuration(section, top, **defaults))

    def gateway(self, keys="", section="", top="", **defaults):
        """Starts marmoset with documents and with system servers in self.sockets; `keys` go into the websocket group."""
        return self.serve(f'document = {{ docroot = "{self.documents}"; defaultpage = "index.html"; }};\n'
                          f'websocket = {{ docroot = "{self.sockets}"; {keys} }};\n{section}', top, **defaults)

    def echo(self, *more, name="echo", stream=False, framing=None, ready=True):
        """Starts websocket_echo as <self.sockets>/<name>; with a `framing` over a STREAM socket."""
        if os.path.dirname(name):
            os.makedirs(os.path.join(self.sockets, os.path.dirname(name)), exist_ok=True)
        line = [program("websocket_echo"), "-R", self.sockets, "-n", name, "-u", user_name(), *more]
        if framing:
            stream, line = True, line + ["--framing", framing]
        elif stream:
            line.append("--stream")
        one = self.launch(line, "echo-" + name.replace("/", "-"))
        path = os.path.join(self.sockets, name)
        if ready:
            wait_for("websocket_echo to listen", lambda: self.listens(one, path, stream), 20)
        return one

    def listens(self, one, path, stream):
        if not one.running():
            raise AssertionError(f"{one.name} ended with {one.wait()}:\n{one.log()}")
        return can_connect(path, socket.SOCK_STREAM if stream else socket.SOCK_SEQPACKET)

    def link_server(self, name="app"):
        one = LinkServer(self.sockets, name)
        self.addCleanup(one.close)
        return one

    def stream_server(self, name="app"):
        one = StreamServer(self.sockets, name)
        self.addCleanup(one.close)
        return one

    def run_marmoset(self, *args, seconds=PATIENCE, **options):
        """Runs the server with exactly these arguments until it ends: (status, stdout, stderr)."""
        done = subprocess.run([program("marmoset"), *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=scaled(seconds), cwd=self.folder, check=False, **options)
        return done.returncode, done.stdout, done.stderr


def can_connect(path, kind):
    with socket.socket(socket.AF_UNIX, kind) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def user_name():
    return pwd.getpwuid(os.getuid()).pw_name
