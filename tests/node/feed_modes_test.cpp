#include "node/core/store/couchdb/feed_parser.hpp"
#include "tests/node/core_driver.hpp"

#include <fmt/format.h>

namespace davenport::node {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr const char* probe = "GET /chat/_local/davenport";

struct Feed : CoreDriver, testing::Test {
    void begin(FeedMode mode) {
        config_.feed = mode;
        start();
        store_up();
        open(1, "ann");
        join(1, "lobby");
        take(1);
    }
    void probed() {
        advance(200ms);
        if (asked(probe)) answer(probe, 200, R"({"generation":"g1"})");
        advance(3s);
        if (asked(probe)) answer(probe, 200, R"({"generation":"g1"})");
    }
};

TEST_F(Feed, ByPollAsksOnceAnIntervalFromWhereItEnded) {
    begin(FeedMode::poll);
    EXPECT_FALSE(asked("_changes"));
    advance(1s);
    answer("feed=normal&include_docs=true&limit=500&since=1-a", 200,
           feed_page({feed_row("2-b", others_message(0, "one"))}, "2-b"));
    EXPECT_THAT(heard(1), ElementsAre("message one"));
    EXPECT_FALSE(asked("_changes"));
    advance(999ms);
    EXPECT_FALSE(asked("_changes"));
    advance(1ms);
    EXPECT_TRUE(asked("since=2-b"));
}

TEST_F(Feed, ByLongpollAsksAgainAtOnce) {
    begin(FeedMode::longpoll);
    stream("feed=longpoll&include_docs=true&heartbeat=2000&limit=500&since=1-a", "\n");
    const auto page = feed_page({feed_row("2-b", others_message(0, "one"))}, "2-b");
    stream("feed=longpoll", page.substr(0, 20));
    stream("feed=longpoll", page.substr(20));
    EXPECT_THAT(heard(1), IsEmpty());
    end_stream("feed=longpoll");
    EXPECT_THAT(heard(1), ElementsAre("message one"));
    EXPECT_TRUE(asked("feed=longpoll&include_docs=true&heartbeat=2000&limit=500&since=2-b"));
}

TEST_F(Feed, ByLongpollIsDeadAfterSilenceAndLivesByHeartbeats) {
    begin(FeedMode::longpoll);
    for (int i = 0; i < 10; ++i) {
        advance(4s);
        stream("feed=longpoll", "\n");
        if (asked(probe)) answer(probe, 200, R"({"generation":"g1"})");
    }
    advance(5s);
    if (asked(probe)) answer(probe, 200, R"({"generation":"g1"})");
    EXPECT_FALSE(asked("feed=longpoll"));
}

TEST_F(Feed, CatchesUpPageByPageBeforeItGoesLive) {
    journal.commit({1, {}, {}, {}, base::Checkpoint{"g1", "0"}});  // it is not new here
    start();
    answer(probe, 200, R"({"generation":"g1"})");
    std::vector<std::string> rows;
    for (int i = 0; i < 500; ++i)
        rows.push_back(feed_row(fmt::format("{}-s", i), others_message(i, fmt::format("m{}", i))));
    answer("since=0", 200, feed_page(rows, "499-s"));
    EXPECT_FALSE(asked("continuous"));
    answer("since=499-s", 200, feed_page({}, "499-s"));
    EXPECT_TRUE(asked("feed=continuous&include_docs=true&heartbeat=2000&since=499-s"));
}

TEST_F(Feed, EveryWayToEndLeadsBackToSince) {
    for (int way = 0; way < 7; ++way) {
        SCOPED_TRACE(way);
        CoreDriver d;
        d.start();
        d.store_up();
        const auto row = feed_row("2-b", others_message(0, "one"));
        d.stream("continuous", row + feed_row("3-c", others_message(1, "two")).substr(0, 30));
        switch (way) {
            case 0:
                d.end_stream("continuous");
                break;
            case 1:
                d.fail("continuous");
                break;
            case 2:
                d.stream("continuous", "<html>\n");
                break;
            case 3:
                d.stream("continuous", "{\"error\":\"oops\"}\n");
                break;
            case 4:
                for (int i = 0; i < 10; ++i) {
                    d.advance(500ms);
                    if (d.asked(probe)) d.answer(probe, 200, R"({"generation":"g1"})");
                }
                break;
            case 5:
                d.stream("continuous", "\n{\"last_seq\":\"2-b\",\"pending\":0}\n");
                break;
            case 6:
                d.end_stream("continuous");
                d.advance(3s);
                if (d.asked(probe)) d.answer(probe, 200, R"({"generation":"g1"})");
                d.advance(1s);
                d.answer("feed=normal", 500, "oops");
                break;
        }
        for (int i = 0; i < 8 && !d.asked("feed=normal"); ++i) {
            d.advance(1s);
            if (d.asked(probe)) d.answer(probe, 200, R"({"generation":"g1"})");
        }
        EXPECT_TRUE(d.asked("since=2-b")) << d.asked_for();
    }
}

TEST_F(Feed, StartsFromTheBeginningWhenTheStoreDoesNotKnowTheSeq) {
    begin(FeedMode::continuous);
    end_stream("continuous");
    probed();
    answer("since=1-a", 400,
           R"({"error":"bad_request","reason":"Malformed sequence supplied in 'since' parameter."})");
    probed();
    EXPECT_TRUE(asked("since=0")) << asked_for();
}

TEST_F(Feed, GoesLiveAtOnceWhenItsFirstAnswerIsRefused) {
    start();
    answer(probe, 200, R"({"generation":"g1"})");
    answer("since=0", 503, "busy");
    EXPECT_FALSE(asked("_changes")) << "not before the store has answered a probe, and after a pause";
    probed();
    EXPECT_TRUE(asked("since=0"));
}

TEST_F(Feed, JournalsTheCheckpointWithTheMessagesItCoversAndNeverAhead) {
    begin(FeedMode::continuous);
    persist_all();
    stream("continuous", feed_row("2-b", others_message(0, "one")));
    stream("continuous", feed_row("3-c", others_message(1, "two")));
    EXPECT_EQ(last_batch.checkpoint, (base::Checkpoint{"g1", "2-b"}));
    ASSERT_EQ(last_batch.entries.size(), 1u);
    persist();
    EXPECT_EQ(last_batch.checkpoint, (base::Checkpoint{"g1", "3-c"}));
    ASSERT_EQ(last_batch.entries.size(), 1u);
    EXPECT_EQ(last_batch.entries[0].message.text(), "two");
}

TEST_F(Feed, MovesNoCheckpointPastMessagesWhoseCommitFailed) {
    begin(FeedMode::continuous);
    stream("continuous", feed_row("2-b", others_message(0, "one")));
    fail_persist();
    stream("continuous", feed_row("3-c", others_message(1, "two")));
    EXPECT_FALSE(persisting());
    advance(1s);
    ASSERT_TRUE(persisting());
    EXPECT_EQ(last_batch.entries.size(), 2u);
    EXPECT_EQ(last_batch.checkpoint, (base::Checkpoint{"g1", "3-c"}));
    EXPECT_THAT(log, testing::Contains(testing::HasSubstr("free some space")));
}

struct Rewind : Feed {
    static constexpr int old_messages = 1200;
    std::vector<std::string> rows;  ///< with documents
    std::vector<std::string> bare;  ///< without

