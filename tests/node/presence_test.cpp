#include "node/core/clients/cursor.hpp"
#include "tests/node/core_driver.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport {

/// Who is there, here and at the other nodes.
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct PresenceTest : CoreDriver, testing::Test {
    PresenceTest() {
        start();
        store_up();
    }

    void enter(node::SessionId session, const std::string& user) {
        open(session, user);
        say(session, R"({"t":"join","room":"lobby","people":true})");
    }
    /// Those that the session was told of last; "nothing" when it was not told.
    std::vector<std::string> people(node::SessionId session) {
        const auto told = take(session, "people");
        if (told.empty()) return {"nothing"};
        std::vector<std::string> out;
        for (const auto& name : base::member(told.back(), "people")->get_array())
            out.emplace_back(name.get_string());
        return out;
    }
    static std::string row(std::string_view uuid, std::string_view people, std::string_view run = "r1",
                           bool asks = false) {
        return R"({"seq":"5-x","id":"davenport-presence:)" + std::string{uuid} +
               R"(","changes":[{"rev":"1-x"}],"doc":{"_id":"davenport-presence:)" + std::string{uuid} +
               R"(","_rev":"1-x","v":1,"node":"n2","run":")" + std::string{run} + R"(",)" +
               (asks ? R"("asks":true,)" : "") + R"("people":)" + std::string{people} + "}}\n";
    }
    void others_say(std::string_view people, std::string_view uuid = "u-2", std::string_view run = "r1") {
        stream("feed=continuous", row(uuid, people, run));
    }
    int written = 0;
    /// The store goes on answering for so long.
    void live_on(std::chrono::seconds time) {
        for (auto gone = 0s; gone < time; gone += 1s) {
            advance(1s);
            while (asked("GET /chat/_local/davenport"))
                answer("GET /chat/_local/davenport", 200, R"({"generation":"g1"})");
            for (; asked("PUT /chat/davenport-presence"); ++written)
                answer("PUT /chat/davenport-presence", 201, R"({"ok":true,"rev":"1-x"})");
            if (asked("feed=continuous")) stream("feed=continuous", "\n");
        }
    }
};

TEST_F(PresenceTest, TellsWhoIsInTheRoomAndWhenSomebodyComesOrGoes) {
    enter(1, "ann");
    advance(2s);
    EXPECT_THAT(people(1), ElementsAre("ann"));
    enter(2, "bob");
    advance(2s);
    EXPECT_THAT(people(1), ElementsAre("ann", "bob"));
    handle(node::Closed{2});
    advance(2s);
    EXPECT_THAT(people(1), ElementsAre("ann"));
}

TEST_F(PresenceTest, TellsNobodyWhoDidNotAsk) {
    open(1, "ann");
    join(1, "lobby");
    enter(2, "bob");
    advance(2s);
    EXPECT_THAT(people(1), ElementsAre("nothing"));
    EXPECT_THAT(people(2), ElementsAre("ann", "bob"));
}

TEST_F(PresenceTest, WritesOneDocumentOfItsOwnPeople) {
    enter(1, "ann");
    enter(2, "bob");
    advance(2s);
    const auto put = answer("PUT /chat/davenport-presence%3Au-1", 201, R"({"ok":true,"rev":"1-a"})");
    EXPECT_THAT(put.body, HasSubstr(R"("people":{"lobby":["ann","bob"]})"));
    EXPECT_THAT(put.body, testing::Not(HasSubstr("msg")));
    live_on(30s);
    EXPECT_FALSE(asked("davenport-presence")) << "nothing has changed";
    handle(node::Closed{2});
    advance(6s);
    const auto next = answer("PUT /chat/davenport-presence", 201, R"({"ok":true,"rev":"2-b"})");
    EXPECT_THAT(next.body, testing::AllOf(HasSubstr(R"("lobby":["ann"])"), HasSubstr(R"("_rev":)")));
}

TEST_F(PresenceTest, SaysAgainWhoIsHereToANodeThatHasJustBegun) {
    enter(1, "ann");
    live_on(10s);
    EXPECT_EQ(written, 1);
    const auto words_after = [&](std::string_view uuid, std::string_view run) {
        written = 0;
        stream("feed=continuous", row(uuid, R"({"lobby":["bob"]})", run, true));
        live_on(12s);
        return written;
    };
    EXPECT_EQ(words_after("u-2", "r1"), 1);
    EXPECT_EQ(words_after("u-2", "r1"), 0) << "it was told";
    EXPECT_EQ(words_after("u-2", "r2"), 1) << "it began again";
    EXPECT_EQ(words_after("u-3", "r1"), 1);
}

