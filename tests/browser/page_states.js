// Each page in the state in which it shows the most: what the cases of people look at. In: a visitor, tools of run.js. Out: a page
// that is filled, and one with its errors shown.
'use strict';

const { join, newRoom, say, sees, hears, writeTo } = require('./chat_steps.js');
const { handshakeComplaint, withText } = require('./steps.js');

const unbroken = 'unbroken'.repeat(60);

const index = {
    address: '/index.html',
    stops: 12,
    texts: 20,
    async fill({ page }) {
        await withText(page.locator('#echo-state'), /^Up$/);
        await withText(page.locator('#chat-state'), /^Up$/);
        await withText(page.locator('#sqlrpc-state'), /^(Up|Sign in)$/);
        await withText(page.locator('#outcome'), /./); // of all of them
    },
};

const echo = {
    address: '/echo.html',
    stops: 16,
    texts: 40,
    async fill({ page }) {
        await page.getByRole('button', { name: 'Connect' }).click();
        await withText(page.locator('#state'), 'Connected');
        const answers = page.locator('#log .entry.received');
        const texts = [
            'Hello, marmoset',
            'Grüße an alle — one message, kept whole\nwith its second line',
            '<b>HTML stays text</b>',
        ];
        for (const [at, text] of texts.entries()) {
            await page.getByLabel('Text').fill(text);
            await page.getByLabel('Text').press('Enter');
            await answers.nth(at).waitFor();
        }
        const buffer = Buffer.from(Array.from({ length: 49152 }, (_, i) => (i * 7) % 251));
        await page
            .locator('#files')
            .setInputFiles({ name: 'sensor-readings.bin', mimeType: 'application/octet-stream', buffer });
        await answers.nth(texts.length).waitFor();
    },
    /** A word that is wider than any window. */
    async lengthen({ page }) {
        await page.getByLabel('Text').fill(unbroken);
        await page.getByLabel('Text').press('Enter');
        await withText(page.locator('#log .entry.received').last(), unbroken);
    },
    /** A connection that fails, a message without a connection. */
    async fail(visitor) {
        const { page } = visitor;
        visitor.expect(handshakeComplaint);
        await page.getByText('Close code and reason').click();
        await page.getByLabel('Server name').fill(`nobody-${'here-'.repeat(30)}`);
        await page.getByRole('button', { name: 'Disconnect' }).click();
        await withText(page.locator('#state'), 'Closed'); // until then the button is the one that disconnects
        await page.getByRole('button', { name: 'Connect' }).click();
        await withText(page.locator('#state'), 'Failed');
        await page.getByLabel('Text').press('Enter');
        await withText(page.locator('#message-error'), 'Connect first');
    },
};

const signin = {
    address: '/signin.html',
    stops: 4,
    texts: 5,
    async fill({ page }) {
        await page.getByLabel('Name').fill('alice');
    },
    async fail(visitor) {
        const { page } = visitor;
        visitor.expect(/401/);
        await page.getByLabel('Password').fill('wrong');
        await page.getByRole('button', { name: 'Sign in' }).click();
        await withText(page.locator('#problem'), 'not right');
    },
};

/** A conversation between three, of whom one is the visitor. */
const chat = {
    get address() {
        return `/webchat.html#${newRoom()}`;
    },
    stops: 14,
    texts: 30,
    async fill(visitor, { open }) {
        const { page } = visitor;
        const room = new URL(page.url()).hash.slice(1);
        const isNarrow = page.viewportSize().width < 832;
        const bob = await join(open, room, 'bob', { colour: '#b3261e', base: new URL(page.url()).origin });
        const zoe = await join(open, room, 'zoë', { colour: '#f5d04c', base: new URL(page.url()).origin });
        await page.getByLabel('Your name here').fill('alice');
        await page.locator('#colour').fill('#0b6870');
        await page.getByRole('button', { name: 'Join' }).click();
        await sees(bob, ['alice', 'bob', 'zoë']);
        await say(bob, 'Is the sensor feed up again?');
        await hears(visitor, 'Is the sensor feed up again?');
        await say(visitor, 'Since ten past two. I renewed the certificate, and nobody was disconnected.');
        await say(visitor, 'The log is clean.');
        await hears(zoe, 'The log is clean.');
        await say(zoe, 'This is what I get:\n  attic    14.2 °C\n  cellar   11.0 °C');
        await hears(visitor, 'This is what I get:\n  attic    14.2 °C\n  cellar   11.0 °C');
        await say(bob, '<b>HTML</b> stays text, by the way');
        await hears(visitor, '<b>HTML</b> stays text, by the way');
        await writeTo(bob, 'alice');
        await say(bob, 'Lunch?');
        await (isNarrow ? page.locator('#side-unread') : page.locator('#conversations .badge')).waitFor();
    },
    async lengthen(visitor) {
        await say(visitor, unbroken);
        await hears(visitor, unbroken);
    },
    async fail(visitor, { open }) {
        const { page } = visitor;
        const isNarrow = page.viewportSize().width < 832;
        const room = new URL(page.url()).hash.slice(1);
        const gone = await join(open, room, 'x'.repeat(30), { base: new URL(page.url()).origin });
        await sees(visitor, ['alice', 'bob', 'x'.repeat(30), 'zoë']);
        if (isNarrow) await page.getByRole('button', { name: /^People/ }).click();
        await writeTo(visitor, 'x'.repeat(30));
        await gone.leave();
        await withText(page.locator('#messages .note'), 'has left');
        await say(visitor, 'Still there?');
        await withText(page.locator('.delivery'), 'Not sent');
    },
};

