"""websocket_chat with clients nobody here wrote: Python's websockets and npm's ws, together in one room with our own."""

import asyncio
import json
import subprocess
import threading

import websockets

from chat import SUBPROTOCOL, ChatCase
from harness import Http, scaled

NODE = r"""
const WebSocket = require('ws');
const assert = require('node:assert');
const url = process.argv[1];
const lines = new WebSocket(url, 'marmoset-chat');
const heard = [];
lines.on('open', () => {
    const plain = new WebSocket(url);
    plain.on('open', () => plain.send('WSHello node-plain'));
    plain.on('message', (data) => {
        if (String(data) === 'WSWelcome node-plain') lines.send('hello node-lines #00ff00');
        if (String(data) === 'to all') plain.send('WSPrivate python psst');
    });
});
lines.on('message', (data) => {
    const text = String(data);
    const cut = text.indexOf('\n');
    const [kind, ...words] = (cut < 0 ? text : text.slice(0, cut)).split(' ');
    heard.push(kind);
    if (kind === 'names') {
        assert.strictEqual(lines.protocol, 'marmoset-chat');
        assert.deepStrictEqual(text.slice(cut + 1).split('\n').map((line) => line.split(' ')[0]).sort(),
                               ['node-lines', 'node-plain', 'python', 'raw']);
        lines.send('say 1\nto all');
    }
    if (kind === 'private') {
        console.log(JSON.stringify([heard, words[1], text.slice(cut + 1)]));
        process.exit(0);
    }
});
process.on('uncaughtException', (error) => { console.error(error); process.exit(1); });
"""


class Foreign(ChatCase):
    def test_raw_python_and_node_in_one_room(self):
        self.start("-w")
        raw = self.lines("raw")
        url = f"ws://127.0.0.1:{self.server.port}/chat"
        result = {}

        async def python():
            async with websockets.connect(url, subprotocols=[SUBPROTOCOL]) as client:
                self.assertEqual(SUBPROTOCOL, client.subprotocol)
                self.assertEqual("live", await client.recv())
                await client.send("hello python")
                self.assertEqual("welcome python - -", await client.recv())
                self.assertTrue((await client.recv()).startswith("names\n"))
                node = await asyncio.create_subprocess_exec("node", "-e", NODE, url, stdout=subprocess.PIPE)
                heard = []
                while not heard or not heard[-1].startswith("private "):
                    heard.append(await client.recv())
                await client.send("private node-lines\nfrom python")
                out, _ = await node.communicate()
                result.update(heard=heard, node=json.loads(out), status=node.returncode)

        thread = threading.Thread(target=lambda: asyncio.run(asyncio.wait_for(python(), scaled(25))))
        thread.start()
        thread.join(scaled(26))
        self.assertEqual(0, result.get("status"), result)
        kinds = [line.split(" ")[0] for line in result["heard"]]
        self.assertEqual(["join", "join", "message", "private"], kinds)
        self.assertTrue(result["heard"][2].endswith(" node-lines #00ff00 -\nto all"))
        self.assertTrue(result["heard"][3].endswith(" node-plain - -\npsst"))
        kinds, sender, text = result["node"]
        self.assertEqual(["live", "welcome", "names", "sent", "private"], [kind for kind in kinds if kind != "join"])
        self.assertEqual(("python", "from python"), (sender, text))
        self.assertEqual("to all", raw.skip_to("message").text)
        self.assertEqual({"node-plain", "node-lines", "python"}, {raw.skip_to("leave").words[0] for _ in range(3)})

    def test_many_of_python_all_hear_all(self):
        self.start()
        url = f"ws://127.0.0.1:{self.server.port}/chat/many"

        async def place():
            sock = self.connect(Http).sock
            sock.setblocking(False)
            return await websockets.connect(url, sock=sock)

        async def all_of_them():
            # A worker that starts late would leave all of them to the other.
            clients = [await place() for _ in range(self.workers)]
            clients += [await websockets.connect(url) for _ in range(20 - len(clients))]

            async def speak(number):
                for round in range(10):
                    await clients[number].send(f"{number} {round}")

            async def listen(number):
                heard = [await clients[number].recv() for _ in range(190)]
                for other in range(20):
                    of_other = [text for text in heard if text.split()[0] == str(other)]
                    self.assertEqual([] if other == number else [f"{other} {round}" for round in range(10)], of_other)

            await asyncio.gather(*map(speak, range(20)), *map(listen, range(20)))
            for client in clients:
                await client.close()

        asyncio.run(asyncio.wait_for(all_of_them(), scaled(25)))


class ForeignByTwo(Foreign):
    workers = 2

    def test_many_of_python_all_hear_all(self):
        super().test_many_of_python_all_hear_all()
        # By both workers, each of which has made its link.
        self.assertEqual(2, self.app.log().count("begins"))
