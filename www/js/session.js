// Who is signed in. In: the gate's address. Out: a state and a name, the way to the sign-in page, the end of the session.

/** Where the gate answers (auth_ep of its configuration). */
const gate = '/auth';
const patience = 15000; // for an answer, in milliseconds

/**
 * { state, user, group, expires, signin }. state: "in"; "out"; "open": this server has no gate; "unknown": it could not be
 * asked. expires: seconds since 1970. signin: path of the sign-in page, empty if there is none.
 */
export async function whoAmI() {
    try {
        const answer = await fetch(`${gate}/session`, {
            headers: { Accept: 'application/json' },
            cache: 'no-store',
            signal: AbortSignal.timeout(patience),
        });
        const text = await answer.text(); // read in any case: what is left unread is a request that failed
        if (answer.status === 404) return { state: 'open' };
        if (!answer.ok) return { state: 'unknown' };
        const { signed_in: signedIn, signin = '', user = '', group = '', expires = 0 } = JSON.parse(text);
        return { state: signedIn ? 'in' : 'out', user, group, expires, signin };
    } catch {
        return { state: 'unknown' };
    }
}

/** Whether this browser has signed in by the gate's form: asks nobody, and sees no session that needs no cookie. */
export const hasCookie = () => /(?:^|;\s*)X-Remote-User=./.test(document.cookie);

/** What `path` answers to a script: a status, 0 if nothing. Browsers tell scripts nothing of a WebSocket's refusal. */
async function statusOf(path) {
    try {
        const answer = await fetch(path, {
            headers: { Accept: 'application/json' },
            cache: 'no-store',
            signal: AbortSignal.timeout(patience),
        });
        await answer.text();
        return answer.status;
    } catch {
        return 0;
    }
}

/** Whether those who are signed in are refused there: they may not use it, and another attempt makes no difference. */
export const isForbidden = async (path) => (await statusOf(path)) === 403;

/**
 * A function for ReconnectingSocket: whether trying again makes sense after a connection ended with `code`, or a handshake failed
 * (1006). A promise of false, if the gate wants a sign-in for `path` and nobody is signed in, and of a sentence, if whoever is
 * signed in may not use it: browsers do not tell a refusal of the gate from a server that is down. forUsers: what is there is
 * for nobody else, so that the end of the session is the end.
 */
export function admission(path, { forUsers }) {
    let guestsAreWelcome = false;
    let userIsWelcome = false;
    return async (code) => {
        if (code === 1008 && !forUsers) return true; // who was a user may come back as a guest
        if (guestsAreWelcome) return true;
        const { state } = await whoAmI();
        if (state === 'in') {
            if (userIsWelcome && code !== 1008) return true;
            userIsWelcome = !(await isForbidden(path));
            return userIsWelcome || 'You are signed in, but not permitted to use this.';
        }
        if (state !== 'out') return true;
        if (code === 1008) return false;
        const status = await statusOf(path);
        if (status === 0) return true; // the gateway itself is away
        guestsAreWelcome = status !== 401 && status !== 403;
        return guestsAreWelcome;
    };
}

/** The sign-in page, and from there back to here. */
export function signInAddress(page = '/signin.html') {
    const back = location.pathname + location.search + location.hash;
    return `${page}?redirect_uri=${encodeURIComponent(back)}`;
}

/** Ends the session; its websockets are closed by the gate, in all windows. Whether that was done. */
export async function signOut() {
    try {
        const answer = await fetch(`${gate}/signout`, { method: 'POST' });
        await answer.text(); // complete before the page goes
        return answer.ok;
    } catch {
        return false;
    }
}

/** A subprotocol that lets one websocket in, for where cookies do not go. Throws when nobody is signed in. */
export async function fetchTicket() {
    const answer = await fetch(`${gate}/ticket`, {
        method: 'POST',
        headers: { Accept: 'application/json' },
    });
    if (!answer.ok) throw new Error(`no ticket: ${answer.status}`);
    return (await answer.json()).protocol;
}
