// Who is signed in, in the bar of a page. In: an empty element, the gate. Out: the name and a button that signs out, or the way to
// the sign-in page; nothing where there is no gate.

import { button, element } from './element.js';
import { signInAddress, signOut, whoAmI } from './session.js';
import { forgetDrafts } from './settings.js';

/** place: who was there when the page was loaded; what has been shown since may be theirs. */
const first = new WeakMap();

const isOther = (one, other) => one.state !== other.state || one.user !== other.user;

/**
 * A page that the browser brings back as it was (back/forward cache) may show what is for somebody who has signed out since: asks who
 * is here now, and loads the page anew for anybody else. Where nobody could be asked the page stays.
 */
function watchReturn(place) {
    window.addEventListener('pageshow', async (event) => {
        if (!event.persisted) return;
        const who = await whoAmI();
        if (who.state !== 'unknown' && isOther(who, first.get(place))) location.reload();
    });
}

/** Draws, and gives what it found out (see whoAmI()). */
export async function showSession(place) {
    const who = await whoAmI();
    if (!first.has(place) && who.state !== 'unknown') {
        first.set(place, who);
        watchReturn(place);
    }
    place.replaceChildren();
    if (who.state === 'in') {
        const name = element('span', 'session-name', who.user);
        name.prepend(element('span', 'visually-hidden', 'Signed in as '));
        place.append(
            name,
            button('quiet', 'Sign out', async () => {
                if (!(await signOut())) {
                    showSession(place);
                    return;
                }
                forgetDrafts();
                location.assign('index.html');
            }),
        );
    } else if (who.state === 'out' && who.signin) {
        const link = element('a', 'button quiet', 'Sign in');
        link.href = signInAddress(who.signin);
        place.append(link);
    }
    return who;
}
