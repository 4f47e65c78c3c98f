#include "couchmock/faults/fault_injector.hpp"

#include <variant>

#include <gtest/gtest.h>

/// The injector before a store that is not the mock's: the conversation with it, word by word.
namespace davenport::couchmock {
namespace {

using namespace std::chrono_literals;

class FaultInjectorTest : public testing::Test {
protected:
    template <class T>
    static std::vector<T> all(const FaultInjectorEffects& effects) {
        std::vector<T> out;
        for (const auto& effect : effects)
            if (const auto* one = std::get_if<T>(&effect)) out.push_back(*one);
        return out;
    }
    FaultInjectorEffects request(ExchangeId id, std::string method, std::string target,
                                 std::string body = {}) {
        return injector.handle(
            Requested{id, {std::move(method), std::move(target), {}, std::move(body)}, "c"}, now);
    }
    void fault(std::string rule) {
        const auto effects = request(++control, "POST", "/_mock/faults", std::move(rule));
        ASSERT_EQ(all<Respond>(effects).at(0).response.status, 201)
            << all<Respond>(effects).at(0).response.body;
    }
    /// Opens a feed at the store; the number that the injector gave it there.
    ExchangeId open_feed(ExchangeId id) {
        const auto forward = all<Forward>(request(id, "GET", "/db/_changes?feed=continuous&since=0")).at(0);
        EXPECT_EQ(all<RespondHead>(injector.on_backend(RespondHead{forward.exchange, 200, {}}, now)).size(),
                  1u);
        return forward.exchange;
    }
    static std::string row(int n) {
        return "{\"seq\":\"" + std::to_string(n) + "-s\",\"id\":\"d" + std::to_string(n) +
               "\",\"changes\":[{\"rev\":\"1-a\"}]}\n";
    }

