// A room of npm's ws, as its manual shows it: what one client sends goes to all the others. In: nothing. Out: «port N».
const WebSocket = require('ws');
const server = new WebSocket.Server({ port: 0, host: '127.0.0.1', perMessageDeflate: false, backlog: 4096 });
server.on('listening', () => console.log(`port ${server.address().port}`));
server.on('connection', (client) => {
    client.on('message', (data, isBinary) => {
        for (const other of server.clients) {
            if (other !== client && other.readyState === WebSocket.OPEN) other.send(data, { binary: isBinary });
        }
    });
    client.on('error', () => {});
});
