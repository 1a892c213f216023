// The SQL page. In: statements. Out: rows in a grid, page by page, in any order, as a file; tables to look at.

import { copyText } from '../clipboard.js';
import { ConnectionBanner } from '../connection_banner.js';
import { showConnection } from '../connection_pill.js';
import { button, element } from '../element.js';
import { formatCount, formatDuration } from '../format.js';
import { ConnectionLost, JsonRpc, RpcError } from '../jsonrpc.js';
import { Roving } from '../roving.js';
import { admission } from '../session.js';
import { showSession } from '../session_view.js';
import { recall, remember } from '../settings.js';
import { socketUrl } from '../socket_url.js';
import { ReconnectingSocket } from '../websocket.js';
import { csvParts, download } from './csv.js';
import { Editor } from './editor.js';
import { Grid } from './grid.js';
import { History } from './history.js';
import { Result } from './result.js';
import { splitStatements } from './statements.js';
import { Tables } from './tables.js';
import { kindOf, quoted, wholeText } from './values.js';

const byId = (id) => document.getElementById(id);
const page = {
    state: byId('state'),
    run: byId('run'),
    area: byId('sql'),
    problem: byId('sql-problem'),
    summary: byId('summary'),
    resultCard: byId('result'),
    resultTools: byId('result-tools'),
    resultProblem: byId('result-problem'),
    scroll: byId('grid-scroll'),
    limit: byId('limit'),
    previous: byId('previous'),
    next: byId('next'),
    csv: byId('csv'),
    history: byId('history'),
    historyList: byId('history-list'),
    historyEmpty: byId('history-empty'),
    cell: byId('cell'),
    writable: byId('writable'),
};

const socket = new ReconnectingSocket(socketUrl('sqlrpc'), {
    admitted: admission('/sqlrpc', { forUsers: true }),
});
const rpc = new JsonRpc(socket);
const history = new History();
const editor = new Editor(page.area, page.problem, history, run);
const grid = new Grid(byId('grid'), { sort, open: openCell, page: turn });
const tables = new Tables(
    rpc,
    {
        databases: byId('databases'),
        databaseField: byId('database-field'),
        list: byId('tables'),
        empty: byId('tables-empty'),
        filter: byId('table-filter'),
        schema: byId('schema'),
    },
    {
        choose: (name) => {
            if (busy) return false;
            history.add(editor.text);
            editor.replace(`SELECT * FROM ${quoted(name)}`);
            run();
            return true;
        },
        tell: (error) => showTrouble(byId('tables-problem'), error),
        databaseChanged: () => showResult(null),
    },
);
const historyRoving = new Roving(page.historyList, 'button');
new ConnectionBanner(byId('banner'), socket, { returnTo: page.area });
showSession(byId('session'));

let result = null;
let busy = false;
let collecting = false; // a file is being made

// ---- telling

function describe(error) {
    if (error instanceof ConnectionLost && error.sent) {
        return 'The connection ended before the answer. Whether the statement was carried out is not known.';
    }
    if (error instanceof ConnectionLost) return 'Not connected: nothing was sent.';
    return error.message;
}

function showTrouble(target, error) {
    target.textContent = error ? describe(error) : '';
    target.hidden = !error;
}

function setBusy(isBusy) {
    busy = isBusy;
    showTools();
}

function showTools() {
    const isOpen = socket.state === 'open';
    page.run.setAttribute('aria-disabled', String(busy || !isOpen));
    page.previous.setAttribute('aria-disabled', String(busy || !result?.hasPrevious));
    page.next.setAttribute('aria-disabled', String(busy || !result?.hasNext));
    page.scroll.setAttribute('aria-busy', String(busy));
}

function showResult(shown, sentence = '') {
    if (result && result !== shown) result.close();
    result = shown;
    showTrouble(page.resultProblem, null);
    const hasRows = Boolean(result?.hasRows);
    page.resultTools.hidden = !hasRows;
    page.scroll.hidden = !hasRows;
    if (hasRows) grid.show(result);
    page.summary.textContent = sentence || (hasRows ? summary() : 'No rows to show yet.');
    showTools();
}

