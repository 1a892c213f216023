// The users page. In: what the person does, what authrpc answers. Out: who is signed in, one's own password, and for
// administrators the users.

import { ConnectionBanner } from '../connection_banner.js';
import { showConnection } from '../connection_pill.js';
import { element } from '../element.js';
import { ConnectionLost, JsonRpc } from '../jsonrpc.js';
import { admission, signInAddress } from '../session.js';
import { showSession } from '../session_view.js';
import { socketUrl } from '../socket_url.js';
import { ReconnectingSocket } from '../websocket.js';
import { Calls, describe } from './calls.js';
import { onSubmit, randomPassword } from './forms.js';
import { UserTable } from './user_table.js';

const mostUsers = 5000; // listed at once

const byId = (id) => document.getElementById(id);
const page = {
    state: byId('state'),
    who: byId('who'),
    whoDetail: byId('who-detail'),
    signIn: byId('who-signin'),
    localForm: byId('local'),
    signOut: byId('local-signout'),
    own: byId('own-card'),
    ownForm: byId('own'),
    admin: byId('admin'),
    users: byId('users-problem'),
    success: byId('success'),
    add: byId('add'),
    groups: byId('groups'),
    edit: byId('edit'),
    password: byId('password'),
    remove: byId('remove'),
};

const socket = new ReconnectingSocket(socketUrl('authrpc'), {
    admitted: admission('/authrpc', { forUsers: true }),
});
const calls = new Calls(new JsonRpc(socket));
const table = new UserTable(
    { table: byId('users'), count: byId('user-count'), more: byId('more'), filter: byId('filter') },
    { change: openEdit, setPassword: openPassword, remove: openRemove },
);
new ConnectionBanner(byId('banner'), socket, { returnTo: byId('page-title') });

let session = { state: 'unknown' }; // of the gate
let me = { user: '', administrator: false }; // as authrpc sees it
let chosen = ''; // the user whom an open dialog is about

// ---- telling

/** A success stays until the next one, or until something fails. */
function succeed(sentence) {
    page.success.textContent = sentence;
    page.success.parentElement.hidden = sentence === '';
}

function fail(error) {
    page.users.textContent = error ? describe(error) : '';
    page.users.hidden = !error;
    if (error) succeed('');
}

function showWho() {
    const { user, group, source, administrator, status } = me;
    const isOut = !user;
    page.who.textContent = isOut ? 'Nobody is signed in here.' : user;
    const facts = [];
    if (group) facts.push(`group ${group}`);
    if (administrator) facts.push('administrator');
    if (source === 'auth') facts.push('signed in on this connection only');
    if (source === 'gateway' && session.expires) {
        const end = new Date(session.expires * 1000).toLocaleTimeString([], {
            hour: '2-digit',
            minute: '2-digit',
        });
        facts.push(`session until ${end}`);
    }
    if (status === 'reapproving') facts.push('needs a new password');
    page.whoDetail.textContent = facts.join(' · ');
    page.signIn.hidden = !(session.state === 'out');
    if (session.state === 'out') page.signIn.href = signInAddress(session.signin || '/signin.html');
    // Without a gate the server itself takes name and password, for this connection.
    page.localForm.hidden = !(isOut && session.state === 'open' && socket.state === 'open');
    page.signOut.hidden = source !== 'auth';
    page.own.hidden = isOut;
    byId('own-user').value = user;
    page.admin.hidden = !administrator;
}

// ---- what is there

async function loadUsers() {
    fail(null);
    const list = [];
    let more = true;
    while (more && list.length < mostUsers) {
        const part = await calls.users(list.at(-1)?.user ?? '');
        list.push(...part.users);
        more = Boolean(part.more);
        if (part.users.length === 0) break;
    }
    table.show(list, { me: me.user, more });
    const groups = await calls.groups();
    page.groups.replaceChildren(
        ...groups.map(({ group }) => {
            const option = element('option');
            option.value = group;
            return option;
        }),
    );
}

