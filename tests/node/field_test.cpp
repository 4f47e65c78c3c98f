#include "node/core/clients/cursor.hpp"
#include "node/core/clients/failed_tries.hpp"
#include "tests/node/core_driver.hpp"

namespace davenport {

/// What real use did to nodes: clocks that jump, rules that know no repeat, stores that refuse one document,
/// strangers.
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* put = "PUT /chat/lobby%3A";

struct FieldTest : CoreDriver, testing::Test {
    explicit FieldTest(node::ChatConfig config = {}) : CoreDriver{std::move(config)} {
        start();
        store_up();
    }
    void open_from(node::SessionId session, std::string address) {
        handle(node::Opened{session, std::move(address)});
        say(session, R"({"t":"hello","v":1,"user":"ann"})");
    }
    std::vector<std::string> codes(node::SessionId session) {
        std::vector<std::string> out;
        for (const auto& frame : take(session)) {
            const auto t = *base::string_member(frame, "t");
            if (t == "refused") out.emplace_back(*base::string_member(frame, "code"));
            if (t == "accepted" || t == "stored" || t == "failed") out.emplace_back(t);
        }
        return out;
    }
    static std::string key_in(base::Duration from_epoch) {
        return base::MessageKey{epoch_ms + from_epoch / 1ms, 0, {}}.text();
    }
};

// ---- known first, rules after

TEST_F(FieldTest, ARepeatIsAnsweredAsOneThoughTheNodesClockWasPutRight) {
    for (const auto ahead : {base::Duration{61s}, base::Duration{1h}, base::Duration{24h * 365}}) {
        SCOPED_TRACE(ahead / 1s);
        const auto session = static_cast<node::SessionId>(ahead / 1s);
        open(session, "ann");
        wall_offset = ahead;
        const auto key = key_in(ahead + base::Duration{now().time.time_since_epoch()});
        post_with(session, "lobby", "early", key);
        persist_all();
        wall_offset = 0s;
        take(session);
        post_with(session, "lobby", "early", key);
        EXPECT_THAT(codes(session), ElementsAre("accepted"));
    }
}

TEST_F(FieldTest, AKeyThatIsAheadIsLookedUpInTheStoreBeforeItIsRefused) {
    open(1, "ann");
    take(1);
    const auto key = key_in(10min);
    post_with(1, "lobby", "elsewhere", key);
    EXPECT_THAT(codes(1), IsEmpty());
    answer("GET /chat/lobby%3A", 200,
           base::to_document(
               base::make_message("lobby", "ann", *base::MessageKey::parse(key), "elsewhere", "n2")));
    persist_all();
    EXPECT_THAT(codes(1), ElementsAre("stored"));
    post_with(1, "lobby", "nowhere", key_in(10min));
    answer("GET /chat/lobby%3A", 404, R"({"error":"not_found","reason":"missing"})");
    EXPECT_THAT(codes(1), ElementsAre("key_ahead"));
    fail_all();
    advance(500ms);
    fail_all();
    take(1);
    post_with(1, "lobby", "nowhere", key_in(10min));
    EXPECT_THAT(codes(1), ElementsAre("key_ahead")) << "with the store away nobody else can know it";
}

struct Limited : FieldTest {
    static node::ChatConfig three_a_second() {
        node::ChatConfig config;
        config.posts_per_second_max = 3;
        config.message_bytes_max = 20;
        return config;
    }
    Limited() : FieldTest{three_a_second()} {}
};

TEST_F(Limited, ARepeatIsAnsweredThoughItsSenderIsTooFast) {
    open_from(1, "10.0.0.1");
    const auto key = post(1, "lobby", "first");
    persist_all();
    for (int i = 0; i < 20; ++i) post(1, "lobby", "flood");
    take(1);
    post_with(1, "lobby", "first", key);
    EXPECT_THAT(codes(1), ElementsAre("accepted"));
}

TEST_F(Limited, ComingBackGivesNoNewAllowance) {
    std::size_t taken = 0;
    for (node::SessionId session = 1; session <= 20; ++session) {
        open_from(session, "10.0.0.1");
        for (int i = 0; i < 4; ++i) post(session, "lobby", "flood");
        persist_all();
        for (const auto& code : codes(session)) taken += code == "accepted" ? 1 : 0;
        handle(node::Closed{session});
    }
    EXPECT_EQ(taken, 6u) << "twice the rate at once, over all connections";
    open_from(30, "10.0.0.2");
    post(30, "lobby", "calm");
    persist_all();
    EXPECT_THAT(codes(30), ElementsAre("accepted")) << "another address is another person";
}

TEST_F(Limited, BehindAProxyOnThisMachineEachNameIsSomebody) {
    std::size_t taken = 0;
    for (node::SessionId session = 1; session <= 10; ++session) {
        open_from(session, "127.0.0.1");
        for (int i = 0; i < 4; ++i) post(session, "lobby", "flood");
        persist_all();
        for (const auto& code : codes(session)) taken += code == "accepted" ? 1 : 0;
        handle(node::Closed{session});
    }
    EXPECT_EQ(taken, 6u);
    open(20, "bob");
    take(20);
    post(20, "lobby", "calm");
    persist_all();
    EXPECT_THAT(codes(20), ElementsAre("accepted"));
}

TEST_F(Limited, BothWaysInCountTogether) {
    open_from(1, "10.0.0.1");
    for (int i = 0; i < 6; ++i) post(1, "lobby", "by socket");
    handle(node::Requested{9,
                           {"POST",
                            "/api/rooms/lobby/messages",
                            {{"Content-Type", "application/json"}},
                            R"({"user":"ann","text":"by post"})"},
                           "10.0.0.1"});
    ASSERT_TRUE(responses.contains(9));
    EXPECT_EQ(responses.at(9).status, 429);
}

// ---- the store says no to one document, or is no store

TEST_F(FieldTest, OneDocumentThatAValidationThrowsAtBlocksNobody) {
    for (const int status : {401, 403}) {
        SCOPED_TRACE(status);
        const std::string error = status == 401 ? "unauthorized" : "forbidden";
        const auto session = static_cast<node::SessionId>(status);
        open(session, "ann");
        take(session);
        post(session, "lobby", "bad word");
        persist_all();
        answer(put, status, R"({"error":")" + error + R"(","reason":"no such words here"})");
        advance(200ms);
        if (asked("GET /chat/_local/davenport")) store_up();
        const auto bulk = fetch("_bulk_docs");
        ASSERT_TRUE(bulk) << asked_for();
        const auto body = base::parse_json(bulk->request.body);
        const std::string id{*base::string_member(base::member(*body, "docs")->get_array()[0], "_id")};
        answer("_bulk_docs", 201,
               R"([{"id":")" + id + R"(","error":")" + error + R"(","reason":"no such words here"}])");
        EXPECT_THAT(codes(session), ElementsAre("accepted", "failed"));
        post(session, "lobby", "good word");
        persist_all();
        answer(put, 201, R"({"ok":true})");
        EXPECT_THAT(codes(session), ElementsAre("accepted", "stored"));
    }
}

TEST_F(FieldTest, APageThatSays201IsNotTakenForTheStore) {
    open(1, "ann");
    take(1);
    post(1, "lobby", "hello");
    persist_all();
    answer(put, 201, "<html><body>Welcome to nginx!</body></html>");
    EXPECT_THAT(codes(1), ElementsAre("accepted"));
    advance(200ms);
    store_up();
    EXPECT_TRUE(asked(put)) << "it is written once more: " << asked_for();
}

// ---- rows that cannot be read

std::string unreadable_row(std::string_view seq, std::string_view id) {
    return R"({"seq":")" + std::string{seq} + R"(","id":")" + std::string{id} +
           R"(","changes":[{"rev":"1-x"}],"doc":{"_id":")" + std::string{id} + R"(","a":)" +
           std::string(1100, '[') + std::string(1100, ']') + "}}";
}

