// The statements of this browser, newest first. In: statements that were run. Out: a list, kept in localStorage and
// shared by all windows.

import { onRemembered, recall, remember } from '../settings.js';

const most = 100;
const longest = 20000; // characters; a longer statement is not kept: the store is small

export class History {
    #entries = [];

    constructor() {
        this.#read();
        onRemembered('sql.history', () => this.#read());
    }

    /** What another window has added meanwhile is among them; where nothing can be kept, the own ones stay. */
    #read() {
        const kept = recall('sql.history', this.#entries);
        this.#entries = Array.isArray(kept)
            ? kept.filter((one) => typeof one?.sql === 'string' && Number.isFinite(one?.time)).slice(0, most)
            : [];
    }

    /** [{ sql, time }], newest first; time in milliseconds since 1970. */
    get entries() {
        return this.#entries;
    }

    /** One that was run before moves to the front. */
    add(sql) {
        const text = sql.trim();
        if (text === '' || text.length > longest) return;
        this.#read();
        this.#entries = [
            { sql: text, time: Date.now() },
            ...this.#entries.filter((one) => one.sql !== text),
        ].slice(0, most);
        remember('sql.history', this.#entries);
    }

    clear() {
        this.#entries = [];
        remember('sql.history', []);
    }
}
