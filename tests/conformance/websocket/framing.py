"""Frame headers: lengths, masks, and headers that arrive in pieces (RFC 6455 5.2, 5.3)."""

import random

from .client import BINARY, PING, TEXT, frame
from .servers import EveryWay

LIMIT = 16 << 20  # max_message
MASKS = {
    "zero": b"\0\0\0\0", "ones": b"\xff\xff\xff\xff", "first-byte": b"\xa5\0\0\0", "second-byte": b"\0\xa5\0\0",
    "third-byte": b"\0\0\xa5\0", "last-byte": b"\0\0\0\xa5", "ascending": b"\1\2\3\4", "alternating": b"\x55\xaa\x55\xaa",
    "high-bits": b"\x80\x80\x80\x80",
}


def data(size, seed=0):
    return random.Random(size * 1000 + seed).randbytes(size)


def text(size):
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


# --- lengths --------------------------------------------------------------------------------------------------------------

lengths = EveryWay("lengths")


def comes_back(case, opcode, payload):
    client = case.on.open()
    client.send_frame(opcode, payload)
    client.expect_message(opcode, payload)
    client.expect_alive()


for length in (0, 1, 2, 3, 124, 125, 126, 127, 128, 255, 256, 65534, 65535, 65536, 65537, 131060, 131072, 262144, 1 << 20):
    lengths.add(f"binary-{length}", "RFC 6455 5.2", f"a binary message of {length} bytes comes back as it was sent",
                comes_back, BINARY, data(length))
for length in (0, 1, 125, 126, 65535, 65536):
    lengths.add(f"text-{length}", "RFC 6455 5.2", f"a text message of {length} bytes comes back as text",
                comes_back, TEXT, text(length))


@lengths.case("sixteen-mebibytes", "RFC 6455 5.2", "a message as large as max_message comes back", deadline=60)
def sixteen_mebibytes(case):
    payload = data(LIMIT)
    client = case.on.open()
    client.send_frame(BINARY, payload)
    client.expect_message(BINARY, payload)


@lengths.case("sixteen-mebibytes-chopped", "RFC 6455 5.2", "the same in writes of any size, header included", deadline=60)
def sixteen_mebibytes_chopped(case):
    chance = random.Random(7)
    payload = data(LIMIT, 1)
    whole = frame(BINARY, payload)
    client = case.on.open("apart")
    client.send_apart(*(whole[at:at + 1] for at in range(20)))
    at = 20
    while at < len(whole):
        size = chance.choice((1, 13, 1000, 4096, 65535, 65536, 200_000))
        client.send(whole[at:at + size])
        at += size
    client.expect_message(BINARY, payload)


def not_minimal(case, size, form):
    client = case.on.open()
    client.send(frame(BINARY, data(size), form=form))
    client.expect_failed(1002)


for length, bytes_ in ((0, 2), (1, 2), (125, 2), (0, 8), (125, 8), (126, 8), (65535, 8)):
    lengths.add(f"not-minimal-{length}-in-{bytes_}", "RFC 6455 5.2",
                f"a length of {length} in {bytes_} bytes is not the shortest form: 1002", not_minimal, length, bytes_)


def top_bit(case, length):
    client = case.on.open()
    client.send(frame(BINARY, b"", length=length, form=8))
    client.expect_failed(1002)


lengths.table("RFC 6455 5.2", "the top bit of a 64-bit length is 0: {0:#x} is 1002", top_bit,
              {"top-bit-alone": 1 << 63, "top-bit-and-a-small-length": 1 << 63 | 5, "top-bit-all-ones": (1 << 64) - 1})


@lengths.case("many-in-one-write", "RFC 6455 5.2", "messages of several length forms in one write come back one by one")
def many_in_one_write(case):
    sizes = [0, 1, 125, 126, 127, 1000, 3] * 100
    client = case.on.open()
    client.send(b"".join(frame(BINARY, data(size, at)) for at, size in enumerate(sizes)))
    for at, size in enumerate(sizes):
        client.expect_message(BINARY, data(size, at))


# --- masks ----------------------------------------------------------------------------------------------------------------

masks = EveryWay("masks")


def any_mask(case, mask):
    client = case.on.open()
    for size in (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 1000):
        client.send_frame(BINARY, data(size), mask=mask)
        client.expect_message(BINARY, data(size))


