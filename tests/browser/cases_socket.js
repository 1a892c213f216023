// www/js/websocket.js and session.js by themselves, in a page of this server and against its servers. In: tools of run.js. Out: cases.
'use strict';

const assert = require('node:assert/strict');
const { waitFor } = require('./programs.js');
const { handshakeComplaint } = require('./steps.js');

const cases = [];
const test = (name, run, more = {}) => cases.push({ name, run, ...more });

/** A socket of the page's module, whose states and messages are written down in window.seen. */
const begin = ({ name, options = {} }) =>
    import('/js/websocket.js').then(({ ReconnectingSocket }) => {
        const url = `${location.origin.replace('http', 'ws')}/${name}`;
        window.seen = { states: [], messages: [], details: [] };
        window.socket = new ReconnectingSocket(url, { first: 50, cap: 200, ...options });
        window.socket.addEventListener('state', ({ detail }) => {
            window.seen.states.push(detail.state);
            window.seen.details.push(detail);
        });
        window.socket.addEventListener('message', ({ data }) => window.seen.messages.push(data));
        window.socket.connect();
    });

const state = (page) => page.evaluate('window.socket.state');
const isOpen = (page) => waitFor('the socket', async () => (await state(page)) === 'open');

test('websocket.js: the back-off doubles up to its cap, and half of it is chance', async ({ open }) => {
    const { page } = await open('/echo.html');
    const [low, high, half] = await page.evaluate(async () => {
        const { backOff } = await import('/js/websocket.js');
        return [0, 1, 0.5].map((chance) =>
            [0, 1, 2, 5, 6, 7, 100, 5000].map((attempt) => backOff(attempt, { random: () => chance })),
        );
    });
    assert.deepEqual(low, [250, 500, 1000, 8000, 15000, 15000, 15000, 15000]);
    assert.deepEqual(high, [500, 1000, 2000, 16000, 30000, 30000, 30000, 30000]);
    assert.deepEqual(half, [375, 750, 1500, 12000, 22500, 22500, 22500, 22500]);
    const spread = await page.evaluate(async () => {
        const { backOff } = await import('/js/websocket.js');
        return new Set(Array.from({ length: 50 }, () => backOff(4))).size;
    });
    assert.ok(spread > 10, `${spread} different ones of 50`);
});

test('websocket.js: what a code means for who wants to stay', async ({ open }) => {
    const { page } = await open('/echo.html');
    const meanings = await page.evaluate(async () => {
        const { followUp } = await import('/js/close_codes.js');
        return [1000, 1001, 1002, 1005, 1006, 1008, 1009, 1011, 1012, 1013, 4000].map(followUp);
    });
    assert.deepEqual(meanings, [
        'stop',
        'retry',
        'stop',
        'retry',
        'retry',
        'ask',
        'retry',
        'retry',
        'retry',
        'later',
        'stop',
    ]);
});

test('websocket.js: exchanges text and bytes, closes for good', async ({ open }) => {
    const { page } = await open('/echo.html');
    await page.evaluate(begin, { name: 'echo' });
    await isOpen(page);
    const sent = await page.evaluate(() => [
        window.socket.send('text'),
        window.socket.send(new Uint8Array([1, 2, 3])),
    ]);
    assert.deepEqual(sent, [true, true]);
    await waitFor('both answers', async () => (await page.evaluate('window.seen.messages.length')) === 2);
    assert.deepEqual(
        await page.evaluate(() =>
            window.seen.messages.map((one) => (typeof one === 'string' ? one : one.byteLength)),
        ),
        ['text', 3],
    );
    await page.evaluate(() => window.socket.close(4000, 'enough'));
    await waitFor('the end', async () => (await state(page)) === 'closed');
    assert.equal(await page.evaluate(() => window.socket.send('late')), false);
    assert.deepEqual(await page.evaluate('window.seen.states'), ['connecting', 'open', 'closing', 'closed']);
    const { code, reason } = await page.evaluate('window.seen.details.at(-1)');
    assert.deepEqual([code, reason], [4000, 'enough']);
    await page.evaluate(() => window.socket.connect());
    await isOpen(page);
});

test(
    'websocket.js: a server that is killed is found again when it is back, and nothing is sent twice',
    async ({ open, startServers, stopServers }) => {
        const servers = await startServers();
        const visitor = await open('/echo.html', {}, servers.base);
        const { page } = visitor;
        visitor.expect(handshakeComplaint);
        await page.evaluate(begin, { name: 'echo' });
        await isOpen(page);
        await page.evaluate(() => window.socket.send('before'));
        await waitFor('the echo', async () => (await page.evaluate('window.seen.messages.length')) === 1);
        await servers.stopProgram('echo', 'SIGKILL');
        await waitFor(
            'three attempts',
            async () =>
                (await page.evaluate(() => window.seen.states.filter((one) => one === 'connecting').length)) >
                3,
        );
        assert.equal(await page.evaluate(() => window.socket.send('into the void')), false);
        const lost = await page.evaluate(() => window.seen.details.find((one) => one.state === 'waiting'));
        assert.ok([1001, 1006, 1012].includes(lost.code), String(lost.code));
        assert.ok(lost.words && lost.retryAt > 0, JSON.stringify(lost));
        servers.startProgram('echo');
        await isOpen(page);
        assert.equal(await page.evaluate('window.seen.details.at(-1).again'), true);
        await page.evaluate(() => window.socket.send('after'));
        await waitFor('the echo', async () => (await page.evaluate('window.seen.messages.length')) === 2);
        assert.deepEqual(await page.evaluate('window.seen.messages'), ['before', 'after']);
        await stopServers(servers);
    },
    { stops: true },
);

