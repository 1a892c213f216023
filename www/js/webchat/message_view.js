// The messages of one conversation on the page. In: entries. Out: list items; everything a peer has sent goes through
// textContent. Screen readers are told what comes in, not what is drawn again when another conversation is shown.

import { button, element } from '../element.js';
import { avatar, verifiedMark } from './avatar.js';
import { mostEntries } from './conversations.js';

const sameBreath = 5 * 60000; // messages of one sender within this time stand under one name, in milliseconds

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const precise = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

function timeElement(time) {
    const date = new Date(time);
    const node = element('time', '', clock.format(date));
    node.dateTime = date.toISOString();
    node.title = precise.format(date);
    return node;
}

const isSameDay = (a, b) => new Date(a).toDateString() === new Date(b).toDateString();

export class MessageView {
    #parts;
    #rows = new Map(); // entry: list item
    #last = null; // entry drawn last
    #following = true;
    #top = 0; // where the end was when it was last gone to
    #live = false;
    #frame = 0;
    #resend;

    /** parts: { list, scroll, empty, newer }; resend(entry): the person wants it sent again. */
    constructor(parts, resend) {
        this.#parts = parts;
        this.#resend = resend;
        parts.scroll.addEventListener('scroll', () => this.#onScroll(), { passive: true });
        parts.newer.addEventListener('click', () => {
            this.follow();
            parts.scroll.focus();
        });
        // The list grows and the window shrinks, as when a phone's keyboard comes: the end stays in sight.
        new ResizeObserver(() => this.#toEnd()).observe(parts.scroll);
    }

    /** Whether the end of the conversation is in sight. */
    get following() {
        return this.#following;
    }

    follow() {
        this.#setFollowing(true);
        this.#parts.newer.hidden = true;
        this.#toEnd();
    }

    /** Whether what is added is news, and announced. */
    get isLive() {
        return this.#live;
    }

    set isLive(isLive) {
        this.#live = isLive;
        this.#parts.scroll.setAttribute('aria-live', isLive ? 'polite' : 'off');
    }

    /** Draws a conversation; `unread`: how many of its last entries are new to the person. */
    show(conversation, unread = 0) {
        const { list, scroll, empty } = this.#parts;
        scroll.setAttribute('aria-live', 'off');
        this.#rows.clear();
        this.#last = null;
        list.replaceChildren();
        let left = conversation.entries.filter(({ kind, own }) => kind === 'said' && !own).length - unread;
        for (const entry of conversation.entries) {
            if (unread > 0 && entry.kind === 'said' && !entry.own) {
                if (left === 0) list.append(element('li', 'divider new', 'New'));
                left -= 1;
            }
            this.#append(entry);
        }
        empty.hidden = conversation.entries.length > 0;
        this.follow();
        requestAnimationFrame(() => {
            this.isLive = this.#live;
        });
    }

    add(entry) {
        this.#parts.empty.hidden = true;
        this.#append(entry);
        if (entry.own) this.follow();
        else if (this.#following) this.#toEnd();
        else this.#parts.newer.hidden = entry.kind === 'note' && this.#parts.newer.hidden;
    }

    /** An entry has another state, or another time. */
    change(entry) {
        const row = this.#rows.get(entry);
        if (row) this.#drawState(row, entry);
    }

    remove(entry) {
        this.#rows.get(entry)?.remove();
        this.#rows.delete(entry);
        if (this.#last === entry) this.#last = null;
    }

    #append(entry) {
        const before = this.#last;
        if (!before || !isSameDay(before.time, entry.time)) {
            const today = isSameDay(entry.time, Date.now());
            this.#parts.list.append(element('li', 'divider', today ? 'Today' : day.format(entry.time)));
        }
        const row = entry.kind === 'note' ? element('li', 'note', entry.text) : this.#message(entry, before);
        this.#rows.set(entry, row);
        this.#parts.list.append(row);
        this.#last = entry;
        this.#prune();
    }

    #message(entry, before) {
        const goesOn =
            before?.kind === 'said' &&
            before.own === entry.own &&
            before.from.name === entry.from.name &&
            entry.time - before.time < sameBreath;
        const row = element(
            'li',
            ['message', entry.own && 'own', goesOn && 'goes-on'].filter(Boolean).join(' '),
        );
        const head = element('p', goesOn ? 'head visually-hidden' : 'head');
        head.append(element('span', entry.own ? 'visually-hidden' : 'from', entry.from.name || 'somebody'));
        if (entry.from.verified && !entry.own) head.append(' ', verifiedMark());
        head.append(' ', timeElement(entry.time));
        if (!goesOn && !entry.own) row.append(avatar(entry.from));
        row.append(head, element('p', 'said', entry.text));
        this.#drawState(row, entry);
        return row;
    }

    #drawState(row, entry) {
        row.querySelector('.delivery')?.remove();
        row.classList.toggle('waiting', entry.state === 'sending');
        const words = {
            unsure: 'It is not known whether this arrived.',
            failed: `Not sent: ${entry.problem}`,
        }[entry.state];
        if (!words) return;
        const line = element('p', 'delivery', words);
        line.append(
            ' ',
            button('quiet', 'Send again', () => this.#resend(entry)),
        );
        row.append(line);
        if (this.#following) this.#toEnd();
    }

    /** As many as the conversation keeps. */
    #prune() {
        while (this.#rows.size > mostEntries) {
            const [entry, row] = this.#rows.entries().next().value;
            this.#rows.delete(entry);
            row.remove();
        }
    }

    /** The event of our own scrolling may come when more messages have made the list longer: only a way up is a person's. */
    #onScroll() {
        const { scrollHeight, scrollTop, clientHeight } = this.#parts.scroll;
        if (scrollHeight - scrollTop - clientHeight < 40) this.#setFollowing(true);
        else if (scrollTop < this.#top - 8) this.#setFollowing(false);
        if (this.#following) this.#parts.newer.hidden = true;
    }

    /** Who reads keeps the place when old messages go (scroll anchoring); who follows does not need it. */
    #setFollowing(following) {
        this.#following = following;
        this.#parts.scroll.classList.toggle('following', following);
    }

    #toEnd() {
        if (!this.#following || this.#frame !== 0) return;
        this.#frame = requestAnimationFrame(() => {
            this.#frame = 0;
            const { scroll } = this.#parts;
            if (!this.#following) return;
            scroll.scrollTop = scroll.scrollHeight;
            this.#top = scroll.scrollTop;
        });
    }
}
