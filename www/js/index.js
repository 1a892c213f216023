// The start page: shows which system servers answer. In: a WebSocket to each. Out: a pill and a sentence each. What is for signed-in
// users only is not tried by others: the gate would refuse, and that tells nothing of the server behind it.

import { formatDuration } from './format.js';
import { isForbidden } from './session.js';
import { showSession } from './session_view.js';
import { socketUrl } from './socket_url.js';

const patience = 10000; // as long as the gateway waits for a system server

/** Opens a WebSocket and closes it again: { up, time } in milliseconds. */
function probe(url) {
    return new Promise((resolve) => {
        const begun = performance.now();
        const socket = new WebSocket(url);
        const timer = setTimeout(() => socket.close(), patience);
        socket.addEventListener('open', () => {
            clearTimeout(timer);
            resolve({ up: true, time: performance.now() - begun });
            socket.close(1000);
        });
        socket.addEventListener('close', () => {
            clearTimeout(timer);
            resolve({ up: false, time: performance.now() - begun });
        });
    });
}

class Server {
    constructor(item) {
        this.name = item.dataset.server;
        this.title = item.querySelector('h3').textContent;
        this.isForUsers = item.dataset.for === 'users';
        this.pill = document.getElementById(`${this.name}-state`);
        this.detail = document.getElementById(`${this.name}-detail`);
        this.about = this.detail.textContent;
    }

    show(state, word, sentence) {
        this.pill.dataset.state = state;
        this.pill.textContent = word;
        this.detail.textContent = sentence;
    }

    /** state: of whoAmI(). */
    async check(state) {
        if (this.isForUsers && state === 'out') {
            this.show('idle', 'Sign in', `${this.about} Open to signed-in users only.`);
            return;
        }
        this.show('busy', 'Checking…', this.about);
        const url = socketUrl(this.name);
        const { up, time } = await probe(url);
        if (up) this.show('up', 'Up', `${this.about} Answered in ${formatDuration(time)}.`);
        else if (state === 'in' && (await isForbidden(`/${this.name}`)))
            this.show('idle', 'Not for you', `${this.about} You are signed in, but not permitted to use it.`);
        else
            this.show(
                'bad',
                'Down',
                `${url} could not be opened. Is its server running, with this server's socket folder?`,
            );
    }
}

/** One sentence for all, as screen readers tell it: which are down, up, only for users. */
function outcome(servers) {
    return ['Down', 'Not for you', 'Up', 'Sign in']
        .map((word) => [word, servers.filter(({ pill }) => pill.textContent === word)])
        .filter(([, some]) => some.length > 0)
        .map(([word, some]) => `${some.map(({ title }) => title).join(', ')}: ${word.toLowerCase()}`)
        .join('; ');
}

const servers = [...document.querySelectorAll('[data-server]')].map((item) => new Server(item));
let checking = false;
async function check() {
    if (checking) return;
    checking = true;
    document.getElementById('outcome').textContent = '';
    const { state } = await showSession(document.getElementById('session'));
    await Promise.all(servers.map((server) => server.check(state)));
    document.getElementById('outcome').textContent = outcome(servers);
    checking = false;
}

document.getElementById('echo-url').textContent = socketUrl('echo');
document.getElementById('check').addEventListener('click', check);
// A page brought back by the back button would show an old answer.
window.addEventListener('pageshow', check);
