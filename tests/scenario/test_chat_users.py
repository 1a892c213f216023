"""Users who have signed in at the gateway have their own names in websocket_chat, and nobody else has them."""

from chat import ChatCase
from sign_in import GateCase, basic

ALICE, BOB = basic("alice", "a"), basic("bob", "b")


class Users(ChatCase, GateCase):
    more = ("-w",)
    gate = ""
    probe = "/open/index.html"

    def start(self, *more):
        users = self.passwd("alice:a:users:x", "bob:b:users:x", "Bob Builder:c:users:x", "x" * 31 + ":d:users:x")
        self.guard("Basic", store=f'file = "{users}";', websocket=self.keys, keys=self.gate, workers=self.workers)
        self.app = self.chat(*self.more, *more)


class SignedIn(Users):
    """Everybody has signed in."""

    def test_the_name_is_the_users(self):
        self.start()
        alice = self.lines(headers=ALICE)
        self.assertEqual(("alice", "#112233", "v"), alice.hello("bob", "#112233")[0])
        self.assertEqual(("alice", "#112233", "v"), alice.hello()[0])
        bob = self.plain(headers=BOB)
        # In the list without a word: a plain client need not know how.
        self.assertEqual("WSWelcome bob", bob.hear())
        self.assertEqual("join bob - v", alice.line().data)
        self.assertEqual("bob", bob.hello("alice"))
        bob.say("hello")
        self.assertEqual(["bob", "-", "v"], alice.line("message").words[2:])
        alice.say("private bob\npsst")
        self.assertEqual("psst", bob.hear())
        self.assertEqual("WSIs alice 127.0.0.1", bob.ask("WSWhois alice"))

    def test_connections_of_one_user_share_the_name(self):
        self.start()
        one, two, bob = self.lines(headers=ALICE), self.lines(headers=ALICE), self.lines(headers=BOB)
        bob.hello()
        self.assertEqual("join bob - v", one.line().data)
        self.assertEqual("join bob - v", two.line().data)
        self.assertEqual("alice", one.hello()[0][0])
        self.assertEqual("join alice - v", bob.line().data)
        own, names = two.hello()
        self.assertEqual(("alice", {"alice": ("-", "v"), "bob": ("-", "v")}), (own[0], names))
        bob.say("private alice\nto both")
        self.assertEqual("to both", one.skip_to("private").text)
        self.assertEqual("to both", two.skip_to("private").text)
        one.say("say\nhello")
        self.assertEqual("hello", two.line("message").text)
        self.assertEqual("hello", bob.line("message").text)
        one.close()
        bob.in_order()  # still there
        two.close()
        self.assertEqual("leave alice", bob.line().data)

    def test_users_whose_names_can_be_none(self):
        self.start()
        one = self.lines(headers=basic("Bob Builder", "c"))
        self.assertEqual(("Bob_Builder", "-", "-"), one.hello("whatever")[0])
        two = self.lines(headers=basic("x" * 31, "d"))
        self.assertEqual(("x" * 30, "-", "-"), two.hello()[0])
        # They are not the user who might be called so, and so are not the same as one another.
        self.assertEqual(("x" * 27 + "001", "-", "-"), self.lines(headers=basic("x" * 31, "d")).hello()[0])

    def test_without_commands_nobody_is_told_a_name(self):
        self.more = ()
        self.start()
        alice, bob = self.lines(headers=ALICE), self.plain(headers=BOB)
        bob.say("WSHello carol")
        self.assertEqual("join bob - v", alice.line().data)
        heard = alice.line("message")
        self.assertEqual((["bob", "-", "v"], "WSHello carol"), (heard.words[2:], heard.text))
        alice.hello()
        alice.say("say\nhello")
        self.assertEqual("hello", bob.hear())


class SignedInByTwo(SignedIn):
    workers = 2


class SignedInDirectly(SignedIn):
    keys = 'options = "direct";'


class Guests(Users):
    """The chat is open to everybody, and some have signed in."""
    gate = 'unprotect = "^/open,^/chat,^/marmoset-chat";'

    def start(self, *more):
        users = self.passwd("alice:a:users:x", "bob:b:users:x")
        self.server = self.gateway(self.keys, f'auth = {{ type = "Basic"; realm = "house"; {self.gate} file = "{users}"; }};',
                                   workers=self.workers)
        self.app = self.chat(*self.more, *more)

    def test_a_guest_does_not_have_a_users_name(self):
        self.start()
        alice = self.lines(headers=ALICE)
        alice.hello()
        guest = self.lines()
        self.assertEqual(("alice001", "-", "-"), guest.hello("alice")[0])
        plain = self.plain()
        self.assertEqual("alice002", plain.hello("alice"))

    def test_a_guest_loses_it_when_the_user_comes(self):
        self.start()
        guest, plain, watcher = self.lines("alice", colour="#112233"), self.plain(), self.lines("watcher")
        guest.line("join")
        self.assertEqual("bob", plain.hello("bob"))
        for client in (guest, watcher):
            self.assertEqual("join bob - -", client.line().data)
        alice = self.lines(headers=ALICE)
        own, names = alice.hello()
        self.assertEqual((("alice", "-", "v"), ["alice", "alice001", "bob", "watcher"]), (own, list(names)))
        self.assertEqual(["alice001", "#112233", "-"], guest.line("welcome").words)
        self.assertEqual("join alice - v", guest.line().data)
        self.assertEqual(["rename alice alice001 #112233 -", "join alice - v"], [watcher.line().data for _ in range(2)])
        guest.say("say\nI am alice")
        self.assertEqual(["alice001", "#112233", "-"], watcher.line("message").words[2:])
        guest.say("private alice\nfor the user")
        self.assertEqual("for the user", alice.skip_to("private").text)
        self.plain(headers=BOB)
        while not (told := plain.hear()).startswith("WSWelcome"):
            pass
        self.assertEqual("WSWelcome bob001", told)


class GuestsByTwo(Guests):
    workers = 2
