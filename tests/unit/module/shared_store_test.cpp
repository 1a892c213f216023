// Memory that modules have in common over processes and reloads.
#include "module/shared_store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace marmoset::module {
namespace {

char& first_byte(const std::shared_ptr<SharedMemory>& memory) {
    return *static_cast<char*>(memory->data());
}

TEST(SharedStore, ANameIsOneMemoryAsLongAsAnyoneHoldsIt) {
    SharedStore store;
    auto one = store.get("one", 100);
    first_byte(one) = 'x';
    EXPECT_EQ(one, store.get("one", 100));
    EXPECT_NE(one, store.get("two", 100));
    EXPECT_NE(one, store.get("one", 200));  // of another make: not what it was
    one.reset();
    EXPECT_EQ('\0', first_byte(store.get("one", 100)));
}

TEST(SharedStore, ForkedProcessesWriteToTheSame) {
    SharedStore store;
    const auto memory = store.get("one", 100);
    const pid_t child = fork();
    if (child == 0) {
        first_byte(memory) = 'c';
        _exit(0);
    }
    int status = 0;
    ASSERT_EQ(child, waitpid(child, &status, 0));
    EXPECT_EQ('c', first_byte(memory));
}

}  // namespace
}  // namespace marmoset::module
