#include "node/base/digest.hpp"
#include "node/core/clients/key_ring.hpp"
#include "node/core/clients/revocations.hpp"
#include "tests/node/core_driver.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport {

/// Sign-ins, their keys and their end: what all nodes agree on by notes in the store, and the store's word on
/// accounts.
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

node::ChatConfig members_only() {
    node::ChatConfig config;
    config.members_only = true;
    config.entropy = "nobody guesses this";
    return config;
}

const std::string keys_get = "GET /chat/davenport-session%3Akeys";
const std::string keys_put = "PUT /chat/davenport-session%3Akeys";
const std::string notes_get = "GET /chat/_all_docs?include_docs=true";

/// A node where people sign in, with keys that it made itself.
struct Node : CoreDriver {
    explicit Node(std::string uuid = "u-1", node::ChatConfig config = members_only())
        : CoreDriver{std::move(config), std::move(uuid)} {}

    /// The store has no keys: this node makes them.
    void begin_first() {
        start();
        store_up();
        answer(keys_get, 404, R"({"error":"not_found","reason":"missing"})");
        const auto put = answer(keys_put, 201, R"({"ok":true,"rev":"1-k"})");
        keys = put.body;
        keys.insert(1, R"("_rev":"1-k",)");
        answer(keys_get, 200, keys);
        answer(notes_get, 200, R"({"rows":[]})");
    }
    /// The store has keys.
    void begin_with(const std::string& document, const std::string& rows = {}) {
        start();
        store_up();
        answer(keys_get, 200, document);
        answer(notes_get, 200, R"({"rows":[)" + rows + "]}");
    }
    void ask(node::ExchangeId exchange, std::string method, std::string target, std::string cookie,
             std::string body = {}, bool secure = false) {
        responses.erase(exchange);
        handle(node::Requested{exchange,
                               {std::move(method),
                                std::move(target),
                                {{"Content-Type", "application/json"}, {"Cookie", std::move(cookie)}},
                                std::move(body)},
                               "10.0.0.1",
                               secure});
    }
    std::string sign_in(std::string_view name, std::string_view salt = "s1", bool secure = false) {
        for (const auto* watch : {"_security", "_users"})  // what the node asks by itself
            while (asked(watch)) fail(watch);
        ask(7, "POST", "/api/session", {}, R"({"name":")" + std::string{name} + R"(","password":"pw"})",
            secure);
        answer("POST /_session", 200, R"({"ok":true,"roles":["staff"]})");
        answer_account(*this, name, salt);
        set_cookie = base::header(responses.at(7).headers, "Set-Cookie");
        return set_cookie.substr(0, set_cookie.find(';'));
    }
    int status_of(const std::string& cookie) {
        ask(8, "GET", "/api/rooms/lobby/messages", cookie);
        return responses.at(8).status;
    }
    void open_with(node::SessionId session, const std::string& cookie) {
        handle(node::Opened{session, "10.0.0.1", cookie});
    }
    static std::string note_row(const base::HttpRequest& put) {
        const auto body = base::parse_json(put.body);
        return fmt::format(R"({{"id":"{}","doc":{}}})", base::text_member(*body, "_id"), put.body);
    }
    void feed(const base::HttpRequest& put, bool deleted = false) {
        const auto body = base::parse_json(put.body);
        stream("feed=continuous",
               fmt::format("{{\"seq\":\"9-x\",\"id\":\"{}\",\"changes\":[],{}\"doc\":{}}}\n",
                           base::text_member(*body, "_id"), deleted ? "\"deleted\":true," : "", put.body));
    }

    std::string keys, set_cookie;
};

struct MembersTest : Node, testing::Test {
    MembersTest() { begin_first(); }
};

// ---- keys

TEST_F(MembersTest, KeysAreMadeAtRandomOnceAndFoundInTheStoreByTheOthers) {
    const auto cookie = sign_in("ann");
    EXPECT_EQ(status_of(cookie), 200);
    Node other{"u-2"};
    other.begin_with(keys);
    EXPECT_EQ(other.status_of(cookie), 200);
    EXPECT_FALSE(other.asked(keys_put)) << "they are made once";
    auto another_chat = members_only();
    another_chat.entropy = "drawn by another machine";
    Node stranger{"u-3", another_chat};
    stranger.begin_first();
    EXPECT_EQ(stranger.status_of(cookie), 401);
}

TEST_F(MembersTest, WhoIsLaterWithItsKeysTakesThoseOfTheFirst) {
    const auto cookie = sign_in("ann");
    Node other{"u-2"};
    other.start();
    other.store_up();
    other.answer(keys_get, 404, R"({"error":"not_found","reason":"missing"})");
    other.answer(keys_put, 409, R"({"error":"conflict"})");
    EXPECT_EQ(other.status_of(cookie), 503) << "it has heard of no keys yet";
    other.answer(keys_get, 200, keys);
    other.answer(notes_get, 200, R"({"rows":[]})");
    EXPECT_EQ(other.status_of(cookie), 200);
}

