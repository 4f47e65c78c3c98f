#include "node/base/json.hpp"
#include "node/base/json_view.hpp"
#include "node/core/clients/client_frame.hpp"
#include "node/core/clients/frames.hpp"
#include "node/core/clients/http_api.hpp"
#include "node/core/clients/post_rules.hpp"
#include "tests/node/core_driver.hpp"

namespace davenport::node {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr std::int64_t noon_ms = 1'800'000'000'000;

// ---- posts

std::string verdict(Draft draft) {
    ChatConfig config;
    config.message_bytes_max = 20;
    const auto read = read_post(config, draft, base::full_ids_always);
    if (const auto* refusal = std::get_if<Refusal>(&read)) return std::string{refusal->code};
    const auto judged = judge_post(config, std::get<GoodPost>(read), base::wall_from_unix_ms(noon_ms));
    return judged.verdict == Judgement::Verdict::good ? "good" : std::string{judged.refusal.code};
}
std::string key_at(std::int64_t ms) { return base::MessageKey{ms, 0, {}}.text(); }

TEST(Post, IsLookedAtWholeBeforeAnythingIsPromised) {
    const auto key = key_at(noon_ms);
    EXPECT_EQ(verdict({"lobby", "ann", key, "hello", ""}), "good");
    EXPECT_EQ(verdict({"Lobby", "ann", key, "hello", ""}), "bad_room");
    EXPECT_EQ(verdict({"lobby", "", key, "hello", ""}), "bad_name");
    EXPECT_EQ(verdict({"lobby", "ann\n", key, "hello", ""}), "bad_name");
    EXPECT_EQ(verdict({"lobby", "ann", "", "hello", ""}), "bad_key");
    EXPECT_EQ(verdict({"lobby", "ann", "nonsense", "hello", ""}), "bad_key");
    EXPECT_EQ(verdict({"lobby", "ann", key, "", ""}), "bad_text");
    EXPECT_EQ(verdict({"lobby", "ann", key, " \n", ""}), "bad_text");
    EXPECT_EQ(verdict({"lobby", "ann", key, "a\xFF", ""}), "bad_text");
    EXPECT_EQ(verdict({"lobby", "ann", key, std::string(20, 'x'), ""}), "good");
    EXPECT_EQ(verdict({"lobby", "ann", key, std::string(21, 'x'), ""}), "too_long");
}

TEST(Post, HasAKeyAtMostAMinuteAheadAndADayOld) {
    EXPECT_EQ(verdict({"lobby", "ann", key_at(noon_ms + 60'000), "hello", ""}), "good");
    EXPECT_EQ(verdict({"lobby", "ann", key_at(noon_ms + 60'001), "hello", ""}), "key_ahead");
    EXPECT_EQ(verdict({"lobby", "ann", key_at(noon_ms - 24 * 3'600'000), "hello", ""}), "good");
    EXPECT_EQ(verdict({"lobby", "ann", key_at(noon_ms - 24 * 3'600'000 - 1), "hello", ""}), "key_old");
    EXPECT_EQ(verdict({"lobby", "ann", key_at((1ll << 48) - 1), "hello", ""}), "key_ahead");
    EXPECT_EQ(verdict({"lobby", "ann", key_at(0), "hello", ""}), "key_old");
}

TEST(Post, KeepsTheNameOfTheNodeThatItWasFirstSentTo) {
    ChatConfig config;
    config.name = "here";
    const auto host = [&](std::string_view given) {
        return std::string{
            std::get<GoodPost>(
                read_post(config, {"lobby", "ann", key_at(noon_ms), "hi", given}, base::full_ids_always))
                .message.host()};
    };
    EXPECT_EQ(host(""), "here");
    EXPECT_EQ(host("there"), "there");
}

struct OldKeys : CoreDriver, testing::Test {
    void SetUp() override {
        start();
        store_up();
        open(1, "ann");
        take(1);
    }
    static constexpr std::int64_t said_ms = epoch_ms - 25 * 3'600'000;
    void post_old() { post_with(1, "lobby", "hello", key_at(said_ms)); }
    /// The store has a document under the id of that post.
    void store_has(std::string_view text, std::string_view more = {}) {
        const auto message = base::make_message("lobby", "ann", {said_ms, 0, {}}, "hello", "n2");
        auto parts = message.parts();
        parts.text = text;
        auto document = base::to_document(base::ChatMessage{parts});
        document.insert(document.size() - 1, more);
        answer("GET /chat/lobby%3A", 200, document);
    }
};

TEST_F(OldKeys, AreLookedUpInTheStoreAndAnsweredAsKnown) {
    post_old();
    store_has("hello");
    persist_all();
    EXPECT_THAT(heard(1), ElementsAre("stored"));
    post_old();
    EXPECT_THAT(heard(1), ElementsAre("stored")) << "as a young one's, without asking";
}

TEST_F(OldKeys, AreNoRepeatOfADocumentThatSaysSomethingElse) {
    post_old();
    store_has("something else");
    persist_all();
    EXPECT_THAT(heard(1), ElementsAre("refused bad_key")) << "as young ones are answered";
}

TEST_F(OldKeys, AreRepeatsOfAMessageThatWasEditedSince) {
    post_old();
    store_has("something else", fmt::format(R"(,"_rev":"2-x","edited":"{}")", key_at(said_ms + 1000)));
    persist_all();
    EXPECT_THAT(heard(1), ElementsAre("stored"));
}

TEST_F(OldKeys, AreRefusedWhenNobodyKnowsTheMessage) {
    post_old();
    answer("GET /chat/lobby%3A", 404, R"({"error":"not_found","reason":"missing"})");
    EXPECT_THAT(heard(1), ElementsAre("refused key_old"));
    EXPECT_FALSE(persisting());
}

TEST_F(OldKeys, AreAnsweredNotNowWhileTheStoreCannotBeAsked) {
    post_old();
    fail("GET /chat/lobby%3A");
    EXPECT_THAT(heard(1), ElementsAre("refused not_now"));
    advance(100ms);
    fail_all();
    advance(1s);
    fail_all();
    post_old();
    EXPECT_THAT(heard(1), ElementsAre("store down", "refused not_now"));
}

// ---- refusals of the node as a whole

TEST_F(OldKeys, FloodIsToldToWaitAndHarmsNobodyElse) {
    config_.posts_per_second_max = 5;
    crash_and_restart();
    store_up();
    open(1, "ann");
    open(2, "bob");
    take(1);
    for (int i = 0; i < 30; ++i) post(1, "lobby", "flood");
    const auto refused = take(1, "refused");
    ASSERT_EQ(refused.size(), 20u);
    EXPECT_EQ(base::string_member(refused[0], "code"), "too_fast");
    EXPECT_GT(base::int_member(refused[0], "retry_ms"), 0);
    take(2);
    post(2, "lobby", "calm");
    EXPECT_THAT(take(2, "refused"), IsEmpty());
    advance(1s);
    post(1, "lobby", "after a while");
    EXPECT_THAT(take(1, "refused"), IsEmpty());
}

TEST_F(OldKeys, AFullOutboxRefusesWithAReasonAndDropsNothing) {
    config_.outbox_messages_max = 3;
    crash_and_restart();
    open(1, "ann");
    take(1);
    for (int i = 0; i < 4; ++i) post(1, "lobby", "x");
    EXPECT_THAT(heard(1), ElementsAre("refused full"));
    persist_all();
    EXPECT_EQ(journal.size(), 3u);
}

TEST_F(OldKeys, ADiskThatTakesNothingRefusesNewPostsAndKeepsTheOld) {
    const auto key = post(1, "lobby", "first");
    fail_persist();
    post(1, "lobby", "second");
    EXPECT_THAT(heard(1), ElementsAre("refused not_now", "refused not_now"));
    advance(1s);
    persist();
    post_with(1, "lobby", "first", key);
    EXPECT_THAT(heard(1), ElementsAre("accepted"));
    post(1, "lobby", "third");
    EXPECT_THAT(take(1, "refused"), IsEmpty());
}

TEST_F(OldKeys, DrainTellsEverybodyAndEndsWhenAllIsOnTheDisk) {
    post(1, "lobby", "last words");
    handle(Drain{});
    EXPECT_FALSE(drained);
    EXPECT_THAT(heard(1), ElementsAre("bye"));
    post(1, "lobby", "too late");
    EXPECT_THAT(heard(1), ElementsAre("refused not_now"));
    persist_all();
    EXPECT_THAT(heard(1), ElementsAre("accepted"));
    EXPECT_TRUE(drained);
}

// ---- frames from clients

ClientFrame read_frame(std::string_view text) {
    base::JsonReader reader;
    return read_client_frame(reader, text, 50);
}

std::string reason(std::string_view text) {
    const auto frame = read_frame(text);
    const auto* bad = std::get_if<Malformed>(&frame);
    return bad ? bad->reason : "";
}

/// Its sender waits for the answer to this key.
TEST(MalformedFrames, AreAnsweredByTheirKeyWhereItCanBeRead) {
    CoreDriver d;
    d.start();
    d.open(1, "ann");
    d.take(1);
    for (const auto* members :
         {R"("t":"set-room","room":"lobby","topic":7)", R"("t":"set-room","room":"l","x":1)",
          R"("t":"set-room","room":8)", R"("t":"ban","room":"lobby","name":[])",
          R"("t":"unban","room":"lobby","name":"bob","untill":"x")", R"("t":"post","room":"lobby","text":7)",
          R"("t":"edit","id":7)", R"("t":"remove","id":{})"}) {
        SCOPED_TRACE(members);
        d.say(1, fmt::format(R"({{{},"key":"k-1"}})", members));
        const auto told = d.take(1);
        ASSERT_EQ(told.size(), 1U);
        EXPECT_EQ(base::string_member(told[0], "t"), "refused");
        EXPECT_EQ(base::string_member(told[0], "key"), "k-1");
        EXPECT_EQ(base::string_member(told[0], "code"), "bad_request");
        EXPECT_THAT(base::text_member(told[0], "reason"), testing::HasSubstr("`"));
        for (const auto* key : {R"(,"key":7)", ""}) {
            d.say(1, fmt::format("{{{}{}}}", members, key));
            EXPECT_THAT(d.heard(1), ElementsAre("error"));
        }
    }
    d.say(1, R"({"t":"history","room":7,"key":"k-1"})");
    EXPECT_THAT(d.heard(1), ElementsAre("error")) << "is not answered by a key";
}

TEST(ClientFrame, SaysWhatTheClientHasSeenAsAPosition) {
    const auto join = read_frame(R"({"t":"join","room":"lobby","seen":"01M8A0KV4A0002YX23NFNXH83W"})");
    EXPECT_EQ(std::get<Join>(join).request.seen, "01M8A0KV4A0002YX23NFNXH83W");
    EXPECT_EQ(std::get<Join>(read_frame(R"({"t":"join","room":"lobby","seen":""})")).request.seen, "");
    for (const auto* bad :
         {R"({"t":"join","room":"lobby","seen":7})", R"({"t":"join","room":"lobby","seen":"zzz"})"})
        EXPECT_EQ(reason(bad), "`seen` is a `pos`");
}

TEST(ClientFrame, IsReadForWhatItIs) {
    EXPECT_EQ(std::get<Hello>(read_frame(R"({"t":"hello","user":"ann","v":1,"more":[]})")).user, "ann");
    EXPECT_EQ(std::get<Leave>(read_frame(R"({"t":"leave","room":"lobby"})")).room, "lobby");
    EXPECT_TRUE(std::holds_alternative<Ping>(read_frame(R"({"t":"ping"})")));
    const auto join = std::get<Join>(read_frame(R"({"t":"join","room":"lobby","history":3,"n":7})")).request;
    EXPECT_EQ(join.room, "lobby");
    EXPECT_EQ(join.history, 3u);
    EXPECT_EQ(join.n, 7u);
    EXPECT_FALSE(join.cursor);
    const auto history =
        std::get<History>(read_frame(R"({"t":"history","room":"lobby","before":"0A","limit":100000})"));
    EXPECT_EQ(history.before, "0A");
    EXPECT_EQ(history.limit, 500u);
    const auto post = std::get<PostFrame>(read_frame(R"({"t":"post","room":"r","key":"k","text":"x"})"));
    EXPECT_EQ(post.text, "x");
}

TEST(ClientFrame, ThatIsNoGoodIsToldWhy) {
    for (const auto* bad :
         {"", "hello", "[]", "1", "\"x\"", "{\"t\":1}", R"({"t":"dance"})", R"({"t":"join"})",
          R"({"t":"join","room":5})", R"({"t":"join","room":"No Room"})",
          R"({"t":"join","room":"r","cursor":"x"})", R"({"t":"join","room":"r","cursor":7})",
          R"({"t":"post","room":"r","key":"k","text":5})", R"({"t":"hello","user":5})",
          "{\"t\":\"hello\",\"user\":\"\xFF\"}"})
        EXPECT_NE(reason(bad), "") << bad;
    EXPECT_NE(reason(std::string(1000, '[')), "");
}

TEST_F(OldKeys, MalformedFramesHarmNobody) {
    for (const auto* bad :
         {"", "{", "{\"t\":\"post\"}", "\xFF\xFE", R"({"t":"history","room":"lobby","limit":-1})"})
        say(1, bad);
    EXPECT_THAT(heard(1), ElementsAre("error", "error", "refused bad_room", "error", "page"));
}

// ---- frames to clients

TEST(Frames, AreJsonWhateverStandsInThem) {
    const auto plain = base::make_message("lobby", "a\"b", {noon_ms, 0, {}}, "\\ \" \n \x01 🛋", "h\"");
    const base::ChatMessage m{{.id = plain.id(),
                               .room = plain.room(),
                               .position = plain.position(),
                               .user = plain.user(),
                               .text = plain.text(),
                               .datetime = "\"evil\"",
                               .host = plain.host()}};
    const auto frame = base::parse_json(frames::only(frames::Message{m, 7, true})->at(0));
    ASSERT_TRUE(frame);
    EXPECT_EQ(base::string_member(*frame, "text"), m.text());
    EXPECT_EQ(base::string_member(*frame, "user"), m.user());
    EXPECT_EQ(base::string_member(*frame, "time"), "2027-01-15T08:00:00.000Z");
    EXPECT_EQ(base::int_member(*frame, "n"), 7);
    EXPECT_TRUE(base::bool_member(*frame, "late"));
    const std::string who = "a\"";
    base::FrameBatch others;
    add(others, frames::Welcome{.node = "n\"", .journal = "j", .store_up = true, .backlog = 3});
    add(others, frames::Welcome{.node = "n", .journal = "j", .signed_in = &who});
    add(others, frames::Joined{"r", "c", 1, true});
    add(others, frames::Refused{"k\"", "code", "why", 5});
    add(others, frames::Failed{"k", "i", "r\n"});
    add(others, frames::StoreState{false, 2});
    add(others, frames::Bye{"x"});
    add(others, frames::Pong{});
    add(others, frames::GapClosed{"r"});
    for (std::size_t i = 0; i < others.count(); ++i) {
        const auto read = base::parse_json(others.at(i));
        ASSERT_TRUE(read) << others.at(i);
        EXPECT_EQ(base::string_member(*read, "t"), others.mark(i).type);
    }
}

TEST(Frames, TellTransportsWhatTheirTextSays) {
    base::FrameBatch batch;
    add(batch, frames::Message{base::make_message("lobby", "ann", {noon_ms, 0, {}}, "hi", "h"), 7});
    add(batch, frames::Joined{"r", "c", 8, true});
    add(batch, frames::CursorMoved{"r", "d", 9});
    for (std::size_t i = 0; i < batch.count(); ++i) {
        const auto read = base::parse_json(batch.at(i));
        ASSERT_TRUE(read) << batch.at(i);
        EXPECT_EQ(base::int_member(*read, "n"), static_cast<std::int64_t>(batch.mark(i).n));
        EXPECT_EQ(base::string_member(*read, "cursor").value_or(""), batch.mark(i).cursor);
        EXPECT_EQ(base::bool_member(*read, "gap"), batch.mark(i).gap);
    }
}

// ---- HTTP

struct Rest : OldKeys {
    base::HttpResponse ask(std::string method, std::string target, std::string body = {},
                           base::Headers headers = {}) {
        ++exchange_;
        handle(Requested{exchange_,
                         {std::move(method), std::move(target), std::move(headers), std::move(body)},
                         "127.0.0.1"});
        return responses[exchange_];
    }
    base::HttpResponse post_by_rest(std::string key, std::string text = "hello") {
        return ask("POST", "/api/rooms/lobby/messages", R"({"user":"eve","text":")" + text + "\"}",
                   {{"Content-Type", "application/json"}, {"Idempotency-Key", std::move(key)}});
    }
    ExchangeId exchange_ = 0;
};

TEST_F(Rest, ReadsAMediaTypeInAnyCaseAndNoOtherThatBeginsLikeIt) {
    const auto status = [&](std::string type, std::string coding = {}) {
        base::Headers headers{{"Content-Type", std::move(type)}};
        if (!coding.empty()) headers.emplace_back("Content-Encoding", std::move(coding));
        return ask("POST", "/api/rooms/lobby/messages", R"({"user":5,"text":"hello"})", headers).status;
    };
    for (const char* type : {"application/json", "APPLICATION/JSON", "Application/Json; charset=utf-8",
                             "application/json ;charset=utf-8"})
        EXPECT_EQ(status(type), 400) << type;
    for (const char* type : {"application/jsonx", "application/json-patch+json",
                             "application/json,text/plain", "text/plain", "application/problem+json", ""})
        EXPECT_EQ(status(type), 415) << type;
    EXPECT_EQ(status("application/json", "gzip"), 415);
    EXPECT_EQ(status("application/json", "identity"), 400);
}

TEST_F(Rest, NamesTheMemberThatIsNoText) {
    const auto reason = [&](std::string body) {
        const auto answer =
            ask("POST", "/api/rooms/lobby/messages", std::move(body), {{"Content-Type", "application/json"}});
        EXPECT_EQ(answer.status, 400);
        return answer.body;
    };
    EXPECT_THAT(reason(R"({"user":["u"],"text":"a"})"), testing::HasSubstr("`user` is a string"));
    EXPECT_THAT(reason(R"({"user":null,"text":"a"})"), testing::HasSubstr("`user` is a string"));
    EXPECT_THAT(reason(R"({"user":"u","text":"a","host":5})"), testing::HasSubstr("`host` is a string"));
    EXPECT_THAT(reason(R"({"user":"u","text":"a","secret":5})"), testing::HasSubstr("`secret` is a string"));
    EXPECT_THAT(reason(R"({"user":"u","text":"a","host":"a\nb"})"), testing::HasSubstr("one line"));
    EXPECT_THAT(reason(R"({"text":"a"})"), testing::HasSubstr("give it as `user`"));
    EXPECT_THAT(ask("POST", "/api/rooms/.x/messages", "{}").body, testing::HasSubstr("begins with a letter"));
}

TEST_F(Rest, IsReadyAndSaysDegradedWithTheStoreDown) {
    EXPECT_EQ(ask("GET", "/healthz").status, 200);
    EXPECT_THAT(ask("GET", "/readyz").body, testing::HasSubstr("\"ok\""));
    fail_all();
    advance(200ms);
    fail_all();
    const auto answer = ask("GET", "/readyz");
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, testing::HasSubstr("degraded"));
}

TEST_F(Rest, AnswersAPostWhenItIsOnTheDiskAndARetryAsTheSameMessage) {
    const auto key = key_at(epoch_ms);
    EXPECT_EQ(post_by_rest(key).status, 0) << "not before the commit";
    persist();
    EXPECT_EQ(responses[exchange_].status, 202);
    EXPECT_EQ(post_by_rest(key).status, 202);
    answer("PUT /chat/lobby%3A", 201, "{}");
    EXPECT_EQ(responses.size(), 2u) << "one answer for each request";
    persist_all();
    advance(1s);
    persist_all();
    EXPECT_EQ(post_by_rest(key).status, 201);
    EXPECT_EQ(journal.size(), 1u);
}

TEST_F(Rest, GivesHistoryByPagesNewestFirst) {
    for (int i = 0; i < 3; ++i)
        stream("continuous", feed_row(fmt::format("{}-s", i), others_message(i, fmt::format("m{}", i))));
    const auto first = base::parse_json(ask("GET", "/api/rooms/lobby/messages?limit=2").body);
    const auto& messages = base::member(*first, "messages")->get_array();
    ASSERT_EQ(messages.size(), 2u);
    EXPECT_EQ(base::string_member(messages[0], "text"), "m2");
    EXPECT_TRUE(base::bool_member(*first, "more"));
    const auto second = base::parse_json(ask("GET", "/api/rooms/lobby/messages?before=" +
                                                        std::string{*base::string_member(messages[1], "pos")})
                                             .body);
    EXPECT_EQ(base::member(*second, "messages")->get_array().size(), 1u);
    EXPECT_FALSE(base::bool_member(*second, "more", true));
}

TEST_F(Rest, SaysWhatIsWrongWithARequest) {
    const base::Headers json{{"Content-Type", "application/json"}, {"Idempotency-Key", key_at(epoch_ms)}};
    EXPECT_EQ(ask("GET", "/nowhere").status, 404);
    EXPECT_EQ(ask("DELETE", "/api/rooms/lobby/messages").status, 405);
    EXPECT_EQ(ask("GET", "/api/rooms/No%20Room/messages").status, 400);
    EXPECT_EQ(ask("GET", "/api/rooms/lobby/messages?limit=x").status, 400);
    EXPECT_EQ(ask("POST", "/api/rooms/lobby/messages", "{}").status, 415);
    EXPECT_EQ(ask("POST", "/api/rooms/lobby/messages", "{", json).status, 400);
    EXPECT_EQ(ask("POST", "/api/rooms/lobby/messages", R"({"user":"eve"})", json).status, 400);
    EXPECT_EQ(post_by_rest("nonsense").status, 400);
    EXPECT_EQ(post_by_rest(key_at(epoch_ms), std::string(9000, 'x')).status, 413);
    post_by_rest(key_at(epoch_ms + 100'000));
    answer("GET /chat/lobby", 404, R"({"error":"not_found","reason":"missing"})");
    EXPECT_EQ(responses.at(exchange_).status, 503) << "with Retry-After: the key is ahead";
}

}  // namespace
}  // namespace davenport::node
