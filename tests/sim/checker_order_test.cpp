#include "tests/sim/checker_story.hpp"

/// The checkers of order: a sender's own, and the one that all share.
namespace davenport::sim::checker::test {
namespace {

void swap_times(Record& a, Record& b) {
    std::swap(a.msg, b.msg);
    std::swap(a.id, b.id);
}

TEST(Fifo, CatchesASendersMessagesOutOfOrder) {
    Story story;
    swap_times(story.shown("c1-1", "c2"), story.shown("c1-2", "c2"));
    // Only the connection and the sender matter, so the spoilt places of the others' messages do not.
    expect_caught(story, "fifo_per_sender", "c1-1");
}

TEST(Fifo, AcceptsWhatIsMarkedLateOrComesByResume) {
    for (const bool late : {true, false}) {
        Story story;
        auto& first = story.shown("c1-1", "c2");
        auto& second = story.shown("c1-2", "c2");
        swap_times(first, second);
        late ? void(second.flag = true) : void(second.via = DeliveryPath::resume);
        story.insert(
            {.kind = RecordKind::fault_on, .at_us = 500'000, .name = "outage", .text = "store.down"});
        story.insert(
            {.kind = RecordKind::fault_off, .at_us = 600'000, .name = "outage", .text = "store.down"});
        EXPECT_EQ(story.finding("fifo_per_sender").outcome, Outcome::pass)
            << text_of(story.finding("fifo_per_sender"));
    }
}

TEST(Fifo, AcceptsNoLateMarkWhereNothingHadGoneWrong) {
    Story story;
    auto& first = story.shown("c1-1", "c2");
    auto& second = story.shown("c1-2", "c2");
    swap_times(first, second);
    second.flag = true;
    expect_caught(story, "fifo_per_sender", "nothing had gone wrong");
    story.scenario.topology.shards = 2;  // then the feed has no one order
    EXPECT_EQ(story.finding("fifo_per_sender").outcome, Outcome::pass);
}

/// Real servers elect and elect again after one is back; the model of the virtual world takes 4 s.
TEST(Fifo, AcceptsALateMarkWhileRealServersMayStillElect) {
    struct Case {
        const char *world, *kind;
        std::int64_t before_ms;
        Outcome outcome;
    };
    for (const auto& [world, kind, before_ms, outcome] :
         {Case{"process", "server.partition", 20'000, Outcome::pass},
          Case{"process", "server.partition", 40'000, Outcome::fail},
          Case{"process", "store.down", 20'000, Outcome::fail},
          Case{"virtual", "server.partition", 20'000, Outcome::fail}}) {
        SCOPED_TRACE(fmt::format("{} {} {}", world, kind, before_ms));
        Story story;
        auto& second = story.shown("c1-2", "c2");
        swap_times(story.shown("c1-1", "c2"), second);
        second.flag = true;
        for (auto& record : story.records) record.at_us += record.kind == RecordKind::run ? 0 : 60'000'000;
        story.records.front().text = fmt::format(R"({{"world":"{}"}})", world);
        story.fault("leader", kind, 60'000 - before_ms, 61'000 - before_ms, 1);
        EXPECT_EQ(story.finding("fifo_per_sender").outcome, outcome);
    }
}

TEST(Fifo, BlamesNobodyForTheOrderAfterWhatFaultsDestroyed) {
    Story story;
    swap_times(story.shown("c1-1", "c2"), story.shown("c1-2", "c2"));
    story.remove([](const Record& r) {
        return r.msg == "c1-2" && (r.kind == RecordKind::stored || r.kind == RecordKind::document ||
                                   r.kind == RecordKind::history);
    });
    story.insert({.kind = RecordKind::node, .at_us = 1'450'000, .node = "n1", .text = "wiped"});
    EXPECT_EQ(story.finding("fifo_per_sender").outcome, Outcome::pass)
        << text_of(story.finding("fifo_per_sender"));
}

TEST(Fifo, TakesWhatWasRefusedForSaidWhenItIsSaidAgain) {
    Story story;
    swap_times(story.shown("c1-1", "c2"), story.shown("c1-2", "c2"));
    auto again = story.find([](const Record& r) { return r.kind == RecordKind::send && r.msg == "c1-1"; });
    again.at_us += 20'000;
    again.count = 2;
    std::vector<Record> answers;
    for (const auto what : {RecordKind::accepted, RecordKind::stored}) {
        answers.push_back(story.find([&](const Record& r) { return r.kind == what && r.msg == "c1-1"; }));
        answers.back().at_us += 20'000;
        story.remove([&](const Record& r) { return r.kind == what && r.msg == "c1-1"; });
    }
    story.insert({.kind = RecordKind::refused,
                  .at_us = again.at_us - 15'000,
                  .client = "c1",
                  .node = "n1",
                  .room = "r1",
                  .msg = "c1-1",
                  .text = "not_now"});
    story.insert({.kind = RecordKind::connected,
                  .at_us = again.at_us - 10'000,
                  .client = "c1",
                  .node = "n1",
                  .count = 2});
    for (const auto& answer : answers) story.insert(answer);
    EXPECT_EQ(story.finding("fifo_per_sender").outcome, Outcome::pass)
        << "c1-2 alone goes over the second connection";
    story.insert(again);
    expect_caught(story, "fifo_per_sender", "c1-1");  // now both do
}

TEST(Fifo, LeavesWhatWasAcceptedInTheOrderOfItsConnectionThoughItIsRefusedOnceMore) {
    Story story;
    swap_times(story.shown("c1-1", "c2"), story.shown("c1-2", "c2"));
    auto again = story.find([](const Record& r) { return r.kind == RecordKind::send && r.msg == "c1-1"; });
    again.at_us = 1'900'000;  // a retry, long after it was accepted
    again.count = 2;
    auto refused = again;
    refused.kind = RecordKind::refused;
    refused.at_us = 1'000'001;
    story.insert(refused);
    story.insert(
        {.kind = RecordKind::connected, .at_us = 1'890'000, .client = "c1", .node = "n1", .count = 2});
    story.insert(again);
    expect_caught(story, "fifo_per_sender", "c1-1");
}

TEST(Fifo, CountsWhatWasNeverAcceptedAsLongAsTheStoreHasIt) {
    for (const bool in_store : {true, false}) {
        Story story;
        swap_times(story.shown("c1-1", "c2"), story.shown("c1-2", "c2"));
        story.remove([&](const Record& r) {
            return r.msg == "c1-2" && (r.kind == RecordKind::accepted || r.kind == RecordKind::stored ||
                                       (!in_store && r.kind == RecordKind::document));
        });
        EXPECT_EQ(story.finding("fifo_per_sender").outcome, in_store ? Outcome::fail : Outcome::pass);
    }
}

TEST(Fifo, IsPerConnectionOfTheSender) {
    Story story;
    swap_times(story.shown("c1-1", "c2"), story.shown("c1-2", "c2"));
    story.insert(
        {.kind = RecordKind::connected, .at_us = 1'350'000, .client = "c1", .node = "n1", .count = 2});
    EXPECT_EQ(story.finding("fifo_per_sender").outcome, Outcome::pass);
}

TEST(CanonicalOrder, CatchesAMessagePlacedAboveOthersWithoutAMark) {
    Story story;
    swap_times(story.shown("c1-1", "c4"), story.shown("c2-1", "c4"));
    expect_caught(story, "canonical_order", "not marked late");
    story.shown("c1-1", "c4").flag = true;
    EXPECT_EQ(story.finding("canonical_order").outcome, Outcome::pass);
}

TEST(CanonicalOrder, CatchesNodesThatTellHistoryDifferently) {
    Story story;
    auto history = std::ranges::find_if(
        story.records, [](const Record& r) { return r.kind == RecordKind::history && r.node == "n2"; });
    swap_times(*history, *(history + 1));
    expect_caught(story, "canonical_order", "histories part at place 1");
    expect_caught(story, "canonical_order", "against their ids");
}

TEST(CanonicalOrder, CatchesAHistoryWithAHole) {
    Story story;
    story.remove(
        [](const Record& r) { return r.kind == RecordKind::history && r.node == "n2" && r.msg == "c2-2"; });
    expect_caught(story, "canonical_order", "histories part at place 6");
}

TEST(CanonicalOrder, CatchesAnAnswerThatStandsBeforeItsQuestion) {
    Story story;
    // c2 had been shown c1-1 when it said c2-1; an id below the question's puts the answer before it.
    const auto early = fmt::format("r1:{:>26}", 0);
    for (auto& record : story.records)
        if (record.msg == "c2-1" && !record.id.empty()) record.id = early;
    expect_caught(story, "canonical_order", "c2-1 ");
    expect_caught(story, "canonical_order", "which its sender had been shown");
}

}  // namespace
}  // namespace davenport::sim::checker::test
