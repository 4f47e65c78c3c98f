#include "sim/scenario/reader.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport {

namespace {

using testing::HasSubstr;

std::string errors_of(std::string_view text) {
    return sim::render(sim::read_scenario(text, "f.yaml").problems, "f.yaml", text);
}

std::size_t count_of(const std::string& errors) {
    std::size_t count = 0;
    for (auto at = errors.find(": error: "); at != std::string::npos; at = errors.find(": error: ", at + 1))
        ++count;
    return count;
}

TEST(ScenarioMistakes, AreShownWithLineCaretAndHint) {
    EXPECT_EQ(errors_of("name: x\ntopology: { nodse: 3 }\n"),
              "f.yaml:2:13: error: unknown key 'nodse' in topology\n"
              "    topology: { nodse: 3 }\n"
              "                ^\n"
              "    hint: did you mean 'nodes'?\n");
}

TEST(ScenarioMistakes, HaveTheirCaretUnderTheRightCharacterWhateverIsBeforeIt) {
    EXPECT_EQ(errors_of("{\n\t\"name\": \"x\", \"seed\": \"3\"\n}\n"),
              "f.yaml:2:23: error: seed must be a count, without quotes\n"
              "    \t\"name\": \"x\", \"seed\": \"3\"\n"
              "    \t                     ^\n");
    EXPECT_THAT(errors_of("{ name: \"\xc3\xa9\xc3\xa9\", sed: 3 }\n"), HasSubstr("\n                  ^\n"));
}

TEST(ScenarioMistakes, OfAWholeSectionAreAtIt) {
    const auto place_of = [](std::string_view text) {
        const auto errors = errors_of(text);
        return errors.substr(0, errors.find(": error: "));
    };
    EXPECT_EQ(place_of("name: x\ntopology: { nodes: 2, placement: { n3: [c1] } }\n"), "f.yaml:2:11");
    EXPECT_EQ(place_of("name: x\ntopology:\n  nodes: 2\n  rooms: 4\n"), "f.yaml:3:3");
    EXPECT_EQ(place_of("name: x\nload: { rate: 1/s, for: 500ms }\n"), "f.yaml:2:7");
}

TEST(ScenarioMistakes, AreAllToldInOnePassInTheOrderOfTheFile) {
    const auto errors = errors_of(R"(name: bad
topology: { nodes: 0, clients: many, feed: pol }
load: { rate: 50, for: 20s }
timeline:
  - { at: 40s, fault: store.down }
  - { at: 2s, fault: node.kil }
  - { at: 2s, fault: store.slow, delya: 4ms }
expect:
  - no_los
  - p99(local_ehco) during outtage < 50
)");
    for (const auto* place : {"f.yaml:2:20:", "f.yaml:2:32:", "f.yaml:2:44:", "f.yaml:3:15:", "f.yaml:6:22:",
                              "f.yaml:7:34:", "f.yaml:9:5:", "f.yaml:10:9:", "f.yaml:10:38:"})
        EXPECT_THAT(errors, HasSubstr(place));
    std::vector<int> lines;
    for (auto at = errors.find("f.yaml:"); at != std::string::npos; at = errors.find("f.yaml:", at + 1))
        lines.push_back(std::atoi(errors.c_str() + at + 7));
    EXPECT_TRUE(std::ranges::is_sorted(lines));
}

struct Case {
    const char* line;      ///< of a file that is good otherwise
    const char* expected;  ///< in what is said
    const char* hint = "";
};

/// Exactly one complaint, with these words and this hint.
void expect_one(const std::string& text, const Case& c) {
    const auto errors = errors_of(text);
    EXPECT_EQ(count_of(errors), 1u) << text << errors;
    EXPECT_THAT(errors, HasSubstr(c.expected)) << text;
    EXPECT_THAT(errors, HasSubstr(c.hint)) << text;
}

TEST(ScenarioMistakes, InTopLevelKeysAreNamed) {
    for (const auto& c : {
             Case{"sed: 4", "unknown key 'sed'", "did you mean 'seed'?"},
             Case{"topology: { outbox: 2KB }", "unknown key 'outbox' in topology",
                  "it is now called 'send_queue'"},
             Case{"rate: 50/s", "unknown key 'rate'", "'rate' belongs in load"},
             Case{"topology: { seed: 3 }", "unknown key 'seed' in topology", "at the top of the file"},
             Case{"topology: 3", "topology must be a map"},
             Case{"topology: { nodes: 2, nodes: 3 }", "'nodes' stands here twice"},
             Case{"topology: { nodes: }", "nodes has no value", "as in nodes: 2"},
             Case{"topology: { nodes: -1 }", "nodes cannot be negative"},
             Case{"topology: { nodes: 3s }", "nodes is a count and has no unit: 3"},
             Case{"load: { rate: 50 }", "rate needs a unit: 50/s or 30/min"},
             Case{"load: { for: 10sec }",
                  "has an unknown unit 'sec': did you mean 's'? units are us, ms, s, min, h"},
             Case{"load: { for: 1m }", "has an unknown unit 'm': did you mean 'min'?"},
             Case{"load: { for: 1d }", "has an unknown unit 'd': units are us, ms, s, min, h"},
             Case{"load: { size: 1k }", "did you mean 'KB'? units are B, KB, KiB, MB, MiB, GB"},
             Case{"load: { rate: 5/sec }", "did you mean '/s'? units are /s, /min, /h"},
             Case{"links: { node-store: { bandwidth: 5KB } }", "units are B/s, KB/s"},
             Case{"load: { arrivals: poison }", "unknown arrivals 'poison'", "did you mean 'poisson'?"},
             Case{"load: { size: 8B }", "size must be at least 16B"},
             Case{"load: { rate: 0.05/s, for: 10s }", "the load is empty"},
             Case{"links: { node-store: { latency: 5ms..1ms } }", "lower end is above"},
             Case{"links: { node-sotre: { latency: 5ms } }", "unknown key 'node-sotre'",
                  "did you mean 'node-store'?"},
             Case{"about: [x]", "about must be a text"},
             Case{"timeline: store.down", "timeline must be a list"},
             Case{"expect: no_loss", "expect must be a list"},
             Case{"topology: { nodes: 2, rooms: 2 }", "every room lives on one node"},
             Case{"topology: { clients: 2, rooms: 3 }", "some room has nobody in it"},
             Case{"topology: { clients: 2, polling: [1, 3] }", "3 of 2 clients poll",
                  "topology.polling is how many"},
             Case{"load: { messages: [ { at: 1s, client: c9 } ] }", "c9 does not exist then", "c1 to c4"},
         })
        expect_one(std::string{"name: x\n"} + c.line + "\n", c);
}

TEST(ScenarioMistakes, InTheTimelineAreNamed) {
    for (const auto& c : {
             Case{"{ at: 40s, fault: store.down, for: 1s }", "store.down at 40s is after the end",
                  "load.settle + load.for is 11s"},
             Case{"{ at: 2s, fault: node.kil }", "unknown fault 'node.kil'", "did you mean 'node.kill'?"},
             Case{"{ at: 2s, fault: kill }", "unknown fault 'kill'", "did you mean 'node.kill'?"},
             Case{"{ at: 2s, fault: node.kill, node: n9 }", "n9 does not exist then", "there are n1 to n2"},
             Case{"{ at: 2s, fault: client.vanish, client: c9, for: 1s }", "c9 does not exist then"},
             Case{"{ at: 2s, fault: client.hop, to: n9 }", "n9 does not exist"},
             Case{"{ at: 2s, fault: node.kill, node: 2 }", "node must be a node, as in n2"},
             Case{"{ at: 2s, fault: node.kill, rows: 3 }", "node.kill takes no 'rows'",
                  "store.partial_bulk takes it"},
             Case{"{ at: 2s, fault: store.slow, delya: 4ms }", "store.slow takes no 'delya'",
                  "did you mean 'delay'?"},
             Case{"{ at: 2s, fault: store.slow, node: n1 }", "store.slow hits no node"},
             Case{"{ at: 2s, fault: node.join, node: n3 }", "node.join hits no node",
                  "always the next number"},
             Case{"{ at: 2s, every: 4s, fault: feed.cut }", "more than one time",
                  "exactly one of at, every, when"},
             Case{"{ fault: feed.cut }", "no time"},
             Case{"{ at: 1s }", "names no fault"},
             Case{"{ at: 1s, fault: feed.cut, any: [feed.cut] }", "both fault and any"},
             Case{"{ at: 1s, any: [] }", "any must be a list of faults"},
             Case{"{ at: 2s, fault: feed.rewind, for: 4s }", "feed.rewind is a moment and takes no 'for'"},
             Case{"{ at: 2s, fault: node.kill, restart: 1s, for: 1s }", "they say the same"},
             Case{"{ every: 20s, fault: feed.cut }", "never happens"},
             Case{"{ when: acepted >= 4, fault: feed.cut }", "'acepted' cannot be waited for",
                  "did you mean 'accepted'?"},
             Case{"{ when: accepted = 4, fault: feed.cut }", "'=' cannot be waited for", "accepted >= 100"},
             Case{"{ when: accepted(n1) > 4, fault: feed.cut }", "accepted is counted over all nodes"},
             Case{"{ when: accepted > many, fault: feed.cut }", "'many' must be a whole number"},
             Case{"{ at: 3s, fault: node.clock_skew }", "node.clock_skew needs offset", "as in offset: -2s"},
             Case{"{ at: 3s, fault: store.lose_reply, probability: 20%, nth: 3 }", "exclude each other"},
             Case{"{ at: 3s, fault: store.lose_reply, each_nth: 0 }", "each_nth must be at least 1"},
             Case{"{ at: 3s, fault: store.refuse, probability: 0% }", "probability must be at least"},
             Case{"{ at: 3s, any: [feed.rewind, store.amnesia], rows: 0 }", "rows must be at least 1"},
             Case{"{ at: 3s, fault: store.error, status: 199 }", "status must be at least 200"},
             Case{"{ at: 3s, fault: store.error, probability: 130% }", "more than 100%"},
             Case{"{ at: 3s, fault: store.error, swarm: yes }", "swarm must be true or false"},
             Case{"{ at: 3s, fault: store.error, name: 3rd }", "name must be a letter"},
             Case{"store.down", "a fault must be a map"},
             Case{"{ when: feed(n5).rows >= 4, fault: feed.cut }", "n5 does not exist", "there are n1 to n2"},
             Case{"{ when: backlog(n3) >= 4, fault: feed.cut }", "n3 does not exist"},
             Case{"{ at: 3s, fault: store.error, may_miss: 1 }", "may_miss must be true or false"},
         })
        expect_one(std::string{"name: x\ntimeline:\n  - "} + c.line + "\n", c);
}

TEST(ScenarioMistakes, InExpectationsAreNamed) {
    for (const auto& c : {
             Case{"no_los", "unknown property 'no_los'", "did you mean 'no_loss'?"},
             Case{"noLoss", "unknown property 'noLoss'", "did you mean 'no_loss'?"},
             Case{"no_loss within 5s", "'within' cannot stand after no_loss"},
             Case{"no_loss < 5", "'<' cannot stand after no_loss", "only figures and recovery"},
             Case{"p99(local_ehco) < 50ms", "unknown metric 'local_ehco'", "did you mean 'local_echo'?"},
             Case{"p98(delivery) < 50ms", "'p98' is no quantile", "known here: p50, p90"},
             Case{"p99(delivery) < 50", "'50' needs a unit: 10s or 150ms"},
             Case{"p99(delivery)", "a threshold is missing"},
             Case{"p99(delivery < 50ms", "')' is missing"},
             Case{"p99(delivery, x1) < 50ms", "'x1' is neither a node nor a room"},
             Case{"p99(shown, c1) < 50ms", "'c1' is neither a node nor a room",
                  "`from c1`, `to c1` or `except c1`"},
             Case{"p99(shown, from r1) < 50ms", "'r1' is neither a node nor a client",
                  "as in from n1 or from c3"},
             Case{"p99(shown, except c99) < 50ms", "c99 does not exist", "c1 to c4"},
             Case{"p99(shown, from n1, to n9) < 50ms", "n9 does not exist", "n1 to n2"},
             Case{"p99(shown, poller) < 50ms", "no client polls", "topology.polling"},
             Case{"count(requests, from c1) < 5", "requests are counted by node", "count(requests, n2)"},
             Case{"no loss", "unknown property 'no'", "did you mean 'no_loss'?"},
             Case{"policy within 2s", "unknown property 'policy'", "did you mean 'policies'?"},
             Case{"policy", "unknown property 'policy'", "did you mean 'policies'?"},
             Case{"change", "unknown property 'change'", "did you mean 'changes'?"},
             Case{"phantom", "unknown property 'phantom'", "did you mean 'no_phantoms'?"},
             Case{"drained", "unknown property 'drained'", "did you mean 'outbox_drained'?"},
             Case{"order", "unknown property 'order'", "did you mean 'canonical_order'?"},
             Case{"silence within 2s", "unknown property 'silence'", "did you mean 'no_silence'?"},
             Case{"convergence within 5s", "unknown property 'convergence'", "did you mean 'converged'?"},
             Case{"history", "unknown property 'history'", "did you mean 'whole_history'?"},
             Case{"recovry of outage < 5s", "unknown property 'recovry'", "did you mean 'recovery'?"},
             Case{"fifo per_sender", "unknown property 'fifo'", "did you mean 'fifo_per_sender'?"},
             Case{"converged within 0s", "cannot hold: nothing takes no time"},
             Case{"recovery of outage stable < 5s", "'<' must be a time"},
             Case{"recovery of outage stable 1h < 5s", "cannot hold: the run is over sooner"},
             Case{"p99(delivery, n99) < 50ms", "n99 does not exist", "n1"},
             Case{"p99(delivery, r99) < 50ms", "r99 does not exist", "r1"},
             Case{"p50(delivery) > 5ms abort_on_fail", "what is not broken for good before the end",
                  "with < or <="},
             Case{"undelivered(delivery) < 5 abort_on_fail", "what is not broken for good before the end"},
             Case{"recovery of outage < 5s abort_on_fail", "what is not broken for good before the end"},
             Case{"p99(delivery) < 5ms abort", "'abort' after the end of the expectation"},
             Case{"p99(backlog) < 50", "backlog has no p99", "max(backlog)"},
             Case{"p99(memory) < 50MB", "memory has no p99", "max(memory)"},
             Case{"max(memory, r1) < 50MB", "memory is counted by node", "max(memory, n2)"},
             Case{"max(memory) < 50", "'50' needs a unit"},
             Case{"max(memory) < 50 mb", "has an unknown unit 'mb': did you mean 'MB'?"},
             Case{"memory(r1) < 50 MB", "'r1' is no node", "memory(n1) < 200 MB"},
             Case{"memory(n99) < 50 MB", "n99 does not exist"},
             Case{"queued(x3) < 1 MB", "'x3' is no node and no client", "queued(c3) < 1 MB"},
             Case{"queued < 5s", "'5s' has an unknown unit 's'"},
             Case{"queued(c99) < 1 MB", "c99 does not exist"},
             Case{"p99(queued) < 1 MB", "queued has no p99", "max(queued)"},
             Case{"max(queued, r1) < 1 MB", "queued is counted by node", "max(queued, n2)"},
             Case{"max(qeued) < 100 MB", "unknown metric 'qeued'", "did you mean 'queued'?"},
             Case{"search", "search needs a time", "search within 5s"},
             Case{"p99(delivery) durring outage < 50ms", "'durring' is no phase", "did you mean 'during'?"},
             Case{"p99(delivery) during outtage < 50ms", "no fault is named 'outtage'",
                  "did you mean 'outage'?"},
             Case{"p99(delivery) during < 50ms", "'during' needs a fault's name"},
             Case{"p99(delivery) < 50ms during outage", "'during' after the end",
                  "a phase stands before the relation"},
             Case{"p99(delivery) during moment < 50ms", "moment is a moment: nothing is during it",
                  "after moment"},
             Case{"p99(delivery) after endless < 50ms", "nothing is sent after it", "give it a 'for'"},
             Case{"p99(delivery) during perhaps < 50ms", "perhaps may not take part (swarm)"},
             Case{"p99(delivery) before early < 50ms", "nothing is sent before early"},
             Case{"recovery of endless < 5s", "lasts until healing begins"},
             Case{"recovery < 5s", "'recovery' needs a fault's name"},
             Case{"converged in 5s", "'in' cannot stand after converged", "as in converged within 5s"},
             Case{"converged within 50s", "cannot fail: the run ends 10s after healing begins"},
             Case{"p99(delivery) >= 0ms", "cannot fail"},
             Case{"p99(delivery) < 0ms", "cannot hold"},
             Case{"p99(delivery) < 50h", "cannot fail: the whole run takes 21s"},
             Case{"count(requests) < 5s", "is a count and has no unit"},
             Case{"delivery < 5s", "unknown property 'delivery'", "p99(delivery)"},
             Case{"p99 < 5s", "unknown property 'p99'", "p99(delivery)"},
             Case{"no_duplicates: true", "an expectation must be a line of text"},
         }) {
        const std::string before = R"(name: x
timeline:
  - { at: 4s, fault: store.down, for: 2s, name: outage }
  - { at: 5s, fault: feed.cut, name: moment }
  - { at: 6s, fault: store.hang, name: endless }
  - { at: 6s, fault: store.slow, for: 1s, name: perhaps, swarm: true }
  - { at: 500ms, fault: store.slow, for: 1s, name: early }
expect:
  - )";
        expect_one(before + c.line + "\n", c);
    }
}