TEST_F(MembersTest, KeysAreKeptForAStartWithTheStoreAway) {
    const auto cookie = sign_in("ann");
    crash_and_restart();
    fail_all();
    EXPECT_EQ(status_of(cookie), 200);
    Node fresh{"u-2"};
    fresh.start();
    fresh.fail_all();
    EXPECT_EQ(fresh.status_of(cookie), 503);
    fresh.open_with(1, cookie);
    EXPECT_THAT(fresh.closes, ElementsAre(1)) << "it comes back, and is not asked to sign in";
}

TEST_F(MembersTest, AnotherStoreIsGivenTheKeysThatPeopleAreSignedInBy) {
    const auto cookie = sign_in("ann");
    fail_all();
    advance(1s);
    store_up("g2");
    answer(keys_get, 404, R"({"error":"not_found","reason":"missing"})");
    const auto put = answer(keys_put, 201, R"({"ok":true,"rev":"1-k"})");
    EXPECT_THAT(put.body, HasSubstr(R"("secret":)"));
    EXPECT_EQ(status_of(cookie), 200);
}

TEST_F(MembersTest, KeysThatAreDeletedInTheStoreSignEverybodyOut) {
    const auto cookie = sign_in("ann");
    open_with(1, cookie);
    base::HttpRequest gone;
    gone.body = R"({"_id":"davenport-session:keys","_deleted":true})";
    feed(gone, true);
    EXPECT_THAT(closes, ElementsAre(1));
    answer(keys_get, 404, R"({"error":"not_found","reason":"deleted"})");
    auto put = answer(keys_put, 201, R"({"ok":true,"rev":"3-k"})");
    answer(keys_get, 200, put.body);
    answer(notes_get, 200, R"({"rows":[]})");
    EXPECT_EQ(status_of(cookie), 401);
    EXPECT_EQ(status_of(sign_in("ann")), 200);
}

TEST(KeyRing, ANewKeySignsWhenAllNodesHaveHeardOfItAndOldOnesAreDroppedWhenNobodyNeedsThem) {
    const auto day = [](int n) { return base::wall_from_unix_ms(CoreDriver::epoch_ms) + n * 24h; };
    const auto key = [&](std::string id, base::WallTime made) {
        return node::KeyRing::Key{id, std::string(32, id[0]), base::unix_ms(made)};
    };
    const auto signs = [](const node::KeyRing& ring, base::WallTime now) {
        return std::string{*base::key_of(ring.sign({}, now))};
    };
    node::KeyRing ring;
    EXPECT_TRUE(ring.is_due(day(0)));
    ring.add(key("a", day(0)), day(0));
    EXPECT_EQ(signs(ring, day(0)), "a") << "there is no other";
    EXPECT_FALSE(ring.is_due(day(29)));
    EXPECT_TRUE(ring.is_due(day(30)));
    ring.add(key("b", day(30)), day(30));
    EXPECT_EQ(signs(ring, day(30) + 30s), "a");
    EXPECT_EQ(signs(ring, day(30) + 61s), "b");
    ring.add(key("c", day(60)), day(60));
    EXPECT_TRUE(ring.is_known("a")) << "it signed until day 30, for 30 days";
    ring.add(key("d", day(90)), day(90));
    EXPECT_FALSE(ring.is_known("a"));
    EXPECT_TRUE(ring.is_known("b"));
}

TEST(KeyRing, OfFilesSignsWithTheFirstAndBelievesAll) {
    const std::string old(32, 'o'), young(32, 'y');
    const auto text = node::KeyRing{{old}}.sign({"ann", "s", "m", {}, {}}, {});
    EXPECT_EQ(node::KeyRing({young, old}).verify(text)->name, "ann");
    EXPECT_FALSE(node::KeyRing{{young}}.verify(text));
    EXPECT_FALSE(node::KeyRing({old}).verify(node::KeyRing({young, old}).sign({}, {})));
}

// ---- cookies

TEST_F(MembersTest, OfTwoCookiesTheGoodOneCounts) {
    const auto cookie = sign_in("ann");
    EXPECT_EQ(status_of("davenport=bad; " + cookie), 200);
    EXPECT_EQ(status_of("davenport=; davenport=v2.k.x.y; a=b; " + cookie + "; davenport=worse"), 200);
    EXPECT_EQ(status_of("davenport=bad; davenport=worse"), 401);
}

