#include "sim/scenario/plan.hpp"
#include "sim/scenario/reader.hpp"
#include "sim/search/scenario_text.hpp"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Loads in stages, and clients that arrive, read, sit somewhere and follow several rooms.
namespace davenport {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

sim::Scenario read(const std::string& text) {
    auto reading = sim::read_scenario("name: x\n" + text, "f");
    EXPECT_TRUE(reading.scenario) << sim::render(reading.problems, "f", "name: x\n" + text);
    return reading.scenario.value_or(sim::Scenario{});
}

std::string trouble(const std::string& text) {
    const auto reading = sim::read_scenario("name: x\n" + text, "f");
    return reading.problems.empty() ? "" : reading.problems.front().message;
}

std::ptrdiff_t sent(const sim::Plan& plan, base::Duration from, base::Duration to) {
    return std::ranges::count_if(
        plan.sends, [&](const sim::PlannedSend& send) { return send.due >= from && send.due < to; });
}

TEST(Stages, AreEachAsLongAndAsBusyAsTheySay) {
    const auto scenario = read(
        "load: { settle: 0s, stages: [ { for: 10s, rate: 10/s }, { for: 1s, rate: 500/s }, { for: 5s, rate: "
        "0/s }, { for: 4s, rate: 5/s } ] }\n");
    const auto plan = sim::make_plan(scenario, 1);
    EXPECT_EQ(plan.load_end, 20s);
    EXPECT_EQ(sent(plan, 0s, 10s), 100);
    EXPECT_EQ(sent(plan, 10s, 11s), 500);
    EXPECT_EQ(sent(plan, 11s, 16s), 0);
    EXPECT_NEAR(static_cast<double>(sent(plan, 16s, 20s)), 20, 1);
    EXPECT_TRUE(std::ranges::is_sorted(plan.sends, {}, &sim::PlannedSend::due));
}

TEST(Stages, GrowAndFallEvenly) {
    const auto scenario = read(
        "load: { settle: 0s, stages: [ { for: 10s, rate: 0/s..100/s }, { for: 10s, rate: 100/s..0/s } ] }\n");
    const auto plan = sim::make_plan(scenario, 1);
    EXPECT_NEAR(static_cast<double>(sent(plan, 0s, 5s)), 125, 2);
    EXPECT_NEAR(static_cast<double>(sent(plan, 5s, 10s)), 375, 2);
    EXPECT_NEAR(static_cast<double>(sent(plan, 10s, 15s)), 375, 2);
    EXPECT_NEAR(static_cast<double>(sent(plan, 15s, 20s)), 125, 2);
}

TEST(Stages, OfPoissonHaveTheirMeanRate) {
    const auto scenario = read(
        "load: { settle: 0s, arrivals: poisson, stages: [ { for: 100s, rate: 50/s }, { for: 100s, rate: "
        "0/s..100/s } ] }\n");
    const auto plan = sim::make_plan(scenario, 1);
    EXPECT_NEAR(static_cast<double>(sent(plan, 0s, 100s)), 5000, 250);
    EXPECT_NEAR(static_cast<double>(sent(plan, 100s, 200s)), 5000, 250);
    EXPECT_GT(sent(plan, 175s, 200s), 4 * sent(plan, 100s, 125s));
}

TEST(Stages, AreReadWithGoodErrors) {
    EXPECT_EQ(trouble("load: { rate: 5/s, stages: [ { for: 1s, rate: 5/s } ] }\n"),
              "both 'stages' and 'rate'");
    EXPECT_EQ(trouble("load: { for: 5s, stages: [ { for: 1s, rate: 5/s } ] }\n"), "both 'stages' and 'for'");
    EXPECT_EQ(trouble("load: { arrivals: ramp, stages: [ { for: 1s, rate: 5/s } ] }\n"),
              "both 'stages' and a ramp");
    EXPECT_EQ(trouble("load: { stages: [] }\n"), "stages must be a list");
    EXPECT_EQ(trouble("load: { stages: [ { rate: 5/s } ] }\n"), "for is missing");
    EXPECT_THAT(trouble("load: { stages: [ { for: 1s, rat: 5/s } ] }\n"), HasSubstr("unknown key 'rat'"));
    EXPECT_THAT(trouble("load: { stages: [ { for: 1s, rate: 5 } ] }\n"), HasSubstr("rate needs a unit"));
    EXPECT_EQ(trouble("load: { stages: [ { for: 1s, rate: 0/s } ] }\n"),
              "the load is empty: no message is due");
    EXPECT_EQ(trouble("load: { stage: [ { for: 1s, rate: 5/s } ] }\n"), "unknown key 'stage' in load");
}

TEST(Clients, WhoOnlyReadSayNothing) {
    const auto plan =
        sim::make_plan(read("topology: { clients: 6, readers: 4, nodes: 2 }\nload: { rate: 20/s }\n"
                            "timeline:\n  - { at: 3s, fault: node.join, clients: 2 }\n"),
                       1);
    std::set<std::uint32_t> senders;
    for (const auto& send : plan.sends) senders.insert(send.client);
    EXPECT_THAT(senders, ElementsAre(0u, 1u, 6u, 7u)) << "c1, c2, and those who come with the new node";
    EXPECT_EQ(trouble("topology: { clients: 4, readers: 4 }\n"),
              "all 4 clients only read: nobody says anything");
}

TEST(Clients, WhoArriveLaterSayNothingBefore) {
    const auto scenario =
        read("topology: { clients: 10, nodes: 3, arrive: 10s }\nload: { rate: 20/s, for: 15s }\n");
    for (const auto& send : sim::make_plan(scenario, 1).sends) {
        if (send.client == 0) continue;
        EXPECT_GE(send.due, sim::arrival_of(scenario.topology, send.client)) << send.client;
    }
    EXPECT_EQ(sim::arrival_of(scenario.topology, 0), 0s);
    EXPECT_EQ(sim::arrival_of(scenario.topology, 5), 5s);
    EXPECT_THAT(trouble("topology: { arrive: 1min }\n"), HasSubstr("when nothing is said any more"));
}

TEST(Clients, AreWhereTheyArePut) {
    const auto t =
        read("topology: { clients: 8, nodes: 3, placement: { n1: [c2..c4, c8], n3: [c1] } }\n").topology;
    std::vector<std::string> homes;
    for (std::uint32_t i = 0; i < 8; ++i) homes.push_back(sim::home_of(t, i));
    EXPECT_THAT(homes, ElementsAre("n3", "n1", "n1", "n1", "n2", "n3", "n1", "n1"));
    const auto placed = [](const std::string& placement) {
        return trouble("topology: { clients: 8, nodes: 3, placement: " + placement + " }\n");
    };
    EXPECT_EQ(placed("{ n9: [c1] }"), "placement: n9 does not exist");
    EXPECT_EQ(placed("{ n1: [c9] }"), "placement: c9 does not exist");
    EXPECT_EQ(placed("{ n1: [c1], n2: [c1..c2] }"), "c1 is at n1 already");
    EXPECT_EQ(placed("{ n1: [c3..c1] }"), "'c3..c1' is neither a client nor a range of them");
    EXPECT_EQ(placed("{ n1: c1 }"), "the clients of n1 must be a list");
    EXPECT_EQ(placed("{ m1: [c1] }"), "'m1' must be a node, as in n2");
    EXPECT_EQ(placed("[c1]"), "placement must be a map");
}

TEST(Clients, FollowAndUseSeveralRooms) {
    const auto scenario =
        read("topology: { clients: 4, nodes: 3, rooms: 4, rooms_each: 2 }\nload: { rate: 50/s }\n");
    EXPECT_THAT(sim::rooms_of(scenario.topology, 3), ElementsAre("r4", "r1"));
    std::set<std::string> used;
    for (const auto& send : sim::make_plan(scenario, 1).sends)
        if (send.client == 3) used.insert(send.room);
    EXPECT_THAT(used, ElementsAre("r1", "r4"));
    EXPECT_EQ(trouble("topology: { rooms: 2, rooms_each: 3, nodes: 1 }\n"),
              "each client follows 3 rooms, and there are 2");
}

TEST(ScenarioText, KeepsStagesAndWhereClientsAre) {
    const std::string text =
        "topology: { clients: 8, nodes: 3, readers: 2, placement: { n1: [c2, c4] }, arrive: 2s, rooms: 2, "
        "rooms_each: 2 }\nload: { stages: [ { for: 5s, rate: 5/s..10/s }, { for: 1s, rate: 50/s } ] }\n";
    const auto scenario = read(text);
    const auto written = sim::search::scenario_text(scenario, "");
    const auto again = sim::read_scenario(written, "f");
    ASSERT_TRUE(again.scenario) << sim::render(again.problems, "f", written);
    EXPECT_EQ(sim::search::scenario_text(*again.scenario, ""), written);
    EXPECT_EQ(sim::make_plan(*again.scenario, 3).sends.size(), sim::make_plan(scenario, 3).sends.size());
    EXPECT_EQ(again.scenario->topology.homes, scenario.topology.homes);
    EXPECT_EQ(again.scenario->load.stages.size(), 2u);
}

}  // namespace
}  // namespace davenport
