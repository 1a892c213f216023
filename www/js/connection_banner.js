// Tells how the connection stands while it does not stand as it should. In: a ReconnectingSocket. Out: a banner with what
// happened, what happens next, and a button or a link for who does not want to wait; the same for screen readers.

import { element } from './element.js';
import { signInAddress } from './session.js';

const goodNews = 4000; // how long «Connected again.» is shown, in milliseconds

function child(parent, tag, className, text) {
    const node = element(tag, className, text);
    parent.append(node);
    return node;
}

export class ConnectionBanner {
    #place;
    #socket;
    #parts;
    #clock = 0;
    #troubled = false;
    #returnTo;

    /** place: an empty element of the page. returnTo: gets the focus that was on the banner when it goes. */
    constructor(place, socket, { returnTo }) {
        this.#place = place;
        this.#socket = socket;
        this.#returnTo = returnTo;
        place.classList.add('banner-place');
        // A region that is there before its words come is announced by every screen reader.
        const announcer = child(place, 'p', 'visually-hidden');
        announcer.setAttribute('role', 'status');
        const box = child(place, 'div', 'banner');
        const inner = child(box, 'div', 'banner-inner');
        const words = child(inner, 'p', 'banner-words');
        const count = child(inner, 'span', 'banner-count');
        const button = child(inner, 'button', 'banner-action', 'Try now');
        button.type = 'button';
        const link = child(inner, 'a', 'button banner-action', 'Sign in');
        this.#parts = { announcer, box, words, count, button, link };
        box.hidden = true;
        button.addEventListener('click', () => {
            if (socket.state === 'waiting') socket.retry();
            else socket.connect();
        });
        socket.addEventListener('state', ({ detail }) => this.#show(detail));
    }

    #show({ state, code, reason, words, problem, retryAt, again }) {
        clearTimeout(this.#clock);
        if (state === 'open') {
            if (this.#troubled && again) this.#say('good', 'Connected again.', {});
            else this.#hide();
            this.#troubled = false;
            if (again) this.#clock = setTimeout(() => this.#hide(), goodNews);
            return;
        }
        if (state === 'closing' || state === 'closed') {
            this.#troubled = false;
            this.#hide();
            return;
        }
        if (state === 'connecting') {
            if (this.#troubled) this.#parts.count.textContent = 'Trying…';
            return;
        }
        this.#troubled = true;
        if (state === 'refused') {
            const signedOut = code === 1008 || code === 1006;
            if (problem) this.#say('bad', problem, { button: 'Try again' });
            else if (signedOut) this.#say('bad', 'You are not signed in, or not any more.', { link: true });
            else
                this.#say(
                    'bad',
                    ['The server ended the connection.', words, reason].filter(Boolean).join(' '),
                    {
                        button: 'Connect again',
                    },
                );
            return;
        }
        this.#say('busy', this.#whatHappened(code, words), { button: 'Try now' });
        this.#countDown(retryAt);
    }

    #whatHappened(code, words) {
        if (!navigator.onLine) return 'This device is offline.';
        if (!words) return 'The server cannot be reached.';
        return code === 1006 ? 'The connection broke.' : `Connection lost. ${words}`;
    }

    #say(kind, sentence, { button = '', link = false }) {
        const { announcer, box, words, count } = this.#parts;
        const hadFocus = box.contains(document.activeElement);
        box.dataset.kind = kind;
        words.textContent = sentence;
        count.textContent = '';
        if (announcer.textContent !== sentence) announcer.textContent = sentence;
        this.#parts.button.textContent = button;
        this.#parts.button.hidden = !button;
        this.#parts.link.hidden = !link;
        if (link) this.#parts.link.href = signInAddress();
        box.hidden = false;
        if (hadFocus && !button) this.#returnTo.focus();
    }

    #hide() {
        const { announcer, box } = this.#parts;
        if (box.contains(document.activeElement)) this.#returnTo.focus();
        announcer.textContent = '';
        box.hidden = true;
    }

    #countDown(retryAt) {
        const seconds = Math.ceil((retryAt - performance.now()) / 1000);
        this.#parts.count.textContent = seconds > 0 ? `Next attempt in ${seconds} s` : 'Trying…';
        if (seconds > 0) this.#clock = setTimeout(() => this.#countDown(retryAt), 250);
    }
}
