#include "tests/sim/checker_story.hpp"

// Messages that are edited and removed: the good story passes, and each planted bug is caught.
namespace davenport::sim::checker::test {
namespace {

/// c1-1 is edited twice, and c2-1 removed; everybody is shown it, and store and nodes hold it so.
struct ChangeStory : Story {
    ChangeStory() {
        change(0, 1, "K1", 1'500);
        change(0, 2, "K2", 1'700);
        change(1, -1, "K3", 1'800);
        for (auto& record : records) {
            if (record.kind != RecordKind::document && record.kind != RecordKind::history) continue;
            if (record.msg == "c1-1") record.count = 2;
            if (record.msg != "c2-1") continue;
            record.msg.clear();  // nothing in it tells its name any more
            record.count = -1;
        }
    }
    void change(int i, std::int64_t count, const std::string& key, std::int64_t at) {
        const int sender = 1 + i % 4;
        const auto about = [&](RecordKind kind, std::int64_t after) {
            return Record{.kind = kind,
                          .at_us = (at + after) * ms,
                          .client = client(sender),
                          .node = home(sender),
                          .room = "r1",
                          .msg = name(i),
                          .id = id(i),
                          .name = key,
                          .count = count};
        };
        insert(about(RecordKind::change_sent, 0));
        insert(about(RecordKind::change_accepted, 2));
        insert(about(RecordKind::change_stored, 10));
        for (int to = 1; to <= 4; ++to) {
            auto seen = about(RecordKind::changed, home(to) == home(sender) ? 3 : 12);
            seen.client = client(to);
            seen.node = home(to);
            seen.name = "V" + key;
            if (count < 0) seen.msg.clear();
            insert(seen);
        }
    }
    Record& seen(const std::string& to, std::int64_t count) {
        return find([&](const Record& r) {
            return r.kind == RecordKind::changed && r.client == to && r.count == count;
        });
    }
    Record& held(RecordKind kind, int i, const std::string& node = {}) {
        return find([&](const Record& r) { return r.kind == kind && r.id == id(i) && r.node == node; });
    }
    void forget(RecordKind kind, const std::string& key) {
        remove([&](const Record& r) { return r.kind == kind && r.name == key; });
    }
};

TEST(Changes, OfAGoodStoryPass) {
    const ChangeStory story;
    const auto found = story.finding("changes");
    EXPECT_EQ(found.outcome, Outcome::pass) << text_of(found);
    const auto verdict = story.judge();
    EXPECT_EQ(verdict.outcome, Outcome::pass);
    for (const auto& one : verdict.findings) EXPECT_EQ(one.outcome, Outcome::pass) << text_of(one);
}

TEST(Changes, AreNotJudgedWhereThereAreNone) {
    for (const auto& found : Story{}.judge().findings) EXPECT_NE(found.property, "changes");
}

TEST(Changes, ALostEditIsCaught) {
    ChangeStory story;
    for (auto& record : story.records)
        if (record.id == Story::id(0) && record.count == 2 &&
            (record.kind == RecordKind::document || record.kind == RecordKind::history))
            record.count = 1;
    expect_caught(story, "changes", "edit 2 was accepted by n1");
}

TEST(Changes, ALostRemovalIsCaught) {
    ChangeStory story;
    for (auto& record : story.records)
        if (record.id == Story::id(1) && record.count == -1 &&
            (record.kind == RecordKind::document || record.kind == RecordKind::history)) {
            record.count = 0;
            record.msg = "c2-1";
        }
    expect_caught(story, "changes", "removed was accepted by n2");
}

TEST(Changes, AnEditThatWasNeverAcceptedNeedNotBeThere) {
    ChangeStory story;
    story.change(2, 1, "K4", 1'900);
    story.forget(RecordKind::change_accepted, "K4");
    story.forget(RecordKind::change_stored, "K4");
    story.remove([](const Record& r) { return r.kind == RecordKind::changed && r.name == "VK4"; });
    const auto found = story.finding("changes");
    EXPECT_EQ(found.outcome, Outcome::pass) << text_of(found);
}

TEST(Changes, AnEditThatIsOvertakenByAHigherKeyIsNotMissed) {
    ChangeStory story;
    story.change(0, 3, "K0", 1'750);  // a lower key than the second edit's
    story.remove([](const Record& r) { return r.kind == RecordKind::changed && r.name == "VK0"; });
    const auto found = story.finding("changes");
    EXPECT_EQ(found.outcome, Outcome::pass) << text_of(found);
}

TEST(Changes, ANodeWithAnotherTextIsCaught) {
    ChangeStory story;
    story.held(RecordKind::history, 0, "n2").count = 1;
    expect_caught(story, "changes", "edit 1 at n2, and edit 2 in the store");
}

TEST(Changes, AClientThatWasNotShownTheLastIsCaught) {
    ChangeStory story;
    story.remove(
        [](const Record& r) { return r.kind == RecordKind::changed && r.client == "c4" && r.count == 2; });
    expect_caught(story, "changes", "c4 has it edit 1 at the end");
}

TEST(Changes, WhatIsShownTwiceOrAfterANewerOneIsCaught) {
    ChangeStory story;
    auto again = story.seen("c3", 1);
    again.at_us = 1'950 * Story::ms;
    again.flag = true;
    story.insert(again);
    expect_caught(story, "changes", "shown edit 1 to c3 by n1");
}

TEST(Changes, WhatNobodyMadeIsCaught) {
    ChangeStory story;
    story.seen("c3", 2).count = 7;
    expect_caught(story, "changes", "edit 7 to c3 by n1");
}

TEST(Changes, OfAWipedDiskAreExcusedUntilTheyWereStored) {
    ChangeStory story;
    story.change(2, 1, "K4", 1'900);
    story.forget(RecordKind::change_stored, "K4");
    story.remove([](const Record& r) { return r.kind == RecordKind::changed && r.name == "VK4"; });
    expect_caught(story, "changes", "edit 1 was accepted by n1");
    story.insert({.kind = RecordKind::node, .at_us = 1'950 * Story::ms, .node = "n1", .text = "wiped"});
    story.insert({.kind = RecordKind::node, .at_us = 1'960 * Story::ms, .node = "n1", .text = "up"});
    const auto found = story.finding("changes");
    EXPECT_EQ(found.outcome, Outcome::pass) << text_of(found);
}

TEST(Changes, ThatWasTurnedAwayWhenItWasSentAgainIsItsSendersOwnLoss) {
    ChangeStory story;
    story.change(2, 1, "K4", 1'900);
    story.forget(RecordKind::change_stored, "K4");
    story.forget(RecordKind::change_accepted, "K4");
    for (auto& record : story.records)  // the store and the nodes have the text that it had
        if ((record.kind == RecordKind::document || record.kind == RecordKind::history) &&
            record.msg == Story::name(2))
            record.count = 0;
    expect_caught(story, "changes", "has it edit 1 at the end, and the store as it was said");
    auto sent =
        story.find([](const Record& r) { return r.kind == RecordKind::change_sent && r.name == "K4"; });
    sent.kind = RecordKind::change_refused;
    sent.at_us += 20 * Story::ms;
    sent.text = "too_fast";
    story.insert(sent);
    expect_caught(story, "changes", "has it edit 1 at the end");
    sent.text = "read_only";
    story.insert(sent);
    expect_caught(story, "changes", "has it edit 1 at the end");
    for (const char* node : {"n1", "n2"})
        story.insert({.kind = RecordKind::node, .at_us = 1'950 * Story::ms, .node = node, .text = "wiped"});
    const auto found = story.finding("changes");
    EXPECT_EQ(found.outcome, Outcome::pass) << text_of(found);
}

// ---- by hand

/// Somebody does `what` to message `i`; `was`: the edit that it was.
struct ByHandStory : ChangeStory {
    void by_hand(int i, const std::string& what, std::int64_t count, std::int64_t was, std::int64_t at) {
        Record record{.kind = RecordKind::by_hand,
                      .at_us = at * ms,
                      .msg = name(i),
                      .id = id(i),
                      .name = "h1",
                      .text = what,
                      .count = count};
        insert(record);
        record.kind = RecordKind::by_hand_done;
        record.count = was;
        insert(record);
        for (int to = 1; to <= 4; ++to) {
            auto seen = record;
            seen.kind = RecordKind::changed;
            seen.at_us = (at + 12) * ms;
            seen.client = client(to);
            seen.node = home(to);
            seen.name = "Vh1";
            seen.text.clear();
            seen.count = count;
            if (count < 0) seen.msg.clear();
            insert(seen);
        }
        for (auto& held : records) {
            if ((held.kind != RecordKind::document && held.kind != RecordKind::history) || held.id != id(i))
                continue;
            held.count = count;
            if (count < 0) held.msg.clear();
        }
        if (what == "delete" || what == "purge")
            remove([&](const Record& r) { return r.kind == RecordKind::document && r.id == id(i); });
    }
    void expect_pass() const {
        const auto found = finding("changes");
        EXPECT_EQ(found.outcome, Outcome::pass) << text_of(found);
        const auto verdict = judge();
        for (const auto& one : verdict.findings) EXPECT_EQ(one.outcome, Outcome::pass) << text_of(one);
    }
};

TEST(ByHand, AnEditCountsAfterWhatItReplaced) {
    ByHandStory story;
    story.by_hand(0, "edit", 1001, 2, 1'850);
    story.expect_pass();
    for (auto& record : story.records)
        if (record.count == 1001 &&
            (record.kind == RecordKind::document || record.kind == RecordKind::history))
            record.count = 2;
    expect_caught(story, "changes", "edit 1001 was made by hand");
}

TEST(ByHand, ADeletionIsARemovalEverywhere) {
    for (const auto* what : {"delete", "purge"}) {
        ByHandStory story;
        story.by_hand(2, what, -1, 0, 1'850);
        story.expect_pass();
        story.held(RecordKind::history, 2, "n2").count = 0;
        expect_caught(story, "changes", "as it was said at n2, and removed in the store");
    }
}

TEST(ByHand, WhatIsWrittenAgainIsCaught) {
    ByHandStory story;
    const auto document = story.held(RecordKind::document, 2);
    story.by_hand(2, "purge", -1, 0, 1'850);
    story.insert(document);
    expect_caught(story, "changes", "removed was made by hand");
}

TEST(ByHand, ALeafThatIsLeftIsCaught) {
    ByHandStory story;
    story.by_hand(0, "conflict", 1001, 2, 1'850);
    story.expect_pass();
    story.held(RecordKind::document, 0).flag = true;
    expect_caught(story, "changes", "another leaf");
}

/// Who sent it has gone, and is told nothing.
TEST(Changes, ThatTheStoreMayHaveRefusedForGoodAreExcused) {
    ChangeStory story;
    story.change(2, 1, "K4", 1'900);
    story.forget(RecordKind::change_stored, "K4");
    story.held(RecordKind::history, 2, "n1").count = 1;
    expect_caught(story, "changes", "edit 1 was accepted by n1");
    story.fault("refusals", "store.reject", 1'895, 1'905, 1);
    const auto found = story.finding("changes");
    EXPECT_EQ(found.outcome, Outcome::pass) << text_of(found);
}

}  // namespace
}  // namespace davenport::sim::checker::test
