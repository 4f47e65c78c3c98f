#include "node/base/http.hpp"
#include "node/core/clients/cursor.hpp"
#include "tests/node/core_driver.hpp"

#include <fmt/format.h>

/// A journal that goes back: a copy that is put back, a snapshot of the machine, a clone.
namespace davenport::node {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

struct Rollback : CoreDriver, testing::Test {
    void SetUp() override {
        start();
        store_up();
        come(1);
    }
    void come(SessionId session) {
        open(session, fmt::format("user-{}", session));
        join(session, "lobby");
        keep_place(session);
    }
    void keep_place(SessionId session) {
        for (const auto& frame : take(session)) {
            if (const auto given = base::string_member(frame, "cursor")) cursor = *given;
            n = std::max(n, static_cast<std::uint64_t>(base::int_member(frame, "n").value_or(0)));
        }
    }
    void others_say(int from, int to) {
        for (int i = from; i < to; ++i) {
            stream("feed=continuous", feed_row(fmt::format("{}-s", 10 + i), others_message(i, text_of(i))));
            persist_all();
        }
    }
    static std::string text_of(int i) { return fmt::format("m{}", i); }
    /// The copy is put back while the node is down.
    void put_back(const sim::virtual_world::ModelJournal& copy) {
        journal = copy;
        crash_and_restart();
    }
    /// The node reads on from where its journal says, `rows` of it.
    void catch_up(int from, int to) {
        answer("_local/davenport", 200, R"({"generation":"g1"})");
        std::vector<std::string> rows;
        for (int i = from; i < to; ++i)
            rows.push_back(feed_row(fmt::format("{}-s", 10 + i), others_message(i, text_of(i))));
        answer("feed=normal", 200, feed_page(rows, fmt::format("{}-s", 9 + to)));
        persist_all();
        stream("feed=continuous", "\n");
        if (asked("POST /chat/_all_docs")) has_all();
    }
    std::vector<std::string> expected(int from, int to) {
        std::vector<std::string> out;
        for (int i = from; i < to; ++i) out.push_back("message " + text_of(i));
        return out;
    }
    /// What a client that comes back is told: the store's answer for it holds `from` to `to`.
    void resume(SessionId session) {
        open(session, "back");
        take(session);
        join(session, "lobby", cursor, n);
    }

    std::string cursor;
    std::uint64_t n = 0;
};

TEST_F(Rollback, AClientThatSawMoreThanTheJournalHasIsToldAllFromTheStore) {
    others_say(0, 10);
    const auto copy = journal;
    others_say(10, 20);
    keep_place(1);
    put_back(copy);
    catch_up(10, 45);  // beyond where the client was
    resume(2);
    ASSERT_TRUE(asked("limit=500&since=")) << asked_for();
    std::vector<std::string> rows;
    for (int i = 20; i < 45; ++i)
        rows.push_back(feed_row(fmt::format("{}-s", 10 + i), others_message(i, text_of(i))));
    answer("feed=normal", 200, feed_page(rows, "54-s"));
    advance(200ms);
    if (asked("_local/davenport")) answer("_local/davenport", 200, R"({"generation":"g1"})");
    auto lines = heard(2);
    for (const auto& line : expected(20, 45)) EXPECT_THAT(lines, Contains(HasSubstr(line)));
    EXPECT_THAT(lines, Contains("joined"));
}

TEST_F(Rollback, IsToldAsAGapWhileTheStoreIsAway) {
    others_say(0, 10);
    const auto copy = journal;
    others_say(10, 20);
    keep_place(1);
    put_back(copy);
    open(5, "ann");
    for (int i = 0; i < 25; ++i) post(5, "lobby", fmt::format("new {}", i));  // the numbers are given again
    persist_all();
    fail_all();
    resume(2);
    const auto lines = heard(2);
    EXPECT_THAT(lines, Contains("joined gap"));
    for (int i = 0; i < 25; ++i) EXPECT_THAT(lines, Contains(HasSubstr(fmt::format("message new {}", i))));
}

TEST_F(Rollback, ARestartAloneIsNone) {
    others_say(0, 10);
    keep_place(1);
    others_say(10, 20);
    crash_and_restart();
    resume(2);
    EXPECT_THAT(heard(2), ElementsAre("message m9", "message m10", "message m11", "message m12",
                                      "message m13", "message m14", "message m15", "message m16",
                                      "message m17", "message m18", "message m19", "joined"));
}

TEST_F(Rollback, ASnapshotOfTheRunningProcessIsKnownByWhatStandsAtTheNumber) {
    others_say(0, 10);
    come(3);
    auto read = Cursor::parse(cursor);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->mark, mark_of(others_message(9, text_of(9)).id()));
    read->mark = mark_of("lobby:another");
    cursor = read->text();
    resume(2);
    EXPECT_THAT(heard(2), IsEmpty());  // it is read from the store first
    EXPECT_TRUE(asked("feed=normal"));
}