TEST_F(FieldTest, ARowThatCannotBeReadIsSkippedInALiveFeed) {
    open(1, "ann");
    join(1, "lobby");
    take(1);
    stream("feed=continuous",
           unreadable_row("5-x", "deep") + "\n" + feed_row("6-x", others_message(1, "after")));
    EXPECT_THAT(heard(1), ElementsAre("message after"));
    EXPECT_TRUE(asked("feed=continuous")) << "it stays open";
    EXPECT_THAT(log, testing::Contains(HasSubstr("the document deep cannot be read")));
    persist_all();
    ASSERT_TRUE(journal.state().checkpoint);
    EXPECT_EQ(journal.state().checkpoint->place, "6-x");
}

TEST(FieldPages, ARowThatCannotBeReadIsSkippedInAPage) {
    for (const int at : {0, 1, 2}) {
        SCOPED_TRACE(at);
        CoreDriver d;
        d.start();
        d.answer("GET /chat/_local/davenport", 200, R"({"generation":"g1"})");
        std::vector<std::string> rows;
        for (int i = 0; i < 3; ++i) {
            auto row = i == at ? unreadable_row("1-a", "deep")
                               : feed_row("2-b", others_message(i, "m" + std::to_string(i)));
            if (row.ends_with('\n')) row.pop_back();
            rows.push_back(row + (i < 2 ? ",\n" : "\n"));
        }
        d.answer(
            "feed=normal", 200,
            "{\"results\":[\n" + rows[0] + rows[1] + rows[2] + "],\n\"last_seq\":\"9-z\",\"pending\":0}\n");
        EXPECT_TRUE(d.asked("feed=continuous&include_docs=true&heartbeat=2000&since=9-z")) << d.asked_for();
        d.open(1, "ann");
        d.join(1, "lobby");
        EXPECT_EQ(d.take(1, "message").size(), 2u);
    }
}

