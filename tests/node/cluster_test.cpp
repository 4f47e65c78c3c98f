#include "tests/node/cluster.hpp"

#include "node/base/http.hpp"
#include "node/base/json_view.hpp"
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

// ---- ids

/// A chat of version 1 is upgraded while people chat, hop and repeat what had no answer.
void upgrade_through(std::uint64_t seed, Cluster::Options options) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    options.full_ids_from = base::full_ids_never;
    Cluster world{seed, options};
    auto& random = world.random();
    world.run(500ms);
    for (int step = 0; step < 300; ++step) {
        world.post(static_cast<int>(random.below(static_cast<std::uint64_t>(options.clients))));
        world.run(std::chrono::milliseconds{random.between(1, 100)});
        if (random.per_million(30'000)) world.cut_feeds();
        if (random.per_million(50'000))
            world.hop(static_cast<int>(random.below(static_cast<std::uint64_t>(options.clients))));
        if (step == 20) {  // all others learn of it within 5 s, as long as they live
            world.kill_node(0);
            world.upgrade_from(world.wall_ms() + 8000);
            world.start_node(0);
        }
    }
    world.calm();
    world.run(30s);
    world.expect_all_is_well();
    std::size_t brief = 0, full = 0;
    for (const auto& [text, forms] : world.texts_in_store()) {
        EXPECT_EQ(forms.size(), 1u) << text;
        (forms.front() == base::IdForm::full ? full : brief) += 1;
    }
    EXPECT_GT(brief, 50u);
    EXPECT_GT(full, 50u);
}

TEST(Cluster, AnUpgradeOfIdsGivesEveryMessageOneId) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        upgrade_through(seed, {.lost_replies = 50'000, .failures = 50'000});
        upgrade_through(seed, {.lost_replies = 20'000, .failures = 20'000, .nats = true});
    }
}

TEST(Cluster, IdsAreBriefInAChatOfVersion1AndFullInANewOne) {
    for (const auto form : {base::IdForm::brief, base::IdForm::full})
        for (const bool nats : {false, true}) {
            Cluster::Options options{.nats = nats};
            if (form == base::IdForm::brief) options.full_ids_from = base::full_ids_never;
            Cluster world{7, options};
            world.run(500ms);
            for (int i = 0; i < 10; ++i) world.post(i % 6);
            world.run(10s);
            world.expect_all_is_well();
            for (const auto& [text, forms] : world.texts_in_store())
                EXPECT_EQ(forms, std::vector{form}) << text;
        }
}

/// What is said to a node that did not know of the upgrade in time, and repeated to one that did, has two
/// documents; nobody is shown it twice.
TEST(Cluster, AMessageWithBothIdsIsShownOnceAtEveryNodeWhicheverComesFirst) {
    Cluster world{3, {.nodes = 2, .clients = 2, .full_ids_from = base::full_ids_never}};
    world.run(1s);
    const auto from = world.wall_ms();
    world.upgrade_from(from);
    world.kill_node(0);
    world.start_node(0);
    world.run(20s);
    for (const auto first : {base::IdForm::full, base::IdForm::brief}) {
        const base::MessageKey key{from + 20'000, static_cast<std::uint16_t>(first), "x"};
        const auto other = first == base::IdForm::full ? base::IdForm::brief : base::IdForm::full;
        std::vector<std::string> ids;
        for (const auto form : {first, other}) {
            const auto message = base::make_message("lobby", "c0", key, "both", "n0", {}, form);
            ids.emplace_back(message.id());
            const auto target = "/chat/" + base::percent_encode(message.id());
            EXPECT_EQ(world.by_hand("PUT", target, base::to_document(message)).status, 201);
            world.run(2s);
        }
        for (int i = 0; i < 2; ++i)
            EXPECT_EQ(world.has(i, ids[0]).has_value() + world.has(i, ids[1]).has_value(), 1) << i;
    }
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

// ---- retention

/// A room's old messages are removed by all nodes at once, through all that may go wrong; in the end each was
/// written over once, or by equal documents, and all nodes and the store have the same.
void age_through(std::uint64_t seed, Cluster::Options options) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    constexpr std::int64_t hour_ms = 3'600'000;
    Cluster world{seed, options};
    auto& random = world.random();
    world.run(500ms);
    std::vector<base::ChatMessage> all;
    std::string documents;
    for (int i = 0; i < 60; ++i) {
        const base::MessageKey key{world.wall_ms() - (i * 16 + 15) * hour_ms, 0, {}};
        all.push_back(base::make_message("lobby", "bob", key, fmt::format("old {}", i), "n9"));
        documents += (i == 0 ? "" : ",") + base::to_document(all.back());
    }
    EXPECT_EQ(world.by_hand("POST", "/chat/_bulk_docs", "{\"docs\":[" + documents + "]}").status, 201);
    EXPECT_EQ(
        world.by_hand("PUT", "/chat/davenport-room~lobby", R"({"what":"room","retention_days":30})").status,
        201);
    world.run(5s);
    for (int i = 0; i < options.nodes; ++i) {
        world.kill_node(i);  // what holds since before this life is carried out at once
        world.start_node(i);
    }
    for (int step = 0; step < 60; ++step) {
        world.post(static_cast<int>(random.below(static_cast<std::uint64_t>(options.clients))));
        world.run(std::chrono::milliseconds{random.between(1, 300)});
        const auto node = static_cast<int>(random.below(static_cast<std::uint64_t>(options.nodes)));
        if (random.per_million(60'000)) world.kill_node(node);
        if (random.per_million(300'000)) world.start_node(node);
        if (random.per_million(60'000)) world.store_down();
        if (random.per_million(200'000)) world.store_up();
        if (random.per_million(60'000)) world.cut_feeds();
    }
    world.store_up();
    world.calm();
    for (int i = 0; i < options.nodes; ++i) world.start_node(i);
    world.run(150s);
    world.expect_all_is_well();
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::string id{all[i].id()};
        const bool is_old = i * 16 + 15 > 30 * 24;
        const auto there = base::parse_json(world.by_hand("GET", "/chat/" + base::percent_encode(id)).body);
        ASSERT_TRUE(there) << id;
        EXPECT_EQ(base::text_member(*there, "msg"), is_old ? "" : all[i].text());
        EXPECT_EQ(base::text_member(*there, "removed_by"), is_old ? "retention" : "");
        EXPECT_EQ(base::text_member(*there, "_rev").substr(0, 2), is_old ? "2-" : "1-");
        for (int n = 0; n < options.nodes; ++n) {
            const auto has = world.has(n, id);
            ASSERT_TRUE(has) << "node " << n;
            EXPECT_EQ(has->is_removed(), is_old) << "node " << n << " " << i;
            EXPECT_EQ(has->removed(), base::text_member(*there, "removed")) << "node " << n;
            EXPECT_EQ(has->text(), is_old ? "" : all[i].text());
        }
    }
}

TEST(Cluster, AllNodesRemoveWhatIsTooOldAndComeToTheSame) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) age_through(seed, {});
}

TEST(Cluster, AllNodesRemoveWhatIsTooOldThroughLostRepliesToo) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
        age_through(seed, {.nodes = 2, .lost_replies = 50'000, .failures = 20'000});
}

// ---- two stores that replicate

struct TwoStores : testing::Test {
    base::json::value document(int store, const std::string& id) {
        const auto answer = world.ask_store(
            "GET", '/' + world.database_of(store) + '/' + base::percent_encode(id) + "?conflicts=true");
        return base::parse_json(answer.body).value_or(base::json::object{});
    }
    /// Somebody edits, or deletes, what this store has.
    void by_hand(int store, const std::string& id, std::string_view text) {
        auto found = document(store, id);
        ASSERT_TRUE(found.is_object() && found.get_object().contains("_rev")) << base::write_json(found);
        found.get_object()["msg"] = text;
        if (text.empty()) found.get_object()["_deleted"] = true;
        const auto answer = world.ask_store(
            "PUT", '/' + world.database_of(store) + '/' + base::percent_encode(id), base::write_json(found));
        EXPECT_EQ(answer.status / 100, 2) << answer.body;
    }
    void replicate() {
        for (const auto& [from, to] : {std::pair{0, 1}, std::pair{1, 0}}) {
            const auto answer = world.ask_store("POST", "/_replicate",
                                                fmt::format(R"({{"source":"{}","target":"{}"}})",
                                                            world.database_of(from), world.database_of(to)));
            EXPECT_EQ(answer.status, 200) << answer.body;
            world.run(500ms);
        }
    }

    Cluster world{7, {.nodes = 4, .clients = 4, .databases = 2}};
};

TEST_F(TwoStores, ThatWereChangedWhileTheyWereApartComeToOneTextWithoutConflict) {
    world.run(1s);
    for (int i = 0; i < 24; ++i) {
        world.post(i % 2 *
                   2);  // clients of the first store's nodes, which may change it while they are apart
        world.run(50ms);
    }
    world.run(2s);
    replicate();
    world.run(1s);
    const auto ids = world.accepted();
    ASSERT_EQ(ids.size(), 24u);
    int i = 0;
    for (const auto& id : ids) {
        ASSERT_TRUE(world.has(1, id)) << "replication has not brought it";
        switch (i++ % 6) {
            case 0:  // both by hand, of one revision
                by_hand(0, id, "here");
                by_hand(1, id, "there");
                break;
            case 1:  // one of them twice
                by_hand(0, id, "here");
                by_hand(1, id, "there");
                by_hand(1, id, "there again");
                break;
            case 2:  // by its author, and by hand
                world.change(0, id, "by the author");
                by_hand(1, id, "there");
                break;
            case 3:
                world.change(0, id, {});
                by_hand(1, id, "there");
                by_hand(1, id, "there again");
                break;
            case 4:
                by_hand(0, id, "here");
                by_hand(1, id, {});
                break;
            default:
                break;
        }
        world.run(100ms);
    }
    for (int round = 0; round < 4; ++round) replicate();
    world.run(3s);
    i = 0;
    for (const auto& id : ids) {
        const int kind = i++ % 6;
        SCOPED_TRACE(fmt::format("{}, kind {}", id, kind));
        const auto first = document(0, id), second = document(1, id);
        EXPECT_EQ(base::write_json(first), base::write_json(second)) << "with its revision";
        EXPECT_FALSE(base::member(first, "_conflicts")) << base::write_json(first);
        const auto known = world.has(0, id);
        ASSERT_TRUE(known);
        const auto may_be = kind == 0   ? std::set<std::string_view>{"here", "there"}
                            : kind == 1 ? std::set<std::string_view>{"there again"}
                            : kind == 2 ? std::set<std::string_view>{"by the author"}
                                        : std::set<std::string_view>{known->text()};
        EXPECT_TRUE(may_be.contains(known->text())) << known->text();
        EXPECT_EQ(known->is_removed(), kind == 3 || kind == 4);
        EXPECT_EQ(base::string_member(first, "msg").value_or(""), known->text());
        for (int node = 1; node < 4; ++node) {
            const auto other = world.has(node, id);
            ASSERT_TRUE(other);
            EXPECT_EQ(other->text(), known->text()) << "at node " << node;
            EXPECT_EQ(other->is_removed(), known->is_removed()) << "at node " << node;
        }
    }
}

}  // namespace

}  // namespace davenport
