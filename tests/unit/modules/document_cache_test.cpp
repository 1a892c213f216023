// The cache on a real loop and a real disk: sharing of loads, revalidation, bounds.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "modules/document/file_cache.h"
#include "tests/support/temporary_folder.h"

namespace marmoset::document {
namespace {

class Caching : public ::testing::Test, private LoadObserver {
  protected:
    FileCache& make(const FileCache::Limits& limits) {
        LoaderSettings settings;
        auto root = RootFolder::open(folder_.path(), Symlinks::Beneath);
        if (!root) throw std::runtime_error(root.error().text);
        settings.root = root.take();
        settings.memory_limit = 100;
        LoadObserver& observer = *this;
        cache_ = std::make_unique<FileCache>(loop_, std::make_shared<const Loader>(std::move(settings)),
                                             limits, observer);
        return *cache_;
    }
    /// Loads and waits for the result.
    Ref<Resource> load(const std::string& path) {
        cache_->load(path, 1);
        loop_.run();
        return loaded_.back().second;
    }
    /// Lets the loop's clock move on, to the next millisecond at least.
    void pass_time() {
        const uint64_t before = loop_.now();
        while (loop_.now() == before)
            uv_update_time(loop_.uv());
    }
    /// Makes a file look as if it had been written long ago.
    void write_old(const std::string& name, std::string_view text, int64_t seconds = 1000) {
        const std::string path = folder_.write(name, text);
        const timespec times[2] = {{seconds, 0}, {seconds, 0}};
        ASSERT_EQ(0, ::utimensat(AT_FDCWD, path.c_str(), times, 0));
    }

    test::TemporaryFolder folder_;
    net::Loop loop_;
    std::unique_ptr<FileCache> cache_;
    std::vector<std::pair<http::ExchangeId, Ref<Resource>>> loaded_;
    std::string load_next_;

