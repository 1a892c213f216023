"""The history of websocket_chat: who comes late gets the last messages, and with --store they outlive the program."""

import contextlib
import os
import signal
import sqlite3
import stat

from chat import SUBPROTOCOL, ChatCase, Lines
from harness import deadline, program, user_name, wait_for


class Kept(ChatCase):
    def connect_late(self, count=None, room=""):
        """A client of lines; `past`: what it got of the history, `count` messages."""
        client = self.connect(Lines).open("/chat" + room, {"Sec-WebSocket-Protocol": SUBPROTOCOL})
        client.past = client.live()
        if count is not None:
            self.assertEqual(count, len(client.past))
        return client


class History(Kept):
    more = ("-w", "--history", "3")

    def test_late_comers_get_the_last_messages(self):
        self.start()
        alice = self.lines("alice", colour="#112233")
        for number in range(5):
            alice.say(f"say {number}\nnumber {number}\nof five")
        sent = [alice.line("sent").words for _ in range(5)]
        plain = self.plain()
        for number in range(2, 5):
            self.assertEqual(f"number {number}\nof five", plain.hear())
        late = self.connect_late(3)
        self.assertEqual([words[1:] for words in sent[2:]], [line.words[:2] for line in late.past])
        self.assertEqual(["alice", "#112233", "-"], late.past[0].words[2:])
        self.assertEqual("number 2\nof five", late.past[0].text)
        alice.say("say\nnow")
        self.assertEqual("now", late.line("message").text)
        self.assertEqual("now", plain.hear())

    def test_each_room_has_its_own(self):
        self.start()
        one = self.plain("/a")
        one.say("in a")
        late = wait_for("the message to be kept", lambda: self.connect_late(room="/a").past)
        self.assertEqual(["in a"], [line.text for line in late])
        self.connect_late(0, room="/b")

    def test_outlives_the_last_client(self):
        self.start()
        one = self.plain()
        one.say("hello")
        one.say(b"\0\xff")
        other = self.plain()
        one.say("and more")
        while other.hear() != "and more":
            pass
        one.close()
        other.close()
        two = self.plain()
        self.assertEqual("hello", two.hear())
        self.assertEqual(b"\0\xff", two.hear())

    def test_is_bounded_in_bytes(self):
        self.start("--history", "100", "--history-bytes", "10000")
        one = self.plain()
        for number in range(20):
            one.say(f"{number:02}" + "x" * 998)
        def written():
            past = self.connect_late().past
            return past if past and past[-1].text.startswith("19") else None
        kept = [line.text[:2] for line in wait_for("the last message to be kept", written)]
        self.assertEqual([f"{number:02}" for number in range(20 - len(kept), 20)], kept)
        self.assertIn(len(kept), range(7, 10))

    def test_private_messages_are_not_kept(self):
        self.start()
        alice, bob = self.lines("alice"), self.lines("bob")
        alice.say("private bob\npsst")
        self.assertEqual("psst", bob.line("private").text)
        self.connect_late(0)


class HistoryByTwo(History):
    workers = 2


class NoHistory(ChatCase):
    def test_nothing_is_kept_unless_asked_for(self):
        self.start("-w")
        one = self.plain()
        one.say("hello")
        one.in_order()
        self.lines("late", history=0)


