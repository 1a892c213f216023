// A WebSocket that comes back. In: an address, what to offer, when to stop. Out: messages, and events that say how the
// connection stands and when the next attempt is due.
//
// Nothing is sent twice and nothing is kept for later: send() says whether the message went to an open connection, and
// «lost» of the next state event how many bytes never left this machine. What was sent before a connection broke may have
// arrived or not; whether to send it again only the caller can know.

import { describeCode, followUp } from './close_codes.js';

const patience = 15000; // for a handshake; the gateway gives a system server 10 s
const steady = 5000; // a connection that lasts so long was a good one: the back-off starts anew
const busyDelay = 5000; // at least so long after 1013: the server has too much to do

/**
 * Milliseconds before attempt number `attempt` (from 0): doubles from `first` up to `cap`, and of that a random part between
 * a half and the whole, so that the clients of a restarted server do not all come back in the same moment.
 */
export function backOff(attempt, { first = 500, cap = 30000, random = Math.random } = {}) {
    const whole = Math.min(cap, first * 2 ** Math.min(attempt, 30));
    return Math.round(whole / 2 + (random() * whole) / 2);
}

/**
 * Events: «state» with { state, code, reason, words, problem, retryAt, lost, again } as detail, whenever one of these changes, and
 * «message», a MessageEvent.
 *
 * state: "connecting"; "open" (`again`: it was open before); "waiting" for the time `retryAt` of performance.now(); "closing";
 * "closed" (by this page); "refused": the server does not want us (1008, 1002 ... see followUp()), or `admitted` said no.
 * code, reason, words: how the last connection ended; words for a person.
 */
export class ReconnectingSocket extends EventTarget {
    #url;
    #options;
    #socket = null;
    #state = 'closed';
    #attempt = 0;
    #opening = null; // the latest attempt: an earlier one that still awaits its protocols is not carried on
    #opened = 0; // how often it was open
    #retry = 0; // timer
    #settle = 0; // timer
    #last = { code: 0, reason: '', words: '', problem: '', retryAt: 0, lost: 0 };

