// What many cases do on the chat page. In: tools of run.js. Out: visitors who are in a room, locators.
'use strict';

const { waitFor } = require('./programs.js');
const { withText } = require('./steps.js');

let rooms = 0;
/** A room that no other case uses. */
const newRoom = () => {
    rooms += 1;
    return `room-${process.pid}-${rooms}`;
};

/** Opens the page as a person who has never been here, and joins. */
async function join(open, room, name, { colour = '', base, ...visit } = {}) {
    const visitor = await open(`/webchat.html${room ? `#${room}` : ''}`, visit, base);
    const { page } = visitor;
    await page.getByLabel('Your name here').fill(name);
    if (colour) await page.locator('#colour').fill(colour);
    await page.getByRole('button', { name: 'Join' }).click();
    await page.locator('#text').waitFor();
    return visitor;
}

async function say({ page }, text) {
    await page.locator('#text').fill(text);
    await page.locator('#text').press('Enter');
}

/** The last message with this text, on somebody's page. */
const message = ({ page }, text) =>
    page
        .locator('#messages .message')
        .filter({ has: page.getByText(text, { exact: true }) })
        .last();

const hears = (visitor, text) => message(visitor, text).waitFor();

/** Names of the list of people. */
const people = ({ page }) => page.locator('#people .entry-name').allInnerTexts();

/** Waits until exactly these are in the list, in this order. */
function sees(visitor, names) {
    let list = [];
    return waitFor(
        `the list ${names}`,
        async () => {
            list = (await people(visitor)).map((text) => text.trim());
            return list.join() === names.join();
        },
        () => `there are ${list}`,
    );
}

/** The private conversation with somebody, chosen in the list of people. */
async function writeTo({ page }, name) {
    await page.locator('#people').getByRole('button', { name }).click();
    await withText(page.locator('#talk-title'), name);
}

module.exports = { hears, join, message, newRoom, people, say, sees, writeTo };
