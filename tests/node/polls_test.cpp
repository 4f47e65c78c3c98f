#include "node/core/clients/cursor.hpp"
#include "tests/node/core_driver.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport {

/// Long polling: a client like any other, one request at a time.
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

struct PollingCore : CoreDriver {
    explicit PollingCore(node::ChatConfig config = {}) : CoreDriver{std::move(config)} { start(); }

    void ask(node::ExchangeId exchange, const std::string& query = {}) {
        handle(node::Requested{exchange, {"GET", "/api/rooms/lobby/poll" + query, {}, {}}, "127.0.0.1"});
    }
    bool answered(node::ExchangeId exchange) {
        advance(10ms);  // what is due
        return responses.contains(exchange);
    }
    base::json::value body(node::ExchangeId exchange) {
        return base::parse_json(responses.at(exchange).body).value_or(nullptr);
    }
    std::vector<std::string> texts(node::ExchangeId exchange) {
        std::vector<std::string> out;
        const auto read = body(exchange);
        for (const auto& message : base::member(read, "messages")->get_array())
            out.emplace_back(*base::string_member(message, "text"));
        return out;
    }
    std::string next(node::ExchangeId exchange) {
        return std::string{base::string_member(body(exchange), "next").value_or("")};
    }
};

struct PollsTest : PollingCore, testing::Test {
    using PollingCore::PollingCore;
};

TEST_F(PollsTest, AnswersAtOnceWithTheNewestMessages) {
    open(1, "ann");
    post(1, "lobby", "one");
    post(1, "lobby", "two");
    persist_all();
    ask(7);
    ASSERT_TRUE(answered(7));
    EXPECT_THAT(texts(7), ElementsAre("one", "two"));
}

TEST_F(PollsTest, WaitsUntilSomethingIsSaidAndGoesOnFromThereWithoutARepeat) {
    open(1, "ann");
    post(1, "lobby", "one");
    persist_all();
    ask(7);
    ASSERT_TRUE(answered(7));
    ask(8, "?after=" + next(7));
    EXPECT_FALSE(answered(8));
    post(1, "lobby", "two");
    persist_all();
    ASSERT_TRUE(answered(8));
    EXPECT_THAT(texts(8), ElementsAre("two"));
    post(1, "lobby", "three");  // nobody is there to hear it
    persist_all();
    ask(9, "?after=" + next(8));
    ASSERT_TRUE(answered(9));
    EXPECT_THAT(texts(9), ElementsAre("three"));
}

TEST_F(PollsTest, IsAnsweredWithNothingWhenItsTimeIsOver) {
    ask(7, "?timeout=3");
    advance(2999ms);
    EXPECT_FALSE(responses.contains(7));
    advance(1ms);
    ASSERT_TRUE(responses.contains(7));
    EXPECT_THAT(texts(7), IsEmpty());
    open(1, "ann");
    post(1, "lobby", "one");
    persist_all();
    ask(8, "?after=" + next(7));
    ASSERT_TRUE(answered(8)) << "what was said between two requests is not lost";
    EXPECT_THAT(texts(8), ElementsAre("one"));
}

TEST_F(PollsTest, CatchesUpOverManyPages) {
    open(1, "ann");
    ask(7, "?timeout=0");
    ASSERT_TRUE(answered(7));
    for (int i = 0; i < 700; ++i) post(1, "lobby", "m" + std::to_string(i));
    persist_all();
    advance(1s);
    std::vector<std::string> all;
    auto place = next(7);
    for (node::ExchangeId exchange = 8; all.size() < 700 && exchange < 30; ++exchange) {
        ask(exchange, "?after=" + place);
        ASSERT_TRUE(answered(exchange));
        for (auto& text : texts(exchange)) all.push_back(text);
        place = next(exchange);
    }
    ASSERT_EQ(all.size(), 700u);
    EXPECT_EQ(all.front(), "m0");
    EXPECT_EQ(all.back(), "m699");
}