TEST(ScenarioMistakes, DoNotBringOthersAlong) {
    // The load's length is not known here, so nothing is said of faults after its end; nor of phases of a
    // fault that is none.
    expect_one("name: x\nload: { for: 60 }\ntimeline:\n  - { at: 40s, fault: store.down, for: 2s }\n",
               {"", "for needs a unit"});
    expect_one("name: x\ntopology: { nodes: six }\ntimeline:\n  - { at: 4s, fault: node.kill, node: n6 }\n",
               {"", "must be a whole number"});
    expect_one(
        "name: x\ntimeline:\n  - { at: 4s, fault: store.dwn, name: outage }\nexpect: [p99(delivery) during "
        "outage < 1s]\n",
        {"", "unknown fault"});
}

TEST(ScenarioMistakes, WithinAMistypedKeyAreToldToo) {
    const auto errors = errors_of(
        "name: x\ntoplogy: { nodse: 3 }\nlinks: { node-sotre: { latncy: 1ms } }\ntimelin:\n  - { at: 2s, "
        "fault: "
        "store.slwo, delya: 4ms }\nexpct:\n  - no_los\n");
    for (const auto* place : {"f.yaml:2:1:", "f.yaml:2:12:", "f.yaml:3:10:", "f.yaml:3:24:", "f.yaml:4:1:",
                              "f.yaml:5:22:", "f.yaml:5:34:", "f.yaml:6:1:", "f.yaml:7:5:"})
        EXPECT_THAT(errors, HasSubstr(place));
}

