"""The gateway's own pings: a client that answers stays, one that has vanished without a word is noticed."""

import time

from harness import CLOSE, END, OPEN, PING, PONG, Case, Closed, deadline, frame

# A client that shows that it is there has four seconds for it. One that is not heard is never sent the fifth ping.
PATIENT, PINGS = "ping = 1; ping_misses = 4;", 5


class Pings(Case):
    def open(self, keys):
        self.server = self.gateway(keys)
        self.app = self.link_server()
        self.client = self.server.websocket()
        self.began = time.monotonic()
        self.link, opened = self.app.admit(self.client)
        self.number = opened.client

    def test_a_client_that_answers_stays(self):
        self.open(PATIENT)
        for _ in range(PINGS):
            got = self.client.read_frame()
            self.assertEqual(PING, got.opcode)
            self.client.send_frame(PONG, got.payload)
        self.client.send_text("still here")
        self.assertEqual((0, b"still here"), self.link.message(self.number))

    def test_one_that_does_not_is_closed(self):
        self.open("ping = 1; ping_misses = 2;")
        pings = 0
        code = None
        try:
            while True:
                got = self.client.read_frame()
                if got.opcode == CLOSE:
                    code = got.code
                    break
                self.assertEqual(PING, got.opcode)
                pings += 1
        except Closed:
            pass
        self.assertIn(code, (None, 1001, 1002, 1008, 1011))  # 1006 itself can't be sent
        self.assertIn(pings, (2, 3))
        self.assertGreater(time.monotonic() - self.began, 1.5)
        self.assertEqual(1006, self.link.expect(END, self.number).code)

    def test_messages_are_a_sign_of_life_too(self):
        self.open(PATIENT)
        for _ in range(PINGS):
            got = self.client.read_frame()
            self.assertEqual(PING, got.opcode)
            self.client.send_text("no pong, but here")
            self.assertEqual((0, b"no pong, but here"), self.link.message(self.number))

    def test_0_means_none(self):
        self.open("ping = 0;")
        self.client.expect_quiet(1.5)

    def test_an_idle_client_is_not_asked_earlier(self):
        self.open("")  # the default is 30 s
        self.client.expect_quiet(1.5)

    @deadline(40)
    def test_while_we_do_not_read_from_a_client_it_is_not_given_up(self):
        # Its pong waits behind data that the system server does not take.
        self.open(PATIENT)
        client = self.server.websocket()
        client.start("/app")
        number = self.link.expect(OPEN).client
        self.link.accept(number)
        client.finish_handshake()
        client.send(frame(2, b"x" * 400_000))  # more than our credit of 256 KiB
        client.send_frame(PONG, b"behind it")
        for _ in range(PINGS):
            self.keep(self.client)
            client.is_open()  # takes what has come: pings
            self.assertFalse(client.ended, "the paused client was given up")

    def keep(self, client):
        """Answers one ping of the other client, so that only the paused one is in question."""
        got = client.read_frame()
        self.assertEqual(PING, got.opcode)
        client.send_frame(PONG, got.payload)
