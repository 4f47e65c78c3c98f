#include "tests/node/core_driver.hpp"

/// What senders are told of what they said, where it is not the node's own post of this very moment.
namespace davenport::node {
namespace {

using testing::Contains;
using testing::ElementsAre;
using namespace std::chrono_literals;

constexpr const char* put = "PUT /chat/lobby%3A";
constexpr const char* probe = "GET /chat/_local/davenport";

struct Answers : CoreDriver, testing::Test {
    void SetUp() override {
        start();
        store_up();
        sit_down();
    }
    void sit_down() {
        open(1, "ann");
        join(1, "lobby");
        take(1);
    }
};

TEST_F(Answers, TellStoredToWhoRepeatsWhatTheStoreHasGotMeanwhile) {
    const auto key = post(1, "lobby", "hello");
    persist_all();
    fail(put);
    crash_and_restart();
    store_up();
    answer(put, 201, "{}");
    EXPECT_FALSE(persisting()) << "that the store has it waits for company on its way to the disk";
    sit_down();
    post_with(1, "lobby", "hello", key);
    EXPECT_THAT(heard(1), ElementsAre("stored"));
    advance(1s);
    persist_all();
    post_with(1, "lobby", "hello", key);
    EXPECT_THAT(heard(1), ElementsAre("stored"));
}

TEST_F(Answers, TellStoredToWhoRepeatsWhatCameFromAStoreThatIsGone) {
    const auto key = next_key();
    const auto elsewhere = base::make_message("lobby", "ann", *base::MessageKey::parse(key), "hello", "n2");
    stream("feed=continuous", feed_row("2-b", elsewhere));
    post_with(1, "lobby", "hello", key);
    EXPECT_TRUE(persisting());
    fail("feed=continuous");
    advance(200ms);
    store_up("g2");  // and it has nothing
    persist_all();
    EXPECT_THAT(heard(1), ElementsAre("message hello", "accepted"));
    answer(put, 201, "{}");
    persist_all();
    EXPECT_THAT(heard(1), Contains("stored"));
}

TEST_F(Answers, AreNotShakenByARowThatHasAnotherDocumentThanItsOwn) {
    const auto key = post(1, "lobby", "hello");
    const auto mine = base::make_message("lobby", "ann", *base::MessageKey::parse(key), "hello", "node");
    stream("feed=continuous", R"({"seq":"2-b","id":"lobby:other","doc":)" + base::to_document(mine) + "}\n");
    persist_all();
    answer(put, 201, "{}");
    persist_all();
    EXPECT_THAT(heard(1), ElementsAre("accepted", "message hello", "stored"));
}

}  // namespace
}  // namespace davenport::node
