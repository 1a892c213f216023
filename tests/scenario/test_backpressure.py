"""Peers that do not read: what is kept for them is bounded, in the gateway and in the system server, and the others go on as
before. Rates are compared within one run, with a factor that leaves room for a busy machine."""

import select
import time

from harness import BINARY, CREDIT, OPEN, SLOW, TEXT, Case, Overdue, cpu_seconds, deadline, frame, memory, scaled

MEBIBYTE = 1 << 20


def push(sock, data, limit=256 * MEBIBYTE, pause=0.3):
    """Writes `data` again and again until nothing more is taken for `pause` seconds; returns the bytes taken."""
    sock.setblocking(False)
    total, view = 0, memoryview(data)
    at = 0
    while total < limit:
        if not select.select([], [sock], [], scaled(pause))[1]:
            return total
        try:
            size = sock.send(view[at:at + 262144])
        except BlockingIOError:
            continue
        total += size
        at = (at + size) % len(data)
    return total


def echoes(client):
    """Echoes a second that one client gets: the best of many spans so short that some fall between what others do on this
    machine."""
    best = 0
    for _ in range(200):
        began = time.monotonic()
        for _ in range(20):
            client.echo("x" * 100)
        best = max(best, 20 / (time.monotonic() - began))
    return best


class Backpressure(Case):
    def check_rate(self, before, client):
        """The client's rate is what it was. Measured again when it is not: a burst of other work on this machine passes, a gateway
        that is held up by the stalled peer stays so."""
        after = 0
        for _ in range(12):
            after = max(after, echoes(client))
            if after > before / 4:
                return
        self.fail(f"{after:.0f} echoes a second instead of {before:.0f}")

    def check_idle(self, *pids):
        """Whoever waits for a stalled peer sleeps: it does not look again and again."""
        before = {pid: cpu_seconds(pid) for pid in pids}
        began = time.monotonic()
        while (left := began + 0.5 - time.monotonic()) > 0:
            select.select([], [], [], left)
        for pid in pids:
            self.assertLess(cpu_seconds(pid) - before[pid], 0.25, "spins")


class ClientThatNeverReads(Backpressure):
    stream = False

    def setUp(self):
        super().setUp()
        self.server = self.gateway()
        self.app = self.echo(stream=self.stream)

    @deadline(60)
    def test_one_is_bounded_everywhere(self):
        other = self.server.websocket("/echo")
        rate = echoes(other)
        before = self.server.memory(), memory(self.app.pid)
        bad = self.server.websocket("/echo")
        taken = push(bad.sock, frame(BINARY, b"x" * 60_000))
        self.assertLess(taken, 64 * MEBIBYTE, "an echo that nobody reads is accepted without end")
        self.assertLess(self.server.memory() - before[0], 16 * MEBIBYTE * SLOW)
        self.assertLess(memory(self.app.pid) - before[1], 16 * MEBIBYTE * SLOW)
        self.check_idle(*self.server.workers(), self.app.pid)
        self.check_rate(rate, other)

    @deadline(90)
    def test_twenty_are_bounded_everywhere(self):
        other = self.server.websocket("/echo")
        rate = echoes(other)
        before = self.server.memory(), memory(self.app.pid)
        bad = [self.server.websocket("/echo") for _ in range(20)]
        for client in bad:
            push(client.sock, frame(BINARY, b"x" * 10_000), pause=0.1)
        # A window and a queue each, and what the sockets hold.
        self.assertLess(self.server.memory() - before[0], 20 * 3 * MEBIBYTE * SLOW)
        self.assertLess(memory(self.app.pid) - before[1], 20 * 3 * MEBIBYTE * SLOW)
        self.check_rate(rate, other)

    @deadline(60)
    def test_goes_on_when_it_reads_again(self):
        client = self.server.websocket("/echo")
        payload = b"y" * 60_000
        text = frame(BINARY, payload)
        taken = push(client.sock, text)
        whole, rest = divmod(taken, len(text))
        received = 0
        client.sock.settimeout(scaled(10))
        expected = whole * len(payload)
        while received < expected:
            received += len(client.read_message()[1])
        if rest:
            client.send(text[rest:])
            expected += len(payload)
            while received < expected:
                received += len(client.read_message()[1])
        self.assertEqual(expected, received)
        client.close()

    def test_pings_without_end(self):
        bad = self.server.websocket("/echo")
        before = self.server.memory()
        taken = push(bad.sock, frame(9, b"x" * 125) * 100, limit=64 * MEBIBYTE)
        self.assertLess(self.server.memory() - before, 16 * MEBIBYTE * SLOW, f"{taken} bytes of pings")
        self.server.websocket("/echo").echo("fine")


class ClientThatNeverReadsOverStream(ClientThatNeverReads):
    stream = True


class ClientThatNeverReadsOverRecords(ClientThatNeverReads):
    def setUp(self):
        Backpressure.setUp(self)
        self.server = self.gateway('framing = "records";')
        self.app = self.echo(framing="records")


class SmallQueue(Backpressure):
    """A slow client is waited for, however small `queue` is: 1013 is for what nobody can hold back (published messages)."""

    def start(self, framing=None):
        self.server = self.gateway(f'queue = "16K"; framing = "{framing or "bytes"}"; type = "binary";')
        self.app = self.echo(framing=framing)

    def test_link(self):
        self.start()
        ClientThatNeverReads.test_goes_on_when_it_reads_again(self)

    def test_bytes(self):
        self.start("bytes")
        ClientThatNeverReads.test_goes_on_when_it_reads_again(self)

    def test_records(self):
        self.start("records")
        ClientThatNeverReads.test_goes_on_when_it_reads_again(self)


