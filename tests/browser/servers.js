// Starts and stops the real programs for the browser's cases. In: a build folder. Out: base URL, ways to stop them.
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');

const patience = 20000;

/** Repeats `attempt` until it gives something true; fails with `what` and the program's output. */
async function waitFor(what, attempt, diagnosis = () => '') {
    const end = Date.now() + patience;
    for (;;) {
        const result = await attempt();
        if (result) return result;
        if (Date.now() > end) throw new Error(`waited ${patience / 1000} s for ${what}\n${diagnosis()}`);
        await new Promise((resolve) => {
            setTimeout(resolve, 20);
        });
    }
}

/** Nothing of ours outlives the run, also when it is interrupted. */
const children = new Set();
process.on('exit', () => {
    for (const child of children) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

/** One child process whose output is kept and which is ended with the run. */
class Program {
    constructor(file, args, options = {}) {
        this.name = path.basename(file);
        this.output = '';
        this.child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
        children.add(this.child);
        for (const stream of [this.child.stdout, this.child.stderr]) {
            stream.on('data', (data) => {
                this.output = (this.output + data).slice(-20000);
            });
        }
        this.ended = new Promise((resolve) => {
            this.child.on('error', (error) => {
                this.output += `${error}\n`;
                resolve(-1);
            });
            this.child.on('exit', (code, signal) => resolve(signal ?? code));
        });
        this.ended.then((status) => {
            this.status = status;
            children.delete(this.child);
        });
    }

    async stop(signal = 'SIGTERM') {
        if (this.status === undefined) this.child.kill(signal);
        return this.ended;
    }

    /** Throws when the program did not end as told: a crash, a sanitizer's report. */
    checkEnd() {
        if (![0, 'SIGTERM', 'SIGKILL'].includes(this.status)) this.check();
    }

    /** Throws when the program has ended, with what it said. */
    check() {
        if (this.status !== undefined)
            throw new Error(`${this.name} ended with ${this.status}:\n${this.output}`);
    }
}

/** HTTP status of a WebSocket handshake: 101 when a system server answers behind the gateway. */
function handshakeStatus(base, name) {
    return new Promise((resolve) => {
        const request = http.get(`${base}/${name}`, {
            agent: false,
            headers: {
                Connection: 'Upgrade',
                Upgrade: 'websocket',
                'Sec-WebSocket-Version': '13',
                'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
            },
        });
        request.on('upgrade', (response, socket) => {
            socket.destroy();
            resolve(response.statusCode);
        });
        request.on('response', (response) => {
            response.resume();
            resolve(response.statusCode);
        });
        request.on('error', () => resolve(0));
    });
}

/** websocket_echo and marmoset with a folder of their own. */
class Servers {
    constructor(build, documents) {
        this.build = build;
        this.documents = documents;
        this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'marmoset-browser-'));
        this.sockets = path.join(this.folder, 'sockets');
        fs.mkdirSync(this.sockets);
        // The programs may give up root for another user, who has to reach the sockets.
        fs.chmodSync(this.folder, 0o755);
    }

    async start() {
        this.startEcho();
        const ports = path.join(this.folder, 'ports');
        const configuration = path.join(this.folder, 'marmoset.conf');
        fs.writeFileSync(configuration, this.configuration());
        const args = ['-f', configuration, '-P', '0', '--ports-file', ports];
        const modules = path.join(this.build, 'modules');
        if (fs.existsSync(modules)) args.push('-M', modules);
        this.gateway = new Program(path.join(this.build, 'bin', 'marmoset'), args, { cwd: this.folder });
        const port = await waitFor(
            'the ports file',
            () => {
                this.gateway.check();
                if (!fs.existsSync(ports)) return null;
                return /:(\d+)\s*$/m.exec(fs.readFileSync(ports, 'utf8'))?.[1];
            },
            () => this.gateway.output,
        );
        this.base = `http://127.0.0.1:${port}`;
        await this.echoIsUp();
    }

    configuration() {
        const user = process.getuid() === 0 ? 'user = "root";\n' : '';
        return `${user}servers = ({
  hostname = "localhost";
  addr = "127.0.0.1";
  port = 0;
  document = { docroot = "${this.documents}"; defaultpage = "index.html"; };
  websocket = { docroot = "${this.sockets}"; };
});
`;
    }

    startEcho() {
        const args = ['-R', this.sockets, '-n', 'echo', '-u', os.userInfo().username];
        this.echo = new Program(path.join(this.build, 'bin', 'websocket_echo'), args);
    }

    async echoIsUp() {
        await waitFor(
            'websocket_echo behind the gateway',
            async () => {
                this.gateway.check();
                this.echo.check();
                return (await handshakeStatus(this.base, 'echo')) === 101;
            },
            () => `${this.gateway.output}\n${this.echo.output}`,
        );
    }

    /** Ends everything; throws when one of the programs ended badly. */
    async stop() {
        const programs = [this.gateway, this.echo].filter(Boolean);
        for (const program of programs) await program.stop();
        fs.rmSync(this.folder, { recursive: true, force: true });
        for (const program of programs) program.checkEnd();
    }
}

module.exports = { Servers, waitFor };
