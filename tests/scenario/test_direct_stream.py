"""Direct mode with STREAM servers: ouistiti's message, one descriptor beside the client's address, as a server receives it that
has none of our code."""

import os
import signal
import socket
import threading

from direct import DirectCase, sockaddr
from harness import BINARY, TEXT, close_payload, deadline, frame, wait_for
from system_servers import incoming_bytes
from websocket_wire import CLOSE


class Message(DirectCase):
    keys = None

    def check_client(self, address, size):
        server = self.gateway('options = "direct";', f'addr = "{address}";')
        app = self.stream_server()
        client = server.websocket("/app")
        handed = app.handed()
        self.assertEqual(1, len(handed.descriptors))
        self.assertEqual(size, len(handed.sockaddr))
        self.assertEqual(sockaddr(client.sock.getsockname()), handed.sockaddr)
        self.assertEqual(client.sock.getsockname()[1], handed.sock.getpeername()[1])
        # The bytes of the websocket, both ways; nobody else takes part.
        client.send_text("hello")
        self.assertEqual(frame(TEXT, "hello"), handed.read(11))
        handed.sock.sendall(frame(TEXT, "world", mask=None))
        self.assertEqual((TEXT, b"world"), client.read_message())
        handed.close()

    def test_ipv4(self):
        self.check_client("127.0.0.1", 16)

    def test_ipv6(self):
        self.check_client("::1", 28)

    def test_ipv4_on_an_ipv6_socket(self):
        # The server sees the IPv4 address it would see from an IPv4 socket: 16 bytes.
        self.check_client("*", 16)


class Bytes(DirectCase):
    """What the client sent behind its handshake is not lost: the descriptor is then an end of a socket pair."""

    def setUp(self):
        super().setUp()
        self.app = self.stream_server()

    def open_early(self, data):
        client = self.server.websocket()
        client.start("/app", behind=data)
        handed = self.app.handed()
        client.finish_handshake()
        self.assertEqual(sockaddr(client.sock.getsockname()), handed.sockaddr)
        self.assertEqual(1, len(handed.descriptors))
        return client, handed

    def test_small(self):
        early = frame(TEXT, "early")
        client, handed = self.open_early(early)
        self.assertEqual(socket.AF_UNIX, handed.sock.family)
        self.assertEqual(early, handed.read(len(early)))
        client.send_text("later")
        self.assertEqual(frame(TEXT, "later"), handed.read(11))
        handed.sock.sendall(frame(TEXT, "answer", mask=None))
        self.assertEqual((TEXT, b"answer"), client.read_message())

    def test_half_a_frame(self):
        whole = frame(TEXT, "early")
        client, handed = self.open_early(whole[:3])
        client.send(whole[3:])
        self.assertEqual(whole, handed.read(len(whole)))

    @deadline(60)
    def test_large(self):
        data = bytes(range(256)) * 2000
        early = frame(BINARY, data)
        client, handed = self.open_early(early)
        self.assertTrue(early == handed.read(len(early)))
        # And as much the other way, to a client that reads late.
        handed.sock.settimeout(0.2)
        answer, sent = frame(BINARY, data * 8, mask=None), 0
        while sent < len(answer):
            try:
                sent += handed.sock.send(answer[sent:sent + 100_000])
            except TimeoutError:
                break  # the gateway holds a limited part of it
        self.assertGreater(sent, 0)
        self.assertTrue(answer[:sent] == client.read(sent))
        handed.sock.settimeout(20)
        sender = threading.Thread(target=handed.sock.sendall, args=(answer[sent:],))  # it may be more than what is held
        sender.start()
        self.assertTrue(answer[sent:] == client.read(len(answer) - sent))
        sender.join()

    def test_ends_pass(self):
        client, handed = self.open_early(frame(TEXT, "x"))
        handed.read(7)
        client.drop()
        self.assertEqual(b"", handed.sock.recv(1))
        client, handed = self.open_early(frame(TEXT, "y"))
        handed.sock.sendall(frame(CLOSE, close_payload(1000), mask=None))
        handed.close()
        self.assertEqual(1000, client.read_frame().code)
        client.expect_end()


