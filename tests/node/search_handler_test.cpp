#include "node/core/clients/search_handler.hpp"

#include "tests/node/core_driver.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport {

/// Searches: who asks is told, in what order, and how much at once.
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct SearchHandlerTest : CoreDriver, testing::Test {
    SearchHandlerTest() { start(); }

    void find(node::SessionId session, const std::string& text) {
        say(session, R"({"t":"search","text":")" + text + R"(","room":"lobby"})");
    }
    void get(node::ExchangeId exchange, const std::string& target) {
        handle(node::Requested{exchange, {"GET", target, {}, {}}, "127.0.0.1"});
    }
    static base::SearchAnswer one(std::string_view text, std::int64_t next = 0) {
        base::SearchAnswer out;
        out.messages.push_back(others_message(0, text));
        out.next = next;
        return out;
    }
};

TEST_F(SearchHandlerTest, TellsWhatWasFoundToTheOneWhoAsked) {
    open(1, "ann");
    open(2, "bob");
    take(1), take(2);
    find(1, "tea");
    ASSERT_EQ(searches.size(), 1u);
    EXPECT_EQ(searches[0].query.room, "lobby");
    handle(node::Found{searches[0].search, one("more tea", 77)});
    const auto found = take(1, "found");
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(base::string_member(found[0], "text"), "tea");
    EXPECT_EQ(base::string_member(found[0], "next"), "77");
    EXPECT_EQ(base::string_member(base::member(found[0], "messages")->get_array()[0], "text"), "more tea");
    EXPECT_THAT(take(2), IsEmpty());
}

TEST_F(SearchHandlerTest, LooksForTheNewestOfWhatIsTypedMeanwhile) {
    open(1, "ann");
    for (const auto* text : {"t", "te", "tea"}) find(1, text);
    ASSERT_EQ(searches.size(), 1u);
    handle(node::Found{searches[0].search, {}});
    ASSERT_EQ(searches.size(), 2u);
    EXPECT_EQ(searches[1].query.text, "tea");
    handle(node::Found{searches[1].search, {}});
    EXPECT_EQ(searches.size(), 2u);
    find(1, "again");
    EXPECT_EQ(searches.size(), 3u);
}

TEST_F(SearchHandlerTest, ForgetsWhoLeft) {
    open(1, "ann");
    find(1, "t");
    find(1, "tea");
    handle(node::Closed{1});
    handle(node::Found{searches[0].search, one("x")});
    EXPECT_EQ(searches.size(), 1u) << "nobody waits for it any more";
}

TEST_F(SearchHandlerTest, AnswersHttpAndSaysWhenItCouldNotLookEverywhere) {
    get(7, "/api/search?q=more+tea&limit=5&before=12");
    ASSERT_EQ(searches.size(), 1u);
    EXPECT_EQ(searches[0].query.text, "more tea");
    EXPECT_EQ(searches[0].query.limit, 5u);
    EXPECT_EQ(searches[0].query.before, 12);
    auto answer = one("more tea");
    answer.whole = false;
    handle(node::Found{searches[0].search, answer});
    EXPECT_EQ(responses.at(7).status, 200);
    EXPECT_THAT(responses.at(7).body, HasSubstr("\"partial\":true"));
}

TEST_F(SearchHandlerTest, RefusesWhatIsNoSearch) {
    for (const auto* query : {"", "?q=", "?q=x&before=soon", "?q=x&room=No+Room", "?q=x&limit=0", "?q=%FF"}) {
        SCOPED_TRACE(query);
        responses.clear();
        get(7, std::string{"/api/search"} + query);
        ASSERT_TRUE(responses.contains(7));
        EXPECT_EQ(responses.at(7).status, 400);
    }
    get(8, "/api/search?q=" + std::string(1001, 'x'));
    EXPECT_EQ(responses.at(8).status, 400);
    open(1, "ann");
    take(1);
    say(1, R"({"t":"search","text":5})");
    find(1, std::string(1001, 'x'));
    EXPECT_EQ(take(1, "error").size(), 2u);
    EXPECT_THAT(searches, IsEmpty());
}

TEST_F(SearchHandlerTest, RefusesMoreThanItCanBear) {
    node::ExchangeId exchange = 7;
    for (std::size_t i = 0; i < node::SearchHandler::searches_max; ++i) get(exchange++, "/api/search?q=tea");
    EXPECT_THAT(responses, IsEmpty());
    get(exchange, "/api/search?q=tea");
    ASSERT_TRUE(responses.contains(exchange));
    EXPECT_EQ(responses.at(exchange).status, 503);
}

TEST_F(SearchHandlerTest, ListsRoomsByName) {
    open(1, "ann");
    for (const auto* room : {"tearoom", "lobby", "attic"}) post(1, room, "hello");
    persist_all();
    get(7, "/api/rooms?limit=2");
    EXPECT_THAT(responses.at(7).body, HasSubstr(R"({"rooms":[{"room":"attic","newest":")"));
    EXPECT_THAT(responses.at(7).body, HasSubstr(R"("more":true)"));
    get(8, "/api/rooms?after=lobby");
    EXPECT_THAT(responses.at(8).body, HasSubstr(R"({"rooms":[{"room":"tearoom","newest":")"));
    EXPECT_THAT(responses.at(8).body, HasSubstr(R"("more":false)"));
}

}  // namespace

}  // namespace davenport
