#include "sim/scenario/reader.hpp"
#include "sim/search/trial.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// What the virtual world's faults do, seen from outside: each by a run with it.
namespace davenport::sim::search {
namespace {

using testing::HasSubstr;

class Memory final : public HistorySink {
public:
    void add(const Record& record) override { records.push_back(record); }
    std::vector<Record> records;

    [[nodiscard]] std::int64_t count(RecordKind kind, std::string_view client = {}) const {
        return std::ranges::count_if(records, [&](const Record& record) {
            return record.kind == kind && (client.empty() || record.client == client);
        });
    }
    /// The longest that anybody waited for the word, of what was due in this time.
    [[nodiscard]] std::int64_t slowest_ms(RecordKind kind, std::int64_t from_ms, std::int64_t to_ms,
                                          std::string_view client = {}) const {
        std::map<std::string, std::int64_t> due;
        std::int64_t slowest = 0;
        for (const auto& record : records) {
            if (record.kind == RecordKind::send || record.kind == RecordKind::unsent)
                due.try_emplace(record.msg, record.due_us);
            const auto found = due.find(record.msg);
            if (record.kind != kind || found == due.end()) continue;
            if (found->second < from_ms * 1000 || found->second >= to_ms * 1000) continue;
            if (!client.empty() && record.client != client) continue;
            slowest = std::max(slowest, (record.at_us - found->second) / 1000);
        }
        return slowest;
    }
    [[nodiscard]] std::int64_t touched(std::string_view fault) const {
        for (const auto& record : records)
            if (record.kind == RecordKind::fault_off && record.name == fault) return record.count;
        return -1;
    }
};

constexpr std::string_view promises =
    "expect: [ no_loss, no_duplicates, no_phantoms, canonical_order, converged, outbox_drained ]\nheal: "
    "20s\n";

Scenario scenario_with(const std::string& timeline, const std::string& more = "") {
    const auto text = "name: x\ntopology: { nodes: 2, clients: 4 }\nload: { rate: 20/s, for: 7s }\n" + more +
                      "timeline:\n" + timeline + std::string{promises};
    auto reading = read_scenario(text, "test.yaml");
    EXPECT_TRUE(reading.scenario) << render(reading.problems, "test.yaml", text);
    return reading.scenario.value_or(Scenario{});
}

/// Plays a run that keeps all its promises.
Memory run_with(const std::string& timeline, const std::string& more = "") {
    const auto scenario = scenario_with(timeline, more);
    Memory memory;
    const auto trial = try_plan(scenario, make_plan(scenario, 1), nullptr, &memory);
    EXPECT_EQ(trial.verdict.outcome, checker::Outcome::pass);
    for (const auto& found : trial.verdict.findings)
        if (found.outcome != checker::Outcome::pass)
            ADD_FAILURE() << timeline << found.property << ": " << found.measured << ' '
                          << (found.evidence.empty() ? "" : found.evidence.front());
    return memory;
}

std::uint64_t hash_with(const std::string& timeline) {
    const auto scenario = scenario_with(timeline);
    return try_plan(scenario, make_plan(scenario, 1)).event_hash;
}

TEST(VirtualDisk, ThatIsSlowMakesEveryCommitLate) {
    // A store that answers says `stored` before the disk says `accepted`.
    const auto seen = run_with(
        "  - { at: 2900ms, fault: store.down, for: 2200ms }\n"
        "  - { at: 3s, name: it, fault: node.disk_slow, delay: 80ms, for: 2s }\n");
    EXPECT_GE(seen.slowest_ms(RecordKind::accepted, 3000, 4800), 80);
    EXPECT_LT(seen.slowest_ms(RecordKind::accepted, 3000, 4800), 400);
    EXPECT_LT(seen.slowest_ms(RecordKind::accepted, 0, 2900), 20);
    EXPECT_GT(seen.touched("it"), 5);
}

TEST(VirtualDisk, ThatStallsGoesOnWhereItWas) {
    const auto seen = run_with(
        "  - { at: 2900ms, fault: store.down, for: 2200ms }\n"
        "  - { at: 3s, name: it, fault: node.disk_stall, node: n1, for: 1500ms }\n");
    EXPECT_GE(seen.slowest_ms(RecordKind::accepted, 3000, 3200), 1300);
    EXPECT_LT(seen.slowest_ms(RecordKind::accepted, 4600, 8000), 100);
    EXPECT_GT(seen.touched("it"), 0);
}

TEST(VirtualDisk, ThatStallsMayDieSo) {
    run_with(
        "  - { at: 3s, fault: node.disk_stall, node: n1, for: 2s }\n"
        "  - { at: 4s, fault: node.kill, node: n1, for: 500ms }\n");
    run_with(
        "  - { at: 3s, fault: node.disk_stall, node: n1, for: 2s }\n"
        "  - { at: 4s, fault: node.kill, tail: kept, node: n1, for: 500ms }\n");
}

TEST(VirtualDisk, ThatFillsTakesSmallCommitsForAWhile) {
    const auto first_refusal = [](const std::string& left) {
        const auto seen =
            run_with("  - { at: 3s, fault: node.disk_full, node: n1, for: 2s, left: " + left + " }\n");
        const auto found = std::ranges::find(seen.records, RecordKind::refused, &Record::kind);
        return found == seen.records.end() ? std::int64_t{-1} : found->at_us / 1000;
    };
    const auto at_once = first_refusal("0B");
    EXPECT_GE(at_once, 3000);
    EXPECT_GT(first_refusal("3KB"), at_once + 200);
    EXPECT_EQ(first_refusal("1MB"), -1);
}

TEST(VirtualDisk, KeepsOrLosesTheCommitUnderWayWhenItsNodeIsKilled) {
    // With a commit always under way the two kinds of tail cannot be the same run.
    const std::string slow = "  - { at: 2s, fault: node.disk_slow, delay: 500ms, for: 4s, node: n1 }\n";
    const auto kill = [&](const std::string& tail) {
        return slow + "  - { at: 3s, fault: node.kill, for: 500ms, node: n1, tail: " + tail + " }\n";
    };
    EXPECT_NE(hash_with(kill("lost")), hash_with(kill("kept")));
    EXPECT_EQ(hash_with(kill("lost")), hash_with(kill("torn"))) << "half a commit is none";
    for (const char* tail : {"lost", "kept", "torn"}) run_with(kill(tail));
}

TEST(VirtualClock, OfANodeOrAClientJumpsAndDrifts) {
    for (const std::string whose : {"node.clock_", "client.clock_"}) {
        const auto of = whose.starts_with("node") ? ", node: n1" : ", client: c1";
        // Who reconnects learns the node's time anew; so does who is refused for its own.
        const std::string again = "  - { every: 700ms, fault: client.reconnect, client: c1, name: again }\n";
        for (const std::string how : {"skew, offset: 25s", "skew, offset: -25s", "drift, per_second: 400ms",
                                      "drift, per_second: -400ms"})
            run_with("  - { at: 3s, for: 2s, fault: " + whose + how + of + " }\n" + again);
        const auto with = [&](const std::string& offset) {
            return hash_with("  - { at: 3s, for: 2s, fault: " + whose + "skew, offset: " + offset + of +
                             " }\n" + again);
        };
        if (whose == "client.clock_") continue;  // a page tells the node's time, whatever its own clock says
        EXPECT_NE(with("-0.1ms"), with("-0.9ms"));
        EXPECT_NE(with("100ms"), with("-100ms"));
    }
}

TEST(VirtualLink, WithLossIsLateAndKeepsOrder) {
    const auto seen = run_with(
        "  - { at: 3s, name: it, for: 3s, fault: link.loss, probability: 20%, link: client-node }\n");
    EXPECT_GE(seen.slowest_ms(RecordKind::shown, 3000, 6000), 200);
    EXPECT_EQ(seen.count(RecordKind::disconnected), 0);
    EXPECT_GT(seen.touched("it"), 0);
    run_with("  - { at: 3s, for: 3s, fault: link.loss, probability: 20% }\n");
}

TEST(VirtualLink, ThatIsHalfOpenIsNoticedByTheClient) {
    const auto seen =
        run_with("  - { at: 3s, name: it, fault: link.half_open, link: client-node, node: n1 }\n");
    EXPECT_EQ(seen.touched("it"), 2);
    for (const auto& record : seen.records)
        if (record.kind == RecordKind::disconnected) {
            EXPECT_EQ(record.text, "silent");
            EXPECT_LT(record.at_us, 3'000'000 + 4'600'000) << "3 s of silence and 1.5 s of patience";
        }
    EXPECT_EQ(seen.count(RecordKind::disconnected), 2);
}

TEST(VirtualLink, ThatCutsTheIdleLeavesTheBusy) {
    const std::string quiet = "load: { rate: 1/s, for: 7s }\n";
    for (const std::string silent : {"false", "true"}) {
        const auto scenario = scenario_with(
            "  - { at: 3s, name: it, for: 3s, fault: link.idle_cut, idle: 300ms, silent: " + silent +
            ", link: client-node }\n");
        Memory memory;
        const auto trial = try_plan(scenario, make_plan(scenario, 1), nullptr, &memory);
        EXPECT_EQ(trial.verdict.outcome, checker::Outcome::unknown)
            << "nobody is idle at 20 messages a second";
        EXPECT_EQ(memory.touched("it"), 0);
    }
    const auto cut = [](const std::string& more) {
        auto scenario = scenario_with("  - { at: 3s, name: it, for: 3s, fault: link.idle_cut, idle: 300ms" +
                                      more + " }\n");
        scenario.load.per_1000_seconds = 1'000;
        Memory memory;
        const auto trial = try_plan(scenario, make_plan(scenario, 1), nullptr, &memory);
        EXPECT_EQ(trial.verdict.outcome, checker::Outcome::pass) << more;
        return memory;
    };
    EXPECT_GT(cut(", link: client-node").count(RecordKind::disconnected), 4);
    EXPECT_GT(cut(", link: client-node, silent: true").count(RecordKind::disconnected), 0);
    EXPECT_GT(cut("").touched("it"), 0);
    EXPECT_GT(cut(", silent: true").touched("it"), 0);
    const auto one = cut(", client: c1");
    EXPECT_GT(one.count(RecordKind::disconnected, "c1"), 0);
    EXPECT_EQ(one.count(RecordKind::disconnected), one.count(RecordKind::disconnected, "c1"));
}

TEST(VirtualLink, ThroughAProxyThatBuffersBringsNewsInBlocks) {
    const auto seen = run_with("  - { at: 3s, name: it, for: 3s, fault: link.buffered, size: 4KB }\n");
    EXPECT_GT(seen.slowest_ms(RecordKind::shown, 3000, 5000), 200) << "news of the other node";
    EXPECT_LT(seen.slowest_ms(RecordKind::accepted, 3000, 5000), 50);
    EXPECT_GT(seen.touched("it"), 10);
}

TEST(VirtualLink, OfOneClientIsNobodyElses) {
    const auto late = [](const std::string& fault) {
        const auto seen = run_with("  - { at: 3s, name: it, for: 2s, client: c1, fault: " + fault + " }\n");
        EXPECT_GT(seen.touched("it"), 0) << fault;
        for (const char* other : {"c2", "c3", "c4"}) {
            if (fault.starts_with("link.loss")) continue;  // what c1 says itself may come much later
            EXPECT_LT(seen.slowest_ms(RecordKind::shown, 5100, 8000, other), 50) << fault << ' ' << other;
        }
        return seen.slowest_ms(RecordKind::shown, 3000, 5000, "c1");
    };
    EXPECT_GE(late("link.clog"), 1500);
    EXPECT_GE(late("link.partition, direction: down"), 1500);
    EXPECT_GE(late("link.latency, delay: 150ms"), 150);
    EXPECT_GE(late("link.bandwidth, bandwidth: 1KB/s"), 150);
    EXPECT_GE(late("link.loss, probability: 50%"), 200);
    const auto reset = run_with("  - { at: 3s, client: c1, fault: link.reset }\n");
    EXPECT_EQ(reset.count(RecordKind::disconnected), 1);
    const auto silent = run_with("  - { at: 3s, client: c1, fault: link.half_open }\n");
    EXPECT_EQ(silent.count(RecordKind::disconnected, "c1"), 1);
    EXPECT_EQ(silent.count(RecordKind::disconnected), 1);
}

TEST(VirtualLink, OfOneClientKeepsTheOrderOfAConnectionThatEndsMeanwhile) {
    const auto seen = run_with(
        "  - { at: 3s, for: 2s, client: c1, fault: link.clog }\n"
        "  - { at: 4s, fault: node.kill, node: n1, for: 200ms }\n");
    EXPECT_GT(seen.count(RecordKind::disconnected, "c1"), 0);
}

TEST(VirtualLink, OfOneClientKeepsThatOrderToWhatIsLateAlreadyToo) {
    const auto scenario = scenario_with(
        "  - { at: 3s, for: 1500ms, link: client-node, fault: link.loss }\n"
        "  - { at: 4s, for: 400ms, client: c1, fault: link.clog }\n"
        "  - { at: 4300ms, link: client-node, fault: link.reset }\n");
    for (std::uint64_t seed = 1; seed <= 60; ++seed)  // a few of them have it
        EXPECT_EQ(try_plan(scenario, make_plan(scenario, seed)).verdict.outcome, checker::Outcome::pass)
            << "seed " << seed;
}

TEST(VirtualStore, RejectsAndLags) {
    for (const std::string fault :
         {"store.stale, delay: 800ms", "store.reject, error: unauthorized, probability: 20%"})
        run_with("  - { at: 3s, for: 2s, may_miss: true, fault: " + fault +
                 " }\n  - { at: 4s, fault: node.kill, node: n1, for: 500ms }\n");
}

/// The nodes meet a proxy's page, answers without a body, and rows of which a byte came.
TEST(VirtualStore, SpeaksInAnothersWordsAndIsCutAnywhere) {
    for (const std::string fault :
         {"store.error, status: 502, body: '<html><h1>502 Bad Gateway</h1></html>', content_type: text/html",
          "store.error, status: 503, body: '{', content_type: application/json", "store.cut_reply, bytes: 0",
          "store.cut_reply, bytes: 1000000", "store.short_sessions", "store.corrupt_attachment"})
        run_with("  - { at: 3s, for: 2s, may_miss: true, fault: " + fault + " }\n");
    for (const std::string fault : {"feed.cut, bytes: 0", "feed.cut, bytes: 1", "feed.cut, bytes: 1000000"}) {
        const auto seen = run_with("  - { at: 3s, name: it, fault: " + fault + " }\n");
        EXPECT_GT(seen.touched("it"), 0) << fault;
    }
}

TEST(VirtualStore, ThatLocksOutIsAskedOnceAMinute) {
    auto scenario = scenario_with("  - { at: 3s, name: it, for: 2s, fault: store.locked_out }\n");
    scenario.heal = std::chrono::minutes{6};
    Memory memory;
    const auto trial = try_plan(scenario, make_plan(scenario, 1), nullptr, &memory);
    EXPECT_EQ(trial.verdict.outcome, checker::Outcome::pass);
    EXPECT_GT(trial.length_us, 60'000'000) << "a minute, and no more tries meanwhile";
    EXPECT_LT(memory.touched("it"), 20);
}

}  // namespace
}  // namespace davenport::sim::search
