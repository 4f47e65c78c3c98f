#include "sim/scenario/reader.hpp"
#include "sim/search/ddmin.hpp"
#include "sim/search/explicit_form.hpp"
#include "sim/search/failure.hpp"
#include "sim/search/identity.hpp"
#include "sim/search/parallel.hpp"
#include "sim/search/replay_file.hpp"
#include "sim/search/scenario_text.hpp"
#include "sim/search/seed_ranges.hpp"
#include "sim/search/situation_coverage.hpp"
#include "sim/search/sweep.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

/// The search's parts, without a world: shapes, delta debugging, files.
namespace davenport::sim::search {
namespace {

constexpr std::string_view busy_scenario = R"(
name: everything at once
about: A line of each sort, to be written and read again.
seed: 7
topology: { nodes: 5, clients: 20, rooms: 3, feed: longpoll, shards: 2 }
links: { node-store: { latency: 1ms..5ms, bandwidth: 1MB/s }, client-node: { latency: 500us } }
load: { rate: 20/s, arrivals: poisson, size: 64B..300B, for: 10s }
timeline:
  - { at: 2s, fault: store.down, for: 1500ms, name: outage }
  - { at: 3s, fault: node.kill, node: n2, restart: 2s }
  - { at: 4s, fault: node.clock_skew, offset: -2s, for: 1s }
  - { when: accepted >= 20, fault: feed.rewind, rows: 5 }
  - { every: 1s..3s, any: [store.lose_reply, link.clog, client.slow, client.hop], for: 100ms..900ms, name: mess }
  - { at: 5s, fault: store.error, status: 503, probability: 12.5%, for: 2s }
  - { at: 6s, fault: link.bandwidth, bandwidth: 20KB/s, for: 1s }
  - { at: 7s, fault: client.flood, messages: 7 }
  - { at: 7s, fault: node.pause }
expect: [no_loss, converged within 5s, p99(delivery) < 20s]
)";

Scenario read(std::string_view text) {
    auto reading = read_scenario(text, "test.yaml");
    EXPECT_TRUE(reading.scenario) << render(reading.problems, "test.yaml", text);
    return reading.scenario.value_or(Scenario{});
}

std::string as_text(const Plan& plan) {
    const Replay replay{Scenario{}, plan, 0, ""};
    return write_replay(replay);
}

// ---------------------------------------------------------------- shapes

TEST(SeedRanges, JoinWhatTouches) {
    SeedRanges seeds;
    seeds.add(5);
    seeds.add(1, 3);
    EXPECT_EQ(seeds.text(), "1..3, 5");
    seeds.add(4);
    EXPECT_EQ(seeds.text(), "1..5");
    seeds.add(10, 20);
    seeds.add(3, 12);
    EXPECT_EQ(seeds.text(), "1..20");
    EXPECT_EQ(seeds.count(), 20u);
}

TEST(SeedRanges, TellWhatIsCommonAndWhatIsMissing) {
    SeedRanges all, some;
    all.add(1, 100);
    some.add(1, 40);
    some.add(50);
    some.add(90, 120);
    EXPECT_EQ(all.without(some).text(), "41..49, 51..89");
    EXPECT_EQ(some.without(all).text(), "101..120");
    EXPECT_EQ(all.common_with(some).text(), "1..40, 50, 90..100");
    EXPECT_TRUE(all.without(all).empty());
    EXPECT_EQ(all.without({}).text(), "1..100");
    EXPECT_EQ(some.text(2), "1..40, 50 and 1 ranges more");
}

TEST(SweepResult, IsAddedOnceAndToItsLikeOnly) {
    SweepResult one;
    one.scenario = "a";
    one.build = "1";
    one.done["seeds"].add(1, 50);
    auto other = one;
    EXPECT_EQ(one.conflict_with(other), "seeds 1..50 were counted already");
    other.done["seeds"] = {};
    other.done["seeds"].add(40, 60);
    EXPECT_EQ(one.conflict_with(other), "seeds 40..50 were counted already");
    other.done["seeds"] = {};
    other.done["seeds"].add(51, 60);
    EXPECT_EQ(one.conflict_with(other), "");
    other.build = "2";
    EXPECT_EQ(one.conflict_with(other), "it is of version 2, the others of 1");
    other.scenario = "b";
    EXPECT_NE(one.conflict_with(other).find("another scenario"), std::string::npos);
}

TEST(SweepResult, TellsWhatItLacksAndAllThatFailed) {
    SweepResult result;
    result.scenario = "a";
    result.asked["seeds"].add(1, 100);
    result.done["seeds"].add(1, 30);
    result.failed_seeds["seeds"].add(7);
    result.failed_seeds["seeds"].add(9);
    EXPECT_EQ(result.missing().at("seeds").text(), "31..100");
    const auto read = SweepResult::from_json(*base::parse_json(base::write_json(result.to_json())));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->scenario, "a");
    EXPECT_EQ(read->missing().at("seeds").text(), "31..100");
    EXPECT_EQ(read->failed_seeds.at("seeds").text(), "7, 9");
}

