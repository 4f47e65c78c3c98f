#include "tests/sim/checker_story.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Each checker of a promise passes the good story, and catches the bug that is planted for it.
namespace davenport::sim::checker::test {
namespace {

using testing::HasSubstr;

TEST(Judge, PassesAGoodHistory) {
    Story story;
    for (const char* property : {"no_loss", "no_duplicates", "no_phantoms", "fifo_per_sender",
                                 "canonical_order", "converged", "outbox_drained"})
        story.expect(property);
    const auto verdict = story.judge();
    for (const auto& found : verdict.findings) EXPECT_EQ(found.outcome, Outcome::pass) << text_of(found);
    EXPECT_EQ(verdict.outcome, Outcome::pass);
    EXPECT_EQ(verdict.findings.size(), 8u);
    EXPECT_EQ(verdict.findings.front().property, "ran");
}

TEST(Judge, ChecksTheSafetyPromisesThoughNobodyAsked) {
    const auto verdict = Story{}.judge();
    std::vector<std::string> properties;
    for (const auto& found : verdict.findings) properties.push_back(found.property);
    EXPECT_THAT(properties, testing::ElementsAre("ran", "no_loss", "no_duplicates", "no_phantoms",
                                                 "fifo_per_sender", "canonical_order"));
}

TEST(Judge, GivesExpectationsInTheirOrderWithTheirPlaceInTheFile) {
    Story story;
    story.expect("no_duplicates");
    story.scenario.expect.back().text = "no_duplicates";
    story.scenario.expect.back().location = {17, 5};
    const auto verdict = story.judge();
    EXPECT_EQ(verdict.findings.back().property, "no_duplicates");
    EXPECT_EQ(verdict.findings.back().location.line, 17);
}

// ---------------------------------------------------------------- loss

TEST(Loss, IsCaughtWhenOneClientMissesAMessage) {
    Story story;
    story.remove_shown("c1-2", "c4");
    expect_caught(story, "no_loss", "c1-2");
    expect_caught(story, "no_loss", "never to c4 (n2)");
    EXPECT_THAT(story.finding("no_loss").measured, HasSubstr("1 of 10"));
}

TEST(Loss, IsToldWithWhatHappenedRoundIt) {
    Story story;
    story.fault("outage", "store.down", 1'390, 1'450, 3);
    story.insert({.kind = RecordKind::node, .at_us = 1'420'000, .node = "n1", .text = "killed"});
    story.insert({.kind = RecordKind::log,
                  .at_us = 1'391'000,
                  .node = "n2",
                  .text = "warning store: it does not answer"});
    story.insert({.kind = RecordKind::log, .at_us = 4'600'000, .node = "n2", .text = "info stopping"});
    story.remove_shown("c1-2", "c4");  // due at 1.4 s
    const auto context = story.finding("no_loss").context;
    EXPECT_THAT(context, testing::ElementsAre("   1.390 s  outage begins (store.down)",
                                              "   1.391 s  n2 logs: warning store: it does not answer",
                                              "   1.420 s  n1 is killed", "   1.450 s  outage is over"));
    EXPECT_TRUE(story.finding("no_duplicates").context.empty()) << "nobody asks when all is well";
}

TEST(Loss, IsToldWithNoMoreThanOneCanRead) {
    Story story;
    for (int i = 0; i < 100; ++i)
        story.insert({.kind = RecordKind::log, .at_us = 1'400'000 + i, .node = "n2", .text = "again"});
    story.remove_shown("c1-2", "c4");
    const auto context = story.finding("no_loss").context;
    EXPECT_EQ(context.size(), 25u);
    EXPECT_THAT(context.back(), HasSubstr("and 76 more"));
}

TEST(Loss, IsUnknownWhenNoDocumentWasRead) {
    Story story;
    story.remove([](const Record& r) { return r.kind == RecordKind::document; });
    EXPECT_EQ(story.finding("no_loss").outcome, Outcome::unknown);
    story.remove_shown("c1-2", "c4");
    EXPECT_EQ(story.finding("no_loss").outcome, Outcome::fail) << "what is lost is lost all the same";
}

TEST(Loss, IsCaughtWhenTheStoreLacksAMessage) {
    Story story;
    story.remove([](const Record& r) { return r.kind == RecordKind::document && r.msg == "c3-2"; });
    expect_caught(story, "no_loss", "not in the store");
}

TEST(Loss, IsCaughtWhenANodeGivesUpWhatItAccepted) {
    Story story;
    story.insert({.kind = RecordKind::failed,
                  .at_us = 1'300'000,
                  .client = "c1",
                  .node = "n1",
                  .msg = "c1-1",
                  .text = "too big"});
    expect_caught(story, "no_loss", "given up");
}

TEST(Loss, IsCaughtAfterAKilledNodeCameBackWithoutWhatItAccepted) {
    Story story;
    story.fault("kill", "node.kill", 1'010, 1'200, 0);
    for (int to = 2; to <= 4; ++to) story.remove_shown("c1-1", Story::client(to));
    expect_caught(story, "no_loss", "c1-1");
}

TEST(Loss, IsNotAMessageThatWasNeverAccepted) {
    Story story;
    story.remove([](const Record& r) {
        return r.msg == "c4-2" && (r.kind == RecordKind::accepted || r.kind == RecordKind::stored ||
                                   r.kind == RecordKind::shown || r.kind == RecordKind::document ||
                                   r.kind == RecordKind::history);
    });
    EXPECT_EQ(story.finding("no_loss").outcome, Outcome::pass);
}

TEST(Loss, CountsStoredAsAccepted) {
    Story story;
    story.remove([](const Record& r) { return r.msg == "c1-1" && r.kind == RecordKind::accepted; });
    story.remove_shown("c1-1", "c2");
    expect_caught(story, "no_loss", "c1-1");
}

TEST(Loss, DoesNotOweAMessageToWhoCameLater) {
    Story story;
    story.insert(
        {.kind = RecordKind::connected, .at_us = 1'500'000, .client = "c9", .node = "n2", .count = 1});
    story.insert(
        {.kind = RecordKind::joined, .at_us = 1'501'000, .client = "c9", .node = "n2", .room = "r1"});
    for (int i = 6; i < Story::messages; ++i)
        story.insert({.kind = RecordKind::shown,
                      .at_us = (1'000 + 100 * i + 12) * Story::ms,
                      .client = "c9",
                      .node = "n2",
                      .room = "r1",
                      .msg = Story::name(i),
                      .id = Story::id(i),
                      .count = 1});
    EXPECT_EQ(story.finding("no_loss").outcome, Outcome::pass) << text_of(story.finding("no_loss"));
    story.remove_shown(Story::name(8), "c9");
    expect_caught(story, "no_loss", "c9");
}

TEST(Loss, TakesAResumeForADelivery) {
    Story story;
    auto& shown = story.shown("c1-1", "c4");
    shown.via = DeliveryPath::resume;
    EXPECT_EQ(story.finding("no_loss").outcome, Outcome::pass);
}

TEST(Loss, ExcusesWhatAWipedDiskTookBeforeTheStoreHadIt) {
    Story story;
    const auto lose = [](const Record& r) {
        return r.msg == "c1-1" && (r.kind == RecordKind::stored || r.kind == RecordKind::document ||
                                   r.kind == RecordKind::history ||
                                   (r.kind == RecordKind::shown && Story::home(r.client[1] - '0') == "n2"));
    };
    story.remove(lose);
    expect_caught(story, "no_loss", "c1-1");
    story.insert({.kind = RecordKind::node, .at_us = 1'005'000, .node = "n1", .text = "wiped"});
    const auto found = story.finding("no_loss");
    EXPECT_EQ(found.outcome, Outcome::pass) << text_of(found);
    EXPECT_THAT(found.measured, HasSubstr("1 not counted"));
}

TEST(Loss, OfWhatTheStoreRefusedForGoodIsNoNodesDoing) {
    const auto never_stored = [](std::int64_t until_us, RecordKind last_word) {
        Story story;
        story.remove([&](const Record& r) {
            return r.msg == "c1-1" &&
                   (r.kind == RecordKind::stored || r.kind == RecordKind::document ||
                    r.kind == RecordKind::history ||
                    (r.kind == RecordKind::shown && Story::home(r.client[1] - '0') == "n2"));
        });
        story.insert({.kind = RecordKind::fault_on, .at_us = 1'000, .name = "rules", .text = "store.reject"});
        story.insert({.kind = RecordKind::fault_off,
                      .at_us = until_us,
                      .name = "rules",
                      .text = "store.reject",
                      .count = 1});
        if (last_word != RecordKind::accepted)
            story.insert({.kind = last_word,
                          .at_us = 1'500'000,
                          .client = "c1",
                          .node = "n1",
                          .room = "r1",
                          .msg = "c1-1"});
        return story.finding("no_loss").outcome;
    };
    EXPECT_EQ(never_stored(2'000'000, RecordKind::failed), Outcome::pass);
    EXPECT_EQ(never_stored(2'000'000, RecordKind::accepted), Outcome::pass) << "nobody was there to be told";
    EXPECT_EQ(never_stored(2'000'000, RecordKind::stored), Outcome::fail) << "it was not";
    EXPECT_EQ(never_stored(500'000, RecordKind::failed), Outcome::fail)
        << "the rules were gone before it was sent";
}

/// The store has acknowledged c1-1 and lost it, and so has its node's disk.
Story with_both_copies_destroyed(const char* store_fault, bool shown_elsewhere) {
    Story story;
    story.remove([&](const Record& r) {
        return r.msg == "c1-1" && (r.kind == RecordKind::document || r.kind == RecordKind::history ||
                                   (r.kind == RecordKind::shown && Story::home(r.client[1] - '0') == "n2" &&
                                    !(shown_elsewhere && r.client == "c2")));
    });
    story.insert({.kind = RecordKind::fault_on, .at_us = 2'100'000, .name = "store", .text = store_fault});
    story.insert({.kind = RecordKind::fault_off,
                  .at_us = 2'100'001,
                  .name = "store",
                  .text = store_fault,
                  .count = 1});
    story.insert({.kind = RecordKind::node, .at_us = 2'200'000, .node = "n1", .text = "wiped"});
    return story;
}

TEST(Loss, OfWhatFaultsDestroyedOnDiskAndInTheStoreIsNoNodesDoing) {
    for (const char* fault : {"store.wipe", "store.amnesia", "store.failover"}) {
        const auto found = with_both_copies_destroyed(fault, false).finding("no_loss");
        EXPECT_EQ(found.outcome, Outcome::pass) << fault << text_of(found);
    }
}

TEST(Loss, OfWhatAnotherNodeHadInItsJournalWhenTheStoreLostItIsCaught) {
    for (const char* fault : {"store.wipe", "store.amnesia", "store.failover"})
        EXPECT_EQ(with_both_copies_destroyed(fault, true).finding("no_loss").outcome, Outcome::fail) << fault;
}

TEST(Loss, OfWhatAnotherNodeHadShownAndNotYetWrittenIsNoNodesDoing) {
    auto killed = with_both_copies_destroyed("store.wipe", true);  // c2 was shown c1-1 by n2 at 1.012 s
    killed.insert({.kind = RecordKind::node, .at_us = 1'014'000, .node = "n2", .text = "killed"});
    EXPECT_EQ(killed.finding("no_loss").outcome, Outcome::pass) << text_of(killed.finding("no_loss"));
    auto later = with_both_copies_destroyed("store.wipe", true);
    later.insert({.kind = RecordKind::node, .at_us = 4'500'000, .node = "n2", .text = "killed"});
    EXPECT_EQ(later.finding("no_loss").outcome, Outcome::fail) << "by then it was on its disk";
    auto wiped = with_both_copies_destroyed("store.wipe", true);
    wiped.insert({.kind = RecordKind::node, .at_us = 2'300'000, .node = "n2", .text = "wiped"});
    EXPECT_EQ(wiped.finding("no_loss").outcome, Outcome::pass);
}

TEST(Loss, OfWhatASlowClientWasSentBeforeItsNodesDiskWasWipedIsNoNodesDoing) {
    const auto shown_late = [](bool polls, std::int64_t slow_from_us, std::int64_t wiped_us) {
        auto story = with_both_copies_destroyed("store.wipe", true);
        auto shown = story.shown("c1-1", "c2");
        story.remove_shown("c1-1", "c2");
        shown.at_us = 1'800'000;
        story.insert(shown);
        if (polls) story.scenario.topology.polling = 4;
        story.insert({.kind = RecordKind::node, .at_us = wiped_us, .node = "n2", .text = "wiped"});
        const auto slow = [&](RecordKind kind, std::int64_t at_us) {
            story.insert(
                {.kind = kind, .at_us = at_us, .client = "c2", .name = "slow", .text = "client.slow"});
        };
        slow(RecordKind::fault_on, slow_from_us);
        slow(RecordKind::fault_off, 1'800'000);
        return story.finding("no_loss");
    };
    EXPECT_EQ(shown_late(true, 1'005'000, 1'500'000).outcome, Outcome::pass);
    EXPECT_EQ(shown_late(true, 1'600'000, 1'500'000).outcome, Outcome::fail)
        << "it was not slow yet: the node had the message after the wipe";
    EXPECT_EQ(shown_late(false, 1'005'000, 1'500'000).outcome, Outcome::pass)
        << "the connection is from before";
    auto again = with_both_copies_destroyed("store.wipe", true);
    auto shown = again.shown("c1-1", "c2");
    again.remove_shown("c1-1", "c2");
    shown.at_us = 1'800'000;
    again.insert(shown);
    again.insert({.kind = RecordKind::node, .at_us = 1'500'000, .node = "n2", .text = "wiped"});
    again.insert(
        {.kind = RecordKind::connected, .at_us = 1'600'000, .client = "c2", .node = "n2", .count = 2});
    EXPECT_EQ(again.finding("no_loss").outcome, Outcome::fail) << "the node had it after the wipe";
}

// ---------------------------------------------------------------- duplicates

TEST(Duplicates, AreCaughtOnOneConnection) {
    Story story;
    story.insert({.kind = RecordKind::repeated,
                  .at_us = 1'500'000,
                  .client = "c2",
                  .node = "n2",
                  .room = "r1",
                  .msg = "c1-1",
                  .id = Story::id(0),
                  .count = 1,
                  .flag = true});
    expect_caught(story, "no_duplicates", "c1-1");
    expect_caught(story, "no_duplicates", "shown again to c2 by n2");
}

TEST(Duplicates, AreNoneWhenAResumeOverlaps) {
    Story story;
    story.insert({.kind = RecordKind::repeated,
                  .at_us = 1'500'000,
                  .client = "c2",
                  .node = "n2",
                  .room = "r1",
                  .msg = "c1-1",
                  .id = Story::id(0),
                  .count = 2});
    EXPECT_EQ(story.finding("no_duplicates").outcome, Outcome::pass);
}

TEST(Duplicates, AreCaughtWhenOneMessageGoesByTwoIds) {
    Story story;
    story.insert({.kind = RecordKind::shown,
                  .at_us = 1'500'000,
                  .client = "c2",
                  .node = "n2",
                  .room = "r1",
                  .msg = "c1-1",
                  .id = Story::id(77),
                  .count = 1});
    expect_caught(story, "no_duplicates", "two ids");
    expect_caught(story, "no_duplicates", "shown twice to c2");
}

TEST(Duplicates, AreCaughtInTheStore) {
    Story story;
    story.insert({.kind = RecordKind::document, .at_us = 4'000'000, .msg = "c1-1", .id = Story::id(77)});
    expect_caught(story, "no_duplicates", "in the store");
}

// ---------------------------------------------------------------- phantoms

TEST(Phantoms, AreCaughtWhenTheTextWasAltered) {
    Story story;
    story.insert({.kind = RecordKind::phantom,
                  .at_us = 1'500'000,
                  .client = "c2",
                  .node = "n2",
                  .room = "r1",
                  .id = Story::id(0),
                  .text = "c1-1 tampered"});
    expect_caught(story, "no_phantoms", "tampered");
}

TEST(Phantoms, AreCaughtWhenShownThoughNeverSent) {
    Story story;
    story.insert({.kind = RecordKind::shown,
                  .at_us = 1'500'000,
                  .client = "c2",
                  .node = "n2",
                  .room = "r1",
                  .msg = "c1-99",
                  .id = Story::id(99),
                  .count = 1});
    expect_caught(story, "no_phantoms", "c1-99");
}

TEST(Phantoms, AreCaughtInTheStoreAndInAHistory) {
    Story store, history;
    store.insert({.kind = RecordKind::document, .at_us = 4'000'000, .msg = "c1-99", .id = Story::id(99)});
    expect_caught(store, "no_phantoms", "the store holds c1-99");
    history.insert({.kind = RecordKind::history,
                    .at_us = 4'100'000,
                    .node = "n2",
                    .room = "r1",
                    .msg = "c1-99",
                    .id = Story::id(99)});
    expect_caught(history, "no_phantoms", "the history of n2");
}

// ---------------------------------------------------------------- convergence, outbox, storm

TEST(Convergence, CatchesWhatCameTooLongAfterHealing) {
    Story story;
    auto late = story.shown("c1-1", "c4");
    story.remove_shown("c1-1", "c4");
    late.at_us = 3'900'000;
    late.via = DeliveryPath::resume;
    story.insert(late);
    story.expect("converged");
    story.scenario.expect.back().within = std::chrono::seconds{1};
    EXPECT_EQ(story.judge().findings.back().outcome, Outcome::pass);
    EXPECT_THAT(story.judge().findings.back().measured, HasSubstr("900 ms"));
    story.scenario.expect.back().within = std::chrono::milliseconds{800};
    const auto found = story.judge().findings.back();
    EXPECT_EQ(found.outcome, Outcome::fail) << text_of(found);
    EXPECT_THAT(text_of(found), HasSubstr("c1-1"));
}

TEST(Convergence, CatchesASenderThatWasNeverAnswered) {
    Story story;
    story.expect("converged");
    story.remove([](const Record& r) {
        return r.msg == "c4-2" && (r.kind == RecordKind::accepted || r.kind == RecordKind::stored);
    });
    expect_caught(story, "converged", "never got an answer");
}

TEST(Convergence, CatchesASenderThatWasNeverToldThatItIsStored) {
    Story story;
    story.expect("converged");
    story.remove([](const Record& r) { return r.msg == "c4-2" && r.kind == RecordKind::stored; });
    expect_caught(story, "converged", "n2 never told its sender that it is stored");
    // The node knows the sender no more when the connection that it was told over is gone.
    story.insert({.kind = RecordKind::disconnected,
                  .at_us = 3'200'000,
                  .client = "c4",
                  .node = "n2",
                  .text = "reset",
                  .count = 1});
    story.insert(
        {.kind = RecordKind::connected, .at_us = 3'300'000, .client = "c4", .node = "n2", .count = 2});
    EXPECT_EQ(story.finding("converged").outcome, Outcome::pass) << text_of(story.finding("converged"));
}

TEST(Convergence, CatchesAGapThatStaysOpen) {
    Story story;
    story.expect("converged");
    story.insert({.kind = RecordKind::joined,
                  .at_us = 1'050'000,
                  .client = "c2",
                  .node = "n2",
                  .room = "r1",
                  .flag = true});
    expect_caught(story, "converged", "gap");
    story.insert(
        {.kind = RecordKind::gap_closed, .at_us = 3'100'000, .client = "c2", .node = "n2", .room = "r1"});
    EXPECT_EQ(story.finding("converged").outcome, Outcome::pass);
}

TEST(Convergence, CatchesAClientThatIsLeftOutside) {
    Story story;
    story.expect("converged");
    story.insert({.kind = RecordKind::disconnected,
                  .at_us = 2'900'000,
                  .client = "c2",
                  .node = "n2",
                  .text = "reset",
                  .count = 1});
    expect_caught(story, "converged", "c2 has no connection");
}

TEST(Outbox, CatchesABacklogThatStays) {
    Story story;
    story.expect("outbox_drained");
    story.insert({.kind = RecordKind::backlog, .at_us = 3'600'000, .node = "n2", .count = 3});
    expect_caught(story, "outbox_drained", "n2 has 3 messages");
}

TEST(Storm, CatchesANodeThatHammersARefusingStore) {
    for (const int each_second : {6, 600}) {
        Story story;
        story.expect("no_storm");
        story.fault("outage", "store.down", 1'000, 2'000, 10);
        story.insert({.kind = RecordKind::requests,
                      .at_us = 1'900'000,
                      .node = "n1",
                      .text = "refused",
                      .count = each_second});
        story.insert(
            {.kind = RecordKind::requests, .at_us = 1'900'000, .node = "n2", .text = "201", .count = 600});
        const auto found = story.finding("no_storm");
        EXPECT_EQ(found.outcome, each_second == 6 ? Outcome::pass : Outcome::fail) << text_of(found);
    }
}

TEST(Storm, IsUnknownWhenTheStoreNeverRefused) {
    Story story;
    story.expect("no_storm");
    EXPECT_EQ(story.finding("no_storm").outcome, Outcome::unknown);
}

}  // namespace
}  // namespace davenport::sim::checker::test
