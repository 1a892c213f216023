"""Direct mode over the link: HANDOVER behind ACCEPT, to a scripted server that sees each record and descriptor, and to
websocket_echo, whose library then runs the websocket itself."""

import array
import json
import os
import resource
import signal
import socket

from direct import DirectCase
from harness import (ACCEPT, BINARY, CLOSE, CREDIT, END, HANDOVER, HELLO, MAX_PACKET, MESSAGE, OPEN, PING, TEXT, Overdue, Record, close_payload,
                     deadline, descriptors, frame, scaled, wait_for)
from system_servers import decode_packet
from test_compression import OFFER, TAIL, Deflate, sample


class Scripted(DirectCase):
    """The gateway's side, byte by byte."""

    def setUp(self):
        super().setUp()
        self.app = self.link_server()

    def start(self, behind=b"", link=None, **handshake):
        client = self.server.websocket()
        client.start("/app", behind=behind, **handshake)
        link = link or self.app.greet()
        opened = link.expect(OPEN, skip=(CREDIT, END))
        return client, link, opened

    def handover(self, link):
        """The next packet, which must be one HANDOVER: (its client, its payload, the client's socket)."""
        assert not link.pending, link.pending
        link.sock.settimeout(scaled(20))
        packet, ancillary, flags, _ = link.sock.recvmsg(MAX_PACKET + 1, socket.CMSG_SPACE(64), socket.MSG_CMSG_CLOEXEC)
        self.assertEqual(0, flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC))
        record, = decode_packet(packet)
        self.assertEqual((HANDOVER, 0, 0), (record.type, record.flags, record.code), record)
        (level, kind, data), = ancillary
        self.assertEqual((socket.SOL_SOCKET, socket.SCM_RIGHTS), (level, kind))
        found = array.array("i", data)
        self.assertEqual(1, len(found))
        sock = socket.socket(fileno=found[0])
        sock.settimeout(scaled(20))
        self.addCleanup(sock.close)
        return record.client, record.payload, sock

    def test_open_says_so(self):
        _, _, opened = self.start()
        self.assertIs(True, opened.json["direct"])
        self.assertFalse(opened.json.get("extensions"))

    def test_the_descriptor_comes_behind_the_101(self):
        client, link, opened = self.start()
        link.accept(opened.client)
        client.finish_handshake()
        number, early, sock = self.handover(link)
        self.assertEqual((opened.client, b""), (number, early))
        self.assertEqual(client.sock.getsockname(), sock.getpeername())
        self.assertTrue(os.get_blocking(sock.fileno()) or True)
        client.send_text("hello")
        self.assertEqual(frame(TEXT, "hello"), sock.recv(100))
        sock.sendall(frame(TEXT, "world", mask=None))
        self.assertEqual((TEXT, b"world"), client.read_message())

    def test_a_subprotocol(self):
        client, link, opened = self.start(headers={"Sec-WebSocket-Protocol": "a, b"})
        link.accept(opened.client, "b")
        self.assertEqual("b", client.finish_handshake().answer.get("Sec-WebSocket-Protocol"))
        self.handover(link)

    def test_early_bytes(self):
        for size in (5, 5000, 50_000):
            early = frame(BINARY, bytes(size))
            client, link, opened = self.start(early)
            link.accept(opened.client)
            client.finish_handshake()
            _, payload, sock = self.handover(link)
            self.assertGreater(len(payload), 0)
            while len(payload) < len(early):
                payload += sock.recv(100_000)
            self.assertTrue(early == payload)
            sock.sendall(frame(TEXT, "all", mask=None))
            self.assertEqual((TEXT, b"all"), client.read_message())
            self.app.close()
            link.drop()
            self.app = self.link_server()

    def test_reject(self):
        client, link, opened = self.start()
        link.reject(opened.client, 403, "not today")
        self.assertEqual(403, client.response().status)
        link.expect(END, opened.client)

    def test_a_client_that_goes_before_accept(self):
        client, link, opened = self.start()
        client.abort()
        self.assertEqual(1006, link.expect(END, opened.client).code)
        link.end(opened.client)
        client, _, opened = self.start(link=link)
        link.accept(opened.client)
        self.handover(link)

    def test_accept_and_a_client_that_goes(self):
        # Either the server gets a connection that has ended, or is told.
        client, link, opened = self.start()
        client.abort()
        link.accept(opened.client)
        packet, ancillary, _, _ = link.sock.recvmsg(MAX_PACKET + 1, socket.CMSG_SPACE(64))
        record = decode_packet(packet)[0]
        self.assertIn(record.type, (HANDOVER, END))
        if record.type == END:
            self.assertEqual(1006, record.code)
            self.assertFalse(ancillary)
        else:
            os.close(array.array("i", ancillary[0][2])[0])

    def test_accept_and_close_in_one_packet(self):
        client, link, opened = self.start()
        link.send(Record(ACCEPT, opened.client), Record(END, opened.client, code=1000))
        link.expect(END, opened.client)
        client.read_all()  # the client is let go, with its 101 or without
        client, _, opened = self.start(link=link)
        link.accept(opened.client)
        self.handover(link)

    def test_a_link_that_ends_behind_accept(self):
        client, link, opened = self.start()
        link.accept(opened.client)
        link.drop()
        client.read_all()
        client, link, opened = self.start()
        link.accept(opened.client)
        client.finish_handshake()
        self.handover(link)

    def test_records_about_messages_end_the_link(self):
        for record in (Record(MESSAGE, 1, b"x", flags=6), Record(CREDIT, 1, b"\0\0\1\0")):
            client, link, opened = self.start()
            link.accept(opened.client)
            client.finish_handshake()
            _, _, sock = self.handover(link)
            record.client = opened.client
            link.send(record)
            link.expect_end()
            # The client is the server's.
            sock.sendall(frame(TEXT, "still", mask=None))
            self.assertEqual((TEXT, b"still"), client.read_message())

    def test_an_id_is_free_when_both_have_closed(self):
        client, link, opened = self.start()
        link.accept(opened.client)
        client.finish_handshake()
        _, _, sock = self.handover(link)
        sock.close()
        client.expect_end()
        link.end(opened.client, 1006)
        link.expect(END, opened.client)
        _, _, again = self.start(link=link)
        self.assertEqual(opened.client, again.client)

    def test_the_gateway_stops(self):
        client, link, opened = self.start()
        link.accept(opened.client)
        client.finish_handshake()
        _, _, sock = self.handover(link)
        self.server.send_signal(signal.SIGTERM)
        self.assertEqual(1001, link.expect(END, opened.client).code)
        sock.sendall(frame(CLOSE, close_payload(1001), mask=None))
        sock.close()
        client.expect_close(1001)

    def test_an_unasked_descriptor_is_no_harm(self):
        client, link, opened = self.start()
        with open("/dev/null", "rb") as null:
            link.send_packet(Record(ACCEPT, opened.client).encode(), [null.fileno()])
        link.expect_end()
        self.assertIn(client.response().status, (500, 503))


