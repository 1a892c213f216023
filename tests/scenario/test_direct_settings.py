"""What the gateway's configuration says of its clients reaches those who serve them directly: over the link in HELLO, and as
settings of the client's socket where the server knows only sockets."""

import array
import json
import socket

from harness import HELLO, PATIENCE, Case, scaled


class DirectSettings(Case):
    def hello(self, keys):
        app = self.link_server()
        client = self.gateway(f'options = "direct"; {keys}').websocket()
        client.start("/app")
        return json.loads(app.link().expect(HELLO).payload)

    def test_defaults_in_hello(self):
        said = self.hello("")
        self.assertEqual(16 << 20, said["max_message"])
        self.assertEqual({"max_fragments": 1024, "ping": 30000, "ping_misses": 2, "close_timeout": 10000, "send_timeout": 60000,
                          "queue": 1 << 20, "overflow": "close", "compression_level": 1, "compression_threshold": 256},
                         said["direct"])

    def test_settings_in_hello(self):
        said = self.hello('max_message = 1000; max_fragments = 8; ping = 7; ping_misses = 5; close_timeout = 3; send_timeout = 4; '
                          'queue = 8192; overflow = "drop"; compression = true; compression_level = 9; compression_threshold = 17;')
        self.assertEqual(1000, said["max_message"])
        self.assertEqual({"max_fragments": 8, "ping": 7000, "ping_misses": 5, "close_timeout": 3000, "send_timeout": 4000,
                          "queue": 8192, "overflow": "drop", "compression_level": 9, "compression_threshold": 17},
                         said["direct"])

    def socket_of_a_client(self, keys):
        """(SO_KEEPALIVE, idle, interval, count, user timeout) of the socket that a server gets for a client."""
        app = self.stream_server()
        client = self.gateway(f'options = "direct"; {keys}').websocket()
        client.start("/app")
        with app.accept_socket() as connection:
            connection.settimeout(scaled(PATIENCE))
            _, ((_, _, descriptor),), _, _ = connection.recvmsg(1024, socket.CMSG_SPACE(4))
            with socket.socket(fileno=array.array("i", descriptor)[0]) as sock:
                return (sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), *(
                    sock.getsockopt(socket.IPPROTO_TCP, option) for option in (
                        socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)))

    def test_a_dead_client_is_found_by_tcp(self):
        self.assertEqual((1, 7, 7, 5, 45000), self.socket_of_a_client("ping = 7; ping_misses = 5; send_timeout = 45;"))

    def test_nobody_asks_without_pings(self):
        keep_alive, *_, timeout = self.socket_of_a_client("ping = 0;")
        self.assertEqual((0, 60000), (keep_alive, timeout))

    def test_longer_than_the_kernel_can_count(self):
        self.assertEqual((1, 32767, 32767, 100, 86400000),
                         self.socket_of_a_client("ping = 86400; ping_misses = 100; send_timeout = 86400;"))
