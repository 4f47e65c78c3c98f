#include "node/core/clients/cursor.hpp"
#include "node/core/log/commit_queue.hpp"
#include "tests/node/core_driver.hpp"

#include <fmt/format.h>

namespace davenport::node {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

struct Resume : CoreDriver, testing::Test {
    explicit Resume(ChatConfig config = {}) : CoreDriver{std::move(config)} {}
    void SetUp() override {
        start();
        store_up();
        open(1, "ann");
        join(1, "lobby");
        take(1);
    }
    /// What `session` must remember to come back: the last cursor of the room, and the largest n seen since.
    struct Place {
        std::string cursor;
        std::uint64_t n = 0;
    };
    Place place_of(const std::vector<base::json::value>& heard_frames) {
        Place out;
        for (const auto& frame : heard_frames) {
            if (const auto cursor = base::string_member(frame, "cursor")) out.cursor = *cursor;
            out.n = std::max(out.n, static_cast<std::uint64_t>(base::int_member(frame, "n").value_or(0)));
        }
        return out;
    }
    void others_say(std::int64_t ms, std::string_view text, std::string_view room = "lobby") {
        stream("feed=continuous", feed_row(fmt::format("{}-s", ++seq_), others_message(ms, text, room)));
    }
    /// The node asks once more which store it is, now that a feed was read to its end.
    void it_is_still(std::string_view generation) {
        advance(200ms);
        answer("_local/davenport", 200, fmt::format(R"({{"generation":"{}"}})", generation));
    }
    /// It has lost nothing, as is seen once the feed is open again.
    void it_has_all() {
        if (asked("feed=normal")) answer("feed=normal", 200, feed_page({}, "20-z"));
        stream("feed=continuous", "\n");
        if (asked("POST /chat/_all_docs")) has_all();
    }
    int seq_ = 10;
};

TEST_F(Resume, GivesAFreshJoinTheNewestMessagesOldestFirst) {
    for (int i = 0; i < 60; ++i) others_say(i, fmt::format("m{}", i));
    persist_all();
    open(2, "bob");
    take(2);
    join(2, "lobby");
    const auto lines = heard(2);
    ASSERT_EQ(lines.size(), 51u);
    EXPECT_EQ(lines.front(), "message m10");
    EXPECT_EQ(lines[49], "message m59");
    EXPECT_EQ(lines.back(), "joined");
}

TEST_F(Resume, ShowsAFreshJoinWhatWasShownAndIsNotOnTheDiskYet) {
    others_say(1, "on disk");
    persist_all();
    others_say(2, "under way");
    others_say(0, "waiting");
    open(2, "bob");
    take(2);
    join(2, "lobby");
    EXPECT_THAT(heard(2), ElementsAre("message waiting", "message on disk", "message under way", "joined"));
    persist_all();
    EXPECT_THAT(heard(2), IsEmpty());
}

TEST_F(Resume, LeavesOutNothingAndRepeatsNothingCommittedOnTheSameJournal) {
    open(2, "bob");
    take(2);
    join(2, "lobby");
    others_say(1, "one");
    persist_all();
    others_say(2, "two");
    persist_all();
    others_say(3, "three");
    const auto place = place_of(take(2));
    handle(Closed{2});
    others_say(4, "four");
    others_say(0, "zero");
    persist_all();
    open(3, "bob");
    take(3);
    join(3, "lobby", place.cursor, place.n);
    // n of "three" is the watermark before its own commit: what came after that is repeated, never left out.
    EXPECT_THAT(heard(3), ElementsAre("message three", "message four", "message zero late", "joined"));
}

TEST_F(Resume, IsExactThoughTheNodeCrashedAndNumberedAnew) {
    open(2, "bob");
    take(2);
    join(2, "lobby");
    others_say(1, "one");
    persist_all();
    others_say(2, "lost in the crash");
    const auto place = place_of(take(2));
    crash_and_restart();
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    answer("feed=normal", 200,
           feed_page({feed_row("12-s", others_message(3, "another")),
                      feed_row("13-s", others_message(2, "lost in the crash"))},
                     "13-s"));
    persist_all();
    open(3, "bob");
    take(3);
    join(3, "lobby", place.cursor, place.n);
    const auto lines = heard(3);
    EXPECT_THAT(lines,
                testing::IsSupersetOf({"message another", "message lost in the crash late", "joined"}));
}

TEST_F(Resume, SendsALongAbsencePageByPageAsTheClientTakesIt) {
    config_.session_bytes_max = 4096;
    crash_and_restart();
    store_up();
    const Cursor cursor{"u-1", 0, "g1", "1-a", {}, false};
    std::string rows;
    for (int i = 0; i < 500; ++i)
        rows += feed_row(fmt::format("{}-s", i), others_message(i, fmt::format("m{}", i)));
    stream("feed=continuous", rows);
    persist_all();
    open(2, "bob");
    take(2);
    auto_written = false;
    join(2, "lobby", cursor.text(), 0);
    std::size_t sends = 1;
    std::vector<std::string> lines = heard(2);
    EXPECT_LT(lines.size(), 20u);
    others_say(900, "meanwhile");
    for (; sends < 500 && lines.back() != "joined"; ++sends) {
        handle(Written{2});
        for (auto& line : heard(2)) lines.push_back(line);
    }
    ASSERT_EQ(lines.size(), 502u);
    EXPECT_EQ(lines[499], "message m499");
    EXPECT_EQ(lines[500], "message meanwhile");
    EXPECT_TRUE(closes.empty()) << "the client kept up, and was cut off";
}

TEST_F(Resume, OnAnotherNodeReadsTheFeedFromTheCursorsSeqAndAddsWhatTheStoreHasNotTold) {
    post(1, "lobby", "accepted here, not stored");
    persist_all();
    const Cursor cursor{"u-2", 77, "g1", "5-e", std::string{others_message(5, "seen").position()}, false};
    open(2, "bob");
    take(2);
    join(2, "lobby", cursor.text(), 80);
    EXPECT_THAT(heard(2), IsEmpty());
    others_say(20, "while reading");
    persist_all();
    answer("since=5-e", 200,
           feed_page({feed_row("6-f", others_message(6, "missed")),
                      feed_row("7-g", others_message(7, "elsewhere", "other")),
                      feed_row("8-h", others_message(1, "missed late"))},
                     "8-h"));
    EXPECT_THAT(heard(2),
                ElementsAre("message missed", "message missed late late",
                            "message accepted here, not stored late", "message while reading", "joined"));
    others_say(30, "live");
    EXPECT_THAT(heard(2), ElementsAre("message live"));
}

/// The member of a cluster that answers lacks for a while what another one had told this node.
TEST_F(Resume, OnAnotherNodeAddsWhatTheStoresAnswerLacksThoughThisNodeWasToldOfIt) {
    others_say(3, "seen there");
    others_say(20, "told by another member");
    persist_all();
    const Cursor cursor{"u-2", 77, "g1", "5-e", std::string{others_message(5, "seen").position()}, false};
    open(2, "bob");
    take(2);
    join(2, "lobby", cursor.text(), 80);
    answer("since=5-e", 200, feed_page({feed_row("6-f", others_message(6, "missed"))}, "6-f"));
    EXPECT_THAT(heard(2), ElementsAre("message missed", "message told by another member", "joined"));
}

TEST_F(Resume, OnAnotherNodeAddsWhatTheStoresAnswerLacksToARoomThatWasEmptyThere) {
    others_say(20, "told by another member");
    persist_all();
    const Cursor cursor{"u-2", 77, "g1", "5-e", {}, false};
    open(2, "bob");
    take(2);
    join(2, "lobby", cursor.text(), 80);
    answer("since=5-e", 200, feed_page({}, "6-f"));
    EXPECT_THAT(heard(2), ElementsAre("message told by another member", "joined"));
}

/// The answer to a resume may be ahead of the node's own feed, which is on another connection.
TEST_F(Resume, OnAnotherNodeIsNotShownAgainWhatTheNodesOwnFeedBringsLater) {
    const Cursor cursor{"u-2", 77, "g1", "5-e", std::string{others_message(5, "seen").position()}, false};
    open(2, "bob");
    take(2);
    join(2, "lobby", cursor.text(), 80);
    answer("since=5-e", 200, feed_page({feed_row("6-f", others_message(6, "missed"))}, "6-f"));
    EXPECT_THAT(heard(2), ElementsAre("message missed", "joined"));
    EXPECT_THAT(heard(1), ElementsAre("message missed")) << "what the node has learnt is for everybody";
    stream("feed=continuous", feed_row("6-f", others_message(6, "missed")));
    persist_all();
    EXPECT_THAT(heard(2), IsEmpty());
    EXPECT_THAT(heard(1), IsEmpty());
}

/// It comes from a node that was ahead of this one, which has lost its journal: what is new here is old to
/// it.
TEST_F(Resume, WithAGapEverythingIsMarkedLateUntilItIsClosed) {
    fail_all();
    advance(200ms);
    fail_all();
    const Cursor cursor{"u-2", 77, "g1", "5-e", {}, false};
    open(2, "bob");
    take(2);
    join(2, "lobby", cursor.text(), 80);
    EXPECT_THAT(heard(2), ElementsAre("joined gap"));
    post(1, "lobby", "live");
    persist_all();
    EXPECT_THAT(heard(1), testing::Contains("message live"));
    EXPECT_THAT(heard(2), ElementsAre("message live late"));

    advance(2s);
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    answer("since=5-e", 200,
           feed_page({feed_row("6-f", others_message(60'000, "from another node"))}, "6-f"));
    it_is_still("g1");
    EXPECT_THAT(heard(2), ElementsAre("store up", "message from another node late", "gap-closed"));
    answer("since=1-a", 200, feed_page({}, "6-f"));
    others_say(61'000, "live again");
    EXPECT_THAT(heard(2), ElementsAre("message live again"));
}

TEST_F(Resume, ClosingAGapShowsNothingThatThisConnectionHasShown) {
    others_say(22 * 60'000, "guessed");
    persist_all();
    fail_all();
    advance(200ms);
    fail_all();
    const Cursor cursor{"u-2", 77, "g1", "5-e", std::string{others_message(21 * 60'000, "seen").position()},
                        false};
    open(2, "bob");
    take(2);
    join(2, "lobby", cursor.text(), 80);
    EXPECT_THAT(heard(2), ElementsAre("message guessed", "joined gap"));
    post(1, "lobby", "live");
    persist_all();
    EXPECT_THAT(heard(2), ElementsAre("message live late"));
    const auto live = journal.after("lobby", 1, 1).at(0).message;

    advance(2s);
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    it_has_all();
    answer("since=5-e", 200,
           feed_page({feed_row("6-f", others_message(22 * 60'000, "guessed")), feed_row("7-g", live),
                      feed_row("8-h", others_message(3, "from another node"))},
                     "8-h"));
    it_is_still("g1");
    EXPECT_THAT(heard(2), ElementsAre("store up", "message from another node late", "gap-closed"));
}

TEST_F(Resume, FallsBackToTheFeedWhenTheJournalWasRolledBack) {
    const Cursor cursor{"u-1", 1000, "g1", "5-e", {}, false};
    open(2, "bob");
    take(2);
    join(2, "lobby", cursor.text(), 1000);
    EXPECT_TRUE(asked("since=5-e"));
}

TEST_F(Resume, WithTheStoreDownGuessesByTimeAndClosesTheGapWhenItIsBack) {
    others_say(0, "long ago");
    others_say(20 * 60'000, "shortly before");
    others_say(22 * 60'000, "missed");
    persist_all();
    fail_all();
    advance(200ms);
    fail_all();
    const Cursor cursor{"u-2", 77, "g1", "5-e", std::string{others_message(21 * 60'000, "seen").position()},
                        false};
    open(2, "bob");
    take(2);
    join(2, "lobby", cursor.text(), 80);
    const auto frames_at_join = take(2);
    ASSERT_EQ(frames_at_join.size(), 3u);
    EXPECT_EQ(base::string_member(frames_at_join[0], "text"), "shortly before");
    EXPECT_EQ(base::string_member(frames_at_join[1], "text"), "missed");
    EXPECT_TRUE(base::bool_member(frames_at_join[2], "gap"));
    const auto place = place_of(frames_at_join);

    advance(2s);
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    it_has_all();
    ASSERT_TRUE(asked("since=5-e"));
    answer("since=5-e", 200, feed_page({feed_row("6-f", others_message(3, "from another node"))}, "6-f"));
    it_is_still("g1");
    EXPECT_THAT(heard(2), ElementsAre("store up", "message from another node late", "gap-closed"));

    // A client that left before the gap was closed still has it closed when it comes back.
    open(3, "bob");
    take(3);
    join(3, "lobby", place.cursor, place.n);
    EXPECT_TRUE(asked("since=5-e"));
    EXPECT_THAT(heard(3), ElementsAre("message from another node late", "joined gap"));
    answer("since=5-e", 200,
           feed_page({feed_row("6-f", others_message(3, "from another node")),
                      feed_row("7-g", others_message(4, "and another"))},
                     "7-g"));
    it_is_still("g1");
    EXPECT_THAT(heard(3), ElementsAre("message and another late", "gap-closed"));
}

/// Another store behind the address, which lacks what this node has of the old one, and nobody has noticed
/// yet.
TEST_F(Resume, IsNotTakenForWholeWhenTheStoreIsAnotherByTheTimeItsFeedIsRead) {
    others_say(22 * 60'000, "only in the old store");
    persist_all();
    take(1);
    const Cursor cursor{"u-2", 77, "g1", "5-e", std::string{others_message(21 * 60'000, "seen").position()},
                        false};
    open(2, "bob");
    take(2);
    advance(1s);
    join(2, "lobby", cursor.text(), 80);
    answer("since=5-e", 200, feed_page({}, "2-x"));
    EXPECT_THAT(heard(2), IsEmpty());
    it_is_still("g2");
    EXPECT_THAT(heard(2), ElementsAre("message only in the old store", "joined gap"));
}

/// This node is behind the one that the client comes from, or has lost its journal: what comes to it now may
/// be old to the client.
TEST_F(Resume, MarksLateWhatIsOlderThanWhatTheClientHasSeenElsewhereUntilTheRoomHasComeSoFar) {
    open(2, "bob");
    take(2);
    const Cursor cursor{"u-2", 77, "g1", "5-e", {}, false};
    const std::string seen{others_message(3000, "seen elsewhere").position()};
    say(2, fmt::format(R"({{"t":"join","room":"lobby","cursor":"{}","n":80,"seen":"{}"}})", cursor.text(),
                       seen));
    answer("since=5-e", 200, feed_page({feed_row("6-f", others_message(1000, "missed"))}, "6-f"));
    EXPECT_THAT(heard(2), ElementsAre("message missed late", "joined"));
    take(1);
    others_say(2000, "older");
    EXPECT_THAT(heard(1), ElementsAre("message older"));
    EXPECT_THAT(heard(2), ElementsAre("message older late"));
    others_say(3500, "beyond");
    others_say(4000, "newest");
    EXPECT_THAT(heard(1), ElementsAre("message beyond", "message newest"));
    EXPECT_THAT(heard(2), testing::Contains("message newest")) << "as for everybody";
}

TEST_F(Resume, ReadsOnWhenARowOfAFullPageCameTwice) {
    std::vector<std::string> rows;
    for (int i = 0; i < 500; ++i)
        rows.push_back(feed_row(fmt::format("{}-r", i), others_message(i, fmt::format("m{}", i))));
    rows.push_back(rows.back());
    const Cursor cursor{"u-2", 77, "g1", "5-e", {}, false};
    open(2, "bob");
    take(2);
    join(2, "lobby", cursor.text(), 80);
    answer("since=5-e", 200, feed_page(rows, "500-r"));
    EXPECT_TRUE(asked("limit=500&since=500-r")) << asked_for();
}

struct ResumeInASmallOutbox : Resume {
    static ChatConfig small() {
        ChatConfig config;
        config.session_bytes_max = 4096;
        return config;
    }
    ResumeInASmallOutbox() : Resume{small()} {}
};

TEST_F(ResumeInASmallOutbox, GuessesAllByTimeHoweverMuchItIs) {
    for (int i = 0; i < 60; ++i) others_say(22 * 60'000 + i, fmt::format("m{} {}", i, std::string(150, 'x')));
    persist_all();
    take(1);
    const Cursor cursor{
        "u-2", 77, "another store", "5-e", std::string{others_message(21 * 60'000, "seen").position()},
        false};
    open(2, "bob");
    take(2);
    join(2, "lobby", cursor.text(), 80);
    const auto lines = heard(2);
    EXPECT_EQ(
        std::ranges::count_if(lines, [](const std::string& line) { return line.starts_with("message m"); }),
        60);
    EXPECT_TRUE(std::ranges::find(lines, "joined gap") != lines.end());
}

TEST_F(Resume, GivesFollowersANewCursorNowAndThen) {
    others_say(1, "one");
    persist_all();
    take(1);
    advance(6s);
    const auto frames_later = take(1, "cursor");
    ASSERT_EQ(frames_later.size(), 1u);
    const auto cursor = Cursor::parse(*base::string_member(frames_later[0], "cursor"));
    ASSERT_TRUE(cursor);
    EXPECT_EQ(cursor->n, CommitQueue::begins_above + 1);
    EXPECT_EQ(cursor->place, "11-s");
    EXPECT_EQ(cursor->generation, "g1");
    advance(60s);
    EXPECT_THAT(take(1, "cursor"), IsEmpty()) << "nothing was said since";
}

TEST_F(Resume, CutsOffAClientThatNeverReadsAndLetsItComeBack) {
    config_.session_bytes_max = 2000;
    crash_and_restart();
    store_up();
    open(1, "ann");
    join(1, "lobby");
    const auto place = place_of(take(1));
    auto_written = false;
    for (int i = 0; i < 30; ++i) others_say(i, fmt::format("m{}", i));
    persist_all();
    ASSERT_THAT(closes, ElementsAre(1u));
    take(1);
    handle(Closed{1});
    auto_written = true;
    open(2, "ann");
    take(2);
    join(2, "lobby", place.cursor, place.n);
    const auto lines = heard(2);
    ASSERT_EQ(lines.size(), 31u);
    EXPECT_EQ(lines[0], "message m0");
    EXPECT_EQ(lines[29], "message m29");
}

TEST(CursorText, GoesToTheClientAndBack) {
    const Cursor cursor{"u-1", 42, "g1", "12-g1AAAA|x", "01ARZ3NDEKTSV4RRFFQ69G5FAV", true};
    EXPECT_EQ(Cursor::parse(cursor.text()), cursor);
    EXPECT_THAT(cursor.text(), testing::MatchesRegex("[A-Za-z0-9_-]+"));
    for (const auto* bad : {"", "x", "MXx1", "MnxhfDF8Z3xwfHM", "!!!!"})
        EXPECT_EQ(Cursor::parse(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace davenport::node
