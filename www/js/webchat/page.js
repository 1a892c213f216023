// The chat page. In: what the person does, what the server tells. Out: a room with messages, private conversations, people.

import { ConnectionBanner } from '../connection_banner.js';
import { showConnection } from '../connection_pill.js';
import { admission, hasCookie } from '../session.js';
import { showSession } from '../session_view.js';
import { ReconnectingSocket } from '../websocket.js';
import { avatar } from './avatar.js';
import { Conversations, everyone } from './conversations.js';
import { Drafts } from './drafts.js';
import { MessageView } from './message_view.js';
import { Profile } from './profile.js';
import { hello, parseLine, privately, say, subprotocol, whois } from './protocol.js';
import { roomOfAddress, roomTitle, roomUrl, visitRoom } from './rooms.js';
import { SideView } from './side_view.js';

const mostBytes = 256000; // of a message; the server takes 262,144 with its line

const byId = (id) => document.getElementById(id);
const page = {
    main: document.querySelector('main'),
    state: byId('state'),
    title: byId('talk-title'),
    detail: byId('talk-detail'),
    whoIs: byId('who-is'),
    closeTalk: byId('close-talk'),
    sideToggle: byId('side-toggle'),
    sideUnread: byId('side-unread'),
    problem: byId('problem'),
    compose: byId('compose'),
    me: byId('me'),
    text: byId('text'),
    textLabel: byId('text-label'),
    join: byId('join'),
    announcer: byId('announcer'),
    roomForm: byId('room-form'),
    room: byId('room'),
};

/** What is wrong only as long as there is no connection. */
const notConnected = [
    'Not connected: the message was not sent, and is still in the field.',
    'Not connected: there is nobody to ask.',
];

let room = roomOfAddress();
let roomsLately = visitRoom(room);
let editing = false; // the form for name and colour is open over the message field
let nextTag = 1;
let hasBeenLive = false; // in this room: what its history has that is new was said while the connection was lost
let missed = 0; // of those
const tagPrefix = Math.random().toString(36).slice(2, 8); // answers to an earlier connection's tags are not ours

const conversations = new Conversations(arrived);
const drafts = new Drafts();
const socket = new ReconnectingSocket(roomUrl(room), {
    protocols: [subprotocol],
    admitted: admission('/chat', { forUsers: false }),
});
const view = new MessageView(
    { list: byId('messages'), scroll: byId('scroll'), empty: byId('empty'), newer: byId('newer') },
    sendAgain,
);
const side = new SideView(
    {
        rooms: byId('rooms'),
        people: byId('people'),
        peopleCount: byId('people-count'),
        peopleHint: byId('people-hint'),
        conversations: byId('conversations'),
        privateSection: byId('private-section'),
    },
    (name) => showConversation(name, true),
    () => (page.compose.hidden ? byId('name') : page.text),
);
const profile = new Profile(
    {
        form: page.join,
        name: byId('name'),
        colour: byId('colour'),
        hint: byId('name-hint'),
        submit: byId('join-submit'),
        cancel: byId('join-cancel'),
    },
    (changed) => {
        editing = false;
        if (changed) enter();
        showForms();
        if (!page.compose.hidden) page.text.focus();
    },
);
new ConnectionBanner(byId('banner'), socket, { returnTo: page.text });

// ---- the page's parts

function showProblem(sentence) {
    page.problem.textContent = sentence;
    page.problem.hidden = sentence === '';
}

function announce(sentence) {
    page.announcer.textContent = sentence;
}

/** Whether the person sees what comes in. */
const isLooking = () => document.visibilityState === 'visible' && document.hasFocus();

