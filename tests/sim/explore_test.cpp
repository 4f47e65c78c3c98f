#include "sim/search/explore.hpp"

#include "sim/scenario/draw_choices.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/search/explicit_form.hpp"
#include "sim/search/mutation.hpp"
#include "sim/search/scenario_text.hpp"
#include "sim/search/shares.hpp"
#include "sim/search/trail.hpp"
#include "sim/search/trial.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// The search that learns: what it notes of a run, how it changes runs, and that it finds and repeats.
namespace davenport::sim::search {
namespace {

/// Deliveries are late when the store is gone while somebody speaks.
constexpr std::string_view outages = R"(
name: outages
topology: { nodes: 3, clients: 6, rooms: 2 }
load: { rate: 5/s, arrivals: poisson, for: 4s }
timeline:
  - { every: 1s..3s, any: [store.down, store.slow], for: 100ms..1500ms, name: gone, swarm: true }
  - { every: 500ms..2s, any: [feed.rewind, client.hop, client.retry, node.kill], for: 200ms, name: mess }
expect: [no_loss, max(delivery) < 1s]
heal: 20s
)";

Scenario read(const std::string& text) {
    auto reading = read_scenario(text, "test.yaml");
    EXPECT_TRUE(reading.scenario) << render(reading.problems, "test.yaml", text);
    return reading.scenario.value_or(Scenario{});
}

Scenario drawn(std::uint64_t seed) {
    const auto scenario = read(std::string{outages});
    return explicit_form(scenario, make_plan(scenario, seed));
}

// ---------------------------------------------------------------- trails

Record record(RecordKind kind, std::int64_t at_us, std::string text = {}) {
    Record made;
    made.kind = kind;
    made.at_us = at_us;
    made.text = std::move(text);
    return made;
}

std::vector<Feature> features_of(const std::vector<Record>& records) {
    Trail trail;
    for (const auto& one : records) trail.add(one);
    return trail.features();
}

TEST(Trail, TellsOrderAndNumberApart) {
    const auto down = record(RecordKind::fault_on, 1, "store.down"),
               slow = record(RecordKind::fault_on, 2, "store.slow"), healed = record(RecordKind::healed, 3);
    EXPECT_EQ(features_of({down, slow}), features_of({down, slow}));
    EXPECT_NE(features_of({down, slow}), features_of({slow, down}));
    EXPECT_NE(features_of({down, healed, down, healed}), features_of({down, healed}));
}

TEST(Trail, CountsMarksByMagnitude) {
    const auto passed = [](int times) {
        Trail trail;
        for (int i = 0; i < times; ++i) trail.met(3);
        return trail.features();
    };
    EXPECT_NE(passed(1), passed(2));
    EXPECT_NE(passed(3), passed(4));
    EXPECT_EQ(passed(9), passed(10));
}

TEST(Trail, NotesWhenSomethingHappenedForTheFirstTime) {
    Trail trail;
    trail.add(record(RecordKind::fault_on, 100, "store.down"));
    trail.add(record(RecordKind::healed, 500));
    trail.add(record(RecordKind::fault_on, 900, "store.down"));  // after healed: new
    trail.add(record(RecordKind::healed, 950));                  // known
    EXPECT_THAT(trail.turning_points_us(), ::testing::ElementsAre(100, 500, 900));
}

TEST(Trail, KnowsWhenEachMarkWasPassedFirst) {
    Trail trail;
    for (const std::int64_t at_us : {100, 100, 300, 500, 700, 900}) {
        trail.add(record(RecordKind::healed, at_us));
        trail.met(7);
    }
    EXPECT_THAT(trail.moments_us().at(7), ::testing::ElementsAre(100, 300, 500, 700));
    EXPECT_FALSE(trail.moments_us().contains(8));
}

TEST(Trail, HearsNothingOfWhatIsTriedAfterItsRun) {
    Trail trail;
    const auto run = drawn(1);
    const auto plan = make_plan(run, run.seed);
    try_plan(run, plan);
    const auto marks = trail.marks();
    ASSERT_FALSE(marks.empty());
    trail.end();
    try_plan(run, plan);
    EXPECT_EQ(trail.marks(), marks);
}

// ---------------------------------------------------------------- mutations

TEST(Mutation, IsAScenarioThatTheLanguageTakes) {
    base::Random random{1};
    auto run = drawn(1);
    std::set<std::size_t> sizes;
    std::set<std::uint64_t> seeds;
    for (std::uint64_t i = 0; i < 400; ++i) {
        run = mutate(run, drawn(2 + i % 7), {100'000, 3'000'000}, random);
        const auto text = scenario_text(run, "");
        const auto again = read(text);
        ASSERT_FALSE(::testing::Test::HasFailure()) << text;
        EXPECT_EQ(again.timeline.size(), run.timeline.size());
        const auto plan = make_plan(run, run.seed);
        EXPECT_EQ(plan.faults.size(), run.timeline.size());
        sizes.insert(run.timeline.size());
        seeds.insert(run.seed);
    }
    EXPECT_GT(sizes.size(), 5U);
    EXPECT_LE(*sizes.rbegin(), 60U);
    EXPECT_GT(seeds.size(), 5U);
}

TEST(Mutation, DrawsTimesNearTurningPoints) {
    base::Random random{1};
    const auto parent = drawn(1);
    int near = 0;
    for (int i = 0; i < 300; ++i) {
        const auto made = mutate(parent, drawn(2), {1'234'567}, random);
        near += std::ranges::any_of(made.timeline, [](const Fault& fault) {
            return fault.at && std::abs(fault.at->count() - 1'234'567) <= 2'000;
        });
    }
    EXPECT_GT(near, 30);
}

// ---------------------------------------------------------------- the search

ExploreOptions exactly(std::uint64_t runs) {
    ExploreOptions options;
    options.threads = 1;
    options.runs_max = runs;
    return options;
}

TEST(Explore, IsRepeatedExactlyByOneThread) {
    const auto scenario = read(std::string{outages});
    const auto one = explore({scenario}, exactly(80)), two = explore({scenario}, exactly(80));
    EXPECT_EQ(one.runs, 80U);
    EXPECT_EQ(one.features, two.features);
    EXPECT_EQ(one.failed, two.failed);
    ASSERT_EQ(one.corpus.size(), two.corpus.size());
    for (std::size_t i = 0; i < one.corpus.size(); ++i)
        EXPECT_EQ(write_replay(one.corpus[i].run), write_replay(two.corpus[i].run));
}

TEST(Explore, FindsWhatReplaysToTheBit) {
    const auto scenario = read(std::string{outages});
    auto options = exactly(200);
    options.stop_at_first = true;
    const auto result = explore({scenario}, options);
    ASSERT_EQ(result.found.size(), 1U);
    const auto& found = result.found.begin()->second;
    EXPECT_EQ(found.runs_before, result.runs);
    std::string error;
    const auto replay = read_replay(write_replay(found.run), error);
    EXPECT_EQ(error, "");
    const auto trial = try_plan(replay.scenario, replay.plan);
    EXPECT_EQ(trial.event_hash, found.run.event_hash);
    EXPECT_EQ(trial.failures, found.failures);
}

TEST(Explore, GoesOnFromWhatWasKept) {
    std::string text{outages};
    const std::string_view bound = ", max(delivery) < 1s";
    const auto scenario = read(text.erase(text.find(bound), bound.size()));
    auto options = exactly(60);
    const auto first = explore({scenario}, options);
    ASSERT_GT(first.corpus.size(), 3U);
    options.corpus = first.corpus;
    options.runs_max = first.corpus.size();
    const auto again = explore({scenario}, options);
    ASSERT_EQ(first.failed, 0U) << "what failed is not kept";
    EXPECT_EQ(again.failed, 0U);
    EXPECT_EQ(again.features, first.features) << "the kept runs are what reached something";
}

TEST(Explore, ReachesMoreThanFreshSeedsDo) {
    const auto scenario = read(std::string{outages});
    const auto runs = 300;
    const auto learnt = explore({scenario}, exactly(runs));
    std::set<Feature> met;
    for (std::uint64_t seed = 1; seed <= runs; ++seed) {
        Trail trail;
        try_plan(scenario, make_plan(scenario, seed), &trail.situations(), &trail);
        for (const auto feature : trail.features()) met.insert(feature);
    }
    EXPECT_GT(learnt.features, met.size());
}

// ---------------------------------------------------------------- what the runs go to

TEST(Shares, GoesWhereItPaysAndGivesUpNone) {
    base::Random random{1};
    Shares shares{3};
    for (int i = 0; i < 100; ++i) {
        shares.paid(0, 40, 1'000);
        shares.paid(1, 4, 1'000);
        shares.paid(2, 40, 10'000);  // as much, for ten times the cost
    }
    std::array<int, 3> drawn_times{};
    for (int i = 0; i < 1'000; ++i) ++drawn_times[shares.draw(random)];
    EXPECT_GT(drawn_times[0], drawn_times[1] * 3);
    EXPECT_GT(drawn_times[0], drawn_times[2] * 3);
    EXPECT_GT(drawn_times[1], 30);
    EXPECT_GT(drawn_times[2], 30);
}

TEST(Explore, SharesItsRunsAmongScenarios) {
    const auto one = read(std::string{outages});
    auto other = one;
    other.name = "others";
    other.topology.nodes = 2;
    auto options = exactly(120);
    const auto result = explore({one, other}, options);
    ASSERT_EQ(result.situations.size(), 2U);
    EXPECT_GT(result.attempts.at("fresh seed of outages"), 20U);
    EXPECT_GT(result.attempts.at("fresh seed of others"), 20U);
    std::uint64_t attempts = 0;
    for (const auto& [way, runs] : result.attempts) attempts += runs;
    EXPECT_EQ(attempts, result.runs);
    for (const auto& kept : result.corpus) EXPECT_EQ(kept.run.scenario.topology.nodes, kept.of == 0 ? 3 : 2);
}

}  // namespace
}  // namespace davenport::sim::search
