// The SQL page: rows as a file. In: tools of run.js. Out: cases.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { enter, newTable, run, thousand } = require('./sql_steps.js');
const { withText } = require('./steps.js');

const cases = [];
const test = (name, run_, more = {}) => cases.push({ name, run: run_, signsIn: true, ...more });

test('sql: all rows as a CSV file', async ({ open, servers }) => {
    const table = newTable();
    const visitor = await enter(open, servers, { acceptDownloads: true });
    const { page } = visitor;
    await run(visitor, thousand(table));
    await run(
        visitor,
        `SELECT id, CASE id WHEN 1 THEN 'a "quoted", text' WHEN 2 THEN NULL WHEN 3 THEN '' WHEN 4 THEN x'01' ELSE name END AS "na,me" FROM ${table} ORDER BY id`,
    );
    const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    assert.equal(file.suggestedFilename(), 'result.csv');
    const lines = fs.readFileSync(await file.path(), 'utf8').split('\r\n');
    assert.deepEqual(lines.slice(0, 6), [
        '\uFEFFid,"na,me"',
        '1,"a ""quoted"", text"',
        '2,',
        '3,""',
        '4,AQ==',
        '5,row 35',
    ]);
    assert.deepEqual([lines.length, lines.at(-1), lines.at(-2)], [1002, '', '1000,row 0']);
    await withText(page.locator('#summary'), '1,000 rows written to result.csv.');
    // Reading on still works: the rows that were fetched for the file are there.
    await page.getByRole('button', { name: 'Next' }).click();
    await withText(page.locator('#summary'), /^Rows 51–100 of 1,000/);
});

test('sql: nothing in a CSV file is a formula to a spreadsheet', async ({ open, servers }) => {
    const visitor = await enter(open, servers, { acceptDownloads: true });
    const { page } = visitor;
    await run(
        visitor,
        `SELECT '=1+1' AS "=cmd", '+1' AS a, '-1' AS b, '@x' AS c, char(9) || 't' AS d, char(13) || 'r' AS e,
                -1 AS f, -2.5 AS g, 'a=b' AS h, -9223372036854775808 AS i, x'fbefbe' AS j, '=a,"b"' AS k, 'ü' AS l`,
    );
    const button = page.getByRole('button', { name: 'Download CSV' });
    assert.match(await button.getAttribute('title'), /formulas get an apostrophe/);
    const [file] = await Promise.all([page.waitForEvent('download'), button.click()]);
    const bytes = fs.readFileSync(await file.path());
    assert.deepEqual([...bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf], 'the mark of UTF-8');
    assert.equal(
        bytes.subarray(3).toString(),
        `'=cmd,a,b,c,d,e,f,g,h,i,j,k,l\r\n'=1+1,'+1,'-1,'@x,'\tt,"'\rr",-1,-2.5,a=b,-9223372036854775808,'++++,"'=a,""b""",ü\r\n`,
    );
});

test('sql: a file ends at its most characters, and what is kept of it is limited', async ({ open }) => {
    const { page } = await open('/echo.html');
    const seen = await page.evaluate(async () => {
        const [{ Result, RowsGone }, { csvParts }] = await Promise.all([
            import('/js/websql/result.js'),
            import('/js/websql/csv.js'),
        ]);
        // A server of pages with one text of 16 MiB each.
        const text = 'x'.repeat(16 * 2 ** 20);
        let fetched = 0;
        const rpc = {
            async call(method, { cursor }) {
                fetched += 1;
                return { columns: ['a'], rows: [[text]], more: fetched < 8, cursor: cursor ?? 1 };
            },
            notify() {},
        };
        const about = { sql: 'SELECT a', limit: 50 };
        const one = await Result.run(rpc, about);
        const cut = await csvParts(one, () => true, { characters: 20 * 2 ** 20 });
        fetched = 0;
        const other = await Result.run(rpc, about);
        const whole = await csvParts(other, () => true);
        const pages = [];
        let end = null;
        while (other.hasNext && !end) {
            await other.next().catch((error) => {
                end = error instanceof RowsGone;
            });
            pages.push(other.page);
        }
        const again = await csvParts(other, () => true).catch((error) => error instanceof RowsGone);
        return {
            cut: [cut.rows, cut.isCut],
            whole: [whole.rows, whole.isCut],
            pages,
            end,
            known: other.known,
            again,
        };
    });
    assert.deepEqual(seen, {
        cut: [2, true],
        whole: [8, false],
        pages: [1, 2, 3, 3],
        end: true,
        known: { count: 8, isAll: true },
        again: true,
    });
});

module.exports = cases;
