"""Text is UTF-8 (RFC 6455 5.6, 8.1; RFC 3629): what is, what is not, wherever it stands and however it is cut, and that the
first impossible byte is enough."""

from .client import BINARY, CONTINUATION, TEXT, close_payload, frame
from .servers import EveryWay

VALID = {
    "nul": "\0", "ascii": "Hello", "delete": "\x7f", "first-of-two": "\x80", "last-of-two": "\u07ff", "first-of-three": "\u0800",
    "below-surrogates": "\ud7ff", "above-surrogates": "\ue000", "replacement": "\ufffd", "first-of-four": "\U00010000",
    "last-of-all": "\U0010ffff", "byte-order-mark": "\ufefftext", "noncharacter-fffe": "\ufffe", "noncharacter-ffff": "\uffff",
    "noncharacter-fdd0": "\ufdd0\ufdef", "noncharacter-1fffe": "\U0001fffe\U0001ffff", "noncharacter-10fffe": "\U0010fffe",
    "greek": "κόσμε", "japanese": "日本語", "emoji": "🦫🏳️‍🌈", "combining": "a\u0300\u0301",
    "private-use": "\ue000\uf8ff",
    "controls": "".join(map(chr, range(32))), "mixed": "aä€𝄞z" * 20,
}
INVALID = {
    "continuation-alone": b"\x80", "last-continuation-alone": b"\xbf", "two-continuations": b"\x80\xbf",
    "continuation-too-many": b"\xc3\xa4\xa4", "lead-of-two-alone": b"\xc3 ", "lead-of-three-alone": b"\xe2 ",
    "lead-of-four-alone": b"\xf0 ", "lead-before-lead": b"\xc3\xc3\xa4", "three-cut-after-two": b"\xe2\x82 ",
    "four-cut-after-two": b"\xf0\x9d ", "four-cut-after-three": b"\xf0\x9d\x84 ",
    "overlong-nul": b"\xc0\x80", "overlong-slash": b"\xc0\xaf", "overlong-last-of-one": b"\xc1\xbf",
    "overlong-three-nul": b"\xe0\x80\x80", "overlong-three-slash": b"\xe0\x80\xaf", "overlong-last-of-two": b"\xe0\x9f\xbf",
    "overlong-four-slash": b"\xf0\x80\x80\xaf", "overlong-last-of-three": b"\xf0\x8f\xbf\xbf",
    "first-surrogate": b"\xed\xa0\x80", "last-high-surrogate": b"\xed\xaf\xbf", "first-low-surrogate": b"\xed\xb0\x80",
    "last-surrogate": b"\xed\xbf\xbf", "surrogate-pair": b"\xed\xa0\xb4\xed\xb4\x9e",
    "beyond-10ffff": b"\xf4\x90\x80\x80", "lead-f5": b"\xf5\x80\x80\x80", "lead-f7": b"\xf7\xbf\xbf\xbf",
    "five-bytes": b"\xf8\x88\x80\x80\x80", "six-bytes": b"\xfc\x84\x80\x80\x80\x80", "byte-fe": b"\xfe", "byte-ff": b"\xff",
    "utf-16-mark": b"\xff\xfeH\0", "latin-1": "größer".encode("latin-1"),
}
# Offsets at which a fast validator changes its stride.
OFFSETS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 28, 29, 30, 31, 32, 33, 47, 48, 62, 63, 64, 65)

# --- valid ------------------------------------------------------------------------------------------------------------------

valid = EveryWay("utf8-valid")


def passes(case, data):
    client = case.on.open()
    client.send_frame(TEXT, data)
    client.expect_message(TEXT, data)
    client.expect_alive()


for name, value in VALID.items():
    valid.add(name, "RFC 6455 5.6", f"{value[:8]!a} is text", passes, value)


def at_every_offset(case, character):
    client = case.on.open()
    for offset in OFFSETS:
        text = "x" * offset + character + "y" * 40
        client.send_frame(TEXT, text)
        client.expect_message(TEXT, text)


for name, value in (("two", "ä"), ("three", "€"), ("four", "𝄞"), ("largest", "\U0010ffff")):
    valid.add(f"{name}-at-every-offset", "RFC 6455 5.6", f"{value!a} passes behind any number of ASCII bytes", at_every_offset,
              value)


