// The password file: its lines, changes seen, changes made.
#include "auth/file_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <thread>

#include "tests/support/temporary_folder.h"

namespace marmoset::auth {
namespace {

constexpr const char* kFile =
    "# people of this site\n"
    "foo:$a5$realm=test$sLXQh327XETbZd8sHl+duiSu/Q3IX43UoIkN8kGSasw=:users:/home/foo\n"
    "\n"
    "root:secret::/root\n"
    "bar:baz\r\n"
    ":nobody:x:y\n"
    "no colon\n"
    "foo:second:admins\n"
    "last:one:g";

std::string written(const User& user) {
    return user.name + "|" + user.password + "|" + user.group + "|" + user.home;
}

User user_of(std::string name, std::string password, std::string group = {}, std::string home = {}) {
    User user;
    user.name = std::move(name);
    user.password = std::move(password);
    user.group = std::move(group);
    user.home = std::move(home);
    return user;
}

class FileStoreTest : public ::testing::Test {
  protected:
    std::unique_ptr<FileStore> open(std::string_view content) {
        auto store = FileStore::open(folder_.write("passwd", content));
        EXPECT_TRUE(store) << (store ? "" : store.error().text);
        return store ? store.take() : nullptr;
    }
    std::string find(FileStore& store, std::string_view name) {
        const auto user = store.find(name);
        if (!user) return "(" + user.error().text + ")";
        return *user ? written(**user) : "none";
    }
    std::string content() { return folder_.read("passwd"); }

