"""wss: the library's TLS against Python's ssl: which certificates are believed, what is told to the server, large messages both
ways, through a proxy."""

import os
import select
import socket
import ssl

from certificates import Authority
from harness import Case, wait_for
from websocket_peers import PythonPeer, Scripted, Silent, run_client

SSL = 12
TIMEOUT = 5


class Tls(Case):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)
        self.seen = []

    def peer(self, versions=(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2), **how):
        certificate, key = self.authority.certificate("server", **how)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version, context.maximum_version = versions
        context.load_cert_chain(certificate, key)
        context.set_alpn_protocols(["h2", "http/1.1"])
        context.sni_callback = lambda sock, name, _: self.seen.append(name)
        one = PythonPeer(ssl=context)
        self.addCleanup(one.close)
        return one

    def talk(self, url, *more, given="hello\n"):
        return run_client("-v", "-c", "1", *more, url, given=given)

    def expect_distrust(self, url, *more, said):
        done = self.talk(url, *more)
        self.assertEqual((2, SSL), (done.status, done.socket_error), done)
        self.assertIn(said, done.err)
        self.assertEqual(b"", done.out)

    def test_a_good_certificate(self):
        peer = self.peer()
        for host in ("localhost", "127.0.0.1"):
            done = self.talk(f"wss://{host}:{peer.port}/", "--cacert", self.authority.file)
            self.assertEqual((0, ["hello"]), (done.status, done.lines), done)
            self.assertRegex(done.err, r"(?m)^\* TLSv1\.[23] ECDHE-")
        # An address is no server name (RFC 6066 3).
        self.assertEqual(["localhost", None], self.seen)

    def test_other_authorities_are_not_believed(self):
        peer = self.peer()
        url = f"wss://localhost:{peer.port}/"
        self.expect_distrust(url, said="not correctly signed by the trusted CA")  # the system's
        other = Authority(self.folder, "other")
        self.expect_distrust(url, "--cacert", other.file, said="not correctly signed by the trusted CA")
        self.assertEqual([], peer.requests)

    def test_another_name(self):
        peer = self.peer(names="DNS:example.org, IP:192.0.2.1")
        for host in ("localhost", "127.0.0.1"):
            self.expect_distrust(f"wss://{host}:{peer.port}/", "--cacert", self.authority.file, said="does not match")
        self.assertEqual([], peer.requests)

    def test_an_address_in_the_place_of_a_name_is_not_enough(self):
        peer = self.peer(names="DNS:127.0.0.1")
        self.expect_distrust(f"wss://127.0.0.1:{peer.port}/", "--cacert", self.authority.file, said="does not match")

    def test_an_old_certificate(self):
        peer = self.peer(expired=True)
        self.expect_distrust(f"wss://localhost:{peer.port}/", "--cacert", self.authority.file, said="expired")

    def test_insecure_takes_all_of_them(self):
        for how in ({"expired": True}, {"names": "DNS:example.org"}, {}):
            # One authority signs one certificate of a name at a time.
            peer = self.peer(**how)
            done = self.talk(f"wss://localhost:{peer.port}/", "--insecure")
            self.assertEqual((0, ["hello"]), (done.status, done.lines), done)

    def test_old_protocols_are_refused(self):
        certificate, key = self.authority.certificate("server")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.load_cert_chain(certificate, key)
        peer = PythonPeer(ssl=context)
        self.addCleanup(peer.close)
        done = self.talk(f"wss://localhost:{peer.port}/", "--cacert", self.authority.file)
        self.assertEqual((2, SSL), (done.status, done.socket_error), done)

    def test_large_messages_both_ways(self):
        peer = self.peer()
        data = os.urandom(3 << 20)
        done = run_client("--binary", "-q", "5", "--cacert", self.authority.file, f"wss://localhost:{peer.port}/", given=data)
        self.assertEqual(0, done.status, done.err)
        self.assertEqual(data, done.out)
        wait_for("the end", lambda: peer.closed)
        self.assertEqual((1000, ""), peer.closed[0])

    def test_many_small_messages_in_one_record(self):
        """More frames than one read takes lie decrypted while the socket says nothing."""
        certificate, key = self.authority.certificate("server")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        def talk(wire):
            wire.sock = context.wrap_socket(wire.sock, server_side=True)
            wire.shake_hands(behind=b"".join(b"\x81\x04%04d" % number for number in range(2000)))
            wire.farewell()
        peer = Scripted(talk)
        self.addCleanup(peer.close)
        done = run_client("-c", "2000", "--cacert", self.authority.file, f"wss://localhost:{peer.port}/")
        self.assertEqual([f"{number:04d}" for number in range(2000)], done.lines)

    def test_a_handshake_that_never_ends(self):
        silent = Silent()
        self.addCleanup(silent.close)
        done = self.talk(f"wss://localhost:{silent.port}/", "--cacert", self.authority.file, "--connect-timeout", "2")
        self.assertEqual((2, TIMEOUT), (done.status, done.socket_error), done)
        self.assertIn("TLS handshake", done.err)

    def test_closed_within_the_handshake(self):
        peer = Scripted(lambda wire: wire.fill())
        self.addCleanup(peer.close)
        done = self.talk(f"wss://localhost:{peer.port}/", "--cacert", self.authority.file)
        self.assertEqual(2, done.status, done)
        self.assertIn(done.socket_error, (1, SSL))

    def test_through_a_proxy(self):
        """The name in the URL is checked, not the proxy's."""
        peer = self.peer(names="DNS:server.example")
        def tunnel(wire):
            self.asked = wire.read_request()[""]
            with socket.create_connection(("127.0.0.1", peer.port)) as there:
                wire.send(b"HTTP/1.1 200 OK\r\n\r\n")
                while True:
                    for ready in select.select([wire.sock, there], [], [])[0]:
                        data = ready.recv(65536)
                        if not data:
                            return
                        (there if ready is wire.sock else wire.sock).sendall(data)
        proxy = Scripted(tunnel)
        self.addCleanup(proxy.close)
        done = self.talk("wss://server.example/", "--cacert", self.authority.file, "--proxy", f"127.0.0.1:{proxy.port}")
        self.assertEqual((0, ["hello"]), (done.status, done.lines), done)
        self.assertEqual("CONNECT server.example:443 HTTP/1.1", self.asked)
        self.assertEqual(["server.example"], self.seen)
