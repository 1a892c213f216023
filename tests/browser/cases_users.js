// The users page: what an administrator does, what a user may. In: tools of run.js. Out: cases.
'use strict';

const assert = require('node:assert/strict');
const { waitFor } = require('./programs.js');
const { bannerSays, handshakeComplaint, listenToBanner, withText } = require('./steps.js');

const cases = [];
const test = (name, run, more = {}) => cases.push({ name, run, signsIn: true, ...more });

let count = 0;
const newName = (name) => {
    count += 1;
    return `${name}${process.pid}x${count}`;
};

async function asAdmin(open, servers, visit = {}) {
    const visitor = await open('/webauth.html', { session: await servers.session(), ...visit }, servers.base);
    await visitor.page.locator('#users tbody tr').first().waitFor();
    return visitor;
}

/** Waits until it is done: told, shown in the table, and the form is put away. */
async function isCreated({ page }, name) {
    await withText(page.locator('#success'), `${name} was created.`);
    await page.locator('#add').waitFor({ state: 'hidden' });
}

const row = ({ page }, name) => page.locator(`#users tr[data-user=${JSON.stringify(name)}]`);

async function create(visitor, { name, password, group = '' }) {
    const { page } = visitor;
    if (!(await page.locator('#add').isVisible())) await page.getByText('Create a user').click();
    const form = page.locator('#add');
    await form.getByLabel('Name').fill(name);
    await form.getByLabel('Password').fill(password);
    if (group) await form.getByLabel('Group').fill(group);
    await form.getByRole('button', { name: 'Create user' }).click();
}

test('users: one is created, signs in, changes the password, is removed', async ({ open, servers, base }) => {
    const name = newName('dora');
    const admin = await asAdmin(open, servers);
    await withText(admin.page.locator('#who'), /^admin$/);
    await withText(admin.page.locator('#who-detail'), /group root · administrator · session until/);
    await create(admin, { name, password: 'first password' });
    await isCreated(admin, name);
    await withText(row(admin, name), /users.*active/s);

    const user = await open(`/signin.html?redirect_uri=/webauth.html`);
    // Within a second each worker hears that a session is over: what closes the socket may be ahead of what the page asks then.
    user.expect(/\b40[14]\b|authrpc' failed: HTTP Authentication failed/);
    const { page } = user;
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Password').fill('first password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${base}/webauth.html`);
    await withText(page.locator('#who'), name);
    assert.equal(await page.locator('#admin').isVisible(), false, 'only administrators see the others');
    const change = async (old, fresh, confirm) => {
        const form = page.locator('#own');
        await form.getByLabel('Present password').fill(old);
        await form.getByLabel('New password', { exact: true }).fill(fresh);
        await form.getByLabel('New password again').fill(confirm);
        await page.getByRole('button', { name: 'Change password' }).click();
    };
    await change('first password', 'one', 'another');
    await withText(page.locator('#own .error'), 'The two new passwords differ.');
    await change('not it', 'second password', 'second password');
    await withText(page.locator('#own .error'), 'That password was not right.');
    await change('first password', 'second password', 'second password');
    await withText(page.locator('#success'), 'Your password is changed.');
    assert.equal(await page.locator('#own .error').isVisible(), false);
    // The sessions of the old password end, and with them the form that had the focus.
    await withText(page.locator('.banner'), 'not signed in');
    await page.locator('#own').waitFor({ state: 'hidden' });
    await waitFor('the focus', () => page.evaluate(() => document.activeElement.id === 'page-title'));
    await page.locator('.banner').getByRole('link', { name: 'Sign in' }).click();
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Password').fill('second password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${base}/webauth.html`);
    await withText(page.locator('#who'), name);

    await row(admin, name)
        .getByRole('button', { name: `Remove ${name}` })
        .click();
    const dialog = admin.page.getByRole('dialog');
    await withText(dialog, `Remove ${name}?`);
    await dialog.getByRole('button', { name: 'Keep' }).click();
    assert.equal(await row(admin, name).count(), 1, 'asked first');
    await row(admin, name)
        .getByRole('button', { name: `Remove ${name}` })
        .click();
    await dialog.getByRole('button', { name: `Remove ${name}` }).click();
    await withText(admin.page.locator('#success'), `${name} was removed.`);
    await row(admin, name).waitFor({ state: 'detached' });
    await withText(page.locator('.banner'), 'not signed in');
    await assert.rejects(servers.session(name, 'second password'), /401/);
});

