// What is sent and what comes back. In: tools of run.js. Out: cases.
'use strict';

const assert = require('node:assert/strict');
const { waitFor } = require('./programs.js');
const { lastEntry, withText, connect, sendText, pattern, file, received, pretend } = require('./steps.js');

const cases = [];
const test = (name, run, more = {}) => cases.push({ name, run, ...more });

test('index: the server echo is shown as up', async ({ open }) => {
    const { page } = await open('/');
    await withText(page.locator('#echo-state'), /^Up$/);
    await withText(page.locator('#echo-detail'), /Answered in (< )?[\d.]+ ms/);
    await withText(page.locator('#outcome'), /./); // the check is over, or the next would not begin
    await page.getByRole('button', { name: 'Check again' }).click();
    await withText(page.locator('#outcome'), /./);
    await withText(page.locator('#echo-state'), /^Up$/);
});

test('index: every link leads to a page, every image is drawn', async ({ open, base }) => {
    const { page } = await open('/index.html');
    const links = await page.locator('a').evaluateAll((all) => all.map((link) => link.href));
    for (const name of ['echo', 'webchat', 'webauth', 'websql'])
        assert.ok(links.includes(`${base}/${name}.html`), name);
    // As a browser does: those behind the gate lead to the sign-in page.
    for (const link of new Set(links)) {
        const answer = await page.request.get(link, { headers: { Accept: 'text/html' } });
        assert.equal(answer.status(), 200, link);
        assert.match(answer.headers()['content-type'], /^text\/html/, link);
    }
    const icon = await page.locator('link[rel=icon]').evaluate((link) => link.href);
    assert.equal((await page.request.get(icon)).headers()['content-type'], 'image/svg+xml');
    assert.ok(
        await page
            .locator('img')
            .evaluateAll((all) => all.every((image) => image.complete && image.naturalWidth > 0)),
    );
});

test('echo: a text comes back with size, round trip and verdict', async ({ open }) => {
    const visitor = await open('/echo.html');
    await connect(visitor);
    const entry = await sendText(visitor, 'Hello, marmoset');
    assert.equal(await entry.locator('.body').textContent(), 'Hello, marmoset');
    await withText(entry, /text.*15 bytes.*[\d.]+ ms.*equal/);
    await withText(lastEntry(visitor.page, 'sent'), /text.*15 bytes/);
    await withText(visitor.page.locator('#stat-sent'), /^1$/);
    await withText(visitor.page.locator('#stat-received'), /^1$/);
    await withText(visitor.page.locator('#stat-trip'), /ms$/);
    await withText(visitor.page.locator('#stat-buffered'), /^0 bytes$/);
    assert.equal(await visitor.page.getByLabel('Text').inputValue(), '');
    assert.deepEqual(received(visitor), ['Hello, marmoset']);
});

test('echo: UTF-8 of one to four bytes, combining marks and NUL', async ({ open }) => {
    const visitor = await open('/echo.html');
    await connect(visitor);
    for (const text of ['Grüße, 世界, 🐒🌿', 'e\u0301 \u202eabc', 'a\u0000b', '👩‍🔬']) {
        const entry = await sendText(visitor, text);
        await withText(entry, 'equal');
        await withText(entry, `${Buffer.byteLength(text)} bytes`);
        assert.equal(await entry.locator('.body').textContent(), text);
    }
});

test('echo: HTML in a message stays text', async ({ open }) => {
    const visitor = await open('/echo.html');
    const { page } = visitor;
    await connect(visitor);
    const html =
        '<img src=x onerror="document.title=\'run\'"><script>document.title="run"</script><b>bold</b>';
    const entry = await sendText(visitor, html);
    assert.equal(await entry.locator('.body').textContent(), html);
    assert.equal(await page.locator('#log img, #log script, #log b').count(), 0);
    assert.equal(await page.title(), 'Echo · Marmoset');
});

