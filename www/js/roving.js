// One Tab stop for a list of buttons. In: the list, how to find its items. Out: arrow keys, Home and End move the focus in it;
// Tab leaves it. The items may come and go: the one that had the stop keeps it as long as it is there.

export class Roving {
    #list;
    #selector;
    #current = null;

    /** list: an element that stays; selector: of its items, in the order of the arrows. */
    constructor(list, selector) {
        this.#list = list;
        this.#selector = selector;
        list.addEventListener('keydown', (event) => this.#onKey(event));
        list.addEventListener('focusin', ({ target }) => {
            const item = target.closest(selector);
            if (item) this.#setCurrent(item);
        });
        this.update();
    }

    /** After a change of the items: exactly one of them is reached by Tab. */
    update() {
        const items = this.#items();
        if (!items.includes(this.#current)) this.#current = items[0] ?? null;
        for (const item of items) item.tabIndex = item === this.#current ? 0 : -1;
    }

    #items() {
        return [...this.#list.querySelectorAll(this.#selector)];
    }

    #setCurrent(item) {
        this.#current = item;
        this.update();
    }

    #onKey(event) {
        if (event.altKey || event.ctrlKey || event.metaKey) return;
        const items = this.#items();
        const at = items.indexOf(event.target.closest(this.#selector));
        if (at < 0) return;
        const to = {
            ArrowDown: at + 1,
            ArrowUp: at - 1,
            Home: 0,
            End: items.length - 1,
        }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        items[Math.min(Math.max(to, 0), items.length - 1)].focus();
    }
}
