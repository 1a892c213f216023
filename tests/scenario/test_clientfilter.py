"""clientfilter: who may connect, refused before a byte is read. Every address of 127.0.0.0/8 is a client of its own here."""

import json
import os
import socket
import ssl

from harness import MODULES, Http, configuration, scaled
from reloading import ReloadCase
from tls_servers import TlsCase


def client_from(case, server, address, index=0, kind=Http):
    """A connection from that address of this machine."""
    family, where = server.address(index)
    sock = socket.socket(family)
    sock.settimeout(scaled(10))
    sock.bind((address, 0))
    sock.connect((where[0], where[1]))
    client = kind(sock)
    client.host = f"localhost:{where[1]}"
    server.clients.append(client)
    case.addCleanup(client.drop)
    return client


class ClientFilter(ReloadCase):
    def filtered(self, keys, section="", top="", **defaults):
        self.document("index.html", "page")
        text = configuration(f'document = {{ docroot = "{self.documents}"; defaultpage = "index.html"; }};\n'
                             f"clientfilter = {{ {keys} }};\n{section}", top, **defaults)
        entry = '{ addr = "127.0.0.1"; port = 0; status = {}; }'
        self.server = self.serve_text(text.rpartition("});")[0] + "}, " + entry + ");\n")
        self.server.reloads = 0
        return self.server

    def served(self, address):
        client = client_from(self, self.server, address)
        client.send(client.text())
        if client.fill():
            self.assertEqual(b"page", client.response().body)
            return True
        return False

    def refused(self):
        client = client_from(self, self.server, "127.0.0.1", 1)
        return int(json.loads(client.get("/status.json").body)["clients_refused_total"])

    def test_the_table(self):
        for keys, expected in (
                ('', "abc"),
                ('allow = "127.0.0.1";', "a"),
                ('allow = "127.0.0.1,127.0.0.2";', "ab"),
                ('allow = [ "127.0.0.1", "127.0.0.2" ]; deny = "*";', "ab"),
                ('deny = "127.0.0.2";', "ac"),
                ('deny = [ "127.0.0.0/31", "127.0.0.3/32" ];', "b"),
                ('allow = "127.0.0.1"; deny = "127.0.0.2";', "ac"),
                ('allow = "127.0.0.*"; deny = "127.0.0.2";', "ac"),
                ('allow = "127.0.0.2"; deny = "127.0.0.*"; denylast = true;', "b"),
                ('deny = "*";', ""),
                ('allow = "::1, 2001:db8::/32";', ""),
                ('allow = "::ffff:127.0.0.3";', "c"),
                ('allow = "127.*"; deny = "*"; denylast = true;', "abc")):
            with self.subTest(keys):
                self.filtered(keys)
                got = [name for name, address in (("a", "127.0.0.1"), ("b", "127.0.0.2"), ("c", "127.0.0.3"))
                       if self.served(address)]
                self.assertEqual(expected, "".join(got))

    def test_refused_before_a_byte_is_read(self):
        server = self.filtered('deny = "127.0.0.2";', workers="2")
        for _ in range(4):
            self.assertEqual(b"", client_from(self, server, "127.0.0.2").read_all())
        self.assertEqual(4, self.refused())
        self.assertIn("clientfilter: 127.0.0.2:", server.log())
        self.assertTrue(self.served("127.0.0.1"))
        self.assertEqual(4, self.refused())

    def test_the_log_is_not_flooded(self):
        server = self.filtered('deny = "127.0.0.2";')
        for _ in range(40):
            client_from(self, server, "127.0.0.2").read_all()
        self.assertEqual(40, self.refused())
        self.assertLess(server.log().count("clientfilter: "), 30)

    def test_ip6_and_the_socket_for_both(self):
        server = self.filtered('allow = "::1";', 'addr = "any";')
        port = server.port
        for host, allowed in (("::1", True), ("127.0.0.1", False)):
            with self.subTest(host), socket.create_connection((host, port), scaled(10)) as sock:
                client = Http(sock)
                client.send(client.text())
                self.assertEqual(allowed, client.fill())
        self.assertEqual(1, self.refused())

    def test_a_unix_socket(self):
        for keys, allowed in (('allow = "127.0.0.1";', False), ('allow = "unix";', True), ('deny = "unix";', False)):
            with self.subTest(keys):
                path = self.path("front.sock")
                server = self.filtered(keys, f'addr = "unix:{path}";')
                client = server.http()
                client.send(client.text(host="localhost"))
                self.assertEqual(allowed, client.fill())
                server.end()

    def test_one_of_two_servers(self):
        self.filtered('allow = "127.0.0.1";')
        self.assertFalse(self.served("127.0.0.2"))
        self.assertEqual(200, client_from(self, self.server, "127.0.0.2", 1).get("/status").status)

    def test_a_reload_changes_it(self):
        server = self.filtered('deny = "127.0.0.2";')
        self.assertFalse(self.served("127.0.0.2"))
        with open(server.config, encoding="utf-8") as file:
            text = file.read()
        self.reload(server, text.replace('deny = "127.0.0.2"', 'deny = "127.0.0.3"'))
        self.assertTrue(self.served("127.0.0.2"))
        self.assertFalse(self.served("127.0.0.3"))

    def test_bad_entries_are_named_with_their_place(self):
        for keys, key, element in (('allow = "10.0.0.300";', "allow", "10.0.0.300"),
                                   ('deny = [ "10.0.0.1", "10.0.0.1/8" ];', "deny", "10.0.0.1/8"),
                                   ('deny = "example.com";', "deny", "example.com"),
                                   ('allow = "10.*.0.1";', "allow", "10.*.0.1")):
            with self.subTest(keys):
                path = self.path("bad.conf", configuration(f"clientfilter = {{\n{keys}\n}};"))
                status, _, errors = self.run_marmoset("-t", "-f", path, *(["-M", MODULES] if os.path.isdir(MODULES) else []))
                self.assertNotEqual(0, status)
                with open(path, encoding="utf-8") as file:
                    line = file.read().split("\n").index(keys) + 1
                self.assertIn(f"bad.conf:{line}: servers[0].clientfilter.{key}: \"{element}\" is not an address", errors)


class OverTls(TlsCase):
    def test_refused_before_the_handshake(self):
        server = self.secure(section='clientfilter = { deny = "127.0.0.2"; };')
        with client_from(self, server, "127.0.0.2") as refused:
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                self.context().wrap_socket(refused.sock, server_hostname="localhost")
        self.assertEqual(200, self.connect(server).get("/").status)
        counters = self.counters(server)
        self.assertEqual(1, counters["clients_refused_total"])
        self.assertEqual(0, counters["tls_handshakes_total"]["failed"])
