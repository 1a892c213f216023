"""https and wss beyond the handshake: large and many answers, how bytes lie in records, how connections end, websockets through
the relay and in direct mode."""

import asyncio
import os
import socket
import ssl
import struct
import threading

import websockets

from harness import BINARY, TEXT, WebSocket, frame
from tls_servers import for_each_library, narrow_socket

RECORD = 16384
APPLICATION_DATA = 23


class Records:
    """TLS 1.2 by hand over Python's memory buffers: the records of the server can be looked at."""

    def __init__(self, case, server, narrow=False):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = case.context(version=ssl.TLSVersion.TLSv1_2)
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.sock = narrow_socket(server) if narrow else server.socket()
        self.raw = b""
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.send_records()
                self.receive()
        self.send_records()
        self.raw = b""

    def send_records(self):
        if self.outgoing.pending:
            self.sock.sendall(self.outgoing.read())

    def send(self, data):
        self.tls.write(data)
        self.send_records()

    def receive(self):
        data = self.sock.recv(65536)
        self.raw += data
        self.incoming.write(data) if data else self.incoming.write_eof()

    def read(self, size):
        data = b""
        while len(data) < size:
            try:
                data += self.tls.read(size - len(data))
            except ssl.SSLWantReadError:
                self.receive()
        return data

    def payload_sizes(self):
        """Of the records of application data so far: 8 bytes of nonce and 16 of tag are not payload."""
        sizes, at = [], 0
        while at + 5 <= len(self.raw):
            kind, _, size = struct.unpack(">BHH", self.raw[at:at + 5])
            if kind == APPLICATION_DATA:
                sizes.append(size - 24)
            at += 5 + size
        return sizes


