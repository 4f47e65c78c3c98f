#include "node/base/sign.hpp"
#include "tests/node/core_driver.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport {

/// Where people have to sign in: who is let in, as whom, and what the others are told.
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

node::ChatConfig members_only() {
    node::ChatConfig config;
    config.members_only = true;
    config.auth_secrets = {"a secret of this chat"};
    return config;
}

struct SignInTest : CoreDriver, testing::Test {
    explicit SignInTest(node::ChatConfig config = members_only()) : CoreDriver{std::move(config)} {
        start();
        store_up();
    }

    void ask(node::ExchangeId exchange, std::string method, std::string target, std::string body = {},
             base::Headers headers = {}) {
        headers.emplace_back("Content-Type", "application/json");
        responses.erase(exchange);
        handle(node::Requested{exchange,
                               {std::move(method), std::move(target), std::move(headers), std::move(body)},
                               "10.0.0.1"});
    }
    void try_password(node::ExchangeId exchange, std::string_view name) {
        ask(exchange, "POST", "/api/session", R"({"name":")" + std::string{name} + R"(","password":"pw"})");
    }
    /// The cookie that a sign-in as `name` gives.
    std::string sign_in(std::string_view name) {
        try_password(7, name);
        answer("POST /_session", 200, R"({"ok":true,"name":")" + std::string{name} + R"(","roles":[]})");
        answer_account(*this, name);
        const std::string given{base::header(responses.at(7).headers, "Set-Cookie")};
        return given.substr(0, given.find(';'));
    }
    void open_with(node::SessionId session, std::string cookies) {
        handle(node::Opened{session, "10.0.0.1", std::move(cookies)});
    }
};

TEST_F(SignInTest, AsksTheStoreWithThePersonsOwnPasswordAndGivesACookie) {
    try_password(7, "ann");
    const auto request = answer("POST /_session", 200, R"({"ok":true,"name":"ann","roles":[]})");
    EXPECT_EQ(request.body, R"({"name":"ann","password":"pw"})");
    EXPECT_EQ(base::header(request.headers, "Authorization"), "");
    answer_account(*this, "ann");
    EXPECT_EQ(responses.at(7).status, 200);
    EXPECT_EQ(responses.at(7).body, "{\"auth\":\"couchdb\",\"user\":\"ann\"}\n");
    EXPECT_THAT(std::string{base::header(responses.at(7).headers, "Set-Cookie")},
                testing::AllOf(HasSubstr("HttpOnly"), HasSubstr("SameSite=Strict")));
}

TEST_F(SignInTest, TheCookieIsOfThePathUnderWhichClientsSeeTheNode) {
    int count = 0;
    for (const auto& [path, expected] :
         std::vector<std::pair<std::string, std::string>>{{"", "/"},
                                                          {"/team/chat/", "/team/chat/"},
                                                          {"/a%20b/", "/a%20b/"},
                                                          {"chat/", "/"},
                                                          {"/chat", "/"},
                                                          {"/x/; Domain=evil/", "/"},
                                                          {"/\\n/", "/"},
                                                          {"/" + std::string(600, 'x') + "/", "/"}}) {
        SCOPED_TRACE(path);
        const auto name = "u" + std::to_string(++count);
        ask(7, "POST", "/api/session",
            R"({"name":")" + name + R"(","password":"pw","path":")" + path + "\"}");
        answer("POST /_session", 200, R"({"ok":true,"roles":[]})");
        answer_account(*this, name);
        EXPECT_THAT(std::string{base::header(responses.at(7).headers, "Set-Cookie")},
                    HasSubstr("; Path=" + expected + "; "));
        live(1s);
    }
    ask(8, "DELETE", "/api/session?path=/team/chat/");
    EXPECT_THAT(std::string{base::header(responses.at(8).headers, "Set-Cookie")},
                HasSubstr("; Path=/team/chat/; "));
}

TEST_F(SignInTest, LetsNobodyInWithTheWrongPassword) {
    try_password(7, "ann");
    answer("POST /_session", 401, R"({"error":"unauthorized"})");
    EXPECT_EQ(responses.at(7).status, 401);
    EXPECT_EQ(base::header(responses.at(7).headers, "Set-Cookie"), "");
}

TEST_F(SignInTest, KnowsWhoHasTheCookieAlsoAtAnotherNodeAndWithTheStoreDown) {
    const auto cookie = sign_in("ann");
    CoreDriver other{members_only(), "u-2"};
    other.start();
    other.fail_all();
    other.handle(node::Opened{1, "10.0.0.1", "theme=dark; " + cookie});
    const auto welcome = other.take(1, "welcome");
    EXPECT_EQ(base::string_member(welcome.at(0), "user"), "ann");
    other.say(1, R"({"t":"hello","user":"bob"})");
    other.join(1, "lobby");
    other.post(1, "lobby", "as ann, whatever she calls herself");
    other.persist_all();
    for (const auto& frame : other.take(1, "message")) EXPECT_EQ(base::string_member(frame, "user"), "ann");
    EXPECT_EQ(other.journal.size(), 1u);
}

