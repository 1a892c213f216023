// Whether everybody can use the pages: keyboard, screen reader, phone, eyes; and what the pages must not do.
// In: tools of run.js. Out: cases.
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { contrastReport, focusReport, overflowReport, tabStops, targetReport } = require('./page_checks.js');
const { waitFor } = require('./servers.js');
const { handshakeComplaint, withText } = require('./steps.js');

const pages = ['/index.html', '/echo.html'];

const cases = [];
const test = (name, run, more = {}) => cases.push({ name, run, ...more });

/** Brings a page to the state in which it shows the most. */
async function fill(page, { long = false } = {}) {
    if (!page.url().endsWith('/echo.html')) {
        await withText(page.locator('#echo-state'), /^Up$/);
        return;
    }
    await page.getByRole('button', { name: 'Connect' }).click();
    await withText(page.locator('#state'), 'Connected');
    const answers = page.locator('#log .entry.received');
    const texts = [
        'Hello, marmoset',
        'Grüße an alle — one message, kept whole\nwith its second line',
        '<b>HTML stays text</b>',
    ];
    if (long) texts.push('unbroken'.repeat(60));
    for (const [index, text] of texts.entries()) {
        await page.getByLabel('Text').fill(text);
        await page.getByLabel('Text').press('Enter');
        await answers.nth(index).waitFor();
    }
    const buffer = Buffer.from(Array.from({ length: 49152 }, (_, i) => (i * 7) % 251));
    await page
        .locator('#files')
        .setInputFiles({ name: 'sensor-readings.bin', mimeType: 'application/octet-stream', buffer });
    await answers.nth(texts.length).waitFor();
}

/** Shows the errors too: a connection that fails, a message without a connection. */
async function fillWithErrors(visitor) {
    const { page } = visitor;
    visitor.expect(handshakeComplaint);
    await page.getByText('Close code and reason').click();
    await page.getByLabel('Server name').fill(`nobody-${'here-'.repeat(30)}`);
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await page.getByRole('button', { name: 'Connect' }).click();
    await withText(page.locator('#state'), 'Failed');
    await page.getByLabel('Text').press('Enter');
    await withText(page.locator('#message-error'), 'Connect first');
}

test('policy: every page carries it, and it stops what it must', async ({ open }) => {
    for (const address of pages) {
        const visitor = await open(address);
        const { page } = visitor;
        const policy = await page
            .locator('meta[http-equiv="Content-Security-Policy"]')
            .getAttribute('content');
        assert.equal(policy, "default-src 'self'");
        assert.equal(
            await page.locator('[style], style, script:not([src])').count(),
            0,
            'inline style or script',
        );
        // The recorder has to see a violation when there is one, else its silence proves nothing.
        await page.evaluate(() => fetch('http://other.invalid/').catch(() => {}));
        await page.evaluate(() => {
            const script = document.createElement('script');
            script.textContent = 'window.injected = true';
            document.body.append(script);
        });
        await waitFor('both violations', () => visitor.violations.length === 2);
        assert.match(
            visitor.violations.join(' '),
            /connect-src: http:\/\/other\.invalid.*script-src-elem: inline/,
        );
        assert.equal(await page.evaluate('window.injected'), undefined);
        visitor.violations.length = 0;
        visitor.expect(/Content Security Policy/);
        visitor.expect(/other\.invalid/);
        visitor.requests = visitor.requests.filter((url) => !url.includes('other.invalid'));
    }
});

test('keyboard: Tab reaches every control in order and the focus is seen', async ({ open }) => {
    for (const address of pages) {
        const { page } = await open(address);
        await fill(page);
        if (address === '/echo.html') await page.getByText('Close code and reason').click();
        await page.evaluate(() => {
            document.activeElement.blur();
            window.getSelection().removeAllRanges();
        });
        await page.locator('.brand').focus();
        const expected = await page.evaluate(tabStops);
        assert.ok(expected.length >= (address === '/echo.html' ? 14 : 5), expected.join(', '));
        const seen = [];
        for (let i = 0; i < expected.length; i += 1) {
            if (i > 0) await page.keyboard.press('Tab');
            const { name, visible } = await page.evaluate(focusReport);
            seen.push(name);
            assert.ok(visible || i === 0, `the focus on ${name} cannot be seen`);
        }
        assert.deepEqual(seen, expected);
    }
});

test('keyboard: a whole exchange without a mouse', async ({ open }) => {
    const { page } = await open('/echo.html');
    const tabTo = (id) =>
        waitFor(id, async () => {
            await page.keyboard.press('Tab');
            return (await page.evaluate(focusReport)).name === id;
        });
    await tabTo('name');
    await page.keyboard.press('Enter');
    await withText(page.locator('#state'), 'Connected');
    await tabTo('text');
    await page.keyboard.type('first');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('second');
    await page.keyboard.press('Enter');
    const entry = page.locator('#log .entry.received').first();
    await withText(entry, 'equal');
    assert.equal(await entry.locator('.body').textContent(), 'first\nsecond');
    assert.equal((await page.evaluate(focusReport)).name, 'text', 'the focus stays for the next message');
    await tabTo('files');
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('Space')]);
    await chooser.setFiles({
        name: 'k.bin',
        mimeType: 'application/octet-stream',
        buffer: Buffer.from([1, 2, 3]),
    });
    await withText(page.locator('#log .entry.received').nth(1), /binary.*3 bytes.*equal/);
    await tabTo('toggle');
    await page.keyboard.press('Enter');
    await withText(page.locator('#state'), 'Closed · 1000');
    assert.equal((await page.evaluate(focusReport)).name, 'toggle', 'the focus stays on the button');
    await page.keyboard.press('Space');
    await withText(page.locator('#state'), 'Connected');
    await tabTo('clear');
    await page.keyboard.press('Space');
    assert.equal(await page.locator('#log .entry').count(), 0);
});