@for_each_library
class Documents:
    def test_pipelined_requests(self):
        server = self.secure()
        client = self.connect(server)
        client.send(client.text(target="/") * 200)
        for _ in range(200):
            self.assertEqual(b"page", client.response().body)

    def test_sizes_around_a_record(self):
        server = self.secure()
        client = self.connect(server)
        for size in (0, 1, RECORD - 300, RECORD - 1, RECORD, RECORD + 1, 3 * RECORD, 65536, 300000):
            data = os.urandom(size)
            self.document(f"file{size}", data)
            self.assertEqual(data, client.get(f"/file{size}").body)

    def test_large_files(self):
        data = os.urandom(9 << 20)
        self.document("large", data)
        server = self.secure()
        clients = [self.connect(server) for _ in range(3)]
        for client in clients:
            client.request(target="/large")
        for client in reversed(clients):  # the others wait: their sockets are full
            self.assertEqual(data, client.response().body)
        client.request(target="/large", headers={"Range": "bytes=5000000-5999999"})
        self.assertEqual(data[5000000:6000000], client.response().body)

    def test_a_slow_reader_gets_it_whole(self):
        data = os.urandom(2 << 20)
        self.document("large", data)
        server = self.secure()
        client = Records(self, server, narrow=True)
        client.send(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while True:
            try:
                piece = client.tls.read(1000)
            except ssl.SSLWantReadError:
                data_in = client.sock.recv(3000)
                client.incoming.write(data_in) if data_in else client.incoming.write_eof()
                continue
            if not piece:
                break
            answer += piece
        self.assertTrue(answer.endswith(data))
        client.sock.close()

    def test_others_are_served_during_a_download(self):
        self.document("large", os.urandom(16 << 20))
        server = self.secure()
        loader = self.connect(server)
        loader.get("/large")
        enough, loaded = threading.Event(), []

        def load():
            while not enough.is_set():
                loaded.append(len(loader.get("/large").body))
        thread = threading.Thread(target=load)
        client = self.connect(server)
        thread.start()
        for _ in range(60):
            self.assertEqual(b"page", client.get("/").body)
        enough.set()
        thread.join()
        # Who had to wait for the end of a download would have been served once in each.
        self.assertLess(len(loaded), 30)
        self.assertEqual({16 << 20}, set(loaded))

    def test_records_are_full(self):
        size = 4 << 20
        self.document("large", os.urandom(size))
        server = self.secure()
        client = Records(self, server)
        client.send(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.read(1)
        client.read(size)
        sizes = client.payload_sizes()
        self.assertLessEqual(len(sizes), size // RECORD + 3, sizes)
        client.sock.close()

    def test_small_answers_share_a_record(self):
        server = self.secure()
        client = Records(self, server)
        client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
        answers = b""
        while answers.count(b"\r\n\r\npage") < 20:
            answers += client.read(1)
        self.assertLessEqual(len(client.payload_sizes()), 2)
        client.sock.close()


@for_each_library
class Ends:
    def test_the_server_says_that_it_is_the_end(self):
        """Without close_notify Python would raise: a cut could not be told from an end."""
        server = self.secure()
        client = self.connect(server)
        self.assertEqual(b"page", client.get("/", headers={"Connection": "close"}).body)
        self.assertEqual(b"", client.sock.recv(1))

    def test_a_client_that_ends_its_side_gets_its_answers(self):
        server = self.secure()
        client = Records(self, server)
        client.tls.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
        try:
            client.tls.unwrap()  # close_notify behind the requests
        except ssl.SSLWantReadError:
            pass
        client.send_records()
        client.sock.shutdown(socket.SHUT_WR)
        while True:
            before = len(client.raw)
            client.receive()
            if len(client.raw) == before:
                break
        # Python reads no more behind its own close_notify: the records are counted.
        self.assertGreater(sum(client.payload_sizes()), 3 * len(b"HTTP/1.1 200 OK\r\n\r\npage"))
        client.sock.close()

    def test_an_end_without_close_notify(self):
        server = self.secure()
        client = Records(self, server)
        client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        client.sock.shutdown(socket.SHUT_WR)
        self.assertTrue(client.read(12).startswith(b"HTTP/1.1 200"))
        client.sock.close()

    def test_cut_off_within_a_request_and_within_a_record(self):
        server = self.secure()
        for cut in (b"POST /post HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc", b"GET / HT"):
            client = Records(self, server)
            client.send(cut)
            client.sock.shutdown(socket.SHUT_WR)
            while client.sock.recv(65536):
                pass
            client.sock.close()
        client = Records(self, server)
        client.tls.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        client.sock.sendall(client.outgoing.read()[:-5])
        client.sock.shutdown(socket.SHUT_WR)
        self.assertEqual([], [kind for kind in [client.sock.recv(65536)[:1]] if kind == b"\x17"])
        client.sock.close()
        self.assertEqual(200, self.connect(server).get("/").status)

    def test_a_record_that_was_changed(self):
        server = self.secure()
        client = Records(self, server)
        client.tls.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        record = bytearray(client.outgoing.read())
        record[-1] ^= 1
        client.sock.sendall(record)
        answer = b""
        try:
            while piece := client.sock.recv(65536):
                answer += piece
        except ConnectionError:
            pass
        self.assertNotIn(b"\x17", answer[:1])
        client.sock.close()
        self.assertEqual(200, self.connect(server).get("/").status)

    def test_stopping_tells_the_clients(self):
        self.echo()
        server = self.secure()
        idle = self.connect(server)
        self.assertEqual(200, idle.get("/").status)
        client = self.websocket(server)
        server.send_signal(15)
        client.expect_close(1001)
        self.assertEqual(b"", idle.sock.recv(1))


class Messages:
    """The same with the relay and in direct mode."""

    def test_echo_of_all_sizes(self):
        self.echo()
        server = self.wss()
        client = self.websocket(server)
        client.echo("hello")
        for size in (0, 1, 125, 126, 65535, 65536, RECORD - 4, RECORD, 1 << 20, 5 << 20):
            client.echo(os.urandom(size))
        client.close()

    def test_many_messages_in_few_records(self):
        self.echo()
        server = self.wss()
        client = self.websocket(server)
        client.send(b"".join(frame(TEXT, f"{number:05d}") for number in range(5000)))
        for number in range(5000):
            self.assertEqual((TEXT, f"{number:05d}".encode()), client.read_message())
        client.close()

    def test_behind_the_handshake_in_one_record(self):
        self.echo()
        server = self.wss()
        client = self.connect(server, WebSocket)
        client.open("/echo", headers={"Origin": f"https://{client.host}"}, behind=frame(TEXT, "early"))
        self.assertEqual((TEXT, b"early"), client.read_message())
        client.close()

    def test_pythons_client(self):
        self.echo()
        server = self.wss()

        async def talk():
            url = f"wss://localhost:{server.port}/echo"
            # The address is the server's own: another test's may have the same port of ::1, which is localhost, too.
            async with websockets.connect(url, host="127.0.0.1", server_hostname="localhost", ssl=self.context(), max_size=None,
                                          origin=url.replace("wss", "https")[:-5]) as client:
                for message in ("hello", b"\0\1", "ä" * 100000, os.urandom(2 << 20), ""):
                    await client.send(message)
                    self.assertEqual(message, await client.recv())
            return client.close_code
        self.assertEqual(1000, asyncio.run(talk()))

    def test_origins(self):
        self.echo()
        server = self.wss()
        for origin, status in ((f"https://localhost:{server.port}", 101), (f"http://localhost:{server.port}", 403),
                               ("https://localhost", 403), ("https://elsewhere.example", 403)):
            client = self.connect(server, WebSocket)
            client.start("/echo", headers={"Origin": origin})
            answer = client.head()
            self.assertEqual(status, answer.status, origin)

    def test_who_does_not_read_does_not_stop_others(self):
        self.echo()
        server = self.wss()
        deaf, other = self.websocket(server), self.websocket(server)
        deaf.sock.settimeout(0.2)
        try:
            while True:
                deaf.send(frame(BINARY, b"x" * 65536))
        except (TimeoutError, ssl.SSLWantWriteError):
            pass
        other.echo(os.urandom(1 << 20))


@for_each_library
class Relay(Messages):
    def wss(self):
        return self.secure()


@for_each_library
class Direct(Messages):
    """The descriptor that is handed over is an end of a socket pair: TLS stays in the gateway."""

    def wss(self):
        return self.serve_text(self.text().replace(f'docroot = "{self.sockets}";', f'docroot = "{self.sockets}"; options = "direct";'))