TEST_F(SignInTest, TurnsAwayWhoIsNobody) {
    const auto forged = "davenport=" + base::sign({"ann", "s", "m", now().wall, now().wall + 24h}, "f",
                                                  "a secret of another chat");
    for (const std::string& cookies :
         {std::string{}, std::string{"davenport="}, forged, std::string{"other=1"}}) {
        SCOPED_TRACE(cookies);
        open_with(1, cookies);
        EXPECT_EQ(base::string_member(take(1, "welcome").at(0), "auth"), "couchdb");
        say(1, R"({"t":"hello","user":"ann"})");
        join(1, "lobby");
        post(1, "lobby", "let me in");
        EXPECT_THAT(heard(1), ElementsAre("error", "refused sign_in"));
        ask(7, "GET", "/api/rooms/lobby/messages", {}, {{"Cookie", cookies}});
        EXPECT_EQ(responses.at(7).status, 401);
        for (const auto* path :
             {"/api/rooms", "/api/search?q=x", "/api/rooms/lobby/poll", "/api/rooms/lobby/events"}) {
            ask(7, "GET", path, {}, {{"Cookie", cookies}});
            EXPECT_EQ(responses.at(7).status, 401) << path;
        }
    }
    EXPECT_EQ(journal.size(), 0u);
    EXPECT_THAT(streams, IsEmpty());
}

TEST_F(SignInTest, TakesAPostOverHttpUnderTheOwnNameOnly) {
    const base::Headers headers{{"Cookie", sign_in("ann")}};
    ask(8, "POST", "/api/rooms/lobby/messages", R"({"text":"hello"})", headers);
    persist_all();
    EXPECT_EQ(responses.at(8).status, 202);
    ask(8, "POST", "/api/rooms/lobby/messages", R"({"text":"hello","user":"bob"})", headers);
    EXPECT_EQ(responses.at(8).status, 403);
}

TEST_F(SignInTest, LastsAMonthAndNoLonger) {
    const auto cookie = sign_in("ann");
    advance(24h * 29);
    ask(8, "GET", "/api/session", {}, {{"Cookie", cookie}});
    EXPECT_THAT(responses.at(8).body, HasSubstr("\"ann\""));
    advance(24h * 2);
    ask(8, "GET", "/api/session", {}, {{"Cookie", cookie}});
    EXPECT_THAT(responses.at(8).body, HasSubstr("null"));
}

TEST_F(SignInTest, IsAskedForLaterWhileTheStoreIsAway) {
    fail_all();
    advance(1s);
    fail_all();
    try_password(7, "ann");
    EXPECT_EQ(responses.at(7).status, 503);
    EXPECT_NE(base::header(responses.at(7).headers, "Retry-After"), "");
}

TEST_F(SignInTest, IsNotWaitedForForEver) {
    try_password(7, "ann");
    advance(11s);
    EXPECT_EQ(responses.at(7).status, 503);
}

TEST_F(SignInTest, BearsNoGuessing) {
    for (int i = 0; i < 2; ++i) try_password(7, "ann");
    EXPECT_FALSE(responses.contains(7));
    try_password(7, "ann");
    EXPECT_EQ(responses.at(7).status, 429);
    try_password(8, "bob");
    EXPECT_FALSE(responses.contains(8)) << "somebody else behind the same proxy is not held up";
}

TEST_F(SignInTest, EndsWithTheCookie) {
    ask(7, "DELETE", "/api/session");
    EXPECT_THAT(std::string{base::header(responses.at(7).headers, "Set-Cookie")}, HasSubstr("Max-Age=0"));
}

struct OpenHouse : SignInTest {
    OpenHouse() : SignInTest{node::ChatConfig{}} {}
};

TEST_F(OpenHouse, NeedsNoSigningIn) {
    ask(7, "GET", "/api/session");
    EXPECT_EQ(responses.at(7).body, "{\"auth\":\"none\",\"user\":null}\n");
    try_password(7, "ann");
    EXPECT_EQ(responses.at(7).status, 404);
}

struct HttpRate : SignInTest {
    HttpRate()
        : SignInTest{[] {
              node::ChatConfig config;
              config.posts_per_second_max = 5;
              return config;
          }()} {}
};

TEST_F(HttpRate, IsBoundedForAnAddressAndToldWithRetryAfter) {
    for (node::ExchangeId i = 1; i <= 11; ++i)
        ask(i, "POST", "/api/rooms/lobby/messages", R"({"user":"ann","text":"again and again"})");
    persist_all();
    EXPECT_EQ(responses.at(10).status, 202);
    EXPECT_EQ(responses.at(11).status, 429);
    EXPECT_EQ(base::header(responses.at(11).headers, "Retry-After"), "1");
    advance(1s);
    ask(12, "POST", "/api/rooms/lobby/messages", R"({"user":"ann","text":"later"})");
    persist_all();
    EXPECT_EQ(responses.at(12).status, 202);
}

}  // namespace

}  // namespace davenport
