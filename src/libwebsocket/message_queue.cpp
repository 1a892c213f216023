#include "libwebsocket/message_queue.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "link/record.h"

namespace marmoset::libwebsocket {

namespace {

constexpr size_t kPackLimit = 2048;  // larger messages get a buffer of their own
constexpr size_t kFirstBlock = 512;  // blocks of packed messages: a short queue stays small
constexpr size_t kBlock = 16384;
constexpr size_t kPackedHeader = sizeof(uint32_t);

}  // namespace

MessageBuffer::MessageBuffer(net::Loop& loop, size_t capacity) : loop_(loop) {
    resize(std::max<size_t>(capacity, 1));
}

MessageBuffer::~MessageBuffer() {
    loop_.add_queued_memory(-static_cast<int64_t>(capacity_));
    std::free(data_);
}

// realloc: the C library moves large blocks by their page tables, without copying.
void MessageBuffer::resize(size_t capacity) {
    auto* moved = static_cast<uint8_t*>(std::realloc(data_, capacity));
    if (!moved) throw std::bad_alloc();
    data_ = moved;
    loop_.add_queued_memory(static_cast<int64_t>(capacity) - static_cast<int64_t>(capacity_));
    capacity_ = capacity;
}

void MessageBuffer::append(Bytes data) {
    if (data.size() > room()) resize(std::max(size_ + data.size(), capacity_ * 2));
    std::copy(data.begin(), data.end(), data_ + size_);
    size_ += data.size();
}

void MessageQueue::push(Bytes data, Part part, const Ref<MessageBuffer>* shared) {
    cost_ += link::message_cost(data.size());
    if (part.first && part.last && data.size() <= kPackLimit && pack(data, part.type)) return;
    if (shared) {
        const auto at = static_cast<size_t>(data.data() - (*shared)->data());
        pieces_.push_back({*shared, at, at + data.size(), part, false});
        return;
    }
    Ref<MessageBuffer> buffer(new MessageBuffer(loop_, data.size()));
    buffer->append(data);
    pieces_.push_back({std::move(buffer), 0, data.size(), part, false});
}

bool MessageQueue::pack(Bytes data, websocket_server::Type type) {
    const size_t needed = kPackedHeader + data.size();
    Piece* last = empty() ? nullptr : &pieces_.back();
    if (!last || !last->packed || last->buffer->room() < needed) {
        const size_t capacity = last && last->packed ? kBlock : kFirstBlock;
        pieces_.push_back({Ref<MessageBuffer>(new MessageBuffer(loop_, std::max(capacity, needed))), 0, 0,
                           Part{websocket_server::Type::Text}, true});
        last = &pieces_.back();
    }
    uint8_t header[kPackedHeader];
    store<uint32_t>(
        header, static_cast<uint32_t>(data.size() * 2 + (type == websocket_server::Type::Binary ? 1 : 0)));
    last->buffer->append(header);
    last->buffer->append(data);
    last->end = last->buffer->size();
    return true;
}

MessageQueue::Front MessageQueue::front() const {
    const Piece& piece = pieces_[head_];
    if (!piece.packed) {
        return {piece.buffer->bytes().subspan(piece.at, piece.end - piece.at), piece.part, &piece.buffer};
    }
    const uint8_t* at = piece.buffer->data() + piece.at;
    const auto header = load<uint32_t>(at);
    const auto type = (header & 1u) != 0 ? websocket_server::Type::Binary : websocket_server::Type::Text;
    return {{at + kPackedHeader, header / 2}, {type, piece.part.first}, nullptr};
}

// Of a packed message the header is written anew in front of what remains: the bytes there have been taken.
void MessageQueue::advance(size_t size) {
    Piece& piece = pieces_[head_];
    cost_ -= size;
    piece.part.first = false;
    if (piece.packed) {
        auto* at = const_cast<uint8_t*>(piece.buffer->data()) + piece.at;  // packed blocks are never shared
        const auto header = load<uint32_t>(at);
        store<uint32_t>(at + size, header - static_cast<uint32_t>(size) * 2);
    }
    piece.at += size;
}

void MessageQueue::pop() {
    Piece& piece = pieces_[head_];
    const size_t rest = front().rest.size();
    cost_ -= link::message_cost(rest);
    piece.part.first = true;
    piece.at += rest + (piece.packed ? kPackedHeader : 0);
    if (piece.at < piece.end) return;
    piece.buffer = {};
    ++head_;
    if (empty()) {
        pieces_.clear();
        head_ = 0;
    } else if (head_ > 64 && head_ * 2 > pieces_.size()) {
        pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<long>(head_));
        head_ = 0;
    }
}

}  // namespace marmoset::libwebsocket
