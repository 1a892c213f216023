// How a connection begins and how it ends. In: tools of run.js. Out: cases.
'use strict';

const assert = require('node:assert/strict');
const { handshakeComplaint, lastEntry, withText, connect, sendText, pretend } = require('./steps.js');

const cases = [];
const test = (name, run, more = {}) => cases.push({ name, run, ...more });

test(
    'index: a stopped server is shown as down, a started one as up again',
    async ({ open, startServers, stopServers }) => {
        const servers = await startServers();
        const visitor = await open('/', {}, servers.base);
        const { page } = visitor;
        await withText(page.locator('#echo-state'), /^Up$/);
        await withText(page.locator('#outcome'), /^Echo, Chat: up/); // the check is over, or the next would not begin
        visitor.expect(handshakeComplaint);
        await servers.stopProgram('echo');
        await page.getByRole('button', { name: 'Check again' }).click();
        await withText(page.locator('#echo-state'), /^Down$/);
        await withText(page.locator('#outcome'), /^Echo: down; /);
        await withText(page.locator('#echo-detail'), 'could not be opened');
        servers.startProgram('echo');
        await servers.isUp('echo');
        await page.getByRole('button', { name: 'Check again' }).click();
        await withText(page.locator('#echo-state'), /^Up$/);
        await stopServers(servers);
    },
    { stops: true },
);

test('echo: connects to the server of the page and says so', async ({ open, base }) => {
    const visitor = await open('/echo.html');
    const { page } = visitor;
    await withText(page.locator('#url'), `${base.replace('http', 'ws')}/echo`);
    await connect(visitor);
    assert.deepEqual(
        visitor.requests.filter((url) => url.startsWith('ws')),
        [`${base.replace('http', 'ws')}/echo`],
    );
    await withText(lastEntry(page, 'open'), /Connected.*ms/);
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await withText(lastEntry(page, 'closed'), /Closed 1000 Normal closure.*clean/);
    await withText(page.locator('#state'), 'Closed · 1000');
    await page.getByRole('button', { name: 'Connect' }).click();
    await withText(page.locator('#state'), 'Connected');
});

test('echo: closes with the code and reason a person chose', async ({ open }) => {
    const visitor = await open('/echo.html');
    const { page } = visitor;
    await connect(visitor);
    await page.getByText('Close code and reason').click();
    for (const [code, reason, words] of [
        ['1001', '', /1000 or 3000 to 4999/],
        ['5000', '', /1000 or 3000 to 4999/],
        ['abc', '', /1000 or 3000 to 4999/],
        ['4001', 'ü'.repeat(62), /124 bytes; 123/],
    ]) {
        await page.getByLabel('Code', { exact: true }).fill(code);
        await page.getByLabel('Reason').fill(reason);
        await page.getByRole('button', { name: 'Disconnect' }).click();
        await withText(page.locator('#connection-error'), words);
    }
    await withText(page.locator('#state'), 'Connected');
    await page.getByLabel('Code', { exact: true }).fill('4001');
    await page.getByLabel('Reason').fill('enough <b>now</b>');
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await withText(lastEntry(page, 'closed'), /Closed 4001 Private code.*clean/);
    await withText(page.locator('#state'), 'Closed · 4001');
});

test('echo: a name nobody listens to is explained', async ({ open }) => {
    const visitor = await open('/echo.html');
    const { page } = visitor;
    visitor.expect(handshakeComplaint);
    await page.getByLabel('Server name').fill('nobody-here');
    await page.getByLabel('Server name').press('Enter');
    await withText(page.locator('#state'), 'Failed');
    await withText(page.locator('#connection-error'), /never open: no server of this name is listening/);
    await withText(lastEntry(page, 'bad'), /Not connected.*code 1006/);
    await page.getByLabel('Server name').fill('a#b');
    await page.getByRole('button', { name: 'Connect' }).click();
    await withText(page.locator('#connection-error'), 'cannot hold "#"');
    await page.getByLabel('Server name').fill('/echo');
    await connect(visitor);
    assert.equal(await page.locator('#connection-error').isVisible(), false);
});

