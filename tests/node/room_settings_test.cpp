#include "tests/node/moderation.hpp"

/// What a room is: topic, who reads and writes there, how often; set by moderators or by hand.
namespace davenport::node {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr SessionId crew = 5;

struct Settings : Moderation {
    const std::string lobby = "davenport-room~lobby";

    void set(SessionId by, std::string_view members, std::string_view room = "lobby") {
        say(by, fmt::format(R"({{"t":"set-room","room":"{}","key":"{}",{}}})", room, next_key(), members));
    }
    void by_hand(std::string_view members, std::string_view rev = "1-a", std::string_view room = "lobby") {
        feeds(fmt::format("davenport-room~{}", room), rev, fmt::format(R"({{"what":"room",{}}})", members));
    }
};

TEST_F(Settings, AreAcceptedStoredAndToldToTheRoom) {
    set(boss, R"("topic":"Tea","slow_s":5,"retention_days":30)");
    const auto told = take(ann);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(base::string_member(told[0], "t"), "room");
    EXPECT_EQ(base::string_member(told[0], "topic"), "Tea");
    EXPECT_EQ(base::int_member(told[0], "slow_s"), 5);
    EXPECT_EQ(base::int_member(told[0], "retention_days"), 30);
    EXPECT_EQ(base::string_member(told[0], "by"), "boss");
    persist_all();
    EXPECT_THAT(heard(boss), ElementsAre("room", "accepted"));
    store_has_nothing();
    EXPECT_THAT(written(lobby), AllOf(HasSubstr(R"("topic":"Tea")"), HasSubstr(R"("what":"room")")));
    EXPECT_THAT(heard(boss), ElementsAre("stored"));
    EXPECT_EQ(counts().rooms_with_settings, 1u);
    crash_and_restart();
    EXPECT_EQ(counts().rooms_with_settings, 1u);
}

TEST_F(Settings, AreToldAtAJoinAndToWhoAsks) {
    say(ann, R"({"t":"room","room":"lobby"})");
    EXPECT_EQ(base::string_member(take(ann).at(0), "topic"), "");
    by_hand(R"("topic":"Tea")");
    take(ann);
    join(ann, "lobby");
    EXPECT_THAT(heard(ann), ElementsAre("room", "joined"));
    say(ann, R"({"t":"room","room":"lobby"})");
    EXPECT_EQ(base::string_member(take(ann).at(0), "topic"), "Tea");
    feeds_deleted(lobby, "2-b");
    EXPECT_EQ(base::string_member(take(ann).at(0), "topic"), "");
    EXPECT_EQ(counts().rooms_with_settings, 0u);
}

TEST_F(Settings, AMistypedMemberLiftsNothing) {
    set(boss, R"("topic":"Tea","slow_s":5)");
    take(boss);
    set(boss, R"("topic":"Tea","slow":9)");
    const auto told = take(boss);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(base::string_member(told[0], "t"), "refused");
    EXPECT_THAT(*base::string_member(told[0], "reason"),
                HasSubstr("there is no `slow` here: did you mean `slow_s`?"));
    say(ann, R"({"t":"room","room":"lobby"})");
    EXPECT_EQ(base::int_member(take(ann).back(), "slow_s"), 5);
    say(boss,
        R"({"t":"ban","room":"lobby","name":"bob","key":"01MCC5RM00000","untill":"2030-01-01T00:00:00Z"})");
    EXPECT_THAT(*base::string_member(take(boss).at(0), "reason"), HasSubstr("did you mean `until`?"));
    EXPECT_EQ(counts().bans, 0u);
}

TEST_F(Settings, OnlyModeratorsSetThem) {
    set(ann, R"("topic":"Tea")");
    EXPECT_THAT(heard(ann), ElementsAre("refused not_yours"));
    set(boss, R"("topic":7)");
    set(boss, R"("slow_s":-1)");
    set(boss, R"("readers":["ann"])");
    EXPECT_THAT(heard(boss), testing::Each("refused bad_request"));
}

TEST_F(Settings, OnlyReadersReadAndOthersArePutOut) {
    by_hand(R"("topic":"Secret","readers":{"names":["Ann"]})");
    EXPECT_THAT(heard(mallory), ElementsAre("put-out not_a_member"));
    EXPECT_THAT(heard(ann), ElementsAre("room"));
    EXPECT_THAT(heard(boss), ElementsAre("room"));  // moderators may
    join(mallory, "lobby");
    say(mallory, R"({"t":"history","room":"lobby"})");
    say(mallory, R"({"t":"room","room":"lobby"})");
    post(mallory, "lobby", "hello");
    EXPECT_THAT(heard(mallory), ElementsAre("refused not_a_member", "refused not_a_member",
                                            "refused not_a_member", "refused not_a_member"));
    for (const auto* target : {"/api/rooms/lobby", "/api/rooms/lobby/messages", "/api/rooms/lobby/poll",
                               "/api/rooms/lobby/events", "/api/search?q=x&room=lobby"})
        EXPECT_EQ(ask("GET", target, "mallory").status, 403) << target;
    EXPECT_EQ(ask("GET", "/api/rooms/lobby", "ann").status, 200);
    post(ann, "lobby", "hello");
    persist_all();
    EXPECT_THAT(heard(ann), ElementsAre("accepted", "message hello"));
    EXPECT_THAT(ask("GET", "/api/rooms", "ann").body, HasSubstr("lobby"));
    EXPECT_THAT(ask("GET", "/api/rooms", "mallory").body, Not(HasSubstr("lobby")));
}

TEST_F(Settings, WhatIsFoundInRoomsForOthersIsLeftOut) {
    by_hand(R"("readers":{"names":["ann"]})");
    const auto m = others_message(5, "secret");
    for (const auto& [name, found] : {std::pair{"ann", true}, std::pair{"mallory", false}}) {
        searches.clear();
        EXPECT_EQ(ask("GET", "/api/search?q=secret", name).status, 0);
        base::SearchAnswer answer;
        answer.messages = {m};
        handle(Found{searches.at(0).search, answer});
        EXPECT_EQ(responses.at(9).body.find(R"("text":"secret","time")") != std::string::npos, found);
    }
}

TEST_F(Settings, ARoleOfTheStoreAdmits) {
    sign_in(crew, "rose", R"("crew")");
    take(crew);
    by_hand(R"("readers":{"roles":["crew"]})");
    EXPECT_THAT(heard(mallory), ElementsAre("put-out not_a_member"));
    EXPECT_THAT(heard(crew), ElementsAre("room"));
    post(crew, "lobby", "hello");
    persist_all();
    EXPECT_THAT(heard(crew), ElementsAre("accepted", "message hello"));
    const auto before = now().time;
    while (heard(crew) != std::vector<std::string>{"put-out not_a_member"}) {
        ASSERT_LT(now().time - before, 60s);  // the role is taken away
        live(1s);
        if (asked("_security")) answer("GET /chat/_security", 200, "{}");
        if (!asked("POST /_users")) continue;
        std::string rows;
        const auto body = base::parse_json(fetch("POST /_users")->request.body);
        for (const auto& key : base::member(*body, "keys")->get_array()) {
            const auto id = base::write_json(key);
            rows +=
                fmt::format(R"({}{{"id":{},"doc":{{"name":"{},"roles":[],"salt":"s","derived_key":"k"}}}})",
                            rows.empty() ? "" : ",", id, id.substr(18));
        }
        answer("POST /_users", 200, fmt::format(R"({{"rows":[{}]}})", rows));
    }
}

