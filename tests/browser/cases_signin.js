// The gate as a person meets it: the sign-in page, the cookie, tickets, the end of a session; in the clear and over TLS. In: tools of
// run.js. Out: cases.
'use strict';

const assert = require('node:assert/strict');
const { bannerSays, handshakeComplaint, listenToBanner, withText } = require('./steps.js');

const cases = [];
const test = (name, run, more = {}) => cases.push({ name, run, signsIn: true, ...more });

/** The form filled in and sent. */
async function signIn(page, user, password) {
    await page.getByLabel('Name').fill(user);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
}

const tokenOf = async ({ context }) => (await context.cookies()).find(({ name }) => name === 'X-Auth-Token');

for (const scheme of ['http', 'https']) {
    const baseOf = (servers) => (scheme === 'https' ? servers.secureBase : servers.base);

    test(`sign-in over ${scheme}: the SQL page asks for it, the cookie lets in, signing out ends it`, async ({
        open,
        servers,
    }) => {
        const base = baseOf(servers);
        const visitor = await open('/websql.html', {}, base);
        const { page } = visitor;
        assert.equal(page.url(), `${base}/signin.html?redirect_uri=/websql.html`);
        visitor.expect(/401/);
        await signIn(page, 'admin', 'wrong');
        await withText(page.locator('#problem'), 'That name, password or code was not right.');
        assert.equal(await tokenOf(visitor), undefined);
        await signIn(page, '<b>nobody</b>', servers.password);
        await withText(page.locator('#problem'), 'That name, password or code was not right.');
        assert.equal(await page.locator('main b').count(), 0);
        await signIn(page, 'admin', servers.password);
        await page.waitForURL(`${base}/websql.html`);
        await withText(page.locator('#state'), 'Connected');
        await withText(page.locator('.session-name'), 'admin');
        const cookie = await tokenOf(visitor);
        assert.deepEqual(
            [cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path],
            [true, scheme === 'https', 'Lax', '/'],
        );
        assert.doesNotMatch(await page.evaluate('document.cookie'), /X-Auth-Token/);
        assert.ok(visitor.requests.includes(`${base.replace('http', 'ws')}/sqlrpc`));
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.waitForURL(`${base}/index.html`);
        await page.getByRole('link', { name: 'Sign in' }).waitFor();
        await withText(page.locator('#sqlrpc-state'), /^Sign in$/);
        await withText(page.locator('#echo-state'), /^Up$/);
        assert.equal(await tokenOf(visitor), undefined);
        await page.goto(`${base}/websql.html`);
        assert.equal(page.url(), `${base}/signin.html?redirect_uri=/websql.html`);
    });

    test(`sign-in over ${scheme}: it leads nowhere else, however the address is written`, async ({ open, servers }) => {
        const base = baseOf(servers);
        for (const target of ['/.//evil.example/', '/a/..//evil.example/', '/%2e//evil.example/', '//evil.example/', '/\\\\evil.example/']) {
            const visitor = await open(`/signin.html?redirect_uri=${encodeURIComponent(target)}`, {}, base);
            visitor.expect(/404/);
            await signIn(visitor.page, 'admin', servers.password);
            await visitor.page.waitForURL((url) => !url.pathname.startsWith('/signin'));
            assert.equal(new URL(visitor.page.url()).origin, base, target);
        }
    });

    test(`sign-in over ${scheme}: a session ended in one window ends the websockets of the other, which says so`, async ({
        open,
        servers,
    }) => {
        const base = baseOf(servers);
        const visitor = await open(
            '/websql.html',
            { session: await servers.session(), before: listenToBanner },
            base,
        );
        const { page, context } = visitor;
        await withText(page.locator('#state'), 'Connected');
        const other = await context.newPage();
        await other.goto(`${base}/index.html`);
        await other.getByRole('button', { name: 'Sign out' }).click();
        await bannerSays(visitor, /not signed in/);
        await withText(page.locator('#state'), 'Not connected');
        assert.equal(await page.getByRole('button', { name: 'Run' }).getAttribute('aria-disabled'), 'true');
        // The way back leads here.
        await page.locator('.banner').getByRole('link', { name: 'Sign in' }).click();
        await signIn(page, 'admin', servers.password);
        await page.waitForURL(`${base}/websql.html`);
        await withText(page.locator('#state'), 'Connected');
    });

    test(`sign-in over ${scheme}: a session that expires ends websockets and asks again`, async ({
        open,
        servers,
    }) => {
        const base = baseOf(servers);
        const session = servers.shorten(await servers.session(), 20); // enough to open the page with
        const visitor = await open('/websql.html', { session, before: listenToBanner }, base);
        const { page } = visitor;
        await withText(page.locator('#state'), 'Connected');
        await bannerSays(visitor, /not signed in/);
        visitor.expect(/401/);
        await page.goto(`${base}/websql.html`);
        assert.equal(page.url(), `${base}/signin.html?redirect_uri=/websql.html`);
    });

    test(`sign-in over ${scheme}: a ticket lets one websocket in, without a cookie`, async ({
        open,
        servers,
    }) => {
        const base = baseOf(servers);
        const visitor = await open('/echo.html', { session: await servers.session() }, base);
        const { page, context } = visitor;
        const protocol = await page.evaluate(() =>
            import('/js/session.js').then(({ fetchTicket }) => fetchTicket()),
        );
        assert.match(protocol, /^ticket\.[\w.-]+$/);
        await context.clearCookies();
        visitor.expect(handshakeComplaint);
        const attempt = (protocols) =>
            page.evaluate(
                (offered) =>
                    new Promise((resolve) => {
                        const socket = new WebSocket(
                            `${location.origin.replace('http', 'ws')}/sqlrpc`,
                            offered,
                        );
                        socket.addEventListener('open', () => {
                            socket.send('{"jsonrpc":"2.0","id":1,"method":"databases"}');
                        });
                        socket.addEventListener('message', ({ data }) => resolve(data));
                        socket.addEventListener('close', () => resolve('refused'));
                    }),
                protocols,
            );
        assert.equal(await attempt([]), 'refused');
        // Browsers want one of the offered subprotocols chosen: the ticket never is.
        assert.match(await attempt([protocol, 'jsonrpc']), /"databases"/);
        assert.equal(await attempt([protocol, 'jsonrpc']), 'refused', 'a second time');
    });
}

