#include "node/core/chat_core.hpp"

#include "tests/node/core_driver.hpp"

#include <fmt/format.h>

namespace davenport::node {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

/// A node with its store up, ann (1) and bob (2) in the lobby.
struct Chat : CoreDriver, testing::Test {
    explicit Chat(ChatConfig config = {}) : CoreDriver{std::move(config)} {}
    void SetUp() override {
        start();
        store_up();
        open(1, "ann");
        open(2, "bob");
        join(1, "lobby");
        join(2, "lobby");
        take(1);
        take(2);
    }
};

TEST_F(Chat, WelcomesAClientAndTellsWhereItIs) {
    handle(Opened{3, "10.0.0.1"});
    const auto frames = take(3);
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(base::string_member(frames[0], "t"), "welcome");
    EXPECT_EQ(base::string_member(frames[0], "node"), "node");
    EXPECT_EQ(base::string_member(frames[0], "journal"), "u-1");
    EXPECT_EQ(base::string_member(frames[0], "store"), "up");
    EXPECT_EQ(base::int_member(frames[0], "now"), epoch_ms);
}

TEST_F(Chat, TellsAcceptedOnlyWhenTheCommitIsOnTheDisk) {
    post(1, "lobby", "hello");
    EXPECT_TRUE(asked("PUT /chat/lobby%3A")) << "the write to the store runs beside the commit";
    EXPECT_THAT(heard(1), IsEmpty());
    persist();
    EXPECT_THAT(heard(1), ElementsAre("accepted", "message hello"));
    EXPECT_THAT(heard(2), ElementsAre("message hello"));
    answer("PUT /chat/lobby%3A", 201, "{}");
    EXPECT_THAT(heard(1), ElementsAre("stored"));
    EXPECT_THAT(heard(2), IsEmpty());
}

TEST_F(Chat, ShowsAMessageAtTheStoresAnswerWhenThatIsFirst) {
    post(1, "lobby", "hello");
    answer("PUT /chat/lobby%3A", 201, "{}");
    EXPECT_THAT(heard(1), ElementsAre("message hello"));
    persist();
    EXPECT_THAT(heard(1), ElementsAre("stored"))
        << "it implies accepted, so it waits for the commit; and a message is shown once";
    EXPECT_THAT(heard(2), ElementsAre("message hello"));
}

TEST_F(Chat, TakesA409ForStored) {
    post(1, "lobby", "hello");
    persist();
    take(1);
    answer("PUT /chat/lobby%3A", 409, R"({"error":"conflict","reason":"Document update conflict."})");
    EXPECT_THAT(heard(1), ElementsAre("stored"));
}

TEST_F(Chat, TakesItsOwnRowInTheFeedForStoredAndShowsItToNobodyAgain) {
    post(1, "lobby", "hello");
    persist();
    take(1);
    take(2);
    const auto entry = journal.after("lobby", 0, 1).at(0);
    stream("feed=continuous", feed_row("2-b", entry.message));
    EXPECT_THAT(heard(1), ElementsAre("stored"));
    EXPECT_THAT(heard(2), IsEmpty());
    answer("PUT /chat/lobby%3A", 201, "{}");
    EXPECT_THAT(heard(1), IsEmpty()) << "told once";
}

TEST_F(Chat, ShowsWhatOthersWroteOnceHoweverOftenTheFeedTells) {
    const auto m = others_message(0, "from afar");
    stream("feed=continuous", feed_row("2-b", m) + feed_row("2-b", m));
    EXPECT_THAT(heard(1), ElementsAre("message from afar"));
    persist();
    stream("feed=continuous", feed_row("2-b", m));
    EXPECT_THAT(heard(1), IsEmpty());
    EXPECT_EQ(journal.size(), 1u);
}

TEST_F(Chat, ReadsADocumentOfTheArticlesServers) {
    stream(
        "feed=continuous",
        R"({"seq":"2-b","id":"ab12","changes":[{"rev":"1-x"}],"doc":{"_id":"ab12","_rev":"1-x","user":"eve","msg":"hi","datetime":"2012 Jul 14 09:49:57 -0700","host":"us-1"}})"
        "\n");
    const auto frames = take(2, "message");
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(base::string_member(frames[0], "room"), "lobby");
    EXPECT_EQ(base::string_member(frames[0], "time"), "2012-07-14T16:49:57.000Z");
}

TEST_F(Chat, PutsTheRowsOfOneTurnIntoOneSend) {
    std::string rows;
    for (int i = 0; i < 5; ++i)
        rows += feed_row(std::to_string(i + 2), others_message(i, fmt::format("m{}", i)));
    auto_written = false;
    stream("feed=continuous", rows);
    EXPECT_THAT(heard(1), ElementsAre("message m0", "message m1", "message m2", "message m3", "message m4"));
    stream("feed=continuous", feed_row("9", others_message(9, "m9")));
    EXPECT_THAT(heard(1), IsEmpty()) << "one Send in flight";
    handle(Written{1});
    EXPECT_THAT(heard(1), ElementsAre("message m9"));
}

TEST_F(Chat, AnswersARetryAsTheSameMessage) {
    const auto key = post(1, "lobby", "hello");
    post_with(1, "lobby", "hello", key);
    persist();
    EXPECT_THAT(heard(1), ElementsAre("accepted", "message hello"));
    post_with(1, "lobby", "hello", key);
    EXPECT_THAT(heard(1), ElementsAre("accepted"));
    answer("PUT /chat/lobby%3A", 201, "{}");
    EXPECT_THAT(heard(1), ElementsAre("stored"));
    persist_all();
    advance(1s);
    persist_all();
    post_with(1, "lobby", "hello", key);
    EXPECT_THAT(heard(1), ElementsAre("stored"));
    EXPECT_THAT(heard(2), ElementsAre("message hello"));
    EXPECT_EQ(journal.size(), 1u);
}

TEST_F(Chat, WritesSeveralWaitingPostsAsOneBulkInIdOrder) {
    post(1, "lobby", "first");
    post(2, "lobby", "second");
    post(1, "lobby", "third");
    answer("PUT /chat/lobby%3A", 201, "{}");
    const auto* bulk = fetch("POST /chat/_bulk_docs");
    ASSERT_TRUE(bulk);
    const auto body = base::parse_json(bulk->request.body);
    const auto& docs = base::member(*body, "docs")->get_array();
    ASSERT_EQ(docs.size(), 2u);
    EXPECT_LT(*base::string_member(docs[0], "_id"), *base::string_member(docs[1], "_id"));
    const std::string a{*base::string_member(docs[0], "_id")};
    const std::string b{*base::string_member(docs[1], "_id")};
    take(1);
    take(2);
    answer("POST /chat/_bulk_docs", 201,
           R"([{"ok":true,"id":")" + a + R"(","rev":"1-x"},{"id":")" + b +
               R"(","error":"conflict","reason":"Document update conflict."}])");
    EXPECT_THAT(heard(2), ElementsAre("message second", "message third"));
    persist_all();
    EXPECT_THAT(heard(2), ElementsAre("stored"));
}