function summary() {
    const { count, isAll } = result.known;
    const time = formatDuration(result.milliseconds ?? 0);
    if (count === 0) return `No rows · ${time}`;
    const last = result.first + result.rows.length - 1;
    const all = isAll ? `of ${formatCount(count)}` : 'of more';
    return `Rows ${formatCount(result.first)}–${formatCount(last)} ${all} · ${time}`;
}

// ---- running

/** Does `work` unless something is being done; errors go beside the result. */
async function guarded(work) {
    if (busy) return;
    setBusy(true);
    showTrouble(page.resultProblem, null);
    try {
        await work();
    } catch (error) {
        showTrouble(page.resultProblem, error);
    } finally {
        setBusy(false);
    }
}

async function run() {
    if (busy) return;
    const chosen = editor.chosen;
    const statements = splitStatements(chosen.text);
    editor.clearProblem();
    if (statements.length === 0) {
        editor.showProblem(new Error('There is no statement to run.'), '', 0);
        return;
    }
    const last = statements.at(-1);
    // A transaction ends with its call: one that is ended here is one call, and nothing of it has rows to show.
    const isTransaction = /^(?:COMMIT|END|ROLLBACK|RELEASE)$/.test(last.word);
    let sent = { text: '', start: 0 };
    let done = 0; // statements
    setBusy(true);
    page.summary.textContent = 'Running…';
    try {
        history.add(chosen.text);
        if (isTransaction) {
            sent = chosen;
            const { changes } = await execute(sent.text);
            showResult(null, `${statements.length} statements done: ${rowsOf(changes)} changed`);
            return;
        }
        if (statements.length > 1) {
            // All but the last one at once: only of the last one the rows are shown.
            sent = { text: chosen.text.slice(0, last.start), start: chosen.start };
            await execute(sent.text);
            done = statements.length - 1;
        }
        sent = { text: last.text, start: chosen.start + last.start };
        const limit = Number(page.limit.value);
        const answer = await Result.run(rpc, { sql: last.text, db: tables.database, limit });
        showResult(answer, answer.hasRows ? '' : changed(answer, statements.length));
    } catch (error) {
        showResult(null, failed(statements, done, error));
        const shown =
            error instanceof RpcError ? error : Object.assign(new Error(describe(error)), { data: null });
        editor.showProblem(shown, sent.text, sent.start);
    } finally {
        setBusy(false);
        const onlyRead = statements.every(({ word }) => /^(?:SELECT|EXPLAIN|VALUES)$/.test(word));
        if (!onlyRead && socket.state === 'open') tables.load();
    }
}

/** Several statements whose rows nobody wants; a refusal of ouistiti's kind is an error like the others. */
async function execute(query) {
    const params = tables.database ? { query, db: tables.database } : { query };
    const answer = await rpc.call('exec', params);
    if (typeof answer?.code === 'number' && typeof answer.message === 'string') {
        throw new RpcError({ code: answer.code, message: answer.message, data: answer });
    }
    return answer;
}

/** What became of statements of which the first `done` were carried out before something went wrong. */
function failed(statements, done, error) {
    if (done > 0) {
        const first = done === 1 ? 'The first statement was' : `The first ${done} statements were`;
        const last = error instanceof RpcError ? 'the last one failed' : 'of the last one there is no answer';
        return `${first} done; ${last}.`;
    }
    if (statements.length === 1) return 'The statement failed.';
    const ends = statements.some(({ word }) => /^(?:BEGIN|SAVEPOINT)$/.test(word));
    return ends || !(error instanceof RpcError)
        ? 'One of the statements failed.'
        : 'One of the statements failed; those before it were done.';
}

/** A number of rows in words; sqlrpc gives none where statements among others had rows to tell. */
const rowsOf = (count) => (count === 1 ? '1 row' : `${formatCount(count ?? 0)} rows`);

function changed({ changes, milliseconds }, statements) {
    const rows = rowsOf(changes);
    const done =
        statements > 1
            ? `${statements} statements done; the last one changed ${rows}`
            : `Done: ${rows} changed`;
    return `${done} · ${formatDuration(milliseconds ?? 0)}`;
}

function sort(column, descending) {
    return guarded(async () => showResult(await result.sorted(column, descending)));
}

function turn(by) {
    if (!result || (by > 0 ? !result.hasNext : !result.hasPrevious)) return;
    guarded(async () => {
        if (by > 0) await result.next();
        else result.previous();
        showResult(result);
        page.scroll.scrollTop = 0;
    });
}