TEST_F(PollsTest, IsRefusedAPlaceThatNobodyHandedOut) {
    for (const auto* query :
         {"?after=nonsense", "?after=12.nonsense", "?timeout=-1", "?timeout=soon", "?limit=0"}) {
        SCOPED_TRACE(query);
        responses.clear();
        ask(7, query);
        ASSERT_TRUE(answered(7));
        EXPECT_EQ(responses.at(7).status, 400);
    }
}

TEST_F(PollsTest, HearWhatAPostWithoutAKeySays) {
    ask(7);
    const base::Headers json{{"Content-Type", "application/json"}};
    for (node::ExchangeId exchange : {8u, 9u})
        handle(
            node::Requested{exchange,
                            {"POST", "/api/rooms/lobby/messages", json, R"({"user":"curl","text":"hello"})"},
                            "127.0.0.1"});
    persist_all();
    EXPECT_EQ(responses.at(8).status, 202);
    ASSERT_TRUE(answered(7));
    EXPECT_THAT(texts(7), ElementsAre("hello", "hello")) << "two posts without a key are two messages";
}

/// The number that a client hands back is of the node where it was: here it counts for nothing.
TEST_F(PollsTest, GoOnFromThePlaceOfThisNodeWhenTheOneBeforeWasOfAnother) {
    ask(7, "?timeout=0&after=2." + node::Cursor{"u-2", 1, "g1", "5-e", {}, false}.text());
    ASSERT_TRUE(answered(7));
    open(1, "ann");
    post(1, "lobby", "one");
    post(1, "lobby", "two");
    persist_all();
    ask(8, "?after=" + next(7));
    ASSERT_TRUE(answered(8));
    EXPECT_THAT(texts(8), ElementsAre("one", "two"));
}

TEST_F(PollsTest, KeepWhatTheyWereShownElsewhereAndThisNodeHasNot) {
    const std::string seen = "01ZZZZZZZZZZZZZZZZZZZZZZZZ";
    ask(7, "?timeout=0");
    ASSERT_TRUE(answered(7));
    ask(8, "?timeout=0&after=" + next(7) + '.' + seen);
    ASSERT_TRUE(answered(8));
    EXPECT_TRUE(next(8).ends_with('.' + seen)) << next(8);
}

node::ChatConfig one_row_a_page() {
    node::ChatConfig config;
    config.page_rows_max = 1;
    return config;
}

/// A poll that goes on from another node's place while the store is away.
struct PollsWithAGapTest : PollsTest {
    PollsWithAGapTest() : PollsTest{one_row_a_page()} {
        store_up();
        fail_all();
        advance(200ms);
        fail_all();
        ask(7, "?after=80." + node::Cursor{"u-2", 77, "g1", "5-e", {}, false}.text());
    }
    bool told_of_a_gap(node::ExchangeId exchange) { return base::bool_member(body(exchange), "gap"); }
};

TEST_F(PollsWithAGapTest, AreAnsweredAtOnceWithWhatIsSaidMeanwhile) {
    open(1, "ann");
    post(1, "lobby", "live");
    persist_all();
    ASSERT_TRUE(answered(7));
    EXPECT_THAT(texts(7), ElementsAre("live"));
    EXPECT_TRUE(told_of_a_gap(7));
}

TEST_F(PollsWithAGapTest, AreAnsweredWhenItIsClosedAndNotHalfWay) {
    EXPECT_FALSE(answered(7));
    advance(2s);
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    answer("since=5-e", 200, feed_page({feed_row("6-f", others_message(6, "missed"))}, "6-f"));
    advance(50ms);
    EXPECT_FALSE(responses.contains(7)) << "answered now, it would have to begin again";
    answer("since=6-f", 200, feed_page({}, "6-f"));
    advance(200ms);
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    ASSERT_TRUE(answered(7));
    EXPECT_THAT(texts(7), ElementsAre("missed"));
    EXPECT_FALSE(told_of_a_gap(7));
}

