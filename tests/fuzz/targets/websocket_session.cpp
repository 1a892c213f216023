// RFC 6455 on a connection: frames in, messages to an endpoint that echoes them, frames out. In: one byte
// that chooses settings and which end it is, then what the other end sends. The bytes come at once, then in
// pieces to an endpoint that gives little credit, then to a client that reads slowly: messages, end and
// answers must be the same. Without compression a decoder of sixty lines says what they have to be.
#include "websocket/session.h"

#include <optional>
#include <vector>

#include "tests/fuzz/support/fuzz.h"
#include "tests/support/scripted_peer.h"

namespace marmoset::fuzz {
namespace {

using websocket::Opcode;

enum Choice : uint8_t {
    kSmallMessages = 1,
    kFewFragments = 2,
    kCloseSecond = 4,  ///< the endpoint closes at the second message
    kShutdown = 8,     ///< the worker stops once all has been read
    kDeflate = 16,
    kTakeover = 32,  ///< contexts stay from message to message
    kSmallWindow = 64,
    kClient = 128,  ///< the session is a client, what comes is a server's
};

websocket::SessionSettings settings_of(uint8_t choice) {
    websocket::SessionSettings settings;
    settings.max_message = (choice & kSmallMessages) != 0 ? 200 : 20000;
    settings.max_fragments = (choice & kFewFragments) != 0 ? 3 : 1000;
    settings.max_queue = 1u << 30;
    if ((choice & kClient) != 0) settings.role = websocket::Role::Client;
    return settings;
}

/// Puts messages together, notes them, echoes them.
class Echo final : public websocket::Endpoint {
  public:
    std::string seen;

    Echo(uint8_t choice, size_t credit) : choice_(choice), credit_(credit) {}

    void on_message_data(websocket::Session& session, MutableBytes piece, bool binary, bool first,
                         bool last) override {
        require(!ended_, "nothing follows the end");
        require(first == !in_message_, "a message begins once");
        require(first || binary == binary_, "a message has one type");
        require(piece.size() + 12 <= credit_, "no piece goes beyond the credit");
        require(!piece.empty() || last, "a piece has content, or ends its message");
        credit_ -= piece.size() + 12;
        in_message_ = !last;
        binary_ = binary;
        message_ += as_text(piece);
        if (!last) return;
        seen += binary ? "binary [" : "text [";
        seen += message_ + "]\n";
        const std::string whole = std::move(message_);
        message_.clear();
        require(session.send(as_bytes(whole), binary, true, true), "what was received can be sent");
        session.connection().flush();  // `whole` is borrowed
        if ((choice_ & kCloseSecond) != 0 && ++messages_ == 2)
            session.close(4000, "enough", CloseReason::ServerClosed);
    }
    size_t receive_credit(const websocket::Session&) const override { return credit_; }
    void on_output_progress(websocket::Session&) override {}
    void on_session_end(websocket::Session&, uint16_t code, std::string_view reason,
                        CloseReason why) override {
        require(!ended_, "a session ends once");
        ended_ = true;
        // The text of a failure is for logs: of two that are found in one piece either may be named.
        const bool said = why == CloseReason::CloseHandshake;
        seen += "end " + std::to_string(code) + " " + std::string(said ? reason : "") + "\n";
    }
    void give_credit(websocket::Session& session, size_t bytes) {
        credit_ += bytes;
        session.resume_receiving();
    }
    bool ended() const { return ended_; }

