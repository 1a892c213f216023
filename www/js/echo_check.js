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

export class EchoCheck {
    #waiting = [];

    /** Remembers a sent message until its answer comes. `time` in milliseconds of performance.now(). */
    sent(data, time) {
        this.#waiting.push({ data, time });
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
            this.#waiting.splice(0, index + 1);
            return { verdict: 'equal', trip, lost: index };
        }
        const first = this.#waiting[0];
        if (typeof first.data === typeof data && sizeOf(first.data) === sizeOf(data)) {
            this.#waiting.shift();
            return {
                verdict: 'differs',
                trip: time - first.time,
                lost: 0,
                at: firstDifference(first.data, data),
            };
        }
        return { verdict: 'other', lost: 0 };
    }

    /** How many sent messages have no answer yet. */
    get waiting() {
        return this.#waiting.length;
    }
}
