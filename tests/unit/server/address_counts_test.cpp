// Counts of clients by address: over rows, after a worker's end, across a fork.

#include "server/address_counts.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace marmoset::server {
namespace {

net::Address ip4(const char* text) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, text, &address.sin_addr);
    return net::Address::from(reinterpret_cast<sockaddr*>(&address), sizeof address);
}

TEST(AddressCounts, AreSummedOverRows) {
    AddressCounts counts;
    const unsigned first = *counts.take_row();
    const unsigned second = *counts.take_row();
    EXPECT_NE(first, second);
    counts.add(first, ip4("192.0.2.1"));
    counts.add(second, ip4("192.0.2.1"));
    counts.add(second, ip4("192.0.2.1"));
    EXPECT_EQ(counts.count(ip4("192.0.2.1")), 3u);
    counts.remove(second, ip4("192.0.2.1"));
    EXPECT_EQ(counts.count(ip4("192.0.2.1")), 2u);
}

TEST(AddressCounts, ARowGivenBackIsForgottenAndUsedAgain) {
    AddressCounts counts;
    const unsigned first = *counts.take_row();
    const unsigned second = *counts.take_row();
    counts.add(first, ip4("192.0.2.1"));
    counts.add(second, ip4("192.0.2.1"));
    counts.give_back(first);
    EXPECT_EQ(counts.count(ip4("192.0.2.1")), 1u);
    EXPECT_EQ(*counts.take_row(), first);
    EXPECT_EQ(counts.count(ip4("192.0.2.1")), 1u);
}

TEST(AddressCounts, ReservedRowsAreSeenByWhoeverIsForkedBefore) {
    AddressCounts counts;
    ASSERT_TRUE(counts.reserve(2));
    const unsigned first = *counts.take_row();
    int told[2];
    int asked[2];
    ASSERT_EQ(pipe(told), 0);
    ASSERT_EQ(pipe(asked), 0);
    const pid_t child = fork();
    if (child == 0) {
        counts.add(first, ip4("192.0.2.1"));
        char byte = 0;
        if (write(told[1], "", 1) != 1 || read(asked[0], &byte, 1) != 1) _exit(100);
        _exit(static_cast<int>(counts.count(ip4("192.0.2.1"))));
    }
    const unsigned second = *counts.take_row();
    counts.add(second, ip4("192.0.2.1"));
    char byte = 0;
    ASSERT_EQ(read(told[0], &byte, 1), 1);
    EXPECT_EQ(counts.count(ip4("192.0.2.1")), 2u);
    ASSERT_EQ(write(asked[1], "", 1), 1);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 2);
    for (const int end : {told[0], told[1], asked[0], asked[1]})
        close(end);
}

TEST(AddressCounts, ManyRows) {
    AddressCounts counts;
    for (unsigned row = 0; row < 300; ++row)
        counts.add(*counts.take_row(), ip4("192.0.2.1"));
    EXPECT_EQ(counts.count(ip4("192.0.2.1")), 300u);
    for (unsigned row = 0; row < 300; row += 2)
        counts.give_back(row);
    EXPECT_EQ(counts.count(ip4("192.0.2.1")), 150u);
}

}  // namespace
}  // namespace marmoset::server