TEST(ScenarioMistakes, OfLatenciesOnASingleNodeAreTold) {
    expect_one("name: x\ntopology: { nodes: 1 }\nexpect: [ p99(delivery) < 1s ]\n",
               {"", "delivery is between nodes, and there is one", "shown counts every showing"});
    EXPECT_EQ(errors_of("name: x\ntopology: { nodes: 1 }\nexpect: [ \"p99(shown, to n1) < 1s\" ]\n"), "");
}

TEST(ScenarioMistakes, OfYamlItselfAreToldToo) {
    EXPECT_THAT(errors_of(""), HasSubstr("f.yaml: error: the file is empty"));
    EXPECT_THAT(errors_of("name: \xff\n"), HasSubstr("the file is not UTF-8"));
    EXPECT_THAT(errors_of("- a\n"), HasSubstr("a scenario is a map of keys"));
    EXPECT_THAT(errors_of("name: &a x\n"),
                HasSubstr("f.yaml:1:7: error: anchors are not part of the language"));
    EXPECT_THAT(errors_of("name: &a x\nabout: *a\n"), HasSubstr("aliases are not part of the language"));
    EXPECT_THAT(errors_of("name: !!str x\n"), HasSubstr("tags are not part of the language"));
    EXPECT_THAT(errors_of("name: x\n---\nname: y\n"), HasSubstr("f.yaml:2:1: error: a second document"));
    EXPECT_THAT(errors_of("seed: 3\n"), HasSubstr("name is missing"));
    EXPECT_THAT(errors_of("{ name: x, ? [a, b] : 3 }\n"), HasSubstr("a key must be a word"));
}

