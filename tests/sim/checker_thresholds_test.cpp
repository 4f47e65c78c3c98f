#include "sim/checker/summary.hpp"
#include "sim/checker/watch.hpp"
#include "tests/sim/checker_story.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// The story's latencies are known: accepted after 2 ms, echo after 3, stored after 10, delivered after 12.
namespace davenport::sim::checker::test {
namespace {

using testing::HasSubstr;

Finding judged(Story& story, const std::string& property, const std::string& phase,
               const std::string& relation, double value) {
    story.expect(property, phase, relation, value);
    return story.judge().findings.back();
}

TEST(Threshold, MeasuresTheFourLatenciesFromTheDueTime) {
    const std::pair<const char*, std::int64_t> latencies[] = {
        {"local_ack", 2'000}, {"local_echo", 3'000}, {"stored", 10'000}, {"delivery", 12'000}};
    for (const auto& [metric, us] : latencies) {
        SCOPED_TRACE(metric);
        for (const char* quantile : {"p50", "p99", "p999", "max", "mean"}) {
            Story story;
            const auto property = fmt::format("{}({})", quantile, metric);
            EXPECT_EQ(judged(story, property, "", "<=", static_cast<double>(us)).outcome, Outcome::pass)
                << property;
            EXPECT_EQ(judged(story, property, "", "<", static_cast<double>(us)).outcome, Outcome::fail)
                << property;
            EXPECT_EQ(judged(story, property, "", "==", static_cast<double>(us)).outcome, Outcome::pass)
                << property;
        }
    }
}

TEST(Threshold, CountsTheTimeThatAClientCouldNotSend) {
    Story story;
    for (auto& record : story.records)
        if (record.kind == RecordKind::send && record.msg == "c1-2") record.due_us -= 500'000;
    EXPECT_THAT(judged(story, "max(local_ack)", "", "<", 100'000).measured, HasSubstr("502 ms"));
}

TEST(Threshold, PutsAMessageIntoThePhaseInWhichItWasDue) {
    Story story;
    story.fault("outage", "store.down", 1'350, 1'650, 3);
    // c1-2, due at 1400 ms, comes to c2 long after the outage; it is still the outage's.
    auto late = story.shown("c1-2", "c2");
    story.remove_shown("c1-2", "c2");
    late.at_us = 2'000'000;
    story.insert(late);
    EXPECT_EQ(judged(story, "max(delivery)", "before outage", "<", 13'000).outcome, Outcome::pass);
    EXPECT_EQ(judged(story, "max(delivery)", "after outage", "<", 13'000).outcome, Outcome::pass);
    const auto during = judged(story, "max(delivery)", "during outage", "<", 13'000);
    EXPECT_EQ(during.outcome, Outcome::fail);
    EXPECT_THAT(during.measured, HasSubstr("600 ms over 6 deliveries"));
}

TEST(Threshold, CountsWhatNeverCameAsLongerThanAnything) {
    Story story;
    story.remove_shown("c1-1", "c2");
    const auto found = judged(story, "max(delivery)", "", "<", 3'600e6);
    EXPECT_EQ(found.outcome, Outcome::fail);
    EXPECT_THAT(found.measured, HasSubstr("> 4.00 s over 20 deliveries, 1 of them never"));
    EXPECT_EQ(judged(story, "p50(delivery)", "", "<", 13'000).outcome, Outcome::pass);
    EXPECT_EQ(judged(story, "undelivered(delivery)", "", "==", 1).outcome, Outcome::pass);
}

TEST(Threshold, TakesTheNearestRank) {
    Story story;
    // Twenty deliveries, one of them slow: p95 is the nineteenth, anything above is the slow one.
    story.shown("c1-1", "c2").at_us = 1'050'000;
    EXPECT_EQ(judged(story, "p95(delivery)", "", "==", 12'000).outcome, Outcome::pass);
    EXPECT_EQ(judged(story, "p96(delivery)", "", "==", 50'000).outcome, Outcome::pass);
    EXPECT_EQ(judged(story, "p95.1(delivery)", "", "==", 50'000).outcome, Outcome::pass);
}

TEST(Threshold, MayLookAtOneNode) {
    Story story;
    story.shown("c1-1", "c2").at_us = 1'050'000;
    EXPECT_EQ(judged(story, "max(delivery, n1)", "", "==", 12'000).outcome, Outcome::pass);
    EXPECT_EQ(judged(story, "max(delivery, n2)", "", "==", 50'000).outcome, Outcome::pass);
}

TEST(Threshold, IsUnknownWhereThereIsNothingToMeasure) {
    Story story;
    EXPECT_EQ(judged(story, "p99(delivery)", "during outage", "<", 1).outcome, Outcome::unknown);
    EXPECT_EQ(judged(story, "p99(nonsense)", "", "<", 1).outcome, Outcome::unknown);
    EXPECT_EQ(judged(story, "px(delivery)", "", "<", 1).outcome, Outcome::unknown);
    EXPECT_EQ(judged(story, "recovery of outage", "", "<", 1).outcome, Outcome::unknown);
}

TEST(Threshold, LeavesOutTheStoredOfWhomNobodyCouldTell) {
    Story story;
    story.remove([](const Record& r) { return r.kind == RecordKind::stored && r.msg == "c1-1"; });
    EXPECT_EQ(judged(story, "count(stored)", "", "==", 9).outcome, Outcome::pass);
    EXPECT_EQ(judged(story, "max(stored)", "", "==", 10'000).outcome, Outcome::pass);
}

// ---------------------------------------------------------------- recovery

Story with_outage(std::int64_t drained_ms) {
    Story story;
    story.fault("outage", "store.down", 1'350, 1'550, 3);
    for (const char* msg : {"c1-2", "c2-2"}) {
        for (int to = 1; to <= 4; ++to) {
            if (Story::home(to) == Story::home(msg[1] - '0')) continue;
            auto late = story.shown(msg, Story::client(to));
            story.remove_shown(msg, Story::client(to));
            late.at_us = drained_ms * Story::ms;
            story.insert(late);
        }
    }
    story.insert({.kind = RecordKind::backlog, .at_us = 1'420'000, .node = "n1", .count = 1});
    story.insert(
        {.kind = RecordKind::backlog, .at_us = drained_ms * Story::ms - 5'000, .node = "n1", .count = 0});
    return story;
}

TEST(Recovery, LastsUntilDeliveriesAreAsFastAsBefore) {
    auto story = with_outage(1'580);
    const auto found = judged(story, "recovery of outage", "", "==", 30'000);
    EXPECT_EQ(found.outcome, Outcome::pass) << text_of(found);
    EXPECT_EQ(judged(story, "recovery of outage", "", "<", 30'000).outcome, Outcome::fail);
}

TEST(Recovery, LastsUntilNothingWaitsForTheStore) {
    auto story = with_outage(1'580);
    story.remove([](const Record& r) { return r.kind == RecordKind::backlog && r.count == 0; });
    story.insert({.kind = RecordKind::backlog, .at_us = 1'950'000, .node = "n1", .count = 0});
    EXPECT_EQ(judged(story, "recovery of outage", "", "==", 400'000).outcome, Outcome::pass);
}

TEST(Recovery, IsNotKnownWhenTheNextFaultCameFirst) {
    auto story = with_outage(1'580);
    story.remove([](const Record& r) { return r.kind == RecordKind::backlog && r.count == 0; });
    story.fault("next", "feed.cut", 1'850, 1'850, 1);
    story.insert({.kind = RecordKind::backlog, .at_us = 1'950'000, .node = "n1", .count = 0});
    const auto found = judged(story, "recovery of outage", "", "<", 1e6);
    EXPECT_EQ(found.outcome, Outcome::unknown) << text_of(found);
    EXPECT_THAT(found.measured, HasSubstr("next fault began 300 ms after outage"));
    EXPECT_EQ(judged(story, "recovery of outage", "", "<", 200'000).outcome, Outcome::fail)
        << "that long it took at least";
}

TEST(Recovery, NeverCameWhenSomethingIsStillMissing) {
    auto story = with_outage(1'580);
    story.remove_shown("c1-2", "c2");
    const auto found = judged(story, "recovery of outage", "", "<", 3'600e6);
    EXPECT_EQ(found.outcome, Outcome::fail);
    EXPECT_THAT(found.measured, HasSubstr("> "));
    const auto told = [&] {
        Judge judge{story.scenario, story.plan};
        for (const auto& record : story.records) judge.add(record);
        (void)judge.finish();
        return judge.summary().recoveries.size();
    };
    EXPECT_EQ(told(), 1u);
    story.find([](const Record& r) { return r.kind == RecordKind::end; }).text = "interrupted";
    EXPECT_EQ(told(), 0u) << "nobody waited for it";
}

// ---- while the run goes on

/// The time of the record at which a run with this expectation would be aborted; -1: never.
std::int64_t aborted_at(Story& story, const std::string& property, double bound) {
    Expectation expectation;
    expectation.property = property;
    expectation.relation = "<";
    expectation.value = bound;
    expectation.text = property + " < bound abort_on_fail";
    expectation.abort_on_fail = true;
    story.scenario.expect.push_back(expectation);
    Watch watch{story.scenario};
    for (const auto& record : story.records) {
        watch.add(record);
        if (watch.broken()) return record.at_us;
    }
    return -1;
}

TEST(Watch, EndsARunThatIsBrokenAndNoOther) {
    Story good;
    EXPECT_EQ(aborted_at(good, "p99(delivery)", 13'000), -1);
    Story bad;
    const auto at = aborted_at(bad, "p99(delivery)", 11'000);
    EXPECT_GT(at, 1'000'000);
    EXPECT_LT(at, bad.records.back().at_us) << "before the end";
}

TEST(Watch, SaysNothingOfAFewSamples) {
    Story story;  // 10 messages: too few
    EXPECT_EQ(aborted_at(story, "p99(local_ack)", 1'000), -1);
}

TEST(Watch, CountsWhatIsOnItsWayWithTheTimeItHasWaited) {
    Story story;
    for (int i = 0; i < Story::messages; ++i)
        for (const auto* client : {"c1", "c2", "c3", "c4"}) story.remove_shown(Story::name(i), client);
    EXPECT_GT(aborted_at(story, "p50(delivery)", 400'000), 0);
    Story other;
    for (int i = 0; i < Story::messages; ++i)
        for (const auto* client : {"c1", "c2", "c3", "c4"}) other.remove_shown(Story::name(i), client);
    EXPECT_EQ(aborted_at(other, "p50(delivery)", 60'000'000), -1) << "nobody has waited for a minute yet";
}

TEST(Watch, LooksAtNothingThatNobodyAskedFor) {
    Story story;
    story.expect("p99(delivery)", "", "<", 1);
    Watch watch{story.scenario};
    EXPECT_TRUE(watch.idle());
    for (const auto& record : story.records) watch.add(record);
    EXPECT_FALSE(watch.broken());
}

TEST(Watch, LeavesTheVerdictWithTheExpectationThatEndedTheRun) {
    Story story;
    aborted_at(story, "p99(delivery)", 11'000);
    story.records.back().text = aborted_run;
    const auto verdict = story.judge();
    EXPECT_EQ(verdict.outcome, Outcome::fail);
    EXPECT_EQ(verdict.findings.back().outcome, Outcome::fail);
}

}  // namespace
}  // namespace davenport::sim::checker::test
