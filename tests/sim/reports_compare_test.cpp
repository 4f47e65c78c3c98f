#include "node/base/json.hpp"
#include "reports/compare.hpp"
#include "reports/reports.hpp"
#include "tests/sim/reports_history.hpp"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport::reports::test {
namespace {

using testing::HasSubstr;
using Kind = Difference::Kind;

boost::json::value results_of(const MakeUp& how, const std::string& world = "virtual") {
    const auto run = make_up(how);
    sim::checker::Judge judge{run.scenario, run.plan};
    for (const auto& record : run.records) judge.add(record);
    const auto verdict = judge.finish();
    const auto summary = judge.summary();
    RunInfo info;
    info.world = world;
    info.store = "couchmock";
    info.seed = 1;
    info.event_hash = world == "virtual" ? 1 : 0;
    return *base::parse_json(results_json({info, run.scenario, verdict, summary}));
}

const Difference& find(const Comparison& comparison, const std::string& what, const std::string& phase = "") {
    for (const auto& one : comparison.differences)
        if (one.what == what && one.phase == phase) return one;
    static const Difference none{"none", "", "", "", "", Kind::changed};
    return none;
}

TEST(Compare, FindsNoDifferenceBetweenARunAndItself) {
    for (const char* world : {"virtual", "process"}) {
        const auto made = compare({results_of({}, world)}, {results_of({}, world)});
        EXPECT_EQ(made.exit_code(), 0) << comparison_text(made, false);
        EXPECT_EQ(made.exact, std::string{world} == "virtual");
        EXPECT_GT(made.differences.size(), 50u);
    }
}

TEST(Compare, RefusesRunsOfDifferentScenariosUnlessToldTo) {
    auto before = results_of({}), after = before;
    for (auto* results : {&before, &after}) {
        auto& run = results->as_object()["run"].as_object();
        run["experiment"] = results == &before ? "1111111111111111" : "2222222222222222";
        run["scenario_text"] = results == &before ? "name: x\nheal: 40s\n" : "name: x\nheal: 60s\n";
    }
    const auto refused = compare({before}, {after});
    EXPECT_EQ(refused.exit_code(), 64);
    EXPECT_THAT(refused.refused, HasSubstr("\"heal: 40s\" and \"heal: 60s\"; --anyway compares them"));
    EXPECT_EQ(compare({before}, {after}, {.other_scenario = true}).exit_code(), 0);
    after.as_object()["run"].as_object().erase("experiment");  // of an older version: nobody knows
    EXPECT_EQ(compare({before}, {after}).exit_code(), 0);
}

TEST(Compare, CatchesOneMoreRequestForEachMessageInBothWorlds) {
    for (const char* world : {"virtual", "process"}) {
        const auto made = compare({results_of({}, world)}, {results_of({.extra_requests = 1}, world)});
        EXPECT_EQ(made.exit_code(), 1);
        EXPECT_EQ(find(made, "requests a message").kind, Kind::worse);
        EXPECT_THAT(comparison_text(made, false), HasSubstr("requests a message"));
    }
}

TEST(Compare, HeadsItsPageByItsOwnOutcome) {
    const auto before = results_of({}), slower = results_of({.slower_us = 100});
    EXPECT_THAT(comparison_html(compare({before}, {slower}), before, slower), HasSubstr("\"good\":false"));
    EXPECT_THAT(comparison_html(compare({before}, {before}), before, before), HasSubstr("\"good\":true"));
}

TEST(Compare, IsExactInTheVirtualWorldAndBearsALittleInTheOther) {
    const auto exact = compare({results_of({})}, {results_of({.slower_us = 100})});
    EXPECT_EQ(exact.exit_code(), 1);
    EXPECT_EQ(find(exact, "p50(delivery)").kind, Kind::worse);
    const auto faster = compare({results_of({.slower_us = 100})}, {results_of({})});
    EXPECT_EQ(faster.exit_code(), 1)
        << "an exact baseline that no longer holds must be renewed, for the better too";
    EXPECT_EQ(compare({results_of({}, "process")}, {results_of({.slower_us = 100}, "process")}).exit_code(),
              0);
    const auto slow = compare({results_of({}, "process")}, {results_of({.slower_us = 50'000}, "process")});
    EXPECT_EQ(slow.exit_code(), 1);
    EXPECT_EQ(find(slow, "p50(delivery)", "before outage").kind, Kind::worse);
    EXPECT_EQ(
        compare({results_of({.slower_us = 50'000}, "process")}, {results_of({}, "process")}).exit_code(), 0);
}

TEST(Compare, TellsAnEffectFromChanceOverRepeats) {
    std::vector<boost::json::value> quick, slow, also_quick;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        quick.push_back(results_of({.seed = seed}, "process"));
        also_quick.push_back(results_of({.seed = seed + 10}, "process"));
        slow.push_back(results_of({.seed = seed + 20, .slower_us = 20'000}, "process"));
    }
    const auto same = compare(quick, also_quick);
    EXPECT_EQ(same.exit_code(), 0) << comparison_text(same, false);
    const auto worse = compare(quick, slow);
    EXPECT_EQ(worse.exit_code(), 1);
    EXPECT_EQ(find(worse, "p50(delivery)", "before outage").kind, Kind::worse);
    EXPECT_THAT(find(worse, "p50(delivery)", "before outage").by, HasSubstr("["));
}

TEST(Compare, CountsAFailingVerdictAndWhatNeverCameAsWorse) {
    const auto made = compare({results_of({})}, {results_of({.lose = true})});
    EXPECT_EQ(find(made, "verdict").kind, Kind::worse);
    EXPECT_EQ(find(made, "max(delivery)").kind, Kind::worse);
    EXPECT_THAT(find(made, "max(delivery)").after, HasSubstr("> "));
}

TEST(Compare, RefusesWhatCannotBeCompared) {
    const auto good = results_of({});
    auto other = good;
    other.at("run").as_object()["scenario"] = "another";
    EXPECT_THAT(compare({good}, {other}).refused, HasSubstr("not the same experiment"));
    EXPECT_EQ(compare({good}, {other}).exit_code(), 64);
    auto seed = good;
    seed.at("run").as_object()["seed"] = 2;
    EXPECT_NE(compare({good}, {seed}).refused, "");
    EXPECT_NE(compare({good}, {results_of({}, "process")}).refused, "");
    auto broken = good;
    broken.at("run").as_object()["broken"] = "a node did not start";
    EXPECT_THAT(compare({good}, {broken}).refused, HasSubstr("the second is of a run that was broken off"));
    auto version = good;
    version.as_object()["version"] = 2;
    EXPECT_THAT(compare({version}, {good}).refused, HasSubstr("version 2"));
    EXPECT_NE(compare({}, {good}).refused, "");
}

TEST(ComparisonPage, HasBothRunsInIt) {
    const auto before = results_of({}), after = results_of({.slower_us = 50'000});
    const auto html = comparison_html(compare({before}, {after}), before, after);
    EXPECT_THAT(html, HasSubstr("\"kind\":\"worse\""));
    EXPECT_THAT(html, HasSubstr("\"before\":{\"format\""));
    EXPECT_THAT(html, testing::Not(HasSubstr("{{")));
}

TEST(LoadResults, TakesAFileARunOrAFolderOfRuns) {
    const auto dir = std::filesystem::path{testing::TempDir()} / "load_results";
    std::filesystem::remove_all(dir);
    for (const char* run : {"a", "b"}) {
        std::filesystem::create_directories(dir / run);
        std::ofstream{dir / run / "results.json"} << "{}";
    }
    std::string error;
    EXPECT_EQ(load_results((dir / "a" / "results.json").string(), error).size(), 1u);
    EXPECT_EQ(load_results((dir / "a").string(), error).size(), 1u);
    EXPECT_EQ(load_results(dir.string(), error).size(), 2u);
    EXPECT_EQ(error, "");
    EXPECT_TRUE(load_results((dir / "c").string(), error).empty());
    EXPECT_THAT(error, HasSubstr("has no results.json"));
    std::ofstream{dir / "a" / "results.json"} << "{";
    EXPECT_TRUE(load_results(dir.string(), error).empty());
    EXPECT_THAT(error, HasSubstr("is no JSON"));
    std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace davenport::reports::test
