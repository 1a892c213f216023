// The rules as one worker knows them, kept in step with the database: changes that a worker of this server
// has made are known to all before they are confirmed, those of other programs within about a second. In:
// questions whether the rules are fresh, changes. Out: the rules; calls back on the loop. SQLite runs in the
// thread pool.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/shared_table.h"
#include "net/loop.h"
#include "rule_store.h"

namespace marmoset::userfilter {

class RuleCache {
  public:
    /// `rules`: read before the workers were forked. `shared`: tells the workers of each other's changes; may
    /// be null.
    RuleCache(std::string path, std::shared_ptr<const RuleSet> rules, SharedTable* shared)
        : store_(std::make_shared<RuleStore>(std::move(path))), rules_(std::move(rules)), shared_(shared) {}

    void start(net::Loop& loop);

    /// True: the rules may be asked now. Looks for changes of other programs meanwhile, once a second at
    /// most.
    bool fresh();
    /// Calls `done` when they may be.
    void refresh(std::function<void()> done);
    /// nullptr: the database can't be read, so nobody knows what is permitted.
    const RuleSet* rules() const { return rules_.get(); }

    /// Runs `change` in the pool; `done` when all workers know what came of it.
    void change(std::function<Result<bool>(RuleStore&)> change,
                std::function<void(const Result<bool>&)> done);

  private:
    void read();
    void on_read(const Result<std::shared_ptr<const RuleSet>>& result);

    std::shared_ptr<RuleStore> store_;  // the pool's work holds it, too
    std::shared_ptr<const RuleSet> rules_;
    std::shared_ptr<const RuleSet> last_;  // as they were last read
    SharedTable* shared_;
    net::Loop* loop_ = nullptr;
    std::vector<std::function<void()>> waiting_;  // for the read that runs
    std::vector<std::function<void()>> next_;     // ... and for the one behind it
    uint64_t seen_ = 0;                           // epoch of shared_ before the rules were read
    uint64_t reading_ = 0;                        // ... before they are being read
    uint64_t checked_ms_ = 0;
    bool busy_ = false;  // the pool reads
};

}  // namespace marmoset::userfilter