// ---- a client that leaves

TEST_F(FieldTest, WhatIsReadForAClientIsCancelledWhenItGoes) {
    const node::Cursor elsewhere{"other-journal", 7, "g1", "0", "", false};
    for (node::SessionId session = 1; session <= 40; ++session) {
        open(session, "ann");
        join(session, "lobby", elsewhere.text());
    }
    const auto reads = [&] {
        return std::ranges::count_if(
            fetches, [](const auto& f) { return f.request.target.find("feed=normal") != std::string::npos; });
    };
    EXPECT_GT(reads(), 0);
    for (node::SessionId session = 1; session <= 40; ++session) handle(node::Closed{session});
    EXPECT_EQ(reads(), 0) << asked_for();
    post(1, "lobby", "x");
    open(99, "bob");
    take(99);
    post(99, "lobby", "hello");
    persist_all();
    answer(put, 201, R"({"ok":true})");
    EXPECT_THAT(codes(99), ElementsAre("accepted", "stored"));
}

// ---- a message of any size

TEST_F(FieldTest, AHugeMessageByHandLeavesNoHole) {
    open(1, "ann");
    join(1, "lobby");
    for (const auto* text : {"one", "two"}) post(1, "lobby", text);
    stream("feed=continuous", feed_row("5-x", others_message(60'000, std::string(1'100'000, 'x'))));
    persist_all();
    open(2, "bob");
    take(2);
    join(2, "lobby");
    const auto shown = take(2, "message");
    ASSERT_EQ(shown.size(), 1u);
    EXPECT_EQ(base::string_member(shown[0], "text")->size(), 1'100'000u);
    say(2, R"({"t":"history","room":"lobby","before":")" +
               std::string{*base::string_member(shown[0], "pos")} + "\"}");
    const auto page = take(2, "page");
    ASSERT_EQ(page.size(), 1u);
    EXPECT_EQ(base::member(page[0], "messages")->get_array().size(), 2u);
}

// ---- one client among many

TEST_F(FieldTest, OneClientFollowsAtMostFiveHundredRooms) {
    open(1, "greedy");
    for (int i = 0; i < 600; ++i) join(1, "room-" + std::to_string(i));
    std::size_t joined = 0, refused = 0;
    for (const auto& frame : take(1)) {
        joined += base::string_member(frame, "t") == "joined" ? 1 : 0;
        refused += base::string_member(frame, "t") == "error" ? 1 : 0;
    }
    EXPECT_EQ(joined, 500u);
    EXPECT_EQ(refused, 100u);
    join(1, "room-7");
    EXPECT_EQ(take(1, "joined").size(), 1u) << "a room that it follows may be joined again";
    say(1, R"({"t":"leave","room":"room-7"})");
    join(1, "room-599");
    EXPECT_EQ(take(1, "joined").size(), 1u);
}

TEST_F(FieldTest, OneClientDoesNotUseUpThePresenceOfAll) {
    open(1, "greedy");
    for (int i = 0; i < 400; ++i) join(1, "room-" + std::to_string(i));
    open(2, "zoe");
    join(2, "zoes-room");
    advance(6s);
    const auto* written = fetch("PUT /chat/davenport-presence");
    ASSERT_TRUE(written) << asked_for();
    const auto body = base::parse_json(written->request.body);
    const auto* people = base::member(*body, "people");
    ASSERT_TRUE(people);
    EXPECT_TRUE(base::member(*people, "zoes-room"));
    EXPECT_LE(people->get_object().size(), 51u);
}

TEST_F(FieldTest, APollEndsBeforeAProxyGivesUp) {
    handle(node::Requested{7, {"GET", "/api/rooms/lobby/poll?timeout=3600", {}, {}}, "10.0.0.1"});
    advance(49s);
    EXPECT_FALSE(responses.contains(7));
    advance(2s);
    EXPECT_TRUE(responses.contains(7));
}

// ---- strangers and passwords

struct Guarded : FieldTest {
    static node::ChatConfig members_only() {
        node::ChatConfig config;
        config.members_only = true;
        config.auth_secrets = {"a secret of this chat"};
        config.stores[0].user = "node-account";
        return config;
    }
    Guarded() : FieldTest{members_only()} {}
    int try_password(std::string_view name, std::string_view address = "10.0.0.1") {
        handle(node::Requested{++exchange_,
                               {"POST",
                                "/api/session",
                                {{"Content-Type", "application/json"}},
                                R"({"name":")" + std::string{name} + R"(","password":"pw"})"},
                               std::string{address}});
        return responses.contains(exchange_) ? responses.at(exchange_).status : 0;
    }
    /// Wrong passwords, each from an address of its own.
    void fail_as(std::string_view name, int times) {
        for (int i = 0; i < times; ++i) {
            EXPECT_EQ(try_password(name, "10.0.1." + std::to_string(i)), 0);
            answer("POST /_session", 401, R"({"error":"unauthorized"})");
            advance(100ms);
        }
    }
    void let_in(std::string_view name) {
        answer("POST /_session", 200, R"({"ok":true})");
        answer_account(*this, name);
    }
    node::ExchangeId exchange_ = 100;
};
/// One more node.
struct Another : Guarded {
    void TestBody() override {}
};

TEST_F(Guarded, TheNodesOwnAccountIsNeverAskedAbout) {
    EXPECT_EQ(try_password("node-account"), 403);
    EXPECT_FALSE(asked("_session"));
}

TEST_F(Guarded, WrongPasswordsAreHeldBackBeforeTheStoreLocksTheName) {
    fail_as("ann", 3);
    EXPECT_EQ(try_password("ann", "10.0.0.9"), 429);
    EXPECT_THAT(responses.at(exchange_).body, HasSubstr("try again in 5 min"));
    EXPECT_EQ(try_password("bob"), 0) << "another name is not concerned";
    answer("POST /_session", 200, R"({"ok":true})");
}

TEST_F(Guarded, StrangersDoNotLockANamesOwnerOut) {
    EXPECT_EQ(try_password("ann", "10.7.7.7"), 0);
    let_in("ann");
    for (int round = 0; round < 3; ++round) {
        SCOPED_TRACE(round);
        fail_as("ann", 3);
        EXPECT_EQ(try_password("ann", "10.0.0.9"), 429) << "a stranger";
        EXPECT_EQ(try_password("ann", "10.7.7.7"), 0) << "the last try is the owner's";
        let_in("ann");
        EXPECT_EQ(responses.at(exchange_).status, 200);
        live(316s);  // the store counts from its first answer, which may come late
    }
    fail_as("ann", 3);
    EXPECT_EQ(try_password("ann", "10.7.7.7"), 0);
    answer("POST /_session", 401, R"({"error":"unauthorized"})");
    EXPECT_EQ(try_password("ann", "10.7.7.7"), 429) << "a fifth failure would lock the name at the store";
}

TEST_F(Guarded, StrangersWhoGoOnGuessingBehindTheSameProxyTakeNothingFromTheOwner) {
    EXPECT_EQ(try_password("ann", "127.0.0.1"), 0);
    let_in("ann");
    const std::string cookie{base::header(responses.at(exchange_).headers, "Set-Cookie")};
    live(2s);
    for (int i = 0; i < 300; ++i) {
        if (try_password("ann", "127.0.0.1") == 0) answer("POST /_session", 401, "{}");
        advance(10ms);
    }
    handle(node::Requested{
        ++exchange_,
        {"POST",
         "/api/session",
         {{"Content-Type", "application/json"}, {"Cookie", cookie.substr(0, cookie.find(';'))}},
         R"({"name":"ann","password":"pw"})"},
        "127.0.0.1"});
    EXPECT_TRUE(asked("POST /_session")) << responses[exchange_].body;
}

TEST_F(Guarded, BehindAProxyOnThisMachineTheLastTryIsForWhoHasACookie) {
    EXPECT_EQ(try_password("ann", "127.0.0.1"), 0);
    let_in("ann");
    auto cookie = std::string{base::header(responses.at(exchange_).headers, "Set-Cookie")};
    cookie = cookie.substr(0, cookie.find(';'));
    for (int i = 0; i < 3; ++i) {
        live(2s);
        EXPECT_EQ(try_password("ann", "127.0.0.1"), 0);
        answer("POST /_session", 401, R"({"error":"unauthorized"})");
    }
    live(2s);
    EXPECT_EQ(try_password("ann", "127.0.0.1"), 429) << "ann's own address is everybody's";
    live(2s);
    handle(node::Requested{++exchange_,
                           {"POST",
                            "/api/session",
                            {{"Content-Type", "application/json"}, {"Cookie", "a=b; " + cookie + " ; c=d"}},
                            R"({"name":"ann","password":"pw"})"},
                           "127.0.0.1"});
    EXPECT_TRUE(asked("POST /_session")) << "ann's browser";
}

TEST_F(Guarded, ATryWhoseAnswerNeverCameMayHaveFailed) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(try_password("ann", "10.0.0." + std::to_string(i)), 0);
        fail("POST /_session");
        live(1s);
    }
    EXPECT_EQ(try_password("ann", "10.0.0.9"), 429);
}