TEST(ScenarioMistakes, NeverGetPastTheReaderNorBreakIt) {
    // Every beginning of a good file is read to its end or complained about, and nothing else happens.
    const std::string good =
        "name: x\nload: { rate: 5/s, size: 16B..2KB }\ntimeline:\n  - { every: 1s..2s, any: [node.kill, "
        "feed.cut] }\n"
        "expect: [ no_loss, \"p99(delivery, n1) < 3s\" ]\n";
    for (std::size_t length = 0; length <= good.size(); ++length) {
        const auto reading = sim::read_scenario(std::string_view{good}.substr(0, length), "f");
        EXPECT_NE(reading.scenario.has_value(), !reading.problems.empty()) << length;
    }
}

TEST(ProcessWorld, SaysWhichFaultsItCannotPerform) {
    const std::string text =
        "name: x\ntimeline:\n  - { at: 2s, fault: node.disk_stall }\n  - { at: 2s, fault: store.down }\n"
        "  - { at: 2s, fault: node.disk_full, left: 4KB, for: 1s }\n  - { at: 2s, fault: node.disk_full, "
        "for: "
        "1s }\n";
    const auto reading = sim::read_scenario(text, "f");
    ASSERT_TRUE(reading.scenario);
    const auto problems = sim::not_in_process_world(*reading.scenario);
    ASSERT_EQ(problems.size(), 2u);
    EXPECT_THAT(problems[0].message, HasSubstr("cannot perform node.disk_stall"));
    EXPECT_EQ(problems[0].location.line, 3);
    EXPECT_THAT(problems[1].message, HasSubstr("cannot perform node.disk_full with 'left'"));
    EXPECT_EQ(problems[1].location.line, 5);
    EXPECT_EQ(problems[1].location.column, 44);
}

