"""What a trusted proxy writes in front of a connection, and clients that come from one. In: addresses. Out: PROXY headers, and
connections from an address of this machine: 127.0.0.2 is the proxy of these tests, 127.0.0.3 is not."""

import json
import socket
import struct

from harness import Case, Http, configuration, scaled

PROXY, STRANGER = "127.0.0.2", "127.0.0.3"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL, FORWARDED = 0x20, 0x21
TCP4, TCP6 = 0x11, 0x21
CLIENT_SSL = 1
TYPE_SSL = 0x20


def version1(source="203.0.113.9", port=4711, destination="127.0.0.1"):
    family = "TCP6" if ":" in source else "TCP4"
    return f"PROXY {family} {source} {destination} {port} 443\r\n".encode()


def field(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


def version2(source="203.0.113.9", port=4711, fields=b"", command=FORWARDED):
    if ":" in source:
        family, addresses = TCP6, socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, "::1")
    else:
        family, addresses = TCP4, socket.inet_aton(source) + socket.inet_aton("127.0.0.1")
    rest = addresses + struct.pack(">HH", port, 443) + fields
    return SIGNATURE + struct.pack(">BBH", command, family, len(rest)) + rest


class ProxyCase(Case):
    forwarded = "x-forwarded-for"

    def site(self, section="", top="", **defaults):
        """The text of a configuration: a server that trusts the proxy, and a second one that shows the counters."""
        self.document("index.html", "page")
        self.access = self.path("access.log")
        text = configuration(f'document = {{ docroot = "{self.documents}"; defaultpage = "index.html"; }};\n'
                             f'websocket = {{ docroot = "{self.sockets}"; }};\nproxies = [ "{PROXY}", "10.0.0.0/8" ];\n'
                             f'forwarded = "{self.forwarded}";\n{section}', f'access-log = "{self.access}";\n{top}', **defaults)
        return text.rpartition("});")[0] + '}, { addr = "127.0.0.1"; port = 0; status = {}; });\n'

    def behind(self, section="", top="", **defaults):
        self.server = self.serve_text(self.site(section, top, **defaults))
        return self.server

    def from_address(self, address=PROXY, kind=Http, header=b"", index=0):
        """A connection from that address; `header` is sent first."""
        where = self.server.address(index)[1]
        sock = socket.socket()
        sock.settimeout(scaled(10))
        sock.bind((address, 0))
        sock.connect(where)
        client = kind(sock)
        client.host = f"localhost:{where[1]}"
        self.server.clients.append(client)
        client.send(header)
        return client

    def counters(self):
        return json.loads(self.from_address("127.0.0.9", index=1).get("/status.json").body)

    def logged(self):
        """Who the access log says has asked, in order."""
        with open(self.access, encoding="utf-8") as file:
            return [line.split()[0] for line in file]
