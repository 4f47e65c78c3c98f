#include "node/core/clients/cursor.hpp"
#include "tests/node/changes.hpp"

#include <fmt/format.h>

/// What replication and people leave in the store: conflicts, and messages that are gone.
namespace davenport::node {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct Conflicts : Changes {
    void SetUp() override {
        Changes::SetUp();
        store_up();
        settle();
    }
    /// A message that was edited by this node, and is in the store so.
    std::string edited_once() {
        auto id = said_and_kept("first");
        const auto key = edit(id, "second");
        persist_all();
        reads(id, with_rev(original(id, "first"), "1-a"));
        writes(id);
        settle();
        winner_ =
            with_rev(base::edited(original(id, "first"), *base::MessageKey::parse(key), "second"), "2-b");
        return id;
    }
    /// The same document, with another text by somebody's hand.
    std::string by_hand(std::string_view rev, std::string_view text) const {
        auto out = winner_;
        out.replace(out.find("2-b"), 3, rev);
        out.replace(out.find("\"second\""), 8, fmt::format("\"{}\"", text));
        return out;
    }
    void feeds_conflict(std::string_view id, std::string document, std::string_view loser) {
        document.pop_back();
        feeds(id, document + fmt::format(R"(,"_conflicts":["{}"]}})", loser));
    }
    void has_leaves(std::initializer_list<std::string> documents) {
        std::string body;
        for (const auto& document : documents)
            body += fmt::format(R"({}{{"ok":{}}})", body.empty() ? "[" : ",", document);
        answer("open_revs=all", 200, body + "]");
    }
    std::string settled(std::string_view id, int rows) {
        std::string body;
        for (int i = 0; i < rows; ++i)
            body += fmt::format(R"({}{{"ok":true,"id":"{}","rev":"3-{}"}})", body.empty() ? "[" : ",", id, i);
        return answer("_bulk_docs", 201, body + "]").body;
    }
    /// A losing leaf is deleted; gives of which document, and which.
    std::string deletes() {
        return answer("DELETE /chat/", 200, R"({"ok":true,"id":"x","rev":"3-d"})").target;
    }
    std::string winner_;
};

TEST_F(Conflicts, ALeafThatCountsLessIsDeleted) {
    const auto id = edited_once();
    const auto less = with_rev(base::edited(original(id, "first"), {epoch_ms - 1, 0, {}}, "older"), "2-a");
    feeds_conflict(id, winner_, "2-a");
    has_leaves({winner_, less});
    EXPECT_FALSE(asked("_bulk_docs")) << "a store that lost the document would take the deletion there";
    EXPECT_EQ(deletes(), fmt::format("/chat/{}?rev=2-a", base::percent_encode(id)));
    EXPECT_FALSE(asked("open_revs")) << "it is settled";
    EXPECT_THAT(take(2, "changed"), IsEmpty());
}

/// Else it would count as deleted by somebody's hand, though nobody did so.
TEST_F(Conflicts, ADocumentThatIsLostBeforeItsLosingLeafIsDeletedIsNotDeleted) {
    const auto id = edited_once();
    feeds_conflict(id, winner_, "2-a");
    has_leaves({winner_, by_hand("2-a", "first")});
    const auto over = settled(id, 1);
    auto now = over.substr(std::string_view{"{\"docs\":["}.size());
    now.resize(now.size() - 2);
    now.replace(now.find("2-b"), 3, "3-c");
    has_leaves({now, by_hand("2-a", "first")});
    answer("DELETE /chat/", 404, R"({"error":"not_found","reason":"missing"})");
    advance(3s);
    EXPECT_FALSE(asked("DELETE") || asked("_bulk_docs"));
    has_leaves({with_rev(original(id, "first"), "1-a")});
    EXPECT_FALSE(asked("DELETE") || asked("open_revs")) << "it was written again";
}

TEST_F(Conflicts, OfSeveralLeavesEachIsDeletedWhileTheWinnerIsThere) {
    const auto id = edited_once();
    const auto less = with_rev(base::edited(original(id, "first"), {epoch_ms - 1, 0, {}}, "older"), "2-a");
    const auto least = with_rev(base::edited(original(id, "first"), {epoch_ms - 2, 0, {}}, "oldest"), "1-f");
    feeds_conflict(id, winner_, "2-a");
    has_leaves({winner_, less, least});
    EXPECT_THAT(deletes(), HasSubstr("rev=1-f"));
    has_leaves({winner_, less});
    EXPECT_THAT(deletes(), HasSubstr("rev=2-a"));
    EXPECT_FALSE(asked("open_revs"));
}

TEST_F(Conflicts, ALeafThatComesWhileAnotherIsDeletedIsDeletedToo) {
    const auto id = edited_once();
    const auto less = with_rev(base::edited(original(id, "first"), {epoch_ms - 1, 0, {}}, "older"), "2-a");
    const auto later = with_rev(base::edited(original(id, "first"), {epoch_ms - 2, 0, {}}, "oldest"), "2-0");
    feeds_conflict(id, winner_, "2-a");
    has_leaves({winner_, less});
    feeds_conflict(id, winner_, "2-0");
    EXPECT_THAT(deletes(), HasSubstr("rev=2-a"));
    has_leaves({winner_, later});
    EXPECT_THAT(deletes(), HasSubstr("rev=2-0"));
    EXPECT_FALSE(asked("open_revs"));
}

/// Or by a store that is for reading only: then the winner cannot be written, either.
TEST_F(Conflicts, ADeletionThatAValidationFunctionForbidsIsGivenUp) {
    const auto id = edited_once();
    const auto less = with_rev(base::edited(original(id, "first"), {epoch_ms - 1, 0, {}}, "older"), "2-a");
    feeds_conflict(id, winner_, "2-a");
    has_leaves({winner_, less});
    const auto denied = [&] {
        answer("DELETE /chat/", 403, R"({"error":"forbidden","reason":"no deletions"})");
        advance(3s);
        if (asked("_local/davenport")) store_up();
    };
    for (int i = 0; i < 2; ++i) {
        denied();
        has_leaves({winner_, less});
        EXPECT_THAT(settled(id, 1), HasSubstr("second"));
        has_leaves({winner_, less});
    }
    denied();
    EXPECT_FALSE(asked("DELETE") || asked("open_revs"));
}

/// Of both together the client would be shown one removal twice.
TEST_F(Conflicts, WhoComesIsToldOnceOfARemovalOfWhatVanishedThatIsAboutToBeShown) {
    const auto id = said_and_kept("secret plans");
    live(11s);
    remove(id);
    for (const auto& f : fetches)
        if (f.request.target == "/chat") {
            handle(Fetched{f.id, {200, {}, R"({"db_name":"chat","purge_seq":"1-x"})"}});
            break;
        }
    answer("_purged_infos", 200, fmt::format(R"({{"purged_infos":[{{"id":"{}","revs":["1-a"]}}]}})", id));
    if (asked("POST /chat/_all_docs")) has_all();
    open(3, "cid");
    take(3);
    join(3, "lobby", Cursor{"u-2", 77, "g1", "5-e", {}, false}.text(), 80);
    answer("since=5-e", 200, feed_page({}, "5-e"));
    if (asked("_local/davenport")) store_up();
    persist_all();
    const auto told = heard(3);
    EXPECT_THAT(told, testing::Contains("joined"));
    EXPECT_EQ(std::ranges::count_if(told, [](const std::string& one) { return one.starts_with("changed"); }),
              1);
}

/// Only by a person's hand, or by one who finds two texts with one id.
TEST_F(Conflicts, OfTwoTextsThatWereNeverEditedEverybodyIsShownTheStoresWinner) {
    const auto id = said_and_kept("yes");
    const auto no = with_rev(original(id, "no"), "1-f"), yes = with_rev(original(id, "yes"), "1-a");
    feeds_conflict(id, no, "1-a");
    const auto shown = take(2, "changed");
    ASSERT_EQ(shown.size(), 1u);
    EXPECT_EQ(base::string_member(shown[0], "text"), "no");
    feeds_conflict(id, no, "1-a");
    EXPECT_THAT(take(2, "changed"), IsEmpty()) << "it is known";
    has_leaves({no, yes});
    const auto over = settled(id, 1);
    EXPECT_THAT(over, HasSubstr(R"("_rev":"1-f")"));
    EXPECT_THAT(over, AllOf(HasSubstr(R"("msg":"no")"), HasSubstr("seal"))) << "for nodes to come";
    settle();
    EXPECT_EQ(here(id).text(), "no");
    has_leaves({with_rev(here(id), "2-g"), yes});
    EXPECT_THAT(deletes(), HasSubstr("rev=1-a"));
    EXPECT_FALSE(asked("open_revs"));
}

/// First the one, then the other: of one request a part may be done.
TEST_F(Conflicts, ALeafThatCountsMoreIsWrittenOverTheWinnerAndDeletedThen) {
    const auto id = edited_once();
    feeds_conflict(id, winner_, "2-a");
    has_leaves({winner_, by_hand("2-a", "by hand")});
    const auto over = settled(id, 1);
    EXPECT_THAT(over, HasSubstr(R"("_rev":"2-b")"));
    EXPECT_THAT(over, HasSubstr(R"("msg":"by hand")"));
    EXPECT_THAT(over, Not(HasSubstr("2-a")));
    // What it is from now on: an edit with the key that the text by hand had.
    auto now = over.substr(std::string_view{"{\"docs\":["}.size());
    now.resize(now.size() - 2);
    now.replace(now.find("2-b"), 3, "3-c");
    has_leaves({now, by_hand("2-a", "by hand")});
    EXPECT_THAT(deletes(), HasSubstr("rev=2-a"));
    EXPECT_FALSE(asked("open_revs"));
}

TEST_F(Conflicts, ARemovalCountsWhicheverLeafWins) {
    const auto id = edited_once();
    const auto removed = with_rev(base::removed(original(id, "first"), {epoch_ms, 9, {}}, "ann"), "2-a");
    feeds_conflict(id, winner_, "2-a");
    has_leaves({winner_, removed});
    const auto body = settled(id, 1);
    EXPECT_THAT(body, HasSubstr("\"removed\""));
    EXPECT_THAT(body, Not(HasSubstr("second")));
}

TEST_F(Conflicts, WhatThisNodeKnowsCountsToo) {
    const auto id = edited_once();
    const auto less = with_rev(base::edited(original(id, "first"), {epoch_ms - 1, 0, {}}, "older"), "2-c");
    const auto least = with_rev(base::edited(original(id, "first"), {epoch_ms - 2, 0, {}}, "oldest"), "2-a");
    feeds_conflict(id, less, "2-a");
    has_leaves({less, least});
    const auto body = settled(id, 1);
    EXPECT_THAT(body, HasSubstr(R"("_rev":"2-c")"));
    EXPECT_THAT(body, HasSubstr("second"));
}

TEST_F(Conflicts, OneThatIsNotFoundIsLookedForAgain) {
    const auto id = edited_once();
    feeds_conflict(id, winner_, "2-a");
    answer("open_revs=all", 404, R"({"error":"not_found","reason":"missing"})");
    advance(3s);
    has_leaves({winner_, by_hand("2-a", "by hand")});
    EXPECT_THAT(settled(id, 1), HasSubstr(R"("msg":"by hand")")) << "a member of the store lagged behind";
    for (int i = 0; i < 20 && asked("open_revs=all"); ++i) {
        answer("open_revs=all", 404, R"({"error":"not_found","reason":"missing"})");
        advance(3s);
    }
    EXPECT_FALSE(asked("open_revs=all")) << "it was purged";
}

TEST_F(Conflicts, WhoeverIsFasterHasDoneTheSame) {
    const auto id = edited_once();
    feeds_conflict(id, winner_, "2-a");
    has_leaves({winner_, by_hand("2-a", "by hand")});
    answer("_bulk_docs", 201, fmt::format(R"([{{"id":"{0}","error":"conflict","reason":"x"}}])", id));
    has_leaves({by_hand("3-c", "by hand")});
    EXPECT_FALSE(asked("open_revs"));
}

TEST_F(Conflicts, SurviveALostAnswerAtEitherStep) {
    const auto id = edited_once();
    const auto less = with_rev(base::edited(original(id, "first"), {epoch_ms - 1, 0, {}}, "older"), "2-a");
    feeds_conflict(id, winner_, "2-a");
    fail("open_revs=all");
    advance(2s);
    if (asked("_local/davenport")) store_up();
    has_leaves({winner_, less});
    fail("DELETE /chat/");
    advance(2s);
    if (asked("_local/davenport")) store_up();
    has_leaves({winner_, less});
    EXPECT_THAT(deletes(), HasSubstr("rev=2-a"));
    EXPECT_FALSE(asked("open_revs"));
}

/// A node that ends before it has settled a conflict reads of it again.
TEST_F(Conflicts, TheCheckpointWaitsUntilTheyAreSettled) {
    const auto id = edited_once();
    const auto before = journal.state().checkpoint->place;
    feeds_conflict(id, winner_, "2-a");
    settle();
    EXPECT_EQ(journal.state().checkpoint->place, before);
    has_leaves({winner_});
    settle();
    EXPECT_NE(journal.state().checkpoint->place, before);
}

TEST_F(Conflicts, APurgeIsNoticedThoughNoFeedTellsOfIt) {
    const auto id = said_and_kept("secret plans");
    live(11s);
    answer_about_database();
    EXPECT_FALSE(asked("_purged_infos")) << "nothing was ever purged";
    live(11s);
    ASSERT_TRUE(asks_about_database());
    for (const auto& f : fetches)
        if (f.request.target == "/chat") {
            handle(Fetched{f.id, {200, {}, R"({"db_name":"chat","purge_seq":"1-x"})"}});
            break;
        }
    answer("_purged_infos", 200, fmt::format(R"({{"purged_infos":[{{"id":"{}","revs":["1-a"]}}]}})", id));
    EXPECT_EQ(take(2, "changed").size(), 1u);
    reads_nothing(id, id);
    EXPECT_FALSE(asked("_bulk_docs")) << "nobody makes it again";
    settle();
    EXPECT_TRUE(here(id).is_removed());
}

TEST_F(Conflicts, APurgeIsNoticedThoughTheDatabaseIsAwayWhenAskedOfIt) {
    const auto id = said_and_kept("secret plans");
    const auto look = [&] {
        live(11s);
        std::vector<FetchId> ids;
        for (const auto& f : fetches)
            if (f.request.target == "/chat") ids.push_back(f.id);
        for (const auto one : ids) handle(Fetched{one, {200, {}, R"({"db_name":"chat","purge_seq":"1-x"})"}});
    };
    look();
    answer("_purged_infos", 404, R"({"error":"not_found","reason":"Database does not exist."})");
    if (asked("_local/davenport")) store_up();
    look();
    answer("_purged_infos", 200, fmt::format(R"({{"purged_infos":[{{"id":"{}","revs":["1-a"]}}]}})", id));
    EXPECT_EQ(take(2, "changed").size(), 1u);
}

/// Somebody was shown it at another node, and this one lost its journal or came to the store too late.
TEST_F(Conflicts, WhatThisNodeNeverHadIsToldToBeGone) {
    const auto deleted = base::make_message_id("lobby", "eve", {epoch_ms - 30, 0, {}}, "of elsewhere");
    const auto purged = base::make_message_id("lobby", "eve", {epoch_ms - 20, 0, {}}, "secret plans");
    const auto newest = base::make_message_id("lobby", "eve", {epoch_ms - 10, 0, {}}, "shown last");
    const auto other_room = base::make_message_id("pub", "eve", {epoch_ms - 20, 0, {}}, "secret plans");
    feeds_deleted(deleted);
    const auto live_one = take(2, "changed");
    ASSERT_EQ(live_one.size(), 1u);
    EXPECT_EQ(base::string_member(live_one[0], "id"), deleted);
    feeds_deleted("no message's id");
    EXPECT_THAT(heard(2), IsEmpty());

    live(11s);
    for (const auto& f : fetches)
        if (f.request.target == "/chat") {
            handle(Fetched{f.id, {200, {}, R"({"db_name":"chat","purge_seq":"1-x"})"}});
            break;
        }
    answer("_purged_infos", 200,
           fmt::format(R"({{"purged_infos":[{{"id":"{}","revs":["1-a"]}},{{"id":"{}","revs":["1-a"]}}]}})",
                       purged, other_room));
    const auto told = take(2, "changed");
    ASSERT_EQ(told.size(), 1u) << "nobody follows the other room";
    EXPECT_EQ(base::string_member(told[0], "id"), purged);

    // Who comes from another node is told, of what is not above all that it was shown.
    const auto gone_at = [&](std::string_view seen) {
        join(2, "lobby", Cursor{"u-2", 77, "g1", "5-e", {}, false}.text(), 80, seen);
        answer("since=5-e", 200, feed_page({}, "5-e"));
        if (asked("_local/davenport")) store_up();
        std::vector<std::string> ids;
        for (const auto& frame : take(2, "changed")) ids.emplace_back(*base::string_member(frame, "id"));
        return ids;
    };
    EXPECT_THAT(gone_at(base::parse_message_id(newest)->letters), testing::ElementsAre(deleted, purged));
    EXPECT_THAT(gone_at({}), testing::ElementsAre(deleted, purged)) << "nobody knows what it was shown";
    EXPECT_THAT(gone_at(base::parse_message_id(deleted)->letters), testing::ElementsAre(deleted));
}

TEST_F(Conflicts, AnEditOfWhatWasPurgedDoesNotMakeItAgain) {
    const auto id = base::make_message_id("lobby", "ann", {epoch_ms - 30, 0, {}}, "secret plans");
    feeds(id, with_rev(original(id, "secret plans"), "1-a"));
    settle();
    edit(id, "other plans");
    persist_all();
    take(2);
    reads_nothing(id, id);
    EXPECT_FALSE(asked("_bulk_docs"));
    EXPECT_EQ(take(1, "superseded").size(), 1u);
    const auto shown = take(2, "changed");
    ASSERT_EQ(shown.size(), 1u);
    EXPECT_TRUE(base::member(shown[0], "removed"));
    settle();
    EXPECT_TRUE(here(id).is_removed());
}

/// What this node wrote last itself is not read before: then the edit is taken back when the purge is
/// noticed.
TEST_F(Conflicts, AnEditOfWhatWasPurgedJustNowIsEmptiedOnceThePurgeIsNoticed) {
    const auto id = said_and_kept("secret plans");
    edit(id, "other plans");
    persist_all();
    EXPECT_THAT(writes(id), AllOf(HasSubstr(R"("_rev":"1-a")"), HasSubstr("other plans")));
    take(2);
    live(11s);
    for (const auto& f : fetches)
        if (f.request.target == "/chat") {
            handle(Fetched{f.id, {200, {}, R"({"db_name":"chat","purge_seq":"1-x"})"}});
            break;
        }
    answer("_purged_infos", 200, fmt::format(R"({{"purged_infos":[{{"id":"{}","revs":["1-a"]}}]}})", id));
    const auto shown = take(2, "changed");
    ASSERT_EQ(shown.size(), 1u);
    EXPECT_TRUE(base::member(shown[0], "removed"));
    reads(id, with_rev(base::edited(original(id, "secret plans"), {epoch_ms, 0, {}}, "other plans"), "2-b"));
    EXPECT_THAT(writes(id), AllOf(HasSubstr(R"("_rev":"2-b")"), Not(HasSubstr("plans"))));
    settle();
    EXPECT_TRUE(here(id).is_removed());
}

TEST_F(Conflicts, WhatWasDeletedAndComesBackIsRemovedAgain) {
    const auto id = said_and_kept("secret plans");
    feeds_deleted(id);
    settle();
    feeds(id, with_rev(original(id, "secret plans"), "3-c"));
    EXPECT_THAT(take(2), IsEmpty());
    reads(id, with_rev(original(id, "secret plans"), "3-c"));
    const auto body = writes(id);
    EXPECT_THAT(body, HasSubstr("\"removed\""));
    EXPECT_THAT(body, Not(HasSubstr("secret plans")));
}

}  // namespace
}  // namespace davenport::node