class Store(History):
    """Everything the history does, and more."""

    def setUp(self):
        super().setUp()
        self.file = self.path("store/chat.db")
        os.mkdir(os.path.dirname(self.file))
        self.more = (*self.more, "--store", self.file)

    def rows(self):
        with contextlib.closing(sqlite3.connect(self.file)) as database:
            return database.execute("SELECT room, name, content FROM messages ORDER BY position").fetchall()

    def check_kept(self, number):
        self.start()
        alice, other = self.lines("alice"), self.plain("/other")
        for text in "abcde":
            alice.say(f"say {text}\n{text}")
        sent = [alice.line("sent") for _ in range(5)]
        other.say("elsewhere")
        other.in_order()
        wait_for("the other room's message to be said", lambda: self.connect_late(room="/other").past)
        self.restart(number=number)
        late = self.connect_late(3)
        self.assertEqual(["c", "d", "e"], [line.text for line in late.past])
        self.assertEqual([line.words[1:] for line in sent[2:]], [line.words[:2] for line in late.past])
        self.assertEqual("elsewhere", self.plain("/other").hear())
        # It goes on: new ids, one history.
        late.hello("carol")
        late.say("say f\nf")
        self.assertNotIn(late.line("sent").words[1], [line.words[1] for line in sent])
        self.assertEqual(["d", "e", "f"], [line.text for line in self.connect_late(3).past])

    def test_outlives_a_restart(self):
        self.check_kept(signal.SIGTERM)

    def test_outlives_a_kill(self):
        self.check_kept(signal.SIGKILL)

    @deadline(60)
    def test_nothing_acknowledged_is_lost_when_killed_under_load(self):
        self.start("--history", "100000", "--history-bytes", "100000000")
        for round in range(3):
            alice = self.connect_late()
            alice.hello("alice")
            listener = self.plain()
            for number in range(300):
                alice.say(f"say {round}.{number}\n{round}.{number}")
            acknowledged = [alice.line("sent").words[0] for _ in range(100)]
            self.restart("--history", "100000", "--history-bytes", "100000000", number=signal.SIGKILL)
            past = [line.text for line in self.connect_late().past]
            self.assertEqual(len(past), len(set(past)))
            # What others have heard counts as acknowledged, too.
            heard = self.rest_of(listener)
            for text in acknowledged + [text for text in heard if text.startswith(f"{round}.")]:
                self.assertIn(text, past)
            mine = [text for text in past if text.startswith(f"{round}.")]
            self.assertEqual([f"{round}.{number}" for number in range(len(mine))], mine)

    def rest_of(self, client):
        heard = []
        while True:
            received = client.read_frame()
            if received.opcode == 8:
                return heard
            heard.append(received.payload.decode())

    def test_what_is_no_longer_kept_goes_from_the_file(self):
        self.start()
        one = self.lines("one")
        for number in range(50):
            one.say(f"say {number}\n{number}")
        for _ in range(50):
            one.line("sent")
        last = [("", "one", b"47"), ("", "one", b"48"), ("", "one", b"49")]
        wait_for("the others to go from the file", lambda: self.rows() == last)
        # With smaller limits the next start keeps less.
        self.app.stop()
        self.app = self.chat(*self.more, "--history", "2")
        wait_for("one more to go", lambda: self.rows() == last[1:])
        self.connect_late(2)

    def test_what_all_rooms_together_do_not_keep_goes_from_the_file(self):
        self.start("--all-history-bytes", "20000")
        for number in range(30):
            one = self.lines("one", room=f"/{number}")
            one.say(f"say 1\n{number} " + "x" * 4000)
            one.line("sent")
            one.close()

        def few():
            rooms = [room for room, _, _ in self.rows()]
            return len(rooms) <= 5 and rooms[-1] == "29"
        wait_for("the rooms of the file to be few", few)

    def test_the_file_is_nobody_elses(self):
        self.start()
        self.plain().in_order()
        self.assertEqual(0o600, stat.S_IMODE(os.stat(self.file).st_mode))
        second = self.chat(*self.more, name="second", ready=False)
        self.assertEqual(1, second.wait(20))
        self.assertIn("locked", second.log())
        self.plain().in_order()

    def test_a_file_that_cannot_be(self):
        for path, why in ((self.path("nowhere/chat.db"), "No such file"), (self.path("text", "no database\n" * 100), "not a database")):
            one = self.chat("--store", path, name="bad", ready=False)
            self.assertEqual(1, one.wait(20))
            self.assertIn(why, one.log())

    def test_the_database_of_another_program(self):
        with contextlib.closing(sqlite3.connect(self.file)) as database:
            database.execute("CREATE TABLE messages (position INTEGER PRIMARY KEY, room TEXT)")
        with open(self.file, "rb") as file:
            before = file.read()
        one = self.chat("--store", self.file, name="bad", ready=False)
        self.assertEqual(1, one.wait(20))
        self.assertIn("another program", one.log())
        with open(self.file, "rb") as file:
            self.assertEqual(before, file.read())

    def test_alone_keeps_a_hundred(self):
        self.server = self.gateway(workers=self.workers)
        self.app = self.chat("--store", self.file)
        one = self.plain()
        for number in range(120):
            one.say(f"number {number}")
        wait_for("the messages to be kept", lambda: len(self.connect_late().past) == 100)

    def test_a_disk_that_is_full(self):
        # A limit on the size of files is as good; the signal that comes with it is ignored.
        def limit():
            import resource
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        self.server = self.gateway(workers=self.workers)
        self.app = self.launch([program("websocket_chat"), "-R", self.sockets, "-n", "chat", "-u", user_name(), *self.more,
                                "--history", "10000"], "chat", preexec_fn=limit)
        wait_for("websocket_chat to listen", lambda: self.listening(self.app, self.path("sockets/chat"), 5), 20)
        alice, plain = self.lines("alice"), self.plain()
        heard = []
        for number in range(200):
            alice.say(f"say {number}\n{number} " + "x" * 3000)
            answer = alice.line()
            if answer.kind == "error":
                break
            heard.append(plain.hear())
            self.assertEqual(str(number), answer.words[0])
        self.assertEqual(["not-stored", str(number)], answer.words)
        self.assertGreater(number, 3)
        alice.in_order()
        plain.say("x" * 3000)
        plain.expect_close(1011)
        self.app.wait_log("store: ")


class StoreByTwo(Store):
    workers = 2
