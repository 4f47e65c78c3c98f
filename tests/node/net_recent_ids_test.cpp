#include "node/base/message_id.hpp"
#include "node/net/recent_ids.hpp"

#include <string>

#include <gtest/gtest.h>

namespace davenport {

namespace {

using Answer = node::RecentIds::Answer;

std::string id_at(std::int64_t ms, std::string_view room = "lobby") {
    return base::make_message_id(room, "ann", {ms, 0, {}}, "hello");
}

std::string letters_at(std::int64_t ms) { return std::string{base::parse_message_id(id_at(ms))->letters}; }

TEST(RecentIds, KnowWhatWasAddedAndThatNothingElseIsThere) {
    node::RecentIds recent{{}};
    recent.add({id_at(1000), id_at(3000)});
    EXPECT_EQ(recent.look_up(id_at(1000)), Answer::present);
    EXPECT_EQ(recent.look_up(id_at(3000)), Answer::present);
    EXPECT_EQ(recent.look_up(id_at(2000)), Answer::absent);
    EXPECT_EQ(recent.look_up(id_at(3000, "other")), Answer::absent);
}

TEST(RecentIds, KnowNothingOfWhatTheJournalHeldBefore) {
    node::RecentIds recent{letters_at(5000)};
    recent.add({id_at(4000), id_at(6000)});
    EXPECT_EQ(recent.look_up(id_at(4000)), Answer::unknown);
    EXPECT_EQ(recent.look_up(id_at(5000)), Answer::unknown);
    EXPECT_EQ(recent.look_up(id_at(6000)), Answer::present);
    EXPECT_EQ(recent.look_up(id_at(7000)), Answer::absent);
}

TEST(RecentIds, AreNotAskedAboutForeignDocuments) {
    node::RecentIds recent{{}};
    recent.add({"8c1f0d2e"});
    EXPECT_EQ(recent.look_up("8c1f0d2e"), Answer::unknown);
}

TEST(RecentIds, NeverDenyWhatWasAddedHoweverManyFollow) {
    node::RecentIds recent{{}, 10};
    for (std::int64_t ms = 1; ms <= 500; ++ms) {
        const auto at = ms % 7 == 0 ? ms + 20 : ms;  // some ahead of their time
        recent.add({id_at(at)});
        for (std::int64_t earlier = 1; earlier <= ms; ++earlier)
            ASSERT_NE(recent.look_up(id_at(earlier % 7 == 0 ? earlier + 20 : earlier)), Answer::absent)
                << earlier << ' ' << ms;
    }
    EXPECT_EQ(recent.look_up(id_at(497 + 20)), Answer::present);
    EXPECT_EQ(recent.look_up(id_at(1)), Answer::unknown);  // dropped: SQLite is asked
    EXPECT_EQ(recent.look_up(id_at(10'000)), Answer::absent);
}

}  // namespace

}  // namespace davenport