TEST_F(Rollback, CursorsOfAnOlderVersionAreReadForWhatTheySay) {
    const auto old = base::base64url_encode("1g|u-1|7|g1|0PLACE|5-e");
    const auto read = Cursor::parse(old);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, (Cursor{"u-1", 7, "g1", "5-e", "0PLACE", true}));
    EXPECT_EQ(Cursor::parse(read->text()), read);
    others_say(0, 10);
    cursor = base::base64url_encode("1|u-1|7|g1|0PLACE|5-e");
    n = 7;
    resume(2);
    EXPECT_THAT(heard(2), IsEmpty()) << "nobody knows in which life it was told";
}

std::string own_presence(std::string_view run) {
    return fmt::format(
        R"({{"seq":"90-p","id":"davenport-presence:u-1","changes":[{{"rev":"3-x"}}],"doc":{{"_id":"davenport-presence:u-1","_rev":"3-x","v":1,"node":"node","run":"{}","people":{{"lobby":["user-1"]}}}}}})"
        "\n",
        run);
}

TEST_F(Rollback, ItsOwnWordOfALaterLifeGivesTheJournalAnotherName) {
    stream("feed=continuous", own_presence("run-1"));
    EXPECT_THAT(log, Not(Contains(HasSubstr("another uuid"))));
    stream("feed=continuous", own_presence("a-life-that-is-gone"));
    EXPECT_THAT(log, Contains(HasSubstr("another uuid")));
    persist_all();
    EXPECT_NE(journal.state().uuid, "u-1");
    open(2, "bob");
    const auto welcome = take(2, "welcome");
    ASSERT_FALSE(welcome.empty());
    EXPECT_EQ(base::string_member(welcome[0], "journal"), journal.state().uuid);
    log.clear();
    stream("feed=continuous", own_presence("a-life-that-is-gone"));
    EXPECT_THAT(log, IsEmpty()) << "that is another journal now";
}

TEST_F(Rollback, ItsOwnWordInTheWayOfANewOneTells) {
    advance(2s);
    const auto put = answer("PUT /chat/davenport-presence", 409, R"({"error":"conflict"})");
    EXPECT_THAT(put.body, HasSubstr(R"("run":"run-1")"));
    answer("GET /chat/davenport-presence", 200,
           R"({"_id":"davenport-presence:u-1","_rev":"3-x","run":"gone"})");
    EXPECT_THAT(log, Contains(HasSubstr("another uuid")));
    for (int i = 0; i < 80 && !asked("PUT /chat/davenport-presence"); ++i) {
        advance(1s);
        if (asked("feed=continuous")) stream("feed=continuous", "\n");
        if (asked("_local/davenport")) answer("_local/davenport", 200, R"({"generation":"g1"})");
        if (asked("feed=normal&limit=20")) answer("feed=normal&limit=20", 200, feed_page({}, "1-a"));
    }
    const auto again = answer("PUT /chat/davenport-presence", 201, R"({"ok":true,"rev":"1-a"})");
    EXPECT_THAT(again.target, Not(HasSubstr("u-1")));
    EXPECT_THAT(again.body, Not(HasSubstr("_rev")));
}

}  // namespace
}  // namespace davenport::node
