// The SQL page. In: tools of run.js. Out: cases.
'use strict';

const assert = require('node:assert/strict');
const { waitFor } = require('./programs.js');
const { cells, enter, newTable, run, thousand } = require('./sql_steps.js');
const { bannerSays, handshakeComplaint, listenToBanner, withText } = require('./steps.js');

const cases = [];
const test = (name, run, more = {}) => cases.push({ name, run, signsIn: true, ...more });

test('sql: a table is created, a thousand rows are inserted, sorted and paged through', async ({
    open,
    servers,
}) => {
    const table = newTable();
    const visitor = await enter(open, servers);
    const { page } = visitor;
    await run(visitor, thousand(table));
    await withText(page.locator('#summary'), '2 statements done; the last one changed 1,000 rows');
    await page.locator('#tables').getByRole('button', { name: table }).click();
    await withText(page.locator('#summary'), /^Rows 1–50 of more · /);
    await withText(page.locator('#schema'), /id\s*integer, primary key/);
    assert.deepEqual((await cells(visitor))[0], ['1', 'row 7', '0.25']);
    assert.equal((await cells(visitor)).length, 50);
    const headings = page.locator('#grid th');
    assert.deepEqual(await headings.locator('.heading-type').allInnerTexts(), ['integer', 'text', 'real']);

    await page.getByRole('button', { name: 'Next' }).click();
    await withText(page.locator('#summary'), /^Rows 51–100 of more/);
    assert.equal((await cells(visitor))[0][0], '51');
    await page.getByRole('button', { name: 'Previous' }).click();
    await withText(page.locator('#summary'), /^Rows 1–50/);
    assert.equal(await page.getByRole('button', { name: 'Previous' }).getAttribute('aria-disabled'), 'true');

    // Sorted by the server: the first page holds the smallest of all rows, not of those that were shown.
    const value = page.getByRole('columnheader', { name: 'value' });
    await value.getByRole('button').click();
    await waitFor('the order', async () => (await value.getAttribute('aria-sort')) === 'ascending');
    await value.getByRole('button').click();
    await waitFor('the other order', async () => (await value.getAttribute('aria-sort')) === 'descending');
    assert.deepEqual((await cells(visitor))[0], ['1000', 'row 0', '250']);
    const name = page.getByRole('columnheader', { name: 'name' });
    await name.getByRole('button').click();
    await waitFor('the order of names', async () => (await name.getAttribute('aria-sort')) === 'ascending');
    assert.equal((await cells(visitor))[1][1], 'row 1');
    assert.equal((await cells(visitor))[2][1], 'row 10');

    // To the end, in large pages.
    await page.getByLabel('Rows a page').selectOption('500');
    await run(visitor, `SELECT id FROM ${table}`);
    await withText(page.locator('#summary'), /^Rows 1–500 of more/);
    await page.getByRole('button', { name: 'Next' }).click();
    await withText(page.locator('#summary'), /^Rows 501–1,000 of 1,000/);
    assert.equal((await cells(visitor)).at(-1)[0], '1000');
    assert.equal(await page.getByRole('button', { name: 'Next' }).getAttribute('aria-disabled'), 'true');
});

test('sql: values have types: integers, reals, text, NULL, blobs, large numbers', async ({
    open,
    servers,
}) => {
    const visitor = await enter(open, servers);
    const { page } = visitor;
    await run(
        visitor,
        `SELECT 42 AS i, 2.5 AS r, 'tëxt' AS t, NULL AS n, x'00ff10' AS b, 9223372036854775807 AS large, '' AS empty, 'two' || char(10) || 'lines' AS l, 1e300 AS far`,
    );
    assert.deepEqual(await cells(visitor), [
        ['42', '2.5', 'tëxt', 'NULL', '3 bytes', '9223372036854775807', '', 'two ⏎ lines', '1e+300'],
    ]);
    assert.deepEqual(
        await page.locator('#grid tbody td').evaluateAll((all) => all.map((cell) => cell.className)),
        ['integer', 'real', 'text', 'null', 'blob', 'integer', 'text', 'text', 'real'],
    );
    // The whole of a cell.
    await page.locator('#grid tbody td').nth(4).dblclick();
    const dialog = page.getByRole('dialog');
    await withText(dialog.locator('#cell-value'), 'AP8Q');
    await withText(dialog.locator('#cell-kind'), 'base64');
    await page.keyboard.press('Escape');
    await page.locator('#grid tbody td').nth(7).dblclick();
    assert.equal(await dialog.locator('#cell-value').textContent(), 'two\nlines');
});

