// The SQL page: rows in pages, connections that end, what others do meanwhile. In: tools of run.js. Out: cases.
'use strict';

const assert = require('node:assert/strict');
const { waitFor } = require('./programs.js');
const { cells, enter, newTable, run, thousand } = require('./sql_steps.js');
const { handshakeComplaint, interceptConnections, withText } = require('./steps.js');

const cases = [];
const test = (name, run_, more = {}) => cases.push({ name, run: run_, signsIn: true, ...more });

test('sql: rows are counted rightly when the server sends fewer than were asked for', async ({
    open,
    servers,
}) => {
    const table = newTable();
    const visitor = await enter(open, servers);
    const { page } = visitor;
    await run(
        visitor,
        `CREATE TABLE ${table}(id INTEGER PRIMARY KEY, text TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
         INSERT INTO ${table} SELECT i, printf('%.*c', 10000, 'x') FROM n`,
    );
    await run(visitor, 'SELECT 1');
    await page.getByLabel('Rows a page').selectOption('500');
    await run(visitor, `SELECT id, text FROM ${table}`);
    let seen = 0;
    for (let at = 1; ; at += 1) {
        const ids = (await cells(visitor)).map(([id]) => Number(id));
        assert.equal(ids[0], seen + 1);
        const last = ids.at(-1);
        const isLast = last === 400;
        await withText(
            page.locator('#summary'),
            new RegExp(`^Rows ${seen + 1}–${last} ${isLast ? 'of 400' : 'of more'} · `),
        );
        const index = await page.locator('#grid tbody tr').last().getAttribute('aria-rowindex');
        assert.equal(index, String(last + 1), 'behind the line of headings');
        seen = last;
        if (isLast) {
            assert.ok(at > 2, 'in several pages');
            assert.equal(await page.locator('#grid').getAttribute('aria-rowcount'), '401');
            break;
        }
        await page.getByRole('button', { name: 'Next' }).click();
        await waitFor('the next page', async () => Number((await cells(visitor))[0][0]) === seen + 1);
    }
    await page.getByRole('button', { name: 'Previous' }).click();
    await withText(page.locator('#summary'), / of 400 · /);
    await run(visitor, `DROP TABLE ${table}`);
});

test('sql: rows of an earlier connection are gone, and closing them takes none of the later one', async ({
    open,
    servers,
}) => {
    const table = newTable();
    const { peers, before } = interceptConnections(/\/sqlrpc$/);
    const visitor = await enter(open, servers, { before });
    const { page } = visitor;
    visitor.expect(handshakeComplaint);
    await run(visitor, thousand(table));
    await run(visitor, `SELECT id FROM ${table}`);
    await withText(page.locator('#summary'), /^Rows 1–50 of more/);
    const reconnect = async () => {
        const count = peers.length;
        await peers.at(-1).close({ code: 1012 });
        await waitFor('another connection', () => peers.length > count);
        await withText(page.locator('#state'), 'Connected');
    };
    await reconnect();
    await run(visitor, `SELECT id FROM ${table} ORDER BY id DESC`);
    await page.getByRole('button', { name: 'Next' }).click();
    await withText(page.locator('#summary'), /^Rows 51–100 of more/);
    assert.equal((await cells(visitor))[0][0], '950');
    assert.equal(await page.locator('#result-problem').isVisible(), false);
    // What is there can be looked at, the rest is not asked of a server that knows nothing of it.
    await reconnect();
    await page.getByRole('button', { name: 'Next' }).click();
    await withText(page.locator('#result-problem'), 'given the further rows up');
    await page.getByRole('button', { name: 'Previous' }).click();
    await withText(page.locator('#summary'), /^Rows 1–50 of more/);
    assert.equal(await page.locator('#result-problem').isVisible(), false);
});

test('sql: a table that somebody else has dropped leaves the list, without a word of further rows', async ({
    open,
    servers,
}) => {
    const table = newTable();
    const [visitor, other] = [await enter(open, servers), await enter(open, servers)];
    const { page } = visitor;
    await run(visitor, `CREATE TABLE ${table}(a)`);
    const entry = page.locator('#tables').getByRole('button', { name: table, exact: true });
    await entry.waitFor();
    await run(other, `DROP TABLE ${table}`);
    await entry.click();
    await withText(page.locator('#sql-problem'), `no such table: ${table}`);
    await entry.waitFor({ state: 'detached' });
    assert.equal(await page.locator('#tables-problem').isVisible(), false);
    assert.equal(await page.locator('#schema').isVisible(), false);
});

