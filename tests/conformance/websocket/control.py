"""Control frames, reserved bits and reserved opcodes (RFC 6455 5.2, 5.5)."""

from processes import children, memory

from .client import BINARY, CLOSE, CONTINUATION, PING, PONG, RSV1, RSV2, RSV3, TEXT, close_payload, frame
from .servers import EveryWay

# --- pings and pongs ------------------------------------------------------------------------------------------------------

pings = EveryWay("pings")


def answered(case, payload):
    client = case.on.open()
    client.send_frame(PING, payload)
    client.expect_pongs(payload)
    client.expect_alive()


for size in (0, 1, 2, 7, 8, 64, 124, 125):
    pings.add(f"payload-{size}", "RFC 6455 5.5.2, 5.5.3", f"a ping of {size} bytes is answered with a pong of the same bytes",
              answered, bytes(range(256 - size, 256)))


@pings.case("binary-payload", "RFC 6455 5.5.2", "a ping's payload need not be text")
def binary_payload(case):
    answered(case, b"\xff\xfe\x00\xc0\x80\xed\xa0\x80")


def refused(case, data):
    client = case.on.open()
    client.send(data)
    client.expect_failed(1002)


for name, opcode in (("ping", PING), ("pong", PONG), ("close", CLOSE)):
    start = close_payload(1000)
    pings.add(f"{name}-of-126", "RFC 6455 5.5", f"a {name} of more than 125 bytes is 1002", refused,
              frame(opcode, start + b"x" * 124))
    pings.add(f"{name}-of-70000-announced", "RFC 6455 5.5", f"a {name} is refused by the length it announces", refused,
              frame(opcode, b"", length=70000))
    pings.add(f"{name}-in-fragments", "RFC 6455 5.5", f"a {name} without FIN is 1002", refused,
              frame(opcode, start, fin=False))
    pings.add(f"{name}-with-long-form", "RFC 6455 5.5, 5.2", f"a {name} whose short length is written in two bytes is 1002",
              refused, frame(opcode, start, form=2))


@pings.case("bytewise", "RFC 6455 5.5.2", "a ping that arrives byte by byte is answered whole")
def ping_bytewise(case):
    client = case.on.open("apart")
    whole = frame(PING, b"0123456789" * 12)
    client.send_apart(*(whole[at:at + 1] for at in range(len(whole))))
    client.expect_pongs(b"0123456789" * 12)


@pings.case("two-in-pieces", "RFC 6455 5.5.2", "of two pings cut in their payloads each keeps its own bytes")
def two_in_pieces(case):
    client = case.on.open("apart")
    first, second = frame(PING, b"first ping"), frame(PING, b"2nd")
    client.send_cut(first + second, 9, len(first) - 1, len(first) + 7)
    client.expect_pongs(b"first ping", b"2nd")


@pings.case("burst", "RFC 6455 5.5.3", "of a burst of pings the last is answered, none out of order and none twice")
def burst(case):
    client = case.on.open()
    client.send(b"".join(frame(PING, f"{number:04}") for number in range(1000)))
    seen = [-1]
    while seen[-1] != 999:
        seen.append(int(client.read_pong()))
        assert seen[-1] > seen[-2], seen[-2:]
    client.expect_alive()


@pings.case("answers-nobody-reads", "RFC 6455 5.5.3", "answers that a client does not read are not kept, but for the latest", deadline=60)
def answers_nobody_reads(case):
    client = case.on.open()
    client.expect_alive()

    def used(one):
        return sum(map(memory, [one.pid, *children(one.pid)]))
    before = {one.name: used(one) for one in case.on.programs}
    count = 400_000
    for start in range(0, count, 1000):
        client.send(b"".join(frame(PING, f"{number:0125}") for number in range(start, start + 1000)))
    grown = {one.name: used(one) - before[one.name] for one in case.on.programs}
    assert max(grown.values()) < 16 << 20, f"of {count * 127 >> 20} MiB of answers these were kept: {grown}"
    seen = [-1]
    while seen[-1] != count - 1:
        seen.append(int(client.read_pong()))
        assert seen[-1] > seen[-2], seen[-2:]
    client.expect_alive()


@pings.case("between-messages", "RFC 6455 5.5.2", "pings between messages disturb neither")
def between_messages(case):
    client = case.on.open()
    client.send(b"".join(frame(PING, str(number)) + frame(TEXT, f"text {number}") for number in range(50)))
    texts, pongs = [], []
    while len(texts) < 50 or not pongs or pongs[-1] != b"49":
        got = client.read_frame()
        (pongs if got.opcode == PONG else texts).append(got.payload)
    assert texts == [f"text {number}".encode() for number in range(50)], texts
    assert [int(pong) for pong in pongs] == sorted({int(pong) for pong in pongs}), pongs


