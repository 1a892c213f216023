"""Trusted proxies that name the client in each request: X-Forwarded-For, Forwarded. Who is believed, and by whom: the access log,
limits, the status page, clientfilter, origins, system servers. What clients may write themselves."""

import socket

from direct import DirectCase, sockaddr
from harness import PATIENCE, WebSocket, configuration, scaled, wait_for
from proxies import PROXY, STRANGER, ProxyCase, version2


def x_forwarded_for(value, proto=None):
    return [("X-Forwarded-For", value)] + ([("X-Forwarded-Proto", proto)] if proto else [])


class XForwardedFor(ProxyCase):
    def remote(self, headers, address=PROXY):
        """What the access log says of a request's client."""
        client = self.from_address(address)
        self.assertEqual(200, client.get("/", headers).status)
        self.asked += 1
        return wait_for("the access log", lambda: self.logged()[self.asked - 1:])[0]

    def setUp(self):
        super().setUp()
        self.asked = 0

    def test_the_client_is_who_the_proxy_says(self):
        self.behind()
        self.assertEqual("203.0.113.9", self.remote(x_forwarded_for("203.0.113.9")))
        self.assertEqual("2001:db8::9", self.remote(x_forwarded_for("2001:db8::9")))
        self.assertEqual("203.0.113.9", self.remote(x_forwarded_for("198.51.100.1, 203.0.113.9, 10.1.2.3")))
        self.assertEqual("203.0.113.9", self.remote(x_forwarded_for("10.0.0.1") + x_forwarded_for("203.0.113.9")))
        self.assertEqual("10.1.2.3", self.remote(x_forwarded_for("10.1.2.3")))
        self.assertEqual("-", self.remote(x_forwarded_for("unknown")))
        self.assertEqual(PROXY, self.remote([]))

    def test_nobody_else_is_believed(self):
        self.behind()
        self.assertEqual(STRANGER, self.remote(x_forwarded_for("203.0.113.9"), STRANGER))
        self.assertEqual(STRANGER, self.remote(x_forwarded_for(PROXY), STRANGER))
        self.assertEqual(STRANGER, self.remote(x_forwarded_for("not an address"), STRANGER))
        self.assertEqual(STRANGER, self.remote([("Forwarded", "for=203.0.113.9")], STRANGER))
        self.assertEqual("203.0.113.9", self.remote(x_forwarded_for("203.0.113.9") + [("Forwarded", "for=198.51.100.1")]))

    def test_without_proxies_nobody_is(self):
        self.document("index.html", "page")
        self.access = self.path("access.log")
        self.server = self.serve(f'document = {{ docroot = "{self.documents}"; defaultpage = "index.html"; }};',
                                 f'access-log = "{self.access}";')
        self.assertEqual(PROXY, self.remote(x_forwarded_for("203.0.113.9")))

    def test_each_request_has_its_own(self):
        self.behind()
        client = self.from_address()
        expected = ["203.0.113.1", "203.0.113.2", PROXY, "203.0.113.3"]
        for address in expected:
            client.request(headers=x_forwarded_for(address) if address != PROXY else [])
        for _ in expected:
            self.assertEqual(200, client.response().status)
        wait_for("the access log", lambda: self.logged() == expected)

    def test_malformed_fields_are_refused(self):
        self.behind()
        for value in ("not an address", "203.0.113.9:x", "203.0.113.900", "[::1"):
            with self.subTest(value):
                self.assertEqual(400, self.from_address().get("/", x_forwarded_for(value)).status)
                self.assertEqual(200, self.from_address().get("/", x_forwarded_for(value + ", 203.0.113.9")).status)

    def test_the_status_page_is_not_local_for_all(self):
        self.server = self.serve_text(self.site("status = {};").replace(f'"{PROXY}"', '"127.0.0.0/24"'))
        self.assertEqual(403, self.from_address().get("/status", x_forwarded_for("203.0.113.9")).status)
        self.assertEqual(403, self.from_address().get("/status", x_forwarded_for("127.0.0.1, 203.0.113.9")).status)
        self.assertEqual(403, self.from_address().get("/status", x_forwarded_for("unknown")).status)
        self.assertEqual(200, self.from_address().get("/status", x_forwarded_for("127.0.0.1")).status)
        self.assertEqual(200, self.from_address().get("/status").status)

    def test_clientfilter_looks_at_each_request(self):
        self.behind(f'clientfilter = {{ allow = "203.0.113.0/24, {STRANGER}"; }};')
        client = self.from_address()
        self.assertEqual(200, client.get("/", x_forwarded_for("203.0.113.9")).status)
        self.assertEqual(403, client.get("/", x_forwarded_for("198.51.100.1")).status)
        self.assertEqual(403, client.get("/", x_forwarded_for("203.0.113.9, 198.51.100.1")).status)
        self.assertEqual(403, client.get("/", x_forwarded_for("unknown")).status)
        self.assertEqual(403, client.get("/").status)  # the proxy's own
        self.assertEqual(200, client.get("/", x_forwarded_for("203.0.113.9, 10.0.0.1")).status)
        self.assertEqual(200, self.from_address(STRANGER).get("/", x_forwarded_for("198.51.100.1")).status)
        self.assertEqual(b"", self.from_address("127.0.0.4").read_all())
        self.assertEqual(5, self.counters()["clients_refused_total"])

    def test_origins_of_https_in_front(self):
        self.behind()
        app, link = self.link_server(), None
        origin = [("Origin", f"http://localhost:{self.server.port}")]  # not the same as one of https
        for address, proto, permitted in ((PROXY, "https", False), (PROXY, "http", True), (PROXY, None, True),
                                          (PROXY, "http, https", False), (PROXY, "https, http", True), (STRANGER, "https", True)):
            with self.subTest(f"{address} {proto}"):
                client = self.from_address(address, WebSocket)
                headers = x_forwarded_for("203.0.113.9", proto) + origin
                if permitted:
                    link, _ = app.admit(client, link, headers=headers)
                else:
                    client.start("/app", headers)
                    self.assertEqual(403, client.response().status)

    def test_system_servers_hear_of_the_client(self):
        self.behind()
        app = self.link_server()
        client = self.from_address(PROXY, WebSocket)
        link, opened = app.admit(client, headers=x_forwarded_for("198.51.100.1, [2001:db8::9]:4711"))
        self.assertEqual({"address": "2001:db8::9", "port": 4711}, opened.json["remote"])
        client = self.from_address(STRANGER, WebSocket)
        _, opened = app.admit(client, link, headers=x_forwarded_for("198.51.100.1"))
        self.assertEqual({"address": STRANGER, "port": client.sock.getsockname()[1]}, opened.json["remote"])

    def test_websockets_count_for_their_clients(self):
        self.behind("clients_per_address = 2;")
        app, link, clients = self.link_server(), None, []
        for address in ("203.0.113.1", "203.0.113.1", "203.0.113.2", "203.0.113.2"):
            clients.append(self.from_address(PROXY, WebSocket))
            link, _ = app.admit(clients[-1], link, headers=x_forwarded_for(address))
        answer = self.from_address().get("/", x_forwarded_for("203.0.113.1"))
        self.assertEqual((503, "10"), (answer.status, answer.get("Retry-After")))
        self.assertEqual(200, self.from_address().get("/", x_forwarded_for("203.0.113.3")).status)
        self.assertEqual(1, self.counters()["limits_reached_total"]["clients_per_address"])
        # The proxy itself is not counted, however many connections it makes.
        for _ in range(5):
            self.assertEqual(200, self.from_address().get("/").status)
        clients[0].drop()
        wait_for("the place of who has left",
                 lambda: self.from_address().get("/", x_forwarded_for("203.0.113.1")).status == 200)

    def test_requests_count_while_they_last(self):
        self.behind('clients_per_address = 1; skeleton = { path = "/post"; };')
        waiting, other = self.from_address(), self.from_address()
        waiting.send(waiting.text("POST", "/post", x_forwarded_for("203.0.113.1") + [("Content-Length", "1")]))
        wait_for("the first to be counted",
                 lambda: other.get("/", x_forwarded_for("203.0.113.1")).status == 503)
        self.assertEqual(200, other.get("/", x_forwarded_for("203.0.113.2")).status)
        waiting.send(b"x")
        self.assertEqual(200, waiting.response().status)
        for _ in range(3):  # both connections are still there
            self.assertEqual(200, waiting.get("/", x_forwarded_for("203.0.113.1")).status)
            self.assertEqual(200, other.get("/", x_forwarded_for("203.0.113.1")).status)
        # One that leaves in the middle of its request counts no longer.
        waiting.send(waiting.text("POST", "/post", x_forwarded_for("203.0.113.1") + [("Content-Length", "1")]))
        wait_for("the first to be counted",
                 lambda: other.get("/", x_forwarded_for("203.0.113.1")).status == 503)
        waiting.drop()
        wait_for("it to be forgotten",
                 lambda: other.get("/", x_forwarded_for("203.0.113.1")).status == 200)


