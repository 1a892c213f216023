"""Two machines' chat servers with one room space: whatever happens in between, messages come in order, and once."""

import contextlib
import os
import re
import socket
import sqlite3
import threading
import time

from bounds import SLOW
from chat import SUBPROTOCOL, ChatCase, Lines
from harness import deadline, memory, scaled, wait_for
from redis_server import DeafRedis, Redis

LONG = 90


class BackplaneCase(ChatCase):
    more = ("-w",)

    def setUp(self):
        super().setUp()
        self.redis = Redis(self)
        self.servers, self.apps = [], []

    def machine(self, *more):
        """One more gateway with a chat server of its own behind it; its number."""
        self.sockets = self.path(f"sockets-{len(self.servers)}")
        os.mkdir(self.sockets)
        self.servers.append(self.gateway(workers=self.workers))
        self.apps.append(self.chat(*self.more, "--backplane", self.redis.url, *more))
        return len(self.servers) - 1

    def machines(self, *more):
        """Redis and two machines that know each other."""
        self.redis.start()
        for _ in range(2):
            self.machine(*more)
        for app in self.apps:
            app.wait_log("connected", 20)

    def on(self, number, name=None, **how):
        """A client of lines on this machine."""
        return self.lines(name, server=self.servers[number], **how)

    def plain_on(self, number, **how):
        return self.plain(server=self.servers[number], **how)

    def wait_names(self, client, *names):
        """Until the list holds exactly these; what is told meanwhile is skipped."""
        def listed():
            client.say("names")
            return sorted(line.split()[0] for line in client.skip_to("names").text.splitlines()) == sorted(names)
        wait_for(f"the list to be {names}", listed, 30)


