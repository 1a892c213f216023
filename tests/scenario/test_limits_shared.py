"""What a process has only once: descriptors and memory. When they run out newcomers wait or are refused, those who are served
stay so, and when there is room again it is used."""

import os
import resource
import select
import time

from harness import BINARY, CREDIT, END, OPEN, SLOW, cpu_seconds, deadline, frame, memory, scaled, wait_for
from limits import LimitCase
from test_backpressure import push

MEBIBYTE = 1 << 20


class Descriptors(LimitCase):
    PATIENT = "keepalivetimeout = 600;", "ping = 0;"  # with clients that rest while others are waited for

    @deadline(90)
    def test_the_listener_pauses_and_recovers(self):
        # Some are kept back, so that files can be opened and links be made for those who are connected.
        server = self.limited(*self.PATIENT, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128)))
        self.echo()
        self.check_exhausted(server, 110, lambda number: self.assertEqual(200, self.served.get(f"/{number}.html").status))

    @deadline(90)
    def test_not_one_descriptor_is_left(self):
        server = self.limited(*self.PATIENT)
        self.echo()

        def exhaust():
            worker = server.workers()[0]
            highest = max(int(entry) for entry in os.listdir(f"/proc/{worker}/fd"))
            resource.prlimit(worker, resource.RLIMIT_NOFILE, (highest + 3, highest + 3))
        self.check_exhausted(server, 20, lambda number: self.assertEqual(
            200, self.served.get("/post", method="POST", body=b"x" * number).status), exhaust)
        self.assertIn("Too many open files", server.log())

    def check_exhausted(self, server, clients, ask, exhaust=lambda: None):
        for number in range(1000):
            self.document(f"{number}.html", "page")
        self.served, websocket = server.http(), server.websocket("/echo")
        ask(0)
        websocket.echo("before")
        self.assertEqual(0, self.reached("descriptors"))
        worker = server.workers()[0]
        began = time.monotonic()
        exhaust()
        # No site is full: together they are too much.
        waiting = [server.http(number % 2) for number in range(clients)]
        for client in waiting:
            client.request("GET", "/post")
        wait_for("the listener to pause", lambda: self.reached("descriptors") > 0)
        served = self.answered(waiting)
        self.assertLess(len(served), clients - 5)
        # It tries again now and then, quietly, and serves those it has.
        before = cpu_seconds(worker)
        first = self.reached("descriptors")
        count = 0

        def tried_again():
            nonlocal count
            count += 1
            ask(count % 1000)
            websocket.echo(f"meanwhile {count}")
            return self.reached("descriptors") >= first + 10 and count > 10
        wait_for("the listener to try again", tried_again, 20)
        self.assertIn("new clients wait", server.log())
        # Five lines in ten seconds.
        self.assertLessEqual(server.log().count("accept: "), 5 * (1 + (time.monotonic() - began) // 10))
        self.assertEqual(0, self.reached("maxclients"))
        # Whoever leaves makes room for another: all are served in the end.
        left = [client for client in waiting if client not in served]
        for client in served:
            client.drop()
        while left:
            for one in wait_for("another to be answered", lambda: self.answered(left)):
                one.drop()
                left.remove(one)
        self.assertLess(cpu_seconds(worker) - before, scaled(10))
        ask(1)
        websocket.echo("after")

    def answered(self, clients):
        """Those that have their answer."""
        readable = select.select([client.sock for client in clients], [], [], 0)[0]
        found = [client for client in clients if client.sock in readable]
        for client in found:
            self.assertIn(client.response().status, (200, 404))
        return found


class Memory(LimitCase):
    """Clients that read nothing, each with less than its own queue may hold, but many of them."""

    COUNT = 60
    EACH = 200_000  # within the credit that a system server has at once

    def open(self):
        server = self.limited(top='maxmemory = "8M";', keys='queue = "16M"; send_timeout = 600;')
        app = self.link_server()
        self.link = None
        self.clients = []
        for _ in range(self.COUNT):
            client = server.websocket()
            self.link, opened = app.admit(client, self.link)
            self.clients.append((client, opened.client))
        return server

    def fill(self):
        """Sends to the clients, round and round, until the process is over its limit; what it credits is used again."""
        credit = dict.fromkeys((number for _, number in self.clients), self.link.peer["window"])
        ended = set()

        def heard():
            while select.select([self.link.sock], [], [], 0)[0] or self.link.pending:
                record = self.link.next()
                if record.type == CREDIT:
                    credit[record.client] += int.from_bytes(record.payload, "little")
                elif record.type == END:
                    ended.add(record.client)
                    self.link.end(record.client, 1005)
            return ended

        def full():
            for number in [number for number in credit if credit[number] >= 20_012 and number not in ended]:
                self.link.say(number, b"q" * 20_000)
                credit[number] -= 20_012
            heard()
            return self.reached("maxmemory")
        wait_for("maxmemory to be reached", full, 40)
        wait_for("the first to be ended", heard)

    @deadline(120)
    def test_many_queues(self):
        server = self.open()
        self.echo()
        spare = server.websocket("/echo")
        spare.echo(b"x" * 100_000)
        worker = server.workers()[0]
        before = memory(worker)
        self.fill()
        # Over the limit: the slowest are closed with 1013, which makes room again.
        counted = self.counters()
        self.assertEqual(counted["limits_reached_total"]["maxmemory"], counted["websockets_closed_total"]["memory_limit"])
        self.assertEqual(0, counted["limits_reached_total"]["queue"])
        self.assertLess(counted["queued_bytes"], 12 * MEBIBYTE)
        self.assertLess(memory(worker) - before, 32 * MEBIBYTE * SLOW)
        spare.echo("small messages pass")
        self.recovers(server, spare)

    def recovers(self, server, spare):
        for client, _ in self.clients:
            client.drop()
        wait_for("the memory to be free", lambda: self.counters()["queued_bytes"] < MEBIBYTE)
        spare.echo(b"x" * 100_000)
        server.websocket("/echo").echo("new clients are welcome")

    @deadline(120)
    def test_new_large_messages_and_new_clients_are_refused(self):
        # A server that grants endless credit and reads nothing: what its clients send piles up in front of the link.
        # It answers no PING, either.
        server = self.limited(top='maxmemory = "2M";', keys="link_timeout = 600;")
        self.echo()
        app = self.link_server()
        spares = [server.websocket("/echo") for _ in range(3)]
        for spare in spares:
            spare.echo(b"x" * 100_000)
        clients = []
        link = None
        before = memory(server.workers()[0])

        for _ in range(120):
            client = server.websocket()
            client.start("/app")
            link = link or app.greet(window=0x7FFFFFFF)
            link.accept(link.expect(OPEN).client)
            clients.append(client.finish_handshake())
        for client in clients:
            push(client.sock, frame(BINARY, b"x" * 60_000), limit=300_000, pause=0.02)
        wait_for("the memory to be used up", lambda: self.counters()["queued_bytes"] > 2 * MEBIBYTE)
        # A large message is refused by its first frame, one in fragments when it has become large.
        spares[0].send_binary(b"x" * 65_536)
        spares[0].expect_fail(1013)
        spares[1].send_fragments(BINARY, [b"x" * 30_000] * 3)
        spares[1].expect_fail(1013)
        spares[2].echo(b"x" * 30_000)
        newcomer = server.websocket()
        newcomer.start("/echo")
        answer = newcomer.response()
        self.assertEqual((503, "1"), (answer.status, answer.get("Retry-After")))
        self.assertEqual(3, self.reached("maxmemory"))
        self.assertLess(memory(server.workers()[0]) - before, 48 * MEBIBYTE * SLOW)
        for client in clients:
            client.drop()
        link.drop()
        wait_for("the memory to be free", lambda: self.counters()["queued_bytes"] < MEBIBYTE)
        spares[2].echo(b"x" * 100_000)
        server.websocket("/echo").echo("new clients are welcome")
