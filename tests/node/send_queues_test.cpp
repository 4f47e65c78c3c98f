#include "node/base/json.hpp"
#include "node/core/clients/rooms.hpp"
#include "node/core/clients/sessions.hpp"
#include "node/core/clients/token_bucket.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport::node {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

base::ChatMessage message(std::string_view text, std::int64_t ms) {
    return base::make_message("lobby", "ann", {1'800'000'000'000 + ms, 0, {}}, text, "n1");
}

struct SendQueues : testing::Test {
    Sessions sessions{1000};
    Rooms rooms{sessions};
    std::vector<Close> closes;

    void tell(Session& session, std::string_view reason) { sessions.tell(session, frames::Bye{reason}); }
    /// What tell() was given; of other frames the text.
    static std::string reason_of(std::string_view frame) {
        const auto read = base::parse_json(frame);
        const auto reason = read ? base::string_member(*read, "reason") : std::nullopt;
        return std::string{reason.value_or(frame)};
    }
    /// "session: text text" for each Send of this turn.
    std::vector<std::string> flush() {
        rooms.seal();
        Turn turn{{}};
        sessions.flush(turn);
        std::vector<std::string> out;
        for (const auto& effect : turn.effects) {
            if (const auto* close = std::get_if<Close>(&effect)) closes.push_back(*close);
            const auto* send = std::get_if<Send>(&effect);
            if (!send) continue;
            auto line = std::to_string(send->session) + ":";
            for (const auto& frames : send->frames)
                for (std::size_t i = 0; i < frames->count(); ++i)
                    (line += ' ') += reason_of(frames->at(i)).substr(0, 40);
            out.push_back(line);
        }
        return out;
    }
};

TEST_F(SendQueues, SendAllThatWaitsInOneGoAndHaveOneInFlight) {
    auto& s = sessions.open(1, "a");
    tell(s, "one");
    tell(s, "two");
    EXPECT_THAT(flush(), ElementsAre("1: one two"));
    tell(s, "three");
    EXPECT_THAT(flush(), IsEmpty());
    tell(s, "four");
    EXPECT_THAT(flush(), IsEmpty());
    sessions.written(1);
    EXPECT_THAT(flush(), ElementsAre("1: three four"));
    sessions.written(1);
    EXPECT_THAT(flush(), IsEmpty());
    EXPECT_TRUE(sessions.idle());
}

TEST_F(SendQueues, KeepTheOrderOfWhatIsForOneAndWhatIsForAll) {
    auto& s = sessions.open(1, "a");
    tell(s, "before");
    sessions.send(s, base::one_frame("shared"));
    tell(s, "after");
    EXPECT_THAT(flush(), ElementsAre("1: before shared after"));
}

TEST_F(SendQueues, KnowTheMostThatHasWaitedForOne) {
    auto& slow = sessions.open(1, "a");
    auto& quick = sessions.open(2, "b");
    const auto frame = base::one_frame(std::string(200, 'x'));
    for (int i = 0; i < 3; ++i) {
        sessions.send(slow, frame);
        sessions.send(quick, frame);
        flush();
        sessions.written(2);
    }
    EXPECT_EQ(sessions.queued_bytes_most(2), 0u) << "it took each at once";
    EXPECT_EQ(sessions.queued_bytes_most(1), 2 * frame->size_bytes());
    sessions.written(1);
    flush();
    EXPECT_EQ(sessions.queued_bytes_most(1), 2 * frame->size_bytes()) << "a high-water mark";
    EXPECT_EQ(sessions.queued_bytes_most(), 2 * frame->size_bytes());
    sessions.closed(1);
    EXPECT_EQ(sessions.queued_bytes_most(1), 0u);
    EXPECT_EQ(sessions.queued_bytes_most(), 2 * frame->size_bytes());
}

TEST_F(SendQueues, CutOffWhoeverHasTooMuchWaitingAndNobodyElse) {
    auto& slow = sessions.open(1, "a");
    auto& quick = sessions.open(2, "b");
    const auto big = base::one_frame(std::string(600, 'x'));
    for (int i = 0; i < 4; ++i) {
        sessions.send(slow, big);
        sessions.send(quick, big);
        flush();
        sessions.written(2);
    }
    ASSERT_EQ(closes.size(), 1u);
    EXPECT_EQ(closes[0].session, 1u);
    EXPECT_EQ(sessions.find(1), nullptr);
    EXPECT_NE(sessions.any(1), nullptr) << "until its Closed";
    EXPECT_NE(sessions.find(2), nullptr);
}

TEST_F(SendQueues, TakeOneBatchOfAnySize) {
    auto& s = sessions.open(1, "a");
    sessions.send(s, base::one_frame(std::string(100'000, 'x')));
    EXPECT_EQ(flush().size(), 1u);
    EXPECT_THAT(closes, IsEmpty());
}

TEST_F(SendQueues, ShareOneBatchAmongAllWhoFollowARoom) {
    auto& a = sessions.open(1, "a");
    auto& b = sessions.open(2, "b");
    rooms.follow(a, "lobby", "");
    rooms.follow(b, "lobby", "");
    rooms.show(message("hello", 0), 0);
    rooms.show(message("again", 1), 0);
    rooms.seal();
    ASSERT_EQ(a.waiting.size(), 1u);
    EXPECT_EQ(a.waiting[0], b.waiting[0]);
    EXPECT_EQ(a.waiting[0]->count(), 2u);
}

TEST_F(SendQueues, MarkAsLateWhatBelongsAboveWhatWasShown) {
    auto& a = sessions.open(1, "a");
    rooms.follow(a, "lobby", message("newest before anybody came", 5).position());
    for (const int ms : {6, 4, 7, 7}) rooms.show(message("m", ms), 0);
    rooms.seal();
    std::vector<bool> late;
    for (std::size_t i = 0; i < 4; ++i)
        late.push_back(a.waiting[0]->at(i).find("\"late\":true") != std::string_view::npos);
    EXPECT_THAT(late, ElementsAre(false, true, false, false));
}

TEST_F(SendQueues, SendNothingToWhoLeftAndForgetRoomsThatNobodyFollows) {
    auto& a = sessions.open(1, "a");
    rooms.follow(a, "lobby", "");
    rooms.follow(a, "lobby", "");
    EXPECT_EQ(rooms.find("lobby")->followers.size(), 1u);
    rooms.show(message("unheard", 0), 0);
    rooms.unfollow(a, "lobby");
    EXPECT_EQ(rooms.find("lobby"), nullptr);
    EXPECT_THAT(flush(), IsEmpty());
    rooms.unfollow(a, "lobby");
    rooms.follow(a, "one", "");
    rooms.follow(a, "two", "");
    rooms.unfollow_all(a);
    EXPECT_EQ(rooms.find("one"), nullptr);
    EXPECT_THAT(a.rooms, IsEmpty());
}

TEST(TokenBucket, LetsTheRatePassAndTwiceAsManyAtOnce) {
    TokenBucket bucket;
    base::Time now{};
    int passed = 0;
    while (!bucket.take(10, now)) ++passed;
    EXPECT_EQ(passed, 20);
    EXPECT_EQ(bucket.take(10, now), std::chrono::milliseconds{100});
    for (int i = 0; i < 10; ++i) {
        now += std::chrono::milliseconds{100};
        EXPECT_FALSE(bucket.take(10, now));
        EXPECT_TRUE(bucket.take(10, now));
    }
    EXPECT_FALSE(TokenBucket{}.take(0, now)) << "no bound";
}

}  // namespace
}  // namespace davenport::node