TEST_F(PresenceTest, AsksOnceAndAnswersNoAnswer) {
    enter(1, "ann");
    advance(1s);
    const auto first = answer("PUT /chat/davenport-presence", 201, R"({"ok":true,"rev":"1-a"})");
    EXPECT_THAT(first.body, HasSubstr(R"("asks":true)"));
    others_say(R"({"lobby":["bob"]})", "u-2");
    others_say(R"({"lobby":["cid"]})", "u-3");
    live_on(30s);
    EXPECT_EQ(written, 0);
    enter(2, "dan");
    advance(2s);
    const auto next = answer("PUT /chat/davenport-presence", 201, R"({"ok":true,"rev":"2-b"})");
    EXPECT_THAT(next.body, testing::Not(HasSubstr("asks")));
}

TEST_F(PresenceTest, CountsACrowdAndNamesNobodyOfIt) {
    for (node::SessionId session = 1; session <= 500; ++session)
        enter(session, "user" + std::to_string(session));
    advance(2s);
    EXPECT_EQ(people(1).size(), 200u);
    EXPECT_THAT(answer("PUT /chat/davenport-presence", 201, R"({"ok":true,"rev":"1-a"})").body,
                HasSubstr(R"("user500")"));
    live_on(10s);
    enter(501, "one more");
    advance(2s);
    const auto told = take(1, "people");
    ASSERT_FALSE(told.empty());
    EXPECT_THAT(base::write_json(told.back()), HasSubstr(R"("people":[],"count":501)"));
    const auto put = answer("PUT /chat/davenport-presence", 201, R"({"ok":true,"rev":"2-b"})");
    EXPECT_THAT(put.body, HasSubstr(R"("people":{},"crowds":{"lobby":501})"));
    handle(node::Closed{501});
    advance(2s);
    EXPECT_EQ(people(1).size(), 200u);
}

TEST_F(PresenceTest, AddsUpTheCrowdsOfTheOthers) {
    enter(1, "ann");
    advance(2s);
    take(1);
    others_say(R"({"attic":["dave"]},"crowds":{"lobby":70000,"attic":-1})");
    others_say(R"({},"crowds":{"lobby":800})", "u-3");
    const auto told = take(1, "people");
    ASSERT_FALSE(told.empty());
    EXPECT_THAT(base::write_json(told.back()), HasSubstr(R"("people":[],"count":70801)"));
    others_say(R"({})");
    others_say(R"({})", "u-3");
    EXPECT_THAT(people(1), ElementsAre("ann"));
}

TEST_F(PresenceTest, TellsManyWatchersLessOften) {
    for (node::SessionId session = 1; session <= 3000; ++session)
        enter(session, "user" + std::to_string(session));
    advance(10s);
    take(1);
    for (node::SessionId more = 4001; more <= 4009; ++more) {
        open(more, "late");
        join(more, "lobby");
        advance(1s);
    }
    const auto often = take(1, "people").size();
    EXPECT_GE(often, 2u);
    EXPECT_LE(often, 4u) << "nine seconds, and three thousand who watch";
    advance(4s);
    EXPECT_THAT(base::write_json(take(1, "people").back()), HasSubstr(R"("count":3009)"));
}

TEST_F(PresenceTest, RenewsItOnceAMinute) {
    enter(1, "ann");
    advance(2s);
    written = 0;
    live_on(185s);
    EXPECT_EQ(written, 4) << "the first, and three renewals";
}

TEST_F(PresenceTest, TakesOverTheDocumentOfItsEarlierLife) {
    enter(1, "ann");
    advance(2s);
    answer("PUT /chat/davenport-presence", 409, R"({"error":"conflict"})");
    answer("GET /chat/davenport-presence", 200,
           R"({"_id":"davenport-presence:u-1","_rev":"7-old","people":{}})");
    advance(2s);
    EXPECT_THAT(answer("PUT /chat/davenport-presence", 201, R"({"rev":"8-new"})").body, HasSubstr("7-old"));
}

TEST_F(PresenceTest, TakesAwayTheWordOfItsEarlierLifeThoughNobodyCame) {
    live_on(10s);
    EXPECT_EQ(written, 0) << "nobody was ever here";
    enter(1, "ann");
    post(1, "lobby", "hello");
    persist_all();
    crash_and_restart();
    store_up();
    const auto word = answer("PUT /chat/davenport-presence", 201, R"({"ok":true,"rev":"2-b"})");
    EXPECT_THAT(word.body, HasSubstr(R"("people":{})"));
}

TEST_F(PresenceTest, SaysWithinTwoSecondsWhoCameAndWhoWent) {
    for (node::SessionId session = 1; session <= 100; ++session)
        enter(session, "user" + std::to_string(session));
    live_on(10s);
    for (int change = 0; change < 5; ++change) {
        written = 0;
        if (change % 2 == 0)
            enter(200, "bob");
        else
            handle(node::Closed{200});
        live_on(2s);
        EXPECT_GE(written, 1) << change;
    }
}

TEST_F(PresenceTest, SaysLessOftenWhatIsLong) {
    for (node::SessionId session = 1; session <= 400; ++session)
        enter(session, "user" + std::to_string(session));
    for (node::SessionId session = 401; session <= 800; ++session) {
        open(session, "guest" + std::to_string(session));
        say(session, R"({"t":"join","room":"attic"})");
    }
    live_on(10s);
    written = 0;
    for (int change = 0; change < 20; ++change) {
        enter(1000 + static_cast<node::SessionId>(change), "late" + std::to_string(change));
        live_on(1s);
    }
    EXPECT_GE(written, 4);
    EXPECT_LE(written, 6) << "five seconds apart";
}

