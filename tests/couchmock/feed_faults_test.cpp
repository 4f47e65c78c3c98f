#include "tests/couchmock/mock_client.hpp"

#include <set>

/// What goes wrong in a feed. Whatever it is, a client that goes on from the last seq that it was shown
/// misses nothing.
namespace davenport::couchmock::test {
namespace {

using Ids = std::vector<std::string>;

class FeedFaults : public testing::Test {
protected:
    FeedFaults() {
        mock.put("/db", "");
        write(3);
    }
    void write(int count) {
        for (int i = 0; i < count; ++i) mock.put("/db/d" + std::to_string(written_++), "{}");
    }
    ExchangeId follow(const std::string& since = "0") {
        return mock.send("GET",
                         "/db/_changes?feed=continuous&heartbeat=1000&since=" + base::percent_encode(since));
    }
    void clear(const std::string& name) { mock.ask("DELETE", "/_mock/faults/" + name); }
    Ids names(int from, int to) {
        Ids out;
        for (int i = from; i < to; ++i) out.push_back("d" + std::to_string(i));
        return out;
    }
    MockClient mock;
    int written_ = 0;
};

TEST_F(FeedFaults, ACutComesInTheMiddleOfTheNextRow) {
    const auto feed = follow();
    mock.fault(R"({"name":"f","fault":"feed.cut"})");
    EXPECT_FALSE(mock.seen(feed).ended);
    write(1);
    EXPECT_TRUE(mock.seen(feed).reset);
    EXPECT_EQ(mock.seen(feed).ids(), names(0, 3));
    EXPECT_FALSE(mock.seen(feed).body.ends_with('\n'));
    EXPECT_EQ(mock.hits("f"), 1);
    const auto again = follow();
    EXPECT_EQ(mock.seen(again).ids(), names(0, 4)) << "spent: the next feed is whole";
}

TEST_F(FeedFaults, ACutStrikesEveryFeedThatWasOpenOnce) {
    const auto one = follow();
    const auto two = follow();
    mock.fault(R"({"name":"f","fault":"feed.cut"})");
    write(1);
    EXPECT_TRUE(mock.seen(one).reset);
    EXPECT_TRUE(mock.seen(two).reset);
    EXPECT_EQ(mock.hits("f"), 2);
}

TEST_F(FeedFaults, AStallIsSilentWithoutHeartbeatsAndLosesNothing) {
    const auto feed = follow();
    mock.forget_body(feed);
    mock.fault(R"({"name":"f","fault":"feed.stall"})");
    write(2);
    mock.pass(10s);
    EXPECT_EQ(mock.seen(feed).body, "");
    EXPECT_FALSE(mock.seen(feed).ended);
    EXPECT_EQ(mock.hits("f"), 1);
    EXPECT_EQ(mock.put("/db/x", "{}").status, 201) << "writes go on";
    clear("f");
    mock.pass(1s);
    EXPECT_EQ(mock.seen(feed).ids(), (Ids{"d3", "d4", "x"}));
}

TEST_F(FeedFaults, ARewindGivesTheLastRowsAgainOnTheOpenFeed) {
    write(7);
    const auto feed = follow();
    mock.forget_body(feed);
    EXPECT_EQ(base::int_member(mock.fault(R"({"name":"f","fault":"feed.rewind","rows":4})"), "hits"), 1);
    EXPECT_EQ(mock.seen(feed).ids(), names(6, 10));
    EXPECT_FALSE(mock.seen(feed).ended);
    write(1);
    EXPECT_EQ(mock.seen(feed).ids().back(), "d10");
}

TEST_F(FeedFaults, ARewindTwiceInARowGoesTwiceAsFarAtMost) {
    write(7);
    const auto feed = follow();
    for (int i = 0; i < 3; ++i) {
        mock.forget_body(feed);
        mock.fault(R"({"name":"f","fault":"feed.rewind","rows":2})");
        const auto ids = mock.seen(feed).ids();
        EXPECT_GE(ids.size(), 2u);
        EXPECT_EQ(ids.back(), "d9");
    }
}

TEST_F(FeedFaults, ARewindToTheBeginningGivesEverything) {
    const auto feed = follow();
    mock.forget_body(feed);
    mock.fault(R"({"name":"f","fault":"feed.rewind","rows":0})");
    EXPECT_EQ(mock.seen(feed).ids(), names(0, 3));
}

TEST_F(FeedFaults, ARewindWithoutAnOpenFeedWaitsForTheNext) {
    const auto last = mock.get("/db/_changes").text("last_seq");
    EXPECT_EQ(base::int_member(mock.fault(R"({"name":"f","fault":"feed.rewind","rows":1})"), "hits"), 0);
    EXPECT_EQ(mock.seen(follow(last)).ids(), names(0, 3));
    EXPECT_EQ(mock.seen(follow(last)).ids(), Ids{});
    EXPECT_EQ(mock.hits("f"), 1);
}

TEST_F(FeedFaults, ARepeatedRowComesTwice) {
    mock.fault(R"({"name":"f","fault":"feed.repeat","probability":1})");
    EXPECT_EQ(mock.seen(follow()).ids(), (Ids{"d0", "d0", "d1", "d1", "d2", "d2"}));
    EXPECT_EQ(base::member(mock.get("/db/_changes").value(), "results")->get_array().size(), 6u)
        << "and the list is still JSON";
}

/// Follows until the feed has said everything, then goes on from each seq that it gave: nothing may be
/// missing from any.
void misses_nothing_from_any_seq(MockClient& mock, ExchangeId feed, int expected) {
    mock.pass(5s);
    const auto rows = mock.seen(feed).rows();
    std::set<std::string> all;
    for (const auto& row : rows) all.emplace(base::string_member(row, "id").value());
    EXPECT_EQ(all.size(), static_cast<std::size_t>(expected));
    mock.ask("DELETE", "/_mock/faults");
    std::set<std::string> shown;
    for (const auto& row : rows) {
        shown.emplace(base::string_member(row, "id").value());
        auto known = shown;
        const auto since = base::percent_encode(base::string_member(row, "seq").value());
        const auto rest = mock.get("/db/_changes?since=" + since).value();
        for (const auto& later : base::member(rest, "results")->get_array())
            known.emplace(base::string_member(later, "id").value());
        ASSERT_EQ(known, all) << "going on from the row of " << base::string_member(row, "id").value();
    }
}

TEST_F(FeedFaults, ReorderedRowsCarrySeqsThatMissNothing) {
    write(20);
    mock.fault(R"({"name":"f","fault":"feed.reorder"})");
    const auto feed = follow();
    mock.pass(1s);
    EXPECT_NE(mock.seen(feed).ids(), names(0, 23));
    misses_nothing_from_any_seq(mock, feed, 23);
}

TEST_F(FeedFaults, LateRowsComeAfterLaterOnesAndCarrySeqsThatMissNothing) {
    mock.fault(R"({"name":"f","fault":"feed.late","delay_ms":300,"probability":0.3})");
    const auto feed = follow();
    for (int i = 0; i < 20; ++i) {
        write(1);
        mock.pass(50ms);
    }
    EXPECT_GT(mock.hits("f"), 0);
    mock.pass(1s);
    EXPECT_NE(mock.seen(feed).ids(), names(0, 23));
    misses_nothing_from_any_seq(mock, feed, 23);
}

TEST_F(FeedFaults, GarbageIsALineThatIsNoJsonAndTheRowsGoOn) {
    const auto feed = follow();
    mock.forget_body(feed);
    mock.fault(R"({"name":"f","fault":"feed.garbage"})");
    write(2);
    EXPECT_EQ(mock.seen(feed).ids(), names(3, 5));
    int broken = 0;
    std::string_view rest = mock.seen(feed).body;
    for (auto end = rest.find('\n'); end != std::string_view::npos;
         rest = rest.substr(end + 1), end = rest.find('\n'))
        broken += end > 0 && !base::parse_json(rest.substr(0, end));
    EXPECT_EQ(broken, 1);
    const auto& body = mock.seen(feed).body;
    EXPECT_GT(body.find("garbage"), body.find(names(3, 4).front()))
        << "behind the row: who throws away all that came with it has lost something";
}

TEST_F(FeedFaults, AnEarlyLastSeqEndsTheFeedWhereOneCanGoOn) {
    const auto feed = follow();
    mock.fault(R"({"name":"f","fault":"feed.early_last_seq"})");
    write(1);
    EXPECT_TRUE(mock.seen(feed).ended);
    EXPECT_FALSE(mock.seen(feed).reset);
    const auto& body = mock.seen(feed).body;
    const auto at = body.find("{\"last_seq\":\"");
    ASSERT_NE(at, std::string::npos);
    const auto since = body.substr(at + 13, body.find('"', at + 13) - at - 13);
    EXPECT_EQ(mock.seen(follow(since)).ids(), names(3, 4));
}

TEST_F(FeedFaults, AForeignSinceIsRefusedOnce) {
    const auto feed = follow();
    const auto since = std::string{base::string_member(mock.seen(feed).rows()[2], "seq").value()};
    mock.fault(R"({"name":"f","fault":"feed.foreign_since"})");
    EXPECT_TRUE(mock.seen(feed).reset) << "it has to come back to be refused";
    const auto refused = follow(since);
    EXPECT_EQ(mock.seen(refused).status, 400);
    EXPECT_EQ(mock.seen(refused).text("reason"), "Malformed sequence supplied in 'since' parameter.");
    EXPECT_EQ(mock.seen(follow()).status, 200);
    EXPECT_EQ(mock.seen(follow(since)).status, 200) << "spent";
}

TEST_F(FeedFaults, AFeedOfAnotherDatabaseIsLeftAlone) {
    mock.put("/other", "");
    const auto other = mock.send("GET", "/other/_changes?feed=continuous&heartbeat=1000");
    mock.fault(R"({"name":"f","fault":"feed.stall","match":{"database":"db"}})");
    mock.put("/other/a", "{}");
    EXPECT_EQ(mock.seen(other).ids(), Ids{"a"});
}

}  // namespace
}  // namespace davenport::couchmock::test
