// A list whose items stay the same elements while others come and go, so that a press of the mouse and the focus stay where they are.
// In: a list, what is to stand in it. Out: its items.

const shownOf = new WeakMap(); // item: what it shows, as one value

/**
 * entries: [{ key, shows, draw(control) }], in their order. Each item holds one control with `data-key`, made by make(entry) and drawn by
 * draw(control), again whenever `shows` is another text. When the control with the focus goes, its neighbour gets it, else
 * whatever instead() gives.
 */
export function updateList(list, entries, make, instead) {
    const old = new Map([...list.children].map((item) => [item.firstElementChild.dataset.key, item]));
    const focused = list.contains(document.activeElement) ? document.activeElement : null;
    const place = [...list.children].findIndex((item) => item.contains(focused));
    const keys = new Set(entries.map(({ key }) => key));
    for (const [key, item] of old) if (!keys.has(key)) item.remove();
    let at = list.firstElementChild;
    for (const entry of entries) {
        let item = old.get(entry.key);
        if (!item) {
            item = document.createElement('li');
            item.append(make(entry));
            item.firstElementChild.dataset.key = entry.key;
        }
        if (shownOf.get(item) !== entry.shows) entry.draw(item.firstElementChild);
        shownOf.set(item, entry.shows);
        // What stands in its place already is not touched: moving an element ends a press on it.
        if (item === at) at = at.nextElementSibling;
        else list.insertBefore(item, at);
    }
    if (!focused || list.contains(focused)) return;
    const controls = [...list.children].map((item) => item.firstElementChild);
    const canFocus = (node) => node?.matches('a, button');
    const next = controls.slice(place).find(canFocus) ?? controls.slice(0, place).reverse().find(canFocus);
    (next ?? instead()).focus();
}
