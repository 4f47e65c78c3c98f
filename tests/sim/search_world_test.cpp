#include "sim/checker/watch.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/search/replay_file.hpp"
#include "sim/search/shrink.hpp"
#include "sim/search/sweep.hpp"
#include "sim/search/trial.hpp"
#include "sim/world.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// The search over the virtual world. What fails here are thresholds that no node can keep: the node's own
/// bugs are for the mutants.
namespace davenport::sim::search {
namespace {

/// Deliveries are late when the store is gone for long enough, which the seed decides.
constexpr std::string_view outages = R"(
name: outages
topology: { nodes: 3, clients: 6, rooms: 2 }
load: { rate: 10/s, arrivals: poisson, for: 4s }
timeline:
  - { every: 1s..3s, any: [store.down, store.slow], for: 100ms..1500ms, name: gone, swarm: true }
  - { every: 500ms..2s, any: [feed.rewind, feed.repeat, client.hop, client.retry, client.reconnect], for: 200ms, name: mess }
  - { every: 1s..2s, fault: node.pause, for: 10ms..50ms, name: pause }
expect: [no_loss, max(delivery) < 1s]
heal: 20s
)";

Scenario read(std::string_view text) {
    auto reading = read_scenario(text, "test.yaml");
    EXPECT_TRUE(reading.scenario) << render(reading.problems, "test.yaml", text);
    return reading.scenario.value_or(Scenario{});
}

/// The verdict of a run with these lines in its timeline.
checker::Verdict run_with(const std::string& timeline) {
    const auto scenario =
        read("name: x\nload: { rate: 20/s, for: 6s }\ntimeline:\n" + timeline + "heal: 20s\n");
    return try_plan(scenario, make_plan(scenario, 1)).verdict;
}

TEST(Faults, OfEveryKindAreUnknownWhenTheyTouchNothing) {
    std::size_t kinds = 0;
    for (const auto& kind : language::fault_kinds()) {
        using language::Hits;
        const std::string name{kind.name};
        if (kind.hits == Hits::store || kind.hits == Hits::joiner) continue;
        if (name == "client.hop" || name == "client.flood") continue;  // who is away does that too
        if (name == "node.restore") continue;  // the journal of a node that is dead is put back as well
        ++kinds;
        std::string it = "  - { at: 3s, name: it, fault: " + name;
        if (kind.span == language::Span::lasting) it += ", for: 1s";
        if (kind.find("offset")) it += ", offset: 100ms";
        if (kind.find("per_second")) it += ", per_second: 10ms";
        if (kind.find("idle")) it += ", idle: 5ms";
        if (kind.hits == Hits::link && kind.find("link")) it += ", link: client-node";
        it += kind.hits == Hits::client ? ", client: c1" : ", node: n1";
        const std::string gone =
            kind.hits == Hits::client
                ? "  - { at: 2s, name: gone, fault: client.vanish, client: c1, for: 3s }\n"
                : "  - { at: 2s, name: gone, fault: node.kill, node: n1, for: 3s }\n";
        const auto met = run_with(it + " }\n");
        EXPECT_EQ(met.outcome, checker::Outcome::pass) << name << ' ' << met.findings.front().evidence.size();
        const auto missed = run_with(gone + it + " }\n");
        EXPECT_EQ(missed.outcome, checker::Outcome::unknown) << name;
        ASSERT_FALSE(missed.findings.front().evidence.empty()) << name;
        EXPECT_THAT(missed.findings.front().evidence.front(), testing::HasSubstr("touched nothing: "))
            << name;
        EXPECT_EQ(run_with(gone + it + ", may_miss: true }\n").outcome, checker::Outcome::pass) << name;
    }
    EXPECT_GE(kinds, 15u);
}

TEST(Clients, DoNotStarveWhatTheyHaveToRepeat) {
    // One client says four messages a second; what is refused meanwhile is repeated when its node said so.
    for (const char* fault : {"node.disk_full, for: 1s", "node.clock_skew, offset: -61s, for: 600ms"}) {
        const auto scenario =
            read(std::string{"name: x\ntopology: { nodes: 1, clients: 1 }\nload: { rate: 4/s, for: 30s }\n"
                             "timeline:\n  - { at: 5s, node: n1, fault: "} +
                 fault + " }\nexpect: [ max(local_ack) < 6s ]\n");
        const auto verdict = try_plan(scenario, make_plan(scenario, 1)).verdict;
        EXPECT_EQ(verdict.findings.back().outcome, checker::Outcome::pass)
            << fault << ": " << verdict.findings.back().measured;
    }
}

SweepResult sweep(const Scenario& scenario, std::uint64_t first, std::uint64_t last, unsigned threads,
                  bool stop = false) {
    SweepOptions options;
    options.first = first;
    options.last = last;
    options.threads = threads;
    options.stop_at_first = stop;
    options.keep = 1000;
    return sweep_seeds(scenario, options);
}

std::string as_text(const SweepResult& result) { return base::write_json(result.to_json()); }

TEST(Sweep, GivesTheSameResultOnAnyNumberOfThreadsAndInParts) {
    const auto scenario = read(outages);
    const auto whole = sweep(scenario, 1, 24, 1);
    EXPECT_EQ(whole.runs, 24u);
    EXPECT_GT(whole.failed, 2u);
    EXPECT_GT(whole.passed + whole.unknown, 2u);
    EXPECT_EQ(as_text(sweep(scenario, 1, 24, 4)), as_text(whole));
    auto parts = sweep(scenario, 10, 24, 2);
    parts.merge(sweep(scenario, 1, 9, 2), 1000);
    EXPECT_EQ(as_text(parts), as_text(whole));
}

TEST(Sweep, StopsAtTheLowestSeedThatFails) {
    const auto scenario = read(outages);
    const auto all = sweep(scenario, 1, 24, 2);
    std::uint64_t lowest = 1000;
    for (const auto& run : all.failing) lowest = std::min(lowest, run.seed);
    for (const unsigned threads : {1u, 2u, 5u}) {
        const auto result = sweep(scenario, 1, 24, threads, true);
        ASSERT_EQ(result.failing.size(), 1u);
        EXPECT_EQ(result.failing[0].seed, lowest);
    }
}

/// The hash over every event of a run with this fault.
std::uint64_t hash_with(const std::string& fault) {
    const auto scenario = read(
        "name: fine\ntopology: { nodes: 2, clients: 3, rooms: 1 }\nload: { rate: 20/s, for: 3s }\n"
        "timeline:\n  - { at: 1s, for: 2s, " +
        fault + " }\n");
    class Nowhere final : public HistorySink {
    public:
        void add(const Record&) override {}
    } history;
    return run_virtual(scenario, make_plan(scenario, 1), history, {}).event_hash;
}

TEST(VirtualWorld, TellsTimesBelowAMillisecondApart) {
    for (const std::string fault :
         {"store.slow", "store.drip", "feed.late", "link.latency", "link.latency, link: client-node"}) {
        EXPECT_EQ(hash_with("fault: " + fault + ", delay: 1ms"),
                  hash_with("fault: " + fault + ", delay: 1000us"));
        EXPECT_NE(hash_with("fault: " + fault + ", delay: 1ms"),
                  hash_with("fault: " + fault + ", delay: 1.9ms"))
            << fault;
    }
}

TEST(Sweep, BreaksOffWhenItIsInterrupted) {
    const std::atomic<bool> interrupted{true};
    SweepOptions options;
    options.last = 1000;
    options.interrupted = &interrupted;
    EXPECT_EQ(sweep_seeds(read(outages), options).runs, 0u);
}

TEST(Sweep, PutsASingleFaultAtEveryPlaceThereIs) {
    const auto scenario = read(R"(
name: calm
topology: { nodes: 2, clients: 3 }
load: { rate: 5/s, for: 2s }
expect: [no_loss, no_duplicates, converged]
heal: 20s
)");
    for (const auto& kind : single_fault_kinds()) {
        SweepOptions options;
        options.last = 1000;
        options.stop_at_first = false;
        const auto result = sweep_single_faults(scenario, kind, options);
        EXPECT_GT(result.runs, 10u) << kind;
        EXPECT_LT(result.runs, 1000u) << kind << ": there is no end to the places";
        EXPECT_EQ(result.failed, 0u) << kind;
    }
}

TEST(Replay, OfAFileIsTheVeryRunItWasWrittenFor) {
    const auto scenario = read(outages);
    const auto plan = make_plan(scenario, 5);
    const auto first = try_plan(scenario, plan);
    std::string error;
    const auto replay = read_replay(write_replay({scenario, plan, first.event_hash, ""}), error);
    ASSERT_EQ(error, "");
    const auto again = try_plan(replay.scenario, replay.plan);
    EXPECT_EQ(again.event_hash, replay.event_hash);
    EXPECT_EQ(again.failures, first.failures);
}

TEST(Abort, EndsTheRunAsSoonAsAnExpectationIsBroken) {
    class Memory final : public HistorySink {
    public:
        explicit Memory(checker::Watch& watch) : watch_{watch} {}
        void add(const Record& record) override {
            watch_.add(record);
            last = record;
        }
        Record last;

    private:
        checker::Watch& watch_;
    };
    const auto scenario = read(R"(
name: gone for long
topology: { nodes: 2, clients: 4 }
load: { rate: 50/s, for: 20s }
timeline: [ { at: 3s, fault: store.down, for: 15s, name: gone } ]
expect: [ p90(delivery) < 100ms abort_on_fail ]
)");
    checker::Watch watch{scenario};
    Memory history{watch};
    WorldOptions options;
    options.abort = [&] { return watch.broken().has_value(); };
    const auto result = run_virtual(scenario, make_plan(scenario, 1), history, options);
    EXPECT_EQ(result.broken, aborted_run);
    EXPECT_EQ(history.last.kind, RecordKind::end);
    EXPECT_EQ(history.last.text, aborted_run);
    EXPECT_GT(history.last.at_us, 3'000'000) << "not before there is a reason";
    EXPECT_LT(history.last.at_us, 8'000'000);
}

// ---------------------------------------------------------------- shrinking

struct Shrinking {
    Scenario scenario = read(outages);
    std::uint64_t seed = sweep(scenario, 1, 50, 2, true).failing.at(0).seed;
    Plan plan = make_plan(scenario, seed);
    Failure failure = try_plan(scenario, plan).failures.at(0);

