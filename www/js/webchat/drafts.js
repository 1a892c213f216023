// What a person has begun to write, for each conversation of each room. In: room, name of the conversation, text. Out: the text again,
// also after the page was loaded anew.

import { recallDraft, rememberDraft } from '../settings.js';

const mostDrafts = 100; // the oldest go first

const keyOf = (room, name) => `${room}\n${name}`;

export class Drafts {
    #texts;

    constructor() {
        const kept = recallDraft('chat.drafts', []);
        const isPair = (one) =>
            Array.isArray(one) && one.length === 2 && one.every((part) => typeof part === 'string');
        this.#texts = new Map(Array.isArray(kept) ? kept.filter(isPair) : []);
    }

    /** Empty: nothing was begun. */
    get(room, name) {
        return this.#texts.get(keyOf(room, name)) ?? '';
    }

    set(room, name, text) {
        this.#texts.delete(keyOf(room, name));
        if (text !== '') this.#texts.set(keyOf(room, name), text);
        if (this.#texts.size > mostDrafts) this.#texts.delete(this.#texts.keys().next().value);
        rememberDraft('chat.drafts', [...this.#texts]);
    }

    /** Somebody is called otherwise. */
    rename(room, old, name) {
        const text = this.get(room, old);
        this.set(room, old, '');
        if (text !== '') this.set(room, name, text);
    }
}