test('users: an administrator changes group and status, sets a password, is told what is refused', async ({
    open,
    servers,
}) => {
    const name = newName('erik');
    const admin = await asAdmin(open, servers);
    const { page } = admin;
    await create(admin, { name, password: 'secret words', group: 'guests' });
    await isCreated(admin, name);
    await withText(row(admin, name), 'guests');
    await create(admin, { name, password: 'again' });
    await page.locator('#add .error').waitFor();
    assert.equal(await page.locator('#success').isVisible(), false, 'a failure takes the old success away');
    await page.locator('#add').getByLabel('Name').fill('');

    await row(admin, name)
        .getByRole('button', { name: `Change of ${name}` })
        .click();
    const dialog = page.getByRole('dialog');
    assert.equal(await dialog.getByLabel('Group').inputValue(), 'guests');
    await dialog.getByLabel('Group').fill('makers');
    await dialog.getByLabel('Home').fill('er');
    await dialog.getByLabel('Status').selectOption('repudiated');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await withText(page.locator('#success'), `${name} was changed.`);
    await withText(row(admin, name), /makers.*shut out.*er/s);
    await assert.rejects(servers.session(name, 'secret words'), /401/);
    await row(admin, name)
        .getByRole('button', { name: `Change of ${name}` })
        .click();
    await dialog.getByLabel('Status').selectOption('activated');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await withText(row(admin, name), 'active');

    await row(admin, name)
        .getByRole('button', { name: `Password of ${name}` })
        .click();
    await dialog.getByLabel('New password', { exact: true }).fill('other words');
    await dialog.getByLabel('New password again').fill('other words');
    await dialog.getByRole('button', { name: 'Set password' }).click();
    await withText(page.locator('#success'), `${name} has a new password.`);
    await servers.session(name, 'other words');

    // The last administrator stays, whatever is pressed.
    await row(admin, 'admin').getByRole('button', { name: 'Change of admin' }).click();
    await dialog.getByLabel('Group').fill('users');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.locator('.error').waitFor();
    await page.keyboard.press('Escape');
    await withText(row(admin, 'admin'), 'root');
});

test('users: the table is sorted by its headings and searched', async ({ open, servers }) => {
    const [first, second] = [newName('aaa'), newName('zzz')];
    const admin = await asAdmin(open, servers);
    const { page } = admin;
    for (const name of [first, second]) {
        await create(admin, {
            name,
            password: 'words words',
            group: name.startsWith('a') ? 'z-group' : 'a-group',
        });
        await isCreated(admin, name);
        await row(admin, name).waitFor();
    }
    const names = () => page.locator('#users tbody th').allInnerTexts();
    const orderOf = async () => {
        const all = await names();
        return [all.indexOf(first), all.indexOf(second)];
    };
    const [a, b] = await orderOf();
    assert.ok(a < b);
    const heading = page.getByRole('columnheader', { name: 'Name' });
    assert.equal(await heading.getAttribute('aria-sort'), 'ascending');
    await heading.getByRole('button').click();
    assert.equal(await heading.getAttribute('aria-sort'), 'descending');
    const [c, d] = await orderOf();
    assert.ok(c > d);
    await page.getByRole('columnheader', { name: 'Group' }).getByRole('button').click();
    const [e, f] = await orderOf();
    assert.ok(e > f);
    assert.equal(await heading.getAttribute('aria-sort'), 'none');
    await page.getByLabel('Find a user').fill(first.toUpperCase());
    assert.deepEqual(await names(), [first]);
    await page.getByLabel('Find a user').fill('nobody at all');
    await withText(page.locator('#users tbody'), 'Nobody is called so.');
    // Who is created is seen, whatever was looked for.
    const third = newName('mmm');
    await create(admin, { name: third, password: 'words words' });
    await row(admin, third).waitFor();
    assert.equal(await page.getByLabel('Find a user').inputValue(), '');
});

test('users: HTML stays text: in names, groups, homes, errors', async ({ open, servers }) => {
    const evil = `<img src=x onerror="document.title='run'">${newName('')}`;
    const admin = await asAdmin(open, servers);
    const { page } = admin;
    await create(admin, { name: evil, password: 'words words', group: '<b>group</b>' });
    await isCreated(admin, evil);
    await row(admin, evil)
        .getByRole('button', { name: `Remove ${evil}` })
        .click();
    const dialog = page.getByRole('dialog');
    await withText(dialog, `Remove ${evil}?`);
    assert.equal(await page.locator('main img, main b, main script').count(), 0);
    await dialog.getByRole('button', { name: `Remove ${evil}` }).click();
    await withText(page.locator('#success'), `${evil} was removed.`);
    assert.equal(await page.title(), 'Users · Marmoset');
});

