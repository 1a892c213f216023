// Which file -L means.
#include "utils/websocket_jsonrpc/library_path.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace jsonrpc {
namespace {

class LibraryPath : public ::testing::Test {
  protected:
    void SetUp() override {
        for (const char* name :
             {"one/here.so", "two/here.so", "two/there.so", "own/there.so", "own/own.so", "one/plain"}) {
            std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
            std::ofstream file(path(name));
        }
        std::filesystem::create_directories(path("one/folder"));
    }
    std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
    std::string find(const std::vector<std::string>& values) const {
        return find_library(values, path("own"));
    }

  private:
    marmoset::test::TemporaryFolder folder_;
};

TEST_F(LibraryPath, AFileWithOrWithoutItsSuffix) {
    EXPECT_EQ(find({path("one/here.so")}), path("one/here.so"));
    EXPECT_EQ(find({path("one/here")}), path("one/here.so"));
    EXPECT_EQ(find({path("one/plain")}), path("one/plain"));
    EXPECT_EQ(find({path("one/none")}), path("one/none"));  // dlopen() says why not
    EXPECT_EQ(find({path("one/folder")}), path("one/folder"));
}

TEST_F(LibraryPath, ANameInFoldersThenInOurs) {
    EXPECT_EQ(find({"own"}), path("own/own.so"));
    EXPECT_EQ(find({"there"}), path("own/there.so"));
    EXPECT_EQ(find({path("one"), path("two"), "there.so"}), path("two/there.so"));
    EXPECT_EQ(find({path("one"), path("two"), "here"}), path("one/here.so"));
    EXPECT_EQ(find({path("two"), path("one"), "here"}), path("two/here.so"));
}

TEST_F(LibraryPath, ANameNobodyHasIsTheDynamicLinkersAffair) {
    EXPECT_EQ(find({"nobody"}), "nobody.so");
    EXPECT_EQ(find({"libnobody.so.1"}), "libnobody.so.1");
    EXPECT_EQ(find({}), "");
}

TEST_F(LibraryPath, IsAbsolute) {
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(path("one"));
    const std::string found = find({"./here"});
    std::filesystem::current_path(before);
    EXPECT_EQ(found.front(), '/');
    EXPECT_TRUE(std::filesystem::equivalent(found, path("one/here.so")));
}

}  // namespace
}  // namespace jsonrpc
