"""What a process has only once: descriptors and memory. When they run out newcomers wait or are refused, those who are served
stay so, and when there is room again it is used."""

import os
import resource
import select

from harness import BINARY, CLOSE, CREDIT, END, MESSAGE, SLOW, Closed, Record, cpu_seconds, deadline, frame, memory, scaled, wait_for
from limits import LimitCase

MEBIBYTE = 1 << 20


class Descriptors(LimitCase):
    @deadline(90)
    def test_the_listener_pauses_and_recovers(self):
        server = self.limited()
        self.echo()
        served, socket = server.http(), server.websocket("/echo")
        self.assertEqual(200, served.get("/").status)
        socket.echo("before")
        self.assertEqual(0, self.reached("descriptors"))
        worker = server.workers()[0]
        # Room for two more.
        highest = max(int(entry) for entry in os.listdir(f"/proc/{worker}/fd"))
        free = highest + 1 - len(os.listdir(f"/proc/{worker}/fd"))
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (highest + 3 - min(free, 2), highest + 3 - min(free, 2)))
        waiting = [server.http() for _ in range(10)]
        for client in waiting:
            client.request("GET", "/")
        wait_for("the listener to pause", lambda: self.reached("descriptors") > 0)
        answered = self.answered(waiting)
        self.assertLess(len(answered), 10)
        # It tries again now and then, quietly, and serves those it has.
        before = cpu_seconds(worker)
        first = self.reached("descriptors")
        count = 0

        def tried_again():
            nonlocal count
            count += 1
            self.assertEqual(200, served.get("/").status)
            socket.echo(f"meanwhile {count}")
            return self.reached("descriptors") >= first + 10
        wait_for("the listener to try again", tried_again, 20)
        self.assertGreater(count, 10)
        self.assertLess(server.log().count("accept: "), 10)
        self.assertIn("new clients wait", server.log())
        self.assertLess(cpu_seconds(worker) - before, scaled(5))
        # Whoever leaves makes room for another: all are served in the end.
        left = [client for client in waiting if client not in answered]
        for client in answered:
            client.drop()
        while left:
            one = wait_for("another to be answered", lambda: self.answered(left))[0]
            one.drop()
            left.remove(one)
        self.assertEqual(200, server.http().get("/").status)
        socket.echo("after")

    def answered(self, clients):
        """Those that have their answer."""
        readable = select.select([client.sock for client in clients], [], [], 0)[0]
        found = [client for client in clients if client.sock in readable]
        for client in found:
            self.assertEqual(200, client.response().status)
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

        def full():
            for number in [number for number in credit if credit[number] >= 20_012 and number not in ended]:
                self.link.say(number, b"q" * 20_000)
                credit[number] -= 20_012
            while select.select([self.link.sock], [], [], 0)[0] or self.link.pending:
                record = self.link.next()
                if record.type == CREDIT:
                    credit[record.client] += int.from_bytes(record.payload, "little")
                elif record.type == END:
                    ended.add(record.client)
                    self.link.end(record.client, 1005)
            return self.reached("maxmemory")
        wait_for("maxmemory to be reached", full, 40)
        return ended

    @deadline(120)
    def test_many_queues(self):
        server = self.open()
        self.echo()
        spare = server.websocket("/echo")
        spare.echo(b"x" * 100_000)
        worker = server.workers()[0]
        before = memory(worker)
        ended = self.fill()
        # Over the limit: the slowest are closed with 1013, which makes room again.
        self.assertTrue(ended)
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
        # A server that grants endless credit and reads nothing: what its clients send piles up in front of the link, 128 KiB each.
        server = self.limited(top='maxmemory = "4M";')
        self.echo()
        app = self.link_server()
        spares = [server.websocket("/echo") for _ in range(3)]
        for spare in spares:
            spare.echo(b"x" * 100_000)
        clients = []
        link = None
        before = memory(server.workers()[0])

        def full():
            nonlocal link
            client = server.websocket()
            client.start("/app")
            link = link or app.greet(window=0x7FFFFFFF)
            opened = link.next()
            while opened.type == MESSAGE:  # what came before the link was full
                opened = link.next()
            link.accept(opened.client)
            client.finish_handshake()
            clients.append(client)
            return client
        for _ in range(60):
            full()
        for client in clients:
            client.sock.setblocking(False)
            try:
                client.sock.send(frame(BINARY, b"x" * 60_000) * 4)
            except BlockingIOError:
                pass
        wait_for("the memory to be used up", lambda: self.counters()["queued_bytes"] > 4 * MEBIBYTE)
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
