// What many cases do on the SQL page. In: tools of run.js. Out: visitors who are signed in, rows as texts.
'use strict';

const { waitFor } = require('./programs.js');
const { withText } = require('./steps.js');

let count = 0;
const newTable = () => {
    count += 1;
    return `t${process.pid}_${count}`;
};

async function enter(open, servers, visit = {}) {
    const visitor = await open('/websql.html', { session: await servers.session(), ...visit }, servers.base);
    await withText(visitor.page.locator('#state'), 'Connected');
    return visitor;
}

/** Runs a statement and waits until the page is done with it. */
async function run({ page }, sql) {
    await page.getByLabel('Statement', { exact: true }).fill(sql);
    await page.getByLabel('Statement', { exact: true }).press('Control+Enter');
    await waitFor(
        'the end of the statement',
        async () =>
            (await page.locator('#run').getAttribute('aria-disabled')) === 'false' &&
            (await page.locator('#summary').innerText()) !== 'Running…',
    );
}

/** The shown page as texts. */
const cells = ({ page }) =>
    page
        .locator('#grid tbody tr')
        .evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));

const thousand = (table) =>
    `CREATE TABLE ${table}(id INTEGER PRIMARY KEY, name TEXT, value REAL);
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
     INSERT INTO ${table}(id, name, value) SELECT i, 'row ' || (i * 7 % 1000), i / 4.0 FROM n`;

module.exports = { cells, enter, newTable, run, thousand };
