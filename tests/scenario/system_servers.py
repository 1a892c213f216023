"""System servers as a test wants them: scripted ends of the link (SEQPACKET, the records of conf/link-protocol.md) and of
STREAM sockets. In: records and bytes of the test's choice. Out: those of the gateway."""

import array
import collections
import fcntl
import json
import os
import socket
import struct
import termios

from bounds import PATIENCE, ROOT, Overdue, scaled
from wire import Wire

HELLO, OPEN, ACCEPT, REJECT, MESSAGE, END, CREDIT, JOIN, LEAVE, PUBLISH, LINK_PING, LINK_PONG, HANDOVER = range(1, 14)
NAMES = ["0", "HELLO", "OPEN", "ACCEPT", "REJECT", "MESSAGE", "CLOSE", "CREDIT", "JOIN", "LEAVE", "PUBLISH", "PING",
         "PONG", "HANDOVER"]
F_BINARY, F_FIRST, F_LAST = 1, 2, 4
WHOLE = F_FIRST | F_LAST
HEADER = struct.Struct("=IIBBH")  # host byte order
MAX_PACKET = 131072
WINDOW = 262144


class Record:
    def __init__(self, type, client=0, payload=b"", flags=0, code=0):
        self.type, self.client, self.flags, self.code = type, client, flags, code
        self.payload = payload.encode() if isinstance(payload, str) else payload

    def encode(self, length=None):
        size = len(self.payload) if length is None else length
        return HEADER.pack(size, self.client, self.type, self.flags, self.code) + self.payload

    @property
    def json(self):
        return json.loads(self.payload)

    @property
    def name(self):
        return NAMES[self.type] if self.type < len(NAMES) else str(self.type)

    def __repr__(self):
        return (f"<{self.name} client={self.client} flags={self.flags} code={self.code} {len(self.payload)} bytes "
                f"{self.payload[:60]!r}>")


def decode_packet(packet):
    """The records of a packet, which must fill it."""
    assert len(packet) <= MAX_PACKET, f"a packet of {len(packet)} bytes"
    records, at = [], 0
    while at < len(packet):
        assert at + 12 <= len(packet), "a record's header is cut"
        size, client, type, flags, code = HEADER.unpack_from(packet, at)
        at += 12
        assert at + size <= len(packet), "a record is longer than its packet"
        assert 1 <= type <= 13, f"record type {type}"
        records.append(Record(type, client, packet[at:at + size], flags, code))
        at += size
    return records


def publish_payload(topic, data):
    topic = topic.encode()
    return struct.pack("=H", len(topic)) + topic + (data.encode() if isinstance(data, str) else data)


class Link:
    """Our end of one link: what a system server sees of one gateway worker."""

    def __init__(self, sock):
        self.sock = sock
        sock.settimeout(scaled(PATIENCE))
        self.pending = collections.deque()
        self.ended = False
        self.packets = 0
        self.set_aside = []

    # --- reading --------------------------------------------------------------------------------------------------
    def fill(self, timeout=None):
        self.sock.settimeout(scaled(PATIENCE) if timeout is None else timeout)
        try:
            packet = self.sock.recv(MAX_PACKET + 1)
        except ConnectionResetError:
            packet = b""
        except (TimeoutError, BlockingIOError):
            raise Overdue("no record came over the link") from None
        if not packet:
            self.ended = True
            return False
        self.packets += 1
        self.pending.extend(decode_packet(packet))
        return True

    def next(self, timeout=None):
        """The next record other than PING, which is answered; None at the end of the link."""
        while True:
            while not self.pending:
                if self.ended or not self.fill(timeout):
                    return None
            record = self.pending.popleft()
            if record.type != LINK_PING:
                return record
            self.send(Record(LINK_PONG, 0, record.payload))

    def expect(self, type, client=None, skip=()):
        """The next record, which must be of `type`; records of the types in `skip` are put into `set_aside` first."""
        while (record := self.next()) is not None and record.type in skip and record.type != type:
            self.set_aside.append(record)
        assert record is not None, f"the link ended; {NAMES[type]} was expected"
        assert record.type == type, f"{NAMES[type]} was expected, not {record}"
        assert client is None or record.client == client, f"{NAMES[type]} of client {client} was expected, not {record}"
        return record

    def message(self, client=None):
        """(flags, bytes) of the next whole message of one client; CREDIT between its records is set aside."""
        record = self.expect(MESSAGE, client, skip=(CREDIT,))
        assert record.flags & F_FIRST, f"a message without FIRST: {record}"
        client, kind, data = record.client, record.flags & F_BINARY, [record.payload]
        while not record.flags & F_LAST:
            record = self.expect(MESSAGE, client, skip=(CREDIT,))
            assert not record.flags & F_FIRST, f"a second FIRST: {record}"
            data.append(record.payload)
        return kind, b"".join(data)

    def expect_end(self, skip=(CREDIT,)):
        while (record := self.next()) is not None:
            assert record.type in skip, f"the end of the link was expected, not {record}"

    def expect_quiet(self, seconds, skip=()):
        """No record comes for that long, but those of the types in `skip`."""
        while True:
            try:
                record = self.next(seconds)
            except Overdue:
                return
            assert record is not None, "the link ended"
            assert record.type in skip, f"{record} came where nothing was expected"
            self.set_aside.append(record)

    # --- writing --------------------------------------------------------------------------------------------------
    def send(self, *records):
        """The records in one packet."""
        self.send_packet(b"".join(record.encode() for record in records))

    def send_packet(self, packet, descriptors=()):
        ancillary = []
        if descriptors:
            ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        self.sock.settimeout(scaled(PATIENCE))
        self.sock.sendmsg([packet], ancillary)

    def hello(self, version=1, window=WINDOW, max_message=16 << 20, **more):
        self.send(Record(HELLO, 0, json.dumps(dict(version=version, software="scripted", pid=os.getpid(), window=window,
                                                   max_message=max_message, **more))))

    def accept(self, client, protocol=""):
        self.send(Record(ACCEPT, client, protocol))

    def reject(self, client, status, reason=""):
        self.send(Record(REJECT, client, reason, code=status))

    def say(self, client, data, flags=WHOLE):
        """MESSAGE: text when data is a str, else binary."""
        if not isinstance(data, str) and flags & F_FIRST:
            flags |= F_BINARY
        self.send(Record(MESSAGE, client, data, flags))

    def credit(self, client, size):
        self.send(Record(CREDIT, client, struct.pack("=I", size)))

    def end(self, client, code=1000, reason=""):
        self.send(Record(END, client, reason, code=code))

    def join(self, client, topic):
        self.send(Record(JOIN, client, topic))

    def leave(self, client, topic):
        self.send(Record(LEAVE, client, topic))

    def publish(self, topic, data, but=0, flags=WHOLE):
        if not isinstance(data, str) and flags & F_FIRST:
            flags |= F_BINARY
        self.send(Record(PUBLISH, but, publish_payload(topic, data), flags))

    def drop(self):
        self.sock.close()


