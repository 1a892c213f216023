// www/js/jsonrpc.js by itself, in a page of this server and against websocket_jsonrpc. In: tools of run.js. Out: cases.
'use strict';

const assert = require('node:assert/strict');
const { waitFor } = require('./programs.js');
const { handshakeComplaint } = require('./steps.js');

const cases = [];
const test = (name, run, more = {}) => cases.push({ name, run, ...more });

const isOpen = (page) =>
    waitFor('the socket', async () => (await page.evaluate('window.socket.state')) === 'open');

test('jsonrpc.js: without a connection a call is refused at once, and its answer is never awaited', async ({
    open,
}) => {
    const { page } = await open('/echo.html');
    const failed = await page.evaluate(async () => {
        const [{ ReconnectingSocket }, { JsonRpc }] = await Promise.all([
            import('/js/websocket.js'),
            import('/js/jsonrpc.js'),
        ]);
        const rpc = new JsonRpc(new ReconnectingSocket(`${location.origin.replace('http', 'ws')}/echo`));
        const error = await rpc.call('anything').catch((reason) => reason);
        return { name: error.name, sent: error.sent, pending: rpc.pending, notified: rpc.notify('x') };
    });
    assert.deepEqual(failed, { name: 'ConnectionLost', sent: false, pending: 0, notified: false });
});

/** A page whose /echo is a JSON-RPC server of this function: (call, socket) => answer or nothing. */
const rpcPage = (open, serve) =>
    open('/echo.html', {
        before: (blank) =>
            blank.routeWebSocket(/\/echo$/, (socket) => {
                socket.onMessage((text) => serve(JSON.parse(text), socket));
            }),
    });
const beginRpc = () =>
    Promise.all([import('/js/websocket.js'), import('/js/jsonrpc.js')]).then(
        ([{ ReconnectingSocket }, { JsonRpc }]) =>
            new Promise((resolve) => {
                const socket = new ReconnectingSocket(`${location.origin.replace('http', 'ws')}/echo`, {
                    first: 20,
                    cap: 20,
                });
                window.rpc = new JsonRpc(socket, { timeout: 300000 });
                window.events = [];
                window.rpc.addEventListener('notification', ({ detail }) => window.events.push(detail));
                window.rpc.addEventListener('fault', ({ detail }) => window.events.push(detail));
                socket.addEventListener('state', ({ detail }) => detail.state === 'open' && resolve());
                socket.connect();
            }),
    );

test('jsonrpc.js: answers find their calls in any order; batches, notifications, faults', async ({
    open,
}) => {
    const held = [];
    const { page } = await rpcPage(open, (message, socket) => {
        if (Array.isArray(message)) {
            const answers = message
                .filter(({ id }) => id !== undefined)
                .map(({ id, method }) =>
                    method === 'bad'
                        ? {
                              jsonrpc: '2.0',
                              id,
                              error: { code: -32601, message: 'no such method', data: [1] },
                          }
                        : { jsonrpc: '2.0', id, result: method },
                );
            socket.send(JSON.stringify(answers.reverse()));
        } else if (message.method === 'hold') {
            held.push(message);
            if (held.length === 2)
                for (const { id, params } of held.reverse())
                    socket.send(`${JSON.stringify({ jsonrpc: '2.0', id, result: params })}\0`);
        } else if (message.method === 'poke') {
            socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'news', params: { n: 1 } }));
            socket.send('this is no JSON');
            socket.send('17');
            socket.send(JSON.stringify({ jsonrpc: '2.0', id: 99999, result: 'nobody asked' }));
            socket.send(
                JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'parse error' } }),
            );
        }
    });
    await page.evaluate(beginRpc);
    assert.deepEqual(
        await page.evaluate(() =>
            Promise.all([window.rpc.call('hold', { a: 1 }), window.rpc.call('hold', [2])]),
        ),
        [{ a: 1 }, [2]],
    );
    const settled = await page.evaluate(async () => {
        const all = await window.rpc.batch([
            { method: 'one' },
            { method: 'told', notification: true },
            { method: 'bad' },
            { method: 'two' },
        ]);
        return all.map(({ status, value, reason }) => [
            status,
            value ?? [reason.name, reason.code, reason.message, reason.data],
        ]);
    });
    assert.deepEqual(settled, [
        ['fulfilled', 'one'],
        ['rejected', ['RpcError', -32601, 'no such method', [1]]],
        ['fulfilled', 'two'],
    ]);
    assert.equal(await page.evaluate(() => window.rpc.notify('poke')), true);
    const events = await waitFor('what the server tells', async () => {
        const all = await page.evaluate('window.events');
        return all.length === 4 && all;
    });
    assert.deepEqual(events[0], { method: 'news', params: { n: 1 } });
    assert.match(events.slice(1).join('|'), /not JSON\.\|.*not JSON-RPC\.\|.*parse error/);
    assert.equal(await page.evaluate('window.rpc.pending'), 0);
});

