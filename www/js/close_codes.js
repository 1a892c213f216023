// What a WebSocket close code means, in words. In: code and how the connection ended. Out: a name and a sentence.
// Codes: RFC 6455 section 7.4.1 and the IANA «WebSocket Close Code Number» registry.

const codes = new Map([
    [1000, ['Normal closure', 'The purpose of the connection is fulfilled.']],
    [1001, ['Going away', 'The server is shutting down, or the page was left.']],
    [1002, ['Protocol error', 'A frame broke the rules of the WebSocket protocol.']],
    [1003, ['Unsupported data', 'The server does not take messages of this type.']],
    [1005, ['No code', 'The close frame carried no code.']],
    [1006, ['Abnormal closure', 'The connection ended without a close frame.']],
    [
        1007,
        ['Invalid data', 'A message did not hold what its type promises, such as text that is not UTF-8.'],
    ],
    [1008, ['Policy violation', 'A message broke a rule of the server.']],
    [1009, ['Message too big', 'A message was larger than the server accepts.']],
    [1010, ['Extension missing', 'The server did not offer an extension the page needs.']],
    [1011, ['Internal error', 'The server met a condition it did not expect.']],
    [
        1012,
        ['Service restart', 'The server behind the gateway stopped or restarts; connecting again may work.'],
    ],
    [1013, ['Try again later', 'The server has too much to do at the moment.']],
    [1014, ['Bad gateway', 'The gateway received an invalid answer from the server behind it.']],
    [1015, ['TLS failure', 'The TLS handshake failed.']],
]);

/** Name and explanation of any code. */
export function describeCode(code) {
    const known = codes.get(code);
    if (known) return { name: known[0], words: known[1] };
    if (code >= 3000 && code < 4000)
        return { name: 'Library code', words: 'A code registered by a library or framework.' };
    if (code >= 4000 && code < 5000)
        return { name: 'Private code', words: 'A code agreed between this server and its pages.' };
    return { name: 'Unknown code', words: 'No standard gives this code a meaning.' };
}

/**
 * What a page that wants to stay connected does after a code: "retry"; "later", as the server has too much to do; "ask" whether it
 * is still signed in: the gate ends the websockets of a session that is over with 1008; "stop": the same would happen again.
 */
export function followUp(code) {
    if (code === 1013) return 'later';
    if (code === 1008) return 'ask';
    return [1000, 1002, 1003, 1007, 1010].includes(code) || code >= 3000 ? 'stop' : 'retry';
}

/** Browsers hide why a handshake failed (the HTTP status is not shown to pages), so name what it can be. */
export function describeFailedOpen(protocols) {
    const causes = [
        'no server of this name is listening',
        'the gateway refused the handshake',
        'the host cannot be reached',
    ];
    if (protocols.length > 0) causes.push('the server chose none of the subprotocols');
    return `The connection was never open: ${causes.slice(0, -1).join(', ')}, or ${causes.at(-1)}.`;
}

/** Why close(code, reason) would throw, or an empty text. */
export function closeArgumentsError(code, reason) {
    if (!Number.isInteger(code) || (code !== 1000 && (code < 3000 || code > 4999))) {
        return 'A page may close with code 1000 or 3000 to 4999 only.';
    }
    const size = new TextEncoder().encode(reason).length;
    if (size > 123) return `The reason has ${size} bytes; 123 is the most a close frame holds.`;
    return '';
}
