// Paths on a real disk: what is found beneath the root, what is refused, what is noticed.

#include "modules/document/loader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>

#include "tests/support/temporary_folder.h"

namespace marmoset::document {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kNow = 4'000'000'000;  // 2096: later than the files' time stamps

LoaderSettings settings_for(const std::string& path, Symlinks symlinks, RootFolder::Method method) {
    LoaderSettings settings;
    auto root = RootFolder::open(path, symlinks, method);
    if (!root) throw std::runtime_error(root.error().text);
    settings.root = root.take();
    settings.index = {"index.html", "index.htm"};
    return settings;
}

/// Moves a file's time stamp; the file has to look old for its status to be trusted.
void set_time(const std::string& path, int64_t seconds, long nanoseconds = 0) {
    const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
    ASSERT_EQ(0, ::utimensat(AT_FDCWD, path.c_str(), times, 0));
}

class Loading : public ::testing::TestWithParam<RootFolder::Method> {
  protected:
    LoaderSettings settings(Symlinks symlinks = Symlinks::Beneath) const {
        return settings_for(folder_.path("root"), symlinks, GetParam());
    }
    Ref<Resource> load(const std::string& path) const { return load(path, settings()); }
    static Ref<Resource> load(const std::string& path, LoaderSettings settings) {
        return *Loader(std::move(settings)).load(path, nullptr, kNow);
    }
    void SetUp() override { folder_.write("root/index.html", "<p>"); }

    test::TemporaryFolder folder_;
};

TEST_P(Loading, ReadsAFile) {
    folder_.write("root/a/b.txt", "hello");
    const Ref<Resource> resource = load("/a/b.txt");
    ASSERT_EQ(Resource::Kind::File, resource->kind);
    const File& file = *resource->files[0];
    ASSERT_TRUE(file.in_memory());
    EXPECT_EQ("hello", as_text(file.content()));
    EXPECT_EQ("Content-Type: text/plain\r\n", file.type_field());
    EXPECT_EQ(5u, resource->memory());
    EXPECT_EQ("", resource->note);
}

TEST_P(Loading, ReadsAnEmptyFile) {
    folder_.write("root/empty", "");
    const Ref<Resource> resource = load("/empty");
    ASSERT_EQ(Resource::Kind::File, resource->kind);
    EXPECT_TRUE(resource->files[0]->in_memory());
    EXPECT_EQ(0u, resource->files[0]->size());
}

TEST_P(Loading, KeepsLargeFilesOpen) {
    folder_.write("root/large", "0123456789");
    LoaderSettings small = settings();
    small.memory_limit = 9;
    const Ref<Resource> resource = load("/large", std::move(small));
    EXPECT_FALSE(resource->files[0]->in_memory());
    char text[4];
    ASSERT_EQ(4, ::pread(resource->files[0]->descriptor(), text, 4, 3));
    EXPECT_EQ("3456", std::string_view(text, 4));
    EXPECT_EQ(0u, resource->memory());
}

TEST_P(Loading, FindsTheIndexOfAFolder) {
    folder_.write("root/a/index.htm", "second");
    EXPECT_EQ("/a/index.htm", load("/a/")->file_path);
    folder_.write("root/a/index.html", "first");
    EXPECT_EQ("/a/index.html", load("/a/")->file_path);
    EXPECT_EQ("/index.html", load("/")->file_path);
}

TEST_P(Loading, TellsFoldersFromFiles) {
    folder_.write("root/a/b.txt", "hello");
    EXPECT_EQ(Resource::Kind::Folder, load("/a")->kind);
    EXPECT_EQ(Resource::Kind::Missing, load("/a/")->kind);
    EXPECT_EQ(Resource::Kind::Missing, load("/a/b.txt/")->kind);
    EXPECT_EQ(Resource::Kind::Missing, load("/a/b.txt/c")->kind);
    EXPECT_EQ(Resource::Kind::Missing, load("/none")->kind);
    EXPECT_EQ(Resource::Kind::Missing, load("/none/none")->kind);
}

TEST_P(Loading, SurvivesEndlessNames) {
    EXPECT_EQ(Resource::Kind::Missing, load("/" + std::string(300, 'x'))->kind);
    std::string deep;
    for (int i = 0; i < 5000; ++i)
        deep += "/x";
    EXPECT_EQ(Resource::Kind::Missing, load(deep)->kind);
}

TEST_P(Loading, NeverLeavesTheRoot) {
    folder_.write("secret.txt", "secret");
    fs::create_symlink("../secret.txt", folder_.path("root/relative"));
    fs::create_symlink(folder_.path("secret.txt"), folder_.path("root/absolute"));
    fs::create_symlink("..", folder_.path("root/up"));
    fs::create_symlink("/proc/self/root", folder_.path("root/magic"));
    for (const char* path : {"/relative", "/absolute", "/up/secret.txt", "/up/", "/magic/etc/passwd"}) {
        const Ref<Resource> resource = load(path);
        EXPECT_EQ(Resource::Kind::Missing, resource->kind) << path;
        EXPECT_EQ("a symbolic link was refused: " + std::string(path), resource->note);
    }
    EXPECT_EQ(Resource::Kind::Missing, load("/../secret.txt")->kind);
    EXPECT_EQ(Resource::Kind::Missing, load("/a/../../secret.txt")->kind);
}

TEST_P(Loading, RefusesAllLinksWhenAskedTo) {
    fs::create_symlink("index.html", folder_.path("root/link"));
    folder_.write("root/a/b.txt", "hello");
    fs::create_symlink("a", folder_.path("root/folder"));
    EXPECT_EQ(Resource::Kind::Missing, load("/link", settings(Symlinks::None))->kind);
    EXPECT_EQ(Resource::Kind::Missing, load("/folder/b.txt", settings(Symlinks::None))->kind);
    EXPECT_EQ(Resource::Kind::File, load("/a/b.txt", settings(Symlinks::None))->kind);
}

TEST_P(Loading, ServesRegularFilesOnly) {
    ASSERT_EQ(0, ::mkfifo(folder_.path("root/fifo").c_str(), 0666));
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    folder_.path("root/socket").copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(0, ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address));
    EXPECT_EQ(Resource::Kind::Missing, load("/fifo")->kind);
    EXPECT_EQ(Resource::Kind::Missing, load("/socket")->kind);
    ::close(socket);
    fs::create_directory(folder_.path("root/d"));
    ASSERT_EQ(0, ::mkfifo(folder_.path("root/d/index.html").c_str(), 0666));
    EXPECT_EQ(Resource::Kind::Missing, load("/d/")->kind);
}

