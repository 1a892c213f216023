// Rooms by address: webchat.html#kitchen is the room of /chat/kitchen. In: the fragment. Out: names, paths, titles.

import { recall, remember } from '../settings.js';
import { socketUrl } from '../socket_url.js';

const remembered = 6;

/** The room that the address names; empty: the lobby. */
export function roomOfAddress() {
    try {
        return decodeURIComponent(location.hash.slice(1)).replace(/^\/+|\/+$/g, '');
    } catch {
        return '';
    }
}

export function roomUrl(room) {
    const path = room.split('/').map(encodeURIComponent).join('/');
    return socketUrl(room ? `chat/${path}` : 'chat');
}

export const roomTitle = (room) => (room === '' ? 'Lobby' : `#${room}`);

/** Notes a visit. The rooms visited lately; the one that one is in comes first, the lobby is always among them. */
export function visitRoom(current) {
    const known = recall('chat.rooms', []);
    const names = Array.isArray(known) ? known.filter((name) => typeof name === 'string') : [];
    const rooms = [...new Set([current, ...names])].slice(0, remembered);
    remember('chat.rooms', rooms);
    return rooms.includes('') ? rooms : [...rooms, ''];
}
