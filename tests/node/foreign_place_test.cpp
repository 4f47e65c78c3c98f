#include "node/base/message_id.hpp"
#include "tests/node/core_driver.hpp"

#include <fmt/format.h>

/// Where documents stand that somebody else wrote: at the same place at every node, whenever it reads them.
namespace davenport::node {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

std::string foreign_row(std::string_view seq, std::string_view id, std::string_view datetime) {
    return fmt::format(
        R"({{"seq":"{}","id":"{}","changes":[{{"rev":"1-x"}}],"doc":{{"_id":"{}","_rev":"1-x","user":"cron","msg":"by {}"{}}}}})"
        "\n",
        seq, id, id, id, datetime.empty() ? "" : fmt::format(R"(,"datetime":"{}")", datetime));
}

struct ForeignPlace : CoreDriver, testing::Test {
    void SetUp() override {
        start();
        store_up();
        open(1, "ann");
        join(1, "lobby");
        take(1);
    }
    /// The store's word on places: those that it has, by id.
    void places(std::map<std::string, std::int64_t> known) {
        const auto* ask = fetch("_all_docs?include_docs=true");
        ASSERT_TRUE(ask) << asked_for();
        const auto body = base::parse_json(ask->request.body);
        std::string rows;
        for (const auto& key : base::member(*body, "keys")->get_array()) {
            const std::string id{key.get_string()};
            const auto found = known.find(id.substr(std::string_view{"davenport-place:"}.size()));
            rows +=
                (rows.empty() ? "" : ",") +
                (found == known.end()
                     ? fmt::format(R"({{"key":"{}","error":"not_found"}})", id)
                     : fmt::format(
                           R"({{"id":"{0}","key":"{0}","value":{{"rev":"1-a"}},"doc":{{"_id":"{0}","v":1,"at":{1}}}}})",
                           id, found->second));
        }
        answer("_all_docs?include_docs=true", 200, fmt::format(R"({{"rows":[{}]}})", rows));
    }
    std::int64_t place_told(std::string_view id) {
        for (const auto& frame : take(1, "message"))
            if (base::string_member(frame, "id") == id)
                return base::parse_message_id("x:" + base::text_member(frame, "pos"))->unix_ms;
        return -1;
    }
};

TEST_F(ForeignPlace, WithoutATimeStandsWhereTheFirstNodeWroteDownThatItSawIt) {
    for (const auto* datetime : {"", "noon", "2099-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
        SCOPED_TRACE(datetime);
        const auto id = fmt::format("cron-{}", datetime).substr(0, 9);
        const auto before = epoch_ms + now().time.time_since_epoch().count() / 1000;
        stream("feed=continuous", foreign_row("5-s", id, datetime));
        EXPECT_EQ(place_told(id), -1) << "not before it has a place";
        places({});
        const auto* bulk = fetch("_bulk_docs");
        ASSERT_TRUE(bulk) << asked_for();
        EXPECT_THAT(bulk->request.body,
                    HasSubstr(fmt::format("\"davenport-place:{}\",\"v\":1,\"at\":{}", id, before)));
        answer("_bulk_docs", 201,
               fmt::format(R"([{{"ok":true,"id":"davenport-place:{}","rev":"1-a"}}])", id));
        places({{id, before}});
        EXPECT_EQ(place_told(id), before);
        persist_all();
    }
}

TEST_F(ForeignPlace, OneThatComesWhileAnothersPlaceIsWrittenGetsItsOwn) {
    stream("feed=continuous", foreign_row("5-s", "first", ""));
    places({});
    stream("feed=continuous", foreign_row("6-s", "second", "noon"));
    const auto bulk = answer("_bulk_docs", 201, R"([{"ok":true,"id":"davenport-place:first","rev":"1-a"}])");
    EXPECT_THAT(bulk.body, testing::Not(HasSubstr("second")));
    places({{"first", epoch_ms + 1}});
    EXPECT_EQ(place_told("first"), epoch_ms + 1);
    EXPECT_EQ(place_told("second"), -1) << "not before it has a place";
    places({});
    answer("_bulk_docs", 201, R"([{"ok":true,"id":"davenport-place:second","rev":"1-a"}])");
    places({{"second", epoch_ms + 2}});
    EXPECT_EQ(place_told("second"), epoch_ms + 2);
}

TEST_F(ForeignPlace, AnIdThatIsDatedFarAheadIsNotBelieved) {
    for (const auto year : {2030, 2099, 9999}) {
        const auto ms = epoch_ms + (year - 2027) * std::int64_t{366} * 24 * 3600 * 1000;
        const auto id = "lobby:" + base::make_foreign_letters(std::min(ms, (std::int64_t{1} << 48) - 1), "x");
        stream("feed=continuous", foreign_row(fmt::format("{}-s", year), id, "2027-01-15T08:00:00Z"));
        EXPECT_EQ(place_told(id), -1) << "not before it has a place";
        places({{id, epoch_ms + year}});
        EXPECT_EQ(place_told(id), epoch_ms + year);
        persist_all();
    }
    // Clocks go wrong by minutes and days: that is told of, and the id counts.
    const auto id = "lobby:" + base::make_foreign_letters(epoch_ms + 86'400'000, "x");
    stream("feed=continuous", foreign_row("9-s", id, ""));
    EXPECT_EQ(place_told(id), epoch_ms + 86'400'000);
}

TEST_F(ForeignPlace, AnotherNodesWordCountsWhenItWasFirst) {
    stream("feed=continuous", foreign_row("5-s", "cron", ""));
    places({});
    answer("_bulk_docs", 201,
           R"([{"id":"davenport-place:cron","error":"conflict","reason":"Document update conflict."}])");
    places({{"cron", epoch_ms - 777}});
    EXPECT_EQ(place_told("cron"), epoch_ms - 777);
}

TEST_F(ForeignPlace, ANodeThatStartsLaterReadsIt) {
    CoreDriver later{{}, "u-2"};
    later.start();
    later.advance(3600s);
    later.answer("_local/davenport", 200, R"({"generation":"g1"})");
    later.answer(
        "feed=normal", 200,
        feed_page({foreign_row("5-s", "cron", ""), foreign_row("6-s", "hour-ahead", "2027-01-15T08:50:00Z")},
                  "6-s"));
    const auto* ask = later.fetch("_all_docs?include_docs=true");
    ASSERT_TRUE(ask) << later.asked_for();
    EXPECT_THAT(ask->request.body, HasSubstr("davenport-place:hour-ahead"))
        << "its time had not come when it was seen";
    later.answer(
        "_all_docs?include_docs=true", 200,
        R"({"rows":[{"id":"davenport-place:cron","key":"davenport-place:cron","doc":{"at":1800000000005}},)"
        R"({"id":"davenport-place:hour-ahead","key":"davenport-place:hour-ahead","doc":{"at":1800000000006}}]})");
    later.persist_all();
    const auto page = later.journal.page("lobby", {}, 10);
    ASSERT_EQ(page.size(), 2u);
    EXPECT_EQ(base::parse_message_id("x:" + std::string{page[1].message.position()})->unix_ms, 1800000000005);
    EXPECT_EQ(base::parse_message_id("x:" + std::string{page[0].message.position()})->unix_ms, 1800000000006);
}

TEST_F(ForeignPlace, AnOldOneThatNobodyPlacedStandsAfterItsNeighbour) {
    CoreDriver later{{}, "u-2"};
    later.start();
    later.advance(3600s);
    later.answer("_local/davenport", 200, R"({"generation":"g1"})");
    later.answer(
        "feed=normal", 200,
        feed_page({feed_row("4-s", others_message(42, "before")), foreign_row("5-s", "cron", "")}, "5-s"));
    later.answer("_all_docs?include_docs=true", 200,
                 R"({"rows":[{"key":"davenport-place:cron","error":"not_found"}]})");
    EXPECT_THAT(later.fetch("_bulk_docs")->request.body, HasSubstr(fmt::format("\"at\":{}", epoch_ms + 42)));
}

TEST_F(ForeignPlace, WithATimeThatCanBeBelievedNeedsNobodysWord) {
    stream("feed=continuous", foreign_row("5-s", "eve", "2027-01-15 07:59:00"));
    EXPECT_EQ(place_told("eve"), epoch_ms - 60'000);
    EXPECT_FALSE(asked("_all_docs?include_docs=true"));
}

TEST_F(ForeignPlace, TheCheckpointWaitsForIt) {
    stream("feed=continuous", foreign_row("5-s", "cron", ""));
    stream("feed=continuous", feed_row("6-s", others_message(9, "next")));
    persist_all();
    advance(2s);
    persist_all();
    const auto checkpoint = journal.state().checkpoint;
    EXPECT_TRUE(!checkpoint || checkpoint->place == "1-a") << checkpoint->place;
    places({{"cron", epoch_ms}});
    persist_all();
    advance(2s);
    persist_all();
    EXPECT_EQ(journal.state().checkpoint->place, "6-s");
}

TEST_F(ForeignPlace, AStoreThatTakesNoPlacesPutsItAtTheBeginningForAll) {
    stream("feed=continuous", foreign_row("5-s", "cron", ""));
    places({});
    answer("_bulk_docs", 403, R"({"error":"forbidden","reason":"read only"})");
    places({});
    EXPECT_EQ(place_told("cron"), 0);
}

}  // namespace
}  // namespace davenport::node
