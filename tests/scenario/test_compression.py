"""permessage-deflate (RFC 7692) through the gateway: Python's zlib as the other end, then Python's websockets and npm's ws.
Payloads themselves have unit tests; here is what takes a connection, a server and credit."""

import asyncio
import os
import random
import subprocess
import zlib

import websockets

from harness import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Case, deadline, frame, memory, scaled

OFFER = ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")
TAIL = b"\0\0\xff\xff"


class Deflate:
    """The client's end, with a window that stays."""

    def __init__(self, client, bits=15):
        self.client = client
        self.bits = bits
        self.forget(True, True)

    def forget(self, client, server):
        """Of messages so far nothing is known to the next one of the client, or of the server."""
        if client:
            self.out = zlib.compressobj(6, zlib.DEFLATED, -self.bits)
        if server:
            self.back = zlib.decompressobj(-15)

    def compressed(self, data):
        text = self.out.compress(data) + self.out.flush(zlib.Z_SYNC_FLUSH)
        assert text.endswith(TAIL)
        return text[:-4]

    def send(self, opcode, data):
        self.client.send_frame(opcode, self.compressed(data), rsv=4)

    def read(self):
        """(opcode, message, whether it came compressed)"""
        first = part = self.read_frame()
        assert first.opcode in (TEXT, BINARY), first
        data = [first.payload]
        while not part.fin:
            part = self.read_frame()
            assert part.opcode == CONTINUATION and part.rsv == 0, part
            data.append(part.payload)
        data = b"".join(data)
        if first.rsv:
            data = self.back.decompress(data + TAIL)
        return first.opcode, data, bool(first.rsv)

    def read_frame(self):
        return self.client.read_frame(rsv=4)


