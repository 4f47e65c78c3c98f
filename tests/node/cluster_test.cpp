#include "tests/node/cluster.hpp"

#include "node/base/http.hpp"
#include "node/base/policy.hpp"

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

// ---- policies

/// Bans are made at nodes and by hand, and deleted, through all that may go wrong; healed, all nodes and the
/// store have the same.
void moderate_through(std::uint64_t seed, Cluster::Options options) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Cluster world{seed, options};
    auto& random = world.random();
    world.run(200ms);
    const auto pick = [&](int of) { return static_cast<int>(random.below(static_cast<std::uint64_t>(of))); };
    for (int step = 0; step < 120; ++step) {
        const base::Ban ban{fmt::format("m{}", pick(3)), "lobby", fmt::format("b{}", step)};
        auto changed = ban;
        changed.lifted = random.per_million(300'000);
        const auto id = base::ban_id(ban.room, ban.name);
        const auto key = base::MessageKey{world.wall_ms(), 0, fmt::format("s{}", step)}.text();
        const auto target = "/chat/" + base::percent_encode(id);
        const auto read = [&] {
            const auto there = world.by_hand("GET", target);
            const auto document = base::parse_json(there.body);
            return document ? base::text_member(*document, "_rev") : std::string{};
        };
        switch (pick(8)) {
            case 0:
            case 1:
                world.keep_policy(pick(options.nodes), id, base::policy_body(changed, key));
                break;
            case 2: {
                const auto rev = read();
                auto body = random.per_million(500'000)
                                ? fmt::format(R"({{"what":"ban","who":"{}","room":"lobby","by":"hand{}"}})",
                                              ban.name, step)
                                : base::policy_body(changed, key);
                if (!rev.empty()) body.insert(1, R"("_rev":")" + rev + "\",");
                EXPECT_LT(world.by_hand("PUT", target, body).status, 300);
                break;
            }
            case 3:
                if (const auto rev = read(); !rev.empty()) {
                    EXPECT_LT(world.by_hand("DELETE", target + "?rev=" + rev).status, 300);
                }
                break;
            case 4:
                world.store_down();
                break;
            case 5:
                world.store_up();
                break;
            case 6:
                world.cut_feeds();
                break;
            default:
                world.post(pick(options.clients));
        }
        world.run(std::chrono::milliseconds{random.between(1, 400)});
    }
    world.store_up();
    world.calm();
    for (int i = 0; i < options.nodes; ++i) world.start_node(i);
    world.run(60s);
    std::map<std::string, std::string> store;
    for (int i = 0; i < 3; ++i) {
        const auto id = base::ban_id("lobby", fmt::format("m{}", i));
        const auto answer = world.by_hand("GET", "/chat/" + base::percent_encode(id));
        base::JsonReader reader;
        if (answer.status == 200) store.emplace(id, base::read_policy(id, *reader.read(answer.body)).body);
    }
    for (int i = 0; i < options.nodes; ++i) EXPECT_EQ(world.policies_of(i), store) << "node " << i;
}

TEST(Cluster, AllNodesAndTheStoreComeToTheSameBans) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) moderate_through(seed, {.clients = 2});
}

TEST(Cluster, AllNodesAndTheStoreComeToTheSameBansThroughLostRepliesToo) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed)
        moderate_through(seed, {.clients = 2, .lost_replies = 100'000, .failures = 100'000});
}

}  // namespace

}  // namespace davenport
