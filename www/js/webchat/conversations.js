// Who is in the room and what was said, to all and to each alone. In: what the server told, what the person wrote. Out: lists to
// draw, and which of them has changed. Nothing here touches the page or the network.

export const mostEntries = 1000; // of a conversation; the oldest go first
const mostConversations = 60; // others can open them
const mostIds = 4000;

/** The key of what is said to all; private conversations have the other's name. */
export const everyone = '';

class Conversation {
    entries = [];
    unread = 0;
    /** Whether the other one has left. */
    gone = false;
    /** A sentence of what the server told of the other one, as long as that holds. */
    about = '';

    constructor(name) {
        this.name = name;
    }

    add(entry) {
        this.entries.push(entry);
        if (this.entries.length > mostEntries) this.entries.shift();
        return entry;
    }
}

/**
 * Entries: { kind: "said", from, own, text, time, state, tag } or { kind: "note", text, time }. state of own ones: "sending", "sent",
 * "unsure" (the connection ended before the answer), "failed" with `problem`.
 */
export class Conversations {
    /** Oneself, as the server has it; null before. */
    me = null;
    people = new Map(); // name: { name, colour, verified }
    all = new Map([[everyone, new Conversation(everyone)]]);
    /** The one that the person looks at. */
    shown = this.all.get(everyone);
    #onEntry;
    #seen = new Set();
    #waiting = new Map(); // tag: entry

    /** onEntry(conversation, entry): something was added, be it a note or said. */
    constructor(onEntry) {
        this.#onEntry = onEntry;
    }

    #add(conversation, entry) {
        conversation.add(entry);
        this.#onEntry(conversation, entry);
        return entry;
    }

    get(name) {
        return this.all.get(name);
    }

    /** The private conversation with somebody, a new one if need be. */
    open(name) {
        let found = this.all.get(name);
        if (!found) {
            found = new Conversation(name);
            this.all.set(name, found);
            if (this.all.size > mostConversations) {
                const kept = [everyone, name, this.shown.name];
                this.all.delete([...this.all.keys()].find((key) => !kept.includes(key)));
            }
        }
        found.gone = !this.people.has(name);
        return found;
    }

    close(name) {
        if (name !== everyone) this.all.delete(name);
    }

    get unread() {
        let sum = 0;
        for (const { unread } of this.all.values()) sum += unread;
        return sum;
    }

    /** Forgets the room, not who one is: another room is another place. */
    reset() {
        this.people.clear();
        this.all = new Map([[everyone, new Conversation(everyone)]]);
        this.shown = this.get(everyone);
        this.#seen.clear();
        this.#waiting.clear();
    }

    // ---- people

    setPeople(list) {
        this.people = new Map(list.map((person) => [person.name, person]));
        for (const conversation of this.all.values()) {
            if (conversation.name === everyone) continue;
            conversation.gone = !this.people.has(conversation.name);
            conversation.about = ''; // a new list comes with a new connection, and theirs may be one, too
        }
    }

    /** Who one is, from now on. */
    welcome(person) {
        if (this.me && this.people.delete(this.me.name)) this.people.set(person.name, person);
        this.me = person;
    }

    join(person, time) {
        const isNew = !this.people.has(person.name);
        this.people.set(person.name, person);
        if (isNew) this.#noteEverywhere(person.name, `${person.name} has joined.`, time, false);
    }

    leave(name, time) {
        if (!this.people.delete(name)) return;
        this.#noteEverywhere(name, `${name} has left.`, time, true);
    }

    rename(old, person, time) {
        this.people.delete(old);
        this.people.set(person.name, person);
        const sentence = `${old} is now called ${person.name}.`;
        const between = old === everyone ? null : this.all.get(old);
        if (between && !this.all.has(person.name)) {
            this.all.delete(old);
            between.name = person.name;
            this.all.set(person.name, between);
        }
        this.#noteEverywhere(person.name, sentence, time, false);
    }

    #noteEverywhere(name, text, time, gone) {
        const note = () => ({ kind: 'note', text, time });
        this.#add(this.get(everyone), note());
        const between = name === everyone ? null : this.all.get(name);
        if (!between) return;
        between.gone = gone;
        between.about = '';
        this.#add(between, note());
    }

    // ---- what is said

    /** A message or one of the history; one that is known already is dropped. An own entry that this confirms is given back. */
    receive({ id, from, text, time }) {
        if (this.#seen.has(id)) return null;
        this.#remember(id);
        const own = this.#findOwn(from, text);
        if (own) return Object.assign(own, { state: 'sent', time });
        const isMine = this.me !== null && from.name === this.me.name && from.name !== '';
        this.#add(this.get(everyone), { kind: 'said', from, own: isMine, text, time, state: 'sent' });
        return null;
    }

    receivePrivate({ from, text, time }) {
        // A plain client that has no name: there is no answering, and so no conversation.
        if (from.name === '')
            this.#add(this.shown, {
                kind: 'note',
                text: `Somebody without a name, to you alone: ${text}`,
                time,
            });
        else this.#add(this.open(from.name), { kind: 'said', from, own: false, text, time, state: 'sent' });
    }

    /** What the person wrote, on its way. */
    write(name, tag, text, time) {
        const entry = { kind: 'said', from: this.me, own: true, to: name, text, time, tag, state: 'sending' };
        this.#waiting.set(tag, entry);
        this.#add(this.get(name), entry);
    }

    sent({ tag, id, time }) {
        const entry = this.#waiting.get(tag);
        if (!entry) return null;
        this.#waiting.delete(tag);
        if (id) this.#remember(id);
        return Object.assign(entry, { state: 'sent', time: time || entry.time });
    }

    failed(tag, problem) {
        const entry = this.#waiting.get(tag);
        if (!entry) return null;
        this.#waiting.delete(tag);
        return Object.assign(entry, { state: 'failed', problem });
    }

    /** The connection has ended: what had no answer may have arrived or not. Whether there was any. */
    loseWaiting() {
        const any = this.#waiting.size > 0;
        for (const entry of this.#waiting.values()) entry.state = 'unsure';
        this.#waiting.clear();
        return any;
    }

    /** Takes an own entry away that is written anew. */
    withdraw(entry) {
        const { entries } = this.get(entry.to) ?? { entries: [] };
        const at = entries.indexOf(entry);
        if (at >= 0) entries.splice(at, 1);
    }

    /** One of ours of which it was not known whether it arrived, and which the history shows. */
    #findOwn(from, text) {
        if (this.me === null || from.name !== this.me.name) return null;
        return this.get(everyone).entries.find((entry) => entry.state === 'unsure' && entry.text === text);
    }

    #remember(id) {
        this.#seen.add(id);
        if (this.#seen.size > mostIds) this.#seen.delete(this.#seen.values().next().value);
    }
}