TEST_F(Settings, OnlyWritersWrite) {
    by_hand(R"("writers":{"names":["ann"]})");
    take(mallory), take(ann);
    post(mallory, "lobby", "hello");
    join(mallory, "lobby");
    EXPECT_THAT(heard(mallory), ElementsAre("refused read_only", "room", "joined"));
    EXPECT_EQ(ask("POST", "/api/rooms/lobby/messages", "mallory", R"({"text":"x"})").status, 403);
    post(ann, "lobby", "hello");
    persist_all();
    EXPECT_THAT(heard(ann), ElementsAre("accepted", "message hello"));
}

TEST_F(Settings, InSlowModeOneWaitsBetweenTwoPosts) {
    by_hand(R"("slow_s":10)");
    take(ann), take(mallory), take(boss);
    const auto first = next_key();
    post_with(ann, "lobby", "one", first);
    persist_all();
    advance(4s);
    take(ann);
    post(ann, "lobby", "two");
    post_with(ann, "lobby", "one", first);  // a repeat is none
    const auto frames = take(ann);
    ASSERT_EQ(frames.size(), 2u);
    EXPECT_EQ(base::string_member(frames[0], "code"), "slow_mode");
    EXPECT_NEAR(static_cast<double>(*base::int_member(frames[0], "retry_ms")), 6000, 5);
    const auto answer = ask("POST", "/api/rooms/lobby/messages", "ann", R"({"text":"x"})");
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(base::header(answer.headers, "Retry-After"), "6");
    post(mallory, "lobby", "another");
    for (int i = 0; i < 2; ++i) post(boss, "lobby", fmt::format("moderators {}", i));
    persist_all();
    EXPECT_THAT(heard(mallory), Contains("accepted"));
    EXPECT_THAT(heard(boss), Not(Contains(HasSubstr("refused"))));
    advance(6s);
    post(ann, "lobby", "two");
    persist_all();
    EXPECT_THAT(heard(ann), Contains("accepted"));
}

TEST_F(Settings, SlowModeCountsWhatWasSaidThroughAnotherNode) {
    by_hand(R"("slow_s":10)");
    take(mallory);
    const base::MessageKey key{base::unix_ms(now().wall), 0, "n"};
    const auto m = base::make_message("lobby", "mallory", key, "there", "n2");
    stream("feed=continuous", feed_row("99-s", m));
    post(mallory, "lobby", "here");
    EXPECT_THAT(heard(mallory), ElementsAre("message there", "refused slow_mode"));
}

