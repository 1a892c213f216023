// How the connection stands, in two words. In: an empty element, a state of a ReconnectingSocket. Out: the words and their colour.

const words = {
    connecting: ['busy', 'Connecting…'],
    open: ['up', 'Connected'],
    closing: ['idle', 'Leaving…'],
    closed: ['idle', 'Not connected'],
};

export function showConnection(pill, state) {
    [pill.dataset.state, pill.textContent] = words[state] ?? ['bad', 'Not connected'];
}
