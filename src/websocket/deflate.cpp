#include "websocket/deflate.h"

#include <algorithm>
#include <new>

#include "websocket/deflate_offer.h"

namespace marmoset::websocket {

namespace {

// zlib has no deflate window of 256 bytes for raw streams. Its window of 512 serves: with it no match lies
// farther back than 512 - 262 = 250 bytes (zlib's MIN_LOOKAHEAD), so a peer with 256 bytes can follow.
constexpr unsigned kLeastDeflateBits = 9;

unsigned deflate_bits(unsigned window_bits) {
    return std::max(window_bits, kLeastDeflateBits);
}

// zlib's hash and literal buffers, sized to the window: 8, its default, for the largest.
int memory_level(unsigned window_bits) {
    return static_cast<int>(std::clamp(deflate_bits(window_bits), 9u, 15u)) - 7;
}

}  // namespace

Deflater::Deflater(unsigned window_bits, int level) {
    const int bits = -static_cast<int>(deflate_bits(window_bits));
    if (deflateInit2(&stream_, level, Z_DEFLATED, bits, memory_level(window_bits), Z_DEFAULT_STRATEGY) !=
        Z_OK)
        throw std::bad_alloc();
}

Deflater::~Deflater() {
    deflateEnd(&stream_);
}

void Deflater::run(Bytes input, bool flush, std::vector<uint8_t>& out) {
    stream_.next_in = const_cast<uint8_t*>(input.data());
    stream_.avail_in = static_cast<uInt>(input.size());
    size_t used = out.size();
    // Enough for all of it in one call, as a rule; what deflate() had kept from earlier pieces may need
    // another.
    size_t room = input.size() + input.size() / 1024 + 64;
    do {
        out.resize(used + room);
        stream_.next_out = out.data() + used;
        stream_.avail_out = static_cast<uInt>(room);
        deflate(&stream_, flush ? Z_SYNC_FLUSH : Z_NO_FLUSH);  // Z_BUF_ERROR: there was nothing to do
        used += room - stream_.avail_out;
        room = 16384;
    } while (stream_.avail_out == 0);
    out.resize(used);
}

void Deflater::reset() {
    deflateReset(&stream_);
}

size_t Deflater::memory(unsigned window_bits) {
    return (size_t{1} << (deflate_bits(window_bits) + 2)) + (size_t{1} << (memory_level(window_bits) + 9));
}

Inflater::Inflater(unsigned window_bits) {
    if (inflateInit2(&stream_, -static_cast<int>(window_bits)) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() {
    inflateEnd(&stream_);
}

Inflater::Step Inflater::run(Bytes input, MutableBytes out) {
    stream_.next_in = const_cast<uint8_t*>(input.data());
    stream_.avail_in = static_cast<uInt>(input.size());
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<uInt>(out.size());
    int status = Z_OK;
    while (stream_.avail_out > 0) {
        if (after_final_block_ && stream_.avail_in == 0) break;
        after_final_block_ = false;
        const uInt before = stream_.avail_in + stream_.avail_out;
        status = inflate(&stream_, Z_NO_FLUSH);
        // zlib's data_type: the number of unused bits of the last byte, + 128 between two blocks; but a call
        // that gets nowhere takes the 128 away.
        if (stream_.avail_in + stream_.avail_out != before)
            between_blocks_ = (stream_.data_type & 128) != 0 && (stream_.data_type & 63) == 0;
        if (status != Z_STREAM_END) break;
        // Unlike inflateReset() this keeps the window, without a copy.
        inflateResetKeep(&stream_);
        after_final_block_ = true;
    }
    Step step;
    step.used = input.size() - stream_.avail_in;
    step.written = out.size() - stream_.avail_out;
    // Z_BUF_ERROR: neither input nor kept output. Z_NEED_DICT belongs to zlib's own header, not to raw
    // streams.
    step.valid = status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR;
    return step;
}

void Inflater::reset() {
    inflateReset(&stream_);
    after_final_block_ = between_blocks_ = false;
}

size_t Inflater::memory(unsigned window_bits) {
    return (size_t{1} << window_bits) + 10240;
}

}  // namespace marmoset::websocket
