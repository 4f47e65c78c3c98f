#include "sim/scenario/draw_choices.hpp"
#include "sim/scenario/reader.hpp"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport {

namespace {

using testing::HasSubstr;

constexpr std::string_view text = R"(name: settings
topology: { nodes: 3, feed: [longpoll, poll], page: [1, 7, 2000], batch: 3 }
)";

sim::Scenario read(std::string_view from) {
    auto reading = sim::read_scenario(from, "f.yaml");
    EXPECT_TRUE(reading.scenario) << sim::render(reading.problems, "f.yaml", from);
    return reading.scenario.value_or(sim::Scenario{});
}

std::string errors_of(std::string_view from) {
    return sim::render(sim::read_scenario(from, "f.yaml").problems, "f.yaml", from);
}

TEST(ScenarioChoices, AreDrawnByTheSeedAndAlwaysTheSame) {
    const auto scenario = read(text);
    EXPECT_EQ(scenario.topology.feed, "longpoll") << "the first, until a seed has decided";
    std::set<std::pair<std::string, int>> seen;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const auto decided = draw_choices(scenario, seed);
        EXPECT_TRUE(decided.choices.empty());
        EXPECT_EQ(decided.topology.nodes, 3);
        EXPECT_EQ(decided.topology.batch, 3);
        EXPECT_EQ(decided.topology.page, draw_choices(scenario, seed).topology.page);
        seen.emplace(decided.topology.feed, decided.topology.page);
    }
    EXPECT_EQ(seen.size(), 6u) << "each with each";
}

TEST(ScenarioChoices, OfOneKeyDoNotMoveThoseOfAnother) {
    const auto alone = read("name: x\ntopology: { page: [1, 7, 2000] }\n");
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        EXPECT_EQ(draw_choices(alone, seed).topology.page, draw_choices(read(text), seed).topology.page);
}

TEST(ScenarioChoices, AreTheOnlyOnesWhenThereIsNoList) {
    const auto scenario = read("name: x\ntopology: { page: 7 }\n");
    EXPECT_TRUE(choices_of(scenario, 1).empty());
    EXPECT_EQ(draw_choices(scenario, 1).topology.page, 7);
}

TEST(ScenarioChoices, AreMadeOfTheLoadToo) {
    const auto scenario =
        read("name: x\nload: { edits: [0%, 10%], removals: [5%, 50%] }\nexpect: [changes]\n");
    EXPECT_EQ(scenario.load.edits_per_million, 0) << "the first, until a seed has decided";
    std::set<std::pair<int, int>> seen;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const auto decided = draw_choices(scenario, seed);
        seen.emplace(decided.load.edits_per_million, decided.load.removals_per_million);
    }
    EXPECT_THAT(seen, testing::ElementsAre(std::pair{0, 50'000}, std::pair{0, 500'000},
                                           std::pair{100'000, 50'000}, std::pair{100'000, 500'000}));
}

TEST(ScenarioChoices, HaveTheirMistakesToldWhereTheyAre) {
    EXPECT_THAT(
        errors_of("name: x\ntopology: { feed: [poll, pol], page: [0, 7] }\n"),
        testing::AllOf(HasSubstr("f.yaml:2:26: error: unknown feed 'pol'"), HasSubstr("did you mean 'poll'?"),
                       HasSubstr("f.yaml:2:39: error: page must be at least 1")));
    EXPECT_THAT(errors_of("name: x\ntopology: { feed: [] }\n"),
                HasSubstr("f.yaml:2:19: error: feed is an empty list"));
    EXPECT_THAT(errors_of("name: x\ntopology: { nodes: [2, 3] }\n"),
                HasSubstr("f.yaml:2:20: error: nodes must be a count"));
    EXPECT_THAT(errors_of("name: x\ntopology: { page: [[1], 2] }\n"),
                HasSubstr("f.yaml:2:20: error: page must be a count"));
}

}  // namespace

}  // namespace davenport
