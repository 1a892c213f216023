// Functions that run inside a page and measure what a person needs. In: the document. Out: plain data.
'use strict';

/**
 * Contrast (WCAG 2.2, 1.4.3 and 1.4.11) of every visible text and of every control's border, as shown now.
 * Gives { texts, borders, low: [{ what, ratio, needed }] }.
 */
function contrastReport(only) {
    const parse = (color) => {
        const numbers = color.match(/[\d.]+/g).map(Number);
        if (!/^rgba?\(/.test(color)) throw new Error(`colour ${color} is not understood`);
        return { r: numbers[0], g: numbers[1], b: numbers[2], a: numbers[3] ?? 1 };
    };
    const over = (top, below) => ({
        r: top.r * top.a + below.r * (1 - top.a),
        g: top.g * top.a + below.g * (1 - top.a),
        b: top.b * top.a + below.b * (1 - top.a),
        a: 1,
    });
    const luminance = ({ r, g, b }) => {
        const [x, y, z] = [r, g, b].map((value) => {
            const share = value / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const ratio = (a, b) => {
        const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
        return (light + 0.05) / (dark + 0.05);
    };
    const background = (element) => {
        const layers = [];
        for (let at = element; at; at = at.parentElement) {
            const style = getComputedStyle(at);
            if (style.backgroundImage !== 'none' || style.opacity !== '1')
                throw new Error(`cannot judge ${at.className}`);
            layers.push(parse(style.backgroundColor));
        }
        return layers.reduceRight((below, layer) => over(layer, below), { r: 255, g: 255, b: 255, a: 1 });
    };
    // The letter of an avatar stands on its circle; their contrast is judged below.
    const shown = (element) =>
        element.checkVisibility({ visibilityProperty: true }) && !element.closest('.visually-hidden, svg');
    const inScope = (element) => !only || only === element || only.contains(element);
    const report = { texts: 0, borders: 0, low: [] };
    const judge = (what, a, b, needed) => {
        const value = ratio(a, b);
        if (value < needed) report.low.push({ what, ratio: Number(value.toFixed(2)), needed });
    };

    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !shown(element) || !inScope(element)) continue;
        const below = background(element);
        judge(
            walker.currentNode.data.trim().slice(0, 40),
            over(parse(getComputedStyle(element).color), below),
            below,
            4.5,
        );
        report.texts += 1;
    }
    for (const letter of document.querySelectorAll('svg text')) {
        if (!letter.checkVisibility() || !inScope(letter)) continue;
        const [fill, below] = [letter, letter.previousElementSibling].map((part) =>
            parse(getComputedStyle(part).fill),
        );
        judge(`avatar ${letter.textContent}`, fill, below, 4.5);
    }
    for (const control of document.querySelectorAll('input, select, textarea, button, .button, .drop')) {
        if (!shown(control) || !inScope(control)) continue;
        const style = getComputedStyle(control);
        if (control.placeholder) {
            judge(
                `placeholder of ${control.id}`,
                parse(getComputedStyle(control, '::placeholder').color),
                background(control),
                4.5,
            );
        }
        if (control.value) judge(`value of ${control.id}`, parse(style.color), background(control), 4.5);
        const border = parse(style.borderTopColor);
        const around = background(control.parentElement);
        const isBare = border.a === 0 || style.borderTopWidth === '0px';
        if (control.getAttribute('aria-disabled') === 'true' || isBare) continue;
        judge(`border of ${control.id || control.textContent}`, over(border, around), around, 3);
        report.borders += 1;
    }
    return report;
}

/** What sticks out on the right of the window, and what is cut; boxes that scroll by themselves and ellipses are meant. */
function overflowReport() {
    const width = document.documentElement.clientWidth;
    const scrolls = (element) => ['auto', 'scroll'].includes(getComputedStyle(element).overflowX);
    const inScroller = (element) => {
        for (let at = element.parentElement; at; at = at.parentElement) if (scrolls(at)) return true;
        return false;
    };
    const out = [];
    if (document.documentElement.scrollWidth > width)
        out.push(`document is ${document.documentElement.scrollWidth} wide`);
    for (const element of document.querySelectorAll('body *')) {
        if (!element.checkVisibility() || element.closest('.visually-hidden')) continue;
        const { right } = element.getBoundingClientRect();
        const name = element.id || element.className || element.tagName;
        if (right > width + 0.5 && !inScroller(element))
            out.push(`${name} reaches ${right.toFixed(1)} of ${width}`);
        if (
            element.scrollWidth > element.clientWidth + 1 &&
            element.clientWidth > 0 &&
            !scrolls(element) &&
            getComputedStyle(element).textOverflow !== 'ellipsis' &&
            !['INPUT', 'TEXTAREA', 'SELECT'].includes(element.tagName) &&
            getComputedStyle(element).display !== 'inline'
        ) {
            out.push(`${name} holds ${element.scrollWidth} in ${element.clientWidth}`);
        }
    }
    return out;
}

/** Controls lower or narrower than 44 px: { count, small }. */
function targetReport() {
    const small = [];
    const targets = [
        ...document.querySelectorAll(
            'a, button, input:not(.visually-hidden), select, textarea, summary, .drop label',
        ),
    ].filter((element) => element.checkVisibility());
    for (const element of targets) {
        const { width, height } = element.getBoundingClientRect();
        if (width < 44 || height < 44)
            small.push(`${element.id || element.textContent.trim()}: ${width}×${height}`);
    }
    return { count: targets.length, small };
}

/** Names of everything the Tab key has to reach, in the order of the document. */
function tabStops() {
    return [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
        .filter((element) => element.checkVisibility() && element.tabIndex >= 0)
        .map((element) => element.id || element.textContent.trim());
}

/** Where the focus is and whether it can be seen: { name, visible }. */
function focusReport() {
    const element = document.activeElement;
    if (!element || element === document.body) return { name: '', visible: false };
    // The file field is drawn by its label.
    const drawn = element.classList.contains('visually-hidden') ? element.labels[0] : element;
    const style = getComputedStyle(drawn);
    return {
        name: element.id || element.textContent.trim(),
        visible: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    };
}

module.exports = { contrastReport, overflowReport, targetReport, tabStops, focusReport };