    Shrunk run(unsigned threads, std::function<bool()> out_of_time = {}) {
        ShrinkOptions options;
        options.threads = threads;
        options.out_of_time = std::move(out_of_time);
        return shrink(scenario, plan, failure, options);
    }
};

TEST(Shrink, KeepsTheFewEventsThatMatterAndWritesThemAsAScenarioThatFailsAlike) {
    Shrinking shrinking;
    ASSERT_GT(shrinking.plan.faults.size(), 3u);
    const auto shrunk = shrinking.run(2);
    ASSERT_TRUE(shrunk.reproduced);
    EXPECT_TRUE(shrunk.in_time);
    EXPECT_EQ(shrunk.faults(), 1u);
    EXPECT_EQ(shrunk.messages(), 1u);
    EXPECT_EQ(shrunk.scenario.topology.nodes, 2);
    EXPECT_EQ(shrunk.finding.property, "max(delivery) < 1s");
    const auto text = shrunk_text(shrunk, "a test");
    const auto back = read(text);
    EXPECT_TRUE(try_plan(back, make_plan(back, back.seed)).fails_as(shrinking.failure)) << text;
    EXPECT_NE(text.find("max(delivery) < 1s fails"), std::string::npos) << text;
    EXPECT_NE(text.find("Shrunk from a test"), std::string::npos) << text;
}

TEST(Shrink, FindsTheSameOnAnyNumberOfThreads) {
    Shrinking shrinking;
    EXPECT_EQ(shrunk_text(shrinking.run(1), ""), shrunk_text(shrinking.run(3), ""));
}

TEST(Shrink, GivesWhatItHasWhenTimeIsUp) {
    Shrinking shrinking;
    int trials = 12;
    const auto shrunk = shrinking.run(1, [&] { return trials-- <= 0; });
    ASSERT_TRUE(shrunk.reproduced);
    EXPECT_FALSE(shrunk.in_time);
    EXPECT_TRUE(try_plan(shrunk.scenario, make_plan(shrunk.scenario, shrunk.scenario.seed))
                    .fails_as(shrinking.failure));
}

TEST(Shrink, SaysSoWhenTheRunDoesNotFailAsItIsSaidTo) {
    Shrinking shrinking;
    shrinking.failure = {"no_loss", "_: not in the store at the end"};
    EXPECT_FALSE(shrinking.run(2).reproduced);
}

}  // namespace
}  // namespace davenport::sim::search