TEST(ProcessWorld, SaysWhichClocksNeedAToolThatIsMissing) {
    const auto reading = sim::read_scenario(
        "name: x\ntimeline:\n  - { at: 2s, fault: node.clock_skew, offset: 2s }\n  - { at: 2s, fault: "
        "client.clock_drift, per_second: -5ms }\n",
        "f");
    ASSERT_TRUE(reading.scenario);
    EXPECT_TRUE(sim::not_in_process_world(*reading.scenario).empty());
    const auto problems = sim::not_without_faketime(*reading.scenario);
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_THAT(problems[0].message, HasSubstr("node.clock_skew in the process world needs libfaketime"));
    EXPECT_THAT(problems[0].hint, HasSubstr("apt install faketime"));
    EXPECT_EQ(problems[0].location.line, 3);
}

TEST(Members, AreThoseThatTheStoreHas) {
    const auto trouble = [](const std::string& topology, const std::string& fault) {
        const auto reading =
            sim::read_scenario("name: x\ntopology: { " + topology +
                                   " }\ntimeline:\n  - { at: 2s, for: 1s, fault: " + fault + " }\n",
                               "f");
        return reading.problems.empty()
                   ? std::string{}
                   : reading.problems.front().message + "; " + reading.problems.front().hint;
    };
    EXPECT_EQ(trouble("members: 3", "member.down"), "");
    EXPECT_EQ(trouble("members: 3", "member.empty, member: 3, delay: 0s"), "");
    EXPECT_EQ(trouble("members: [3, 5]", "member.down, member: 3"), "");
    EXPECT_EQ(trouble("nodes: 2", "member.down"),
              "member.down needs a store of several members; topology: { members: 3 } makes it a cluster");
    EXPECT_EQ(trouble("members: [1, 3]", "member.down"),
              "member.down needs a store of several members; topology: { members: 3 } makes it a cluster");
    EXPECT_EQ(trouble("members: 3", "member.down, member: 4"),
              "member 4 does not exist; there are members 1 to 3");
    EXPECT_EQ(trouble("members: [3, 5]", "member.empty, member: 5"),
              "member 5 does not exist; there are members 1 to 3");
    EXPECT_THAT(trouble("members: 10", "store.down"), HasSubstr("members"));
    EXPECT_THAT(trouble("members: 3", "member.down, member: 0"), HasSubstr("member"));
    EXPECT_THAT(trouble("members: 3, store: nats", "store.down"),
                HasSubstr("only a CouchDB is played as a cluster"));
}

