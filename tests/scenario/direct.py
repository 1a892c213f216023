"""What the scenarios of direct mode share: a gateway that hands its clients over, plain servers with libwebsocket.so in front of
the C library, and the message by which a client comes to a server without it. In: command lines. Out: DirectCase, Handed."""

import array
import os
import re
import socket
import struct
import subprocess

from harness import BUILD, BINARY, PATIENCE, PING, TEXT, Case, Overdue, StreamServer, scaled, wait_for
from system_servers import incoming_bytes

LIBRARY = os.path.join(BUILD, "lib", "libwebsocket.so")
PLAIN_SERVER = os.path.join(BUILD, "tests", "plain_server")


def sanitizers():
    """The libraries of the sanitizers that this build of ours needs, by their paths."""
    linked = subprocess.run(["ldd", LIBRARY], capture_output=True, text=True, check=True).stdout
    return re.findall(r"=> (\S*/lib[at]san\S*)", linked)


def preload():
    """LD_PRELOAD for programs that were not built by us: a sanitizer's library must stand in front of ours."""
    return " ".join(sanitizers() + [LIBRARY])


def preloaded(**more):
    """The environment of a program that is to speak WebSocket without knowing it. Leaks of foreign programs are theirs."""
    foreign = {name: os.environ.get(name, "") + ":detect_leaks=0:verify_asan_link_order=0" for name in ("ASAN_OPTIONS",)}
    return dict(os.environ, LD_PRELOAD=preload(), **foreign, **more)


class Handed:
    """A client as it reaches a server by ouistiti's message: its sockaddr, its descriptor, the connection they came on."""

    def __init__(self, connection):
        self.connection = connection
        connection.settimeout(scaled(PATIENCE))
        room = socket.CMSG_SPACE(array.array("i").itemsize * 4)
        try:
            self.sockaddr, ancillary, self.flags, _ = connection.recvmsg(1024, room, socket.MSG_CMSG_CLOEXEC)
        except TimeoutError:
            raise Overdue("no client was handed over") from None
        self.descriptors = []
        for level, kind, data in ancillary:
            assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS), (level, kind)
            self.descriptors += array.array("i", data)
        self.sock = socket.socket(fileno=self.descriptors[0]) if self.descriptors else None
        if self.sock:
            self.sock.settimeout(scaled(PATIENCE))

    def read(self, size):
        """That many bytes of the client."""
        data = b""
        while len(data) < size:
            piece = self.sock.recv(size - len(data))
            assert piece, f"the client ended after {data[-100:]!r}"
            data += piece
        return data

    def close(self):
        for one in (self.sock, self.connection):
            if one:
                one.close()


def sockaddr(name):
    """The bytes of a struct sockaddr for what getsockname() of an IPv4 or IPv6 socket says."""
    if len(name) == 2:
        return struct.pack("=H", socket.AF_INET) + struct.pack("!H", name[1]) + socket.inet_aton(name[0]) + bytes(8)
    return (struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", name[1], name[2]) +
            socket.inet_pton(socket.AF_INET6, name[0]) + struct.pack("=I", name[3]))


class DirectCase(Case):
    keys = 'options = "direct";'

    def setUp(self):
        super().setUp()
        self.server = self.serve_direct() if self.keys is not None else None

    def serve_direct(self, keys="", **defaults):
        return self.gateway(f"{self.keys} {keys}", **defaults)

    def plain(self, *words, name="plain", **environment):
        """Starts the plain server, linked with the library, as <self.sockets>/<name>."""
        path = os.path.join(self.sockets, name)
        one = self.launch([PLAIN_SERVER, path, *words], name, env=dict(os.environ, **environment))
        one.ours = False  # it has no orderly end
        return self.await_socket(one, path)

    def foreign(self, *line, name="plain", socket_mode=0o666, **environment):
        """Starts somebody else's server with the library preloaded; PATH in its line is the socket's path."""
        path = os.path.join(self.sockets, name)
        one = self.launch([word.replace("PATH", path) for word in line], name, env=preloaded(**environment))
        self.await_socket(one, path)
        os.chmod(path, socket_mode)
        return one

    def await_socket(self, one, path):
        def there():
            assert one.running(), f"{one.name} ended with {one.wait()}:\n{one.log()}"
            return listens(path)
        wait_for(f"{one.name} to listen", there, 20)
        return one

    def stream_server(self, name="app"):
        one = HandoverServer(self.sockets, name)
        self.addCleanup(one.close)
        return one

    def converse(self, client, boundaries=True):
        """Echoes of many sizes and kinds; with `boundaries` each message comes back as one."""
        for data in ("hello", "häß€🦫", b"\0\xff", "x" * 125, "y" * 126, "z" * 65535, b"\x80" * 65536):
            self.echo_through(client, data, boundaries)
        for part in ["he", "", "llo"], [b"\xff", b"", b"\xfe\xfd"]:
            client.send_fragments(TEXT if isinstance(part[0], str) else BINARY, part)
            whole = part[0][:0].join(part)
            self.assertEqual(whole.encode() if isinstance(whole, str) else whole, client.read_message()[1])
        client.send_frame(PING, b"p")
        self.assertEqual(b"p", client.read_pong())

    def echo_through(self, client, data, boundaries=True):
        kind, payload = (TEXT, data.encode()) if isinstance(data, str) else (BINARY, data)
        client.send_frame(kind, payload)
        got = [client.read_message()]
        while sum(len(piece) for _, piece in got) < len(payload):
            got.append(client.read_message())
        self.assertEqual(payload, b"".join(piece for _, piece in got))
        if boundaries:
            self.assertEqual([(kind, len(payload))], [(opcode, len(piece)) for opcode, piece in got])


def listens(path):
    """Whether a UNIX stream socket is listening there, without connecting to it: a plain server would serve us."""
    with open("/proc/net/unix", encoding="ascii", errors="replace") as file:
        for line in file:
            fields = line.split()
            if fields[-1] == path and int(fields[3], 16) & 0x10000:  # __SO_ACCEPTCON
                return True
    return False


class HandoverServer(StreamServer):
    """A STREAM server that takes descriptors by itself, without the library."""

    def handed(self):
        return Handed(self.accept_socket())

    def handed_bytes(self):
        """The same, when it is a relayed client's connection: the bytes that are there."""
        connection = self.accept_socket()
        wait_for("bytes of the gateway", lambda: incoming_bytes(connection))
        return Handed(connection)