test('screen reader: every control has a name, events are announced', async ({ open }) => {
    for (const address of pages) {
        const { page, context } = await open(address);
        await fill(page);
        if (address === '/echo.html') await page.getByText('Close code and reason').click();
        const devtools = await context.newCDPSession(page);
        const { nodes } = await devtools.send('Accessibility.getFullAXTree');
        const controls = nodes.filter(
            (node) =>
                !node.ignored &&
                node.role?.value !== 'RootWebArea' &&
                node.properties?.some(({ name, value }) => name === 'focusable' && value.value),
        );
        const unnamed = controls.filter((node) => !node.name?.value.trim());
        assert.deepEqual(
            unnamed.map((node) => node.role.value),
            [],
        );
        assert.ok(controls.length >= (address === '/echo.html' ? 14 : 5), `${controls.length} controls`);
        // A placeholder gives a name too, but one that vanishes while a person types.
        const unlabelled = await page
            .locator('input, textarea')
            .evaluateAll((all) => all.filter((one) => one.labels.length === 0).map((one) => one.id));
        assert.deepEqual(unlabelled, [], 'fields without a label');
        assert.equal(await page.locator('html').getAttribute('lang'), 'en');
        assert.equal(await page.locator('h1').count(), 1);
        assert.equal(await page.locator('main').count(), 1);
    }
    const { page } = await open('/echo.html');
    assert.equal(await page.locator('#announcer').getAttribute('aria-live'), 'polite');
    await page.getByRole('button', { name: 'Connect' }).click();
    await withText(page.locator('#announcer'), /^Connected$/);
    await page.getByLabel('Text').fill('abc');
    await page.getByLabel('Text').press('Enter');
    await withText(page.locator('#announcer'), /^Received text, 3 bytes, .*equal$/);
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await withText(page.locator('#announcer'), /^Closed 1000 Normal closure/);
});

for (const colorScheme of ['light', 'dark']) {
    test(`eyes: ${colorScheme} colours have enough contrast, also under the mouse`, async ({ open }) => {
        const backgrounds = new Set();
        for (const address of pages) {
            // Without transitions, so that a colour is never measured on its way.
            const visitor = await open(address, { colorScheme, reducedMotion: 'reduce' });
            const { page } = visitor;
            const judge = async (minimum) => {
                const { texts, borders, low } = await page.evaluate(contrastReport);
                assert.deepEqual(low, []);
                assert.ok(texts >= minimum && borders >= 1, `${texts} texts, ${borders} borders`);
            };
            await judge(10);
            await fill(page);
            await judge(15);
            if (address === '/echo.html') {
                await fillWithErrors(visitor);
                await judge(40);
            }
            for (const control of await page
                .locator('a:visible, button:visible, summary:visible, .drop label')
                .all()) {
                await control.hover();
                assert.deepEqual((await control.evaluate(contrastReport)).low ?? [], []);
                assert.deepEqual((await page.evaluate(contrastReport)).low, []);
            }
            backgrounds.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
        }
        assert.equal(backgrounds.size, 1);
        const brightness = Math.max(...[...backgrounds][0].match(/\d+/g).slice(0, 3).map(Number));
        assert.equal(brightness > 128, colorScheme === 'light', [...backgrounds][0]);
    });
}

test('motion: nothing moves for those who asked for stillness', async ({ open }) => {
    for (const [reducedMotion, moves] of [
        ['reduce', false],
        ['no-preference', true],
    ]) {
        let answer;
        const held = new Promise((resolve) => {
            answer = resolve;
        });
        const { page } = await open('/echo.html', {
            reducedMotion,
            before: (blank) => blank.routeWebSocket(/\/echo$/, () => held),
        });
        await page.getByRole('button', { name: 'Connect' }).click();
        await withText(page.locator('#state'), 'Connecting…');
        assert.equal(await page.evaluate(() => document.getAnimations().length > 0), moves, reducedMotion);
        answer();
        await withText(page.locator('#state'), 'Connected');
    }
});

for (const width of [320, 390, 768, 1280]) {
    test(`width ${width}: nothing sticks out, nothing is cut`, async ({ open }) => {
        for (const address of pages) {
            const visitor = await open(address, { viewport: { width, height: 700 }, hasTouch: width < 768 });
            await fill(visitor.page, { long: true });
            assert.deepEqual(await visitor.page.evaluate(overflowReport), []);
            if (address === '/echo.html') {
                await fillWithErrors(visitor);
                assert.deepEqual(await visitor.page.evaluate(overflowReport), []);
            }
            const { count, small } = await visitor.page.evaluate(targetReport);
            assert.deepEqual(small, [], 'controls smaller than a finger');
            assert.ok(count >= 5);
        }
    });
}

const looks = [
    ['desktop-light', { colorScheme: 'light', viewport: { width: 1280, height: 860 } }],
    ['desktop-dark', { colorScheme: 'dark', viewport: { width: 1280, height: 860 } }],
    [
        'phone',
        { colorScheme: 'light', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true },
    ],
    [
        'phone-dark',
        { colorScheme: 'dark', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true },
    ],
];
for (const [look, options] of looks) {
    test(`screenshots: ${look}`, async ({ open, screenshots }) => {
        for (const address of pages) {
            const { page } = await open(address, options);
            await fill(page);
            const name = `${path.basename(address, '.html')}-${look}.png`;
            await page.screenshot({ path: path.join(screenshots, name), fullPage: look.startsWith('phone') });
        }
    });
}

module.exports = cases;