  private:
    void on_loaded(http::ExchangeId waiter, Resource& resource) override {
        loaded_.emplace_back(waiter, &resource);
        if (!load_next_.empty()) cache_->load(std::exchange(load_next_, ""), waiter + 1);
    }
};

constexpr uint64_t kForever = 1'000'000'000;

TEST_F(Caching, RemembersWhatWasLoaded) {
    folder_.write("a", "hello");
    FileCache& cache = make({.valid_ms = kForever});
    EXPECT_EQ(nullptr, cache.find("/a"));
    const Ref<Resource> loaded = load("/a");
    EXPECT_EQ(loaded.get(), cache.find("/a"));
    EXPECT_EQ(5u, cache.memory());
    load("/none");
    ASSERT_NE(nullptr, cache.find("/none"));
    EXPECT_EQ(Resource::Kind::Missing, cache.find("/none")->kind);
    EXPECT_EQ(2u, cache.entries());
}

TEST_F(Caching, SharesALoad) {
    folder_.write("a", "hello");
    FileCache& cache = make({.valid_ms = kForever});
    for (http::ExchangeId waiter : {7, 8, 9})
        cache.load("/a", waiter);
    EXPECT_TRUE(loaded_.empty());
    loop_.run();
    ASSERT_EQ(3u, loaded_.size());
    EXPECT_EQ(7u, loaded_[0].first);
    EXPECT_EQ(9u, loaded_[2].first);
    EXPECT_EQ(loaded_[0].second.get(), loaded_[2].second.get());
}

TEST_F(Caching, ObserversMayLoad) {
    folder_.write("a", "hello");
    folder_.write("b", "world");
    FileCache& cache = make({.valid_ms = kForever});
    load_next_ = "/b";
    cache.load("/a", 1);
    loop_.run();
    ASSERT_EQ(2u, loaded_.size());
    EXPECT_EQ("/b", loaded_[1].second->path);
    load_next_ = "/c";
    cache.load("/c", 1);
    loop_.run();
    EXPECT_EQ(4u, loaded_.size());
}

TEST_F(Caching, KeepsAnUnchangedFileAndReplacesAChangedOne) {
    write_old("a", "hello");
    FileCache& cache = make({.valid_ms = 1});
    const Ref<Resource> first = load("/a");
    // utimensat has just changed the status: once more, until its change lies behind.
    Ref<Resource> settled = first;
    while (!settled->settled) {
        pass_time();
        settled = load("/a");
    }
    pass_time();
    EXPECT_EQ(nullptr, cache.find("/a"));
    EXPECT_EQ(settled.get(), load("/a").get());
    write_old("a", "other", 2000);
    const Ref<Resource> second = load("/a");
    EXPECT_NE(settled.get(), second.get());
    EXPECT_EQ("other", as_text(second->files[0]->content()));
    EXPECT_EQ(1u, cache.entries());
    std::filesystem::remove(folder_.path("a"));
    EXPECT_EQ(Resource::Kind::Missing, load("/a")->kind);
    EXPECT_EQ(1u, cache.entries());
    EXPECT_EQ(0u, cache.memory());
}

TEST_F(Caching, LooksEachTimeWhenNothingIsValid) {
    folder_.write("a", "one");
    FileCache& cache = make({.valid_ms = 0});
    load("/a");
    EXPECT_EQ(nullptr, cache.find("/a"));
    folder_.write("a", "two");
    EXPECT_EQ("two", as_text(load("/a")->files[0]->content()));
}

TEST_F(Caching, ForgetsWhatWasUsedLongestAgo) {
    FileCache& cache = make({.entries = 3, .valid_ms = kForever});
    for (const char* name : {"a", "b", "c", "d"})
        folder_.write(name, name);
    for (const char* path : {"/a", "/b", "/c"})
        load(path);
    EXPECT_NE(nullptr, cache.find("/a"));
    load("/d");
    EXPECT_EQ(nullptr, cache.find("/b"));
    for (const char* path : {"/a", "/c", "/d"})
        EXPECT_NE(nullptr, cache.find(path)) << path;
}

TEST_F(Caching, BoundsItsMemory) {
    FileCache& cache = make({.memory = 250, .valid_ms = kForever});
    for (const char* name : {"a", "b", "c"})
        folder_.write(name, std::string(100, 'x'));
    folder_.write("large", std::string(101, 'x'));
    const Ref<Resource> first = load("/a");
    load("/b");
    EXPECT_EQ(200u, cache.memory());
    load("/c");
    EXPECT_EQ(200u, cache.memory());
    EXPECT_EQ(nullptr, cache.find("/a"));
    EXPECT_EQ(100u, first->files[0]->content().size());  // who uses it keeps it
    load("/large");
    EXPECT_EQ(200u, cache.memory());
    EXPECT_EQ(3u, cache.entries());
}

TEST_F(Caching, WhatIsNotThereDoesNotDisplaceWhatIs) {
    FileCache& cache = make({.entries = 2, .absent_entries = 4, .valid_ms = kForever});
    folder_.write("a", "hello");
    load("/a");
    for (int i = 0; i < 20; ++i)
        load("/none" + std::to_string(i));
    EXPECT_NE(nullptr, cache.find("/a"));
    EXPECT_EQ(5u, cache.entries());
    EXPECT_EQ(nullptr, cache.find("/none0"));
    EXPECT_NE(nullptr, cache.find("/none19"));
}

TEST_F(Caching, LongPathsAreNotKept) {
    FileCache& cache = make({.valid_ms = kForever});
    const std::string path = "/" + std::string(FileCache::kLongestKey, 'x');
    EXPECT_EQ(Resource::Kind::Missing, load(path)->kind);
    EXPECT_EQ(0u, cache.entries());
}

TEST_F(Caching, MayEndBeforeALoadDoes) {
    folder_.write("a", "hello");
    make({.valid_ms = kForever}).load("/a", 1);
    cache_.reset();
    loop_.run();
    EXPECT_TRUE(loaded_.empty());
}

}  // namespace
}  // namespace marmoset::document
