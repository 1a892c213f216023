// The start page: shows whether the server «echo» answers. In: a WebSocket to it. Out: pill and sentence.

import { formatDuration } from './format.js';
import { socketUrl } from './socket_url.js';

const patience = 10000; // as long as the gateway waits for a system server
const pill = document.getElementById('echo-state');
const detail = document.getElementById('echo-detail');
const url = socketUrl('echo');

/** Opens a WebSocket and closes it again: { up, time } in milliseconds. */
function probe() {
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

function show(state, word, sentence) {
    pill.dataset.state = state;
    pill.textContent = word;
    detail.textContent = sentence;
}

let checking = false;
async function check() {
    if (checking) return;
    checking = true;
    show('busy', 'Checking…', 'Opening a WebSocket to see whether the server answers.');
    const { up, time } = await probe();
    if (up) show('up', 'Up', `Answered the handshake in ${formatDuration(time)}.`);
    else
        show(
            'bad',
            'Down',
            `${url} could not be opened. Is websocket_echo running, with this server's socket folder?`,
        );
    checking = false;
}

document.getElementById('echo-url').textContent = url;
document.getElementById('check').addEventListener('click', check);
// A page brought back by the back button would show an old answer.
window.addEventListener('pageshow', check);
