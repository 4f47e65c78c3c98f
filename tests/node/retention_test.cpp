#include "node/base/change.hpp"
#include "node/base/policy.hpp"
#include "tests/node/core_driver.hpp"

/// What is older than its room keeps is removed by the nodes themselves: never by a mistake that can be
/// waited for, and never by a clock that is wrong.
namespace davenport::node {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::int64_t day_ms = 86'400'000;

struct Keeps : CoreDriver, testing::Test {
    Keeps()
        : CoreDriver{[] {
              ChatConfig config;
              config.presence = false;
              return config;
          }()} {}

    void SetUp() override { start(); }

    // ---- the store, which is there all the time unless `away`

    /// What the node asks is answered; its writes are stored as they are.
    void serve() {
        for (bool some = true; some && !away;) {
            some = false;
            for (const auto& f : std::deque<OpenFetch>{fetches}) {
                if (f.stream || std::ranges::none_of(fetches, [&](const auto& o) { return o.id == f.id; }))
                    continue;
                some = reply(f) || some;
            }
        }
        persist_all();
    }
    bool reply(const OpenFetch& f) {
        const auto what = f.request.method + " " + f.request.target;
        const auto has = [&](std::string_view part) { return what.find(part) != std::string::npos; };
        base::HttpResponse answer{200, {}, {}};
        if (has("/_local/davenport")) {
            if (tells_time)
                answer.headers.emplace_back("Date", base::http_date(now().wall - wall_offset + store_offset));
            answer.body = R"({"_id":"_local/davenport","generation":"g1"})";
        } else if (has("feed=normal")) {
            answer.body = R"({"results":[],"last_seq":"1-a","pending":0})";
        } else if (has("PUT /chat/lobby")) {
            if (holds_writes) return false;
            answer.status = 201;
            answer.body = R"({"ok":true,"id":"x","rev":"1-x"})";
            const auto document = *base::parse_json(f.request.body);
            documents[base::text_member(document, "_id")] = base::write_json(document);
        } else if (has("_bulk_docs")) {
            if (holds_writes) return false;
            answer.status = 201;
            answer.body = store(f.request.body);
        } else if (has("POST /chat/_all_docs")) {
            answer.body = found(f.request.body);
        } else if (has("GET /chat") && f.request.target == "/chat") {
            answer.body = R"({"db_name":"chat","instance_start_time":"0","doc_count":0})";
        } else if (has("GET /chat/_all_docs")) {
            answer.body = R"({"rows":[]})";
        } else {
            ADD_FAILURE() << "nobody answers " << what;
            return false;
        }
        std::erase_if(fetches, [&](const OpenFetch& o) { return o.id == f.id; });
        handle(node::Fetched{f.id, std::move(answer)});
        return true;
    }
    std::string store(const std::string& body) {
        std::string rows;
        const auto request = base::parse_json(body);
        for (const auto& document : base::member(*request, "docs")->get_array()) {
            const auto id = base::text_member(document, "_id");
            documents[id] = base::write_json(document);
            written.push_back(id);
            rows += fmt::format(R"({}{{"ok":true,"id":"{}","rev":"2-b"}})", rows.empty() ? "" : ",", id);
        }
        return "[" + rows + "]";
    }
    /// The feed tells of what was written since.
    void tell_written() {
        for (; told < written.size(); ++told)
            stream("feed=continuous",
                   fmt::format(R"({{"seq":"{}-s","id":"{}","changes":[{{"rev":"2-b"}}],"doc":{}}})", ++seq_,
                               written[told], with_rev(written[told])) +
                       "\n");
    }
    std::string rev_of(const std::string& id) { return std::ranges::count(written, id) > 0 ? "2-b" : "1-x"; }
    std::string with_rev(const std::string& id) {
        auto document = *base::parse_json(documents.at(id));
        document.as_object()["_rev"] = rev_of(id);
        return base::write_json(document);
    }
    std::string found(const std::string& body) {
        std::string rows;
        const auto request = base::parse_json(body);
        for (const auto& key : base::member(*request, "keys")->get_array()) {
            const auto id = std::string{key.get_string()};
            if (!rows.empty()) rows += ',';
            if (!documents.contains(id)) {
                rows += fmt::format(R"({{"key":"{}","error":"not_found"}})", id);
                continue;
            }
            rows += fmt::format(R"({{"id":"{0}","key":"{0}","value":{{"rev":"{1}"}},"doc":{2}}})", id,
                                rev_of(id), with_rev(id));
        }
        return fmt::format(R"({{"rows":[{}]}})", rows);
    }
    void lives(base::Duration by) {
        serve();
        const base::Duration step = by < 1min ? 200ms : 1s;
        for (base::Duration passed{}; passed < by; passed += step) {
            advance(step);
            if (!away && asked("feed=continuous")) {
                stream("feed=continuous", "\n");
                tell_written();
            }
            serve();
        }
    }
    void store_goes() {
        away = true;
        fail_all();
    }

