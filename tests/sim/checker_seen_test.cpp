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

// ---------------------------------------------------------------- search

void ask(Story& story, const char* node, const char* msg, std::int64_t at_ms, bool found,
         std::string silent = {}) {
    Record record{.kind = RecordKind::searched, .at_us = (at_ms + 5) * Story::ms, .node = node};
    record.room = "r1";
    record.msg = msg;
    record.due_us = at_ms * Story::ms;
    record.flag = found;
    record.text = std::move(silent);
    story.insert(record);
}

/// c1-1 is removed at 2.0 s, and shown so by n2 at 2.1 s.
void remove_at_2_s(Story& story) {
    for (const auto kind : {RecordKind::change_sent, RecordKind::change_accepted, RecordKind::change_stored})
        story.insert({.kind = kind,
                      .at_us = 2'000 * Story::ms,
                      .client = "c1",
                      .node = "n1",
                      .room = "r1",
                      .msg = "c1-1",
                      .id = Story::id(0),
                      .name = "key",
                      .count = -1});
    story.insert({.kind = RecordKind::changed,
                  .at_us = 2'100 * Story::ms,
                  .client = "c2",
                  .node = "n2",
                  .room = "r1",
                  .msg = "c1-1",
                  .id = Story::id(0),
                  .name = "key",
                  .count = -1});
}

