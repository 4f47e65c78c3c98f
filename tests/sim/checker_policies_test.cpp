#include "tests/sim/checker_story.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Bans and rooms' settings hold everywhere for as long as they stand, and nothing holds that does not stand.
namespace davenport::sim::checker::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr auto property = "policies within 50.0 ms";

/// The good story, in which a policy stands for a while. c1 speaks at 1000, 1400 and 1800 ms at n1.
class PolicyTest : public testing::Test {
protected:
    PolicyTest() {
        story.expect("policies");
        story.scenario.expect.back().within = 50ms;
    }
    void stands(const std::string& what, const std::string& client, std::int64_t from, std::int64_t to) {
        Record set{.kind = RecordKind::policy_set, .at_us = from * ms, .client = client, .room = "r1"};
        set.name = "it";
        set.text = what;
        set.due_us = set.at_us;
        auto lifted = set;
        lifted.kind = RecordKind::policy_lifted;
        lifted.at_us = lifted.due_us = to * ms;
        story.insert(set);
        story.insert(lifted);
    }
    void put_out(const std::string& client, const std::string& code, std::int64_t at) {
        const auto* home = client == "c1" || client == "c3" ? "n1" : "n2";
        Record record{
            .kind = RecordKind::put_out, .at_us = at * ms, .client = client, .node = home, .room = "r1"};
        record.text = code;
        story.insert(record);
    }
    /// A slow mode in which c1-3 comes too soon after c1-2.
    void hasty() {
        stands("patience", "", 1300, 1900);
        put_out("c4", "slow_mode", 1850);
        expect_caught(story, property, "c1-3 (c1 to r1 by n1");
    }
    void sent_before_it(const std::string& message) {
        Record sent{.kind = RecordKind::send, .at_us = 1290 * ms, .client = "c1", .node = "n1", .room = "r1"};
        sent.msg = message;
        sent.due_us = sent.at_us;
        sent.count = 1;
        story.insert(sent);
    }
    [[nodiscard]] Outcome outcome() const { return story.finding(property).outcome; }

    static constexpr auto ms = Story::ms;
    Story story;
};

TEST_F(PolicyTest, WhoIsRefusedBecauseOfABanIsRefusedRightly) {
    stands("ban", "c1", 1410, 1420);
    put_out("c1", "banned", 1415);
    EXPECT_EQ(outcome(), Outcome::pass) << text_of(story.finding(property));
}

TEST_F(PolicyTest, IsUnknownWhenNobodyWasRefused) {
    stands("ban", "c1", 1410, 1420);
    EXPECT_EQ(outcome(), Outcome::unknown);
}

TEST_F(PolicyTest, CatchesAPostThatIsTakenFromTheBanned) {
    stands("ban", "c1", 1200, 1700);
    put_out("c1", "banned", 1690);
    expect_caught(story, property, "c1-2 (c1 to r1 by n1");
    expect_caught(story, property, "which had stood long enough");
}

TEST_F(PolicyTest, CatchesAnEditThatIsTakenFromTheBanned) {
    const auto edit = [&](RecordKind kind, std::int64_t at) {
        Record record{.kind = kind, .at_us = at * ms, .client = "c1", .node = "n1", .room = "r1"};
        record.msg = "c1-1";
        record.id = Story::id(0);
        record.name = "key";
        record.count = 1;
        story.insert(record);
    };
    stands("ban", "c1", 1113, 1199);
    put_out("c1", "banned", 1195);
    edit(RecordKind::change_sent, 1170);
    EXPECT_EQ(outcome(), Outcome::pass) << text_of(story.finding(property));
    edit(RecordKind::change_accepted, 1175);
    expect_caught(story, property, "an edit of c1-1 (c1 to r1 by n1");
}

TEST_F(PolicyTest, CatchesWhatIsShownToTheBanned) {
    stands("ban", "c2", 1200, 1700);
    put_out("c2", "banned", 1690);
    expect_caught(story, property, "shown to c2 by n2");
}