const users = {
    address: '/webauth.html',
    signsIn: true,
    stops: 18,
    texts: 25,
    async fill({ page }, { servers }) {
        const names = ['mara', 'otto-with-a-rather-long-name-that-has-no-space-at-all'];
        for (const [at, name] of names.entries()) {
            await servers.addUser(name, ['users', 'makers'][at], ['activated', 'reapproving'][at]);
        }
        // The groups are read last; behind them the button gets the focus.
        const groups = page.locator('#groups option');
        await groups.first().waitFor({ state: 'attached' });
        await groups.evaluateAll((all) => all.forEach((one) => one.remove()));
        await page.getByRole('button', { name: 'Reload' }).click();
        await groups.first().waitFor({ state: 'attached' });
        await withText(page.locator('#users'), 'otto');
        await page.getByText('Create a user').click();
    },
    async fail({ page }) {
        const form = page.locator('#add');
        await form.getByLabel('Name').fill('mara');
        await form.getByLabel('Password').fill('words words');
        await form.getByRole('button', { name: 'Create user' }).click();
        await form.locator('.error').waitFor();
        const own = page.locator('#own');
        await own.getByLabel('Present password').fill('a');
        await own.getByLabel('New password', { exact: true }).fill('b');
        await own.getByLabel('New password again').fill('c');
        await own.getByRole('button').click();
        await own.locator('.error').waitFor();
    },
    dialogs: [
        ['Remove mara', 'Keep'],
        ['Change of mara', 'Cancel'],
        ['Password of mara', 'Cancel'],
    ],
};

const sql = {
    address: '/websql.html',
    signsIn: true,
    stops: 14,
    texts: 100,
    async fill({ page }) {
        await withText(page.locator('#state'), 'Connected');
        await page.getByLabel('Statement', { exact: true }).fill(
            `CREATE TABLE IF NOT EXISTS readings(id INTEGER PRIMARY KEY, sensor TEXT NOT NULL, time TEXT, value REAL, remark TEXT, raw BLOB);
             CREATE VIEW IF NOT EXISTS latest AS SELECT sensor, max(time) AS time, value FROM readings GROUP BY sensor;
             DELETE FROM readings;
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 499)
             INSERT INTO readings(sensor, time, value, remark, raw)
             SELECT CASE i % 3 WHEN 0 THEN 'attic' WHEN 1 THEN 'cellar' ELSE 'garden' END,
                    datetime('2026-01-01', i || ' hours'), CASE WHEN i % 41 = 7 THEN NULL ELSE round(14 + (i * 37 % 90) / 10.0 - i % 3 * 3, 1) END,
                    CASE i % 41 WHEN 7 THEN 'no answer' WHEN 12 THEN 'calibrated after the cable was changed by the people of the third floor' END,
                    CASE i % 41 WHEN 7 THEN NULL ELSE x'8c' END FROM n`,
        );
        await page.getByLabel('Statement', { exact: true }).press('Control+Enter');
        await withText(page.locator('#summary'), 'statements done');
        await page.locator('#tables').getByRole('button', { name: 'readings' }).click();
        await withText(page.locator('#grid td').first(), '1');
        await page.getByRole('columnheader', { name: 'time' }).getByRole('button').click();
        await page.locator('#grid th[aria-sort="ascending"]').waitFor();
    },
    async fail({ page }) {
        await page
            .getByLabel('Statement', { exact: true })
            .fill(`SELECT sensor, value\nFORM readings\nWHERE value > 12 -- ${'x'.repeat(200)}`);
        await page.getByLabel('Statement', { exact: true }).press('Control+Enter');
        await page.locator('#sql-problem pre').waitFor();
    },
    dialogs: [['History', 'Close']],
};

module.exports = { pages: [index, echo, signin, chat, users, sql] };
