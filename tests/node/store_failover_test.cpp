#include "tests/node/core_driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport {

/// Several stores: the next is turned to when one does not answer.
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

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
