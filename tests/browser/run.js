// The pages in a real browser. In: --build <folder> (starts its programs) or --base-url <URL> (a server that runs
// already, with www/ as documents and an echo server named «echo»). Out: a line a case, screenshots, exit status.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const root = path.resolve(__dirname, '../..');
const chromiumFlags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
];
const caseLimit = 400000;

const usage = `usage: node tests/browser/run.js --build <folder> | --base-url <URL> [--only <part of a name>]
       [--chromium <file>] [--screenshots <folder>] [--documents <folder>] [--list]`;

/** playwright-core from NODE_PATH, else from where make installs it. */
function findPlaywright() {
    const places = [
        ...(require.resolve.paths('playwright-core') ?? []),
        path.join(root, 'build/node/node_modules'),
    ];
    try {
        return require(require.resolve('playwright-core', { paths: [__dirname, ...places] }));
    } catch (error) {
        if (error.code !== 'MODULE_NOT_FOUND') throw error;
        console.error('playwright-core is not installed: «make check-browser» does that, or set NODE_PATH');
        process.exit(2);
    }
    return null;
}

function readOptions() {
    const text = { type: 'string' };
    try {
        const { values } = parseArgs({
            options: {
                build: text,
                'base-url': text,
                only: text,
                chromium: text,
                screenshots: text,
                documents: text,
                list: { type: 'boolean' },
                help: { type: 'boolean', short: 'h' },
            },
        });
        if (values.help) {
            console.log(usage);
            process.exit(0);
        }
        if (!values.list && Boolean(values.build) === Boolean(values['base-url']))
            throw new Error('--build or --base-url');
        return values;
    } catch (error) {
        console.error(`${error.message}\n${usage}`);
        process.exit(2);
    }
    return null;
}

/** Fails when `work` takes longer than a case may. */
async function withinLimit(work) {
    let timer;
    const limit = new Promise((resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`not done after ${caseLimit / 1000} s`)), caseLimit);
    });
    try {
        await Promise.race([work, limit]);
    } finally {
        clearTimeout(timer);
    }
}

async function main() {
    const options = readOptions();
    const { cases } = require('./cases.js');
    if (options.list) {
        for (const { name } of cases) console.log(name);
        return 0;
    }
    const { Servers } = require('./servers.js');
    const { Visitor } = require('./visitor.js');
    const { chromium } = findPlaywright();

    const build = options.build && path.resolve(options.build);
    const documents = path.resolve(options.documents ?? path.join(root, 'www'));
    const screenshots = path.resolve(
        options.screenshots ?? path.join(build ?? path.join(root, 'build'), 'browser'),
    );
    fs.mkdirSync(screenshots, { recursive: true });

    const running = new Set();
    /** Programs of their own for a case that stops them. */
    const startServers = async (how) => {
        const servers = new Servers(build, documents, how);
        running.add(servers);
        await servers.start();
        return servers;
    };
    const stopServers = async (servers) => {
        running.delete(servers);
        await servers.stop();
    };
    /** Visitors leave before: a page that finds its server gone asks for it again, and is answered by one that is stopping. */
    const leaveAndStop = async (visitors, servers) => {
        const hosts = [servers.base, servers.secureBase].map((base) => new URL(base).host);
        for (const visitor of visitors) if (hosts.includes(visitor.host)) await visitor.leave();
        await stopServers(servers);
    };

    const browser = await chromium.launch({
        executablePath: options.chromium ?? '/usr/bin/chromium',
        args: chromiumFlags,
        chromiumSandbox: false,
    });
    let passed = 0;
    let failed = 0;
    try {
        const shared = build ? await startServers() : null;
        const base = shared?.base ?? options['base-url'].replace(/\/+$/, '');
        // Without programs of ours nothing can be stopped, and nobody signs in: those cases belong to --build.
        const chosen = cases.filter(
            (one) => (build || !(one.stops || one.signsIn)) && one.name.includes(options.only ?? ''),
        );
        for (const { name, run } of chosen) {
            const begun = Date.now();
            const visitors = [];
            const tools = {
                base,
                servers: shared,
                screenshots,
                startServers,
                stopServers: (servers) => leaveAndStop(visitors, servers),
                open: async (page, visit, host = base) => {
                    const visitor = await Visitor.open(browser, host, page, visit);
                    visitors.push(visitor);
                    return visitor;
                },
            };
            try {
                await withinLimit(
                    (async () => {
                        await run(tools);
                        for (const visitor of visitors) await visitor.leave();
                    })(),
                );
                passed += 1;
                console.log(`ok   ${name} (${Date.now() - begun} ms)`);
            } catch (error) {
                failed += 1;
                console.log(`FAIL ${name}\n     ${String(error.stack).replaceAll('\n', '\n     ')}`);
                for (const [index, { page, context, complaints }] of visitors.entries()) {
                    const file = path.join(screenshots, `failed-${failed}-${index + 1}.png`);
                    await page.screenshot({ path: file }).then(
                        () => console.log(`     shown in ${file}`),
                        () => {},
                    );
                    for (const complaint of complaints) console.log(`     ${complaint}`);
                    await context.close();
                }
            }
        }
    } finally {
        await browser.close();
        for (const servers of [...running]) {
            await stopServers(servers).catch((error) => {
                failed += 1;
                console.log(`FAIL the programs end well\n     ${error.message}`);
            });
        }
    }
    console.log(`${passed} passed, ${failed} failed`);
    return failed === 0 && passed > 0 ? 0 : 1;
}

main().then(
    (status) => {
        process.exitCode = status;
    },
    (error) => {
        console.error(error);
        process.exitCode = 1;
    },
);
