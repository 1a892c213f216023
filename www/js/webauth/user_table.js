// The users as a table that can be sorted. In: users, as listusers gives them. Out: rows; change(user), setPassword(user) and
// remove(user) when their buttons are pressed.

import { button, element } from '../element.js';

const columns = [
    ['user', 'Name'],
    ['group', 'Group'],
    ['status', 'Status'],
    ['home', 'Home'],
];

const statusWords = new Map([
    ['activated', 'active'],
    ['approving', 'waiting for approval'],
    ['repudiated', 'shut out'],
    ['reapproving', 'needs a new password'],
]);

export class UserTable {
    #parts;
    #on;
    #users = [];
    #sort = { by: 'user', descending: false };
    #me = '';

    /** parts: { table, count, more, filter }. */
    constructor(parts, on) {
        this.#parts = parts;
        this.#on = on;
        parts.filter.addEventListener('input', () => this.#drawRows());
    }

    /** more: there are users that are not listed yet. */
    show(users, { me, more }) {
        this.#users = users;
        this.#me = me;
        this.#parts.count.textContent = more ? `${users.length}+` : String(users.length);
        this.#parts.more.hidden = !more;
        this.#drawHead();
        this.#drawRows();
    }

    clearFilter() {
        this.#parts.filter.value = '';
        this.#drawRows();
    }

    /** Moves the focus to a user's row, or to the heading when that user is gone. */
    focus(user) {
        const row = this.#parts.table.querySelector(`tr[data-user="${CSS.escape(user)}"]`);
        (row?.querySelector('button') ?? this.#parts.table.querySelector('th button'))?.focus();
    }

    // Roles are told, as the cards of a phone are no table to the browser.
    #drawHead() {
        const line = element('tr');
        line.setAttribute('role', 'row');
        for (const [key, words] of columns) {
            const cell = element('th');
            cell.scope = 'col';
            cell.setAttribute('role', 'columnheader');
            const isSorted = this.#sort.by === key;
            cell.setAttribute(
                'aria-sort',
                isSorted ? (this.#sort.descending ? 'descending' : 'ascending') : 'none',
            );
            const sort = button('heading', words, () => {
                this.#sort = { by: key, descending: isSorted && !this.#sort.descending };
                this.#drawHead();
                this.#drawRows();
                this.#parts.table
                    .querySelectorAll('th button')
                    [columns.findIndex(([one]) => one === key)].focus();
            });
            if (isSorted) {
                const sign = element('span', 'heading-sort', this.#sort.descending ? '↓' : '↑');
                sign.setAttribute('aria-hidden', 'true');
                sort.append(sign);
            }
            cell.append(sort);
            line.append(cell);
        }
        const actions = element('th');
        actions.scope = 'col';
        actions.setAttribute('role', 'columnheader');
        actions.append(element('span', 'visually-hidden', 'Actions'));
        line.append(actions);
        this.#parts.table.tHead?.remove();
        const head = element('thead');
        head.setAttribute('role', 'rowgroup');
        head.append(line);
        this.#parts.table.prepend(head);
    }

    #drawRows() {
        const { by, descending } = this.#sort;
        const wanted = this.#parts.filter.value.trim().toLowerCase();
        const shown = this.#users
            .filter(({ user, group }) => `${user}\n${group}`.toLowerCase().includes(wanted))
            .sort((a, b) => (a[by] ?? '').localeCompare(b[by] ?? '') || a.user.localeCompare(b.user));
        if (descending) shown.reverse();
        const body = element('tbody');
        body.setAttribute('role', 'rowgroup');
        body.append(...shown.map((user) => this.#row(user)));
        if (shown.length === 0) {
            const line = element('tr');
            const cell = element('td', 'nobody', 'Nobody is called so.');
            cell.colSpan = columns.length + 1;
            line.append(cell);
            body.append(line);
        }
        this.#parts.table.tBodies[0]?.remove();
        this.#parts.table.append(body);
    }

    #row(user) {
        const line = element('tr');
        line.dataset.user = user.user;
        const name = element('th', 'user-name', user.user);
        name.scope = 'row';
        if (user.user === this.#me) name.append(' ', element('span', 'hint', 'you'));
        const status = element('td');
        const pill = element('span', 'pill', statusWords.get(user.status) ?? user.status);
        pill.dataset.state = { activated: 'up', repudiated: 'bad' }[user.status] ?? 'busy';
        status.append(pill);
        const actions = element('td', 'actions');
        for (const [words, act, kind] of [
            ['Change', this.#on.change, 'quiet'],
            ['Password', this.#on.setPassword, 'quiet'],
            ['Remove', this.#on.remove, 'quiet danger'],
        ]) {
            const node = button(kind, words, () => act(user));
            node.append(element('span', 'visually-hidden', ` of ${user.user}`));
            if (words === 'Remove')
                node.replaceChildren('Remove', element('span', 'visually-hidden', ` ${user.user}`));
            actions.append(node);
        }
        line.append(
            name,
            element('td', '', user.group ?? ''),
            status,
            element('td', 'home', user.home ?? ''),
            actions,
        );
        line.setAttribute('role', 'row');
        for (const [index, cell] of [...line.cells].entries()) {
            cell.dataset.label = columns[index]?.[1] ?? '';
            cell.setAttribute('role', index === 0 ? 'rowheader' : 'cell');
        }
        return line;
    }
}