  private:
    uint8_t choice_;
    size_t credit_;
    std::string message_;
    unsigned messages_ = 0;
    bool in_message_ = false;
    bool binary_ = false;
    bool ended_ = false;
};

struct Outcome {
    std::string seen, received;
};

Outcome talk(std::vector<std::vector<uint8_t>> pieces, uint8_t choice, Random* credit, size_t room) {
    static websocket::DeflateContexts contexts(6, 20);
    net::Loop& loop = test::the_loop();
    const uint64_t memory = loop.queued_memory();
    const websocket::SessionSettings settings = settings_of(choice);
    Echo echo(choice, credit == nullptr ? size_t{1} << 40 : 0);
    std::unique_ptr<websocket::PerMessageDeflate> deflate;
    if ((choice & kDeflate) != 0) {
        websocket::DeflateParameters parameters;
        parameters.server_takeover = parameters.client_takeover = (choice & kTakeover) != 0;
        if ((choice & kSmallWindow) != 0) parameters.server_window_bits = parameters.client_window_bits = 8;
        deflate = std::make_unique<websocket::PerMessageDeflate>(parameters, contexts);
    }
    test::ScriptedPeer peer(loop);
    peer.take_at_most(room);
    peer.send(std::move(pieces));
    auto made = std::make_unique<websocket::Session>(*peer.connection(), echo, settings, std::move(deflate));
    websocket::Session& session = *made;  // lives as long as the connection
    require(peer.connection()->start(std::move(made)), "the connection can be polled");
    for (size_t turns = 0; !peer.closed(); ++turns) {
        require(turns < 1000000, "a connection whose client has ended is closed");
        test::turn(loop);
        if (peer.closed()) break;
        if (credit != nullptr && !echo.ended()) echo.give_credit(session, credit->below(40));
        if (peer.closed()) break;
        // A client that ends its side does not want what has not been sent yet: it waits for that.
        if (peer.unread() == 0 && peer.connection()->unsent() == 0 &&
            !peer.connection()->paused_for(net::ReadPause::Credit)) {
            if ((choice & kShutdown) != 0 && session.open()) {
                peer.connection()->protocol().on_shutdown();  // its Close frame has still to be sent
                continue;
            }
            peer.end();
        }
    }
    test::turn(loop);
    require(echo.ended(), "the endpoint is told of the end");
    require(loop.queued_memory() == memory, "all memory is given back to the account");
    return {echo.seen, std::move(peer.received)};
}

/// What the session sent, frame by frame and without masks, which are random. `pongs` false: without its Pong
/// frames; of several pings of a client that reads slowly only the last needs its answer.
std::string frames_of(std::string_view received, uint8_t choice, bool pongs) {
    std::string out;
    while (!received.empty()) {
        const auto decoded = websocket::decode_frame_header(as_bytes(received));
        require(decoded.status == websocket::DecodeStatus::Complete, "whole frames are sent");
        require(decoded.header.masked == ((choice & kClient) != 0), "a client masks, a server does not");
        const size_t size = decoded.size + decoded.header.length;
        require(size <= received.size(), "with all of their payload");
        std::string payload(received.substr(decoded.size, decoded.header.length));
        for (size_t i = 0; decoded.header.masked && i < payload.size(); ++i)
            payload[i] = static_cast<char>(static_cast<uint8_t>(payload[i]) ^ decoded.header.mask[i % 4]);
        if (pongs || decoded.header.opcode != static_cast<uint8_t>(Opcode::Pong)) {
            out.append(1, received[0]).append(std::to_string(decoded.header.length)).append(":");
            out += payload;
        }
        received.remove_prefix(size);
    }
    return out;
}

// ---- the reference --------------------------------------------------------------------------------------

bool is_utf8(std::string_view text) {
    size_t at = 0;
    while (at < text.size()) {
        const auto lead = static_cast<unsigned char>(text[at]);
        const size_t length = lead < 0x80                   ? 1
                              : lead >= 0xc2 && lead < 0xe0 ? 2
                              : lead >= 0xe0 && lead < 0xf0 ? 3
                              : lead >= 0xf0 && lead < 0xf5 ? 4
                                                            : 0;
        if (length == 0 || text.size() - at < length) return false;
        uint32_t value = length == 1 ? lead : lead & (0x7fu >> length);
        for (size_t i = 1; i < length; ++i) {
            const auto byte = static_cast<unsigned char>(text[at + i]);
            if ((byte & 0xc0u) != 0x80) return false;
            value = value << 6 | (byte & 0x3fu);
        }
        if ((length == 3 && value < 0x800) || (length == 4 && value < 0x10000) || value > 0x10ffff ||
            (value >= 0xd800 && value < 0xe000))
            return false;
        at += length;
    }
    return true;
}

/// Whether some continuation makes it UTF-8: an unfinished last character is tried with every ending.
bool may_become_utf8(std::string_view text) {
    for (size_t cut = 0; cut <= std::min<size_t>(3, text.size()); ++cut) {
        const std::string_view rest = text.substr(text.size() - cut);
        if (!is_utf8(text.substr(0, text.size() - cut))) continue;
        if (cut == 0) return true;
        for (const std::string_view ending :
             {"\x80", "\xbf", "\x80\x80", "\xbf\xbf", "\x80\x80\x80", "\xbf\xbf\xbf"}) {
            if (is_utf8(std::string(rest).append(ending))) return true;
        }
    }
    return false;
}

/// What the endpoint must have seen of a session without compression that nobody but the client ends.
std::string expected(Bytes sent, const websocket::SessionSettings& settings) {
    const bool masks = settings.role == websocket::Role::Server;  // the other end does
    std::string seen, message;
    unsigned type = 0;  // of the message in progress
    unsigned frames = 0;
    const auto failed = [&](unsigned code) { return seen + "end " + std::to_string(code) + " \n"; };
    Fields in(sent);
    while (!in.empty()) {
        const Bytes frame = in.rest();
        const unsigned flags = in.byte() & 0xf0u, opcode = frame[0] & 15u;
        if (in.empty()) break;
        const unsigned second = in.byte();
        uint64_t length = second & 127u;
        const size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
        if (in.rest().size() < extended) break;
        if (extended != 0) length = 0;
        for (size_t i = 0; i < extended; ++i)
            length = length << 8 | in.byte();
        if ((extended == 2 && length < 126) || (extended == 8 && (length < 65536 || length >> 63 != 0)))
            return failed(1002);
        if ((second & 128u) != 0 && in.rest().size() < 4) break;
        const Bytes mask = (second & 128u) != 0 ? in.bytes(4) : Bytes();
        const bool fin = (flags & 0x80u) != 0, control = opcode >= 8;
        if ((flags & 0x70u) != 0 || mask.empty() == masks || opcode > 10 || (opcode > 2 && opcode < 8))
            return failed(1002);
        if (control && (!fin || length > 125)) return failed(1002);
        if (!control && (opcode == 0) != (type != 0)) return failed(1002);
        if (!control && (frames = opcode != 0 ? 1 : frames + 1) > settings.max_fragments) return failed(1009);
        if (!control && opcode != 0) message.clear(), type = opcode;
        if (!control && length > settings.max_message - message.size()) return failed(1009);
        std::string payload(as_text(in.bytes(length)));
        for (size_t i = 0; masks && i < payload.size(); ++i)
            payload[i] = static_cast<char>(static_cast<uint8_t>(payload[i]) ^ mask[i % 4]);
        const bool whole = payload.size() == length;
        if (!control) {
            message += payload;
            const bool last = fin && whole;
            if (type == 1 && !(last ? is_utf8(message) : may_become_utf8(message))) return failed(1007);
            if (!last) continue;
            seen += (type == 1 ? "text [" : "binary [") + message + "]\n";
            type = 0;
        } else if (whole && opcode == 8) {
            if (payload.empty()) return seen + "end 1005 \n";
            if (payload.size() == 1) return failed(1002);
            const unsigned code = static_cast<uint8_t>(payload[0]) * 256u + static_cast<uint8_t>(payload[1]);
            const bool known = (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) ||
                               (code >= 3000 && code < 5000);
            if (!known) return failed(1002);
            if (!is_utf8(payload.substr(2))) return failed(1007);
            return seen + "end " + std::to_string(code) + " " + payload.substr(2) + "\n";
        }
    }
    return seen + "end 1006 \n";
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    silence_log();
    if (size < 1) return 0;
    const Bytes input(data, size);
    const uint8_t choice = input[0];
    const Bytes sent = input.subspan(1);
    const Outcome whole = talk({exact(sent)}, choice, nullptr, SIZE_MAX);
    if ((choice & (kDeflate | kCloseSecond | kShutdown)) == 0) {
        const std::string reference = expected(sent, settings_of(choice));
        require_equal(reference, whole.seen, "the reference, and messages of the whole");
    }
    Random credit(input, 1);
    const Outcome pieces = talk(Pieces(input).cut(sent), choice, &credit, SIZE_MAX);
    require_equal(whole.seen, pieces.seen, "messages of the whole and of pieces");
    require_equal(frames_of(whole.received, choice, true), frames_of(pieces.received, choice, true),
                  "frames sent to the whole and to pieces");
    const Outcome slow = talk(Pieces(input, 2).cut(sent), choice, nullptr, 1 + Random(input, 3).below(100));
    require_equal(whole.seen, slow.seen, "messages of a client that reads slowly");
    require_equal(frames_of(whole.received, choice, false), frames_of(slow.received, choice, false),
                  "frames sent to a client that reads slowly");
    return 0;
}
