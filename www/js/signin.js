// The sign-in page: sends the form, tells what was wrong, goes on to where the visitor came from. In: the form,
// ?redirect_uri=. Out: a session's cookie, which no script sees. Without scripts the form works by itself.

import { whoAmI } from './session.js';

const form = document.getElementById('signin');
const problem = document.getElementById('problem');
const password = document.getElementById('password');
const submit = document.getElementById('submit');
const target = localTarget(new URLSearchParams(location.search).get('redirect_uri'));
document.getElementById('redirect').value = target;

/** The path to go to: of this origin, or the start page. */
function localTarget(text) {
    if (!text?.startsWith('/')) return '/';
    const url = new URL(text, location.origin);
    // Two slashes in front, which «/.//host» comes to, would name another host.
    const path = url.pathname.replace(/^\/+/, '/');
    return url.origin === location.origin ? path + url.search + url.hash : '/';
}

function tell(sentence) {
    problem.textContent = sentence;
    problem.hidden = sentence === '';
}

function describe(answer) {
    if (answer.status === 401) return 'That name, password or code was not right.';
    if (answer.status === 429) {
        const seconds = Number(answer.headers.get('Retry-After')) || 1;
        const wait = seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} minutes`;
        return `Too many attempts have failed. Try again in ${wait}.`;
    }
    if (answer.status === 503) return 'The server is busy. Try again in a moment.';
    return `The server refused this sign-in (${answer.status}).`;
}

/** Whoever has to choose a new password first (group «reapproving») may do nothing else. */
async function needsPassword() {
    const { group } = await whoAmI();
    return group === 'reapproving';
}

let sending = false;
form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (sending) return;
    sending = true;
    submit.setAttribute('aria-disabled', 'true');
    history.replaceState(null, '', location.pathname + location.search); // takes #failed away
    tell('');
    try {
        const answer = await fetch(form.getAttribute('action'), {
            method: 'POST',
            headers: { Accept: 'application/json' },
            body: new URLSearchParams(new FormData(form)),
        });
        await answer.text(); // complete before the page goes
        if (answer.ok) {
            location.replace((await needsPassword()) ? '/webauth.html' : target);
            return;
        }
        tell(describe(answer));
        password.select();
    } catch {
        tell('The server can not be reached.');
    } finally {
        sending = false;
        submit.removeAttribute('aria-disabled');
    }
});