    /**
     * url: absolute. protocols: an array, or a function that gives one or a promise of one for each attempt: a ticket is
     * good once. first, cap: of backOff(), milliseconds. admitted(code): asked, when a handshake failed (1006) or 1008 came,
     * whether another attempt makes sense; a promise of false, or of a sentence that says why not, ends in "refused" (`problem` is
     * the sentence). Browsers hide why a handshake failed.
     */
    constructor(url, { protocols = [], first = 500, cap = 30000, admitted = null } = {}) {
        super();
        this.#url = url;
        this.#options = { protocols, first, cap, admitted };
        // The device is back in a network, or the person at the page: no reason to wait on.
        window.addEventListener('online', () => this.retry());
        document.addEventListener('visibilitychange', () => {
            if (document.visibilityState === 'visible') this.retry();
        });
        window.addEventListener('offline', () => {
            if (this.#state === 'waiting') this.#tell('waiting');
        });
        // A page in the browser's back/forward cache has no connections when it is shown again.
        window.addEventListener('pageshow', (event) => {
            if (event.persisted) this.retry();
        });
    }

    get url() {
        return this.#url;
    }

    get state() {
        return this.#state;
    }

    /** The chosen subprotocol of the open connection. */
    get protocol() {
        return this.#socket?.protocol ?? '';
    }

    /** What send() took and the browser has not handed on yet, in bytes. */
    get bufferedAmount() {
        return this.#socket?.bufferedAmount ?? 0;
    }

    /** Starts, also after close() or a refusal, and with another address if one is given. */
    connect(url = this.#url) {
        clearTimeout(this.#retry);
        const isOther = url !== this.#url;
        if (this.#socket && (isOther || this.#state === 'closing')) this.#drop();
        this.#url = url;
        if (this.#socket || (this.#state === 'connecting' && !isOther)) return;
        this.#attempt = 0;
        this.#open();
    }

    /** Whether an open connection took the message. */
    send(data) {
        if (this.#socket?.readyState !== WebSocket.OPEN) return false;
        this.#socket.send(data);
        return true;
    }

    /** Ends it for good, until connect(). */
    close(code = 1000, reason = '') {
        clearTimeout(this.#retry);
        if (!this.#socket) {
            if (this.#state !== 'closed') this.#tell('closed');
            return;
        }
        this.#socket.close(code, reason);
        this.#tell('closing');
    }

    /** The next attempt at once, if one is awaited. */
    retry() {
        if (this.#state !== 'waiting') return;
        clearTimeout(this.#retry);
        this.#open();
    }

    #tell(state, more = {}) {
        this.#state = state;
        Object.assign(this.#last, more);
        this.dispatchEvent(
            new CustomEvent('state', { detail: { ...this.#last, state, again: this.#opened > 1 } }),
        );
    }

    /** Leaves the current connection behind, whatever it says later. */
    #drop() {
        clearTimeout(this.#settle);
        const socket = this.#socket;
        this.#socket = null;
        this.#state = 'closed';
        socket.close();
    }

    async #open() {
        if (this.#socket) return;
        const { protocols } = this.#options;
        const opening = {};
        this.#opening = opening;
        this.#tell('connecting');
        const url = this.#url;
        let offered;
        try {
            offered = typeof protocols === 'function' ? await protocols() : protocols;
        } catch {
            offered = null; // such as a ticket that could not be fetched
        }
        // Meanwhile it may have been closed, or opened anew.
        if (this.#state !== 'connecting' || this.#opening !== opening) return;
        if (!offered) {
            this.#failed({ code: 1006, reason: '' }, false, 0);
            return;
        }
        const socket = new WebSocket(url, offered);
        socket.binaryType = 'arraybuffer';
        this.#socket = socket;
        let opened = false;
        const timer = setTimeout(() => socket.close(), patience);
        socket.addEventListener('open', () => {
            clearTimeout(timer);
            if (socket !== this.#socket) return;
            opened = true;
            this.#opened += 1;
            this.#settle = setTimeout(() => {
                this.#attempt = 0;
            }, steady);
            this.#tell('open', { code: 0, reason: '', words: '', retryAt: 0, lost: 0 });
        });
        socket.addEventListener('message', ({ data }) => {
            if (socket === this.#socket) this.dispatchEvent(new MessageEvent('message', { data }));
        });
        socket.addEventListener('close', (event) => {
            clearTimeout(timer);
            if (socket !== this.#socket) return;
            clearTimeout(this.#settle);
            this.#socket = null;
            this.#failed(event, opened, socket.bufferedAmount);
        });
    }

    /** A connection has ended, or an attempt: what now? */
    async #failed({ code, reason }, opened, lost) {
        const { admitted, first, cap } = this.#options;
        const words = opened ? describeCode(code).words : '';
        const ended = { code, reason, lost, words, problem: '', retryAt: 0 };
        if (this.#state === 'closing') {
            this.#tell('closed', ended);
            return;
        }
        const next = followUp(code); // 1006 when it was never open
        const attempt = this.#attempt;
        this.#attempt += 1;
        if (next === 'stop') {
            this.#tell('refused', ended);
            return;
        }
        let delay = backOff(attempt, { first, cap });
        if (next === 'later') delay = Math.max(delay, busyDelay + Math.random() * busyDelay);
        const due = performance.now() + delay;
        this.#tell('waiting', { ...ended, retryAt: due });
        if (!opened || next === 'ask') {
            const mayGoOn = admitted ? await admitted(code) : next !== 'ask';
            // Meanwhile the person may have closed it, or wanted the attempt at once.
            if (this.#state !== 'waiting' || this.#last.retryAt !== due) return;
            if (mayGoOn !== true) {
                this.#tell('refused', { retryAt: 0, problem: mayGoOn || '' });
                return;
            }
        }
        this.#retry = setTimeout(() => this.#open(), Math.max(0, due - performance.now()));
    }
}
