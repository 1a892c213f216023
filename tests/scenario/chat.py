"""What the scenarios of websocket_chat share: the server behind a gateway, clients of both ways of speaking, placed on the
worker of the test's choice. In: what clients say. Out: what the others hear (conf/chat-protocol.md)."""

import os
import socket

from harness import BINARY, TEXT, Case, WebSocket, can_connect, program, user_name, wait_for

SUBPROTOCOL = "marmoset-chat"


class Line:
    """A message of the server to a client of lines: its first word, the others, and its text."""

    def __init__(self, data):
        head, self.newline, self.text = data.partition("\n")
        self.kind, *self.words = head.split(" ")
        self.head, self.data = head, data

    @property
    def id(self):
        assert self.kind in ("message", "history"), self
        return self.words[0]

    @property
    def name(self):
        return self.words[{"message": 2, "history": 2, "private": 1, "rename": 1}.get(self.kind, 0)]

    def __repr__(self):
        return f"<{self.data!r}>"


class Plain(WebSocket):
    """A client as ouistiti's: texts only."""

    def say(self, text):
        self.send_frame(*((TEXT, text) if isinstance(text, str) else (BINARY, text)))

    def hear(self):
        """The next message: str or bytes."""
        opcode, data = self.read_message()
        return data.decode() if opcode == TEXT else data

    def ask(self, text):
        self.say(text)
        return self.hear()

    def hello(self, name):
        answer = self.ask(f"WSHello {name}")
        assert answer.startswith("WSWelcome "), answer
        return answer[len("WSWelcome "):]

    def in_order(self):
        """A command whose answer comes behind everything that was said before it."""
        answer = self.ask("WSWhois nobody-of-this-name")
        assert answer == "WSIs nobody-of-this-name undefined", answer


class Lines(Plain):
    """A client of the subprotocol marmoset-chat."""

    def line(self, kind=None):
        """The next line, which must be of this kind."""
        line = Line(self.hear())
        assert kind is None or line.kind == kind, f"{kind} was expected, not {line}"
        return line

    def skip_to(self, kind):
        """The next line of this kind, whatever comes before it."""
        while (line := self.line()).kind != kind:
            pass
        return line

    def live(self):
        """The lines of the history, which end with «live»."""
        history = []
        while (line := self.line()).kind == "history":
            history.append(line)
        assert line.head == "live", line
        return history

    def hello(self, name="", colour=""):
        """(own name, colour, flags), {name: (colour, flags)} of the list."""
        self.say(" ".join(["hello", *filter(None, [name, colour])]))
        return tuple(self.skip_to("welcome").words), self.names()

    def names(self):
        return {words[0]: tuple(words[1:]) for words in map(str.split, self.line("names").text.splitlines())}

    def ask_names(self):
        self.say("names")
        return self.names()

    def in_order(self):
        self.say("whois nobody-of-this-name")
        assert self.line("error").words[0] == "no-such-name"


class ChatCase(Case):
    workers = 1
    keys = ""  # of the websocket group
    section = ""  # of the servers entry
    more = ()  # arguments of websocket_chat
    framing = None
    probe = "/index.html"  # a page that anybody gets

    def setUp(self):
        super().setUp()
        self.document("index.html", "page")
        self.carried = set()
        self.clients = 0
        self.last_worker = None

    def tearDown(self):
        super().tearDown()
        if self.workers > 1 and self.succeeded() and self.clients > 1:
            self.assertGreaterEqual(len(self.carried), self.workers, "one worker had all the clients")

    def start(self, *more):
        """Gateway and chat; the gateway finds it under /chat."""
        keys = self.keys
        if self.framing:
            keys += f' links = ({{ origin = "chat"; destination = "{self.sockets}/chat"; framing = "{self.framing}"; }});'
        self.server = self.gateway(keys, self.section, workers=self.workers)
        self.app = self.chat(*self.more, *more)
        return self.app

    def chat(self, *more, name="chat", ready=True):
        line = [program("websocket_chat"), "-R", self.sockets, "-n", name, "-u", user_name(), *more]
        if self.framing:
            line += ["--framing", self.framing]
        one = self.launch(line, f"{name}-{len(self.programs)}")
        path = os.path.join(self.sockets, name)
        kind = socket.SOCK_STREAM if self.framing else socket.SOCK_SEQPACKET
        if ready:
            wait_for("websocket_chat to listen", lambda: self.listening(one, path, kind), 20)
        return one

    def listening(self, one, path, kind):
        if not one.running():
            raise AssertionError(f"{one.name} ended with {one.wait()}:\n{one.log()}")
        return can_connect(path, kind)

    def restart(self, *more, number=15):
        """The chat ends by a signal and is started anew; what clients see of it is theirs to read."""
        self.app.send_signal(number)
        self.app.wait()
        self.app = self.chat(*self.more, *more)

    def connect(self, kind, server=None):
        """A connection; those of one test go to the workers in turn."""
        server = server or self.server
        spare = []

        def placed():
            client = server.http(kind=kind)
            if self.workers == 1:
                return client
            self.assertEqual(200, client.get(self.probe).status)
            worker = server.worker_of(client)
            if worker != self.last_worker:
                self.last_worker = worker
                self.carried.add(worker)
                return client
            spare.append(client)
            return None

        client = wait_for("a connection to the next worker", placed, 20)
        for one in spare:
            one.drop()
        self.clients += 1
        return client

    def plain(self, room="", headers=(), server=None):
        return self.connect(Plain, server).open("/chat" + room, headers)

    def lines(self, name=None, room="", headers=(), colour="", history=0, server=None):
        """With a `name` it has said hello, and is called so."""
        client = self.connect(Lines, server).open("/chat" + room, [*dict(headers).items(),
                                                                   ("Sec-WebSocket-Protocol", SUBPROTOCOL)])
        assert client.answer.get("Sec-WebSocket-Protocol") == SUBPROTOCOL, client.answer
        self.assertEqual(history, len(client.live()))
        if name:
            own, _ = client.hello(name, colour)
            self.assertEqual(name, own[0])
        return client
