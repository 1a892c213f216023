// The form for name and colour. In: what was chosen last time, whether the name comes from a sign-in. Out: a name and a colour.

import { recall, remember } from '../settings.js';
import { randomColour } from './avatar.js';
import { cleanName } from './protocol.js';

const guestHint =
    'Up to 30 letters, fewer where they are not plain ones; spaces become _. Who signs in keeps the user’s name.';
const userHint = 'You are signed in: your name here is the user’s.';

export class Profile {
    #parts;
    #chosen;
    #isUser = false;
    #then = null;

    /** parts: { form, name, colour, hint, submit, cancel }; done(): the form is finished with, either way. */
    constructor(parts, done) {
        this.#parts = parts;
        const { name = '', colour = '' } = recall('chat.profile', {});
        this.#chosen = {
            name: cleanName(String(name)),
            colour: /^#[0-9a-f]{6}$/.test(colour) ? colour : randomColour(),
        };
        parts.form.addEventListener('submit', (event) => {
            event.preventDefault();
            this.#submit(done);
        });
        // 30 bytes are the most: what is too much goes before the eyes of the person, not later. Spaces may still be followed by a letter.
        parts.name.addEventListener('change', () => {
            if (!this.#isUser) parts.name.value = cleanName(parts.name.value);
        });
        parts.cancel.addEventListener('click', () => done(false));
        parts.form.addEventListener('keydown', (event) => {
            if (event.key === 'Escape' && !parts.cancel.hidden) done(false);
        });
    }

    /** Empty: never chosen; the user's name counts, if there is one. */
    get name() {
        return this.#isUser ? '' : this.#chosen.name;
    }

    get colour() {
        return this.#chosen.colour;
    }

    /** Whether one may enter without being asked. */
    get isKnown() {
        return this.#isUser || this.#chosen.name !== '';
    }

    /** The name comes from the gateway (`user`), or is the guest's own choice (empty). */
    setUser(user) {
        const wasUser = this.#isUser;
        this.#isUser = user !== '';
        this.#parts.name.readOnly = this.#isUser;
        // What a guest has begun to type stays when the connection comes back.
        if (this.#isUser || wasUser) this.#parts.name.value = user || this.#chosen.name;
        this.#parts.hint.textContent = this.#isUser ? userHint : guestHint;
    }

    /** Fills the form; it can be left if one is in the room already. */
    edit(isIn, name = this.#chosen.name) {
        this.#parts.name.value = this.#isUser ? this.#parts.name.value : name;
        this.#parts.colour.value = this.#chosen.colour;
        this.#parts.submit.textContent = isIn ? 'Save' : 'Join';
        this.#parts.cancel.hidden = !isIn;
        (this.#isUser ? this.#parts.colour : this.#parts.name).focus();
    }

    #submit(done) {
        const { name, colour } = this.#parts;
        if (!this.#isUser) {
            const clean = cleanName(name.value);
            if (!clean) {
                name.focus();
                return;
            }
            this.#chosen.name = clean;
        }
        this.#chosen.colour = colour.value;
        remember('chat.profile', this.#chosen);
        done(true);
    }
}