TEST_F(MembersTest, ACookieIsSecureWhereTheRequestWas) {
    sign_in("ann");
    EXPECT_THAT(set_cookie, Not(HasSubstr("Secure")));
    live(2s);
    const auto cookie = sign_in("ann", "s1", true);
    EXPECT_THAT(set_cookie, HasSubstr("; Secure"));
    ask(9, "DELETE", "/api/session", cookie, {}, true);
    EXPECT_THAT(std::string{base::header(responses.at(9).headers, "Set-Cookie")},
                AllOf(HasSubstr("Max-Age=0"), HasSubstr("Secure")));
}

// ---- signing out

TEST_F(MembersTest, SigningOutEndsEveryTabOfTheSignInAndNoOther) {
    const auto cookie = sign_in("ann");
    live(2s);
    const auto phone = sign_in("ann");
    open_with(1, cookie);
    open_with(2, phone);
    ask(20, "GET", "/api/rooms/lobby/poll?timeout=30", cookie);
    ask(21, "GET", "/api/rooms/lobby/events", cookie);
    ask(9, "DELETE", "/api/session", cookie);
    EXPECT_EQ(responses.at(9).status, 200);
    EXPECT_THAT(closes, testing::UnorderedElementsAre(1, 21));
    EXPECT_EQ(responses.at(20).status, 401);
    EXPECT_EQ(status_of(cookie), 401);
    EXPECT_EQ(status_of(phone), 200);
}

TEST_F(MembersTest, SigningOutIsANoteThatAllNodesRead) {
    const auto cookie = sign_in("ann");
    Node other{"u-2"};
    other.begin_with(keys);
    other.open_with(1, cookie);
    EXPECT_THAT(other.closes, IsEmpty());
    ask(9, "DELETE", "/api/session", cookie);
    const auto put = answer("PUT /chat/davenport-session%3Aout-", 201, R"({"ok":true})");
    other.feed(put);
    EXPECT_THAT(other.closes, ElementsAre(1));
    EXPECT_EQ(other.status_of(cookie), 401);
    other.crash_and_restart();
    other.fail_all();
    EXPECT_EQ(other.status_of(cookie), 401) << "it is kept";
    Node later{"u-3"};
    later.begin_with(keys, note_row(put));
    EXPECT_EQ(later.status_of(cookie), 401);
}

TEST_F(MembersTest, SigningOutWithTheStoreAwayIsToldToTheOthersLater) {
    const auto cookie = sign_in("ann");
    fail_all();
    advance(1s);
    ask(9, "DELETE", "/api/session", cookie);
    EXPECT_EQ(status_of(cookie), 401);
    crash_and_restart();
    store_up();
    answer(keys_get, 200, keys);
    answer(notes_get, 200, R"({"rows":[]})");
    EXPECT_TRUE(asked("PUT /chat/davenport-session%3Aout-")) << asked_for();
}

TEST_F(MembersTest, ANamesOwnerEndsAllSignInsAndCanComeBackAtOnce) {
    const auto here = sign_in("ann");
    live(2s);
    const auto there = sign_in("ann");
    live(2s);
    const auto bob = sign_in("bob");
    open_with(1, there);
    open_with(2, bob);
    ask(9, "DELETE", "/api/session?all=true", here);
    EXPECT_THAT(closes, ElementsAre(1));
    EXPECT_EQ(status_of(here), 401);
    EXPECT_EQ(status_of(there), 401);
    EXPECT_EQ(status_of(bob), 200);
    answer("PUT /chat/davenport-session%3Aout-", 201, R"({"ok":true})");
    const auto put = answer("PUT /chat/davenport-session%3Aall-", 201, R"({"ok":true})");
    Node other{"u-2"};
    other.begin_with(keys, note_row(put));
    EXPECT_EQ(other.status_of(there), 401);
    live(2s);
    const auto again = sign_in("ann");
    EXPECT_EQ(status_of(again), 200);
    EXPECT_EQ(other.status_of(again), 200);
    other.feed(put);
    EXPECT_EQ(other.status_of(again), 200);
}

// ---- the store's word