class Backplane(BackplaneCase):
    @deadline(LONG)
    def test_rooms_are_the_same(self):
        self.machines()
        alice = self.on(0, "alice", colour="#112233")
        bob = self.on(1)
        self.assertEqual("bob", bob.hello("bob")[0][0])
        self.wait_names(alice, "alice", "bob")
        self.wait_names(bob, "alice", "bob")
        plain = self.plain_on(1)
        alice.say("say 1\nhello\nthere")
        sent = alice.skip_to("sent")
        heard = bob.skip_to("message")
        self.assertEqual(sent.words[1:], heard.words[:2])
        self.assertEqual((["alice", "#112233", "-"], "hello\nthere"), (heard.words[2:], heard.text))
        self.assertEqual("hello\nthere", plain.hear())
        plain.say(b"\0\xff")
        bob.hear()
        self.assertTrue(alice.hear().endswith(b" - - -\n\0\xff"))
        bob.say("private alice 2\npsst")
        self.assertEqual("sent", bob.line().kind)
        private = alice.line("private")
        self.assertEqual((["bob", "-", "-"], "psst"), (private.words[1:], private.text))
        bob.say("whois alice")
        self.assertEqual(["alice", "127.0.0.1", "-"], bob.line("is").words)
        self.assertEqual("carol", bob.hello("carol")[0][0])
        self.assertEqual("rename bob carol - -", alice.line().data)
        bob.close()
        self.assertEqual("leave carol", alice.line().data)

    @deadline(LONG)
    def test_addresses_are_hidden_from_others_and_theirs_not_told(self):
        self.redis.start()
        self.machine("--hide-addresses")
        self.machine()
        alice, bob = self.on(0, "alice"), self.on(1)
        bob.hello("bob")
        self.wait_names(alice, "alice", "bob")
        self.wait_names(bob, "alice", "bob")
        for client, name in ((alice, "bob"), (bob, "alice")):
            client.say("whois " + name)
            self.assertEqual([name, "-", "-"], client.skip_to("is").words)

    @deadline(LONG)
    def test_who_spoke_before_the_room_was_opened_on_the_other_machine(self):
        self.machines("--history", "10")
        alice, silent = self.on(0, "alice", room="/x"), self.on(0, "silent", room="/x")
        beside = [self.plain_on(number, room="/y") for number in (0, 1)]
        alice.say("say 1\nhello")
        alice.skip_to("sent")
        beside[0].say("after it")
        self.assertEqual("after it", beside[1].hear())
        late = self.on(1, room="/x", history=1)
        self.assertEqual("alice001", late.hello("alice")[0][0])
        self.wait_names(late, "alice", "alice001", "silent")
        alice.say("private alice 2\nto myself")
        self.assertEqual("to myself", alice.skip_to("private").text)
        self.wait_names(silent, "alice", "alice001", "silent")
        late.in_order()

    @deadline(LONG)
    def test_other_rooms_and_other_channels_are_not(self):
        self.machines()
        here = self.on(0, "here", room="/a")
        there = self.on(1, "there", room="/b")
        other = self.chat(*self.more, "--backplane", self.redis.url + "2", name="other")
        other.wait_log("connected", 20)
        there.say("say 1\nnot for a")
        there.skip_to("sent")
        same = self.on(1, "same", room="/a")
        self.wait_names(here, "here", "same")
        same.say("say\nfor a")
        self.assertEqual("for a", here.skip_to("message").text)

    @deadline(LONG)
    def test_a_name_is_given_once(self):
        self.machines()
        one, two = self.on(0, "alice"), self.on(1)
        self.wait_names(two, "alice")
        self.assertEqual("alice001", two.hello("alice")[0][0])
        self.wait_names(one, "alice", "alice001")
        plain = self.plain_on(1)
        self.assertEqual("alice002", plain.hello("alice"))
        self.wait_names(one, "alice", "alice001", "alice002")
        one.say("private alice002\npsst")
        self.assertEqual("psst", plain.hear())

    @deadline(LONG)
    def test_who_takes_one_name_at_the_same_time_on_both(self):
        self.machines()
        one, two = self.on(0), self.on(1)
        one.say("hello alice")
        two.say("hello alice")
        own = []
        for client in (one, two):
            own.append(client.skip_to("welcome").words[0])
        self.wait_names(one, "alice", "alice001")
        self.wait_names(two, "alice", "alice001")

    @deadline(LONG)
    def test_late_comers_on_the_other_machine(self):
        self.machines("--history", "10")
        alice = self.on(0, "alice")
        for text in "abc":
            alice.say("say\n" + text)

        def history():
            client = self.connect(Lines, self.servers[1]).open("/chat", {"Sec-WebSocket-Protocol": SUBPROTOCOL})
            return [line.text for line in client.live()] == ["a", "b", "c"]
        wait_for("the history to be there", history)

    @deadline(LONG)
    def test_a_machine_that_ends_takes_its_persons_with_it(self):
        self.machines()
        alice, bob = self.on(0, "alice"), self.on(1)
        bob.hello("bob")
        self.wait_names(alice, "alice", "bob")
        self.apps[1].send_signal(15)
        self.assertEqual("leave bob", alice.skip_to("leave").data)
        self.assertEqual({"alice"}, set(alice.ask_names()))

    @deadline(LONG)
    def test_a_machine_that_is_killed_is_noticed(self):
        self.machines()
        alice, bob = self.on(0, "alice"), self.on(1)
        bob.hello("bob")
        self.wait_names(alice, "alice", "bob")
        self.apps[1].send_signal(9)
        alice.patience = 40
        self.assertEqual("leave bob", alice.skip_to("leave").data)


class BackplaneByTwo(Backplane):
    workers = 2