class Library(DirectCase):
    """The server's side: websocket_echo, whose libwebsocket takes the clients."""

    def setUp(self):
        super().setUp()
        self.one = self.echo()

    def test_conversation(self):
        client = self.server.websocket("/echo")
        self.converse(client)
        for data in ("x" * 1_000_000, b"\xff" * 1_000_000):
            client.echo(data)
        client.close(4000, "bye")

    def test_without_the_gateway(self):
        # Its part is done: what it does later is nothing to the client.
        client = self.server.websocket("/echo")
        client.echo("hello")
        worker, = self.server.workers()
        os.kill(worker, signal.SIGSTOP)
        try:
            client.echo("while it stands still")
        finally:
            os.kill(worker, signal.SIGCONT)

    def test_early_frames(self):
        for early, expected in ((frame(TEXT, "early"), (TEXT, b"early")), (frame(BINARY, bytes(300_000)), (BINARY, bytes(300_000)))):
            client = self.server.websocket()
            client.start("/echo", behind=early)
            client.finish_handshake()
            self.assertEqual(expected, client.read_message())
            client.echo("later")
            client.close()

    def test_violations(self):
        for code, data in ((1002, frame(TEXT, "x", mask=None)), (1007, frame(TEXT, b"\xff")), (1002, frame(CLOSE, b"\x03"))):
            client = self.server.websocket("/echo")
            client.send(data)
            client.expect_fail(code)

    def test_a_message_that_is_too_big(self):
        self.echo("--max-message=1000", name="small")
        client = self.server.websocket("/small")
        client.echo("x" * 1000)
        client.send_text("x" * 1001)
        client.expect_fail(1009)

    def test_the_test_mode_closes(self):
        self.echo("-t", name="test")
        client = self.server.websocket("/test")
        client.echo("hello")
        client.expect_close(1000)

    def test_many_clients(self):
        clients = [self.server.websocket("/echo") for _ in range(100)]
        for number, client in enumerate(clients):
            client.send_text(f"client {number}")
        for number, client in enumerate(clients):
            self.assertEqual((TEXT, f"client {number}".encode()), client.read_message())
        for client in clients[::2]:
            client.close()
        for client in clients[1::2]:
            client.drop()
        wait_for("the server to close them", lambda: descriptors(self.one.pid) < 20)

    @deadline(60)
    def test_a_client_that_does_not_read(self):
        # It stops itself and nobody else; the server does not grow.
        from harness import memory
        before = memory(self.one.pid)
        slow = self.server.websocket("/echo")
        slow.sock.setblocking(False)
        data, sent = frame(BINARY, bytes(60_000)) * 400, 0
        other = self.server.websocket("/echo")
        while sent < len(data):
            try:
                sent += slow.sock.send(data[sent:sent + 1_000_000])
            except BlockingIOError:
                break
            other.echo("goes on")
        other.echo("still goes on")
        self.assertLess(memory(self.one.pid) - before, 16_000_000)

    def test_the_gateway_stops(self):
        clients = [self.server.websocket("/echo") for _ in range(3)]
        for client in clients:
            client.echo("hello")
        self.server.send_signal(signal.SIGTERM)
        for client in clients:
            client.expect_close(1001)
        self.assertEqual(0, self.server.wait())

    def test_a_reload(self):
        # The old worker stays as long as those it handed over, at most for drain_timeout; then they are asked to go.
        self.server = self.serve_direct(drain_timeout="5")
        old, = self.server.workers()
        clients = [self.server.websocket("/echo") for _ in range(2)]
        self.server.send_signal(signal.SIGHUP)
        wait_for("a new worker", lambda: len(self.server.workers()) == 2 and self.server.workers() or None)
        for client in clients:
            client.echo("hello")
        self.server.websocket("/echo").echo("the new one's")
        clients[0].close()
        clients[1].patience = 25  # drain_timeout, and a random moment of the seconds behind it
        clients[1].expect_close(1001)
        wait_for("the old worker to end", lambda: old not in self.server.workers())

    def test_the_server_stops(self):
        client = self.server.websocket("/echo")
        client.echo("hello")
        self.one.send_signal(signal.SIGTERM)
        client.expect_close(1001)
        self.assertEqual(0, self.one.wait())

    def test_the_server_is_killed(self):
        client = self.server.websocket("/echo")
        client.echo("hello")
        self.one.send_signal(signal.SIGKILL)
        client.expect_lost()
        client = self.server.websocket()
        client.start("/echo")
        self.assertEqual(503, client.response().status)

    def test_out_of_descriptors(self):
        # MSG_CTRUNC: the client is lost, the server says 1013 and goes on.
        most = resource.prlimit(self.one.pid, resource.RLIMIT_NOFILE)[1]
        self.server.websocket("/echo").echo("the link is there")
        used = {int(name) for name in os.listdir(f"/proc/{self.one.pid}/fd")}
        # None is free below: not that of a client of the start either, which may have gone before the link came.
        free = min(set(range(len(used) + 1)) - used)
        resource.prlimit(self.one.pid, resource.RLIMIT_NOFILE, (free, most))
        client = self.server.websocket("/echo")
        client.expect_lost()
        self.one.wait_log("too many open descriptors")
        resource.prlimit(self.one.pid, resource.RLIMIT_NOFILE, (most, most))
        self.server.websocket("/echo").echo("there is room again")


