// Child processes of the browser's cases. In: a program's file and arguments. Out: its output, its end; nothing outlives the run.
'use strict';

const { spawn } = require('node:child_process');
const http = require('node:http');
const path = require('node:path');

const patience = 90000; // a machine may have much else to do

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

/** One HTTP request: { status, headers, body }; status 0 when nobody answered, 101 for a WebSocket handshake that succeeded. */
function ask(url, { method = 'GET', headers = {}, body = '' } = {}) {
    return new Promise((resolve) => {
        const request = http.request(url, { agent: false, method, headers });
        request.on('upgrade', (response, socket) => {
            socket.destroy();
            resolve({ status: response.statusCode, headers: response.headers, body: '' });
        });
        request.on('response', (response) => {
            let text = '';
            response.setEncoding('utf8');
            response.on('data', (piece) => {
                text += piece;
            });
            response.on('end', () =>
                resolve({ status: response.statusCode, headers: response.headers, body: text }),
            );
        });
        request.on('error', () => resolve({ status: 0, headers: {}, body: '' }));
        request.end(body);
    });
}

module.exports = { Program, ask, waitFor };
