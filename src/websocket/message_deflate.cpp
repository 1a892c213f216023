#include "websocket/message_deflate.h"

#include <algorithm>

namespace marmoset::websocket {

namespace {

// RFC 7692 7.2.1: the empty stored block that ends a flush, without its header bits; not sent.
constexpr uint8_t kTail[] = {0x00, 0x00, 0xff, 0xff};
// RFC 7692 7.2.3.6: an empty message is one empty stored block, whose tail is cut off like any other's.
constexpr uint8_t kEmptyMessage[] = {0x00};
// What the scratch memory may keep of a large message.
constexpr size_t kKeptScratch = 256 * 1024;

}  // namespace

// ---- contexts -------------------------------------------------------------------------------------------

std::unique_ptr<Deflater> DeflateContexts::take_deflater(unsigned window_bits) {
    auto& idle = deflaters_[window_bits - kMinWindowBits];
    if (idle.empty()) return std::make_unique<Deflater>(window_bits, level_);
    auto deflater = std::move(idle.back());
    idle.pop_back();
    return deflater;
}

void DeflateContexts::give_back(std::unique_ptr<Deflater> deflater, unsigned window_bits) {
    auto& idle = deflaters_[window_bits - kMinWindowBits];
    if (!deflater || idle.size() >= kIdle) return;
    deflater->reset();
    idle.push_back(std::move(deflater));
}

std::unique_ptr<Inflater> DeflateContexts::take_inflater(unsigned window_bits) {
    auto& idle = inflaters_[window_bits - kMinWindowBits];
    if (idle.empty()) return std::make_unique<Inflater>(window_bits);
    auto inflater = std::move(idle.back());
    idle.pop_back();
    return inflater;
}

void DeflateContexts::give_back(std::unique_ptr<Inflater> inflater, unsigned window_bits) {
    auto& idle = inflaters_[window_bits - kMinWindowBits];
    if (!inflater || idle.size() >= kIdle) return;
    inflater->reset();
    idle.push_back(std::move(inflater));
}

MutableBytes DeflateContexts::inflated() {
    if (!inflated_) inflated_.reset(new uint8_t[kInflatedStep]);
    return {inflated_.get(), kInflatedStep};
}

Bytes DeflateContexts::deflate_shared(Bytes message, unsigned window_bits) {
    DeflateParameters parameters;
    parameters.server_window_bits = static_cast<uint8_t>(window_bits);
    parameters.server_takeover = false;
    return PerMessageDeflate(parameters, *this).send(message, true, true);
}

// ---- one connection -------------------------------------------------------------------------------------

void PerMessageDeflate::release() {
    contexts_.give_back(std::move(deflater_), parameters_.server_window_bits);
    contexts_.give_back(std::move(inflater_), parameters_.client_window_bits);
}

void PerMessageDeflate::begin_receiving() {
    if (!inflater_) inflater_ = contexts_.take_inflater(parameters_.client_window_bits);
    received_any_ = false;
    tail_used_ = 0;
}

PerMessageDeflate::Inflated PerMessageDeflate::receive(Bytes input, bool last, size_t most) {
    Inflated result;
    const MutableBytes room = contexts_.inflated().first(std::min(most, DeflateContexts::kInflatedStep));
    received_any_ = received_any_ || !input.empty();
    Inflater::Step step = inflater_->run(input, room);
    result.used = step.used;
    size_t written = step.written;
    bool more = !step.valid || written == room.size();
    // An empty payload stands for an empty message, though none should be sent so; and what ends in a final
    // block needs no tail, unless that block has ended with the help of some of it.
    const bool complete = inflater_->after_final_block() && tail_used_ == 0;
    if (!more && last && received_any_ && !complete) {
        step = inflater_->run(Bytes(kTail).subspan(tail_used_), room.subspan(written));
        tail_used_ = static_cast<uint8_t>(tail_used_ + step.used);
        written += step.written;
        more = !step.valid || written == room.size();
        // A message that breaks off within a block has taken the tail for a part of it.
        if (!more) step.valid = tail_used_ == sizeof kTail && inflater_->between_blocks();
    }
    result.valid = step.valid;
    result.output = room.first(written);
    result.done = !more && step.valid;
    if (result.done && last && !parameters_.client_takeover)
        contexts_.give_back(std::move(inflater_), parameters_.client_window_bits);
    return result;
}

Bytes PerMessageDeflate::send(Bytes piece, bool first, bool last) {
    if (!deflater_) deflater_ = contexts_.take_deflater(parameters_.server_window_bits);
    if (first) sent_any_ = false;
    sent_any_ = sent_any_ || !piece.empty();
    std::vector<uint8_t>& out = contexts_.deflated();
    if (out.capacity() > kKeptScratch) std::vector<uint8_t>().swap(out);
    out.clear();
    if (!sent_any_) return last ? Bytes(kEmptyMessage) : Bytes();
    deflater_->run(piece, last, out);
    if (!last) return out;
    if (!parameters_.server_takeover)
        contexts_.give_back(std::move(deflater_), parameters_.server_window_bits);
    return Bytes(out).first(out.size() - sizeof kTail);
}

int64_t PerMessageDeflate::memory_change() {
    const size_t memory = (deflater_ ? Deflater::memory(parameters_.server_window_bits) : 0) +
                          (inflater_ ? Inflater::memory(parameters_.client_window_bits) : 0);
    const auto change = static_cast<int64_t>(memory) - static_cast<int64_t>(memory_told_);
    memory_told_ = memory;
    return change;
}

}  // namespace marmoset::websocket
