#include "node/core/clients/cursor.hpp"
#include "tests/node/core_driver.hpp"

#include <fmt/format.h>

/// What the store had and has no more: after a disk that lied, a backup that was put back, a failover to a
/// copy that lagged.
namespace davenport::node {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

constexpr const char* put = "PUT /chat/lobby%3A";
constexpr const char* probe = "GET /chat/_local/davenport";
constexpr const char* look = "POST /chat/_all_docs";
constexpr const char* feed = "feed=continuous";
constexpr const char* generation_g1 = R"({"generation":"g1"})";

std::string row_of(std::string_view id, std::string_view value = R"({"rev":"1-a"})") {
    return fmt::format(R"({{"id":"{0}","key":"{0}","value":{1}}})", id, value);
}
std::string no_row_of(std::string_view id) {
    return fmt::format(R"({{"key":"{}","error":"not_found"}})", id);
}
std::string all_docs(const std::vector<std::string>& rows) {
    return fmt::format(R"({{"rows":[{}]}})", fmt::join(rows, ","));
}

constexpr const char* purges = "GET /chat/_purged_infos";
constexpr const char* nothing_was_purged = R"({"purged_infos":[]})";

struct StoreAuditTest : CoreDriver, testing::Test {
    /// As CoreDriver's; and nobody purged what is missing.
    base::HttpRequest answer(std::string_view what, int status, std::string body) {
        auto request = CoreDriver::answer(what, status, std::move(body));
        if (asked(purges)) CoreDriver::answer(purges, 200, nothing_was_purged);
        return request;
    }
    void SetUp() override {
        start();
        store_up();
        stream(feed, "\n");
        open(1, "ann");
        join(1, "lobby");
        take(1);
    }
    /// The store is there again, or a copy of it.
    void comes_back() {
        advance(200ms);
        answer(probe, 200, generation_g1);
        if (asked("feed=normal")) answer("feed=normal", 200, feed_page({}, "1-b"));
    }
    /// Posted, written and on the disk; the id.
    std::string stored(std::string_view text) {
        post(1, "lobby", text);
        const auto request = answer(put, 201, "{}");
        persist_all();
        advance(1s);
        persist_all();
        return base::text_member(*base::parse_json(request.body), "_id");
    }
    /// Others' messages, by the feed.
    std::vector<std::string> heard_of(int count) {
        std::vector<std::string> ids;
        std::string rows;
        for (int i = 0; i < count; ++i) {
            const auto message = others_message(i, fmt::format("m{}", i));
            ids.emplace_back(message.id());
            rows += feed_row(fmt::format("{}-s", i + 2), message);
        }
        stream(feed, rows);
        persist_all();
        advance(1s);
        persist_all();
        return ids;
    }
};

TEST_F(StoreAuditTest, WritesAgainWhatTheStoreAcknowledgedAndHasNoMore) {
    const auto kept = stored("kept");
    post(1, "lobby", "lost");
    const auto lost = answer(put, 201, "{}");
    persist_all();
    advance(1s);
    persist_all();
    EXPECT_EQ(journal.count_not_stored_in("g1"), 0u);
    advance(2s);
    stream(feed, "\n");
    advance(4s);
    if (asked(probe)) answer(probe, 200, generation_g1);
    const auto missing = base::text_member(*base::parse_json(lost.body), "_id");
    answer(look, 200, all_docs({row_of(kept), no_row_of(missing)}));
    // Somebody who comes from another node now reads a feed that is without it.
    open(2, "bob");
    take(2);
    join(2, "lobby", Cursor{"u-2", 77, "g1", "5-e", {}, false}.text(), 80);
    EXPECT_FALSE(asked("since=5-e")) << "more may be missing";
    answer(look, 200, all_docs({row_of(kept), no_row_of(missing)}));
    answer("since=5-e", 200, feed_page({}, "5-e"));
    advance(200ms);
    if (asked(probe)) answer(probe, 200, generation_g1);
    EXPECT_THAT(heard(2), Contains("message lost"));
    const auto again = answer(put, 201, "{}");
    EXPECT_EQ(again.target, lost.target);
    EXPECT_EQ(again.body, lost.body);
    advance(60s);
    EXPECT_FALSE(asked(put));
}

TEST_F(StoreAuditTest, LooksAfterTheNewestOfAnEarlierLifeToo) {
    const auto lost = stored("lost");
    crash_and_restart();
    comes_back();
    EXPECT_FALSE(asked(look)) << "until the feed is open the store might go unseen";
    stream(feed, "\n");
    EXPECT_THAT(answer(look, 200, all_docs({no_row_of(lost)})).body, HasSubstr(lost));
    EXPECT_THAT(answer(put, 201, "{}").body, HasSubstr(lost));
}

TEST_F(StoreAuditTest, WritesAgainWhatOthersPostedWhenACopyTookOverThatLacksIt) {
    const auto ids = heard_of(2);
    fail(feed);
    comes_back();
    EXPECT_FALSE(asked(look));
    stream(feed, "\n");
    answer(look, 200, all_docs({row_of(ids[0]), no_row_of(ids[1])}));
    const auto again = answer(put, 409, "{}");  // its own node was quicker
    EXPECT_THAT(again.body, HasSubstr(ids[1]));
    EXPECT_FALSE(asked(put));
}

TEST_F(StoreAuditTest, GoesFurtherBackForAsLongAsOneIsMissing) {
    const auto ids = heard_of(250);
    fail(feed);
    comes_back();
    stream(feed, "\n");
    const auto rows = [&](std::size_t from, std::size_t missing_from, std::size_t to) {
        std::vector<std::string> out;
        for (auto i = from; i < to; ++i) out.push_back(i < missing_from ? row_of(ids[i]) : no_row_of(ids[i]));
        return all_docs(out);
    };
    EXPECT_THAT(answer(look, 200, rows(150, 200, 250)).body, Not(HasSubstr(ids[149])));
    EXPECT_THAT(answer(look, 200, rows(100, 149, 200)).body, HasSubstr(ids[149]));
    EXPECT_THAT(answer(look, 200, rows(50, 150, 150)).body, HasSubstr(ids[50]));
    advance(2s);
    EXPECT_FALSE(asked(look)) << "all of that page was there";
}

/// Another node wrote it again when the store had lost it: in the store it is the last, and here among the
/// first.
TEST_F(StoreAuditTest, LooksForWhatTheFeedToldLastThoughItArrivedLongAgo) {
    const auto ids = heard_of(160);
    stream(feed, feed_row("170-s", others_message(0, "m0")));
    fail(feed);
    comes_back();
    stream(feed, "\n");
    ASSERT_TRUE(asked(look));
    EXPECT_THAT(fetch(look)->request.body, HasSubstr(ids[0]));
}

TEST_F(StoreAuditTest, GoesBackThroughAllThatCameBetweenTwoSuspicions) {
    auto ids = heard_of(4);
    post(1, "lobby", "in doubt");
    fail(put);
    const auto later = 2500;
    std::string rows;
    for (int n = 4; n < later; ++n) {
        const auto message = others_message(n, fmt::format("m{}", n));
        ids.emplace_back(message.id());
        rows += feed_row(fmt::format("{}-s", n + 2), message);
    }
    stream(feed, rows);
    persist_all();
    advance(200ms);
    answer(probe, 200, generation_g1);
    std::string looked_for;
    for (int round = 0; round < 80 && asked(look); ++round) {
        std::vector<std::string> absent;
        const auto body = fetch(look)->request.body;
        for (const auto& id : ids)
            if (body.find(id) != std::string::npos) absent.push_back(no_row_of(id));
        looked_for += answer(look, 200, all_docs(absent)).body;
        advance(10ms);
    }
    EXPECT_THAT(looked_for, HasSubstr(ids[5]));
}

TEST_F(StoreAuditTest, LooksThroughAllThatAStoreHadWhichLostItsName) {
    const auto ids = heard_of(250);
    fail(feed);
    advance(200ms);
    answer(probe, 200, R"({"generation":"g1","again":"once"})");
    if (asked("feed=normal")) answer("feed=normal", 200, feed_page({}, "1-b"));
    stream(feed, "\n");
    std::string looked_for;
    for (int round = 0; round < 20; ++round) {
        if (asked(look)) looked_for += has_all();
        advance(500ms);
        if (asked(feed)) stream(feed, "\n");
    }
    for (const auto& id : ids) EXPECT_THAT(looked_for, HasSubstr(id));
    advance(2s);
    EXPECT_FALSE(asked(look)) << "once through is enough";
}

TEST_F(StoreAuditTest, LooksForWhatCameToTheStoreLastHoweverMuchArrivedSince) {
    std::string looked_for;
    const auto look_on = [&] {
        for (int round = 0; round < 14; ++round) {
            if (asked(look)) looked_for += has_all();
            if (asked("feed=normal")) answer("feed=normal", 200, feed_page({}, "90-s"));
            advance(500ms);
            if (asked(feed)) stream(feed, "\n");
        }
    };
    const auto own = stored("own");
    look_on();
    ASSERT_THAT(looked_for, HasSubstr(own)) << "once, some seconds later";
    heard_of(80);
    looked_for.clear();
    fail(feed);
    comes_back();
    look_on();
    EXPECT_THAT(looked_for, HasSubstr(own));
}

TEST_F(StoreAuditTest, WritesALostMessageOnceHoweverOftenItIsMissed) {
    const auto ids = heard_of(2);
    fail(feed);
    comes_back();
    stream(feed, "\n");
    answer(look, 200, all_docs({row_of(ids[0]), no_row_of(ids[1])}));
    ASSERT_TRUE(asked(put));
    advance(2s);
    fail(feed);  // and it is looked for once more before it is written
    comes_back();
    stream(feed, "\n");
    answer(look, 200, all_docs({row_of(ids[0]), no_row_of(ids[1])}));
    answer(put, 201, "{}");
    EXPECT_FALSE(asked(put));
}

TEST_F(StoreAuditTest, KnowsWhatTheStoreHadThoughTheDiskDoesNotSaySoYet) {
    post(1, "lobby", "marked in memory");
    persist_all();
    const auto request = answer(put, 201, "{}");
    const auto id = base::text_member(*base::parse_json(request.body), "_id");
    fail(feed);
    comes_back();
    stream(feed, "\n");
    answer(look, 200, all_docs({row_of(id)}));  // and so it is not fresh any more
    advance(2s);
    fail(feed);
    comes_back();
    stream(feed, "\n");
    EXPECT_THAT(answer(look, 200, all_docs({no_row_of(id)})).body, HasSubstr(id));
    EXPECT_TRUE(asked(put));
}

TEST_F(StoreAuditTest, WhoReadsTheFeedWhileTheStoreIsSuspectedReadsItAgain) {
    const auto ids = heard_of(1);
    open(2, "bob");
    take(2);
    join(2, "lobby", Cursor{"u-2", 77, "g1", "5-e", {}, false}.text(), 80);
    ASSERT_TRUE(asked("since=5-e"));
    fail(feed);
    advance(200ms);
    answer(probe, 200, generation_g1);
    if (asked("feed=normal&include_docs=true&limit=500&since=2-s"))
        answer("since=2-s", 200, feed_page({}, "2-b"));
    answer("since=5-e", 200, feed_page({}, "5-e"));  // of a copy that lacks what this node has
    stream(feed, "\n");
    answer(look, 200, all_docs({row_of(ids[0])}));  // somebody has brought it back meanwhile
    advance(200ms);
    if (asked(probe)) answer(probe, 200, generation_g1);
    EXPECT_TRUE(asked("since=5-e")) << asked_for();
}

/// Another node wrote it, after the page was read and before the resume was over.
TEST_F(StoreAuditTest, WhoReadAPageWithoutWhatIsFoundAgainIsSentIt) {
    const auto ids = heard_of(1);
    fail(feed);
    comes_back();
    stream(feed, "\n");
    answer(look, 200, all_docs({no_row_of(ids[0])}));
    open(2, "bob");
    take(2);
    join(2, "lobby", Cursor{"u-2", 77, "g1", "5-e", {}, false}.text(), 80);
    answer("since=5-e", 200, feed_page({}, "5-e"));
    stream(feed, feed_row("6-s", others_message(0, "m0")));
    advance(200ms);
    if (asked(probe)) answer(probe, 200, generation_g1);
    EXPECT_THAT(heard(2), Contains("message m0"));
}

/// A member of a cluster that lags has none of it, though another one says that it is there; and who comes
/// was shown later messages elsewhere.
TEST_F(StoreAuditTest, WhoComesFromAnotherNodeIsSentWhatWasStoredAndVerifiedAMomentAgo) {
    const auto id = stored("just now");
    fail(feed);
    comes_back();
    stream(feed, "\n");
    answer(look, 200, all_docs({row_of(id)}));
    open(2, "bob");
    take(2);
    join(2, "lobby", Cursor{"u-2", 77, "g1", "5-e", "01ZZZZZZZZZZZZZZZZZZZZZZZZ", false}.text(), 80);
    answer("since=5-e", 200, feed_page({}, "5-e"));
    advance(200ms);
    if (asked(probe)) answer(probe, 200, generation_g1);
    EXPECT_THAT(heard(2), Contains(HasSubstr("message just now")));
}

TEST_F(StoreAuditTest, WhoComesFromAnotherNodeIsSentWhatWasStoredInTheLifeBefore) {
    const auto id = stored("just now");
    crash_and_restart();
    store_up();
    stream(feed, "\n");
    answer(look, 200, all_docs({row_of(id)}));
    open(2, "bob");
    take(2);
    join(2, "lobby", Cursor{"u-2", 77, "g1", "5-e", "01ZZZZZZZZZZZZZZZZZZZZZZZZ", false}.text(), 80);
    answer("since=5-e", 200, feed_page({}, "5-e"));
    advance(200ms);
    if (asked(probe)) answer(probe, 200, generation_g1);
    EXPECT_THAT(heard(2), Contains(HasSubstr("message just now")));
}

TEST_F(StoreAuditTest, AsksAtOnceForWhatWasStoredAMomentBefore) {
    post(1, "lobby", "just now");
    const auto request = answer(put, 201, "{}");
    persist_all();
    fail(feed);
    comes_back();
    stream(feed, "\n");
    const auto id = base::text_member(*base::parse_json(request.body), "_id");
    EXPECT_THAT(answer(look, 200, all_docs({no_row_of(id)})).body, HasSubstr(id));
    EXPECT_EQ(answer(put, 201, "{}").body, request.body);
}

TEST_F(StoreAuditTest, AsksForEachOnceHoweverOftenTheStoreCameAndWent) {
    const auto id = stored("once");  // seen in the store a moment ago, and among the newest that it had
    fail(feed);
    comes_back();
    fail(feed);
    comes_back();
    stream(feed, "\n");
    const auto asked_for_it = answer(look, 200, all_docs({row_of(id)})).body;
    EXPECT_EQ(asked_for_it.find(id), asked_for_it.rfind(id)) << asked_for_it;
}

/// Between the page that it came in and the feed that is open from then on another copy may have taken over,
/// unseen.
TEST_F(StoreAuditTest, AsksForWhatItReadBeforeItsFeedWasOpenAgain) {
    fail_all();
    advance(200ms);
    answer(probe, 200, generation_g1);
    const auto message = others_message(1, "read in a page");
    answer("feed=normal", 200, feed_page({feed_row("2-s", message)}, "2-s"));
    persist_all();
    EXPECT_FALSE(asked(look));
    stream(feed, "\n");
    EXPECT_THAT(answer(look, 200, all_docs({no_row_of(message.id())})).body,
                HasSubstr(std::string{message.id()}));
    EXPECT_TRUE(asked(put)) << asked_for();
}

TEST_F(StoreAuditTest, TakesADeletionForSomebodysWill) {
    const auto id = stored("regretted");
    advance(5s);
    if (asked(probe)) answer(probe, 200, generation_g1);
    answer(look, 200, all_docs({row_of(id, R"({"rev":"2-b","deleted":true})")}));
    EXPECT_FALSE(asked(put));
}

TEST(StoreAuditOfANodeThatPolls, SuspectsAStoreThatTellsOldNews) {
    ChatConfig config;
    config.feed = FeedMode::poll;
    CoreDriver d{config};
    d.start();
    const auto message = others_message(1, "there");
    d.answer(probe, 200, generation_g1);
    d.answer("since=0", 200, feed_page({feed_row("1-a", message)}, "1-a"));
    d.persist_all();
    d.advance(1s);
    d.persist_all();
    d.answer("since=1-a", 200, feed_page({}, "1-b"));
    d.advance(1s);
    EXPECT_FALSE(d.asked(look)) << "nothing has happened";
    d.answer("since=1-b", 200, feed_page({}, "0-of another copy"));
    EXPECT_THAT(d.answer(look, 200, all_docs({no_row_of(message.id())})).body,
                HasSubstr(std::string{message.id()}));
    d.answer(purges, 200, nothing_was_purged);
    EXPECT_TRUE(d.asked(put));
}

}  // namespace
}  // namespace davenport::node