TEST_F(Settings, OverHttp) {
    EXPECT_EQ(ask("PUT", "/api/rooms/lobby", "boss", R"({"topic":"Tea"})").status, 0);
    persist_all();
    EXPECT_EQ(responses.at(9).status, 202);
    EXPECT_THAT(ask("GET", "/api/rooms/lobby", "ann").body,
                AllOf(HasSubstr(R"("topic":"Tea")"), HasSubstr(R"("by":"boss")")));
    EXPECT_EQ(ask("PUT", "/api/rooms/lobby", "ann", R"({"topic":"Tea"})").status, 403);
    EXPECT_EQ(ask("PUT", "/api/rooms/lobby", "boss", R"({"topic":7})").status, 400);
    const auto mistyped = ask("PUT", "/api/rooms/lobby", "boss", R"({"topic":"Tea","slow":5})");
    EXPECT_EQ(mistyped.status, 400);
    EXPECT_THAT(mistyped.body, HasSubstr("did you mean `slow_s`?"));
    EXPECT_EQ(ask("DELETE", "/api/rooms/lobby", "boss").status, 405);
}

TEST_F(Settings, OfTwoThatWereSetAtOnceTheHigherKeyCounts) {
    set(boss, R"("topic":"ours")");
    persist_all();
    store_has_nothing();
    answer("_bulk_docs", 201, fmt::format(R"([{{"id":"{}","error":"conflict"}}])", lobby));
    advance(100ms);
    base::RoomSettings theirs{.room = "lobby", .topic = "theirs", .by = "chief"};
    store_tells(
        row_of(lobby, "1-a", base::policy_body(theirs, base::MessageKey{epoch_ms + 40'000, 0, "x"}.text())));
    EXPECT_THAT(heard(boss), ElementsAre("room", "accepted", "superseded", "room"));
    EXPECT_EQ(counts().rooms_with_settings, 1u);
}

TEST_F(Settings, WhatMakesNoSenseCountsForNothing) {
    by_hand(R"("readers":["ann"])");
    by_hand(R"("slow_s":"often")", "2-b");
    by_hand(R"("room":"garden")", "3-c");
    feeds("davenport-room~No Room", "1-a", R"({"what":"room","topic":"x"})");
    EXPECT_EQ(counts().rooms_with_settings, 0u);
    EXPECT_THAT(log.back(), HasSubstr("davenport-room~No Room"));
    EXPECT_THAT(heard(mallory), IsEmpty());
    set(boss, R"("topic":"Tea")");
    persist_all();
    EXPECT_THAT(heard(boss), ElementsAre("room", "accepted"));
}

struct FreeNames : CoreDriver, testing::Test {};

TEST_F(FreeNames, WhoTakesABannedNameIsPutOut) {
    start();
    store_up();
    open(1, "ann");
    join(1, "lobby");
    stream("feed=continuous", R"({"seq":"9-s","id":"davenport-ban~1","changes":[{"rev":"1-a"}],"doc":{"_id":)"
                              R"("x","_rev":"1-a","what":"ban","who":"Mallory","room":"lobby"}})"
                              "\n");
    take(1);
    say(1, R"({"t":"hello","user":"mallory"})");
    post(1, "lobby", "hello");
    EXPECT_THAT(heard(1), ElementsAre("put-out banned", "refused banned"));
    EXPECT_EQ(counts().bans, 1u);
}

TEST_F(FreeNames, NobodyCanBeAMember) {
    start();
    store_up();
    open(1, "ann");
    stream("feed=continuous",
           R"({"seq":"9-s","id":"davenport-room~lobby","changes":[{"rev":"1-a"}],"doc":{"_id":"x",)"
           R"("_rev":"1-a","what":"room","readers":{"names":["ann"]}}})"
           "\n");
    take(1);
    join(1, "lobby");
    EXPECT_THAT(heard(1), ElementsAre("refused not_a_member"));
}

TEST_F(Settings, AndBansThatAClockAheadHasMadeAreChangedByARightOne) {
    wall_offset = 3h;
    EXPECT_LT(ask("PUT", "/api/rooms/lobby", "boss", R"({"topic":"Tea"})").status, 300);
    EXPECT_LT(ask("PUT", "/api/rooms/lobby/bans/mallory", "boss", "{}").status, 300);
    persist_all();
    wall_offset = {};
    for (const auto* topic : {R"({"topic":"Coffee"})", R"({"topic":"Water"})"})
        EXPECT_LT(ask("PUT", "/api/rooms/lobby", "boss", topic).status, 300) << topic;
    EXPECT_LT(ask("DELETE", "/api/rooms/lobby/bans/mallory", "boss").status, 300);
    say(ann, R"({"t":"room","room":"lobby"})");
    EXPECT_EQ(base::string_member(take(ann).back(), "topic"), "Water");
}

}  // namespace
}  // namespace davenport::node
