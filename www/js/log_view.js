// The list of entries on the page. In: entries. Out: list items, and the same as text for the clipboard.
// All text goes through textContent: what a peer sends is never read as HTML.

import { element } from './element.js';
import { formatCount, formatTime } from './format.js';

export class LogView {
    #parts;
    #limit;
    #entries = [];
    #dropped = 0;
    #following = true;
    #frame = 0;
    #top = 0;

    /** parts: { list, scroll, empty, dropped }, elements of the page. limit: entries kept; the oldest go first. */
    constructor(parts, limit = 1000) {
        this.#parts = parts;
        this.#limit = limit;
        // Whoever scrolls up to read is not pulled down by the next entry. The event of our own scrolling may come when
        // more entries have made the list longer: only a way up is a person's.
        parts.scroll.addEventListener(
            'scroll',
            () => {
                const { scrollHeight, scrollTop, clientHeight } = parts.scroll;
                if (scrollHeight - scrollTop - clientHeight < 24) this.#setFollowing(true);
                else if (scrollTop < this.#top - 8) this.#setFollowing(false);
            },
            { passive: true },
        );
        this.#setFollowing(true);
    }

    /**
     * Appends an entry: { kind, arrow, what, facts, body, bodyKind }.
     * kind: "sent", "received", "open", "closed", "bad" or "note", the entry's colour.
     * facts: texts or { text, good } behind the heading. bodyKind: "words", "hex" or empty for a message.
     */
    add(entry) {
        const stamped = { time: new Date(), facts: [], body: '', bodyKind: '', arrow: '', ...entry };
        this.#entries.push(stamped);
        this.#parts.list.append(this.#render(stamped));
        while (this.#entries.length > this.#limit) {
            this.#entries.shift();
            this.#parts.list.firstElementChild.remove();
            this.#dropped += 1;
        }
        this.#update();
    }

    clear() {
        this.#entries = [];
        this.#dropped = 0;
        this.#setFollowing(true);
        this.#parts.list.replaceChildren();
        this.#update();
    }

    /** The log as lines of text. */
    toText() {
        const lines = [];
        if (this.#dropped > 0) lines.push(`(${formatCount(this.#dropped)} older entries dropped)`);
        for (const { time, arrow, what, facts, body } of this.#entries) {
            const heading = [formatTime(time), arrow, what].filter(Boolean).join(' ');
            lines.push([heading, ...facts.map((fact) => fact.text ?? fact)].join(' · '));
            if (body) lines.push(...body.split('\n').map((line) => `    ${line}`));
        }
        return `${lines.join('\n')}\n`;
    }

    get size() {
        return this.#entries.length;
    }

    #render({ time, kind, arrow, what, facts, body, bodyKind }) {
        const item = element('li', `entry ${kind}`, '');
        const head = element('div', 'entry-head', '');
        const stamp = element('time', '', formatTime(time));
        stamp.dateTime = time.toISOString();
        const heading = element('span', 'what', what);
        if (arrow) {
            const sign = element('span', 'arrow', `${arrow} `);
            sign.setAttribute('aria-hidden', 'true');
            heading.prepend(sign);
        }
        head.append(stamp, heading);
        for (const fact of facts) {
            const verdict = fact.good === undefined ? '' : fact.good ? ' good' : ' wrong';
            head.append(element('span', `fact${verdict}`, fact.text ?? fact));
        }
        item.append(head);
        if (body) item.append(element(bodyKind === 'words' ? 'p' : 'pre', `body ${bodyKind}`.trim(), body));
        return item;
    }

    #update() {
        const { scroll, empty, dropped } = this.#parts;
        empty.hidden = this.#entries.length > 0;
        dropped.hidden = this.#dropped === 0;
        dropped.textContent =
            `${formatCount(this.#dropped)} older entries dropped; ` +
            `the log keeps ${formatCount(this.#limit)}.`;
        this.#follow(scroll);
    }

    /** Reading scrollHeight lays the page out: once a frame, not once an entry of a burst. */
    #follow(scroll) {
        if (!this.#following || this.#frame !== 0) return;
        this.#frame = requestAnimationFrame(() => {
            this.#frame = 0;
            if (!this.#following) return;
            scroll.scrollTop = scroll.scrollHeight;
            this.#top = scroll.scrollTop;
        });
    }

    /** Who reads keeps the place when old entries go (scroll anchoring); who follows does not need it. */
    #setFollowing(following) {
        this.#following = following;
        this.#parts.scroll.classList.toggle('following', following);
    }
}
