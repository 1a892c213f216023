"""libwebsocket.so and descriptors: copies, ends, forks, how many bytes wait."""

import os
import re

from direct import DirectCase
from harness import BINARY, CLOSE, PING, TEXT, children, deadline, descriptors, frame, wait_for


class Copies(DirectCase):
    def test_each_call_that_copies(self):
        for call in ("dup", "dup2", "dup3", "fcntl", "fcntl_cloexec"):
            with self.subTest(call):
                server = self.plain(f"copy={call}", name=call)
                client = self.server.websocket(f"/{call}")
                self.converse(client)
                client.send_close(1000)
                client.expect_close(1000, answer=False)
                server.wait_log("^end$")

    def test_the_last_one_says_goodbye(self):
        for call in ("dup", "dup2", "dup3", "fcntl"):
            with self.subTest(call):
                self.plain(f"copy={call}", "action=obey", name=call)
                client = self.server.websocket(f"/{call}")
                client.send_text("SHUT_WR")
                client.expect_close(1000)

    def test_nothing_is_left_behind(self):
        server = self.plain("copy=dup")
        self.server.websocket("/plain").close()
        server.wait_log("^end$")
        before = descriptors(server.pid, "")
        for _ in range(5):
            client = self.server.websocket("/plain")
            client.echo("hello")
            client.close()
        wait_for("the last client's end", lambda: len(re.findall("^end$", server.log(), re.M)) == 6)
        wait_for("its descriptors to be closed", lambda: descriptors(server.pid, "") == before)


class Ends(DirectCase):
    def obey(self, word, **options):
        self.one = self.plain("action=obey", **options)
        client = self.server.websocket("/plain")
        client.send_text(word)
        return client

    def test_shutdown_of_writing(self):
        client = self.obey("SHUT_WR")
        self.one.wait_log("^send: Broken pipe$")
        client.expect_close(1000)
        self.one.wait_log("^end$")

    def test_shutdown_of_both(self):
        client = self.obey("SHUT_RDWR")
        self.one.wait_log("^send: Broken pipe$")
        self.assertEqual(1000, client.read_frame().code)
        self.one.wait_log("^end$")

    def test_shutdown_of_reading(self):
        client = self.obey("SHUT_RD")
        self.assertEqual(b"still", client.read_message()[1])
        self.one.wait_log("^end$")
        client.expect_close(1000)

    def test_a_program_that_exits_says_goodbye(self):
        for word in ("exit", "_exit"):
            with self.subTest(word):
                self.plain("action=obey", name=word)
                client = self.server.websocket(f"/{word}")
                client.send_text(word)
                client.expect_close(1000)

    def test_bytes_that_wait(self):
        server = self.plain("action=fionread", "size=4")
        client = self.server.websocket("/plain")
        client.send(frame(TEXT, "0123456789") + frame(PING, "p") + frame(BINARY, b"ab"))
        self.assertEqual(b"p", client.read_pong())
        self.assertEqual([b"12", b"8", b"4", b"2"], [client.read_message()[1] for _ in range(4)])
        client.close()
        server.wait_log("^end, 0 bytes$")


class Processes(DirectCase):
    @deadline(60)
    def test_a_process_a_client(self):
        server = self.plain("serve=fork")
        clients = [self.server.websocket("/plain") for _ in range(10)]
        for number, client in enumerate(clients):
            self.echo_through(client, f"client {number}")
        self.assertEqual(10, len(children(server.pid)))
        for client in clients:
            self.converse(client)
        for client in clients[:5]:
            client.close()
        wait_for("half of the processes to end", lambda: len(children(server.pid)) == 5)
        for client in clients[5:]:
            client.echo("still there")
            client.drop()
        wait_for("all processes to end", lambda: not children(server.pid))

    def test_the_parent_lets_go_without_a_goodbye(self):
        # Its close() of what the child serves says nothing to the client, and keeps nothing open.
        server = self.plain("serve=fork")
        client = self.server.websocket("/plain")
        client.echo("hello")
        before = descriptors(server.pid, "")
        others = [self.server.websocket("/plain") for _ in range(5)]
        for one in others:
            one.echo("hello")
        self.assertEqual(before, descriptors(server.pid, ""))
        client.send_frame(PING, b"nothing came between")
        self.assertEqual(b"nothing came between", client.read_pong())

    def test_a_child_that_is_killed(self):
        server = self.plain("serve=fork")
        client = self.server.websocket("/plain")
        client.echo("hello")
        os.kill(children(server.pid)[0], 9)
        client.expect_lost()

    def test_a_child_that_ends_leaves_the_other_clients_alone(self):
        # A server with clients of its own forks: what the child closes, or leaves at its end, is the parent's still.
        for wait in ("poll", "epoll", "epoll_et", "select"):
            with self.subTest(wait):
                server = self.plain("serve=loop", f"wait={wait}", name=wait)
                client = self.server.websocket(f"/{wait}")
                for word in ("!exit", "!_exit", "!close", "!close_range", "!exec", "!vfork"):
                    client.send_text(word)
                    self.assertEqual((TEXT, word.encode()), client.read_message())
                    client.echo("the parent goes on")
                client.send_close(1000)
                client.expect_close(1000, answer=False)
                server.wait_log("^end$")

    @deadline(60)
    def test_a_thread_a_client(self):
        server = self.plain("serve=thread")
        clients = [self.server.websocket("/plain") for _ in range(20)]
        for client in clients:
            self.converse(client)
        for client in clients:
            client.send_frame(CLOSE)
            client.expect_close(1005, answer=False)
        wait_for("all threads to end", lambda: len(re.findall("^end$", server.log(), re.M)) == 20)
