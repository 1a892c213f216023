// The UTF-8 validator against a decoder that takes one byte after the other. In: text. It comes whole, in
// pieces, and shifted by some bytes of ASCII, so that the blocks of sixteen lie elsewhere.
#include "websocket/utf8.h"
#include "tests/fuzz/support/fuzz.h"

namespace marmoset::fuzz {
namespace {

/// Bytes up to the first that no continuation of the text can mend; all of them when there is none.
/// `complete`: the text may end there.
size_t valid_bytes(Bytes text, bool& complete) {
    size_t at = 0;
    while (at < text.size()) {
        const uint8_t lead = text[at];
        const size_t length = lead < 0x80   ? 1
                              : lead < 0xc0 ? 0
                              : lead < 0xe0 ? 2
                              : lead < 0xf0 ? 3
                              : lead < 0xf8 ? 4
                                            : 0;
        complete = false;
        if (length == 0) return at;
        uint32_t smallest = length == 1 ? lead : lead & (0x7fu >> length);
        uint32_t largest = smallest;
        const auto impossible = [&](size_t left) {
            // All values that the bytes seen so far can still become.
            const uint32_t low = smallest << 6 * left;
            const uint32_t high = largest << 6 * left | ((1u << 6 * left) - 1);
            const uint32_t least = length == 2 ? 0x80 : length == 3 ? 0x800 : length == 4 ? 0x10000 : 0;
            return high < least || low > 0x10ffff || (low >= 0xd800 && high <= 0xdfff);
        };
        if (impossible(length - 1)) return at;
        for (size_t i = 1; i < length; ++i) {
            if (at + i == text.size()) return text.size();
            if ((text[at + i] & 0xc0u) != 0x80) return at + i;
            smallest = largest = smallest << 6 | (text[at + i] & 0x3fu);
            if (impossible(length - 1 - i)) return at + i;
        }
        at += length;
    }
    complete = true;
    return at;
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    const Bytes input(data, size);
    bool complete = true;
    const size_t valid = valid_bytes(input, complete);
    const bool possible = valid == size;

    const auto whole = exact(input);
    require(websocket::is_valid_utf8(whole) == (possible && complete), "the verdict on the whole text");

    websocket::Utf8Validator validator;
    size_t fed = 0;
    bool fine = true;
    for (const auto& piece : Pieces(input).cut(input)) {
        fine = validator.feed(piece);
        if (fine) require(fed + piece.size() <= valid, "what can't become UTF-8 is refused with its piece");
        fed += piece.size();
        if (!fine) break;
    }
    require(fine == possible, "the verdict on pieces");
    if (!fine) require(fed > valid, "nothing is refused before its time");
    if (fine) require(validator.complete() == complete, "whether the text may end");

    if (possible) {
        const size_t prefix = websocket::complete_utf8_prefix(whole);
        bool at_boundary = true;
        require(prefix <= size && size - prefix < 4 &&
                    valid_bytes(input.first(prefix), at_boundary) == prefix && at_boundary,
                "a prefix that ends between characters");
        require(!complete || prefix == size, "all of a complete text");
    }

    std::vector<uint8_t> shifted(1 + Random(input).below(40), 'a');
    shifted.insert(shifted.end(), input.begin(), input.end());
    require(websocket::is_valid_utf8(exact(shifted)) == (possible && complete),
            "the verdict on shifted text");
    return 0;
}
