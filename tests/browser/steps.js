// What many cases do on the echo page, and how they look at it. In: a visitor of visitor.js. Out: locators, payloads.
'use strict';

/** Chromium's own lines about a handshake that failed; pages cannot prevent them. */
const handshakeComplaint = /WebSocket connection to '[^']+' failed|ERR_CONNECTION_(REFUSED|RESET)/;

const lastEntry = (page, kind) => page.locator(`#log .entry.${kind}`).last();
const withText = (locator, text) => locator.filter({ hasText: text }).waitFor();

async function connect({ page }) {
    await page.getByRole('button', { name: 'Connect' }).click();
    await withText(page.locator('#state'), 'Connected');
}

async function sendText({ page }, text) {
    const before = await page.locator('#log .entry.received').count();
    await page.getByLabel('Text').fill(text);
    await page.getByRole('button', { name: 'Send' }).click();
    await page.locator('#log .entry.received').nth(before).waitFor();
    return page.locator('#log .entry.received').nth(before);
}

/** Bytes that show every value and no short period. */
function pattern(size) {
    const bytes = Buffer.alloc(size);
    let state = 0x2545f491;
    for (let i = 0; i < size; i += 1) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        bytes[i] = state >>> 24;
    }
    return bytes;
}

const file = (name, buffer) => ({ name, mimeType: 'application/octet-stream', buffer });
const received = ({ frames }) =>
    frames.filter(({ direction }) => direction === 'framereceived').map(({ payload }) => payload);

/** A page whose /echo is answered by `serve(socket)` instead of a server: for answers no honest echo gives. */
const pretend = (serve) => ({ before: (page) => page.routeWebSocket(/\/echo$/, serve) });

/** Before a page is opened: writes down what its banner says, as some of it does not stay long. */
const listenToBanner = (page) =>
    page.addInitScript(() => {
        window.bannerSaid = [];
        document.addEventListener('DOMContentLoaded', () => {
            const banner = document.getElementById('banner');
            if (!banner) return; // the sign-in page has none
            new MutationObserver(() => {
                const words = document.querySelector('.banner-words')?.textContent;
                if (words && words !== window.bannerSaid.at(-1)) window.bannerSaid.push(words);
            }).observe(banner, { childList: true, subtree: true, characterData: true });
        });
    });

/** Waits until the banner has said it. */
const bannerSays = ({ page }, pattern) =>
    page.waitForFunction(
        ([source, flags]) => window.bannerSaid.some((words) => new RegExp(source, flags).test(words)),
        [pattern.source, pattern.flags],
    );

/** { peers, before }: connections that a page opened with `before` makes to a server, which can be ended from here. */
function interceptConnections(address) {
    const peers = [];
    return {
        peers,
        before: (page) =>
            page.routeWebSocket(address, (socket) => {
                peers.push(socket);
                socket.connectToServer();
            }),
    };
}

module.exports = {
    bannerSays,
    interceptConnections,
    listenToBanner,
    handshakeComplaint,
    lastEntry,
    withText,
    connect,
    sendText,
    pattern,
    file,
    received,
    pretend,
};
