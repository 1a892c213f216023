// The rows of one statement, page by page. In: a JsonRpc client, a statement. Out: pages; those that were shown once are kept, so
// that going back asks nobody. A statement that may have changed something is never run a second time behind the person's back.

import { RpcError } from '../jsonrpc.js';
import { wholeText } from './values.js';

/** The server has given the further rows up, or the connection that they belonged to has ended. */
export class RowsGone extends Error {
    constructor() {
        super('The server has given the further rows up. Run the statement again to see them.');
        this.name = 'RowsGone';
    }
}

/** Characters of all that is kept for looking at, about. */
const mostKept = 64 * 2 ** 20;

const sizeOf = (rows) => rows.flat().reduce((sum, value) => sum + wholeText(value).length, 0);

export class Result {
    #rpc;
    // { rows, count }: as many as were asked for or fewer, as the server limits their bytes, too. rows is null if they are not kept.
    #pages = [];
    #kept = 0; // characters
    #cursor = null; // of the connection that the rows came by
    #more = false;
    page = 0;
    sort = 0;

    /** about: { sql, db, limit }; answer: of the method query. */
    constructor(rpc, about, answer, sort = 0) {
        this.#rpc = rpc;
        Object.assign(this, about);
        this.columns = answer.columns;
        this.types = answer.types ?? [];
        this.changes = answer.changes;
        this.lastId = answer.lastid;
        this.milliseconds = answer.milliseconds;
        this.sort = sort;
        this.#take(answer);
    }

    /** Runs a statement for the first time. sort: a column's number from 1, negative: descending, 0: as the statement has it. */
    static async run(rpc, about, sort = 0) {
        const params = { query: about.sql, limit: about.limit };
        if (about.db) params.db = about.db;
        if (sort !== 0) params.sort = sort;
        return new Result(rpc, about, await rpc.call('query', params), sort);
    }

    /** Whether there is anything to show in a grid. */
    get hasRows() {
        return this.columns.length > 0;
    }

    get rows() {
        return this.#pages[this.page].rows;
    }

    /** Number of the first shown row, from 1. */
    get first() {
        return this.#countBefore(this.page) + 1;
    }

    get hasNext() {
        return this.page + 1 < this.#pages.length || this.#more;
    }

    get hasPrevious() {
        return this.page > 0;
    }

    /** How many rows there are, as far as is known; `isAll`: there are no more. */
    get known() {
        return { count: this.#countBefore(this.#pages.length), isAll: !this.#more };
    }

    #countBefore(page) {
        return this.#pages.slice(0, page).reduce((sum, { count }) => sum + count, 0);
    }

    previous() {
        if (this.hasPrevious) this.page -= 1;
    }

    /** Throws RowsGone. */
    async next() {
        if (!this.hasNext) return;
        if (this.page + 1 === this.#pages.length) await this.#fetch();
        if (!this.#pages[this.page + 1].rows) throw new RowsGone();
        this.page += 1;
    }

    /** The same rows in another order: a new result. The server refuses that for statements that change something. */
    sorted(column, descending) {
        const { sql, db, limit } = this;
        return Result.run(this.#rpc, { sql, db, limit }, (descending ? -1 : 1) * (column + 1));
    }

    /**
     * All rows from the first on, in pieces, for a file: those that are kept, then what is still to be fetched; of that so much is
     * kept that reading on is possible. Throws RowsGone.
     */
    async *all() {
        if (this.#pages.some(({ rows }) => !rows)) throw new RowsGone();
        for (let at = 0; ; at += 1) {
            if (at >= this.#pages.length && !this.#more) return;
            yield at < this.#pages.length ? this.#pages[at].rows : await this.#fetch(mostKept);
        }
    }

    /** The rest is not wanted: the server need not keep it. */
    close() {
        if (this.#cursor !== null) this.#rpc.notify('close', { cursor: this.#cursor });
        this.#cursor = null;
        this.#more = false;
    }

    /** The connection has ended: the number of the cursor may be another one's on the next. What is kept can be looked at still. */
    forgetCursor() {
        this.#cursor = null;
    }

    /** The next rows; they are kept if all that is kept then has at most so many characters. */
    async #fetch(most = Infinity) {
        if (this.#cursor === null) throw new RowsGone();
        let answer;
        try {
            answer = await this.#rpc.call('fetch', { cursor: this.#cursor, limit: this.limit });
        } catch (error) {
            if (!(error instanceof RpcError) || error.code !== 404) throw error;
            this.forgetCursor();
            throw new RowsGone();
        }
        this.milliseconds = answer.milliseconds;
        this.#take(answer, most);
        return answer.rows;
    }

    #take({ rows, more, cursor }, most = Infinity) {
        const kept = this.#kept + sizeOf(rows);
        const isKept = kept <= most;
        if (isKept) this.#kept = kept;
        this.#pages.push({ rows: isKept ? rows : null, count: rows.length });
        this.#more = Boolean(more);
        this.#cursor = more ? cursor : null;
    }
}