class Compression(DirectCase):
    keys = 'options = "direct"; compression = true;'

    def test_open_tells_what_was_agreed(self):
        app = self.link_server()
        client = self.server.websocket()
        client.start("/app", headers=dict([OFFER]))
        link = app.greet()
        opened = link.expect(OPEN)
        link.accept(opened.client)
        client.finish_handshake()
        self.assertTrue(opened.json["extensions"])
        self.assertEqual(client.answer.get("Sec-WebSocket-Extensions"), opened.json["extensions"])

    @deadline(60)
    def test_echo(self):
        self.echo()
        for takeover in ("none", "server", "client", "both"):
            self.server = self.serve_direct(f'context_takeover = "{takeover}";')
            for bits in ("", "; server_max_window_bits=9", "; client_max_window_bits=9"):
                with self.subTest(f"{takeover} {bits}"):
                    client = self.server.websocket("/echo", headers={OFFER[0]: "permessage-deflate" + bits})
                    answer = client.answer.get(OFFER[0])
                    self.assertTrue(answer)
                    self.assertEqual(takeover in ("server", "both"), "server_no_context_takeover" not in answer)
                    end = Deflate(client, 9 if "client_max" in answer else 15)
                    for size in (3000, 10, 100_000):
                        end.forget("client_no_context_takeover" in answer, "server_no_context_takeover" in answer)
                        end.send(TEXT, sample(size))
                        self.assertEqual((TEXT, sample(size), size > 1000), end.read())

    def test_a_conversation_with_takeover(self):
        self.echo()
        self.server = self.serve_direct('context_takeover = "both";')
        client = self.server.websocket("/echo", headers=dict([OFFER]))
        end = Deflate(client)
        for size in (3000, 2000, 100_000, 700):
            end.send(TEXT, sample(size))
            self.assertEqual((TEXT, sample(size), True), end.read())
        client.send_text("as it is")
        self.assertEqual((TEXT, b"as it is"), end.read()[:2])
        client.close()

    def test_nothing_agreed(self):
        self.echo()
        client = self.server.websocket("/echo")
        self.converse(client)
        client.send_frame(TEXT, Deflate(client).compressed(b"hello"), rsv=4)
        client.expect_fail(1002)

    def test_malformed(self):
        self.echo()
        client = self.server.websocket("/echo", headers=dict([OFFER]))
        client.send_frame(TEXT, b"\xff\xff\xff\xff", rsv=4)
        client.expect_fail(1007)
