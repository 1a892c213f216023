// Numbers, times and bytes as people read them. In: values. Out: text; nothing here touches the page.

const grouped = new Intl.NumberFormat('en');

/** 1234567 as "1,234,567". */
export function formatCount(count) {
    return grouped.format(count);
}

/** A size with its exact number of bytes: "1 byte", "532 bytes", "1.00 MiB (1,048,576 bytes)". */
export function formatSize(bytes) {
    const exact = bytes === 1 ? '1 byte' : `${grouped.format(bytes)} bytes`;
    if (bytes < 10240) return exact;
    const [unit, divisor] = bytes < 2 ** 20 ? ['KiB', 2 ** 10] : ['MiB', 2 ** 20];
    return `${threeDigits(bytes / divisor)} ${unit} (${exact})`;
}

function threeDigits(value) {
    if (value < 10) return value.toFixed(2);
    return value < 100 ? value.toFixed(1) : grouped.format(Math.round(value));
}

/** A duration in milliseconds. Browsers round their clock to 0.1 ms or coarser: finer digits would be invented. */
export function formatDuration(milliseconds) {
    if (milliseconds < 0.1) return '< 0.1 ms';
    if (milliseconds < 100) return `${milliseconds.toFixed(1)} ms`;
    if (milliseconds < 10000) return `${grouped.format(Math.round(milliseconds))} ms`;
    return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Local time of day to the millisecond: "14:03:22.041". */
export function formatTime(date) {
    const pad = (value, width) => String(value).padStart(width, '0');
    return (
        `${pad(date.getHours(), 2)}:${pad(date.getMinutes(), 2)}:${pad(date.getSeconds(), 2)}` +
        `.${pad(date.getMilliseconds(), 3)}`
    );
}

/** The first bytes, eight a line (so that a line fits a phone), in hex and as ASCII. */
export function hexPreview(bytes, limit = 32) {
    const lines = [];
    for (let at = 0; at < Math.min(bytes.length, limit); at += 8) {
        const row = bytes.subarray(at, Math.min(at + 8, limit, bytes.length));
        const hex = Array.from(row, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
        const ascii = Array.from(row, (byte) =>
            byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.',
        ).join('');
        lines.push(`${hex.padEnd(23)}  ${ascii}`);
    }
    if (bytes.length > limit) lines.push(`… ${formatCount(bytes.length - limit)} more`);
    return lines.join('\n');
}

/** The beginning of a text, cut between characters, and how much was left out. */
export function textPreview(text, limit = 2000) {
    if (text.length <= limit) return text;
    const end = text.codePointAt(limit - 1) > 0xffff ? limit - 1 : limit;
    return `${text.slice(0, end)}\n… ${formatCount(text.length - end)} more characters`;
}
