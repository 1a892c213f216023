"""permessage-deflate is agreed on (RFC 7692 5, 7.1): which offers are taken, what the answer may say, and that both sides then
keep to it."""

import random

from .client import BINARY, TEXT, Deflate, Inflate, agreed
from .handshake import accepted
from .servers import EveryWay

PARAMETERS = ("server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits", "client_max_window_bits")


def parse_offer(text):
    name, *parameters = (part.strip() for part in text.split(";"))
    return {key.strip(): value.strip().strip('"') or None for key, _, value in (part.partition("=") for part in parameters)}


def check_answer(answer, offer):
    """RFC 7692 7.1: what was asked of the server is confirmed, and of the client no more is asked than it offered to keep."""
    offered = parse_offer(offer)
    assert set(answer) <= set(PARAMETERS), answer
    for name in ("server_no_context_takeover", "client_no_context_takeover"):
        assert answer.get(name) is None, f"{name} has no value: {answer}"
    for name in ("server_max_window_bits", "client_max_window_bits"):
        if name in answer:
            bits = answer[name]
            assert bits in map(str, range(8, 16)), f"a window is 8 to 15 bits, without a leading zero: {answer}"
            assert offered.get(name) is None or int(bits) <= int(offered[name]), f"a larger window than offered: {answer}"
    if "server_no_context_takeover" in offered:
        assert "server_no_context_takeover" in answer, f"7.1.1.1: the server confirms it: {answer}"
    if "server_max_window_bits" in offered:
        assert "server_max_window_bits" in answer, f"7.1.2.1: the server confirms it: {answer}"
    if "client_max_window_bits" in answer:
        assert "client_max_window_bits" in offered, f"7.1.2.2: the client did not offer it: {answer}"


def compressing(case, offer="permessage-deflate; client_max_window_bits", entry="takeover", taken=None):
    """A client that has agreed on compression; `taken`: which of several offers must have been."""
    values = [offer] if isinstance(offer, str) else offer
    client = accepted_with(case, values, entry)
    answers = agreed(client.answer)
    assert [name for name, _ in answers] == ["permessage-deflate"], client.answer
    parameters = answers[0][1]
    check_answer(parameters, taken or values[0])
    client.deflate = Deflate(int(parameters.get("client_max_window_bits", 15)), "client_no_context_takeover" not in parameters)
    client.inflate = Inflate(int(parameters.get("server_max_window_bits", 15)), "server_no_context_takeover" not in parameters)
    client.parameters = parameters
    return client


def accepted_with(case, values, entry):
    client = case.on.connect(entry)
    client.open("/echo", [("Sec-WebSocket-Extensions", value) for value in values])
    return client


def far_apart(seed, bits):
    """Bytes that repeat themselves at distances that windows of this size and larger reach, or just not."""
    chance = random.Random(seed)
    parts = []
    for distance in (100, 200, 250, 260, (1 << bits) - 300, (1 << bits) - 20, (1 << bits) + 20, (2 << bits) - 20):
        if distance < 40:
            continue
        unit = chance.randbytes(40)
        parts += [unit, chance.randbytes(distance - 40), unit]
    return b"".join(parts)


def both_ways(client):
    """Messages go through, compressed by us and by the gateway, and refer no further back than agreed."""
    for seed in (1, 1):
        data = far_apart(seed, min(client.inflate.bits, client.deflate.bits))
        client.send_compressed(BINARY, data)
        client.expect_message(BINARY, data)
    client.send_compressed(TEXT, "größer " * 200)
    assert client.expect_message(TEXT, "größer " * 200).compressed, "it was agreed on, and is not used"


# --- taken --------------------------------------------------------------------------------------------------------------------

taken = EveryWay("deflate-offers-taken")


def works(case, offer, entry="takeover"):
    both_ways(compressing(case, offer, entry))