class Redises(BackplaneCase):
    @deadline(LONG)
    def test_without_redis_it_says_so_and_serves_its_own(self):
        self.redis.start()
        self.redis.kill()
        for _ in range(2):
            self.machine()
        one, two = self.on(0, "one"), self.on(0)
        two.hello("two")
        two.say("say\nhello")
        self.assertEqual("hello", one.skip_to("message").text)
        for app in self.apps:
            app.wait_log("Connection refused; until it is there", 20)
        self.redis.start()
        for app in self.apps:
            app.wait_log("connected", 30)
        other = self.on(1)
        other.hello("other")
        self.wait_names(other, "one", "two", "other")
        self.wait_names(one, "one", "two", "other")

    @deadline(LONG)
    def test_a_password(self):
        self.redis.password = "open:sesame"
        self.machines()
        alice = self.on(0, "alice")
        bob = self.on(1)
        bob.hello("bob")
        self.wait_names(alice, "alice", "bob")
        for app in self.apps:
            self.assertNotIn("sesame", app.log())
        wrong = self.chat("--backplane", self.redis.url.replace("sesame", "barley"), name="wrong")
        wrong.wait_log("WRONGPASS", 20)
        self.assertNotIn("barley", wrong.log())

    @deadline(LONG)
    def test_a_password_of_other_characters(self):
        self.redis.password = "p@ss/wo:rd%"
        self.redis.start()
        self.apps.append(self.chat("--backplane", self.redis.url.replace("p@ss/wo:rd%", "p%40ss%2Fwo:rd%25")))
        self.apps[0].wait_log("connected", 20)

    @deadline(LONG)
    def test_a_reason_for_which_nothing_is_published(self):
        self.redis.start()
        self.redis.command("ACL", "SETUSER", "default", "-publish")
        self.machine()
        self.apps[0].wait_log("NOPERM", 20)
        self.redis.command("ACL", "SETUSER", "default", "+publish")
        self.machine()
        alice = self.on(0, "alice")
        bob = self.on(1, "bob")
        self.wait_names(alice, "alice", "bob")
        self.wait_names(bob, "alice", "bob")

    @deadline(LONG)
    def test_what_redis_does_not_take_is_bounded(self):
        self.redis = DeafRedis(self)
        self.machine()
        self.apps[0].wait_log("connected", 20)
        speaker, listener = self.on(0, "speaker"), self.plain_on(0)
        before = memory(self.apps[0].pid)
        text = "x" * 250_000
        for _ in range(640):
            speaker.say("say 1\n" + text)
            speaker.skip_to("sent")
            self.assertEqual(len(text), len(listener.hear()))
        # Of 160 MB it keeps 16 for those who miss something, and 32 may wait.
        self.assertLess(memory(self.apps[0].pid) - before, (100 << 20) * SLOW ** 2)

    @deadline(LONG)
    def test_what_others_write_to_the_channel(self):
        self.machines()
        alice, bob = self.on(0, "alice"), self.on(1)
        bob.hello("bob")
        self.wait_names(alice, "alice", "bob")
        for payload in (b"", b"hello", b"marmoset-chat/1 x", b"marmoset-chat/1 x 1 said a b c d e f\n\n", b"\xff" * 1000,
                        b"marmoset-chat/1 stranger 1 said id-1 123 mallory - - -\n\n\xff\xfe",
                        b"marmoset-chat/1 stranger 2 said id-1 123 a\x01b - - -\n\ntext",
                        b"marmoset-chat/1 stranger 3 came two\xc2\xa0words - - -\n\n",
                        b"marmoset-chat/1 stranger 4 came x #12 - -\n\n", b"marmoset-chat/9 stranger 5 said\n\n",
                        b"marmoset-chat/1 stranger 18446744073709551615 said id-1 1 x - - -\n\ntext"):
            self.assertTrue(self.redis.command("PUBLISH", "rooms", payload).startswith(b":2"))
        alice.say("say\nstill here")
        self.assertEqual("still here", bob.skip_to("message").text)
        self.wait_names(bob, "alice", "bob")

    @deadline(LONG)
    def test_killed_and_restarted_under_load(self):
        self.machines()
        messages = 4000
        faults, heard = [], []
        speakers = [self.on(number, f"speaker{number}") for number in range(2)]
        listeners = [self.plain_on(number) for number in (0, 1, 0, 1)]
        for listener in listeners:
            listener.patience = 60

        def listen(client):
            """Each of both speakers' messages, in order, once."""
            expected = [0, 0]
            try:
                while expected != [messages, messages]:
                    speaker, number = map(int, client.hear().split())
                    if number != expected[speaker]:
                        faults.append(f"{number} instead of {expected[speaker]} of speaker {speaker}")
                        return
                    expected[speaker] += 1
                heard.append(client)
            except Exception as error:
                faults.append(f"{error!r} at {expected}")

        def speak(number, client):
            try:
                for count in range(messages):
                    client.say(f"say {count}\n{number} {count}")
                    client.skip_to("sent")
            except Exception as error:
                faults.append(f"speaker: {error!r}")

        threads = [threading.Thread(target=listen, args=(client,)) for client in listeners]
        threads += [threading.Thread(target=speak, args=pair) for pair in enumerate(speakers)]
        for thread in threads:
            thread.start()
        for round in range(3):
            self.redis.kill()
            for app in self.apps:
                wait_for("the loss to be noticed", lambda app=app: app.log().count("until it is there") > round, 30)
            self.redis.start()
            for app in self.apps:
                wait_for("the connection", lambda app=app: len(re.findall(": connected", app.log())) > round + 1, 40)
        end = time.monotonic() + scaled(60)
        for thread in threads:
            thread.join(max(0.1, end - time.monotonic()))
        self.assertEqual([], faults)
        self.assertEqual(len(listeners), len(heard))

    @deadline(LONG)
    def test_what_is_said_while_it_is_away_comes_later(self):
        self.machines()
        alice, bob = self.on(0, "alice"), self.on(1)
        bob.hello("bob")
        self.wait_names(alice, "alice", "bob")
        self.redis.kill()
        for app in self.apps:
            app.wait_log("until it is there", 20)
        for number in range(100):
            alice.say(f"say\n{number}")
        alice.say("private bob\npsst")
        bob.say("names")
        bob.names()
        self.redis.start()
        bob.patience = 40
        self.assertEqual([str(number) for number in range(100)], [bob.skip_to("message").text for _ in range(100)])
        self.assertEqual("psst", bob.skip_to("private").text)

    @deadline(LONG)
    def test_what_is_stored_at_the_very_end_is_said(self):
        file = self.path("chat.db")
        self.redis.start()
        self.machine("--store", file)
        self.machine()
        for app in self.apps:
            app.wait_log("connected", 20)
        alice, bob = self.on(0, "alice"), self.on(1)
        bob.hello("bob")
        self.wait_names(alice, "alice", "bob")
        # The store can't commit before the server has said good-bye to its clients.
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            alice.say("say 1\nat the end")
            alice.in_order()
            self.apps[0].send_signal(15)
            alice.expect_close(1001)
            database.execute("ROLLBACK")
        self.apps[0].wait()
        self.assertEqual("at the end", bob.skip_to("message").text)
        with contextlib.closing(sqlite3.connect(file)) as database:
            self.assertEqual([(b"at the end",)], database.execute("SELECT content FROM messages").fetchall())

    @deadline(LONG)
    def test_what_comes_later_comes_no_faster_than_clients_read(self):
        self.machines()
        alice, bob, plain = self.on(0, "alice"), self.on(1), self.plain_on(1)
        bob.hello("bob")
        self.wait_names(alice, "alice", "bob")
        self.redis.kill()
        for app in self.apps:
            app.wait_log("until it is there", 20)
        # Many times what may wait for a client, and less than what is kept: 15 MB.
        texts = [f"{number} " + "x" * (250_000 if number % 60 == 0 else 1000) for number in range(3000)]
        for client in (bob, plain):
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        for text in texts:
            alice.say("say 1\n" + text)
            alice.skip_to("sent")
        self.redis.start()
        bob.patience = plain.patience = 40
        for text in texts:
            self.assertEqual(text, bob.skip_to("message").text)
            self.assertEqual(text, plain.hear())


class RedisesByTwo(Redises):
    workers = 2
