"""What the link list runs against: the two ends of a link, each with a script at the other one. Only direct mode stands here."""

import array
import json
import os
import socket

from bounds import PATIENCE, Overdue, scaled
from case import Configuration
from harness import ACCEPT, END, HANDOVER, HEADER, HELLO, OPEN, Record
from system_servers import Link, LinkServer, decode_packet
from websocket_peers import Accepted

DIRECT = {"id": "c", "direct": True, "extensions": ""}


class Server(Configuration):
    """websocket_echo, and a script in the gateway's place."""

    def start(self):
        self.echo()

    def gateway(self, **hello):
        """A link whose HELLOs have been said."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(os.path.join(self.sockets, "echo"))
        link = Link(sock)
        link.hello(**hello)
        link.expect(HELLO)
        return link


class Browser(Accepted):
    """A client's end: what the other one is, is given away."""

    def __init__(self):
        ours, self.theirs = socket.socketpair()
        super().__init__(ours)

    def hand_over(self, link, client, early=b""):
        link.send_packet(Record(HANDOVER, client, early).encode(), [self.theirs.fileno()])
        self.theirs.close()

    def expect_end(self):
        """Nothing more comes, and the connection ends."""
        self.sock.settimeout(scaled(PATIENCE))
        try:
            rest = self.sock.recv(1000)
        except ConnectionResetError:
            rest = b""
        except TimeoutError:
            raise Overdue("the connection does not end") from None
        assert not self.buffer + rest, f"{self.buffer + rest!r} came where the end was expected"


def open_client(link, client, **more):
    link.send(Record(OPEN, client, json.dumps(DIRECT | more)))
    return link.expect(ACCEPT, client)


class Gateway(Configuration):
    """The gateway with direct mode, and a script in the server's place."""

    def start(self):
        self.server = self.gateway('options = "direct"; ping = 0;', workers="1")

    @property
    def name(self):
        """Of the script's socket: groups run beside each other, each in a process of its own."""
        return f"app-{os.getpid()}"

    @property
    def target(self):
        return "/" + self.name

    def app(self):
        return LinkServer(self.sockets, self.name)


def take_handover(link, client):
    """(early bytes, the client's socket) of the next record, which must be HANDOVER, alone in its packet, with one descriptor."""
    assert not link.pending, link.pending
    link.sock.settimeout(scaled(PATIENCE))
    try:
        packet, ancillary, flags, _ = link.sock.recvmsg(200_000, socket.CMSG_SPACE(16), socket.MSG_CMSG_CLOEXEC)
    except TimeoutError:
        raise Overdue("no HANDOVER") from None
    records = decode_packet(packet)
    assert [record.type for record in records] == [HANDOVER], records
    assert records[0].client == client and records[0].flags == 0 and records[0].code == 0, records
    descriptors = [number for _, _, data in ancillary for number in array.array("i", data)]
    assert len(descriptors) == 1 and not flags & socket.MSG_CTRUNC, (descriptors, flags)
    return records[0].payload, socket.socket(fileno=descriptors[0])


__all__ = ["Browser", "DIRECT", "END", "Gateway", "HEADER", "Link", "Server", "open_client", "take_handover"]
