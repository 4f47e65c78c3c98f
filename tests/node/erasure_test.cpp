#include "node/core/erasure.hpp"

#include "couchmock/mock/mock.hpp"
#include "node/base/change.hpp"
#include "node/base/chat_message.hpp"
#include "node/base/json.hpp"
#include "node/base/json_view.hpp"

#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Messages removed from the store for good, against the mock.
namespace davenport::node {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::int64_t day = 24LL * 60 * 60 * 1000;
constexpr std::int64_t now_ms = 1'800'000'000'000;

class ErasureTest : public testing::Test {
protected:
    void SetUp() override { ask("PUT", "/chat?q=1"); }

    base::HttpResponse ask(base::HttpRequest request) {
        base::HttpResponse out;
        ++exchange_;
        asked_.push_back(request.method + ' ' + request.target);
        std::vector<couchmock::Event> events;
        events.emplace_back(couchmock::Requested{exchange_, std::move(request), "127.0.0.1"});
        while (!events.empty()) {
            auto event = std::move(events.back());
            events.pop_back();
            for (auto& effect : mock_.handle(std::move(event), now_)) {
                if (auto* whole = std::get_if<couchmock::Respond>(&effect)) out = std::move(whole->response);
                if (auto* head = std::get_if<couchmock::RespondHead>(&effect)) out.status = head->status;
                if (auto* data = std::get_if<couchmock::RespondData>(&effect)) {
                    out.body += data->bytes;
                    events.emplace_back(couchmock::Written{exchange_});
                }
            }
        }
        return out;
    }
    std::string ask(const std::string& method, const std::string& target, std::string body = {}) {
        base::HttpRequest request{method, target, {}, std::move(body)};
        if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
        return ask(std::move(request)).body;
    }

    /// The id of a message that the store has.
    std::string said(const std::string& room, const std::string& user, const std::string& text,
                     std::int64_t unix_ms = now_ms - 1000) {
        const auto message =
            base::make_message(room, user, {unix_ms, static_cast<std::uint16_t>(++counter_), "k"}, text, "n");
        put(std::string{message.id()}, base::to_document(message));
        return std::string{message.id()};
    }
    void put(const std::string& id, const std::string& document) {
        const auto answer = ask("PUT", "/chat/" + base::percent_encode(id), document);
        ASSERT_THAT(answer, HasSubstr("\"ok\":true"));
    }
    std::string get(const std::string& id, const std::string& query = {}) {
        return ask("GET", "/chat/" + base::percent_encode(id) + query);
    }

    Erasure::Progress erase(Erasure::Config config, const std::function<void()>& between = {}) {
        config.key = {now_ms, 0, {}};
        asked_.clear();
        Erasure erasure{std::move(config), {}};
        for (int i = 0; i < 1000 && !erasure.is_done(); ++i) {
            const auto request = erasure.request();
            if (between && request.target.ends_with("/_bulk_docs")) between();
            EXPECT_TRUE(erasure.take(ask(request)) || between);
        }
        EXPECT_TRUE(erasure.is_done());
        return erasure.progress();
    }

