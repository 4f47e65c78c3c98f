#include "node/base/message_id.hpp"
#include "tests/node/core_driver.hpp"

#include <fmt/format.h>

/// Two texts under one id: of an author who looked for two with one hash, or a document that was made by
/// hand. All nodes come to show the same, what the store has; nobody is told that the other was stored as a
/// repeat.
namespace davenport::node {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Contradiction : CoreDriver, testing::Test {
    void SetUp() override {
        start();
        open(1, "ann");
        join(1, "lobby");
    }
    /// Says "yes", which is on this node's disk.
    void say_yes() {
        key = post(1, "lobby", "yes");
        id = base::make_message_id("lobby", "ann", *base::MessageKey::parse(key), "yes");
        persist_all();
        take(1);
    }
    void store_comes() {
        store_up();
        if (!asked("feed=continuous")) store_up();
    }
    void store_tells(std::string_view text, std::string_view user = "ann") {
        stream("feed=continuous",
               fmt::format(R"({{"seq":"7-x","id":"{0}","changes":[{{"rev":"1-x"}}],"doc":{{"_id":"{0}",)"
                           R"("_rev":"1-x","user":"{1}","msg":"{2}","datetime":"2027-01-15T08:00:00.000Z",)"
                           R"("host":"n2"}}}})"
                           "\n",
                           id, user, text));
        persist_all();
    }
    std::string text_here() {
        handle(Requested{50, {"GET", "/api/rooms/lobby/messages", {}, {}}, "127.0.0.1"});
        const auto body = base::parse_json(responses[50].body);
        const auto& messages = base::member(*body, "messages")->get_array();
        return messages.size() == 1 ? base::text_member(messages[0], "text") : "not one";
    }
    std::string key, id;
};

TEST_F(Contradiction, BeforeTheStoreHasAnsweredTheStoresTextCounts) {
    say_yes();
    store_comes();
    store_tells("no");
    EXPECT_THAT(heard(1), Contains("changed no"));
    EXPECT_EQ(text_here(), "no");
    EXPECT_EQ(counts().rows_contradicting, 1u);
    EXPECT_THAT(log, Contains(HasSubstr("says something else")));
    store_tells("no");
    EXPECT_THAT(heard(1), IsEmpty()) << "known by now";
    EXPECT_EQ(counts().rows_contradicting, 1u);
}

TEST_F(Contradiction, AfterTheStoresConflictToo) {
    store_comes();
    say_yes();
    ASSERT_TRUE(asked("PUT /chat/lobby")) << asked_for();
    answer("PUT /chat/lobby", 409, R"({"error":"conflict","reason":"Document update conflict."})");
    persist_all();
    store_tells("no");
    EXPECT_THAT(heard(1), Contains("changed no"));
    EXPECT_EQ(text_here(), "no");
}

TEST_F(Contradiction, AfterARestartToo) {
    say_yes();
    crash_and_restart();
    open(1, "ann");
    join(1, "lobby");
    store_comes();
    store_tells("no");
    EXPECT_EQ(text_here(), "no");
    crash_and_restart();
    EXPECT_EQ(text_here(), "no");
}

TEST_F(Contradiction, AnotherNameUnderAKnownIdIsCountedAndTakesNobodysMessage) {
    say_yes();
    store_comes();
    store_tells("yes", "mallory");
    EXPECT_EQ(counts().rows_contradicting, 1u);
    EXPECT_EQ(text_here(), "yes");
    handle(Requested{51, {"GET", "/api/rooms/lobby/messages", {}, {}}, "127.0.0.1"});
    EXPECT_THAT(responses[51].body, HasSubstr(R"("user":"ann")"));
}

TEST_F(Contradiction, WhatIsTheSameIsNone) {
    store_comes();
    say_yes();
    answer("PUT /chat/lobby", 201, R"({"ok":true,"rev":"1-x"})");
    persist_all();
    store_tells("yes");
    store_tells("yes");
    EXPECT_EQ(counts().rows_contradicting, 0u);
    EXPECT_THAT(heard(1), ElementsAre("stored"));
}

TEST_F(Contradiction, APostIsNoRepeatOfWhatSaysSomethingElse) {
    store_comes();
    key = next_key();
    id = base::make_message_id("lobby", "ann", *base::MessageKey::parse(key), "yes");
    store_tells("no");
    take(1);
    post_with(1, "lobby", "yes", key);
    EXPECT_THAT(heard(1), ElementsAre("refused bad_key"));
    crash_and_restart();
    open(1, "ann");
    post_with(1, "lobby", "yes", key);
    EXPECT_THAT(heard(1), Contains("refused bad_key"));
    EXPECT_EQ(text_here(), "no");
}

}  // namespace
}  // namespace davenport::node