TEST_F(PolicyTest, CatchesWhatIsShownInAClosedRoomAndSaidInOneForReading) {
    stands("nothing", "", 1200, 1500);
    put_out("c4", "not_a_member", 1490);
    expect_caught(story, property, "shown to c4 by n2");
    story = Story{};
    story.expect("policies");
    story.scenario.expect.back().within = 50ms;
    stands("reading", "", 1340, 1500);
    put_out("c4", "read_only", 1490);
    expect_caught(story, property, "c1-2 (c1 to r1 by n1");
    EXPECT_THAT(text_of(story.finding(property)), testing::Not(HasSubstr("shown to"))) << "they may read";
}

TEST_F(PolicyTest, ANodeThatHasSaidSoHoldsToItAtOnce) {
    stands("ban", "c1", 1380, 1450);
    put_out("c1", "banned", 1390);
    expect_caught(story, property, "of which that node had told its sender");
}

TEST_F(PolicyTest, ANodeThatStartedAgainMayHaveToHearOfItAgain) {
    stands("ban", "c1", 1380, 1450);
    put_out("c1", "banned", 1390);
    story.insert({.kind = RecordKind::node, .at_us = 1395 * ms, .node = "n1", .text = "killed"});
    EXPECT_EQ(outcome(), Outcome::pass) << text_of(story.finding(property));
}

TEST_F(PolicyTest, WhatAStoreHasLostMayBeWrittenOver) {
    stands("ban", "c1", 1380, 1450);
    put_out("c1", "banned", 1390);
    story.fault("other", "store.failover", 1394, 1394, 1);
    EXPECT_EQ(outcome(), Outcome::pass) << text_of(story.finding(property));
}

TEST_F(PolicyTest, AFaultOrAnOutageExcusesWhatTakesLonger) {
    stands("ban", "c1", 1200, 1700);
    put_out("c1", "banned", 1690);
    put_out("c2", "banned", 1695);
    expect_caught(story, property, "c1-2");
    story.fault("late", "feed.stall", 1210, 1395, 1);
    EXPECT_THAT(text_of(story.finding(property)), testing::Not(HasSubstr("c1-2")));
    EXPECT_THAT(text_of(story.finding(property)), HasSubstr("c2: n2 refused room r1 with banned at 1.695 s"));
}

TEST_F(PolicyTest, CatchesARefusalWithoutAReason) {
    put_out("c1", "banned", 1390);
    expect_caught(story, property,
                  "c1: n1 refused room r1 with banned at 1.390 s, and nothing stood against it");
}

TEST_F(PolicyTest, CatchesABanThatOutlivesItsDocument) {
    stands("ban", "c1", 1410, 1420);
    put_out("c1", "banned", 1415);
    put_out("c1", "banned", 1480);
    expect_caught(story, property, "at 1.480 s, and nothing stood against it");
}

TEST_F(PolicyTest, CatchesWhoIsFasterThanSlowModeAllows) {
    stands("patience", "", 900, 1900);
    put_out("c4", "slow_mode", 1850);
    expect_caught(story, property, "so soon after the one before");
}

TEST_F(PolicyTest, SlowModeDoesNotCountWhatANodeMayHaveHadBefore) {
    hasty();
    sent_before_it("c1-3");
    EXPECT_EQ(outcome(), Outcome::pass) << text_of(story.finding(property));
}

/// A node whose disk failed refuses what it has and shows; then it is sent again.
TEST_F(PolicyTest, SlowModeDoesNotCountTheRepeatOfWhatWasSaidBeforeIt) {
    hasty();
    sent_before_it("c1-2");
    EXPECT_EQ(outcome(), Outcome::pass) << text_of(story.finding(property));
}

TEST_F(PolicyTest, IsCheckedWhereverThereAreAny) {
    story.scenario.expect.clear();
    stands("ban", "c1", 1410, 1420);
    EXPECT_EQ(story.finding("policies").outcome, Outcome::pass);
    EXPECT_THAT(story.finding("policies").measured, HasSubstr("1 policies, 0 refusals"));
}

}  // namespace
}  // namespace davenport::sim::checker::test
