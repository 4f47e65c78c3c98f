#include "node/base/policy.hpp"
#include "tests/node/moderation.hpp"

/// Bans: made by moderators of this node or another, by hand, or in an earlier life.
namespace davenport::node {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// ---- by a moderator

TEST_F(Moderation, ABanIsAcceptedOnTheDiskStoredAndInForceAtOnce) {
    ban("mallory");
    EXPECT_THAT(heard(mallory), ElementsAre("put-out banned"));
    EXPECT_THAT(heard(boss), IsEmpty());  // nothing is told before the commit
    persist_all();
    EXPECT_THAT(heard(boss), ElementsAre("accepted"));
    store_has_nothing();
    EXPECT_THAT(written(lobby_ban), AllOf(HasSubstr(R"("who":"mallory")"), HasSubstr(R"("room":"lobby")"),
                                          HasSubstr(R"("by":"boss")"), HasSubstr(R"("reason":"spam")")));
    EXPECT_THAT(heard(boss), ElementsAre("stored"));
    post(mallory, "lobby", "buy this");
    const auto frames = take(mallory);
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(base::string_member(frames[0], "code"), "banned");
    EXPECT_THAT(std::string{*base::string_member(frames[0], "reason")}, HasSubstr("spam"));
    EXPECT_EQ(counts().bans, 1u);
    EXPECT_EQ(counts().posts_refused, 1u);
}

TEST_F(Moderation, TheBannedNeitherJoinsNorReadsThereAndDoesElsewhere) {
    ban("mallory");
    persist_all();
    take(mallory);
    join(mallory, "lobby");
    say(mallory, R"({"t":"history","room":"lobby"})");
    say(mallory, R"({"t":"search","room":"lobby","text":"x"})");
    EXPECT_THAT(heard(mallory), ElementsAre("refused banned", "refused banned", "refused banned"));
    EXPECT_EQ(counts().reads_refused, 3u);
    join(mallory, "garden");
    post(mallory, "garden", "hello");
    persist_all();
    EXPECT_THAT(heard(mallory), ElementsAre("joined", "accepted", "message hello"));
}

TEST_F(Moderation, ABanEverywhereHoldsInAllRooms) {
    join(mallory, "garden");
    take(mallory);
    ban_with(boss, "mallory", "", next_key());
    EXPECT_THAT(heard(mallory), ElementsAre("put-out banned", "put-out banned"));
    post(mallory, "garden", "hello");
    join(mallory, "attic");
    EXPECT_THAT(heard(mallory), ElementsAre("refused banned", "refused banned"));
}

TEST_F(Moderation, OnlyModeratorsBan) {
    ban_with(ann, "mallory", "lobby", next_key());
    EXPECT_THAT(heard(ann), ElementsAre("refused not_yours"));
    EXPECT_THAT(heard(mallory), IsEmpty());
    EXPECT_FALSE(persisting());
}

TEST_F(Moderation, AnUnbanLetsThemIn) {
    ban("mallory");
    persist_all();
    unban("mallory");
    persist_all();
    take(mallory), take(boss);
    join(mallory, "lobby");
    EXPECT_THAT(heard(mallory), ElementsAre("joined"));
    unban("nobody");
    EXPECT_THAT(heard(boss), ElementsAre("refused unknown"));
    EXPECT_EQ(counts().bans, 0u);
}

TEST_F(Moderation, ABanEndsByItself) {
    const auto until = base::iso8601(base::wall_from_unix_ms(epoch_ms + 60'000));
    say(boss, fmt::format(R"({{"t":"ban","room":"lobby","name":"mallory","key":"{}","until":"{}"}})",
                          next_key(), until));
    EXPECT_EQ(base::string_member(take(mallory).at(0), "until"), until);
    persist_all();
    EXPECT_EQ(counts().bans, 1u);
    advance(61s);
    join(mallory, "lobby");
    EXPECT_THAT(heard(mallory), Contains("joined"));
    EXPECT_EQ(counts().bans, 0u);
}

TEST_F(Moderation, NamesAreComparedAsNamesAre) {
    ban("  MALLORY ");
    EXPECT_THAT(heard(mallory), ElementsAre("put-out banned"));
    EXPECT_EQ(base::folded_name("\xEF\xBC\xAD\xC3\x84ry"), base::folded_name("m\xC3\xA4ry"));
}

TEST_F(Moderation, ARepeatIsAnsweredAsARepeatAtEveryStep) {
    const auto key = next_key();
    ban_with(boss, "mallory", "lobby", key);
    ban_with(boss, "mallory", "lobby", key);
    persist_all();
    EXPECT_THAT(heard(boss), ElementsAre("accepted"));
    ban_with(boss, "mallory", "lobby", key);
    EXPECT_THAT(heard(boss), ElementsAre("accepted"));
    store_has_nothing();
    written(lobby_ban);
    EXPECT_THAT(heard(boss), ElementsAre("stored"));
    ban_with(boss, "mallory", "lobby", key);
    EXPECT_THAT(heard(boss), ElementsAre("stored"));
}

TEST_F(Moderation, WhatCannotBeABanIsRefused) {
    ban_with(boss, "", "lobby", next_key());
    ban_with(boss, "mallory", "No Room", next_key());
    ban_with(boss, "mallory", "lobby", "no key");
    ban_with(boss, "mallory", "lobby", base::MessageKey{epoch_ms + 3'600'000, 0, {}}.text());
    say(boss, fmt::format(R"({{"t":"ban","name":"mallory","key":"{}","until":"soon"}})", next_key()));
    EXPECT_THAT(heard(boss), ElementsAre("refused bad_name", "refused bad_room", "refused bad_key",
                                         "refused key_ahead", "refused bad_time"));
}

TEST_F(Moderation, ABannedModeratorModeratesNothingThere) {
    ban_with(boss, "chief", "", next_key());
    take(boss), take(chief);
    ban_with(chief, "boss", "lobby", next_key());
    say(chief, fmt::format(R"({{"t":"unban","name":"chief","key":"{}"}})", next_key()));
    EXPECT_THAT(heard(chief), ElementsAre("refused banned", "refused banned"));
}

TEST_F(Moderation, TheDiskFailsAndWhoBannedIsToldSo) {
    ban("mallory");
    fail_persist();
    EXPECT_THAT(heard(boss), ElementsAre("refused not_now"));
    advance(2s);
    persist_all();
    EXPECT_EQ(journal.policies().size(), 1u);
}

// ---- edits, and those who are on their way

TEST_F(Moderation, TheBannedDoNotEdit) {
    const auto key = next_key();
    post_with(mallory, "lobby", "hello", key);
    persist_all();
    const auto id = base::make_message_id("lobby", "mallory", *base::MessageKey::parse(key), "hello");
    ban("mallory");
    persist_all();
    take(mallory);
    say(mallory, fmt::format(R"({{"t":"edit","id":"{}","text":"spam","key":"{}"}})", id, next_key()));
    EXPECT_THAT(heard(mallory), ElementsAre("refused banned"));
    post_with(mallory, "lobby", "hello", key);  // known first, rules after
    EXPECT_THAT(heard(mallory), ElementsAre(HasSubstr("accepted")));
}

// ---- HTTP

TEST_F(Moderation, OverHttpABanIsAnsweredAsAPost) {
    EXPECT_EQ(ask("PUT", "/api/rooms/lobby/bans/mallory", "boss", R"({"reason":"spam"})").status, 0);
    persist_all();
    EXPECT_EQ(responses.at(9).status, 202);
    EXPECT_THAT(heard(mallory), ElementsAre("put-out banned"));
    EXPECT_EQ(ask("PUT", "/api/bans/m%C3%A4ry", "boss").status, 0);
    persist_all();
    EXPECT_EQ(responses.at(9).status, 202);
    const auto here = ask("GET", "/api/rooms/lobby/bans", "boss");
    EXPECT_THAT(here.body, AllOf(HasSubstr(R"("name":"mallory")"), HasSubstr(R"("reason":"spam")"),
                                 HasSubstr(R"("by":"boss")"), HasSubstr(R"("more":false)")));
    EXPECT_THAT(ask("GET", "/api/bans", "boss").body, HasSubstr("m\xC3\xA4ry"));
    EXPECT_EQ(ask("GET", "/api/bans", "ann").status, 403);
    EXPECT_EQ(ask("PUT", "/api/bans/ann", "ann").status, 403);
    EXPECT_THAT(ask("PUT", "/api/bans/bob", "boss", R"({"untill":"2030-01-01T00:00:00Z"})").body,
                HasSubstr("did you mean `until`?"));
    EXPECT_EQ(ask("PUT", "/api/bans/bob", "boss", R"({"until":5})").status, 400);
    EXPECT_EQ(ask("POST", "/api/bans/ann", "boss").status, 405);
    EXPECT_EQ(ask("DELETE", "/api/rooms/lobby/bans/mallory", "boss").status, 0);
    persist_all();
    EXPECT_EQ(responses.at(9).status, 202);
    EXPECT_EQ(counts().bans, 1u);
}

TEST_F(Moderation, TheBannedPollNeitherNowNorWaiting) {
    EXPECT_EQ(ask("GET", "/api/rooms/lobby/poll?timeout=20", "mallory").status, 0);
    ban("mallory");
    EXPECT_EQ(responses.at(9).status, 403);
    EXPECT_THAT(responses.at(9).body, HasSubstr("banned"));
    EXPECT_EQ(ask("GET", "/api/rooms/lobby/poll", "mallory").status, 403);
    EXPECT_EQ(ask("GET", "/api/rooms/lobby/events", "mallory").status, 403);
    EXPECT_EQ(ask("GET", "/api/rooms/lobby/messages", "mallory").status, 403);
    const auto answer = ask("POST", "/api/rooms/lobby/messages", "mallory", R"({"text":"hello"})");
    EXPECT_EQ(answer.status, 403);
    EXPECT_THAT(answer.body, HasSubstr("banned"));
}

// ---- what the store tells

TEST_F(Moderation, ABanOfAnotherNodeComesByTheFeed) {
    feeds(lobby_ban, "1-a", ban_document("mallory"));
    EXPECT_THAT(heard(mallory), ElementsAre("put-out banned"));
    settle();
    crash_and_restart();
    fail_all();
    EXPECT_EQ(counts().bans, 1u);  // with the store down
}

TEST_F(Moderation, ABanByHandNeedsNoKeyAndNoIdOfOurs) {
    feeds("davenport-ban~1", "1-a", R"({"what":"ban","who":"Mallory","room":"*"})");
    EXPECT_THAT(heard(mallory), ElementsAre("put-out banned"));
    unban("mallory", "");
    persist_all();
    EXPECT_THAT(heard(boss), ElementsAre("accepted"));
    EXPECT_EQ(counts().bans, 0u);
}

TEST_F(Moderation, WhatIsNoBanIsLoggedAndBlocksNobody) {
    int n = 0;
    for (const auto* body :
         {R"({})", R"({"what":"ban"})", R"({"what":"ban","who":"mallory"})",
          R"({"what":"ban","who":"mallory","room":"No Room"})", R"({"what":"ban","who":7,"room":"*"})",
          R"({"what":"ban","who":"mallory","room":"*","until":"soon"})",
          R"({"what":"ban","who":"mallory","room":"*","lifted":"yes"})",
          R"({"what":"ban","who":"mallory","room":"*","reason":[]})",
          R"({"user":"mallory","msg":"a message"})"}) {
        SCOPED_TRACE(body);
        const auto id = fmt::format("davenport-ban~odd{}", ++n);
        feeds(id, "1-a", body);
        EXPECT_THAT(log.back(), HasSubstr(id));
        EXPECT_EQ(counts().bans, 0u);
    }
    EXPECT_THAT(heard(mallory), IsEmpty());
    EXPECT_THAT(heard(ann), IsEmpty());
    settle();
    crash_and_restart();
    EXPECT_EQ(counts().bans, 0u);
}

TEST_F(Moderation, ADeletedDocumentIsALiftedBan) {
    feeds(lobby_ban, "1-a", ban_document("mallory"));
    feeds_deleted(lobby_ban, "2-b");
    EXPECT_EQ(counts().bans, 0u);
    settle();
    EXPECT_TRUE(journal.policies().empty());
    feeds(lobby_ban, "1-a", ban_document("mallory"));  // of a rewind: looked at before it is believed
    store_tells(fmt::format(R"({{"id":"{0}","key":"{0}","value":{{"rev":"2-b","deleted":true}},"doc":null}})",
                            lobby_ban));
    EXPECT_EQ(counts().bans, 0u);
}

TEST_F(Moderation, AHandsEditOfADocumentCounts) {
    const auto document = ban_document("mallory");
    feeds(lobby_ban, "1-a", document);
    auto lifted = document;
    feeds(lobby_ban, "2-b", lifted.insert(1, R"("lifted":true,)"));
    EXPECT_EQ(counts().bans, 0u);
    feeds(lobby_ban, "3-c", R"({"what":"ban","who":"mallory","room":"lobby"})");  // and without its key
    EXPECT_EQ(counts().bans, 1u);
    EXPECT_FALSE(asked("_bulk_docs"));
}

TEST_F(Moderation, AnOldRowIsLookedAtBeforeItCounts) {
    feeds(lobby_ban, "2-b", ban_document("mallory", 2000));
    feeds(lobby_ban, "1-a", ban_document("mallory", 1000, true));
    EXPECT_EQ(counts().bans, 1u);
    store_tells(row_of(lobby_ban, "2-b", ban_document("mallory", 2000)));
    EXPECT_EQ(counts().bans, 1u);
    EXPECT_FALSE(asked("_bulk_docs"));
}

// ---- two at once

TEST_F(Moderation, OfTwoModeratorsAtOnceTheHigherKeyCounts) {
    ban("mallory");
    persist_all();
    store_has_nothing();
    answer("_bulk_docs", 201, fmt::format(R"([{{"id":"{}","error":"conflict"}}])", lobby_ban));
    EXPECT_FALSE(asked("_all_docs?include_docs"));  // no storm
    advance(100ms);
    store_tells(row_of(lobby_ban, "1-a", ban_document("mallory", 40'000, true)));
    EXPECT_THAT(heard(boss), ElementsAre("accepted", "superseded"));
    EXPECT_EQ(counts().bans, 0u);
    EXPECT_FALSE(asked("_bulk_docs"));
}

TEST_F(Moderation, WhoIsSupersededIsToldByWhichKey) {
    feeds(lobby_ban, "1-a", ban_document("mallory", 3'600'000));  // a clock that was an hour ahead
    unban("mallory");
    const auto told = take(boss, "superseded");
    ASSERT_EQ(told.size(), 1u);
    const auto above = base::text_member(told[0], "above");
    const base::MessageKey higher{base::MessageKey::parse(above)->unix_ms + 1, 0, "boss"};
    EXPECT_EQ(higher.unix_ms, epoch_ms + 3'600'001);
    say(boss, fmt::format(R"({{"t":"unban","room":"lobby","name":"mallory","key":"{}"}})", higher.text()));
    persist_all();
    EXPECT_EQ(counts().bans, 0u);
}

TEST_F(Moderation, OursIsWrittenOverALowerOne) {
    ban("mallory");
    persist_all();
    store_tells(row_of(lobby_ban, "4-d", ban_document("mallory", -5000, true)));
    EXPECT_THAT(written(lobby_ban), AllOf(HasSubstr(R"("_rev":"4-d")"), Not(HasSubstr("lifted"))));
    EXPECT_THAT(heard(boss), ElementsAre("accepted", "stored"));
}

TEST_F(Moderation, ANewBanIsWrittenOverAnOldDeletion) {
    ban("mallory");
    persist_all();
    store_tells(fmt::format(R"({{"id":"{0}","key":"{0}","value":{{"rev":"2-b","deleted":true}},"doc":null}})",
                            lobby_ban));
    // CouchDB takes the revision of a deletion for a conflict.
    EXPECT_THAT(written(lobby_ban), AllOf(HasSubstr("mallory"), Not(HasSubstr("_rev"))));
    EXPECT_EQ(counts().bans, 1u);
}

TEST_F(Moderation, ARefusalByTheStoreEndsTheBan) {
    ban("mallory");
    persist_all();
    store_has_nothing();
    answer("_bulk_docs", 201,
           fmt::format(R"([{{"id":"{}","error":"forbidden","reason":"no bans here"}}])", lobby_ban));
    EXPECT_THAT(heard(boss), ElementsAre("accepted", "failed"));
    EXPECT_EQ(counts().bans, 0u);
}

// ---- without the store, and with another one

TEST_F(Moderation, WithTheStoreDownABanHoldsAndIsWrittenInTheNextLife) {
    store_goes();
    ban("mallory");
    persist_all();
    EXPECT_THAT(heard(boss), Contains("accepted"));
    crash_and_restart();
    EXPECT_EQ(counts().bans, 1u);
    store_up("g1");
    store_has_nothing();
    written(lobby_ban);
    settle();
    EXPECT_EQ(journal.policies().at(0).stored_in, "g1");
    EXPECT_EQ(journal.policies().at(0).revision, "1-w");
}

TEST_F(Moderation, AnotherStoreIsGivenTheBansThatItLacks) {
    feeds(lobby_ban, "3-c", ban_document("mallory"));
    settle();
    store_goes();
    store_up("g2");
    store_has_nothing();
    EXPECT_THAT(written(lobby_ban), Not(HasSubstr("_rev")));
    EXPECT_EQ(counts().bans, 1u);
}

TEST_F(Moderation, WhatAnotherStoreHasDeletedIsNotMadeAgain) {
    feeds(lobby_ban, "3-c", ban_document("mallory"));
    settle();
    store_goes();
    store_up("g2");
    store_tells(fmt::format(R"({{"id":"{0}","key":"{0}","value":{{"rev":"4-d","deleted":true}},"doc":null}})",
                            lobby_ban));
    EXPECT_EQ(counts().bans, 0u);
    EXPECT_FALSE(asked("_bulk_docs"));
}

TEST_F(Moderation, WhatTheStoreLostIsWrittenAgainAndWhatWasPurgedIsNot) {
    for (const bool purged : {false, true}) {
        SCOPED_TRACE(purged);
        feeds(lobby_ban, "1-a", ban_document("mallory"));
        settle();
        store_goes();
        store_up("g1");
        store_has_nothing();
        answer("_purged_infos", 200,
               purged ? fmt::format(R"({{"purged_infos":[{{"id":"{}","revs":["1-a"]}}]}})", lobby_ban)
                      : std::string{R"({"purged_infos":[]})"});
        EXPECT_EQ(asked("_bulk_docs"), !purged);
        EXPECT_EQ(counts().bans, purged ? 0u : 1u);
        if (!purged) written(lobby_ban);
    }
}

/// A member of a cluster that lags does not know it yet, and says that there is nothing; and before it is
/// written again, somebody deletes it.
TEST_F(Moderation, WhatSeemedLostAndWasDeletedIsNotMadeAgain) {
    feeds(lobby_ban, "1-a", ban_document("mallory"));
    settle();
    store_goes();
    store_up("g1");
    store_has_nothing();
    answer("_purged_infos", 200, R"({"purged_infos":[]})");
    answer("_bulk_docs", 201, fmt::format(R"([{{"ok":true,"id":"{}","rev":"3-c"}}])", lobby_ban));
    EXPECT_EQ(counts().bans, 0u);
    EXPECT_THAT(written(lobby_ban), AllOf(HasSubstr(R"("_deleted":true)"), HasSubstr(R"("_rev":"3-c")")));
    store_tells(fmt::format(R"({{"id":"{0}","key":"{0}","value":{{"rev":"4-d","deleted":true}},"doc":null}})",
                            lobby_ban));
    EXPECT_EQ(counts().bans, 0u);
    EXPECT_FALSE(asked("_bulk_docs"));
}

TEST_F(Moderation, APurgeIsNoticedWithinSeconds) {
    feeds(lobby_ban, "1-a", ban_document("mallory"));
    settle();
    while (asked("POST /chat/_all_docs?include_docs"))
        store_tells(row_of(lobby_ban, "1-a", ban_document("mallory")));
    live(11s);
    store_has_nothing();
    answer("_purged_infos", 200,
           fmt::format(R"({{"purged_infos":[{{"id":"{}","revs":["1-a"]}}]}})", lobby_ban));
    EXPECT_EQ(counts().bans, 0u);
    feeds(lobby_ban, "1-z", ban_document("mallory"));  // and made anew
    EXPECT_EQ(counts().bans, 1u);
}

TEST_F(Moderation, TenThousandBansDoNotSlowAPost) {
    std::string rows;
    for (int i = 0; i < 10'000; ++i)
        rows += feed_row_of(fmt::format("davenport-ban~lobby~m{}", i), "1-a",
                            fmt::format(R"({{"what":"ban","who":"m{}","room":"lobby"}})", i));
    stream("feed=continuous", rows);
    settle();
    EXPECT_EQ(counts().bans, 10'000u);
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i) post(ann, "lobby", "hello");
    persist_all();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);  // even under a sanitizer
}

}  // namespace
}  // namespace davenport::node