test('users: a password that the page makes can be read once, and signs in', async ({ open, servers }) => {
    const name = newName('frida');
    const admin = await asAdmin(open, servers);
    const { page } = admin;
    await page.getByText('Create a user').click();
    const form = page.locator('#add');
    await form.getByLabel('Name').fill(name);
    await form.getByRole('button', { name: 'Make one' }).click();
    const password = await form.getByLabel('Password').inputValue();
    assert.match(password, /^\w{20}$/);
    assert.equal(await form.getByLabel('Password').getAttribute('type'), 'text');
    await form.getByRole('button', { name: 'Create user' }).click();
    await withText(page.locator('#success'), `${name} was created.`);
    await waitFor(
        'a form for the next one',
        async () => (await page.locator('#add-password').getAttribute('type')) === 'password',
    );
    assert.equal(await page.locator('#add-password').inputValue(), '');
    await servers.session(name, password);
});

test(
    'users: a server killed and started again is found by an open page, which says so',
    async ({ open, startServers, stopServers }) => {
        const servers = await startServers();
        const admin = await asAdmin(open, servers, { before: listenToBanner });
        const { page } = admin;
        admin.expect(handshakeComplaint);
        admin.expect(/404/); // asking whether the gate refuses the user, or the server is down
        await servers.stopProgram('authrpc', 'SIGKILL');
        await bannerSays(admin, /Connection lost|broke|cannot be reached/);
        await create(admin, { name: 'gerd', password: 'words words' });
        await withText(page.locator('#add .error'), 'Not connected.');
        servers.startProgram('authrpc');
        await servers.isUp('authrpc');
        await bannerSays(admin, /^Connected again\.$/);
        await page.locator('#add').getByRole('button', { name: 'Create user' }).click();
        await withText(page.locator('#success'), 'gerd was created.');
        await stopServers(servers);
    },
    { stops: true },
);

test(
    'users: without a gate the server takes name and password, for the connection',
    async ({ open, startServers, stopServers }) => {
        const servers = await startServers({ gate: false });
        const visitor = await open('/webauth.html', { before: listenToBanner }, servers.base);
        const { page } = visitor;
        visitor.expect(/404/); // there is nobody to ask who is signed in
        visitor.expect(handshakeComplaint);
        await withText(page.locator('#who'), 'Nobody is signed in here.');
        const form = page.locator('#local');
        await form.getByLabel('Name').fill('admin');
        await form.getByLabel('Password').fill('wrong');
        await form.getByRole('button', { name: 'Sign in' }).click();
        await withText(form.locator('.error'), 'That password was not right.');
        await form.getByLabel('Password').fill(servers.password);
        await form.getByRole('button', { name: 'Sign in' }).click();
        await withText(page.locator('#who'), /^admin$/);
        await withText(page.locator('#who-detail'), 'on this connection only');
        await withText(row(visitor, 'admin'), 'root');
        assert.equal(await form.isVisible(), false);
        await page.locator('#local-signout').click();
        await withText(page.locator('#who'), 'Nobody is signed in here.');
        assert.equal(await page.locator('#admin').isVisible(), false);
        await form.getByLabel('Name').fill('admin');
        await form.getByLabel('Password').fill(servers.password);
        await form.getByLabel('Password').press('Enter');
        await withText(page.locator('#who'), /^admin$/);
        // Another connection is nobody's again.
        await servers.stopProgram('authrpc', 'SIGKILL');
        await bannerSays(visitor, /Connection lost|broke|cannot be reached/);
        servers.startProgram('authrpc');
        await bannerSays(visitor, /^Connected again\.$/);
        await withText(page.locator('#who'), 'Nobody is signed in here.');
        assert.equal(await page.locator('#admin').isVisible(), false);
        await stopServers(servers);
    },
    { stops: true },
);

test('users: with the keyboard alone', async ({ open, servers }) => {
    const name = newName('hanna');
    const admin = await asAdmin(open, servers);
    const { page } = admin;
    const tabTo = (what, selector) =>
        waitFor(what, async () => {
            await page.keyboard.press('Tab');
            return page.evaluate((wanted) => document.activeElement.matches(wanted), selector);
        });
    await tabTo('the form’s heading', '#add-card summary');
    await page.keyboard.press('Enter');
    await tabTo('the name', '#add-user');
    await page.keyboard.type(name);
    await page.keyboard.press('Tab');
    await page.keyboard.type('words words');
    await page.keyboard.press('Enter');
    await withText(page.locator('#success'), `${name} was created.`);
    // The focus is on the new row: its last button removes.
    await waitFor('the focus on the row', () =>
        page.evaluate((wanted) => document.activeElement.closest('tr')?.dataset.user === wanted, name),
    );
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Keep', 'the harmless one first');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await withText(page.locator('#success'), `${name} was removed.`);
    await waitFor('the focus in the table', () =>
        page.evaluate(() => document.activeElement.closest('#users') !== null),
    );
});

module.exports = cases;