test('echo: messages without a byte, text and binary', async ({ open }) => {
    const visitor = await open('/echo.html');
    await connect(visitor);
    await withText(await sendText(visitor, ''), /text.*0 bytes.*equal/);
    await visitor.page.locator('#files').setInputFiles(file('empty.bin', Buffer.alloc(0)));
    await withText(lastEntry(visitor.page, 'received'), /binary.*0 bytes.*equal/);
});

test('echo: a file of 1 MiB comes back equal, with its first bytes in hex', async ({ open }) => {
    const visitor = await open('/echo.html');
    await connect(visitor);
    const bytes = pattern(2 ** 20);
    await visitor.page.locator('#files').setInputFiles(file('pattern.bin', bytes));
    await withText(lastEntry(visitor.page, 'sent'), /binary.*1\.00 MiB \(1,048,576 bytes\).*pattern\.bin/);
    const entry = lastEntry(visitor.page, 'received');
    await withText(entry, /binary.*1,048,576 bytes.*ms.*equal/);
    const hex = await entry.locator('.body').textContent();
    assert.ok(
        hex.startsWith(
            bytes
                .subarray(0, 8)
                .toString('hex')
                .replace(/(..)(?!$)/g, '$1 '),
        ),
        hex,
    );
    assert.match(hex, /1,048,544 more$/);
    assert.equal(received(visitor).length, 1);
    assert.ok(bytes.equals(received(visitor)[0]), 'bytes on the wire');
    await withText(visitor.page.locator('#stat-buffered'), /^0 bytes$/);
});

test('echo: dropped files are sent in order, a text of 200,000 characters behind them', async ({ open }) => {
    const visitor = await open('/echo.html');
    const { page } = visitor;
    await connect(visitor);
    const transfer = await page.evaluateHandle(() => {
        const data = new DataTransfer();
        data.items.add(new File(['one'], 'one.txt'));
        data.items.add(new File([new Uint8Array(65536)], 'two.bin'));
        return data;
    });
    await page.locator('#drop').dispatchEvent('dragenter', { dataTransfer: transfer });
    assert.match(await page.locator('#drop').getAttribute('class'), /over/);
    await page.locator('#drop').dispatchEvent('drop', { dataTransfer: transfer });
    await page.locator('#log .entry.received').nth(1).waitFor();
    assert.doesNotMatch(await page.locator('#drop').getAttribute('class'), /over/);
    const entry = await sendText(visitor, 'ä'.repeat(200000));
    await withText(entry, /400,000 bytes.*equal/);
    await withText(entry, '198,000 more characters');
    assert.deepEqual(
        received(visitor).map((payload) => Buffer.byteLength(payload)),
        [3, 65536, 400000],
    );
});

test('echo: sending without a connection is refused in words', async ({ open }) => {
    const { page } = await open('/echo.html');
    await page.getByLabel('Text').fill('kept');
    await page.getByLabel('Text').press('Enter');
    await withText(page.locator('#message-error'), 'Connect first');
    assert.equal(await page.getByLabel('Text').inputValue(), 'kept');
    assert.equal(await page.locator('#log .entry').count(), 0);
});

test('echo: an answer that differs, a lost one and an unasked one are told apart', async ({ open }) => {
    const visitor = await open(
        '/echo.html',
        pretend((socket) => {
            socket.onMessage((message) => {
                if (message === 'swallow') return;
                if (message === 'change') socket.send('chance');
                else if (message === 'other') socket.send('<i>something else</i>');
                else if (message.toString() === 'bytes') socket.send(Buffer.from('bytez'));
                else if (message.toString() === 'whole') socket.send(Buffer.from('who'));
                else socket.send(message);
                if (message === 'twice') socket.send(message);
            });
        }),
    );
    const { page } = visitor;
    await connect(visitor);
    await withText(await sendText(visitor, 'change'), /differs at position 4/);
    await page.getByLabel('Text').fill('swallow');
    await page.getByLabel('Text').press('Enter');
    await withText(await sendText(visitor, 'fine'), /equal.*1 sent before it never came back/);
    await page.locator('#files').setInputFiles(file('five.bin', Buffer.from('bytes')));
    await withText(lastEntry(page, 'received'), /binary.*differs at position 4/);
    await sendText(visitor, 'twice');
    await withText(lastEntry(page, 'received'), 'from the server itself');
    const entry = await sendText(visitor, 'other');
    await withText(entry, 'not what was sent');
    assert.equal(await entry.locator('.body').textContent(), '<i>something else</i>');
    await page.locator('#files').setInputFiles(file('five.bin', Buffer.from('whole')));
    await withText(lastEntry(page, 'received'), /binary.*3 bytes.*not what was sent/);
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await withText(lastEntry(page, 'closed'), 'No echo of 2 sent before the end.');
});

