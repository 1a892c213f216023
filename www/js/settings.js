// What a page remembers: in this browser, or in this window only. In: a name, a value that JSON can hold. Out: the value again. A
// browser that refuses storage, or storage that holds nonsense, only forgets.

const prefix = 'marmoset.';

// Functions, as merely naming a storage that is forbidden throws.
const browser = () => localStorage;
const tab = () => sessionStorage;

function read(storage, name, fallback) {
    try {
        return JSON.parse(storage().getItem(prefix + name)) ?? fallback;
    } catch {
        return fallback;
    }
}

function write(storage, name, value) {
    try {
        storage().setItem(prefix + name, JSON.stringify(value));
    } catch {
        // Full, or forbidden.
    }
}

export const recall = (name, fallback) => read(browser, name, fallback);
export const remember = (name, value) => write(browser, name, value);

/** heard(): another window of this browser remembers something else under this name. */
export function onRemembered(name, heard) {
    window.addEventListener('storage', ({ key }) => {
        if (key === null || key === prefix + name) heard();
    });
}

/** What a person has begun to write: it outlives the way to the sign-in page and back, not the window. */
export const recallDraft = (name, fallback) => read(tab, name, fallback);
export const rememberDraft = (name, value) => write(tab, name, value);

/** Whoever signs out leaves nothing half written behind. */
export function forgetDrafts() {
    try {
        for (const key of Object.keys(tab())) if (key.startsWith(prefix)) tab().removeItem(key);
    } catch {
        // Forbidden: there are none.
    }
}
