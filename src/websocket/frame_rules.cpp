#include "websocket/frame_rules.h"

namespace marmoset::websocket {

namespace {

bool is_known_opcode(uint8_t opcode) {
    return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

// What does not compress grows: a stored block has 5 bytes before at most 65,535 (RFC 1951 3.2.4), and an
// encoder with little memory, as zlib's memLevel 1, makes shorter ones.
uint64_t most_compressed(uint64_t max_message) {
    return max_message + max_message / 16 + 64;
}

}  // namespace

FrameRules::Verdict FrameRules::check(const FrameHeader& header, Role sender, const Limits& limits,
                                      bool discarding) {
    const auto opcode = static_cast<Opcode>(header.opcode);
    const bool continues = opcode == Opcode::Continuation;
    const bool compressed =
        header.rsv == kRsvCompressed && limits.compression && !is_control(opcode) && !continues;
    // RFC 6455 5.1: a client masks, a server does not. 5.2: RSV bits are 0 unless an extension has given them
    // a meaning.
    if ((header.rsv != 0 && !compressed) || header.masked != (sender == Role::Client) ||
        !is_known_opcode(header.opcode)) {
        return Verdict::ProtocolError;
    }
    if (is_control(opcode)) {  // RFC 6455 5.5
        return header.fin && header.length <= kMaxControlPayload ? Verdict::Accept : Verdict::ProtocolError;
    }
    if (continues == (opcode_ == Opcode::Continuation)) return Verdict::ProtocolError;  // RFC 6455 5.4
    if (!continues) {
        opcode_ = opcode;
        compressed_ = compressed;
        size_ = 0;
        fragments_ = 0;
    }
    if (discarding) return Verdict::Accept;
    const uint64_t most = compressed_ ? most_compressed(limits.max_message) : limits.max_message;
    if (++fragments_ > limits.max_fragments) return Verdict::TooManyFragments;
    if (header.length > most - size_) return Verdict::TooBig;
    size_ += header.length;
    return Verdict::Accept;
}

}  // namespace marmoset::websocket
