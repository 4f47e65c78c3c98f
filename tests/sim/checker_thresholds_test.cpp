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

TEST(Threshold, MeasuresTheLatenciesFromTheDueTime) {
    const std::pair<const char*, std::int64_t> latencies[] = {{"local_ack", 2'000},
                                                              {"local_echo", 3'000},
                                                              {"stored", 10'000},
                                                              {"delivery", 12'000},
                                                              {"shown, from n1, to n1", 3'000},
                                                              {"shown, from c1, to c2", 12'000},
                                                              {"shown, except n2", 3'000}};
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

TEST(Threshold, CountsEveryShowing) {
    Story story;  // ten messages, each to all four
    EXPECT_EQ(judged(story, "count(shown)", "", "==", 40).outcome, Outcome::pass);
    EXPECT_EQ(judged(story, "count(shown, to c1)", "", "==", 10).outcome, Outcome::pass);
    EXPECT_EQ(judged(story, "count(shown, from c1)", "", "==", 12).outcome, Outcome::pass) << "c1 said three";
    EXPECT_EQ(judged(story, "count(shown, from c1, to n2)", "", "==", 6).outcome, Outcome::pass);
    EXPECT_EQ(judged(story, "count(shown, except c1)", "", "==", 21).outcome, Outcome::pass)
        << "seven, to three";
    EXPECT_EQ(judged(story, "count(sends, from c1)", "", "==", 3).outcome, Outcome::pass);
    EXPECT_EQ(judged(story, "p50(shown)", "", "==", 3'000).outcome, Outcome::pass);
    EXPECT_EQ(judged(story, "max(shown)", "", "==", 12'000).outcome, Outcome::pass);
    // The last of the clients on a node is in it, which the echo leaves out.
    story.shown("c1-1", "c3").at_us = 1'900'000;
    EXPECT_EQ(judged(story, "max(local_echo)", "", "==", 3'000).outcome, Outcome::pass);
    EXPECT_EQ(judged(story, "max(shown)", "", "==", 900'000).outcome, Outcome::pass);
    EXPECT_EQ(judged(story, "max(shown, except c3)", "", "==", 12'000).outcome, Outcome::pass);
    story.remove_shown("c1-1", "c3");
    EXPECT_EQ(judged(story, "undelivered(shown)", "", "==", 1).outcome, Outcome::pass);
}

TEST(Threshold, TellsThoseThatPollFromTheOthers) {
    Story story;
    story.scenario.topology.clients = 4;
    story.scenario.topology.polling = 1;
    story.shown("c1-1", "c4").at_us = 1'900'000;
    EXPECT_EQ(judged(story, "count(shown, poller)", "", "==", 10).outcome, Outcome::pass);
    EXPECT_EQ(judged(story, "max(shown, poller)", "", "==", 900'000).outcome, Outcome::pass);
    EXPECT_EQ(judged(story, "max(shown, except c4)", "", "==", 12'000).outcome, Outcome::pass);
}

// ---------------------------------------------------------------- a machine that is too busy

void stall(Story& story, std::int64_t at_ms, std::int64_t late_ms) {
    story.insert({.kind = RecordKind::stall, .at_us = at_ms * Story::ms, .count = late_ms * Story::ms});
}

TEST(Threshold, IsUnknownWhereTheHarnessMayHaveBrokenIt) {
    Story story;
    story.shown("c1-1", "c2").at_us = 1'300'000;  // due at 1000 ms
    EXPECT_EQ(judged(story, "max(delivery)", "", "<", 250'000).outcome, Outcome::fail);
    stall(story, 1'290, 60);
    const auto found = judged(story, "max(delivery)", "", "<", 250'000);
    EXPECT_EQ(found.outcome, Outcome::unknown);
    EXPECT_THAT(found.measured,
                HasSubstr("300 ms over 20 deliveries; the harness itself was late meanwhile, and without "
                          "that it may have been 240 ms"));
    EXPECT_EQ(judged(story, "max(delivery)", "", "<", 200'000).outcome, Outcome::fail)
        << "60 ms do not explain that";
    EXPECT_EQ(judged(story, "max(delivery)", "", "<", 400'000).outcome, Outcome::pass);
    EXPECT_EQ(judged(story, "max(delivery)", "", ">", 250'000).outcome, Outcome::unknown);
}

TEST(Threshold, IsBrokenWhereTheHarnessWasLateAtAnotherTime) {
    Story story;
    story.shown("c1-1", "c2").at_us = 1'300'000;
    stall(story, 1'900, 200);
    EXPECT_EQ(judged(story, "max(delivery)", "", "<", 250'000).outcome, Outcome::fail);
}

TEST(Threshold, MindsNoStallBeforeTheFirstMessage) {
    Story story;
    stall(story, 900, 900);
    EXPECT_EQ(story.finding("ran").outcome, Outcome::pass) << text_of(story.finding("ran"));
    EXPECT_EQ(judged(story, "max(stall)", "", "==", 0).outcome, Outcome::pass);
    stall(story, 1'500, 900);
    EXPECT_EQ(story.finding("ran").outcome, Outcome::unknown);
}

TEST(Threshold, NeverComesWhateverTheHarnessDid) {
    Story story;
    story.remove_shown("c1-1", "c2");
    stall(story, 1'500, 200);
    EXPECT_EQ(judged(story, "max(delivery)", "", "<", 3'600e6).outcome, Outcome::fail);
    EXPECT_EQ(story.finding("no_loss").outcome, Outcome::fail) << "broken safety is broken";
}

TEST(Convergence, IsUnknownWhereTheHarnessMayHaveBeenTheLateOne) {
    Story story;
    story.shown("c1-1", "c2").at_us = 3'200'000;  // healed at 3000 ms
    story.scenario.expect.emplace_back().property = "converged";
    story.scenario.expect.back().within = Duration{150'000};
    EXPECT_EQ(story.judge().findings.back().outcome, Outcome::fail);
    stall(story, 3'190, 60);
    EXPECT_EQ(story.judge().findings.back().outcome, Outcome::unknown);
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

TEST(Recovery, EndsWithTheFirstReturnToNormal) {
    auto story = with_outage(1'580);
    // Something else is slow much later: that is not the outage's.
    for (const char* to : {"c2", "c4"}) {
        auto late = story.shown("c1-3", to);  // due at 1800 ms
        story.remove_shown("c1-3", to);
        late.at_us = 4'500'000;
        story.insert(late);
    }
    for (auto& record : story.records)
        if (record.msg == "c1-3" && record.at_us < 4'000'000 && record.due_us >= 0)
            record.due_us = record.at_us = 4'000'000;
    std::ranges::stable_sort(story.records, {}, &Record::at_us);
    EXPECT_EQ(judged(story, "recovery of outage", "", "==", 30'000).outcome, Outcome::pass)
        << text_of(story.judge().findings.back());
    story.expect("recovery of outage", "", "<", 1e6);
    story.scenario.expect.back().stable = Duration{3'500'000};
    EXPECT_EQ(story.judge().findings.back().outcome, Outcome::fail) << "so long it never stays normal before";
}

TEST(Recovery, IsNotThereWhileNothingComesAtAll) {
    // Half a second after the outage all is silent, since what is due then comes much later.
    auto story = with_outage(1'580);
    for (const char* msg : {"c3-2", "c4-2"}) {
        for (int to = 1; to <= 4; ++to) {
            if (Story::home(to) == Story::home(msg[1] - '0')) continue;
            auto late = story.shown(msg, Story::client(to));
            story.remove_shown(msg, Story::client(to));
            late.at_us = 2'900'000;
            story.insert(late);
        }
    }
    EXPECT_EQ(judged(story, "recovery of outage", "", "==", 1'350'000).outcome, Outcome::pass)
        << text_of(story.judge().findings.back());
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