test('sql: a transaction is typed and run as one, also behind comments', async ({ open, servers }) => {
    const table = newTable();
    const visitor = await enter(open, servers);
    const { page } = visitor;
    await run(visitor, `CREATE TABLE ${table}(a)`);
    await run(
        visitor,
        `BEGIN;\nINSERT INTO ${table} VALUES(1);\nINSERT INTO ${table} VALUES(2), (3);\n-- all of it\nCOMMIT;`,
    );
    await withText(page.locator('#summary'), /^4 statements done: 3 rows changed$/);
    assert.equal(await page.locator('#sql-problem').isVisible(), false);
    await run(visitor, `BEGIN; DELETE FROM ${table}; /* not so */ ROLLBACK`);
    await withText(page.locator('#summary'), /^3 statements done/);
    await run(visitor, `SELECT count(*) FROM ${table}`);
    assert.deepEqual(await cells(visitor), [['3']]);
    await run(visitor, `BEGIN; DELETE FROM ${table}; DELETE FROM nosuch; END`);
    await withText(page.locator('#sql-problem'), 'no such table: nosuch');
    await withText(page.locator('#summary'), /^One of the statements failed\.$/);
    await run(visitor, `SELECT count(*) FROM ${table}`);
    assert.deepEqual(await cells(visitor), [['3']]);
});

test('sql: statements that were done before one failed are told', async ({ open, servers }) => {
    const table = newTable();
    const visitor = await enter(open, servers);
    const { page } = visitor;
    const summary = page.locator('#summary');
    await run(visitor, `CREATE TABLE ${table}(a); SELECT * FROM nosuch`);
    await withText(summary, /^The first statement was done; the last one failed\.$/);
    // And seen: the list of tables is read again.
    await page.locator('#tables').getByRole('button', { name: table, exact: true }).waitFor();
    await run(visitor, `INSERT INTO ${table} VALUES(1); INSERT INTO ${table} VALUES(2); SELECT nosuch`);
    await withText(summary, /^The first 2 statements were done; the last one failed\.$/);
    await run(visitor, `INSERT INTO ${table} VALUES(3); SELECT nosuch; SELECT 1`);
    await withText(summary, /^One of the statements failed; those before it were done\.$/);
    await run(visitor, 'SELECT nosuch');
    await withText(summary, /^The statement failed\.$/);
    await run(visitor, `SELECT count(*) FROM ${table}`);
    assert.deepEqual(await cells(visitor), [['3']]);
});

test('sql: two windows share the earlier statements', async ({ open, servers, base }) => {
    const visitor = await enter(open, servers);
    const other = await visitor.context.newPage();
    await other.goto(`${base}/websql.html`);
    await withText(other.locator('#state'), 'Connected');
    // What one window writes down the other hears a little later: each may be a process of its own.
    for (const page of [visitor.page, other]) {
        await page.evaluate(() => {
            window.heard = [];
            window.addEventListener('storage', ({ newValue }) => window.heard.push(newValue ?? ''));
        });
    }
    const hears = (page, statement) =>
        page.waitForFunction((text) => window.heard.some((value) => value.includes(text)), statement);
    await run(visitor, "SELECT 'one'");
    await hears(other, "SELECT 'one'");
    await run({ page: other }, "SELECT 'two'");
    await hears(visitor.page, "SELECT 'two'");
    await run(visitor, "SELECT 'three'");
    await hears(other, "SELECT 'three'");
    for (const page of [visitor.page, other]) {
        await page.getByRole('button', { name: 'History' }).click();
        await waitFor('all of them', async () => {
            const texts = await page.locator('#history-list code').allInnerTexts();
            return texts.join() === "SELECT 'three',SELECT 'two',SELECT 'one'";
        });
    }
});

test('sql: a chosen table takes neither the draft, nor the focus, nor the place of a running statement', async ({
    open,
    servers,
}) => {
    const table = newTable();
    const visitor = await enter(open, servers);
    const { page } = visitor;
    const area = page.getByLabel('Statement', { exact: true });
    await run(visitor, `CREATE TABLE ${table}(a); INSERT INTO ${table} VALUES(17)`);
    const entry = page.locator('#tables').getByRole('button', { name: table, exact: true });
    await entry.waitFor();
    await area.fill('SELECT a -- not ready');
    await entry.focus();
    await page.keyboard.press('Enter');
    await withText(page.locator('#grid td'), /^17$/);
    assert.equal(await page.evaluate('document.activeElement.dataset.key'), table);
    assert.equal(await area.inputValue(), `SELECT * FROM "${table}"`);
    await area.press('Alt+ArrowUp');
    await area.press('Alt+ArrowUp');
    assert.equal(await area.inputValue(), 'SELECT a -- not ready');

    const slow =
        'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n';
    await area.fill(slow);
    // Both in one turn of the page, so that the statement runs when the table is chosen.
    await page.evaluate((key) => {
        document.getElementById('run').click();
        document.querySelector(`[data-key="${key}"]`).click();
    }, table);
    await withText(page.locator('#grid td'), /^3000000$/);
    assert.equal(await area.inputValue(), slow);
});

module.exports = cases;