taken.table("RFC 7692 7.1", "taken: {0}", works, {
    "bare": "permessage-deflate",
    "client-window": "permessage-deflate; client_max_window_bits",
    "server-no-takeover": "permessage-deflate; server_no_context_takeover",
    "client-no-takeover": "permessage-deflate; client_no_context_takeover",
    "no-takeover": "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    "everything": "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; "
                  "client_max_window_bits=9",
    "another-order": "permessage-deflate; client_max_window_bits=12; server_max_window_bits=11; client_no_context_takeover; "
                     "server_no_context_takeover",
    "without-spaces": "permessage-deflate;server_no_context_takeover;server_max_window_bits=12",
    "many-spaces": "permessage-deflate \t ;  server_no_context_takeover ;\tserver_max_window_bits=12",
    "server-window-quoted": 'permessage-deflate; server_max_window_bits="10"',
    "client-window-quoted": 'permessage-deflate; client_max_window_bits="10"',
})
for bits in range(8, 16):
    taken.add(f"server-window-{bits}", "RFC 7692 7.1.2.1", f"the gateway keeps to a window of 2^{bits} bytes", works,
              f"permessage-deflate; server_max_window_bits={bits}")
    taken.add(f"client-window-{bits}", "RFC 7692 7.1.2.2", f"a client that keeps to 2^{bits} bytes is understood", works,
              f"permessage-deflate; client_max_window_bits={bits}")
    taken.add(f"both-windows-{bits}", "RFC 7692 7.1.2", f"both keep to 2^{bits} bytes, and to no context", works,
              f"permessage-deflate; server_max_window_bits={bits}; client_max_window_bits={bits}; server_no_context_takeover; "
              "client_no_context_takeover")
for name, offer in (("bare", "permessage-deflate"), ("client-window", "permessage-deflate; client_max_window_bits"),
                    ("client-window-9", "permessage-deflate; client_max_window_bits=9"),
                    ("server-window-15", "permessage-deflate; server_max_window_bits=15")):
    taken.add(f"narrow-{name}", "RFC 7692 7.1.2", f"a gateway that spends less memory may say so: {offer}", works, offer,
              "narrow")
    taken.add(f"default-{name}", "RFC 7692 7.1.1", f"nor need it keep contexts: {offer}", works, offer, "deflate")


@taken.case("narrow-answer", "RFC 7692 7.1.2.1", "a smaller window of its own is told without being asked for")
def narrow_answer(case):
    client = compressing(case, "permessage-deflate", "narrow")
    assert client.parameters.get("server_max_window_bits") == "10", client.answer


@taken.case("extension-once-in-one-field", "RFC 6455 9.1", "the answer names the extension once")
def extension_once(case):
    client = compressing(case, ["permessage-deflate, permessage-deflate", "permessage-deflate"], taken="permessage-deflate")
    assert len(client.answer.all("Sec-WebSocket-Extensions")) == 1, client.answer


# --- several ------------------------------------------------------------------------------------------------------------------

several = EveryWay("deflate-offers-several")


def chosen(case, values, which):
    client = compressing(case, values, taken=which)
    asked = parse_offer(which)
    for name in ("server_no_context_takeover", "server_max_window_bits"):
        assert (name in client.parameters) == (name in asked), f"{which!r} was to be taken, not {client.answer}"
    both_ways(client)


