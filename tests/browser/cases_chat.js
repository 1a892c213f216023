// The chat page, with several people in windows of their own. In: tools of run.js. Out: cases.
'use strict';

const assert = require('node:assert/strict');
const { hears, join, message, newRoom, say, sees, writeTo } = require('./chat_steps.js');
const { waitFor } = require('./programs.js');
const { bannerSays, handshakeComplaint, listenToBanner, withText } = require('./steps.js');

const cases = [];
const test = (name, run, more = {}) => cases.push({ name, run, ...more });

test('chat: two windows talk; who comes, goes and is renamed is seen', async ({ open }) => {
    const room = newRoom();
    const alice = await join(open, room, 'alice', { colour: '#8a3ffc' });
    await sees(alice, ['alice']);
    const bob = await join(open, room, 'bob');
    await sees(alice, ['alice', 'bob']);
    await sees(bob, ['alice', 'bob']);
    await withText(alice.page.locator('#messages .note'), 'bob has joined.');
    await say(alice, 'Hello, bob');
    await hears(bob, 'Hello, bob');
    const row = message(bob, 'Hello, bob');
    await withText(row.locator('.from'), /^alice$/);
    assert.equal(await row.locator('circle').getAttribute('fill'), '#8a3ffc', 'the colour that alice chose');
    await say(bob, 'Two\nlines');
    await hears(alice, 'Two\nlines');
    // One's own message stands once, and is on the right.
    assert.equal(await alice.page.locator('#messages .message.own').count(), 1);
    await waitFor(
        'the answer to alice',
        async () => (await alice.page.locator('.message.waiting').count()) === 0,
    );

    await bob.page.locator('#me').click();
    await bob.page.getByLabel('Your name here').fill('robert the bruce');
    await bob.page.locator('#colour').fill('#123456');
    await bob.page.getByRole('button', { name: 'Save' }).click();
    await sees(alice, ['alice', 'robert_the_bruce']);
    await withText(alice.page.locator('#messages .note'), 'bob is now called robert_the_bruce.');
    await bob.leave();
    await sees(alice, ['alice']);
    await withText(alice.page.locator('#messages .note'), 'robert_the_bruce has left.');
});

test('chat: a name that is taken gets a number, and is remembered in this browser', async ({ open, base }) => {
    const room = newRoom();
    const first = await join(open, room, 'carol');
    const second = await join(open, room, 'carol');
    await sees(second, ['carol', 'carol001']);
    assert.match(await second.page.locator('#me').getAttribute('aria-label'), /You are carol001/);
    // Elsewhere until its first connection is gone: as long as that is there, it has the name.
    await second.page.goto(`${base}/echo.html`);
    await sees(first, ['carol']);
    await second.page.goto(`${base}/webchat.html#${room}`);
    await second.page.locator('#text').waitFor();
    await sees(second, ['carol', 'carol001']);
});

test('chat: a name that is being typed stays when the connection breaks and comes back', async ({ open }) => {
    const peers = [];
    const { page } = await open('/webchat.html', {
        before: (blank) =>
            blank.routeWebSocket(/\/chat$/, (socket) => {
                peers.push(socket);
                socket.send('live');
            }),
    });
    await page.getByLabel('Your name here').fill('half a na');
    await peers[0].close({ code: 1012 });
    await waitFor('another connection', () => peers.length === 2);
    await withText(page.locator('#state'), 'Connected');
    assert.equal(await page.getByLabel('Your name here').inputValue(), 'half a na');
});

