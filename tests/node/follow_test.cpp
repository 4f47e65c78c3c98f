#include "tests/node/core_driver.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport {

/// Server-sent events: a request that becomes a session.
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

struct FollowTest : CoreDriver, testing::Test {
    FollowTest() { start(); }

    void follow(node::ExchangeId exchange, const std::string& query = {}, base::Headers headers = {}) {
        handle(node::Requested{
            exchange, {"GET", "/api/rooms/lobby/events" + query, std::move(headers), {}}, "127.0.0.1"});
    }
    /// As EventStream makes it of what the session was sent.
    std::string place(node::SessionId session) {
        for (const auto& frame : take(session, "joined"))
            return fmt::format("{}.{}", *base::int_member(frame, "n"), *base::string_member(frame, "cursor"));
        return {};
    }
};

TEST_F(FollowTest, IsASessionThatHasJoinedTheRoom) {
    open(1, "ann");
    post(1, "lobby", "one");
    persist_all();
    follow(7);
    EXPECT_THAT(streams, ElementsAre(7u));
    EXPECT_THAT(heard(7), ElementsAre("welcome", "message one", "joined"));
    post(1, "lobby", "two");
    persist_all();
    EXPECT_THAT(heard(7), ElementsAre("message two"));
}

TEST_F(FollowTest, GoesOnWhereTheLastEventWas) {
    open(1, "ann");
    post(1, "lobby", "one");
    persist_all();
    follow(7);
    const auto at = place(7);
    handle(node::Closed{7});
    post(1, "lobby", "two");
    persist_all();
    follow(8, "?after=" + at);
    EXPECT_THAT(heard(8), ElementsAre("welcome", "message two", "joined"));
    follow(9, "?after=nonsense", {{"Last-Event-ID", at}});
    EXPECT_THAT(heard(9), ElementsAre("welcome", "message two", "joined")) << "the header knows better";
}

TEST_F(FollowTest, IsForgottenWhenItsConnectionIs) {
    follow(7);
    handle(node::Closed{7});
    take(7);
    open(1, "ann");
    post(1, "lobby", "one");
    persist_all();
    EXPECT_THAT(take(7), IsEmpty());
}

TEST_F(FollowTest, IsNoSessionWhenTheRequestIsNoGood) {
    for (const auto* query : {"?after=nonsense", "?limit=0", "?limit=many"}) {
        SCOPED_TRACE(query);
        responses.clear();
        follow(7, query);
        ASSERT_TRUE(responses.contains(7));
        EXPECT_EQ(responses.at(7).status, 400);
    }
    EXPECT_THAT(streams, IsEmpty());
}

TEST_F(FollowTest, IsSentElsewhereByANodeThatEnds) {
    handle(node::Drain{});
    follow(7);
    EXPECT_THAT(streams, IsEmpty());
    ASSERT_TRUE(responses.contains(7));
    EXPECT_EQ(responses.at(7).status, 503);
}

}  // namespace

}  // namespace davenport