TEST(Search, FindsWhatWasShown) {
    Story story;
    expect_within(story, "search", 1s);
    ask(story, "n1", "c1-1", 2'500, true);
    ask(story, "n2", "c1-1", 1'500, false);  // shown at 1.012 s: the index has a second's time
    const auto found = story.finding("search within 1.00 s");
    EXPECT_EQ(found.outcome, Outcome::pass) << text_of(found);
    EXPECT_THAT(found.measured, testing::HasSubstr("0 of 1 answers"));
}

TEST(Search, IsCaughtNotFindingWhatWasShown) {
    Story story;
    expect_within(story, "search", 1s);
    ask(story, "n2", "c1-1", 2'500, false);
    expect_caught(story, "search within 1.00 s", "looked for at n2 at 2.500 s: not found");
}

TEST(Search, IsCaughtFindingWhatWasRemoved) {
    Story story;
    expect_within(story, "search", 1s);
    remove_at_2_s(story);
    ask(story, "n2", "c1-1", 2'900, true);
    EXPECT_EQ(story.finding("search within 1.00 s").outcome, Outcome::pass) << "in time";
    ask(story, "n2", "c1-1", 3'200, true);
    expect_caught(story, "search within 1.00 s",
                  "found, though the node had shown at 2.100 s that it was removed");
}

TEST(Search, OwesNothingThatWasRemovedOrLostWithItsDisk) {
    Story story;
    expect_within(story, "search", 1s);
    remove_at_2_s(story);
    ask(story, "n2", "c1-1", 2'500, false);
    story.insert({.kind = RecordKind::node, .at_us = 2'600 * Story::ms, .node = "n2", .text = "wiped"});
    story.insert({.kind = RecordKind::node, .at_us = 2'700 * Story::ms, .node = "n2", .text = "up"});
    ask(story, "n2", "c2-1", 4'000, false);
    ask(story, "n1", "c2-1", 4'000, true);
    const auto found = story.finding("search within 1.00 s");
    EXPECT_EQ(found.outcome, Outcome::pass) << text_of(found);
}

TEST(Search, IsUnknownWhenNoAnswerSaysAnything) {
    Story story;
    expect_within(story, "search", 1s);
    EXPECT_EQ(story.finding("search within 1.00 s").outcome, Outcome::unknown);
    ask(story, "n2", "c1-1", 2'500, false, "the node answered 503");
    const auto found = story.finding("search within 1.00 s");
    EXPECT_EQ(found.outcome, Outcome::unknown);
    EXPECT_THAT(found.measured, testing::HasSubstr("the node answered 503"));
}

// ---------------------------------------------------------------- pages of history

void turn_page(Story& story, const char* node, const char* msg, std::int64_t at_ms, bool found,
               std::int64_t count = 0) {
    Record record{.kind = RecordKind::paged, .at_us = (at_ms + 5) * Story::ms, .node = node};
    record.room = "r1";
    record.msg = msg;
    record.due_us = at_ms * Story::ms;
    record.flag = found;
    record.count = count;
    story.insert(record);
}

TEST(Pages, HoldWhatWasShown) {
    Story story;
    expect_within(story, "pages", 1s);
    turn_page(story, "n1", "c1-1", 2'500, true);
    turn_page(story, "n2", "c1-1", 1'500, false);  // shown at 1.012 s: that is within a second
    const auto found = story.finding("pages within 1.00 s");
    EXPECT_EQ(found.outcome, Outcome::pass) << text_of(found);
    EXPECT_THAT(found.measured, testing::HasSubstr("0 of 1 messages"));
}

TEST(Pages, AreCaughtWithoutWhatWasShown) {
    Story story;
    expect_within(story, "pages", 1s);
    turn_page(story, "n2", "c1-1", 2'500, false);
    expect_caught(story, "pages within 1.00 s",
                  "in the history of n2 at 2.500 s: missing, though the node had shown it");
}

TEST(Pages, AreCaughtWithATextThatWasRemoved) {
    Story story;
    expect_within(story, "pages", 1s);
    remove_at_2_s(story);
    turn_page(story, "n2", "c1-1", 2'900, true);
    EXPECT_EQ(story.finding("pages within 1.00 s").outcome, Outcome::pass) << "in time";
    turn_page(story, "n2", "c1-1", 3'200, true, -1);
    EXPECT_EQ(story.finding("pages within 1.00 s").outcome, Outcome::pass) << "as removed";
    turn_page(story, "n2", "c1-1", 3'200, true);
    expect_caught(story, "pages within 1.00 s", "as it was before a removal that the node had shown");
}

TEST(Pages, OweNothingAfterANodeStartedAgain) {
    Story story;
    expect_within(story, "pages", 1s);
    story.insert({.kind = RecordKind::node, .at_us = 2'600 * Story::ms, .node = "n2", .text = "killed"});
    story.insert({.kind = RecordKind::node, .at_us = 2'700 * Story::ms, .node = "n2", .text = "up"});
    turn_page(story, "n1", "c2-1", 4'000, true);
    turn_page(story, "n2", "c2-1", 4'000, false);
    const auto found = story.finding("pages within 1.00 s");
    EXPECT_EQ(found.outcome, Outcome::pass) << text_of(found);
}

TEST(Pages, AreUnknownWhenNobodyReadThem) {
    Story story;
    expect_within(story, "pages", 1s);
    EXPECT_EQ(story.finding("pages within 1.00 s").outcome, Outcome::unknown);
}

// ---------------------------------------------------------------- memory

void occupy(Story& story, const char* node, std::int64_t at_ms, std::int64_t bytes) {
    story.insert({.kind = RecordKind::memory, .at_us = at_ms * Story::ms, .node = node, .count = bytes});
}

TEST(Memory, IsTheMostThatAnyNodeHad) {
    Story story;
    story.expect("max(memory)", "", "<", 50e6);
    story.expect("max(memory, n1)", "", "<", 50e6);
    occupy(story, "n1", 1'000, 20'000'000);
    occupy(story, "n2", 1'000, 45'000'000);
    occupy(story, "n2", 2'000, 30'000'000);
    EXPECT_EQ(story.finding("max(memory)").measured, "45.0 MB over 3 samples");
    EXPECT_EQ(story.finding("max(memory, n1)").measured, "20.0 MB over 1 samples");
    EXPECT_EQ(story.finding("max(memory)").outcome, Outcome::pass);
    occupy(story, "n2", 2'500, 51'000'000);
    expect_caught(story, "max(memory)", "51.0 MB");
    EXPECT_EQ(story.finding("max(memory, n1)").outcome, Outcome::pass);
}

TEST(Memory, IsUnknownWhereNobodyLooked) {
    Story story;
    story.expect("max(memory)", "", "<", 50e6);
    EXPECT_EQ(story.finding("max(memory)").outcome, Outcome::unknown);
}

void queue(Story& story, const char* node, const char* client, std::int64_t at_ms, std::int64_t bytes) {
    story.insert({.kind = RecordKind::queued,
                  .at_us = at_ms * Story::ms,
                  .client = client,
                  .node = node,
                  .count = bytes});
}

TEST(Queued, IsTheMostThatWaitedForOneClient) {
    Story story;
    story.expect("max(queued)", "", "<", 50e3);
    story.expect("max(queued, n1)", "", "<", 50e3);
    story.expect("max(queued, to c2)", "", "<", 50e3);
    queue(story, "n1", "", 900, 0);
    queue(story, "n2", "", 1'000, 40'000);
    queue(story, "n2", "c2", 1'000, 40'000);
    queue(story, "n1", "c1", 1'100, 1'000);
    EXPECT_EQ(story.finding("max(queued)").measured, "40.0 KB for one client");
    EXPECT_EQ(story.finding("max(queued, n1)").measured, "1.0 KB for one client");
    EXPECT_EQ(story.finding("max(queued, to c2)").outcome, Outcome::pass);
    queue(story, "n2", "c2", 2'000, 51'000);
    expect_caught(story, "max(queued)", "51.0 KB");
    expect_caught(story, "max(queued, to c2)", "51.0 KB");
    EXPECT_EQ(story.finding("max(queued, n1)").outcome, Outcome::pass);
}

TEST(Queued, IsUnknownWhereNobodyLooked) {
    Story story;
    story.expect("max(queued)", "", "<", 50e3);
    EXPECT_EQ(story.finding("max(queued)").outcome, Outcome::unknown);
}

// ---------------------------------------------------------------- one generator of several

/// The second of two: c2 and c3 are its own (c1 and c4 the first's), and so is what was said by them.
Story second_of_two() {
    Story story;
    story.plan = share_of(story.plan, {2, {2}});
    story.remove([](const Record& r) {
        const bool is_told = r.kind == RecordKind::send || r.kind == RecordKind::accepted ||
                             r.kind == RecordKind::stored || r.kind == RecordKind::connected ||
                             r.kind == RecordKind::joined || r.kind == RecordKind::shown;
        return is_told && (r.client == "c1" || r.client == "c4");
    });
    return story;
}

TEST(Generator, LeavesOutWhatOthersClientsSaid) {
    const auto story = second_of_two();
    const auto verdict = story.judge();
    EXPECT_EQ(verdict.outcome, Outcome::pass);
    for (const auto& found : verdict.findings) EXPECT_EQ(found.outcome, Outcome::pass) << text_of(found);
    EXPECT_THAT(verdict.findings.front().measured,
                testing::HasSubstr("showings and documents of other generators' messages are left out"));
}

TEST(Generator, StillSeesWhatItsOwnClientsLoseAndWhatNobodySaid) {
    auto story = second_of_two();
    story.remove_shown("c2-1", "c3");
    expect_caught(story, "no_loss", "c2-1");
    auto other = second_of_two();
    auto odd = other.shown("c2-1", "c3");
    odd.kind = RecordKind::phantom;
    odd.msg.clear();
    odd.text = "c1: altered";
    other.insert(odd);
    expect_caught(other, "no_phantoms", "altered");
}

TEST(Generator, DoesNotJudgeHowMuchThereIsOfAll) {
    auto story = second_of_two();
    story.expect("count(sends)", "", ">=", 10);
    EXPECT_EQ(story.finding("count(sends)").outcome, Outcome::unknown);
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