    base::Now now_{.time = base::Time{}, .wall = base::wall_from_unix_ms(now_ms)};
    couchmock::Mock mock_{couchmock::MockConfig{.seed = 1}};
    couchmock::ExchangeId exchange_ = 0;
    int counter_ = 0;
    std::vector<std::string> asked_;
};

TEST_F(ErasureTest, RemovesAllThatAPersonSaidAndNothingElse) {
    const auto first = said("lab", "anna", "my password");
    const auto second = said("lobby", "anna", "my address");
    const auto other = said("lab", "annabel", "hello");
    put("foreign", R"({"user":"anna","msg":"from a script","subject":"my address again"})");
    put("note", R"({"user":"anna","about":"not a message"})");
    const auto p = erase({.what = {.user = "anna"}, .by = "the office"});
    EXPECT_EQ(p.found, 3u);
    EXPECT_EQ(p.erased, 3u);
    EXPECT_EQ(p.rooms.at("lobby").messages, 2u);
    for (const auto& id : {first, second, std::string{"foreign"}}) {
        const auto document = get(id);
        EXPECT_THAT(document, Not(HasSubstr("my "))) << document;
        base::JsonReader reader;
        const auto message = base::from_document(*reader.read(document), now_.wall);
        ASSERT_TRUE(message);
        EXPECT_TRUE(message->is_removed());
        EXPECT_EQ(message->removed_by(), "the office");
    }
    EXPECT_THAT(get(other), HasSubstr("hello"));
    EXPECT_THAT(get("note"), HasSubstr("not a message"));
    // The text is in no revision that the store would give.
    EXPECT_THAT(get(first, "?revs=true&open_revs=all"), Not(HasSubstr("my password")));
}

TEST_F(ErasureTest, GoesThroughPagesAndMeansAllThatIsGivenTogether) {
    for (int i = 0; i < 25; ++i)
        said(i % 2 ? "lab" : "labor", i % 3 ? "anna" : "bob", "old", now_ms - 9 * day);
    const auto fresh = said("lab", "anna", "fresh");
    const auto p = erase({.what = {.user = "anna", .room = "lab", .before_unix_ms = now_ms - day},
                          .page_rows = 4,
                          .write_rows = 3});
    EXPECT_EQ(p.erased, 8u);
    EXPECT_EQ(p.rooms.size(), 1u);
    EXPECT_EQ(p.documents, 13u);  // those of the room alone are read
    EXPECT_THAT(get(fresh), HasSubstr("fresh"));
}

TEST_F(ErasureTest, BeforeIsBeforeAndNotAt) {
    const auto before = said("lab", "anna", "first", now_ms - 1);
    const auto at = said("lab", "anna", "second", now_ms);
    EXPECT_EQ(erase({.what = {.before_unix_ms = now_ms}}).erased, 1u);
    EXPECT_THAT(get(before), Not(HasSubstr("first")));
    EXPECT_THAT(get(at), HasSubstr("second"));
}

TEST_F(ErasureTest, ByIdsTellsWhichAreNotThere) {
    const auto id = said("lab", "anna", "this");
    put("note", R"({"about":"not a message"})");
    const auto p = erase({.what = {.ids = {"lab:nothing", id, "note"}}, .page_rows = 2});
    EXPECT_EQ(p.erased, 1u);
    EXPECT_THAT(p.missing, ElementsAre("lab:nothing", "note"));
    EXPECT_EQ(p.of, 3u);
    EXPECT_EQ(p.documents, 3u);
}

TEST_F(ErasureTest, ADryRunWritesNothing) {
    const auto id = said("lab", "anna", "this");
    const auto p = erase({.what = {.user = "anna"}, .dry_run = true});
    EXPECT_EQ(p.found, 1u);
    EXPECT_EQ(p.erased, 0u);
    EXPECT_THAT(get(id), HasSubstr("this"));
    EXPECT_THAT(asked_, Not(testing::Contains(HasSubstr("POST"))));
}

TEST_F(ErasureTest, AgainFindsItDoneAndAsksForNothing) {
    said("lab", "anna", "this");
    erase({.what = {.user = "anna"}});
    const auto p = erase({.what = {.user = "anna"}});
    EXPECT_EQ(p.removed_before, 1u);
    EXPECT_EQ(p.erased, 0u);
    EXPECT_THAT(asked_, Not(testing::Contains(HasSubstr("_bulk_docs"))));
    // An erasure that was broken off before its last step is finished by the next.
    EXPECT_THAT(asked_, testing::Contains(HasSubstr("_compact")));
}

TEST_F(ErasureTest, WhatIsEditedMeanwhileIsErasedAllTheSame) {
    const auto id = said("lab", "anna", "this");
    const auto untouched = said("lab", "anna", "that");
    int edits = 2;
    const auto p = erase({.what = {.user = "anna"}}, [&] {
        if (edits-- <= 0) return;
        const auto text = get(id);
        base::JsonReader reader;
        const auto document = *reader.read(text);
        const auto message = *base::from_document(document, now_.wall);
        put(id, base::to_document(base::edited(message, {now_ms + edits, 0, "e"}, "edited"), document));
    });
    EXPECT_EQ(p.found, 2u);
    EXPECT_EQ(p.erased, 2u);
    EXPECT_EQ(p.removed_before, 0u);
    EXPECT_THAT(get(id), Not(HasSubstr("edited\":\"")));
    EXPECT_THAT(get(untouched), Not(HasSubstr("that")));
}

TEST_F(ErasureTest, RevisionsInConflictGoWithIt) {
    const auto id = said("lab", "anna", "this");
    const auto leaf = R"({"_id":")" + id +
                      R"(","_rev":"1-0000000000000000000000000000000a","user":"anna","msg":"another"})";
    ask("POST", "/chat/_bulk_docs", R"({"new_edits":false,"docs":[)" + leaf + "]}");
    ASSERT_THAT(get(id, "?conflicts=true"), HasSubstr("_conflicts"));
    const auto p = erase({.what = {.user = "anna"}});
    EXPECT_EQ(p.erased, 1u);
    EXPECT_EQ(p.conflicts, 1u);
    EXPECT_THAT(get(id, "?conflicts=true"), Not(HasSubstr("_conflicts")));
    const auto all = get(id, "?open_revs=all");
    EXPECT_THAT(all, Not(HasSubstr("\"this\"")));
    EXPECT_THAT(all, Not(HasSubstr("another")));
}