TEST_F(Guarded, AnAddressTriesFiveTimesASecondUnderWhateverNames) {
    for (int second = 0; second < 3; ++second) {
        for (int i = 0; i < 20; ++i) {
            const auto name = "n" + std::to_string(second) + "-" + std::to_string(i);
            EXPECT_EQ(try_password(name, "10.0.0.1"), i < 5 ? 0 : 429);
        }
        EXPECT_THAT(responses.at(exchange_).body,
                    AllOf(HasSubstr("too_fast"), HasSubstr("\"retry_ms\":1000")));
        EXPECT_EQ(base::header(responses.at(exchange_).headers, "Retry-After"), "1");
        EXPECT_EQ(try_password("m" + std::to_string(second), "10.0.0.2"), 0) << "another address";
        advance(1s);
    }
}

TEST_F(Guarded, SeveralNodesOfOneAddressCountTogether) {
    for (const std::size_t nodes : {2, 3, 7}) {
        SCOPED_TRACE(nodes);
        std::vector<std::unique_ptr<Guarded>> all;
        for (std::size_t i = 0; i < nodes; ++i) {
            all.push_back(std::make_unique<Another>());
            all.back()->tries = all.front()->tries;
        }
        std::size_t asked_for_ann = 0;
        const auto round = [&] {
            for (int i = 0; i < 3; ++i)
                for (auto& node : all) {
                    if (node->try_password("ann", "10.0.1." + std::to_string(i)) != 0) continue;
                    ++asked_for_ann;
                    node->answer("POST /_session", 401, R"({"error":"unauthorized"})");
                    node->advance(100ms);
                }
        };
        round();
        EXPECT_EQ(asked_for_ann, 3u);
        EXPECT_EQ(all.back()->try_password("ann", "10.0.0.9"), 429);
        EXPECT_THAT(all.back()->responses.at(all.back()->exchange_).body,
                    AllOf(HasSubstr("locked"), HasSubstr("min")));
        EXPECT_EQ(all.back()->try_password("bob"), 0) << "another name is not concerned";
        all.back()->let_in("bob");
        for (auto& node : all) node->live(316s);
        round();
        EXPECT_EQ(asked_for_ann, 6u) << "after five minutes there are as many again";
    }
}

