#include "node/net/web_guard.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace davenport::node {
namespace {

using testing::AllOf;
using testing::HasSubstr;

base::HttpRequest request_with(const char* host, const char* origin) {
    base::HttpRequest request{"GET", "/ws", {}, {}};
    if (host) request.headers.emplace_back("Host", host);
    if (origin) request.headers.emplace_back("Origin", origin);
    return request;
}

bool lets_in(const WebGuard& guard, const char* host, const char* origin = nullptr) {
    return guard.objection(request_with(host, origin)).empty();
}

WebGuard guard_for(std::vector<std::string> hosts, const std::vector<std::string>& origins = {}) {
    std::vector<wire::WebOrigin> read;
    for (const auto& origin : origins) read.push_back(wire::parse_web_origin(origin).value());
    return WebGuard{std::move(hosts), std::move(read), false};
}

struct Case {
    const char* host;
    const char* origin;
    bool served;
};

TEST(WebGuard, ComparesOriginWithHost) {
    const auto guard = guard_for({});
    const Case cases[] = {
        {"h:8080", "http://h:8080", true},
        {"h:8080", "https://h:8080", true},  // a proxy may end TLS
        {"H.Example:8080", "http://h.example:8080", true},
        {"h:443", "https://h", true},
        {"h", "https://h:443", true},
        {"h:80", "http://h", true},
        {"h", "http://h:80", true},
        {"h", "http://h", true},
        {"h", "https://h", true},
        {"h", "https://h:8443", true},  // a proxy dropped the port
        {"[::1]:8080", "http://[::1]:8080", true},
        {"[::1]", "http://[::1]:80", true},
        {"h.:8080", "http://h:8080", true},  // with the dot of the root
        {"h", "http://h.", true},
        {"[0:0:0:0:0:0:0:1]:8080", "http://[::1]:8080", true},
        {"[2001:DB8::0:1]", "https://[2001:db8::1]", true},
        {"h:8080", nullptr, true},
        {"h:443", "http://h", false},
        {"h:80", "https://h", false},
        {"h:8080", "http://h", false},
        {"h:8080", "http://h:9090", false},
        {"h", "http://other", false},
        {"h", "http://h.evil", false},
        {"h", "http://xh", false},
        {"h", "http://h@evil", false},
        {"h", "http://evil/h", false},
        {"h", "http://h/path", false},
        {"h", "ftp://h", false},
        {"h", "h", false},
        {"h", "null", false},
        {"h", "", false},
        {"h", "http://", false},
        {"h", "http://h:0", false},
        {"h:99999", "http://h:99999", false},
        {"a@h", "http://h", false},
        {nullptr, "http://h", false},
    };
    for (const auto& [host, origin, served] : cases) {
        SCOPED_TRACE(testing::Message()
                     << (host ? host : "no Host") << " and " << (origin ? origin : "no Origin"));
        EXPECT_EQ(lets_in(guard, host, origin), served);
    }
}

TEST(WebGuard, AnswersOnLoopbackOnlyForThisMachinesNames) {
    const WebGuard guard{{}, {}, true};
    for (const auto* host : {"127.0.0.1:8080", "localhost", "LOCALHOST:8080", "[::1]:8080", "127.1.2.3",
                             "localhost.", "[0:0:0:0:0:0:0:1]"})
        EXPECT_TRUE(lets_in(guard, host)) << host;
    for (const auto* host : {"evil.example:8080", "127.evil.example:8080", "localhost.evil", "", "10.0.0.1",
                             ".", "localhost..", "[::2]", "[::ffff:10.0.0.1]"})
        EXPECT_FALSE(lets_in(guard, host)) << host;
    EXPECT_FALSE(lets_in(guard, "evil.example:8080", "http://evil.example:8080"))
        << "a name that was made to point here";
}

TEST(WebGuard, AnswersForTheNamesThatItWasGiven) {
    const auto guard = guard_for({"chat.example", "::1"});
    EXPECT_TRUE(lets_in(guard, "Chat.Example", "https://chat.example"));
    EXPECT_TRUE(lets_in(guard, "[::1]:8080"));
    EXPECT_FALSE(lets_in(guard, "other.example", "https://other.example"));
}

TEST(WebGuard, LetsTheOriginsInThatItWasGivenWhateverHostSays) {
    const WebGuard guard{{}, {wire::parse_web_origin("https://chat.example").value()}, true};
    EXPECT_TRUE(lets_in(guard, "127.0.0.1:8080", "https://chat.example"));
    EXPECT_TRUE(lets_in(guard, "127.0.0.1:8080", "https://Chat.Example:443"));
    EXPECT_TRUE(lets_in(guard, "127.0.0.1:8080", "http://127.0.0.1:8080"));
    EXPECT_FALSE(lets_in(guard, "127.0.0.1:8080", "http://chat.example"));
    EXPECT_FALSE(lets_in(guard, "127.0.0.1:8080", "https://chat.example:8443"));
    EXPECT_FALSE(lets_in(guard, "127.0.0.1:8080", "https://evil.example"));
}

TEST(WebGuard, AnswersHealthChecksByAnyNameAndByNone) {
    const WebGuard guard{{"chat.example"}, {}, true};
    for (const auto* target : {"/healthz", "/readyz", "/readyz?verbose"}) {
        for (const auto* host : {"10.1.2.3:8080", "kube-probe", "", static_cast<const char*>(nullptr)}) {
            auto request = request_with(host, nullptr);
            request.target = target;
            EXPECT_EQ(guard.objection(request), "") << target;
            request.method = "POST";
            EXPECT_NE(guard.objection(request), "") << target;
        }
    }
    auto request = request_with("10.1.2.3:8080", nullptr);
    request.target = "/healthz/../api";
    EXPECT_NE(guard.objection(request), "");
}

TEST(WebGuard, SaysWhatItComparedAndWhatToDo) {
    const auto guard = guard_for({"127.0.0.1"});
    EXPECT_THAT(guard.objection(request_with("127.0.0.1:8080", "https://chat.example")),
                AllOf(HasSubstr("'https://chat.example'"), HasSubstr("'127.0.0.1:8080'"),
                      HasSubstr("--origin https://chat.example")));
    EXPECT_THAT(guard.objection(request_with("chat.example", nullptr)),
                AllOf(HasSubstr("'chat.example'"), HasSubstr("--host")));
}

TEST(HidePassword, LeavesEverythingElse) {
    EXPECT_EQ(wire::hide_password("http://ann:secret@h:5984/db"), "http://ann:...@h:5984/db");
    EXPECT_EQ(wire::hide_password("http://h/db"), "http://h/db");
    EXPECT_EQ(wire::hide_password("ann@home"), "ann@home");
    EXPECT_EQ(wire::hide_password("http://ann:se cret@h/db"), "...@h/db");
}

}  // namespace
}  // namespace davenport::node
