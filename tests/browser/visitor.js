// One visit of a page with everything written down that a page must not do. In: a browser. Out: page and findings.
'use strict';

const assert = require('node:assert/strict');

class Visitor {
    /**
     * options: playwright context options; `session`: the value of Cookie of somebody who is signed in; `before(page)` runs before the
     * page is opened.
     */
    static async open(browser, base, path, { before, session, ...options } = {}) {
        const visitor = new Visitor();
        visitor.host = new URL(base).host;
        visitor.requests = [];
        visitor.complaints = [];
        visitor.violations = [];
        visitor.frames = [];
        visitor.expected = [];
        visitor.context = await browser.newContext({
            viewport: { width: 1280, height: 860 },
            ignoreHTTPSErrors: base.startsWith('https:'), // an authority that the machine does not know
            ...options,
        });
        visitor.context.setDefaultTimeout(90000);
        visitor.page = await visitor.context.newPage();
        await visitor.#record();
        if (session) await visitor.addSession(base, session);
        if (before) await before(visitor.page);
        await visitor.page.goto(`${base}${path}`);
        return visitor;
    }

    async #record() {
        const { page, context } = this;
        context.on('request', (request) => this.requests.push(request.url()));
        page.on('response', (response) => {
            if (response.status() >= 400) this.complaints.push(`${response.status()} ${response.url()}`);
        });
        page.on('requestfailed', (request) => {
            const { errorText } = request.failure() ?? {};
            // A page may be left while it asks who is signed in, or the browser for its picture.
            const isLeft = errorText === 'net::ERR_ABORTED';
            if (isLeft && /\/(?:auth\/session|favicon\.svg)$/.test(request.url())) return;
            this.complaints.push(`failed: ${request.url()} ${errorText}`);
        });
        page.on('console', (message) => {
            if (['error', 'warning'].includes(message.type()))
                this.complaints.push(`console: ${message.text()}`);
        });
        page.on('pageerror', (error) => this.complaints.push(`exception: ${error.stack}`));
        page.on('websocket', (socket) => {
            this.requests.push(socket.url());
            for (const direction of ['framesent', 'framereceived']) {
                socket.on(direction, ({ payload }) => this.frames.push({ direction, payload }));
            }
        });
        await page.exposeFunction('noteViolation', (text) => this.violations.push(text));
        await page.addInitScript(() => {
            document.addEventListener('securitypolicyviolation', (event) => {
                window.noteViolation(`${event.violatedDirective}: ${event.blockedURI}`);
            });
        });
    }

    async addSession(base, session) {
        const cookies = session.split('; ').map((pair) => {
            const [name, value] = pair.split('=');
            return { name, value, url: base, httpOnly: name === 'X-Auth-Token', sameSite: 'Lax' };
        });
        await this.context.addCookies(cookies);
    }

    /** Allows a complaint or a violation that a case provokes, such as Chromium's line about a refused handshake. */
    expect(pattern) {
        this.expected.push(pattern);
    }

    foreignRequests() {
        return this.requests.filter((url) => new URL(url).host !== this.host);
    }

    /** Ends the visit; nothing may have been asked of another host, complained about or refused by the policy. */
    async leave() {
        await this.context.close();
        const unexpected = this.complaints.filter(
            (text) => !this.expected.some((pattern) => pattern.test(text)),
        );
        const violations = this.violations.filter((text) => !this.expected.some((pattern) => pattern.test(text)));
        assert.deepEqual(this.foreignRequests(), [], 'requests to another host');
        assert.deepEqual(unexpected, [], 'console, failed requests, exceptions');
        assert.deepEqual(violations, [], 'violations of the Content-Security-Policy');
    }
}

module.exports = { Visitor };