// ---- a cell, a file

let cellText = '';
function openCell(value, name, cell) {
    const kind = kindOf(value);
    cellText = wholeText(value);
    byId('cell-title').textContent = name;
    byId('cell-kind').textContent = kind === 'blob' ? 'blob, as base64' : kind;
    byId('cell-value').textContent = kind === 'null' ? 'NULL' : cellText;
    byId('cell-copied').textContent = '';
    page.cell.showModal();
    page.cell.addEventListener('close', () => cell.focus(), { once: true });
}

async function collect() {
    const source = result;
    const { parts, rows, isCut } = await csvParts(source, (count) => {
        page.csv.textContent = `Stop (${formatCount(count)} rows)`;
        return collecting && result === source;
    });
    if (!parts) return;
    download('result.csv', parts);
    const more = isCut ? ' There may be more: this page writes no more at a time.' : '';
    page.summary.textContent = `${formatCount(rows)} rows written to result.csv.${more}`;
}

page.csv.addEventListener('click', async () => {
    if (collecting) {
        collecting = false;
        return;
    }
    collecting = true;
    await guarded(collect);
    collecting = false;
    page.csv.textContent = 'Download CSV';
    showTools();
});

// ---- the history

function showHistory() {
    page.historyEmpty.hidden = history.entries.length > 0;
    byId('history-clear').hidden = history.entries.length === 0;
    page.historyList.replaceChildren(
        ...history.entries.map(({ sql, time }) => {
            const item = element('li');
            const node = button('entry-button history-entry', '', () => {
                page.history.close();
                editor.text = sql;
            });
            const stamp = element('time', 'hint', new Date(time).toLocaleString());
            stamp.dateTime = new Date(time).toISOString();
            node.append(element('code', '', sql.length > 300 ? `${sql.slice(0, 300)}…` : sql), stamp);
            item.append(node);
            return item;
        }),
    );
    historyRoving.update();
}

byId('history-open').addEventListener('click', () => {
    showHistory();
    page.history.showModal();
});
byId('history-clear').addEventListener('click', () => {
    history.clear();
    showHistory();
});
for (const dialog of [page.history, page.cell]) {
    dialog.querySelector('.close').addEventListener('click', () => dialog.close());
    // A click beside the box, on the darkened page.
    dialog.addEventListener('click', (event) => {
        if (event.target === dialog) dialog.close();
    });
}
byId('cell-copy').addEventListener('click', async () => {
    byId('cell-copied').textContent = (await copyText(cellText)) ? 'Copied' : 'The browser refused to copy';
});

// ---- the person's hands, the connection

byId('editor').addEventListener('submit', (event) => {
    event.preventDefault();
    run();
});
document.addEventListener('selectionchange', () => {
    const isPart = document.activeElement === page.area && editor.chosen.text !== editor.text;
    page.run.firstChild.textContent = isPart ? 'Run selection' : 'Run';
});
page.previous.addEventListener('click', () => turn(-1));
page.next.addEventListener('click', () => turn(1));
page.limit.addEventListener('change', () => remember('sql.limit', page.limit.value));
page.limit.addEventListener('change', () => {
    if (result?.hasRows) page.summary.textContent = 'The next statement has pages of this size.';
});
const limit = String(recall('sql.limit', '50'));
if ([...page.limit.options].some(({ value }) => value === limit)) page.limit.value = limit;

rpc.addEventListener('fault', ({ detail }) => showTrouble(page.resultProblem, new Error(detail)));
socket.addEventListener('state', async ({ detail }) => {
    showConnection(page.state, detail.state);
    if (detail.state !== 'open') result?.forgetCursor();
    showTools();
    // The connection may be another user's now, or nobody's.
    if ((detail.state === 'open' && detail.again) || detail.state === 'refused') showSession(byId('session'));
    if (detail.state !== 'open') return;
    try {
        const about = await tables.loadDatabases();
        page.writable.textContent = about.write
            ? 'Statements may change data.'
            : 'Read only: statements may not change data.';
    } catch (error) {
        if (!(error instanceof ConnectionLost)) showTrouble(byId('tables-problem'), error);
    }
});
showResult(null);
socket.connect();
