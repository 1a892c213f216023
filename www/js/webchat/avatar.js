// A person's colour with the first letter of the name, and the mark of who is signed in. In: a person. Out: SVG elements. The colour
// is what the other one has chosen: the letter on it is black or white, whichever can be read.

const svg = 'http://www.w3.org/2000/svg';
const palette = ['#0b6870', '#8a3ffc', '#b3261e', '#1c6638', '#9a5b00', '#1f5fbf', '#a8327d', '#5a6b1e'];

/** Somebody without a colour has always the same one. */
function colourOf({ name, colour }) {
    if (colour) return colour;
    let sum = 0;
    for (const character of name) sum = (sum * 31 + character.codePointAt(0)) % 65521;
    return palette[sum % palette.length];
}

export function randomColour() {
    return palette[Math.floor(Math.random() * palette.length)];
}

/** "#000000" or "#ffffff": one of both has a contrast of 4.5 on any colour (WCAG 2.2, 1.4.3). */
function letterColour(colour) {
    const [r, g, b] = [1, 3, 5].map((at) => {
        const share = parseInt(colour.slice(at, at + 2), 16) / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? '#000000' : '#ffffff';
}

function firstLetter(name) {
    const segments = new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(name);
    return (segments[Symbol.iterator]().next().value?.segment ?? '?').toUpperCase();
}

function shape(kind, attributes) {
    const node = document.createElementNS(svg, kind);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
}

export function avatar(person) {
    const colour = colourOf(person);
    const image = shape('svg', { class: 'avatar', viewBox: '0 0 32 32', 'aria-hidden': 'true' });
    const letter = shape('text', { x: 16, y: 21.5, 'text-anchor': 'middle', fill: letterColour(colour) });
    letter.textContent = firstLetter(person.name || '?');
    image.append(shape('circle', { cx: 16, cy: 16, r: 16, fill: colour }), letter);
    return image;
}

/** Behind the name of somebody who has signed in at the gateway: drawn, as every character could be part of a guest's name. */
export function verifiedMark() {
    const mark = shape('svg', {
        class: 'verified',
        viewBox: '0 0 16 16',
        role: 'img',
        'aria-label': 'signed in',
    });
    const title = shape('title', {});
    title.textContent = 'Signed in: the name is the user’s';
    mark.append(
        title,
        shape('circle', { cx: 8, cy: 8, r: 8 }),
        shape('path', { d: 'M4.5 8.3l2.4 2.4 4.6-5' }),
    );
    return mark;
}
