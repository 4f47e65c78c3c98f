#include "node/base/change.hpp"
#include "node/core/clients/cursor.hpp"
#include "tests/node/core_driver.hpp"

#include <fmt/format.h>

namespace davenport::node {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

/// The clients of a node that is gone come to this one at once.
struct Crowd : CoreDriver, testing::Test {
    void SetUp() override {
        start();
        store_up();
    }
    /// Clients number 1 to `count`, all with the same cursor of another node.
    void come(std::size_t count, std::string_view seen = {}) {
        const Cursor cursor{"u-2", 77, "g1", "5-e", std::string{seen}, false};
        for (SessionId session = 1; session <= count; ++session) {
            open(session, fmt::format("user{}", session));
            take(session);
            join(session, "lobby", cursor.text(), 80, seen);
        }
    }
    std::size_t reads() const {
        return static_cast<std::size_t>(std::ranges::count_if(fetches, [](const OpenFetch& f) {
            return f.request.target.find("since=5-e") != std::string::npos;
        }));
    }
    /// Answers reads until there are none, and gives how many those were.
    std::size_t answer_all(const std::string& page) {
        std::size_t count = 0;
        for (; asked("since=5-e"); ++count) answer("since=5-e", 200, page);
        return count;
    }
    void it_is_still(std::string_view generation) {
        for (int round = 0; round < 3; ++round) {
            if (asked("_local/davenport"))
                answer("_local/davenport", 200, fmt::format(R"({{"generation":"{}"}})", generation));
            advance(200ms);
        }
    }
};

TEST_F(Crowd, IsAnsweredByFewReadsOfTheStore) {
    come(200);
    EXPECT_EQ(reads(), 4u) << "four who came first; all others wait for the next";
    const auto page = feed_page(
        {feed_row("6-f", others_message(1, "one")), feed_row("7-g", others_message(2, "two"))}, "7-g");
    EXPECT_EQ(answer_all(page), 5u);
    advance(1ms);
    it_is_still("g1");
    for (SessionId session = 1; session <= 200; ++session)
        ASSERT_THAT(heard(session), ElementsAre("message one", "message two", "joined")) << session;
    stream("feed=continuous", feed_row("8-h", others_message(3, "live")));
    for (SessionId session = 1; session <= 200; ++session)
        ASSERT_THAT(heard(session), ElementsAre("message live")) << session;
}

TEST_F(Crowd, GoesOnBitByBitSoThatOthersAreServed) {
    come(100);
    auto_written = false;
    answer_all(feed_page({feed_row("6-f", others_message(1, "one"))}, "6-f"));
    const auto joined = [&] {
        std::size_t count = 0;
        for (auto& [session, frames] : sent_frames)
            count += static_cast<std::size_t>(std::ranges::any_of(
                frames, [](const auto& frame) { return base::string_member(frame, "t") == "joined"; }));
        return count;
    };
    EXPECT_LT(joined(), 50u);
    advance(1ms);
    EXPECT_LT(joined(), 70u);
    advance(20ms);
    EXPECT_EQ(joined(), 100u);
}

TEST_F(Crowd, IsShownAsLateWhatStandsBelowWhatItWasShown) {
    come(20, others_message(5, "seen").position());
    answer_all(
        feed_page({feed_row("6-f", others_message(4, "old")), feed_row("7-g", others_message(6, "new")),
                   feed_row("8-h", others_message(3, "older"))},
                  "8-h"));
    advance(1ms);
    it_is_still("g1");
    for (SessionId session = 1; session <= 20; ++session)
        ASSERT_THAT(heard(session),
                    ElementsAre("message old late", "message new", "message older late", "joined"))
            << session;
}

TEST_F(Crowd, IsSentNothingTwiceThoughItsPagesOverlap) {
    come(20);
    std::vector<std::string> full;
    for (int i = 0; i < 500; ++i) full.push_back(feed_row(fmt::format("6-{}", i), others_message(i, "one")));
    ASSERT_EQ(answer_all(feed_page(full, "6-f")), 5u);
    for (int turns = 0; turns < 20; ++turns) {
        if (asked("since=6-f"))
            answer("since=6-f", 200,
                   feed_page({full.back(), feed_row("7-g", others_message(900, "two"))}, "7-g"));
        advance(1ms);
    }
    advance(1ms);
    it_is_still("g1");
    for (SessionId session = 1; session <= 20; ++session)
        ASSERT_EQ(heard(session).size(), 500 + 2u) << session;
}

TEST_F(Crowd, LosesNobodyWhenOneOfItLeaves) {
    come(30);
    handle(Closed{1});   // alone in its read
    handle(Closed{20});  // among those who wait
    EXPECT_EQ(answer_all(feed_page({feed_row("6-f", others_message(1, "one"))}, "6-f")), 4u);
    advance(1ms);
    it_is_still("g1");
    for (SessionId session = 2; session <= 30; ++session)
        if (session != 20) {
            ASSERT_THAT(heard(session), ElementsAre("message one", "joined")) << session;
        }
}

TEST_F(Crowd, AsksForNothingMoreWhenAllOfItHaveLeft) {
    come(30);
    for (SessionId session = 1; session <= 30; ++session) handle(Closed{session});
    EXPECT_EQ(reads(), 0u);
    advance(1s);
    EXPECT_EQ(reads(), 0u);
}

TEST_F(Crowd, GoesByTimeTogetherWhenTheStoreIsGoneMeanwhile) {
    come(30);
    fail_all();
    advance(200ms);
    fail_all();
    advance(10ms);
    for (SessionId session = 1; session <= 30; ++session) {
        const auto frames = take(session, "joined");
        ASSERT_EQ(frames.size(), 1u) << session;
        EXPECT_TRUE(base::bool_member(frames[0], "gap"));
    }
}

TEST_F(Crowd, IsNotShownTheTextOfWhatWasRemovedHereMeanwhile) {
    come(30);
    const auto message = others_message(1, "a password");
    auto removed = base::removed(message, {epoch_ms + 5, 1, {}}, "anna");
    stream("feed=continuous", feed_row("9-i", removed));
    answer_all(feed_page({feed_row("6-f", message)}, "9-i"));
    advance(1ms);
    it_is_still("g1");
    for (SessionId session = 1; session <= 30; ++session)
        for (const auto& line : heard(session))
            ASSERT_EQ(line.find("a password"), std::string::npos) << session << ": " << line;
}

/// What was made for those who came first is not right any more.
TEST_F(Crowd, ShowsWhoComesLaterInItWhatWasRemovedMeanwhileAsRemoved) {
    const auto message = others_message(1, "a password");
    stream("feed=continuous", feed_row("6-f", message));
    persist_all();
    come(100);
    auto_written = false;
    answer_all(feed_page({feed_row("6-f", message)}, "6-f"));
    stream("feed=continuous", feed_row("9-i", base::removed(message, {epoch_ms + 5, 1, {}}, "anna")));
    persist_all();
    advance(20ms);
    it_is_still("g1");
    const auto lines = heard(100);  // the last of it
    EXPECT_THAT(lines, testing::Contains("joined"));
    for (const auto& line : lines) EXPECT_EQ(line.find("a password"), std::string::npos) << line;
}

}  // namespace
}  // namespace davenport::node
