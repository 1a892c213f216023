// The page of counters: slots that are handed out and come back, sums over them, what outlives a worker.
#include "base/counters.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <set>
#include <string>

namespace marmoset {
namespace {

TEST(CountersTest, SumsUpAllSlots) {
    CounterPage page;
    CounterSlot* const first = page.take();
    CounterSlot* const second = page.take();
    ASSERT_TRUE(first && second && first != second && first != &page.own());
    first->add(Counter::Requests);
    first->add(Counter::BytesSent, 1'000'000);
    second->add(Counter::Requests, 2);
    page.own().add(Counter::Requests, 4);
    EXPECT_EQ(7u, page.sum(Counter::Requests));
    EXPECT_EQ(1'000'000u, page.sum(Counter::BytesSent));
    EXPECT_EQ(0u, page.sum(Counter::BytesReceived));
}

TEST(CountersTest, AGaugeGoesUpAndDown) {
    CounterPage page;
    CounterSlot& slot = page.own();
    slot.add(Counter::Connections);
    slot.add(Counter::Connections);
    slot.subtract(Counter::Connections);
    EXPECT_EQ(1u, slot.get(Counter::Connections));
    slot.set(Counter::QueuedBytes, 77);
    EXPECT_EQ(77u, page.sum(Counter::QueuedBytes));
}

TEST(CountersTest, AReleasedSlotKeepsItsTotalsAndServesTheNext) {
    CounterPage page;
    CounterSlot* const slot = page.take();
    slot->add(Counter::Connections, 3);
    slot->add(Counter::ConnectionsAccepted, 5);
    page.release(*slot);
    EXPECT_EQ(0u, page.sum(Counter::Connections));
    EXPECT_EQ(5u, page.sum(Counter::ConnectionsAccepted));
    EXPECT_EQ(slot, page.take());
    slot->add(Counter::ConnectionsAccepted);
    EXPECT_EQ(6u, page.sum(Counter::ConnectionsAccepted));
}

TEST(CountersTest, WhatAForkedProcessCountsIsSeen) {
    CounterPage page;
    CounterSlot* const slot = page.take();
    const pid_t child = fork();
    if (child == 0) {
        slot->add(Counter::MessagesIn, 42);
        _exit(0);
    }
    ASSERT_GT(child, 0);
    ASSERT_EQ(child, waitpid(child, nullptr, 0));
    EXPECT_EQ(42u, page.sum(Counter::MessagesIn));
}

TEST(CountersTest, ReasonsCountUnderTheirNames) {
    // On the heap: AddressSanitizer's stack frames are aligned to less than a cache line.
    const auto own = std::make_unique<CounterSlot>();
    CounterSlot& slot = *own;
    for (size_t i = 0; i < kCloseReasonCount; ++i) {
        slot.connection_closed(static_cast<CloseReason>(i));
        slot.websocket_closed(static_cast<CloseReason>(i));
    }
    slot.websocket_closed(CloseReason::PingTimeout);
    std::set<std::string> reasons;
    for (size_t i = 0; i < kCounterCount; ++i) {
        const auto counter = static_cast<Counter>(i);
        const std::string family = describe(counter).family->name;
        if (family != "connections_closed_total" && family != "websockets_closed_total") continue;
        const std::string reason = describe(counter).label_value;
        reasons.insert(reason);
        EXPECT_EQ(family == "websockets_closed_total" && reason == "PingTimeout" ? 2u : 1u, slot.get(counter))
            << family << " " << reason;
    }
    EXPECT_EQ(kCloseReasonCount, reasons.size());
    EXPECT_EQ(2u, slot.get(Counter::LimitPing));
    EXPECT_EQ(1u, slot.get(Counter::LimitMaxFragments));
    EXPECT_EQ(0u, slot.get(Counter::LimitHeaderSize));
}

// The status page writes the head of a family where it begins.
TEST(CountersTest, CountersOfAFamilyStandTogether) {
    std::set<const CounterFamily*> seen;
    const CounterFamily* last = nullptr;
    for (size_t i = 0; i < kCounterCount; ++i) {
        const CounterFamily* family = describe(static_cast<Counter>(i)).family;
        if (family == last) {
            EXPECT_STRNE("", family->label) << family->name;
            continue;
        }
        EXPECT_TRUE(seen.insert(family).second) << family->name;
        last = family;
    }
}

TEST(CountersTest, MoreWorkersThanSlotsGetNone) {
    CounterPage page;
    unsigned count = 0;
    while (page.take())
        ++count;
    EXPECT_GT(count, 4000u);
    EXPECT_EQ(nullptr, page.take());
}

}  // namespace
}  // namespace marmoset
