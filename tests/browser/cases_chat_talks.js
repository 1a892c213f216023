// The chat page while several conversations, rooms and connections come and go. In: tools of run.js. Out: cases.
'use strict';

const assert = require('node:assert/strict');
const { hears, join, message, newRoom, say, sees, writeTo } = require('./chat_steps.js');
const { waitFor } = require('./programs.js');
const { withText } = require('./steps.js');

const cases = [];
const test = (name, run, more = {}) => cases.push({ name, run, ...more });

const toRoom = ({ page }) => page.locator('#rooms').getByRole('button').click();

test('chat: what is half written stays with its conversation and its room', async ({ open }) => {
    const room = newRoom();
    const alice = await join(open, room, 'alice');
    const bob = await join(open, room, 'bob');
    await sees(alice, ['alice', 'bob']);
    const { page } = alice;
    const text = page.locator('#text');
    await writeTo(alice, 'bob');
    await text.fill('for bob alone');
    await toRoom(alice);
    assert.equal(await text.inputValue(), '', 'the room does not get the private draft');
    await text.fill('for all');
    // Who is called otherwise meanwhile is the same person.
    await bob.page.locator('#me').click();
    await bob.page.getByLabel('Your name here').fill('robert');
    await bob.page.getByRole('button', { name: 'Save' }).click();
    await sees(alice, ['alice', 'robert']);
    await writeTo(alice, 'robert');
    assert.equal(await text.inputValue(), 'for bob alone');

    const other = newRoom();
    await page.getByLabel('Go to room').fill(other);
    await page.getByLabel('Go to room').press('Enter');
    await withText(page.locator('#talk-title'), `#${other}`);
    assert.equal(await text.inputValue(), '');
    await sees(alice, ['alice']);
    await sees(bob, ['robert']); // the name is free again in that room
    await page.goBack();
    await withText(page.locator('#talk-title'), `#${room}`);
    assert.equal(await text.inputValue(), 'for all');
    await sees(alice, ['alice', 'robert']);
    await text.press('Enter');
    await hears(bob, 'for all');
    await writeTo(alice, 'robert');
    await text.press('Enter');
    await bob.page.locator('#conversations').getByRole('button', { name: 'alice' }).click();
    await hears(bob, 'for bob alone');
    // What was sent is no draft any more.
    await toRoom(alice);
    assert.equal(await text.inputValue(), '');
    await writeTo(alice, 'robert');
    assert.equal(await text.inputValue(), '');
});

test('chat: «Who is this?» is answered on a phone, too, and the answer stays', async ({ open }) => {
    const room = newRoom();
    const bob = await join(open, room, 'bob');
    const phone = await join(open, room, 'alice', { viewport: { width: 360, height: 740 }, hasTouch: true });
    const { page } = phone;
    await sees(phone, ['alice', 'bob']);
    await page.getByRole('button', { name: /^People/ }).click();
    await writeTo(phone, 'bob');
    const detail = page.locator('#talk-detail');
    await detail.waitFor();
    await withText(detail, 'Private: only bob and you see this.');
    await page.locator('#who-is').click();
    const answer = /^Private: only bob .*bob: connected from \S+, a guest\.$/;
    await withText(detail, answer);
    // Others come and go meanwhile.
    const carol = await join(open, room, 'carol');
    await sees(phone, ['alice', 'bob', 'carol']);
    await carol.leave();
    await sees(phone, ['alice', 'bob']);
    assert.match(await detail.innerText(), answer);
    await bob.leave();
    await withText(detail, /Not here at the moment\.$/);
});

test('chat: without a connection «Who is this?» and a message say so, until there is one', async ({
    open,
}) => {
    const peers = [];
    let answer;
    const answered = new Promise((resolve) => {
        answer = resolve;
    });
    const { page } = await open('/webchat.html', {
        before: (blank) =>
            blank.routeWebSocket(/\/chat$/, async (socket) => {
                peers.push(socket);
                if (peers.length > 1) await answered;
                socket.send('live');
                socket.onMessage(() => {
                    socket.send('welcome zoe #123456 -');
                    socket.send('names\nzoe #123456 -\nbob #123456 -');
                    if (peers.length === 1) socket.send(`private ${Date.now()} bob #123456 -\nhello`);
                });
            }),
    });
    await page.getByLabel('Your name here').fill('zoe');
    await page.getByRole('button', { name: 'Join' }).click();
    await page.locator('#conversations').getByRole('button', { name: 'bob' }).click();
    peers[0].close({ code: 1013 }); // which is followed by a wait, and that by a handshake nobody answers yet
    await withText(page.locator('#state'), 'Not connected');
    await page.locator('#who-is').click();
    await withText(page.locator('#problem'), 'Not connected: there is nobody to ask.');
    await page.locator('#text').fill('half of it');
    await page.locator('#text').press('Enter');
    await withText(page.locator('#problem'), 'Not connected: the message was not sent');
    await page.getByRole('button', { name: 'Try now' }).click();
    answer();
    await withText(page.locator('#state'), 'Connected');
    await waitFor('the end of the complaint', async () => !(await page.locator('#problem').isVisible()));
    assert.equal(await page.locator('#text').inputValue(), 'half of it');
});

