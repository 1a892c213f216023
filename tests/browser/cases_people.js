// Whether everybody can use the pages: keyboard, screen reader, phone, eyes; and what the pages must not do.
// In: tools of run.js. Out: cases.
'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { contrastReport, focusReport, overflowReport, tabStops, targetReport } = require('./page_checks.js');
const { pages } = require('./page_states.js');
const { waitFor } = require('./programs.js');
const { withText } = require('./steps.js');

const cases = [];
const test = (name, run, more = {}) => cases.push({ name, run, ...more });

/** Screenshots of what a case looks at anyway: for the eyes of people. */
const shoot = ({ screenshots }, page, name, look, more) =>
    page.screenshot({ path: path.join(screenshots, `${name}-${look}.png`), ...more });

const nameOf = ({ address }) => path.basename(address.split('#')[0], '.html');

/** A case for each page: run(tools, state, visit) with what visit(options) opens. */
function testPages(name, run) {
    for (const state of pages) {
        test(
            `${name}: ${nameOf(state)}`,
            async (tools) => {
                const visit = async (options = {}) => {
                    const session = state.signsIn ? await tools.servers.session() : undefined;
                    return tools.open(state.address, { session, ...options });
                };
                await run(tools, state, visit);
            },
            { signsIn: state.signsIn },
        );
    }
}

testPages('policy: the page carries it, and it stops what it must', async (tools, state, visit) => {
    const visitor = await visit();
    const { page } = visitor;
    await state.fill(visitor, tools);
    const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
    assert.match(policy, /^default-src 'self'/);
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
    // Once for the policy of the page, and once for the one of the server, where there is one.
    for (const kind of [/^connect-src: http:\/\/other\.invalid/, /^script-src-elem: inline/]) {
        visitor.expect(kind);
        await waitFor(`a violation ${kind}`, () => visitor.violations.some((one) => kind.test(one)));
    }
    assert.equal(await page.evaluate('window.injected'), undefined);
    visitor.expect(/Content Security Policy/);
    visitor.expect(/other\.invalid/);
    visitor.requests = visitor.requests.filter((url) => !url.includes('other.invalid'));
});

testPages(
    'keyboard: Tab reaches every control in order and the focus is seen',
    async (tools, state, visit) => {
        const visitor = await visit();
        const { page } = visitor;
        await state.fill(visitor, tools);
        if (state.address === '/echo.html') await page.getByText('Close code and reason').click();
        await page.evaluate(() => {
            document.activeElement.blur();
            window.getSelection().removeAllRanges();
        });
        await page.locator('a, input').first().focus();
        const expected = await page.evaluate(tabStops);
        assert.ok(expected.length >= state.stops, expected.join(', '));
        const seen = [];
        for (let i = 0; i < expected.length; i += 1) {
            if (i > 0) await page.keyboard.press('Tab');
            const { name, visible } = await page.evaluate(focusReport);
            seen.push(name);
            assert.ok(visible || i === 0, `the focus on ${name} cannot be seen`);
        }
        assert.deepEqual(seen, expected);
    },
);

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

async function judgeTables(page) {
    const tables = await page
        .locator('table:visible')
        .evaluateAll((all) =>
            all.map((table) => [
                Boolean(table.caption || table.getAttribute('aria-labelledby')),
                [...table.tHead.rows[0].cells].every(
                    (cell) => cell.scope === 'col' && cell.textContent.trim(),
                ),
                table.querySelectorAll('th[aria-sort]').length > 0,
            ]),
        );
    for (const facts of tables) assert.deepEqual(facts, [true, true, true], 'a name, headings, the order');
}