class SignOfLife(DirectCase):
    """The connection that the message came on: what its end means, either way."""

    def setUp(self):
        super().setUp()
        self.app = self.stream_server()

    def open(self):
        client = self.server.websocket("/app")
        return client, self.app.handed()

    def talk(self, client, handed):
        client.send_text("hello")
        self.assertEqual(frame(TEXT, "hello"), handed.read(11))
        handed.sock.sendall(frame(TEXT, "world", mask=None))
        self.assertEqual((TEXT, b"world"), client.read_message())

    def test_nothing_is_said_on_it(self):
        client, handed = self.open()
        self.talk(client, handed)
        self.assertEqual(0, incoming_bytes(handed.connection))

    def test_an_end_right_after_the_message(self):
        # ouistiti's own helper closes it at once: the client is the server's for good.
        client, handed = self.open()
        handed.connection.close()
        wait_for("the gateway to count it out", lambda: self.open_clients() == 0)
        self.talk(client, handed)
        self.server.send_signal(signal.SIGTERM)
        self.server.wait()
        self.talk(client, handed)

    def open_clients(self):
        with self.server.http() as http:
            return int(next(line for line in http.get("/status").body.decode().splitlines()
                            if line.startswith("marmoset_websockets ")).split()[1])

    def serve_direct(self, keys="", **defaults):
        return self.gateway(f"{self.keys} {keys}", section="status = {};", **defaults)

    def test_an_end_with_the_client(self):
        client, handed = self.open()
        self.assertEqual(1, self.open_clients())
        handed.close()
        client.expect_end()
        wait_for("the gateway to count it out", lambda: self.open_clients() == 0)

    def test_the_client_going_says_nothing_on_it(self):
        client, handed = self.open()
        client.drop()
        self.assertEqual(b"", handed.sock.recv(1))
        self.assertEqual(0, incoming_bytes(handed.connection))
        self.assertEqual(1, self.open_clients())
        handed.close()
        wait_for("the gateway to count it out", lambda: self.open_clients() == 0)

    def test_a_reload(self):
        # The old worker, which has the connection, stays as long as the client is there.
        client, handed = self.open()
        old, = self.server.workers()
        self.server.send_signal(signal.SIGHUP)
        wait_for("a new worker", lambda: len(self.server.workers()) == 2)
        other = self.server.websocket("/app")
        self.app.handed().close()
        other.expect_end()
        self.talk(client, handed)
        self.assertEqual(0, incoming_bytes(handed.connection))
        handed.close()
        client.expect_end()
        wait_for("the old worker to end", lambda: old not in self.server.workers())

    def test_a_reload_has_an_end(self):
        self.server = self.serve_direct(drain_timeout="1")
        client, handed = self.open()
        self.server.send_signal(signal.SIGHUP)
        self.assertEqual(b"", handed.connection.recv(1))
        self.talk(client, handed)
        wait_for("the old worker to end", lambda: len(self.server.workers()) == 1)
        self.talk(client, handed)

    def test_the_gateway_ends_it_when_it_stops(self):
        client, handed = self.open()
        self.talk(client, handed)
        self.server.send_signal(signal.SIGTERM)
        self.assertEqual(b"", handed.connection.recv(1))
        # The client is the server's to say goodbye to.
        handed.sock.sendall(frame(CLOSE, close_payload(1001), mask=None))
        handed.close()
        client.expect_close(1001)
        self.assertEqual(0, self.server.wait())


class Refusals(DirectCase):
    def test_nobody_listens(self):
        app = self.stream_server()
        app.sock.close()
        client = self.server.websocket()
        client.start("/app")
        self.assertEqual(503, client.response().status)

    def test_a_server_that_goes_with_the_connection_in_its_backlog(self):
        app = self.stream_server()
        client = self.server.websocket("/app")
        app.sock.close()
        client.expect_end()
        os.unlink(app.path)
        client = self.server.websocket()
        client.start("/app")
        self.assertEqual(404, client.response().status)

    def test_a_server_that_closes_without_taking_the_message(self):
        app = self.stream_server()
        client = self.server.websocket("/app")
        app.accept_socket().close()
        client.expect_end()

    def test_a_client_that_goes_before_its_101(self):
        app = self.stream_server()
        lost = self.server.websocket()
        lost.start("/app")
        lost.abort()
        client = self.server.websocket("/app")
        handed = app.handed()
        while handed.sockaddr != sockaddr(client.sock.getsockname()):  # the gateway may not have heard of its end yet
            handed.close()
            handed = app.handed()
        client.send_text("hello")
        self.assertEqual(frame(TEXT, "hello"), handed.read(11))

    def test_no_compression_is_agreed_to(self):
        # Who reads the frames was not asked whether it can inflate them.
        server = self.serve_direct("compression = true;")
        self.stream_server()
        client = server.websocket("/app", headers={"Sec-WebSocket-Extensions": "permessage-deflate"})
        self.assertIsNone(client.answer.get("Sec-WebSocket-Extensions"))

    def test_a_subprotocol_that_names_the_server(self):
        app = self.stream_server()
        client = self.server.websocket("/other", headers={"Sec-WebSocket-Protocol": "chat, app"})
        self.assertEqual("app", client.answer.get("Sec-WebSocket-Protocol"))
        self.assertEqual(1, len(app.handed().descriptors))
