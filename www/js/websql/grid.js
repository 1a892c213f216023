// The grid of a result (WAI-ARIA «grid»): one Tab stop, arrow keys walk the cells. In: a result. Out: a table; sort(column) when a
// heading is chosen, open(value, name) when a cell is.

import { button, element } from '../element.js';
import { cellText, kindOf } from './values.js';

export class Grid {
    #table;
    #on;
    #at = { row: 0, column: 0 }; // row 0: the headings
    #result = null;

    /** table: empty, stays. on: { sort(column, descending), open(value, column, row), page(by) }. */
    constructor(table, on) {
        this.#table = table;
        this.#on = on;
        table.setAttribute('role', 'grid');
        table.addEventListener('keydown', (event) => this.#onKey(event));
        table.addEventListener('focusin', ({ target }) => this.#onFocus(target));
        table.addEventListener('dblclick', ({ target }) => this.#openCell(target.closest('td')));
    }

    /** Draws the result's page. The place of the focus stays, if there is such a cell. */
    show(result) {
        const hadFocus = this.#table.contains(document.activeElement);
        this.#result = result;
        const { columns, rows, known } = result;
        this.#table.setAttribute('aria-rowcount', known.isAll ? String(known.count + 1) : '-1');
        this.#table.setAttribute('aria-colcount', String(columns.length));
        const head = element('thead');
        const line = element('tr');
        line.setAttribute('aria-rowindex', '1');
        line.append(...columns.map((name, index) => this.#heading(name, index)));
        head.append(line);
        const body = element('tbody');
        body.append(...rows.map((row, index) => this.#row(row, result.first + index)));
        this.#table.querySelectorAll('thead, tbody').forEach((part) => part.remove());
        this.#table.append(head, body);
        this.#moveTo(this.#at.row, this.#at.column, hadFocus);
    }

    #heading(name, index) {
        const { sort, types, rows } = this.#result;
        const cell = element('th');
        cell.scope = 'col';
        cell.setAttribute('aria-colindex', String(index + 1));
        const isSorted = Math.abs(sort) === index + 1;
        const direction = sort > 0 ? 'ascending' : 'descending';
        cell.setAttribute('aria-sort', isSorted ? direction : 'none');
        const node = button('heading', '', () => this.#on.sort(index, isSorted && sort > 0));
        const kinds = new Set(rows.map((row) => kindOf(row[index])));
        kinds.delete('null');
        const known = types[index] || [...kinds][0];
        // Over numbers, which stand on the right.
        const areNumbers =
            kinds.size > 0 && [...kinds].every((kind) => kind === 'integer' || kind === 'real');
        node.classList.toggle('number', areNumbers);
        node.append(
            element('span', 'heading-name', name),
            element('span', 'heading-type', (known ?? '').toLowerCase()),
        );
        if (isSorted) {
            const sign = element('span', 'heading-sort', sort > 0 ? '↑' : '↓');
            sign.setAttribute('aria-hidden', 'true');
            node.append(sign);
        }
        cell.append(node);
        return cell;
    }

    #row(row, number) {
        const line = element('tr');
        line.setAttribute('aria-rowindex', String(number + 1));
        row.forEach((value, index) => {
            const kind = kindOf(value);
            const cell = element('td', kind, cellText(value));
            cell.setAttribute('aria-colindex', String(index + 1));
            line.append(cell);
        });
        return line;
    }

    /** The element that takes the focus: of a heading its button. */
    #target(row, column) {
        const cell = this.#table.rows[row]?.cells[column];
        return row === 0 ? cell?.firstElementChild : cell;
    }

    #moveTo(row, column, focus) {
        const rows = this.#table.rows.length;
        const columns = this.#table.rows[0]?.cells.length ?? 0;
        if (rows === 0 || columns === 0) return;
        for (const old of this.#table.querySelectorAll('[tabindex="0"]')) old.tabIndex = -1;
        for (const node of this.#table.querySelectorAll('.heading')) node.tabIndex = -1;
        this.#at = {
            row: Math.min(Math.max(row, 0), rows - 1),
            column: Math.min(Math.max(column, 0), columns - 1),
        };
        const target = this.#target(this.#at.row, this.#at.column);
        target.tabIndex = 0;
        if (!focus) return;
        target.focus();
        target.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }

    #onFocus(target) {
        const cell = target.closest('th, td');
        if (!cell) return;
        const { row, column } = { row: cell.parentElement.rowIndex, column: cell.cellIndex };
        if (row !== this.#at.row || column !== this.#at.column) this.#moveTo(row, column, false);
    }

    #onKey(event) {
        if (event.altKey || event.metaKey) return;
        const { row, column } = this.#at;
        const lastRow = this.#table.rows.length - 1;
        const lastColumn = (this.#table.rows[0]?.cells.length ?? 1) - 1;
        const go = {
            ArrowDown: [row + 1, column],
            ArrowUp: [row - 1, column],
            ArrowRight: [row, column + 1],
            ArrowLeft: [row, column - 1],
            Home: [event.ctrlKey ? 0 : row, 0],
            End: [event.ctrlKey ? lastRow : row, lastColumn],
        }[event.key];
        if (go) {
            event.preventDefault();
            this.#moveTo(go[0], go[1], true);
        } else if (event.key === 'PageDown' || event.key === 'PageUp') {
            event.preventDefault();
            this.#on.page(event.key === 'PageDown' ? 1 : -1);
        } else if (event.key === 'Enter' && row > 0) {
            event.preventDefault();
            this.#openCell(this.#table.rows[row].cells[column]);
        }
    }

    #openCell(cell) {
        if (!cell) return;
        const row = this.#result.rows[cell.parentElement.rowIndex - 1];
        this.#on.open(row[cell.cellIndex], this.#result.columns[cell.cellIndex], cell);
    }
}