test('chat: what was said during a lost connection is unread, and announced in one sentence', async ({
    open,
}) => {
    const peers = [];
    const visitor = await open('/webchat.html', {
        before: (blank) =>
            blank.routeWebSocket(/\/chat$/, (socket) => {
                peers.push(socket);
                const said = (id) =>
                    socket.send(`history x-${id} ${Date.now()} bob #123456 -\nmessage ${id}`);
                said(1);
                if (peers.length > 1) {
                    for (const id of [2, 3, 4]) said(id);
                    socket.send(`history x-5 ${Date.now()} zoe #123456 -\nown, of another window`);
                }
                socket.send('live');
                socket.onMessage(() => {
                    socket.send('welcome zoe #123456 -');
                    socket.send('names\nzoe #123456 -\nbob #123456 -');
                });
            }),
    });
    const { page } = visitor;
    await page.getByLabel('Your name here').fill('zoe');
    await page.getByRole('button', { name: 'Join' }).click();
    await hears(visitor, 'message 1');
    await writeTo(visitor, 'bob');
    assert.equal(await page.locator('#rooms .badge').count(), 0, 'what was said before one came is not news');
    peers[0].close({ code: 1012 });
    await withText(page.locator('#announcer'), /^3 messages while you were away$/);
    await withText(page.locator('#rooms .badge'), /^3 unread$/);
    assert.match(await page.title(), /^\(3\) /);
    await toRoom(visitor);
    await withText(page.locator('#messages .divider.new + .message .said'), /^message 2$/);
});

test('chat: a click and the focus stay where they are while people come and go', async ({ open }) => {
    const room = newRoom();
    const alice = await join(open, room, 'alice');
    const zoe = await join(open, room, 'zoe');
    await sees(alice, ['alice', 'zoe']);
    const { page } = alice;
    const entry = page.locator('#people').getByRole('button', { name: 'zoe' });
    // Somebody comes between pressing and releasing, and is listed below.
    await entry.hover();
    await page.mouse.down();
    const last = await join(open, room, 'zzz');
    await sees(alice, ['alice', 'zoe', 'zzz']);
    await page.mouse.up();
    await withText(page.locator('#talk-title'), /^zoe$/);
    // What the entry shows may change, too.
    await toRoom(alice);
    const talk = page.locator('#conversations').getByRole('button', { name: 'zoe' });
    await talk.hover();
    await page.mouse.down();
    await writeTo(zoe, 'alice');
    await say(zoe, 'psst');
    await withText(talk.locator('.badge'), /^1 unread$/);
    await page.mouse.up();
    await withText(page.locator('#talk-title'), /^zoe$/);

    // Whoever leaves under the focus hands it to the next one, the last one to the message.
    const focused = () =>
        page.evaluate(() => document.activeElement.dataset.key ?? document.activeElement.id);
    await entry.focus();
    await zoe.leave();
    await sees(alice, ['alice', 'zzz']);
    assert.equal(await focused(), 'to zzz');
    await last.leave();
    await sees(alice, ['alice']);
    assert.equal(await focused(), 'text');
});

test('chat: the memory of rooms is written when one is entered, not whenever something is drawn', async ({
    open,
}) => {
    const room = newRoom();
    const alice = await join(open, room, 'alice', {
        before: (page) =>
            page.addInitScript(() => {
                window.written = 0;
                const { setItem } = Storage.prototype;
                Storage.prototype.setItem = function (key, value) {
                    if (key === 'marmoset.chat.rooms') window.written += 1;
                    setItem.call(this, key, value);
                };
            }),
    });
    const bob = await join(open, room, 'bob');
    await sees(alice, ['alice', 'bob']);
    await say(bob, 'hello');
    await hears(alice, 'hello');
    assert.equal(await alice.page.evaluate('window.written'), 1);
});

module.exports = cases;