@pings.case("between-fragments", "RFC 6455 5.4, 5.5", "a ping between two fragments is answered before the message ends")
def between_fragments(case):
    client = case.on.open()
    client.send(frame(TEXT, "hel", fin=False) + frame(PING, "now"))
    client.expect_pongs(b"now")
    client.send(frame(CONTINUATION, "lo"))
    client.expect_message(TEXT, "hello")


@pings.case("inside-each-gap", "RFC 6455 5.4", "control frames may stand in every gap of a message")
def inside_each_gap(case):
    client = case.on.open()
    client.send(frame(BINARY, b"\xa1", fin=False) + frame(PING, "1") + frame(CONTINUATION, b"", fin=False) + frame(PONG, "?") +
                frame(CONTINUATION, b"\xb2", fin=False) + frame(PING, "2") + frame(CONTINUATION, b"\xc3"))
    got = [client.read_frame() for _ in range(3)]
    assert [part.payload for part in got if part.opcode == PONG] == [b"1", b"2"], got
    assert [part.payload for part in got if part.opcode == BINARY] == [b"\xa1\xb2\xc3"], got


@pings.case("pong-unasked", "RFC 6455 5.5.3", "a pong nobody asked for is not answered")
def pong_unasked(case):
    client = case.on.open()
    client.send(frame(PONG) + frame(PONG, "x" * 125) + frame(PONG, b"\xff\xfe"))
    client.expect_alive()


@pings.case("asked-by-the-gateway", "RFC 6455 5.5.2", "a silent client is pinged; one that answers stays")
def asked_by_the_gateway(case):
    client = case.on.open("pinged")
    for _ in range(6):  # more than may be missed
        got = client.read_frame()
        assert got.opcode == PING, got
        client.send_frame(PONG, got.payload)
    client.send_frame(TEXT, "still here")
    while (got := client.read_frame()).opcode == PING:  # the next second may have come before the echo
        client.send_frame(PONG, got.payload)
    assert (got.opcode, got.payload) == (TEXT, b"still here"), got


@pings.case("unanswered", "RFC 6455 5.5.2", "a client that answers no pings is dropped")
def unanswered(case):
    client = case.on.open("dropped")
    assert client.read_frame().opcode == PING
    client.expect_lost()


# --- reserved bits and opcodes ----------------------------------------------------------------------------------------------

reserved = EveryWay("reserved")

for bits in range(1, 8):
    word = "-".join(name for name, bit in (("rsv1", RSV1), ("rsv2", RSV2), ("rsv3", RSV3)) if bits & bit)
    for name, opcode in (("text", TEXT), ("binary", BINARY), ("ping", PING), ("pong", PONG), ("close", CLOSE)):
        if opcode in (BINARY, PONG) and bits not in (RSV1, RSV2, RSV3):
            continue
        reserved.add(f"{word}-on-{name}", "RFC 6455 5.2", f"{word} on a {name} frame without an extension is 1002", refused,
                     frame(opcode, close_payload(1000), rsv=bits))
for bits, word in ((RSV1, "rsv1"), (RSV2, "rsv2"), (RSV3, "rsv3")):
    reserved.add(f"{word}-on-continuation", "RFC 6455 5.2", f"{word} on a continuation is 1002", refused,
                 frame(TEXT, "a", fin=False) + frame(CONTINUATION, "b", rsv=bits))
    reserved.add(f"{word}-on-ping-between-fragments", "RFC 6455 5.2", f"{word} on a ping inside a message is 1002", refused,
                 frame(TEXT, "a", fin=False) + frame(PING, "b", rsv=bits))

for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
    reserved.add(f"opcode-{opcode}", "RFC 6455 5.2", f"opcode {opcode} is reserved: 1002", refused, frame(opcode, "x"))
    reserved.add(f"opcode-{opcode}-in-a-message", "RFC 6455 5.2", f"opcode {opcode} between two fragments is 1002", refused,
                 frame(TEXT, "a", fin=False) + frame(opcode))


@reserved.case("nothing-behind-counts", "RFC 6455 7.1.7", "behind a failure nothing is looked at, not even a close")
def nothing_behind_counts(case):
    client = case.on.open()
    client.send(frame(3) + frame(TEXT, "never") + frame(CLOSE, close_payload(1000)))
    client.expect_failed(1002)


@reserved.case("messages-before-are-echoed", "RFC 6455 7.1.7", "what came before a failure had been taken")
def messages_before(case):
    client = case.on.open()
    client.expect_alive()
    client.send(frame(3))
    client.expect_failed(1002)


@reserved.case("others-are-not-disturbed", "RFC 6455 7.1.7", "a client's failure is its own affair")
def others_not_disturbed(case):
    good = case.on.open()
    for _ in range(10):
        bad = case.on.open()
        bad.send(frame(15))
        bad.expect_failed(1002)
        good.expect_alive()