    test::TemporaryFolder folder_;
};

TEST_F(FileStoreTest, Lines) {
    const auto store = open(kFile);
    EXPECT_EQ("foo|$a5$realm=test$sLXQh327XETbZd8sHl+duiSu/Q3IX43UoIkN8kGSasw=|users|/home/foo",
              find(*store, "foo"));
    EXPECT_EQ("root|secret||/root", find(*store, "root"));
    EXPECT_EQ("bar|baz||", find(*store, "bar"));
    EXPECT_EQ("last|one|g|", find(*store, "last"));
    for (const char* name : {"", "Foo", "fo", "foo:", "# people of this site", "no colon", "nobody"})
        EXPECT_EQ("none", find(*store, name)) << name;
    EXPECT_EQ(UserStatus::Activated, (*store->find("foo"))->status);
}

TEST_F(FileStoreTest, LinesThereAndBack) {
    for (const char* line : {"a:b", "a:b:c", "a:b:c:d", "a:b::d", "a:"})
        EXPECT_EQ(line, format_password_line(*parse_password_line(line)));
    EXPECT_EQ("a:b:c:d", format_password_line(*parse_password_line("a:b:c:d:more:things\r")));
    for (const char* line : {"", ":", "a", "#a:b", "a\x01:b", "\xff:b", "a:b:\x7f"})
        EXPECT_FALSE(parse_password_line(line)) << line;
    EXPECT_FALSE(parse_password_line(std::string(65, 'a') + ":b"));
}

TEST_F(FileStoreTest, ListsInTheOrderOfNames) {
    const auto store = open(kFile);
    const auto names = [&](std::string_view after, size_t limit) {
        std::string text;
        const auto users = store->list(after, limit);
        for (const User& user : *users)
            text += user.name + " ";
        return text;
    };
    EXPECT_EQ("bar foo last root ", names("", 10));
    EXPECT_EQ("foo last ", names("bar", 2));
    EXPECT_EQ("", names("root", 2));
}

TEST_F(FileStoreTest, SeesWhatOthersChange) {
    const auto store = open("a:1\n");
    // In place with the same size, and by another file under the name.
    std::filesystem::last_write_time(folder_.write("passwd", "a:2\n"),
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
    EXPECT_EQ("a|2||", find(*store, "a"));
    std::filesystem::rename(folder_.write("new", "a:3\n"), folder_.path("passwd"));
    EXPECT_EQ("a|3||", find(*store, "a"));
    std::filesystem::remove(folder_.path("passwd"));
    EXPECT_EQ(ENOENT, store->find("a").error().code);
    folder_.write("passwd", "b:4\n");
    EXPECT_EQ("none", find(*store, "a"));
    EXPECT_EQ("b|4||", find(*store, "b"));
}

TEST_F(FileStoreTest, FilesThatAreNone) {
    EXPECT_EQ(ENOENT, FileStore::open(folder_.path("absent")).error().code);
    EXPECT_EQ(EINVAL, FileStore::open(folder_.path()).error().code);
    const std::string large = folder_.write("large", "");
    std::filesystem::resize_file(large, FileStore::kLargestFile + 1);
    EXPECT_EQ(EFBIG, FileStore::open(large).error().code);
}

TEST_F(FileStoreTest, ChangesOneLineOnly) {
    const auto store = open(kFile);
    ASSERT_TRUE(store->set_password("foo", "$y$new"));
    EXPECT_EQ(
        "# people of this site\nfoo:$y$new:users:/home/foo\n\nroot:secret::/root\nbar:baz\r\n:nobody:x:y\n"
        "no colon\nlast:one:g\n",
        content());
    ASSERT_TRUE(store->update(user_of("bar", "ignored", "admins", "/b")));
    EXPECT_EQ("bar|baz|admins|/b", find(*store, "bar"));
    ASSERT_TRUE(store->add(user_of("new", "$y$x", "users")));
    EXPECT_EQ("new|$y$x|users|", find(*store, "new"));
    ASSERT_TRUE(store->remove("foo"));
    ASSERT_TRUE(store->remove("bar"));
    EXPECT_EQ(
        "# people of this site\n\nroot:secret::/root\n:nobody:x:y\nno colon\nlast:one:g\nnew:$y$x:users\n",
        content());
}

TEST_F(FileStoreTest, RefusesWhatWouldBreakTheFile) {
    const auto store = open(kFile);
    const std::string before = content();
    for (const User& user : {user_of("a:b", "x"), user_of("", "x"), user_of("#a", "x"),
                             user_of("a\nroot", "x"), user_of("a", "x\nroot:y"), user_of("a", "x:y"),
                             user_of("a", "x", "g:h"), user_of("a", "x", "g", "h\n"), user_of("a\xff", "x")})
        EXPECT_EQ(EINVAL, store->add(user).error().code) << written(user);
    EXPECT_EQ(EINVAL, store->set_password("foo", "a:b").error().code);
    EXPECT_EQ(EINVAL, store->set_password("foo", "a\nroot:").error().code);
    EXPECT_EQ(EEXIST, store->add(user_of("foo", "x")).error().code);
    EXPECT_EQ(ENOENT, store->set_password("nobody", "x").error().code);
    EXPECT_EQ(ENOENT, store->update(user_of("nobody", "x")).error().code);
    EXPECT_EQ(ENOENT, store->remove("nobody").error().code);
    User shut_out = user_of("foo", "x");
    shut_out.status = UserStatus::Repudiated;  // a file can't say so; to forget it would let them in
    EXPECT_EQ(EINVAL, store->update(shut_out).error().code);
    EXPECT_EQ(before, content());
}

TEST_F(FileStoreTest, KeepsTheModeAndLeavesNothingBehind) {
    const auto store = open("a:1\n");
    ASSERT_EQ(0, ::chmod(folder_.path("passwd").c_str(), 0640));
    ASSERT_TRUE(store->set_password("a", "2"));
    struct stat status {};
    ASSERT_EQ(0, ::stat(folder_.path("passwd").c_str(), &status));
    EXPECT_EQ(0640u, status.st_mode & 07777u);
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    EXPECT_EQ((std::vector<std::string>{"passwd", "passwd.lock"}), names);
}

TEST_F(FileStoreTest, ASymbolicLinkStaysOne) {
    folder_.write("real", "a:1\n");
    ASSERT_EQ(0, ::symlink("real", folder_.path("passwd").c_str()));
    auto store = FileStore::open(folder_.path("passwd"));
    ASSERT_TRUE(store);
    ASSERT_TRUE((*store)->set_password("a", "2"));
    EXPECT_TRUE(std::filesystem::is_symlink(folder_.path("passwd")));
    EXPECT_EQ("a:2\n", folder_.read("real"));
}

TEST_F(FileStoreTest, WritersFollowEachOther) {
    open("");
    constexpr int kThreads = 4, kEach = 8;
    int added[kThreads] = {};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {  // each with a store of its own, as workers have
            auto store = FileStore::open(folder_.path("passwd"));
            for (int i = 0; store && i < kEach; ++i)
                added[t] +=
                    (*store)->add(user_of("u" + std::to_string(t) + "-" + std::to_string(i), "x")) ? 1 : 0;
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    for (const int count : added)
        EXPECT_EQ(kEach, count);
    EXPECT_EQ(size_t{kThreads * kEach}, (*FileStore::open(folder_.path("passwd")))->list("", 100)->size());
}

}  // namespace
}  // namespace marmoset::auth
