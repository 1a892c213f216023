// The chat server's lines (conf/chat-protocol.md, subprotocol marmoset-chat). In: messages of the WebSocket. Out: objects;
// and the lines that a page sends. Nothing here touches the page.

export const subprotocol = 'marmoset-chat';

const absent = (word) => (word === undefined || word === '-' ? '' : word);

/** { name, colour, verified } of the words NAME COLOUR FLAGS; colour is empty or "#" and six digits. */
function person([name, colour, flags = '']) {
    return {
        name: absent(name),
        colour: /^#[0-9a-f]{6}$/.test(colour ?? '') ? colour : '',
        verified: flags.includes('v'),
    };
}

const readers = {
    history: ([id, time, ...who], text) => ({ id, time: Number(time), from: person(who), text }),
    live: () => ({}),
    welcome: (who) => ({ person: person(who) }),
    names: (words, text) => ({
        people: text
            .split('\n')
            .filter(Boolean)
            .map((line) => person(line.split(' '))),
    }),
    join: (who) => ({ person: person(who) }),
    rename: ([old, ...who]) => ({ old: absent(old), person: person(who) }),
    leave: ([name]) => ({ name: absent(name) }),
    message: ([id, time, ...who], text) => ({ id, time: Number(time), from: person(who), text }),
    private: ([time, ...who], text) => ({ time: Number(time), from: person(who), text }),
    sent: ([tag, id, time]) => ({ tag: absent(tag), id: absent(id), time: Number(time) }),
    is: ([name, address, flags = '']) => ({
        name: absent(name),
        address: absent(address),
        verified: flags.includes('v'),
    }),
    error: ([code, tag], text) => ({ code, tag: absent(tag), text }),
};

/** { kind, ... } of a text or an ArrayBuffer; null for kinds that a later server may add. */
export function parseLine(data) {
    let head;
    let text;
    if (typeof data === 'string') {
        const cut = data.indexOf('\n');
        head = cut < 0 ? data : data.slice(0, cut);
        text = cut < 0 ? '' : data.slice(cut + 1);
    } else {
        // A line, a newline, bytes of a client that is no page of ours.
        const bytes = new Uint8Array(data);
        const cut = bytes.indexOf(10);
        head = new TextDecoder().decode(cut < 0 ? bytes : bytes.subarray(0, cut));
        text = `(${cut < 0 ? 0 : bytes.length - cut - 1} bytes, not text)`;
    }
    const [kind, ...words] = head.split(' ');
    return Object.hasOwn(readers, kind) ? { kind, ...readers[kind](words, text) } : null;
}

/** A name as the server would take it: no spaces nor controls, 30 bytes at most, cut between characters. */
export function cleanName(text) {
    const wanted = text
        .trim()
        .replace(/\s+/g, '_')
        .replace(/[\p{C}\p{Z}]/gu, '');
    let name = '';
    for (const character of wanted) {
        if (new TextEncoder().encode(name + character).length > 30) break;
        name += character;
    }
    return name === '-' ? '' : name;
}

export const hello = (name, colour) => `hello ${name || '-'} ${colour}`;
export const say = (tag, text) => `say ${tag}\n${text}`;
export const privately = (name, tag, text) => `private ${name} ${tag}\n${text}`;
export const whois = (name) => `whois ${name}`;