@valid.case("split-over-fragments", "RFC 6455 5.6", "a character may be split by fragments at every byte")
def split_over_fragments(case):
    data = "aä€𝄞z".encode()
    client = case.on.open()
    for cut in range(len(data) + 1):
        client.send_fragments(TEXT, [data[:cut], data[cut:]])
        client.expect_message(TEXT, data)


@valid.case("a-byte-a-fragment", "RFC 6455 5.6", "each byte of a text may be a fragment")
def a_byte_a_fragment(case):
    data = "aä€𝄞\U0010ffff\ud7ffz".encode()
    client = case.on.open()
    client.send_fragments(TEXT, [data[at:at + 1] for at in range(len(data))])
    client.expect_message(TEXT, data)


@valid.case("split-over-segments", "RFC 6455 5.6", "a character may be split by what one read gives, at every byte")
def split_over_segments(case):
    data = "aä€𝄞z".encode()
    whole = frame(TEXT, data)
    client = case.on.open("apart")
    for cut in range(6, len(whole)):
        client.send_cut(whole, cut)
        client.expect_message(TEXT, data)
    client.send_apart(*(whole[at:at + 1] for at in range(len(whole))))
    client.expect_message(TEXT, data)


@valid.case("split-in-long-text", "RFC 6455 5.6", "characters at the ends of long pieces are put together")
def split_in_long_text(case):
    data = ("€" * 30_000).encode()
    client = case.on.open()
    client.send_fragments(TEXT, [data[:44_999], data[44_999:45_001], data[45_001:]])
    client.expect_message(TEXT, data)


@valid.case("binary-is-not-looked-at", "RFC 6455 5.6", "binary messages need not be UTF-8")
def binary_is_not_looked_at(case):
    client = case.on.open()
    for data in INVALID.values():
        client.send_frame(BINARY, data)
        client.expect_message(BINARY, data)


@valid.case("state-ends-with-the-message", "RFC 6455 5.6", "each text begins anew: binary bytes before it do not count")
def state_ends_with_the_message(case):
    client = case.on.open()
    for _ in range(3):
        client.send_fragments(BINARY, [b"\xf0\x9d", b"\xf0"])
        client.expect_message(BINARY, b"\xf0\x9d\xf0")
        client.send_frame(TEXT, "ä")
        client.expect_message(TEXT, "ä")