test('echo: the log keeps 1,000 entries', async ({ open }) => {
    const visitor = await open(
        '/echo.html',
        pretend((socket) => {
            for (let i = 0; i < 1100; i += 1) socket.send(`number ${i}`);
        }),
    );
    const { page } = visitor;
    await connect(visitor);
    await withText(lastEntry(page, 'received'), 'number 1099');
    assert.equal(await page.locator('#log .entry').count(), 1000);
    await withText(page.locator('#log-dropped'), '101 older entries dropped');
    const atEnd = () =>
        page
            .locator('#log-scroll')
            .evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 24);
    await waitFor('the end of the log', atEnd); // it follows once a frame
});

for (const secure of [true, false]) {
    test(`echo: the log can be copied and cleared, ${secure ? 'with' : 'without'} the clipboard API`, async ({
        open,
    }) => {
        const visitor = await open('/echo.html', {
            permissions: ['clipboard-read', 'clipboard-write'],
            // Pages of plain http from another machine have no navigator.clipboard.
            before: async (page) => {
                if (!secure) await page.addInitScript('delete Navigator.prototype.clipboard');
                // What the button says does not stay long.
                await page.addInitScript(() => {
                    window.copySaid = [];
                    document.addEventListener('DOMContentLoaded', () => {
                        const copy = document.getElementById('copy');
                        new MutationObserver(() => window.copySaid.push(copy.textContent.trim())).observe(copy, {
                            childList: true,
                            subtree: true,
                            characterData: true,
                        });
                    });
                });
            },
        });
        const { page } = visitor;
        await connect(visitor);
        await sendText(visitor, 'two\nlines');
        await page.getByRole('button', { name: 'Copy log' }).click();
        await page.waitForFunction(() => window.copySaid.some((words) => words.startsWith('Copied')));
        await page.getByLabel('Text').focus();
        await page.keyboard.press('Control+V');
        const copied = await waitFor('the pasted log', () => page.getByLabel('Text').inputValue());
        assert.match(copied, /^\d\d:\d\d:\d\d\.\d{3} Connected · [^\n]+\n {4}ws:\/\/[^\n]+\/echo\n/);
        assert.match(copied, /\n\d\d:\d\d:\d\d\.\d{3} → Sent · text · 9 bytes\n {4}two\n {4}lines\n/);
        assert.match(copied, /← Received · text · 9 bytes · (< )?[\d.]+ ms · ✓ equal\n {4}two\n {4}lines\n$/);
        await page.getByRole('button', { name: 'Clear log' }).click();
        assert.equal(await page.locator('#log .entry').count(), 0);
        await page.locator('#log-empty').waitFor();
        await withText(page.locator('#stat-sent'), /^0$/);
    });
}

test('echo: what was sent is not kept for ever where no answer comes', async ({ open }) => {
    const { page } = await open('/echo.html');
    const seen = await page.evaluate(async () => {
        const { EchoCheck } = await import('/js/echo_check.js');
        const check = new EchoCheck();
        const limits = { bytes: 10, messages: 4 };
        for (const text of ['aaaa', 'bbbb', 'cccc', 'd', 'e', 'f']) check.sent(text, 0, limits);
        return [check.waiting, check.received('aaaa', 1), check.received('f', 1), check.waiting];
    });
    assert.deepEqual(seen, [
        6,
        { verdict: 'unasked', lost: 0 },
        { verdict: 'equal', trip: 1, lost: 4 },
        0,
    ]);
});

module.exports = cases;
