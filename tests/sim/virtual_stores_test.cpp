#include "sim/scenario/reader.hpp"
#include "sim/search/trial.hpp"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Several stores that replicate, what waits for one client, and other programs' documents: each by a run.
namespace davenport::sim::search {
namespace {

using testing::HasSubstr;

class Records final : public HistorySink {
public:
    void add(const Record& record) override { all.push_back(record); }
    std::vector<Record> all;

    [[nodiscard]] std::int64_t touched(std::string_view fault) const {
        for (const auto& record : all)
            if (record.kind == RecordKind::fault_off && record.name == fault) return record.count;
        return -1;
    }
    /// Log lines that say this.
    [[nodiscard]] std::int64_t logged(std::string_view words) const {
        return std::ranges::count_if(all, [&](const Record& record) {
            return record.kind == RecordKind::log && record.text.find(words) != std::string::npos;
        });
    }
    [[nodiscard]] std::int64_t most(RecordKind kind, std::string_view client) const {
        std::int64_t most = -1;
        for (const auto& record : all)
            if (record.kind == kind && record.client == client) most = std::max(most, record.count);
        return most;
    }
};

Scenario scenario_of(const std::string& text) {
    auto reading = read_scenario(text, "test.yaml");
    EXPECT_TRUE(reading.scenario) << render(reading.problems, "test.yaml", text);
    return reading.scenario.value_or(Scenario{});
}

/// Plays a run and returns what does not hold, one to a line.
std::string broken_by(const Scenario& scenario, std::uint64_t seed, Records& seen) {
    const auto trial = try_plan(scenario, make_plan(scenario, seed), nullptr, &seen);
    std::string out;
    for (const auto& found : trial.verdict.findings)
        if (found.outcome != checker::Outcome::pass)
            out += found.property + ": " + found.measured + ' ' +
                   (found.evidence.empty() ? "" : found.evidence.front()) + '\n';
    return out;
}

std::string with_stores(const std::string& timeline, const std::string& topology = "stores: 2",
                        const std::string& length = "7s") {
    return "name: x\ntopology: { nodes: 2, clients: 4, " + topology +
           " }\nload: { rate: 20/s, for: " + length + " }\ntimeline:\n" + timeline +
           "expect: [ no_loss, no_duplicates, no_phantoms, canonical_order, converged, outbox_drained ]\n"
           "heal: 40s\n";
}

TEST(Stores, TakeOverFromOneThatIsGone) {
    Records seen;
    const auto scenario =
        scenario_of(with_stores("  - { at: 3s, fault: store.down, store: s1, for: 3s, name: it }\n"));
    EXPECT_EQ(broken_by(scenario, 1, seen), "");
    EXPECT_GT(seen.touched("it"), 0);
    // It is told as the victim, and messages are stored while it is away.
    const auto on = std::ranges::find(seen.all, RecordKind::fault_on, &Record::kind);
    ASSERT_NE(on, seen.all.end());
    EXPECT_EQ(on->node, "s1");
    EXPECT_GT(std::ranges::count_if(seen.all,
                                    [](const Record& record) {
                                        return record.kind == RecordKind::stored &&
                                               record.at_us > 4'500'000 && record.at_us < 6'000'000;
                                    }),
              10);
}

TEST(Stores, ThatNobodyUsesMissNothing) {
    Records seen;
    const auto scenario =
        scenario_of(with_stores("  - { at: 3s, fault: store.down, store: s2, for: 2s, may_miss: true }\n"));
    EXPECT_EQ(broken_by(scenario, 1, seen), "");
    EXPECT_EQ(seen.logged("does not answer"), 0);
}

TEST(Stores, BringTogetherNodesThatUseDifferentOnes) {
    Records seen;
    // A way that is silent is given up after 7 s, and the next store is taken some 11 s later.
    const auto scenario = scenario_of(
        with_stores("  - { at: 3s, fault: link.partition, node: n1, store: s1, for: 25s, name: it }\n",
                    "stores: 2", "30s"));
    EXPECT_EQ(broken_by(scenario, 1, seen), "");
    EXPECT_GT(seen.touched("it"), 0);
    // What was said at n1 came to n2 by the replication, before the way to s1 was there again.
    EXPECT_GT(std::ranges::count_if(seen.all,
                                    [](const Record& record) {
                                        return record.kind == RecordKind::shown && record.client == "c2" &&
                                               record.msg.starts_with("c1-") && record.at_us > 4'500'000 &&
                                               record.at_us < 27'900'000;
                                    }),
              50);
}

TEST(Stores, GetWhatTheyMissedOnceTheyReplicateAgain) {
    Records seen;
    const auto scenario =
        scenario_of(with_stores("  - { at: 2s, fault: replication.stop, for: 4s, name: apart }\n"
                                "  - { at: 3s, fault: store.down, store: s1, for: 1s, name: it }\n"));
    EXPECT_EQ(broken_by(scenario, 1, seen), "");
    EXPECT_GT(seen.touched("apart"), 5);
}

TEST(Stores, DrawTheirVictimWhereNoneIsNamed) {
    std::set<std::string> hit;
    const auto scenario = scenario_of(
        with_stores("  - { at: 3s, fault: store.down, for: 1s, may_miss: true }\n", "stores: [2, 3]"));
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const auto plan = make_plan(scenario, seed);
        ASSERT_EQ(plan.faults.size(), 1u);
        hit.insert(plan.faults[0].store);
    }
    EXPECT_EQ(hit, (std::set<std::string>{"s1", "s2"}));
    const auto one = scenario_of(with_stores("  - { at: 3s, fault: store.down, for: 1s }\n", "rooms: 1"));
    EXPECT_EQ(make_plan(one, 1).faults.at(0).store, "");
}

constexpr auto slow_reader =
    "name: x\ntopology: { nodes: 2, clients: 4, send_queue: 100KB }\n"
    "load: { rate: 40/s, size: 2KB, for: 8s }\n"
    "timeline:\n  - { at: 2s, fault: client.slow, client: c3, for: 6s, name: it }\nexpect:\n";

TEST(Queues, AreMeasuredOfEachClientAndOfAll) {
    Records seen;
    const auto scenario =
        scenario_of(std::string{slow_reader} +
                    "  - queued(c1) < 20 KB\n  - queued(c3) < 200 KB\n  - max(queued) < 200 KB\n"
                    "  - max(queued, n2) < 80 KB\n");
    EXPECT_EQ(broken_by(scenario, 1, seen), "");
    // What the feed brings at once waits a moment at n2. c3 is at n1, and is cut off with its queue full.
    EXPECT_GE(seen.most(RecordKind::queued, "c3"), 100'000);
    EXPECT_LT(seen.most(RecordKind::queued, "c1"), 20'000);
    EXPECT_EQ(seen.most(RecordKind::queued, ""), seen.most(RecordKind::queued, "c3"));
}

TEST(Queues, ThatAreLongerThanExpectedAreFound) {
    Records seen;
    const auto scenario =
        scenario_of(std::string{slow_reader} + "  - queued(c3) < 50 KB\n  - queued(n1) < 50 KB\n");
    const auto broken = broken_by(scenario, 1, seen);
    EXPECT_THAT(broken, HasSubstr("queued(c3) < 50 KB: 0.1 MB for one client"));
    EXPECT_THAT(broken, HasSubstr("queued(n1) < 50 KB: 0.1 MB for one client"));
}

TEST(Queues, AreNotLookedAtWhereNobodyAsks) {
    Records seen;
    broken_by(scenario_of(std::string{slow_reader} + "  - no_loss\n"), 1, seen);
    EXPECT_EQ(seen.most(RecordKind::queued, "c3"), -1);
}

TEST(ForeignDocuments, AreGotOver) {
    for (const std::string content : {"huge, size: 3MB", "undated, rows: 8", "odd, rows: 14"}) {
        SCOPED_TRACE(content);
        Records seen;
        const auto scenario = scenario_of(with_stores(
            "  - { at: 3s, fault: store.foreign, content: " + content + ", name: it }\n", "rooms: 1"));
        EXPECT_EQ(broken_by(scenario, 1, seen), "");
        EXPECT_GT(seen.touched("it"), 0);
    }
}

}  // namespace
}  // namespace davenport::sim::search