TEST_F(Chat, KeepsChattingWithTheStoreDownAndDrainsItsBacklogInOrderWhenItIsBack) {
    fail_all();
    advance(200ms);
    fail_all();
    EXPECT_THAT(heard(1), ElementsAre("store down"));
    for (int i = 0; i < 3; ++i) {
        post(1, "lobby", fmt::format("m{}", i));
        persist_all();
    }
    EXPECT_THAT(heard(2), ElementsAre("store down", "message m0", "message m1", "message m2"));
    advance(2s);
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    const auto frames = take(1, "store");
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(base::string_member(frames[0], "state"), "up");
    EXPECT_EQ(base::int_member(frames[0], "backlog"), 3);
    const auto* bulk = fetch("_bulk_docs");
    ASSERT_TRUE(bulk);
    const auto& body = bulk->request.body;
    EXPECT_LT(body.find("m0"), body.find("m1"));
    EXPECT_LT(body.find("m1"), body.find("m2"));
}

TEST_F(Chat, AsksARefusingStoreAtMostOnceEachProbeInterval) {
    fail_all();
    requests = 0;
    for (int i = 0; i < 10; ++i) post(1, "lobby", fmt::format("m{}", i));
    for (int ms = 0; ms < 3000; ms += 10) {
        advance(10ms);
        fail_all();
    }
    EXPECT_LE(requests, 3000u / 150 + 1);
    EXPECT_GE(requests, 3u);
}

TEST_F(Chat, GoesOnFromTheCheckpointAfterACrashAndLosesNoAcceptedMessage) {
    stream("feed=continuous", feed_row("2-b", others_message(0, "from afar")));
    post(1, "lobby", "hello");
    persist_all();
    EXPECT_THAT(heard(1), ElementsAre("message from afar", "accepted", "message hello"));
    post(1, "lobby", "not accepted");
    crash_and_restart();
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    EXPECT_FALSE(asked("PUT /chat/lobby%3A")) << "the store may have had it, and somebody deleted it";
    answer("since=2-b", 200, feed_page({}, "2-b"));
    EXPECT_TRUE(asked("PUT /chat/lobby%3A")) << "the accepted message goes to the store";
    EXPECT_EQ(journal.size(), 2u);
}

/// The node died between the store's answer and the journal's next commit.
TEST_F(Chat, DoesNotMakeAgainAfterACrashWhatWasDeletedMeanwhile) {
    post(1, "lobby", "hello");
    persist_all();
    answer("PUT /chat/lobby%3A", 201, R"({"ok":true,"id":"x","rev":"1-a"})");
    const auto id = std::string{journal.after({}, 0, 1).front().message.id()};
    crash_and_restart();
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    answer("feed=normal", 200,
           feed_page(
               {fmt::format(R"({{"seq":"9-z","id":"{}","changes":[{{"rev":"2-x"}}],"deleted":true}})", id)},
               "9-z"));
    EXPECT_FALSE(asked("PUT /chat/lobby%3A"));
    advance(1s);
    EXPECT_FALSE(asked("PUT /chat/lobby%3A"));
    persist_all();
    EXPECT_TRUE(journal.find(id)->message.is_removed());
}

}  // namespace
}  // namespace davenport::node