test('chat: private messages reach one person only, and unread ones are marked', async ({ open }) => {
    const room = newRoom();
    const alice = await join(open, room, 'alice');
    const bob = await join(open, room, 'bob');
    const carol = await join(open, room, 'carol');
    await sees(alice, ['alice', 'bob', 'carol']);
    await writeTo(alice, 'bob');
    await say(alice, 'between us');
    await say(alice, 'nobody else');
    const entry = bob.page.locator('#conversations').getByRole('button', { name: 'alice' });
    await withText(entry.locator('.badge'), /^2 unread$/);
    await waitFor('the title', async () => /^\(2\) #/.test(await bob.page.title()));
    assert.equal(await bob.page.locator('#messages .message').count(), 0, 'the room shows none of it');
    await entry.click();
    await hears(bob, 'nobody else');
    await bob.page.locator('#messages .divider.new').waitFor();
    await waitFor('the title', async () => /^#/.test(await bob.page.title()));
    assert.equal(await entry.locator('.badge').count(), 0);
    await say(bob, 'I hear you');
    await hears(alice, 'I hear you');
    // Whoever is not meant has seen nothing, though something later has come.
    await alice.page.locator('#rooms').getByRole('button').click();
    await say(alice, 'to all');
    await hears(carol, 'to all');
    assert.equal(await carol.page.locator('#conversations li').count(), 0);
    assert.equal(await carol.page.locator('#messages .message').count(), 1);
    // To somebody who has gone: it says so, beside the message.
    await writeTo(alice, 'bob');
    await bob.leave();
    await withText(alice.page.locator('#messages .note'), 'bob has left.');
    await withText(alice.page.locator('#talk-detail'), 'Not here at the moment.');
    await say(alice, 'too late');
    await withText(message(alice, 'too late').locator('.delivery'), /^Not sent:.*Send again$/);
});

test('chat: somebody looking elsewhere gets a mark, and reads on where it was left', async ({ open }) => {
    const room = newRoom();
    const alice = await join(open, room, 'alice');
    const bob = await join(open, room, 'bob');
    await sees(alice, ['alice', 'bob']);
    await writeTo(alice, 'bob');
    await say(bob, 'one');
    await say(bob, 'two');
    await withText(alice.page.locator('#rooms .badge'), /^2 unread$/);
    await alice.page.locator('#rooms').getByRole('button').click();
    await hears(alice, 'two');
    assert.equal(
        await alice.page.locator('#messages .divider.new + .message .said').innerText(),
        'one',
        'the mark stands before the first one',
    );
    await waitFor('no badge', async () => (await alice.page.locator('#rooms .badge').count()) === 0);
    // Whoever has scrolled up is not pulled down, but told.
    for (let i = 0; i < 40; i += 1) await say(bob, `line ${i}`);
    await hears(alice, 'line 39');
    const isAtEnd = (box) => box.scrollTop > 0 && box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    await waitFor('the end', () => alice.page.locator('#scroll').evaluate(isAtEnd));
    // Until the page knows of it, too, it follows what comes.
    await alice.page.locator('#scroll').evaluate(
        (box) =>
            new Promise((resolve) => {
                box.addEventListener('scroll', resolve, { once: true });
                box.scrollTop = 0;
            }),
    );
    assert.equal(await alice.page.locator('#scroll').evaluate((box) => box.scrollTop), 0);
    await say(bob, 'below');
    await alice.page.locator('#newer').waitFor();
    assert.equal(await alice.page.locator('#scroll').evaluate((box) => box.scrollTop), 0);
    await alice.page.locator('#newer').click();
    await waitFor('the end', () =>
        alice.page
            .locator('#scroll')
            .evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 40),
    );
    await alice.page.locator('#newer').waitFor({ state: 'hidden' });
});

test('chat: late-comers see what was said, before they have a name; rooms are apart', async ({ open }) => {
    const room = newRoom();
    const alice = await join(open, room, 'alice');
    await say(alice, 'early');
    await waitFor('the answer', async () => (await alice.page.locator('.message.waiting').count()) === 0);
    const { page } = await open(`/webchat.html#${room}`);
    await withText(page.locator('#messages .said'), /^early$/);
    await page.getByLabel('Your name here').waitFor();
    assert.equal(await page.locator('#compose').isVisible(), false);
    // Another room, by the form and by the address.
    const other = newRoom();
    await alice.page.getByLabel('Go to room').fill(`#${other}`);
    await alice.page.getByLabel('Go to room').press('Enter');
    await withText(alice.page.locator('#talk-title'), `#${other}`);
    assert.match(alice.page.url(), new RegExp(`#${other}$`));
    await sees(alice, ['alice']);
    assert.equal(await alice.page.locator('#messages .message').count(), 0);
    await alice.page
        .locator('#rooms')
        .getByRole('link', { name: `#${room}` })
        .click();
    await hears(alice, 'early');
    await alice.page.goBack();
    await withText(alice.page.locator('#talk-title'), `#${other}`);
});

test('chat: HTML stays text: in a message, a name, a room, a private message', async ({ open }) => {
    const evil = '<img src=x onerror="document.title=\'run\'"><b>x</b>';
    const room = encodeURIComponent('<b>r</b>');
    const alice = await join(open, room, '<i>al</i>');
    const bob = await join(open, room, '<u>bob</u>');
    await sees(bob, ['<i>al</i>', '<u>bob</u>']);
    await say(bob, evil);
    await hears(alice, evil);
    await alice.page.locator('#people').getByRole('button').click();
    await say(alice, evil);
    await bob.page.locator('#conversations').getByRole('button').click();
    await hears(bob, evil);
    await bob.page.locator('#who-is').click();
    await withText(bob.page.locator('#talk-detail'), '<i>al</i>: ');
    for (const { page } of [alice, bob]) {
        assert.equal(await page.locator('main img, main b, main i, main u, main script').count(), 0);
        assert.match(await page.title(), /<b>r<\/b> · Chat · Marmoset$/);
    }
});

test(
    'chat: a server killed and started again is found by an open page, which says so and has the history once',
    async ({ open, startServers, stopServers }) => {
        const servers = await startServers();
        const visit = { base: servers.base, before: listenToBanner };
        const alice = await join(open, 'kept', 'alice', visit);
        const bob = await join(open, 'kept', 'bob', visit);
        for (const visitor of [alice, bob]) {
            visitor.expect(handshakeComplaint);
            visitor.expect(/404/); // asking whether the gate lets guests in, or the server is down
        }
        await say(alice, 'before');
        await hears(bob, 'before');
        await servers.stopProgram('chat', 'SIGKILL');
        for (const visitor of [alice, bob]) {
            await bannerSays(visitor, /Connection lost|broke/);
            await bannerSays(visitor, /cannot be reached/);
            await visitor.page.locator('.banner').getByRole('button', { name: 'Try now' }).waitFor();
        }
        await say(alice, 'while it is away');
        await withText(alice.page.locator('#problem'), /not sent, and is still in the field/);
        assert.equal(await alice.page.locator('#text').inputValue(), 'while it is away');
        servers.startProgram('chat');
        await servers.isUp('chat');
        for (const visitor of [alice, bob]) {
            await bannerSays(visitor, /^Connected again\.$/);
            await sees(visitor, ['alice', 'bob']);
        }
        await alice.page.locator('#text').press('Enter');
        await hears(bob, 'while it is away');
        const said = await bob.page.locator('#messages .said').allInnerTexts();
        assert.deepEqual(said, ['before', 'while it is away'], 'each once, in order');
        await bob.page.locator('.banner').waitFor({ state: 'hidden' });
        await stopServers(servers);
    },
    { stops: true },
);

test('chat: a device that is offline is told so, and connects when the network is back', async ({ open }) => {
    const peers = [];
    const visitor = await open('/webchat.html', {
        before: async (page) => {
            await listenToBanner(page);
            await page.routeWebSocket(/\/chat$/, (socket) => {
                peers.push(socket);
                socket.send('live');
            });
        },
    });
    const { page, context } = visitor;
    await withText(page.locator('#state'), 'Connected');
    await context.setOffline(true);
    peers[0].close({ code: 1001 });
    await bannerSays(visitor, /^This device is offline\.$/);
    await context.setOffline(false);
    await bannerSays(visitor, /^Connected again\.$/);
    assert.ok(peers.length >= 2);
});

test('chat: what a client without a name sends privately is no message to all', async ({ open }) => {
    const visitor = await open('/webchat.html', {
        before: (page) =>
            page.routeWebSocket(/\/chat$/, (socket) => {
                socket.send('live');
                socket.onMessage(() => {
                    socket.send('welcome zoe #123456 -');
                    socket.send('names\nzoe #123456 -');
                    socket.send(`private ${Date.now()} - - -\nbuy <b>this</b>`);
                    socket.send(`message x-1 ${Date.now()} - - -\nhello all`);
                });
            }),
    });
    const { page } = visitor;
    await page.getByLabel('Your name here').fill('zoe');
    await page.getByRole('button', { name: 'Join' }).click();
    await withText(
        page.locator('#messages .note'),
        /^Somebody without a name, to you alone: buy <b>this<\/b>$/,
    );
    await withText(message(visitor, 'hello all').locator('.from'), /^somebody$/);
    assert.equal(await page.locator('#messages .message').count(), 1);
});

test('chat: what may not have arrived is marked, and sent again only by hand', async ({ open }) => {
    const lines = [];
    let peer;
    const visitor = await open('/webchat.html', {
        before: (page) =>
            page.routeWebSocket(/\/chat$/, (socket) => {
                peer = socket;
                socket.send('live');
                socket.onMessage((text) => {
                    lines.push(text);
                    if (text.startsWith('hello')) {
                        socket.send('welcome zoe #123456 -');
                        socket.send('names\nzoe #123456 -');
                    }
                });
            }),
    });
    const { page } = visitor;
    await page.getByLabel('Your name here').fill('zoe');
    await page.getByRole('button', { name: 'Join' }).click();
    await page.locator('#text').waitFor();
    await say(visitor, 'first');
    await say(visitor, 'second');
    await waitFor('both lines', () => lines.filter((line) => line.startsWith('say')).length === 2);
    peer.close({ code: 1012 });
    await withText(message(visitor, 'first').locator('.delivery'), 'not known whether this arrived');
    await waitFor('hello again', () => lines.filter((line) => line.startsWith('hello')).length === 2);
    assert.equal(lines.filter((line) => line.startsWith('say')).length, 2, 'nothing is sent again by itself');
    // The history tells that the first one has arrived.
    peer.send(`history x-1 ${Date.now()} zoe #123456 -\nfirst`);
    await message(visitor, 'first').locator('.delivery').waitFor({ state: 'detached' });
    await message(visitor, 'second').getByRole('button', { name: 'Send again' }).click();
    const last = await waitFor('the third line', () => lines.filter((line) => line.startsWith('say'))[2]);
    assert.match(last, /^say \S+\nsecond$/);
    assert.equal(await page.locator('#messages .message').count(), 2);
});

test(
    'chat: whoever is signed in has the user’s name, with a mark, and guests can not take it',
    async ({ open, servers }) => {
        const room = newRoom();
        const guest = await join(open, room, 'admin');
        await sees(guest, ['admin']);
        const user = await open(`/webchat.html#${room}`, { session: await servers.session() });
        await user.page.locator('#text').waitFor();
        await sees(user, ['admin', 'admin001']);
        await withText(user.page.locator('.session-name'), 'admin');
        await sees(guest, ['admin', 'admin001']);
        await say(user, 'it is really me');
        await hears(guest, 'it is really me');
        assert.equal(
            await message(guest, 'it is really me').getByRole('img', { name: 'signed in' }).count(),
            1,
        );
        // No character looks like the mark: a guest may be called what they like.
        const cheat = await join(open, room, 'admin✓');
        await sees(cheat, ['admin', 'admin✓', 'admin001']);
        const marked = cheat.page.locator('#people li').filter({ has: cheat.page.getByRole('img') });
        assert.equal((await marked.locator('.entry-name').innerText()).trim(), 'admin');
        assert.doesNotMatch(await marked.innerText(), /✓/);
        await user.page.locator('#me').click();
        assert.equal(await user.page.getByLabel('Your name here').getAttribute('readonly'), '');
        // Signed out, the page goes on as a guest's, once its person has a name.
        await user.page.goto(`${servers.base}/webchat.html#${room}`);
    },
    { signsIn: true },
);

test('chat: with the keyboard alone', async ({ open }) => {
    const room = newRoom();
    const bob = await join(open, room, 'bob');
    const alice = await open(`/webchat.html#${room}`);
    const { page } = alice;
    // The field for the name has the focus.
    await waitFor('the focus', () => page.evaluate(() => document.activeElement.id === 'name'));
    await page.keyboard.type('alice');
    await page.keyboard.press('Enter');
    await sees(alice, ['alice', 'bob']);
    await waitFor('the focus', () => page.evaluate(() => document.activeElement.id === 'text'));
    await page.keyboard.type('hello');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('there');
    await page.keyboard.press('Enter');
    await hears(bob, 'hello\nthere');
    const carol = await join(open, room, 'carol');
    await sees(alice, ['alice', 'bob', 'carol']);
    // One stop for the whole list; arrows walk in it.
    await page.locator('#people button').first().focus();
    assert.deepEqual(
        await page.locator('#people button').evaluateAll((all) => all.map((one) => one.tabIndex)),
        [0, -1],
    );
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await withText(page.locator('#talk-title'), 'carol');
    await waitFor('the focus', () => page.evaluate(() => document.activeElement.id === 'text'));
    await page.keyboard.type('psst');
    await page.keyboard.press('Enter');
    await withText(carol.page.locator('#conversations .badge'), /^1 unread$/);
});

test('chat: screen readers hear what comes in, and not what was said before', async ({ open }) => {
    const room = newRoom();
    const bob = await join(open, room, 'bob');
    await say(bob, 'history');
    await waitFor('the answer', async () => (await bob.page.locator('.message.waiting').count()) === 0);
    const { page } = await open(`/webchat.html#${room}`, {
        before: (blank) =>
            blank.addInitScript(() => {
                window.announced = [];
                document.addEventListener('DOMContentLoaded', () => {
                    const log = document.getElementById('scroll');
                    new MutationObserver((changes) => {
                        for (const { addedNodes } of changes) {
                            for (const node of addedNodes) {
                                if (log.getAttribute('aria-live') === 'polite')
                                    window.announced.push(node.textContent);
                            }
                        }
                    }).observe(document.getElementById('messages'), { childList: true });
                });
            }),
    });
    await withText(page.locator('#messages .said'), /^history$/);
    const log = page.locator('#scroll');
    assert.equal(await log.getAttribute('role'), 'log');
    await waitFor('the present', async () => (await log.getAttribute('aria-live')) === 'polite');
    await say(bob, 'news');
    const announced = await waitFor('the announcement', async () => {
        const all = await page.evaluate('window.announced');
        return all.length > 0 && all;
    });
    assert.match(announced.join('|'), /news/);
    assert.doesNotMatch(announced.join('|'), /history/);
});

module.exports = cases;
