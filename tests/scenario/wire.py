"""A client's connection, byte by byte, and HTTP on it. In: bytes as a test writes them. Out: parsed responses.
Deliberately strict: what a lenient client would forgive (a bad length, bytes too many) is a failure here."""

import socket
import time

from bounds import PATIENCE, Overdue, scaled, wait_for


class Closed(AssertionError):
    """The peer ended the connection where more was expected."""


def unread(ours, theirs):
    """Bytes the peer's socket (an IPv4 one of this machine) holds and the peer has not read; 0 when it is gone."""
    def text(address):
        return socket.inet_aton(address[0])[::-1].hex().upper() + f":{address[1]:04X}"

    wanted = f" {text(theirs)} {text(ours)} "
    with open("/proc/net/tcp", encoding="ascii") as file:
        for line in file:
            if wanted in line:
                return int(line.split()[4].partition(":")[2], 16)
    return 0


class Wire:
    """One stream connection. All reading is bounded by `patience` seconds."""

    def __init__(self, sock, patience=PATIENCE):
        self.sock = sock
        self.patience = patience
        self.buffer = b""
        self.ended = False
        self.reset = False
        sock.settimeout(scaled(patience))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.drop()

    def drop(self):
        """Closes without any protocol."""
        self.sock.close()

    def abort(self):
        """Closes with a TCP reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            self.reset = True

    def send_apart(self, *pieces):
        """Each piece is sent only when the peer has read the one before: it can't see them together."""
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        here, there = self.sock.getsockname(), self.sock.getpeername()
        for piece in pieces:
            self.send(piece)
            wait_for("the server to read what was sent", lambda: unread(here, there) == 0)

    def send_bytewise(self, data):
        self.send_apart(*(data[at:at + 1] for at in range(len(data))))

    def finish(self):
        """Half-closes: nothing more will be sent."""
        self.sock.shutdown(socket.SHUT_WR)

    def send_last(self, data):
        """Sends and half-closes in one segment, or its last: whoever reads the data can already see the end. For TCP."""
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        self.send(data)
        self.finish()

    def fill(self, timeout=None):
        """Reads once; False at the end of the stream."""
        if self.ended:
            return False
        self.sock.settimeout(scaled(self.patience) if timeout is None else timeout)
        try:
            data = self.sock.recv(262144)
        except ConnectionResetError:
            self.reset = True
            data = b""
        except (TimeoutError, BlockingIOError):
            raise Overdue(f"nothing received; before that: {self.buffer[-200:]!r}") from None
        if not data:
            self.ended = True
            return False
        self.buffer += data
        return True

    def need(self, size):
        while len(self.buffer) < size:
            if len(self.buffer) + 65536 < size:
                self.gather(size)
            elif not self.fill():
                raise Closed(f"the connection ended after {self.buffer[-200:]!r}; {size} bytes were expected")

    def gather(self, size):
        """As need() for large sizes, without joining the buffer again and again."""
        parts, have = [self.buffer], len(self.buffer)
        while have < size:
            self.buffer = b""
            if not self.fill():
                raise Closed(f"the connection ended after {have} of {size} bytes")
            parts.append(self.buffer)
            have += len(self.buffer)
        self.buffer = b"".join(parts)

    def read(self, size):
        self.need(size)
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def read_until(self, mark):
        while mark not in self.buffer:
            if not self.fill():
                raise Closed(f"the connection ended after {self.buffer[-400:]!r}; {mark!r} was expected")
        data, _, self.buffer = self.buffer.partition(mark)
        return data + mark

    def read_all(self):
        """Everything up to the end of the stream, which must come."""
        parts = [self.buffer]
        self.buffer = b""
        while self.fill():
            parts.append(self.buffer)
            self.buffer = b""
        return b"".join(parts)

    def expect_end(self):
        """The peer closes and sends nothing before it."""
        while self.fill():
            pass
        assert not self.buffer, f"bytes before the end of the connection: {self.buffer[:400]!r}"

    def is_open(self):
        """Nothing has come, not even an end."""
        if self.buffer or self.ended:
            return not self.ended
        self.sock.setblocking(False)
        try:
            data = self.sock.recv(65536)
        except BlockingIOError:
            return True
        except ConnectionResetError:
            data = b""
        self.ended = not data
        self.buffer += data
        return bool(data)

    def expect_quiet(self, seconds):
        """Nothing comes for that long: for what must not happen. (Not scaled: a slow server only says less.)"""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                more = self.fill(left)
            except Overdue:
                return
            assert more, "the connection ended where nothing was expected"
            raise AssertionError(f"received {self.buffer[:200]!r} where nothing was expected")


