"""Starts and stops what is measured, pinned to one core, each with a folder of its own for sockets and logs.

In: the build folder, the peers' folder. Out: Running, with the address to load and the ids of the processes to account.
"""
import os
import pathlib
import pwd
import re
import socket
import subprocess
import time

from .rows import (DIRECT, H2O, LIBWEBSOCKETS, LIGHTTPD, MBEDTLS, NGINX, OPENSSL, PRELOADED, RAW_RELAY, RAW_TCP, RAW_TLS,
                   US, WS)


class Missing(Exception):
    """The server is not there: reported, not fatal."""


class Failed(Exception):
    """It is there and did not start, or died."""


class Running:
    """The processes of one measurement. Use as a context manager."""

    def __init__(self, folder, core):
        self.folder, self.core = folder, core
        self.target = None
        self.processes = []
        self.backends = []  # ids of those that are the system server, not the gateway
        self.stream = False  # message boundaries are lost on the way
        self.raw = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, command, library_path=None, backend=False, environment=None):
        """Starts one process on the server core; what it says goes to a file, which is returned."""
        log = self.folder / ("%d-%s.log" % (len(self.processes), pathlib.Path(command[0]).name))
        environment = dict(os.environ, **(environment or {}))
        if library_path:
            environment["LD_LIBRARY_PATH"] = str(library_path)
        with open(log, "wb") as out:
            self.processes.append(subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env=environment, cwd=self.folder, preexec_fn=lambda: os.sched_setaffinity(0, {self.core})))
        if backend:
            self.backends.append(self.processes[-1].pid)
        return log

    def check_alive(self):
        for process in self.processes:
            if process.poll() is not None:
                name = pathlib.Path(process.args[0]).name
                logs = "".join(path.read_text(errors="replace")[-600:] for path in self.folder.glob("*-%s.log" % name))
                raise Failed("%s ended with %d: %s" % (name, process.returncode, logs.strip()))

    def wait_for(self, what, condition):
        """Until condition() gives something; that a process dies meanwhile ends it early."""
        deadline = time.monotonic() + 10
        while True:
            found = condition()
            if found:
                return found
            self.check_alive()
            if time.monotonic() > deadline:
                raise Failed("10 s and no %s" % what)
            time.sleep(0.005)

    def wait_for_port(self, port):
        def connects():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        self.wait_for("listener on port %d" % port, connects)
        self.target = "127.0.0.1:%d" % port

    def pids(self):
        """Of the gateway or server itself."""
        return [process.pid for process in self.processes if process.pid not in self.backends]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Certificate:
    """A self-signed one and its key, "ecdsa" or "rsa", in `folder`; the same for all servers."""

    KEYS = {"ecdsa": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"], "rsa": ["-newkey", "rsa:2048"]}

    def __init__(self, folder, kind):
        self.file, self.key = folder / (kind + ".pem"), folder / (kind + ".key")
        if not self.file.exists():
            subprocess.run(["openssl", "req", "-x509", *self.KEYS[kind], "-nodes", "-subj", "/CN=localhost", "-days", "2",
                            "-keyout", self.key, "-out", self.file], check=True, stderr=subprocess.DEVNULL)


class Servers:
    def __init__(self, build, peers, docroot):
        self.build, self.peers, self.docroot = build, peers, docroot
        # Debian's multi-architecture folder, whichever this machine's is.
        folders = sorted(peers.glob("usr/lib/*-linux-gnu*"))
        self.libraries = folders[0] if folders else None
        self.starters = {US: self.marmoset, DIRECT: self.marmoset_direct, PRELOADED: self.marmoset_preloaded,
                         OPENSSL: self.marmoset_openssl, MBEDTLS: self.marmoset_mbedtls,
                         RAW_TCP: self.raw_tcp, RAW_RELAY: self.raw_relay, RAW_TLS: self.raw_tls, WS: self.npm_ws,
                         LIGHTTPD: self.lighttpd, NGINX: self.nginx, H2O: self.h2o, LIBWEBSOCKETS: self.libwebsockets}

    def start(self, name, row, folder, core):
        """A Running of server `name`, ready for what the row asks of it."""
        running = Running(folder, core)
        try:
            self.starters[name](running, row)
        except BaseException:
            running.__exit__()
            raise
        return running

    def program(self, *parts):
        path = self.build.joinpath(*parts)
        if not path.exists():
            raise Missing("%s is not built" % path)
        return path

    def peer(self, path):
        path = self.peers / path
        if not path.exists():
            raise Missing("%s is missing; tests/bench/peers fetches it" % path)
        return path

    def versions(self):
        """Of the peers that are there, as they tell it themselves."""
        found = {}
        for name, path in ((LIGHTTPD, "usr/sbin/lighttpd"), (NGINX, "usr/sbin/nginx"), (H2O, "usr/bin/h2o")):
            if (self.peers / path).exists():
                environment = dict(os.environ, LD_LIBRARY_PATH=str(self.libraries))
                said = subprocess.run([self.peers / path, "-v"], env=environment, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True).stdout
                found[name] = (re.findall(r"\d+\.\d+\.\d+", said) or ["?"])[0]
        return found

    # --- marmoset ---

    def marmoset(self, running, row, tls=""):
        sockets = self.sockets(running)
        if row.uses_websocket():
            self.system_server(running, row, sockets)
        self.gateway(running, sockets, "relay", tls)

    def marmoset_openssl(self, running, row):
        self.marmoset(running, row, self.tls_group(row, "openssl"))

    def marmoset_mbedtls(self, running, row):
        self.marmoset(running, row, self.tls_group(row, "mbedtls"))

    def tls_group(self, row, library):
        certificate = self.certificate(row)
        return ("    tls = { library = \"%s\"; crtfile = \"%s\"; keyfile = \"%s\"; };\n"
                % (library, certificate.file, certificate.key))

    def certificate(self, row):
        return Certificate(self.docroot.parent, row.certificate)

    def marmoset_direct(self, running, row):
        sockets = self.sockets(running)
        self.system_server(running, row, sockets)
        self.gateway(running, sockets, "direct")

    def marmoset_preloaded(self, running, _):
        """A plain echo server, unchanged: libwebsocket.so speaks for it. What it reads at a time it sends as a message."""
        running.stream = True
        sockets = self.sockets(running)
        self.unix_echo(running, sockets / "echo", {"LD_PRELOAD": str(self.program("lib", "libwebsocket.so")),
                                                   "WEBSOCKET_TYPE": "binary"})
        self.gateway(running, sockets, "direct")

    def sockets(self, running):
        folder = running.folder / "websocket"
        folder.mkdir()
        return folder

    def system_server(self, running, row, sockets):
        """What answers under /echo: an echo, or a room."""
        name = "websocket_chat" if row.mode == "fanout" else "websocket_echo"
        user_name = pwd.getpwuid(os.geteuid()).pw_name
        running.start([self.program("bin", name), "-R", sockets, "-n", "echo", "-u", user_name], backend=True)
        running.wait_for("socket of " + name, (sockets / "echo").exists)

    def gateway(self, running, sockets, options, tls=""):
        user = "user = \"root\";\n" if os.geteuid() == 0 else ""
        (running.folder / "marmoset.conf").write_text(
            user + "workers = 0;\n"
            "servers = ({\n    hostname = \"localhost\";\n    addr = \"127.0.0.1\";\n    port = 0;\n"
            "    document = { docroot = \"%s\"; allow = \"*\"; };\n"
            "    websocket = { docroot = \"%s\"; allow = \"*\"; options = \"%s\"; };\n%s});\n"
            % (self.docroot, sockets, options, tls))
        ports = running.folder / "ports"
        running.start([self.program("bin", "marmoset"), "-f", running.folder / "marmoset.conf",
                       "-M", self.build / "modules", "-P", "0", "--ports-file", ports],
                      self.libraries if tls else None)  # the OpenSSL that the peers have, too
        running.wait_for("ports file", lambda: ports.exists() and ports.stat().st_size)
        running.wait_for_port(int(re.search(r":(\d+)\s*$", ports.read_text().splitlines()[0]).group(1)))

    # --- the ceilings ---

    def raw_port(self, running, log):
        printed = running.wait_for("port", lambda: re.match(r"port (\d+)\n", log.read_text()))
        running.target = "127.0.0.1:" + printed.group(1)

    def raw_tcp(self, running, _):
        running.raw = True
        self.raw_port(running, running.start([self.program("bench", "raw_tcp")]))

    def raw_relay(self, running, _):
        running.raw = True
        echo = running.folder / "echo.sock"
        self.unix_echo(running, echo)
        self.raw_port(running, running.start([self.program("bench", "raw_relay"), echo]))

    def raw_tls(self, running, row):
        """mbedTLS and nothing else: echoes, or answers with the row's file."""
        running.raw = True
        certificate = self.certificate(row)
        command = [self.program("bench", "raw_tls"), certificate.file, certificate.key]
        if row.mode == "static":
            command.append(str(self.docroot) + row.arguments[row.arguments.index("--path") + 1])
        self.raw_port(running, running.start(command))

    def unix_echo(self, running, path, environment=None):
        log = running.start([self.program("bench", "raw_unix_echo"), path], backend=True, environment=environment)
        running.wait_for("raw_unix_echo", lambda: log.read_text() == "listening\n")

    def npm_ws(self, running, _):
        packages = self.build.parent / "node" / "node_modules"
        if not (packages / "ws").exists():
            raise Missing("npm's ws is missing; make build/node/installed fetches it")
        script = pathlib.Path(__file__).resolve().parent.parent / "ws_broadcast.js"
        self.raw_port(running, running.start(["node", script], environment={"NODE_PATH": str(packages)}))

    # --- the peers, each with what its manual recommends for the row ---

    def lighttpd(self, running, row):
        server = self.peer("usr/sbin/lighttpd")
        port = free_port()
        lines = ["server.document-root = \"%s\"" % self.docroot,
                 "server.bind = \"127.0.0.1\"", "server.port = %d" % port,
                 "server.max-fds = 19900", "server.max-connections = 19000", "server.listen-backlog = 4096",
                 "server.max-keep-alive-requests = 65535", "server.max-keep-alive-idle = 60",
                 "mimetype.assign = ( \".bin\" => \"application/octet-stream\" )"]
        if row.uses_websocket():
            running.stream = True
            echo = running.folder / "echo.sock"
            self.unix_echo(running, echo)
            lines += ["server.modules = ( \"mod_wstunnel\" )", "wstunnel.frame-type = \"binary\"",
                      "wstunnel.server = ( \"/echo\" => (( \"socket\" => \"%s\" )) )" % echo]
        config = running.folder / "lighttpd.conf"
        config.write_text("\n".join(lines) + "\n")
        running.start([server, "-D", "-f", config, "-m", self.peers / "usr/lib/lighttpd"], self.libraries)
        running.wait_for_port(port)

    def nginx(self, running, row):
        """Files; or, with TLS, what it is mostly used for: in front of a websocket server that speaks in the clear."""
        server = self.peer("usr/sbin/nginx")
        port = free_port()
        folder = running.folder
        temporary = "".join("    %s_temp_path %s/%s;\n" % (name, folder, name)
                            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;\n" if os.geteuid() == 0 else ""
        tls = more = ""
        if row.certificate:
            tls = " ssl"
            certificate = self.certificate(row)
            more = (" ssl_certificate %s; ssl_certificate_key %s; ssl_protocols TLSv1.2 TLSv1.3;"
                    % (certificate.file, certificate.key))
            if row.uses_websocket():
                self.raw_port(running, running.start([self.peer("libwebsockets_echo")], self.libraries, backend=True))
                more += ("\n        location /echo { proxy_pass http://%s; proxy_http_version 1.1; "
                         "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\"; "
                         "proxy_read_timeout 1h; }" % running.target)
        config = folder / "nginx.conf"
        config.write_text(
            "%sdaemon off;\nmaster_process off;\nerror_log stderr;\npid %s/nginx.pid;\nlock_file %s/nginx.lock;\n"
            "events { worker_connections 19000; }\nhttp {\n%s    access_log off;\n    sendfile on;\n"
            "    open_file_cache max=100;\n    keepalive_requests 1000000000;\n"
            "    default_type application/octet-stream;\n"
            "    server { listen 127.0.0.1:%d%s backlog=4096; root %s;%s }\n}\n"
            % (user, folder, folder, temporary, port, tls, self.docroot, more))
        running.start([server, "-p", folder, "-c", config, "-e", "stderr"], self.libraries)
        running.wait_for_port(port)

    def h2o(self, running, _):
        server = self.peer("usr/bin/h2o")
        port = free_port()
        user = "user: root\n" if os.geteuid() == 0 else ""
        config = running.folder / "h2o.conf"
        config.write_text("%snum-threads: 1\nlisten:\n  host: 127.0.0.1\n  port: %d\npid-file: %s/h2o.pid\n"
                          "hosts:\n  default:\n    paths:\n      /:\n        file.dir: %s\n"
                          % (user, port, running.folder, self.docroot))
        running.start([server, "-c", config], self.libraries)
        running.wait_for_port(port)

    def libwebsockets(self, running, _):
        self.raw_port(running, running.start([self.peer("libwebsockets_echo")], self.libraries))