test('sql: an error stands beside the statement, with its place', async ({ open, servers }) => {
    const visitor = await enter(open, servers);
    const { page } = visitor;
    // Behind letters of two bytes, in the second of two statements.
    await run(visitor, "SELECT 1;\nSELECT 'ü',\n  'ü🐒' FORM x WHERE 1");
    const problem = page.locator('#sql-problem');
    await withText(problem, /near "x": syntax error/);
    assert.equal(await page.getByLabel('Statement', { exact: true }).getAttribute('aria-invalid'), 'true');
    assert.equal(await problem.locator('pre').textContent(), "  'ü🐒' FORM x WHERE 1\n            ^");
    await problem.getByRole('button', { name: /^Go to line 3, column/ }).click();
    const rest = await page
        .getByLabel('Statement', { exact: true })
        .evaluate((area) => area.value.slice(area.selectionStart));
    assert.equal(rest, 'x WHERE 1');
    await run(visitor, 'SELECT * FROM no_such_table_<b>x</b>');
    assert.equal(await page.locator('main b').count(), 0);
    await run(visitor, 'SELECT 1');
    assert.equal(await problem.isVisible(), false);
    assert.equal(await page.getByLabel('Statement', { exact: true }).getAttribute('aria-invalid'), null);
    await run(visitor, '  -- nothing\n');
    await withText(problem, 'There is no statement to run.');
    for (const refused of [
        "ATTACH '/etc/passwd' AS p",
        'PRAGMA writable_schema = 1',
        "SELECT load_extension('x')",
    ]) {
        await run(visitor, refused);
        await problem.waitFor();
    }
});

test('sql: a statement behind a comment is carried out', async ({ open, servers }) => {
    const table = newTable();
    const visitor = await enter(open, servers);
    await run(visitor, `CREATE TABLE ${table}(a); INSERT INTO ${table} VALUES(1), (2)`);
    await run(visitor, `SELECT 'kept'; /* old ones */ DELETE FROM ${table} WHERE a = 1`);
    await withText(visitor.page.locator('#summary'), '2 statements done; the last one changed 1 row');
    await run(visitor, `/* what is left */ SELECT a FROM ${table} /* of it */`);
    assert.deepEqual(await cells(visitor), [['2']]);
});

test('sql: a selection is run by itself; earlier statements come back', async ({ open, servers }) => {
    const visitor = await enter(open, servers);
    const { page } = visitor;
    const area = page.getByLabel('Statement', { exact: true });
    await run(visitor, "SELECT 'first'");
    await run(visitor, "SELECT 'second'");
    await area.fill("SELECT 'one';\nSELECT 'two'");
    await area.evaluate((node) => node.setSelectionRange(0, 12));
    await withText(page.locator('#run'), 'Run selection');
    await area.press('Control+Enter');
    await withText(page.locator('#grid td'), /^one$/);
    await area.evaluate((node) => node.setSelectionRange(0, 0));
    await area.fill('draft');
    for (const expected of ["SELECT 'one'", "SELECT 'second'", "SELECT 'first'"]) {
        await area.press('Alt+ArrowUp');
        assert.equal(await area.inputValue(), expected);
    }
    for (const expected of ["SELECT 'second'", "SELECT 'one'", 'draft']) {
        await area.press('Alt+ArrowDown');
        assert.equal(await area.inputValue(), expected);
    }
    await page.reload();
    await withText(page.locator('#state'), 'Connected');
    await page.getByRole('button', { name: 'History' }).click();
    const dialog = page.getByRole('dialog');
    assert.deepEqual(await dialog.locator('li code').allInnerTexts(), [
        "SELECT 'one'",
        "SELECT 'second'",
        "SELECT 'first'",
    ]);
    await page.keyboard.press('Tab');
    await dialog.getByRole('button', { name: /first/ }).click();
    assert.equal(await area.inputValue(), "SELECT 'first'");
    await page.getByRole('button', { name: 'History' }).click();
    await dialog.getByRole('button', { name: 'Forget all' }).click();
    assert.equal(await dialog.locator('li').count(), 0);
});

test('sql: HTML stays text: table, column, cell, error, history', async ({ open, servers }) => {
    const visitor = await enter(open, servers);
    const { page } = visitor;
    const evil = `<img src=x onerror="document.title='run'">`;
    const quoted = `"${evil.replaceAll('"', '""')}${newTable()}"`;
    await run(
        visitor,
        `CREATE TABLE ${quoted}("<b>column</b>" TEXT DEFAULT '<i>x</i>'); INSERT INTO ${quoted} VALUES('${evil.replaceAll("'", "''")}')`,
    );
    await page.locator('#tables').getByRole('button', { name: evil }).click();
    await withText(page.locator('#grid td'), evil);
    await withText(page.locator('#grid th'), '<b>column</b>');
    await withText(page.locator('#schema'), '<i>x</i>');
    await page.locator('#grid td').first().dblclick();
    assert.equal(await page.locator('#cell-value').textContent(), evil);
    await page.keyboard.press('Escape');
    await run(visitor, `SELECT * FROM "${evil.replaceAll('"', '""')}"`);
    await withText(page.locator('#sql-problem'), /no such table.*<img/);
    await page.getByRole('button', { name: 'History' }).click();
    assert.equal(await page.locator('main img, main b, main i, main script').count(), 0);
    assert.equal(await page.title(), 'SQL · Marmoset');
    await page.keyboard.press('Escape');
    await run(visitor, `DROP TABLE ${quoted}`);
});

