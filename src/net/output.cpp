#include "net/output.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/connection.h"
#include "net/loop.h"

namespace marmoset::net {

namespace {

constexpr size_t kOwnedBlock = 16 * 1024;
constexpr int kMaxPieces = 64;          // iovecs of one writev
constexpr size_t kMaxDirtyItems = 512;  // pieces gathered before they leave early

}  // namespace

void OutputQueue::clear() {
    items.clear();
    head = 0;
    bytes = 0;
    blocked = false;
    tail = {};
}

OwnedBlock::OwnedBlock(Loop& loop, size_t capacity)
    : loop_(loop), capacity_(capacity), memory_(new uint8_t[capacity]) {
    loop_.add_queued_memory(static_cast<int64_t>(capacity));
}

OwnedBlock::~OwnedBlock() {
    loop_.add_queued_memory(-static_cast<int64_t>(capacity_));
}

OutputGather::OutputGather(Loop& loop) : loop_(loop), arena_(new uint8_t[kArena]) {}
OutputGather::~OutputGather() = default;

OutputQueue& OutputGather::queue_of(Connection& connection) {
    if (!connection.queue_) {
        if (pool_.empty()) {
            connection.queue_ = std::make_unique<OutputQueue>();
        } else {
            connection.queue_ = std::move(pool_.back());
            pool_.pop_back();
        }
    }
    if (!connection.gathered_ && !connection.queue_->blocked) {
        connection.gathered_ = true;
        dirty_.push_back(&connection);
    }
    return *connection.queue_;
}

void OutputGather::release(Connection& connection) {
    connection.queue_->clear();
    // A long list of pieces was exceptional: its memory is not kept.
    if (pool_.size() < 256 && connection.queue_->items.capacity() <= 1024) {
        pool_.push_back(std::move(connection.queue_));
    } else {
        connection.queue_.reset();
    }
}

uint8_t* OutputGather::reserve(size_t size) {
    if (arena_used_ + size > kArena) flush_all();
    return arena_.get() + arena_used_;
}

void OutputGather::commit(Connection& connection, size_t size) {
    if (connection.closing() || connection.output_lost_) return;
    const uint8_t* data = arena_.get() + arena_used_;
    OutputQueue& queue = queue_of(connection);
    if (queue.blocked) {
        append_waiting(queue, {data, size});
        return;
    }
    arena_used_ += size;
    queue.bytes += size;
    if (!queue.empty()) {
        OutputItem& last = queue.items.back();
        if (!last.owner && last.data != nullptr && last.data + last.size == data) {
            last.size += size;
            return;
        }
    }
    queue.items.push_back({data, size, {}, -1, 0});
}

void OutputGather::append_copy(Connection& connection, Bytes data) {
    while (!data.empty()) {
        const size_t piece = std::min(data.size(), kArena / 2);
        uint8_t* room = reserve(piece);
        std::memcpy(room, data.data(), piece);
        commit(connection, piece);
        data = data.subspan(piece);
    }
}

void OutputGather::append(Connection& connection, OutputItem item) {
    if (connection.closing() || connection.output_lost_ || item.size == 0) return;
    OutputQueue& queue = queue_of(connection);
    // What waits long should not keep a whole block alive for the sake of a small frame in it.
    if (queue.blocked && item.data && (!item.owner || item.size <= kCopyLimit)) {
        append_waiting(queue, {item.data, item.size});
        return;
    }
    queue.bytes += item.size;
    if (item.owner && item.data && !queue.empty()) {
        // Frames published one after the other lie one after the other.
        OutputItem& last = queue.items.back();
        if (last.owner.get() == item.owner.get() && last.data + last.size == item.data) {
            last.size += item.size;
            return;
        }
    }
    queue.items.push_back(std::move(item));
    if (!queue.blocked && queue.items.size() - queue.head > kMaxDirtyItems) flush(connection);
}

void OutputGather::append_borrowed(Connection& connection, Bytes data) {
    if (data.size() <= kCopyLimit) {
        append_copy(connection, data);
    } else {
        append(connection, {data.data(), data.size(), {}, -1, 0});
    }
}

void OutputGather::append_shared(Connection& connection, Bytes data, Ref<RefCounted> owner) {
    append(connection, {data.data(), data.size(), std::move(owner), -1, 0});
}

void OutputGather::append_file(Connection& connection, int fd, off_t offset, size_t size,
                               Ref<RefCounted> owner) {
    append(connection, {nullptr, size, std::move(owner), fd, offset});
}

// Copies to blocks of the queue's own: what has to wait must not depend on the arena or the caller.
void OutputGather::append_waiting(OutputQueue& queue, Bytes data) {
    queue.bytes += data.size();
    while (!data.empty()) {
        if (!queue.tail || queue.tail->room() == 0) {
            queue.tail = Ref<OwnedBlock>(
                new OwnedBlock(loop_, std::max(kOwnedBlock, std::min<size_t>(data.size(), 262144))));
        }
        const size_t piece = std::min(data.size(), queue.tail->room());
        uint8_t* to = queue.tail->data() + queue.tail->used;
        std::memcpy(to, data.data(), piece);
        queue.tail->used += piece;
        OutputItem* last = queue.empty() ? nullptr : &queue.items.back();
        if (last && last->owner.get() == queue.tail.get() && last->data + last->size == to) {
            last->size += piece;
        } else {
            queue.items.push_back({to, piece, Ref<RefCounted>(queue.tail), -1, 0});
        }
        data = data.subspan(piece);
    }
}

// Gives everything left in the queue an owner.
void OutputGather::own_rest(OutputQueue& queue) {
    std::vector<OutputItem> rest(std::make_move_iterator(queue.items.begin() + static_cast<long>(queue.head)),
                                 std::make_move_iterator(queue.items.end()));
    queue.items.clear();
    queue.head = 0;
    queue.tail = {};
    for (OutputItem& item : rest) {
        if (item.owner && (!item.data || item.size > kCopyLimit)) {
            queue.items.push_back(std::move(item));
        } else {
            queue.bytes -= item.size;  // append_waiting counts it again
            append_waiting(queue, {item.data, item.size});
        }
    }
}

FlushStatus OutputGather::send(Connection& connection, OutputQueue& queue) {
    Transport& transport = connection.transport();
    if (connection.handshaking() && !queue.empty()) return FlushStatus::Blocked;
    while (!queue.empty()) {
        OutputItem& first = queue.items[queue.head];
        ssize_t sent = 0;
        size_t offered = 0;
        if (first.data == nullptr) {
            offered = first.size;
            sent = transport.send_file(first.fd, first.offset, first.size);
            if (sent == 0) sent = -EIO;  // the file became shorter than the length that was promised
        } else {
            iovec pieces[kMaxPieces];
            int count = 0;
            for (size_t i = queue.head; i < queue.items.size() && count < kMaxPieces; ++i, ++count) {
                const OutputItem& item = queue.items[i];
                if (item.data == nullptr) break;
                pieces[count] = {const_cast<uint8_t*>(item.data), item.size};
                offered += item.size;
            }
            const size_t next = queue.head + static_cast<size_t>(count);
            const bool file_follows = next < queue.items.size() && queue.items[next].data == nullptr;
            sent = transport.write(pieces, count, file_follows);
        }
        if (sent == -EAGAIN) return FlushStatus::Blocked;
        if (sent < 0) {
            connection.on_output_failed(static_cast<int>(-sent));
            return FlushStatus::Failed;
        }
        connection.bytes_sent_ += static_cast<uint64_t>(sent);
        if (connection.counts_bytes_) loop_.counters().add(Counter::BytesSent, static_cast<uint64_t>(sent));
        queue.bytes -= static_cast<uint64_t>(sent);
        auto left = static_cast<size_t>(sent);
        while (left > 0) {
            OutputItem& item = queue.items[queue.head];
            const size_t part = std::min(left, item.size);
            left -= part;
            if (part == item.size) {
                item.owner = {};
                ++queue.head;
                continue;
            }
            item.size -= part;
            if (item.data) {
                item.data += part;
            } else {
                item.offset += static_cast<off_t>(part);
            }
        }
        // A short write means a full socket buffer: asking again would only answer EAGAIN. An encrypting
        // transport takes a part so that others have their turn.
        if (static_cast<size_t>(sent) < offered &&
            (queue.items[queue.head].data != nullptr || transport.encrypted())) {
            return FlushStatus::Blocked;
        }
    }
    return FlushStatus::Done;
}

void OutputGather::flush(Connection& connection) {
    if (!connection.queue_ || connection.queue_->blocked) return;
    OutputQueue& queue = *connection.queue_;
    const FlushStatus status = send(connection, queue);
    if (status == FlushStatus::Failed) return;
    if (status == FlushStatus::Done) {
        // Stays in the dirty list until flush_all: taking it out of the middle would cost a search.
        queue.clear();
        return;
    }
    own_rest(queue);
    queue.blocked = true;
    loop_.at_turn_end(connection);
    if (!connection.ending()) connection.protocol().on_output_blocked();
}

void OutputGather::flush_all() {
    for (size_t i = 0; i < dirty_.size(); ++i) {  // a failed write closes, and closing may gather more
        Connection* connection = dirty_[i];
        if (!connection) continue;
        flush(*connection);
        if (connection->closing()) continue;
        connection->gathered_ = false;
        dirty_[i] = nullptr;
        if (connection->queue_ && connection->queue_->empty()) release(*connection);
    }
    dirty_.clear();
    arena_used_ = 0;
}

void OutputGather::resume(Connection& connection) {
    if (!connection.queue_ || !connection.queue_->blocked) return;
    OutputQueue& queue = *connection.queue_;
    const FlushStatus status = send(connection, queue);
    if (status == FlushStatus::Failed) return;
    if (status == FlushStatus::Done) {
        release(connection);
        return;
    }
    if (queue.head > 64 && queue.head * 2 > queue.items.size()) {
        queue.items.erase(queue.items.begin(), queue.items.begin() + static_cast<long>(queue.head));
        queue.head = 0;
    }
}

void OutputGather::forget(Connection& connection) {
    if (connection.gathered_) {
        connection.gathered_ = false;
        std::replace(dirty_.begin(), dirty_.end(), &connection, static_cast<Connection*>(nullptr));
    }
    if (connection.queue_) release(connection);
}

}  // namespace marmoset::net