TEST(Stores, AreThoseThatThereAre) {
    const auto trouble = [](const std::string& topology, const std::string& fault) {
        const auto reading =
            sim::read_scenario("name: x\ntopology: { " + topology +
                                   " }\ntimeline:\n  - { at: 2s, for: 1s, fault: " + fault + " }\n",
                               "f");
        return reading.problems.empty()
                   ? std::string{}
                   : reading.problems.front().message + "; " + reading.problems.front().hint;
    };
    EXPECT_EQ(trouble("stores: 2", "store.down"), "");
    EXPECT_EQ(trouble("stores: 2", "store.down, store: s2"), "");
    EXPECT_EQ(trouble("stores: 2", "link.clog, store: s2, node: n1"), "");
    EXPECT_EQ(trouble("stores: 2", "replication.stop"), "");
    EXPECT_EQ(trouble("stores: 2", "store.down, store: s3"), "s3 does not exist; there are s1 to s2");
    EXPECT_EQ(trouble("stores: [2, 3]", "store.down, store: s3"), "s3 does not exist; there are s1 to s2");
    EXPECT_EQ(trouble("nodes: 2", "store.down, store: s2"),
              "s2 does not exist; there is s1 only: topology.stores is how many there are");
    EXPECT_THAT(trouble("stores: 2", "store.down, store: n1"), HasSubstr("store must be a store, as in s2"));
    EXPECT_EQ(trouble("stores: 2", "node.kill, store: s1"), "node.kill hits no store; leave 'store' out");
    EXPECT_EQ(trouble("stores: 2", "link.clog, store: s1, link: client-node"),
              "link.clog hits no store; say link: node-store, or leave 'store' out");
    EXPECT_EQ(trouble("nodes: 2", "replication.stop"),
              "replication.stop needs several stores; topology: { stores: 2 } makes two that replicate");
    EXPECT_THAT(trouble("stores: 2, members: 3", "store.down"), HasSubstr("both 'stores' and 'members'"));
    EXPECT_THAT(trouble("stores: 2, store: nats", "store.down"),
                HasSubstr("only CouchDBs are played as several stores"));
    EXPECT_THAT(trouble("stores: 9", "store.down"), HasSubstr("stores must be at most 4"));
    const auto purge = sim::read_scenario(
        "name: x\ntopology: { stores: 2 }\ntimeline:\n  - { at: 2s, fault: store.document_purge }\n", "f");
    ASSERT_EQ(purge.problems.size(), 1u);
    EXPECT_THAT(purge.problems[0].message, HasSubstr("no CouchDB replicates a purge"));
}

TEST(Stores, AreOurOwnAndNotARealOne) {
    const auto reading = sim::read_scenario("name: x\ntopology:\n  nodes: 2\n  stores: 2\n", "f");
    ASSERT_TRUE(reading.scenario);
    const auto real = sim::not_on_a_real_store(*reading.scenario, false);
    ASSERT_EQ(real.size(), 1u);
    EXPECT_EQ(real[0].location.line, 4);
    EXPECT_THAT(real[0].message, HasSubstr("--store names one CouchDB"));
    const auto attached = sim::not_at_attached_nodes(*reading.scenario, {"n1"}, false);
    ASSERT_EQ(attached.size(), 1u);
    EXPECT_EQ(attached[0].location.line, 4);
    EXPECT_EQ(sim::not_on_nats(*reading.scenario, false).size(), 1u);
}

TEST(Prefix, IsAPathOfRealNodes) {
    const auto trouble = [](const std::string& prefix) {
        const auto reading = sim::read_scenario("name: x\ntopology: { prefix: " + prefix + " }\n", "f");
        return reading.problems.empty() ? std::string{} : reading.problems.front().message;
    };
    EXPECT_EQ(trouble("/chat"), "");
    EXPECT_EQ(trouble("/our/chat-2"), "");
    for (const auto* bad : {"chat", "/", "/chat/", "/a//b", "'/a b'", "'/a?b'"})
        EXPECT_THAT(trouble(bad), HasSubstr("prefix must be a path that begins with '/'")) << bad;
    const auto reading = sim::read_scenario("name: x\ntopology:\n  nodes: 2\n  prefix: /chat\n", "f");
    ASSERT_TRUE(reading.scenario);
    const auto refused = sim::not_in_virtual_world(*reading.scenario);
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].location.line, 4);
    EXPECT_TRUE(sim::not_in_process_world(*reading.scenario).empty());
}

TEST(Queues, OfOneClientAreSeenInTheVirtualWorldAlone) {
    const auto reading = sim::read_scenario(
        "name: x\nexpect:\n  - queued < 1 MB\n  - queued(n1) < 1 MB\n  - queued(c3) < 1 MB\n", "f");
    ASSERT_TRUE(reading.scenario);
    EXPECT_TRUE(sim::not_in_virtual_world(*reading.scenario).empty());
    const auto refused = sim::not_in_process_world(*reading.scenario);
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].location.line, 5);
    EXPECT_THAT(refused[0].hint, HasSubstr("queued(n1) < 1 MB"));
}

