// JSON-RPC 2.0 over a WebSocket that comes back. In: methods and parameters. Out: promises of results, and what the server
// tells by itself. A call is sent once: when the connection ends before its answer, its promise is rejected with
// ConnectionLost, and whether it was carried out is not known. Nothing waits for a connection: while none is open, calls are
// rejected at once.

/** The server's error: code and data as it sent them. */
export class RpcError extends Error {
    constructor({ code, message, data }) {
        super(typeof message === 'string' ? message : 'an error without words');
        this.name = 'RpcError';
        this.code = code;
        this.data = data;
    }
}

/** No answer in time. The server may carry the call out still; a late answer is dropped. */
export class RpcTimeout extends Error {
    constructor(method, milliseconds) {
        super(`${method}: no answer within ${milliseconds / 1000} s`);
        this.name = 'RpcTimeout';
    }
}

/** The connection ended before the answer, or there was none (`sent` is false). */
export class ConnectionLost extends Error {
    constructor(sent) {
        super(sent ? 'The connection ended before the answer.' : 'Not connected.');
        this.name = 'ConnectionLost';
        this.sent = sent;
    }
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Events: «notification» with { method, params } as detail; «fault» with a sentence, when the server sends what is no JSON-RPC. */
export class JsonRpc extends EventTarget {
    #socket;
    #timeout;
    #next = 1;
    #pending = new Map(); // id: { resolve, reject, timer }

    /** socket: a ReconnectingSocket. timeout: of a call, in milliseconds, unless it has its own. */
    constructor(socket, { timeout = 30000 } = {}) {
        super();
        this.#socket = socket;
        this.#timeout = timeout;
        socket.addEventListener('message', ({ data }) => this.#receive(data));
        socket.addEventListener('state', ({ detail }) => {
            if (detail.state !== 'open') this.#loseAll();
        });
    }

    /** How many calls have no answer yet. */
    get pending() {
        return this.#pending.size;
    }

    /** A promise of the result. params: an object, an array or undefined. */
    call(method, params, { timeout = this.#timeout } = {}) {
        const { request, promise } = this.#prepare({ method, params }, timeout);
        if (!this.#socket.send(JSON.stringify(request))) this.#lose(request.id, false);
        return promise;
    }

    /** Whether a connection took it; there is no answer. */
    notify(method, params) {
        return this.#socket.send(JSON.stringify({ jsonrpc: '2.0', method, params }));
    }

    /**
     * Several calls in one message: [{ method, params, notification }]. A promise of an array with one entry a call that is no
     * notification, in the order of the calls, as of Promise.allSettled(): one error does not hide the other results.
     */
    batch(calls, { timeout = this.#timeout } = {}) {
        const promises = [];
        const ids = [];
        const requests = calls.map((call) => {
            if (call.notification) return { jsonrpc: '2.0', method: call.method, params: call.params };
            const { request, promise } = this.#prepare(call, timeout);
            promises.push(promise);
            ids.push(request.id);
            return request;
        });
        const settled = Promise.allSettled(promises);
        if (requests.length > 0 && !this.#socket.send(JSON.stringify(requests))) {
            for (const id of ids) this.#lose(id, false);
        }
        return settled;
    }

    #prepare({ method, params }, timeout) {
        const id = this.#next;
        this.#next += 1;
        const promise = new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
                this.#pending.delete(id);
                reject(new RpcTimeout(method, timeout));
            }, timeout);
            this.#pending.set(id, { resolve, reject, timer });
        });
        return { request: { jsonrpc: '2.0', id, method, params }, promise };
    }

    #take(id) {
        const waiting = this.#pending.get(id);
        if (!waiting) return null;
        clearTimeout(waiting.timer);
        this.#pending.delete(id);
        return waiting;
    }

    #lose(id, sent) {
        this.#take(id)?.reject(new ConnectionLost(sent));
    }

    #loseAll() {
        for (const id of [...this.#pending.keys()]) this.#lose(id, true);
    }

    #receive(data) {
        let message;
        try {
            // ouistiti's servers end their answers with a NUL.
            message = JSON.parse(
                (typeof data === 'string' ? data : new TextDecoder().decode(data)).replace(/\0+$/, ''),
            );
        } catch {
            this.#fault('The server sent something that is not JSON.');
            return;
        }
        for (const one of Array.isArray(message) ? message : [message]) this.#receiveOne(one);
    }

    #receiveOne(message) {
        if (!isObject(message)) {
            this.#fault('The server sent something that is not JSON-RPC.');
        } else if (typeof message.method === 'string') {
            const { method, params, id } = message;
            if (id === undefined) {
                this.dispatchEvent(new CustomEvent('notification', { detail: { method, params } }));
            } else {
                // Pages have no methods.
                const error = { code: -32601, message: 'Method not found' };
                this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, error }));
            }
        } else if (isObject(message.error) && (message.id === null || message.id === undefined)) {
            this.#fault(`The server could not read a call: ${new RpcError(message.error).message}`);
        } else if (isObject(message.error)) {
            this.#take(message.id)?.reject(new RpcError(message.error));
        } else if ('result' in message) {
            this.#take(message.id)?.resolve(message.result);
        } else {
            this.#fault('The server sent an answer with neither result nor error.');
        }
    }

    #fault(sentence) {
        this.dispatchEvent(new CustomEvent('fault', { detail: sentence }));
    }
}