TEST_F(Guarded, ARightPasswordAtAnotherNodeCountsForNothing) {
    Another other;
    other.tries = tries;
    for (int i = 0; i < 8; ++i) {
        auto& node = i % 2 ? static_cast<Guarded&>(*this) : other;
        EXPECT_EQ(node.try_password("ann"), 0) << i;
        node.let_in("ann");
        EXPECT_EQ(node.responses.at(node.exchange_).status, 200);
        live(2s);
        other.live(2s);
    }
}

TEST_F(Guarded, OfTwoNodesThatCountAtOnceBothCount) {
    Another other;
    counts_tries = other.counts_tries = false;
    constexpr const char* none = R"({"error":"not_found","reason":"missing"})";
    try_password("ann");
    other.try_password("ann");
    for (auto* node : {static_cast<Guarded*>(this), static_cast<Guarded*>(&other)}) {
        EXPECT_FALSE(node->asked("POST /_session")) << "before it is counted";
        node->answer("GET /chat/davenport-session%3Atries-", 404, none);
    }
    const auto first = answer("PUT /chat/davenport-session%3Atries-", 201, "{}").body;
    EXPECT_TRUE(asked("POST /_session"));
    const auto tried = other.answer("PUT /chat/davenport-session%3Atries-", 409, R"({"error":"conflict"})");
    auto note = *base::parse_json(first);
    note.as_object()["_rev"] = "1-x";
    EXPECT_FALSE(other.asked("POST /_session"));
    other.answer("GET /chat/davenport-session%3Atries-", 200, base::write_json(note));
    const auto again = other.answer("PUT /chat/davenport-session%3Atries-", 201, "{}");
    EXPECT_THAT(again.body, HasSubstr(R"("_rev":"1-x")"));
    EXPECT_GT(again.body.size(), tried.body.size()) << "both are in it";
    EXPECT_TRUE(other.asked("POST /_session"));
}

