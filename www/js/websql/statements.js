// Where one SQL statement ends and the next begins. In: what stands in the editor. Out: [{ text, start, word }] without empty ones;
// word: the first one, in capitals.
// Quotes, comments and the semicolons inside CREATE TRIGGER are understood, nothing else: the server decides what is SQL.

const token =
    /--[^\n]*|\/\*[^]*?(?:\*\/|$)|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|[\p{L}\p{N}_$]+|\s+|[^]/gu;

/** Words of CREATE TRIGGER, and its end: "; END ;" (as sqlite3_complete() sees it). */
function isTrigger(words) {
    const [create, second, third] = words;
    return (
        create === 'CREATE' &&
        (second === 'TRIGGER' || (/^TEMP(ORARY)?$/.test(second ?? '') && third === 'TRIGGER'))
    );
}

export function splitStatements(sql) {
    const statements = [];
    let start = 0;
    let words = []; // the first ones, in capitals
    let recent = []; // the last two tokens that count
    const finish = (end) => {
        const text = sql.slice(start, end);
        const lead = /^\s*/.exec(text)[0].length;
        // Without a word there are only spaces and comments.
        if (words.length > 0) statements.push({ text: text.trim(), start: start + lead, word: words[0] });
        start = end + 1;
        words = [];
        recent = [];
    };
    for (const { 0: part, index } of sql.matchAll(token)) {
        if (/^(?:\s|--|\/\*)/.test(part)) continue;
        const word = part.toUpperCase();
        if (part !== ';' && words.length < 3) words.push(word);
        if (part === ';') {
            const ends = !isTrigger(words) || (recent[0] === ';' && recent[1] === 'END');
            if (ends) {
                finish(index);
                continue;
            }
        }
        recent = [recent.at(-1), word];
    }
    finish(sql.length);
    return statements;
}
