#include "node/net/wire/timer_queue.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace davenport::wire {
namespace {

base::Time at(int ms) { return base::Time{std::chrono::milliseconds{ms}}; }

std::vector<int> take_all(TimerQueue<int>& queue, int now_ms) {
    std::vector<int> out;
    while (const auto id = queue.take(at(now_ms))) out.push_back(*id);
    return out;
}

using Ids = std::vector<int>;

TEST(TimerQueue, FiresTheSoonestFirstAndEachOnce) {
    TimerQueue<int> queue;
    queue.set(1, at(30));
    queue.set(2, at(10));
    queue.set(3, at(20));
    EXPECT_EQ(queue.next(), at(10));
    EXPECT_EQ(take_all(queue, 9), Ids{});
    EXPECT_EQ(take_all(queue, 20), (Ids{2, 3}));
    EXPECT_EQ(take_all(queue, 100), Ids{1});
    EXPECT_EQ(queue.next(), std::nullopt);
}

TEST(TimerQueue, MovesATimerEitherWay) {
    TimerQueue<int> queue;
    queue.set(1, at(10));
    queue.set(1, at(50));
    EXPECT_EQ(take_all(queue, 49), Ids{});
    queue.set(2, at(90));
    queue.set(2, at(20));
    EXPECT_EQ(take_all(queue, 49), Ids{2});
    EXPECT_EQ(take_all(queue, 50), Ids{1});
    EXPECT_EQ(take_all(queue, 100), Ids{}) << "a timer fired at a time that it was moved away from";
}

TEST(TimerQueue, CanBeSetAgainAfterItFired) {
    TimerQueue<int> queue;
    queue.set(1, at(10));
    EXPECT_EQ(take_all(queue, 10), Ids{1});
    queue.set(1, at(20));
    EXPECT_EQ(take_all(queue, 20), Ids{1});
}

TEST(TimerQueue, DoesNotGrowWithATimerThatIsPutOffAgainAndAgain) {
    TimerQueue<int> queue;
    for (int i = 0; i < 100'000; ++i) queue.set(1, at(1000 + i));
    EXPECT_EQ(queue.size(), 1u);
    EXPECT_EQ(take_all(queue, 100'998), Ids{});
    EXPECT_EQ(take_all(queue, 100'999), Ids{1});
}

}  // namespace
}  // namespace davenport::wire
