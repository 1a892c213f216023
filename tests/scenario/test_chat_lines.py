"""websocket_chat with clients of the subprotocol marmoset-chat: who is there, who said what, and that nobody can say what only
the server says."""

import re
import time

from chat import SUBPROTOCOL, ChatCase
from harness import wait_for

ID = re.compile(r"[0-9A-Za-z-]{1,32}")


class Lines(ChatCase):
    more = ("-w",)

    def check_time(self, text):
        self.assertLess(abs(int(text) / 1000 - time.time()), 60)

    def test_a_conversation(self):
        self.start()
        alice = self.lines()
        own, names = alice.hello("alice", "#3366CC")
        self.assertEqual((("alice", "#3366cc", "-"), {"alice": ("#3366cc", "-")}), (own, names))
        bob = self.lines()
        own, names = bob.hello("bob")
        self.assertEqual(("bob", "-", "-"), own)
        self.assertEqual({"alice": ("#3366cc", "-"), "bob": ("-", "-")}, names)
        self.assertEqual("join bob - -", alice.line().data)
        alice.say("say 7\nHello, all\nof you\n")
        sent, heard = alice.line("sent"), bob.line("message")
        self.assertEqual("7", sent.words[0])
        self.assertRegex(heard.id, ID)
        self.assertEqual([heard.id, heard.words[1]], sent.words[1:])
        self.check_time(heard.words[1])
        self.assertEqual(["alice", "#3366cc", "-"], heard.words[2:])
        self.assertEqual("Hello, all\nof you\n", heard.text)
        bob.say("say\nno tag")
        self.assertEqual("no tag", alice.line("message").text)
        bob.say("private alice t2\npsst")
        private, sent = alice.line("private"), bob.line("sent")
        self.assertEqual(["bob", "-", "-"], private.words[1:])
        self.check_time(private.words[0])
        self.assertEqual("psst", private.text)
        self.assertEqual(["t2", "-", private.words[0]], sent.words)
        bob.say("whois alice")
        self.assertEqual(["alice", "127.0.0.1", "-"], bob.line("is").words)
        bob.close()
        self.assertEqual("leave bob", alice.line().data)
        self.assertEqual({"alice": ("#3366cc", "-")}, alice.ask_names())

    def test_ids_are_unique(self):
        self.start()
        one, two = self.lines("one"), self.lines("two")
        one.skip_to("join")
        for client in (one, two) * 20:
            client.say("say\nx")
        ids = [client.line("message").id for client in (one, two) * 20]
        self.assertEqual(40, len(set(ids)))

    def test_names_that_are_taken_and_other_names(self):
        self.start()
        one, two = self.lines("alice"), self.lines()
        own, names = two.hello("alice")
        self.assertEqual("alice001", own[0])
        self.assertEqual(["alice", "alice001"], list(names))
        self.assertEqual(["alice001", "-", "-"], one.line("join").words)
        self.assertEqual("carol", two.hello("carol")[0][0])
        self.assertEqual("rename alice001 carol - -", one.line().data)
        two.hello("carol", "#112233")  # another colour
        self.assertEqual("join carol #112233 -", one.line().data)
        two.hello()  # nothing new
        self.assertEqual(("carol", "#112233", "-"), two.hello("-", "-")[0])
        one.in_order()

    def test_without_a_name(self):
        self.start()
        one, two = self.lines(), self.lines("two")
        one.line("join")
        for text, code in (("say 5\nhi", "hello-first"), ("private two 5\nhi", "hello-first")):
            one.say(text)
            self.assertEqual([code, "5"], one.line("error").words)
        self.assertEqual(["two"], list(one.ask_names()))
        two.say("say\nhello")
        self.assertEqual("hello", one.line("message").text)
        self.assertEqual("guest", one.hello()[0][0])
        one.close()
        self.assertEqual(["join", "leave"], [two.line().kind for _ in range(2)])

    def test_what_is_no_command(self):
        self.start()
        one, two = self.lines("one"), self.lines("two")
        one.line("join")
        for text, code in (("", "bad-command"), ("shout\nhi", "bad-command"), ("WSHello mallory", "bad-command"),
                           ("message a 1 alice - v\nforged", "bad-command"), ("whois", "bad-command"),
                           ("private\nhi", "bad-command"), ("say x" + "x" * 40 + "\nhi", "bad-command"),
                           ("say", "no-text"), ("say 5\n", "no-text"), ("private two\n", "no-text"),
                           ("private carol 8\nhi", "no-such-name"), ("whois carol", "no-such-name")):
            one.say(text)
            error = one.line("error")
            self.assertEqual(code, error.words[0], text)
            self.assertTrue(error.text)
        two.in_order()

    def test_nobody_forges_a_line_of_the_server(self):
        self.start()
        alice, mallory, plain = self.lines("alice"), self.lines(), self.plain()
        mallory.hello("mallory")
        alice.line("join")
        for forged in ("join bob - v", "leave alice", "names\nnobody - -", "WSJoin bob", "\nleave alice",
                       "message x-1 1 bob - v\nI am bob", "live"):
            mallory.say("say\n" + forged)
            heard = alice.line("message")
            self.assertEqual(("mallory", forged), (heard.name, heard.text))
            self.assertEqual(forged, plain.hear())
            plain.say(forged)
            heard = alice.line("message")
            self.assertEqual(("-", forged), (heard.name, heard.text))
            self.assertEqual(forged, mallory.line("message").text)
            mallory.say("private alice\n" + forged)
            heard = alice.line("private")
            self.assertEqual(("mallory", forged), (heard.name, heard.text))
        for name in ("bob - v", "bob\n- v", "bob\tv", "v\u2028join"):
            own, names = mallory.hello(name)
            self.assertEqual(3, len(own))
            self.assertEqual({"alice", own[0]}, set(names))
        self.assertIn("vjoin", names)

    def test_with_plain_clients(self):
        self.start()
        plain, lines = self.plain(), self.lines("alice")
        self.assertEqual("alice001", plain.hello("alice"))
        self.assertEqual("join alice001 - -", lines.line().data)
        plain.say("from plain")
        heard = lines.line("message")
        self.assertEqual((["alice001", "-", "-"], "from plain"), (heard.words[2:], heard.text))
        lines.say("say\nfrom lines")
        self.assertEqual("from lines", plain.hear())
        plain.say("WSPrivate alice psst")
        heard = lines.line("private")
        self.assertEqual(("alice001", "psst"), (heard.name, heard.text))
        lines.say("private alice001\nyourself")
        self.assertEqual("yourself", plain.hear())
        self.assertEqual("WSIs alice 127.0.0.1", plain.ask("WSWhois alice"))
        self.assertEqual("bob", plain.hello("bob"))
        self.assertEqual("rename alice001 bob - -", lines.line().data)
        plain.close()
        self.assertEqual("leave bob", lines.line().data)

    def test_binary_messages(self):
        self.start()
        alice, bob, plain = self.lines("alice"), self.lines("bob"), self.plain()
        alice.line("join")
        plain.say(b"\0\xff\n")
        for client in (alice, bob):
            head, _, data = client.hear().partition(b"\n")
            self.assertRegex(head, rb"^message \S+ \d+ - - -$")
            self.assertEqual(b"\0\xff\n", data)
        alice.say(b"say 1\nhi")  # no command: what is binary is said as it is
        self.assertEqual(b"say 1\nhi", plain.hear())
        self.assertTrue(bob.hear().endswith(b" alice - -\nsay 1\nhi"))

    def test_offered_among_others(self):
        self.start()
        client = self.plain(headers={"Sec-WebSocket-Protocol": f"other, {SUBPROTOCOL}, chat"})
        self.assertEqual(SUBPROTOCOL, client.answer.get("Sec-WebSocket-Protocol"))
        self.assertEqual("live", client.hear())

    def test_rooms_have_lists_of_their_own(self):
        self.start()
        one, two = self.lines("alice", "/a"), self.lines("alice", "/b")
        self.assertEqual(["alice"], list(one.ask_names()))
        two.close()
        one.in_order()

    def test_one_who_is_cut_off_leaves(self):
        self.start()
        one, two = self.lines("one"), self.lines("two")
        one.line("join")
        two.abort()
        self.assertEqual("leave two", one.line().data)

    def test_the_list_of_many(self):
        self.start()
        watcher = self.lines("watcher")
        clients = [self.lines(f"name{number:02}") for number in range(30)]
        self.assertEqual([f"name{number:02}" for number in range(30)], [watcher.line("join").words[0] for _ in clients])
        self.assertEqual(sorted(["watcher"] + [f"name{number:02}" for number in range(30)]), list(watcher.ask_names()))
        for client in clients:
            client.drop()
        self.assertEqual({f"name{number:02}" for number in range(30)}, {watcher.line("leave").words[0] for _ in clients})