TEST_F(PresenceTest, HearsOfTheOthersPeopleByTheFeed) {
    enter(1, "ann");
    advance(2s);
    others_say(R"({"lobby":["carol","ann"],"attic":["dave"]})");
    EXPECT_THAT(people(1), ElementsAre("ann", "carol"));
    others_say(R"({"attic":["carol"]})");
    EXPECT_THAT(people(1), ElementsAre("ann"));
}

TEST_F(PresenceTest, CountsWhoIsStillCatchingUpOnceTheyAreThere) {
    enter(1, "ann");
    advance(2s);
    answer("PUT /chat/davenport-presence", 201, R"({"ok":true,"rev":"1-a"})");
    open(2, "bob");
    // A place of another journal: the store's feed is read before bob is in the room.
    const auto place = node::Cursor{"another", 5, "g1", "1-a", "", false}.text();
    say(2, R"({"t":"join","room":"lobby","people":true,"n":5,"cursor":")" + place + "\"}");
    advance(2s);
    take(1), take(2);
    answer("feed=normal", 200, feed_page({}, "2-b"));
    advance(2s);
    EXPECT_THAT(people(1), ElementsAre("ann", "bob"));
}

TEST_F(PresenceTest, AsksAgainWhenTheStoreNeverAnswers) {
    enter(1, "ann");
    advance(2s);
    ASSERT_TRUE(asked("PUT /chat/davenport-presence"));
    const auto hung = fetch("PUT /chat/davenport-presence")->id;
    for (int i = 0; i < 20; ++i) {  // the request hangs, and all else goes on
        advance(1s);
        while (asked("GET /chat/_local/davenport"))
            answer("GET /chat/_local/davenport", 200, R"({"generation":"g1"})");
        if (asked("feed=continuous")) stream("feed=continuous", "\n");
    }
    const auto* next = fetch("PUT /chat/davenport-presence");
    ASSERT_TRUE(next);
    EXPECT_NE(next->id, hung) << "the one that hung was given up";
    answer("PUT /chat/davenport-presence", 201, R"({"ok":true,"rev":"1-a"})");
    live_on(5s);
    EXPECT_FALSE(asked("PUT /chat/davenport-presence"));
}

TEST_F(PresenceTest, BelievesNoDocumentThatIsNone) {
    enter(1, "ann");
    advance(2s);
    take(1);
    for (const auto* people :
         {"[]", R"({"lobby":"carol"})", R"({"lobby":[5,"",""]})", R"({"No Room":["carol"]})"})
        others_say(people);
    const auto told = take(1, "people");
    for (const auto& one : told) EXPECT_EQ(base::member(one, "people")->get_array().size(), 1u);
    others_say(R"({"lobby":["forged"]})", "u-1", "");
    EXPECT_THAT(people(1), ElementsAre("nothing")) << "its own document is no news";
}

TEST_F(PresenceTest, ForgetsANodeThatFellSilent) {
    enter(1, "ann");
    advance(2s);
    others_say(R"({"lobby":["carol"]})");
    take(1);
    live_on(100s);
    EXPECT_THAT(people(1), ElementsAre("nothing"));
    live_on(120s);
    EXPECT_THAT(people(1), ElementsAre("ann"));
}

TEST_F(PresenceTest, RemembersWhoWasThereWhileTheStoreIsAway) {
    enter(1, "ann");
    advance(2s);
    others_say(R"({"lobby":["carol"]})");
    take(1);
    for (int i = 0; i < 300; ++i) {
        fail_all();
        advance(1s);
    }
    EXPECT_THAT(people(1), ElementsAre("nothing"));
    enter(2, "bob");
    advance(2s);
    EXPECT_THAT(people(2), ElementsAre("ann", "bob", "carol"));
}

TEST_F(PresenceTest, SaysThatNobodyIsHereWhenItEnds) {
    enter(1, "ann");
    advance(2s);
    answer("PUT /chat/davenport-presence", 201, R"({"ok":true,"rev":"1-a"})");
    handle(node::Drain{});
    EXPECT_THAT(answer("PUT /chat/davenport-presence", 201, "{}").body, HasSubstr(R"("people":{})"));
}

struct Unseen : CoreDriver, testing::Test {
    Unseen()
        : CoreDriver{[] {
              node::ChatConfig config;
              config.presence = false;
              return config;
          }()} {
        start();
        store_up();
    }
};

TEST_F(Unseen, WritesAndTellsNothing) {
    open(1, "ann");
    say(1, R"({"t":"join","room":"lobby","people":true})");
    advance(10s);
    EXPECT_FALSE(asked("davenport-presence"));
    EXPECT_THAT(take(1, "people"), IsEmpty());
}

}  // namespace

}  // namespace davenport
