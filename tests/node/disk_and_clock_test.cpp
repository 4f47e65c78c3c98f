#include "node/core/store/clock_check.hpp"
#include "tests/node/core_driver.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport {

/// What a node does on a full disk, with a journal that somebody removed, and with a clock that is wrong.
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct TroubleTest : CoreDriver, testing::Test {
    TroubleTest() {
        start();
        store_up();
    }
    void request(node::ExchangeId exchange, std::string method, std::string target, std::string body = {},
                 base::Headers headers = {}) {
        headers.emplace_back("Content-Type", "application/json");
        handle(node::Requested{exchange,
                               {std::move(method), std::move(target), std::move(headers), std::move(body)},
                               "10.0.0.1"});
    }
    void post_by_http(node::ExchangeId exchange, const std::string& key = {}) {
        base::Headers headers;
        if (!key.empty()) headers.emplace_back("Idempotency-Key", key);
        request(exchange, "POST", "/api/rooms/lobby/messages", R"({"user":"ann","text":"hello"})", headers);
    }
    std::string ready() {
        responses.erase(1);
        request(1, "GET", "/readyz");
        return std::to_string(responses.at(1).status) + " " + responses.at(1).body;
    }
};

TEST_F(TroubleTest, EveryPostIsAnsweredOnAFullDisk) {
    open(5, "bob");
    take(5);
    const auto key = next_key();
    post_by_http(10, key);
    post(5, "lobby", "by a frame");
    post_by_http(11);
    fail_persist();
    EXPECT_EQ(responses.at(10).status, 503);
    EXPECT_EQ(responses.at(11).status, 503);
    EXPECT_NE(base::header(responses.at(10).headers, "Retry-After"), "");
    EXPECT_THAT(heard(5), ElementsAre("refused not_now"));
    post_by_http(12);
    EXPECT_EQ(responses.at(12).status, 503);
    responses.erase(10);
    post_by_http(10, key);
    EXPECT_EQ(responses.at(10).status, 503) << "a repeat does not wait either";
    EXPECT_THAT(ready(), AllOf(HasSubstr("503"), HasSubstr("read-only"), HasSubstr("unwritable")));
    request(13, "GET", "/api/rooms/lobby/messages");
    EXPECT_EQ(responses.at(13).status, 200) << "reading goes on";
    join(5, "lobby");
    EXPECT_THAT(heard(5), Contains("joined"));

    advance(1s);
    persist();
    persist_all();
    EXPECT_THAT(ready(), HasSubstr("200"));
    EXPECT_THAT(log, Contains(HasSubstr("cannot write (No space left on device)")));
    EXPECT_THAT(log, Contains(HasSubstr("it can be written again")));
    responses.erase(10);
    post_by_http(10, key);
    persist_all();
    EXPECT_EQ(responses.at(10).status, 202) << "the same post is accepted now";
    EXPECT_EQ(journal.size(), 3u) << "once, and with it what was on its way";
}

TEST_F(TroubleTest, ANodeEndsOnAFullDiskInTime) {
    post_by_http(10);
    fail_persist();
    advance(1s);
    ASSERT_TRUE(persisting());
    handle(node::Drain{});
    for (int second = 0; second < 4 && !drained; ++second) {
        if (persisting()) fail_persist();
        advance(1s);
    }
    EXPECT_TRUE(drained);
}

TEST_F(TroubleTest, ANodeEndsInTimeThoughTheDiskNeverAnswers) {
    post_by_http(10);
    handle(node::Drain{});
    advance(4s);
    EXPECT_FALSE(drained) << "it may be only slow";
    advance(5s);
    EXPECT_TRUE(drained);
    EXPECT_EQ(responses.at(10).status, 503);
}

TEST_F(TroubleTest, AJournalThatWasRemovedTakesNoPosts) {
    handle(node::JournalWatched{"the file x was removed while the node runs"});
    EXPECT_THAT(log, Contains(HasSubstr("was removed")));
    EXPECT_THAT(ready(), HasSubstr("503"));
    post_by_http(10);
    EXPECT_EQ(responses.at(10).status, 503);
    handle(node::JournalWatched{""});
    EXPECT_THAT(ready(), HasSubstr("200"));
    post_by_http(11);
    persist_all();
    EXPECT_EQ(responses.at(11).status, 202);
}

// ---- the clock