TEST(Identity, IsOfWhatIsPlayedNotOfHowItIsWritten) {
    const auto id = [](const char* text) { return experiment_id(*read_scenario(text, "f").scenario); };
    const auto whole = [](const char* text) { return scenario_id(*read_scenario(text, "f").scenario); };
    const auto* plain = "name: x\nload: { rate: 5/s }\n";
    EXPECT_EQ(id(plain),
              id("# a comment\nabout: y\nname: z\nseed: 4\nload:\n  rate: 5/s\nexpect: [ no_loss ]\n"));
    EXPECT_NE(whole(plain), whole("name: x\nload: { rate: 5/s }\nexpect: [ no_loss ]\n"));
    for (const char* other : {"name: x\nload: { rate: 6/s }\n", "name: x\nload: { rate: 5/s }\nheal: 3s\n",
                              "name: x\nload: { rate: 5/s }\nlinks: { node-store: { latency: 40ms } }\n",
                              "name: x\nload: { rate: 5/s }\nlinks: { node-store: { latency: 60ms } }\n",
                              "name: x\nload: { rate: 5/s }\ntopology: { feed: [continuous, poll] }\n",
                              "name: x\nload: { rate: 5/s }\ntimeline: [ { at: 2s, fault: feed.cut } ]\n"})
        EXPECT_NE(id(plain), id(other)) << other;
}

TEST(FailureShape, ForgetsWhoWhenAndHowMany) {
    const auto one =
        shape_of("c3-17 (c3 to r1 by n1, sent 12.301 s; during outage): shown to 3 of 4, never to c7 (n2)");
    const auto other = shape_of(
        "c1-2 (c1 to r2 by n3, sent 1.2 s): shown to 1 of 12, never to c1 (n1), c2 (n2), c9 (n3) and 4 more");
    EXPECT_EQ(one, other);
    EXPECT_EQ(one, "_: shown to _ of _ never to _");
}

TEST(FailureShape, KeepsWhatIsWrong) {
    EXPECT_NE(shape_of("c3-17 (x): not in the store at the end"),
              shape_of("c3-17 (x): shown to 3 of 4, never to c7"));
    EXPECT_NE(shape_of("c3-17 shown again to c1 by n1 at 3 s, on the connection that had it"),
              shape_of("c3-17 shown twice to c1, again by n1 at 3 s"));
}

TEST(FailureShape, ForgetsUnitsAndTheNamesOfPhases) {
    EXPECT_EQ(shape_of("n1 made 50 requests that were refused during outage (5 s); 40 are borne"),
              shape_of("n2 made 7 requests that were refused during store.down-2 (800 ms); 6 are borne"));
    EXPECT_EQ(shape_of("c1-1: not everywhere until 812 us after healing"),
              shape_of("c2-9: not everywhere until 4.21 s after healing"));
}

TEST(FailureShape, AVerdictGivesEachOnce) {
    checker::Verdict verdict;
    checker::Finding loss;
    loss.property = "no_loss";
    loss.outcome = checker::Outcome::fail;
    loss.evidence = {"c1-1: not in the store at the end", "c2-1: not in the store at the end",
                     "... and 9 more"};
    checker::Finding fine = loss;
    fine.outcome = checker::Outcome::pass;
    verdict.findings = {fine, loss};
    const auto failures = failures_of(verdict);
    ASSERT_EQ(failures.size(), 1u);
    EXPECT_EQ(failures[0], (Failure{"no_loss", "_: not in the store at the end"}));
}

// ---------------------------------------------------------------- parallel_for

TEST(Crew, FindsTheLowestWhateverTheNumberOfThreads) {
    for (const unsigned threads : {1u, 2u, 7u}) {
        const auto found = first_that(
            1000, threads, [](std::size_t i) { return i % 97 == 96 || i == 500; }, [] { return false; });
        EXPECT_EQ(found, 96u);
    }
    EXPECT_FALSE(first_that(
        50, 3, [](std::size_t) { return false; }, [] { return false; }));
    EXPECT_FALSE(first_that(
        50, 3, [](std::size_t) { return true; }, [] { return true; }));
}

