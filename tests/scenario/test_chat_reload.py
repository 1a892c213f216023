"""The chat goes on while the gateway's configuration changes, and its clients of all workers, old and new, hear each other."""

import threading

from chat import ChatCase, Lines, Plain
from harness import deadline
from reloading import ReloadCase


class Reload(ChatCase, ReloadCase):
    more = ("-w", "--history", "100")

    def begin(self):
        self.server = ReloadCase.start(self, workers=self.workers)
        self.app = self.chat(*self.more)

    def site(self, *more, **defaults):
        return ReloadCase.site(self, *more, **{"drain_timeout": "60", **defaults})

    def test_clients_of_old_and_new_workers_hear_each_other(self):
        self.begin()
        old = [self.plain() for _ in range(2)] + [self.lines("old")]
        self.reload(self.server, self.site(self.other, workers=self.workers))
        new = [self.plain() for _ in range(2)] + [self.lines("new")]
        self.assertEqual("join new - -", old[2].line().data)
        for speaker in old + new:
            text = f"from {id(speaker)}"
            speaker.say("say\n" + text if isinstance(speaker, Lines) else text)
            for listener in old + new:
                if listener is not speaker:
                    heard = listener.line("message").text if isinstance(listener, Lines) else listener.hear()
                    self.assertEqual(text, heard)
        new[2].say("private old\npsst")
        self.assertEqual("psst", old[2].line("private").text)
        old[2].close()
        self.assertEqual("leave old", new[2].line().data)

    @deadline(90)
    def test_nothing_is_lost_while_it_happens(self):
        self.begin()
        speaker, listeners = self.lines("speaker"), [self.plain() for _ in range(4)]
        for listener in listeners:
            listener.patience = 60  # nothing is said while the server is reloaded
        faults = []

        def listen(client):
            try:
                for number in range(1000):
                    heard = client.hear()
                    if heard != str(number):
                        faults.append(f"{heard!r} instead of {number}")
                        return
            except Exception as error:
                faults.append(repr(error))

        threads = [threading.Thread(target=listen, args=(client,)) for client in listeners]
        for thread in threads:
            thread.start()
        for number in range(1000):
            speaker.say(f"say {number}\n{number}")
            self.assertEqual(str(number), speaker.line("sent").words[0])
            if number in (200, 600):
                self.reload(self.server, self.site(self.other if number == 200 else self.documents, workers=self.workers))
        for thread in threads:
            thread.join(60)
        self.assertEqual([], faults)

    def test_those_who_must_go_come_back_to_the_same_room(self):
        self.begin()
        client = self.lines("alice")
        client.say("say\nkept")
        client.in_order()
        # By another gateway, so that it is there when the first one lets alice go, however soon that is.
        other = self.lines(history=1, server=self.gateway())
        self.reload(self.server, self.site(self.other, workers=self.workers, drain_timeout="1"))
        client.patience = 25  # drain_timeout, and a random moment of the seconds behind it
        while (received := client.read_frame()).opcode != 8:
            pass
        self.assertEqual(1012, received.code)
        client.send_close(1012)
        client.expect_end()
        self.assertEqual("leave alice", other.skip_to("leave").data)
        self.assertEqual("alice", self.lines(history=1).hello("alice")[0][0])


class ReloadByTwo(Reload):
    workers = 2


class Restart(ChatCase):
    def test_clients_are_told_and_come_back(self):
        self.start("-w")
        client = self.plain()
        client.hello("alice")
        self.restart("-w")
        client.expect_close(1001)
        self.assertEqual("alice", self.plain().hello("alice"))

    def test_a_chat_that_was_killed(self):
        self.start("-w")
        client = self.plain()
        client.hello("alice")
        self.restart("-w", number=9)
        client.expect_close(1012)
        self.assertEqual("alice", self.plain().hello("alice"))


class RestartByTwo(Restart):
    workers = 2