TEST_F(PollsWithAGapTest, DoNotWaitForASlowStoreForLong) {
    advance(2s);
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    ASSERT_TRUE(asked("since=5-e"));
    open(1, "ann");
    post(1, "lobby", "live");
    persist_all();
    advance(4900ms);
    EXPECT_FALSE(responses.contains(7));
    advance(100ms);
    ASSERT_TRUE(responses.contains(7));
    EXPECT_THAT(texts(7), ElementsAre("live"));
    EXPECT_TRUE(told_of_a_gap(7));
}

/// A slow store with much to tell would never come to the end otherwise.
TEST_F(PollsWithAGapTest, GoOnFromWhereTheStoreWasReadWhenTheyAreAnsweredHalfWay) {
    advance(2s);
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    answer("since=5-e", 200, feed_page({feed_row("6-f", others_message(6, "missed"))}, "6-f"));
    ASSERT_TRUE(asked("since=6-f"));
    advance(5s);
    ASSERT_TRUE(responses.contains(7));
    EXPECT_THAT(texts(7), ElementsAre("missed"));
    ask(8, "?after=" + next(7));
    if (asked("_local/davenport")) answer("_local/davenport", 200, R"({"generation":"g1"})");
    EXPECT_FALSE(asked("since=5-e"));
    EXPECT_TRUE(asked("since=6-f")) << asked_for();
}

struct PollsByPagesTest : PollsTest {
    PollsByPagesTest() : PollsTest{one_row_a_page()} {}
};

TEST_F(PollsByPagesTest, GoOnFromWhereTheStoreWasReadWhenTheirTimeIsOverBeforeTheyHaveJoined) {
    store_up();
    stream("feed=continuous", "\n");
    ask(7, "?timeout=3&after=80." + node::Cursor{"u-2", 77, "g1", "5-e", {}, false}.text());
    answer("since=5-e", 200, feed_page({feed_row("6-f", others_message(6, "missed"))}, "6-f"));
    ASSERT_TRUE(asked("since=6-f"));
    advance(3s);
    ASSERT_TRUE(responses.contains(7));
    EXPECT_THAT(texts(7), ElementsAre("missed"));
    ask(8, "?timeout=3&after=" + next(7));
    EXPECT_FALSE(asked("since=5-e"));
    answer("since=6-f", 200, feed_page({feed_row("7-g", others_message(7, "and more"))}, "7-g"));
    advance(3s);
    EXPECT_THAT(texts(8), ElementsAre("and more"));
}

TEST_F(PollsWithAGapTest, TellTheNextNodeWhatTheyWereShownHere) {
    PollingCore other;
    other.open(1, "bob");
    other.post(1, "lobby", "older");
    other.persist_all();
    advance(1s);
    open(1, "ann");
    post(1, "lobby", "newer");
    persist_all();
    ASSERT_TRUE(answered(7));
    ask(8, "?timeout=0&after=" + next(7));  // shown nothing, and no less was shown before
    ASSERT_TRUE(answered(8));
    other.ask(9, "?after=" + next(8));
    ASSERT_TRUE(other.answered(9));
    ASSERT_THAT(other.texts(9), ElementsAre("older"));
    const auto read = other.body(9);
    EXPECT_TRUE(base::bool_member(base::member(read, "messages")->get_array()[0], "late"));
    handle(node::Requested{10, {"GET", "/api/rooms/lobby/events?after=" + next(8), {}, {}}, "127.0.0.1"});
    EXPECT_FALSE(responses.contains(10));
    ask(11, "?after=" + next(8).substr(0, next(8).size() - 1) + "!");
    EXPECT_EQ(responses.at(11).status, 400);
}

TEST_F(PollsTest, AreAllAnsweredWhenTheNodeEnds) {
    ask(7);
    EXPECT_FALSE(answered(7));
    handle(node::Drain{});
    EXPECT_TRUE(answered(7));
}

}  // namespace

}  // namespace davenport
