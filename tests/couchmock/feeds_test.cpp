#include "tests/couchmock/mock_client.hpp"

/// Feeds in time: what the recordings can only show roughly.
namespace davenport::couchmock::test {
namespace {

class Feeds : public testing::Test {
protected:
    Feeds() {
        mock.put("/db", "");
        for (const auto* id : {"a", "b", "c"}) mock.put("/db/" + std::string{id}, "{}");
    }
    ExchangeId follow(const std::string& query) {
        return mock.send("GET", "/db/_changes?feed=continuous&" + query);
    }
    MockClient mock;
};

TEST_F(Feeds, GivesWhatIsThereAndThenWhatComes) {
    const auto feed = follow("heartbeat=2000&include_docs=true");
    EXPECT_EQ(mock.seen(feed).ids(), (std::vector<std::string>{"a", "b", "c"}));
    mock.put("/db/d", R"({"x":1})");
    ASSERT_EQ(mock.seen(feed).rows().size(), 4u);
    EXPECT_EQ(base::write_json(*base::member(mock.seen(feed).rows()[3], "doc")),
              R"({"_id":"d","_rev":"1-0785e9eb543380151003dc452c3a001a","x":1})");
}

TEST_F(Feeds, SendsAnEmptyLineAtOnceWhenThereIsNoRow) {
    const auto feed = follow("since=now&heartbeat=2000");
    EXPECT_EQ(mock.seen(feed).status, 200);
    EXPECT_EQ(mock.seen(feed).body, "\n");
}

TEST_F(Feeds, BeatsExactlyOnceAPeriodOfSilence) {
    const auto feed = follow("since=now&heartbeat=2000");
    mock.forget_body(feed);
    mock.pass(1999ms);
    EXPECT_EQ(mock.seen(feed).body, "");
    mock.pass(1ms);
    EXPECT_EQ(mock.seen(feed).body, "\n");
    mock.pass(20s);
    EXPECT_EQ(mock.seen(feed).body, std::string(11, '\n'));
    EXPECT_FALSE(mock.seen(feed).ended);
}

TEST_F(Feeds, EndsAfterTheTimeoutThatEveryWriteStartsAnew) {
    const auto feed = follow("since=now&timeout=1000");
    mock.pass(900ms);
    mock.put("/db/d", "{}");
    mock.pass(999ms);
    EXPECT_FALSE(mock.seen(feed).ended);
    mock.pass(1ms);
    EXPECT_TRUE(mock.seen(feed).ended);
    EXPECT_NE(mock.seen(feed).body.find("{\"last_seq\":\"4-"), std::string::npos);
}

TEST_F(Feeds, EverySeqIsAPlaceToGoOnFrom) {
    const auto feed = follow("heartbeat=2000");
    const auto rows = mock.seen(feed).rows();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto since = std::string{base::string_member(rows[i], "seq").value()};
        const auto again = follow("heartbeat=2000&since=" + base::percent_encode(since));
        EXPECT_EQ(mock.seen(again).rows().size(), rows.size() - 1 - i);
    }
}

TEST_F(Feeds, ADroppedDatabaseEndsThemProperly) {
    const auto feed = follow("since=now&heartbeat=2000");
    const auto poll = mock.send("GET", "/db/_changes?feed=longpoll&since=now");
    mock.ask("DELETE", "/db");
    for (const auto each : {feed, poll}) {
        EXPECT_TRUE(mock.seen(each).ended);
        EXPECT_FALSE(mock.seen(each).reset);
        EXPECT_NE(mock.seen(each).body.find("\"last_seq\""), std::string::npos);
    }
}

TEST_F(Feeds, ASeqOfADatabaseThatWasDroppedMeansTheStart) {
    const auto last = mock.get("/db/_changes").text("last_seq");
    mock.ask("DELETE", "/db");
    mock.put("/db", "");
    mock.put("/db/z", "{}");
    const auto rows =
        base::member(mock.get("/db/_changes?since=" + base::percent_encode(last)).value(), "results")
            ->get_array();
    EXPECT_EQ(rows.size(), 1u);
}

TEST_F(Feeds, AReaderThatDoesNotReadIsOwedOnePieceAndNothingElse) {
    mock.reads = false;
    const auto feed = follow("heartbeat=1000&include_docs=true");
    const auto before = mock.seen(feed).body.size();
    for (int i = 0; i < 200; ++i)
        mock.put("/db/x" + std::to_string(i), "{\"t\":\"" + std::string(500, 'x') + "\"}");
    mock.pass(60s);
    EXPECT_EQ(mock.seen(feed).body.size(), before) << "nothing more while the first piece is unread";
    mock.read_again();
    EXPECT_EQ(mock.seen(feed).rows().size(), 203u);
}

TEST_F(Feeds, AThousandFollowersSeeAWriteAndOneThatLeftDoesNot) {
    std::vector<ExchangeId> feeds;
    for (int i = 0; i < 1000; ++i) feeds.push_back(follow("since=now&heartbeat=2000"));
    mock.abandon(feeds[500]);
    mock.put("/db/d", "{}");
    for (std::size_t i = 0; i < feeds.size(); ++i)
        ASSERT_EQ(mock.seen(feeds[i]).rows().size(), i == 500 ? 0u : 1u);
}

TEST_F(Feeds, LongpollAnswersWithTheFirstWriteOrAtItsTimeout) {
    const auto waits = mock.send("GET", "/db/_changes?feed=longpoll&since=now&timeout=5000");
    const auto starves = mock.send("GET", "/db/_changes?feed=longpoll&since=now&timeout=1000");
    EXPECT_FALSE(mock.seen(waits).ended);
    mock.pass(1s);
    EXPECT_TRUE(mock.seen(starves).ended);
    EXPECT_EQ(base::member(mock.seen(starves).value(), "results")->get_array().size(), 0u);
    mock.put("/db/d", "{}");
    EXPECT_TRUE(mock.seen(waits).ended);
    EXPECT_EQ(base::member(mock.seen(waits).value(), "results")->get_array().size(), 1u);
}

TEST_F(Feeds, EventSourceGoesOnFromItsLastEventId) {
    const auto feed = mock.send("GET", "/db/_changes?feed=eventsource&heartbeat=2000");
    const auto& body = mock.seen(feed).body;
    const auto at = body.find("id: ");
    const auto id = body.substr(at + 4, body.find('\n', at) - at - 4);
    const auto again =
        mock.send("GET", "/db/_changes?feed=eventsource&heartbeat=2000", {}, {{"Last-Event-ID", id}});
    EXPECT_EQ(mock.seen(again).body.find("\"id\":\"a\""), std::string::npos);
    EXPECT_NE(mock.seen(again).body.find("\"id\":\"b\""), std::string::npos);
}

TEST_F(Feeds, FollowersOfOneFilterDoNotSeeTheOthersRows) {
    const auto feed =
        mock.send("POST", "/db/_changes?feed=continuous&since=now&heartbeat=2000&filter=_selector",
                  R"({"selector":{"room":"x"}})");
    mock.put("/db/1", R"({"room":"y"})");
    mock.put("/db/2", R"({"room":"x"})");
    EXPECT_EQ(mock.seen(feed).ids(), std::vector<std::string>{"2"});
}

}  // namespace
}  // namespace davenport::couchmock::test
