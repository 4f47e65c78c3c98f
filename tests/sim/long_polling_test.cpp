#include "sim/client/client_core.hpp"
#include "sim/client/timers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// A simulated client without a WebSocket: what it asks, and what it makes of the answers.
namespace davenport::sim::client {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LongPollingTest : public testing::Test {
protected:
    LongPollingTest() {
        Config config;
        config.name = "c1";
        config.node = "n1";
        config.rooms = {"r1"};
        config.start = now.time;
        config.polling = true;
        core.emplace(std::move(config));
        take(core->start(now));
    }
    void tell(const Event& event) { take(core->handle(event, now)); }
    void take(Effects effects) {
        for (auto& effect : effects) {
            if (auto* ask = std::get_if<Ask>(&effect)) asked.push_back(std::move(*ask));
            if (auto* note = std::get_if<Note>(&effect)) noted.push_back(std::move(note->record));
            EXPECT_FALSE(std::holds_alternative<Send>(effect) || std::holds_alternative<Connect>(effect))
                << "it has no WebSocket";
        }
    }
    /// Answers the oldest request whose "METHOD target" begins so; gives it.
    Ask answer(const std::string& begin, int status, std::string body, base::Headers headers = {}) {
        return end(begin, {0, {}, {status, std::move(headers), std::move(body)}});
    }
    Ask end(const std::string& begin, Answered answered) {
        const auto found = std::ranges::find_if(
            asked, [&](const Ask& a) { return (a.http.method + ' ' + a.http.target).starts_with(begin); });
        if (found == asked.end()) {
            ADD_FAILURE() << "not asked: " << begin;
            return {};
        }
        auto out = *found;
        asked.erase(found);
        answered.request = out.request;
        tell(answered);
        return out;
    }
    void join() {
        answer("GET /readyz", 200, "{}");
        answer(poll, 200, R"({"room":"r1","messages":[],"next":"3.abc"})");
    }
    std::vector<RecordKind> seen() {
        std::vector<RecordKind> out;
        for (const auto& record : std::exchange(noted, {})) out.push_back(record.kind);
        return out;
    }

    static constexpr const char* poll = "GET /api/rooms/r1/poll";
    static constexpr const char* post = "POST /api/rooms/r1/messages";
    static constexpr const char* message =
        R"({"t":"message","id":"r1:1","pos":"1","room":"r1","user":"c2","text":"x","n":4})";
    base::Now now{base::Time{1s}, {}};
    std::optional<ClientCore> core;
    std::vector<Ask> asked;
    std::vector<Record> noted;
};

TEST_F(LongPollingTest, WhoIsPutOutPollsAgainOnceItAsks) {
    join();
    answer(poll, 403, R"({"error":"not_a_member","reason":"this room is for its members"})");
    EXPECT_THAT(seen(), ElementsAre(RecordKind::connected, RecordKind::joined, RecordKind::put_out));
    EXPECT_THAT(asked, IsEmpty());
    tell(TimerFired{timers::rejoin});
    EXPECT_THAT(answer(poll, 200, R"({"room":"r1","messages":[],"next":"4.def"})").http.target,
                HasSubstr("after=3.abc"));
    EXPECT_THAT(seen(), ElementsAre(RecordKind::joined));
    EXPECT_TRUE(core->settled());
}

TEST_F(LongPollingTest, GoesOnWhereTheLastPollEndedAndDropsWhatItHas) {
    EXPECT_FALSE(core->settled());
    join();
    EXPECT_THAT(seen(), ElementsAre(RecordKind::connected, RecordKind::joined));
    EXPECT_TRUE(core->settled());
    const auto body = std::string{R"({"room":"r1","messages":[)"} + message + R"(],"next":"4.def"})";
    EXPECT_THAT(answer(poll, 200, body).http.target, HasSubstr("after=3.abc"));
    EXPECT_THAT(seen(), SizeIs(1));
    EXPECT_THAT(answer(poll, 200, body).http.target, HasSubstr("after=4.def"));
    EXPECT_THAT(seen(), IsEmpty()) << "a poll may tell a message again";
}

TEST_F(LongPollingTest, TakesItsPlaceAlongWhenItsNodeIsGone) {
    join();
    end(poll, {0, "connection reset", {}});
    EXPECT_FALSE(core->connected());
    tell(Hop{"n2"});
    tell(TimerFired{1});
    EXPECT_EQ(answer("GET /readyz", 200, "{}").node, "n2");
    const auto again = answer(poll, 200, R"({"room":"r1","messages":[],"next":"9.x","gap":true})");
    EXPECT_THAT(again.http.target, HasSubstr("after=3.abc"));
    EXPECT_FALSE(core->settled()) << "with a gap";
    answer(poll, 200, R"({"room":"r1","messages":[],"next":"9.y"})");
    EXPECT_TRUE(core->settled());
    EXPECT_THAT(seen(), ElementsAre(RecordKind::connected, RecordKind::joined, RecordKind::disconnected,
                                    RecordKind::connected, RecordKind::joined, RecordKind::gap_closed));
}

TEST_F(LongPollingTest, HearsNothingOfWhatItAskedBeforeItLeft) {
    join();
    const auto old = asked.front().request;
    tell(Vanish{1s});
    seen();
    tell(Answered{
        old, {}, {200, {}, std::string{R"({"room":"r1","messages":[)"} + message + R"(],"next":"4.def"})"}});
    EXPECT_THAT(seen(), IsEmpty());
}

TEST_F(LongPollingTest, PostsOneAfterTheOtherAndAsksUntilItIsStored) {
    join();
    seen();
    tell(Post{"r1", 20, now.time});
    tell(Post{"r1", 20, now.time});
    EXPECT_THAT(seen(), ElementsAre(RecordKind::send, RecordKind::send));
    const auto first = answer(post, 202, R"({"state":"accepted","key":"k","id":"r1:7"})");
    EXPECT_THAT(first.http.body, HasSubstr(R"({"user":"c1","text":"c1-1 )"));
    EXPECT_THAT(answer(post, 201, R"({"state":"stored","key":"k","id":"r1:8"})").http.body,
                HasSubstr("c1-2 "));
    EXPECT_THAT(seen(), ElementsAre(RecordKind::accepted, RecordKind::stored));
    EXPECT_FALSE(core->settled()) << "of the first it knows only that it is accepted";
    tell(TimerFired{3});
    answer(post, 202, "{}");
    tell(TimerFired{3});
    const auto repeat = answer(post, 201, R"({"state":"stored","key":"k","id":"r1:7"})");
    EXPECT_EQ(repeat.http.headers, first.http.headers) << "with its key";
    EXPECT_THAT(seen(), ElementsAre(RecordKind::stored));
    EXPECT_TRUE(core->settled());
}

TEST_F(LongPollingTest, KnowsARefusalForNowFromOneForGood) {
    join();
    tell(Post{"r1", 20, now.time});
    answer(post, 503, R"({"error":"full","reason":"later"})", {{"Retry-After", "1"}});
    EXPECT_FALSE(core->settled()) << "it is to be said once more";
    now.time += 5s;
    tell(TimerFired{2});
    answer(post, 400, R"({"error":"too_long","reason":"never"})");
    EXPECT_TRUE(core->settled());
}

}  // namespace
}  // namespace davenport::sim::client
