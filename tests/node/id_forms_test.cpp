#include "node/base/message_id.hpp"
#include "tests/node/core_driver.hpp"

#include <fmt/format.h>

/// Ids are full ones in a chat of version 2 and brief ones in a chat of version 1, whose nodes take full ones
/// for foreign documents. The store tells the version, by a time that all nodes know alike.
namespace davenport::node {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* identity = "_local/davenport";

struct IdForms : CoreDriver, testing::Test {
    /// The store answers with the generation g1 of a chat of this version.
    void chat_is(std::string_view version) {
        answer("GET /chat/_local/davenport", 200,
               fmt::format(R"({{"_id":"_local/davenport",{},"generation":"g1"}})", version));
        if (asked("feed=normal"))
            answer("feed=normal", 200, R"({"results":[],"last_seq":"1-a","pending":0})");
        if (asks_about_database()) answer_about_database();
        persist_all();
    }
    /// What is asked of the store is answered as before, at the next look.
    void look_again(std::string_view version) {
        advance(5s);
        ASSERT_TRUE(asked("GET /chat/_local/davenport")) << asked_for();
        chat_is(version);
    }
    void come_in() {
        open(1, "ann");
        join(1, "lobby");
        take(1);
    }
    /// How many letters the newest id has.
    std::size_t letters() {
        handle(Requested{50, {"GET", "/api/rooms/lobby/messages", {}, {}}, "127.0.0.1"});
        const auto body = base::parse_json(responses[50].body);
        std::string newest;
        for (const auto& message : base::member(*body, "messages")->get_array())
            newest = std::max(newest, base::text_member(message, "id"));
        return newest.size() - std::string_view{"lobby:"}.size();
    }
    std::size_t letters_of_post() {
        post(1, "lobby", fmt::format("text {}", ++said_));
        persist_all();
        return letters();
    }
    std::string key_at(std::int64_t ms_after_epoch) const {
        return base::MessageKey{epoch_ms + ms_after_epoch, 0, {}}.text();
    }
    int said_ = 0;
};

constexpr std::string_view version_1 = R"("v":1)", version_2 = R"("v":2)";

TEST_F(IdForms, AreFullInANewChat) {
    start();
    come_in();
    EXPECT_EQ(letters_of_post(), 39u) << "also before the store was ever met";
    answer("GET /chat/_local/davenport", 404, R"({"error":"not_found","reason":"Database does not exist."})");
    answer("PUT /chat?q=1", 201, R"({"ok":true})");
    answer_about_database();
    const auto put = answer("PUT /chat/_local/davenport", 201, "{}");
    EXPECT_THAT(put.body, AllOf(HasSubstr(R"("v":2)"), Not(HasSubstr("ids_from"))));
    chat_is(version_2);
    EXPECT_EQ(letters_of_post(), 39u);
}

TEST_F(IdForms, AreBriefInAChatOfVersion1) {
    start();
    chat_is(version_1);
    come_in();
    EXPECT_EQ(letters_of_post(), 26u);
    EXPECT_TRUE(asked("PUT /chat/lobby")) << asked_for();
}

TEST_F(IdForms, StayBriefThereWhileTheStoreIsAwayAndAfterARestart) {
    start();
    chat_is(version_1);
    advance(2s);  // by then it is on the disk, with the checkpoint
    persist_all();
    crash_and_restart();
    come_in();
    EXPECT_EQ(letters_of_post(), 26u);
    chat_is(version_1);
    EXPECT_EQ(letters_of_post(), 26u);
}

TEST_F(IdForms, OfADatabaseMadeAnewAreAsTheNodesThatKnewTheOldOneReadThem) {
    start();
    chat_is(version_1);
    advance(5s);
    answer("GET /chat/_local/davenport", 404, R"({"error":"not_found","reason":"Database does not exist."})");
    answer("PUT /chat?q=1", 201, R"({"ok":true})");
    answer_about_database();
    const auto put = answer("PUT /chat/_local/davenport", 201, "{}");
    EXPECT_THAT(put.body, HasSubstr(R"("v":1)"));
}

TEST_F(IdForms, AreFullFromTheTimeOnThatAnUpgradeNames) {
    start();
    chat_is(version_1);
    come_in();
    const auto version = fmt::format(R"("v":2,"ids_from":{})", epoch_ms + 20'000);
    look_again(version);
    EXPECT_EQ(letters_of_post(), 26u) << "its key is of before";
    post_with(1, "lobby", "of then", key_at(20'000));
    persist_all();
    EXPECT_EQ(letters(), 39u);
    advance(2s);
    persist_all();
    crash_and_restart();
    come_in();
    post_with(1, "lobby", "of then as well", key_at(20'001));
    persist_all();
    EXPECT_EQ(letters(), 39u) << "the journal knows";
}

TEST_F(IdForms, OfARetryAreTheSameBeforeAndAfterAnUpgrade) {
    start();
    chat_is(version_1);
    come_in();
    const auto key = post(1, "lobby", "once");
    persist_all();
    look_again(fmt::format(R"("v":2,"ids_from":{})", epoch_ms + 4'000));
    take(1);
    post_with(1, "lobby", "once", key);
    EXPECT_THAT(heard(1), ElementsAre("accepted"));
    EXPECT_EQ(journal.size(), 1u);
}

TEST_F(IdForms, AreNotNewForARetryWhoseFirstSendCameToANodeThatDidNotKnowOfTheUpgrade) {
    start();
    chat_is(version_1);
    come_in();
    const auto key = key_at(4'000);
    post_with(1, "lobby", "once", key);
    persist_all();
    look_again(fmt::format(R"("v":2,"ids_from":{})", epoch_ms + 3'000));
    take(1);
    post_with(1, "lobby", "once", key);
    EXPECT_THAT(heard(1), ElementsAre("accepted"));
    EXPECT_EQ(journal.size(), 1u);
    post_with(1, "lobby", "another", key);
    persist_all();
    EXPECT_EQ(journal.size(), 2u);
}

TEST_F(IdForms, TwoTextsWithOneBriefIdAreTwoMessages) {
    start();
    chat_is(fmt::format(R"("v":2,"ids_from":{})", epoch_ms));
    come_in();
    const auto key = next_key();
    const auto full = base::make_message_id("lobby", "ann", *base::MessageKey::parse(key), "yes");
    // As an attacker finds one with 2^32 tries; through a node that did not know of the upgrade.
    stream("feed=continuous",
           fmt::format(R"({{"seq":"7-x","id":"{0}","changes":[{{"rev":"1-x"}}],"doc":{{"_id":"{0}",)"
                       R"("_rev":"1-x","user":"ann","msg":"no","datetime":"","host":"n2"}}}})"
                       "\n",
                       base::brief_id_of(full)));
    persist_all();
    take(1);
    post_with(1, "lobby", "yes", key);
    persist_all();
    EXPECT_THAT(heard(1), ElementsAre("accepted", "message yes"));
    EXPECT_EQ(journal.size(), 2u);
}

TEST_F(IdForms, AStoreOfAnOlderVersionIsToldTheChats) {
    start();
    chat_is(fmt::format(R"("v":2,"ids_from":{})", epoch_ms));
    advance(5s);
    answer(identity, 200, R"({"v":1,"generation":"g1","again":"w"})");  // another member of a cluster
    const auto put = answer("PUT /chat/_local/davenport", 201, "{}");
    EXPECT_THAT(put.body, AllOf(HasSubstr(fmt::format(R"("v":2,"ids_from":{})", epoch_ms)),
                                HasSubstr(R"("generation":"g1")"), HasSubstr(R"("again":"w")")));
    chat_is(fmt::format(R"("v":2,"ids_from":{})", epoch_ms));
    EXPECT_TRUE(counts().store_up);
}

TEST_F(IdForms, ANodeThatAcceptedFullOnesWithoutItsStoreWritesNoneIntoAChatOfVersion1) {
    start();
    come_in();
    EXPECT_EQ(letters_of_post(), 39u);
    chat_is(version_1);
    EXPECT_FALSE(counts().store_up);
    EXPECT_FALSE(asked("PUT /chat/lobby")) << asked_for();
    EXPECT_THAT(log, Contains(HasSubstr("chatnode store upgrade")));
    advance(1s);
    chat_is(fmt::format(R"("v":2,"ids_from":{})", epoch_ms + 600'000));
    EXPECT_TRUE(asked("PUT /chat/lobby")) << asked_for();
    EXPECT_TRUE(counts().store_up);
}

TEST_F(IdForms, AnUpgradeIsToldToTheStore) {
    config_.full_ids_from = epoch_ms + 600'000;
    start();
    answer(identity, 200, R"({"v":1,"generation":"g1"})");
    const auto put = answer("PUT /chat/_local/davenport", 201, "{}");
    EXPECT_THAT(put.body, HasSubstr(fmt::format(R"("v":2,"ids_from":{})", epoch_ms + 600'000)));
    chat_is(fmt::format(R"("v":2,"ids_from":{})", epoch_ms + 600'000));
    EXPECT_TRUE(counts().store_up);
    EXPECT_THAT(log, Contains(HasSubstr("it is told of which version")));
}

TEST_F(IdForms, AnUpgradeOfAChatOfVersion2ChangesNothing) {
    config_.full_ids_from = epoch_ms + 600'000;
    start();
    chat_is(version_2);
    EXPECT_TRUE(counts().store_up);
    EXPECT_FALSE(asked("PUT /chat/_local/davenport"));
}

TEST_F(IdForms, OfALaterVersionAreNotGuessed) {
    start();
    answer(identity, 200, R"({"v":3,"generation":"g1"})");
    EXPECT_FALSE(counts().store_up);
    EXPECT_THAT(log, Contains(HasSubstr("newer chatnode")));
}

}  // namespace
}  // namespace davenport::node
