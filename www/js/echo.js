// The echo page. In: what the person types, chooses, drops. Out: messages to a system server, a log of the exchange.

import { copyText } from './clipboard.js';
import { closeArgumentsError, describeCode, describeFailedOpen } from './close_codes.js';
import { EchoCheck, sizeOf } from './echo_check.js';
import { formatCount, formatDuration, formatSize, hexPreview, textPreview } from './format.js';
import { LogView } from './log_view.js';
import { socketUrl } from './socket_url.js';

const maxFile = 64 * 2 ** 20; // a file is held in memory until its echo is back
const maxBuffered = 8 * 2 ** 20; // the next file waits until the browser has sent this far

const byId = (id) => document.getElementById(id);
const page = {
    state: byId('state'),
    form: byId('connection'),
    name: byId('name'),
    protocol: byId('protocol'),
    url: byId('url'),
    toggle: byId('toggle'),
    connectionError: byId('connection-error'),
    closing: byId('closing'),
    closeCode: byId('close-code'),
    closeReason: byId('close-reason'),
    message: byId('message'),
    text: byId('text'),
    send: byId('send'),
    drop: byId('drop'),
    files: byId('files'),
    messageError: byId('message-error'),
    sent: byId('stat-sent'),
    received: byId('stat-received'),
    trip: byId('stat-trip'),
    buffered: byId('stat-buffered'),
    announcer: byId('announcer'),
};
const log = new LogView({
    list: byId('log'),
    scroll: byId('log-scroll'),
    empty: byId('log-empty'),
    dropped: byId('log-dropped'),
});

let socket = null; // the current WebSocket; null when none is open or opening
let session = null; // what is known of it beside the WebSocket itself
let check = new EchoCheck();
let counts = { sent: 0, received: 0 };
let bufferedTimer = 0;

/** For screen readers; a burst of messages is read as its last one. */
let announceTimer = 0;
function announce(text) {
    clearTimeout(announceTimer);
    announceTimer = setTimeout(() => {
        page.announcer.textContent = text;
    }, 200);
}

function showError(target, text) {
    target.textContent = text;
    target.hidden = text === '';
    if (text) announce(text);
}

function showState(state, words, action) {
    page.state.dataset.state = state;
    page.state.textContent = words;
    page.toggle.textContent = action;
    page.toggle.classList.toggle('primary', action === 'Connect');
    page.send.setAttribute('aria-disabled', String(socket?.readyState !== WebSocket.OPEN));
}

function showCounts() {
    page.sent.textContent = formatCount(counts.sent);
    page.received.textContent = formatCount(counts.received);
}

/** bufferedAmount has no event: look ten times a second while something is left. */
function watchBuffered() {
    const amount = socket?.bufferedAmount ?? 0;
    page.buffered.textContent = formatSize(amount);
    clearTimeout(bufferedTimer);
    if (amount > 0) bufferedTimer = setTimeout(watchBuffered, 100);
}

// ---- connection

function connect() {
    const url = socketUrl(page.name.value);
    const protocols = page.protocol.value
        .split(',')
        .map((token) => token.trim())
        .filter(Boolean);
    showError(page.connectionError, '');
    let opening;
    try {
        opening = new WebSocket(url, protocols);
    } catch {
        // Thrown for a fragment in the address and for protocols that are no tokens or repeat (WHATWG WebSockets).
        showError(
            page.connectionError,
            url.includes('#')
                ? 'A server name cannot hold "#".'
                : 'The subprotocol is not valid: letters, digits and signs, no spaces; several with commas, each once.',
        );
        return;
    }
    socket = opening;
    socket.binaryType = 'arraybuffer';
    check = new EchoCheck();
    session = { url, protocols, begun: performance.now(), opened: false, cancelled: false };
    socket.addEventListener('open', onOpen);
    socket.addEventListener('message', onMessage);
    socket.addEventListener('close', onClose);
    showState('busy', 'Connecting…', 'Cancel');
    announce('Connecting');
}

function disconnect() {
    if (socket.readyState === WebSocket.CONNECTING) {
        session.cancelled = true;
        socket.close();
        return;
    }
    const code = Number(page.closeCode.value.trim() || '1000');
    const problem = closeArgumentsError(code, page.closeReason.value);
    showError(page.connectionError, problem);
    if (problem) {
        page.closing.open = true;
        page.closeCode.focus();
        return;
    }
    socket.close(code, page.closeReason.value);
    showState('busy', 'Closing…', 'Disconnect');
}

function onOpen() {
    session.opened = true;
    const facts = [formatDuration(performance.now() - session.begun)];
    if (socket.protocol) facts.push(`subprotocol ${socket.protocol}`);
    log.add({ kind: 'open', what: 'Connected', facts, body: session.url, bodyKind: 'words' });
    showState('up', 'Connected', 'Disconnect');
    announce('Connected');
}

function onClose(event) {
    const { opened, cancelled, protocols } = session;
    const { name, words } = describeCode(event.code);
    const good = event.wasClean && (event.code < 1002 || event.code === 1005 || event.code >= 3000);
    const lines = [];
    if (event.reason) lines.push(`Reason: ${event.reason}`);
    if (!opened)
        lines.push(cancelled ? 'Cancelled before the connection was open.' : describeFailedOpen(protocols));
    else lines.push(words);
    if (check.waiting > 0) lines.push(`No echo of ${formatCount(check.waiting)} sent before the end.`);
    const what = opened ? `Closed ${event.code} ${name}` : 'Not connected';
    log.add({
        kind: good || cancelled ? 'closed' : 'bad',
        what,
        facts: opened ? [event.wasClean ? 'clean' : 'not clean'] : [`code ${event.code}`, 'not clean'],
        body: lines.join('\n'),
        bodyKind: 'words',
    });
    socket = null;
    if (opened) showState(good ? 'idle' : 'bad', `Closed · ${event.code}`, 'Connect');
    else showState(cancelled ? 'idle' : 'bad', cancelled ? 'Not connected' : 'Failed', 'Connect');
    if (!opened && !cancelled) showError(page.connectionError, lines[0]);
    else announce(`${what}. ${lines.join(' ')}`);
    watchBuffered();
}

