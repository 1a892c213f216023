// Notifications among what waits for a client.
#include "utils/websocket_jsonrpc/backlog.h"

#include <gtest/gtest.h>

namespace jsonrpc {
namespace {

TEST(Backlog, CountsNotificationsOnly) {
    Backlog backlog;
    EXPECT_EQ(backlog.notifications(0), 0u);
    backlog.answer(5000);
    EXPECT_EQ(backlog.notifications(5000), 0u);
    backlog.notification(10);
    backlog.notification(20);
    backlog.answer(7000);
    backlog.notification(40);
    EXPECT_EQ(backlog.notifications(12070), 70u);
    EXPECT_EQ(backlog.notifications(99999), 70u);  // what waits may cost more than it has bytes
}

TEST(Backlog, ForgetsWhatHasGone) {
    Backlog backlog;
    backlog.notification(10);
    backlog.notification(20);
    backlog.answer(100);
    backlog.notification(40);
    EXPECT_EQ(backlog.notifications(170), 70u);
    EXPECT_EQ(backlog.notifications(160), 60u);
    EXPECT_EQ(backlog.notifications(145), 45u);
    EXPECT_EQ(backlog.notifications(140), 40u);
    EXPECT_EQ(backlog.notifications(50), 40u);
    EXPECT_EQ(backlog.notifications(1), 1u);
    EXPECT_EQ(backlog.notifications(0), 0u);
    backlog.answer(1000);
    backlog.notification(3);
    EXPECT_EQ(backlog.notifications(1003), 3u);
}

}  // namespace
}  // namespace jsonrpc
