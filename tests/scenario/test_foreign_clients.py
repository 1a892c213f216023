"""Clients nobody here wrote: Python's websockets, npm's ws, curl. In: their own idea of the protocols. Out: agreement."""

import asyncio
import json
import os
import subprocess

import websockets

from harness import Case, scaled


class Python(Case):
    def setUp(self):
        super().setUp()
        self.server = self.gateway()
        self.echo()
        self.url = f"ws://localhost:{self.server.port}/echo"

    def run_client(self, scenario, url=None, **options):
        async def connected():
            async with websockets.connect(url or self.url, host="127.0.0.1", max_size=None, **options) as client:
                return await scenario(client)
        return asyncio.run(asyncio.wait_for(connected(), scaled(20)))

    def test_echoes_every_kind(self):
        async def scenario(client):
            for message in ("hello", "", "häß€🦫", b"", b"\0\xff", "x" * 70000, os.urandom(1 << 20)):
                await client.send(message)
                self.assertEqual(message, await client.recv())
        self.run_client(scenario)

    def test_fragments(self):
        async def scenario(client):
            await client.send(["one ", "two ", "three"])
            self.assertEqual("one two three", await client.recv())
        self.run_client(scenario)

    def test_without_its_compression_and_with_the_offer_of_it(self):
        async def scenario(client):
            await client.send("hello")
            self.assertEqual("hello", await client.recv())
        self.run_client(scenario, compression=None)
        self.run_client(scenario, compression="deflate")

    def test_ping(self):
        async def scenario(client):
            await (await client.ping(b"payload"))
        self.run_client(scenario)

    def test_close_codes(self):
        async def scenario(client):
            await client.close(4001, "bye")
            return client.close_code
        self.assertEqual(4001, self.run_client(scenario))

    def test_pipelined_messages(self):
        async def scenario(client):
            async def send():
                for number in range(2000):
                    await client.send(str(number))
            sender = asyncio.ensure_future(send())
            for number in range(2000):
                self.assertEqual(str(number), await client.recv())
            await sender
        self.run_client(scenario)

    def test_many_clients(self):
        async def one(number):
            async with websockets.connect(self.url, host="127.0.0.1") as client:
                for round in range(5):
                    await client.send(f"{number} {round}")
                    self.assertEqual(f"{number} {round}", await client.recv())

        async def all():
            await asyncio.gather(*(one(number) for number in range(50)))
        asyncio.run(asyncio.wait_for(all(), scaled(25)))

    def test_refusals(self):
        async def scenario(client):
            self.fail("connected")
        for options, status in (({"url": self.url + "x"}, 404), ({"origin": "http://evil.example"}, 403)):
            with self.assertRaises(websockets.InvalidStatusCode) as refused:
                self.run_client(scenario, **options)
            self.assertEqual(status, refused.exception.status_code)

    def test_the_server_goes_away(self):
        async def scenario(client):
            await client.send("hello")
            await client.recv()
            self.server.send_signal(15)
            with self.assertRaises(websockets.ConnectionClosed):
                await client.recv()
            return client.close_code
        self.assertEqual(1001, self.run_client(scenario))


NODE = r"""
const WebSocket = require('ws');
const assert = require('node:assert');
const url = process.argv[1];
const finish = (result) => { console.log(JSON.stringify(result)); process.exit(0); };
const scenarios = {
    echo() {
        const messages = ['hello', '', 'häß€🦫', Buffer.from([]), Buffer.from([0, 255, 1]), 'x'.repeat(70000), Buffer.alloc(1 << 20, 7)];
        const client = new WebSocket(url, { perMessageDeflate: true });
        let next = 0;
        client.on('open', () => messages.forEach((message) => client.send(message)));
        client.on('message', (data, isBinary) => {
            const expected = messages[next++];
            assert.strictEqual(isBinary, typeof expected !== 'string');
            assert.ok(Buffer.from(expected).equals(data));
            if (next === messages.length) { assert.strictEqual(client.extensions, ''); client.close(3999, 'done'); }
        });
        client.on('close', (code, reason) => finish([code, next]));
    },
    fragments() {
        const client = new WebSocket(url, { perMessageDeflate: false });
        client.on('open', () => {
            client.send('one ', { fin: false });
            client.ping('between');
            client.send('two ', { fin: false });
            client.send('three', { fin: true });
        });
        let pong = '';
        client.on('pong', (data) => { pong = String(data); });
        client.on('message', (data) => finish([String(data), pong]));
    },
    refused() {
        const client = new WebSocket(url + 'x');
        client.on('unexpected-response', (_, response) => finish([response.statusCode]));
        client.on('error', () => {});
    },
    many() {
        let open = 0;
        for (let number = 0; number < 100; ++number) {
            const client = new WebSocket(url);
            let round = 0;
            client.on('open', () => client.send(`${number}:0`));
            client.on('message', (data) => {
                assert.strictEqual(String(data), `${number}:${round}`);
                if (++round < 20) client.send(`${number}:${round}`);
                else client.close();
            });
            client.on('close', (code) => { assert.strictEqual(code, 1005); if (++open === 100) finish([open]); });
        }
    },
};
process.on('uncaughtException', (error) => { console.error(error); process.exit(1); });
scenarios[process.argv[2]]();
"""


