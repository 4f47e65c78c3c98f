#include "node/core/clients/cursor.hpp"
#include "tests/node/changes.hpp"

/// Messages that change: edited and removed by clients of this node.
namespace davenport::node {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// ---- told as posts are

TEST_F(Changes, AnEditIsAcceptedOnTheDiskShownToAllAndThenStored) {
    store_up();
    const auto id = said_and_kept("hello");
    edit(id, "hello, all");
    EXPECT_THAT(heard(1), IsEmpty());  // nothing is told before the commit
    persist();
    EXPECT_THAT(heard(2), ElementsAre("changed hello, all"));
    const auto frames = take(1);
    ASSERT_EQ(frames.size(), 2u);
    EXPECT_EQ(base::string_member(frames[0], "t"), "accepted");
    EXPECT_EQ(base::string_member(frames[0], "id"), id);
    EXPECT_EQ(base::string_member(frames[1], "t"), "changed");
    EXPECT_EQ(base::string_member(frames[1], "id"), id);
    EXPECT_EQ(base::string_member(frames[1], "user"), "ann");
    EXPECT_FALSE(base::text_member(frames[1], "edited").empty());
    EXPECT_FALSE(base::text_member(frames[1], "change").empty());
    reads(id, with_rev(original(id, "hello"), "1-a"));
    const auto body = writes(id);
    EXPECT_THAT(body, HasSubstr(R"("_rev":"1-a")"));
    EXPECT_THAT(body, HasSubstr("hello, all"));
    EXPECT_THAT(heard(1), ElementsAre("stored"));
    settle();
    EXPECT_EQ(here(id).text(), "hello, all");
    EXPECT_EQ(journal.count_not_stored_in("g1"), 0u);
}

TEST_F(Changes, ARemovalTakesTheTextFromTheJournalAndTellsWho) {
    store_up();
    const auto id = said_and_kept("a password");
    remove(id);
    persist();
    const auto frames = take(2, "changed");
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(base::string_member(frames[0], "text"), "");
    EXPECT_EQ(base::string_member(frames[0], "removed_by"), "ann");
    EXPECT_TRUE(here(id).text().empty());
    reads(id, with_rev(original(id, "a password"), "1-a"));
    EXPECT_THAT(writes(id), Not(HasSubstr("password")));
}

/// The disk has the removal, and the node has not heard of it yet.
TEST_F(Changes, ARemovalIsShownOnceToWhoComesWhileItGoesToTheDisk) {
    store_up();
    const auto id = said_and_kept("a password");
    remove(id);
    const Cursor cursor{"u-2", 77, "g1", "5-e", {}, false};
    open(3, "cid");
    join(3, "lobby", cursor.text(), 80);
    answer("since=5-e", 200, feed_page({feed_row("6-f", original(id, "a password"))}, "6-f"));
    for (int i = 0; i < 3; ++i) {
        advance(200ms);
        if (asked("_local/davenport")) answer("_local/davenport", 200, R"({"generation":"g1"})");
    }
    persist_all();
    std::size_t removals = 0;
    const auto frames = take(3);
    for (const auto& frame : frames) removals += base::string_member(frame, "removed_by") == "ann" ? 1 : 0;
    EXPECT_EQ(removals, 1u) << frames.size() << asked_for();
}

TEST_F(Changes, WithTheStoreDownTheChangeIsWrittenAloneWhenItIsBack) {
    fail_all();
    const auto id = said("a password");
    persist_all();
    remove(id);
    persist_all();
    EXPECT_THAT(heard(2), ElementsAre("message a password", "changed "));
    EXPECT_THAT(heard(1), Contains("accepted"));
    advance(1s);
    store_up();
    // The text that was never there never gets there.
    for (const auto& f : fetches) EXPECT_THAT(f.request.body, Not(HasSubstr("password")));
    reads_nothing(id);
    EXPECT_THAT(writes(id), Not(HasSubstr("password")));
    EXPECT_THAT(heard(1), ElementsAre("store up", "stored", "stored"));
}

TEST_F(Changes, SurviveTheProcessAndAreWrittenInTheNextLife) {
    fail_all();
    const auto id = said("one");
    persist_all();
    edit(id, "two");
    persist_all();
    crash_and_restart();
    store_up();
    if (asked("feed=normal")) answer("feed=normal", 200, feed_page({}, "1-a"));
    EXPECT_EQ(here(id).text(), "two");
    reads_nothing(id);
    EXPECT_THAT(writes(id), HasSubstr("two"));
    settle();
    EXPECT_EQ(journal.count_not_stored_in("g1"), 0u);
}

TEST_F(Changes, ARepeatIsAnsweredAsARepeatAtEveryStep) {
    store_up();
    const auto id = said_and_kept("one");
    const auto key = edit(id, "two");
    edit_with(1, id, "two", key);
    persist();
    EXPECT_THAT(heard(1), ElementsAre("accepted", "changed two"));
    edit_with(1, id, "two", key);
    EXPECT_THAT(heard(1), ElementsAre("accepted"));
    reads(id, with_rev(original(id, "one"), "1-a"));
    writes(id);
    EXPECT_THAT(heard(1), ElementsAre("stored"));
    settle();
    edit_with(1, id, "two", key);
    EXPECT_THAT(heard(1), ElementsAre("stored"));
    EXPECT_THAT(heard(2), IsEmpty());
    EXPECT_FALSE(asked("_bulk_docs"));
}

TEST_F(Changes, AConflictIsReadAgainAndTheRuleDecides) {
    store_up();
    const auto id = said_and_kept("one");
    edit(id, "ours");
    persist();
    take(1);
    reads(id, with_rev(original(id, "one"), "1-a"));
    answer("_bulk_docs", 201, fmt::format(R"([{{"id":"{}","error":"conflict"}}])", id));
    const auto theirs = base::edited(original(id, "one"), {epoch_ms + 50'000, 0, "z"}, "theirs");
    reads(id, with_rev(theirs, "2-z"));
    EXPECT_THAT(heard(1), ElementsAre("superseded", "changed theirs"));
    EXPECT_FALSE(asked("_bulk_docs"));
    settle();
    EXPECT_EQ(here(id).text(), "theirs");
}

TEST_F(Changes, AConflictWithAnOlderEditIsWrittenOver) {
    store_up();
    const auto id = said_and_kept("one");
    edit(id, "ours");
    persist();
    take(1);
    reads(id, with_rev(original(id, "one"), "1-a"));
    answer("_bulk_docs", 201, fmt::format(R"([{{"id":"{}","error":"conflict"}}])", id));
    reads(id, with_rev(base::edited(original(id, "one"), {epoch_ms - 1, 0, "z"}, "theirs"), "2-z"));
    EXPECT_THAT(writes(id), HasSubstr(R"("_rev":"2-z")"));
    EXPECT_THAT(heard(1), ElementsAre("stored"));
}

TEST_F(Changes, ALostAnswerIsNoReasonToWriteTwice) {
    store_up();
    const auto id = said_and_kept("one");
    edit(id, "two");
    persist();
    take(1);
    reads(id, with_rev(original(id, "one"), "1-a"));
    fail("_bulk_docs");
    advance(200ms);
    if (asked("_local/davenport")) store_up();
    advance(200ms);
    reads(id, with_rev(here(id), "2-b"));
    EXPECT_FALSE(asked("_bulk_docs"));
    EXPECT_THAT(heard(1), Contains("stored"));
}

// ---- who may

TEST_F(Changes, NobodyMayByTheNameAlone) {
    fail_all();
    const auto id = said_and_kept("mine");
    open(3, "ann");
    take(3);
    edit(id, "hers", 3, "");
    remove(id, 3, "another secret of mine");
    EXPECT_THAT(heard(3), ElementsAre("refused not_yours", "refused not_yours"));
    post(2, "lobby", "without a secret");
    persist_all();
    const auto frames = take(2, "message");
    ASSERT_EQ(frames.size(), 1u);
    edit(base::text_member(frames[0], "id"), "no", 2);
    EXPECT_THAT(heard(2), Contains("refused not_yours"));
    edit(id, "from another connection", 3);
    persist_all();
    EXPECT_THAT(heard(3), ElementsAre("accepted"));
}

TEST_F(Changes, TheProofIsToldToNobody) {
    store_up();
    const auto id = said_and_kept("hello");
    const auto proof = std::string{here(id).proof()};
    ASSERT_FALSE(proof.empty());
    edit(id, "hello again");
    persist();
    say(2, R"({"t":"history","room":"lobby"})");
    for (const auto& frame : take(2)) {
        EXPECT_THAT(base::write_json(frame), Not(HasSubstr(proof)));
        EXPECT_THAT(base::write_json(frame), Not(HasSubstr(std::string{secret})));
    }
}

// ---- bad input

TEST_F(Changes, WhatCannotBeIsRefusedWithItsReason) {
    store_up();
    const auto id = said_and_kept("hello");
    const auto verdict = [&](std::string frame) {
        say(1, std::move(frame));
        return heard(1);
    };
    const auto with = [&](std::string_view the_id, std::string_view key, std::string_view text) {
        return fmt::format(R"({{"t":"edit","id":"{}","key":"{}","text":"{}","secret":"{}"}})", the_id, key,
                           text, secret);
    };
    EXPECT_THAT(verdict(with("", next_key(), "x")), ElementsAre("refused bad_id"));
    EXPECT_THAT(verdict(with(id, "nonsense", "x")), ElementsAre("refused bad_key"));
    EXPECT_THAT(verdict(with(id, next_key(), " ")), ElementsAre("refused bad_text"));
    EXPECT_THAT(verdict(with(id, next_key(), std::string(9000, 'x'))), ElementsAre("refused too_long"));
    EXPECT_THAT(verdict(with(id, base::MessageKey{epoch_ms - 25 * 3'600'000, 0, {}}.text(), "x")),
                ElementsAre("refused key_old"));
    EXPECT_THAT(verdict(with(id, base::MessageKey{epoch_ms + 999'000, 0, {}}.text(), "x")),
                ElementsAre("refused key_ahead"));
    EXPECT_THAT(verdict(R"({"t":"edit","id":7})"), ElementsAre("error"));
    EXPECT_THAT(verdict(R"({"t":"edit","id":7,"key":"k"})"), ElementsAre("refused bad_request"));
    EXPECT_EQ(here(id).text(), "hello");
}

TEST_F(Changes, OfWhatIsNotKnownTheStoreIsAsked) {
    store_up();
    const auto m =
        original(base::make_message_id("lobby", "ann", {epoch_ms - 5000, 7, {}}, "elsewhere"), "elsewhere");
    const std::string id{m.id()};
    edit(id, "mended");
    answer("GET /chat/lobby%3A", 404, R"({"error":"not_found","reason":"missing"})");
    const auto frames = take(1, "refused");
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(base::string_member(frames[0], "code"), "unknown");
    EXPECT_EQ(base::int_member(frames[0], "retry_ms"), 1000);  // it may be on its way
    edit(id, "mended");
    answer("GET /chat/lobby%3A", 200, with_rev(m, "1-a"));
    persist_all();
    EXPECT_THAT(heard(1), ElementsAre("message elsewhere", "accepted", "changed mended"));
    fail_all();
    edit("lobby:7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "x");
    EXPECT_THAT(heard(1), Contains("refused not_now"));
}

TEST_F(Changes, AnEditOfWhatIsRemovedIsSuperseded) {
    fail_all();
    const auto id = said_and_kept("hello");
    remove(id);
    persist_all();
    take(1);
    edit(id, "hello");
    EXPECT_THAT(heard(1), ElementsAre("superseded"));
    remove(id);  // by a higher key
    EXPECT_THAT(heard(1), ElementsAre("superseded"));
    EXPECT_TRUE(here(id).is_removed());
}

TEST_F(Changes, OfTwoEditsTheHigherKeyCountsWhicheverComesFirst) {
    fail_all();
    const auto id = said_and_kept("hello");
    const auto low = next_key(), high = next_key();
    edit_with(1, id, "high", high);
    edit_with(1, id, "low", low);
    persist_all();
    EXPECT_THAT(heard(1), ElementsAre("superseded", "accepted", "changed high"));
    EXPECT_EQ(here(id).text(), "high");
}

TEST_F(Changes, AnEditThatIsOvertakenBeforeItsCommitIsNotShownAfterTheOther) {
    fail_all();
    const auto id = said_and_kept("hello");
    edit(id, "one");
    edit(id, "two");  // in the next batch
    persist();
    persist();
    EXPECT_THAT(heard(2), ElementsAre("changed one", "changed two"));
    EXPECT_THAT(heard(1), ElementsAre("superseded", "changed one", "accepted", "changed two"));
}

// ---- REST and moderators

struct WithAccounts : Changes {
    WithAccounts()
        : Changes{[] {
              ChatConfig config;
              config.members_only = true;
              config.auth_secrets = {"a secret of this chat"};
              config.moderators = {"boss"};
              return config;
          }()} {}
    void SetUp() override {
        config_.presence = false;
        start();
        store_up();
    }
    void sign_in(SessionId session, const std::string& name) {
        handle(Requested{7,
                         {"POST",
                          "/api/session",
                          {{"Content-Type", "application/json"}},
                          fmt::format(R"({{"name":"{}","password":"pw"}})", name)},
                         "127.0.0.1"});
        answer("POST /_session", 200, fmt::format(R"({{"ok":true,"name":"{}","roles":[]}})", name));
        answer_account(*this, name);
        const std::string given{base::header(responses.at(7).headers, "Set-Cookie")};
        handle(Opened{session, "127.0.0.1", given.substr(0, given.find(';'))});
        join(session, "lobby");
        take(session);
    }
};

TEST_F(WithAccounts, TheAuthorEditsAndModeratorsRemove) {
    sign_in(1, "ann");
    sign_in(2, "bob");
    sign_in(3, "boss");
    const auto key = next_key();
    post_with(1, "lobby", "rude", key);
    persist_all();
    const auto id = base::make_message_id("lobby", "ann", *base::MessageKey::parse(key), "rude");
    take(1), take(2), take(3);
    edit(id, "ruder", 2);
    remove(id, 2);
    edit(id, "polite", 3);
    EXPECT_THAT(heard(2), ElementsAre("refused not_yours", "refused not_yours"));
    EXPECT_THAT(heard(3), ElementsAre("refused not_yours"));
    edit(id, "less rude", 1, "");
    persist_all();
    EXPECT_THAT(heard(1), ElementsAre("accepted", "changed less rude"));
    remove(id, 3, "");
    persist_all();
    const auto frames = take(2, "changed");
    ASSERT_EQ(frames.size(), 2u);
    EXPECT_EQ(base::string_member(frames[1], "removed_by"), "boss");
}

TEST_F(Changes, OverHttpTheyAreAnsweredAsPosts) {
    fail_all();
    const auto id = said_and_kept("hello");
    const auto ask = [&](ExchangeId exchange, std::string method, std::string the_id, std::string body,
                         std::string with = std::string{secret}) {
        base::HttpRequest request{std::move(method),
                                  "/api/rooms/lobby/messages/" + base::percent_encode(the_id),
                                  {},
                                  std::move(body)};
        if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
        if (!with.empty()) request.headers.emplace_back("Message-Secret", with);
        handle(Requested{exchange, std::move(request), "127.0.0.1"});
        persist_all();
        const auto& answer = responses[exchange];
        const auto parsed = base::parse_json(answer.body);
        return fmt::format("{} {}{}", answer.status, parsed ? base::text_member(*parsed, "state") : "?",
                           parsed ? base::text_member(*parsed, "error") : "?");
    };
    EXPECT_EQ(ask(1, "PUT", id, R"({"text":"mended"})"), "202 accepted");
    EXPECT_EQ(here(id).text(), "mended");
    EXPECT_EQ(ask(2, "PUT", id, R"({"text":"mended"})", ""), "403 not_yours");
    EXPECT_EQ(ask(3, "PUT", id, R"({"no":"text"})"), "400 bad_request");
    EXPECT_EQ(ask(4, "PUT", "lobby:7ZZZZZZZZZZZZZZZZZZZZZZZZZ", R"({"text":"x"})"), "503 not_now");
    EXPECT_EQ(ask(5, "DELETE", id, ""), "202 accepted");
    EXPECT_EQ(ask(6, "DELETE", id, ""), "409 superseded");
    EXPECT_EQ(ask(7, "POST", id, R"({"text":"x"})"), "405 method_not_allowed");
    EXPECT_TRUE(here(id).is_removed());
}

/// A node's clock was three hours ahead when the message was edited there.
TEST_F(Changes, WhatWasEditedByAClockAheadIsEditedAgainByARightOne) {
    store_up();
    wall_offset = 3h;
    const auto key_at = [&](base::Duration from_now) {
        return base::MessageKey{base::unix_ms(now().wall) + from_now / 1ms, 0, "x"}.text();
    };
    const auto id = said_and_kept("hello");
    edit_with(1, id, "ahead", key_at(0s));
    settle();
    wall_offset = {};
    edit_with(1, id, "too far", key_at(3h + 61s));
    EXPECT_THAT(heard(1), ElementsAre("refused key_ahead"));
    edit_with(1, id, "below", key_at(0s));
    EXPECT_THAT(heard(1), ElementsAre("superseded"));
    edit_with(1, id, "right", key_at(3h + 1s));
    persist_all();
    EXPECT_THAT(heard(1), Contains("accepted"));
    EXPECT_EQ(here(id).text(), "right");
    for (const auto* text : {"without a key", "and again"}) {  // the node makes it
        handle(Requested{1,
                         {"PUT",
                          "/api/rooms/lobby/messages/" + base::percent_encode(id),
                          {{"Content-Type", "application/json"}, {"Message-Secret", std::string{secret}}},
                          fmt::format(R"({{"text":"{}"}})", text)},
                         "127.0.0.1"});
        persist_all();
        EXPECT_LT(responses[1].status, 300) << responses[1].body;
        EXPECT_EQ(here(id).text(), text);
    }
    remove(id);
    persist_all();
    EXPECT_TRUE(here(id).is_removed());
}

}  // namespace
}  // namespace davenport::node