// ---- messages

/** The open socket, or null after telling the person. */
function openSocket() {
    if (socket?.readyState === WebSocket.OPEN) {
        showError(page.messageError, '');
        return socket;
    }
    showError(page.messageError, 'Connect first, then send.');
    return null;
}

function sendMessage(target, data, label) {
    const size = sizeOf(data);
    log.add({
        kind: 'sent',
        arrow: '→',
        what: 'Sent',
        facts: [typeof data === 'string' ? 'text' : 'binary', formatSize(size)],
        body: typeof data === 'string' ? textPreview(data) : label,
        bodyKind: typeof data === 'string' ? '' : 'words',
    });
    check.sent(data, performance.now());
    target.send(data);
    counts.sent += 1;
    showCounts();
    watchBuffered();
}

function sendText() {
    const target = openSocket();
    if (!target) return;
    // send() replaces a lone surrogate by U+FFFD: compare with what really goes out.
    sendMessage(target, new TextDecoder().decode(new TextEncoder().encode(page.text.value)), '');
    page.text.value = '';
    page.text.focus();
}

const pause = (milliseconds) =>
    new Promise((resolve) => {
        setTimeout(resolve, milliseconds);
    });

async function sendFiles(files) {
    const target = openSocket();
    if (!target) return;
    for (const file of files) {
        if (file.size > maxFile) {
            showError(
                page.messageError,
                `${file.name} has ${formatSize(file.size)}; this page sends ${formatSize(maxFile)} at most.`,
            );
            continue;
        }
        let bytes;
        try {
            bytes = new Uint8Array(await file.arrayBuffer());
        } catch {
            showError(page.messageError, `${file.name} cannot be read.`); // a folder, or gone since it was chosen
            continue;
        }
        while (target.bufferedAmount > maxBuffered && target.readyState === WebSocket.OPEN) await pause(50);
        if (target.readyState !== WebSocket.OPEN) {
            showError(page.messageError, `${file.name} was not sent: the connection is closed.`);
            return;
        }
        sendMessage(target, bytes, file.name);
    }
}

function onMessage(event) {
    const now = performance.now();
    const isText = typeof event.data === 'string';
    const data = isText ? event.data : new Uint8Array(event.data);
    const result = check.received(data, now);
    const facts = [isText ? 'text' : 'binary', formatSize(sizeOf(data))];
    if (result.trip !== undefined) {
        facts.push(formatDuration(result.trip));
        page.trip.textContent = formatDuration(result.trip);
    }
    facts.push(verdictFact(result));
    if (result.lost > 0)
        facts.push({ text: `${formatCount(result.lost)} sent before it never came back`, good: false });
    log.add({
        kind: 'received',
        arrow: '←',
        what: 'Received',
        facts,
        body: isText ? textPreview(data) : hexPreview(data),
        bodyKind: isText ? '' : 'hex',
    });
    counts.received += 1;
    showCounts();
    watchBuffered();
    announce(`Received ${facts.map((fact) => fact.text ?? fact).join(', ')}`);
}

function verdictFact({ verdict, at }) {
    switch (verdict) {
        case 'equal':
            return { text: '✓ equal', good: true };
        case 'differs':
            return { text: `✗ differs at position ${formatCount(at)}`, good: false };
        case 'other':
            return { text: '✗ not what was sent', good: false };
        default:
            return { text: 'from the server itself' };
    }
}

// ---- the person's hands

page.form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (socket === null) connect();
    else if (socket.readyState !== WebSocket.CLOSING) disconnect();
});

page.message.addEventListener('submit', (event) => {
    event.preventDefault();
    sendText();
});

page.text.addEventListener('keydown', (event) => {
    // While an input method composes, Enter takes its proposal.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    sendText();
});

page.files.addEventListener('change', async () => {
    const chosen = [...page.files.files];
    page.files.value = ''; // so that choosing the same file again is a change
    await sendFiles(chosen);
});

// dragenter and dragleave also come for children: count them, or the frame flickers.
let dragDepth = 0;
function showDrag(change) {
    dragDepth = change === 0 ? 0 : Math.max(0, dragDepth + change);
    page.drop.classList.toggle('over', dragDepth > 0);
}
page.drop.addEventListener('dragenter', (event) => {
    event.preventDefault();
    showDrag(1);
});
page.drop.addEventListener('dragleave', () => showDrag(-1));
page.drop.addEventListener('drop', (event) => {
    showDrag(0);
    sendFiles([...event.dataTransfer.files]);
});
// A file dropped beside the field would replace this page by the file.
for (const type of ['dragover', 'drop']) {
    window.addEventListener(type, (event) => event.preventDefault());
}

byId('clear').addEventListener('click', () => {
    log.clear();
    counts = { sent: 0, received: 0 };
    showCounts();
    page.trip.textContent = '–';
    announce('Log cleared');
});

byId('copy').addEventListener('click', async () => {
    const done = await copyText(log.toText());
    announce(done ? `${formatCount(log.size)} entries copied` : 'The browser refused to copy');
    const button = byId('copy').firstChild;
    button.textContent = done ? 'Copied' : 'Refused';
    setTimeout(() => {
        button.textContent = 'Copy';
    }, 1500);
});

const showUrl = () => {
    page.url.textContent = socketUrl(page.name.value);
};
page.name.addEventListener('input', showUrl);
showUrl();
