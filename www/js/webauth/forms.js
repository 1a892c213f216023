// Forms that ask a server. In: a form, what to do with its fields. Out: one attempt at a time, what went wrong beside the form.

import { describe } from './calls.js';

/** Values of a form's fields by name. */
const fieldsOf = (form) => Object.fromEntries(new FormData(form));

/**
 * attempt(fields) is a promise; its error stands in the form's element «.error», and the first field gets the focus.
 * Two fields named `new` and `confirm` have to agree before anybody is asked.
 */
export function onSubmit(form, attempt) {
    const problem = form.querySelector('.error');
    const submit = form.querySelector('[type="submit"]');
    let busy = false;
    const tell = (sentence) => {
        problem.textContent = sentence;
        problem.hidden = sentence === '';
    };
    form.addEventListener('submit', async (event) => {
        event.preventDefault();
        if (busy) return;
        const fields = fieldsOf(form);
        if ('confirm' in fields && fields.new !== fields.confirm) {
            tell('The two new passwords differ.');
            form.elements.confirm.select();
            return;
        }
        busy = true;
        submit.setAttribute('aria-disabled', 'true');
        tell('');
        try {
            await attempt(fields);
        } catch (error) {
            tell(describe(error));
            form.querySelector('input:not([type="hidden"]):not([readonly]), select')?.focus();
        } finally {
            busy = false;
            submit.removeAttribute('aria-disabled');
        }
    });
    form.addEventListener('reset', () => tell(''));
}

/** A password that nobody guesses: 20 letters and digits that are not mistaken for each other, 115 bits. */
export function randomPassword() {
    const letters = 'abcdefghijkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXYZ234679';
    let password = '';
    // 208 is the largest multiple of 52 that a byte holds: others would make some letters likelier.
    while (password.length < 20) {
        const [byte] = crypto.getRandomValues(new Uint8Array(1));
        if (byte < 208) password += letters[byte % letters.length];
    }
    return password;
}
