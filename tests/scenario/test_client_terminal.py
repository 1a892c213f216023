"""websocket_client at a terminal: lines, history, commands, what comes while a line is being typed, the ends."""

import codecs
import os
import pty
import re
import select
import signal
import subprocess
import threading

from harness import Case, program, scaled, wait_for
from websocket_peers import PythonPeer, Refusing, Scripted


class Terminal:
    """The program on a pseudo-terminal: keys in, what is to be seen out."""

    def __init__(self, *arguments):
        master, slave = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        environment.pop("NO_COLOR", None)
        self.process = subprocess.Popen([program("websocket_client"), *arguments], stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True, env=environment, preexec_fn=self.take_terminal)
        os.close(slave)
        self.master = master
        self.seen = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a piece may end within a character

    @staticmethod
    def take_terminal():
        import fcntl
        import termios
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def fill(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # nobody holds the other end any more
            return False
        self.seen += self.decoder.decode(data)
        return bool(data)

    def await_line(self, pattern):
        """Waits until what is to be seen, without colours, matches; forgets it up to there."""
        def found():
            self.fill(0.05)
            return re.search(pattern, self.plain())
        try:
            match = wait_for(f"the terminal to show {pattern!r}", found, 20)
        except AssertionError:
            raise AssertionError(f"no {pattern!r} in {self.seen!r}") from None
        self.seen = self.plain()[match.end():]
        return match

    def plain(self):
        return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", self.seen)

    def status(self):
        """The exit status; what is shown until then is read."""
        def ended():
            self.fill(0.05)
            return self.process.poll() is not None
        wait_for("websocket_client to end", ended, 20)
        while self.fill(0):
            pass
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)


class Interactive(Case):
    def terminal(self, *arguments):
        one = Terminal(*arguments)
        self.addCleanup(one.close)
        return one

    def peer(self, kind=PythonPeer, *arguments, **options):
        one = kind(*arguments, **options)
        self.addCleanup(one.close)
        return one

    def connected(self, *arguments):
        self.server = self.peer()
        terminal = self.terminal(*arguments, self.server.url)
        terminal.await_line(r"\* connected to ws://127")
        return terminal

    def test_lines_and_marks(self):
        terminal = self.connected()
        terminal.type("häß€\n")
        wait_for("a mark in colour", lambda: terminal.fill(0.05) and "\x1b[34m<\x1b[0m häß€" in terminal.seen)
        terminal.await_line("< häß€\r\n")
        terminal.type("//slash\n")
        terminal.await_line("< /slash\r\n")

    def test_close_with_code_and_reason(self):
        terminal = self.connected()
        terminal.type("/close 1001 bye bye\n")
        terminal.await_line(r"\* closed with 1001 bye bye")
        self.assertEqual(0, terminal.status())
        wait_for("the server", lambda: self.server.closed)
        self.assertEqual((1001, "bye bye"), self.server.closed[0])

    def test_codes_that_must_not_be_sent(self):
        terminal = self.connected()
        for code in ("1004", "1005", "1006", "1015", "999", "5000", "70000", "x"):
            terminal.type(f"/close {code}\n")
            terminal.await_line(r"\* (close|/close CODE)")
        terminal.type("/close 1000 " + "x" * 124 + "\n")
        terminal.await_line(r"more than 123 bytes")
        terminal.type("still here\n")
        terminal.await_line("< still here\r\n")

    def test_ping_binary_help(self):
        terminal = self.connected()
        terminal.type("/ping are you there\n")
        terminal.await_line("> ping are you there\r\n")
        terminal.await_line("< pong are you there\r\n")
        terminal.type(f"/binary {self.path('data', bytes(range(40)))}\n")
        terminal.await_line("> binary, 40 bytes\r\n")
        terminal.await_line(r"< binary, 40 bytes: 00 01 02 .* \.\.\.\r\n")
        terminal.type("/binary /does/not/exist\n")
        terminal.await_line(r"\* can't read /does/not/exist\r\n")
        terminal.type("/help\n")
        terminal.await_line(r"/close \[CODE")
        terminal.type("/mystery\n")
        terminal.await_line(r"\* there is no /mystery")

    def test_what_comes_while_a_line_is_typed(self):
        now = threading.Event()

        def talk(wire):
            wire.shake_hands()
            now.wait(scaled(20))
            wire.say(1, "in between")
            self.heard = wire.hear()
            wire.farewell()
        terminal = self.terminal(self.peer(Scripted, talk).url)
        terminal.await_line("connected")
        terminal.type("half a")
        terminal.await_line("half a")
        now.set()
        terminal.await_line("< in between\r\n")
        terminal.await_line("> half a")  # the line is there again
        terminal.type(" line\n")
        wait_for("the line", lambda: hasattr(self, "heard"))
        self.assertEqual((1, b"half a line", True), self.heard)

    def test_editing_and_history(self):
        terminal = self.connected()
        terminal.type("wrang\x7f\x7f\x7fong\n")
        terminal.await_line("< wrong\r\n")
        if not self.edits():  # the terminal's own editing knows no more than that
            return
        terminal.type("\x1b[A\n")  # the line before
        terminal.await_line("< wrong\r\n")
        terminal.type("\x1b[A\x01not \n")
        terminal.await_line("< not wrong\r\n")

    def edits(self):
        """Whether the program was built with libedit."""
        done = subprocess.run(["ldd", program("websocket_client")], capture_output=True, text=True, check=True)
        return "libedit" in done.stdout

    def test_the_ends(self):
        for end in ("\x04", "\x03", "/quit\n"):
            terminal = self.connected()
            terminal.type(end)
            terminal.await_line(r"\* closed with 1000")
            self.assertEqual(0, terminal.status())

    def test_a_second_end_does_not_wait(self):
        closing = threading.Event()

        def talk(wire):
            wire.shake_hands().hear_close()
            closing.set()
            wire.wait_end()
        terminal = self.terminal(self.peer(Scripted, talk).url)
        terminal.await_line("connected")
        terminal.type("\x04")
        self.assertTrue(closing.wait(scaled(20)))  # the first has been taken
        terminal.process.send_signal(signal.SIGINT)
        self.assertEqual(4, terminal.status())

    def test_no_connection(self):
        port = self.peer(Refusing).port
        terminal = self.terminal(f"ws://127.0.0.1:{port}/")
        terminal.await_line(r"\* websocket_client: connect 127.0.0.1:\d+: Connection refused")
        self.assertEqual(2, terminal.status())

    def test_controls_of_the_server_do_not_reach_the_terminal(self):
        hostile = self.terminal(self.peer(Scripted, lambda wire: (wire.shake_hands(behind=b"\x81\x07\x1b]0;x\x07\r"), wire.farewell())).url)
        hostile.await_line(r"< \\x1b\]0;x\\x07\\x0d\r\n")
