// Starts and stops the real programs for the browser's cases, as `make run` does: system servers, and the gateway in front of them
// in the clear and over TLS, with the gate of conf/run.conf. In: a build folder. Out: base URLs, the first user's password, ways to
// stop and start each program.
'use strict';

const { execFile } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { Program, ask, waitFor } = require('./programs.js');

const sources = path.resolve(__dirname, '../..');
const upgrade = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** What needs no sign-in in `make run`, from its configuration: the cases are to fail when the SQL page gets among it. */
function openPaths() {
    const text = fs.readFileSync(path.join(sources, 'conf/run.conf'), 'utf8');
    const found = [...text.matchAll(/unprotect = "([^"]+)";/g)].map((match) => match[1]);
    if (found.length !== 2 || found[0] !== found[1])
        throw new Error('conf/run.conf: both servers have the same unprotect');
    return found[0];
}

/** Programs with a folder of their own. `gate`: whether it stands in front; without it authrpc takes names and passwords itself. */
class Servers {
    constructor(build, documents, { gate = true } = {}) {
        this.build = build;
        this.documents = documents;
        this.gate = gate;
        this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'marmoset-browser-'));
        this.sockets = path.join(this.folder, 'sockets');
        fs.mkdirSync(this.sockets);
        fs.mkdirSync(path.join(this.folder, 'databases'));
        // The programs may give up root for another user, who has to reach the sockets.
        fs.chmodSync(this.folder, 0o755);
        this.programs = new Map();
    }

    get users() {
        return path.join(this.folder, 'users.db');
    }

    /** Arguments of each system server, behind those that all have. */
    get systemServers() {
        return {
            echo: ['websocket_echo'],
            chat: ['websocket_chat', '-w', '--history', '200', '--store', path.join(this.folder, 'chat.db')],
            authrpc: ['websocket_jsonrpc', '-L', this.library('authrpc'), '-C', `dbname=${this.users}`],
            sqlrpc: [
                'websocket_jsonrpc',
                '-L',
                this.library('sqlrpc'),
                '-C',
                `dir=${path.join(this.folder, 'databases')};default=demo.db;write=yes`,
            ],
        };
    }

    library(name) {
        return path.join(this.build, 'jsonrpc', `${name}.so`);
    }

    async start() {
        await promisify(execFile)(path.join(sources, 'conf/make-certificates'), [
            path.join(this.folder, 'tls'),
        ]);
        await this.startGateway();
        if (!this.gate) await this.addUser('admin', 'root');
        for (const name of Object.keys(this.systemServers)) this.startProgram(name);
        for (const name of Object.keys(this.systemServers)) await this.isUp(name);
    }

    /** Started again it has the same ports, users and sessions. */
    async startGateway() {
        const ports = path.join(this.folder, 'ports');
        const configuration = path.join(this.folder, 'marmoset.conf');
        fs.rmSync(ports, { force: true });
        fs.writeFileSync(configuration, this.configuration());
        const args = ['-f', configuration, '-P', '0', '--ports-file', ports];
        const modules = path.join(this.build, 'modules');
        if (fs.existsSync(modules)) args.push('-M', modules);
        this.gateway = new Program(path.join(this.build, 'bin', 'marmoset'), args, { cwd: this.folder });
        const lines = await waitFor(
            'the ports file',
            () => {
                this.gateway.check();
                return fs.existsSync(ports) && fs.readFileSync(ports, 'utf8').match(/:\d+$/gm);
            },
            () => this.gateway.output,
        );
        [this.port, this.securePort] = lines.map((text) => Number(text.slice(1)));
        this.base = `http://127.0.0.1:${this.port}`;
        this.secureBase = `https://127.0.0.1:${this.securePort}`;
        this.password ??= this.gate ? await this.firstPassword() : 'words words';
    }

    firstPassword() {
        return waitFor(
            'the first user’s password',
            () => /made admin with the password (\S+)/.exec(this.gateway.output)?.[1],
            () => this.gateway.output,
        );
    }

    configuration() {
        const user = process.getuid() === 0 ? 'user = "root";\n' : '';
        const entry = (port, tls) => `{
  hostname = "localhost";
  addr = "127.0.0.1";
  port = ${port};
  headers = [ "Content-Security-Policy: default-src 'self'; form-action 'self'" ];
  ${tls}
  ${this.gate ? this.auth() : ''}
  document = { docroot = "${this.documents}"; defaultpage = "index.html"; };
  websocket = { docroot = "${this.sockets}"; };
}`;
        const pair = ['pem', 'key'].map((kind) => path.join(this.folder, 'tls', `server.${kind}`));
        const tls = `tls = { crtfile = "${pair[0]}"; keyfile = "${pair[1]}"; };`;
        return `${user}workers = 2;
servers = (${entry(this.port ?? 0, '')}, ${entry(this.securePort ?? 0, tls)});
`;
    }

    auth() {
        return `auth = {
    type = "wwwform";
    signin = "/signin.html";
    options = "cookie";
    dbname = "${this.users}";
    secret_file = "${path.join(this.folder, 'secret')}";
    realm = "browser";
    failures = 1000;
    unprotect = "${openPaths()}";
  };`;
    }

    startProgram(name) {
        const [program, ...more] = this.systemServers[name];
        const args = ['-R', this.sockets, '-n', name, '-u', os.userInfo().username, ...more];
        this.programs.set(name, new Program(path.join(this.build, 'bin', program), args));
    }

    async stopProgram(name, signal = 'SIGTERM') {
        return this.programs.get(name).stop(signal);
    }

    /** Waits until a system server answers behind the gateway. */
    async isUp(name) {
        const headers = { ...upgrade };
        if (this.gate && ['authrpc', 'sqlrpc'].includes(name)) headers.Cookie = await this.session();
        const program = this.programs.get(name);
        await waitFor(
            `${name} behind the gateway`,
            async () => {
                this.gateway.check();
                program.check();
                return (await ask(`${this.base}/${name}`, { headers })).status === 101;
            },
            () => `${this.gateway.output}\n${program.output}`,
        );
    }

    /** Makes or changes a user, whose password is «words words». */
    async addUser(name, group, status = 'activated') {
        const args = ['-d', this.users, '--create', '-u', name, '-g', group, '--status', status];
        const passwd = promisify(execFile)(path.join(this.build, 'bin', 'marmoset_passwd'), args);
        passwd.child.stdin.end('words words\n');
        await passwd;
    }

    /** Signs somebody in; the value of Cookie. */
    async session(user = 'admin', password = this.password) {
        const { status, headers, body } = await ask(`${this.base}/auth`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' },
            body: new URLSearchParams({ username: user, password }).toString(),
        });
        if (status !== 200) throw new Error(`signing ${user} in: ${status} ${body}`);
        return headers['set-cookie'].map((line) => line.slice(0, line.indexOf(';'))).join('; ');
    }

    /** The same session, with `seconds` left: signed anew with the gate's secret. */
    shorten(session, seconds) {
        const token = /X-Auth-Token=([^;]+)/.exec(session)[1];
        const [head, body] = token.split('.');
        const claims = JSON.parse(Buffer.from(body, 'base64url'));
        claims.exp = Math.floor(Date.now() / 1000) + seconds;
        const text = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
        const secret = fs.readFileSync(path.join(this.folder, 'secret'), 'utf8').trim();
        const signature = crypto.createHmac('sha256', secret).update(text).digest('base64url');
        return session.replace(token, `${text}.${signature}`);
    }

    /** Ends everything; throws when one of the programs ended badly. */
    async stop() {
        const programs = [this.gateway, ...this.programs.values()].filter(Boolean);
        for (const program of programs) await program.stop();
        fs.rmSync(this.folder, { recursive: true, force: true });
        for (const program of programs) program.checkEnd();
    }
}

module.exports = { Servers };