struct ClockTest : TroubleTest {
    /// The store answers its next probe; its clock is right, this node's is `ahead`.
    void probe(base::Duration ahead) {
        for (int i = 0; i < 10 && !asked("GET /chat/_local/davenport"); ++i) {
            advance(1s);
            if (asked("feed=continuous")) stream("feed=continuous", "\n");
        }
        wall_offset = ahead;
        const auto* asked = fetch("GET /chat/_local/davenport");
        ASSERT_TRUE(asked) << asked_for();
        const auto id = asked->id;
        std::erase_if(fetches, [&](const OpenFetch& f) { return f.id == id; });
        handle(node::Fetched{
            id, {200, {{"Date", base::http_date(now().wall - ahead)}}, R"({"generation":"g1"})"}});
    }
};

TEST_F(ClockTest, ThatIsFarOffTheStoresIsTold) {
    open(5, "ann");
    take(5);
    for (const auto ahead : {base::Duration{10min}, base::Duration{-10min}, base::Duration{33s}}) {
        SCOPED_TRACE(ahead.count());
        log.clear();
        probe(ahead);
        EXPECT_THAT(ready(), HasSubstr("200")) << "one answer may have been on its way for long";
        probe(ahead);
        EXPECT_THAT(ready(), AllOf(HasSubstr("503"), HasSubstr("clock-off"), HasSubstr("clock_ahead_ms")));
        EXPECT_EQ(log.size(), 1u);
        const auto told = take(5, "store");
        ASSERT_EQ(told.size(), 1u);
        EXPECT_NEAR(static_cast<double>(base::int_member(told[0], "clock_ahead_ms").value_or(0)),
                    static_cast<double>(ahead.count()) / 1000, 1000);
        probe(ahead);
        EXPECT_EQ(log.size(), 1u) << "said once";
        probe(0s);
        EXPECT_THAT(ready(), HasSubstr("200"));
        EXPECT_EQ(log.size(), 2u);
        take(5);
    }
}

TEST_F(ClockTest, ThatIsALittleOffIsNotTold) {
    for (const auto ahead : {0s, 20s, -20s, 29s, -29s})
        for (int i = 0; i < 3; ++i) probe(ahead);
    EXPECT_THAT(ready(), HasSubstr("200"));
    EXPECT_THAT(log, IsEmpty());
}

TEST(HttpDate, IsReadAsItIsWritten) {
    const auto wall = base::wall_from_unix_ms(1'795'978'765'000);
    EXPECT_EQ(node::read_http_date(base::http_date(wall)), wall);
    for (const auto* bad : {"", "now", "Mon, 23 Nov 2026 18:59:25 CET", "Mon, 32 Nov 2026 18:59:25 GMT",
                            "Mon, 23 Nox 2026 18:59:25 GMT"})
        EXPECT_FALSE(node::read_http_date(bad)) << bad;
}

// ---- names and frames

TEST_F(TroubleTest, ANameThatIsNoGoodIsRefusedAtHelloInWordsThatHelp) {
    open(5, "ann");
    take(5);
    say(5, R"({"t":"hello","user":"​"})");
    auto told = take(5, "refused");
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(base::string_member(told[0], "code"), "bad_name");
    say(5, R"({"t":"hello","user":")" + std::string(65, 'x') + "\"}");
    told = take(5, "refused");
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(base::int_member(told[0], "max"), 64);
    join(5, "lobby");
    post(5, "lobby", "as before");
    persist_all();
    EXPECT_EQ(base::string_member(take(5, "message").at(0), "user"), "ann");
    say(5, R"({"t":"hello","user":"  Ａnn  Bee "})");
    post(5, "lobby", "under the prepared name");
    persist_all();
    EXPECT_EQ(base::string_member(take(5, "message").at(0), "user"), "Ann Bee");
    request(9, "POST", "/api/rooms/lobby/messages", R"({"user":"ㅤ","text":"x"})");
    EXPECT_EQ(responses.at(9).status, 400);
}

struct FrameRate : CoreDriver, testing::Test {
    FrameRate()
        : CoreDriver{[] {
              node::ChatConfig config;
              config.frames_per_second_max = 10;
              return config;
          }()} {
        start();
        store_up();
    }
};

TEST_F(FrameRate, IsBoundedForAllFramesOfAConnection) {
    open(1, "ann");
    open(2, "bob");
    take(1);
    take(2);
    for (int i = 0; i < 100; ++i) say(1, R"({"t":"history","room":"lobby"})");
    post(1, "lobby", "too many");
    const auto told = heard(1);
    EXPECT_EQ(std::ranges::count(told, "page"), 19) << "twice as many at once, and the hello was one";
    EXPECT_EQ(std::ranges::count(told, "error"), 81);
    EXPECT_THAT(told, Contains("refused too_fast"));
    say(2, R"({"t":"ping"})");
    EXPECT_THAT(heard(2), ElementsAre("pong"));
    advance(2s);
    say(1, R"({"t":"ping"})");
    EXPECT_THAT(heard(1), ElementsAre("pong"));
}

}  // namespace

}  // namespace davenport