class RecordLink(Link):
    """Our end of a STREAM connection that carries records."""

    def __init__(self, sock):
        super().__init__(sock)
        self.partial = b""

    def fill(self, timeout=None):
        self.sock.settimeout(scaled(PATIENCE) if timeout is None else timeout)
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            data = b""
        except (TimeoutError, BlockingIOError):
            raise Overdue("no record came over the connection") from None
        if not data:
            self.ended = True
            return False
        self.partial += data
        while len(self.partial) >= 12:
            end = 12 + HEADER.unpack_from(self.partial)[0]
            assert end <= MAX_PACKET, f"a record of {end} bytes"
            if len(self.partial) < end:
                break
            self.pending.extend(decode_packet(self.partial[:end]))
            self.partial = self.partial[end:]
        return True

    def send_packet(self, packet, descriptors=()):
        assert not descriptors
        self.sock.settimeout(scaled(PATIENCE))
        self.sock.sendall(packet)

    def next(self, timeout=None):
        # fill() may bring less than a record.
        while True:
            while not self.pending:
                if self.ended or not self.fill(timeout):
                    return None
            record = super().next(timeout)
            if record is not None:
                return record

    def unread(self):
        """Bytes of ours that the gateway has not read."""
        return outgoing_bytes(self.sock)

    def waiting(self):
        """Bytes of the gateway that we have not read."""
        return incoming_bytes(self.sock)


def outgoing_bytes(sock):
    """What the other end of a UNIX socket has not read yet."""
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0\0\0\0"))[0]


def incoming_bytes(sock):
    """What of the other end's we have not read yet."""
    return struct.unpack("i", fcntl.ioctl(sock, termios.FIONREAD, b"\0\0\0\0"))[0]


class UnixListener:
    """A listening UNIX socket that the gateway finds as <folder>/<name>."""

    kind = socket.SOCK_SEQPACKET

    def __init__(self, folder, name="app", backlog=64):
        self.path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self.sock = socket.socket(socket.AF_UNIX, self.kind)
        self.sock.bind(self.path)
        if ROOT:
            os.chmod(self.path, 0o666)  # the workers may run as somebody else
        self.sock.listen(backlog)

    def accept_socket(self, timeout=None):
        self.sock.settimeout(scaled(PATIENCE) if timeout is None else timeout)
        try:
            return self.sock.accept()[0]
        except (TimeoutError, BlockingIOError):
            raise Overdue(f"the gateway did not connect to {self.path}") from None

    def close(self):
        self.sock.close()
        if os.path.exists(self.path):
            os.unlink(self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class LinkServer(UnixListener):
    """SEQPACKET. greet() takes a link and its HELLO; admit() opens one client through it."""

    def link(self):
        return Link(self.accept_socket())

    def greet(self, **hello):
        link = self.link()
        link.hello(**hello)
        link.peer = link.expect(HELLO).json
        return link

    def admit(self, client, link=None, target="/app", protocol="", **handshake):
        """Performs `client`'s handshake. Returns (link, OPEN record); the client is open then."""
        client.start(target, **handshake)
        link = link or self.greet()
        opened = link.expect(OPEN, skip=(CREDIT, END))
        link.accept(opened.client, protocol)
        client.finish_handshake()
        return link, opened


class RecordServer(LinkServer):
    """SOCK_STREAM and records: one connection a client."""

    kind = socket.SOCK_STREAM

    def link(self):
        return RecordLink(self.accept_socket())


class StreamServer(UnixListener):
    """SOCK_STREAM, as ouistiti's servers: one connection a client, payload only."""

    kind = socket.SOCK_STREAM

    def accept(self, timeout=None):
        return Wire(self.accept_socket(timeout))