    static std::string unknown_row() {
        return R"({"seq":"1998-s","id":"unknown","changes":[],"doc":{"_id":"unknown","user":"eve","msg":"psst","datetime":"2027-01-15T08:00:00Z"}})";
    }
    void begin_with_old_messages() {
        begin(FeedMode::continuous);
        begin_rows();
    }
    void begin_rows() {
        std::string all;
        for (int i = 0; i < old_messages; ++i) {
            const auto m = others_message(i, fmt::format("m{}", i));
            rows.push_back(feed_row(fmt::format("{}-s", i + 2), m));
            bare.push_back(fmt::format(R"({{"seq":"{}-s","id":"{}","changes":[]}})", i + 2, m.id()));
            all += rows.back();
        }
        stream("continuous", all);
        persist_all();
        take(1);
    }
};

/// Under load the feed is often quicker than the answer to the request that wrote them.
TEST_F(Rewind, IsNotSeenInRowsOfOursThatComeBeforeTheStoresAnswer) {
    begin(FeedMode::continuous);
    for (int i = 0; i < 300; ++i) post(1, "lobby", fmt::format("m{}", i));
    persist_all();
    std::string ours;
    int seq = 100;
    for (const auto& entry : journal.after("lobby", 0, 300))
        ours += feed_row(fmt::format("{}-s", ++seq), entry.message);
    stream("since=1-a", ours);
    EXPECT_FALSE(asked("since=now")) << asked_for();
}

/// The answers come after all, and mean no row that is still to come.
TEST_F(Rewind, IsSeenInRowsOfOursThatCameBeforeTheStoresAnswerAndComeAgain) {
    begin(FeedMode::continuous);
    for (int i = 0; i < 300; ++i) post(1, "lobby", fmt::format("m{}", i));
    persist_all();
    std::string all;
    int seq = 100;
    while (const auto* f =
               fetch("POST /chat/_bulk_docs") ? fetch("POST /chat/_bulk_docs") : fetch("PUT /chat/lobby")) {
        const bool bulk = f->request.method == "POST";
        const auto body = *base::parse_json(bulk ? f->request.body : "{\"docs\":[" + f->request.body + "]}");
        std::string fresh, outcomes;
        for (const auto& doc : base::member(body, "docs")->get_array()) {
            const auto id = base::text_member(doc, "_id");
            fresh += feed_row(fmt::format("{}-s", ++seq), journal.find(id)->message);
            outcomes +=
                fmt::format(R"({}{{"ok":true,"id":"{}","rev":"1-a"}})", outcomes.empty() ? "" : ",", id);
        }
        all += fresh;
        stream("since=1-a", fresh);
        ASSERT_FALSE(asked("since=now")) << asked_for();
        answer(bulk ? "_bulk_docs" : "PUT /chat/lobby", 201, bulk ? "[" + outcomes + "]" : R"({"ok":true})");
        advance(10ms);
    }
    ASSERT_EQ(seq, 400);
    stream("since=1-a", all);
    EXPECT_TRUE(asked("since=now")) << asked_for();
}

TEST_F(Rewind, DelaysNoNewMessageThoughTheStoreStartsOverAtItsFirstRow) {
    begin_with_old_messages();
    std::string again;
    for (int i = 0; i < 300; ++i) again += rows[static_cast<std::size_t>(i)];
    stream("continuous&include_docs=true&heartbeat=2000&since=1-a", again);
    ASSERT_TRUE(asked("feed=continuous&include_docs=true&heartbeat=2000&since=now")) << asked_for();
    ASSERT_TRUE(asked("feed=normal&limit=2000&since=301-s")) << asked_for();
    stream("since=now", feed_row("2000-s", others_message(5000, "new")));
    EXPECT_THAT(heard(1), ElementsAre("message new"));
    persist_all();
    EXPECT_EQ(journal.state().checkpoint->place, "301-s") << "the checkpoint advances last";
    // What was written while the live feed was closed lies at the far end; the newest rows are looked at
    // first.
    answer("feed=normal&limit=2000&since=301-s", 200, feed_page({bare[300]}, "302-s"));
    answer("descending=true", 200,
           feed_page({feed_row("2000-s", others_message(5000, "new")),
                      feed_row("1999-t", others_message(4999, "between"))},
                     "1-a"));
    EXPECT_THAT(heard(1), ElementsAre("message between late"));
    persist_all();
    std::vector<std::string> rest{bare.begin() + 301, bare.end()};
    rest.push_back(R"({"seq":"1998-s","id":"old and unknown","changes":[]})");
    answer("feed=normal&limit=2000&since=302-s", 200, feed_page(rest, "1999-s"));
    const auto asked_ids = answer(
        "POST /chat/_all_docs?include_docs", 200,
        R"({"rows":[{"id":"old and unknown","key":"x","value":{},"doc":{"_id":"old and unknown","user":"eve","msg":"psst","datetime":"2027-01-15T08:00:00Z"}}]})");
    EXPECT_THAT(asked_ids.body, testing::HasSubstr("old and unknown"));
    EXPECT_THAT(heard(1), ElementsAre("message psst late"));
    // The first page may have been asked for before the live feed was open; one more is read to be sure.
    if (asked("feed=normal")) answer("feed=normal", 200, feed_page({}, "1999-s"));
    EXPECT_FALSE(asked("feed=normal"));
    persist_all();
    advance(1s);
    persist_all();
    EXPECT_EQ(journal.state().checkpoint->place, "1999-s");
    // The live feed may have been another member's copy, so the node goes on where it has read.
    stream("since=1999-s", feed_row("2000-s", others_message(5000, "new")) +
                               feed_row("2001-s", others_message(5001, "newer")));
    EXPECT_THAT(heard(1), ElementsAre("message newer"));
    EXPECT_FALSE(asked("since=now"));
    persist_all();
    EXPECT_EQ(journal.state().checkpoint->place, "2001-s");
    EXPECT_EQ(journal.size(), old_messages + 4u);
}

/// The store may be a copy by now that lacks something, and the feed that would have broken is the node's no
/// more.
TEST_F(Rewind, VerifiesWhatWasStoredWhenItLeavesAFeedForAnother) {
    begin_with_old_messages();
    std::string again;
    for (int i = 0; i < 300; ++i) again += rows[static_cast<std::size_t>(i)];
    stream("continuous&include_docs=true&heartbeat=2000&since=1-a", again);
    if (asked("POST /chat/_all_docs")) has_all();
    stream("since=now", "\n");
    answer("feed=normal&limit=2000&since=301-s", 200, feed_page({bare.begin() + 300, bare.end()}, "1999-s"));
    answer("descending=true", 200, feed_page({}, "1-a"));
    if (asked("feed=normal")) answer("feed=normal", 200, feed_page({}, "2000-s"));
    stream("continuous&include_docs=true&heartbeat=2000&since=", "\n");
    advance(3s);
    EXPECT_TRUE(asked("POST /chat/_all_docs")) << asked_for();
}

/// Of a cluster the old stretch may be another member's copy than the live feed: only who goes on in it is
/// given what that member lacked, and the other had given before.
TEST_F(Rewind, GoesOnInTheCopyThatItHasReadAndNotInThatOfTheLiveFeed) {
    begin_with_old_messages();
    std::string again;
    for (int i = 0; i < 300; ++i) again += rows[static_cast<std::size_t>(i)];
    stream("continuous&include_docs=true&heartbeat=2000&since=1-a", again);
    stream("since=now", feed_row("7-other", others_message(5000, "live")));
    answer("feed=normal&limit=2000&since=301-s", 200, feed_page({bare.begin() + 300, bare.end()}, "1999-s"));
    answer("descending=true", 200, feed_page({}, "1-a"));
    if (asked("feed=normal")) answer("feed=normal", 200, feed_page({}, "1999-s"));
    heard(1);
    EXPECT_FALSE(asked("since=now")) << asked_for();
    stream("since=1999-s", feed_row("2000-s", others_message(5000, "live")) +
                               feed_row("2001-s", others_message(4990, "owed to this member")));
    EXPECT_THAT(heard(1), ElementsAre("message owed to this member late"));
}

/// Where it is one copy, nothing is asked anew.
TEST_F(Rewind, StaysWithTheLiveFeedWhereBothCameToOnePlace) {
    begin_with_old_messages();
    std::string again;
    for (int i = 0; i < 300; ++i) again += rows[static_cast<std::size_t>(i)];
    stream("continuous&include_docs=true&heartbeat=2000&since=1-a", again);
    stream("since=now", feed_row("2000-s", others_message(5000, "live")));
    auto rest = std::vector<std::string>{bare.begin() + 300, bare.end()};
    answer("feed=normal&limit=2000&since=301-s", 200, feed_page(rest, "2000-s"));
    answer("descending=true", 200, feed_page({}, "1-a"));
    if (asked("feed=normal")) answer("feed=normal", 200, feed_page({}, "2000-s"));
    heard(1);
    stream("since=now", feed_row("2001-s", others_message(5001, "more")));
    EXPECT_THAT(heard(1), ElementsAre("message more"));
}

/// The feed of one member of a cluster tells of what another one, which is asked, does not have yet.
TEST_F(Rewind, LooksAgainForWhatTheFeedToldOfAndTheStoreDoesNotFind) {
    const std::string lacks = R"({"rows":[{"key":"old and unknown","error":"not_found"}]})";
    const std::string has =
        R"({"rows":[{"id":"old and unknown","key":"old and unknown","value":{},"doc":{"_id":"old and unknown","user":"eve","msg":"psst","datetime":"2027-01-15T08:00:00Z"}}]})";
    begin_with_old_messages();
    std::string again;
    for (int i = 0; i < 300; ++i) again += rows[static_cast<std::size_t>(i)];
    stream("continuous&include_docs=true&heartbeat=2000&since=1-a", again);
    stream("since=now", "\n");
    std::vector<std::string> rest{bare.begin() + 300, bare.end()};
    rest.push_back(R"({"seq":"1998-s","id":"old and unknown","changes":[]})");
    answer("feed=normal&limit=2000&since=301-s", 200, feed_page(rest, "1999-s"));
    answer("descending=true", 200, feed_page({}, "1-a"));
    for (int look = 0; look < 5; ++look) {
        answer("POST /chat/_all_docs?include_docs", 200, lacks);
        persist_all();
        EXPECT_NE(journal.state().checkpoint->place, "1999-s") << "it is not read yet";
        EXPECT_FALSE(asked("POST /chat/_all_docs?include_docs")) << "not at once";
        advance(250ms);
    }
    answer("POST /chat/_all_docs?include_docs", 200, has);
    EXPECT_THAT(heard(1), ElementsAre("message psst late"));
}

/// What was purged meanwhile is never found again.
TEST_F(Rewind, GivesUpWhatTheStoreNeverFinds) {
    begin_with_old_messages();
    std::string again;
    for (int i = 0; i < 300; ++i) again += rows[static_cast<std::size_t>(i)];
    stream("continuous&include_docs=true&heartbeat=2000&since=1-a", again);
    stream("since=now", "\n");
    std::vector<std::string> rest{bare.begin() + 300, bare.end()};
    rest.push_back(R"({"seq":"1998-s","id":"purged","changes":[]})");
    answer("feed=normal&limit=2000&since=301-s", 200, feed_page(rest, "1999-s"));
    answer("descending=true", 200, feed_page({}, "1-a"));
    int looks = 0;
    for (; looks < 100 && asked("POST /chat/_all_docs?include_docs"); ++looks) {
        answer("POST /chat/_all_docs?include_docs", 200,
               R"({"rows":[{"key":"purged","error":"not_found"}]})");
        advance(250ms);
        if (asked("since=now")) stream("since=now", "\n");
    }
    EXPECT_GT(looks, 10);
    EXPECT_LT(looks, 60);
}

TEST_F(Rewind, SurvivesAFailureAtAnyStepOfTheScan) {
    for (int failing = 0; failing < 6; ++failing) {
        SCOPED_TRACE(failing);
        Rewind::rows.clear();
        Rewind::bare.clear();
        CoreDriver& d = *this;
        d.journal = sim::virtual_world::ModelJournal{"u-1"};
        d.crash_and_restart();
        d.store_up();
        open(1, "ann");
        join(1, "lobby");
        begin_rows();
        std::string again;
        for (int i = 0; i < 250; ++i) again += rows[static_cast<std::size_t>(i)];
        stream("since=1-a", again);
        for (int step = 0; step < 12; ++step) {
            advance(300ms);
            if (asked(probe)) answer(probe, 200, R"({"generation":"g1"})");
            if (step == failing) {
                fail_all();
                continue;
            }
            if (asked("_all_docs"))
                answer(
                    "_all_docs", 200,
                    R"({"rows":[{"id":"unknown","key":"x","value":{},"doc":{"_id":"unknown","user":"eve","msg":"psst","datetime":"2027-01-15T08:00:00Z"}}]})");
            else if (asked("feed=normal&limit=2000"))
                answer("feed=normal&limit=2000", 200,
                       feed_page({bare[300], R"({"seq":"1998-s","id":"unknown","changes":[]})"}, "1999-s"));
            else if (asked("descending=true"))
                answer("descending=true", 200, feed_page({}, "1-a"));
            else if (asked("feed=normal"))
                answer("feed=normal", 200, feed_page({rows[300], unknown_row()}, "1999-s"));
            if (asked("since=now")) stream("since=now", "\n");
        }
        persist_all();
        advance(1s);
        if (asked(probe)) answer(probe, 200, R"({"generation":"g1"})");
        persist_all();
        EXPECT_TRUE(journal.contains("unknown"));
        EXPECT_EQ(journal.state().checkpoint->place, "1999-s");
        EXPECT_TRUE(asked("continuous")) << asked_for();
    }
}

std::vector<std::string> ids(const std::vector<FeedRow>& rows) {
    std::vector<std::string> out;
    for (const auto& row : rows) out.push_back(row.id);
    return out;
}

TEST(FeedParser, GivesTheSameRowsHoweverTheBytesAreCut) {
    const auto a = others_message(1, "a \" \\ 🛋 \n");
    const auto b = others_message(2, "b");
    const auto bytes = std::string{"\n"} + feed_row("1-a", a) + "\r\n\n" + feed_row("2-b", b) +
                       R"({"last_seq":"3-end","pending":0})"
                       "\n";
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        SCOPED_TRACE(cut);
        FeedParser parser;
        auto first = parser.add(std::string_view{bytes}.substr(0, cut), {});
        auto second = parser.add(std::string_view{bytes}.substr(cut), {});
        for (auto& row : second.rows) first.rows.push_back(std::move(row));
        ASSERT_THAT(ids(first.rows), ElementsAre(a.id(), b.id()));
        EXPECT_EQ(first.rows[0].message, a);
        EXPECT_EQ(second.seq.empty() ? first.seq : second.seq, "3-end");
        EXPECT_FALSE(first.garbage || second.garbage);
    }
}

