"""Direct mode in a system server (conf/link-protocol.md): HANDOVER comes once, behind ACCEPT, with one descriptor; from then on the
server speaks RFC 6455 with the client."""

import contextlib
import json

from case import Group
from harness import ACCEPT, CREDIT, END, F_FIRST, F_LAST, HANDOVER, MESSAGE, OPEN, REJECT, Record
from websocket_wire import CLOSE, PING, PONG, TEXT, close_payload, frame

from .servers import DIRECT, Browser, Server, open_client

RULE = "link-protocol.md, direct mode"
serving = Group("direct-server", Server)
order = Group("direct-server-order", Server)


def echo(browser, text):
    browser.send(frame(TEXT, text))
    expect(browser, TEXT, text.encode())


def expect(browser, opcode, payload):
    first, second = browser.take(2)
    assert first == 0x80 | opcode and not second & 0x80, (first, second)
    size = second if second < 126 else int.from_bytes(browser.take(2 if second == 126 else 8), "big")
    got = browser.take(size)
    assert got == payload, got


@contextlib.contextmanager
def served(case, **hello):
    """A link with client 1, which has been handed over: (link, browser)."""
    link = case.on.gateway(**hello)
    open_client(link, 1)
    browser = Browser()
    browser.hand_over(link, 1)
    yield link, browser
    browser.drop()
    link.drop()


@serving.case("serves-who-is-handed-over", RULE, "frames are answered on the client's own connection, and nothing comes over the link")
def serves(case):
    with served(case) as (link, browser):
        echo(browser, "hello")
        browser.send(frame(PING, "p"))
        expect(browser, PONG, b"p")
        link.expect_quiet(0.05)


def early(case, cut):
    data = frame(TEXT, "first") + frame(TEXT, "second")
    link = case.on.gateway()
    open_client(link, 1)
    browser = Browser()
    browser.send(data[cut:])
    browser.hand_over(link, 1, data[:cut])
    expect(browser, TEXT, b"first")
    expect(browser, TEXT, b"second")
    browser.drop()
    link.drop()


for cut in (0, 1, 6, 11, 12, 20, 23):
    serving.add(f"early-bytes-{cut}", RULE, f"{cut} bytes in HANDOVER come before those that the descriptor gives", early, cut)


@serving.case("its-close-frees-the-id", RULE, "a client's end is told with its code; its id is free when both have sent CLOSE")
def close_frees_the_id(case):
    with served(case) as (link, browser):
        browser.send(frame(CLOSE, close_payload(4321)))
        expect(browser, CLOSE, close_payload(4321))
        assert link.expect(END, 1).code == 4321
        link.end(1, 1005)
        open_client(link, 1)
        again = Browser()
        again.hand_over(link, 1)
        echo(again, "the same id")
        again.drop()


@serving.case("lost-without-a-close-frame", RULE, "a client that is only gone is told with 1006")
def lost(case):
    with served(case) as (link, browser):
        browser.drop()
        assert link.expect(END, 1).code == 1006


def asked_to_close(case, code, sent):
    with served(case) as (link, browser):
        link.end(1, code)
        expect(browser, CLOSE, close_payload(sent))
        browser.send(frame(CLOSE, close_payload(sent)))
        browser.expect_end()
        link.expect(END, 1)


for code, sent in ((1001, 1001), (1012, 1012), (1006, 1001)):
    serving.add(f"close-{code}-of-the-gateway", RULE, f"the gateway's CLOSE {code} closes the client with {sent}", asked_to_close, code, sent)


@serving.case("outlives-the-link", RULE, "who was handed over stays when the gateway goes")
def outlives(case):
    with served(case) as (link, browser):
        echo(browser, "before")
        link.drop()
        another = case.on.gateway()  # a turn of its loop or two: it has noticed
        open_client(another, 1)
        echo(browser, "after")
        another.drop()


@serving.case("close-before-handover", RULE, "a client that goes before it was handed over is answered with CLOSE, its id is free")
def close_before_handover(case):
    link = case.on.gateway()
    open_client(link, 1)
    link.end(1, 1006)
    link.expect(END, 1)
    open_client(link, 1)
    link.drop()


