#include "node/base/change.hpp"
#include "node/core/clients/cursor.hpp"
#include "node/core/log/commit_queue.hpp"
#include "tests/node/core_driver.hpp"

#include <fmt/format.h>

/// A new node and a store that has much.
namespace davenport::node {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

ChatConfig small_pages() {
    ChatConfig config;
    config.page_rows_max = 4;
    config.history_on_join = 3;
    return config;
}

/// The store has m0 to m99, all said long before the node starts.
struct NewNode : CoreDriver {
    NewNode() : CoreDriver{small_pages()} {
        wall_offset = 1h;
        start();
        answer("_local/davenport", 200, R"({"generation":"g1"})");
    }
    /// As CoreDriver's; and it is told what was written since the live feed is open.
    base::HttpRequest answer(std::string_view what, int status, std::string body) {
        auto request = CoreDriver::answer(what, status, std::move(body));
        while (asked("feed=normal&limit=1000"))
            CoreDriver::answer("feed=normal&limit=1000", 200, feed_page(written_lately, "99-s"));
        return request;
    }
    std::vector<std::string> written_lately;
    static base::ChatMessage said(int i) { return others_message(i, fmt::format("m{}", i)); }
    static std::string rows(int from, int to) {
        std::vector<std::string> out;
        for (int i = from; i < to; ++i) out.push_back(feed_row(fmt::format("{}-s", i), said(i)));
        return feed_page(out, fmt::format("{}-s", to - 1));
    }
    static std::string documents(int newest, int oldest) {
        std::string out;
        for (int i = newest; i >= oldest; --i)
            out += fmt::format(R"({}{{"id":"{}","key":"","value":{{"rev":"1-a"}},"doc":{}}})",
                               out.empty() ? "" : ",", said(i).id(), base::to_document(said(i)));
        return fmt::format(R"({{"total_rows":100,"offset":0,"rows":[{}]}})", out);
    }
    void begin() {
        answer("limit=4&since=0", 200, rows(0, 4));
        answer_about_database("1795460394", 100);
        for (const auto* lead : {"ban", "room"})
            answer(fmt::format("startkey=%22davenport-{}~", lead), 200, R"({"rows":[]})");
    }
    void go_live() {
        answer("since=now", 200, feed_page({}, "99-s"));
        stream("since=99-s", "\n");
        if (asked("descending=true&limit=4")) answer("descending=true&limit=4", 200, rows(96, 100));
    }
    /// The next page of what is old; the newest rows are asked for between two of them.
    void read_page(int from, int to) {
        if (asked("descending=true&limit=4")) answer("descending=true&limit=4", 200, rows(96, 100));
        answer(fmt::format("limit=4&since={}-s", from - 1), 200, rows(from, to));
    }
    std::string ready() {
        handle(Requested{900, {"GET", "/readyz", {}, {}}, "127.0.0.1"});
        return responses[900].body;
    }
};

struct CatchUp : NewNode, testing::Test {};

TEST_F(CatchUp, BansAreReadBeforeAllElse) {
    answer("limit=4&since=0", 200, rows(0, 4));
    answer("startkey=%22davenport-ban~", 200,
           R"({"rows":[{"id":"davenport-ban~lobby~ann","key":"","value":{"rev":"1-a"},"doc":{"_id":"",)"
           R"("_rev":"1-a","what":"ban","who":"ann","room":"lobby"}}]})");
    EXPECT_EQ(counts().bans, 1u);
    open(1, "ann");
    take(1);
    join(1, "lobby");
    EXPECT_THAT(heard(1), ElementsAre("refused banned"));
}

TEST_F(CatchUp, AJoinGetsTheNewestOfItsRoomAndNothingOldAsNews) {
    begin();
    go_live();
    open(1, "ann");
    EXPECT_THAT(base::write_json(take(1, "welcome").at(0)),
                HasSubstr(R"("catching_up":{"read":0,"of":100})"));
    join(1, "lobby");
    EXPECT_THAT(heard(1), Not(Contains(HasSubstr("joined"))));
    const auto ask = answer("GET /chat/_all_docs", 200, documents(99, 96));
    EXPECT_THAT(ask.target, HasSubstr("descending=true"));
    EXPECT_THAT(heard(1), ElementsAre("message m97", "message m98", "message m99", "joined"));
    answer("include_docs=true&limit=4&since=3-s", 200, rows(4, 8));
    persist_all();
    stream("since=99-s", feed_row("100-s", said(100)));
    EXPECT_THAT(heard(1), ElementsAre("message m100"));
    EXPECT_THAT(
        ready(),
        HasSubstr(
            R"("status":"catching_up","store":"up","journal":"writable","backlog":0,"catching_up":{"read":4,"of":100}})"));
}

TEST_F(CatchUp, ANodeThatIsToEndReadsNoMoreOfWhatIsOld) {
    begin();
    go_live();
    handle(Drain{});
    answer("include_docs=true&limit=4&since=3-s", 200, rows(4, 8));
    persist_all();
    EXPECT_FALSE(asked("include_docs=true&limit=4&since=")) << asked_for();
    advance(300ms);
    persist_all();
    EXPECT_TRUE(drained);
}

/// It was shown to nobody here, and who came from another node has it.
TEST_F(CatchUp, WhatJustBecameOfAnOldMessageIsToldAndWhatBecameOfItLongAgoIsNot) {
    begin();
    go_live();
    open(1, "ann");
    join(1, "lobby");
    answer("GET /chat/_all_docs", 200, documents(99, 96));
    take(1);
    const auto long_ago = base::edited(said(4), {epoch_ms + 60'000, 0, {}}, "mended");
    const auto just_now = base::removed(said(5), {base::unix_ms(now().wall), 0, {}}, "bob");
    answer("include_docs=true&limit=4&since=3-s", 200,
           feed_page({feed_row("4-s", long_ago), feed_row("5-s", just_now), feed_row("6-s", said(6)),
                      feed_row("7-s", said(7))},
                     "7-s"));
    const auto told = take(1, "changed");
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(base::string_member(told[0], "id"), just_now.id());
    persist_all();
    EXPECT_EQ(journal.find(long_ago.id())->message.text(), "mended");
}

TEST_F(CatchUp, EndsWithAllOfItAndACheckpoint) {
    begin();
    go_live();
    open(1, "ann");
    join(1, "lobby");
    answer("GET /chat/_all_docs", 200, documents(99, 96));
    take(1);
    for (int i = 4; i < 100; i += 4) read_page(i, i + 4);
    answer("limit=4&since=99-s", 200, feed_page({}, "99-s"));
    EXPECT_THAT(ready(), HasSubstr(R"("status":"ok")"));
    EXPECT_THAT(heard(1), Not(Contains(HasSubstr("message"))));
    persist_all();
    advance(1s);
    persist_all();
    EXPECT_EQ(journal.size(), 100u);
    EXPECT_EQ(journal.state().checkpoint->place, "99-s");
    stream("since=99-s", feed_row("100-s", said(100)));
    EXPECT_THAT(heard(1), ElementsAre("message m100"));
}

TEST_F(CatchUp, AResumeByNumberDoesNotComeUponWhatIsOld) {
    begin();
    go_live();
    open(1, "ann");
    join(1, "lobby");
    answer("GET /chat/_all_docs", 200, documents(99, 96));
    std::string cursor;
    std::uint64_t n = 0;
    for (const auto& frame : take(1))
        if (const auto given = base::string_member(frame, "cursor"))
            cursor = *given, n = static_cast<std::uint64_t>(*base::int_member(frame, "n"));
    handle(Closed{1});
    for (int i = 4; i < 40; i += 4) read_page(i, i + 4);
    stream("since=99-s", feed_row("100-s", said(100)));
    persist_all();
    open(2, "ann");
    take(2);
    join(2, "lobby", cursor, n);
    EXPECT_THAT(heard(2), ElementsAre("message m100", "joined"));
}

TEST_F(CatchUp, OlderPagesAreReadFromTheStoreUntilItIsDone) {
    begin();
    go_live();
    open(1, "ann");
    take(1);
    say(1, fmt::format(R"({{"t":"history","room":"lobby","before":"{}","limit":2}})", said(50).position()));
    const auto ask = answer("GET /chat/_all_docs", 200, documents(50, 47));
    EXPECT_THAT(ask.target, HasSubstr(std::string{said(50).position()}));
    const auto pages = take(1, "page");
    ASSERT_EQ(pages.size(), 1u);
    EXPECT_THAT(base::write_json(pages[0]),
                testing::AllOf(Not(HasSubstr("m50")), HasSubstr("m49"), HasSubstr("m48"),
                               Not(HasSubstr("m47")), HasSubstr(R"("more":true)")));
    handle(Requested{7, {"GET", "/api/rooms/lobby/messages?limit=2", {}, {}}, "127.0.0.1"});
    EXPECT_FALSE(responses.contains(7));
    answer("GET /chat/_all_docs", 200, documents(99, 97));
    EXPECT_THAT(responses[7].body, testing::AllOf(HasSubstr("m99"), HasSubstr("m98")));
}

TEST_F(CatchUp, WhatIsSaidWhileTheLiveFeedIsBrokenIsNewsStill) {
    begin();
    go_live();
    open(1, "ann");
    join(1, "lobby");
    answer("GET /chat/_all_docs", 200, documents(99, 96));
    stream("since=99-s", feed_row("100-s", said(100)));
    take(1);
    end_stream("since=99-s");
    advance(200ms);
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    advance(1s);
    stream("feed=continuous", feed_row("101-s", said(101)));
    EXPECT_THAT(heard(1), ElementsAre("message m101"));
    EXPECT_TRUE(asked("since=100-s")) << asked_for();
}

/// Said long ago, accepted just now: its sender had no connection. What is read of old brings it a moment
/// before the live feed does.
TEST_F(CatchUp, WhatTheLiveFeedIsAboutToBringIsNewsHoweverItIsRead) {
    const auto late = others_message(50, "late");
    const auto row = feed_row("100-s", late);
    const auto document =
        fmt::format(R"({{"rows":[{{"id":"{}","key":"","value":{{"rev":"1-a"}},"doc":{}}}]}})", late.id(),
                    base::to_document(late));
    const auto check = [&](const char* by, auto reads) {
        SCOPED_TRACE(by);
        NewNode node;
        node.begin();
        node.go_live();
        node.open(1, "ann");
        node.join(1, "lobby");
        node.answer("GET /chat/_all_docs", 200, documents(99, 96));
        node.take(1);
        node.written_lately = {row};
        reads(node);
        EXPECT_THAT(node.heard(1), ElementsAre("message late late"));
        node.stream("feed=continuous", row);
        EXPECT_THAT(node.heard(1), IsEmpty()) << "it was shown";
        node.persist_all();
        EXPECT_GT(node.journal.find(late.id())->arrival, CommitQueue::begins_above) << "for who resumes";
    };
    check("page of old", [&](NewNode& node) {
        node.answer("include_docs=true&limit=4&since=3-s", 200,
                    feed_page({feed_row("4-s", said(4)), row}, "100-s"));
    });
    check("resume", [&](NewNode& node) {
        node.open(2, "bob");
        node.take(2);
        node.join(2, "lobby", Cursor{"u-2", 5, "g1", "99-s", std::string{said(99).position()}, false}.text(),
                  5);
        node.answer("limit=4&since=99-s", 200, feed_page({row}, "100-s"));
        node.advance(200ms);
        if (node.asked("_local/davenport")) node.answer("_local/davenport", 200, R"({"generation":"g1"})");
        EXPECT_THAT(node.heard(2), ElementsAre("message late late", "joined")) << "once";
    });
    check("newest of a room", [&](NewNode& node) {
        node.say(1, R"({"t":"history","room":"lobby","limit":2})");
        node.answer("GET /chat/_all_docs", 200, document);
        std::erase_if(node.sent_frames[1],
                      [](const auto& frame) { return base::string_member(frame, "t") == "page"; });
    });
    check("message that is looked up", [&](NewNode& node) {
        node.say(1, fmt::format(R"({{"t":"remove","id":"{}","key":"{}","secret":"not the right one"}})",
                                late.id(), node.next_key()));
        node.answer("GET /chat/lobby", 200, base::to_document(late));
        std::erase_if(node.sent_frames[1],
                      [](const auto& frame) { return base::string_member(frame, "t") == "refused"; });
    });
}

TEST_F(CatchUp, AnotherNodesClientWaitsUntilNothingCanBeMissed) {
    open(1, "ann");
    take(1);
    join(1, "lobby", Cursor{"u-2", 5, "g1", "90-s", {}, false}.text(), 5);
    EXPECT_FALSE(asked("since=90-s")) << "what is written meanwhile might come by neither way";
    begin();
    EXPECT_FALSE(asked("since=90-s"));
    go_live();
    answer("since=90-s", 200, rows(91, 95));
    answer("since=94-s", 200, rows(95, 99));
    answer("since=98-s", 200, rows(99, 100));
    const auto lines = heard(1);
    for (int i = 91; i < 100; ++i) EXPECT_THAT(lines, Contains(HasSubstr(fmt::format("m{}", i))));
    EXPECT_THAT(lines, Contains("joined"));
}

TEST_F(CatchUp, WhoClosesAGapIsToldWhatIsOldHereAndMissingThere) {
    begin();
    fail_all();
    advance(200ms);
    fail_all();
    open(1, "ann");
    take(1);
    join(1, "lobby", Cursor{"u-2", 5, "g1", "95-s", std::string{said(95).position()}, false}.text(), 5);
    EXPECT_THAT(heard(1), Contains("joined gap"));
    advance(2s);
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    answer("since=now", 200, feed_page({}, "99-s"));
    stream("since=99-s", "\n");
    has_all();
    const auto edited = base::edited(said(96), {epoch_ms + 1000, 0, {}}, "better");
    answer("since=95-s", 200, feed_page({feed_row("97-s", said(97)), feed_row("98-s", edited)}, "98-s"));
    advance(200ms);
    if (asked("_local/davenport")) answer("_local/davenport", 200, R"({"generation":"g1"})");
    EXPECT_THAT(heard(1), ElementsAre("store up", "message m97 late", "message better late", "gap-closed"));
    persist_all();
    ASSERT_TRUE(journal.find(said(97).id()));
    EXPECT_LE(journal.find(said(97).id())->arrival, CommitQueue::begins_above) << "old for everybody else";
}

/// Who closes a gap may lack the message itself, and drops word of its removal.
TEST_F(CatchUp, WhoClosesAGapIsShownThePlaceOfWhatWasJustRemoved) {
    begin();
    open(1, "ann");
    take(1);
    join(1, "lobby", Cursor{"u-2", 5, "g0", "95-s", std::string{said(95).position()}, false}.text(), 5);
    go_live();
    EXPECT_THAT(heard(1), Contains("joined gap"));
    const auto just_now = base::removed(said(5), {base::unix_ms(now().wall), 0, {}}, "bob");
    answer("include_docs=true&limit=4&since=3-s", 200, feed_page({feed_row("5-s", just_now)}, "5-s"));
    const auto told = take(1, "message");
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(base::string_member(told[0], "id"), just_now.id());
    EXPECT_TRUE(base::member(told[0], "removed"));
}

/// An edit of what is old here comes with the first page, as history; to who asked before, it would never
/// come.
TEST_F(CatchUp, AGapIsNotClosedBeforeWhatIsWrittenIsNews) {
    fail_all();
    advance(200ms);
    fail_all();
    open(1, "ann");
    take(1);
    join(1, "lobby", Cursor{"u-2", 5, "g1", "0-s", std::string{said(0).position()}, false}.text(), 5);
    EXPECT_THAT(heard(1), ElementsAre("joined gap"));
    advance(2s);
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    EXPECT_FALSE(asked("since=0-s")) << "what is written meanwhile might come by neither way";
    const auto edited = base::edited(said(0), {epoch_ms + 1000, 0, {}}, "better");
    answer("limit=4&since=0", 200, feed_page({feed_row("1-s", said(1)), feed_row("2-s", edited)}, "2-s"));
    answer("since=0-s", 200, feed_page({feed_row("1-s", said(1)), feed_row("2-s", edited)}, "2-s"));
    advance(200ms);
    if (asked("_local/davenport")) answer("_local/davenport", 200, R"({"generation":"g1"})");
    EXPECT_THAT(heard(1), ElementsAre("store up", "message m1 late", "message better late", "gap-closed"));
}

TEST_F(CatchUp, WhoCameBeforeAnythingWasReadIsToldTheNewestOfTheRoom) {
    CoreDriver d{small_pages()};
    d.wall_offset = 1h;
    d.start();
    d.open(1, "ann");
    d.join(1, "lobby");
    EXPECT_THAT(d.heard(1), Contains("joined"));
    d.answer("_local/davenport", 200, R"({"generation":"g1"})");
    d.answer("limit=4&since=0", 200, rows(0, 4));
    d.answer("GET /chat/_all_docs", 200, documents(99, 96));
    const auto lines = d.heard(1);
    EXPECT_THAT(lines, testing::IsSupersetOf({"message m97", "message m98", "message m99"}));
    EXPECT_THAT(lines, Not(Contains(HasSubstr("m96"))));
}

TEST_F(CatchUp, ASmallStoreIsReadAtOnce) {
    answer("limit=4&since=0", 200, rows(0, 3));
    EXPECT_FALSE(asked("since=now"));
    EXPECT_THAT(ready(), HasSubstr(R"("status":"ok")"));
}

TEST_F(CatchUp, WhatWaitsUntilItIsKnownToBeNewsIsReadAgainWhenTheFeedBeginsAnew) {
    begin();
    answer("since=now", 200, feed_page({}, "99-s"));
    CoreDriver::answer("limit=4&since=3-s", 200, rows(4, 8));
    ASSERT_TRUE(asked("feed=normal&limit=1000"));
    end_stream("since=99-s");
    fail("feed=normal&limit=1000");
    advance(200ms);
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    advance(1s);
    handle(FetchHead{fetch("since=99-s")->id, 400});
    end_stream("since=99-s");  // the store does not know the place any more
    advance(200ms);
    if (asked("_local/davenport")) answer("_local/davenport", 200, R"({"generation":"g1"})");
    advance(1s);
    EXPECT_TRUE(asked("limit=4&since=3-s")) << asked_for();
}

/// What was read of old has its numbers downwards.
TEST_F(CatchUp, WhatCameToTheStoreLastIsVerifiedFirstInALaterLife) {
    begin();
    go_live();
    for (int i = 4; i < 100; i += 4) read_page(i, i + 4);
    answer("limit=4&since=99-s", 200, feed_page({}, "99-s"));
    persist_all();
    advance(1s);
    persist_all();
    crash_and_restart();
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    answer("feed=normal", 200, feed_page({}, "99-s"));
    stream("feed=continuous", "\n");
    has_all();
    advance(3s);
    fail("feed=continuous");
    advance(200ms);
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    if (asked("feed=normal")) answer("feed=normal", 200, feed_page({}, "99-s"));
    stream("feed=continuous", "\n");
    ASSERT_TRUE(asked("POST /chat/_all_docs")) << asked_for();
    const auto body = fetch("POST /chat/_all_docs")->request.body;
    EXPECT_THAT(body, HasSubstr(std::string{said(90).id()}));
    EXPECT_THAT(body, Not(HasSubstr(std::string{said(20).id()})));
}

TEST_F(CatchUp, GoesOnAfterARestart) {
    begin();
    go_live();
    answer("limit=4&since=3-s", 200, rows(4, 8));
    persist_all();
    crash_and_restart();
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    begin();
    go_live();
    read_page(4, 8);
    read_page(8, 10);
    persist_all();
    EXPECT_EQ(journal.size(), 14u);  // and the newest four
}

/// Promise 5 over a restart of the node.
TEST(StoredAfterARestart, IsToldToWhoRepeatsWhatWasAccepted) {
    CoreDriver d;
    d.start();
    d.store_up();
    d.open(1, "ann");
    d.fail_all();
    d.advance(1s);
    d.fail_all();
    const auto key = d.post(1, "lobby", "said while the store was away");
    d.persist_all();
    EXPECT_THAT(d.heard(1), Contains("accepted"));
    d.crash_and_restart();
    d.open(2, "ann");
    d.take(2);
    d.post_with(2, "lobby", "said while the store was away", key);  // as a page does when it comes back
    EXPECT_THAT(d.heard(2), ElementsAre("accepted"));
    d.handle(Requested{5,
                       {"POST",
                        "/api/rooms/lobby/messages",
                        {{"Content-Type", "application/json"}, {"Idempotency-Key", key}},
                        R"({"user":"ann","text":"said while the store was away"})"},
                       "127.0.0.1"});
    EXPECT_EQ(d.responses[5].status, 202);
    d.answer("_local/davenport", 200, R"({"generation":"g1"})");
    d.answer("feed=normal", 200, feed_page({}, "1-a"));
    d.answer("PUT /chat/lobby", 201, R"({"ok":true})");
    EXPECT_THAT(d.heard(2), Contains("stored"));
    d.handle(Requested{6,
                       {"POST",
                        "/api/rooms/lobby/messages",
                        {{"Content-Type", "application/json"}, {"Idempotency-Key", key}},
                        R"({"user":"ann","text":"said while the store was away"})"},
                       "127.0.0.1"});
    EXPECT_EQ(d.responses[6].status, 201);
}

}  // namespace
}  // namespace davenport::node
