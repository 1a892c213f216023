"""What the scenarios of https and wss share: a server with certificates of the test's own authority, and clients that do TLS by
Python's ssl or by the openssl program. In: keys of the group tls. Out: connections that are wire.Http and WebSocket as others."""

import os
import re
import socket
import ssl
import subprocess
import sys

from certificates import RSA, Authority
from harness import BUILD, PATIENCE, Case, Http, WebSocket, configuration, scaled


def built_with(feature):
    with open(os.path.join(BUILD, "obj", "build_config.h"), encoding="utf-8") as file:
        return f"MARMOSET_{feature} " in file.read()


LIBRARIES = ["mbedtls"] + (["openssl"] if built_with("HAVE_OPENSSL") else [])


def for_each_library(checks):
    """Makes a test case of `checks` for each library that the server was built with: both must do the same."""
    module = sys.modules[checks.__module__]
    for library in LIBRARIES:
        name = f"{checks.__name__}_{library}"
        setattr(module, name, type(name, (checks, TlsCase), {"library": library, "__module__": checks.__module__}))
    return checks


def narrow_socket(server, index=0):
    """Connected with small segments and a small buffer: the server's socket is full after some records, as it is over a long way."""
    family, where = server.address(index)
    sock = socket.socket(family)
    sock.settimeout(scaled(PATIENCE))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1000)
    sock.connect(where)
    return sock


class Client:
    """How s_client ended."""

    def __init__(self, done):
        self.status, self.text = done.returncode, done.stdout + done.stderr

    @property
    def protocol(self):
        found = re.search(r"(?m)^(?:New|Reused), (TLSv[\d.]+), Cipher is", self.text)
        return found and found.group(1)

    @property
    def cipher(self):
        found = re.search(r"(?m)^(?:New|Reused), TLSv[\d.]+, Cipher is (\S+)", self.text)
        return found and found.group(1)

    @property
    def resumed(self):
        return re.search(r"(?m)^Reused, TLSv", self.text) is not None

    @property
    def alert(self):
        """What the server said no with."""
        found = re.search(r"alert ([a-z ]+?)(?::|$)", self.text, re.M)
        return found and found.group(1)

    def __repr__(self):
        return f"status {self.status}\n{self.text}"


class TlsCase(Case):
    library = "mbedtls"

    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)
        self.certificate, self.key = self.authority.certificate("server")
        self.document("index.html", "page")

    @property
    def newest(self):
        return "TLSv1.3" if self.library == "openssl" else "TLSv1.2"

    def group(self, keys="", certificate=None, key=None):
        """The group tls; `keys` may set crtfile and keyfile themselves."""
        pair = "" if "crtfile" in keys else f'crtfile = "{certificate or self.certificate}"; keyfile = "{key or self.key}"; '
        return f'tls = {{ library = "{self.library}"; {pair}{keys} }};\n'

    def text(self, keys="", section="", top="", certificate=None, key=None, **defaults):
        return configuration(f'document = {{ docroot = "{self.documents}"; defaultpage = "index.html"; }};\n'
                             f'websocket = {{ docroot = "{self.sockets}"; }};\nskeleton = {{ path = "/post"; }};\nstatus = {{}};\n'
                             f'{self.group(keys, certificate, key)}{section}', top, **defaults)

    def secure(self, keys="", section="", top="", **defaults):
        return self.serve_text(self.text(keys, section, top, **defaults))

    def secure_and_watched(self, keys="", section="", top="", **defaults):
        """A second address, without TLS, tells the counters: for limits that a slow look at them would run into."""
        text = self.text(keys, section, top, **defaults)
        return self.serve_text(text.rpartition("});")[0] + '}, { addr = "127.0.0.1"; port = 0; status = {}; });\n')

    def watched(self, server):
        import json
        return json.loads(server.http(1).get("/status.json").body)

    def context(self, trust=None, version=None, ciphers=None, alpn=None, pair=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # an end without close_notify is an error
        context.load_verify_locations(trust or self.authority.file)
        if version:
            context.minimum_version = context.maximum_version = version
        if ciphers:
            context.set_ciphers(ciphers)
        if alpn:
            context.set_alpn_protocols(alpn)
        if pair:
            context.load_cert_chain(*pair)
        return context

    def connect(self, server, kind=Http, context=None, name="localhost", session=None, index=0, narrow=False):
        """TLS on a new connection; `kind` speaks on it. `narrow`: as narrow_socket()."""
        context = context or self.context()
        plain = narrow_socket(server, index) if narrow else server.socket(index)
        try:
            sock = context.wrap_socket(plain, server_hostname=name, session=session, suppress_ragged_eofs=False)
        except BaseException:
            plain.close()
            raise
        client = kind(sock)
        client.host = f"{name}:{server.port}"
        server.clients.append(client)
        return client

    def websocket(self, server, target="/echo", context=None, **handshake):
        client = self.connect(server, WebSocket, context)
        return client.open(target, headers={"Origin": f"https://{client.host}"}, **handshake)

    def s_client(self, server, *arguments, given="", index=0):
        line = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.address(index)[1][1]}", "-CAfile", self.authority.file, *arguments]
        return Client(subprocess.run(line, input=given, capture_output=True, text=True, check=False, timeout=scaled(PATIENCE)))

    def counters(self, server, index=0):
        import json
        return json.loads(self.connect(server, index=index).get("/status.json").body)

    def rsa(self, name="rsa", **how):
        return self.authority.certificate(name, kind=RSA, **how)