async function refresh() {
    try {
        const who = await calls.whoAmI();
        me = { ...who, user: who.user ?? '' };
        showWho();
        if (me.administrator) await loadUsers();
    } catch (error) {
        if (!(error instanceof ConnectionLost)) fail(error);
    }
}

/** Does something to the users, tells it, and shows what is there then. */
async function carryOut(work, sentence, focus) {
    succeed('');
    fail(null);
    await work();
    succeed(sentence);
    await refresh();
    if (focus !== undefined) table.focus(focus);
}

// ---- oneself

onSubmit(page.localForm, async ({ user, passwd }) => {
    await calls.signIn(user, passwd);
    page.localForm.reset();
    succeed('Signed in.');
    await refresh();
});
page.signOut.addEventListener('click', async () => {
    try {
        await calls.signOut();
        succeed('Signed out.');
        await refresh();
    } catch (error) {
        fail(error);
    }
});
onSubmit(page.ownForm, async ({ old, new: fresh, confirm }) => {
    await calls.changePassword(old, fresh, confirm);
    page.ownForm.reset();
    const again = me.source === 'gateway' ? ' Your sessions end now: sign in again with the new one.' : '';
    succeed(`Your password is changed.${again}`);
});

// ---- users

function open(dialog, user) {
    chosen = user;
    dialog.querySelector('form').reset();
    for (const place of dialog.querySelectorAll('.about')) place.textContent = user;
    dialog.showModal();
}

function openEdit({ user, group, home, status }) {
    open(page.edit, user);
    const { elements } = page.edit.querySelector('form');
    elements.group.value = group ?? '';
    elements.home.value = home ?? '';
    elements.status.value = status;
}
function openPassword({ user }) {
    open(page.password, user);
}
function openRemove({ user }) {
    open(page.remove, user);
}

onSubmit(page.add, async (fields) => {
    await carryOut(async () => {
        await calls.add(fields);
        table.clearFilter(); // so that the new one is seen
    }, `${fields.user} was created.`);
    page.add.reset();
    byId('add-card').open = false;
    table.focus(fields.user);
});
byId('generate').addEventListener('click', () => {
    const field = page.add.elements.passwd;
    field.value = randomPassword();
    field.type = 'text'; // it has to be told to its user
    field.select();
});
page.add.addEventListener('reset', () => {
    page.add.elements.passwd.type = 'password';
});
onSubmit(page.edit.querySelector('form'), async ({ group, home, status }) => {
    await carryOut(() => calls.change(chosen, { group, home, status }), `${chosen} was changed.`);
    page.edit.close();
    table.focus(chosen);
});
onSubmit(page.password.querySelector('form'), async ({ new: fresh, confirm }) => {
    await carryOut(() => calls.setPassword(chosen, fresh, confirm), `${chosen} has a new password.`);
    page.password.close();
    table.focus(chosen);
});
onSubmit(page.remove.querySelector('form'), async () => {
    await carryOut(() => calls.remove(chosen), `${chosen} was removed.`);
    page.remove.close();
    table.focus(chosen);
});
for (const dialog of [page.edit, page.password, page.remove]) {
    dialog.querySelector('.close').addEventListener('click', () => dialog.close());
}
byId('reload').addEventListener('click', async () => {
    await refresh();
    byId('reload').focus();
});

// ---- the connection

socket.addEventListener('state', async ({ detail }) => {
    showConnection(page.state, detail.state);
    if (detail.state === 'open') {
        // The connection may be another user's now.
        if (detail.again) session = await showSession(byId('session'));
        await refresh();
    } else if (detail.state === 'refused') {
        me = { user: '', administrator: false };
        session = await showSession(byId('session'));
        for (const dialog of [page.edit, page.password, page.remove]) dialog.close();
        const { activeElement } = document;
        showWho();
        // What had the focus may be gone, as after one's own password was changed.
        if (!activeElement.checkVisibility()) byId('page-title').focus();
    }
});

session = await showSession(byId('session'));
if (session.state === 'out') {
    showConnection(page.state, 'closed');
    showWho();
} else {
    socket.connect();
}
