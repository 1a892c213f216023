// Everything known of paths asked for lately, per worker: hits cost a hash and two pointers. In: paths. Out:
// resources, at once or, when the disk must be looked at, by LoadObserver. One thread; the disk is read in
// the loop's pool.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/exchange.h"
#include "loader.h"
#include "net/loop.h"
#include "resource.h"

namespace marmoset::document {

/// Told when a path has been looked at.
class LoadObserver {
  public:
    virtual ~LoadObserver() = default;
    /// Once per load() that named `waiter`. The caller holds a reference to `resource`; new loads may be
    /// started.
    virtual void on_loaded(http::ExchangeId waiter, Resource& resource) = 0;
};

class FileCache {
  public:
    struct Limits {
        size_t entries = 512;  ///< paths that lead to something
        size_t absent_entries =
            256;  ///< paths that lead to nothing: clients make these up, they must not displace the others
        size_t memory = 32 << 20;  ///< bytes of content
        uint64_t valid_ms = 1000;  ///< how long an entry is trusted without looking at the disk
    };
    /// Longer paths are looked up each time: keys are bounded too.
    static constexpr size_t kLongestKey = 1024;

    /// `loop` and `observer` outlive the cache; `loader` is kept by loads in progress.
    FileCache(net::Loop& loop, std::shared_ptr<const Loader> loader, const Limits& limits,
              LoadObserver& observer);
    ~FileCache();
    FileCache(const FileCache&) = delete;
    FileCache& operator=(const FileCache&) = delete;

    /// The entry of that path if it is still to be trusted, else nullptr.
    Resource* find(std::string_view path);
    /// Looks at the disk; loads of one path in progress are shared. on_loaded() is never called before this
    /// returns.
    void load(std::string_view path, http::ExchangeId waiter);

    size_t entries() const { return present_.count + absent_.count; }
    size_t memory() const { return memory_; }

  private:
    struct Load;
    /// Intrusive list, newest first.
    struct List {
        Resource* newest = nullptr;
        Resource* oldest = nullptr;
        size_t count = 0;
        void push(Resource& resource);
        void unlink(Resource& resource);
    };

    void finish(const std::shared_ptr<Load>& load);
    void store(const Ref<Resource>& resource);
    void drop(Resource& resource);
    List& list_of(const Resource& resource) {
        return resource.kind == Resource::Kind::Missing ? absent_ : present_;
    }

    net::Loop& loop_;
    std::shared_ptr<const Loader> loader_;
    Limits limits_;
    LoadObserver& observer_;
    std::unordered_map<std::string_view, Ref<Resource>> resources_;      // keys: their own paths
    std::unordered_map<std::string_view, std::shared_ptr<Load>> loads_;  // keys: their own paths
    List present_;
    List absent_;
    size_t memory_ = 0;
};

}  // namespace marmoset::document
