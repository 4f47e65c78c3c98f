#include "tests/sim/checker_story.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// A run that was none is neither passed nor failed.
namespace davenport::sim::checker::test {
namespace {

using testing::HasSubstr;

void expect_unknown(const Story& story, const std::string& why) {
    const auto found = story.finding("ran");
    EXPECT_EQ(found.outcome, Outcome::unknown) << text_of(found);
    EXPECT_THAT(text_of(found), HasSubstr(why));
    EXPECT_EQ(story.judge().outcome, Outcome::unknown);
}

TEST(Ran, PassesWithAFaultThatTouchedSomething) {
    Story story;
    story.fault("outage", "store.down", 1'100, 1'500, 3);
    EXPECT_EQ(story.finding("ran").outcome, Outcome::pass) << text_of(story.finding("ran"));
}

TEST(Ran, IsUnknownWhenAFaultTouchedNothing) {
    Story story;
    story.fault("outage", "store.down", 1'100, 1'500, 0);
    expect_unknown(story, "the fault outage (store.down, at 1.100 s) touched nothing");
}

TEST(Ran, IsUnknownWhenAPlannedFaultNeverBegan) {
    Story story;
    story.plan_fault("kill", "node.kill").when = "accepted >= 100";
    expect_unknown(story, "kill never began");
}

TEST(Ran, AsksOneOccurrenceOfManyToTouchSomething) {
    Story story;
    story.fault("slow", "store.slow", 1'100, 1'200, 0);
    story.fault("slow#2", "store.slow", 1'500, 1'600, 2);
    EXPECT_EQ(story.finding("ran").outcome, Outcome::pass) << text_of(story.finding("ran"));
}

TEST(Ran, ForgivesAFaultThatTheSeedDrew) {
    Story story;
    story.fault("lies", "store.lose_reply", 1'100, 1'500, 0);
    expect_unknown(story, "the fault lies (store.lose_reply, at 1.100 s) touched nothing");
    story.scenario.timeline.back().swarm = true;
    EXPECT_EQ(story.finding("ran").outcome, Outcome::pass) << text_of(story.finding("ran"));
}

TEST(Ran, IsUnknownWhenAFaultOfAnyKindTouchedNothing) {
    for (const char* kind :
         {"client.garbage", "client.retry", "client.slow", "node.pause", "link.partition", "store.wipe"}) {
        Story story;
        story.fault("it", kind, 1'500, 1'500, 0);
        expect_unknown(story, std::string{"the fault it ("} + kind + ", at 1.500 s) touched nothing");
        story.scenario.timeline.back().may_miss = true;
        EXPECT_EQ(story.finding("ran").outcome, Outcome::pass) << text_of(story.finding("ran"));
    }
}

TEST(Ran, SaysWhyAFaultTouchedNothing) {
    Story away;
    away.insert({.kind = RecordKind::disconnected,
                 .at_us = 1'450'000,
                 .client = "c2",
                 .node = "n2",
                 .text = "vanish"});
    away.insert({.kind = RecordKind::fault_on,
                 .at_us = 1'500'000,
                 .client = "c2",
                 .name = "it",
                 .text = "client.retry"});
    away.insert({.kind = RecordKind::fault_off,
                 .at_us = 1'500'000,
                 .client = "c2",
                 .name = "it",
                 .text = "client.retry"});
    away.plan_fault("it", "client.retry");
    expect_unknown(away, "(client.retry of c2, at 1.500 s) touched nothing: c2 was away (vanish)");
    Story dead;
    dead.insert({.kind = RecordKind::node, .at_us = 1'450'000, .node = "n1", .text = "killed"});
    dead.insert(
        {.kind = RecordKind::fault_on, .at_us = 1'500'000, .node = "n1", .name = "it", .text = "node.pause"});
    dead.insert({.kind = RecordKind::fault_off,
                 .at_us = 1'500'000,
                 .node = "n1",
                 .name = "it",
                 .text = "node.pause"});
    dead.plan_fault("it", "node.pause");
    expect_unknown(dead, "(node.pause of n1, at 1.500 s) touched nothing: n1 was killed");
}

TEST(Ran, IsUnknownWithoutAnEnd) {
    Story story;
    story.records.pop_back();
    expect_unknown(story, "no end");
}

TEST(Ran, IsUnknownWhenTheWorldBrokeOff) {
    Story story;
    story.records.back().text = "a node did not start";
    expect_unknown(story, "a node did not start");
}

TEST(Ran, LeavesOpenWhatAnInterruptedRunLacks) {
    Story story;
    story.records.back().text = "interrupted";
    story.remove_shown("c1-2", "c4");
    EXPECT_EQ(story.finding("no_loss").outcome, Outcome::unknown) << "it may only not have come yet";
    EXPECT_EQ(story.judge().outcome, Outcome::unknown);
    story.records.back().text.clear();
    EXPECT_EQ(story.judge().outcome, Outcome::fail);
}

TEST(Ran, IsUnknownWhenLessWasSentThanPlanned) {
    Story story;
    for (int i = 0; i < 5; ++i) story.plan.sends.push_back({Duration{1'900'000}, 0, "r1", 64});
    expect_unknown(story, "only 10 of 15");
}

TEST(Ran, IsUnknownWhenAPhaseHadNoTraffic) {
    Story story;
    story.fault("outage", "store.down", 2'000, 2'500, 3);
    for (int i = 0; i < 6; ++i) story.plan.sends.push_back({Duration{2'200'000 + i}, 0, "r1", 64});
    expect_unknown(story, "during outage nothing was sent");
}

TEST(Ran, IsUnknownWhenNobodyLookedIntoTheStore) {
    Story story;
    story.remove([](const Record& r) { return r.kind == RecordKind::document; });
    expect_unknown(story, "nobody knows what it holds");
}

TEST(Ran, IsUnknownWhenTheHarnessWasTooLate) {
    Story story;
    story.insert({.kind = RecordKind::stall, .at_us = 1'500'000, .count = 700'000});
    expect_unknown(story, "too busy");
}

TEST(Ran, DoesNotHideAFailure) {
    Story story;
    story.records.pop_back();
    story.insert({.kind = RecordKind::repeated,
                  .at_us = 1'500'000,
                  .client = "c2",
                  .node = "n2",
                  .room = "r1",
                  .msg = "c1-1",
                  .id = Story::id(0),
                  .count = 1,
                  .flag = true});
    EXPECT_EQ(story.judge().outcome, Outcome::fail);
}

TEST(Ran, IsJudgedOnceThoughItIsExpected) {
    Story story;
    story.expect("ran");
    story.scenario.expect.back().location = {9, 3};
    const auto verdict = story.judge();
    EXPECT_EQ(std::ranges::count(verdict.findings, "ran", &Finding::property), 1);
    EXPECT_EQ(verdict.findings.front().location.line, 9);
}

}  // namespace
}  // namespace davenport::sim::checker::test
