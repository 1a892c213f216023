// The table browser: databases, their tables and views, and what these are made of. In: a JsonRpc client. Out: a list of buttons;
// choose(name) when a table is wanted.

import { button, element } from '../element.js';
import { updateList } from '../keyed_list.js';
import { Roving } from '../roving.js';

export class Tables {
    #rpc;
    #parts;
    #choose;
    #roving;
    #tables = [];
    #chosen = '';

    /**
     * parts: { databases, databaseField, list, empty, filter, schema }. choose(name): shows its rows, or says that it can not now;
     * tell(error): null when there is none any more.
     */
    constructor(rpc, parts, { choose, tell, databaseChanged }) {
        this.#rpc = rpc;
        this.#parts = parts;
        this.#choose = choose;
        this.tell = tell;
        this.#roving = new Roving(parts.list, 'button');
        parts.databases.addEventListener('change', () => {
            this.#chosen = '';
            databaseChanged();
            this.load();
        });
        parts.filter.addEventListener('input', () => this.#draw());
    }

    /** The chosen database; empty: the server's default. */
    get database() {
        return this.#parts.databases.value;
    }

    #params(more = {}) {
        return this.database ? { db: this.database, ...more } : more;
    }

    /** What there is: { databases, write, rows, timeout }. */
    async loadDatabases() {
        const about = await this.#rpc.call('databases');
        const before = this.database;
        this.#parts.databases.replaceChildren(
            ...about.databases.map(({ name, default: isDefault }) => {
                const option = element('option', '', name);
                option.value = name;
                option.selected = before ? name === before : isDefault;
                return option;
            }),
        );
        this.#parts.databaseField.hidden = about.databases.length < 2;
        await this.load();
        return about;
    }

    /** The tables, again after statements that may have changed them. */
    async load() {
        try {
            const { tables } = await this.#rpc.call('tables', this.#params());
            this.#tables = tables;
            this.tell(null);
        } catch (error) {
            this.#tables = [];
            this.tell(error);
        }
        if (!this.#tables.some(({ name }) => name === this.#chosen)) this.#setChosen('');
        else this.#showSchema(this.#chosen);
        this.#draw();
    }

    #draw() {
        const { list, empty, filter } = this.#parts;
        const wanted = filter.value.trim().toLowerCase();
        const shown = this.#tables.filter(({ name }) => name.toLowerCase().includes(wanted));
        filter.parentElement.hidden = this.#tables.length < 8;
        const choose = (name) => {
            if (!this.#choose(name)) return;
            this.#setChosen(name);
            this.#draw();
        };
        // Tables are read again behind a statement, when a person may be pressing one already.
        updateList(
            list,
            shown.map(({ name, type }) => ({
                key: name,
                shows: `${type} ${name === this.#chosen}`,
                draw: (node) => {
                    node.replaceChildren(element('span', 'entry-name', name));
                    if (type !== 'table') node.append(element('span', 'hint', type));
                    if (name === this.#chosen) node.setAttribute('aria-current', 'true');
                    else node.removeAttribute('aria-current');
                },
            })),
            ({ key }) => button('entry-button', '', () => choose(key)),
            () => filter,
        );
        empty.hidden = shown.length > 0;
        empty.textContent = wanted ? 'No table is called so.' : 'There are no tables yet.';
        this.#roving.update();
    }

    #setChosen(name) {
        this.#chosen = name;
        if (name) this.#showSchema(name);
        else this.#parts.schema.hidden = true;
    }

    async #showSchema(name) {
        const { schema } = this.#parts;
        let about;
        try {
            about = await this.#rpc.call('schema', this.#params({ table: name }));
        } catch (error) {
            if (name !== this.#chosen) return;
            schema.hidden = true;
            if (error.code === 404) {
                // Somebody else has dropped it.
                this.#chosen = '';
                this.load();
            } else {
                this.tell(error);
            }
            return;
        }
        if (name !== this.#chosen) return;
        this.tell(null);
        const title = element('h3', '', name);
        const columns = element('dl', 'columns');
        for (const { name: column, type, notnull, primarykey, default: preset } of about.columns) {
            const facts = [type.toLowerCase() || 'any type'];
            if (primarykey) facts.push('primary key');
            if (notnull) facts.push('not null');
            if (preset !== null && preset !== undefined) facts.push(`default ${preset}`);
            const row = element('div');
            row.append(element('dt', '', column), element('dd', '', facts.join(', ')));
            columns.append(row);
        }
        schema.replaceChildren(title, columns);
        const more = [
            ...about.indexes.map(
                ({ name: index, unique, columns: of }) =>
                    `${unique ? 'unique index' : 'index'} ${index} on ${of.filter(Boolean).join(', ')}`,
            ),
            ...about.foreignkeys.map(
                ({ columns: from, table, references }) =>
                    `${from.join(', ')} refers to ${table} (${(references ?? []).filter(Boolean).join(', ')})`,
            ),
        ];
        for (const sentence of more) schema.append(element('p', 'hint', sentence));
        schema.hidden = false;
    }
}