    // ---- what it has

    void room_keeps(std::int64_t days, std::string_view room = "lobby") {
        const auto id = fmt::format("davenport-room~{}", room);
        documents[id] = fmt::format(R"({{"_id":"{}","_rev":"{}-r","what":"room","retention_days":{}}})", id,
                                    ++seq_, days);
        stream("feed=continuous",
               fmt::format(R"({{"seq":"{0}-s","id":"{1}","changes":[{{"rev":"{0}-r"}}],"doc":{2}}})", seq_,
                           id, documents[id]) +
                   "\n");
        serve();
    }
    /// Said by bob at another node, so many days before the beginning.
    std::string said(std::int64_t days_ago, std::string_view text, std::string_view room = "lobby") {
        const auto message = others_message(-days_ago * day_ms, text, room);
        documents[std::string{message.id()}] = base::to_document(message);
        stream("feed=continuous", feed_row(fmt::format("{}-s", ++seq_), message));
        serve();
        return std::string{message.id()};
    }
    bool is_removed(const std::string& id) { return journal.find(id)->message.is_removed(); }

    std::map<std::string, std::string> documents;
    std::vector<std::string> written;
    std::size_t told = 0;
    base::Duration store_offset{};  ///< of its clock from the right time
    bool tells_time = true, away = false, holds_writes = false;
    int seq_ = 10;
};

TEST_F(Keeps, OnlyWhatIsOldIsRemovedAnHourAfterTheRoomWasToldTo) {
    lives(1s);
    open(1, "ann");
    join(1, "lobby");
    const auto old = said(40, "old"), older = said(400, "older"), fresh = said(20, "fresh");
    const auto elsewhere = said(400, "elsewhere", "garden");
    room_keeps(30);
    take(1);
    lives(59min);
    EXPECT_FALSE(is_removed(old)) << "whoever mistyped has an hour to mend it";
    lives(62min);
    EXPECT_TRUE(is_removed(old));
    EXPECT_TRUE(is_removed(older));
    EXPECT_FALSE(is_removed(fresh));
    EXPECT_FALSE(is_removed(elsewhere));
    EXPECT_EQ(journal.find(old)->message.text(), "");
    EXPECT_EQ(journal.find(old)->message.removed_by(), "retention");
    // The moment from which it was too old, so that all nodes write the same.
    EXPECT_EQ(base::unix_ms_of_change(journal.find(old)->message.removed()), epoch_ms - 10 * day_ms);
    EXPECT_THAT(written, testing::UnorderedElementsAre(old, older));
    EXPECT_THAT(documents.at(old), Not(HasSubstr("\"old\"")));
    EXPECT_EQ(take(1, "changed").size(), 2u);
    EXPECT_THAT(log, Contains(HasSubstr("removed 2 messages of the room lobby")));
    lives(3h);
    EXPECT_EQ(written.size(), 2u);
}

TEST_F(Keeps, AfterARestartOnceItHasCaughtUp) {
    lives(1s);
    const auto old = said(40, "old");
    room_keeps(30);
    crash_and_restart();
    EXPECT_FALSE(is_removed(old));
    lives(5s);
    EXPECT_TRUE(is_removed(old));
}

TEST_F(Keeps, ASettingThatIsTakenBackInTimeRemovesNothing) {
    lives(1s);
    const auto old = said(40, "old");
    room_keeps(3);
    lives(50min);
    room_keeps(365);
    lives(3h);
    EXPECT_FALSE(is_removed(old));
    room_keeps(30);
    lives(30min);
    room_keeps(0);
    lives(3h);
    EXPECT_FALSE(is_removed(old));
}

TEST_F(Keeps, WhatBecomesTooOldIsRemovedWithinTheHourAndWhatComesLateWithinTheDay) {
    lives(1s);
    room_keeps(30);
    crash_and_restart();
    lives(5s);
    const auto message = others_message(-30 * day_ms + 90 * 60'000, "an hour and a half to go");
    const std::string id{message.id()};
    documents[id] = base::to_document(message);
    stream("feed=continuous", feed_row("50-s", message));
    lives(80min);
    EXPECT_FALSE(is_removed(id));
    lives(80min);
    EXPECT_TRUE(is_removed(id));
    const auto late = said(300, "was long on its way");
    lives(25h);
    EXPECT_TRUE(is_removed(late));
}

TEST_F(Keeps, NothingIsRemovedByAClockThatTheStoreDoesNotConfirm) {
    for (const auto& [node, store, tells] : {std::tuple{base::Duration{8760h}, base::Duration{}, true},
                                             std::tuple{base::Duration{}, base::Duration{8760h}, true},
                                             std::tuple{base::Duration{}, base::Duration{}, false}}) {
        SCOPED_TRACE(node.count());
        wall_offset = store_offset = {};
        tells_time = true;
        lives(10s);
        const auto young = said(5, fmt::format("young {}", node.count()));
        const auto old = said(50, fmt::format("old {} {}", store.count(), tells));
        room_keeps(30);
        wall_offset = node;
        store_offset = store;
        tells_time = tells;
        log.clear();
        crash_and_restart();
        lives(3h);
        EXPECT_FALSE(is_removed(young));
        EXPECT_FALSE(is_removed(old));
        EXPECT_EQ(std::ranges::count_if(
                      log, [](const auto& line) { return line.starts_with("retention: nothing"); }),
                  1);
        wall_offset = store_offset = {};
        tells_time = true;
        lives(2h);
        EXPECT_TRUE(is_removed(old));
        EXPECT_FALSE(is_removed(young));
    }
}

TEST_F(Keeps, TheEarlierOfTwoClocksTellsTheAge) {
    constexpr std::int64_t past_ms = 5'000;
    for (const auto& [node, store] : {std::pair{base::Duration{}, base::Duration{-50s}},
                                      std::pair{base::Duration{-50s}, base::Duration{}}}) {
        SCOPED_TRACE(node.count());
        lives(1s);
        const auto at = base::unix_ms(now().wall) - epoch_ms;
        const auto message = others_message(at - 30 * day_ms - past_ms, fmt::format("{}", node.count()));
        documents[std::string{message.id()}] = base::to_document(message);
        stream("feed=continuous", feed_row(fmt::format("{}-s", ++seq_), message));
        room_keeps(30);
        wall_offset = node;
        store_offset = store;
        crash_and_restart();
        lives(10s);
        EXPECT_FALSE(is_removed(std::string{message.id()}));
        wall_offset = store_offset = {};
        crash_and_restart();
        lives(10s);
        EXPECT_TRUE(is_removed(std::string{message.id()}));
    }
}

TEST_F(Keeps, ClocksThatBothGoForwardAreBelievedADayLater) {
    lives(1s);
    const auto old = said(40, "old");
    room_keeps(30);
    crash_and_restart();
    lives(10s);
    EXPECT_TRUE(is_removed(old));
    const auto young = said(5, "young");
    wall_offset = store_offset = 8760h;
    lives(20h);
    EXPECT_FALSE(is_removed(young));
    EXPECT_THAT(log, Contains(HasSubstr("the clock went forward by more than a day")));
    wall_offset = store_offset = {};  // somebody has mended it
    lives(20h);
    EXPECT_FALSE(is_removed(young));
}

TEST_F(Keeps, ItWaitsWhileTheStoreIsAway) {
    lives(1s);
    const auto old = said(40, "old");
    room_keeps(30);
    store_goes();
    crash_and_restart();
    fail_all();
    for (int i = 0; i < 600; ++i) {
        advance(1s);
        fail_all();
        persist_all();
    }
    EXPECT_FALSE(is_removed(old));
    away = false;
    lives(2min);
    EXPECT_TRUE(is_removed(old));
    EXPECT_THAT(written, Contains(old));
}

/// Said long ago through this node, and the store would not take it: its text is here alone.
TEST_F(Keeps, WhatTheStoreDoesNotHaveStaysUntilItHasIt) {
    lives(1s);
    const auto message = base::make_message("lobby", "ann", {epoch_ms - 40 * day_ms, 0, {}}, "kept", "n1");
    const std::string id{message.id()};
    const auto stored = said(40, "old");
    room_keeps(30);
    persist_all();
    journal.commit({.entries = {{journal.state().last_arrival + 1, message, true, {}}}});
    holds_writes = true;
    crash_and_restart();
    lives(3h);
    EXPECT_TRUE(journal.find(stored)->message.is_removed()) << "the rest goes";
    EXPECT_FALSE(is_removed(id));
    EXPECT_EQ(journal.find(id)->message.text(), "kept");
    store_goes();
    fail_all();
    advance(10min);
    EXPECT_FALSE(is_removed(id));
    away = holds_writes = false;
    lives(10min);
    EXPECT_THAT(documents.at(id), HasSubstr("kept"));
    EXPECT_FALSE(is_removed(id)) << "the next look is at the next hour";
    lives(2h);
    EXPECT_TRUE(is_removed(id));
    EXPECT_THAT(documents.at(id), Not(HasSubstr("kept")));
}

TEST_F(Keeps, AModeratorsRemovalStaysHis) {
    lives(1s);
    const auto id = said(40, "old");
    const auto message = base::removed(journal.find(id)->message, {epoch_ms - 35 * day_ms, 0, {}}, "boss");
    documents[id] = base::to_document(message);
    stream("feed=continuous", feed_row("90-s", message));
    serve();
    room_keeps(30);
    crash_and_restart();
    lives(10s);
    EXPECT_EQ(journal.find(id)->message.removed_by(), "boss");
    EXPECT_THAT(documents.at(id), HasSubstr(R"("removed_by":"boss")"));
}

TEST_F(Keeps, ALongHistoryGoesInPiecesThatLeaveRoomForPeople) {
    lives(1s);
    std::string rows;
    for (int i = 0; i < 1500; ++i) {
        const auto message = others_message(-40 * day_ms + i, fmt::format("m{}", i));
        documents[std::string{message.id()}] = base::to_document(message);
        rows += feed_row(fmt::format("{}-s", ++seq_), message);
    }
    stream("feed=continuous", rows);
    serve();
    room_keeps(30);
    crash_and_restart();
    std::size_t most = 0;
    for (int i = 0; i < 200 && written.size() < 1500; ++i) {
        const auto before = written.size();
        lives(200ms);
        most = std::max(most, written.size() - before);
    }
    EXPECT_EQ(written.size(), 1500u);
    EXPECT_LE(most, 400u);
}

TEST_F(Keeps, ItWaitsForAStoreThatIsSlow) {
    lives(1s);
    std::string rows;
    for (int i = 0; i < 600; ++i) {
        const auto message = others_message(-40 * day_ms + i, fmt::format("m{}", i));
        documents[std::string{message.id()}] = base::to_document(message);
        rows += feed_row(fmt::format("{}-s", ++seq_), message);
    }
    stream("feed=continuous", rows);
    serve();
    room_keeps(30);
    crash_and_restart();
    holds_writes = true;
    lives(5s);
    const auto removed = std::ranges::count_if(documents, [&](const auto& document) {
        return !document.first.starts_with("davenport") && is_removed(document.first);
    });
    EXPECT_GT(removed, 0);
    EXPECT_LE(removed, 250);
    holds_writes = false;
    lives(30s);
    EXPECT_EQ(written.size(), 600u);
}

}  // namespace
}  // namespace davenport::node
