// permessage-deflate without a connection. In: one byte that chooses parameters, a line with extensions, then
// bytes that are inflated as messages of a client, and deflated as messages to it. Whole and in pieces with
// little room for the output; zlib called plainly says what has to come out.
#include <zlib.h>

#include "base/text.h"
#include "tests/fuzz/support/fuzz.h"
#include "websocket/message_deflate.h"

namespace marmoset::fuzz {
namespace {

using websocket::DeflateParameters;
using websocket::PerMessageDeflate;

constexpr size_t kMost = 200000;  // bytes of output looked at: an input may be a bomb

struct Inflated {
    std::string content;
    bool valid = true;
    bool operator==(const Inflated&) const = default;
};

Inflated inflate_pieces(PerMessageDeflate& deflate, const std::vector<std::vector<uint8_t>>& pieces,
                        Random* room) {
    Inflated out;
    deflate.begin_receiving();
    for (size_t i = 0; i < pieces.size() || i == 0; ++i) {
        const bool last = i + 1 >= pieces.size();
        Bytes rest = pieces.empty() ? Bytes() : Bytes(pieces[i]);
        for (bool done = false; !done;) {
            const size_t most = room == nullptr ? 65536 : 1 + room->below(room->below(2) == 0 ? 20 : 3000);
            const auto step = deflate.receive(rest, last, most);
            require(step.output.size() <= most, "no more output than there is room for");
            require(step.used <= rest.size(), "no more input than there is");
            require(step.done || !step.valid || step.used > 0 || !step.output.empty(), "each step gets on");
            out.content += as_text(step.output);
            if (!step.valid) return {std::move(out.content), false};
            rest = rest.subspan(step.used);
            done = step.done;
            require(!done || rest.empty(), "done when all was taken");
            if (out.content.size() > kMost) return out;
        }
    }
    return out;
}

/// zlib on all of it at once, the four bytes behind it; streams follow one another with an empty window.
Inflated plain_inflate(Bytes input, unsigned window_bits) {
    Inflated out;
    if (input.empty()) return out;
    std::string bytes(as_text(input));
    bytes.append("\x00\x00\xff\xff", 4);
    z_stream stream{};
    require(inflateInit2(&stream, -static_cast<int>(window_bits)) == Z_OK, "zlib has memory");
    stream.next_in = reinterpret_cast<uint8_t*>(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::vector<uint8_t> room(65536);
    int status = Z_OK;
    do {
        stream.next_out = room.data();
        stream.avail_out = static_cast<uInt>(room.size());
        status = inflate(&stream, Z_NO_FLUSH);
        out.content += as_text(Bytes(room).first(room.size() - stream.avail_out));
        if (status == Z_STREAM_END) {
            // With exactly the tail left, the message ended in a final block.
            if (stream.avail_in <= 4) break;
            status = inflateResetKeep(&stream);
        }
    } while (status == Z_OK && (stream.avail_in > 0 || stream.avail_out == 0) && out.content.size() <= kMost);
    const bool ended = status == Z_STREAM_END && stream.avail_in == 4;
    const bool between =
        (stream.data_type & 128) != 0 && (stream.data_type & 63) == 0 && stream.avail_in == 0;
    out.valid = out.content.size() > kMost || ended || ((status == Z_OK || status == Z_BUF_ERROR) && between);
    inflateEnd(&stream);
    return out;
}

void check_inflate(Bytes input, const DeflateParameters& parameters, websocket::DeflateContexts& contexts) {
    PerMessageDeflate one(parameters, contexts), other(parameters, contexts);
    std::vector<std::vector<uint8_t>> whole;
    if (!input.empty()) whole.push_back(exact(input));
    const Inflated expected = plain_inflate(input, parameters.client_window_bits);
    Random room(input, 1);
    // Twice: the second message of a connection meets a used context.
    for (int message = 0; message < 2; ++message) {
        const Inflated at_once = inflate_pieces(one, whole, nullptr);
        const Inflated in_pieces = inflate_pieces(other, Pieces(input, 2).cut(input), &room);
        require(at_once.valid == in_pieces.valid || at_once.content.size() > kMost,
                "one verdict on the whole and on pieces");
        if (!at_once.valid || at_once.content.size() > kMost) {
            require(message != 0 || at_once.content.size() > kMost || !expected.valid,
                    "what zlib takes is valid");
            return;
        }
        require_equal(at_once.content, in_pieces.content, "content of the whole and of pieces");
        // A later message of a context that stays may refer to an earlier one, which zlib alone does not
        // know.
        if (message == 0) {
            require(expected.valid, "what zlib refuses is not valid");
            require_equal(expected.content, at_once.content, "zlib's content");
        }
    }
}

void check_deflate(Bytes input, const DeflateParameters& parameters, websocket::DeflateContexts& contexts) {
    PerMessageDeflate server(parameters, contexts);
    // The client's end: what the server sends with, it receives with.
    DeflateParameters mirrored = parameters;
    mirrored.client_window_bits = parameters.server_window_bits;
    mirrored.client_takeover = parameters.server_takeover;
    PerMessageDeflate client(mirrored, contexts);
    for (uint64_t message = 0; message < 3; ++message) {
        std::vector<uint8_t> compressed;
        auto pieces = message == 0 ? std::vector<std::vector<uint8_t>>{exact(input)}
                                   : Pieces(input, 10 + message).cut(input);
        if (pieces.empty()) pieces.emplace_back();
        for (size_t i = 0; i < pieces.size(); ++i) {
            const Bytes ready = server.send(pieces[i], i == 0, i + 1 == pieces.size());
            compressed.insert(compressed.end(), ready.begin(), ready.end());
        }
        require(!compressed.empty(), "even an empty message has a payload");
        Random room(input, 20 + message);
        const Inflated back = inflate_pieces(client, Pieces(compressed, message).cut(compressed), &room);
        require(back.valid, "what was compressed can be decompressed");
        require_equal(as_text(input), back.content.substr(0, input.size()),
                      "what was compressed comes out again");
        require(back.content.size() == input.size(), "and nothing else");
    }
}

void check_offer(std::string_view line, const websocket::DeflatePolicy& policy, DeflateParameters& agreed) {
    const auto bytes = exact(as_bytes(line));
    const auto accepted = websocket::accept_deflate_offer(as_text(bytes), policy);
    if (!accepted) return;
    agreed = *accepted;
    require(agreed.server_window_bits >= 8 && agreed.server_window_bits <= policy.window_bits,
            "a window that we are willing to spend");
    require(agreed.client_window_bits >= 8 && agreed.client_window_bits <= 15, "a window there is");
    require(policy.server_takeover || !agreed.server_takeover, "no context that we are not willing to keep");
    require(policy.client_takeover || !agreed.client_takeover, "nor for the client");
    std::string lower(line);
    for (char& c : lower)
        c = to_lower(c);
    const auto offered = [&](std::string_view name) { return lower.find(name) != std::string::npos; };
    require(offered("permessage-deflate"), "what was accepted was offered");
    // RFC 7692 7.1.2.1 and 7.1.2.2: who may be told what.
    require(!agreed.server_window_named || offered("server_max_window_bits"), "a window named by the client");
    require(agreed.client_window_bits == 15 || offered("client_max_window_bits"),
            "a window the client can be told");
    const std::string response = websocket::deflate_response(agreed);
    const websocket::DeflatePolicy any{15, true, true};
    const auto again = websocket::accept_deflate_offer(response, any);
    require(again.has_value(), "our answer is well-formed");
    require(again->server_takeover == agreed.server_takeover &&
                again->client_takeover == agreed.client_takeover &&
                again->server_window_bits == agreed.server_window_bits &&
                again->client_window_bits == agreed.client_window_bits,
            "and says what was agreed");
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    static websocket::DeflateContexts contexts(6, 0);
    Fields fields({data, size});
    const uint8_t choice = fields.byte();
    DeflateParameters parameters;
    const websocket::DeflatePolicy policy{static_cast<uint8_t>(8 + (choice & 7u)), (choice & 8) != 0,
                                          (choice & 16) != 0};
    check_offer(fields.until('\n'), policy, parameters);
    check_inflate(fields.rest(), parameters, contexts);
    check_deflate(fields.rest(), parameters, contexts);
    return 0;
}