    FaultInjector injector{FaultInjectorConfig{.seed = 1, .owns_store = false}};
    base::Now now{base::Time{1s}, {}};
    ExchangeId control = 1'000'000;
};

TEST_F(FaultInjectorTest, PassesARequestAndItsAnswerThrough) {
    const auto forward = all<Forward>(request(7, "PUT", "/db/a", "{}")).at(0);
    EXPECT_EQ(forward.request.target, "/db/a");
    const auto answer =
        all<Respond>(injector.on_backend(Respond{forward.exchange, {201, {}, "x"}}, now)).at(0);
    EXPECT_EQ(answer.exchange, 7u);
    EXPECT_EQ(answer.response.status, 201);
}

TEST_F(FaultInjectorTest, AsksTheStoreForMoreOnlyWhenTheClientTookThePieceBefore) {
    const auto forward = all<Forward>(request(7, "GET", "/db/_all_docs")).at(0);
    static_cast<void>(injector.on_backend(RespondHead{forward.exchange, 200, {}}, now));
    const auto first = injector.on_backend(RespondData{forward.exchange, "abc"}, now);
    EXPECT_EQ(all<RespondData>(first).size(), 1u);
    EXPECT_EQ(all<Continue>(first).size(), 0u);
    EXPECT_EQ(all<Continue>(injector.handle(Written{7}, now)).size(), 1u);
    static_cast<void>(injector.on_backend(RespondData{forward.exchange, "def"}, now));
    EXPECT_EQ(all<RespondEnd>(injector.on_backend(RespondEnd{forward.exchange}, now)).size(), 0u)
        << "def is not Written yet";
    EXPECT_EQ(all<RespondEnd>(injector.handle(Written{7}, now)).size(), 1u);
}

TEST_F(FaultInjectorTest, DatesTheAnswersOfAStoreWhoseClockIsSaidToBeWrong) {
    fault(R"({"fault":"store.clock_skew","offset_ms":3600000})");
    const auto forward = all<Forward>(request(7, "GET", "/db")).at(0);
    const auto answer =
        all<Respond>(
            injector.on_backend(
                Respond{forward.exchange, {200, {{"date", "Thu, 01 Jan 1970 00:00:00 GMT"}}, "{}"}}, now))
            .at(0);
    EXPECT_EQ(answer.response.headers, (base::Headers{{"Date", "Thu, 01 Jan 1970 01:00:00 GMT"}}));
}

TEST_F(FaultInjectorTest, PutsLinesTogetherThatTheStoreSentInPieces) {
    const auto feed = open_feed(7);
    const auto line = row(1);
    EXPECT_EQ(all<RespondData>(injector.on_backend(RespondData{feed, line.substr(0, 10)}, now)).size(), 0u);
    const auto rest = injector.on_backend(RespondData{feed, line.substr(10) + row(2).substr(0, 5)}, now);
    EXPECT_EQ(all<RespondData>(rest).at(0).bytes, line);
}

TEST_F(FaultInjectorTest, RewindsAFeedByAskingTheStoreAgain) {
    const auto feed = open_feed(7);
    static_cast<void>(injector.on_backend(RespondData{feed, row(1) + row(2) + row(3)}, now));
    static_cast<void>(injector.handle(Written{7}, now));
    const auto effects =
        request(++control, "POST", "/_mock/faults", R"({"name":"f","fault":"feed.rewind","rows":1})");
    ASSERT_EQ(all<AbandonForward>(effects).size(), 1u);
    EXPECT_EQ(all<AbandonForward>(effects)[0].exchange, feed);
    const auto again = all<Forward>(effects).at(0);
    EXPECT_NE(again.exchange, feed);
    EXPECT_EQ(again.request.target, "/db/_changes?since=2-s&feed=continuous");
    EXPECT_EQ(injector.on_backend(RespondData{feed, row(9)}, now).size(), 0u) << "the old answer is nobody's";
    EXPECT_EQ(injector.on_backend(RespondHead{again.exchange, 200, {}}, now).size(), 0u)
        << "the client has a head already";
    EXPECT_EQ(all<RespondData>(injector.on_backend(RespondData{again.exchange, row(3)}, now)).at(0).bytes,
              row(3));
}

TEST_F(FaultInjectorTest, HangsUpOnTheStoreWhenTheClientGoes) {
    const auto feed = open_feed(7);
    EXPECT_EQ(all<AbandonForward>(injector.handle(Abandoned{7}, now)).at(0).exchange, feed);
    EXPECT_TRUE(injector.on_backend(RespondData{feed, row(1)}, now).empty());
}

TEST_F(FaultInjectorTest, DownResetsEverybodyInOrderAndHangsUpOnTheStore) {
    for (ExchangeId id = 20; id > 10; --id) open_feed(id);
    const auto effects = request(++control, "POST", "/_mock/faults", R"({"fault":"store.down"})");
    const auto resets = all<Reset>(effects);
    ASSERT_EQ(resets.size(), 10u);
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(resets[i].exchange, 11 + i);
    EXPECT_EQ(all<AbandonForward>(effects).size(), 10u);
}

TEST_F(FaultInjectorTest, AStoreThatCannotBeReachedIsAReset) {
    const auto forward = all<Forward>(request(7, "GET", "/db")).at(0);
    EXPECT_EQ(all<Reset>(injector.on_backend(Reset{forward.exchange, {}}, now)).at(0).exchange, 7u);
}

TEST_F(FaultInjectorTest, SaysThatItHasNoSayOverAnothersMemory) {
    for (const auto* body :
         {R"({"fault":"store.wipe"})", R"({"fault":"store.amnesia"})", R"({"fault":"store.failover"})"})
        EXPECT_EQ(all<Respond>(request(++control, "POST", "/_mock/faults", body)).at(0).response.status, 501);
    EXPECT_EQ(all<Respond>(request(++control, "GET", "/_mock/state")).at(0).response.status, 501);
    fault(R"({"fault":"store.crash"})");
}

TEST_F(FaultInjectorTest, PartialBulksReachTheStoreShortened) {
    fault(R"({"fault":"store.partial_bulk","rows":1})");
    const auto forward = all<Forward>(request(7, "POST", "/db/_bulk_docs",
                                              R"({"docs":[{"_id":"a"},{"_id":"b"}],"new_edits":true})"))
                             .at(0);
    EXPECT_EQ(forward.request.body, R"({"docs":[{"_id":"a"}],"new_edits":true})");
    EXPECT_EQ(all<Reset>(injector.on_backend(Respond{forward.exchange, {201, {}, "[]"}}, now)).size(), 1u);
}

}  // namespace
}  // namespace davenport::couchmock
