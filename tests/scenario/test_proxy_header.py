"""The PROXY protocol, versions 1 and 2, from a trusted proxy and from others; in front of TLS; its limits."""

import signal
import socket
import ssl

from harness import PATIENCE, WebSocket, deadline, wait_for
from proxies import CLIENT_SSL, LOCAL, PROXY, SIGNATURE, STRANGER, TYPE_SSL, ProxyCase, field, version1, version2
from tls_servers import TlsCase

SSL = field(TYPE_SSL, bytes([CLIENT_SSL, 0, 0, 0, 0]))


class ProxyHeader(ProxyCase):
    forwarded = "proxy"

    def ask(self, header, address=PROXY):
        client = self.from_address(address, header=header)
        answer = client.get("/")
        self.assertEqual((200, b"page"), (answer.status, answer.body))
        return client

    def headers(self):
        return self.counters()["proxy_headers_total"]

    def test_the_client_is_who_the_header_names(self):
        self.behind()
        expected = []
        for header, client in ((version1(), "203.0.113.9"), (version1("2001:db8::9", destination="::1"), "2001:db8::9"),
                               (version2(), "203.0.113.9"), (version2("2001:db8::9"), "2001:db8::9"),
                               (version2("::ffff:203.0.113.9"), "203.0.113.9"),
                               (version2(fields=field(2, b"example.com") + field(4, bytes(500))), "203.0.113.9"),
                               # The proxy's own connections, and those of which it does not know.
                               (b"PROXY UNKNOWN\r\n", PROXY), (b"PROXY UNKNOWN what ever\r\n", PROXY),
                               (version2(command=LOCAL), PROXY), (SIGNATURE + b"\x20\0\0\0", PROXY)):
            with self.subTest(header):
                client_socket = self.ask(header)
                self.assertEqual(200, client_socket.get("/").status)  # for the whole connection
                expected += [client, client]
        wait_for("the access log", lambda: self.logged() == expected)
        self.assertEqual({"accepted": 10, "malformed": 0, "slow": 0}, self.headers())

    @deadline(60)
    def test_in_pieces_and_with_the_request(self):
        self.behind("header_timeout = 60;")
        for header in (version1(), version2(fields=field(4, bytes(40)))):
            client = self.from_address()
            client.send_bytewise(header)
            self.assertEqual(200, client.get("/").status)
            client = self.from_address()
            client.send(header + client.text() + client.text(target="/none"))
            self.assertEqual((200, 404), (client.response().status, client.response().status))
        wait_for("the access log", lambda: self.logged() == ["203.0.113.9"] * 6)

    def test_from_others_it_is_nonsense(self):
        self.behind()
        for header in (version1(), version2()):
            client = self.from_address(STRANGER, header=header)
            client.send(client.text())
            self.assertEqual(400, client.response().status)
        self.assertEqual(200, self.from_address(STRANGER).get("/").status)
        wait_for("the access log", lambda: self.logged() == [STRANGER] * 3)
        self.assertEqual({"accepted": 0, "malformed": 0, "slow": 0}, self.headers())

    def test_without_it_a_proxy_is_not_served(self):
        self.behind()
        bad = [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", version1()[:-2] + b"\n", version1().replace(b"TCP4", b"TCP6"),
               version1("203.0.113.900"), b"PROXY TCP4 " + b"1" * 200, version2()[:12] + b"\x31" + version2()[13:],
               SIGNATURE + b"\x21\x11\xff\xff", version2(fields=b"\x04\x00\x05"), b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"]
        for header in bad:
            with self.subTest(header):
                # Closed: at once, though there is more.
                self.assertEqual(b"", self.from_address(header=header).read_all())
        self.assertEqual({"accepted": 0, "malformed": len(bad), "slow": 0}, self.headers())
        self.assertNotIn(PROXY, self.logged())
        self.assertIn("no PROXY header, or a malformed one", self.server.log())

    def test_half_a_header(self):
        self.behind()
        for header in (b"PROXY TCP4 203.", version2()[:20]):
            client = self.from_address(header=header)
            client.finish()
            self.assertEqual(b"", client.read_all())
        self.assertEqual(2, self.headers()["malformed"])
        # A look at the port alone is no error.
        client = self.from_address()
        client.finish()
        self.assertEqual(b"", client.read_all())
        self.assertEqual(2, self.headers()["malformed"])

    def test_it_has_its_time(self):
        self.behind("header_timeout = 3;")
        silent, slow = self.from_address(), self.from_address(header=b"PROXY TCP4 ")
        self.assertEqual((b"", b""), (silent.read_all(), slow.read_all()))
        self.assertEqual({"accepted": 0, "malformed": 0, "slow": 2}, self.headers())
        self.assertEqual(2, self.counters()["limits_reached_total"]["header_timeout"])
        self.assertIn("PROXY header too slow", self.server.log())
        # The request behind it has the whole time again.
        client = self.ask(version1())
        self.assertEqual(200, client.get("/").status)

    def test_clients_are_counted_by_their_own_addresses(self):
        self.behind("clients_per_address = 2;", workers="2")
        kept = [self.ask(version1("203.0.113.1")) for _ in range(2)] + [self.ask(version2("203.0.113.2"))]
        refused = self.from_address(header=version1("203.0.113.1"))
        self.assertEqual(503, refused.response().status)
        kept.append(self.ask(version1("203.0.113.2")))
        # The proxy's own are not counted.
        kept += [self.ask(version2(command=LOCAL)) for _ in range(4)]
        self.assertEqual(1, self.counters()["limits_reached_total"]["clients_per_address"])
        kept[0].drop()

        def free():
            with self.from_address(header=version1("203.0.113.1")) as client:
                client.send(client.text())
                return client.fill() and client.response().status == 200
        wait_for("the place of who has left", free)

    def test_clientfilter_sees_the_client(self):
        self.behind(f'clientfilter = {{ allow = "203.0.113.0/24, {STRANGER}"; }};')
        self.ask(version1("203.0.113.1"))
        for header in (version1("198.51.100.1"), version2("198.51.100.1"), version2(command=LOCAL)):
            client = self.from_address(header=header)
            client.send(client.text())
            self.assertEqual(b"", client.read_all())
        self.assertEqual(3, self.counters()["clients_refused_total"])
        self.assertEqual(1, self.counters()["connections_closed_total"]["client_refused"] // 3)

    def test_system_servers_hear_of_the_client(self):
        self.behind()
        app = self.link_server()
        client = self.from_address(PROXY, WebSocket, version2("2001:db8::9"))
        _, opened = app.admit(client)
        self.assertEqual({"address": "2001:db8::9", "port": 4711}, opened.json["remote"])

    def test_https_in_front(self):
        self.behind()
        app, link = self.link_server(), None
        origin = [("Origin", f"http://localhost:{self.server.port}")]  # not the same as one of https
        for header, permitted in ((version2(fields=SSL), False), (version2(), True),
                                  (version2(fields=field(TYPE_SSL, bytes(5))), True), (version1(), True)):
            client = self.from_address(PROXY, WebSocket, header)
            if permitted:
                link, _ = app.admit(client, link, headers=origin)
            else:
                client.start("/app", origin)
                self.assertEqual(403, client.response().status)

    def test_with_a_field_behind_it(self):
        self.forwarded = "proxy x-forwarded-for"
        self.behind()
        for header, value, expect in ((version1("10.0.0.1"), "203.0.113.9", "203.0.113.9"),
                                      (version1("198.51.100.1"), "203.0.113.9", "198.51.100.1")):
            client = self.from_address(header=header)
            self.assertEqual(200, client.get("/", {"X-Forwarded-For": value}).status)
            wait_for("the access log", lambda: self.logged()[-1:] == [expect])

    def test_the_server_stops_while_headers_are_awaited(self):
        self.behind()
        client = self.from_address(header=b"PROXY TCP4 203.")
        wait_for("the connection", lambda: self.counters()["connections"] >= 2)  # beside the one that looks
        self.server.send_signal(signal.SIGTERM)
        self.assertEqual(b"", client.read_all())


class InFrontOfTls(TlsCase):
    def secured(self, keys="", section=""):
        server = self.secure_and_watched(keys, f'proxies = "{PROXY}";\nforwarded = "proxy";\n{section}',
                             f'access-log = "{self.path("access.log")}";')
        return server

    def connect_from(self, server, address, header, kind=None):
        sock = socket.socket()
        sock.settimeout(PATIENCE)
        sock.bind((address, 0))
        sock.connect(server.address()[1])
        sock.sendall(header)
        return sock

    def test_the_handshake_follows_the_header(self):
        server = self.secured()
        for header in (version1(), version2()):
            plain = self.connect_from(server, PROXY, header)
            with self.context().wrap_socket(plain, server_hostname="localhost") as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                answer = b""
                while data := sock.recv(4096):
                    answer += data
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)

        def logged():
            with open(self.path("access.log"), encoding="utf-8") as file:
                return [line.split()[0] for line in file]
        wait_for("the access log", lambda: logged() == ["203.0.113.9"] * 2)
        self.assertEqual({"accepted": 2, "malformed": 0, "slow": 0}, self.counters(server)["proxy_headers_total"])

    def test_clientfilter_before_the_handshake(self):
        server = self.secured(section='clientfilter = { deny = "203.0.113.9"; };')
        plain = self.connect_from(server, PROXY, version2())
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.context().wrap_socket(plain, server_hostname="localhost")
        plain.close()
        counters = self.counters(server)
        self.assertEqual(1, counters["clients_refused_total"])
        self.assertEqual(0, counters["tls_handshakes_total"]["failed"])

    def test_no_handshake_behind_it(self):
        server = self.secured("tls_handshake_timeout = 1;")
        with self.connect_from(server, PROXY, version1()) as sock:
            self.assertEqual(b"", sock.recv(100))
        counters = self.watched(server)
        self.assertEqual(1, counters["limits_reached_total"]["tls_handshake_timeout"])
        self.assertEqual(1, counters["proxy_headers_total"]["accepted"])
