"""What a client of websocket_chat can make grow has a limit, and one that does not read delays nobody else."""

import os
import signal
import socket
import struct
import time

from chat import ChatCase, Plain
from bounds import SLOW
from harness import deadline, is_running, memory, program, scaled, wait_for
from limits import LimitCase
from websocket_wire import CLOSE


class Counted(ChatCase, LimitCase):
    """A gateway whose limits are counted, with the chat behind it."""

    def start(self, *more):
        keys = self.keys
        if self.framing:
            keys += f' links = ({{ origin = "chat"; destination = "{self.sockets}/chat"; framing = "{self.framing}"; }});'
        self.limited(keys=keys, top=f"workers = {self.workers};")
        self.app = self.chat(*self.more, *more)


class Stalled(Counted):
    code = 1013

    def stalled(self):
        """A client that takes little into its socket, and reads nothing."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(scaled(20))
        sock.connect(self.server.address()[1])
        client = Plain(sock)
        client.host = f"localhost:{self.server.port}"
        self.server.clients.append(client)
        return client.open("/chat")

    @deadline(90)
    def test_one_who_does_not_read_is_cut_off_and_delays_nobody(self):
        self.start()
        speaker, listener = self.plain(), self.plain()
        stalled = self.stalled()
        before = memory(self.app.pid) + self.server.memory()
        message = "x" * 60_000
        gone = None
        # Everything that is said reaches the others at once, before, while and after the one is cut off.
        for number in range(600):
            speaker.say(message)
            self.assertEqual(message, self.heard(listener, len(message)))
            if gone is None and self.is_cut_off():
                gone = number
            # Its close frame waits for it as long as close_timeout permits, and is read below.
            if gone is not None and number == gone + 20:
                break
        self.assertIsNotNone(gone, "600 messages wait for it")
        # A sanitizer keeps what is freed for a while.
        self.assertLess(memory(self.app.pid) + self.server.memory() - before, (24 << 20) * SLOW ** 2)
        self.check_counted()
        # It finds what was on its way, and the reason.
        while (received := stalled.read_frame()).opcode != CLOSE:
            pass
        self.assertEqual(self.code, received.code)

    def heard(self, listener, size):
        """Bytes of a stream may come in several messages."""
        text = listener.hear()
        while self.framing == "bytes" and len(text) < size:
            text += listener.hear()
        return text

    def is_cut_off(self):
        return self.reached("queue") == 1

    def check_counted(self):
        self.check_reached("queue")


class StalledByTwo(Stalled):
    workers = 2


class StalledDirectly(Stalled):
    keys = 'options = "direct";'


class StalledAsRecords(Stalled):
    framing = "records"


class StalledStream(Stalled):
    """The system server closes it: there are no codes in bytes, and the gateway's count is not asked."""
    framing = "bytes"
    code = 1000

    def is_cut_off(self):
        return "reads too slowly" in self.app.log()

    def check_counted(self):
        self.assertEqual(1, self.app.log().count("reads too slowly"))


class Limits(ChatCase):
    def refused(self, room, status=503):
        client = self.server.websocket()
        client.start("/chat" + room)
        self.assertEqual(status, client.response().status)

    def test_rooms(self):
        self.start("--max-rooms", "3", "--history", "5")
        one = self.plain("/1")
        two = self.plain("/2")
        two.say("kept")
        three = self.plain("/3")
        self.refused("/4")
        one.close()
        wait_for("a room to be free", lambda: self.opens("/4"))
        # A room where nobody is gives way, its history with it.
        two.close()
        three.close()
        self.plain("/5")
        six = self.plain("/6")
        six.close()
        self.lines(room="/2", history=0)

    def opens(self, room):
        client = self.server.websocket()
        client.start("/chat" + room)
        return client.head().status == 101

    def test_clients(self):
        self.start("-m", "2")
        one = self.plain()
        self.plain()
        self.refused("")
        one.close()
        wait_for("a place to be free", lambda: self.opens(""))

    def test_messages(self):
        self.start("-w")
        one, two, three = self.plain(), self.plain(), self.lines("three")
        one.say("x" * 262_144)
        self.assertEqual("x" * 262_144, two.hear())
        self.assertEqual("x" * 262_144, three.line("message").text)
        one.send_frame(1, "x" * 262_145)
        one.expect_close(1009)
        two.in_order()

    @deadline(60)
    def test_pace(self):
        # Fifty at ten a second take four seconds: the first ten may come at once.
        self.start("--rate", "10", "-w")
        fast, slow, listener = self.plain(), self.plain(), self.plain()
        begin = time.monotonic()
        for number in range(50):
            fast.say(f"fast {number}")
        slow.say("slow")
        heard = [listener.hear() for _ in range(51)]
        self.assertEqual([f"fast {number}" for number in range(50)], [text for text in heard if text != "slow"])
        self.assertGreater(time.monotonic() - begin, 3.9)
        self.assertLess(heard.index("slow"), 45)

    def test_the_names_of_a_room(self):
        self.start("-w")
        clients = [self.plain() for _ in range(3)]
        for number in range(300):
            self.assertEqual(f"{number}", clients[number % 3].hello(f"{number}"))
        self.assertEqual(["297", "298", "299", "lines"], list(self.lines("lines").ask_names()))


class Options(ChatCase):
    @deadline(60)
    def test_what_is_no_option(self):
        for line in (["--history", "many"], ["--history", "100001"], ["--history-bytes", "-1"], ["--max-rooms", "0"],
                     ["--rate", "1.5"], ["--store", "x", "--history", "0"], ["extra"]):
            one = self.chat(*line, name="bad", ready=False)
            self.assertEqual(1, one.wait(20), line)
            self.assertTrue(one.log(), line)

    def test_daemon_with_a_store(self):
        self.server = self.gateway()
        file = self.path("chat.db")
        # The name of a file is what it is where the program was called; the daemon works in /.
        one = self.launch([program("websocket_chat"), "-R", self.sockets, "-n", "chat", "-D", "-L", self.path("chat.log"),
                           "--store", "chat.db"], "daemon", cwd=self.folder)
        self.assertEqual(0, one.wait())
        speaker = self.lines("alice")
        speaker.say("say 1\nhello")
        speaker.line("sent")
        pid = self.listener()
        os.kill(pid, signal.SIGTERM)
        speaker.expect_close(1001)
        wait_for("the daemon to end", lambda: not is_running(pid))
        self.chat("--store", file)
        self.lines("bob", history=1)

    def listener(self):
        """The process that listens on the chat's socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
            probe.connect(self.path("sockets/chat"))
            return struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
