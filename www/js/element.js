// One element with a class and a text. In: names and text. Out: the element; the text is never read as HTML.

export function element(tag, className = '', text = '') {
    const node = document.createElement(tag);
    if (className) node.className = className;
    node.textContent = text;
    return node;
}

/** A button that does not send the form it stands in. */
export function button(className, text, onClick) {
    const node = element('button', className, text);
    node.type = 'button';
    node.addEventListener('click', onClick);
    return node;
}
