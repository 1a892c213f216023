"""Every limit of the server as data, and what tests of them share. In: the rows below, which marmoset.conf(5) and the status page
are compared with. Out: LimitCase, a gateway whose counters are read from a second port, so that a limit on clients does not shut
the test out."""

import collections
import json
import socket

from harness import Case, Closed, Http, configuration, scaled, wait_for

# key: as it stands in the configuration, and as the label of its counter in limits_reached_total; group: where it stands;
# default: as --help-config prints it; answer: what a client that runs into it gets; test: the one that does.
Limit = collections.namedtuple("Limit", "key group default answer test")

LIMITS = [
    Limit("request_line", "servers", "8K", "414", "Heads.test_request_line"),
    Limit("header_size", "servers", "16K", "431", "Heads.test_header_size"),
    Limit("header_count", "servers", "100", "431", "Heads.test_header_count"),
    Limit("tls_handshake_timeout", "tls", "10", "end of the connection", "Deadline.test_a_handshake_has_its_time"),
    Limit("header_timeout", "servers", "10", "408", "Heads.test_header_timeout"),
    Limit("body_size", "servers", "10M", "413", "Bodies.test_body_size"),
    Limit("body_timeout", "servers", "30", "408", "Bodies.test_body_timeout"),
    Limit("keepalivetimeout", "servers", "15", "end of the connection", "Connections.test_keepalivetimeout"),
    Limit("send_timeout", "servers", "60", "end of the connection", "Connections.test_send_timeout"),
    Limit("maxclients", "servers", "0", "waits to be accepted", "Connections.test_maxclients"),
    Limit("clients_per_address", "servers", "256", "503", "Connections.test_clients_per_address"),
    Limit("descriptors", None, None, "waits to be accepted", "Descriptors.test_the_listener_pauses_and_recovers"),
    Limit("max_message", "websocket", "16M", "1009", "Messages.test_max_message"),
    Limit("max_fragments", "websocket", "1024", "1009", "Messages.test_max_fragments"),
    Limit("queue", "websocket", "1M", "1013", "Messages.test_queue"),
    Limit("handshake_timeout", "websocket", "10", "503", "Websockets.test_handshake_timeout"),
    Limit("ping", "websocket", "30", "end of the connection", "Websockets.test_ping"),
    Limit("close_timeout", "websocket", "10", "end of the connection", "Websockets.test_close_timeout"),
    Limit("send_timeout", "websocket", "60", "end of the connection", "Websockets.test_send_timeout"),
    Limit("link_timeout", "websocket", "30", "1012", "Websockets.test_link_timeout"),
    Limit("topics", None, None, "1011", "Websockets.test_topics"),
    Limit("maxmemory", "global", "256M", "503, 1013", "Memory.test_many_queues"),
    Limit("drain_timeout", "global", "30", "1001 or 1012, end of the connection", "Connections.test_drain_timeout"),
]


class LimitCase(Case):
    def limited(self, section="", keys="", top="", preexec_fn=None):
        """A gateway with one worker: `section` in its servers entry, `keys` in its websocket group."""
        self.document("index.html", "page")
        text = configuration(f'document = {{ docroot = "{self.documents}"; defaultpage = "index.html"; }};\n'
                             f'websocket = {{ docroot = "{self.sockets}"; {keys} }};\n'
                             f'skeleton = {{ path = "/post"; }};\n{section}', top)
        # The connection to it waits for what a test does first, and must not be counted as one that was idle.
        entry = '{ addr = "127.0.0.1"; port = 0; header_timeout = 3600; keepalivetimeout = 3600; status = {}; }'
        self.server = self.serve_text(text.rpartition("});")[0] + "}, " + entry + ");\n", preexec_fn=preexec_fn)
        self.status = self.client_from("127.0.0.9", 1)  # not one of those whom clients_per_address counts
        return self.server

    def client_from(self, address, index=0):
        sock = socket.socket()
        sock.settimeout(scaled(10))
        sock.bind((address, 0))
        sock.connect(self.server.address(index)[1])
        client = Http(sock)
        self.server.clients.append(client)
        return client

    def counters(self):
        """All counters of the server: numbers, or by label."""
        try:
            answer = self.status.get("/status.json")
        except Closed:  # after a long silence
            self.status = self.client_from("127.0.0.9", 1)
            answer = self.status.get("/status.json")
        self.assertEqual(200, answer.status)
        return json.loads(answer.body)

    def reached(self, limit):
        return self.counters()["limits_reached_total"][limit]

    def check_reached(self, limit, times=1):
        """The limit has been run into, so often in all (None: at least once) and no other with it."""
        wait_for(f"{limit} to be counted", lambda: self.reached(limit) >= (times or 1))
        counted = self.counters()["limits_reached_total"]
        self.assertGreater(counted.pop(limit), 0)
        if times:
            self.assertEqual(times, self.reached(limit))
        self.assertEqual([], [key for key, count in counted.items() if count])
