#include "tests/node/cluster.hpp"

namespace davenport {

namespace {

using namespace std::chrono_literals;

/// Chats for a while with everything that may go wrong, heals, and looks.
void live_through(std::uint64_t seed, Cluster::Options options, bool kills, bool outages) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Cluster world{seed, options};
    auto& random = world.random();
    world.run(100ms);
    for (int step = 0; step < 150; ++step) {
        world.post(static_cast<int>(random.below(static_cast<std::uint64_t>(options.clients))));
        world.run(std::chrono::milliseconds{random.between(1, 60)});
        const auto node = static_cast<int>(random.below(static_cast<std::uint64_t>(options.nodes)));
        if (kills && random.per_million(40'000)) world.kill_node(node);
        if (kills && random.per_million(150'000)) world.start_node(node);
        if (outages && random.per_million(30'000)) world.store_down();
        if (outages && random.per_million(80'000)) world.store_up();
        if (random.per_million(30'000)) world.cut_feeds();
        if (random.per_million(30'000))
            world.hop(static_cast<int>(random.below(static_cast<std::uint64_t>(options.clients))));
    }
    world.store_up();
    world.calm();
    for (int i = 0; i < options.nodes; ++i) world.start_node(i);
    world.run(30s);
    world.expect_all_is_well();
}

TEST(Cluster, DeliversEverythingOnceWhenNothingGoesWrong) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) live_through(seed, {}, false, false);
}

TEST(Cluster, DeliversEverythingOnceThroughLostRepliesAndFailures) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        live_through(seed, {.lost_replies = 100'000, .failures = 100'000}, false, false);
}

TEST(Cluster, DeliversEverythingOnceThroughOutages) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) live_through(seed, {}, false, true);
}

TEST(Cluster, DeliversEverythingOnceThroughKillsOfNodes) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) live_through(seed, {}, true, false);
}

TEST(Cluster, DeliversEverythingOnceThroughAllOfIt) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed)
        live_through(seed, {.lost_replies = 50'000, .failures = 50'000}, true, true);
}

TEST(Cluster, DeliversEverythingOnceByLongpollAndByPoll) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        live_through(seed, {.feed = node::FeedMode::longpoll, .lost_replies = 50'000}, true, true);
        live_through(seed, {.feed = node::FeedMode::poll, .lost_replies = 50'000}, true, true);
    }
}

TEST(Cluster, DeliversEverythingOnceFromAStoreWithSeveralShards) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
        live_through(seed, {.lost_replies = 50'000, .shards = 3}, true, true);
}

}  // namespace

}  // namespace davenport