test('jsonrpc.js: a call that is not answered in time, and calls whose connection ends', async ({ open }) => {
    let peer;
    const { page } = await rpcPage(open, (message, socket) => {
        peer = socket;
    });
    await page.evaluate(beginRpc);
    const late = await page.evaluate(() =>
        window.rpc.call('slow', {}, { timeout: 1 }).catch(({ name, message }) => [name, message]),
    );
    assert.deepEqual(late, ['RpcTimeout', 'slow: no answer within 0.001 s']);
    await page.evaluate(() => {
        const told = ({ name, sent }) => [name, sent];
        window.lost = Promise.all([
            window.rpc.call('a').catch(told),
            window.rpc.batch([{ method: 'b' }]).then(([{ reason }]) => told(reason)),
        ]);
    });
    await waitFor('both calls', async () => (await page.evaluate('window.rpc.pending')) === 2);
    peer.close({ code: 1012 });
    assert.deepEqual(await page.evaluate('window.lost'), [
        ['ConnectionLost', true],
        ['ConnectionLost', true],
    ]);
    assert.equal(await page.evaluate('window.rpc.pending'), 0);
});

test(
    'jsonrpc.js: with websocket_jsonrpc: calls, a batch, errors, and a server that is killed under a call',
    async ({ open, startServers, stopServers }) => {
        const servers = await startServers();
        const visitor = await open('/echo.html', { session: await servers.session() }, servers.base);
        const { page } = visitor;
        visitor.expect(handshakeComplaint);
        await page.evaluate(async () => {
            const [{ ReconnectingSocket }, { JsonRpc }] = await Promise.all([
                import('/js/websocket.js'),
                import('/js/jsonrpc.js'),
            ]);
            window.socket = new ReconnectingSocket(`${location.origin.replace('http', 'ws')}/sqlrpc`, {
                first: 50,
                cap: 200,
            });
            window.rpc = new JsonRpc(window.socket);
            window.told = ({ name, code, message, sent }) => [name, code ?? sent, message];
            window.socket.connect();
        });
        await isOpen(page);
        const { databases, write } = await page.evaluate(() => window.rpc.call('databases'));
        assert.deepEqual([databases.map(({ name }) => name), write], [['demo.db'], true]);
        const [one, two, three] = await page.evaluate(() =>
            window.rpc
                .batch([
                    { method: 'query', params: { query: 'SELECT ?', params: ['ü'] } },
                    { method: 'close', params: { cursor: 1 }, notification: true },
                    { method: 'no such method' },
                    { method: 'query', params: { query: 'nonsense' } },
                ])
                .then((all) => all.map(({ value, reason }) => value?.rows ?? window.told(reason))),
        );
        assert.deepEqual(one, [['ü']]);
        assert.deepEqual(two.slice(0, 2), ['RpcError', -32601]);
        assert.deepEqual([three[0], three[1]], ['RpcError', 422]);
        // A statement that takes as long as it may: the server goes meanwhile.
        await page.evaluate(() => {
            const endless =
                'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n';
            window.lost = window.rpc.call('query', { query: endless }).catch(window.told);
        });
        await servers.stopProgram('sqlrpc', 'SIGKILL');
        assert.deepEqual((await page.evaluate('window.lost')).slice(0, 2), ['ConnectionLost', true]);
        servers.startProgram('sqlrpc');
        await isOpen(page);
        assert.deepEqual((await page.evaluate(() => window.rpc.call('query', { query: 'SELECT 1' }))).rows, [
            [1],
        ]);
        await stopServers(servers);
    },
    { stops: true },
);

module.exports = cases;
