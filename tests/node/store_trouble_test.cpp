#include "tests/node/core_driver.hpp"

#include <fmt/format.h>

namespace davenport::node {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr const char* put = "PUT /chat/lobby%3A";
constexpr const char* probe = "GET /chat/_local/davenport";
constexpr const char* generation_g1 = R"({"generation":"g1"})";
constexpr const char* no_database = R"({"error":"not_found","reason":"Database does not exist."})";
constexpr const char* no_document = R"({"error":"not_found","reason":"missing"})";

struct StoreTrouble : CoreDriver, testing::Test {
    void SetUp() override {
        start();
        store_up();
        open(1, "ann");
        join(1, "lobby");
        take(1);
    }
};

TEST(NewerStore, IsLeftAloneAndSaidToBeOne) {
    CoreDriver d;
    d.start();
    d.answer(probe, 200, R"({"v":3,"generation":"g9"})");
    EXPECT_FALSE(d.asked("_changes"));
    ASSERT_FALSE(d.log.empty());
    EXPECT_THAT(d.log.back(), testing::HasSubstr("of a newer chatnode"));
    d.advance(1s);
    d.answer(probe, 200, R"({"v":1,"generation":"g9"})");
    EXPECT_TRUE(d.asked("_changes")) << "it is looked at again";
}

TEST(NewStore, IsMadeWithOneShardAndGivenAGenerationThatIsReadBack) {
    CoreDriver d;
    d.start();
    d.answer(probe, 404, no_database);
    d.answer("PUT /chat?q=1", 201, "{}");
    d.answer_about_database("1795460394");
    const auto made = d.answer("PUT /chat/_local/davenport", 201, "{}");
    EXPECT_THAT(made.body, testing::HasSubstr(R"(.d1795460394"})"));
    EXPECT_TRUE(d.asked(probe)) << "another node may have made one at the same moment";
    d.answer(probe, 200, R"({"generation":"theirs"})");
    EXPECT_TRUE(d.asked("feed=normal&include_docs=true&limit=500&since=0"));
}

TEST(NewStore, IsLeftToWhoMadeItsDatabase) {
    CoreDriver d;
    d.start();
    d.answer(probe, 404, no_database);
    d.answer("PUT /chat?q=1", 412, "{}");
    d.answer(probe, 404, no_document);
    EXPECT_FALSE(d.asked("PUT /chat/_local")) << "it would overwrite what its maker is about to write";
    d.advance(300ms);
    d.answer(probe, 200, R"({"generation":"theirs"})");
    EXPECT_TRUE(d.asked("feed=normal"));
}

TEST(NewStore, IsGivenAGenerationByAnybodyWhenItsMakerIsGone) {
    CoreDriver d;
    d.start();
    int looks = 0;
    for (; looks < 20 && d.asked(probe); ++looks) {
        d.answer(probe, 404, no_document);
        d.advance(300ms);
    }
    EXPECT_EQ(looks, 4);
    d.answer_about_database();
    d.answer("PUT /chat/_local/davenport", 201, "{}");
    EXPECT_TRUE(d.asked(probe)) << "another node may have made one at the same moment";
}

TEST(NewStore, IsLookedAtAnewAfterItWasAway) {
    CoreDriver d;
    d.start();
    for (int i = 0; i < 3; ++i) {
        d.answer(probe, 404, no_document);
        d.advance(300ms);
    }
    d.fail(probe);
    d.advance(300ms);
    d.answer(probe, 404, no_document);
    EXPECT_FALSE(d.asked("PUT /chat/_local")) << "what was seen before it went away counts no more";
}

TEST(NewStore, IsReachedThoughAnyStepFailsOnce) {
    for (int failing = 0; failing < 6; ++failing) {
        SCOPED_TRACE(failing);
        CoreDriver d;
        d.start();
        int step = 0;
        bool database = false;
        bool document = false;
        for (int i = 0; i < 20 && !d.asked("feed=normal"); ++i) {
            if (d.fetches.empty()) d.advance(2s);
            if (step++ == failing) {
                d.fail_all();
                continue;
            }
            if (d.asked("PUT /chat?q=1")) {
                d.answer("PUT /chat?q=1", database ? 412 : 201, "{}");
                database = true;
            } else if (d.asks_about_database()) {
                d.answer_about_database();
            } else if (d.asked("PUT /chat/_local")) {
                d.answer("PUT /chat/_local", document ? 409 : 201, "{}");
                document = true;
            } else if (!database) {
                d.answer(probe, 404, no_database);
            } else if (!document) {
                d.answer(probe, 404, no_document);
            } else {
                d.answer(probe, 200, generation_g1);
            }
        }
        EXPECT_TRUE(d.asked("feed=normal"));
    }
}

TEST_F(StoreTrouble, RepeatsAWriteWhoseAnswerWasLostWithTheSameIdAndBytes) {
    post(1, "lobby", "hello");
    persist_all();
    const auto first = fail(put);
    EXPECT_FALSE(asked(put)) << "nobody sends before the store has answered a probe";
    advance(200ms);
    answer(probe, 200, generation_g1);
    advance(100ms);
    const auto second = answer(put, 409, "{}");
    EXPECT_EQ(first.target, second.target);
    EXPECT_EQ(first.body, second.body);
    EXPECT_THAT(heard(1), ElementsAre("accepted", "message hello", "stored"))
        << "and nobody was told of an outage";
}

TEST_F(StoreTrouble, SurvivesALostReplyAtAnyStepOfAPostsWay) {
    for (int lost_at = 0; lost_at < 4; ++lost_at) {
        SCOPED_TRACE(lost_at);
        take(1);
        post(1, "lobby", fmt::format("hello {}", lost_at));
        persist_all();
        for (int i = 0; i < lost_at; ++i) {
            fail(put);
            advance(200ms);
            answer(probe, 200, generation_g1);
            advance(3s);
            if (asked(probe)) answer(probe, 200, generation_g1);
        }
        answer(put, lost_at > 0 ? 409 : 201, "{}");
        EXPECT_THAT(heard(1), testing::Contains("stored"));
    }
}

TEST_F(StoreTrouble, RetriesWhatTheStoreAnswersBadly) {
    for (const int status : {200, 408, 412, 429, 500, 503, 507}) {
        SCOPED_TRACE(status);
        post(1, "lobby", "hello");
        persist_all();
        take(1);
        answer(put, status, "<html>busy</html>");
        EXPECT_THAT(heard(1), IsEmpty());
        advance(200ms);
        if (asked(probe)) answer(probe, 200, generation_g1);
        advance(3s);
        if (asked(probe)) answer(probe, 200, generation_g1);
        answer(put, 201, "{}");
        EXPECT_THAT(heard(1), testing::Contains("stored"));
    }
}

TEST_F(StoreTrouble, TellsClientsWhenTheStoreAnswersAndTakesNothing) {
    post(1, "lobby", "hello");
    persist_all();
    take(1);
    for (int i = 0; i < 3; ++i) {
        answer(put, 507, R"({"error":"insufficent_storage","reason":"full"})");
        advance(200ms);
        if (asked(probe)) answer(probe, 200, generation_g1);
        advance(2s);
        if (asked(probe)) answer(probe, 200, generation_g1);
    }
    EXPECT_THAT(heard(1), ElementsAre("store down"));
    answer(put, 201, "{}");
    EXPECT_THAT(heard(1), ElementsAre("stored", "store up"));
}

TEST_F(StoreTrouble, SendsAgainOnlyTheRowsOfABulkThatFailed) {
    post(1, "lobby", "m0");
    for (int i = 1; i < 4; ++i) post(1, "lobby", fmt::format("m{}", i));
    persist_all();
    answer(put, 201, "{}");
    take(1);
    const auto bulk = base::parse_json(fetch("_bulk_docs")->request.body);
    std::vector<std::string> ids;
    for (const auto& doc : base::member(*bulk, "docs")->get_array())
        ids.emplace_back(*base::string_member(doc, "_id"));
    answer(
        "_bulk_docs", 201,
        fmt::format(
            R"([{{"ok":true,"id":"{}","rev":"1-a"}},{{"id":"{}","error":"internal_server_error","reason":"x"}}])",
            ids[0], ids[1]));
    EXPECT_THAT(heard(1), ElementsAre("stored"));
    advance(200ms);
    if (asked(probe)) answer(probe, 200, generation_g1);
    advance(1s);
    const auto again = base::parse_json(fetch("_bulk_docs")->request.body);
    const auto& docs = base::member(*again, "docs")->get_array();
    ASSERT_EQ(docs.size(), 2u) << "the row that failed, and the one that had none";
    EXPECT_EQ(base::string_member(docs[0], "_id"), ids[1]);
    EXPECT_EQ(base::string_member(docs[1], "_id"), ids[2]);
}

TEST_F(StoreTrouble, FindsTheOneDocumentThatIsTooLargeAndTellsItsSender) {
    std::vector<std::string> keys;
    post(1, "lobby", "m0");
    for (int i = 1; i < 5; ++i)
        keys.push_back(post(1, "lobby", i == 3 ? "the large one" : fmt::format("m{}", i)));
    persist_all();
    take(1);
    answer(put, 201, "{}");
    for (int i = 0; i < 20 && !fetches.empty(); ++i) {
        const auto* bulk = fetch("_bulk_docs");
        const auto* single = fetch(put);
        if (!bulk && !single) break;
        const bool large = (bulk ? bulk : single)->request.body.find("the large one") != std::string::npos;
        if (large) {
            answer(bulk ? "_bulk_docs" : put, 413, R"({"error":"document_too_large","reason":"x"})");
        } else if (bulk) {
            std::string rows;
            const auto body = base::parse_json(bulk->request.body);
            for (const auto& doc : base::member(*body, "docs")->get_array())
                rows += fmt::format(R"({}{{"ok":true,"id":"{}","rev":"1-a"}})", rows.empty() ? "" : ",",
                                    std::string{*base::string_member(doc, "_id")});
            answer("_bulk_docs", 201, "[" + rows + "]");
        } else {
            answer(put, 201, "{}");
        }
    }
    const auto lines = heard(1);
    EXPECT_EQ(std::ranges::count(lines, "stored"), 4);
    EXPECT_EQ(std::ranges::count(lines, "failed"), 1);
    EXPECT_THAT(log, testing::Contains(testing::HasSubstr("for good")));
}

TEST_F(StoreTrouble, StopsSendingWhenTheStoreDoesNotLetItInAndKeepsWhatItAccepted) {
    post(1, "lobby", "hello");
    persist_all();
    take(1);
    answer(put, 401, R"({"error":"unauthorized","reason":"You are not authorized to access this db."})");
    advance(200ms);
    answer(probe, 401, R"({"error":"unauthorized","reason":"You are not authorized to access this db."})");
    EXPECT_THAT(heard(1), ElementsAre("store down"));
    requests = 0;
    for (int i = 0; i < 60; ++i) {
        advance(1s);
        if (asked(probe)) answer(probe, 401, "{}");
        EXPECT_FALSE(asked(put));
    }
    EXPECT_LE(requests, 10u) << "a store locks out whoever knocks with a wrong password too often";
    advance(20s);
    answer(probe, 200, generation_g1);
    const auto body = base::parse_json(fetch("_bulk_docs")->request.body);
    const auto id = *base::string_member(base::member(*body, "docs")->get_array()[0], "_id");
    answer("_bulk_docs", 201, R"([{"id":")" + std::string{id} + R"(","ok":true,"rev":"1-a"}])");
    EXPECT_THAT(heard(1), ElementsAre("store up", "stored"));
}

TEST_F(StoreTrouble, AsksAnAbsentStoreAtAnEvenPaceHoweverLongItIsGone) {
    fail_all();
    std::chrono::microseconds gone{};
    int probes = 0;
    for (; gone < 60s; gone += 1ms, advance(1ms))
        if (asked(probe)) {
            ++probes;
            fail(probe);
        }
    EXPECT_GE(probes, 60s / 190ms) << "it is noticed in time when it is back";
    EXPECT_LE(probes, 60s / 150ms + 1);
}

TEST_F(StoreTrouble, MakesAForgottenDatabaseAgain) {
    post(1, "lobby", "hello");
    persist_all();
    take(1);
    answer(put, 404, no_database);
    advance(200ms);
    answer(probe, 404, no_database);
    answer("PUT /chat?q=1", 201, "{}");
    answer_about_database();
    answer("PUT /chat/_local/davenport", 201, "{}");
    answer(probe, 200, R"({"generation":"g2"})");
    advance(100ms);
    EXPECT_TRUE(asked(put)) << "what was never stored goes first";
}

TEST_F(StoreTrouble, GivesUpOnARequestThatIsNeverAnswered) {
    post(1, "lobby", "hello");
    persist_all();
    advance(11s);
    EXPECT_FALSE(asked(put));
}

TEST_F(StoreTrouble, HealsAStoreThatWasWipedInPagesAfterReadingWhatItHas) {
    std::vector<base::ChatMessage> all;
    std::string rows;
    for (int i = 0; i < 7; ++i) {
        all.push_back(others_message(i, fmt::format("m{}", i)));
        rows += feed_row(fmt::format("{}-s", i + 2), all.back());
    }
    stream("feed=continuous", rows);
    persist_all();
    take(1);
    end_stream("feed=continuous");
    while (!asks_about_database()) {
        advance(300ms);
        answer(probe, 404, no_document);
    }
    answer_about_database();
    answer("PUT /chat/_local/davenport", 201, "{}");
    answer(probe, 200, R"({"generation":"g2"})");
    EXPECT_FALSE(asked("_bulk_docs")) << "first it is seen what that store has";
    answer("since=0", 200,
           feed_page({feed_row("1-x", all[2]), feed_row("2-x", others_message(50, "new"))}, "2-x"));
    const auto* bulk = fetch("_bulk_docs");
    ASSERT_TRUE(bulk);
    persist_all();
    const auto body = base::parse_json(bulk->request.body);
    std::vector<std::string> sent;
    for (const auto& doc : base::member(*body, "docs")->get_array())
        sent.emplace_back(*base::string_member(doc, "msg"));
    EXPECT_THAT(sent, testing::IsSupersetOf({"m0", "m1", "m3", "m4", "m5", "m6"}));
    EXPECT_THAT(heard(1), ElementsAre("message new")) << "what was shown is not shown again";
    std::string answers;
    for (const auto& doc : base::member(*body, "docs")->get_array())
        answers += fmt::format(R"({}{{"ok":true,"id":"{}","rev":"1-a"}})", answers.empty() ? "" : ",",
                               std::string{*base::string_member(doc, "_id")});
    answer("_bulk_docs", 201, "[" + answers + "]");
    advance(1s);
    persist_all();
    EXPECT_EQ(journal.count_not_stored_in("g2"), 0u);
    EXPECT_EQ(journal.state().checkpoint, (base::Checkpoint{"g2", "2-x"}));
}

TEST_F(StoreTrouble, DrainsTheBacklogOfAnEarlierLifeOldestFirstInPages) {
    config_.bulk_documents_max = 3;
    fail_all();
    for (int i = 0; i < 8; ++i) {
        post(1, "lobby", fmt::format("m{}", i));
        persist_all();
    }
    crash_and_restart();
    answer(probe, 200, generation_g1);
    EXPECT_FALSE(asked("_bulk_docs")) << "first it is seen what became of it meanwhile";
    answer("feed=normal", 200, feed_page({}, "1-a"));
    std::vector<std::string> drained_texts;
    for (int i = 0; i < 3; ++i) {
        const auto* bulk = fetch("_bulk_docs");
        ASSERT_TRUE(bulk);
        const auto body = base::parse_json(bulk->request.body);
        std::string rows;
        for (const auto& doc : base::member(*body, "docs")->get_array()) {
            drained_texts.emplace_back(*base::string_member(doc, "msg"));
            rows += fmt::format(R"({}{{"ok":true,"id":"{}","rev":"1-a"}})", rows.empty() ? "" : ",",
                                std::string{*base::string_member(doc, "_id")});
        }
        answer("_bulk_docs", 201, "[" + rows + "]");
        EXPECT_FALSE(asked("_bulk_docs")) << "local clients have their turn first";
        advance(6ms);
    }
    EXPECT_THAT(drained_texts, ElementsAre("m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7"));
    advance(1s);
    persist_all();
    EXPECT_EQ(journal.count_not_stored_in("g1"), 0u);
}

TEST_F(StoreTrouble, KeepsTheOrderWhenMoreWaitsThanItKeepsInMemory) {
    config_.bulk_documents_max = 3;
    crash_and_restart();
    open(1, "ann");
    for (int i = 0; i < 40; ++i) {
        post(1, "lobby", fmt::format("m{:02}", i));
        if (i % 7 == 0) persist_all();
    }
    answer(probe, 200, generation_g1);
    if (asked("feed=normal")) answer("feed=normal", 200, feed_page({}, "1-a"));
    std::vector<std::string> texts;
    for (int i = 0; i < 40 && texts.size() < 41; ++i) {
        if (i == 4) post(1, "lobby", "m40");
        const bool single = !asked("_bulk_docs");
        const auto* f = fetch(single ? put : "_bulk_docs");
        ASSERT_TRUE(f) << i << asked_for();
        const auto body = base::parse_json(single ? "{\"docs\":[" + f->request.body + "]}" : f->request.body);
        std::string rows;
        for (const auto& doc : base::member(*body, "docs")->get_array()) {
            texts.emplace_back(*base::string_member(doc, "msg"));
            rows += fmt::format(R"({}{{"ok":true,"id":"{}","rev":"1-a"}})", rows.empty() ? "" : ",",
                                std::string{*base::string_member(doc, "_id")});
        }
        answer(single ? put : "_bulk_docs", 201, "[" + rows + "]");
        advance(6ms);
        if (i % 3 == 0) persist_all();
    }
    ASSERT_EQ(texts.size(), 41u);
    EXPECT_TRUE(std::ranges::is_sorted(texts));
}

}  // namespace
}  // namespace davenport::node