class Forwarded(ProxyCase):
    forwarded = "forwarded"

    def test_the_field_of_rfc_7239(self):
        self.behind()
        expected = []
        for value, address, expect in (
                ("for=203.0.113.9", PROXY, "203.0.113.9"),
                ("for=198.51.100.1, for=\"203.0.113.9:80\";proto=https, for=10.0.0.1", PROXY, "203.0.113.9"),
                ('For="[2001:db8:cafe::17]:4711"', PROXY, "2001:db8:cafe::17"),
                ("for=_hidden", PROXY, "-"),
                ("for=203.0.113.9", STRANGER, STRANGER),
                ('for="open', STRANGER, STRANGER)):
            self.assertEqual(200, self.from_address(address).get("/", {"Forwarded": value}).status)
            expected.append(expect)
        self.assertEqual(200, self.from_address().get("/", x_forwarded_for("203.0.113.9")).status)
        expected.append(PROXY)
        wait_for("the access log", lambda: self.logged() == expected)
        # A quote that the client has left open would swallow what the proxy adds.
        self.assertEqual(400, self.from_address().get("/", {"Forwarded": 'for="x, for=203.0.113.9'}).status)


class Direct(DirectCase):
    """Direct mode: the sockaddr that a server gets is the client's, not the proxy's."""

    keys = None

    def handed(self, word, header=b"", headers=(), address=PROXY):
        server = self.gateway('options = "direct";', f'proxies = "{PROXY}"; forwarded = "{word}";')
        app = self.stream_server()
        sock = socket.socket()
        sock.settimeout(scaled(PATIENCE))
        sock.bind((address, 0))
        sock.connect(server.address()[1])
        client = WebSocket(sock)
        client.host = f"localhost:{server.port}"
        server.clients.append(client)
        client.send(header)
        client.open("/app", headers)
        handed = app.handed()
        app.close()
        return handed.sockaddr, sock.getsockname()

    def test_x_forwarded_for(self):
        self.assertEqual(sockaddr(("203.0.113.9", 4711)),
                         self.handed("x-forwarded-for", headers={"X-Forwarded-For": "203.0.113.9:4711"})[0])

    def test_proxy_header(self):
        self.assertEqual(sockaddr(("2001:db8::9", 4711, 0, 0)), self.handed("proxy", version2("2001:db8::9"))[0])

    def test_others(self):
        got, own = self.handed("x-forwarded-for", headers={"X-Forwarded-For": "203.0.113.9:4711"}, address=STRANGER)
        self.assertEqual(sockaddr(own), got)


class Settings(ProxyCase):
    def check(self, section, message):
        path = self.path("bad.conf", configuration(section))
        status, _, errors = self.run_marmoset("-t", "-f", path)
        self.assertNotEqual(0, status)
        with open(path, encoding="utf-8") as file:
            line = 1 + next(number for number, text in enumerate(file) if text.startswith(section.split("\n")[-1][:8]))
        self.assertIn(f"bad.conf:{line}: servers[0].{message}", errors)

    def test_what_makes_no_sense_is_refused(self):
        self.check('proxies = [ "10.0.0.0/8", "proxy.example" ];', 'proxies: "proxy.example" is not an address')
        self.check('proxies = "*";', 'proxies: "*" would believe everybody')
        self.check('forwarded = "proxy";', "forwarded: there are no proxies to believe")
        self.check('proxies = "10.0.0.1";\nforwarded = "x-forwarded-for, forwarded";',
                   "forwarded: x-forwarded-for and forwarded together")
        self.check('proxies = "10.0.0.1";\nforwarded = "none, proxy";', "forwarded: none beside others")
        self.check('proxies = "10.0.0.1";\nforwarded = "x-real-ip";', "forwarded:")