class LinesByTwo(Lines):
    workers = 2


class LinesDirectly(Lines):
    keys = 'options = "direct";'


class LinesAsRecords(Lines):
    framing = "records"


class WithoutCommands(ChatCase):
    def test_lines_are_understood_all_the_same(self):
        self.start()
        plain, alice = self.plain(), self.lines("alice")
        plain.say("WSHello bob")
        self.assertEqual("WSHello bob", alice.line("message").text)
        alice.say("say\nhello")
        self.assertEqual("hello", plain.hear())


class Streams(ChatCase):
    """Servers of SOCK_STREAM, where nothing is known of the clients: texts in one room."""
    more = ("-w",)
    framing = "bytes"

    def test_commands_and_messages(self):
        self.start()
        one, two, three = self.plain(), self.plain("/ignored"), self.plain()
        self.assertEqual("alice", one.hello("alice"))
        self.assertEqual("alice001", two.hello("alice"))
        three.in_order()
        one.say("hello")
        self.assertEqual("hello", two.hear())
        self.assertEqual("hello", three.hear())
        three.say("WSPrivate alice001 psst")
        self.assertEqual("psst", two.hear())
        self.assertEqual("WSIs alice network error", two.ask("WSWhois alice"))
        one.close()
        wait_for("the name to be free", lambda: two.hello("alice") == "alice")


class StreamsOfLines(Streams):
    framing = "lines"


class StreamsByTwo(Streams):
    workers = 2
