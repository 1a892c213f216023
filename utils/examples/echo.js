// The echo server in Node, without packages. usage: node echo.js bytes|lines SOCKET
// bytes: what one read gives is a message. lines (framing = "lines" in the gateway): a text message a line.
"use strict";
const fs = require("fs");
const net = require("net");
const readline = require("readline");

const serve = {
  bytes: (client) => client.pipe(client), // pipe() stops reading while the client does not read
  lines: async (client) => {
    for await (const line of readline.createInterface({ input: client, crlfDelay: Infinity })) {
      if (!client.write(line + "\n")) await new Promise((resolve) => client.once("drain", resolve).once("close", resolve));
    }
    client.end();
  },
};

const [kind, path] = process.argv.slice(2);
if (!serve[kind] || !path) {
  console.error("usage: node echo.js bytes|lines SOCKET");
  process.exit(1);
}
fs.rmSync(path, { force: true });
process.umask(0o117); // the socket: rw for user and group only; the gateway must be in the group
net
  .createServer({ allowHalfOpen: true }, (client) => {
    client.on("error", () => client.destroy()); // it has gone
    serve[kind](client);
  })
  .listen(path);