for (const [signal, how] of [
    ['SIGTERM', 'stopped'],
    ['SIGKILL', 'killed'],
]) {
    test(
        `echo: a server that is ${how} closes with code and words`,
        async ({ open, startServers, stopServers }) => {
            const servers = await startServers();
            const visitor = await open('/echo.html', {}, servers.base);
            const { page } = visitor;
            await connect(visitor);
            await sendText(visitor, 'before');
            await servers.stopProgram('echo', signal);
            const entry = page.locator('#log .entry').last();
            await withText(
                entry,
                /Closed (1001 Going away|1006 Abnormal closure|1012 Service restart).*clean.*\w+ \w+/s,
            );
            await withText(page.locator('#state'), /Closed · 10(01|06|12)/);
            visitor.expect(handshakeComplaint);
            await page.getByRole('button', { name: 'Connect' }).click();
            await withText(page.locator('#state'), 'Failed');
            servers.startProgram('echo');
            await servers.isUp('echo');
            await connect(visitor);
            await withText(await sendText(visitor, 'after'), 'equal');
            await stopServers(servers);
        },
        { stops: true },
    );
}

test(
    'echo: a gateway that stops takes its leave',
    async ({ open, startServers, stopServers }) => {
        const servers = await startServers();
        const visitor = await open('/echo.html', {}, servers.base);
        await connect(visitor);
        await Promise.all([
            servers.gateway.stop(),
            withText(
                visitor.page.locator('#log .entry').last(),
                /Closed (1001 Going away|1006 Abnormal closure)/,
            ),
        ]);
        await stopServers(servers);
    },
    { stops: true },
);

test('echo: close codes are explained, the reason is text', async ({ open }) => {
    let peer;
    const visitor = await open(
        '/echo.html',
        pretend((socket) => {
            peer = socket;
        }),
    );
    for (const [code, words] of [
        [1001, 'Going away'],
        [1008, 'Policy violation'],
        [1009, 'larger than the server accepts'],
        [1011, 'Internal error'],
        [1012, 'Service restart'],
        [1013, 'Try again later'],
        [3999, 'Library code'],
        [4000, 'Private code'],
    ]) {
        await connect(visitor);
        peer.close({ code, reason: `because <b>${code}</b>` });
        const entry = visitor.page.locator('#log .entry').last();
        await withText(entry, `Closed ${code}`);
        await withText(entry, words);
        await withText(entry, `Reason: because <b>${code}</b>`);
    }
    assert.equal(await visitor.page.locator('#log b').count(), 0);
});

// A name of a subprotocol may be that of a server, so the gate wants to know who offers one that is not open to all.
test(
    'echo: offered subprotocols are passed on, the chosen one is shown',
    async ({ open, servers }) => {
        const visitor = await open('/echo.html', {
            session: await servers.session(),
            before: (page) =>
                page.addInitScript(() => {
                    window.offered = [];
                    window.WebSocket = class extends WebSocket {
                        constructor(url, protocols) {
                            window.offered.push([...protocols]);
                            super(url);
                        }

                        get protocol() {
                            return 'chat.v2';
                        }
                    };
                }),
        });
        const { page } = visitor;
        await page.getByLabel('Subprotocol').fill(' chat.v2, chat.v1 ,');
        await connect(visitor);
        assert.deepEqual(await page.evaluate('offered'), [['chat.v2', 'chat.v1']]);
        await withText(lastEntry(page, 'open'), 'subprotocol chat.v2');
    },
    { signsIn: true },
);

test('echo: a subprotocol that is no token is refused in words', async ({ open }) => {
    const { page } = await open('/echo.html');
    await page.getByLabel('Subprotocol').fill('a b');
    await page.getByRole('button', { name: 'Connect' }).click();
    await withText(page.locator('#connection-error'), 'subprotocol is not valid');
    await withText(page.locator('#state'), 'Not connected');
});

test('echo: opening can be cancelled', async ({ open }) => {
    let answer;
    const held = new Promise((resolve) => {
        answer = resolve;
    });
    const visitor = await open(
        '/echo.html',
        pretend(() => held),
    );
    const { page } = visitor;
    visitor.expect(handshakeComplaint);
    await page.getByRole('button', { name: 'Connect' }).click();
    await withText(page.locator('#state'), 'Connecting…');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await withText(page.locator('#state'), 'Not connected');
    await withText(lastEntry(page, 'closed'), 'Cancelled before the connection was open.');
    answer();
});

module.exports = cases;