TEST(FeedParser, TakesNoMessageFromDeletionsDesignsAndOtherDocuments) {
    FeedParser parser;
    const auto result = parser.add(
        R"({"seq":1,"id":"a","changes":[],"deleted":true,"doc":{"_id":"a","_deleted":true,"user":"x","msg":"y"}})"
        "\n"
        R"({"seq":"2","id":"_design/x","changes":[],"doc":{"_id":"_design/x","user":"x","msg":"y"}})"
        "\n"
        R"({"seq":null,"id":"b","changes":[],"doc":{"_id":"b","msg":"no user"}})"
        "\n"
        R"({"seq":"4","id":"c","changes":[]})"
        "\n",
        {});
    ASSERT_EQ(result.rows.size(), 4u);
    for (const auto& row : result.rows) EXPECT_FALSE(row.message) << row.id;
}

TEST(FeedParser, TellsTheSeqOfTheLastRowThatHasOne) {
    const std::string number = "{\"seq\":1,\"id\":\"a\"}\n", text = "{\"seq\":\"2-b\",\"id\":\"b\"}\n",
                      none = "{\"seq\":null,\"id\":\"c\"}\n";
    EXPECT_EQ(FeedParser{}.add(number, {}).seq, "1");
    EXPECT_EQ(FeedParser{}.add(number + text + none, {}).seq, "2-b");
    EXPECT_EQ(FeedParser{}.add(none, {}).seq, "");
    EXPECT_EQ(FeedParser{}.add(text + "{\"last_seq\":\"\",\"pending\":0}\n", {}).seq, "2-b");
}

TEST(FeedParser, TrustsNothingAfterALineThatIsNoRow) {
    FeedParser parser;
    const auto result = parser.add(
        feed_row("1-a", others_message(1, "a")) + "garbage\n" + feed_row("2-b", others_message(2, "b")), {});
    EXPECT_EQ(result.rows.size(), 1u);
    EXPECT_TRUE(result.garbage);
}

}  // namespace
}  // namespace davenport::node