TEST_F(ErasureTest, ARefusalHoldsNothingElseUp) {
    const auto good = said("lab", "anna", "this");
    const auto bad = said("lab", "anna", "kept");
    Erasure erasure{{.what = {.user = "anna"}, .key = {now_ms, 0, {}}}, {}};
    while (!erasure.is_done()) {
        const auto request = erasure.request();
        auto answer = ask(request);
        if (request.target.ends_with("/_bulk_docs"))
            answer.body = fmt::format(R"([{{"id":"{}","ok":true,"rev":"2-a"}},)"
                                      R"({{"id":"{}","error":"forbidden","reason":"not you"}}])",
                                      good, bad);
        erasure.take(answer);
    }
    EXPECT_EQ(erasure.progress().erased, 1u);
    ASSERT_EQ(erasure.progress().refused.size(), 1u);
    EXPECT_EQ(erasure.progress().refused[0].id, bad);
    EXPECT_EQ(erasure.progress().refused[0].reason, "not you");
}

TEST_F(ErasureTest, TroubleChangesNothingAndRefusalsSayWhatToDo) {
    said("lab", "anna", "this");
    Erasure erasure{{.what = {.user = "anna"}, .key = {now_ms, 0, {}}}, {}};
    const auto first = erasure.request().target;
    EXPECT_FALSE(erasure.take({503, {}, "{}"}));
    EXPECT_FALSE(erasure.take({200, {}, "<html>"}));
    EXPECT_EQ(erasure.request().target, first);
    EXPECT_THROW(erasure.take({401, {}, R"({"error":"unauthorized","reason":"no"})"}), ErasureError);
    EXPECT_THROW(erasure.take({404, {}, R"({"error":"not_found","reason":"Database does not exist."})"}),
                 ErasureError);
    // An account that may write and is no admin: told, and not in vain.
    while (!erasure.is_done())
        if (const auto request = erasure.request(); request.target.ends_with("_compact"))
            erasure.take({401, {}, R"({"error":"unauthorized","reason":"You are not a server admin."})"});
        else
            erasure.take(ask(request));
    EXPECT_EQ(erasure.progress().erased, 1u);
    EXPECT_THAT(erasure.progress().not_compacted, HasSubstr("not a server admin"));
}

TEST_F(ErasureTest, RetentionIsWhatTheRoomsDocumentsSay) {
    put("davenport-room~lab", R"({"what":"room","topic":"Tea","retention_days":30})");
    put("davenport-room~hall", R"({"what":"room","retention_days":0})");
    put("davenport-room~den", R"({"what":"room","retention_days":"long"})");
    put("davenport-room~attic", R"({"what":"room","retention_days":1})");
    RetentionReader reader{{}};
    const auto whats = reader.take(ask(reader.request()), now_ms);
    ASSERT_TRUE(whats);
    ASSERT_EQ(whats->size(), 2u);
    EXPECT_EQ((*whats)[0].room, "attic");
    EXPECT_EQ((*whats)[0].before_unix_ms, now_ms - day);
    EXPECT_EQ((*whats)[1].room, "lab");
    EXPECT_EQ((*whats)[1].before_unix_ms, now_ms - 30 * day);
    EXPECT_FALSE(reader.take({503, {}, "{}"}, now_ms));
    EXPECT_FALSE(reader.take({200, {}, "<html>"}, now_ms));
    EXPECT_THROW(reader.take({401, {}, R"({"error":"unauthorized","reason":"no"})"}, now_ms), ErasureError);

    const auto old = said("lab", "anna", "old", now_ms - 31 * day);
    const auto young = said("lab", "anna", "young", now_ms - 29 * day);
    EXPECT_EQ(erase({.what = (*whats)[1]}).erased, 1u);
    EXPECT_THAT(get(old), Not(HasSubstr("\"old\"")));
    EXPECT_THAT(get(young), HasSubstr("young"));
    EXPECT_THAT(get("davenport-room~lab"), HasSubstr("Tea"));
}

}  // namespace
}  // namespace davenport::node