TEST(ScenarioMistakes, OfOneKeyHideNoOthers) {
    // Clients are not known, nodes are.
    const auto of_clients = errors_of(
        "name: x\ntopology: { nodes: 2, clients: three }\ntimeline:\n  - { at: 2s, fault: node.kill, node: "
        "n9 }\n  - { at: 2s, fault: client.slow, client: c9 }\nexpect:\n  - memory(n9) < 1 MB\n");
    EXPECT_EQ(count_of(of_clients), 3u) << of_clients;
    EXPECT_THAT(of_clients, HasSubstr("f.yaml:4:39: error: n9 does not exist then"));
    EXPECT_THAT(of_clients, HasSubstr("f.yaml:7:5: error: n9 does not exist"));
    // What a misspelt key was meant to say counts.
    const auto misspelt = errors_of(
        "name: x\ntopology: { nodse: 3, clents: 5 }\nexpect:\n  - memory(n4) < 1 MB\n  - p99(shown, to c6) < "
        "1s\n  - p99(shown, to n3) < 1s\n");
    EXPECT_EQ(count_of(misspelt), 4u) << misspelt;
    EXPECT_THAT(misspelt, HasSubstr("n4 does not exist"));
    EXPECT_THAT(misspelt, HasSubstr("there are c1 to c5"));
    const auto no_map = errors_of("name: x\ntopology: 3\nexpect:\n  - memory(n9) < 1 MB\n");
    EXPECT_EQ(count_of(no_map), 1u) << no_map;
    EXPECT_EQ(count_of(errors_of("name: x\ntopology: { members: [1, x] }\ntimeline:\n  - { at: 2s, fault: "
                                 "member.down, for: 1s }\n")),
              1u);
}

TEST(ScenarioMistakes, InAKeyDoNotMakeItMissing) {
    const auto of_stage = errors_of("name: x\nload: { stages: [ { for: 10s, rats: 5/s } ] }\n");
    EXPECT_EQ(count_of(of_stage), 1u) << of_stage;
    EXPECT_THAT(of_stage, HasSubstr("did you mean 'rate'?"));
    EXPECT_EQ(count_of(errors_of("Name: x\n")), 1u);
    EXPECT_EQ(count_of(errors_of("name: x\ntimeline:\n  - { at: 2s, fault: node.clock_skew, ofset: 2s }\n")),
              1u);
}

TEST(ScenarioMistakes, ThatNobodySeesAreNamed) {
    EXPECT_THAT(errors_of("name: x\n\xef\xbb\xbf"
                          "expect:\n  - no_loss\n"),
                HasSubstr("f.yaml:2:1: error: a character that is not to be seen, U+FEFF"));
    EXPECT_THAT(errors_of("name: x\nexpect:\n  - no\xe2\x80\x8b_loss\n"), HasSubstr("U+200B"));
    EXPECT_EQ(errors_of("\xef\xbb\xbfname: x\n"), "");
    EXPECT_EQ(errors_of("name: x\nabout: \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac\n"), "")
        << "letters that are made of two";
}

TEST(ScenarioMistakes, OfYamlsOwnShortcutsAreTold) {
    EXPECT_THAT(errors_of("name: x\nabout: *a\n"),
                HasSubstr("f.yaml:2:8: error: aliases are not part of the language"));
    EXPECT_THAT(errors_of("name: x\nload:\n  <<: { rate: 5/s }\n"), HasSubstr("merged"));
}

TEST(ScenarioMistakes, InAFigureDoNotMakeItsThresholdWrong) {
    const auto errors = errors_of("name: x\nexpect:\n  - max(memry) < 100 MB\n");
    EXPECT_EQ(count_of(errors), 1u) << errors;
}

TEST(Links, OfOneClientAreThoseToItsNode) {
    const auto trouble = [](const std::string& fault) {
        const auto reading =
            sim::read_scenario("name: x\ntimeline:\n  - { at: 2s, for: 1s, fault: " + fault + " }\n", "f");
        return reading.problems.empty() ? std::string{} : reading.problems.front().message;
    };
    EXPECT_EQ(trouble("link.clog, client: c2"), "");
    EXPECT_EQ(trouble("link.clog, client: c2, link: client-node"), "");
    EXPECT_EQ(trouble("link.clog, client: c2, link: node-store"), "link.clog hits no client");
    EXPECT_EQ(trouble("link.buffered, client: c2"), "link.buffered hits no client");
    EXPECT_EQ(trouble("link.clog, client: c2, node: n1"),
              "both 'node' and 'client': a client's link is its own");
    EXPECT_EQ(trouble("link.clog, client: c9"), "c9 does not exist then");
}

