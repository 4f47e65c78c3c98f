#include "tests/sim/checker_story.hpp"

// What people see beside messages: histories, silence, who is there. Each checker passes the good story, and
// catches the bug that is planted for it.
namespace davenport::sim::checker::test {
namespace {

using namespace std::chrono_literals;

void expect_within(Story& story, const std::string& property, Duration within) {
    story.expect(property);
    story.scenario.expect.back().within = within;
}

// ---------------------------------------------------------------- whole_history

bool is_history(const Record& r, const char* node, const char* msg) {
    return r.kind == RecordKind::history && r.node == node && r.msg == msg;
}

TEST(WholeHistory, HasEveryMessageOnce) {
    Story story;
    story.expect("whole_history");
    const auto found = story.finding("whole_history");
    EXPECT_EQ(found.outcome, Outcome::pass) << text_of(found);
    EXPECT_THAT(found.measured, testing::HasSubstr("20 messages of 2 histories"));
}

TEST(WholeHistory, IsCaughtWithAHoleAtAllNodesAlike) {
    Story story;
    story.expect("whole_history");
    story.remove([](const Record& r) { return r.kind == RecordKind::history && r.msg == "c1-2"; });
    EXPECT_EQ(story.finding("canonical_order").outcome, Outcome::pass) << "the histories are the same";
    expect_caught(story, "whole_history", "c1-2");
    expect_caught(story, "whole_history", "not in the history of n2");
}

TEST(WholeHistory, IsCaughtWithARepeat) {
    Story story;
    story.expect("whole_history");
    auto again = story.find([](const Record& r) { return is_history(r, "n2", "c2-1"); });
    story.insert(again);
    expect_caught(story, "whole_history", "2 times in the history of n2");
}

TEST(WholeHistory, IsCaughtWhenARoomIsEmpty) {
    Story story;
    story.expect("whole_history");
    story.remove([](const Record& r) { return r.kind == RecordKind::history && r.node == "n2"; });
    EXPECT_EQ(story.finding("canonical_order").outcome, Outcome::pass) << "nothing to compare";
    expect_caught(story, "whole_history", "not in the history of n2");
}

TEST(WholeHistory, IsUnknownWhenNoneWasRead) {
    Story story;
    story.expect("whole_history");
    story.remove([](const Record& r) { return r.kind == RecordKind::history; });
    EXPECT_EQ(story.finding("whole_history").outcome, Outcome::unknown);
}

// ---------------------------------------------------------------- no_silence

/// c4 is shown c1-2 (said at 1.4 s) only at 2.9 s.
Story late() {
    Story story;
    expect_within(story, "no_silence", 1s);
    auto shown = story.shown("c1-2", "c4");
    story.remove_shown("c1-2", "c4");
    shown.at_us = 2'900 * Story::ms;
    story.insert(shown);
    return story;
}

TEST(Silence, PassesWhenEverythingComesInTime) {
    Story story;
    expect_within(story, "no_silence", 1s);
    EXPECT_EQ(story.finding("no_silence within 1.00 s").outcome, Outcome::pass)
        << text_of(story.judge().findings.back());
}

TEST(Silence, IsCaughtWhenAMessageIsLateAndNobodyKnows) {
    expect_caught(late(), "no_silence within 1.00 s", "c4 waited 1.50 s for c1-2");
}

TEST(Silence, IsBrokenByAnyWordInTime) {
    const auto outcome = [](const Record& told) {
        auto story = late();
        story.insert(told);
        return story.judge().findings.back().outcome;
    };
    const auto word = [](RecordKind kind, const char* client, std::int64_t ms, const char* text) {
        return Record{.kind = kind, .at_us = ms * Story::ms, .client = client, .node = "n2", .text = text};
    };
    EXPECT_EQ(outcome(word(RecordKind::disconnected, "c4", 2'300, "silent")), Outcome::pass);
    EXPECT_EQ(outcome(word(RecordKind::store, "c4", 2'300, "down")), Outcome::pass);
    EXPECT_EQ(outcome(word(RecordKind::store, "c1", 2'300, "down")), Outcome::pass)
        << "its sender's page says it";
    EXPECT_EQ(outcome(word(RecordKind::store, "c4", 2'300, "up")), Outcome::fail);
    EXPECT_EQ(outcome(word(RecordKind::store, "c3", 2'300, "down")), Outcome::fail) << "somebody else";
    EXPECT_EQ(outcome(word(RecordKind::store, "c4", 2'500, "down")), Outcome::fail) << "too late";
    auto over = late();
    over.insert(word(RecordKind::store, "c4", 1'100, "down"));
    over.insert(word(RecordKind::store, "c4", 1'300, "up"));
    EXPECT_EQ(over.judge().findings.back().outcome, Outcome::fail) << "that was over before";
}

TEST(Silence, IsCaughtWhenAnAnswerNeverComes) {
    Story story;
    expect_within(story, "no_silence", 1s);
    story.remove([](const Record& r) {
        return r.msg == "c2-2" && (r.kind == RecordKind::accepted || r.kind == RecordKind::stored);
    });
    expect_caught(story, "no_silence within 1.00 s", "c2 waited 3.50 s and more for an answer to c2-2");
}

// ---------------------------------------------------------------- people

void tell_all(Story& story, std::int64_t ms, const std::string& names, int but = 0) {
    for (int i = 1; i <= 4; ++i)
        if (i != but)
            story.insert({.kind = RecordKind::people,
                          .at_us = ms * Story::ms,
                          .client = Story::client(i),
                          .node = Story::home(i),
                          .room = "r1",
                          .text = names});
}

/// c3 leaves at 1.5 s, and all that stay are told, c1 perhaps not.
Story one_leaves(bool tell_c1) {
    Story story;
    expect_within(story, "people", 500ms);
    tell_all(story, 10, "c1 c2 c3 c4");
    story.insert(
        {.kind = RecordKind::disconnected, .at_us = 1'500 * Story::ms, .client = "c3", .text = "vanish"});
    tell_all(story, 1'700, "c1 c2 c4", tell_c1 ? 0 : 1);
    return story;
}

TEST(People, AreThoseWhoAreThere) {
    const auto found = one_leaves(true).finding("people within 500 ms");
    EXPECT_EQ(found.outcome, Outcome::pass) << text_of(one_leaves(true).judge().findings.back());
}

TEST(People, AreCaughtWhenSomebodyIsShownWhoIsGone) {
    const auto story = one_leaves(false);
    EXPECT_EQ(story.judge().findings.back().outcome, Outcome::fail);
    EXPECT_THAT(text_of(story.judge().findings.back()), testing::HasSubstr("c1 sees in r1 who is gone: c3"));
}

TEST(People, AreCaughtWhenSomebodyIsMissing) {
    Story story;
    expect_within(story, "people", 500ms);
    tell_all(story, 10, "c1 c2 c4");
    EXPECT_THAT(text_of(story.judge().findings.back()), testing::HasSubstr("not who is there: c3"));
}

TEST(People, MayBeWrongWhileAFaultIsOn) {
    auto story = one_leaves(false);
    story.fault("outage", "store.down", 1'400, 3'400, 1);
    tell_all(story, 3'600, "c1 c2 c4");
    EXPECT_EQ(story.judge().findings.back().outcome, Outcome::pass) << text_of(story.judge().findings.back());
}

TEST(People, AreUnknownWhenNobodyLooked) {
    Story story;
    expect_within(story, "people", 30s);
    EXPECT_EQ(story.judge().findings.back().outcome, Outcome::unknown);
}

}  // namespace
}  // namespace davenport::sim::checker::test