def sample(size):
    text = "".join('{"sensor":%d,"unit":"K"},' % (number % 977) for number in range(size // 20 + 1))
    return text[:size].encode()


class Compression(Case):
    keys = "compression = true;"

    def setUp(self):
        super().setUp()
        self.server = self.gateway(self.keys)
        self.echo()

    def open(self, offer=OFFER[1], **options):
        return self.server.websocket("/echo", headers={OFFER[0]: offer} if offer else {}, **options)


class WithoutTakeover(Compression):
    def test_answer(self):
        client = self.open()
        self.assertEqual("permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                         client.answer.get("Sec-WebSocket-Extensions"))
        client = self.open("permessage-deflate; server_max_window_bits=9; client_max_window_bits=10")
        self.assertEqual("permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
                         "server_max_window_bits=9; client_max_window_bits=10",
                         client.answer.get("Sec-WebSocket-Extensions"))
        for offer in (None, "permessage-bzip2", "permessage-deflate; unknown"):
            client = self.open(offer)
            self.assertIsNone(client.answer.get("Sec-WebSocket-Extensions"), offer)
            client.echo("plain")
            client.send_frame(TEXT, b"\x00", rsv=4)
            client.expect_fail(1002)
        client = self.server.websocket()
        client.start("/echo", {OFFER[0]: "permessage-deflate; ="})  # RFC 6455 9.1: a malformed list fails the handshake
        self.assertEqual(400, client.response().status)

    def test_messages_of_every_size(self):
        for size in (0, 1, 255, 256, 1000, 65535, 65536, 131072, 1 << 20):
            client = self.open()
            for opcode in (TEXT, BINARY):
                end = Deflate(client)
                end.send(opcode, sample(size))
                got = end.read()
                self.assertEqual((opcode, size >= 256), (got[0], got[2]), size)
                self.assertTrue(got[1] == sample(size), size)
            client.close()

    def test_each_message_stands_alone(self):
        client = self.open()
        for _ in range(3):
            end = Deflate(client)
            end.send(TEXT, sample(5000))
            self.assertEqual((TEXT, sample(5000), True), end.read())

    def test_plain_and_compressed_messages_in_turn(self):
        client = self.open()
        for number in range(20):
            end = Deflate(client)
            if number % 2:
                end.send(TEXT, sample(100 * number))
            else:
                client.send_text(sample(100 * number).decode())
            self.assertEqual(sample(100 * number), end.read()[1])

    def test_what_does_not_compress_comes_back_plain(self):
        noise = random.Random(1).randbytes(100000)
        client = self.open()
        end = Deflate(client)
        end.send(BINARY, noise)
        opcode, data, compressed = end.read()
        self.assertTrue(opcode == BINARY and data == noise)
        end = Deflate(client)
        end.send(BINARY, noise[:1000])
        self.assertEqual((BINARY, noise[:1000], False), end.read())

    def test_fragments_with_pings_between(self):
        client = self.open()
        end = Deflate(client)
        payload = end.compressed(sample(3000))
        for at in range(len(payload)):
            last = at == len(payload) - 1
            client.send_frame(CONTINUATION if at else TEXT, payload[at:at + 1], fin=last, rsv=0 if at else 4)
            if at % 100 == 0:
                client.send_frame(PING, b"%d" % at)
                self.assertEqual((PONG, b"%d" % at), (lambda f: (f.opcode, f.payload))(end.read_frame()))
        self.assertEqual(sample(3000), end.read()[1])

    def test_a_byte_a_segment(self):
        client = self.open()
        end = Deflate(client)
        data = frame(TEXT, end.compressed(sample(2000)), rsv=4)
        for at in range(len(data)):
            client.send(data[at:at + 1])
        self.assertEqual(sample(2000), end.read()[1])

    def test_rsv1_where_it_must_not_be(self):
        def continuation(client):
            client.send_frame(TEXT, b"\xf2", fin=False, rsv=4)
            client.send_frame(CONTINUATION, b"\x48", rsv=4)
        for breach in (continuation, lambda client: client.send_frame(PING, b"x", rsv=4),
                       lambda client: client.send_frame(CLOSE, b"", rsv=4),
                       lambda client: client.send_frame(TEXT, b"x", rsv=2),
                       lambda client: client.send_frame(TEXT, b"x", rsv=5)):
            client = self.open()
            breach(client)
            client.expect_fail(1002)

    def test_malformed_data(self):
        for data in (b"\x06", b"\xff\xff\xff\xff", b"\x00\x05\x00\x00\x00A", b"\x1f\x8b\x08\0", b"\xf2\x48\xcd\xc9\xc9"):
            client = self.open()
            client.send_frame(BINARY, data, rsv=4)
            client.expect_fail(1007)

    def test_text_that_is_not_utf8(self):
        client = self.open()
        Deflate(client).send(TEXT, sample(100000) + b"\xff" + sample(100000))
        client.expect_fail(1007)

    def test_pipelined_messages(self):
        client = self.open()
        end = Deflate(client)
        plain = [sample(size) for size in range(0, 20000, 137)]
        frames = []
        for message in plain:
            end.out = zlib.compressobj(1, zlib.DEFLATED, -15)
            frames.append(frame(TEXT, end.compressed(message), rsv=4))
        client.send(b"".join(frames))
        for message in plain:
            end.back = zlib.decompressobj(-15)
            self.assertEqual((TEXT, message), end.read()[:2])


class WithTakeover(Compression):
    keys = 'compression = true; context_takeover = "both"; compression_threshold = 0;'

    def test_later_messages_refer_to_earlier_ones(self):
        client = self.open()
        self.assertEqual("permessage-deflate", client.answer.get("Sec-WebSocket-Extensions"))
        end = Deflate(client)
        message = random.Random(2).randbytes(8000)
        for number in range(5):
            payload = end.compressed(message)
            client.send_frame(BINARY, payload, rsv=4)
            first = end.read_frame()
            data = first.payload
            while not first.fin:
                first = end.read_frame()
                data += first.payload
            self.assertEqual(message, end.back.decompress(data + TAIL))
            if number:
                self.assertLess(len(payload), 200)
                self.assertLess(len(data), 200)

    def test_every_window(self):
        for bits in range(9, 16):
            client = self.open(f"permessage-deflate; client_max_window_bits={bits}; server_max_window_bits={bits}")
            end = Deflate(client, bits)
            end.back = zlib.decompressobj(-bits)
            for size in (100, 70000, 3000):
                end.send(TEXT, sample(size))
                self.assertEqual((TEXT, sample(size), True), end.read())

    def test_a_final_block_keeps_the_window(self):
        client = self.open()
        end = Deflate(client)
        client.send_frame(TEXT, bytes.fromhex("f348cdc9c9070000"), rsv=4)
        self.assertEqual(b"Hello", end.read()[1])
        client.send_frame(TEXT, bytes.fromhex("f200110000"), rsv=4)
        self.assertEqual(b"Hello", end.read()[1])


class Limits(Compression):
    keys = "compression = true; max_message = 1048576;"

    @deadline(120)
    def test_a_bomb(self):
        """A GiB in a MiB: refused at the limit, and the worker does not grow by it."""
        squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
        block = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)
        bomb = (block * 1000)[:-4]
        self.assertLess(len(bomb), 1048576)
        self.open().echo("x")  # the worker has begun
        before = memory(self.server.workers()[0])
        for _ in range(3):
            client = self.open()
            client.send_frame(BINARY, bomb, rsv=4)
            client.expect_fail(1009)
        self.assertLess(memory(self.server.workers()[0]) - before, 16 << 20)

    def test_the_limit_is_of_the_message(self):
        for size, code in ((1 << 20, None), ((1 << 20) + 1, 1009)):
            client = self.open()
            end = Deflate(client)
            end.send(BINARY, bytes(size))
            if code:
                client.expect_fail(code)
            else:
                self.assertEqual((BINARY, bytes(size), True), end.read())

    def test_noise_up_to_the_limit(self):
        """What does not compress is a little longer than itself, and still a message within the limit."""
        noise = random.Random(3).randbytes(1 << 20)
        client = self.open()
        end = Deflate(client)
        payload = end.compressed(noise)
        self.assertGreater(len(payload), len(noise))
        client.send_frame(BINARY, payload, rsv=4)
        self.assertTrue(end.read()[1] == noise)


class Slow(Compression):
    keys = 'compression = true; context_takeover = "client";'

    @deadline(120)
    def test_a_large_message_passes_a_small_window(self):
        """16 MiB out of 16 KiB: inflation waits for the server's credit, and goes on with what was read before."""
        client = self.open()
        end = Deflate(client)
        message = bytes(16 << 20)
        end.send(BINARY, message)
        end.send(BINARY, b"behind it")
        got = end.read()
        self.assertTrue(got[1] == message)
        end.back = zlib.decompressobj(-15)
        self.assertEqual(b"behind it", end.read()[1])


class Streams(Case):
    def test_bytes_of_a_stream_server(self):
        self.server = self.gateway('compression = true; type = "binary";')
        self.echo(stream=True)
        client = self.server.websocket("/echo", headers=dict([OFFER]))
        Deflate(client).send(BINARY, sample(300000))
        got = b""
        while len(got) < 300000:
            end = Deflate(client)
            got += end.read()[1]
        self.assertTrue(got == sample(300000))


class Foreign(Compression):
    keys = 'compression = true; context_takeover = "both";'

    def run_python(self, **options):
        async def connected():
            async with websockets.connect(f"ws://localhost:{self.server.port}/echo", host="127.0.0.1", max_size=None,
                                          **options) as client:
                self.assertEqual(["permessage-deflate"], [one.name for one in client.extensions])
                for message in ("", "hello", "häß€🦫" * 1000, b"", b"\0\xff", "x" * 70000, os.urandom(1 << 20), sample(1 << 20)):
                    await client.send(message)
                    self.assertEqual(message, await client.recv())
                await client.send(["one ", "two ", "three" * 1000])
                self.assertEqual("one two " + "three" * 1000, await client.recv())
        asyncio.run(asyncio.wait_for(connected(), scaled(20)))

    def test_python(self):
        self.run_python(compression="deflate")
        for own, other in ((9, 15), (15, 9), (12, 12)):
            self.run_python(compression=None, extensions=[
                websockets.extensions.permessage_deflate.ClientPerMessageDeflateFactory(
                    server_max_window_bits=other, client_max_window_bits=own)])
        self.run_python(compression=None, extensions=[
            websockets.extensions.permessage_deflate.ClientPerMessageDeflateFactory(
                server_no_context_takeover=True, client_no_context_takeover=True)])

    def test_node(self):
        script = """
            const WebSocket = require('ws');
            const client = new WebSocket(process.argv[1], {perMessageDeflate: {threshold: 0}});
            const messages = ['', 'hello', 'häß€'.repeat(10000), Buffer.alloc(1 << 20, 7), Buffer.from('')];
            let at = 0;
            const next = () => at < messages.length ? client.send(messages[at]) : client.close(1000);
            client.on('open', () => { if (client.extensions !== 'permessage-deflate') process.exit(2); next(); });
            client.on('message', (data, binary) => {
                if (!Buffer.from(messages[at++]).equals(data)) process.exit(3);
                next();
            });
            client.on('close', code => process.exit(code === 1000 ? 0 : 4));
        """
        done = subprocess.run(["node", "-e", script, f"ws://127.0.0.1:{self.server.port}/echo"], capture_output=True,
                              text=True, timeout=scaled(20), check=False)
        self.assertEqual(0, done.returncode, done.stderr)
