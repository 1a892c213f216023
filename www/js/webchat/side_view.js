// What stands beside the messages: rooms, private conversations, people. In: the conversations. Out: lists of buttons and links
// that the arrow keys walk.

import { button, element } from '../element.js';
import { updateList } from '../keyed_list.js';
import { Roving } from '../roving.js';
import { avatar, verifiedMark } from './avatar.js';
import { everyone } from './conversations.js';
import { roomTitle } from './rooms.js';

const mostPeople = 500; // shown

/** The number of unread messages, as number and as words. */
function badge(count) {
    const node = element('span', 'badge', count > 99 ? '99+' : String(count));
    node.append(element('span', 'visually-hidden', ' unread'));
    return node;
}

function setCurrent(node, isCurrent) {
    if (isCurrent) node.setAttribute('aria-current', 'true');
    else node.removeAttribute('aria-current');
}

export class SideView {
    #parts;
    #roving;
    #choose;

    #instead;

    /**
     * parts: { rooms, people, peopleCount, peopleHint, conversations, privateSection }; choose(name): shows a conversation;
     * instead(): what gets the focus of the last one of a list when it goes.
     */
    constructor(parts, choose, instead) {
        this.#parts = parts;
        this.#choose = choose;
        this.#instead = instead;
        this.#roving = [
            new Roving(parts.people, 'button'),
            new Roving(parts.conversations, 'button'),
            new Roving(parts.rooms, 'a, button'),
        ];
    }

    /** rooms: names, the one that one is in first. */
    draw(conversations, rooms) {
        const current = conversations.shown.name;
        this.#drawRooms(conversations, current, rooms);
        this.#drawPrivate(conversations, current);
        this.#drawPeople(conversations);
        for (const roving of this.#roving) roving.update();
    }

    #update(list, entries) {
        updateList(list, entries, ({ make }) => make(), this.#instead);
    }

    #drawRooms(conversations, current, rooms) {
        const { unread } = conversations.get(everyone);
        const [here, ...others] = rooms;
        this.#update(this.#parts.rooms, [
            {
                key: `here ${here}`,
                shows: `${unread} ${current === everyone}`,
                make: () => button('entry-button', '', () => this.#choose(everyone)),
                draw(node) {
                    node.replaceChildren(element('span', 'entry-name', roomTitle(here)));
                    if (unread > 0) node.append(badge(unread));
                    setCurrent(node, current === everyone);
                },
            },
            ...others.map((room) => ({
                key: `room ${room}`,
                shows: '',
                make: () => element('a', 'entry-button'),
                draw(node) {
                    node.textContent = roomTitle(room);
                    node.href = `#${encodeURIComponent(room)}`;
                },
            })),
        ]);
    }

    #drawPrivate(conversations, current) {
        const list = [...conversations.all.values()].filter(({ name }) => name !== everyone);
        this.#parts.privateSection.hidden = list.length === 0;
        this.#update(
            this.#parts.conversations,
            list.map(({ name, unread, gone }) => {
                const person = conversations.people.get(name) ?? { name, colour: '' };
                return {
                    key: `with ${name}`,
                    shows: `${unread} ${gone} ${current === name} ${person.colour}`,
                    make: () => button('entry-button', '', () => this.#choose(name)),
                    draw(node) {
                        node.replaceChildren(avatar(person), element('span', 'entry-name', name));
                        if (gone) node.append(element('span', 'hint', 'away'));
                        if (unread > 0) node.append(badge(unread));
                        setCurrent(node, current === name);
                    },
                };
            }),
        );
    }

    #drawPeople(conversations) {
        const { people, peopleCount, peopleHint } = this.#parts;
        const list = [...conversations.people.values()].sort((a, b) => a.name.localeCompare(b.name));
        const more = list.length - mostPeople;
        peopleCount.textContent = String(list.length);
        peopleHint.hidden = list.length < 2;
        peopleHint.textContent = more > 0 ? `… and ${more} more.` : 'Choose somebody to write privately.';
        this.#update(
            people,
            list.slice(0, mostPeople).map((person) => {
                const isMe = person.name === conversations.me?.name;
                return {
                    key: `${isMe ? 'me' : 'to'} ${person.name}`,
                    shows: `${person.colour} ${person.verified}`,
                    make: () =>
                        isMe
                            ? element('div', 'entry-button')
                            : button('entry-button', '', () => this.#choose(person.name)),
                    draw(node) {
                        const name = element('span', 'entry-name', person.name);
                        if (person.verified) name.append(' ', verifiedMark());
                        if (isMe) node.replaceChildren(avatar(person), name, element('span', 'hint', 'you'));
                        else
                            node.replaceChildren(
                                avatar(person),
                                element('span', 'visually-hidden', 'Write to '),
                                name,
                            );
                    },
                };
            }),
        );
    }
}
