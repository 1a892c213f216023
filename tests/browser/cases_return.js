// Who is signed in changes while pages are open, left and come back to. In: tools of run.js. Out: cases.
'use strict';

const assert = require('node:assert/strict');
const { newRoom } = require('./chat_steps.js');
const { enter, run } = require('./sql_steps.js');
const { handshakeComplaint, interceptConnections, withText } = require('./steps.js');

const cases = [];
const test = (name, run_, more = {}) => cases.push({ name, run: run_, signsIn: true, ...more });

/** As a browser that brings a page back from its back/forward cache tells it; none of automation's browsers has that cache. */
const bringBack = (page) =>
    page.evaluate(() => {
        window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    });

test('session: a page that is brought back after signing out shows nothing of the user', async ({
    open,
    servers,
    base,
}) => {
    const visitor = await enter(open, servers);
    const { page, context } = visitor;
    for (const pattern of [handshakeComplaint, /401/]) visitor.expect(pattern);
    await run(visitor, "SELECT 'secret of the user'");
    await withText(page.locator('#grid td'), 'secret of the user');
    // Of the same user it stays as it was, and also while the gate cannot be asked.
    const comeBack = async () => {
        const answer = page.waitForResponse(/\/auth\/session$/);
        await bringBack(page);
        await answer;
        // Asked later, answered later: what the page does about its own answer it has done.
        await page.evaluate(() => import('/js/session.js').then(({ whoAmI }) => whoAmI()));
        await withText(page.locator('#grid td'), 'secret of the user');
    };
    await comeBack();
    await page.route(/\/auth\/session$/, (route) => route.fulfill({ status: 503 }));
    visitor.expect(/503/);
    await comeBack();
    await page.unroute(/\/auth\/session$/);

    const other = await context.newPage();
    await other.goto(`${base}/index.html`);
    await other.getByRole('button', { name: 'Sign out' }).click();
    await other.getByRole('link', { name: 'Sign in' }).waitFor();
    await bringBack(page);
    await page.waitForURL(/\/signin\.html/);
    assert.equal(await page.getByText('secret of the user').count(), 0);
});

for (const [name, address, server] of [
    ['SQL', '/websql.html', /\/sqlrpc$/],
    ['users', '/webauth.html', /\/authrpc$/],
    ['chat', `/webchat.html#${newRoom()}`, /\/chat\//],
]) {
    test(`session: the bar of the ${name} page names who its connection belongs to`, async ({
        open,
        servers,
    }) => {
        const { peers, before } = interceptConnections(server);
        const user = `bar${process.pid}`;
        await servers.addUser(user, 'users');
        const visitor = await open(address, { session: await servers.session(), before });
        const { page, context } = visitor;
        visitor.expect(handshakeComplaint);
        await withText(page.locator('#state'), 'Connected');
        await withText(page.locator('.session-name'), 'admin');
        // Somebody else signs in in another window of this browser; then the connection breaks.
        await context.clearCookies();
        await visitor.addSession(servers.base, await servers.session(user, 'words words'));
        await peers.at(-1).close({ code: 1012 });
        await withText(page.locator('.session-name'), user);
        // And out.
        await context.clearCookies();
        visitor.expect(/401/);
        await peers.at(-1).close({ code: 1012 });
        await page.locator('.session-name').waitFor({ state: 'detached' });
    });
}

test('session: what is half written outlives the way to the sign-in page, not signing out', async ({
    open,
    servers,
    base,
}) => {
    const visitor = await enter(open, servers);
    const { page, context } = visitor;
    const area = page.getByLabel('Statement', { exact: true });
    await area.fill("SELECT 'half");
    const room = newRoom();
    const signIn = async () => {
        await page.getByLabel('Name').fill('admin');
        await page.getByLabel('Password').fill(servers.password);
        await page.getByRole('button', { name: 'Sign in' }).click();
        await withText(page.locator('#state'), 'Connected');
    };
    const other = await context.newPage();
    await other.goto(`${base}/index.html`);
    await other.getByRole('button', { name: 'Sign out' }).click();
    await page.locator('.banner').getByRole('link', { name: 'Sign in' }).click();
    await signIn();
    assert.equal(await area.inputValue(), "SELECT 'half");
    await page.goto(`${base}/webchat.html#${room}`);
    await page.locator('#text').fill('half a message');
    await page.reload();
    await page.locator('#text').waitFor();
    assert.equal(await page.locator('#text').inputValue(), 'half a message');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${base}/index.html`);
    await page.goto(`${base}/websql.html`);
    await signIn();
    assert.equal(await area.inputValue(), '');
    await page.goto(`${base}/webchat.html#${room}`);
    await page.locator('#text').waitFor();
    assert.equal(await page.locator('#text').inputValue(), '');
});

test('start: screen readers hear the outcome of the check in one sentence', async ({ open, servers }) => {
    const { page } = await open('/index.html', { session: await servers.session() });
    const outcome = page.getByRole('status').filter({ hasText: /./ });
    await withText(outcome, /^Echo, Chat, Users, SQL: up$/);
    assert.equal(await page.getByRole('status').count(), 1);
    const guest = await open('/index.html');
    await withText(guest.page.getByRole('status'), /^Echo, Chat: up; Users, SQL: sign in$/);
});

test('session: whoever is signed in but may not use a server is told that, and it is tried no more', async ({
    open,
    startServers,
    stopServers,
}) => {
    const servers = await startServers();
    await servers.stopProgram('sqlrpc');
    const forbid = (page) => page.route(/\/sqlrpc$/, (route) => route.fulfill({ status: 403 }));
    const session = await servers.session();
    const visitor = await open('/websql.html', { session, before: forbid }, servers.base);
    const { page } = visitor;
    visitor.expect(handshakeComplaint);
    visitor.expect(/403|404/);
    await withText(page.locator('.banner-words'), 'You are signed in, but not permitted to use this.');
    await withText(page.locator('#state'), 'Not connected');
    assert.equal(await page.locator('.banner').getByRole('link').isVisible(), false, 'no way to sign in');
    // By hand it can be tried again: meanwhile it may be permitted.
    await page.unroute(/\/sqlrpc$/);
    await page.locator('.banner').getByRole('button', { name: 'Try again' }).click();
    await withText(page.locator('.banner-words'), 'The server cannot be reached.');
    servers.startProgram('sqlrpc');
    await withText(page.locator('#state'), 'Connected');
    await servers.stopProgram('sqlrpc');

    const start = await open('/index.html', { session, before: forbid }, servers.base);
    start.expect(handshakeComplaint);
    start.expect(/403/);
    await withText(start.page.locator('#sqlrpc-state'), /^Not for you$/);
    await withText(start.page.locator('#sqlrpc-detail'), 'not permitted to use it');
    await stopServers(servers);
}, { stops: true });

module.exports = cases;