// ---------------------------------------------------------------- delta debugging

/// Runs ddmin over 0..size-1 with a failure that needs all of `needed`.
std::vector<int> minimised(int size, const std::set<int>& needed, int& trials) {
    std::vector<int> all(static_cast<std::size_t>(size));
    std::iota(all.begin(), all.end(), 0);
    return ddmin(all, [&](const std::vector<std::vector<int>>& lists) -> std::optional<std::size_t> {
        for (std::size_t i = 0; i < lists.size(); ++i) {
            ++trials;
            if (std::ranges::includes(lists[i], needed)) return i;
        }
        return {};
    });
}

TEST(Ddmin, KeepsExactlyWhatIsNeeded) {
    for (const auto& needed :
         {std::set{41}, std::set{0, 199}, std::set{3, 4, 5}, std::set{10, 90, 150, 151}, std::set<int>{}}) {
        int trials = 0;
        EXPECT_EQ(minimised(200, needed, trials), std::vector<int>(needed.begin(), needed.end()));
        EXPECT_LT(trials, 500);
    }
}

TEST(Ddmin, StopsWithWhatItHasWhenItIsToldNothingAnyMore) {
    int left = 3;
    const auto result =
        ddmin(std::vector{1, 2, 3, 4, 5, 6, 7, 8}, [&](const auto&) -> std::optional<std::size_t> {
            return left-- > 0 ? std::optional<std::size_t>{0} : std::nullopt;
        });
    EXPECT_EQ(result, std::vector{1});
}

// ---------------------------------------------------------------- files

TEST(ReplayFile, ReadsBackWhatItWrote) {
    const auto scenario = read(busy_scenario);
    const Replay written{scenario, make_plan(scenario, 99), 0xfedcba9876543210ull, "0.1"};
    ASSERT_GT(written.plan.faults.size(), 8u);
    std::string error;
    const auto back = read_replay(write_replay(written), error);
    EXPECT_EQ(error, "");
    EXPECT_EQ(write_replay(back), write_replay(written));
    EXPECT_EQ(back.event_hash, written.event_hash);
    EXPECT_EQ(back.plan.sends.size(), written.plan.sends.size());
    EXPECT_EQ(back.scenario.expect[1].within, Duration{5'000'000});
}

TEST(ReplayFile, SaysWhatIsWrongWithAFile) {
    const auto scenario = read(busy_scenario);
    const auto good = write_replay({scenario, make_plan(scenario, 1), 0, "0.1"});
    const auto spoilt = [&](std::string_view from, std::string_view to) {
        auto text = good;
        const auto at = text.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        text.replace(at, from.size(), to);
        std::string error;
        read_replay(text, error);
        return error;
    };
    EXPECT_EQ(spoilt("\"heal_us\"", "\"heel_us\""),
              "'scenario.heal_us' is missing: another version of chatsim wrote this file");
    EXPECT_EQ(spoilt("\"nodes\":5", "\"nodes\":\"5\""), "'scenario.topology.nodes' is not of the right kind");
    EXPECT_EQ(spoilt("\"nodes\":5", "\"nodes\":0"),
              "'scenario.topology' is out of range: 1 to 1000 nodes, 1 to 100000 clients, 1 room at least");
    EXPECT_EQ(spoilt("\"page\"", "\"pages\""),
              "'scenario.topology.page' is missing: another version of chatsim wrote this file");
    EXPECT_EQ(spoilt("\"probability_millionths\":125000", "\"probability\":125000"),
              "'scenario.timeline' has a parameter 'probability' that store.error does not take so");
    EXPECT_EQ(spoilt("\"kind\":\"store.down\"", "\"kind\":\"store.dawn\""),
              "this chatsim does not know the fault 'store.dawn'");
    std::string error;
    read_replay("{}", error);
    EXPECT_EQ(error, "not a replay file of version 2");
}

TEST(ScenarioText, ReadsBackAsTheSameScenario) {
    const auto scenario = read(busy_scenario);
    const auto text = scenario_text(scenario, "two\nlines");
    EXPECT_TRUE(text.starts_with("# two\n# lines\nname: ")) << text;
    const auto back = read(text);
    EXPECT_EQ(scenario_text(back, ""), scenario_text(scenario, ""));
    for (const std::uint64_t seed : {1, 2, 3}) {
        auto first = make_plan(scenario, seed), second = make_plan(back, seed);
        for (auto* plan : {&first, &second})
            for (auto& fault : plan->faults) fault.location = {};
        EXPECT_EQ(as_text(first), as_text(second));
    }
}

