"""Publications to so many subscribers that the gateway waits, for a moment, for what the server is likely to publish next: nothing is
lost, doubled or out of order, and it does not wait for what does not come."""

import signal

import test_link_topics
from harness import CREDIT, END, MESSAGE, TEXT, deadline, frame

SUBSCRIBERS = 80  # more than the gateway serves without waiting
SENDERS = 4
WINDOW = 8


class Crowd(test_link_topics.Topics):
    def setUp(self):
        super().setUp()
        self.clients = [self.open("room") for _ in range(SUBSCRIBERS)]

    def heard_by_all(self, *expected):
        for client, _ in self.clients:
            for text in expected:
                self.assertEqual((TEXT, text.encode()), client.read_message())

    def keep_it_waiting(self):
        """The gateway has sent the server what this does not answer, and is sending more."""
        for client, _ in self.clients[:SENDERS]:
            client.send(frame(TEXT, "unanswered") * 50)

    @deadline(60)
    def test_all_hear_what_several_say(self):
        senders = self.clients[:SENDERS]
        numbers = [number for _, number in senders]
        for turn in range(20):
            for at, (client, _) in enumerate(senders):
                for count in range(WINDOW):
                    client.send_text(f"{at} {turn * WINDOW + count}")
            for _ in range(SENDERS * WINDOW):
                record = self.link.expect(MESSAGE, skip=(CREDIT,))
                self.link.publish("room", record.payload.decode(), but=record.client)
                self.link.credit(record.client, len(record.payload) + 12)
            for index, (client, _) in enumerate(self.clients):
                next_of = {at: turn * WINDOW for at in range(SENDERS) if index >= SENDERS or numbers[at] != numbers[index]}
                for _ in range(len(next_of) * WINDOW):
                    at, number = map(int, client.read_message()[1].split())
                    self.assertEqual(next_of[at], number)
                    next_of[at] += 1

    def test_it_does_not_wait_for_an_answer_that_does_not_come(self):
        for turn in range(20):
            self.keep_it_waiting()
            self.link.publish("room", f"news {turn}")
            self.heard_by_all(f"news {turn}")

    def test_what_one_is_told_keeps_its_place(self):
        for turn in range(20):
            self.keep_it_waiting()
            self.link.publish("room", f"news {turn}")
            for _, number in self.clients[::8]:
                self.link.say(number, f"you {turn}")
            self.link.publish("room", f"more {turn}")
            for at, (client, _) in enumerate(self.clients):
                for expected in (f"news {turn}", *[f"you {turn}"] * (at % 8 == 0), f"more {turn}"):
                    self.assertEqual(expected.encode(), client.read_message()[1])

    def test_who_leaves_or_comes_hears_its_part(self):
        leaves, comes = self.clients.pop(), self.open()
        self.keep_it_waiting()
        self.link.publish("room", "one")
        self.link.join(comes[1], "room")
        self.link.publish("room", "two")
        self.link.leave(leaves[1], "room")
        self.link.publish("room", "three")
        for client, expected in ((leaves[0], ("one", "two")), (comes[0], ("two", "three"))):
            for text in expected:
                self.assertEqual(text.encode(), client.read_message()[1])
        self.check_last(leaves, comes)
        self.heard_by_all("one", "two", "three")

    def test_the_server_publishes_and_is_gone(self):
        self.keep_it_waiting()
        self.link.publish("room", "last words")
        self.link.drop()
        self.heard_by_all("last words")
        for client, _ in self.clients:
            client.expect_fail(1012)

    def test_the_gateway_ends(self):
        for number in (1, 2, 3):
            self.link.publish("room", f"news {number}")
        self.heard_by_all("news 1", "news 2", "news 3")
        self.keep_it_waiting()
        self.link.publish("room", "last words")
        self.server.send_signal(signal.SIGTERM)
        self.heard_by_all("last words")
        for client, _ in self.clients:
            client.expect_close(1001)

    def test_a_reader_that_has_gone_meanwhile(self):
        for turn in range(10):
            client, number = self.clients.pop()
            self.keep_it_waiting()
            self.link.publish("room", f"news {turn}")
            client.abort()
            self.heard_by_all(f"news {turn}")
            self.link.expect(END, number, skip=(CREDIT, MESSAGE))
            self.link.end(number)