GOOD = "permessage-deflate; server_max_window_bits=12"
several.table("RFC 7692 5", "{name}: the first that can be taken is: {1}", chosen, {
    "first-of-two": (["permessage-deflate; server_no_context_takeover, permessage-deflate"],
                     "permessage-deflate; server_no_context_takeover"),
    "first-of-two-fields": ([GOOD, "permessage-deflate"], GOOD),
    "behind-an-unknown-extension": ([f"x-unknown; a=1, {GOOD}"], GOOD),
    "before-an-unknown-extension": ([f"{GOOD}, x-unknown"], GOOD),
    "behind-webkit": ([f"x-webkit-deflate-frame, {GOOD}"], GOOD),
    "behind-an-unknown-field": (["x-unknown", GOOD], GOOD),
    "behind-a-bad-window": ([f"permessage-deflate; server_max_window_bits=7, {GOOD}"], GOOD),
    "behind-an-unknown-parameter": ([f"permessage-deflate; level=9, {GOOD}"], GOOD),
    "behind-a-parameter-twice": ([f"permessage-deflate; server_no_context_takeover; server_no_context_takeover, {GOOD}"], GOOD),
    "behind-a-flag-with-value": ([f"permessage-deflate; server_no_context_takeover=1, {GOOD}"], GOOD),
    "behind-three": ([f"a, permessage-deflate; b, permessage-deflate; server_max_window_bits, {GOOD}"], GOOD),
    "fallback-of-the-rfc": (["permessage-deflate; server_max_window_bits=10, permessage-deflate"],
                            "permessage-deflate; server_max_window_bits=10"),
    "quoted-comma-of-another": ([f'x-unknown; a="b", {GOOD}'], GOOD),
})

# --- declined -----------------------------------------------------------------------------------------------------------------

declined = EveryWay("deflate-offers-declined")


def none_taken(case, offer, entry="takeover"):
    client = accepted(case, {"Sec-WebSocket-Extensions": offer}, entry=entry)
    assert client.answer.all("Sec-WebSocket-Extensions") == [], client.answer


WRONG_BITS = {
    "7": "7", "16": "16", "0": "0", "1": "1", "256": "256", "leading-zero": "08", "two-leading-zeros": "0010", "negative": "-8",
    "sign": "+10", "fraction": "10.5", "hexadecimal": "0xa", "word": "ten", "huge": "18446744073709551626", "quoted-7": '"7"',
    "quoted-leading-zero": '"09"',
}
for side in ("server", "client"):
    for name, value in WRONG_BITS.items():
        declined.add(f"{side}-window-{name}", "RFC 7692 7.1.2", f"{side}_max_window_bits={value} is none: declined", none_taken,
                     f"permessage-deflate; {side}_max_window_bits={value}")
    declined.add(f"{side}-window-twice", "RFC 7692 7.1", f"{side}_max_window_bits twice: declined", none_taken,
                 f"permessage-deflate; {side}_max_window_bits=10; {side}_max_window_bits=10")
    declined.add(f"{side}-takeover-twice", "RFC 7692 7.1", f"{side}_no_context_takeover twice: declined", none_taken,
                 f"permessage-deflate; {side}_no_context_takeover; {side}_no_context_takeover")
    for name, value in (("number", "1"), ("word", "true"), ("quoted", '"x"'), ("window", "10")):
        declined.add(f"{side}-takeover-with-{name}", "RFC 7692 7.1.1", f"{side}_no_context_takeover={value}: declined",
                     none_taken, f"permessage-deflate; {side}_no_context_takeover={value}")
declined.table("RFC 7692 7.1", "declined: {0}", none_taken, {
    "server-window-without-value": "permessage-deflate; server_max_window_bits",
    "client-window-with-and-without-value": "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
    "unknown-parameter": "permessage-deflate; x_unknown",
    "unknown-parameter-with-value": "permessage-deflate; level=9",
    "unknown-behind-known": "permessage-deflate; server_no_context_takeover; x_unknown",
    "misspelled": "permessage-deflate; server_no_context_takeove",
    "underscores-and-hyphens": "permessage-deflate; server-no-context-takeover",
    "all-offers-wrong": "permessage-deflate; server_max_window_bits=7, permessage-deflate; x, permessage-deflate; "
                        "client_max_window_bits=16",
})
declined.groups["plain"].add("good-offer-to-a-plain-server", "RFC 7692 5", "a client of a plain server is handed over without "
                             "compression", none_taken, GOOD)
declined.add("no-offer", "RFC 7692 5", "who offers nothing gets nothing", lambda case: none_taken(case, ""))