class ClientThatIsSentToAndNeverReads(Backpressure):
    def setUp(self):
        super().setUp()
        self.server = self.gateway()
        self.app = self.link_server()

    @deadline(60)
    def test_is_held_by_credit(self):
        self.echo()
        other = self.server.websocket("/echo")
        rate = echoes(other)
        client = self.server.websocket()
        link, opened = self.app.admit(client)
        before = self.server.memory()
        credit, total = link.peer["window"], 0
        payload = b"x" * 50_000
        while True:
            if credit < len(payload) + 12:
                try:
                    record = link.next(scaled(0.5))
                except Overdue:
                    break
                self.assertEqual(CREDIT, record.type)
                credit += int.from_bytes(record.payload, "little")
                continue
            link.say(opened.client, payload)
            credit -= len(payload) + 12
            total += len(payload)
            self.assertLess(total, 64 * MEBIBYTE)
        self.assertLess(self.server.memory() - before, 16 * MEBIBYTE * SLOW)
        self.check_rate(rate, other)


class SystemServerThatStopsReading(Backpressure):
    def setUp(self):
        super().setUp()
        self.server = self.gateway()
        self.echo()

    def check_stalled(self, clients, limit):
        other = self.server.websocket("/echo")
        rate = echoes(other)
        before = self.server.memory()
        for client in clients:
            push(client.sock, frame(BINARY, b"x" * 30_000), pause=0.1)
        self.assertLess(self.server.memory() - before, limit * SLOW)
        self.check_idle(*self.server.workers())
        self.check_rate(rate, other)
        # They may still leave.
        clients[0].abort()
        self.check_rate(rate, other)

    @deadline(60)
    def test_over_the_link(self):
        app = self.link_server()
        clients, link = [], None
        for _ in range(10):
            client = self.server.websocket()
            link, _ = app.admit(client, link)
            clients.append(client)
        self.check_stalled(clients, 32 * MEBIBYTE)

    @deadline(60)
    def test_over_the_link_with_endless_credit(self):
        # A server that grants everything and reads nothing: the full link itself must hold its clients.
        app = self.link_server()
        clients, link = [], None
        for _ in range(10):
            client = self.server.websocket()
            client.start("/app")
            link = link or app.greet(window=0x7FFFFFFF)
            link.accept(link.expect(OPEN).client)
            clients.append(client.finish_handshake())
        self.check_stalled(clients, 48 * MEBIBYTE)

    @deadline(60)
    def test_over_streams(self):
        app = self.stream_server()
        clients = [self.server.websocket("/app") for _ in range(10)]
        peers = [app.accept() for _ in clients]
        self.check_stalled(clients, 32 * MEBIBYTE)
        self.assertEqual(10, len(peers))

    @deadline(60)
    def test_goes_on_when_it_reads_again(self):
        app = self.link_server()
        client = self.server.websocket()
        client.start("/app")
        link = app.greet(window=0x7FFFFFFF)
        number = link.expect(OPEN).client
        link.accept(number)
        client.finish_handshake()
        text = frame(BINARY, b"x" * 30_000)
        taken = push(client.sock, text)
        count = 0
        while count < taken // len(text):
            self.assertEqual(30_000, len(link.message(number)[1]))
            count += 1

    @deadline(60)
    def test_records_pile_up_for_nobody(self):
        # Handshakes toward a server that reads nothing are refused in time, they are not collected.
        server = self.gateway("handshake_timeout = 3;")
        app = self.link_server()
        first = server.websocket()
        link, _ = app.admit(first)
        before = server.memory()
        for _ in range(3):
            waiting = [server.websocket() for _ in range(100)]
            for client in waiting:
                client.start("/app?" + "x" * 5000)
            for client in waiting:
                self.assertIn(client.response().status, (503, 504))
                client.drop()
        self.assertLess(server.memory() - before, 16 * MEBIBYTE * SLOW)
        self.assertTrue(link)


class HttpClientThatNeverReads(Backpressure):
    @deadline(60)
    def test_pipelined_requests(self):
        self.document("index.html", "page" * 5000)
        server = self.gateway()
        before = server.memory()
        bad = server.http()
        push(bad.sock, bad.text("GET", "/") * 1000, limit=64 * MEBIBYTE)
        self.assertLess(server.memory() - before, 16 * MEBIBYTE * SLOW)
        self.assertEqual(200, server.http().get("/").status)

    def test_a_large_document(self):
        import os
        os.truncate(self.document("large.bin", b""), 512 * MEBIBYTE)
        server = self.gateway()
        before = server.memory()
        for _ in range(5):
            client = server.http()
            client.request("GET", "/large.bin")
            client.need(1000)
            self.addCleanup(client.drop)
        self.assertLess(server.memory() - before, 16 * MEBIBYTE * SLOW)


class Rates(Backpressure):
    @deadline(60)
    def test_idle_clients_cost_little(self):
        server = self.gateway()
        self.echo()
        server.websocket("/echo").echo("warm")
        before = server.memory()
        clients = [server.websocket("/echo") for _ in range(2000)]
        each = (server.memory() - before) / len(clients)
        if SLOW == 1:
            self.assertLess(each, 1024)
        clients[-1].echo("hello")

    def test_a_flood_of_small_messages_leaves_room_for_others(self):
        server = self.gateway()
        self.echo()
        other = server.websocket("/echo")
        rate = echoes(other)
        flood = server.websocket("/echo")
        batch = frame(TEXT, "x") * 2000
        for _ in range(5):
            flood.send(batch)
            other.echo("mine")
            for _ in range(2000):
                flood.read_message()
        self.assertGreater(rate, 0)