@valid.case("sixteen-mebibytes", "RFC 6455 5.6", "16 MiB of characters of all lengths come back", deadline=60)
def sixteen_mebibytes(case):
    data = ("aä€𝄞" * (1 << 24))[:(16 << 20) * 2 // 5].encode()[:16 << 20]
    data = data[:len(data) - len(data) % 10]
    client = case.on.open()
    client.send_frame(TEXT, data)
    client.expect_message(TEXT, data)


# --- invalid ----------------------------------------------------------------------------------------------------------------

invalid = EveryWay("utf8-invalid")


def fails(case, *frames):
    client = case.on.open()
    client.send(b"".join(frames))
    client.expect_failed(1007)


for name, value in INVALID.items():
    invalid.add(name, "RFC 6455 8.1", f"the text {value.hex(' ')} is not UTF-8: 1007", fails, frame(TEXT, value))


def fails_at_every_offset(case, value, behind):
    for offset in OFFSETS:
        fails(case, frame(TEXT, b"x" * offset + value + b"y" * behind))


for name, value in (("continuation", b"\x80"), ("surrogate", b"\xed\xa0\x80"), ("overlong", b"\xe0\x9f\xbf"), ("beyond",
                    b"\xf4\x90\x80\x80"), ("cut", b"\xf0\x9d\x84"), ("ff", b"\xff")):
    invalid.add(f"{name}-at-every-offset", "RFC 6455 8.1", f"{value.hex(' ')} is found behind any number of ASCII bytes",
                fails_at_every_offset, value, 40)
invalid.add("cut-at-the-end-at-every-offset", "RFC 6455 8.1", "a character cut by the end of a text of any length is 1007",
            fails_at_every_offset, b"\xe2\x82", 0)


def fails_behind_characters(case, character):
    for count in range(1, 24):
        fails(case, frame(TEXT, (character * count).encode() + b"\xc0\x80" + character.encode()))


for name, value in (("two", "ä"), ("three", "€"), ("four", "𝄞")):
    invalid.add(f"behind-characters-of-{name}", "RFC 6455 8.1", f"an overlong form is found behind any number of {value!a}",
                fails_behind_characters, value)


@invalid.case("split-over-fragments", "RFC 6455 8.1", "what is not UTF-8 is not when it is split, at every byte")
def split_invalid(case):
    for value in (b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf"):
        for cut in range(1, len(value)):
            fails(case, frame(TEXT, b"a" + value[:cut], fin=False), frame(CONTINUATION, value[cut:]))


@invalid.case("split-over-segments", "RFC 6455 8.1", "nor when it arrives byte by byte")
def split_invalid_segments(case):
    for value in (b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe0\x80\xaf", b"\xc3\xc3"):
        client = case.on.open("apart")
        whole = frame(TEXT, value)
        client.send_apart(*(whole[at:at + 1] for at in range(len(whole))))
        client.expect_failed(1007)


@invalid.case("in-the-last-fragment", "RFC 6455 8.1", "good fragments do not excuse a bad one")
def in_the_last_fragment(case):
    fails(case, frame(TEXT, "good", fin=False), frame(CONTINUATION, "good", fin=False), frame(CONTINUATION, b"\xff"))


@invalid.case("unfinished-at-the-end", "RFC 6455 8.1", "a character unfinished at the end of a message is 1007")
def unfinished_at_the_end(case):
    for value in (b"\xc3", b"\xe2", b"\xe2\x82", b"\xf0", b"\xf0\x9d", b"\xf0\x9d\x84"):
        fails(case, frame(TEXT, value))
        fails(case, frame(TEXT, b"good", fin=False), frame(CONTINUATION, value))


@invalid.case("unfinished-before-an-empty-end", "RFC 6455 8.1", "also when the message ends with an empty frame")
def unfinished_before_an_empty_end(case):
    fails(case, frame(TEXT, b"\xe2\x82", fin=False), frame(CONTINUATION))


@invalid.case("fails-before-the-message-ends", "RFC 6455 8.1", "the first impossible byte is enough, the message need not end")
def fails_before_the_message_ends(case):
    fails(case, frame(TEXT, b"good \xff", fin=False))
    fails(case, frame(TEXT, b"\xed\xa0", fin=False))
    fails(case, frame(TEXT, b"\xf4", fin=False), frame(CONTINUATION, b"\x90", fin=False))
    fails(case, frame(TEXT, b"\xce", fin=False), frame(CONTINUATION, b"a", fin=False))


@invalid.case("fails-before-the-frame-ends", "RFC 6455 8.1", "nor need the frame be complete")
def fails_before_the_frame_ends(case):
    fails(case, frame(TEXT, b"good \xff", length=1000))
    fails(case, frame(TEXT, b"x" * 64 + b"\xe0\x80", length=70000))


@invalid.case("in-sixteen-mebibytes", "RFC 6455 8.1", "one bad byte at the end of 16 MiB is found", deadline=60)
def in_sixteen_mebibytes(case):
    client = case.on.open()
    client.send(frame(TEXT, b"x" * ((16 << 20) - 1) + b"\x80"))
    client.expect_failed(1007, in_answer=True)


@invalid.case("behind-a-good-message", "RFC 6455 8.1", "a good text before does not excuse a bad one")
def behind_a_good_message(case):
    client = case.on.open()
    client.send(frame(TEXT, "größer"))
    client.expect_message(TEXT, "größer")
    client.send(frame(TEXT, b"\xc3"))
    client.expect_failed(1007)


def bad_reason(case, reason):
    fails(case, frame(8, close_payload(1000, reason)))


for name in ("continuation-alone", "lead-of-two-alone", "overlong-slash", "first-surrogate", "beyond-10ffff", "byte-ff"):
    invalid.add(f"reason-{name}", "RFC 6455 5.5.1", f"a close reason {INVALID[name].hex(' ')} is not UTF-8: 1007", bad_reason,
                INVALID[name])
invalid.add("reason-cut", "RFC 6455 5.5.1", "a close reason that ends inside a character: 1007", bad_reason, b"why \xe2\x82")