test('sql: with the keyboard alone', async ({ open, servers }) => {
    const table = newTable();
    const visitor = await enter(open, servers);
    const { page } = visitor;
    await run(visitor, thousand(table));
    const tabTo = (what, test_) =>
        waitFor(what, async () => {
            await page.keyboard.press('Tab');
            return page.evaluate(test_);
        });
    await page.locator('.brand').focus();
    await tabTo('the statement', 'document.activeElement.id === "sql"');
    await page.keyboard.press('Control+A');
    await page.keyboard.type(`SELECT * FROM ${table}`);
    await page.keyboard.press('Control+Enter');
    await page.locator('#grid td').first().waitFor();
    await tabTo('the grid', 'document.activeElement.closest("#grid") !== null');
    const where = () =>
        page.evaluate(() => {
            const cell = document.activeElement.closest('th, td');
            return [cell?.parentElement.rowIndex, cell?.cellIndex];
        });
    assert.deepEqual(await where(), [0, 0]);
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight']) await page.keyboard.press(key);
    assert.deepEqual(await where(), [2, 1]);
    await page.keyboard.press('Enter');
    await withText(page.locator('#cell-value'), 'row 14');
    await page.keyboard.press('Escape');
    assert.deepEqual(await where(), [2, 1], 'back where it was');
    await page.keyboard.press('PageDown');
    await withText(page.locator('#summary'), /^Rows 51–100/);
    assert.deepEqual(await where(), [2, 1]);
    await page.keyboard.press('Control+End');
    assert.deepEqual(await where(), [50, 2]);
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await waitFor(
        'the order',
        async () => (await page.locator('#grid th').nth(2).getAttribute('aria-sort')) === 'ascending',
    );
    assert.deepEqual(await where(), [0, 2]);
    assert.equal(await page.locator('#grid [tabindex="0"]').count(), 1, 'one Tab stop');
    // The list of tables: one stop, too.
    await page.locator('#tables button').first().focus();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    assert.match(await page.getByLabel('Statement', { exact: true }).inputValue(), /^SELECT \* FROM "/);
});

test(
    'sql: a server killed and started again is found by an open page, which says so',
    async ({ open, startServers, stopServers }) => {
        const servers = await startServers();
        const visitor = await enter(open, servers, { before: listenToBanner });
        const { page } = visitor;
        visitor.expect(handshakeComplaint);
        visitor.expect(/404/); // asking whether the gate refuses the user, or the server is down
        await run(visitor, thousand('kept'));
        await run(visitor, 'SELECT * FROM kept');
        await servers.stopProgram('sqlrpc', 'SIGKILL');
        await bannerSays(visitor, /Connection lost|broke|cannot be reached/);
        assert.equal((await cells(visitor)).length, 50, 'what is shown stays');
        servers.startProgram('sqlrpc');
        await servers.isUp('sqlrpc');
        await bannerSays(visitor, /^Connected again\.$/);
        await page.getByRole('button', { name: 'Next' }).click();
        await withText(page.locator('#result-problem'), 'given the further rows up');
        await run(visitor, 'SELECT count(*) FROM kept');
        assert.deepEqual(await cells(visitor), [['1000']]);
        await stopServers(servers);
    },
    { stops: true },
);

test('sql: where one statement ends and the next begins', async ({ open }) => {
    const { page } = await open('/echo.html');
    const split = (sql) =>
        page.evaluate(async (text) => {
            const { splitStatements } = await import('/js/websql/statements.js');
            return splitStatements(text).map((one) => one.text);
        }, sql);
    assert.deepEqual(await split('SELECT \';\'; SELECT "a;b", [c;d], `e;f` -- g;h\n; /* i;j */'), [
        "SELECT ';'",
        'SELECT "a;b", [c;d], `e;f` -- g;h',
    ]);
    const trigger =
        'CREATE TRIGGER t AFTER INSERT ON x BEGIN UPDATE y SET a = CASE WHEN 1 THEN 2 END; DELETE FROM z; END';
    assert.deepEqual(await split(`${trigger};\nSELECT 1;`), [trigger, 'SELECT 1']);
    assert.deepEqual(await split("SELECT 'it''s; open"), ["SELECT 'it''s; open"]);
    assert.deepEqual(await split(' ;; \n-- nothing\n'), []);
    // A comment in front is part of its statement, also when another comment follows it.
    assert.deepEqual(await split("/* a */ SELECT 1; -- b\n/* c */ DELETE FROM x /* d */; /* e */ -- f"), [
        '/* a */ SELECT 1',
        '-- b\n/* c */ DELETE FROM x /* d */',
    ]);
    assert.deepEqual(await split("BEGIN; INSERT INTO a VALUES(1); END; SELECT 'ü;'"), [
        'BEGIN',
        'INSERT INTO a VALUES(1)',
        'END',
        "SELECT 'ü;'",
    ]);
});

module.exports = cases;