test('websocket.js: «online», and a window that is looked at again, end the wait', async ({ open }) => {
    for (const wake of [
        'window.dispatchEvent(new Event("online"))',
        'document.dispatchEvent(new Event("visibilitychange"))',
    ]) {
        let attempts = 0;
        const { page } = await open('/echo.html', {
            before: (blank) =>
                blank.routeWebSocket(/\/echo$/, (socket) => {
                    attempts += 1;
                    if (attempts === 1) socket.close({ code: 1012 });
                }),
        });
        await page.evaluate(begin, { name: 'echo', options: { first: 600000, cap: 600000 } });
        await waitFor('the wait', async () => (await state(page)) === 'waiting');
        await page.evaluate(wake);
        await isOpen(page);
        assert.equal(attempts, 2);
    }
});

test('websocket.js: 1013 waits longer, 1000 and 1008 end it', async ({ open }) => {
    for (const [code, expected] of [
        [1013, 'waiting'],
        [1000, 'refused'],
        [1008, 'refused'],
    ]) {
        const { page } = await open('/echo.html', {
            before: (blank) =>
                blank.routeWebSocket(/\/echo$/, (socket) => socket.close({ code, reason: 'because' })),
        });
        await page.evaluate(begin, { name: 'echo' });
        await waitFor(`what follows ${code}`, async () => ['waiting', 'refused'].includes(await state(page)));
        const last = await page.evaluate(() => ({
            ...window.seen.details.at(-1),
            wait: window.socket && window.seen.details.at(-1).retryAt - performance.now(),
        }));
        assert.deepEqual([last.state, last.code, last.reason], [expected, code, 'because']);
        if (code === 1013) assert.ok(last.wait > 1000, `${last.wait} ms`);
    }
});

test(
    'websocket.js: a handshake that fails is followed by the question whether there is a session',
    async ({ open }) => {
        const visitor = await open('/echo.html');
        const { page } = visitor;
        visitor.expect(handshakeComplaint);
        visitor.expect(/401/);
        // Behind the gate of this server, and nobody is signed in.
        await page.evaluate(async () => {
            const { ReconnectingSocket } = await import('/js/websocket.js');
            const { admission } = await import('/js/session.js');
            const url = `${location.origin.replace('http', 'ws')}/sqlrpc`;
            window.socket = new ReconnectingSocket(url, {
                admitted: admission('/sqlrpc', { forUsers: true }),
            });
            window.socket.connect();
        });
        await waitFor('the refusal', async () => (await state(page)) === 'refused');
    },
    { signsIn: true },
);

test('websocket.js: connect() ends a wait, follows close() and goes to another address', async ({ open }) => {
    let attempts = 0;
    const { page } = await open('/echo.html', {
        before: (blank) =>
            blank.routeWebSocket(/\/echo(\/\w+)?$/, (socket) => {
                attempts += 1;
                if (attempts === 1) socket.close({ code: 1012 });
                else socket.onMessage((text) => socket.send(`${new URL(socket.url()).pathname} ${text}`));
            }),
    });
    const answer = async (text) => {
        assert.equal(await page.evaluate((one) => window.socket.send(one), text), true);
        return waitFor('the answer', () => page.evaluate(() => window.seen.messages.shift()));
    };
    await page.evaluate(begin, { name: 'echo', options: { first: 2000, cap: 2000 } });
    await waitFor('the wait', async () => (await state(page)) === 'waiting');
    const due = await page.evaluate('window.seen.details.at(-1).retryAt');
    await page.evaluate(() => window.socket.connect());
    await isOpen(page);
    // Past the moment in which the wait would have ended, which was asked for before this timer.
    await page.evaluate(
        (until) =>
            new Promise((resolve) => {
                setTimeout(resolve, Math.max(0, until - performance.now()) + 50);
            }),
        due,
    );
    assert.equal(await state(page), 'open');
    assert.equal(attempts, 2);

    await page.evaluate(() => {
        window.socket.close();
        window.socket.connect();
    });
    await isOpen(page);
    assert.equal(await answer('a'), '/echo a');
    assert.equal(attempts, 3);

    // While an attempt still waits for what it is to offer.
    await page.evaluate(() => window.socket.close());
    await waitFor('the end', async () => (await state(page)) === 'closed');
    await page.evaluate(async () => {
        const { ReconnectingSocket } = await import('/js/websocket.js');
        const gates = [];
        const base = window.socket.url;
        window.socket = new ReconnectingSocket(base, {
            protocols: () => new Promise((resolve) => gates.push(resolve)),
        });
        window.socket.addEventListener('message', ({ data }) => window.seen.messages.push(data));
        window.socket.connect();
        window.socket.connect(`${base}/other`);
        for (const open of gates) open([]);
    });
    await isOpen(page);
    assert.equal(await answer('b'), '/echo/other b');
    assert.equal(attempts, 4);
});

module.exports = cases;
