// SQLite's values as sqlrpc gives them (conf/jsonrpc-methods.md). In: a value of JSON. Out: its kind, and how it is shown, sorted
// out into what a person reads and what a file holds.

import { formatCount } from '../format.js';

/** "null", "integer", "real", "text" or "blob". */
export function kindOf(value) {
    if (value === null || value === undefined) return 'null';
    // Integers that scripts could not hold come as objects: a number as large is a REAL.
    if (typeof value === 'number') return Number.isSafeInteger(value) ? 'integer' : 'real';
    if (typeof value === 'object') {
        if (typeof value.integer === 'string') return 'integer';
        if (typeof value.real === 'string') return 'real';
        if (typeof value.base64 === 'string') return 'blob';
    }
    return 'text';
}

/** Bytes that a text in base64 stands for. */
function blobSize(base64) {
    const padding = /=*$/.exec(base64)[0].length;
    return (base64.length / 4) * 3 - padding;
}

/** The whole value as text; of a blob its base64. */
export function wholeText(value) {
    if (value === null || value === undefined) return '';
    if (typeof value === 'object')
        return value.integer ?? value.real ?? value.base64 ?? JSON.stringify(value);
    return String(value);
}

/** What a cell shows: at most `limit` characters on one line. */
export function cellText(value, limit = 120) {
    const kind = kindOf(value);
    if (kind === 'null') return 'NULL';
    if (kind === 'blob') {
        const size = blobSize(value.base64);
        return size === 1 ? '1 byte' : `${formatCount(size)} bytes`;
    }
    const line = wholeText(value).replace(/\s*\n\s*/g, ' ⏎ ');
    return line.length > limit ? `${line.slice(0, limit)}…` : line;
}

/** An identifier as SQL wants it, whatever it holds. */
export const quoted = (name) => `"${name.replaceAll('"', '""')}"`;