TEST(ExplicitForm, MakesThePlanAgainWhateverTheSeedWouldDraw) {
    const auto scenario = read(busy_scenario);
    const auto plan = make_plan(scenario, 12);
    const auto spelled = read(scenario_text(explicit_form(scenario, plan), ""));
    auto again = make_plan(spelled, 12);
    ASSERT_EQ(again.faults.size(), plan.faults.size());
    for (std::size_t i = 0; i < plan.faults.size(); ++i) {
        const auto &a = plan.faults[i], &b = again.faults[i];
        EXPECT_EQ(a.kind, b.kind);
        EXPECT_EQ(a.at, b.at);
        EXPECT_EQ(a.length, b.length) << a.name;
        EXPECT_EQ(a.lasting, b.lasting) << a.name;
        EXPECT_EQ(a.node, b.node);
        EXPECT_EQ(a.client, b.client);
        EXPECT_EQ(a.when, b.when);
        auto parameters = a.parameters;
        parameters.erase("restart");
        EXPECT_EQ(parameters, b.parameters) << a.name;
    }
    again.faults = plan.faults;  // compared above; names and places in the file differ
    EXPECT_EQ(as_text(again), as_text(plan));
}

// ---------------------------------------------------------------- results

SweepResult result_of(std::initializer_list<FailingRun> runs) {
    SweepResult result;
    for (const auto& run : runs) {
        ++result.runs, ++result.failed;
        result.add(run, 3);
        result.failures[{"no_loss", "_"}] += 1;
    }
    result.marks.hit(0, 0);
    result.doubts["nothing was sent"] = 2;
    return result;
}

TEST(SweepResult, KeepsTheSmallestFailuresAndMergesInAnyOrder) {
    const auto a = result_of({{1, "", 500, 30, {}}, {2, "", 900, 10, {}}});
    const auto b = result_of({{3, "store.lose_reply 7", 100, 10, {{"no_loss", "_"}}}, {4, "", 100, 90, {}}});
    auto ab = a, ba = b;
    ab.merge(b, 3);
    ba.merge(a, 3);
    EXPECT_EQ(base::write_json(ab.to_json()), base::write_json(ba.to_json()));
    ASSERT_EQ(ab.failing.size(), 3u);
    EXPECT_EQ(ab.failing[0].seed, 3u);
    EXPECT_EQ(ab.failing[2].seed, 1u);
    EXPECT_EQ(ab.runs, 4u);
    const auto read = base::parse_json(base::write_json(ab.to_json()));
    ASSERT_TRUE(read);
    const auto back = SweepResult::from_json(*read);
    ASSERT_TRUE(back);
    EXPECT_EQ(base::write_json(back->to_json()), base::write_json(ab.to_json()));
}

TEST(SituationCoverage, TellWhatWasNeverReached) {
    const auto scenario = read(R"(
name: two faults
topology: { nodes: 2, clients: 4 }
timeline:
  - { at: 2s, fault: feed.rewind }
  - { at: 3s, fault: node.pause, for: 1s }
)");
    SituationCoverage marks;
    SituationWatcher watcher{marks};
    const auto record = [&](RecordKind kind, std::int64_t at, std::string text, std::string node = "") {
        Record r{.kind = kind};
        r.at_us = at;
        r.name = r.text = std::move(text);
        r.node = std::move(node);
        r.msg = "c1-1";
        watcher.add(r);
    };
    const auto before = marks.summary(scenario);
    EXPECT_EQ(before.reached, 0u);
    record(RecordKind::send, 1, "");
    record(RecordKind::accepted, 2, "");
    record(RecordKind::fault_on, 3, "node.pause", "n1");
    record(RecordKind::node, 3, "paused", "n1");
    record(RecordKind::fault_on, 4, "feed.rewind");
    const auto after = marks.summary(scenario);
    EXPECT_EQ(after.possible, before.possible);
    EXPECT_EQ(after.reached,
              4u);  // pause: a message waits; rewind: a message waits, a paused node, a fault of a node
    const auto has = [&](std::string_view line) {
        return std::ranges::find(after.never, line) != after.never.end();
    };
    EXPECT_TRUE(has("never: a post is refused"));
    EXPECT_TRUE(std::ranges::any_of(after.never, [](const std::string& line) {
        return line.starts_with("feed.rewind never met") && line.find("a paused node") == std::string::npos;
    }));
}

}  // namespace
}  // namespace davenport::sim::search
