"""The closing handshake (RFC 6455 5.5.1, 7): codes, reasons, what comes behind, and how the connection ends."""

import struct

from .client import BINARY, CLOSE, CONTINUATION, PING, TEXT, close_payload, frame
from .servers import EveryWay

LEGAL = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999, 4000, 4001, 4998, 4999)
ILLEGAL = (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 5001, 32768, 65535)

# --- codes ------------------------------------------------------------------------------------------------------------------

codes = EveryWay("close-codes")


def echoed(case, payload):
    client = case.on.open()
    client.send(frame(CLOSE, payload))
    client.expect_closed(payload)


def refused(case, payload):
    client = case.on.open()
    client.send(frame(CLOSE, payload))
    client.expect_failed(1002)


for code in LEGAL:
    codes.add(f"legal-{code}", "RFC 6455 7.4", f"a close {code} is answered with {code}", echoed, close_payload(code))
for code in ILLEGAL:
    codes.add(f"illegal-{code}", "RFC 6455 7.4", f"a close {code} may not be sent: 1002", refused, struct.pack(">H", code))
    codes.add(f"illegal-{code}-with-reason", "RFC 6455 7.4", f"a close {code} with a reason may not be sent either: 1002",
              refused, close_payload(code, "because"))


@codes.case("all-legal", "RFC 6455 7.4", "so are all other codes for libraries and applications, 3000 to 4999")
def all_legal(case):
    for code in range(3000, 5000, 37):
        echoed(case, close_payload(code))


@codes.case("all-illegal", "RFC 6455 7.4", "and no other code between the ranges may be sent")
def all_illegal(case):
    for code in (*range(2, 1000, 97), *range(1017, 3000, 97), *range(5002, 65535, 997)):
        refused(case, close_payload(code))


codes.add("empty", "RFC 6455 5.5.1", "an empty close is answered with an empty one", echoed, b"")
codes.add("half-a-code", "RFC 6455 5.5.1", "a close payload of one byte is 1002", refused, b"\x03")

# --- reasons ------------------------------------------------------------------------------------------------------------------

reasons = EveryWay("close-reasons")

reasons.table("RFC 6455 5.5.1", "a close with a reason ({name}) is answered with the same", echoed, {
    "short": close_payload(1000, "done"),
    "unicode": close_payload(1001, "größer €𝄞"),
    "longest": close_payload(1000, "x" * 123),
    "longest-unicode": close_payload(4000, "€" * 41),
    "nul": close_payload(1000, "\0"),
})


@reasons.case("one-byte-too-long", "RFC 6455 5.5", "a reason of 124 bytes makes a control frame too long: 1002")
def one_byte_too_long(case):
    refused(case, close_payload(1000, "x" * 124))


@reasons.case("bytewise", "RFC 6455 5.5.1", "a close that arrives byte by byte is answered whole")
def bytewise(case):
    payload = close_payload(3456, "why not")
    whole = frame(CLOSE, payload)
    client = case.on.open("apart")
    client.send_apart(*(whole[at:at + 1] for at in range(len(whole))))
    client.expect_closed(payload)


# --- order --------------------------------------------------------------------------------------------------------------------

closing = EveryWay("closing")


def behind_a_close(case, data):
    client = case.on.open()
    client.send(frame(CLOSE, close_payload(1000)) + data)
    got = client.read_frame()
    assert (got.opcode, got.code) == (CLOSE, 1000), got
    client.expect_end()


closing.table("RFC 6455 5.5.1", "behind a close frame nothing counts, and the close is answered once: {name}", behind_a_close, {
    "text-behind": frame(TEXT, "late"), "ping-behind": frame(PING, "late"),
    "second-close-behind": frame(CLOSE, close_payload(4000)),
    "garbage-behind": b"\xff" * 100, "half-a-frame-behind": frame(BINARY, b"x" * 100)[:50], "much-behind":
    frame(BINARY, b"x" * 60000),
})


@closing.case("during-a-message", "RFC 6455 5.4, 5.5.1", "a close between two fragments is answered; the message is dropped")
def during_a_message(case):
    client = case.on.open()
    client.send(frame(TEXT, "unfinished", fin=False) + frame(CLOSE, close_payload(1001)))
    client.expect_closed(close_payload(1001))