test('sign-in: a page that was left for signing in goes on where it was, with its fragment', async ({
    open,
    servers,
    base,
}) => {
    const visitor = await open('/webauth.html');
    const { page } = visitor;
    await withText(page.locator('#who'), 'Nobody is signed in here.');
    await page.locator('#who-signin').click();
    await page.waitForURL(`${base}/signin.html?redirect_uri=%2Fwebauth.html`);
    await signIn(page, 'admin', servers.password);
    await page.waitForURL(`${base}/webauth.html`);
    await withText(page.locator('#who'), /^admin$/);
});

test('sign-in: whoever needs a new password is led to where it is chosen', async ({ open, servers, base }) => {
    const name = `nina${process.pid}`;
    await servers.addUser(name, 'users', 'reapproving');
    const { page } = await open('/signin.html?redirect_uri=/websql.html');
    await signIn(page, name, 'words words');
    await page.waitForURL(`${base}/webauth.html`);
    await withText(page.locator('#who-detail'), 'needs a new password');
    await page.locator('#own').waitFor();
});

test('sign-in: nobody is led to another site', async ({ open, servers, base }) => {
    for (const target of [
        '//other.invalid/',
        'https://other.invalid/',
        '/\\other.invalid',
        'javascript:alert(1)',
    ]) {
        const { page } = await open(`/signin.html?redirect_uri=${encodeURIComponent(target)}`);
        await signIn(page, 'admin', servers.password);
        await page.waitForURL(`${base}/`);
    }
});

test('sign-in: without scripts the form works by itself', async ({ open, servers, base }) => {
    const { page } = await open('/signin.html', { javaScriptEnabled: false });
    await signIn(page, 'admin', 'wrong');
    await page.waitForURL(/#failed$/);
    await page.locator('#failed').waitFor();
    await signIn(page, 'admin', servers.password);
    await page.waitForURL(`${base}/`);
});

test('sign-in: a websocket of the SQL server needs it, the ones for everybody do not', async ({
    open,
    base,
}) => {
    const visitor = await open('/echo.html');
    visitor.expect(handshakeComplaint);
    const outcome = await visitor.page.evaluate(
        (names) =>
            Promise.all(
                names.map(
                    (name) =>
                        new Promise((resolve) => {
                            const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/${name}`);
                            socket.addEventListener('open', () => resolve('open'));
                            socket.addEventListener('close', () => resolve('refused'));
                        }),
                ),
            ),
        [
            'echo',
            'chat',
            'chat/a/b',
            'sqlrpc',
            'authrpc',
            'sqlrpc/',
            '//sqlrpc',
            'echo/../sqlrpc',
            '%73qlrpc',
        ],
    );
    assert.deepEqual(outcome, ['open', 'open', 'open', ...Array(6).fill('refused')]);
    for (const name of [
        'websql.html',
        '/websql.html',
        'x/../websql.html',
        'websql%2ehtml',
        'auth',
        'js/../websql.html',
    ]) {
        const answer = await visitor.page.request.get(`${base}/${name}`, {
            maxRedirects: 0,
            headers: { Accept: 'text/html' },
        });
        assert.ok([302, 400, 401, 404].includes(answer.status()), `${name}: ${answer.status()}`);
    }
});

module.exports = cases;