TEST_F(Guarded, AStoreThatTakesNoNoteIsAskedNevertheless) {
    counts_tries = false;
    for (const auto* what :
         {"GET /chat/davenport-session%3Atries-", "PUT /chat/davenport-session%3Atries-"}) {
        try_password("ann", what);
        if (what[0] == 'P')
            answer("GET /chat/davenport-session%3Atries-", 404,
                   R"({"error":"not_found","reason":"missing"})");
        answer(what, 403, R"({"error":"forbidden","reason":"no notes here"})");
        let_in("ann");
        EXPECT_EQ(responses.at(exchange_).status, 200);
        while (asked("tries-")) fail("tries-");
        live(2s);
    }
}

TEST_F(Guarded, WhatIsWrongInANoteOfTriesHoldsNobodyBack) {
    const auto far = std::to_string(CoreDriver::epoch_ms + 86'400'000);
    counts_tries = false;
    try_password("ann");
    const auto id = fetch("GET /chat/davenport-session%3Atries-")->request.target;
    answer("GET /chat/davenport-session%3Atries-", 404, R"({"error":"not_found","reason":"missing"})");
    const auto written = answer("PUT /chat/davenport-session%3Atries-", 201, "{}").body;
    answer("POST /_session", 401, "{}");
    const auto name = written.substr(written.find("tries\":{\"") + 9, 22);
    for (const auto& body :
         {std::string{R"({"tries":7})"}, std::string{R"({"tries":{"x":7,"y":["a",{}]}})"},
          R"({"tries":{")" + name + R"(":[)" + far + "," + far + "," + far + "," + far + "]}}"}) {
        SCOPED_TRACE(body);
        live(2s);
        EXPECT_EQ(try_password("ann", "10.0.2." + std::to_string(body.size())), 0);
        answer("GET /chat/davenport-session%3Atries-", 200,
               R"({"_id":"davenport-session:x","_rev":"3-x",)" + body.substr(1));
        EXPECT_THAT(answer("PUT /chat/davenport-session%3Atries-", 201, "{}").body,
                    HasSubstr(R"("_rev":"3-x")"));
        let_in("ann");
        while (asked("tries-")) fail("tries-");
    }
}

TEST_F(Guarded, ALockOfTheStoreIsToldAsOne) {
    EXPECT_EQ(try_password("ann"), 0);
    answer(
        "POST /_session", 403,
        R"({"error":"forbidden","reason":"Account is temporarily locked due to multiple authentication failures"})");
    EXPECT_EQ(responses.at(exchange_).status, 429);
    EXPECT_THAT(responses.at(exchange_).body, HasSubstr("locked"));
}

constexpr const char* wrong_password =
    R"({"error":"unauthorized","reason":"Name or password is incorrect."})";

