#include "tests/node/core_driver.hpp"

#include <fmt/format.h>

/// A feed that beats and brings nothing, although the store has more.
namespace davenport::node {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

constexpr const char* beside = "feed=normal&limit=20&since=1-a";

struct DeafFeed : CoreDriver, testing::Test {
    void SetUp() override {
        start();
        store_up();
        open(1, "ann");
        join(1, "lobby");
        stream("feed=continuous", "\n");
        take(1);
    }
    /// The feed beats on; all that the node asks meanwhile is answered: nothing has changed.
    void beat(base::Duration by) {
        for (base::Duration passed{}; passed < by; passed += 1s) {
            advance(1s);
            if (asked("feed=continuous")) stream("feed=continuous", "\n");
            if (asked("_local/davenport")) answer("_local/davenport", 200, R"({"generation":"g1"})");
            if (asked("PUT /chat/davenport-presence"))
                answer("PUT /chat/davenport-presence", 201, R"({"rev":"1-a"})");
            if (asked("POST /chat/_all_docs")) has_all();
        }
    }
};

TEST_F(DeafFeed, IsFoundByOnePageBesideItAndBegunAnew) {
    beat(19s);
    EXPECT_FALSE(asked(beside));
    beat(3s);
    answer(
        beside, 200,
        R"({"results":[{"seq":"2-b","id":"lobby:01JX0000000000000000000000","changes":[{"rev":"1-x"}]}],"last_seq":"2-b","pending":0})");
    EXPECT_THAT(log, Not(Contains(HasSubstr("brings nothing")))) << "it may be on its way";
    beat(4s);
    EXPECT_THAT(log, Contains(HasSubstr("brings nothing")));
    answer("include_docs=true&limit=500&since=1-a", 200,
           feed_page({feed_row("2-b", others_message(1, "hello"))}, "2-b"));
    EXPECT_THAT(heard(1), Contains("message hello"));
}

TEST_F(DeafFeed, ARowThatComesInTimeIsNoReason) {
    beat(22s);
    answer(
        beside, 200,
        R"({"results":[{"seq":"2-b","id":"lobby:01JX0000000000000000000000","changes":[{"rev":"1-x"}]}],"last_seq":"2-b","pending":0})");
    stream("feed=continuous", feed_row("2-b", others_message(1, "hello")));
    beat(10s);
    EXPECT_THAT(log, Not(Contains(HasSubstr("brings nothing"))));
}

TEST_F(DeafFeed, IsLookedForSoonAfterAWriteWhoseRowDoesNotCome) {
    post(1, "lobby", "hello");
    persist_all();
    const auto put = answer("PUT /chat/lobby", 201, R"({"ok":true})");
    beat(6s);
    ASSERT_TRUE(asked(beside)) << asked_for();
    const auto id = base::text_member(*base::parse_json(put.body), "_id");
    answer(
        beside, 200,
        fmt::format(
            R"({{"results":[{{"seq":"2-b","id":"{}","changes":[{{"rev":"1-x"}}]}}],"last_seq":"2-b","pending":0}})",
            id));
    beat(4s);
    EXPECT_THAT(log, Contains(HasSubstr("brings nothing")));
}

TEST_F(DeafFeed, AQuietStoreIsNone) {
    for (int i = 0; i < 3; ++i) {
        beat(21s);
        if (asked(beside)) answer(beside, 200, feed_page({}, "1-a"));
    }
    EXPECT_THAT(log, Not(Contains(HasSubstr("brings nothing"))));
    EXPECT_TRUE(asked("feed=continuous"));
}

}  // namespace
}  // namespace davenport::node
