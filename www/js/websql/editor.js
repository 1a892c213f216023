// The statement and what is wrong with it. In: keys, the server's error with its place. Out: the text to run; the error stands
// beside the statement, with the line and a mark under the place, and the cursor can go there.

import { button, element } from '../element.js';
import { recallDraft, rememberDraft } from '../settings.js';

export class Editor {
    #area;
    #problem;
    #older = -1; // place in the history that is shown; -1: what was typed
    #draft = '';

    /** area: a textarea; problem: where errors go; history: a History; run(): Ctrl+Enter. */
    constructor(area, problem, history, run) {
        this.#area = area;
        this.#problem = problem;
        area.addEventListener('keydown', (event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
                event.preventDefault();
                run();
            } else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
                event.preventDefault();
                this.#walk(history.entries, event.key === 'ArrowUp' ? 1 : -1);
            }
        });
        area.addEventListener('input', () => {
            this.#older = -1;
            this.#keep();
        });
        // What stood here before the way to the sign-in page and back, unless the browser has kept it or the person was faster.
        const kept = recallDraft('sql.draft', '');
        if (area.value === '' && typeof kept === 'string') area.value = kept;
    }

    #keep() {
        rememberDraft('sql.draft', this.#area.value);
    }

    get text() {
        return this.#area.value;
    }

    /** Replaces the text so that the browser's undo brings the old one back. */
    set text(sql) {
        this.#area.focus();
        this.#area.select();
        if (!document.execCommand('insertText', false, sql)) this.#area.value = sql;
        this.#area.setSelectionRange(sql.length, sql.length);
        this.#keep();
    }

    /** Replaces the text and leaves the focus where it is; what stood here is the caller's to keep. */
    replace(sql) {
        this.#area.value = sql;
        this.#older = -1;
        this.#keep();
    }

    /** What is run: the selected part, else everything. { text, start } */
    get chosen() {
        const { selectionStart, selectionEnd, value } = this.#area;
        const part = value.slice(selectionStart, selectionEnd);
        return part.trim() ? { text: part, start: selectionStart } : { text: value, start: 0 };
    }

    /** Steps through the history, as shells do. */
    #walk(entries, by) {
        const to = this.#older + by;
        if (to < -1 || to >= entries.length) return;
        if (this.#older === -1) this.#draft = this.text;
        this.text = to === -1 ? this.#draft : entries[to].sql;
        this.#older = to;
    }

    clearProblem() {
        this.#problem.replaceChildren();
        this.#problem.hidden = true;
        this.#area.removeAttribute('aria-invalid');
    }

    /** error: of the server; sql: what was sent; start: where that begins in the editor. */
    showProblem(error, sql, start) {
        this.#problem.replaceChildren(element('p', 'problem-words', error.message));
        const place = this.#place(error.data, sql);
        if (place) {
            const line = sql.split('\n')[place.line - 1] ?? '';
            const lead = Math.max(0, place.column - 41);
            const shown = `${lead > 0 ? '…' : ''}${line.slice(lead, lead + 80)}`;
            const mark = `${' '.repeat(Math.max(0, place.column - 1 - lead + (lead > 0 ? 1 : 0)))}^`;
            this.#problem.append(element('pre', '', `${shown.replaceAll('\t', ' ')}\n${mark}`));
            const at = start + place.at;
            const before = this.#area.value.slice(0, at).split('\n');
            this.#problem.append(
                button('quiet', `Go to line ${before.length}, column ${before.at(-1).length + 1}`, () => {
                    this.#area.focus();
                    this.#area.setSelectionRange(at, at);
                }),
            );
        }
        this.#problem.hidden = false;
        this.#area.setAttribute('aria-invalid', 'true');
    }

    /** { line, column, at }: from 1, from 1, characters of JavaScript from 0; null where the server knows no place. */
    #place(data, sql) {
        if (!Number.isInteger(data?.line) || !Number.isInteger(data?.column)) return null;
        const lines = sql.split('\n').slice(0, data.line - 1);
        const line = sql.split('\n')[data.line - 1] ?? '';
        // Columns count characters, JavaScript's strings UTF-16 units.
        const units = [...line].slice(0, data.column - 1).join('').length;
        const at = lines.reduce((sum, one) => sum + one.length + 1, 0) + units;
        return { line: data.line, column: data.column, at };
    }
}