@closing.case("during-a-message-then-the-rest", "RFC 6455 5.5.1", "the rest of the message behind the close is not looked at")
def during_a_message_then_the_rest(case):
    client = case.on.open()
    client.send(frame(TEXT, "a", fin=False) + frame(CLOSE, close_payload(1000)) + frame(CONTINUATION, "b"))
    got = client.read_frame()
    assert (got.opcode, got.code) == (CLOSE, 1000), got
    client.expect_end()


@closing.case("behind-messages", "RFC 6455 7.1.1", "what was echoed before comes before the close")
def behind_messages(case):
    client = case.on.open()
    for number in range(20):
        client.send_frame(TEXT, f"message {number}")
    for number in range(20):
        client.expect_message(TEXT, f"message {number}")
    client.send(frame(CLOSE, close_payload(1000)))
    client.expect_closed(close_payload(1000))


@closing.case("behind-a-ping", "RFC 6455 5.5.2", "a ping before a close is answered before it")
def behind_a_ping(case):
    client = case.on.open()
    client.send(frame(PING, "last") + frame(CLOSE, close_payload(1000)))
    client.expect_pongs(b"last")
    client.expect_closed(close_payload(1000))


@closing.case("right-behind-the-handshake", "RFC 6455 5.5.1", "a close may be the first frame, in the handshake's segment")
def right_behind_the_handshake(case):
    client = case.on.open(behind=frame(CLOSE, close_payload(1000)))
    client.expect_closed(close_payload(1000))


@closing.case("the-gateway-ends-the-connection", "RFC 6455 7.1.1", "the server ends the TCP connection, at once")
def the_gateway_ends_the_connection(case):
    client = case.on.open()
    client.send(frame(CLOSE, close_payload(1000)))
    client.expect_closed(close_payload(1000))
    assert client.ended


@closing.case("close-and-end-of-stream", "RFC 6455 7.1.1", "a client that ends its direction behind its close gets the answer")
def close_and_end_of_stream(case):
    client = case.on.open()
    client.send(frame(CLOSE, close_payload(1000)))
    client.finish()
    client.expect_closed(close_payload(1000))


@closing.case("close-and-end-of-stream-before-the-server", "RFC 6455 7.1.1", "it gets that of a late system server, too")
def close_and_end_of_stream_before_the_server(case):
    client = case.on.open("apart")
    with case.on.held_echo():
        client.send(frame(CLOSE, close_payload(1000)))
        client.finish()
        if case.on.gateway_reads:
            client.wait_until_read()
    client.expect_closed(close_payload(1000))


@closing.case("end-without-a-close", "RFC 6455 7.1.5", "a client that only ends its connection gets no close frame")
def end_without_a_close(case):
    client = case.on.open()
    client.expect_alive()
    client.finish()
    client.expect_end()


@closing.case("end-inside-a-frame", "RFC 6455 7.1.5", "nor does one that ends inside a frame")
def end_inside_a_frame(case):
    client = case.on.open()
    client.send(frame(TEXT, "hello")[:8])
    client.finish()
    client.expect_end()


@closing.case("reset", "RFC 6455 7.2.1", "a client that resets its connection disturbs nobody")
def reset(case):
    other = case.on.open()
    for _ in range(5):
        client = case.on.open()
        client.send(frame(BINARY, b"x" * 50_000) + frame(TEXT, "half")[:4])
        client.abort()
    other.expect_alive()


@closing.case("answer-to-a-failure", "RFC 6455 7.1.7", "a client may still answer the close of a failure")
def answer_to_a_failure(case):
    client = case.on.open()
    client.send(frame(3))
    got = client.read_frame()
    assert (got.opcode, got.code) == (CLOSE, 1002), got
    client.send(frame(CLOSE, got.payload))
    client.expect_end()
    assert not client.reset


@closing.case("data-behind-a-failure-is-swallowed", "RFC 6455 7.1.1", "data under way does not make a failure's close frame lost")
def data_behind_a_failure(case):
    client = case.on.open()
    client.send(frame(TEXT, b"\xff") + frame(BINARY, b"x" * 300_000))
    client.expect_failed(1007)