for name, value in MASKS.items():
    masks.add(name, "RFC 6455 5.3", f"payloads of every size mod 64 are unmasked, with mask {value.hex()}", any_mask, value)


@masks.case("random", "RFC 6455 5.3", "each frame has its own mask")
def random_masks(case):
    chance = random.Random(11)
    client = case.on.open()
    for size in range(100):
        client.send_frame(BINARY, data(size), mask=chance.randbytes(4))
        client.expect_message(BINARY, data(size))


@masks.case("phase-behind-a-cut", "RFC 6455 5.3", "the mask goes on where a piece of the payload was cut")
def phase_behind_a_cut(case):
    payload = data(67)
    whole = frame(BINARY, payload)
    client = case.on.open("apart")
    for cut in range(7, len(whole)):
        client.send_cut(whole, cut)
        client.expect_message(BINARY, payload)


def unmasked(case, opcode, payload):
    client = case.on.open()
    client.send(frame(opcode, payload, mask=None))
    client.expect_failed(1002)


masks.table("RFC 6455 5.1", "an unmasked frame of a client is 1002: {name}", unmasked,
            {"unmasked-text": (1, b"x"), "unmasked-binary": (2, b"x"), "unmasked-empty": (1, b""),
             "unmasked-large": (2, data(70000)), "unmasked-ping": (9, b"x"), "unmasked-pong": (10, b""),
             "unmasked-close": (8, b"\x03\xe8")})


@masks.case("unmasked-behind-masked", "RFC 6455 5.1", "each frame is masked, not only the first of a connection")
def unmasked_behind_masked(case):
    client = case.on.open()
    client.expect_alive()
    client.send(frame(TEXT, "x", mask=None))
    client.expect_failed(1002)


@masks.case("unmasked-continuation", "RFC 6455 5.1", "each frame of a message is masked, not only the first")
def unmasked_continuation(case):
    client = case.on.open()
    client.send(frame(TEXT, "x", fin=False) + frame(0, "y", mask=None))
    client.expect_failed(1002)


# --- pieces ---------------------------------------------------------------------------------------------------------------

pieces = EveryWay("pieces")


def cut_at(case, size, cut):
    payload = data(size)
    client = case.on.open("apart")
    client.send_cut(frame(BINARY, payload), cut)
    client.expect_message(BINARY, payload)
    client.expect_alive()


for form, size, header in (("short", 5, 6), ("16-bit", 126, 8), ("64-bit", 65536, 14)):
    for cut in range(1, header + 2):
        pieces.add(f"{form}-cut-at-{cut}", "RFC 6455 5.2", f"a frame with a {form} length may arrive in two pieces, cut at {cut}",
                   cut_at, size, cut)


@pieces.case("byte-by-byte", "RFC 6455 5.2", "frames of every kind may arrive byte by byte")
def byte_by_byte(case):
    client = case.on.open("apart")
    whole = frame(TEXT, "hello") + frame(PING, "p") + frame(BINARY, data(130)) + frame(TEXT, "", mask=b"\0\0\0\0")
    client.send_apart(*(whole[at:at + 1] for at in range(len(whole))))
    expected = [(TEXT, b"hello"), (10, b"p"), (BINARY, data(130))] + [(TEXT, b"")] * case.on.empty_messages
    got = sorted((part.opcode, part.payload) for part in (client.read_frame() for _ in expected))
    assert got == sorted(expected), got


@pieces.case("end-and-beginning", "RFC 6455 5.2", "the end of a frame and the beginning of the next may arrive together")
def end_and_beginning(case):
    client = case.on.open("apart")
    frames = [frame(BINARY, data(size)) for size in (5, 126, 0, 70000, 1)]
    whole = b"".join(frames)
    ends, at = [], 0
    for one in frames[:-1]:
        at += len(one)
        ends += [at - 3, at + 1]
    client.send_cut(whole, *sorted(ends))
    for size in (5, 126, 0, 70000, 1):
        client.expect_message(BINARY, data(size))


@pieces.case("wrong-in-the-first-byte", "RFC 6455 7.1.7", "a failure seen in a header needs no payload to be answered")
def wrong_header_only(case):
    client = case.on.open()
    client.send(frame(3, b"", length=100))
    client.expect_failed(1002)