/** The title at once, as it is for those who look elsewhere; the lists once a frame, however many people come in it. */
let sideFrame = 0;
function showSide() {
    const { unread } = conversations;
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${roomTitle(room)} · Chat · Marmoset`;
    if (sideFrame !== 0) return;
    sideFrame = requestAnimationFrame(() => {
        sideFrame = 0;
        side.draw(conversations, roomsLately);
        const elsewhere = conversations.unread - conversations.shown.unread;
        page.sideUnread.hidden = elsewhere === 0;
        page.sideUnread.textContent = String(elsewhere);
    });
}

function showHead() {
    const { name, gone, about } = conversations.shown;
    const isPrivate = name !== everyone;
    page.title.textContent = isPrivate ? name : roomTitle(room);
    page.detail.textContent = isPrivate
        ? `Private: only ${name} and you see this.${gone ? ' Not here at the moment.' : ''} ${about}`.trim()
        : 'Everybody in this room sees what you say.';
    byId('talk-head').classList.toggle('private', isPrivate);
    page.whoIs.hidden = !isPrivate;
    page.closeTalk.hidden = !isPrivate;
    page.textLabel.textContent = isPrivate ? `Private message to ${name}` : `Message to ${roomTitle(room)}`;
    page.text.placeholder = isPrivate ? 'Private message' : 'Message';
}

function showForms() {
    const isIn = conversations.me !== null;
    const wasHidden = page.join.hidden;
    page.join.hidden = isIn && !editing;
    page.compose.hidden = !page.join.hidden;
    if (!page.join.hidden && wasHidden) profile.edit(isIn, conversations.me?.name);
    if (!isIn) return;
    page.me.replaceChildren(avatar(conversations.me));
    page.me.setAttribute('aria-label', `You are ${conversations.me.name}: change name and colour`);
    page.me.title = conversations.me.name;
}

function openSide(isOpen) {
    page.main.dataset.side = isOpen ? 'open' : 'closed';
    page.sideToggle.setAttribute('aria-expanded', String(isOpen));
}

function showConversation(name, byHand) {
    const conversation = name === everyone ? conversations.get(everyone) : conversations.open(name);
    conversations.shown = conversation;
    view.show(conversation, conversation.unread);
    conversation.unread = 0;
    page.text.value = drafts.get(room, name);
    showProblem('');
    showHead();
    showSide();
    if (!byHand) return;
    openSide(false);
    announce(name === everyone ? roomTitle(room) : `Private conversation with ${name}`);
    if (!page.compose.hidden) page.text.focus();
}

function markRead() {
    if (!isLooking() || !view.following || conversations.shown.unread === 0) return;
    conversations.shown.unread = 0;
    showSide();
}

// ---- what the server tells

function enter() {
    if (socket.state === 'open' && profile.isKnown) socket.send(hello(profile.name, profile.colour));
}

/** Something was said in a conversation, or noted; it is news unless it was said before one came. */
function arrived(conversation, entry) {
    const { name } = conversation;
    const isShown = conversation === conversations.shown;
    if (isShown) view.add(entry);
    if (entry.kind === 'note' || entry.own || !hasBeenLive) return;
    if (!view.isLive) missed += 1;
    if (!isShown && name !== everyone) announce(`Private message from ${name}`);
    if (isShown && isLooking() && view.following) return;
    conversation.unread += 1;
    showSide();
}

/** An entry that was drawn before has another state. */
function changed(entry) {
    if (entry) view.change(entry);
}

function showPeople() {
    showHead();
    showSide();
}

const onLine = {
    history(line) {
        changed(conversations.receive(line));
    },
    live() {
        view.isLive = true;
        hasBeenLive = true;
        if (missed > 0) announce(`${missed} ${missed === 1 ? 'message' : 'messages'} while you were away`);
        missed = 0;
    },
    welcome({ person }) {
        conversations.welcome(person);
        profile.setUser(person.verified ? person.name : '');
        const wasAsked = page.join.contains(document.activeElement);
        editing = false;
        showForms();
        showSide();
        if (wasAsked || document.activeElement === document.body) page.text.focus();
    },
    names({ people }) {
        conversations.setPeople(people);
        showPeople();
    },
    join({ person }) {
        conversations.join(person, Date.now());
        showPeople();
    },
    leave({ name }) {
        conversations.leave(name, Date.now());
        showPeople();
    },
    rename({ old, person }) {
        conversations.rename(old, person, Date.now());
        if (old !== everyone) drafts.rename(room, old, person.name);
        showPeople();
    },
    message(line) {
        changed(conversations.receive(line));
    },
    private(line) {
        conversations.receivePrivate(line);
        showSide();
    },
    sent(line) {
        changed(conversations.sent(line));
    },
    is({ name, address, verified }) {
        const facts = [
            address ? `connected from ${address}` : 'address not known',
            verified ? 'signed in' : 'a guest',
        ];
        const sentence = `${name}: ${facts.join(', ')}.`;
        const between = name === everyone ? null : conversations.get(name);
        if (between) between.about = sentence;
        showHead();
        announce(sentence);
    },
    error({ code, tag, text }) {
        const entry = tag ? conversations.failed(tag, text || code) : null;
        if (entry) view.change(entry);
        else showProblem(text || `The server answered: ${code}`);
    },
};

socket.addEventListener('message', ({ data }) => {
    const line = parseLine(data);
    if (line) onLine[line.kind](line);
});

socket.addEventListener('state', async ({ detail }) => {
    showConnection(page.state, detail.state);
    byId('send').setAttribute('aria-disabled', String(detail.state !== 'open'));
    if (detail.state === 'open') {
        if (notConnected.includes(page.problem.textContent)) showProblem('');
        // Whoever signed out in another window is a guest here now, and the other way round.
        const who = hasCookie() ? await showSession(byId('session')) : { state: 'out' };
        if (who.state === 'out' && !hasCookie()) byId('session').replaceChildren();
        profile.setUser(who.state === 'in' ? who.user : '');
        if (profile.isKnown) enter();
        else {
            conversations.me = null;
            showForms();
        }
        return;
    }
    view.isLive = false;
    if (conversations.loseWaiting()) view.show(conversations.shown);
});

// ---- what the person does

function write(text) {
    const size = new TextEncoder().encode(text).length;
    if (text.trim() === '') return false;
    if (size > mostBytes) {
        showProblem(`This message has ${size} bytes; ${mostBytes} is the most.`);
        return false;
    }
    const tag = `${tagPrefix}-${nextTag}`;
    nextTag += 1;
    const { name } = conversations.shown;
    const line = name === everyone ? say(tag, text) : privately(name, tag, text);
    if (!socket.send(line)) {
        showProblem(notConnected[0]);
        return false;
    }
    showProblem('');
    conversations.write(name, tag, text, Date.now());
    return true;
}

function sendAgain(entry) {
    if (!write(entry.text)) return;
    conversations.withdraw(entry);
    view.remove(entry);
    page.text.focus();
}

const keepDraft = () => drafts.set(room, conversations.shown.name, page.text.value);

function submitText() {
    if (write(page.text.value)) page.text.value = '';
    keepDraft();
    page.text.focus();
}

page.compose.addEventListener('submit', (event) => {
    event.preventDefault();
    submitText();
});
page.text.addEventListener('keydown', (event) => {
    // While an input method composes, Enter takes its proposal.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submitText();
});
page.text.addEventListener('input', keepDraft);
page.me.addEventListener('click', () => {
    editing = true;
    showForms();
});
page.whoIs.addEventListener('click', () => {
    const isAsked = socket.send(whois(conversations.shown.name));
    showProblem(isAsked ? '' : notConnected[1]);
});
page.closeTalk.addEventListener('click', () => {
    conversations.close(conversations.shown.name);
    showConversation(everyone, true);
});
page.sideToggle.addEventListener('click', () => {
    openSide(page.main.dataset.side !== 'open');
});
page.main.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || page.main.dataset.side !== 'open') return;
    openSide(false);
    page.sideToggle.focus();
});

page.roomForm.addEventListener('submit', (event) => {
    event.preventDefault();
    const wanted = page.room.value.trim().replace(/^#/, '');
    page.room.value = '';
    location.hash = encodeURIComponent(wanted);
});
window.addEventListener('hashchange', () => {
    const wanted = roomOfAddress();
    if (wanted === room) return;
    room = wanted;
    roomsLately = visitRoom(room);
    view.isLive = false;
    hasBeenLive = false;
    missed = 0;
    conversations.reset();
    socket.connect(roomUrl(room));
    showConversation(everyone, true);
});

for (const [target, type] of [
    [window, 'focus'],
    [document, 'visibilitychange'],
    [byId('scroll'), 'scroll'],
]) {
    target.addEventListener(type, markRead, { passive: true });
}

showConversation(everyone, false);
socket.connect();
