// Rows as a file that spreadsheets read (RFC 4180). In: names of columns, rows. Out: text, with CRLF at the ends of lines. NULL
// is an empty field, an empty text is "", a blob its base64. A text that a spreadsheet would take for a formula has an apostrophe in
// front, and the file begins with the mark by which spreadsheets know UTF-8.

import { kindOf, wholeText } from './values.js';

// Held in memory until the file is complete.
const mostRows = 200000;
const mostCharacters = 256 * 2 ** 20;

function field(value) {
    const kind = kindOf(value);
    if (kind === 'null') return '';
    const isNumber = kind === 'integer' || kind === 'real';
    const whole = wholeText(value);
    const text = !isNumber && /^[=+\-@\t\r]/.test(whole) ? `'${whole}` : whole;
    return text === '' || /[",\r\n]/.test(text) || text.trim() !== text
        ? `"${text.replaceAll('"', '""')}"`
        : text;
}

const lines = (rows) => rows.map((row) => `${row.map(field).join(',')}\r\n`).join('');

/**
 * All rows of a result: { parts, rows, isCut }; isCut: there may be more than one file takes. goesOn(rows) is asked after each piece;
 * when it says no, there are no parts.
 */
export async function csvParts(result, goesOn, { characters = mostCharacters } = {}) {
    const parts = ['\uFEFF', lines([result.columns])];
    let rows = 0;
    let size = 0;
    for await (const piece of result.all()) {
        parts.push(lines(piece));
        size += parts.at(-1).length;
        rows += piece.length;
        if (!goesOn(rows)) return { parts: null, rows, isCut: true };
        if (rows >= mostRows || size >= characters) return { parts, rows, isCut: true };
    }
    return { parts, rows, isCut: false };
}

/** Hands a file to the browser's downloads. parts: texts. */
export function download(name, parts) {
    const address = URL.createObjectURL(new Blob(parts, { type: 'text/csv;charset=utf-8' }));
    const link = document.createElement('a');
    link.href = address;
    link.download = name;
    link.click();
    // The download has begun with the click; the browser keeps what it needs.
    setTimeout(() => URL.revokeObjectURL(address), 10000);
}