testPages('screen reader: every control has a name, tables have headings', async (tools, state, visit) => {
    const visitor = await visit();
    const { page, context } = visitor;
    await state.fill(visitor, tools);
    const devtools = await context.newCDPSession(page);
    const judge = async () => {
        const { nodes } = await devtools.send('Accessibility.getFullAXTree');
        const controls = nodes.filter(
            (node) =>
                !node.ignored &&
                node.role?.value !== 'RootWebArea' &&
                node.properties?.some(({ name, value }) => name === 'focusable' && value.value),
        );
        // A cell's name is what it holds, which may be an empty text.
        const unnamed = controls.filter((node) => !node.name?.value.trim() && node.role.value !== 'gridcell');
        assert.deepEqual(
            unnamed.map((node) => node.role.value),
            [],
        );
        return controls.length;
    };
    const controls = await judge();
    assert.ok(controls >= state.stops, `${controls} controls`);
    await judgeTables(page);
    // A placeholder gives a name too, but one that vanishes while a person types.
    const unlabelled = await page
        .locator('input, select, textarea')
        .evaluateAll((all) =>
            all
                .filter((one) => one.type !== 'hidden' && one.labels.length === 0 && !one.ariaLabel)
                .map((one) => one.id),
        );
    assert.deepEqual(unlabelled, [], 'fields without a label');
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    assert.equal(await page.locator('h1').count(), 1);
    assert.equal(await page.locator('main').count(), 1);
    if (state.fail) {
        await state.fail(visitor, tools);
        await judge();
    }
    // Whatever is a button to the eye is one to the ear: nothing else takes clicks.
    assert.equal(await page.locator('[onclick], div[tabindex="0"]:not([role])').count(), 0);
    for (const [opener, closer] of state.dialogs ?? []) {
        await page.getByRole('button', { name: opener }).first().click();
        const dialog = page.getByRole('dialog');
        assert.ok(
            (
                await dialog.evaluate(
                    (one) => document.getElementById(one.getAttribute('aria-labelledby')).textContent,
                )
            ).trim(),
        );
        await judge();
        await dialog.getByRole('button', { name: closer }).click();
        const focused = await page.evaluate('document.activeElement.textContent');
        assert.match(focused, new RegExp(`^${opener.split(' ')[0]}`), 'the focus is back on what opened it');
    }
});

test('screen reader: what happens is announced', async ({ open }) => {
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
    testPages(
        `eyes: ${colorScheme} colours have enough contrast, also under the mouse`,
        async (tools, state, visit) => {
            // Without transitions, so that a colour is never measured on its way.
            const visitor = await visit({ colorScheme, reducedMotion: 'reduce' });
            const { page } = visitor;
            const judge = async (minimum) => {
                const { texts, low } = await page.evaluate(contrastReport);
                assert.deepEqual(low, []);
                assert.ok(texts >= minimum, `${texts} texts`);
            };
            await judge(5);
            await state.fill(visitor, tools);
            if (colorScheme === 'dark') await shoot(tools, page, nameOf(state), 'desktop-dark');
            await judge(state.texts);
            if (state.fail) {
                await state.fail(visitor, tools);
                await judge(5);
            }
            // One of each kind: those of a kind have the same colours.
            const kinds = new Set();
            for (const control of await page
                .locator('a:visible, button:visible, summary:visible, .drop label:visible')
                .all()) {
                const kind = await control.evaluate(
                    (one) =>
                        `${one.parentElement.className} ${one.className} ${one.getAttribute('aria-disabled')} ${one.getAttribute('aria-current')}`,
                );
                if (kinds.has(kind)) continue;
                kinds.add(kind);
                await control.hover();
                assert.deepEqual((await page.evaluate(contrastReport)).low, []);
            }
            for (const [opener, closer] of state.dialogs ?? []) {
                await page.getByRole('button', { name: opener }).first().click();
                await judge(5);
                await page.getByRole('dialog').getByRole('button', { name: closer }).click();
            }
            const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
            const brightness = Math.max(...background.match(/\d+/g).slice(0, 3).map(Number));
            assert.equal(brightness > 128, colorScheme === 'light', background);
        },
    );
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

for (const [width, options, look] of [
    [320, { colorScheme: 'dark', hasTouch: true, deviceScaleFactor: 2 }, 'phone-dark'],
    [360, { colorScheme: 'light', hasTouch: true, deviceScaleFactor: 2 }, 'phone'],
    [768, { colorScheme: 'light' }, 'tablet'],
    [1280, { colorScheme: 'light' }, 'desktop-light'],
]) {
    testPages(`width ${width}: nothing sticks out, nothing is cut`, async (tools, state, visit) => {
        const visitor = await visit({ viewport: { width, height: width < 768 ? 780 : 860 }, ...options });
        const { page } = visitor;
        const judge = async () => {
            assert.deepEqual(await page.evaluate(overflowReport), []);
            const { count, small } = await page.evaluate(targetReport);
            assert.deepEqual(small, [], 'controls smaller than a finger');
            assert.ok(count >= 4);
        };
        await state.fill(visitor, tools);
        await shoot(tools, page, nameOf(state), look, { fullPage: look.startsWith('phone') });
        if (state.lengthen) await state.lengthen(visitor);
        await judge();
        if (state.fail) {
            await state.fail(visitor, tools);
            await shoot(tools, page, `${nameOf(state)}-errors`, look, { fullPage: look.startsWith('phone') });
        }
        await judge();
        for (const [opener, closer] of state.dialogs ?? []) {
            await page.getByRole('button', { name: opener }).first().click();
            await judge();
            await page.getByRole('dialog').getByRole('button', { name: closer }).click();
        }
    });
}

module.exports = cases;