class Response:
    def __init__(self, version, status, reason, headers, raw_head):
        self.version, self.status, self.reason = version, status, reason
        self.headers = headers  # list of (name, value), as sent
        self.raw_head = raw_head
        self.body = b""

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        assert len(values) < 2, f"{name} was sent {len(values)} times: {values}"
        return values[0] if values else default

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.headers} {self.body[:200]!r}>"


def parse_head(raw):
    lines = raw.decode("latin-1").split("\r\n")
    assert lines[-2:] == ["", ""], raw
    version, _, rest = lines[0].partition(" ")
    status, _, reason = rest.partition(" ")
    assert version in ("HTTP/1.1", "HTTP/1.0"), raw[:200]
    assert len(status) == 3 and status.isdigit() and reason, raw[:200]
    headers = []
    for line in lines[1:-2]:
        name, colon, value = line.partition(":")
        assert colon and name == name.strip() and name, f"malformed field line {line!r}"
        assert "\n" not in value and "\r" not in value, line
        headers.append((name, value.strip(" \t")))
    return Response(version, int(status), reason, headers, raw)


class Http(Wire):
    """HTTP/1 on a connection. request() writes an ordinary request, send() anything else."""

    host = "localhost"

    def request(self, method="GET", target="/", headers=(), body=None, version="HTTP/1.1", host=None):
        self.send(self.text(method, target, headers, body, version, host))

    def text(self, method="GET", target="/", headers=(), body=None, version="HTTP/1.1", host=None):
        """The bytes of a request. `headers`: a dict or a list of pairs; Host is added unless it is among them."""
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
        names = {name.lower() for name, _ in pairs}
        if "host" not in names and (version == "HTTP/1.1" or host):
            pairs.insert(0, ("Host", host or self.host))
        if body is not None and not names & {"content-length", "transfer-encoding"}:
            pairs.append(("Content-Length", str(len(body))))
        lines = [f"{method} {target} {version}"] + [f"{name}: {value}" for name, value in pairs]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")

    def head(self):
        return parse_head(self.read_until(b"\r\n\r\n"))

    def response(self, to="GET"):
        """The next final response, `to` being the method it answers. Interim ones are kept in `.interim`."""
        interim = []
        answer = self.head()
        while answer.status < 200 and answer.status != 101:
            interim.append(answer)
            answer = self.head()
        answer.interim = interim
        self.read_body(answer, to)
        return answer

    def read_body(self, answer, to):
        coding = answer.get("Transfer-Encoding")
        length = answer.get("Content-Length")
        if answer.status in (101, 204, 304) or to == "HEAD":
            assert answer.status != 204 or length is None, "a 204 has no Content-Length (RFC 9110 8.6)"
            return
        if coding is not None:
            assert coding.lower() == "chunked" and length is None, answer
            assert answer.version == "HTTP/1.1", answer
            answer.body = self.read_chunks(answer)
        elif length is not None:
            answer.body = self.read(int(length))
        else:
            assert (answer.get("Connection") or "").lower() == "close" or answer.version == "HTTP/1.0", answer
            answer.body = self.read_all()

    def read_chunks(self, answer):
        body = []
        while True:
            line = self.read_until(b"\r\n")[:-2]
            size = int(line.split(b";")[0], 16)
            if size == 0:
                answer.trailer = b""
                while (line := self.read_until(b"\r\n")) != b"\r\n":
                    answer.trailer += line
                return b"".join(body)
            body.append(self.read(size))
            assert self.read(2) == b"\r\n"

    def get(self, target="/", headers=(), method="GET", body=None, version="HTTP/1.1", host=None):
        """Request and response in one call."""
        self.request(method, target, headers, body, version, host)
        return self.response(method)
