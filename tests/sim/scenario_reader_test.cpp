#include "sim/scenario/language.hpp"
#include "sim/scenario/reader.hpp"

#include <gtest/gtest.h>

namespace davenport {
namespace {

using namespace std::chrono_literals;
using sim::Scenario;

Scenario read(std::string_view text) {
    auto reading = sim::read_scenario(text, "test.yaml");
    EXPECT_TRUE(reading.scenario) << sim::render(reading.problems, "test.yaml", text);
    return reading.scenario.value_or(Scenario{});
}

// The file of the design, whole.
constexpr std::string_view whole = R"(
# yaml-language-server: $schema=./scenario.schema.json
name: store outage
about: CouchDB is gone for 10 s under load; local chat goes on, nothing is lost, nothing comes twice.
seed: 42
topology: { nodes: 3, clients: 12, rooms: 2, feed: poll, poll_interval: 500ms, shards: 2 }
links: { node-store: { latency: 1ms..5ms, bandwidth: 1MB/s }, client-node: { latency: 1ms } }
load: { rate: 50/s, arrivals: poisson, size: 16B..2KB, for: 30s, settle: 1.5s }
timeline:
  - { at: 10s, fault: store.down, for: 10s, name: outage }
  - { at: 12s, fault: node.kill, node: n2, restart: 3s }
  - { when: feed(n1).rows >= 100, fault: feed.rewind, rows: 20 }
  - { every: 5s..15s, any: [link.clog, store.lose_reply, client.slow], swarm: true }
expect:
  - no_loss
  - no_duplicates
  - fifo_per_sender
  - converged within 5s
  - p99(local_echo) during outage < 50ms
  - p99(delivery) before outage < 250ms
  - recovery of outage < 5s
  - max(backlog) during outage >= 20
  - p999(delivery, n2) <= 1s
heal: 12s
)";

TEST(ScenarioReader, ReadsTheWholeOfAScenario) {
    const auto s = read(whole);
    EXPECT_EQ(s.name, "store outage");
    EXPECT_EQ(s.seed, 42u);
    EXPECT_EQ(s.heal, 12s);
    EXPECT_EQ(s.topology.nodes, 3);
    EXPECT_EQ(s.topology.clients, 12);
    EXPECT_EQ(s.topology.rooms, 2);
    EXPECT_EQ(s.topology.feed, "poll");
    EXPECT_EQ(s.topology.poll_interval, 500ms);
    EXPECT_EQ(s.topology.shards, 2);
    EXPECT_EQ(s.links.at("node-store").latency.low, 1ms);
    EXPECT_EQ(s.links.at("node-store").latency.high, 5ms);
    EXPECT_EQ(s.links.at("node-store").bytes_per_second, 1'000'000u);
    EXPECT_EQ(s.links.at("client-node").latency.high, 1ms);
    EXPECT_EQ(s.load.per_1000_seconds, 50'000u);
    EXPECT_EQ(s.load.arrivals, sim::Arrivals::poisson);
    EXPECT_EQ(s.load.size_bytes, 16);
    EXPECT_EQ(s.load.size_bytes_max, 2'000);
    EXPECT_EQ(s.load.length, 30s);
    EXPECT_EQ(s.load.settle, 1500ms);
}

TEST(ScenarioReader, ReadsTheTimeline) {
    const auto s = read(whole);
    ASSERT_EQ(s.timeline.size(), 4u);
    EXPECT_EQ(s.timeline[0].name, "outage");
    EXPECT_EQ(s.timeline[0].kinds, std::vector<std::string>{"store.down"});
    EXPECT_EQ(s.timeline[0].at, 10s);
    EXPECT_EQ(s.timeline[0].length->low, 10s);
    EXPECT_EQ(s.timeline[0].location.line, 10);
    EXPECT_EQ(s.timeline[0].location.column, 5);
    EXPECT_EQ(s.timeline[1].name, "node.kill");
    EXPECT_EQ(s.timeline[1].node, "n2");
    EXPECT_EQ(s.timeline[1].parameters.at("restart"), base::Parameter{base::Duration{3s}});
    EXPECT_EQ(s.timeline[2].when, "feed(n1).rows >= 100");
    EXPECT_EQ(s.timeline[2].parameters.at("rows"), base::Parameter{std::int64_t{20}});
    EXPECT_FALSE(s.timeline[2].at);
    EXPECT_EQ(s.timeline[3].kinds.size(), 3u);
    EXPECT_EQ(s.timeline[3].every->low, 5s);
    EXPECT_EQ(s.timeline[3].every->high, 15s);
    EXPECT_TRUE(s.timeline[3].swarm);
}

TEST(ScenarioReader, ReadsWhatIsExpected) {
    const auto s = read(whole);
    ASSERT_EQ(s.expect.size(), 9u);
    EXPECT_EQ(s.expect[0].property, "no_loss");
    EXPECT_EQ(s.expect[0].relation, "");
    EXPECT_EQ(s.expect[3].property, "converged");
    EXPECT_EQ(s.expect[3].within, 5s);
    EXPECT_EQ(s.expect[4].text, "p99(local_echo) during outage < 50ms");
    EXPECT_EQ(s.expect[4].property, "p99(local_echo)");
    EXPECT_EQ(s.expect[4].phase, "during outage");
    EXPECT_EQ(s.expect[4].relation, "<");
    EXPECT_EQ(s.expect[4].value, 50'000);
    EXPECT_EQ(s.expect[4].location.line, 19);
    EXPECT_EQ(s.expect[6].property, "recovery of outage");
    EXPECT_EQ(s.expect[7].property, "max(backlog)");
    EXPECT_EQ(s.expect[7].value, 20);
    EXPECT_EQ(s.expect[8].property, "p99.9(delivery, n2)");
    EXPECT_EQ(s.expect[8].value, 1'000'000);
}

TEST(ScenarioReader, ReadsHowMuchMemoryANodeMayHave) {
    const auto s = read(
        "name: x\ntopology: { nodes: 2 }\nexpect:\n  - memory(n1) < 200 MB\n  - max(memory) <= 1GB "
        "abort_on_fail\n  - search within 3s\n");
    EXPECT_EQ(s.expect.at(0).property, "max(memory, n1)");
    EXPECT_EQ(s.expect.at(0).value, 200e6);
    EXPECT_EQ(s.expect.at(1).property, "max(memory)");
    EXPECT_EQ(s.expect.at(1).value, 1e9);
    EXPECT_TRUE(s.expect.at(1).abort_on_fail);
    EXPECT_EQ(s.expect.at(2).property, "search");
    const auto problems = not_in_virtual_world(s);
    ASSERT_EQ(problems.size(), 3u);
    EXPECT_EQ(problems.at(2).location.line, 6);
    EXPECT_TRUE(not_in_process_world(s).empty());
    EXPECT_EQ(not_at_attached_nodes(s, {"n1"}, false).size(), 1u) << "n2 is our own";
    EXPECT_EQ(not_at_attached_nodes(s, {"n1", "n2"}, false).size(), 2u);
    EXPECT_EQ(not_among_generators(s, {"n1"}).size(), 1u);
}

TEST(ScenarioReader, ReadsPlacesAndHowLongNormalMustLast) {
    const auto s = read(
        "name: x\ntopology: { polling: 1 }\ntimeline:\n  - { at: 2s, fault: store.down, for: 1s, name: it, "
        "may_miss: true }\n"
        "expect:\n  - p99(shown, from n1 ,to c2, except c3, poller, r1) before it < 2s\n  - recovery of it "
        "stable 3s < 5s\n");
    EXPECT_TRUE(s.timeline.at(0).may_miss);
    EXPECT_EQ(s.expect.at(0).property, "p99(shown, from n1, to c2, except c3, poller, r1)");
    EXPECT_EQ(s.expect.at(0).phase, "before it");
    EXPECT_EQ(s.expect.at(1).property, "recovery of it");
    EXPECT_EQ(s.expect.at(1).stable, 3s);
    ASSERT_TRUE(s.source);
    EXPECT_TRUE(s.source->starts_with("name: x\n"));
}

TEST(ScenarioReader, ReadsJsonAsItReadsYaml) {
    const auto s = read(
        "{\n\t\"name\": \"j\",\n\t\"load\": {\"rate\": \"50/s\", \"for\": \"4s\"},\n"
        "\t\"timeline\": [{\"at\": \"2s\", \"fault\": \"store.down\", \"for\": \"1s\"}],\n"
        "\t\"expect\": [\"no_loss\", \"p99(delivery) after store.down < 2s\"]\n}\n");
    EXPECT_EQ(s.name, "j");
    EXPECT_EQ(s.load.per_1000_seconds, 50'000u);
    EXPECT_EQ(s.timeline.at(0).name, "store.down");
    EXPECT_EQ(s.expect.at(1).phase, "after store.down");
}

TEST(ScenarioReader, CallsFaultsWithoutANameByTheirKind) {
    const auto s = read(
        "name: x\ntimeline:\n  - { at: 2s, fault: feed.cut }\n  - { at: 3s, fault: feed.cut }\n"
        "  - { at: 4s, any: [feed.cut, feed.rewind] }\n");
    EXPECT_EQ(s.timeline[0].name, "feed.cut");
    EXPECT_EQ(s.timeline[1].name, "feed.cut-2");
    EXPECT_EQ(s.timeline[2].name, "any");
}

TEST(ScenarioReader, ReadsMessagesThatAreNamedOneByOne) {
    const auto s = read(
        "name: x\nload: { messages: [ { at: 1s, client: c2, size: 32B }, { at: 2s, client: c1, room: r1 } ] "
        "}\n");
    ASSERT_EQ(s.load.messages.size(), 2u);
    EXPECT_EQ(s.load.messages[0].client, "c2");
    EXPECT_EQ(s.load.messages[0].size_bytes, 32);
    EXPECT_EQ(s.load.messages[1].room, "r1");
}

/// What the table calls a default is what a scenario without the key has: the reference would lie otherwise.
TEST(ScenarioLanguage, SaysTheDefaultsThatHold) {
    const auto differs = [](const Scenario& a, const Scenario& b) {
        return a.seed != b.seed || a.heal != b.heal || a.topology.nodes != b.topology.nodes ||
               a.topology.clients != b.topology.clients || a.topology.rooms != b.topology.rooms ||
               a.topology.feed != b.topology.feed || a.topology.poll_interval != b.topology.poll_interval ||
               a.topology.shards != b.topology.shards || a.load.per_1000_seconds != b.load.per_1000_seconds ||
               a.load.arrivals != b.load.arrivals || a.load.size_bytes != b.load.size_bytes ||
               a.load.size_bytes_max != b.load.size_bytes_max || a.load.length != b.load.length ||
               a.load.settle != b.load.settle;
    };
    int checked = 0;
    for (const auto& section : sim::language::sections()) {
        for (const auto& key : section.keys) {
            if (key.default_value.empty() || !key.set) continue;
            SCOPED_TRACE(std::string{section.name} + "." + std::string{key.name});
            std::string why;
            const auto value =
                key.type == sim::Type::choice
                    ? sim::Value{std::string{key.default_value}, 0, 0}
                    : sim::parse_value(key.type, key.default_value, why).value_or(sim::Value{"?", -1, -1});
            Scenario scenario;
            sim::Link link;
            sim::Fault fault;
            sim::language::Into into{&scenario, &link, &fault};
            key.set(into, value);
            EXPECT_FALSE(differs(scenario, Scenario{}));
            EXPECT_EQ(link.latency.low, sim::Link{}.latency.low);
            EXPECT_EQ(link.latency.high, sim::Link{}.latency.high);
            EXPECT_EQ(fault.swarm, sim::Fault{}.swarm);
            ++checked;
        }
    }
    EXPECT_GT(checked, 12);
}

/// Every default and every bound of a fault's parameter can be written down and is taken.
TEST(ScenarioLanguage, TakesTheDefaultOfEveryParameter) {
    for (const auto& kind : sim::language::fault_kinds()) {
        for (const auto& key : kind.parameters) {
            if (key.default_value.empty()) continue;
            const std::string topology = kind.name.starts_with("server.")
                                             ? "topology: { store: nats, servers: 3 }\n"
                                             : "topology: { members: 2 }\n";
            const auto text = "name: x\n" + topology +
                              "timeline:\n  - { at: 2s, fault: " + std::string{kind.name} + ", " +
                              std::string{key.name} + ": " + std::string{key.default_value} +
                              (kind.find("offset") ? ", offset: 1s" : "") + " }\n";
            const auto reading = sim::read_scenario(text, "t");
            EXPECT_TRUE(reading.scenario) << sim::render(reading.problems, "t", text);
        }
    }
}

struct Quantity {
    sim::Type type;
    const char* text;
    std::int64_t low, high;
};

TEST(ScenarioValue, ReadsQuantitiesExactly) {
    using sim::Type;
    for (const auto& q : {
             Quantity{Type::time, "10s", 10'000'000, 10'000'000},
             Quantity{Type::time, "1.5s", 1'500'000, 1'500'000},
             Quantity{Type::time, "0.1s", 100'000, 100'000},
             Quantity{Type::time, "150 ms", 150'000, 150'000},
             Quantity{Type::time, "7us", 7, 7},
             Quantity{Type::time, "2min", 120'000'000, 120'000'000},
             Quantity{Type::time_range, "1ms..5ms", 1'000, 5'000},
             Quantity{Type::offset, "-2s", -2'000'000, -2'000'000},
             Quantity{Type::rate, "50/s", 50'000, 50'000},
             Quantity{Type::rate, "0.5/s", 500, 500},
             Quantity{Type::rate, "30/min", 500, 500},
             Quantity{Type::bytes, "2KB", 2'000, 2'000},
             Quantity{Type::bytes, "2KiB", 2'048, 2'048},
             Quantity{Type::bandwidth, "10KB/s", 10'000, 10'000},
             Quantity{Type::percent, "30%", 300'000, 300'000},
             Quantity{Type::percent, "0.1%", 1'000, 1'000},
             Quantity{Type::count, "12", 12, 12},
             Quantity{Type::node, "n12", 12, 12},
         }) {
        std::string why;
        const auto value = sim::parse_value(q.type, q.text, why);
        ASSERT_TRUE(value) << q.text << ": " << why;
        EXPECT_EQ(value->low, q.low) << q.text;
        EXPECT_EQ(value->high, q.high) << q.text;
    }
}

TEST(ScenarioValue, RefusesWhatIsNone) {
    using sim::Type;
    std::string why;
    for (const auto& q : {Quantity{Type::time, "10", 0, 0},
                          Quantity{Type::time, "", 0, 0},
                          Quantity{Type::time, "s", 0, 0},
                          Quantity{Type::time, "1.s", 0, 0},
                          Quantity{Type::time, "1e3s", 0, 0},
                          Quantity{Type::time, "-1s", 0, 0},
                          Quantity{Type::time, "99999999999999999999s", 0, 0},
                          Quantity{Type::time_range, "5ms..1ms", 0, 0},
                          Quantity{Type::time_range, "1..5ms", 0, 0},
                          Quantity{Type::rate, "50", 0, 0},
                          Quantity{Type::rate, "50/d", 0, 0},
                          Quantity{Type::percent, "101%", 0, 0},
                          Quantity{Type::percent, "0.3", 0, 0},
                          Quantity{Type::count, "3.0", 0, 0},
                          Quantity{Type::count, "3x", 0, 0},
                          Quantity{Type::count, "0x10", 0, 0},
                          Quantity{Type::node, "n0", 0, 0},
                          Quantity{Type::node, "n01", 0, 0},
                          Quantity{Type::node, "c1", 0, 0},
                          Quantity{Type::flag, "yes", 0, 0}})
        EXPECT_FALSE(sim::parse_value(q.type, q.text, why)) << q.text;
}

}  // namespace

}  // namespace davenport