TEST_P(Loading, FindsPrecompressedNeighbours) {
    set_time(folder_.write("root/a.js", "original"), 1000, 500);
    set_time(folder_.write("root/a.js.gz", "packed"), 1000, 500);
    set_time(folder_.write("root/a.js.br", "older"), 999);
    Ref<Resource> resource = load("/a.js");
    EXPECT_EQ(bit(Encoding::Identity) | bit(Encoding::Gzip), resource->encodings);
    EXPECT_EQ("packed", as_text(resource->files[static_cast<size_t>(Encoding::Gzip)]->content()));
    const std::string fields(resource->files[static_cast<size_t>(Encoding::Gzip)]->fields());
    EXPECT_NE(std::string::npos, fields.find("Content-Type: text/javascript\r\nContent-Encoding: gzip\r\n"))
        << fields;
    for (const Ref<File>& file : resource->files) {
        if (file) {
            EXPECT_NE(std::string::npos, file->fields().find("Vary: Accept-Encoding\r\n"));
        }
    }
    // Compressors that copy the time stamp may keep whole seconds only.
    set_time(folder_.path("root/a.js.br"), 1000);
    EXPECT_EQ(7, load("/a.js")->encodings);
    EXPECT_EQ(std::string::npos, load("/index.html")->files[0]->fields().find("Vary"));
    EXPECT_EQ(1, load("/a.js.gz")->encodings);
    LoaderSettings plain = settings();
    plain.precompressed = false;
    EXPECT_EQ(1, load("/a.js", std::move(plain))->encodings);
}

