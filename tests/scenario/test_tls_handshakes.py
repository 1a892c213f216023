"""https: what handshakes are made and which are refused, told by openssl s_client and by bytes of our own; tickets at all workers."""

import os
import re
import signal
import socket
import ssl
import time
import warnings

from certificates import RSA
from harness import Closed, Http, children, configuration, wait_for
from tls_servers import TlsCase, for_each_library

warnings.simplefilter("ignore", DeprecationWarning)  # the old versions of TLS are named on purpose

DEFAULT_SUITES = [f"ECDHE-{key}-{cipher}" for key in ("ECDSA", "RSA")
                  for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")]
WEAK_SUITES = ["ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384", "AES128-GCM-SHA256", "AES256-SHA", "DHE-RSA-AES128-GCM-SHA256",
               "ECDHE-ECDSA-NULL-SHA", "AECDH-AES128-SHA", "PSK-AES128-GCM-SHA256"]
EVERYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
PLAIN_HTTP = b"400 This port speaks TLS: use https:// (or wss://) here.\n"


def exchange(tls, incoming, outgoing, sock, step):
    """One step of a TLS object over a socket, whatever it has to say in pieces of `step` bytes."""
    data = outgoing.read()
    for at in range(0, len(data), step):
        sock.sendall(data[at:at + step])


@for_each_library
class Versions:
    def test_old_ones_are_refused(self):
        server = self.secure()
        for flag in ("-tls1", "-tls1_1"):
            done = self.s_client(server, flag, "-cipher", EVERYTHING)
            self.assertIsNone(done.protocol, done)
            self.assertEqual("protocol version", done.alert, done)
        self.assertEqual(2, self.counters(server)["tls_handshakes_total"]["failed"])
        self.assertRegex(server.log(), r"info worker 0: 127\.0\.0\.1:\d+: TLS: ")

    def test_new_ones_are_taken(self):
        server = self.secure()
        self.assertEqual("TLSv1.2", self.s_client(server, "-tls1_2").protocol)
        self.assertEqual(self.newest, self.s_client(server).protocol)
        if self.newest == "TLSv1.2":
            self.assertIn(self.s_client(server, "-tls1_3").alert, ("protocol version", "handshake failure"))

    def test_minversion(self):
        if self.library == "openssl":
            server = self.secure('minversion = "1.3";')
            self.assertEqual("protocol version", self.s_client(server, "-tls1_2").alert)
            self.assertEqual("TLSv1.3", self.s_client(server).protocol)
            return
        config = self.path("m.conf", self.text('minversion = "1.3";'))
        status, _, err = self.run_marmoset("-t", "-f", config, "-M", self.modules())
        self.assertEqual(1, status)
        self.assertRegex(err, r'm\.conf:\d+: servers\[0\]\.tls\.minversion: mbedtls has no TLS 1\.3.*library = "openssl"')

    def modules(self):
        from harness import MODULES
        return MODULES


@for_each_library
class Suites:
    def setUp(self):
        super().setUp()
        rsa = self.authority.certificate("rsa", kind=RSA)
        self.pairs = (f'crtfile = [ "{self.certificate}", "{rsa[0]}" ]; keyfile = [ "{self.key}", "{rsa[1]}" ];')

    def ask(self, server, suite):
        return self.s_client(server, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0").cipher

    def test_forward_secrecy_and_authenticated_encryption_with_both_kinds_of_keys(self):
        server = self.secure(self.pairs)
        self.assertEqual(DEFAULT_SUITES, [self.ask(server, suite) for suite in DEFAULT_SUITES])

    def test_nothing_else(self):
        server = self.secure(self.pairs)
        # (NONE): there was no handshake.
        self.assertEqual([], [suite for suite in WEAK_SUITES if self.ask(server, suite) not in (None, "(NONE)")])

    def test_the_server_prefers(self):
        server = self.secure(self.pairs)
        self.assertEqual("ECDHE-ECDSA-AES128-GCM-SHA256", self.ask(server, ":".join(reversed(DEFAULT_SUITES))))

    def test_a_list_of_ones_own(self):
        server = self.secure(self.pairs + 'ciphers = "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384, ecdhe-ecdsa-chacha20-poly1305";')
        self.assertEqual("ECDHE-RSA-AES256-SHA384", self.ask(server, "ECDHE-RSA-AES256-SHA384"))
        self.assertEqual("ECDHE-ECDSA-CHACHA20-POLY1305", self.ask(server, "ECDHE-ECDSA-CHACHA20-POLY1305"))
        self.assertIn(self.ask(server, "ECDHE-ECDSA-AES128-GCM-SHA256"), (None, "(NONE)"))

    def test_diffie_hellman_with_parameters(self):
        # Of RFC 7919, so that nothing is searched for here.
        self.authority.openssl("genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out", "dh.pem")
        server = self.secure(f'{self.pairs} dhmfile = "{self.authority.folder}/dh.pem";')
        self.assertEqual("DHE-RSA-AES128-GCM-SHA256", self.ask(server, "DHE-RSA-AES128-GCM-SHA256"))

    def test_no_renegotiation(self):
        server = self.secure()
        done = self.s_client(server, "-tls1_2", given="R\n")
        self.assertIn("RENEGOTIATING", done.text)
        self.assertRegex(done.text, "no renegotiation|handshake failure|unexpected eof", done)
        self.assertEqual(1, done.text.count("Server certificate\n"), done)

    def test_protocols_in_the_handshake(self):
        server = self.secure()
        for offered, chosen in ((["h2", "http/1.1"], "http/1.1"), (["http/1.0"], "http/1.0"), (None, None)):
            client = self.connect(server, context=self.context(alpn=offered))
            self.assertEqual(chosen, client.sock.selected_alpn_protocol())
            self.assertEqual(200, client.get("/").status)
        with self.assertRaises(ssl.SSLError) as refused:  # RFC 7301 3.2
            self.connect(server, context=self.context(alpn=["h2"]))
        self.assertIn("no application protocol", str(refused.exception))


@for_each_library
class Nonsense:
    def test_http_gets_a_readable_answer(self):
        server = self.secure()
        for _ in range(2):
            client = server.http()
            answer = client.get("/")
            self.assertEqual((400, PLAIN_HTTP), (answer.status, answer.body))
            self.assertEqual("close", answer.get("Connection"))
            client.expect_end()
        client = server.http()
        self.assertEqual(400, client.get("/", method="HEAD").status)
        client.expect_end()
        server.wait_log("TLS: plain HTTP on a TLS port")
        self.assertEqual(3, self.counters(server)["tls_handshakes_total"]["failed"])

    def test_the_answer_survives_a_long_request(self):
        server = self.secure()
        client = server.http()
        client.send(client.text("POST", "/post", body=b"x" * 300000))
        self.assertEqual(PLAIN_HTTP, client.response().body)

    def test_a_request_line_byte_by_byte(self):
        server = self.secure()
        client = server.http()
        client.send(b"G")
        self.assertEqual(400, client.response().status)

    def test_garbage(self):
        server = self.secure()
        hello = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"
        for data in (b"\x16\x03\x01\xff\xff" + b"x" * 70000, b"\x00" * 100, b"\x80\x2e\x01\x00\x02", hello, os.urandom(2000),
                     b"\x15\x03\x03\x00\x02\x02\x28", b"\x17\x03\x03\x00\x10" + b"y" * 16):
            client = server.http()
            try:
                client.send(data)
                client.sock.shutdown(socket.SHUT_WR)
                while client.fill():
                    pass
            except (ConnectionError, Closed):
                pass
        self.assertEqual(200, self.connect(server).get("/").status)
        self.assertEqual(1, len(server.workers()))

    def test_who_goes_without_a_word_has_not_failed(self):
        server = self.secure()
        server.http().drop()
        client = self.connect(server)
        wait_for("both to be accepted", lambda: self.counters(server)["connections_accepted_total"] >= 3)
        self.assertEqual(200, client.get("/").status)
        self.assertEqual(0, self.counters(server)["tls_handshakes_total"]["failed"])

    def test_a_handshake_byte_by_byte(self):
        server = self.secure()
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
        with server.socket() as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    exchange(tls, incoming, outgoing, sock, 1)
                    incoming.write(sock.recv(65536))
            tls.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            exchange(tls, incoming, outgoing, sock, 1)
            answer = b""
            while True:
                try:
                    piece = tls.read(65536)
                except ssl.SSLWantReadError:
                    incoming.write(sock.recv(1))
                    continue
                if not piece:
                    break
                answer += piece
        self.assertTrue(answer.endswith(b"\r\n\r\npage"), answer)


@for_each_library
class Deadline:
    def test_a_handshake_has_its_time(self):
        server = self.secure_and_watched("tls_handshake_timeout = 3;", "header_timeout = 60; keepalivetimeout = 60;")
        begun = time.monotonic()
        silent, slow = server.http(), server.http()
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        for byte in hello:  # bytes that come meanwhile buy no time
            slow.send(bytes([byte]))
        self.assertEqual(b"", slow.read_all())
        self.assertEqual(b"", silent.read_all())
        self.assertGreater(time.monotonic() - begun, 2.9)
        server.wait_log("TLS handshake too slow")
        # Who is through has the deadlines of requests again: here more than the handshake's.
        client = self.connect(server)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            client.expect_quiet(0.2)
        self.assertEqual(200, client.get("/").status)
        counters = self.watched(server)
        self.assertEqual(2, counters["limits_reached_total"]["tls_handshake_timeout"])
        self.assertEqual(2, counters["connections_closed_total"]["tls_timeout"])

    test_a_handshake_has_its_time.deadline = 60

    def test_a_handshake_that_stays_half_done(self):
        server = self.secure("tls_handshake_timeout = 1;")
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
        with self.assertRaises(ssl.SSLWantReadError):
            tls.do_handshake()
        client = server.http()
        client.send(outgoing.read())
        client.read_all()  # the server's part, and the end
        server.wait_log("TLS handshake too slow")


@for_each_library
class Tickets:
    """A client of TLS 1.3 gets its tickets behind the handshake: a request is made, so that they have come."""

    def visit(self, server, session=None, context=None, index=0):
        """(resumed, session, the local port)."""
        client = self.connect(server, context=context or self.one_context, session=session, index=index)
        port = client.sock.getsockname()[1]
        self.assertEqual(200, client.get("/").status)
        result = client.sock.session_reused, client.sock.session, port
        client.drop()
        return result

    def setUp(self):
        super().setUp()
        self.one_context = self.context()  # sessions belong to one

    def worker_of(self, server, port):
        return server.wait_log(rf"worker (\d): 127\.0\.0\.1:{port}: ").group(1)

    def test_resumed_at_every_worker(self):
        server = self.secure(workers=2, log_level='"debug"')
        server.workers()
        resumed, session, port = self.visit(server)
        self.assertFalse(resumed)
        workers = set()
        for _ in range(200):
            resumed, _, port = self.visit(server, session)
            self.assertTrue(resumed)
            workers.add(self.worker_of(server, port))
            if len(workers) == 2:
                break
        self.assertEqual({"0", "1"}, workers)
        counted = self.counters(server)["tls_handshakes_total"]
        self.assertGreaterEqual(counted["resumed"], 2)
        self.assertLessEqual(counted["full"], 3)

    test_resumed_at_every_worker.deadline = 60

    def test_resumed_after_a_crash_and_after_a_reload(self):
        server = self.secure()
        _, session, _ = self.visit(server)
        old = server.workers()[0]
        os.kill(old, signal.SIGKILL)
        wait_for("another worker", lambda: [pid for pid in children(server.pid) if pid != old])
        self.assertTrue(self.visit(server, session)[0])
        server.send_signal(signal.SIGHUP)
        server.wait_log("reloaded, listening")
        self.assertTrue(self.visit(server, session)[0])

    def test_sessions_are_of_one_entry(self):
        text = configuration(f'document = {{ docroot = "{self.documents}"; defaultpage = "index.html"; }};\n{self.group()}')
        entry = re.search(r"servers = \(\{(.*)\}\);", text, re.S).group(1)
        server = self.serve_text(text.rpartition("});")[0] + "}, {" + entry + "});\n")
        _, session, _ = self.visit(server, index=0)
        self.assertFalse(self.visit(server, session, index=1)[0])
        self.assertTrue(self.visit(server, session, index=0)[0])

    def test_none_are_given(self):
        server = self.secure("tickets = false;")
        _, session, _ = self.visit(server)
        self.assertFalse(session is not None and session.has_ticket)
        if session is not None:
            self.assertFalse(self.visit(server, session)[0])

    def test_a_ticket_that_was_changed(self):
        server = self.secure()
        saved = self.path("session")
        self.assertFalse(self.s_client(server, "-tls1_2", "-sess_out", saved).resumed)
        self.assertTrue(self.s_client(server, "-tls1_2", "-sess_in", saved).resumed)
        with open(saved, encoding="ascii") as file:
            lines = file.read().splitlines()
        done = self.s_client(server, "-tls1_2", "-sess_in", saved)
        ticket = bytes.fromhex("".join(re.findall(r"(?m)^    [0-9a-f]{4} - ((?:[0-9a-f]{2}[ -]){1,16})", done.text))
                               .replace("-", " ").replace(" ", ""))
        import base64
        der = bytearray(base64.b64decode("".join(lines[1:-1])))
        at = der.find(ticket)
        self.assertGreater(at, 0, "the ticket is in the session")
        der[at + len(ticket) - 1] ^= 1
        text = base64.encodebytes(der).decode()
        self.path("session", f"{lines[0]}\n{text}{lines[-1]}\n")
        done = self.s_client(server, "-tls1_2", "-sess_in", saved)
        self.assertEqual(("TLSv1.2", False), (done.protocol, done.resumed), done)