class Node(Case):
    def setUp(self):
        super().setUp()
        self.server = self.gateway()
        self.echo()

    def run_node(self, scenario):
        done = subprocess.run(["node", "-e", NODE, f"ws://127.0.0.1:{self.server.port}/echo", scenario], capture_output=True,
                              text=True, timeout=scaled(20), check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def test_echoes_every_kind(self):
        self.assertEqual([3999, 7], self.run_node("echo"))

    def test_fragments_with_a_ping_between(self):
        self.assertEqual(["one two three", "between"], self.run_node("fragments"))

    def test_refusal(self):
        self.assertEqual([404], self.run_node("refused"))

    def test_many_clients(self):
        self.assertEqual([100], self.run_node("many"))


class Curl(Case):
    def setUp(self):
        super().setUp()
        self.document("index.html", "page\n")
        self.document("large.bin", b"0123456789" * 100_000)
        self.server = self.gateway()
        self.base = f"http://127.0.0.1:{self.server.port}"

    def curl(self, *args, status=0):
        done = subprocess.run(["curl", "-sS", "--max-time", str(scaled(10)), "--noproxy", "*", *args], capture_output=True,
                              check=False, timeout=scaled(20))
        self.assertEqual(status, done.returncode, done.stderr)
        return done.stdout

    def test_get_and_head(self):
        self.assertEqual(b"page\n", self.curl(self.base + "/"))
        self.assertIn(b"Content-Length: 5\r\n", self.curl("-I", self.base + "/index.html"))

    def test_one_connection_for_several(self):
        out = self.curl("-o", "/dev/null", "-w", "%{num_connects} %{http_code}\n", self.base + "/", "-o", "/dev/null",
                        self.base + "/index.html", "-o", "/dev/null", self.base + "/none")
        self.assertEqual([b"1 200", b"0 200", b"0 404"], out.splitlines())

    def test_http_1_0(self):
        self.assertEqual(b"page\n", self.curl("--http1.0", self.base + "/"))

    def test_large_and_ranges(self):
        self.assertEqual(b"0123456789" * 100_000, self.curl(self.base + "/large.bin"))
        self.assertEqual(b"56789", self.curl("-r", "5-9", self.base + "/large.bin"))
        self.assertEqual(b"789", self.curl("-r", "-3", self.base + "/large.bin"))

    def test_uploads_are_refused_whatever_the_expectation(self):
        upload = self.path("upload", b"x" * 2_000_000)
        for more in ((), ("-H", "Expect:"), ("-H", "Transfer-Encoding: chunked")):
            out = self.curl("-o", "/dev/null", "-w", "%{http_code}", "-T", upload, *more, self.base + "/index.html")
            self.assertEqual(b"405", out)

    def test_unix_socket(self):
        path = self.path("s")
        self.gateway(section=f'addr = "unix:{path}";')
        self.assertEqual(b"page\n", self.curl("--unix-socket", path, "http://localhost/"))

    def test_conditional(self):
        etag = self.path("etag")
        self.curl("--etag-save", etag, "-o", "/dev/null", self.base + "/index.html")
        out = self.curl("--etag-compare", etag, "-o", "/dev/null", "-w", "%{http_code}", self.base + "/index.html")
        self.assertEqual(b"304", out)

    def test_a_handshake_by_hand(self):
        out = self.curl("-i", "-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 8", "-H",
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", self.base + "/echo")
        self.assertIn(b" 426 ", out.splitlines()[0])
