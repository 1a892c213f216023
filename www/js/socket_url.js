// Addresses of system servers. In: a server's name. Out: the WebSocket URL on the host this page came from.

/** ws: for http: pages, wss: for https: ones; a leading slash of the name is optional. */
export function socketUrl(name) {
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    return `${scheme}//${location.host}/${name.trim().replace(/^\/+/, '')}`;
}
