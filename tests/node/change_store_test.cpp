#include "node/core/clients/cursor.hpp"
#include "node/core/store/change_queue.hpp"
#include "tests/node/changes.hpp"

/// Messages that change: by others, by hand in the store, and for who was away.
namespace davenport::node {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// An edit that the journal has is queued for another store after its removal, which the disk has not yet.
TEST(ChangeQueue, KeepsOfAMessageWhatCountsMoreInWhateverOrderItComes) {
    const auto said = base::make_message("lobby", "ann", {1'000, 0, {}}, "hello", "n1");
    const auto older = base::edited(said, {1'005, 0, "z"}, "older");
    const auto newer = base::edited(said, {1'010, 0, "z"}, "newer");
    for (const auto& [first, second] : {std::pair{older, newer}, std::pair{newer, older}}) {
        ChangeQueue queue;
        queue.enqueue(first);
        queue.enqueue(second);
        ASSERT_EQ(queue.size(), 1u);
        auto taken = said;
        ASSERT_TRUE(queue.take(taken));
        EXPECT_EQ(taken.text(), "newer");
        EXPECT_TRUE(queue.empty());
    }
}

// ---- by others, and by hand

TEST_F(Changes, ARowWithAnEditIsShownOnceAndNeverAnOlderOneAfterIt) {
    store_up();
    const auto id = said_and_kept("hello");
    const auto first = original(id, "hello");
    feeds(id, with_rev(first, "1-a"));
    EXPECT_THAT(heard(2), IsEmpty());
    const auto edit = base::edited(first, {epoch_ms + 10, 0, "z"}, "mended");
    feeds(id, with_rev(edit, "2-b"));
    feeds(id, with_rev(edit, "2-b"));
    feeds(id, with_rev(base::edited(first, {epoch_ms + 5, 0, "z"}, "older"), "2-a"));
    feeds(id, with_rev(first, "1-a"));
    EXPECT_THAT(heard(2), ElementsAre("changed mended"));
    settle();
    EXPECT_EQ(here(id).text(), "mended");
}

TEST_F(Changes, MadeByHandCountTheSame) {
    store_up();
    const auto id = said_and_kept("hello");
    auto document = with_rev(original(id, "hello"), "2-hand");
    document.replace(document.find("\"hello\""), 7, "\"by hand\"");
    feeds(id, document);
    EXPECT_THAT(heard(2), ElementsAre("changed by hand"));
    const auto other = said_and_kept("a password");
    document = with_rev(original(other, "a password"), "2-hand");
    document.replace(document.find("\"a password\""), 12, "\"\"");
    feeds(other, document);
    EXPECT_THAT(heard(2), ElementsAre("changed "));
    const auto third = said_and_kept("a secret");
    feeds_deleted(third);
    feeds_deleted(third);
    EXPECT_THAT(heard(2), ElementsAre("changed "));
    const auto fourth = said_and_kept("a token");
    feeds(fourth, R"({"_id":")" + fourth + R"(","_rev":"2-hand","nothing":"left"})");
    EXPECT_THAT(heard(2), ElementsAre("changed "));
    settle();
    for (const auto& gone : {other, third, fourth}) EXPECT_TRUE(here(gone).text().empty());
    EXPECT_FALSE(asked("_bulk_docs"));  // nothing of it is written back
}

TEST_F(Changes, WhatTheStoreLostIsWrittenAgain) {
    store_up();
    const auto id = said_and_kept("hello");
    edit(id, "mended");
    persist();
    reads(id, with_rev(original(id, "hello"), "1-a"));
    writes(id);
    settle();
    feeds(id, with_rev(original(id, "hello"), "1-a"));  // it is as it was said again
    reads(id, with_rev(original(id, "hello"), "1-a"));
    EXPECT_THAT(writes(id), HasSubstr("mended"));
    EXPECT_THAT(heard(2), Not(Contains("changed hello")));
}

TEST_F(Changes, WhatWasWrittenAgainIsVerifiedOnceMore) {
    store_up();
    const auto id = said_and_kept("hello");
    edit(id, "mended");
    persist();
    reads(id, with_rev(original(id, "hello"), "1-a"));
    const auto mended = base::later_of(original(id, "hello"), here(id));
    writes(id);
    settle();
    const auto verified = [&] {  // how often, in 20 s
        int times = 0;
        for (int i = 0; i < 20; ++i) {
            advance(1s);
            persist_all();
            stream("feed=continuous", "\n");  // it lives
            if (asked("POST /chat/_all_docs?include_docs")) reads(id, with_rev(mended, "2-b"));
            if (!asked("POST /chat/_all_docs")) continue;
            ++times;
            answer("POST /chat/_all_docs", 200,
                   fmt::format(R"({{"rows":[{{"id":"{0}","key":"{0}","value":{{"rev":"2-b"}}}}]}})", id));
        }
        return times;
    };
    feeds(id, with_rev(original(id, "hello"), "1-a"));  // the change is lost
    reads(id, with_rev(original(id, "hello"), "1-a"));
    writes(id);
    settle();
    EXPECT_EQ(verified(), 2);  // as it was edited, and as it was written again: that may be lost, too
    EXPECT_EQ(counts().backlog, 0U);
}

TEST_F(Changes, WhatTheStoreRefusedForGoodIsRefusedToWhoRepeatsIt) {
    store_up();
    const auto id = said_and_kept("hello");
    const auto key = edit(id, "not wanted");
    persist();
    take(1);
    reads(id, with_rev(original(id, "hello"), "1-a"));
    answer("_bulk_docs", 201, fmt::format(R"([{{"id":"{}","error":"forbidden","reason":"no"}}])", id));
    EXPECT_THAT(heard(1), ElementsAre("failed"));
    settle();
    edit_with(1, id, "not wanted", key);
    EXPECT_THAT(heard(1), ElementsAre("failed"));
    edit(id, "wanted");
    persist();
    EXPECT_THAT(heard(1), ElementsAre("accepted", "changed wanted"));
}

TEST_F(Changes, WhatTheStoreLostIsWrittenAgainThoughTheDiskHasItNotYet) {
    store_up();
    const auto id = said_and_kept("first");
    edit(id, "second");
    reads(id, with_rev(original(id, "first"), "1-a"));
    writes(id);
    fail_persist();
    feeds(id, with_rev(original(id, "first"), "1-a"));
    reads(id, with_rev(original(id, "first"), "1-a"));
    EXPECT_THAT(writes(id), testing::HasSubstr("second"));
}

/// It is written twice, as it was never there; the second time it is refused.
TEST_F(Changes, WhatTheStoreRefusedIsNotShownAgainWhenItsRowComes) {
    const auto id = said("first");
    persist_all();
    const auto key = edit(id, "second");
    persist_all();
    store_up();
    reads_nothing(id);
    answer("_bulk_docs", 201, fmt::format(R"([{{"ok":true,"id":"{}","rev":"1-a"}}])", id));
    const auto changed = base::edited(original(id, "first"), *base::MessageKey::parse(key), "second");
    reads(id, with_rev(changed, "1-a"));
    answer("_bulk_docs", 201, fmt::format(R"([{{"id":"{}","error":"forbidden","reason":"no"}}])", id));
    EXPECT_EQ(take(1, "failed").size(), 1u);
    take(2);
    feeds(id, with_rev(changed, "1-a"));
    EXPECT_THAT(take(1, "changed"), IsEmpty());
    EXPECT_THAT(take(2, "changed"), IsEmpty());
}

TEST_F(Changes, WhatWasPurgedIsRemovedAndNotHealed) {
    store_up();
    const auto id = said_and_kept("a password");
    const auto kept = said_and_kept("hello");
    advance(6s);  // it looks whether they are still there
    answer(
        "POST /chat/_all_docs", 200,
        fmt::format(R"({{"rows":[{{"key":"{}","error":"not_found"}},{{"key":"{}","error":"not_found"}}]}})",
                    id, kept));
    answer("GET /chat/_purged_infos", 200,
           fmt::format(R"({{"purged_infos":[{{"id":"{}","revs":["1-a"]}}]}})", id));
    EXPECT_THAT(heard(2), ElementsAre("changed "));
    settle();
    if (asked("_local/davenport")) store_up();
    EXPECT_TRUE(here(id).is_removed());
    EXPECT_EQ(here(kept).text(), "hello");
    std::string bodies;
    for (const auto& f : fetches) bodies += f.request.body;
    EXPECT_THAT(bodies, Not(HasSubstr("password")));
    EXPECT_THAT(bodies, HasSubstr(kept));
}

/// The store went back to before the deletion, and to before the message: a node that knows of neither must
/// not show it alive.
TEST_F(Changes, ADeletionThatTheStoreLostIsWrittenAsARemoval) {
    store_up();
    const auto id = said_and_kept("a password");
    feeds_deleted(id);
    settle();
    advance(6s);
    answer("POST /chat/_all_docs", 200,
           fmt::format(R"({{"rows":[{{"key":"{}","error":"not_found"}}]}})", id));
    answer("GET /chat/_purged_infos", 200, R"({"purged_infos":[]})");
    if (asked("_local/davenport")) store_up();
    reads_nothing(id);
    EXPECT_THAT(writes(id),
                AllOf(HasSubstr(R"("msg":"")"), HasSubstr(R"("removed":)"), Not(HasSubstr("password"))));
    settle();
    EXPECT_EQ(counts().backlog, 0u);
}

TEST_F(Changes, ADeletionThatTheStoreTookBackIsWrittenAsARemoval) {
    store_up();
    const auto id = said_and_kept("a password");
    feeds_deleted(id);
    settle();
    advance(6s);
    answer("POST /chat/_all_docs", 200,
           fmt::format(R"({{"rows":[{{"id":"{0}","key":"{0}","value":{{"rev":"1-a"}}}}]}})", id));
    if (asked("_local/davenport")) store_up();
    reads(id, with_rev(original(id, "a password"), "1-a"));
    EXPECT_THAT(writes(id),
                AllOf(HasSubstr(R"("msg":"")"), HasSubstr(R"("removed":)"), Not(HasSubstr("password"))));
    settle();
    EXPECT_EQ(counts().backlog, 0u);
}

TEST_F(Changes, ADeletionThatTheStoreTookBackIsWrittenThoughTheDiskIsFull) {
    store_up();
    const auto id = said("a password");
    stored_original();
    handle(PersistFailed{last_batch.number, "disk full"});
    feeds_deleted(id);
    feeds(id, with_rev(original(id, "a password"), "1-a"));  // a copy without the deletion took over
    reads(id, with_rev(original(id, "a password"), "1-a"));
    EXPECT_THAT(writes(id), HasSubstr(R"("removed":)"));
}

TEST_F(Changes, WhatTheStoreRefusedIsNotSentAgainToWhoClosesAGap) {
    store_up();
    fail_all();
    advance(1s);
    fail_all();
    const auto id = said("hello");
    persist_all();
    open(3, "cid");
    take(3);
    join(3, "lobby", Cursor{"u-2", 5, "g0", "1-a", {}, false}.text(), 5);
    EXPECT_THAT(heard(3), Contains("joined gap"));
    edit(id, "mended");
    persist();
    EXPECT_THAT(heard(3), ElementsAre("changed mended"));
    advance(2s);
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    reads_nothing(id);
    answer("_bulk_docs", 201, fmt::format(R"([{{"id":"{}","error":"forbidden","reason":"no"}}])", id));
    for (int i = 0; i < 5; ++i) {
        while (asked("feed=normal")) answer("feed=normal", 200, R"({"results":[],"last_seq":"1-a"})");
        if (asked("_local/davenport")) answer("_local/davenport", 200, R"({"generation":"g1"})");
        if (asked("feed=continuous")) stream("feed=continuous", "\n");
        advance(1s);
    }
    const auto told = heard(3);
    EXPECT_THAT(told, Contains("gap-closed"));
    EXPECT_THAT(told, Not(Contains(HasSubstr("mended"))));
}

/// Once by another node, which was quicker, and then by this one.
TEST_F(Changes, WhatTheStoreLosesASecondTimeIsWrittenASecondTime) {
    store_up();
    const auto id = said_and_kept("hello");
    edit(id, "mended");
    persist();
    reads(id, with_rev(original(id, "hello"), "1-a"));
    const auto mended = base::later_of(original(id, "hello"), here(id));
    writes(id);
    settle();
    const auto looks = [&](bool finds) {
        fail("feed=continuous");
        advance(2s);
        if (asked("_local/davenport")) store_up();
        stream("feed=continuous", "\n");
        const auto row = finds ? fmt::format(R"("id":"{}","value":{{"rev":"2-b"}})", id)
                               : std::string{R"("error":"not_found")"};
        answer("POST /chat/_all_docs", 200, fmt::format(R"({{"rows":[{{"key":"{}",{}}}]}})", id, row));
        if (asked("_purged_infos")) answer("_purged_infos", 200, R"({"purged_infos":[]})");
        persist_all();
    };
    looks(false);
    reads(id, with_rev(mended, "2-b"));
    EXPECT_FALSE(asked("_bulk_docs"));
    looks(true);
    if (asked("_all_docs?include_docs")) reads(id, with_rev(mended, "2-b"));
    looks(false);
    reads_nothing(id);
    EXPECT_THAT(writes(id), HasSubstr("mended"));
}

/// The journal has the message as it was said, and the edit is on its way to the disk.
TEST_F(Changes, WhatTheStoreLostIsWrittenAsItWasEditedThoughTheDiskHasNotTheEdit) {
    store_up();
    const auto id = said_and_kept("hello");
    feeds(id, with_rev(base::edited(original(id, "hello"), {epoch_ms, 0, {}}, "mended"), "2-x"));
    ASSERT_EQ(here(id).text(), "hello");
    advance(6s);
    answer("POST /chat/_all_docs", 200,
           fmt::format(R"({{"rows":[{{"key":"{}","error":"not_found"}}]}})", id));
    answer("GET /chat/_purged_infos", 200, R"({"purged_infos":[]})");
    if (asked("_local/davenport")) store_up();
    EXPECT_THAT(writes(id), HasSubstr("mended"));
}

/// It waits in the journal of an earlier life, and the store has it with somebody's edit.
TEST_F(Changes, ARepeatOfWhatWasEditedInTheStoreMeanwhileIsToldStored) {
    fail_all();
    const auto key = next_key();
    const auto id = say_own("hello", key);
    persist_all();
    crash_and_restart();
    open(1, "ann");
    take(1);
    answer("_local/davenport", 200, R"({"generation":"g1"})");
    const auto mended = base::edited(original(id, "hello"), {epoch_ms, 0, {}}, "mended");
    answer("feed=normal", 200, feed_page({feed_row("9-z", mended)}, "9-z"));
    say_own("hello", key);
    EXPECT_EQ(take(1, "stored").size(), 1u);
}

/// Only the store's own list of what is deleted tells of it: the row was lost with the feed's connection.
TEST_F(Changes, ADeletionIsNoticedWhereTheStoreIsVerified) {
    store_up();
    const auto id = said_and_kept("a password");
    advance(6s);
    answer(
        "POST /chat/_all_docs", 200,
        fmt::format(R"({{"rows":[{{"id":"{0}","key":"{0}","value":{{"rev":"2-x","deleted":true}}}}]}})", id));
    EXPECT_THAT(heard(2), ElementsAre("changed "));
    settle();
    EXPECT_TRUE(here(id).is_removed());
}

/// A document that is new has its first revision; a later one is over a deletion of which nobody here heard.
TEST_F(Changes, WhatWasDeletedBeforeItsWriteWasRepeatedStaysRemoved) {
    store_up();
    const auto id = said("a password");
    persist_all();
    take(2);
    fail("PUT /chat/lobby");  // it came through; then somebody deleted it
    advance(200ms);
    if (asked("_local/davenport")) store_up();
    advance(200ms);
    answer("PUT /chat/lobby", 201, R"({"ok":true,"id":"x","rev":"3-c"})");
    EXPECT_THAT(heard(2), Contains("changed "));
    reads(id, with_rev(original(id, "a password"), "3-c"));
    EXPECT_THAT(writes(id),
                AllOf(HasSubstr(R"("msg":"")"), HasSubstr(R"("removed":)"), Not(HasSubstr("password"))));
    settle();
    EXPECT_TRUE(here(id).is_removed());
    EXPECT_EQ(counts().backlog, 0u);
}

TEST_F(Changes, WhatWasDeletedBeforeItsRowWasWrittenStaysRemoved) {
    fail_all();
    const auto gone = said_and_kept("a password"), kept = said_and_kept("hello");
    store_up();
    answer("_bulk_docs", 201,
           fmt::format(R"([{{"ok":true,"id":"{}","rev":"3-c"}},{{"ok":true,"id":"{}","rev":"1-a"}}])", gone,
                       kept));
    EXPECT_THAT(heard(2), ElementsAre("store up", "changed "));
    reads(gone, with_rev(original(gone, "a password"), "3-c"));
    EXPECT_THAT(writes(gone), AllOf(HasSubstr(R"("removed":)"), Not(HasSubstr("password"))));
    settle();
    EXPECT_TRUE(here(gone).is_removed());
    EXPECT_EQ(here(kept).text(), "hello");
}

TEST_F(Changes, WhatIsDeletedBetweenTheLookAndTheWriteOfAChangeStaysRemoved) {
    store_up();
    const auto id = said_and_kept("a password");
    edit(id, "another one");
    persist();
    take(2);
    answer("_bulk_docs", 201, fmt::format(R"([{{"id":"{}","error":"conflict"}}])", id));
    reads_nothing(id);
    answer("_bulk_docs", 201, fmt::format(R"([{{"ok":true,"id":"{}","rev":"4-d"}}])", id));
    EXPECT_THAT(heard(2), Contains("changed "));
    reads(id,
          with_rev(base::edited(original(id, "a password"), {epoch_ms + 10, 0, "z"}, "another one"), "4-d"));
    EXPECT_THAT(writes(id), AllOf(HasSubstr(R"("removed":)"), Not(HasSubstr("another one"))));
    settle();
    EXPECT_TRUE(here(id).is_removed());
    EXPECT_EQ(counts().backlog, 0u);
}

/// The answer to the write that came after the deletion was lost as well, and the next one found it there.
TEST_F(Changes, WhatIsFoundWrittenOverItsDeletionIsRemovedAgain) {
    store_up();
    const auto id = said_and_kept("a password"), mended = said_and_kept("a typo");
    advance(6s);
    std::string rows;
    for (const auto& one : {id, mended})
        rows += fmt::format(R"({0}{{"id":"{1}","key":"{1}","value":{{"rev":"3-c"}}}})",
                            rows.empty() ? "" : ",", one);
    answer("POST /chat/_all_docs", 200, fmt::format(R"({{"rows":[{}]}})", rows));
    const auto revisions = [&](std::string_view one, std::string_view second) {
        const auto name = one.substr(one.find(':') + 1);
        answer(fmt::format("{}?revs_info=true", name), 200,
               fmt::format(R"({{"_id":"{}","_rev":"3-c","_revs_info":[{{"rev":"3-c","status":"available"}},)"
                           R"({{"rev":"2-b","status":"{}"}},{{"rev":"1-a","status":"available"}}]}})",
                           one, second));
    };
    take(2);
    revisions(mended, "available");
    EXPECT_THAT(heard(2), IsEmpty());
    revisions(id, "deleted");
    EXPECT_THAT(heard(2), ElementsAre("changed "));
    if (asked("_local/davenport")) store_up();
    reads(id, with_rev(original(id, "a password"), "3-c"));
    EXPECT_THAT(writes(id), AllOf(HasSubstr(R"("removed":)"), Not(HasSubstr("password"))));
    settle();
    EXPECT_TRUE(here(id).is_removed());
    EXPECT_EQ(here(mended).text(), "a typo");
}

/// No page of the feed tells of it.
TEST_F(Changes, WhatAChangeFindsPurgedIsToldToWhoComesFromAnotherNode) {
    for (const bool removes : {false, true}) {
        SCOPED_TRACE(removes);
        if (!removes) store_up();
        const auto id = said_and_kept("a password");
        removes ? remove(id) : edit(id, "another one");
        persist();
        answer("_bulk_docs", 201, fmt::format(R"([{{"id":"{}","error":"conflict"}}])", id));
        reads_nothing(id, id);
        settle();
        ASSERT_TRUE(here(id).is_removed());
        const auto session = SessionId{removes ? 4U : 3U};
        open(session, "cid");
        take(session);
        join(session, "lobby", Cursor{"u-2", 5, "g1", "5-s", std::string{here(id).position()}, false}.text());
        answer("since=5-s", 200, feed_page({}, "5-s"));
        if (asked("_local/davenport")) answer("_local/davenport", 200, R"({"generation":"g1"})");
        std::vector<std::string> told;
        for (const auto& frame : take(session, "changed")) told.push_back(base::text_member(frame, "id"));
        EXPECT_THAT(told, Contains(id));
    }
}

/// By a page that was read before, or because a node wrote it that did not know.
TEST_F(Changes, WhatIsGoneAndComesAgainIsNotShownAsItWasSaid) {
    store_up();
    take(2);
    const auto id = base::make_message_id("lobby", "ann", {epoch_ms, 0, {}}, "a password");
    feeds_deleted(id);
    EXPECT_THAT(heard(2), ElementsAre("changed "));
    feeds(id, with_rev(original(id, "a password"), "1-a"));
    EXPECT_THAT(heard(2), ElementsAre("message "));
    reads(id, with_rev(original(id, "a password"), "1-a"));
    EXPECT_THAT(writes(id), AllOf(HasSubstr(R"("removed":)"), Not(HasSubstr("password"))));
    settle();
    EXPECT_TRUE(here(id).is_removed());
    EXPECT_EQ(counts().backlog, 0u);
}

// ---- who was away

TEST_F(Changes, HistoryHasTheLastTextAndAPlaceWhereSomethingWas) {
    fail_all();
    const auto a = said_and_kept("a"), b = said_and_kept("b"), c = said_and_kept("c");
    edit(a, "a, mended");
    remove(b);
    EXPECT_TRUE(persisting());
    say(2, R"({"t":"history","room":"lobby"})");  // before the commit
    persist_all();
    say(2, R"({"t":"history","room":"lobby"})");
    std::vector<std::string> pages;
    for (const auto& page : take(2, "page")) {
        std::string texts;
        for (const auto& m : base::member(page, "messages")->get_array())
            texts += base::text_member(m, "text") + "/";
        pages.push_back(texts);
    }
    EXPECT_THAT(pages, ElementsAre("c/b/a/", "c//a, mended/"));
}

TEST_F(Changes, AResumeOnTheSameJournalBringsTheChangeOrTheChangedMessageAlone) {
    fail_all();
    const auto a = said_and_kept("a");
    open(3, "cid");
    join(3, "lobby");
    const auto joined = take(3, "joined").at(0);
    const auto cursor = base::text_member(joined, "cursor");
    const auto b = said_and_kept("b");
    edit(a, "a, mended");
    persist_all();
    edit(b, "b, mended");
    persist_all();
    open(4, "cid");
    join(4, "lobby", cursor, static_cast<std::uint64_t>(*base::int_member(joined, "n")));
    EXPECT_THAT(heard(4), ElementsAre("welcome", "changed a, mended", "message b, mended", "joined"));
}

/// A resume that is cut short has sent what arrived before the change, and not the message that was changed.
TEST_F(Changes, AResumeAfterOneThatWasCutShortBringsTheChangedMessage) {
    fail_all();
    open(3, "cid");
    join(3, "lobby");
    const auto cursor = base::text_member(take(3, "joined").at(0), "cursor");
    const auto a = said_and_kept("a");
    said("b");
    persist_all();
    const auto b = take(3, "message").back();
    edit(a, "a, mended");
    persist_all();
    open(4, "cid");
    join(4, "lobby", cursor, static_cast<std::uint64_t>(*base::int_member(b, "n")));
    EXPECT_THAT(heard(4), ElementsAre("welcome", "message b", "message a, mended late", "joined"));
}

TEST_F(Changes, AMessageThatComesChangedIsShownSo) {
    store_up();
    const auto m = base::edited(others_message(5, "hello"), {epoch_ms + 10, 0, "z"}, "mended");
    feeds(m.id(), with_rev(m, "2-b"));
    const auto frames = take(2, "message");
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(base::string_member(frames[0], "text"), "mended");
    EXPECT_EQ(base::string_member(frames[0], "change"), base::version_of(m));
}

struct PutBack : Changes {
    PutBack()
        : Changes{[] {
              ChatConfig config;
              config.page_rows_max = 1;
              return config;
          }()} {}
};

/// The node wrote the removal with the document and ended before it wrote it once more; its journal is one of
/// before the removal. Rows without documents tell of a message as it was said.
TEST_F(PutBack, LearnsOfARemovalThatIsTheFirstRevisionOfItsDocument) {
    store_up();
    const auto before = said_and_kept("before");
    fail_all();
    const auto id = said("secret plans");
    persist_all();
    crash_and_restart();
    answer("GET /chat/_local/davenport", 200, R"({"generation":"g1"})");
    answer("feed=normal", 200,
           feed_page({row("2-s", before, with_rev(original(before, "before"), "1-a"))}, "2-s"));
    stream("since=now", "\n");
    answer("feed=normal&limit=1&since=2-s", 200,
           feed_page({fmt::format(R"({{"seq":"3-s","id":"{}","changes":[{{"rev":"1-r"}}]}})", id)}, "3-s"));
    if (asked("descending=true")) answer("descending=true", 200, feed_page({}, "1-a"));
    const auto removed = base::removed(original(id, "secret plans"), {epoch_ms + 5, 0, {}}, "ann");
    answer("_all_docs?include_docs", 200,
           fmt::format(R"({{"rows":[{{"id":"{0}","key":"{0}","value":{{"rev":"1-r"}},"doc":{1}}}]}})", id,
                       with_rev(removed, "1-r")));
    settle();
    EXPECT_TRUE(here(id).is_removed());
}

}  // namespace
}  // namespace davenport::node