/// The most in any five minutes.
std::ptrdiff_t densest(const std::vector<base::Time>& times) {
    std::ptrdiff_t most = 0;
    for (const auto last : times)
        most = std::max(
            most, std::ranges::count_if(times, [&](base::Time t) { return t <= last && t + 5min > last; }));
    return most;
}

TEST(WrongStorePassword, IsTriedTooSeldomToLockOutOtherNodesOfThisMachine) {
    for (const bool was_in : {false, true}) {
        SCOPED_TRACE(was_in);
        CoreDriver d;
        d.start();
        if (was_in) {
            d.store_up();
            d.open(1, "ann");
            d.post(1, "lobby", "hello");
            d.persist_all();
        }
        std::vector<base::Time> failures;
        for (int step = 0; step < 36'000; ++step) {  // an hour
            while (!d.fetches.empty() && (!was_in || step > 10)) {
                const auto target = d.fetches.front().request.target;
                if (target.find("feed=continuous") != std::string::npos && failures.empty()) {
                    d.fetches.pop_front();  // it was let in before, and stays open
                    continue;
                }
                d.answer(target, 401, wrong_password);
                failures.push_back(d.now().time);
            }
            d.advance(100ms);
        }
        EXPECT_GT(failures.size(), 10u) << "it is tried again";
        EXPECT_LE(densest(failures), 4);
    }
}

TEST(WrongStorePassword, OfFourNodesOfOneAddressNeverFailsFiveTimesInFiveMinutes) {
    std::vector<base::Time> failures;
    for (const auto starts : {0s, 1s, 100s, 290s}) {
        CoreDriver d;
        d.advance(starts);
        d.start();
        while (d.now().time < base::Time{1h}) {
            while (!d.fetches.empty()) {
                d.answer("", 401, wrong_password);
                failures.push_back(d.now().time);
            }
            d.advance(100ms);
        }
    }
    EXPECT_GT(failures.size(), 40u) << "it is tried again";
    EXPECT_LE(densest(failures), 4);
}

TEST(WrongStorePassword, MendedAtTheStoreLetsTheNodeInWhenTheStoresOwnLockWouldEnd) {
    CoreDriver d;
    d.start();
    d.answer("GET /chat/_local/davenport", 401, wrong_password);
    d.advance(306s);
    d.store_up();
    EXPECT_TRUE(d.asked("feed=continuous")) << d.asked_for();
}

TEST(WrongStorePassword, ALockOfOtherPeoplesMakingIsOverSoonAfterItEnds) {
    CoreDriver d;
    d.start();
    for (int minute = 0; minute < 5; ++minute) {
        d.answer(
            "GET /chat/_local/davenport", 403,
            R"({"error":"forbidden","reason":"Account is temporarily locked due to multiple authentication failures"})");
        d.advance(61s);
    }
    d.store_up();
    EXPECT_TRUE(d.asked("feed=continuous")) << d.asked_for();
}

TEST(WrongStorePassword, AtOneOfTwoStoresHasTheOtherAskedAtOnceAndThatOneSeldom) {
    node::ChatConfig config;
    config.stores.resize(2);
    CoreDriver d{config};
    d.start();
    std::vector<base::Time> failures;
    int others = 0;
    for (; d.now().time < base::Time{1h}; d.advance(100ms))
        while (!d.fetches.empty()) {
            if (d.uses.empty() || d.uses.back() == 0) {
                d.answer("", 401, wrong_password);
                failures.push_back(d.now().time);
            } else {
                ++others;
                d.fail("");
            }
        }
    EXPECT_GT(others, 1000) << "the other is down, and may come back at any moment";
    EXPECT_LE(densest(failures), 1);
}

TEST(FailedTries, AreAtMostFourInAnyFiveMinutes) {
    for (const auto owner_each : {1, 5, 1000}) {  // how often it is the owner who tries
        node::FailedTries tries;
        std::vector<base::Time> failures;
        int step = 0;
        for (base::Time now{}; now < base::Time{1h}; now += 7s) {
            const bool is_owner = ++step % owner_each == 0;
            if (tries.held_back("ann", is_owner, now)) continue;
            tries.begin("ann", now);
            failures.push_back(now);
            const auto recent = std::ranges::count_if(failures, [&](base::Time t) { return t + 5min > now; });
            ASSERT_LE(recent, is_owner ? 4 : 3);
        }
        EXPECT_GT(failures.size(), 30u) << "and it is let on when the time is over";
    }
}

}  // namespace

}  // namespace davenport
