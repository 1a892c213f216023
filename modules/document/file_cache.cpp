// Hash map and two lists by age of use; loads in the thread pool. In: paths. Out: resources.
#include "file_cache.h"

#include <optional>
#include <string>
#include <utility>

namespace marmoset::document {

/// One look at the disk, and who waits for it. Shared by the cache and the pool's work: whichever ends last
/// frees it.
struct FileCache::Load {
    FileCache* cache;  // nullptr: the cache is gone
    std::shared_ptr<const Loader> loader;
    std::string path;
    uint64_t started_at;   // milliseconds of the loop
    int64_t wall_seconds;  // as Date tells them
    std::vector<http::ExchangeId> waiters;
    // Only the loop's thread touches `known`; the pool reads `previous`, writes `result`.
    Ref<Resource> known;
    std::optional<Previous> previous;
    std::optional<Ref<Resource>> result;
};

void FileCache::List::push(Resource& resource) {
    resource.newer_ = nullptr;
    resource.older_ = newest;
    (newest ? newest->newer_ : oldest) = &resource;
    newest = &resource;
    ++count;
}

void FileCache::List::unlink(Resource& resource) {
    (resource.newer_ ? resource.newer_->older_ : newest) = resource.older_;
    (resource.older_ ? resource.older_->newer_ : oldest) = resource.newer_;
    --count;
}

FileCache::FileCache(net::Loop& loop, std::shared_ptr<const Loader> loader, const Limits& limits,
                     LoadObserver& observer)
    : loop_(loop), loader_(std::move(loader)), limits_(limits), observer_(observer) {}

FileCache::~FileCache() {
    for (auto& [path, load] : loads_)
        load->cache = nullptr;
}

Resource* FileCache::find(std::string_view path) {
    const auto found = resources_.find(path);
    if (found == resources_.end()) return nullptr;
    Resource& resource = *found->second;
    if (loop_.now() - resource.checked_at_ >= limits_.valid_ms) return nullptr;
    List& list = list_of(resource);
    if (list.newest != &resource) {
        list.unlink(resource);
        list.push(resource);
    }
    return &resource;
}

void FileCache::load(std::string_view path, http::ExchangeId waiter) {
    if (const auto found = loads_.find(path); found != loads_.end()) {
        found->second->waiters.push_back(waiter);
        return;
    }
    auto load = std::make_shared<Load>();
    load->cache = this;
    load->loader = loader_;
    load->path = path;
    load->started_at = loop_.now();
    load->wall_seconds = loop_.wall_seconds();
    load->waiters.push_back(waiter);
    if (const auto known = resources_.find(path); known != resources_.end()) {
        const Resource& resource = *known->second;
        if (resource.kind == Resource::Kind::File && resource.settled) {
            load->known = known->second;
            Previous& previous = load->previous.emplace();
            previous.file_path = resource.file_path;
            for (size_t i = 0; i < kEncodings; ++i) {
                if (resource.files[i]) previous.identities[i] = resource.files[i]->identity();
            }
        }
    }
    loads_.emplace(load->path, load);
    Load* const work = load.get();  // kept by the second function until the first has run
    loop_.run_blocking(
        [work] {
            work->result = work->loader->load(work->path, work->previous ? &*work->previous : nullptr,
                                              work->wall_seconds);
        },
        [load = std::move(load)] {
            if (load->cache) load->cache->finish(load);
        });
}

void FileCache::finish(const std::shared_ptr<Load>& load) {
    loads_.erase(load->path);
    const Ref<Resource> resource = load->result ? std::move(*load->result) : std::move(load->known);
    resource->checked_at_ = load->started_at;
    if (resource->kind != Resource::Kind::Failed && resource->path.size() <= kLongestKey) store(resource);
    // The observer may begin new loads, not end this cache: modules live until the loop has ended.
    for (http::ExchangeId waiter : load->waiters)
        observer_.on_loaded(waiter, *resource);
}

void FileCache::store(const Ref<Resource>& resource) {
    const auto old = resources_.find(resource->path);
    if (old != resources_.end()) {
        if (old->second.get() == resource.get()) return;
        drop(*old->second);
    }
    resources_.emplace(resource->path, resource);
    list_of(*resource).push(*resource);
    memory_ += resource->memory();
    while (absent_.count > limits_.absent_entries)
        drop(*absent_.oldest);
    while (present_.count > limits_.entries || (memory_ > limits_.memory && present_.count > 0))
        drop(*present_.oldest);
}

void FileCache::drop(Resource& resource) {
    const Ref<Resource> keep(&resource);  // its path is the key until the entry is gone
    list_of(resource).unlink(resource);
    memory_ -= resource.memory();
    resources_.erase(resource.path);
}

}  // namespace marmoset::document