TEST_P(Loading, AnIndexThatIsRefusedByNameIsNotServed) {
    LoaderSettings rules = settings();
    rules.index = {"index.php", "index.html"};
    rules.access.deny = ".php$,*";
    rules.access.allow = "^/$";
    folder_.write("root/index.php", "<?php secret");
    EXPECT_EQ("/index.html", load("/", std::move(rules))->file_path);
    LoaderSettings other = settings();
    other.index = {"index.php"};
    other.access = {"^/index.php$", ".php$", true};
    EXPECT_EQ("/index.php", load("/", std::move(other))->file_path);
}

TEST_P(Loading, FieldsOfAFile) {
    set_time(folder_.write("root/t.html", "hello"), 784111777, 123);
    LoaderSettings styled = settings();
    styled.style = {"max-age=60", "utf-8"};
    const Ref<Resource> resource = load("/t.html", std::move(styled));
    const File& file = *resource->files[0];
    const std::string tag = "ETag: \"ae1b981bc490a7b-5\"\r\n";  // 784111777000000123 in hexadecimal
    const std::string rest = tag +
                             "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                             "Cache-Control: max-age=60\r\n";
    EXPECT_EQ("Content-Type: text/html; charset=utf-8\r\nAccept-Ranges: bytes\r\n" + rest, file.fields());
    EXPECT_EQ("Accept-Ranges: bytes\r\n" + rest, file.fields_without_type());
    EXPECT_EQ(rest, file.validator_fields());
}

TEST_P(Loading, LastModifiedIsNeverInTheFuture) {
    set_time(folder_.write("root/t", "x"), kNow + 1);
    const Ref<Resource> resource = load("/t");
    EXPECT_EQ(kNow, resource->files[0]->last_modified());
    EXPECT_FALSE(resource->settled);  // looked at again, until it is past
}

TEST_P(Loading, KnowsAnUnchangedFile) {
    set_time(folder_.write("root/t", "one"), 1000);
    const Loader loader(settings());
    const Ref<Resource> first = *loader.load("/t", nullptr, kNow);
    Previous previous{first->file_path, {first->files[0]->identity()}};
    EXPECT_FALSE(loader.load("/t", &previous, kNow));
    // Another file of the same size and time stamp, put in its place.
    set_time(folder_.write("root/new", "two"), 1000);
    fs::rename(folder_.path("root/new"), folder_.path("root/t"));
    const auto second = loader.load("/t", &previous, kNow);
    ASSERT_TRUE(second);
    EXPECT_EQ("two", as_text((*second)->files[0]->content()));
    previous.identities[0] = (*second)->files[0]->identity();
    folder_.write("root/t.gz", "packed");
    EXPECT_TRUE(loader.load("/t", &previous, kNow));
}

TEST_P(Loading, AFileJustWrittenIsNotSettled) {
    folder_.write("root/t", "one");
    EXPECT_FALSE(load("/t")->settled);
}

TEST_P(Loading, TheRootItselfMayBeALink) {
    fs::create_symlink("root", folder_.path("link"));
    auto root = RootFolder::open(folder_.path("link"), Symlinks::None, GetParam());
    ASSERT_TRUE(root);
    EXPECT_FALSE(RootFolder::open(folder_.path("none"), Symlinks::None, GetParam()));
    EXPECT_FALSE(RootFolder::open(folder_.path("root/index.html"), Symlinks::None, GetParam()));
}

INSTANTIATE_TEST_SUITE_P(ByOpenat2, Loading, ::testing::Values(RootFolder::Method::Openat2));
INSTANTIATE_TEST_SUITE_P(ByWalk, Loading, ::testing::Values(RootFolder::Method::Walk));

TEST(RootFolder, LinksThatStayInsideAreFollowed) {
    test::TemporaryFolder folder;
    folder.write("root/a/b.txt", "hello");
    fs::create_symlink("a/../a/b.txt", folder.path("root/link"));
    fs::create_symlink("a", folder.path("root/folder"));
    const Loader loader(settings_for(folder.path("root"), Symlinks::Beneath, RootFolder::Method::Openat2));
    EXPECT_EQ(Resource::Kind::File, (*loader.load("/link", nullptr, kNow))->kind);
    EXPECT_EQ(Resource::Kind::File, (*loader.load("/folder/b.txt", nullptr, kNow))->kind);
}

}  // namespace
}  // namespace marmoset::document
