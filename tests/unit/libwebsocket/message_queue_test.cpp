// Messages that wait: whatever is pushed and however it is taken, it comes out the same, and costs about what
// it holds.
#include "libwebsocket/message_queue.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "link/record.h"

namespace marmoset::libwebsocket {
namespace {

using websocket_server::Type;

struct Expected {
    std::string rest;
    Part part;
};

TEST(MessageQueue, GivesBackWhatWasPushedInAnyParts) {
    net::Loop loop;
    {
        MessageQueue queue(loop);
        std::deque<Expected> expected;
        std::mt19937 random(1);
        const auto below = [&](uint32_t limit) { return static_cast<size_t>(random() % limit); };
        for (int step = 0; step < 20000; ++step) {
            if (below(100) < (step % 4000 < 2000 ? 60 : 30)) {
                const size_t sizes[] = {0, 1, below(50), below(2100), 2048, 2049, below(20000)};
                std::string data(sizes[below(7)], static_cast<char>('a' + step % 26));
                const Type type = below(2) != 0 ? Type::Binary : Type::Text;
                const Part part{type, below(5) != 0, below(5) != 0};
                if (below(4) == 0) {
                    const Ref<MessageBuffer> shared(new MessageBuffer(loop, 10));
                    shared->append(as_bytes("in front "));
                    shared->append(as_bytes(data));
                    queue.push(shared->bytes().subspan(9), part, &shared);
                } else {
                    queue.push(as_bytes(data), part, nullptr);
                }
                expected.push_back({std::move(data), part});
            } else if (!expected.empty()) {
                const MessageQueue::Front front = queue.front();
                Expected& first = expected.front();
                ASSERT_EQ(as_text(front.rest), first.rest);
                ASSERT_EQ(front.part.type, first.part.type);
                ASSERT_EQ(front.part.first, first.part.first);
                ASSERT_EQ(front.part.last, first.part.last);
                if (first.rest.size() > 1 && below(2) == 0) {
                    const size_t part = 1 + below(static_cast<uint32_t>(first.rest.size() - 1));
                    queue.advance(part);
                    first.rest.erase(0, part);
                    first.part.first = false;
                } else {
                    queue.pop();
                    expected.pop_front();
                }
            }
            ASSERT_EQ(queue.empty(), expected.empty());
            uint64_t cost = 0;
            for (const Expected& each : expected)
                cost += link::message_cost(each.rest.size());
            ASSERT_EQ(queue.cost(), cost);
        }
    }
    EXPECT_EQ(loop.queued_memory(), 0u);
}

TEST(MessageQueue, OfTinyMessagesCostsNoMoreThanTheirCredit) {
    net::Loop loop;
    MessageQueue queue(loop);
    for (int i = 0; i < 10000; ++i)
        queue.push(as_bytes("x"), {Type::Text}, nullptr);
    EXPECT_LE(loop.queued_memory(), queue.cost());
}

TEST(MessageQueue, SharesALargeBufferInsteadOfCopying) {
    net::Loop loop;
    const Ref<MessageBuffer> shared(new MessageBuffer(loop, 1 << 20));
    shared->append(as_bytes(std::string(1 << 20, 'x')));
    const uint64_t before = loop.queued_memory();
    MessageQueue queue(loop);
    queue.push(shared->bytes(), {Type::Binary}, &shared);
    EXPECT_EQ(loop.queued_memory(), before);
    EXPECT_EQ(queue.front().rest.data(), shared->data());
}

}  // namespace
}  // namespace marmoset::libwebsocket