TEST(RealStore, IsSparedWhatOnlyOurOwnCanLose) {
    const auto reading = sim::read_scenario(
        "name: x\ntimeline:\n  - { at: 2s, fault: store.amnesia }\n  - { at: 3s, any: [store.wipe, "
        "store.failover] }\n"
        "  - { at: 4s, fault: store.crash }\n",
        "f");
    ASSERT_TRUE(reading.scenario);
    const auto problems = sim::not_on_a_real_store(*reading.scenario, false);
    ASSERT_EQ(problems.size(), 3u);
    EXPECT_THAT(problems[0].message, HasSubstr("store.amnesia cannot be done to a real CouchDB"));
    EXPECT_EQ(problems[0].location.line, 3);
    EXPECT_EQ(problems[1].location.line, 4);
    EXPECT_THAT(problems[2].hint, HasSubstr("--store-kill"));
    EXPECT_EQ(sim::not_on_a_real_store(*reading.scenario, true).size(), 2u);
}

TEST(RealStore, IsNotMadeACluster) {
    const auto reading = sim::read_scenario(
        "name: x\ntopology: { members: 3 }\ntimeline:\n  - { at: 2s, fault: member.down, for: 1s }\n", "f");
    ASSERT_TRUE(reading.scenario);
    const auto problems = sim::not_on_a_real_store(*reading.scenario, true);
    ASSERT_EQ(problems.size(), 2u);
    EXPECT_EQ(problems[0].location.line, 2);
    EXPECT_THAT(problems[0].message, HasSubstr("a real CouchDB has the members that it has"));
    EXPECT_EQ(problems[1].location.line, 4);
    EXPECT_THAT(problems[1].message, HasSubstr("member.down cannot be done to a real CouchDB"));
    EXPECT_EQ(sim::not_on_nats(*reading.scenario, false).size(), 2u);
    EXPECT_EQ(sim::not_at_attached_nodes(*reading.scenario, {"n1"}, true).size(), 1u);
}

TEST(AttachedNodes, AreSparedWhatOnlyOurOwnCanBeDone) {
    const auto reading = sim::read_scenario(R"(
name: x
topology: { nodes: 3 }
timeline:
  - { at: 2s, fault: store.down, for: 1s }
  - { at: 2s, fault: node.kill, for: 1s }
  - { at: 2s, fault: node.kill, node: n1, for: 1s, name: a }
  - { at: 2s, fault: node.kill, node: n2, for: 1s, name: b }
  - { at: 2s, fault: link.clog, for: 1s, name: c }
  - { at: 2s, fault: link.clog, link: client-node, for: 1s, name: d }
  - { at: 2s, fault: client.vanish, for: 1s }
  - { at: 2s, fault: node.join }
  - { at: 2s, fault: policy.room, for: 1s }
  - { at: 2s, fault: policy.ban, for: 1s }
  - { at: 2s, fault: policy.ban, everywhere: true, for: 1s, name: e }
)",
                                            "f");
    ASSERT_TRUE(reading.scenario) << reading.problems[0].message;
    const auto lines = [&](const std::set<std::string>& attached, bool has_control) {
        std::vector<int> out;
        for (const auto& problem : sim::not_at_attached_nodes(*reading.scenario, attached, has_control)) {
            EXPECT_FALSE(problem.hint.empty());
            out.push_back(problem.location.line);
        }
        return out;
    };
    EXPECT_THAT(lines({"n1"}, false), testing::ElementsAre(5, 6, 7, 9, 15));
    EXPECT_THAT(lines({"n1"}, true), testing::ElementsAre(6, 7, 9, 15));
    EXPECT_TRUE(sim::not_among_nodes(*reading.scenario, "--attach", {"n1", "n3"}).empty());
    const auto unknown = sim::not_among_nodes(*reading.scenario, "--attach", {"n1", "n4", "n99999999999"});
    ASSERT_EQ(unknown.size(), 2u);
    EXPECT_THAT(unknown[0].message, HasSubstr("--attach n4: the scenario has 3 nodes"));
}

TEST(ScenarioMistakes, ServersAreOfNats) {
    const std::string lead =
        "name: x\nload: { rate: 10/s, for: 20s }\ntimeline: [{ at: 3s, fault: server.down, for: 2s }]\n";
    const auto errors = [&](const std::string& topology) {
        return errors_of(lead + "topology: " + topology + "\n");
    };
    const std::string of_couchdb = errors("{ nodes: 2 }");
    EXPECT_THAT(of_couchdb, HasSubstr("f.yaml:3:12: error: server.down needs a cluster of NATS servers"));
    EXPECT_THAT(of_couchdb, HasSubstr("say topology: { store: nats, servers: 3 }"));
    EXPECT_THAT(
        errors("{ nodes: 2, store: nats }"),
        HasSubstr("f.yaml:3:12: error: server.down is about one of several NATS servers, and there is one"));
    EXPECT_THAT(errors("{ nodes: 2, store: nats, servers: 2 }"),
                HasSubstr("neither of two servers is a majority"));
    EXPECT_THAT(errors("{ nodes: 2, servers: 3 }"), HasSubstr("a store of several servers is one of NATS"));
    EXPECT_EQ(errors("{ nodes: 2, store: nats, servers: 3 }"), "");
}

}  // namespace

}  // namespace davenport