@serving.case("unknown-extension", RULE, "a client with an extension the server does not know is rejected")
def unknown_extension(case):
    link = case.on.gateway()
    link.send(Record(OPEN, 1, json.dumps(DIRECT | {"extensions": "x-unknown"})))
    assert link.expect(REJECT, 1).code == 501
    link.drop()


def limit(case, hello, data):
    with served(case, **hello) as (_, browser):
        echo(browser, "x" * 100)
        browser.send(data)
        expect(browser, CLOSE, close_payload(1009))


for name, hello, data in (("max-message", {"max_message": 100}, frame(TEXT, "x" * 101)),
                          ("max-fragments", {"direct": {"max_fragments": 2}},
                           frame(TEXT, "a", fin=False) + frame(0, "b", fin=False) + frame(0, "c"))):
    serving.add(f"gateway-s-{name}", RULE, f"{name} of the gateway's HELLO holds for the client: 1009", limit, hello, data)


@serving.case("gateway-s-ping", RULE, "ping of the gateway's HELLO holds for the client: pinged in silence, then dropped")
def pinged(case):
    with served(case, direct={"ping": 100, "ping_misses": 1}) as (link, browser):
        expect(browser, PING, b"")
        browser.expect_end()
        assert link.expect(END, 1).code == 1006


# --- order ----------------------------------------------------------------------------------------------------------------


def refused(case, packet, descriptors, clients=1):
    """The packet ends the link; its descriptors are closed, and who is served goes on."""
    with served(case) as (link, browser):
        open_client(link, 2)
        link.send(Record(OPEN, 3, json.dumps({"id": "relayed"})))
        link.expect(ACCEPT, 3)
        other = Browser()
        link.send_packet(packet, [other.theirs.fileno()] * descriptors)
        other.theirs.close()
        link.expect_end()
        other.expect_end()
        echo(browser, "still here")
        other.drop()


for name, sentence, packet, descriptors in (
        ("handover-twice", "a client is handed over once", Record(HANDOVER, 1).encode(), 1),
        ("handover-of-a-relayed-client", "only who was opened for it is handed over", Record(HANDOVER, 3).encode(), 1),
        ("handover-of-nobody", "a client that was never opened can't be handed over", Record(HANDOVER, 9).encode(), 1),
        ("handover-without-a-descriptor", "HANDOVER has a descriptor", Record(HANDOVER, 2).encode(), 0),
        ("handover-with-two-descriptors", "HANDOVER has one descriptor", Record(HANDOVER, 2).encode(), 2),
        ("handover-with-a-record-behind", "HANDOVER is alone in its packet", Record(HANDOVER, 2).encode() + Record(END, 3).encode(), 1),
        ("handover-behind-a-record", "HANDOVER is alone in its packet", Record(END, 3).encode() + Record(HANDOVER, 2).encode(), 1),
        ("descriptor-with-a-message", "only HANDOVER has a descriptor", Record(MESSAGE, 3, "x", F_FIRST | F_LAST).encode(), 1),
        ("message-for-a-served-client", "messages of who is served do not come over the link",
         Record(MESSAGE, 1, "x", F_FIRST | F_LAST).encode(), 0),
        ("credit-for-a-served-client", "nor does credit", Record(CREDIT, 1, b"\1\0\0\0").encode(), 0),
        ("open-while-it-is-served", "an id is free when both have sent CLOSE", Record(OPEN, 1, json.dumps(DIRECT)).encode(), 0)):
    order.add(name, RULE, f"{sentence}: else the link ends", refused, packet, descriptors)


@order.case("open-before-the-gateway-s-close", RULE, "an id is not free before the gateway, too, has sent CLOSE: else the link ends")
def open_before_close(case):
    with served(case) as (link, browser):
        browser.send(frame(CLOSE, close_payload(1000)))
        link.expect(END, 1)
        link.send(Record(OPEN, 1, json.dumps(DIRECT)))
        link.expect_end()