TEST_F(MembersTest, TheStoresWordCountsWithinAMinute) {
    const std::string of_ann =
        R"({"rows":[{"id":"org.couchdb.user:ann","doc":{"name":"ann","roles":["staff"],)";
    const std::string unchanged = of_ann + R"("salt":"s1","derived_key":"k"}}]})";
    const std::string members =
        R"({"members":{"names":["bob"],"roles":["staff"]},"admins":{"names":[],"roles":[]}})";
    struct Case {
        std::string what, security, users;
        bool stays;
    };
    for (const auto& one :
         {Case{"nothing", "{}", unchanged, true}, Case{"a role is let in", members, unchanged, true},
          Case{"excluded", R"({"members":{"names":["bob"],"roles":[]}})", unchanged, false},
          Case{"deleted", "{}",
               R"({"rows":[{"id":"org.couchdb.user:ann","value":{"deleted":true},"doc":null}]})", false},
          Case{"never was", "{}", R"({"rows":[{"key":"org.couchdb.user:ann","error":"not_found"}]})", false},
          Case{"another password", "{}", of_ann + R"("salt":"s2","derived_key":"k"}}]})", false}}) {
        SCOPED_TRACE(one.what);
        Node node;
        node.begin_first();
        const auto cookie = node.sign_in("ann");
        node.open_with(1, cookie);
        node.ask(20, "GET", "/api/rooms/lobby/poll?timeout=50", cookie);
        int asked = 0;
        for (int second = 0; second < 60; ++second) {
            node.live(1s);
            if (!node.asked("_security")) continue;
            ++asked;
            node.answer("_security", 200, one.security);
            node.answer("POST /_users/_all_docs", 200, one.users);
        }
        EXPECT_LE(asked, 5);
        EXPECT_EQ(node.closes.size(), one.stays ? 0u : 1u);
        EXPECT_EQ(node.responses.at(20).status, one.stays ? 200 : 401);
        EXPECT_EQ(node.status_of(cookie), one.stays ? 200 : 401);
        node.live(3600s);  // nobody asks about it any more
        EXPECT_EQ(node.status_of(cookie), one.stays ? 200 : 401);
    }
}

TEST_F(MembersTest, WhoSignsInWithANewPasswordIsKnownAtNodesThatHeardOfTheOldOne) {
    const auto old = sign_in("ann");
    Node other{"u-2"};
    other.begin_with(keys);
    EXPECT_EQ(other.status_of(old), 200);
    other.advance(1s);
    answer_account(other, "ann", "s1");
    live(2s);
    const auto young = sign_in("ann", "s2");
    EXPECT_EQ(other.status_of(young), 200) << "what the store said may be older";
    other.advance(1s);
    answer_account(other, "ann", "s2");
    EXPECT_EQ(other.status_of(young), 200);
    EXPECT_EQ(other.status_of(old), 401);
}

TEST_F(MembersTest, WhoIsNotAdmittedIsToldSoAtTheSignIn) {
    ask(7, "POST", "/api/session", {}, R"({"name":"ann","password":"pw"})");
    answer("POST /_session", 200, R"({"ok":true,"roles":[]})");
    answer_account(*this, "ann", "s1", R"({"members":{"names":["bob"]}})");
    EXPECT_EQ(responses.at(7).status, 403);
    EXPECT_THAT(responses.at(7).body, HasSubstr("not_admitted"));
}

TEST_F(MembersTest, ADatabaseThatNobodyHasOpenedAdmitsWhoHasAnAccount) {
    ask(7, "POST", "/api/session", {}, R"({"name":"ann","password":"pw"})");
    answer("POST /_session", 200, R"({"ok":true,"roles":[]})");
    answer_account(*this, "ann", "s1", R"({"members":{"roles":["_admin"]},"admins":{"roles":["_admin"]}})");
    EXPECT_EQ(responses.at(7).status, 200);
}

TEST_F(MembersTest, AnAccountOfTheServersOwnNeedsNoDocument) {
    ask(7, "POST", "/api/session", {}, R"({"name":"root","password":"pw"})");
    answer("POST /_session", 200, R"({"ok":true,"roles":["_admin"]})");
    EXPECT_EQ(responses.at(7).status, 200);
}

TEST_F(MembersTest, WithoutTheRightToLookTheSignInIsAllThatIsKnown) {
    ask(7, "POST", "/api/session", {}, R"({"name":"ann","password":"pw"})");
    answer("POST /_session", 200, R"({"ok":true,"roles":[]})");
    answer("_security", 200, "{}");
    answer("POST /_users/_all_docs", 403, R"({"error":"forbidden"})");
    EXPECT_EQ(responses.at(7).status, 200);
}

TEST_F(MembersTest, WhoHasBeenHereMayTryAgainThoughStrangersGuess) {
    const auto cookie = sign_in("ann");
    live(301s);
    for (int i = 0; i < 3; ++i) {
        handle(node::Requested{30,
                               {"POST",
                                "/api/session",
                                {{"Content-Type", "application/json"}},
                                R"({"name":"ann","password":"x"})"},
                               "10.9.9." + std::to_string(i)});
        answer("POST /_session", 401, R"({"error":"unauthorized"})");
    }
    const auto from_elsewhere = [&](const std::string& with) {
        responses.erase(31);
        handle(node::Requested{31,
                               {"POST",
                                "/api/session",
                                {{"Content-Type", "application/json"}, {"Cookie", with}},
                                R"({"name":"ann","password":"pw"})"},
                               "10.8.8.8"});
        return responses.contains(31) ? responses.at(31).status : 0;
    };
    EXPECT_EQ(from_elsewhere(""), 429);
    EXPECT_EQ(from_elsewhere(cookie), 0) << "a browser with a sign-in of that name, at another address";
}

}  // namespace

}  // namespace davenport
