"""websocket_chat with plain clients: everything to all others, ouistiti's commands, rooms."""

from chat import ChatCase, Plain
from harness import wait_for


class Relayed(ChatCase):
    """Without -w."""

    def test_what_one_sends_all_others_receive(self):
        self.start()
        one, two, three = self.plain(), self.plain(), self.plain("/")
        for message in ("hello", "", "häß€🦫", b"\0\xff", "x" * 70_000):
            one.say(message)
            for other in (two, three):
                self.assertEqual(message, other.hear())
        two.say("back")
        self.assertEqual("back", one.hear())
        self.assertEqual("back", three.hear())

    def test_commands_are_messages(self):
        self.start()
        one, two = self.plain(), self.plain()
        for text in ("WSHello alice", "WSWhois alice", "WSPrivate alice psst"):
            one.say(text)
            self.assertEqual(text, two.hear())

    def test_rooms(self):
        self.start()
        kitchen, cellar, none = self.plain("/kitchen"), self.plain("/cellar"), self.plain()
        beside = [self.plain("/kitchen/"), self.plain("/cellar"), self.plain()]
        for client, text in ((kitchen, "soup"), (cellar, "wine"), (none, "nothing")):
            client.say(text)
        for client, text in zip(beside, ("soup", "wine", "nothing")):
            self.assertEqual(text, client.hear())
        umlaut = self.plain("/k%C3%BCche")
        self.plain("/k%c3%bcche").say("raw")
        self.assertEqual("raw", umlaut.hear())

    def test_rooms_that_cannot_be(self):
        self.start()
        for room in ("/" + "x" * 65, "/a%0ab", "/%00"):
            client = self.server.websocket()
            client.start("/chat" + room)
            self.assertIn(client.response().status, (400, 404), room)
        self.plain("/" + "x" * 64)

    def test_a_client_that_goes_and_one_that_comes(self):
        self.start()
        one, two = self.plain(), self.plain()
        two.say("first")
        self.assertEqual("first", one.hear())
        one.close()
        three = self.plain()
        two.say("second")
        self.assertEqual("second", three.hear())

    def test_a_subprotocol_of_another_kind_is_agreed_to(self):
        self.start()
        for offered, agreed in (("chat", "chat"), ("other, chat", "chat"), ("other", "other")):
            client = self.plain(headers={"Sec-WebSocket-Protocol": offered})
            self.assertEqual(agreed, client.answer.get("Sec-WebSocket-Protocol"))


class Commands(ChatCase):
    more = ("-w",)

    def test_names(self):
        self.start()
        one, two, three = self.plain(), self.plain(), self.plain()
        self.assertEqual("alice", one.hello("alice"))
        self.assertEqual("alice001", two.hello("alice"))
        self.assertEqual("alice002", three.hello("alice"))
        self.assertEqual("alice001", two.hello("alice"))  # still taken, and this one its own
        one.close()
        wait_for("the name to be free", lambda: two.hello("alice") == "alice")
        self.assertEqual("alice001", three.hello("alice"))

    def test_names_in_another_room_are_others(self):
        self.start()
        self.assertEqual("alice", self.plain("/a").hello("alice"))
        self.assertEqual("alice", self.plain("/b").hello("alice"))

    def test_names_have_30_bytes_of_utf8(self):
        self.start()
        one, two = self.plain(), self.plain()
        self.assertEqual("x" * 30, one.hello("x" * 31))
        self.assertEqual("x" * 27 + "001", two.hello("x" * 40))
        self.assertEqual("ä" * 15, one.hello("ä" * 16))
        self.assertEqual("ä" * 13 + "001", two.hello("ä" * 15))
        self.assertEqual("a" + "🦫" * 7, one.hello("a" + "🦫" * 8))
        self.assertEqual("a" + "🦫" * 6 + "001", two.hello("a" + "🦫" * 7))

    def test_where_names_end(self):
        self.start()
        one = self.plain()
        for wanted, name in (("bob more", "bob"), ("bob\nmore", "bob"), ("bob\0more", "bob"), ("  bob", "bob"),
                             ("b\u200bo\u202eb\x07", "bob"), ("", "bob"), ("\u3164", "bob"), ("-", "bob")):
            self.assertEqual(name, one.hello(wanted))
        self.assertEqual("guest", self.plain().hello(""))

    def test_everything_else_is_said(self):
        self.start()
        one, two = self.plain(), self.plain()
        for text in ("hello", "WSHelloalice", "wshello alice", " WSHello alice", "WSWelcome alice", "WS", ""):
            one.say(text)
            self.assertEqual(text, two.hear())
        one.say(b"WSHello alice")
        self.assertEqual(b"WSHello alice", two.hear())

    def test_private_messages(self):
        self.start()
        one, two, three = self.plain(), self.plain(), self.plain()
        two.hello("bob")
        one.say("WSPrivate bob psst, bob\nand more")
        self.assertEqual("psst, bob\nand more", two.hear())
        one.say("WSPrivate nobody psst")
        one.say("WSPrivate bob ")
        self.assertEqual("", two.hear())
        one.say("loud")
        self.assertEqual("loud", two.hear())
        self.assertEqual("loud", three.hear())

    def test_whois(self):
        self.start()
        one, two = self.plain(), self.plain()
        two.hello("bob")
        self.assertEqual("WSIs bob 127.0.0.1", one.ask("WSWhois bob"))
        self.assertEqual("WSIs carol undefined", one.ask("WSWhois carol"))
        name = "x" * 480  # ended ouistiti's server
        self.assertEqual(f"WSIs {name} undefined", one.ask("WSWhois " + name))
        self.assertEqual("WSIs  undefined", one.ask("WSWhois"))

    def test_addresses_may_be_hidden(self):
        self.start("--hide-addresses")
        one, two = self.plain(), self.lines("two")
        self.assertEqual("one", one.hello("one"))
        self.assertEqual("WSIs two network error", one.ask("WSWhois two"))
        two.say("whois one")
        self.assertEqual(["one", "-", "-"], two.skip_to("is").words)

    def test_hundreds_of_one_name(self):
        self.start()
        clients = [self.server.http(kind=Plain).open("/chat") for _ in range(120)]
        names = [client.hello("alice") for client in clients]
        self.assertEqual(["alice"] + [f"alice{number:03}" for number in range(1, 120)], names)


class RelayedByTwo(Relayed):
    workers = 2


class CommandsByTwo(Commands):
    workers = 2


class RelayedDirectly(Relayed):
    keys = 'options = "direct";'


class CommandsDirectly(Commands):
    keys = 'options = "direct";'


class Records(Commands):
    framing = "records"
