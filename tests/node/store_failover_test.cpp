#include "tests/node/core_driver.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport {

/// Several stores: the next is turned to when one does not answer.
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

node::ChatConfig two_stores() {
    node::ChatConfig config;
    config.stores = {{"chat", "Basic one"}, {"other", "Basic two"}};
    return config;
}

struct StoreFailoverTest : CoreDriver, testing::Test {
    StoreFailoverTest() : CoreDriver{two_stores()} { start(); }

    void fail_probes(int times) {
        for (int i = 0; i < times; ++i) {
            fail("_local/davenport");
            advance(200ms);
        }
    }
};

TEST_F(StoreFailoverTest, TurnsToTheNextStoreAfterAFewTries) {
    fail_probes(2);
    EXPECT_THAT(uses, IsEmpty());
    fail_probes(1);
    EXPECT_THAT(uses, ElementsAre(1u));
    const auto* probe = fetch("GET /other/_local/davenport");
    ASSERT_TRUE(probe) << asked_for();
    EXPECT_EQ(base::header(probe->request.headers, "Authorization"), "Basic two");
}

TEST_F(StoreFailoverTest, WaitsForAStoreThatHangsNoLongerThanForOneAnswer) {
    const auto begun = now().time;
    while (uses.empty() && now().time - begun < 30s) advance(100ms);
    EXPECT_THAT(uses, ElementsAre(1u));
    EXPECT_LE(now().time - begun, 6s);
    advance(1s);
    EXPECT_TRUE(asked("GET /other/_local/davenport"));
}

TEST_F(StoreFailoverTest, GoesRoundAndRound) {
    fail_probes(3);
    fail_probes(3);
    EXPECT_THAT(uses, ElementsAre(1u, 0u));
    EXPECT_TRUE(asked("GET /chat/_local/davenport")) << asked_for();
}

TEST_F(StoreFailoverTest, StaysWithAStoreThatAnswers) {
    fail_probes(3);
    answer("GET /other/_local/davenport", 200, R"({"generation":"g2"})");
    advance(4s);
    EXPECT_THAT(uses, ElementsAre(1u));
}

TEST_F(StoreFailoverTest, FillsTheNextStoreWithWhatItHasNot) {
    answer("GET /chat/_local/davenport", 200, R"({"generation":"g1"})");
    if (asked("feed=normal")) answer("feed=normal", 200, R"({"results":[],"last_seq":"1-a","pending":0})");
    open(1, "ann");
    post(1, "lobby", "one");
    persist_all();
    ASSERT_TRUE(asked("PUT /chat/lobby"));
    answer("PUT /chat/lobby", 201, "{}");
    advance(6s);
    persist_all();
    fail_all();
    for (int i = 0; i < 20 && uses.empty(); ++i) {
        advance(200ms);
        fail_all();
    }
    ASSERT_THAT(uses, ElementsAre(1u));
    advance(200ms);
    answer("GET /other/_local/davenport", 200, R"({"generation":"g2"})");
    answer("feed=normal", 200, R"({"results":[],"last_seq":"1-b","pending":0})");
    EXPECT_TRUE(asked("PUT /other/lobby") || asked("POST /other/_bulk_docs") || asked("/other/_all_docs"))
        << asked_for();
}

/// Two databases that a script made in the same second.
struct StoresOfOneSecond : StoreFailoverTest {
    StoresOfOneSecond() {
        answer("GET /chat/_local/davenport", 200, R"({"generation":"a.m1795460394"})");
        if (asked("feed=normal"))
            answer("feed=normal", 200, R"({"results":[],"last_seq":"1-a","pending":0})");
        advance(200ms);
        for (int i = 0; i < 30 && uses.empty(); ++i) {
            fail_all();
            advance(200ms);
        }
        EXPECT_THAT(uses, ElementsAre(1u));
    }
    void members(std::string_view names) {
        answer("GET /other/_shards", 200, fmt::format(R"({{"shards":{{"00000000-ffffffff":[{}]}}}})", names));
    }
    std::string put() { return answer("PUT /other/_local/davenport", 201, "{}").body; }
};

TEST_F(StoresOfOneSecond, AreTwoWhenEachIsAlone) {
    answer("GET /other/_local/davenport", 200, R"({"generation":"b.m1795460394"})");
    members(R"("nonode@nohost")");
    EXPECT_FALSE(asked("PUT /other/_local")) << asked_for();
    EXPECT_THAT(log, Contains(HasSubstr("another one answers")));
}

TEST_F(StoresOfOneSecond, AreTwoWhenTheSecondHasNoNameYet) {
    for (int i = 0; i < 40 && !asked("GET /other/_shards"); ++i) {
        if (asked("GET /other/_local/davenport"))
            answer("GET /other/_local/davenport", 404, R"({"error":"not_found","reason":"missing"})");
        for (const auto& one : fetches)
            if (one.request.target == "/other") {
                answer("GET /other", 200, R"({"db_name":"other","instance_start_time":"1795460394"})");
                break;
            }
        advance(50ms);
    }
    members(R"("nonode@nohost")");
    EXPECT_THAT(put(), AllOf(HasSubstr(".m1795460394"), Not(HasSubstr("a.m1795460394"))));
}

TEST_F(StoresOfOneSecond, AreOneWhenTheyAreMembersOfACluster) {
    answer("GET /other/_local/davenport", 200, R"({"generation":"b.m1795460394"})");
    members(R"("couchdb@10.0.0.1","couchdb@10.0.0.2")");
    EXPECT_THAT(put(), HasSubstr("a.m1795460394"));
}

TEST_F(StoresOfOneSecond, AreOneWhenNobodyTells) {
    answer("GET /other/_local/davenport", 200, R"({"generation":"b.m1795460394"})");
    answer("GET /other/_shards", 403, R"({"error":"forbidden","reason":"no"})");
    EXPECT_THAT(put(), HasSubstr("a.m1795460394"));
}

TEST(OneStore, IsAskedForEver) {
    CoreDriver driver;
    driver.start();
    for (int i = 0; i < 20; ++i) {
        driver.fail("_local/davenport");
        driver.advance(200ms);
    }
    EXPECT_THAT(driver.uses, IsEmpty());
}

}  // namespace

}  // namespace davenport
