// Compares answers with what was sent. In: messages sent and received, in order. Out: a verdict per answer.
// An echo keeps the order of messages, so an answer that equals a later message means that the earlier ones are lost.

/** Bytes on the wire of a text or a Uint8Array. */
export function sizeOf(data) {
    return typeof data === 'string' ? new TextEncoder().encode(data).length : data.length;
}

/** Index of the first difference of two Uint8Arrays or two strings, -1 when equal. */
export function firstDifference(a, b) {
    const shared = Math.min(a.length, b.length);
    for (let i = 0; i < shared; i += 1) {
        if (a[i] !== b[i]) return i;
    }
    return a.length === b.length ? -1 : shared;
}

function equal(a, b) {
    if (typeof a !== typeof b) return false;
    return typeof a === 'string' ? a === b : firstDifference(a, b) === -1;
}

/** Of messages without an answer, in bytes: a server that sends nothing back must not fill the memory. */
const mostBytes = 256 * 2 ** 20;
const mostMessages = 100000;

export class EchoCheck {
    #waiting = [];
    #bytes = 0;
    #given = 0; // how many have been given up

    /** Remembers a sent message until its answer comes, the oldest ones not for ever. `time` in milliseconds of performance.now(). */
    sent(data, time, { bytes = mostBytes, messages = mostMessages } = {}) {
        const size = sizeOf(data);
        this.#waiting.push({ data, time, size });
        this.#bytes += size;
        while (this.#waiting.length > 1 && (this.#bytes > bytes || this.#waiting.length > messages)) {
            this.#forget(1);
            this.#given += 1;
        }
    }

    #forget(count) {
        for (const { size } of this.#waiting.splice(0, count)) this.#bytes -= size;
    }

    /**
     * Judges an answer: { verdict, trip, lost, at }.
     * verdict: "equal"; "differs" (same type and size as the awaited one, first difference at `at`);
     * "other" (something else while answers are awaited); "unasked" (nothing is awaited).
     * trip: milliseconds since the message was sent, for "equal" and "differs". lost: messages skipped by this answer.
     */
    received(data, time) {
        if (this.#waiting.length === 0) return { verdict: 'unasked', lost: 0 };
        const index = this.#waiting.findIndex((message) => equal(message.data, data));
        if (index >= 0) {
            const trip = time - this.#waiting[index].time;
            const lost = index + this.#given;
            this.#given = 0;
            this.#forget(index + 1);
            return { verdict: 'equal', trip, lost };
        }
        if (this.#given > 0) {
            // It may be the answer to one of those that are not kept: nothing can be said of it.
            this.#given -= 1;
            return { verdict: 'unasked', lost: 0 };
        }
        const first = this.#waiting[0];
        if (typeof first.data === typeof data && sizeOf(first.data) === sizeOf(data)) {
            this.#forget(1);
            return {
                verdict: 'differs',
                trip: time - first.time,
                lost: 0,
                at: firstDifference(first.data, data),
            };
        }
        return { verdict: 'other', lost: 0 };
    }

    /** How many sent messages have no answer yet, with those that are not waited for any more. */
    get waiting() {
        return this.#waiting.length + this.#given;
    }
}
