// What leaves a connection. Pieces written during one turn are gathered per connection and leave in one
// writev; what the kernel refuses stays in the connection's queue. An idle connection owns neither.
// Three kinds of memory: copied (small pieces, into the loop's arena), borrowed (the caller keeps it valid
// until flush), shared (reference counted: a cached file) and ranges of a file (sendfile).
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/ref_counted.h"

namespace marmoset::net {

class Connection;
class Loop;

/// One piece on its way out.
struct OutputItem {
    const uint8_t* data = nullptr;  ///< memory; nullptr: a range of `fd`
    size_t size = 0;
    Ref<RefCounted>
        owner;  ///< keeps memory or descriptor alive; null: arena or borrowed, copied when it has to wait
    int fd = -1;
    off_t offset = 0;
};

/// A block of memory that queued pieces lie in. Counted in the loop's account as long as anyone refers to
/// it, once, however many do.
class OwnedBlock final : public RefCounted {
  public:
    /// `loop` outlives the block.
    OwnedBlock(Loop& loop, size_t capacity);
    uint8_t* data() { return memory_.get(); }
    size_t used = 0;
    size_t room() const { return capacity_ - used; }

  private:
    ~OwnedBlock() override;
    Loop& loop_;
    size_t capacity_;
    std::unique_ptr<uint8_t[]> memory_;
};

/// Pieces of one connection in order. From a pool of the loop: taken with the first piece, given back when
/// empty.
struct OutputQueue {
    std::vector<OutputItem> items;
    size_t head = 0;       ///< items before it are gone
    uint64_t bytes = 0;    ///< of memory and files still to be sent
    bool blocked = false;  ///< the kernel refused: waits for writability; everything in it has an owner
    Ref<OwnedBlock> tail;  ///< block that the last copied pieces lie in

    bool empty() const { return head == items.size(); }
    void clear();
};

/// Result of one attempt to write a queue.
enum class FlushStatus : uint8_t { Done, Blocked, Failed };

/// The gathered output of one loop turn. Owned by the Loop.
class OutputGather {
  public:
    explicit OutputGather(Loop& loop);
    ~OutputGather();

    /// Room for `size` bytes in the arena (at most kArena); what has been gathered so far may leave to make
    /// it. Valid until the next reserve() or flush.
    uint8_t* reserve(size_t size);
    /// Appends the first `size` reserved bytes to the connection's output. Consecutive pieces of one
    /// connection join.
    void commit(Connection& connection, size_t size);

    /// Copies `data` (any size).
    void append_copy(Connection& connection, Bytes data);
    /// `data` stays valid and unchanged until flush() of this connection or flush_all().
    void append_borrowed(Connection& connection, Bytes data);
    void append_shared(Connection& connection, Bytes data, Ref<RefCounted> owner);
    void append_file(Connection& connection, int fd, off_t offset, size_t size, Ref<RefCounted> owner);

    /// Sends what was gathered for this connection now.
    void flush(Connection& connection);
    /// Sends everything gathered; afterwards borrowed memory may go.
    void flush_all();

    /// Called by a connection that is closed: forgets its pieces.
    void forget(Connection& connection);
    /// Called by a connection that became writable: sends on.
    void resume(Connection& connection);

    static constexpr size_t kArena = 256 * 1024;
    static constexpr size_t kCopyLimit = 4096;  ///< up to this size a copy is cheaper than an iovec

  private:
    OutputQueue& queue_of(Connection& connection);
    void release(Connection& connection);
    void append(Connection& connection, OutputItem item);
    void append_waiting(OutputQueue& queue, Bytes data);
    void own_rest(OutputQueue& queue);
    FlushStatus send(Connection& connection, OutputQueue& queue);

    Loop& loop_;
    std::unique_ptr<uint8_t[]> arena_;
    size_t arena_used_ = 0;
    std::vector<Connection*> dirty_;  // connections with gathered output, unless forgotten (nullptr)
    std::vector<std::unique_ptr<OutputQueue>> pool_;
};

}  // namespace marmoset::net
