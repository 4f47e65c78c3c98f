#include "couchmock/embed/couchmock.hpp"
#include "tests/net_test.hpp"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// couchmock inside somebody's own test, as its header promises.
namespace davenport::couchmock::embed {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(MockStore, AnswersAtOnceAndFeedsFollow) {
    MockStore store;
    EXPECT_EQ(store.put("/chat", "").status, 201);
    const auto feed = store.send("GET", "/chat/_changes?feed=continuous");
    EXPECT_EQ(store.put("/chat/a", R"({"msg": "hello"})").status, 201);
    EXPECT_THAT(store.seen(feed).ids(), ElementsAre("a"));
    EXPECT_EQ(store.complaint(), "");
}

TEST(MockStore, LetsNothingHappenUntilTimePasses) {
    MockStore store;
    store.put("/chat", "");
    EXPECT_EQ(store.set_fault(R"({"name": "outage", "fault": "store.down", "for_ms": 2000})").status, 201);
    EXPECT_FALSE(store.listening);
    store.pass(1999ms);
    EXPECT_FALSE(store.listening);
    store.pass(1ms);
    EXPECT_TRUE(store.listening);
}

TEST(MockServer, ListensOnAFreePortAsLongAsItLives) {
    std::uint16_t port = 0;
    {
        MockServer one, other;
        EXPECT_NE(one.port(), other.port());
        port = one.port();
        net_test::Client client{port};
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_THAT(client.until("}"), HasSubstr("\"couchdb\":\"Welcome\""));
    }
    MockServer again;  // ports are given back, and nothing is left of the first
    EXPECT_NE(again.port(), 0);
}

TEST(MockServer, TellsOfADataFileThatCannotBeUsed) {
    MockServer::Options options;
    options.data = "/proc/none/couch.db";
    EXPECT_THROW(MockServer{options}, std::exception);
}

}  // namespace
}  // namespace davenport::couchmock::embed
