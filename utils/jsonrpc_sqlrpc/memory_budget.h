// How much memory SQLite may use for one connection: its statements' sorting, their temporary tables (which
// are kept in memory, so that they fill no disk), the values they make. In: a limit. Out: SQLITE_NOMEM for
// the statement that asks for more, and for no other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace marmoset::sqlrpc {

class MemoryBudget {
  public:
    /// `is_over`: the statement's time is; then nothing large is given any more, which ends functions in a
    /// row between which SQLite does not look. Outlives the budget; may be null.
    explicit MemoryBudget(size_t limit, const std::function<bool()>* is_over = nullptr)
        : limit_(static_cast<int64_t>(limit)), is_over_(is_over) {}

    /// While it lives, what SQLite takes and gives back on this thread is counted here.
    class Scope {
      public:
        explicit Scope(MemoryBudget& budget);
        ~Scope();
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

      private:
        MemoryBudget* const outer_;
    };

    /// Before anything of SQLite is used in this process. False: it is too late; nothing will be counted.
    static bool install();

    int64_t used() const { return used_; }

  private:
    friend struct CountingAllocator;
    const int64_t limit_;
    const std::function<bool()>* const is_over_;
    // Bytes. What one connection took another may give back (SQLite shares a little per file): it is no exact
    // count.
    int64_t used_ = 0;
};

}  // namespace marmoset::sqlrpc
