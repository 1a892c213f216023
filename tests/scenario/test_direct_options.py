"""Where direct mode is asked for and where it can be had: of the group, of names and links; else messages are relayed. Then what
the gateway counts and logs of those it has handed over."""

import json
import os
import re
import signal
import socket

from direct import DirectCase, HandoverServer
from harness import END, MODULES, OPEN, TEXT, Http, LinkServer, frame, wait_for


class Options(DirectCase):
    keys = None

    def handed_over(self, server, app, target="/app"):
        """Whether `app` gets its client's own connection."""
        client = server.websocket()
        if isinstance(app, LinkServer):
            client.start(target)
            link = app.greet()
            opened = link.expect(OPEN)
            self.addCleanup(link.drop)
            return bool(opened.json.get("direct"))
        client.open(target)
        client.send_text("hello")
        handed = app.handed_bytes()
        self.addCleanup(handed.close)
        if not handed.descriptors:
            self.assertTrue(b"hello\n".startswith(handed.sockaddr), handed.sockaddr)
        return bool(handed.descriptors)

    def check(self, expected, keys, stream_only=False, warning=None):
        for kind in (HandoverServer, LinkServer)[:1 if stream_only else 2]:
            with self.subTest(f"{keys} {kind.__name__}"):
                with kind(self.sockets, "app") as app:
                    server = self.gateway(keys)
                    self.assertEqual(expected, self.handed_over(server, app))
                    log = server.log()
                    self.assertEqual(bool(warning), "no direct mode" in log, log)
                    if warning:
                        line, text = warning
                        found = re.search(rf"{re.escape(server.config)}:(\d+): no direct mode with {text}", log)
                        self.assertTrue(found, log)
                        with open(server.config, encoding="utf-8") as file:
                            self.assertIn(line, file.read().splitlines()[int(found.group(1)) - 1])
                    server.kill()

    def test_the_default_is_relay(self):
        self.check(False, "")

    def test_of_the_group(self):
        self.check(True, 'options = "direct";')
        self.check(False, 'options = "relay";')

    def test_of_a_name(self):
        self.check(True, 'names = ({ name = "app"; options = "direct"; });')
        self.check(False, 'names = ({ name = "other"; options = "direct"; });')

    def test_a_name_takes_it_back(self):
        self.check(False, 'options = "direct"; names = ({ name = "app"; options = "relay"; });')
        self.check(True, 'options = "direct"; names = ({ name = "other"; options = "relay"; });')
        self.check(True, 'options = "direct"; names = ({ name = "app"; type = "binary"; });')

    def link(self, keys, group=""):
        destination = os.path.join(self.sockets, "app")
        return f'{group} links = ({{ origin = "app"; destination = "{destination}"; {keys} }});'

    def test_of_a_link(self):
        self.check(True, self.link('options = "direct";'))
        self.check(False, self.link(""))

    def test_a_link_takes_it_back(self):
        self.check(True, self.link("", 'options = "direct";'))
        self.check(False, self.link('options = "relay";', 'options = "direct";'))

    def test_framings_of_bytes_only(self):
        for framing in ("lines", "records"):
            keys = f'options = "direct";\nframing = "{framing}";'
            with HandoverServer(self.sockets, "app") as app:
                server = self.gateway("\n" + keys)
                self.assertRegex(server.log(), rf"{re.escape(server.config)}:\d+: no direct mode with framing lines or records: messages are relayed")
                client = server.websocket()
                client.start("/app")
                if framing == "lines":
                    client.finish_handshake()
                    client.send_text("hello")
                handed = app.handed_bytes()
                self.assertEqual([], handed.descriptors)
                handed.close()
                server.kill()

    def test_the_warning_names_the_line(self):
        self.check(False, '\nnames = ({ name = "app";\nframing = "lines";\noptions = "direct";\n});', stream_only=True,
                   warning=('options = "direct"', "framing lines or records: messages are relayed"))

    def test_a_group_that_fits_some(self):
        # The group's wish is nobody's fault: those it fits get it, the others are told of.
        self.check(True, 'options = "direct"; names = ({ name = "other"; framing = "bytes"; });', stream_only=True)

    def test_tcp(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            server = self.gateway(f'\nlinks = ({{ origin = "app"; type = "tcp"; destination = "127.0.0.1"; port = "{port}";\n'
                                  'options = "direct";\n});')
            self.assertRegex(server.log(), rf"{re.escape(server.config)}:\d+: no direct mode with tcp, tty and fifo: messages are relayed")
            client = server.websocket("/app")
            client.send_text("hello")
            listener.settimeout(20)
            peer = listener.accept()[0]
            peer.settimeout(20)
            self.assertEqual(b"hello", peer.recv(5))

    def test_a_word_nobody_knows(self):
        _, _, err = self.run_marmoset("-t", "-M", MODULES, "-f", self.path("bad.conf", 'servers = ({ websocket = { options = "directly"; }; });\n'))
        self.assertIn("bad.conf:1", err)
        self.assertIn("directly", err)


class Counted(DirectCase):
    """Clients that were handed over are open until the gateway hears of their end, and then a line in the log."""

    def serve_direct(self, keys="", **defaults):
        self.access = self.path("access.log")
        return self.gateway(f"{self.keys} {keys}", section="status = {};", top=f'access-log = "{self.access}"; access-log-format = "json";',
                            **defaults)

    def counters(self):
        with self.server.http(kind=Http) as client:
            return json.loads(client.get("/status.json", {"Connection": "close"}).body)

    def counter(self, family, label=None):
        value = self.counters()[family]
        return value if label is None else value[label]

    def await_closed(self, reason):
        wait_for("all to be counted out", lambda: self.counter("websockets") == 0)
        self.assertEqual(1, self.counter("websockets_closed_total", reason))

    def await_line(self, code):
        def line():
            with open(self.access, encoding="utf-8") as file:
                found = [entry for entry in map(json.loads, file) if entry["status"] == 101]
            return found[0] if found else None
        entry = wait_for("the line in the access log", line)
        self.assertIn(code, entry.values(), entry)
        self.assertIn(101, entry.values(), entry)

    def check(self, end, reason, code):
        """One client of websocket_echo over the link: counted, then ended by `end`, once."""
        self.echo()
        client = self.server.websocket("/echo")
        client.echo("hello")
        self.assertEqual((1, 1), (self.counter("websockets"), self.counter("websocket_handshakes_total", "accepted")))
        wait_for("only the one that asks to be a connection", lambda: self.counter("connections") == 1)
        end(client)
        self.await_closed(reason)
        self.await_line(code)

    def test_closed_by_the_client(self):
        self.check(lambda client: client.close(3456, "bye"), "close_handshake", 3456)

    def test_lost(self):
        self.check(lambda client: client.abort(), "peer_closed", 1006)

    def test_the_server_goes(self):
        self.check(lambda client: self.programs[-1].send_signal(signal.SIGKILL), "server_gone", 1012)

    def test_a_stream_server(self):
        app = self.stream_server()
        self.server.websocket("/app")
        handed = app.handed()
        self.assertEqual((1, 1), (self.counter("websockets"), self.counter("websocket_handshakes_total", "accepted")))
        handed.close()
        self.await_closed("server_closed")
        self.await_line(1005)

    def test_a_stream_server_with_a_bridge(self):
        app = self.stream_server()
        client = self.server.websocket()
        client.start("/app", behind=frame(TEXT, "early"))
        client.finish_handshake()
        handed = app.handed()
        self.assertEqual(1, self.counter("websockets"))
        client.drop()
        self.assertEqual(frame(TEXT, "early"), handed.read(11))
        self.assertEqual(b"", handed.sock.recv(1))
        handed.close()
        wait_for("all to be counted out", lambda: self.counter("websockets") == 0)
        self.await_line(1005)

    def test_a_refused_one_is_none(self):
        app = self.link_server()
        client = self.server.websocket()
        client.start("/app")
        link = app.greet()
        opened = link.expect(OPEN)
        link.reject(opened.client, 404)
        self.assertEqual(404, client.response().status)
        link.expect(END)
        self.assertEqual((0, 0, 1), (self.counter("websockets"), self.counter("websocket_handshakes_total", "accepted"),
                                     self.counter("websocket_handshakes_total", "refused")))
